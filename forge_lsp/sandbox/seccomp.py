"""The system-call filter of the sandboxes, as a classic BPF program.

It refuses what a compiler or a test has no use for and an attacker has: sockets to anywhere, tracing, kernel
keyrings, BPF, io_uring (which would go round the socket rule), mounting and new user namespaces.

Sources: ``linux/seccomp.h``, ``linux/filter.h``, ``linux/audit.h``; the list follows flatpak's and moby's defaults.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterable
from enum import Enum
from functools import cache

from forge_lsp.reading import table_beside

__all__ = ["Sockets", "protects_processes", "seccomp_filter", "supported"]


class Sockets(Enum):
    """Which sockets may be made."""

    NONE = "none"
    """None at all (``socketpair`` excepted): for sandboxes that share the host's file system names."""
    UNIX = "unix"
    """AF_UNIX: for sandboxes in which no socket of the host can be named."""
    LOOPBACK = "loopback"
    """Also AF_INET, AF_INET6 and route netlink: only for a network namespace that has nothing but its own ``lo``."""


# Classic BPF operation codes: BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, ...
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
# Offsets in struct seccomp_data. Arguments are 64 bits, little endian on both machines: the low half comes first.
_NUMBER, _ARCH, _ARGUMENT = 0, 4, 16

_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_CLONE_NEWUSER = 0x10000000
_FIRST_UNKNOWN = 468
"""System calls from this number on came after this list was made (Linux 6.17 and newer, on both machines): each is
answered "no such call", so that programs do without. Those of another table (x32) lie above it as well."""
_SET_ID = 0o6000
_MAY_CREATE = 0o100 | 0o20000000  # O_CREAT, O_TMPFILE

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name: (x86_64, aarch64)
_SOCKET, _CLONE = (41, 198), (56, 220)
_IOCTL = (16, 29)
_TYPES = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_KILL, _TKILL, _TGKILL = (62, 129), (200, 130), (234, 131)
_QUEUE, _TGQUEUE = (129, 138), (297, 240)

# Files that run with their owner's rights are not made: in a temp folder they would be the user's. (number, number,
# argument of the mode); what sets a mode does nothing, as under fakeroot, what makes a file fails.
_SETS_MODE: dict[str, tuple[int, int, int]] = {
    "chmod": (90, -1, 1),
    "fchmod": (91, 52, 1),
    "fchmodat": (268, 53, 2),
    "fchmodat2": (452, 452, 2),
}
_MAKES_FILE: dict[str, tuple[int, int, int]] = {
    "creat": (85, -1, 1),
    "mknod": (133, -1, 1),
    "mknodat": (259, 33, 2),
}
_OPENS: dict[str, tuple[int, int, int]] = {"open": (2, -1, 1), "openat": (257, 56, 2)}
"""The last number is the argument of the flags; the mode follows it."""
_PIDFD_SEND_SIGNAL = (424, 424)

_Step = tuple[int, int, int, int]


def supported(machine: str | None = None) -> bool:
    """Whether a filter can be written for this machine's instruction set."""
    return (machine or platform.machine()) in _AUDIT_ARCH


def seccomp_filter(sockets: Sockets, *, shared_host: bool = False, machine: str | None = None) -> bytes:
    """The program, as an array of ``struct sock_filter``, for ``bwrap --seccomp`` or ``prctl``.

    ``shared_host``: the sandbox has no namespaces of its own, so calls that reach beyond it go too.
    ``machine`` as ``platform.machine()`` has it. Raises ValueError for one that is not supported.
    """
    column, arch = _machine(machine)
    steps = _entry(arch)
    own = [(_LOAD, 0, 0, _ARGUMENT), (_EQUAL, 1, 0, 0), _fail(errno.EPERM), (_RETURN, 0, 0, _ALLOW)]
    rules: dict[str, list[_Step]] = {
        "refused": [_fail(errno.EPERM)],
        "unknown": [_fail(errno.ENOSYS)],
        "refused_x86": [_fail(errno.EPERM)],
    }
    if shared_host:
        rules |= {"shared_refused": [_fail(errno.EPERM)], "shared_pretended": [_fail(0)], "shared_own": own}
    calls = _system_calls()
    for kind, rule in rules.items():
        for numbers in calls[kind].values():
            steps += _if_number(numbers[column], rule)
    steps += _no_set_id(column)
    steps += _if_number(
        _CLONE[column],
        [(_LOAD, 0, 0, _ARGUMENT), (_ANY_BIT, 0, 1, _CLONE_NEWUSER), _fail(errno.EPERM), (_RETURN, 0, 0, _ALLOW)],
    )
    steps += _if_number(_SOCKET[column], _socket_rule(sockets))
    # What a terminal is given this way is read by the shell behind it once the command is over.
    typed: list[_Step] = [(_LOAD, 0, 0, _ARGUMENT + 8)]
    for request in _TYPES:
        typed += [(_EQUAL, 0, 1, request), _fail(errno.EPERM)]
    steps += _if_number(_IOCTL[column], [*typed, (_RETURN, 0, 0, _ALLOW)])
    steps.append((_RETURN, 0, 0, _ALLOW))
    return _pack(steps)


