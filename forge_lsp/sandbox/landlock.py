"""Landlock with seccomp and rlimits: for machines where user namespaces are forbidden, so that bubblewrap cannot work.

Weaker than namespaces, and made up for where it can be (docs/sandbox.md says what is left): the files are a copy, all
sockets are refused, and the calls that change a file's mode, times or owner, which Landlock does not know, do nothing.
"""

from __future__ import annotations

import os
import sys

from forge_lsp.core.errors import SandboxUnavailable
from forge_lsp.core.ports import ProcessResult
from forge_lsp.sandbox.copybox import Confinement, Invocation, launch
from forge_lsp.sandbox.launcher import LAUNCHER_PID, landlock_abi
from forge_lsp.sandbox.profile import ETC, SYSTEM
from forge_lsp.sandbox.seccomp import Sockets, protects_processes, seccomp_filter, supported

__all__ = ["available", "run_confined"]

_SIGNALS_SCOPED = 6
"""The Landlock version (Linux 6.12) since which signals stay inside."""
_READ = (*SYSTEM, "/proc", "/dev/random", "/dev/urandom", "/sys/devices/system/cpu")


def available() -> str | None:
    """None, or why this cannot work here. Cheap; whether it *does* work is shown by running it."""
    if sys.platform != "linux":
        return "it is a part of Linux"
    if not supported():
        return "no system-call filter is known for this processor"
    if landlock_abi() == 0:
        return "the kernel has no Landlock, or it is switched off"
    return None


async def run_confined(invocation: Invocation) -> ProcessResult:
    """A :data:`~forge_lsp.sandbox.copybox.Runner`.

    Raises SandboxUnavailable for ``loopback``: there is no network namespace whose ``lo`` would be the box's own."""
    if invocation.loopback:
        raise SandboxUnavailable(
            "Tests that talk over the loopback network need bubblewrap; Landlock has no network of its own.",
            remedy="forge-lsp doctor",
        )
    abi = landlock_abi()
    filters = [seccomp_filter(Sockets.NONE, shared_host=True)]
    if abi < _SIGNALS_SCOPED:
        filters.append(protects_processes((os.getpid(), LAUNCHER_PID)))
    return await launch(
        invocation,
        Confinement(
            read=(
                *_READ,
                *(f"/etc/{name}" for name in (*ETC, "passwd", "group")),
                *(str(path) for path in (*invocation.readable, *invocation.linked)),
            ),
            write=tuple(str(folder) for folder in invocation.writable),
            filters=tuple(filters),
        ),
    )
