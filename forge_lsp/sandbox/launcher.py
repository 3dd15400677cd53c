"""Start a command confined, and end everything that it started. Run as a script: ``python -I -S launcher.py FD``.

Linux only, standard library only, nothing of ours imported: it costs one bare interpreter start. ``FD`` holds a JSON
document, see :func:`main`. Two things make it more than a wrapper:

- It is a *child subreaper*: a descendant that leaves its session and loses its parent becomes our child, not init's.
  When the command ends, or SIGTERM comes, everything below us is stopped, killed and reaped before we end.
- It gets SIGTERM when its own parent dies, so nothing is left behind by a killed server.

Sources: prctl(2), landlock(7), seccomp(2), ``linux/landlock.h``.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import struct
import sys
from pathlib import Path
from typing import Any

__all__ = ["LAUNCHER_PID", "descendants", "landlock_abi", "main"]

LAUNCHER_PID = 0x5AA51234
"""Stands for the launcher's process id in a filter that is written before there is one. No real id is as high."""

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 22, 36, 38
_SECCOMP_MODE_FILTER = 2
_PR_CAPBSET_DROP, _PR_SET_SECUREBITS = 24, 28
_CAPABILITY_VERSION_3 = 0x20080522
_NO_ROOT_LOCKED = 0xEF  # NOROOT, NO_SETUID_FIXUP, NO_CAP_AMBIENT_RAISE, each with its lock, and KEEP_CAPS locked off
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446  # the same on every architecture
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV


def main(spec: dict[str, Any]) -> int:
    """Run ``spec["command"]`` in ``spec["cwd"]`` with ``spec["env"]``, and return 0 once all is over.

    ``status``: a descriptor to which one JSON line goes, ``{"code": n}`` (negative: by a signal) or ``{"error": errno,
    "step": what}`` when the command could not be started. ``parent``: the process that started us. ``rlimits``: by
    name, RLIMIT_NPROC being counted on top of what the user runs already. ``landlock``: ``{"read": [...], "write":
    [...]}`` or null. ``filters``: seccomp programs in hexadecimal, our own process id in the place of LAUNCHER_PID.
    """
    os.set_inheritable(spec["status"], False)  # the command must not tell its own end
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != spec["parent"]:
        return 0  # it died before we asked to be told
    error_read, error_write = os.pipe()  # closed by a successful exec
    child = os.fork()
    if child == 0:
        _become(spec, libc, error_write)
    os.close(error_write)
    with os.fdopen(error_read) as pipe:
        failure = pipe.read()
    code = _wait(child)
    _sweep()
    line = failure or json.dumps({"code": code if code is not None else -signal.SIGKILL})
    os.write(spec["status"], line.encode() + b"\n")
    return 0


def _wait(child: int) -> int | None:
    """Reap until ``child`` has ended: its code; None when SIGTERM came first."""
    while True:
        ended = _reap()
        if child in ended:
            return ended[child]
        if signal.sigwait({signal.SIGTERM, signal.SIGCHLD}) == signal.SIGTERM:
            return None


def _reap() -> dict[int, int]:
    ended: dict[int, int] = {}
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            ended[pid] = os.waitstatus_to_exitcode(status)
    return ended


def _sweep() -> None:
    """Stop all descendants, so that none forks while we look; kill them; reap until none is left."""
    while True:
        seen: set[int] = set()
        while new := descendants(os.getpid()) - seen:
            for pid in new:
                _signal(pid, signal.SIGSTOP)
            seen |= new
        if not seen:
            return
        for pid in seen:
            _signal(pid, signal.SIGKILL)
        while _children(os.getpid()) & seen:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(-1, 0)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def descendants(pid: int) -> set[int]:
    """All processes below ``pid``. Zombies without children of their own included."""
    found: set[int] = set()
    pending = [pid]
    while pending:
        new = _children(pending.pop()) - found
        found |= new
        pending += new
    return found


def _children(pid: int) -> set[int]:
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - names are all that is wanted
        texts = [Path(f"/proc/{pid}/task/{thread}/children").read_text() for thread in threads]
    except ProcessLookupError:
        return set()
    except FileNotFoundError:  # it is gone, or the kernel was built without these files
        return _children_by_scan(pid)
    return {int(word) for text in texts for word in text.split()}


