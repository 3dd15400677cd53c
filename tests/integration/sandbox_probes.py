"""What a hostile candidate tries, run in a real box; used by the tests in process, and as a script by another user.

``python sandbox_probes.py probe WAY BASE`` writes ``{name: ""}``, with words instead of ``""`` for what got through.
``python sandbox_probes.py hold WAY BASE MARKER`` keeps a command running in a box until it is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from forge_lsp.builds.interpreters import environment_at
from forge_lsp.builds.sandbox.bubblewrap import Bubblewrap, find_bwrap
from forge_lsp.builds.sandbox.copybox import CopySandbox
from forge_lsp.builds.sandbox.folders import BoxFolders
from forge_lsp.builds.sandbox.landlock import run_confined
from forge_lsp.builds.sandbox.launcher import landlock_abi
from forge_lsp.builds.sandbox.limits import Limits
from forge_lsp.builds.sandbox.profile import interpreter_folders
from forge_lsp.domain.ports import Sandbox, Tree

WAYS = ("overlay", "copy", "landlock")
WORKBENCH = "workbench"
"""The box that stays: only to be probed."""
SECRET = "FORGE_TEST_SECRET_5f1c"

BACKGROUND = "setsid sh -c 'sleep 600; :' {0} & sh -c 'sleep 600; :' {0}; :"
"""Two shells that bear a marker, one of them in a session of its own."""

HOSTILE = r"""
import ctypes, json, os, signal, socket, subprocess, sys
told = json.loads(sys.argv[1])
out = {}

def attempt(name):
    def wrap(function):
        try:
            out[name] = function() or ""
        except (OSError, MemoryError):
            out[name] = ""
    return wrap

@attempt("read a key outside")
def _():
    return open(told["key"]).read()

@attempt("read a key that a workspace's files lead to")
def _():
    return "".join(open(path).read() for path in told["named"] if os.path.isfile(path))

@attempt("list what a workspace's files lead to")
def _():
    return ", ".join(name for path in told["named"] if os.path.isdir(path) for name in os.listdir(path))

@attempt("list the home folder")
def _():
    # Folders on the way to one that is readable by name show, empty but for it.
    return ", ".join(set(os.listdir(told["home"])) - set(told["known"]))

@attempt("read a key through a symbolic link")
def _():
    os.symlink(told["key"], "innocent")
    return open("innocent").read()

@attempt("read the project's own link to outside")
def _():
    return open("escape").read()

@attempt("see a secret in the environment")
def _():
    if any(told["secret"] in value for value in os.environ.values()):
        return "in our own"
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if told["secret"].encode() in open(f"/proc/{pid}/environ", "rb").read():
                return f"in that of {pid}"
        except OSError:
            pass

def connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as peer:
        peer.settimeout(2)
        peer.connect(address)
    return "connected"

@attempt("connect by TCP")
def _():
    return connect(socket.AF_INET, ("127.0.0.1", told["port"]))

@attempt("send by UDP")
def _():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.sendto(b"x", ("127.0.0.1", told["port"]))
    return "sent"

@attempt("connect to a unix socket")
def _():
    return connect(socket.AF_UNIX, told["unix"])

@attempt("connect to a unix socket in the project")
def _():
    return connect(socket.AF_UNIX, "socket") or connect(socket.AF_UNIX, told["project"] + "/socket")

@attempt("connect to an abstract unix socket")
def _():
    return connect(socket.AF_UNIX, "\0" + told["abstract"])

@attempt("raw netlink")
def _():
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close()
    return "made"

# What follows is judged from outside: in a namespace of its own, all of it may seem to work.
for path in (told["victim"], told["project"] + "/kept.txt"):
    for act in (
        lambda: open(path, "w").close(), lambda: os.chmod(path, 0o777), lambda: os.utime(path, (1, 1)),
        lambda: os.truncate(path, 0), lambda: os.setxattr(path, "user.x", b"y"), lambda: os.rename(path, path + "2"),
        lambda: os.unlink(path), lambda: open(path + ".new", "w").close(), lambda: os.mkdir(path + ".folder"),
    ):
        try:
            act()
        except OSError:
            pass
for path in told["kernel"]:
    try:
        os.close(os.open(path, os.O_WRONLY))
        out["open " + path] = "opened for writing"
    except OSError:
        pass
out["open a file of the kernel's for writing"] = ""

def mode_of(path):
    return os.stat(path).st_mode & 0o6000

home = os.environ["HOME"]
for name, act in {
    "chmod": lambda path: (open(path, "w").close(), os.chmod(path, 0o6755)),
    "fchmod": lambda path: os.fchmod(os.open(path, os.O_WRONLY | os.O_CREAT, 0o755), 0o4755),
    "open": lambda path: os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o4755)),
    "mknod": lambda path: os.mknod(path, 0o106755),
    "open, in another folder": lambda path: os.close(
        os.open("s5", os.O_CREAT, 0o2755, dir_fd=os.open(home, os.O_RDONLY))
    ),
}.items():
    path = os.path.join(home, "s-" + name.split(",")[0])
    try:
        act(path)
    except OSError:
        pass
    for made in (path, os.path.join(home, "s5")):
        if os.path.exists(made) and mode_of(made):
            out["make a setuid file by " + name] = oct(mode_of(made))
