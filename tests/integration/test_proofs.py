"""What "accepted" means, on a real project for each language and runner, in the real sandbox: a stub whose tests fail,
a function that is not there yet, two stubs, working code, examples, forged proofs."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.checking.kept_runs import KeptRuns
from forge_lsp.checking.toolchains import toolchains
from forge_lsp.core.attempt import BuildReport, BuildStatus, Candidate, Evidence, Outcome
from forge_lsp.core.checks import CheckStatus, Grade, grade_of
from forge_lsp.core.ports import Box, Sandbox, Toolchain, Tree
from forge_lsp.core.task import ScopeKind, Task, TextRange
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.ending import Conclusion
from forge_lsp.ensemble.insights import failure_words
from forge_lsp.ensemble.loop import Ensemble
from forge_lsp.ensemble.schedule import Accept, Generator, Panel, Row, Schedule
from tests.integration.builds_cases import real_sandbox
from tests.integration.proofs import Forgery, Project, Unrunnable, projects
from tests.support import lang
from tests.support.builds import candidate_of, task_of, write_files
from tests.support.scripted import (
    Events,
    ManualClock,
    PlainContext,
    Purse,
    ScriptedDirectory,
    ScriptedModel,
    verdict_text,
)
from tests.support.tables import part, seed, whole

WHOLE = whole()
PROJECTS = tuple(project for project in projects() if WHOLE or not project.seldom)
SOME = tuple(
    project
    for language in dict.fromkeys(project.language for project in PROJECTS)
    for project in part([project for project in PROJECTS if project.language is language], 2)
)
"""For scenes that take long: two runners of each language, drawn by a seed, or all."""
AGAINST = (CheckStatus.FAILED, CheckStatus.OWED)


def those(*fields: str, among: Sequence[Project] = PROJECTS) -> list[object]:
    """The projects that have these texts."""
    return [
        pytest.param(project, id=f"{project.language}-{project.name}")
        for project in among
        if all(getattr(project, field) is not None for field in fields)
    ]


@dataclass(frozen=True, slots=True)
class Remembered(Toolchain):
    """A toolchain that checks each text once for all tests: scenes of one project check the same answers again."""

    toolchain: Toolchain
    project: object
    seen: dict[object, BuildReport | Evidence] = field(default_factory=dict)

    def key(self, task: Task, *parts: object) -> object:
        return (self.project, task.document.text, task.scope, *parts)

    async def build(self, task: Task, text: str) -> BuildReport:
        key = self.key(task, text)
        report = self.seen.get(key) or await self.toolchain.build(task, text)
        assert isinstance(report, BuildReport)
        self.seen[key] = report
        return report

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        key = self.key(task, candidate.text, candidate.imports)
        evidence = self.seen.get(key) or await self.toolchain.evidence(task, candidate)
        assert isinstance(evidence, Evidence)
        self.seen[key] = evidence
        return evidence


SEEN: dict[object, BuildReport | Evidence] = {}


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    # One folder for all tests: what compilers made of their standard libraries is kept there.
    async with real_sandbox(tmp_path_factory.getbasetemp() / "proof-boxes") as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


def written(
    root: Path, project: Project, marked: str, files: Mapping[str, str] | None = None
) -> tuple[Task, Mapping[str, str] | None]:
    """The project on disk with ``marked`` as its document, and the environment for its tools."""
    text = marked.replace("«", "").replace("»", "")
    write_files(root, {**project.files, **(files or {}), project.document: text})
    environment = project.prepare(root) if project.prepare is not None else None
    path = root / project.document
    task = task_of(marked, language=project.language, path=path, workspace=root, name=project.scope)
    unfinished = marked != project.working
    task = replace(task, scope=replace(task.scope, unfinished=unfinished))
    if not task.original:
        task = replace(task, scope=replace(task.scope, kind=ScopeKind.INSERTION, name=None))
    return task, environment


def made(
    root: Path, project: Project, marked: str, sandbox: Sandbox, files: Mapping[str, str] | None = None
) -> tuple[Task, Toolchain]:
    """The project on disk with ``marked`` as its document, and what checks it."""
    task, environment = written(root, project, marked, files)
    toolchain = toolchains(lang.BUILT_IN, sandbox, timeout=120, commands={}, environment=environment)[project.language]
    every = {**project.files, **(files or {}), project.document: task.document.text}
    return task, Remembered(toolchain, (project.language, project.name, tuple(sorted(every.items()))), SEEN)


def grade(evidence: Evidence, *, unfinished: bool = True) -> Grade | None:
    if evidence.doubt is not None:
        return None
    return grade_of(evidence.results, unfinished=unfinished, supported=False)


async def expect_decided(project: Project, task: Task, toolchain: Toolchain) -> None:
    """The right answer is proven, and the wrong one owes what proves it."""
    right = await toolchain.evidence(task, candidate_of(task, project.right))
    assert grade(right) is Grade.PROVEN, right
    wrong = await toolchain.evidence(task, candidate_of(task, project.wrong))
    assert wrong.count(CheckStatus.OWED), wrong


@pytest.mark.parametrize("project", those("stub"))
async def test_a_stub_whose_tests_fail(project: Project, tmp_path: Path, sandbox: Sandbox) -> None:
    task, toolchain = made(tmp_path, project, project.stub, sandbox)
    right = await toolchain.evidence(task, candidate_of(task, project.right))
    assert grade(right) is Grade.PROVEN, right
    wrong = await toolchain.evidence(task, candidate_of(task, project.wrong))
    owed = [result for result in wrong.results if result.status is CheckStatus.OWED]
    assert owed, wrong
    words = "\n".join(failure_words(result) for result in owed)
    assert all(part in words for part in project.told), words


@pytest.mark.parametrize("project", those("stub", among=SOME))
async def test_what_an_earlier_process_saw_of_the_stub(
    project: Project, tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, environment = written(tmp_path / "project", project, project.stub)
    known: list[bool] = []
    load = KeptRuns.load

    def loaded(self: KeptRuns, key: str) -> object:
        found = load(self, key)
        known.append(found is not None)
        return found

    async def looked(code: str) -> Evidence:
        """What a process of its own says."""
        every = toolchains(
            lang.BUILT_IN, sandbox, timeout=120, commands={}, environment=environment, runs=tmp_path / "runs"
        )
        return await every[project.language].evidence(task, candidate_of(task, code))

    monkeypatch.setattr(KeptRuns, "load", loaded)
    first, again, wrong = await looked(project.right), await looked(project.right), await looked(project.wrong)
    assert known == [False, True, True]
    assert {one.id: one.status for one in again.results} == {one.id: one.status for one in first.results}
    assert grade(again) is Grade.PROVEN
    words = "\n".join(failure_words(result) for result in wrong.results if result.status is CheckStatus.OWED)
    assert all(part in words for part in project.told), words


@pytest.mark.parametrize("project", those("absent", "absent_right", among=SOME))
async def test_a_function_that_is_not_there_yet(project: Project, tmp_path: Path, sandbox: Sandbox) -> None:
    assert project.absent is not None
    assert project.absent_right is not None
    task, toolchain = made(tmp_path, project, project.absent, sandbox)
    right = await toolchain.evidence(task, candidate_of(task, project.absent_right))
    assert grade(right) is Grade.PROVEN, right
    other = project.absent_right.replace(project.scope, "aria")
    nothing = await toolchain.evidence(task, candidate_of(task, other))
    assert nothing.count(CheckStatus.OWED), nothing


@pytest.mark.parametrize("project", those("two", "two_files", among=SOME))
async def test_two_stubs_and_tests_for_both(project: Project, tmp_path: Path, sandbox: Sandbox) -> None:
    assert project.two is not None
    task, toolchain = made(tmp_path, project, project.two, sandbox, project.two_files)
    await expect_decided(project, task, toolchain)


@pytest.mark.parametrize("project", those("absent", "absent_right", "two_files", among=SOME))
async def test_two_functions_that_are_not_there_and_tests_for_both(
    project: Project, tmp_path: Path, sandbox: Sandbox
) -> None:
    assert project.absent is not None
    assert project.absent_right is not None
    task, toolchain = made(tmp_path, project, project.absent, sandbox, project.two_files)
    right = await toolchain.evidence(task, candidate_of(task, project.absent_right))
    assert grade(right) is Grade.PROVEN, right
    code = re.sub(r"\bwidth \* (\$?)height", r"width + \1height", project.absent_right)
    assert code != project.absent_right
    wrong = await toolchain.evidence(task, candidate_of(task, code))
    assert wrong.count(CheckStatus.OWED), wrong


@pytest.mark.parametrize("project", those("working", "mutant", "rewrite"))
async def test_working_code(project: Project, tmp_path: Path, sandbox: Sandbox) -> None:
    assert project.working is not None
    assert project.mutant is not None
    assert project.rewrite is not None
    task, toolchain = made(tmp_path, project, project.working, sandbox)
    mutant = await toolchain.evidence(task, candidate_of(task, project.mutant))
    assert mutant.count(CheckStatus.FAILED), mutant
    rewrite = await toolchain.evidence(task, candidate_of(task, project.rewrite))
    assert grade(rewrite, unfinished=False) is Grade.KEPT, rewrite


@pytest.mark.parametrize("project", those("example"))
async def test_an_example_in_the_documentation_alone(project: Project, tmp_path: Path, sandbox: Sandbox) -> None:
    assert project.example is not None
    alone = replace(project, files=project.example_files)
    task, toolchain = made(tmp_path, alone, project.example, sandbox)
    await expect_decided(project, task, toolchain)


def half_written(project: Project, marked: str, way: str) -> str:
    """The document with a scope that stops in the middle: of a statement ("operand"), or before its end ("block")."""
    before, rest = marked.split("«")
    inside, after = rest.split("»")
    if project.language.indented:
        line = "    half = width *" if way == "operand" else "    if width:"
        indent = re.match(r"\s*", before.rpartition("\n")[2] + inside)
        assert indent is not None
        return f"{before}«{inside}\n{indent[0]}{line}»{after}"
    end = re.search(r"(?:\n(?P<indent>[ \t]*)|\s*)(?P<closer>\}|\bend)\s*$", inside)
    assert end is not None, inside
    indent = end["indent"] or ""
    more = f"\n{indent}    half = width *\n{indent}{end['closer']}" if way == "operand" else ""
    return f"{before}«{inside[: end.start()]}{more}»{after}"


@pytest.mark.parametrize("way", ["operand", "block"])
@pytest.mark.parametrize("project", those("stub", among=SOME))
async def test_a_function_that_is_half_written(project: Project, way: str, tmp_path: Path, sandbox: Sandbox) -> None:
    task, toolchain = made(tmp_path, project, half_written(project, project.stub, way), sandbox)
    await expect_decided(project, task, toolchain)


@pytest.mark.parametrize("way", ["operand", "block"])
@pytest.mark.parametrize("project", those("example", among=SOME))
async def test_an_example_of_a_function_that_is_half_written(
    project: Project, way: str, tmp_path: Path, sandbox: Sandbox
) -> None:
    assert project.example is not None
    alone = replace(project, files=project.example_files)
    task, toolchain = made(tmp_path, alone, half_written(project, project.example, way), sandbox)
    await expect_decided(project, task, toolchain)


@pytest.mark.parametrize("way", ["operand", "block"])
@pytest.mark.parametrize("project", those("stub", among=[one for one in SOME if one.one_definition]))
async def test_a_job_from_the_cursor_in_half_written_code(
    project: Project, way: str, tmp_path: Path, sandbox: Sandbox
) -> None:
    task, toolchain = made(tmp_path, project, half_written(project, project.stub, way), sandbox)
    at = task.scope.range.end - 1
    while task.document.text[at] in " \t\n}" or task.document.text[at - 3 : at + 1] == "\nend":
        at -= 1
    scope = Scopes(TreeSitterSyntax()).scope(task.document, TextRange(start=at, end=at))
    assert scope.kind is ScopeKind.DEFINITION
    found = scope.range.of(task.document.text).strip()
    assert task.original.strip() in found or found in task.original, found
    task = replace(task, scope=scope)
    ended = await whole_job(task, toolchain, "evidence", ScriptedModel("w", answer(project, project.right)))
    assert (ended.outcome, ended.evidence and ended.evidence.grade) == (Outcome.ACCEPTED, Grade.PROVEN), ended.reason
    stubborn = ScriptedModel("w", answer(project, project.wrong), repeat=True)
    refused = await whole_job(task, toolchain, "score", stubborn)
    assert refused.outcome is Outcome.EXHAUSTED, refused.reason


BROKEN = {
    lang.PYTHON: "\n\ndef other():\n    return 1 +\n",
    lang.GO: "\nfunc other() int {\n\treturn 1 +\n}\n",
    lang.RUST: "\npub fn other() -> i64 {\n    1 +\n}\n",
    lang.RUBY: "\ndef other\n  1 +\nend\n",
    lang.PHP: "\nfunction other() {\n    return 1 +;\n}\n",
    lang.JAVASCRIPT: "\nfunction other() {\n  return 1 +;\n}\n",
    lang.TYPESCRIPT: "\nfunction other(): number {\n  return 1 +;\n}\n",
    lang.JAVA: "\n    int other() {\n        return 1 +;\n    }\n",
    lang.KOTLIN: "\nfun other(): Int {\n    return 1 +\n}\n",
    lang.CSHARP: "\n    int Other()\n    {\n        return (1;\n    }\n",
    lang.C: "\nint other(void) {\n    return 1 +;\n}\n",
    lang.CPP: "\nint other() {\n    return 1 +;\n}\n",
}
"""Another function of the user's that is half written."""


