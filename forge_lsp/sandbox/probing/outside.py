"""What lies around a box while it is probed: a project, keys, servers, a process, and what became of them."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

__all__ = ["Outside", "ended"]

_KERNEL = ("/proc/sys", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/pressure", "/proc/acpi", "/proc/scsi")
_KERNEL_FILES = (
    "/proc/sysrq-trigger",
    "/proc/mtrr",
    "/proc/kmsg",
    "/proc/kcore",
    "/sys/power/state",
    "/sys/kernel/uevent_helper",
)
_MOST_KERNEL = 4_000
_CREDENTIALS = (
    ".netrc", ".npmrc", ".pypirc", ".git-credentials", ".config/gh/hosts.yml", ".cargo/credentials.toml",
    ".aws/credentials", ".docker/config.json", ".kube/config", ".bash_history",
)  # fmt: skip
_SLEEP = "import time; time.sleep(600)"


class Outside:
    """Made below ``base``. The home folder is the user's own; nothing is written to it."""

    def __init__(self, base: Path) -> None:
        token = secrets.token_hex(6)
        self.base = base
        self.home = Path.home()
        self.secret, self.mark = f"forge-secret-{token}", f"forge-probe-{token}"
        self.daemon, self.orphan = f"forge-daemon-{token}", f"forge-orphan-{token}"
        self.project, self.socket = base / "project", base / "socket"
        self._keys, self._victim = base / "keys", base / "victim"
        self._bystander: subprocess.Popen[bytes] | None = None
        self.killed = False
        """Whether the process beside the box was ended while it was probed."""
        self._write()
        self._before = self._state()

    @property
    def named(self) -> tuple[Path, ...]:
        """Folders that files of the workspace lead to, and none of which may be shown."""
        hidden = tuple(self.home / name for name in (".ssh", ".config", ".cargo", ".aws", ".gnupg"))
        return (self.home, *hidden, self.project / "link")

    def told(self) -> dict[str, object]:
        """The paths for the program."""
        ssh = self.home / ".ssh"
        with contextlib.suppress(OSError):
            listed = sorted(ssh.iterdir())[:5] if ssh.is_dir() else []
            files = [*listed, *(self.home / name for name in _CREDENTIALS)]
            return {**self._told(), "named": [str(path) for path in files]}
        return {**self._told(), "named": []}

    def changes(self) -> dict[str, str]:
        """What is not as it was."""
        after = self._state()
        found = {name: "" if after[name] == self._before[name] else "it was changed" for name in after}
        planted = self.home / self.mark
        found["write.home"] = "a file was made there" if planted.exists() else ""
        planted.unlink(missing_ok=True)
        return found

    @contextlib.contextmanager
    def listening(self) -> Generator[dict[str, object]]:
        """Servers of every kind that a box must not reach, and a process that it must not touch."""
        abstract = self.mark
        with contextlib.ExitStack() as stack:
            tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            tcp6 = None
            with contextlib.suppress(OSError):
                tcp6 = stack.enter_context(socket.create_server(("::1", 0), family=socket.AF_INET6))
            names: list[str | bytes] = [str(self.socket), str(self.project / "socket")]
            if sys.platform == "linux":
                names.append("\0" + abstract)
            for name in names:
                server = stack.enter_context(socket.socket(socket.AF_UNIX))
                server.bind(name)
                server.listen()
            bystander = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _SLEEP, self.secret],
                env={**os.environ, "FORGE_PROBE_SECRET": self.secret},
                stdin=subprocess.DEVNULL,
            )
            try:
                yield {
                    "port": tcp.getsockname()[1],
                    "port6": tcp6.getsockname()[1] if tcp6 is not None else 0,
                    "abstract": abstract,
                    "bystander": bystander.pid,
                }
                with contextlib.suppress(subprocess.TimeoutExpired):
                    bystander.wait(0.05)  # a signal that was sent may still be on its way
            finally:
                self.killed = bystander.poll() is not None
                bystander.kill()
                bystander.wait()

    def _write(self) -> None:
        (self.project / "folder").mkdir(parents=True)
        (self.project / "kept.txt").write_text("kept")
        (self.project / "folder" / "deep.txt").write_text("deep")
        self._keys.mkdir()
        (self._keys / "id").write_text("PRIVATE KEY")
        self._victim.write_text("victim")
        (self.project / "escape").symlink_to(self._keys / "id")
        (self.project / "link").symlink_to(self.home / ".ssh")
        (self.project / ".venv" / "bin").mkdir(parents=True)
        (self.project / ".venv" / "bin" / "python").symlink_to("/usr/bin/env")
        (self.project / ".venv" / "pyvenv.cfg").write_text(f"home = {self.home}/.ssh/bin\nversion = 3.12\n")

    def _told(self) -> dict[str, object]:
        runtime = Path(os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}"))
        bus = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "").partition("unix:path=")[2].partition(",")[0]
        agents = [
            os.environ.get("SSH_AUTH_SOCK", ""),
            bus,
            *map(str, (runtime / "bus", runtime / "podman/podman.sock")),
        ]
        return {
            "key": str(self._keys / "id"),
            "victim": str(self._victim),
            "project": str(self.project),
            "home": str(self.home),
            "folders": [str(path) for path in self.named],
            "unix": str(self.socket),
            "agents": [*filter(None, agents), "/run/docker.sock", "/var/run/docker.sock", "/tmp/.X11-unix/X0"],
            "secret": self.secret,
            "mark": self.mark,
            "daemon": self.daemon,
            "orphan": self.orphan,
            "kernel": _kernel_files(),
            "hostkeys": _names("/etc/ssh", "ssh_host_*_key"),
            "disks": [f"/dev/{Path(name).name}" for name in _names("/sys/block", "*")],
            "terminals": _names("/dev/pts", "[0-9]*"),
        }

    def _state(self) -> dict[str, object]:
        return {
            "write.project": _snapshot(self.project),
            "write.keys": _snapshot(self._keys),
            "write.outside": _snapshot(self._victim) | dict.fromkeys(_listed(self.base), ()),
        }


