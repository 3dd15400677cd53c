"""What a project's tests say of a candidate, by what they said before."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from forge_lsp.builds.before_after import Memory, Outcome, compared, joined, not_run, speaking_of

from forge_lsp.builds.c_family.evidence import ctest_results
from forge_lsp.builds.project import Place
from forge_lsp.domain.attempt import Evidence
from forge_lsp.domain.checks import CheckStatus
from tests.support.builds import write_files

PASSED, FAILED, NOT_RUNNABLE = CheckStatus.PROOF, CheckStatus.FAILED, CheckStatus.NOT_RUNNABLE


@pytest.mark.parametrize(
    ("was", "now", "status"),
    [
        (True, True, PASSED),
        (False, True, PASSED),
        (True, False, FAILED),
        (True, None, FAILED),
        (False, False, NOT_RUNNABLE),
        (None, False, NOT_RUNNABLE),
        (None, None, NOT_RUNNABLE),
    ],
)
def test_only_what_passed_before_counts_against_a_candidate(
    was: bool | None, now: bool | None, status: CheckStatus
) -> None:
    (result,) = compared("suite", Outcome({"a": was}, {}), Outcome({"a": now}, {"a": "words"}))
    assert (result.id, result.status) == ("suite:a", status)
    assert result.unmet is (was is not True and now is False)
    assert ("words" in result.detail) is (status is FAILED or now is False)


def test_what_ctest_prints() -> None:
    output = (
        "Test project /p/build\n    Start 1: one\n1/4 Test #1: one ..................   Passed    0.01 sec\n"
        "2/4 Test #2: two.b ................***Failed    0.00 sec\nsaid 3/4 things\n"
        "3/4 Test #3: three ................***Not Run (Disabled)   0.00 sec\n"
        "4/4 Test #4: four .................***Timeout  60.01 sec\n"
    )
    assert ctest_results(output) == {"one": True, "two.b": False, "three": None, "four": False}


def test_values_are_told_where_the_runner_knows_them() -> None:
    before = Outcome({"a": True, "b": True, "c": True}, {})
    after = Outcome({"a": False, "b": False, "c": True}, {}, {"a": ("6", "5"), "c": ("1", "1")})
    told = [(result.expected, result.actual) for result in compared("suite", before, after)]
    assert told == [("6", "5"), ("passes", "does not pass"), ("passes", "passes")]


async def test_an_untouched_tree_is_run_once_and_few_are_kept() -> None:
    ran: list[str] = []

    def run(key: str):
        async def outcome() -> Outcome:
            ran.append(key)
            return Outcome({key: True}, {})

        return outcome

    memory = Memory(limit=2)
    for key in ("a", "a", "b", "c", "a"):
        assert (await memory.get(key, run(key))).passed == {key: True}
    assert ran == ["a", "b", "c", "a"]


def test_what_was_run_outweighs_what_could_not_be() -> None:
    blocked = Evidence(blocked="no sandbox", remedy="mend it", seconds=1.0)
    one = Evidence(results=(not_run("tests", "no pytest"),), seconds=2.0)
    assert joined(blocked, one) == Evidence(results=one.results, seconds=3.0)
    assert (joined(blocked, Evidence()).blocked, joined(Evidence(), blocked).remedy) == ("no sandbox", "mend it")


def test_files_that_name_the_scope_come_before_those_that_name_its_module(tmp_path: Path) -> None:
    write_files(
        tmp_path, {"a.py": "import shop\n", "b.py": "total()\n", "c.py": "subtotal()\n", "d.py": "total shop\n"}
    )
    place = Place(source=tmp_path, document=PurePosixPath("d.py"), overlay={PurePosixPath("e.py"): b"total"})
    files = ("a.py", "b.py", "c.py", "d.py", "e.py")
    found = speaking_of(place, files, ("total", None, "shop"), most=8)
    assert [str(path) for path in found] == ["b.py", "e.py", "a.py"]
    assert [str(path) for path in speaking_of(place, files, ("total", "shop"), most=1)] == ["b.py"]