@pytest.mark.parametrize("project", those("stub", among=[one for one in SOME if one.one_definition]))
async def test_a_document_that_is_broken_elsewhere(project: Project, tmp_path: Path, sandbox: Sandbox) -> None:
    more = BROKEN[project.language]
    head, brace, tail = project.stub.rpartition("}")
    inside = project.language in (lang.JAVA, lang.CSHARP) or tail.strip()
    marked = f"{head}{more}{brace}{tail}" if inside and "»" not in tail else f"{project.stub}{more}"
    task, toolchain = made(tmp_path, project, marked, sandbox)
    writer = ScriptedModel("w", answer(project, project.right), repeat=True)
    ended = await whole_job(task, toolchain, "score", writer)
    assert ended.outcome is Outcome.UNVERIFIED, ended.reason


UNWRITTEN = {
    "raise NotImplementedError": "return width * height",
    "todo!()": "width * height",
    "throw new NotImplementedException();": "return width * height;",
    'panic("not implemented")': "return width * height",
    "return 0; // TODO": "return width * height;",
    'throw std::logic_error("not implemented");': "return width * height;",
    'throw new UnsupportedOperationException("not written yet")': "return width * height",
}


@pytest.mark.parametrize("project", those("example", "mutant", "rewrite"))
async def test_an_example_of_working_code(project: Project, tmp_path: Path, sandbox: Sandbox) -> None:
    assert project.example is not None
    assert project.mutant is not None
    assert project.rewrite is not None
    stub = next(text for text in UNWRITTEN if text in project.example)
    marked = project.example.replace(stub, UNWRITTEN[stub], 1)
    alone = replace(project, files=project.example_files, working=marked)
    task, toolchain = made(tmp_path, alone, marked, sandbox)
    mutant = await toolchain.evidence(task, candidate_of(task, project.mutant))
    assert mutant.count(CheckStatus.FAILED), mutant
    rewrite = await toolchain.evidence(task, candidate_of(task, project.rewrite))
    assert grade(rewrite, unfinished=False) is Grade.KEPT, rewrite