def ended(marker: str) -> str:
    """ "" where no process has ``marker`` among its arguments; else words, and it is ended."""
    found = ""
    for name in _listed(Path("/proc")) if Path("/proc/self").exists() else ():
        if name.isdigit() and int(name) != os.getpid():
            with contextlib.suppress(OSError):
                if marker.encode() in Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0"):
                    found = "it went on running"
                    os.kill(int(name), signal.SIGKILL)
    return found


def _listed(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name != "socket"]


def _snapshot(top: Path) -> dict[str, tuple[object, ...]]:
    """Everything about a tree that a command could have changed: content, kind, mode, owner, times, attributes."""
    taken: dict[str, tuple[object, ...]] = {}
    for path in [top, *(sorted(top.rglob("*")) if top.is_dir() else ())]:
        try:
            status = path.lstat()
        except FileNotFoundError:
            taken[str(path)] = ()
            continue
        if path.is_socket():
            continue
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        facts = (status.st_mode, status.st_uid, status.st_ino, status.st_nlink)
        times = () if path == top and path.is_dir() else (status.st_mtime_ns,)  # our own socket is made in one
        attributes = tuple(os.listxattr(path)) if sys.platform == "linux" and not path.is_symlink() else ()
        taken[str(path)] = (*facts, *times, attributes, content)
    return taken


def _kernel_files() -> list[str]:
    """Files of the kernel's that root can write on this machine, or could."""
    found: list[str] = []
    for top in _KERNEL:
        for folder, folders, names in os.walk(top):
            folders.sort()
            found += [f"{folder}/{name}" for name in names]
            if len(found) >= _MOST_KERNEL:
                break
    return [*found[:_MOST_KERNEL], *_KERNEL_FILES]


def _names(folder: str, pattern: str) -> list[str]:
    with contextlib.suppress(OSError):
        return sorted(str(path) for path in Path(folder).glob(pattern))[:20]
    return []
