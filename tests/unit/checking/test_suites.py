"""What a project's tests say of a candidate, by what they said before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.checking.project import Place
from forge_lsp.checking.runs import SuiteRun, failed, passed, skipped, uncollected
from forge_lsp.checking.suites import (
    Memory,
    Suite,
    brought_by,
    compared,
    joined,
    judged,
    not_run,
    outside,
    speaking_of,
    unconfirmed,
)
from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import Cause, CheckStatus, Run
from forge_lsp.core.task import ScopeKind
from forge_lsp.languages.c_family import running
from forge_lsp.languages.c_family.project_tests import ctest_results
from tests.support.builds import candidate_of, task_of, write_files

PROOF, KEPT, OWED, FAILED = CheckStatus.PROOF, CheckStatus.KEPT, CheckStatus.OWED, CheckStatus.FAILED
FLAKY, UNRELATED, NOT_RUNNABLE = CheckStatus.FLAKY, CheckStatus.UNRELATED, CheckStatus.NOT_RUNNABLE
STUB = "«def area(w, h):\n    raise NotImplementedError»\n"
CODE = "def area(w, h):\n    return w * h"


def scripted(
    *runs: Mapping[str, Run], key: str = "k"
) -> tuple[Suite[SuiteRun], list[tuple[bool, Sequence[str] | None]]]:
    """A suite with these runs, in order; and what it was asked: for the stub or not, and for which tests."""
    waiting = list(runs)
    asked: list[tuple[bool, Sequence[str] | None]] = []

    async def run(text: str, only: Sequence[str] | None) -> SuiteRun:
        asked.append(("NotImplementedError" in text, only))
        return SuiteRun(runs=waiting.pop(0))

    return Suite(name="suite", key=key, run=run), asked


async def statuses(suite: Suite[SuiteRun], memory: Memory[SuiteRun] | None = None) -> dict[str, CheckStatus]:
    task = task_of(STUB, name="area")
    found = await judged(suite, task, candidate_of(task, CODE), memory or Memory(SuiteRun))
    return {result.id.removeprefix("suite:"): result.status for result in found}


OPEN = failed(cause=Cause.SCOPE)


async def test_what_fails_and_what_proves_is_run_once_more() -> None:
    suite, asked = scripted(
        {"a": OPEN, "b": OPEN, "c": passed(), "d": passed()},
        {"a": passed(), "b": OPEN, "c": OPEN, "d": passed()},
        {"b": OPEN, "c": OPEN},
        {"a": OPEN},
    )
    assert await statuses(suite) == {"a": PROOF, "b": OWED, "c": FAILED, "d": KEPT}
    assert asked == [(True, None), (False, None), (False, ["b", "c"]), (True, ["a"])]


async def test_a_test_that_changes_its_mind_says_nothing() -> None:
    suite, _ = scripted({"a": OPEN, "b": passed()}, {"a": OPEN, "b": OPEN}, {"a": passed(), "b": passed()})
    assert await statuses(suite) == {"a": FLAKY, "b": FLAKY}
    suite, _ = scripted({"a": OPEN}, {"a": passed()}, {"a": passed()})
    assert await statuses(suite) == {"a": FLAKY}, "it passes on the untouched text too"


async def test_what_passes_on_the_untouched_text_too_is_no_proof() -> None:
    suite, asked = scripted({"a": OPEN, "b": passed()})
    memory = Memory(SuiteRun)
    assert await unconfirmed(suite, task_of(STUB, name="area"), ["a", "b"], memory) == {"b"}
    assert await unconfirmed(suite, task_of(STUB, name="area"), ["a", "b"], memory) == {"b"}, "run once"
    assert await unconfirmed(suite, task_of(STUB, name="area"), [], memory) == set()
    assert asked == [(True, ["a", "b"])]


class Slow(Memory[SuiteRun]):
    """A memory in which each run of an untouched tree took so many seconds."""

    def __init__(self, took: float) -> None:
        super().__init__(SuiteRun)
        self._took = took

    def seconds(self, key: str) -> float:
        del key
        return self._took


@pytest.mark.parametrize(
    ("took", "after", "asked", "told"),
    [
        (60, [failed(), failed()], [None, ["area"], ["area"]], {"area": FAILED}),
        (60, [passed()], [None, ["area"], ["one", "two"]], {"area": KEPT}),
        # A quick suite is run at once; what does not call the scope and breaks counts as well.
        (0.1, [failed(), failed()], [None, None, ["area", "two"]], {"area": FAILED, "two": FAILED}),
    ],
)
async def test_of_a_long_suite_what_calls_the_scope_is_run_first(
    took: float, after: list[Run], asked: list[Sequence[str] | None], told: dict[str, CheckStatus]
) -> None:
    before = {name: passed() for name in ("one", "area", "two")}
    rest = {"one": passed(), "two": passed()}
    later = [{"area": run} for run in after]
    if took < 1:
        later = [{"area": after[0], "one": passed(), "two": failed()}, {"area": failed(), "two": failed()}]
    suite, seen = scripted(before, *later, *([rest] if len(after) == 1 else []))
    suite = replace(suite, unit=str, speaks="area".__eq__)
    task = task_of(STUB, name="area")
    found = await judged(suite, task, candidate_of(task, CODE), Slow(took))
    assert [only for _, only in seen] == asked
    assert {one.id.removeprefix("suite:"): one.status for one in found if one.id.startswith("suite:")} == told
    left = [one for one in found if not one.id.startswith("suite:")]
    assert [one.detail for one in left] == (
        ["2 tests were not run: area failed"] if took > 1 and len(after) > 1 else []
    )
    assert not any(one.environment for one in left)


@pytest.mark.parametrize(("took", "status"), [(31, None), (5, FAILED)])
async def test_what_there_was_no_time_for_is_told(took: float, status: CheckStatus | None) -> None:
    async def run(text: str, only: Sequence[str] | None) -> SuiteRun:
        if "NotImplementedError" in text:
            return SuiteRun(runs={"one": passed(), "two": passed()}, late=("three",))
        return SuiteRun(runs={"one": passed()}, late=("three", "two"))

    task = task_of(STUB, name="area")
    suite = Suite(name="suite", key="k", run=run, seconds=60)
    found = {one.id: one for one in await judged(suite, task, candidate_of(task, CODE), Slow(took))}
    assert found["suite:one"].status is KEPT
    assert (found["suite:two"].status if "suite:two" in found else None) is status
    (left,) = (one for name, one in found.items() if not name.startswith("suite:"))
    count = "three was" if status else "2 tests were"
    assert left.detail == f"{count} not run: the time for tests (60 s) was over"
    assert left.remedy == "give them more time by check.python.tests_seconds"


async def test_the_untouched_text_is_run_once_for_all_candidates() -> None:
    memory = Memory(SuiteRun)
    suite, asked = scripted({"a": OPEN}, {"a": passed()}, {"a": OPEN}, {"a": passed()})
    assert await statuses(suite, memory) == {"a": PROOF}
    assert await statuses(suite, memory) == {"a": PROOF}
    assert [stub for stub, _ in asked] == [True, False, True, False]


def scene(before: SuiteRun, after: SuiteRun, *brought: str) -> dict[str, CheckStatus]:
    return {name: one.status for name, one in compared("suite", before, after, brought=frozenset(brought)).items()}


def test_a_file_that_cannot_be_collected_stands_for_its_tests() -> None:
    waiting = SuiteRun(uncollected={"t.py": uncollected("no area", cause=Cause.SCOPE, missing=("area",))})
    there = SuiteRun(runs={"t.py::a": passed(), "t.py::b": OPEN})
    assert scene(waiting, there, "area") == {"t.py::a": PROOF, "t.py::b": OWED}
    assert scene(waiting, waiting, "aria") == {"t.py": NOT_RUNNABLE}
    other = SuiteRun(uncollected={"t.py": uncollected("no side", cause=Cause.SCOPE, missing=("side",))})
    assert scene(waiting, other, "area") == {"t.py": UNRELATED}
    assert scene(SuiteRun(runs={"t.py::a": passed()}), waiting, "area") == {"t.py::a": FAILED}
    broken = SuiteRun(uncollected={"t.py": uncollected("no numpy", cause=Cause.ENVIRONMENT)})
    (result,) = compared("suite", broken, broken).values()
    assert (result.status, result.detail, result.environment) == (NOT_RUNNABLE, "no numpy", True)


def test_tests_that_a_stub_keeps_from_being_made_are_owed_where_they_fail() -> None:
    """A test that makes others ends by the stub: what would have come after is no test of the candidate's own."""
    before = SuiteRun(runs={"a > all": failed("no", cause=Cause.SCOPE), "b > one": passed()})
    after = SuiteRun(
        runs={
            "a > all": passed(),
            "a > later": failed("5"),
            "a > last": passed(),
            "b > one": passed(),
            "b > more": failed("5"),
            "shop.py > own": failed("5"),
        }
    )

    found = compared("tests", before, after, other_file=outside(PurePosixPath("shop.py"), " > "))
    assert {name: one.status for name, one in found.items()} == {
        "a > all": CheckStatus.PROOF,
        "a > later": CheckStatus.OWED,
        "b > one": CheckStatus.KEPT,
    }