def importing(candidate: Candidate, imports: tuple[str, ...]) -> Candidate:
    """The candidate with its imports at the top of the file, below a package clause."""
    clause = re.match(r"package \w+;?\n+", candidate.text)
    at = clause.end() if clause is not None else 0
    lines = "".join(f"{line}\n" for line in imports)
    return replace(candidate, text=candidate.text[:at] + lines + candidate.text[at:], imports=imports)


def drawn(attribute: str, most: int) -> list[object]:
    """The forgeries of every project, the honest answers, or what keeps tests from being run: all of them where
    ``TESTS_TABLES=all`` says so (``make tables``, before a release), else ``most`` of each project, drawn by a seed
    (``TESTS_SEED``)."""
    chance = random.Random(seed())
    found: list[object] = []
    for project in PROJECTS:
        every = list(getattr(project, attribute))
        some = every if WHOLE else chance.sample(every, min(most, len(every)))
        found += [pytest.param(project, one, id=f"{project.language}-{project.name}-{one.channel}") for one in some]
    return found


class Injecting:
    """A sandbox whose trees hold, each, the next of some texts as ``turn.txt``."""

    def __init__(self, inner: Sandbox, turns: Sequence[str]) -> None:
        self._inner, self._turns = inner, iter(turns)
        self.kind, self.runs_project_code, self.remedy = inner.kind, inner.runs_project_code, inner.remedy

    def open(self, tree: Tree) -> AbstractAsyncContextManager[Box]:
        turn = {PurePosixPath("turn.txt"): next(self._turns).encode()}
        return self._inner.open(replace(tree, files={**tree.files, **turn}))


