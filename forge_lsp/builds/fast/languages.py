"""The fast gate of this machine: which languages have a checker that can be kept running."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from forge_lsp.builds.fast.csharp import CSharpOpener
from forge_lsp.builds.fast.daemons import Keeping
from forge_lsp.builds.fast.gate import DaemonGate
from forge_lsp.builds.fast.opener import Opener
from forge_lsp.builds.fast.python import PythonOpener
from forge_lsp.builds.fast.typescript import TypeScriptOpener
from forge_lsp.domain.ports import Sandbox
from forge_lsp.domain.task import Language

__all__ = ["fast_gate"]


def fast_gate(
    sandbox: Sandbox,
    *,
    state: Path,
    commands: Mapping[Language, tuple[str, ...]],
    environment: Mapping[str, str] | None = None,
    keeping: Keeping | None = None,
) -> DaemonGate:
    """``commands`` are checks of the user's own: where there is one, only it decides. ``state`` is a folder of ours for
    what a checker is compiled to; ``environment`` the server's own unless given."""
    known = os.environ if environment is None else environment
    openers: dict[Language, Opener] = {
        Language.PYTHON: PythonOpener(),
        Language.TYPESCRIPT: TypeScriptOpener(known),
        Language.CSHARP: CSharpOpener(sandbox, known, state),
    }
    own = frozenset(language for language, command in commands.items() if command)
    return DaemonGate(sandbox, openers, left_out=own, keeping=keeping)
