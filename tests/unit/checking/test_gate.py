from __future__ import annotations

import asyncio
import errno

import pytest

from forge_lsp.checking.gate import Baselines, CheckedTree, Fault, gate, new_problems
from forge_lsp.core.attempt import BuildReport, BuildStatus, Diagnostic, Severity
from forge_lsp.core.errors import ToolMissing
from tests.support.builds import task_of, with_code


def problem(line: int, message: str = "no", *, file: str = "a.py", code: str = "E") -> Diagnostic:
    return Diagnostic(file=file, line=line, severity=Severity.ERROR, code=code, message=message)


TASK = task_of("first\n«old»\nlast\n")
GOOD = with_code(TASK, "new\nlines")


async def run(
    before: CheckedTree, after: CheckedTree, *, task=TASK, text=GOOD, blank: CheckedTree | None = None
) -> BuildReport:
    async def check(content: str) -> CheckedTree:
        if content == task.document.text:
            return before
        return after if content == text or blank is None else blank

    return await gate(task, text, document="a.py", check=check, baselines=Baselines(), key="k", tool="t")


async def asked(*texts: str, clean: bool, **how: bool) -> list[str]:
    """What the tools were asked about, where these texts are built one after the other."""
    seen: list[str] = []
    baselines = Baselines()

    async def check(content: str) -> CheckedTree:
        seen.append("untouched" if content == TASK.document.text else "candidate")
        return CheckedTree() if clean or content == TASK.document.text else CheckedTree(problems=(problem(2),))

    for text in texts:
        report = await gate(TASK, text, document="a.py", check=check, baselines=baselines, key="k", tool="t", **how)
        assert (report.status is BuildStatus.PASSED) is (clean or text == TASK.document.text)
    return seen


async def test_the_untouched_tree_is_checked_where_something_is_wrong() -> None:
    assert await asked(GOOD, GOOD, clean=True) == ["candidate", "candidate"]
    assert await asked(GOOD, GOOD, clean=False) == ["candidate", "untouched", "candidate"]
    assert await asked(TASK.document.text, clean=True) == ["untouched", "untouched"]


async def test_it_is_checked_first_where_candidates_build_on_it() -> None:
    assert await asked(GOOD, GOOD, clean=True, untouched_first=True) == ["untouched", "candidate", "candidate"]


async def test_what_is_known_of_the_untouched_tree_changes_how_a_candidate_is_checked() -> None:
    assert await asked(GOOD, clean=False, learns=True) == ["candidate", "untouched", "candidate"]
    assert await asked(GOOD, clean=True, learns=True) == ["candidate"]


def test_lines_that_moved_are_the_same_problem() -> None:
    old, new = (problem(3),), (problem(4),)
    assert new_problems(old, new, document="a.py", before=TASK.document.text, after=GOOD) == ()


def test_one_more_of_the_same_is_new_and_stands_in_the_new_text() -> None:
    fresh = new_problems((problem(3),), (problem(2), problem(4)), document="a.py", before="a\nb\nc", after="a\nx\ny\nc")
    assert [p.line for p in fresh] == [2]


def test_in_other_files_the_line_counts() -> None:
    old, new = (problem(3, file="b.py"),), (problem(3, file="b.py"), problem(4, file="b.py"))
    assert [p.line for p in new_problems(old, new, document="a.py", before="a", after="b")] == [4]


async def test_only_new_problems_fail() -> None:
    assert (
        await run(CheckedTree(problems=(problem(1),)), CheckedTree(problems=(problem(1),)))
    ).status is BuildStatus.PASSED
    report = await run(CheckedTree(), CheckedTree(problems=(problem(2),)))
    assert report.status is BuildStatus.FAILED
    assert report.diagnostics == (problem(2),)


async def test_what_the_user_asked_to_have_mended_must_be_mended() -> None:
    task = task_of("first\n«old»\nlast\n", diagnostics=(problem(2, "the editor's words"),))
    left = CheckedTree(problems=(problem(2),))
    assert (await run(left, left, task=task)).status is BuildStatus.FAILED
    assert (await run(left, CheckedTree(), task=task)).status is BuildStatus.PASSED


async def test_a_fault_of_the_untouched_tree_is_unverified_with_its_remedy() -> None:
    report = await run(CheckedTree(fault=Fault(reason="no SDK", remedy="get one")), CheckedTree(problems=(problem(2),)))
    assert (report.status, report.reason, report.remedy) == (BuildStatus.UNVERIFIED, "no SDK", "get one")
    assert report.compiled is None


