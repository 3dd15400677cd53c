"""Run one command after another in a box that stays, each in a tree of its own. Run as a script in the box.

Linux only, standard library only, nothing of ours imported. What a compiler server or a build node sees of the project
must be another tree for each command, at the same path: so the tree is mounted again for each, as an overlay over the
user's folder, by this process, the box's first, which alone in it may mount. The commands, and whatever they leave
running, have what any command in a box has: no capability, and the system-call filter, which refuses mounts and new
namespaces.

First comes ``{"root", "filter", "programs"}``, then ``{"tree", "env", "command"}`` a line; each is answered by a line.
``root``: where the project stands. ``filter``: the seccomp program in hexadecimal. ``programs``: the folder that holds
the programs of all that may go on running. ``tree`` names the folder below ``/forge/trees`` with the layers, in which
``stdout`` and ``stderr`` are written too. The answer is ``{"code"}``, and where the box is not what it was after its
first command also ``{"spoiled": why}``.

Sources: mount(2), capabilities(7), seccomp(2), the kernel's ``filesystems/overlayfs.rst``.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import stat
import struct
import sys
import time
from typing import Any

__all__ = ["FORGE", "main"]

FORGE = "/forge"
"""Where the user's folder, the layers and this script are bound; hidden while a command runs."""

_CLONE_NEWNS = 0x20000
_NOSUID, _NODEV, _RDONLY, _REC, _PRIVATE = 2, 4, 1, 0x4000, 0x40000
_DETACH = 2
_PR_SET_SECCOMP, _PR_CAPBSET_READ, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 22, 23, 24, 38, 47
_AMBIENT_CLEAR_ALL, _SECCOMP_MODE_FILTER = 4, 2
_CAPABILITY_VERSION_3 = 0x20080522
_SETTLING = 1.0
"""Seconds that a process which a command started may take to end after it."""

Process = tuple[int, str]
"""Its id, and when it started."""
State = tuple[int, int, int, int]
"""Type and mode; inode, size and modification time of files and links, else 0."""


