"""What a change comes to where no tool runs: rulings, the worst that decides, what is told. The runs are scripted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from forge_lsp.changes.judging import JudgingTools, judge
from forge_lsp.changes.rendering import document_of, lines_of
from forge_lsp.changes.values import Change, Judgement, Ruling
from forge_lsp.core.attempt import BuildReport, BuildStatus, Candidate, Diagnostic, Evidence, Severity
from forge_lsp.core.checks import CheckKind, CheckResult, CheckStatus, Grade
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Toolchain
from forge_lsp.core.task import FileChange, Task
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.languages.registry import BUILT_IN
from tests.support import lang

SYNTAX = TreeSitterSyntax()
OLD = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"
NEW = OLD.replace("return 1", "return 0 + 1").replace("return 2", "return 1 + 1")
KEPT, PROOF, FAILED = CheckStatus.KEPT, CheckStatus.PROOF, CheckStatus.FAILED


class Scripted(Toolchain):
    """A toolchain that answers by the scope's name, and remembers what it was asked."""

    def __init__(self, build: BuildReport, evidence: Mapping[str | None, Evidence]) -> None:
        self.report = build
        self.known = evidence
        self.tasks: list[Task] = []

    async def build(self, task: Task, text: str) -> BuildReport:
        self.tasks.append(task)
        return self.report

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        self.tasks.append(task)
        return self.known.get(task.scope.name, Evidence())


def seen(*statuses: CheckStatus, environment: bool = False) -> Evidence:
    return Evidence(
        results=tuple(
            CheckResult(
                id=f"t{number}",
                kind=CheckKind.TEST,
                status=status,
                source=f"tests: test_{number}",
                expected="3",
                actual="4",
                environment=environment,
            )
            for number, status in enumerate(statuses)
        )
    )


PASSED = BuildReport(status=BuildStatus.PASSED, tool="x")
BROKEN = BuildReport(
    status=BuildStatus.FAILED,
    tool="x",
    diagnostics=(Diagnostic(file="a.py", line=2, severity=Severity.ERROR, message="no such name"),),
)
UNKNOWN = BuildReport(status=BuildStatus.UNVERIFIED, tool="x", reason="there is no compiler", remedy="get one")


async def come_to(
    folder: Path,
    build: BuildReport,
    evidence: Mapping[str | None, Evidence],
    *files: FileChange,
    least: Grade | None = Grade.KEPT,
    trust: bool = False,
) -> tuple[Judgement, Scripted]:
    scripted = Scripted(build, evidence)

    async def toolchains(_: Path | None) -> Mapping[Language, Toolchain]:
        return {lang.PYTHON: scripted}

    tools = JudgingTools(toolchains=toolchains, languages=BUILT_IN, syntax=SYNTAX, scoping=Scopes(SYNTAX))
    changed = files or (FileChange(path=folder / "a.py", before=OLD, after=NEW),)
    change = Change(workspace=folder, files=changed)
    return await judge([change], tools, against="HEAD", least=least, trust_tests=trust), scripted


@pytest.mark.parametrize(
    ("build", "one", "two", "least", "ruling", "grade"),
    [
        pytest.param(PASSED, seen(PROOF), seen(PROOF, KEPT), Grade.KEPT, "accepted", "proven", id="proven"),
        pytest.param(PASSED, seen(PROOF), seen(KEPT), Grade.KEPT, "accepted", "kept", id="the-least-grade"),
        pytest.param(PASSED, seen(PROOF), seen(KEPT), Grade.PROVEN, "unverified", None, id="less-than-asked"),
        pytest.param(PASSED, seen(PROOF), seen(FAILED), Grade.KEPT, "refused", None, id="the-worst-decides"),
        pytest.param(PASSED, seen(PROOF), Evidence(), Grade.KEPT, "unverified", None, id="nothing-to-run"),
        pytest.param(PASSED, seen(PROOF), Evidence(), None, "accepted", None, id="nothing-needed"),
        pytest.param(BROKEN, seen(PROOF), seen(PROOF), None, "refused", None, id="does-not-compile"),
        pytest.param(UNKNOWN, seen(PROOF), seen(PROOF), None, "unverified", None, id="no-compiler"),
        pytest.param(
            PASSED, seen(PROOF), Evidence(blocked="no sandbox", remedy="x"), None, "unverified", None, id="no-sandbox"
        ),
        pytest.param(
            PASSED, seen(PROOF), Evidence(doubt="it ends the process"), None, "unverified", None, id="a-doubt"
        ),
        pytest.param(
            PASSED,
            seen(PROOF),
            seen(CheckStatus.NOT_RUNNABLE, environment=True),
            None,
            "unverified",
            None,
            id="not-runnable",
        ),
    ],
)
async def test_the_worst_place_decides(
    tmp_path: Path,
    build: BuildReport,
    one: Evidence,
    two: Evidence,
    least: Grade | None,
    ruling: str,
    grade: str | None,
) -> None:
    judgement, _ = await come_to(tmp_path, build, {"one": one, "two": two}, least=least)
    document = document_of(judgement)
    assert (document["outcome"], document["grade"]) == (ruling, grade), judgement.reason
    assert [place.name for place in judgement.places] == ["one", "two"]
    last, words = list(lines_of(judgement))[-1]
    assert last == ruling and words.startswith(ruling)
    if FAILED in (result.status for result in two.results):
        assert "    `tests: test_0`: expected 3, got 4 (it passed before)" in [line for _, line in lines_of(judgement)]