def test_one_file_that_cannot_be_collected_leaves_the_others() -> None:
    broken = {"x.py": uncollected("no numpy", cause=Cause.ENVIRONMENT)}
    before, after = SuiteRun({"t.py::a": OPEN}, broken), SuiteRun({"t.py::a": passed()}, broken)
    assert scene(before, after) == {"t.py::a": PROOF, "x.py": NOT_RUNNABLE}


def test_who_is_free_to_name_things_owes_what_the_tests_want() -> None:
    def brought(code: str, kind: ScopeKind) -> frozenset[str]:
        task = task_of("«»\n") if kind is ScopeKind.INSERTION else task_of(STUB, name="area")
        before = SuiteRun(uncollected={"t.py": uncollected("", cause=Cause.SCOPE, missing=("area",))})
        if kind is ScopeKind.INSERTION:
            task = replace(task, scope=replace(task.scope, kind=kind))
        return brought_by(task, candidate_of(task, code), before)

    assert "area" in brought("def aria(): ...", ScopeKind.INSERTION)
    assert "area" not in brought("def aria(): ...", ScopeKind.DEFINITION)
    assert "area" in brought(CODE, ScopeKind.DEFINITION)


def test_what_a_comment_or_documentation_names_is_not_brought() -> None:
    before = SuiteRun()
    code = 'def size(x):\n    """As of a system.\n\n    >>> system.size\n    """\n    # an idea\n    return x\n'
    brought = brought_by(task_of(STUB, name="area"), candidate_of(task_of(STUB, name="area"), code), before)
    assert {"size", "x"} <= brought
    assert brought.isdisjoint({"system", "idea"})