# Untouched, candidate, and once more: the candidate, since it failed; the untouched text, since it would be a proof.
TURNS = (("pass", "fail", "pass"), ("fail", "pass", "pass"))
MOODY = [
    pytest.param(project, turns, id=f"{project.language}-{project.name}-{turns[0]}")
    for number, project in enumerate(one for one in PROJECTS if one.moody is not None)
    for other, turns in enumerate(TURNS)
    if WHOLE or other == number % 2
]


@pytest.mark.parametrize(("project", "turns"), MOODY)
async def test_a_test_that_changes_its_mind_is_neither_proof_nor_against(
    project: Project, turns: Sequence[str], tmp_path: Path, sandbox: Sandbox
) -> None:
    assert project.working is not None
    assert project.rewrite is not None
    task, toolchain = made(tmp_path, project, project.working, Injecting(sandbox, turns), project.moody)  # type: ignore[arg-type]
    assert isinstance(toolchain, Remembered)
    found = await toolchain.toolchain.evidence(task, candidate_of(task, project.rewrite))  # again for each turn
    moody = [result for result in found.results if result.id.endswith("moody")]
    assert [result.status for result in moody] == [CheckStatus.FLAKY], found
    assert "passes and fails" in moody[0].detail
    others = {result.status for result in found.results if result not in moody}
    assert others == {CheckStatus.KEPT}, found


