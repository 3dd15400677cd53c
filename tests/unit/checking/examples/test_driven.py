"""What an answer of a driver says of an example, and which lines of documentation are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from forge_lsp.checking.examples.answers import Answer, Answers, AskedCall
from forge_lsp.checking.examples.comparing import Opaque
from forge_lsp.checking.examples.driven import DocumentedExamples
from forge_lsp.checking.examples.types import Parameter, Signature, Type
from forge_lsp.checking.examples.values import Group, Value, shown
from forge_lsp.checking.examples.written import Call, DocumentationLine
from forge_lsp.checking.project import Place, place_of
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.task import Task
from tests.support import lang
from tests.support.builds import candidate_of, task_of

TEXT = "«/// {0}\nint f(int x) {{ stub }}»\n"


class Told:
    """A driver whose calls give what the test says, before and after."""

    matters = (".x",)

    def __init__(self, before: Answer, after: Answer, doubt: str | None = None) -> None:
        self.before, self.after, self.doubt = before, after, doubt
        self.calls: list[str] = []

    def signature(self, task: Task, text: str) -> Signature:
        del task, text
        return Signature(name="f", parameters=(Parameter(name="x", type=Type(kind="other", text="Shape")),))

    def literal(self, value: Value, signature: Signature, place: int) -> str:
        del signature, place
        return shown(value)

    def expression(self, signature: Signature, arguments: Sequence[str], call: Call) -> str:
        del signature, call
        return f"f({', '.join(arguments)})"

    def step(self, text: str) -> str:
        return text

    async def answers(self, place: Place, text: str, signature: Signature, calls: Sequence[AskedCall]) -> Answers:
        del place, signature
        self.calls = [call.call for call in calls]
        given = {call.id: self.before if "stub" in text else self.after for call in calls}
        return Answers(by_id=given, doubt=self.doubt)


class Anywhere:
    """A sandbox that runs what it is given; the driver above gives it nothing."""

    runs_project_code = True
    kind = "off"
    remedy = None


async def status(said: str, before: Answer, after: Answer) -> CheckStatus:
    task = task_of(TEXT.format(said), language=lang.JAVA, path=Path("/nowhere/A.java"), name="f")
    examples = DocumentedExamples(Anywhere(), Told(before, after))  # type: ignore[arg-type]
    evidence = await examples.run(task, candidate_of(task, "int f(int x) { done }"), place_of(task, alone=True))
    (result,) = evidence.results
    return result.status


def raised(error: str, *names: str) -> Answer:
    return Answer(state="raised", error=error, names=names)


@pytest.mark.parametrize(
    ("said", "after", "wanted"),
    [
        ("f(1) throws IOException", raised("FileNotFoundException", "IOException"), CheckStatus.PROOF),
        ("f(1) throws IOException", raised("IOException"), CheckStatus.PROOF),
        ("f(1) throws IOException", raised("panic", "*"), CheckStatus.PROOF),
        ("f(1) throws IOException", raised("OtherException"), CheckStatus.OWED),
        ("f(1) throws", raised("OtherException"), CheckStatus.PROOF),
        ("f(1) throws", raised("NotImplementedException"), CheckStatus.OWED),
        ("f(1) throws NotImplementedException", raised("NotImplementedException"), CheckStatus.KEPT),
    ],
)
async def test_errors_have_more_names_than_one(said: str, after: Answer, wanted: CheckStatus) -> None:
    assert await status(said, raised("NotImplementedException"), after) is wanted


async def test_what_only_the_language_can_read_is_left_to_it() -> None:
    driver = Told(raised("E"), Answer(state="done", value=1))
    task = task_of(TEXT.format("f(Shape::square(2)) = 1"), language=lang.JAVA, path=Path("/nowhere/A.java"), name="f")
    examples = DocumentedExamples(Anywhere(), driver)  # type: ignore[arg-type]
    await examples.run(task, candidate_of(task, "int f(int x) { done }"), place_of(task, alone=True))
    assert driver.calls == ["f(Shape::square(2))"]


async def test_lines_can_be_left_to_another_runner() -> None:
    def none(task: Task, lines: Sequence[DocumentationLine]) -> Sequence[DocumentationLine]:
        del task
        assert any("f(1) = 2" in line.text for line in lines)
        return ()

    task = task_of(TEXT.format("f(1) = 2"), language=lang.JAVA, path=Path("/nowhere/A.java"), name="f")
    examples = DocumentedExamples(Anywhere(), Told(raised("E"), raised("E")), read=none)  # type: ignore[arg-type]
    evidence = await examples.run(task, candidate_of(task, "int f(int x) { done }"), place_of(task, alone=True))
    assert evidence.results == ()


async def test_what_a_run_shows_of_a_candidate_takes_its_proof_away() -> None:
    task = task_of(TEXT.format("f(1) = 2"), language=lang.JAVA, path=Path("/nowhere/A.java"), name="f")
    right = Answer(state="done", value=2)
    examples = DocumentedExamples(Anywhere(), Told(raised("E"), right, "it ends the process"))  # type: ignore[arg-type]
    evidence = await examples.run(task, candidate_of(task, "int f(int x) { done }"), place_of(task, alone=True))
    assert [result.status for result in evidence.results] == [CheckStatus.PROOF]
    assert evidence.doubt == "it ends the process"


class Typed(Told):
    """A driver whose function gives what its header says: ``int``, or anything else, which is the project's own."""

    def signature(self, task: Task, text: str) -> Signature:
        kind = "int" if "int f" in text else "list" if "list f" in text else "other"
        return replace(super().signature(task, text), result=Type(kind=kind, text=kind))


@pytest.mark.parametrize(
    ("header", "value", "wanted"),
    [
        ("int f", 2, CheckStatus.PROOF),
        ("int f", 3, CheckStatus.OWED),
        ("list f", Group("list", (2,)), CheckStatus.OWED),
        ("Any f", Opaque("2"), CheckStatus.OWED),
    ],
)
async def test_a_candidate_cannot_change_what_its_examples_mean(header: str, value: Value, wanted: CheckStatus) -> None:
    task = task_of(TEXT.format("f(1) = 2"), language=lang.JAVA, path=Path("/nowhere/A.java"), name="f")
    driver = Typed(raised("E"), Answer(state="done", value=value))
    examples = DocumentedExamples(Anywhere(), driver)  # type: ignore[arg-type]
    evidence = await examples.run(task, candidate_of(task, f"{header}(int x) {{ done }}"), place_of(task, alone=True))
    assert [result.status for result in evidence.results] == [wanted]