out["make a setuid file"] = ""

for place in ("/", "/usr", "/etc", "/dev", "/proc/sys/kernel"):
    try:
        open(place + "/forge-was-here", "w").close()
        out["write to " + place] = "written"
    except OSError:
        out["write to " + place] = ""

@attempt("kill a process outside")
def _():
    if told["signals"]:
        os.kill(told["bystander"], signal.SIGKILL)

libc = ctypes.CDLL(None, use_errno=True)
x86 = os.uname().machine == "x86_64"
CALLS = {
    "unshare": (272 if x86 else 97, 0x10000000), "io_uring_setup": (425, 8, 0), "bpf": (321 if x86 else 280, 0, 0, 0),
    "keyctl": (250 if x86 else 219, 0, 0, 0), "ptrace": (101 if x86 else 117, 0, 0, 0, 0),
    "mount": (165 if x86 else 40, 0, 0, 0, 0, 0), "userfaultfd": (323 if x86 else 282, 0),
    "file_setattr": (469, -100, told["victim"].encode(), 0, 0, 0), "open_tree_attr": (467, -100, b"/", 0, 0, 0),
    "openat2": (437, -100, b"/", b"\0" * 24, 24), "a number that is not known yet": (480, 0, 0, 0),
}
if told["shared"]:
    pid = told["bystander"]
    CALLS["sched_setaffinity"] = (203 if x86 else 122, pid, 8, b"\1" + b"\0" * 7)
    CALLS["sched_setscheduler"] = (144 if x86 else 119, pid, 3, b"\0" * 4)
    CALLS["sched_setparam"] = (142 if x86 else 118, pid, b"\0" * 4)
    CALLS["sched_setattr"] = (314 if x86 else 274, pid, b"\x30" + b"\0" * 47, 0)
    CALLS["migrate_pages"] = (256 if x86 else 238, pid, 1, b"\1" + b"\0" * 7, b"\1" + b"\0" * 7)
    CALLS["prlimit"] = (302 if x86 else 261, pid, 7, b"\1" + b"\0" * 15, 0)
for name, arguments in CALLS.items():
    words = [word if isinstance(word, bytes) else ctypes.c_long(word) for word in arguments]
    out["call " + name] = "" if libc.syscall(*words) < 0 else "worked"

subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(600)", told["marker"]], start_new_session=True,
    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=True,
)
if os.fork() == 0:  # a grandchild that keeps our stdout open
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", told["marker"]])
    os._exit(0)
print(json.dumps(out))
"""


def sandbox(way: str, folders: BoxFolders, limits: Limits | None = None) -> Sandbox:
    """One of :data:`WAYS`."""
    limits = limits or Limits()
    if way == "landlock":
        return CopySandbox(kind=way, runs_project_code=True, runner=run_confined, folders=folders, limits=limits)
    return Bubblewrap(program=find_bwrap()[0], folders=folders, overlay=way == "overlay", limits=limits)


def living(marker: str) -> list[int]:
    """Processes with ``marker`` among their arguments, ourselves and zombies aside."""
    found: list[int] = []
    for pid in (entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        with contextlib.suppress(OSError):
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if marker.encode() in arguments and int(pid) != os.getpid():
                found.append(int(pid))
    return found


def snapshot(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything about a tree that a command could have changed: content, kind, mode, owner, times, attributes."""
    taken: dict[str, tuple[object, ...]] = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        status = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        facts = (status.st_mode, status.st_uid, status.st_mtime_ns, status.st_ino, status.st_nlink)
        attributes = () if path.is_symlink() else tuple(os.listxattr(path))
        taken[str(path.relative_to(folder))] = (*facts, attributes, content)
    return taken


@contextlib.contextmanager
def listeners(base: Path) -> Iterator[dict[str, object]]:
    """A TCP, a path and an abstract unix listener of the host, and a process to be killed."""
    abstract = f"forge-test-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as named,
        socket.socket(socket.AF_UNIX) as hidden,
        socket.socket(socket.AF_UNIX) as inside,
    ):
        inside.bind(str(base / "project" / "socket"))
        inside.listen()
        named.bind(str(base / "socket"))
        named.listen()
        hidden.bind("\0" + abstract)
        hidden.listen()
        bystander = subprocess.Popen(["sleep", "600"])
        try:
            yield {
                "port": tcp.getsockname()[1],
                "unix": str(base / "socket"),
                "abstract": abstract,
                "bystander": bystander.pid,
                "process": bystander,
            }
        finally:
            bystander.kill()
            bystander.wait()


def make_project(base: Path) -> Path:
    """A project with a link to a key outside."""
    project = base / "project"
    (project / "folder").mkdir(parents=True)
    (project / "kept.txt").write_text("kept")
    (project / "folder" / "deep.txt").write_text("deep")
    (base / "keys").mkdir()
    (base / "keys" / "id").write_text("PRIVATE KEY")
    (base / "victim").write_text("victim")
    (project / "escape").symlink_to(base / "keys" / "id")
    return project