class _Box:
    """What is in the box besides the tree."""

    def __init__(self, root: str, program: bytes, programs: str) -> None:
        self.root = root
        self.program = program
        self.programs = programs
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.processes: set[Process] | None = None
        self.files: dict[str, State] = {}

    def enter(self) -> None:
        """Have mounts of our own. As an ordinary user the ones around us belong to a user namespace above ours."""
        self.check(self.libc.unshare(_CLONE_NEWNS))
        self.mount("none", "/", None, _REC | _PRIVATE)

    def work(self, tree: str, env: dict[str, str], command: list[str]) -> dict[str, object]:
        """Run ``command`` in ``tree``. Raises OSError where that could not be."""
        base = f"{FORGE}/trees/{tree}"
        outputs = [os.open(f"{base}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600) for name in _OUTPUTS]
        layers = f"lowerdir={base}/files:{FORGE}/source,upperdir={base}/written,workdir={base}/work,userxattr"
        try:
            self.mount("overlay", self.root, "overlay", _NOSUID | _NODEV, layers)
            try:
                self.mount("tmpfs", FORGE, "tmpfs", _NOSUID | _NODEV | _RDONLY, "size=4k")
                try:
                    code = self.run(command, env, outputs)
                    spoiled = self.look()
                finally:
                    self.check(self.libc.umount2(FORGE.encode(), _DETACH))
            finally:
                # Detached: a server may still hold a file of it, which then is nobody else's.
                self.check(self.libc.umount2(self.root.encode(), _DETACH))
        finally:
            for descriptor in outputs:
                os.close(descriptor)
        return {"code": code, **({"spoiled": spoiled} if spoiled is not None else {})}

    def run(self, command: list[str], env: dict[str, str], outputs: list[int]) -> int:
        child = os.fork()
        if child == 0:
            try:
                os.setsid()
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                for number, descriptor in enumerate(outputs, start=1):
                    os.dup2(descriptor, number)
                os.chdir(self.root)
                self.confine()
                os.execvpe(command[0], command, {**os.environ, **env, "PWD": self.root})
            except OSError as error:
                os.write(outputs[1], f"{command[0]}: {error.strerror}\n".encode())
            finally:
                os._exit(127)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def confine(self) -> None:
        """Be what any command in a box is. Raises OSError, and nothing is run."""
        libc = self.libc
        libc.prctl(_PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL, 0, 0, 0)
        for capability in range(64):
            libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
            if libc.prctl(_PR_CAPBSET_READ, capability, 0, 0, 0) == 1:
                raise PermissionError(1, "a capability could not be dropped")
        header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
        self.check(libc.capset(ctypes.c_char_p(header), ctypes.c_char_p(bytes(24))))
        self.check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))

        class Program(ctypes.Structure):
            _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))

        buffer = ctypes.create_string_buffer(self.program, len(self.program))
        holder = Program(len(self.program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
        self.check(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(holder), 0, 0))

    # ------------------------------------------------------------------ what a command leaves

    def look(self) -> str | None:
        """Remove what the last command left outside its tree. What can no longer be as it was after the first one."""
        deadline = time.monotonic() + _SETTLING
        while True:
            known, running = self.processes, self.running()
            strange = [pid for pid, _ in running if not self.is_server(pid)]
            if not strange and (known is None or running == known):
                break
            if time.monotonic() > deadline:
                return f"processes came or went: {strange or sorted(running ^ (known or set()))}"
            time.sleep(0.01)
        found = _files(self.root)
        if known is None:
            self.processes, self.files = running, found
            return None
        for path, state in self.files.items():
            if found.get(path) != state:
                return f"{path} is no longer as it was"
        for path in sorted(found.keys() - self.files.keys()):
            _remove(path, found[path])
        return None

    def running(self) -> set[Process]:
        """All processes but us. We are the box's first: those that lost their parent are ours to reap."""
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        found: set[Process] = set()
        for name in os.listdir("/proc"):  # noqa: PTH208
            if name.isdigit() and int(name) != os.getpid():
                with contextlib.suppress(OSError), open(f"/proc/{name}/stat") as file:  # noqa: PTH123
                    found.add((int(name), file.read().rpartition(")")[2].split()[19]))
        return found

    def is_server(self, pid: int) -> bool:
        try:
            return os.readlink(f"/proc/{pid}/exe").startswith(f"{self.programs}/")  # noqa: PTH115
        except OSError:  # it is gone, or going
            return False

    # ------------------------------------------------------------------ system calls

    def mount(self, source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
        words = [None if word is None else word.encode() for word in (kind, options)]
        self.check(self.libc.mount(source.encode(), os.fsencode(target), words[0], flags, words[1]))

    def check(self, result: int) -> None:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


_OUTPUTS = ("stdout", "stderr")


def _files(root: str) -> dict[str, State]:
    """What lies in the folders that take writes, but for the tree at ``root``, which may be mounted below one."""
    found: dict[str, State] = {}
    for top in ("/tmp", os.environ["HOME"], "/dev/shm"):
        for folder, folders, files in os.walk(top):
            folders[:] = [name for name in folders if os.path.join(folder, name) != root]  # noqa: PTH118
            for name in (*folders, *files):
                path = os.path.join(folder, name)  # noqa: PTH118
                with contextlib.suppress(OSError):
                    found[path] = _state(os.lstat(path))
    return found


def _state(status: os.stat_result) -> State:
    if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
        return status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns
    # Servers make their sockets again for each who talks with them.
    return status.st_mode, 0, 0, 0


def _remove(path: str, state: State) -> None:
    if stat.S_ISDIR(state[0]):
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108


def main() -> None:
    """Answer until stdin ends."""
    first: dict[str, Any] = json.loads(sys.stdin.readline())
    box = _Box(first["root"], bytes.fromhex(first["filter"]), first["programs"])
    box.enter()
    _say({"ready": True})
    for line in sys.stdin:
        _say(box.work(**json.loads(line)))


def _say(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
