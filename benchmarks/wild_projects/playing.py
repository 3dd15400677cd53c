"""Scripted answers through the product's own loop, on the checkout as it is: what each job came to."""

from __future__ import annotations

import hashlib
import textwrap
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.wild_projects.own import Case
from forge_lsp.checking.toolchains import toolchains
from forge_lsp.core.attempt import Evidence, Outcome
from forge_lsp.core.checks import CheckKind, CheckStatus, Grade
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Toolchain
from forge_lsp.core.task import Document, Task, TextRange
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.ending import Conclusion
from forge_lsp.ensemble.loop import Ensemble
from forge_lsp.ensemble.schedule import Accept, Generator, Panel, Row, Schedule
from forge_lsp.languages.registry import BUILT_IN
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from tests.support.scripted import (
    Events,
    ManualClock,
    PlainContext,
    Purse,
    ScriptedDirectory,
    ScriptedModel,
    verdict_text,
)

__all__ = ["PlayedJob", "dedented", "plays_of", "snapshot", "toolchains_here"]

_RAN = frozenset({CheckStatus.PROOF, CheckStatus.KEPT, CheckStatus.OWED, CheckStatus.FAILED, CheckStatus.UNRELATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedJob:
    """One job: of which function, over its ``stub`` or over ``working`` code, whether the answer is ``right`` and what
    was done to it; what came of it. ``tests`` are those that ran, ``there`` whether any were found at all. ``cold``: it
    was the first look at this document. ``compiling``: what the compilers took of ``seconds``."""

    case: str
    over: str
    right: bool
    how: str
    outcome: Outcome
    grade: Grade | None
    tests: int
    there: bool
    seconds: float
    cold: bool
    words: str
    compiling: float = 0.0

    @property
    def accepted(self) -> bool:
        """Whether it would be applied."""
        return self.outcome is Outcome.ACCEPTED


@asynccontextmanager
async def toolchains_here(folder: Path, seconds: float) -> AsyncGenerator[Mapping[Language, Toolchain]]:
    """What checks each language on this machine, in the sandbox; ``seconds`` for one run of one tool."""
    chooser = SandboxChooser(SandboxConfig(mode="required", temp=folder))
    try:
        yield toolchains(BUILT_IN, await chooser.choose(), timeout=seconds, commands={})
    finally:
        chooser.close()


async def plays_of(case: Case, root: Path, language: Language, toolchain: Toolchain) -> AsyncIterator[PlayedJob]:
    """Play all answers to one function: over its stub, then over the code as it is."""
    answers = [(True, "as it is", case.original), *((True, form.how, form.code) for form in case.right)]
    answers += [(False, mutant.how, mutant.code) for mutant in case.wrong]
    cold = True
    for over, text, at in (("stub", case.stub, case.at), ("working", case.text, case.place)):
        for right, how, code in answers:
            if over == "working" and code == case.original:
                continue
            task = _task(root / case.file, root, text, at, language)
            started = time.monotonic()
            ended = await _job(task, toolchain, code, _lost_imports(case) if over == "stub" else ())
            seconds = time.monotonic() - started
            yield _play(case, over, right=right, how=how, ended=ended, seconds=seconds, cold=cold)
            cold = False


def _task(path: Path, root: Path, text: str, at: int, language: Language) -> Task:
    scopes = Scopes(TreeSitterSyntax())
    document = Document(uri=path.as_uri(), language=language, text=text, path=path, version=1)
    scope = scopes.scope(document, TextRange(start=at, end=at))
    return Task(
        document=document, scope=scope, instruction=scopes.instruction(document, scope, None, ()), workspace=root
    )


def _lost_imports(case: Case) -> tuple[str, ...]:
    """The imports that the stub had no use for and went without; who writes the function writes them, too."""
    kept = set(case.stub.split("\n"))
    lost = (line.strip() for line in case.text[: case.place].split("\n") if line not in kept)
    return tuple(line if line.startswith("import") else f"import {line}" for line in lost if '"' in line)


async def _job(task: Task, toolchain: Toolchain, code: str, imports: tuple[str, ...]) -> Conclusion:
    """A job of one attempt whose writer gives this code and whose panel gives 9."""
    written = "\n".join((*imports, "", dedented(code))) if imports else dedented(code)
    fenced = f"```{task.document.language}\n{written}\n```"
    writer, reviewer = ScriptedModel("w", fenced, repeat=True), ScriptedModel("r", verdict_text(9), repeat=True)
    row = Row(attempts=(1,), generator=Generator(model="w"), panel=Panel(kind="simple", members=("r",)))
    syntax = TreeSitterSyntax()
    ensemble = Ensemble(
        models=ScriptedDirectory(reviewer, writer),
        syntax=syntax,
        context=PlainContext(),
        editing=Edits(syntax),
        toolchain_for=lambda _: toolchain,
        clock=ManualClock(),
    )
    schedule = Schedule(rows=(row,), accept=Accept())
    return await ensemble.run(task, schedule=schedule, attempts=1, spending=Purse(), emit=Events())


def dedented(code: str) -> str:
    """As a model writes a method: its first line has no indentation in the document's text."""
    first, _, rest = code.partition("\n")
    last = rest[rest.rfind("\n") + 1 :]
    own = last[: len(last) - len(last.lstrip())] if last.strip() in ("}", "};") else ""
    if own and all(not line.strip() or line.startswith(own) for line in rest.splitlines()):
        return f"{first.lstrip()}\n" + "\n".join(line.removeprefix(own) for line in rest.split("\n"))
    if first.startswith("@"):  # a decorator, and what it decorates below it
        return f"{first}\n{textwrap.dedent(rest)}"
    return textwrap.dedent(code)


def _play(case: Case, over: str, *, right: bool, how: str, ended: Conclusion, seconds: float, cold: bool) -> PlayedJob:
    evidence = ended.evidence or next((one.evidence for one in reversed(ended.attempts)), Evidence())
    tests = [result for result in evidence.results if result.kind is CheckKind.TEST]
    built = next((one.build for one in reversed(ended.attempts) if one.build is not None), None)
    told = [ended.reason or "", str(built.diagnostics[0]) if built is not None and built.diagnostics else ""]
    told += [f"{result.status}: {result.source}: {result.detail or result.actual}" for result in tests[:3]]
    return PlayedJob(
        case=case.id,
        over=over,
        right=right,
        how=how,
        outcome=ended.outcome,
        grade=evidence.grade,
        tests=sum(result.status in _RAN for result in tests),
        there=bool(tests) or evidence.blocked is not None,
        seconds=seconds,
        cold=cold,
        words=" | ".join(" ".join(word.split())[:300] for word in told if word),
        compiling=built.seconds if built is not None else 0.0,
    )


def snapshot(root: Path) -> dict[str, str]:
    """What lies in a folder, by name: everything, what git ignores as well."""
    return dict(_entries(root))


def _entries(root: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if name.startswith(".git/") or path.is_dir():
            continue
        what = str(path.readlink()) if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()
        yield name, what