FORGED, HONEST = drawn("forgeries", 2), drawn("honest", 1)
FORGED_EXAMPLES, HONEST_EXAMPLES = drawn("example_forgeries", 2), drawn("example_honest", 1)
UNRUNNABLE = drawn("unrunnable", 1)


@pytest.mark.parametrize(("project", "forgery"), FORGED)
async def test_a_forged_proof_is_not_believed(
    project: Project, forgery: Forgery, tmp_path: Path, sandbox: Sandbox
) -> None:
    task, toolchain = made(tmp_path, project, project.stub, sandbox)
    candidate = candidate_of(task, forgery.code)
    forged = await toolchain.evidence(task, importing(candidate, forgery.imports))
    assert grade(forged) is not Grade.PROVEN, forged
    assert forged.doubt is not None or any(result.status in AGAINST for result in forged.results), forged


@pytest.mark.parametrize(("project", "honest"), HONEST)
async def test_honest_code_that_looks_odd_is_believed(
    project: Project, honest: Forgery, tmp_path: Path, sandbox: Sandbox
) -> None:
    task, toolchain = made(tmp_path, project, project.stub, sandbox)
    candidate = candidate_of(task, honest.code)
    right = await toolchain.evidence(task, importing(candidate, honest.imports))
    assert grade(right) is Grade.PROVEN, right