def _children_by_scan(pid: int) -> set[int]:
    children: set[int] = set()
    for entry in os.listdir("/proc"):  # noqa: PTH208
        if entry.isdigit():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == pid:
                    children.add(int(entry))
    return children


# ------------------------------------------------------------------ in the child


def _become(spec: dict[str, Any], libc: ctypes.CDLL, error_write: int) -> None:
    """Confine ourselves and become the command. Never returns."""
    step = "start"
    try:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.setsid()
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        step = "rlimits"
        _set_rlimits(spec["rlimits"])
        step = "cwd"
        os.chdir(spec["cwd"])
        step = "landlock"
        _check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        if spec["landlock"] is not None:
            _drop_capabilities(libc)
            _restrict(libc, spec["landlock"]["read"], spec["landlock"]["write"])
        step = "seccomp"
        for program in spec["filters"]:
            _filter(libc, _with_pid(bytes.fromhex(program), os.getppid()))
        step = "exec"
        os.execvpe(spec["command"][0], spec["command"], spec["env"])
    except OSError as error:
        os.write(error_write, json.dumps({"error": error.errno or 0, "step": step}).encode())
    finally:
        os._exit(127)


def _with_pid(program: bytes, pid: int) -> bytes:
    for sign in (1, -1):
        program = program.replace(struct.pack("=i", sign * LAUNCHER_PID), struct.pack("=i", sign * pid))
    return program


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Be root in name only. Capabilities go round Landlock: CAP_PERFMON opens every process's environment."""
    libc.prctl(_PR_SET_SECUREBITS, _NO_ROOT_LOCKED, 0, 0, 0)  # these two are refused to an ordinary user,
    for capability in range(64):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # who has none to drop
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _check(libc.capset(ctypes.c_char_p(header), ctypes.c_char_p(bytes(24))))


def _set_rlimits(limits: dict[str, int]) -> None:
    import resource

    for name, value in limits.items():
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        wanted = value + _user_tasks() if name == "RLIMIT_NPROC" else value
        bound = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(which, (bound, bound))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _user_tasks() -> int:
    """Threads of all processes of this user, which RLIMIT_NPROC counts too."""
    tasks = 0
    for entry in os.scandir("/proc"):
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == os.getuid():
                tasks += len(os.listdir(f"/proc/{entry.name}/task"))  # noqa: PTH208
    return tasks


def landlock_abi() -> int:
    """The kernel's Landlock version; 0: none, or switched off."""
    return max(0, ctypes.CDLL(None, use_errno=True).syscall(_LANDLOCK_CREATE, None, 0, 1))


def _restrict(libc: ctypes.CDLL, read: list[str], write: list[str]) -> None:
    abi = landlock_abi()
    access = (1 << 13) - 1
    access |= _REFER if abi >= 2 else 0
    access |= _TRUNCATE if abi >= 3 else 0
    access |= _IOCTL_DEV if abi >= 5 else 0
    tcp = 3 if abi >= 4 else 0  # bind and connect, with no rule that allows any
    scope = 3 if abi >= 6 else 0  # abstract unix sockets and signals stay inside
    attributes = struct.pack("=QQQ", access, tcp, scope)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    ruleset = libc.syscall(_LANDLOCK_CREATE, ctypes.c_char_p(attributes), len(attributes), 0)
    _check(ruleset)
    for path, wanted in [*((path, _READ) for path in read), *((path, access) for path in write)]:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # not on this machine
        allowed = wanted if os.path.isdir(path) else wanted & _ON_FILES  # noqa: PTH112
        rule = struct.pack("=Qi", allowed & access, place)
        _check(libc.syscall(_LANDLOCK_ADD, ruleset, 1, ctypes.c_char_p(rule), 0))
        os.close(place)
    _check(libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0))
    os.close(ruleset)


def _filter(libc: ctypes.CDLL, program: bytes) -> None:
    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))

    buffer = ctypes.create_string_buffer(program, len(program))
    holder = Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    _check(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(holder), 0, 0))


def _check(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    with os.fdopen(int(sys.argv[1])) as _file:
        _spec = json.load(_file)
    sys.exit(main(_spec))
