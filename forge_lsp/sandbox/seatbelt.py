"""macOS: ``sandbox-exec`` with a profile, on a real copy.

Apple calls the program deprecated and ships it all the same; Chromium, Bazel and Homebrew build on it. The profile is
in Apple's Scheme dialect (SBPL); later rules win over earlier ones.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from forge_lsp.core.errors import SandboxUnavailable, ToolMissing
from forge_lsp.core.ports import ProcessResult
from forge_lsp.reading import table_beside, text_beside
from forge_lsp.sandbox import process
from forge_lsp.sandbox.copybox import Invocation

__all__ = ["PROGRAM", "available", "profile", "run_confined"]

PROGRAM = Path("/usr/bin/sandbox-exec")

_PROFILE = re.sub(r"^;.*\n", "", text_beside(__file__, "seatbelt.sb"), flags=re.M)
_READ: Sequence[str] = table_beside(__file__, "system.toml")["macos"]


_HIDDEN = ("/opt/homebrew/etc", "/opt/homebrew/var", "/usr/local/etc", "/usr/local/var")
"""What lies below these that is the user's: settings, databases and sockets of services that Homebrew keeps there."""
_CERTIFICATES = tuple(
    f"{prefix}/etc/{name}" for prefix in ("/opt/homebrew", "/usr/local") for name in ("ca-certificates", "openssl@3")
)


def available() -> str | None:
    """None, or why this cannot work here."""
    if sys.platform != "darwin":
        return "it is a part of macOS"
    if not PROGRAM.is_file():
        return f"{PROGRAM} is not there"
    return None


def profile(*, read: Sequence[Path], write: Sequence[Path]) -> str:
    """The profile's text: everything is denied but what is named.

    Paths are resolved, since the kernel compares real ones (``/tmp`` is ``/private/tmp``).
    """
    return _PROFILE.format(
        system=_rules("allow file-read*", map(Path, _READ)),
        hidden=_rules("deny file-read*", map(Path, _HIDDEN)),
        shown=_rules("allow file-read*", (*map(Path, _CERTIFICATES), *read)),
        written=_rules("allow file-read* file-write*", write),
    )


def _rules(operation: str, paths: Iterable[Path]) -> str:
    return "\n".join(f"({operation} (subpath {_quoted(path)}))" for path in paths)


def _quoted(path: Path) -> str:
    # An SBPL string takes the escapes of a JSON string for the two characters that matter.
    return json.dumps(str(path.resolve()), ensure_ascii=False)


async def run_confined(invocation: Invocation) -> ProcessResult:
    """A :data:`~forge_lsp.sandbox.copybox.Runner`.

    Raises SandboxUnavailable for ``loopback``, which would let the code reach the services of this machine, and
    ToolMissing."""
    if invocation.loopback:
        raise SandboxUnavailable(
            "Tests that talk over the loopback network cannot be run safely on macOS: it has no network namespaces.",
            remedy="run forge-lsp in a Linux container or virtual machine",
        )
    text = profile(
        read=(*invocation.readable, *invocation.linked),
        write=invocation.writable,
    )
    result = await process.run(
        [str(PROGRAM), "-p", text, *invocation.command],
        cwd=invocation.root,
        env=invocation.env,
        timeout=invocation.timeout,
        stdin=invocation.stdin,
    )
    complaint = result.stderr.decode(errors="replace")
    if result.code == 71 and complaint.startswith("sandbox-exec: execvp()"):  # EX_OSERR
        raise ToolMissing(f"The program {invocation.command[0]} is not installed in a folder that the sandbox shows.")
    if result.code in (64, 65, 71) and complaint.startswith("sandbox-exec:"):
        raise SandboxUnavailable(f"The sandbox did not start: {complaint.strip()}", remedy="forge-lsp doctor")
    return result