async def test_what_is_gone_needs_no_proof_but_must_break_nothing(tmp_path: Path) -> None:
    file = FileChange(path=tmp_path / "a.py", before=OLD, after=OLD[: OLD.index("def two")].rstrip() + "\n")
    judgement, _ = await come_to(tmp_path, PASSED, {}, file)
    assert judgement.ruling is Ruling.ACCEPTED and "taken out" in judgement.reason
    judgement, _ = await come_to(tmp_path, PASSED, {"two": seen(FAILED)}, file)
    assert judgement.ruling is Ruling.REFUSED


@pytest.mark.parametrize("trust", [False, True])
async def test_tests_of_a_change_count_as_before_unless_they_are_trusted(tmp_path: Path, trust: bool) -> None:
    test = FileChange(path=tmp_path / "tests" / "test_a.py", before="old", after="new")
    added = FileChange(path=tmp_path / "tests" / "test_b.py", before=None, after="new")
    data = FileChange(path=tmp_path / "data.json", before="1", after="2")
    beside = FileChange(path=tmp_path / "b.py", before="X = 1\n", after=None)
    code = FileChange(path=tmp_path / "a.py", before=OLD, after=NEW)
    judgement, scripted = await come_to(tmp_path, PASSED, {}, code, test, added, data, beside, trust=trust)
    others = {other.path.name: (other.before, other.after) for other in scripted.tasks[0].others}
    kept = {"test_a.py": ("new", "new"), "test_b.py": ("new", "new")}
    before = {"test_a.py": ("old", "old"), "test_b.py": (None, None)}
    assert others == {**(kept if trust else before), "data.json": ("2", "2"), "b.py": ("X = 1\n", None)}
    assert any("tests/test_a.py" in note for note in judgement.notes) is not trust


async def test_an_example_that_a_trusted_change_altered_is_not_owed(tmp_path: Path) -> None:
    def example(source: str) -> CheckResult:
        return CheckResult(id=source, kind=CheckKind.DOCTEST, status=FAILED, source=source, expected="1", actual="2")

    evidence = {"one": Evidence(results=(example("one() # old"), *seen(KEPT).results)), "two": seen(KEPT)}
    judgement, _ = await come_to(tmp_path, PASSED, evidence)
    assert judgement.ruling is Ruling.REFUSED
    judgement, _ = await come_to(tmp_path, PASSED, evidence, trust=True)
    assert judgement.ruling is Ruling.ACCEPTED


HELPED = (
    OLD.replace("return 1", "return _help()") + "\n\ndef _help():\n    return _deep()\n\n\ndef _deep():\n    return 1\n"
)


@pytest.mark.parametrize(
    ("caller", "helper", "ruling"),
    [
        pytest.param(seen(PROOF), Evidence(), "accepted", id="what-its-caller-shows"),
        pytest.param(seen(FAILED), Evidence(), "refused", id="a-caller-that-fails-shows-nothing"),
        pytest.param(Evidence(), Evidence(), "unverified", id="a-caller-without-checks-shows-nothing"),
        pytest.param(seen(PROOF), seen(FAILED), "refused", id="its-own-checks-come-first"),
        pytest.param(seen(PROOF), Evidence(doubt="it ends the process"), "unverified", id="a-doubt-stays"),
    ],
)
async def test_a_new_helper_is_judged_by_what_uses_it(
    tmp_path: Path, caller: Evidence, helper: Evidence, ruling: str
) -> None:
    files = (
        FileChange(path=tmp_path / "a.py", before=OLD, after=HELPED[: HELPED.index("def _deep")].rstrip() + "\n"),
        FileChange(path=tmp_path / "b.py", before="", after=HELPED[HELPED.index("def _deep") :]),
    )
    judgement, _ = await come_to(tmp_path, PASSED, {"one": caller, "_help": helper}, *files)
    assert judgement.ruling == ruling
    if ruling == "accepted":
        assert {place.name: place.reason.partition(":")[0] for place in judgement.places if place.new} == {
            "_help": "one uses it",
            "_deep": "_help uses it",
        }
        assert judgement.grade is Grade.PROVEN


async def test_new_code_that_nothing_uses_stays_unverified(tmp_path: Path) -> None:
    after = OLD.replace("return 1", "return 0 + 1") + "\n\ndef lonely():\n    return 3\n"
    file = FileChange(path=tmp_path / "a.py", before=OLD, after=after)
    judgement, _ = await come_to(tmp_path, PASSED, {"one": seen(PROOF)}, file)
    assert judgement.ruling is Ruling.UNVERIFIED
