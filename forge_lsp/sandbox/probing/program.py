"""A hostile command: tries what the table names from within a box, and prints ``{key: words}``, "" for what failed.

A script for the interpreter that runs it, without anything of ours. Its argument is JSON: paths and numbers of what is
outside, and must stay there. A key that is missing from the answer was not tried on this system.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import mmap
import os
import platform
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Any

Told = dict[str, Any]
LINUX = sys.platform == "linux"
X86 = platform.machine() == "x86_64"
REFUSED = (errno.EPERM, errno.EACCES, errno.ENOSYS)
SLEEP = "import time; time.sleep(600)"

out: dict[str, str] = {}
visible = [os.getcwd(), os.environ["HOME"], os.environ.get("TMPDIR", "/tmp"), "/run/current-system/sw"]


def attempt(key: str, action: Callable[[], object]) -> None:
    """Note what ``action`` answers, or that it failed."""
    try:
        out[key] = str(action() or "")
    except (OSError, MemoryError, ValueError):
        out[key] = ""


def first(key: str, actions: Iterable[Callable[[], object]]) -> None:
    """Note the first of ``actions`` that gets through."""
    out.setdefault(key, "")
    for action in actions:
        attempt("-", action)
        if found := out.pop("-"):
            out[key] = found
            return


def content(path: str) -> str:
    with open(path, "rb") as file:
        file.read(1)
    return f"{path} could be read"


def listing(path: str) -> str:
    # Folders on the way to one that is shown exist, empty but for it.
    shown = {place[len(path) :].strip("/").partition("/")[0] for place in visible if place.startswith(path + "/")}
    found = sorted(set(os.listdir(path)) - shown)
    return f"{path} holds {', '.join(found[:3])}" if found else ""


def linked(make: Callable[[str, str], None], to: str, name: str) -> str:
    make(to, name)
    return content(name)


def opened(path: str, flags: int = os.O_WRONLY) -> str:
    os.close(os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY))
    return f"{path} could be opened"


def made(folder: str) -> str:
    path = os.path.join(folder, f"forge-probe-{os.getpid()}")
    open(path, "w").close()
    with contextlib.suppress(OSError):
        os.unlink(path)
    return f"{folder} could be written to"


def reads(told: Told) -> None:
    key = told["key"]
    attempt("read.key", lambda: content(key))
    attempt("read.link", lambda: linked(os.symlink, key, "innocent"))
    attempt("read.own-link", lambda: content("escape"))
    attempt("read.hard-link", lambda: linked(os.link, key, "hard"))
    if LINUX:
        places = [
            f"/proc/{pid}/{way}" for pid in (1, told["bystander"], "self", "thread-self") for way in ("root", "cwd")
        ]
        first("read.root", [lambda place=place: content(place + key) for place in places])
    first("read.named", [lambda path=path: content(path) for path in told["named"]])
    first("read.named-folder", [lambda path=path: listing(path) for path in told["folders"]])
    attempt("read.home", lambda: listing(told["home"]))
    secret = [os.path.join(told["home"], name) for name in (".ssh", ".aws", ".gnupg", ".docker", ".kube")]
    first("read.secrets", [lambda path=path: listing(path) for path in secret])
    attempt("read.state", lambda: listing(told["state"]))
    first("read.temp", [lambda path=path: listing(path) for path in told["temp"]])
    first(
        "read.shadow", [lambda path=path: content(path) for path in ("/etc/shadow", "/etc/sudoers", *told["hostkeys"])]
    )
    first("read.var", [lambda path=path: listing(path) for path in ("/run", "/var", "/home", "/root")])
    attempt("read.stat", lambda: f"{os.stat(key).st_size} bytes")


def processes(told: Told) -> None:
    secret, pid = told["secret"], told["bystander"]
    attempt("process.own-environment", lambda: "it is there" if secret in str(os.environ) else "")
    if not LINUX:
        if told["signals"]:
            attempt("process.signal", lambda: os.kill(pid, signal.SIGKILL))
        return
    others = [name for name in os.listdir("/proc") if name.isdigit()]

    def holds(path: str) -> str:
        with open(path, "rb") as file:
            return f"that of {path}" if secret.encode() in file.read() else ""

    first("process.environment", [lambda name=name: holds(f"/proc/{name}/environ") for name in others])
    first("process.cmdline", [lambda name=name: holds(f"/proc/{name}/cmdline") for name in others])
    attempt("process.memory", lambda: opened(f"/proc/{pid}/mem", os.O_RDONLY))
    attempt("process.descriptors", lambda: os.readlink(f"/proc/{pid}/fd/0"))
    if told["signals"]:
        attempt("process.signal", lambda: os.kill(pid, signal.SIGKILL))


def mark(path: str) -> None:
    if sys.platform == "linux":
        os.setxattr(path, "user.x", b"y")


def writes(told: Told) -> None:
    # What becomes of these is looked at from outside: in a namespace of its own, all may seem to work.
    for path in (told["victim"], told["project"] + "/kept.txt", os.path.dirname(told["key"]) + "/id"):
        for act in (
            lambda path=path: open(path, "w").close(), lambda path=path: os.chmod(path, 0o777),
            lambda path=path: os.utime(path, (1, 1)), lambda path=path: os.truncate(path, 0),
            lambda path=path: mark(path),
            lambda path=path: os.rename(path, path + "2"), lambda path=path: os.unlink(path),
            lambda path=path: open(path + ".new", "w").close(), lambda path=path: os.mkdir(path + ".folder"),
        ):  # fmt: skip
            with contextlib.suppress(OSError, TypeError):
                act()
    if LINUX:
        settings = [path for path in told["kernel"] if path.startswith("/proc/sys/")]
        first("write.sys", [lambda path=path: opened(path) for path in settings])
        others = [path for path in told["kernel"] if not path.startswith("/proc/sys/")]
        first("write.kernel", [lambda path=path: opened(path) for path in others])
    for name, folder in {"root": "/", "usr": "/usr", "etc": "/etc", "dev": "/dev"}.items():
        attempt(f"write.{name}", lambda folder=folder: made(folder))
    with contextlib.suppress(OSError):
        open(f"{told['home']}/{told['mark']}", "w").close()


def set_ids(_: Told) -> None:
    home = os.environ["HOME"]
    folder = os.open(home, os.O_RDONLY)

    def file(name: str) -> str:
        return os.path.join(home, "set-" + name)

    def touched(path: str) -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT, 0o755)

    for name, act in {
        "chmod": lambda: (os.close(touched(file("chmod"))), os.chmod(file("chmod"), 0o6755)),
        "fchmod": lambda: os.fchmod(touched(file("fchmod")), 0o4755),
        "open": lambda: os.close(os.open(file("open"), os.O_WRONLY | os.O_CREAT, 0o4755)),
        "openat": lambda: os.close(os.open("set-openat", os.O_WRONLY | os.O_CREAT, 0o2755, dir_fd=folder)),
        "mknod": lambda: os.mknod(file("mknod"), stat.S_IFREG | 0o6755),
    }.items():
        with contextlib.suppress(OSError):
            act()
        mode = os.stat(file(name)).st_mode & 0o6000 if os.path.exists(file(name)) else 0
        out[f"setuid.{name}"] = oct(mode) if mode else ""
    if LINUX:
        with open("/proc/self/status") as status:
            kept = "NoNewPrivs:\t1" in status.read()
        out["setuid.gain"] = "" if kept else "new privileges can be gained"


def devices(told: Told) -> None:
    attempt("device.make", lambda: os.mknod("device", stat.S_IFCHR | 0o600, os.makedev(1, 1)) or "made")
    first(
        "device.memory",
        [lambda path=path: opened(path, os.O_RDONLY) for path in ("/dev/mem", "/dev/kmsg", "/dev/port")],
    )
    disks = [
        "/dev/sda",
        "/dev/vda",
        "/dev/xvda",
        "/dev/nvme0n1",
        "/dev/loop0",
        "/dev/dm-0",
        "/dev/disk0",
        *told["disks"],
    ]
    first("device.disk", [lambda path=path: opened(path, os.O_RDONLY) for path in disks])
    terminals = ["/dev/tty", "/dev/console", "/dev/tty0", "/dev/tty1", *told["terminals"]]
    first("device.terminal", [lambda path=path: opened(path, os.O_RDWR) for path in terminals])
    if LINUX:
        call("device.type", "ioctl TIOCSTI", (16, 29), 0, 0x5412, b"x")
        call("device.type", "ioctl TIOCLINUX", (16, 29), 0, 0x541C, b"\x02")


def network(told: Told) -> None:
    def connected(family: int, address: Any) -> str:
        with socket.socket(family, socket.SOCK_STREAM) as peer:
            peer.settimeout(2)
            peer.connect(address)
        return f"{address!r} answered"

    def sent() -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.sendto(b"x", ("127.0.0.1", told["port"]))
        return "sent"

    def opened_socket(family: int, kind: int, protocol: int = 0) -> str:
        socket.socket(family, kind, protocol).close()
        return "made"

    attempt("network.tcp", lambda: connected(socket.AF_INET, ("127.0.0.1", told["port"])))
    if told["port6"]:
        attempt("network.tcp6", lambda: connected(socket.AF_INET6, ("::1", told["port6"])))
    attempt("network.udp", sent)
    attempt("network.unix", lambda: connected(socket.AF_UNIX, told["unix"]))
    inside = ("socket", told["project"] + "/socket")
    first("network.unix-project", [lambda path=path: connected(socket.AF_UNIX, path) for path in inside])
    first("network.agents", [lambda path=path: connected(socket.AF_UNIX, path) for path in told["agents"]])
    attempt("network.icmp", lambda: opened_socket(socket.AF_INET, socket.SOCK_RAW, 1))
    if LINUX:
        attempt("network.abstract", lambda: connected(socket.AF_UNIX, "\0" + told["abstract"]))
        attempt("network.netlink", lambda: opened_socket(socket.AF_NETLINK, socket.SOCK_RAW))
        attempt("network.packet", lambda: opened_socket(socket.AF_PACKET, socket.SOCK_RAW, 0x300))
        attempt("network.vsock", lambda: opened_socket(40, socket.SOCK_STREAM))


def call(key: str, name: str, numbers: tuple[int, int], *arguments: int | bytes) -> None:
    """Make a system call in a process of its own; any answer but a refusal means that it is within reach."""
    words = [word if isinstance(word, bytes) else ctypes.c_long(word) for word in arguments]
    libc = ctypes.CDLL(None, use_errno=True)
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        code = 0 if libc.syscall(ctypes.c_long(numbers[0 if X86 else 1]), *words) >= 0 else ctypes.get_errno()
        os._exit(min(code, 255))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    refused = code in REFUSED
    said = "" if refused else f"{name}: {'it works' if code == 0 else os.strerror(code) if code > 0 else 'it hangs'}"
    out[key] = out.get(key) or said


def kernel(told: Told) -> None:
    at, empty = -100, b"\0" * 64  # AT_FDCWD
    call("process.trace", "ptrace", (101, 117), 0, 0, 0, 0)
    call("process.vm", "process_vm_readv", (310, 270), told["bystander"], 0, 0, 0, 0, 0)
    call("process.pidfd", "pidfd_getfd", (438, 438), 0, 0, 0)
    call("write.attributes", "file_setattr", (469, 469), at, told["victim"].encode(), empty, 24, 0)
    call("kernel.unshare", "unshare", (272, 97), 0x10000000)
    call("kernel.clone", "clone", (56, 220), 0x10000000 | 17, 0, 0, 0, 0)
    call("kernel.setns", "setns", (308, 268), 0, 0x10000000)
    # Of no effect even where nothing stands in its way: the place does not exist.
    call("kernel.mount", "mount", (165, 40), b"none", b"/forge-probe-nowhere", b"tmpfs", 0, 0)
    call("kernel.mount", "fsopen", (430, 430), b"tmpfs", 0)
    call("kernel.mount", "open_tree", (428, 428), at, b"/", 1)
    call("kernel.mount", "open_tree_attr", (467, 467), at, b"/", 0, 0, 0)
    call("kernel.chroot", "chroot", (161, 51), b".")
    call("kernel.chroot", "pivot_root", (155, 41), b"/forge-probe-nowhere", b".")
    call("kernel.io_uring", "io_uring_setup", (425, 425), 8, bytes(120))
    call("kernel.keyctl", "keyctl", (250, 219), 0, -3, 0, 0, 0)
    call("kernel.keyctl", "add_key", (248, 217), b"user", b"forge", b"x", 1, -3)
    call("kernel.bpf", "bpf", (321, 280), 0, empty, 64)
    call("kernel.userfaultfd", "userfaultfd", (323, 282), 0)
    call("kernel.perf", "perf_event_open", (298, 241), empty, 0, -1, -1, 0)
    call("kernel.handle", "open_by_handle_at", (304, 265), at, empty, 0)
    call("kernel.module", "init_module", (175, 105), 0, 0, 0)
    call("kernel.module", "kexec_load", (246, 104), 0, 0, 0, 0)
    call("kernel.clock", "clock_settime", (227, 112), 99, 0)
    call("kernel.log", "syslog", (103, 116), 10, 0, 0)
    call("kernel.openat2", "openat2", (437, 437), at, b"/", bytes(24), 24)
    call("kernel.unknown", "number 490", (490, 490), 0, 0, 0)
    if X86:
        call("kernel.foreign", "x32 getpid", (0x40000027, 0))
    if told["shared"]:
        pid, mask = told["bystander"], b"\1" + bytes(7)
        call("process.affinity", "sched_setaffinity", (203, 122), pid, 8, mask)
        call("process.scheduler", "sched_setscheduler", (144, 119), pid, 3, bytes(4))
        call("process.scheduler", "sched_setparam", (142, 118), pid, bytes(4))
        call("process.scheduler", "sched_setattr", (314, 274), pid, b"\x30" + bytes(47), 0)
        call("process.priority", "setpriority", (141, 140), 0, pid, 10)
        call("process.priority", "ioprio_set", (251, 30), 1, pid, 0x6000)
        call("process.limits", "prlimit", (302, 261), pid, 7, mask * 2, 0)
        call("process.pages", "migrate_pages", (256, 238), pid, 1, mask, mask)
    else:
        for name in ("affinity", "scheduler", "priority", "limits", "pages"):
            alive = os.path.exists(f"/proc/{told['bystander']}/status") and told["bystander"] > 64
            out[f"process.{name}"] = "another process can be named" if alive else ""


def bounds(told: Told) -> None:
    import resource

    def large() -> str:
        with open("large", "wb") as file:
            file.truncate(told["file_size"] + 1)
        return "it could be made"

    def many() -> str:
        held: list[int] = []
        try:
            while len(held) <= told["open_files"]:
                held.append(os.open("/dev/null", os.O_RDONLY))
        finally:
            for number in held:
                os.close(number)
        return f"{len(held)} at once"

    def reserved() -> str:
        # Never touched, so that it costs nothing where nothing refuses it.
        with mmap.mmap(-1, told["memory"] + (1 << 20), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as pages:
            return f"{len(pages)} bytes"

    def shared() -> str:
        path = f"/dev/shm/forge-probe-{os.getpid()}"
        try:
            with open(path, "wb") as file:
                for _ in range(300):
                    file.write(bytes(1 << 20))
        finally:
            with contextlib.suppress(OSError):
                os.unlink(path)
        return "300 MiB fit into it"

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    attempt("limit.file", large)
    attempt("limit.files", many)
    if LINUX:
        attempt("limit.memory", reserved)
        attempt("limit.shm", shared)
        if not told["root"]:  # the kernel does not count root's
            bounded = resource.getrlimit(resource.RLIMIT_NPROC)[1]
            out["limit.processes"] = "" if 0 <= bounded <= 100_000 else "not bounded"
    core = resource.getrlimit(resource.RLIMIT_CORE)[1]
    out["limit.core"] = "" if core == 0 else f"{core} bytes"


def daemons(told: Told) -> None:
    subprocess.Popen(
        [sys.executable, "-c", SLEEP, told["daemon"]], start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=True,
    )  # fmt: skip
    if os.fork() == 0:  # a grandchild that keeps our stdout open
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, [sys.executable, "-c", SLEEP, told["orphan"]])
        os._exit(0)


def main() -> None:
    with open(sys.argv[1]) as file:
        told: Told = json.load(file)
    visible.extend(told["visible"])
    for part in (reads, processes, writes, set_ids, devices, network):
        part(told)
    if LINUX and told["calls"]:
        kernel(told)
    bounds(told)
    daemons(told)
    sys.stdout.write(json.dumps(out))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