@pytest.mark.parametrize(("project", "what"), UNRUNNABLE)
async def test_tests_that_cannot_be_run_say_why(
    project: Project, what: Unrunnable, tmp_path: Path, sandbox: Sandbox
) -> None:
    task, toolchain = made(tmp_path, project, project.stub, sandbox, what.files)
    ended = await whole_job(task, toolchain, "score", ScriptedModel("w", answer(project, project.right), repeat=True))
    assert (ended.outcome, len(ended.attempts)) == (Outcome.UNVERIFIED, 1), ended
    assert what.words in (ended.reason or ""), ended.evidence
    assert (what.remedy or "") in (ended.reason or ""), ended.reason


def example_alone(project: Project, root: Path, sandbox: Sandbox) -> tuple[Task, Toolchain]:
    """The project with an example in the documentation and no test."""
    assert project.example is not None
    return made(root, replace(project, files=project.example_files), project.example, sandbox)


@pytest.mark.parametrize(("project", "forgery"), FORGED_EXAMPLES)
async def test_a_forged_example_is_not_believed(
    project: Project, forgery: Forgery, tmp_path: Path, sandbox: Sandbox
) -> None:
    task, toolchain = example_alone(project, tmp_path, sandbox)
    candidate = importing(candidate_of(task, forgery.code), forgery.imports)
    forged = await toolchain.evidence(task, candidate)
    assert grade(forged) is not Grade.PROVEN, forged
    if forged.doubt is None and not any(result.status in AGAINST for result in forged.results):
        # In a namespace some of them are no code at all.
        assert (await toolchain.build(task, candidate.text)).status is BuildStatus.FAILED, forged


@pytest.mark.parametrize(("project", "honest"), HONEST_EXAMPLES)
async def test_honest_code_with_an_example_is_believed(
    project: Project, honest: Forgery, tmp_path: Path, sandbox: Sandbox
) -> None:
    task, toolchain = example_alone(project, tmp_path, sandbox)
    right = await toolchain.evidence(task, importing(candidate_of(task, honest.code), honest.imports))
    assert grade(right) is Grade.PROVEN, right


async def whole_job(task: Task, toolchain: Toolchain, rule: str, *writers: ScriptedModel) -> Conclusion:
    """A job of two attempts whose panel always gives 9; the writers take turns."""
    reviewer = ScriptedModel("r", verdict_text(9), repeat=True)
    rows = tuple(
        Row(
            attempts=(number, number + len(writers)),
            generator=Generator(model=writer.info.key),
            panel=Panel(kind="simple", members=("r",)),
        )
        for number, writer in enumerate(writers, 1)
    )
    syntax = TreeSitterSyntax()
    ensemble = Ensemble(
        models=ScriptedDirectory(reviewer, *writers),
        syntax=syntax,
        context=PlainContext(),
        editing=Edits(syntax),
        toolchain_for=lambda _: toolchain,
        clock=ManualClock(),
    )
    schedule = Schedule(rows=rows, accept=Accept(rule=rule))  # type: ignore[arg-type]
    return await ensemble.run(task, schedule=schedule, attempts=2, spending=Purse(), emit=Events())


def answer(project: Project, code: str) -> str:
    return f"```{project.language}\n{code}\n```"


def beginnings() -> list[object]:
    """Each project with the document that a job begins on: the stub, nothing yet, the stub and its example alone."""
    found: list[object] = []
    for project in SOME:
        if not project.one_definition:
            continue
        named = f"{project.language}-{project.name}"
        found.append(pytest.param(project, project.stub, project.right, id=named))
        if project.absent is not None and project.absent_right is not None:
            found.append(pytest.param(project, project.absent, project.absent_right, id=f"{named}-absent"))
        if project.example is not None:
            alone = replace(project, files=project.example_files)
            found.append(pytest.param(alone, project.example, project.right, id=f"{named}-example"))
    return found


