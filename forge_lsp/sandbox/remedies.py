"""From what bubblewrap complains of to the command that fixes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

__all__ = ["WSL", "bubblewrap_remedy"]

WSL = "wsl --install, then install and run forge-lsp inside WSL2"
"""For Windows, which has no sandbox that we could use."""


def bubblewrap_remedy(problem: str, read: Callable[[str], str] | None = None) -> str | None:
    """The command that fixes bwrap's complaint ``problem``, given this machine's switches; None where none is known.

    ``read`` gives a file's text, or an empty one (for tests).
    """
    look = read or _read
    if not re.search(r"namespace|uid map|Operation not permitted|Permission denied|loopback|No space left", problem):
        return None
    if look("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").strip() == "1":
        return "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    if look("/proc/sys/kernel/unprivileged_userns_clone").strip() == "0":
        return "sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if look("/proc/sys/user/max_user_namespaces").strip() == "0":
        return "sudo sysctl -w user.max_user_namespaces=28633"
    if _in_container(look):
        return (
            "start the container with: docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
            "--security-opt systempaths=unconfined"
        )
    return None


def _in_container(look: Callable[[str], str]) -> bool:
    if look("/run/.containerenv") or Path("/.dockerenv").exists():
        return True
    return "container=" in look("/proc/1/environ") or bool(
        re.search(r"docker|kubepods|containerd|libpod", look("/proc/1/cgroup"))
    )


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