def make_home(base: Path, project: Path) -> tuple[Path, tuple[Path, ...]]:
    """A home with keys, and a project whose files lead to them; the paths that they name."""
    home = base / "home"
    for name in (".ssh/id", ".config/gh/hosts.yml", ".cargo/credentials.toml"):
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text("PRIVATE KEY")
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "python").symlink_to("/usr/bin/env")
    (project / ".venv" / "pyvenv.cfg").write_text(f"home = {home}/.ssh/bin\nversion = 3.12\n")
    (project / "link").symlink_to(home / ".ssh")
    return home, (home, home / ".ssh", home / ".config", home / ".cargo", project / "link")


def kernel_files() -> list[str]:
    """Files of the kernel's that root can write on this machine, or could."""
    found: list[str] = []
    for top in ("/proc/sys", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/pressure", "/proc/acpi", "/proc/scsi"):
        for folder, folders, names in os.walk(top):
            folders.sort()
            found += [f"{folder}/{name}" for name in names]
    return [*found[:4000], "/proc/sysrq-trigger", "/proc/mtrr", "/proc/kmsg", "/proc/kcore", "/sys/power/state"]


async def probe(way: str, base: Path) -> dict[str, str]:
    """Run the hostile program; ``{what it tried: what came of it}``."""
    project = make_project(base)
    home, named = make_home(base, project)
    environ = dict(os.environ)
    os.environ["HOME"] = str(home)
    environment = environment_at(project / ".venv", workspace=project)
    assert environment is not None
    readable = (*interpreter_folders(), *environment.readable, *named, base / "socket")
    marker = f"forge-marker-{os.getpid()}-{way}"
    os.environ["FORGE_TEST_SECRET"] = SECRET
    folders = BoxFolders(base / "temp")
    victim = snapshot(base / "keys")
    victim_before = (base / "victim").stat()
    files = {PurePosixPath("hostile.py"): HOSTILE.encode()}
    try:
        with listeners(base) as told:
            before = snapshot(project)
            bystander = told.pop("process")
            assert isinstance(bystander, subprocess.Popen)
            told |= {
                "key": str(base / "keys" / "id"),
                "home": str(home),
                "named": [str(home / ".ssh" / "id"), *map(str, named), str(project / "link" / "id")],
                "kernel": kernel_files(),
                "shared": way == "landlock",
                "known": [
                    folder.relative_to(home).parts[0] for folder in interpreter_folders() if folder.is_relative_to(home)
                ],
                "secret": SECRET,
                "victim": str(base / "victim"),
                "project": str(project),
                "marker": marker,
                "signals": way != "landlock" or landlock_abi() >= 6,
            }
            command = [sys.executable, "hostile.py", json.dumps(told)]
            if way == WORKBENCH:
                bubblewrap = Bubblewrap(program=find_bwrap()[0], folders=folders)
                bench = await bubblewrap.workbench(
                    source=project, readable=(*interpreter_folders(), *named[:-1]), programs=Path("/usr")
                )
                async with contextlib.aclosing(bench):
                    result = await bench.run(Tree(source=project, files=files), command, timeout=30, env={})
                survivors, planted = living(marker), None
            else:
                async with sandbox(way, folders).open(Tree(source=project, files=files)) as box:
                    result = await box.run(command, timeout=30, readable=readable)
                    survivors = living(marker)
                    planted = box.read(PurePosixPath("innocent"))
            await asyncio.sleep(0.05)
            killed = bystander.poll() is not None
    finally:
        leftovers = list(folders.root.iterdir())
        folders.close()
        os.environ.clear()
        os.environ.update(environ)
    if result.code != 0:
        return {"run": f"code {result.code}: {result.stderr.decode(errors='replace')}"}
    outcome: dict[str, str] = json.loads(result.stdout)
    outcome["run"] = "it timed out" if result.timed_out else ""
    outcome["touch the project"] = "" if snapshot(project) == before else "changed"
    outcome["touch the keys"] = "" if snapshot(base / "keys") == victim else "changed"
    outcome["touch a file outside"] = "" if (base / "victim").stat() == victim_before else "changed"
    outcome["leave a child alive"] = f"{survivors}" if survivors else ""
    outcome["make us read a key"] = "" if planted is None else "read"
    outcome["end a process outside"] = "killed" if killed else ""
    outcome["leave files behind"] = f"{leftovers}" if leftovers else ""
    return outcome


async def hold(way: str, base: Path, marker: str) -> None:
    """Run a command that does not end."""
    folders = BoxFolders(base)
    async with sandbox(way, folders).open(Tree(source=None, files={})) as box:
        await box.run(["sh", "-c", BACKGROUND.format(marker)], timeout=600)


if __name__ == "__main__":
    if sys.argv[1] == "hold":
        asyncio.run(hold(sys.argv[2], Path(sys.argv[3]), sys.argv[4]))
    else:
        sys.stdout.write(json.dumps(asyncio.run(probe(sys.argv[2], Path(sys.argv[3])))))