async def test_a_tool_that_is_missing_is_unverified() -> None:
    async def check(content: str) -> CheckedTree:
        raise ToolMissing("no ty", remedy="pip install ty")

    report = await gate(TASK, GOOD, document="a.py", check=check, baselines=Baselines(), key="k", tool="t")
    assert (report.status, report.remedy) == (BuildStatus.UNVERIFIED, "pip install ty")


async def test_a_module_that_is_lacking_is_unverified_unless_something_new_is_wrong() -> None:
    lack = CheckedTree(problems=(problem(1),), lacks=Fault(reason="numpy"))
    assert (await run(lack, lack)).status is BuildStatus.UNVERIFIED
    worse = CheckedTree(problems=(problem(1), problem(2, "new")), lacks=Fault(reason="numpy"))
    assert (await run(lack, worse)).status is BuildStatus.FAILED


async def test_someone_is_typing_in_the_scope() -> None:
    broken = CheckedTree(problems=(problem(2, "syntax"),), syntax=(problem(2, "syntax"),))
    hidden = CheckedTree(problems=(problem(3, "was hidden"),))
    repaired = CheckedTree(problems=(problem(4, "was hidden"),))
    assert (await run(broken, repaired, blank=hidden)).status is BuildStatus.PASSED
    still = CheckedTree(problems=(problem(2, "syntax"),), syntax=(problem(2, "syntax"),))
    assert (await run(broken, still, blank=CheckedTree())).status is BuildStatus.FAILED


async def test_someone_is_typing_elsewhere() -> None:
    broken = CheckedTree(problems=(problem(1, "syntax"),), syntax=(problem(1, "syntax"),))
    report = await run(broken, broken, blank=broken)
    assert report.status is BuildStatus.UNVERIFIED
    assert "a.py:1" in (report.reason or "")


async def test_an_old_error_of_another_file_that_says_something_else_without_the_scope_is_old() -> None:
    there = problem(7, "wrong type", file="b.py")
    broken = CheckedTree(problems=(there,), syntax=(there,))
    blanked = CheckedTree(problems=(problem(7, "no such name", file="b.py"),))
    assert (await run(broken, broken, blank=blanked)).status is BuildStatus.UNVERIFIED
    assert (await run(broken, CheckedTree(problems=(there,)), blank=blanked)).status is BuildStatus.PASSED


async def test_a_baseline_is_made_once_and_a_fault_is_not_kept() -> None:
    made = 0
    baselines = Baselines(limit=2)

    async def make() -> CheckedTree:
        nonlocal made
        made += 1
        await asyncio.sleep(0)
        return CheckedTree()

    async def faulty() -> CheckedTree:
        nonlocal made
        made += 1
        return CheckedTree(fault=Fault(reason="x"))

    await asyncio.gather(*(baselines.get("a", make) for _ in range(5)))
    assert made == 1
    await baselines.get("f", faulty)
    await baselines.get("f", faulty)
    assert made == 3
    for key in "bca":
        await baselines.get(key, make)
    assert made == 6


async def test_a_cancelled_baseline_leaves_the_next_caller_free() -> None:
    baselines = Baselines()
    waiting = asyncio.create_task(baselines.get("a", asyncio.Event().wait))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])

    async def make() -> CheckedTree:
        return CheckedTree()

    assert await asyncio.wait_for(baselines.get("a", make), 1) == CheckedTree()


@pytest.mark.parametrize(
    ("number", "reason", "remedy"),
    [
        (errno.ENOSPC, "no space is left", "df"),
        (errno.EDQUOT, "no space is left", "df"),
        (errno.EMFILE, "too many files", "ulimit"),
        (errno.EACCES, "could not be read", "permissions"),
    ],
)
async def test_an_error_of_the_file_system_says_what_to_do(number: int, reason: str, remedy: str) -> None:
    async def check(content: str) -> CheckedTree:
        del content
        raise OSError(number, "words", "/temp/x")

    report = await gate(TASK, GOOD, document="a.py", check=check, baselines=Baselines(), key="k", tool="t")
    assert report.compiled is None
    assert reason in (report.reason or "")
    assert remedy in (report.remedy or "")