@pytest.mark.parametrize(("project", "marked", "right"), beginnings())
async def test_a_job_goes_on_until_the_tests_pass(
    project: Project, marked: str, right: str, tmp_path: Path, sandbox: Sandbox
) -> None:
    task, toolchain = made(tmp_path, project, marked, sandbox)
    begun = (marked, project.files) != (project.example, project.example_files) and marked == project.stub
    wrong, other = (re.sub(r"\bwidth \* (\$?)height", rf"width {sign} \1height", right) for sign in "+-")
    assert len({right, wrong, other}) == 3
    for rule in ("score", "evidence"):
        writer = ScriptedModel("w", answer(project, wrong), answer(project, right))
        ended = await whole_job(task, toolchain, rule, writer)
        assert (ended.outcome, len(ended.attempts)) == (Outcome.ACCEPTED, 2), ended.reason
        assert ended.evidence is not None
        assert ended.evidence.grade is Grade.PROVEN
        told = [part for part in project.told if "expected" in part or begun]
        # Names and numbers of tests differ from one beginning to the other; what was expected and came does not.
        assert (all if begun else any)(part in writer.prompts[1] for part in told), writer.prompts[1]
        stubborn = ScriptedModel("w", answer(project, wrong), repeat=True)
        refused = await whole_job(task, toolchain, rule, stubborn)
        assert refused.outcome is Outcome.EXHAUSTED, refused.reason
        two = [ScriptedModel(name, answer(project, code)) for name, code in (("v", wrong), ("w", other))]
        differing = await whole_job(task, toolchain, rule, *two)
        assert differing.outcome is Outcome.EXHAUSTED, differing.reason


WRONG_TESTS = {"pytest": "test_shapes.py", "go test": "area_test.go", "node": "test/shapes.test.mjs"}


@pytest.mark.parametrize(
    "project",
    [pytest.param(one, id=f"{one.language}-{one.name}") for one in PROJECTS if one.name in WRONG_TESTS],
)
async def test_a_test_that_is_wrong_itself(project: Project, tmp_path: Path, sandbox: Sandbox) -> None:
    file = WRONG_TESTS[project.name]
    wrong = {file: project.files[file].replace("6", "7")}
    task, toolchain = made(tmp_path, project, project.stub, sandbox, wrong)
    alone = ScriptedModel("w", answer(project, project.right), repeat=True)
    refused = await whole_job(task, toolchain, "score", alone)
    assert (refused.outcome, len(refused.attempts)) == (Outcome.EXHAUSTED, 2), refused.reason
    two = [ScriptedModel(name, answer(project, project.right), repeat=True) for name in "vw"]
    disputed = await whole_job(task, toolchain, "score", *two)
    assert disputed.outcome is Outcome.UNVERIFIED, disputed.reason
    assert re.search(r"expects 7; two models answer 6", disputed.reason or ""), disputed.reason


@pytest.mark.parametrize("project", those("unparsable"))
async def test_an_answer_that_does_not_parse(project: Project, tmp_path: Path, sandbox: Sandbox) -> None:
    assert project.unparsable is not None
    task, toolchain = made(tmp_path, project, project.stub, sandbox)
    writer = ScriptedModel("w", answer(project, project.unparsable), answer(project, project.right))
    ended = await whole_job(task, toolchain, "score", writer)
    first = ended.attempts[0]
    assert first.build is not None, first.decision
    assert first.build.compiled is False
    assert first.build.diagnostics[0].line > 0
    assert first.build.diagnostics[0].message in writer.prompts[1]
    assert ended.outcome is Outcome.ACCEPTED, ended.reason


@pytest.mark.parametrize("project", those("beyond_grammar"))
async def test_right_code_that_the_grammar_does_not_know(project: Project, tmp_path: Path, sandbox: Sandbox) -> None:
    assert project.beyond_grammar is not None
    task, toolchain = made(tmp_path, project, project.stub, sandbox)
    writer = ScriptedModel("w", answer(project, project.beyond_grammar))
    ended = await whole_job(task, toolchain, "evidence", writer)
    assert (ended.outcome, len(ended.attempts)) == (Outcome.ACCEPTED, 1), ended.reason
