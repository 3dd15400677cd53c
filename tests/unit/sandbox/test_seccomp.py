"""The filter is run on an interpreter of classic BPF, so that both machines' filters are tested on either."""

from __future__ import annotations

import errno
import struct

import pytest

from forge_lsp.sandbox.seccomp import Sockets, protects_processes, seccomp_filter, supported

ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW = 0x7FFF0000
ERRNO = 0x00050000
SOCKET = {"x86_64": 41, "aarch64": 198}
MACHINES = ["x86_64", "aarch64"]


def run(program: bytes, machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<iIQ6Q", number, arch or ARCH[machine], 0, *(value & (1 << 64) - 1 for value in padded))
    steps = list(struct.iter_unpack("=HBBI", program))
    assert len(steps) < 4096
    accumulator = at = 0
    while True:
        code, if_true, if_false, value = steps[at]
        at += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif code == 0x06:
            return value
        else:
            truth = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[code]
            at += if_true if truth else if_false


def refused(number: int) -> int:
    return ERRNO | number


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("sockets", "family", "allowed"),
    [
        (Sockets.NONE, 1, False),
        (Sockets.NONE, 2, False),
        (Sockets.UNIX, 1, True),
        (Sockets.UNIX, 2, False),
        (Sockets.UNIX, 10, False),
        (Sockets.UNIX, 16, False),
        (Sockets.UNIX, 40, False),
        (Sockets.LOOPBACK, 1, True),
        (Sockets.LOOPBACK, 2, True),
        (Sockets.LOOPBACK, 10, True),
        (Sockets.LOOPBACK, 16, True),
        (Sockets.LOOPBACK, 17, False),
        (Sockets.LOOPBACK, 40, False),
    ],
)
def test_socket_families(machine: str, sockets: Sockets, family: int, allowed: bool) -> None:
    program = seccomp_filter(sockets, machine=machine)
    assert run(program, machine, SOCKET[machine], family, 1, 0) == (ALLOW if allowed else refused(errno.EPERM))


@pytest.mark.parametrize("machine", MACHINES)
def test_netlink_is_for_routes_only(machine: str) -> None:
    program = seccomp_filter(Sockets.LOOPBACK, machine=machine)
    assert run(program, machine, SOCKET[machine], 16, 3, 12) == refused(errno.EPERM)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("shared", [False, True])
def test_ordinary_calls_pass(machine: str, shared: bool) -> None:
    program = seccomp_filter(Sockets.UNIX, shared_host=shared, machine=machine)
    ordinary = {"x86_64": [0, 1, 2, 9, 59, 60, 257, 262, 53], "aarch64": [56, 63, 64, 93, 214, 221, 222, 199]}
    for number in ordinary[machine]:
        assert run(program, machine, number, 5) == ALLOW, number


@pytest.mark.parametrize(
    ("machine", "number", "answer"),
    [
        ("x86_64", 101, errno.EPERM),  # ptrace
        ("x86_64", 321, errno.EPERM),  # bpf
        ("x86_64", 250, errno.EPERM),  # keyctl
        ("x86_64", 272, errno.EPERM),  # unshare
        ("x86_64", 165, errno.EPERM),  # mount
        ("x86_64", 425, errno.ENOSYS),  # io_uring_setup
        ("x86_64", 435, errno.ENOSYS),  # clone3
        ("aarch64", 117, errno.EPERM),
        ("aarch64", 280, errno.EPERM),
        ("aarch64", 219, errno.EPERM),
        ("aarch64", 97, errno.EPERM),
        ("aarch64", 40, errno.EPERM),
        ("aarch64", 425, errno.ENOSYS),
        ("aarch64", 435, errno.ENOSYS),
    ],
)
def test_dangerous_calls_are_refused(machine: str, number: int, answer: int) -> None:
    assert run(seccomp_filter(Sockets.UNIX, machine=machine), machine, number) == refused(answer)


@pytest.mark.parametrize(("machine", "clone"), [("x86_64", 56), ("aarch64", 220)])
def test_clone_makes_threads_but_no_user_namespace(machine: str, clone: int) -> None:
    program = seccomp_filter(Sockets.UNIX, machine=machine)
    assert run(program, machine, clone, 0x003D0F00) == ALLOW
    assert run(program, machine, clone, 0x10000000 | 17) == refused(errno.EPERM)


@pytest.mark.parametrize("machine", MACHINES)
def test_another_table_of_calls_is_no_way_round(machine: str) -> None:
    program = seccomp_filter(Sockets.UNIX, machine=machine)
    assert run(program, machine, 1, arch=0x40000003) == refused(errno.ENOSYS)
    assert run(program, machine, 0x40000000 | 41, 2) == refused(errno.ENOSYS)


@pytest.mark.parametrize(("machine", "chmod", "prlimit"), [("x86_64", 268, 302), ("aarch64", 53, 261)])
def test_a_shared_host_is_kept_from_harm(machine: str, chmod: int, prlimit: int) -> None:
    program = seccomp_filter(Sockets.NONE, shared_host=True, machine=machine)
    assert run(program, machine, chmod) == refused(0)  # said to be done
    assert run(program, machine, prlimit, 0) == ALLOW
    assert run(program, machine, prlimit, 4711) == refused(errno.EPERM)
    assert run(seccomp_filter(Sockets.UNIX, machine=machine), machine, chmod) == ALLOW


@pytest.mark.parametrize(("machine", "kill"), [("x86_64", 62), ("aarch64", 129)])
def test_protected_processes(machine: str, kill: int) -> None:
    program = protects_processes((100, 200), machine=machine)
    for target in (100, -100, 200, -200, -1):
        assert run(program, machine, kill, target & 0xFFFFFFFF, 9) == refused(errno.EPERM)
    for target in (101, -101, 0):
        assert run(program, machine, kill, target & 0xFFFFFFFF, 9) == ALLOW
    assert run(program, machine, 424) == refused(errno.EPERM)


def test_unknown_machines_are_told() -> None:
    assert not supported("riscv64")
    assert supported("aarch64")
    with pytest.raises(ValueError, match="riscv64"):
        seccomp_filter(Sockets.UNIX, machine="riscv64")
