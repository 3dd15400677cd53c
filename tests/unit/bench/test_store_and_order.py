"""What is kept of a run, which results count again, and the order of the cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_lsp.bench.carried import LEVELS, carried_tasks
from forge_lsp.bench.case import is_right
from forge_lsp.bench.results import CaseResult, Store
from forge_lsp.bench.run import shuffled
from forge_lsp.cli.arguments import parse
from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckKind, CheckResult, CheckStatus
from forge_lsp.languages.registry import BUILT_IN
from tests.unit.bench.test_rules_and_summary import PROVEN, attempt, case_result


def loaded(folder: Path) -> Store:
    store = Store(folder)
    store.load()
    return store


def test_results_come_back_whole_but_for_the_document(tmp_path: Path) -> None:
    one = case_result(attempt(1, PROVEN, 9.0, "accept"), outcome="accepted", grade="proven", right=(None,))
    loaded(tmp_path).keep(one)
    again = loaded(tmp_path).known("a", "f")
    assert again is not None
    assert (again.outcome, again.right, again.attempts[0].evidence) == ("accepted", (None,), PROVEN)
    candidate = again.attempts[0].candidate
    assert candidate is not None
    assert (candidate.code, candidate.text) == ("c", "")


def test_a_torn_line_costs_only_itself(tmp_path: Path) -> None:
    store = loaded(tmp_path)
    store.keep(case_result())
    with store.path.open("a") as file:
        file.write('{"id": "torn')
    loaded(tmp_path).keep(CaseResult(id="b", language="c", fingerprint="g", skipped="why"))
    again = loaded(tmp_path)
    assert again.known("a", "f") is not None
    found = again.known("b", "g")
    assert found is not None
    assert found.skipped == "why"


def test_other_texts_and_a_fresh_start_forget(tmp_path: Path) -> None:
    store = loaded(tmp_path)
    assert store.known("a", "f") is None
    store.keep(case_result())
    assert store.known("a", "other") is None
    store.clear()
    assert loaded(tmp_path).known("a", "f") is None


def test_a_small_run_is_the_start_of_a_larger_one() -> None:
    tasks = carried_tasks(BUILT_IN)
    assert shuffled(tasks, 1) == shuffled(tasks, 1)
    assert shuffled(tasks, 1) != shuffled(tasks, 2)
    assert sorted(task.id for task in shuffled(tasks, 3)) == sorted(task.id for task in tasks)


def test_the_tasks_that_come_along() -> None:
    tasks = carried_tasks(BUILT_IN)
    assert len(tasks) >= 36
    assert len({task.language for task in tasks}) >= 7
    assert len({task.id for task in tasks}) == len(tasks)
    assert {task.level for task in tasks} == set(LEVELS)
    for task in tasks:
        assert task.stub.count("«") == task.stub.count("»") == 1, task.id
        assert BUILT_IN.of_file(task.document) is task.language, task.id
        assert task.visible != task.hidden, task.id
        assert "«" not in task.text + task.solved, task.id


def result(status: CheckStatus, id_: str = "t") -> CheckResult:
    return CheckResult(id=id_, kind=CheckKind.TEST, status=status, source=id_)


@pytest.mark.parametrize(
    ("evidence", "wanted", "right"),
    [
        (Evidence(results=(result(CheckStatus.PROOF),)), None, True),
        (Evidence(results=(result(CheckStatus.PROOF), result(CheckStatus.OWED, "u"))), None, False),
        (Evidence(results=(result(CheckStatus.PROOF), result(CheckStatus.FLAKY, "u"))), None, None),
        (Evidence(), None, None),
        (Evidence(blocked="no sandbox"), None, None),
        (Evidence(results=(result(CheckStatus.PROOF),), doubt="it ends the process"), None, None),
        (Evidence(results=(result(CheckStatus.PROOF),)), frozenset({"t"}), True),
        (Evidence(results=(result(CheckStatus.PROOF),)), frozenset({"t", "u"}), False),
        (Evidence(results=(result(CheckStatus.PROOF), result(CheckStatus.FLAKY, "u"))), frozenset({"t", "u"}), None),
    ],
)
def test_when_a_candidate_is_right(evidence: Evidence, wanted: frozenset[str] | None, right: bool | None) -> None:
    assert is_right(evidence, wanted) is right


@pytest.mark.parametrize("words", [["--tasks", "0"], ["--seed", "-1"], ["--max-iterations", "x"]])
def test_wrong_words_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["bench", *words])
    assert ended.value.code == 2
    assert words[0] in capsys.readouterr().err