def test_what_a_failure_tells() -> None:
    before = SuiteRun({"a": passed(), "b": passed(), "c": passed()})
    after = SuiteRun({"a": failed("boom", expected="6", actual="5"), "b": skipped("not today")}, words="it crashed")
    told = {name: (one.expected, one.actual, one.detail) for name, one in compared("suite", before, after).items()}
    assert told == {"a": ("6", "5", "boom"), "b": ("", "", "it was skipped: not today"), "c": ("", "", "it crashed")}


def test_what_ctest_prints() -> None:
    output = (
        "Test project /p/build\n    Start 1: one\n1/4 Test #1: one ..................   Passed    0.01 sec\n"
        "2/4 Test #2: two.b ................***Failed    0.00 sec\nsaid 3/4 things\n"
        "3/4 Test #3: three ................***Not Run (Disabled)   0.00 sec\n"
        "4/4 Test #4: four .................***Timeout  60.01 sec\n"
    )
    assert ctest_results(output) == {"one": True, "two.b": False, "three": None, "four": False}


async def test_an_untouched_tree_is_run_once_and_few_are_kept() -> None:
    ran: list[str] = []

    def run(key: str):
        async def found() -> SuiteRun:
            ran.append(key)
            return SuiteRun({key: passed()})

        return found

    memory = Memory(SuiteRun, limit=2)
    for key in ("a", "a", "b", "c", "a"):
        assert (await memory.get(key, run(key))).runs == {key: passed()}
    assert ran == ["a", "b", "c", "a"]


