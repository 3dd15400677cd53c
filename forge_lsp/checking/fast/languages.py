"""The fast gate of this machine: which languages have a checker that can be kept running."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from forge_lsp.checking.daemons import Keeping
from forge_lsp.checking.fast.gate import DaemonGate
from forge_lsp.checking.fast.opener import Opener
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.interpreters import program
from forge_lsp.checking.programs import with_program
from forge_lsp.checking.project import Place
from forge_lsp.checking.versions import with_usual_folders
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Finding, FindingStatus, Sandbox
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.c_family.compilers import find_compiler as find_c_compiler
from forge_lsp.languages.c_family.fast import CFamilyOpener
from forge_lsp.languages.csharp import CSHARP
from forge_lsp.languages.csharp.fast import CSharpOpener
from forge_lsp.languages.csharp.sdk import find_dotnet
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.ecmascript.fast_javascript import JavaScriptOpener
from forge_lsp.languages.ecmascript.fast_typescript import TypeScriptOpener
from forge_lsp.languages.ecmascript.tsc import find_compiler
from forge_lsp.languages.go import GO
from forge_lsp.languages.go.fast import GoOpener
from forge_lsp.languages.go.tools import find_go
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.java.fast import JavaOpener, fast_jdk
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.python.fast import PythonOpener
from forge_lsp.languages.rust import RUST
from forge_lsp.languages.rust.fast import RustOpener
from forge_lsp.languages.rust.tools import find_cargo
from forge_lsp.sandbox.bubblewrap import Bubblewrap

__all__ = ["fast_findings", "fast_gate"]


def fast_gate(
    sandbox: Sandbox,
    *,
    state: Path,
    commands: Mapping[Language, tuple[str, ...]],
    environment: Mapping[str, str] | None = None,
    keeping: Keeping | None = None,
    interpreters: Mapping[Language, str] | None = None,
) -> DaemonGate:
    """``commands`` are checks of the user's own: where there is one, only it decides. ``state`` is a folder of ours for
    what a checker is compiled to; ``environment`` the server's own unless given; ``interpreters`` as in
    :func:`~forge_lsp.checking.toolchains.toolchains`."""
    base = with_usual_folders(os.environ) if environment is None else environment
    named = interpreters or {}

    def known(language: Language) -> Mapping[str, str]:
        return with_program(language, named.get(language), base) or base

    openers: dict[Language, Opener] = {
        PYTHON: PythonOpener(base, named.get(PYTHON)),
        TYPESCRIPT: TypeScriptOpener(known(TYPESCRIPT)),
        JAVASCRIPT: JavaScriptOpener(known(JAVASCRIPT)),
        CSHARP: CSharpOpener(sandbox, known(CSHARP), state),
        C: CFamilyOpener(C, known(C)),
        CPP: CFamilyOpener(CPP, known(CPP)),
        GO: GoOpener(sandbox, known(GO), state),
        RUST: RustOpener(sandbox, known(RUST)),
        JAVA: JavaOpener(sandbox, known(JAVA), state),
    }
    own = frozenset(language for language, command in commands.items() if command)
    own |= {language for language, name in named.items() if with_program(language, name, base) is None}
    return DaemonGate(sandbox, openers, left_out=own, keeping=keeping)


def fast_findings(sandbox: Sandbox, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """For the doctor: which languages have a checker that can be kept running here."""
    if not isinstance(sandbox, Bubblewrap):
        detail = "needs bubblewrap: several samples are built in the order they came"
        return (Finding(name="fast gate", status=FindingStatus.ABSENT, detail=detail, remedy=sandbox.remedy),)
    nowhere = Place(source=None, document=PurePosixPath("a.ts"))
    ready = {
        PYTHON: program("ruff") is not None and program("ty") is not None,
        TYPESCRIPT: not isinstance(find_compiler(nowhere, environment, trusted=False), Fault),
        JAVASCRIPT: shutil.which("node", path=environment.get("PATH", "")) is not None,
        CSHARP: find_dotnet(environment) is not None,
        C: not isinstance(find_c_compiler(C, environment), Fault),
        CPP: not isinstance(find_c_compiler(CPP, environment), Fault),
        GO: find_go(environment) is not None,
        RUST: not isinstance(find_cargo(nowhere, environment), Fault),
        JAVA: fast_jdk(environment) is not None,
    }
    here = [str(language) for language, there in ready.items() if there]
    detail = f"ranks several samples of {', '.join(here)}" if here else "no checker is here that could be kept running"
    status = FindingStatus.OK if here else FindingStatus.ABSENT
    return (Finding(name="fast gate", status=status, detail=detail, facts={"languages": here}),)
