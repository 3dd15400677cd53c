"""How files of a language are compiled, tested and formatted."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forge_lsp.core.ports import Finding, Formatter, Opener, Sandbox, Toolchain

__all__ = ["CheckingSupport", "Tools"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Where a language's tools are looked for and run.

    ``environment`` is the server's own, or the one in which the program is found that the user's settings name.
    ``ends`` ends what is kept running from one check to the next; None: nothing is. ``runs`` is the folder in which it
    is kept for the next process how the tests of untouched trees went; None: it is not.
    """

    sandbox: Sandbox
    environment: Mapping[str, str]
    ends: AsyncExitStack | None = None
    runs: Path | None = None


def _unchanged(named: str, found: Path | None) -> Mapping[str, str] | None:
    del named
    return None if found is None else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckingSupport:
    """What checks files of a language. Each field is None where there is nothing of the kind.

    ``toolchain`` makes what compiles and tests, with the seconds that one run of one tool may take; ``formatter`` what
    formats, likewise. ``findings`` are for the doctor: each tool, run once. ``opener`` opens the checker that is kept
    running; it may write into the folder that it is given. ``ready`` says whether that checker is on this machine.
    ``variables`` are those of the environment by which the tools take the program that the settings name: its name
    there, and where it is, None where no such program or folder is there. None: nor is it anything else.
    """

    toolchain: Callable[[Tools, float], Toolchain] | None = None
    formatter: Callable[[Tools, float], Formatter] | None = None
    findings: Callable[[Sandbox, Mapping[str, str]], Coroutine[None, None, tuple[Finding, ...]]] | None = None
    opener: Callable[[Tools, Path], Opener] | None = None
    ready: Callable[[Mapping[str, str]], bool] = lambda environment: False  # noqa: ARG005
    variables: Callable[[str, Path | None], Mapping[str, str] | None] = _unchanged