def test_what_was_run_outweighs_what_could_not_be() -> None:
    blocked = Evidence(blocked="no sandbox", remedy="fix it", seconds=1.0)
    one = Evidence(results=(not_run("tests", "no pytest"),), seconds=2.0)
    assert joined(blocked, one) == Evidence(results=one.results, seconds=3.0)
    assert (joined(blocked, Evidence()).blocked, joined(Evidence(), blocked).remedy) == ("no sandbox", "fix it")


def test_files_that_name_the_scope_come_before_those_that_name_its_module(tmp_path: Path) -> None:
    write_files(
        tmp_path, {"a.py": "import shop\n", "b.py": "total()\n", "c.py": "subtotal()\n", "d.py": "total shop\n"}
    )
    place = Place(source=tmp_path, document=PurePosixPath("d.py"), overlay={PurePosixPath("e.py"): b"total"})
    files = ("a.py", "b.py", "c.py", "d.py", "e.py")
    found = speaking_of(place, files, ("total", None, "shop"), most=8)
    assert [str(path) for path in found] == ["b.py", "e.py", "a.py"]
    assert [str(path) for path in speaking_of(place, files, ("total", "shop"), most=1)] == ["b.py"]
    write_files(tmp_path, {"c.py": "total() + total()\n"})
    both = speaking_of(place, files, ("total", "shop"), most=2)
    assert [str(path) for path in both] == ["b.py", "c.py"], "in their own order"
    assert [str(path) for path in speaking_of(place, files, ("total", "shop"), most=1)] == ["c.py"], "most often"


def test_a_report_of_ctest_with_entities_is_not_read() -> None:
    case = '<testsuite><testcase name="one" status="fail"><system-out>said {}</system-out></testcase></testsuite>'
    assert running._junit(case.format("1 &lt; 2").encode()) == {"one": (False, "said 1 < 2")}
    entities = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    assert running._junit((entities + case.format("&b;")).encode()) is None
    assert running._junit(b"<testsuite>") is None
    assert running._junit(None) is None


@pytest.mark.parametrize(
    ("was", "now", "speaks", "status"),
    [
        (uncollected("it does not parse"), passed(), True, PROOF),
        (uncollected("it does not parse"), passed(), False, KEPT),
        (uncollected("it does not parse"), failed(), True, OWED),
        (uncollected("it does not parse"), failed(), False, UNRELATED),
        (uncollected("it does not parse"), failed(cause=Cause.ELSEWHERE), True, UNRELATED),
        (uncollected("no tool", cause=Cause.ENVIRONMENT), uncollected("no tool"), True, NOT_RUNNABLE),
        (failed(cause=Cause.ELSEWHERE), passed(), True, PROOF),
        (failed(cause=Cause.ELSEWHERE), failed(cause=Cause.ELSEWHERE), True, UNRELATED),
        (None, passed(), True, PROOF),
    ],
)
def test_what_waits_for_a_document_that_parses(was: Run | None, now: Run, speaks: bool, status: CheckStatus) -> None:
    before = SuiteRun(runs={"a": was}) if was is not None else SuiteRun()
    found = compared(
        "suite",
        before,
        SuiteRun(runs={"a": now}),
        speaks=lambda _: speaks,
        other_file=lambda _: "test_shop.py",
        half_written=True,
    )
    assert found["a"].status is status


def test_a_test_that_a_candidate_may_have_brought_was_not_waiting() -> None:
    assert compared("suite", SuiteRun(), SuiteRun(runs={"a": passed()}), half_written=True) == {}