def protects_processes(pids: Iterable[int], *, machine: str | None = None) -> bytes:
    """A second program, which refuses signals to these processes, to their groups, and to everybody (-1).

    For kernels whose Landlock cannot keep signals in: who ends a sandbox must not be ended first.
    """
    column, arch = _machine(machine)
    forbidden = [0xFFFFFFFF, *(value & 0xFFFFFFFF for pid in pids for value in (pid, -pid))]
    rule: list[_Step] = [(_LOAD, 0, 0, _ARGUMENT)]
    for value in forbidden:
        rule += [(_EQUAL, 0, 1, value), _fail(errno.EPERM)]
    rule.append((_RETURN, 0, 0, _ALLOW))
    steps = _entry(arch)
    for numbers in (_KILL, _TKILL, _TGKILL, _QUEUE, _TGQUEUE):
        steps += _if_number(numbers[column], rule)
    steps += _if_number(_PIDFD_SEND_SIGNAL[column], [_fail(errno.EPERM)])  # its target cannot be seen here
    steps.append((_RETURN, 0, 0, _ALLOW))
    return _pack(steps)


@cache
def _system_calls() -> dict[str, dict[str, tuple[int, int]]]:
    """``system_calls.toml``: the numbers of calls, by what is done with them and by their names."""
    return table_beside(__file__, "system_calls.toml")


def _machine(machine: str | None) -> tuple[int, int]:
    name = machine or platform.machine()
    if name not in _AUDIT_ARCH:
        raise ValueError(f"no system-call filter is known for {name}")
    return list(_AUDIT_ARCH).index(name), _AUDIT_ARCH[name]


def _entry(arch: int) -> list[_Step]:
    """Load the number; a call by another instruction set's table (i386, x32), or one that is not known, is answered
    "no such call"."""
    return [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, arch),
        _fail(errno.ENOSYS),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _FIRST_UNKNOWN),
        _fail(errno.ENOSYS),
    ]


def _if_number(number: int, then: list[_Step]) -> list[_Step]:
    """``then`` must end in a return: the accumulator may no longer hold the number after it. A number below zero is of
    a call that this machine has not."""
    if number < 0:
        return []
    return [(_EQUAL, 0, len(then), number), *then]


def _no_set_id(column: int) -> list[_Step]:
    """No file gets the set-user-ID or the set-group-ID bit."""
    steps: list[_Step] = []
    for table, answer in ((_SETS_MODE, 0), (_MAKES_FILE, errno.EPERM)):
        for numbers in table.values():
            rule = [*_any_of(numbers[2], _SET_ID), _fail(answer), (_RETURN, 0, 0, _ALLOW)]
            steps += _if_number(numbers[column], rule)
    for numbers in _OPENS.values():
        flags = numbers[2]
        # Without these flags the mode is whatever was in the register.
        rule = [
            *((_LOAD, 0, 0, _ARGUMENT + 8 * flags), (_ANY_BIT, 1, 0, _MAY_CREATE), (_RETURN, 0, 0, _ALLOW)),
            *(*_any_of(flags + 1, _SET_ID), _fail(errno.EPERM), (_RETURN, 0, 0, _ALLOW)),
        ]
        steps += _if_number(numbers[column], rule)
    return steps


def _any_of(argument: int, bits: int) -> list[_Step]:
    """Skip the next step unless an argument has one of ``bits``."""
    return [(_LOAD, 0, 0, _ARGUMENT + 8 * argument), (_ANY_BIT, 0, 1, bits)]


def _socket_rule(sockets: Sockets) -> list[_Step]:
    families = {
        Sockets.NONE: (),
        Sockets.UNIX: (_AF_UNIX,),
        Sockets.LOOPBACK: (_AF_UNIX, _AF_INET, _AF_INET6),
    }[sockets]
    rule: list[_Step] = [(_LOAD, 0, 0, _ARGUMENT)]
    for family in families:
        rule += [(_EQUAL, 0, 1, family), (_RETURN, 0, 0, _ALLOW)]
    if sockets is Sockets.LOOPBACK:  # getifaddrs asks the kernel by netlink; protocol 0 is NETLINK_ROUTE
        rule += [(_EQUAL, 0, 3, _AF_NETLINK), (_LOAD, 0, 0, _ARGUMENT + 16), (_EQUAL, 0, 1, 0), (_RETURN, 0, 0, _ALLOW)]
    rule.append(_fail(errno.EPERM))
    return rule


def _fail(number: int) -> _Step:
    return (_RETURN, 0, 0, _ERRNO | number)


def _pack(steps: Iterable[_Step]) -> bytes:
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
