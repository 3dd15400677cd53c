"""What one process saw of an untouched tree, as the next one takes it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from forge_lsp.checking.kept_runs import KeptRuns
from forge_lsp.checking.runs import NotedRun, SuiteRun, failed, noted, passed, skipped, uncollected
from forge_lsp.checking.suites import Memory, judged
from forge_lsp.core.checks import Cause, CheckStatus
from forge_lsp.languages.python.outcomes import PythonRun
from tests.support.builds import candidate_of, task_of
from tests.unit.checking.test_suites import (
    CODE,
    FAILED,
    KEPT,
    NOT_RUNNABLE,
    OPEN,
    OWED,
    PROOF,
    STUB,
    UNRELATED,
    scripted,
    statuses,
)

SECRET = "hunter2-of-a-failing-test"


async def saw(folder: Path, **runs: object) -> None:
    """An earlier process, which saw these runs of the untouched text."""
    suite, _ = scripted(runs, dict.fromkeys(runs, passed()), {})  # type: ignore[arg-type]
    await statuses(suite, Memory(SuiteRun, folder))


@pytest.mark.parametrize(
    ("before", "now", "asked", "status"),
    [
        (passed(), [{"a": passed()}], [(False, None)], KEPT),
        # A proof is seen to fail once more, by itself.
        (OPEN, [{"a": passed()}, {"a": OPEN}], [(False, None), (True, ["a"])], PROOF),
        # A test that is skipped is asked again, and no other.
        (skipped(), [{"a": skipped()}, {"a": skipped()}], [(False, None), (True, ["a"])], NOT_RUNNABLE),
    ],
)
async def test_the_next_process_runs_the_candidate_alone(
    tmp_path: Path, before: object, now: list[dict[str, object]], asked: object, status: CheckStatus
) -> None:
    await saw(tmp_path, a=before)
    suite, seen = scripted(*now)  # type: ignore[arg-type]
    assert await statuses(suite, Memory(SuiteRun, tmp_path)) == {"a": status}
    assert seen == asked


async def test_what_speaks_against_a_candidate_is_compared_with_a_run_of_now(tmp_path: Path) -> None:
    await saw(tmp_path, a=passed())
    down = failed("no database", cause=Cause.ENVIRONMENT)
    suite, seen = scripted({"a": down}, {"a": down}, {"a": down}, {"a": down})
    assert await statuses(suite, Memory(SuiteRun, tmp_path)) == {"a": UNRELATED}, (
        "it fails without the candidate too by now"
    )
    assert seen == [(False, None), (False, ["a"]), (True, None), (False, None)]


async def test_a_test_that_ends_in_another_way_now_is_run_whole(tmp_path: Path) -> None:
    await saw(tmp_path, a=skipped(), b=passed())
    now = {"a": skipped(), "b": passed()}
    both = {"a": passed(), "b": passed()}
    suite, seen = scripted(now, {"a": passed()}, both, now, {"a": skipped()})
    assert await statuses(suite, Memory(SuiteRun, tmp_path)) == {"a": FAILED, "b": KEPT}
    assert seen[:3] == [(False, None), (True, ["a"]), (True, None)]


async def test_a_failing_check_is_told_in_full_by_a_run_of_now(tmp_path: Path) -> None:
    was = failed("gives 5", cause=Cause.SCOPE, expected="6", actual="5")
    await saw(tmp_path, a=was)
    suite, _ = scripted({"a": was}, {"a": was}, {"a": was}, {"a": was}, {"a": was})
    task = task_of(STUB, name="area")
    memory = Memory(SuiteRun, tmp_path)
    (found,) = await judged(suite, task, candidate_of(task, CODE), memory)
    assert (found.status, found.expected, found.actual) == (OWED, "6", "5")
    assert not memory.earlier("k")


async def test_one_process_runs_it_once_and_keeps_it(tmp_path: Path) -> None:
    memory = Memory(SuiteRun, tmp_path)
    suite, seen = scripted({"a": passed()}, {"a": passed()}, {"a": failed()}, {"a": failed()})
    assert await statuses(suite, memory) == {"a": KEPT}
    assert await statuses(suite, memory) == {"a": FAILED}
    assert [stub for stub, _ in seen] == [True, False, False, False]


async def test_another_tree_is_another_run(tmp_path: Path) -> None:
    await saw(tmp_path, a=passed())
    suite, seen = scripted({"a": passed()}, {"a": passed()}, key="another")
    await statuses(suite, Memory(SuiteRun, tmp_path))
    assert seen[0] == (True, None)


def test_what_the_untouched_code_did_is_known_to_the_next_process(tmp_path: Path) -> None:
    run = noted(SuiteRun(runs={"a": passed()}), ["it replaces `assert`", "it replaces `assert`", "it ends the process"])
    KeptRuns(tmp_path, NotedRun).save("k", run, 1.0)
    kept = KeptRuns(tmp_path, NotedRun).load("k")
    assert kept is not None
    assert kept[0].notes == ("it replaces `assert`", "it ends the process")


def test_no_words_of_a_test_are_written(tmp_path: Path) -> None:
    kept = KeptRuns(tmp_path / "runs", PythonRun)
    run = PythonRun(
        runs={"a": failed(SECRET, cause=Cause.SCOPE, expected=SECRET, actual=SECRET), "b": passed()},
        uncollected={"t.py": uncollected(SECRET, cause=Cause.SCOPE, missing=("area",))},
        words=SECRET,
        entered={"a": True},
        doubts=("it walks the stack",),
        whole=False,
    )
    kept.save("k", run, 2.5)
    (file,) = (tmp_path / "runs").iterdir()
    assert SECRET not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert kept.load("k") == (
        PythonRun(
            runs={"a": failed(cause=Cause.SCOPE), "b": passed()},
            uncollected={"t.py": uncollected("", cause=Cause.SCOPE, missing=("area",))},
            entered={"a": True},
            doubts=("it walks the stack",),
            whole=False,
        ),
        2.5,
    )


def test_what_had_no_time_and_what_ran_nothing_are_not_kept(tmp_path: Path) -> None:
    kept = KeptRuns(tmp_path, SuiteRun)
    kept.save("late", SuiteRun(runs={"a": passed()}, late=("b",)), 60)
    kept.save("empty", SuiteRun(words="no tests"), 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "{", '{"run": 5, "seconds": 1}', '{"run": {"runs": {"a": {"state": 1}}}}']
)
def test_what_is_damaged_is_run_again(tmp_path: Path, text: str) -> None:
    kept = KeptRuns(tmp_path, SuiteRun)
    kept.save("k", SuiteRun(runs={"a": passed()}), 1)
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text())
    file.write_text(text)
    assert kept.load("k") is None


def test_a_folder_that_is_none_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = KeptRuns(tmp_path / "file" / "runs", SuiteRun)
    kept.save("k", SuiteRun(runs={"a": passed()}), 1)
    assert kept.load("k") is None


def test_the_oldest_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forge_lsp.checking.kept_runs._MOST_FILES", 3)
    kept = KeptRuns(tmp_path, SuiteRun)
    for number in range(5):
        kept.save(str(number), SuiteRun(runs={"a": passed()}), number)
    assert [kept.load(str(number)) is not None for number in range(5)] == [False, False, True, True, True]
