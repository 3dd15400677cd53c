"""A project's tests, run by its pytest; loaded by path by the runner beside it.

For interpreters from 3.8 on, stdlib only.
"""

from __future__ import annotations

import contextlib
import os
import sys
import unittest
from collections.abc import Callable, Generator, Iterator
from typing import Any, List, Tuple

__all__ = ["by_pytest"]

_MOST_WORDS = 2000
_MUST_FAIL = "test_forge_must_fail"
_USAGE = 4
"""pytest's exit code for options that it does not know, and for a conftest.py that cannot be imported."""


def by_pytest(pytest: Any, files: List[str], options: List[str], run: Any) -> Tuple[int, bool]:
    """Run test files by pytest; return its exit code, and whether the tests that must fail did."""
    failing: List[str] = []
    added: List[str] = []
    equal = unittest.TestCase("__init__").assertEqual

    def must_fail() -> None:
        for odd in (lambda: equal(5, 6), lambda: pytest.fail("it must"), lambda: pytest.raises(OSError, int)):
            try:
                odd()
            except (AssertionError, pytest.fail.Exception):
                continue
            return
        assert [5] == [6], "it must"

    def place(item: Any) -> Tuple[str, str]:
        return str(item.path), item.nodeid.split("::", 1)[-1]

    class Reporter:
        sides: Any = None

        @pytest.hookimpl(tryfirst=True)
        def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> None:
            if op in ("==", "is") and self.sides is None:
                self.sides = (run.short(left), run.short(right))

        @pytest.hookimpl(hookwrapper=True)
        def pytest_load_initial_conftests(self) -> Generator[None, Any, None]:
            with run.importing():
                outcome: Any = yield
                if outcome.excinfo is not None:
                    run.tell(state="conftest", **run.fault(cause_of(outcome.excinfo[1]), True))

        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(self, items: Any) -> None:
            run.loaded()
            if run.only is not None:
                items[:] = [item for item in items if item.nodeid in run.only]
            else:
                items[:] = run.chosen(items, place)
            run.tell(state="planned", names=[item.nodeid for item in items])
            parents = [item.parent for item in items if isinstance(item, pytest.Function)]
            modules = [parent.getparent(pytest.Module) for parent in parents[:1]]
            for where, module in zip((0, len(items) + 1), modules * 2):
                name = _MUST_FAIL + ("_first" if where == 0 else "_last")
                item = pytest.Function.from_parent(module, name=name, callobj=must_fail)
                added.append(item.nodeid)
                items.insert(where, item)

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
            self.sides = None
            self.own = True
            self.parts: List[Tuple[bool, bool]] = []
            if item.nodeid in added:
                yield
                return
            run.started(item.nodeid)
            # What pytest itself does around a test enters nothing, and takes much longer where it is recorded.
            with run.recording(not isinstance(item, pytest.Function)):
                yield
            run.finished(item.nodeid)

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_call(self) -> Iterator[None]:
            with run.limited(), run.recording(True):
                yield

        @pytest.hookimpl(hookwrapper=True)
        def pytest_fixture_setup(self) -> Iterator[None]:
            with run.recording(True):
                yield

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_teardown(self) -> Iterator[None]:
            with run.recording(True):
                yield

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_makereport(self, item: Any, call: Any) -> Generator[None, Any, None]:
            report: Any = (yield).get_result()
            if item.nodeid in added:
                if report.failed:
                    failing.append(item.nodeid)
            elif report.failed and call.excinfo is not None:
                run.failed(item.nodeid, call.excinfo.value, self.sides)
            elif report.failed:
                run.tell(name=item.nodeid, state="failed", words=str(report.longrepr)[-_MOST_WORDS:])
            elif report.skipped and hasattr(report, "wasxfail"):  # an expected failure
                error = None if call.excinfo is None else call.excinfo.value
                called = type(error).__name__ == "XFailed"  # pytest.xfail(), not the mark
                run.skipped(item.nodeid, str(report.wasxfail), error if called else None)
            elif report.skipped:
                error = None if call.excinfo is None else call.excinfo.value
                self.own = run.own(error)
                run.skipped(item.nodeid, reason_of(report), error)
            elif report.when == "call" and not run.ended_by_parts(item.nodeid, self.parts):
                run.tell(name=item.nodeid, state="passed")

        def pytest_runtest_logreport(self, report: Any) -> None:
            if type(report).__name__ in ("SubtestReport", "SubTestReport"):
                self.parts.append((report.skipped, self.own))

        @pytest.hookimpl(hookwrapper=True)
        def pytest_make_collect_report(self, collector: Any) -> Generator[None, Any, None]:
            from _pytest.runner import pytest_make_collect_report as again

            with run.importing():
                outcome: Any = yield
                report = outcome.get_result()
                while report.failed and run.stand_in(cause_of(report.call.excinfo.value)):
                    report = again(collector)
                outcome.force_result(report)
                if report.failed:
                    run.uncollected(collector.nodeid, cause_of(report.call.excinfo.value))
                elif report.skipped and isinstance(collector, pytest.Module):  # all of a file
                    error = report.call.excinfo
                    run.skipped(collector.nodeid, reason_of(report), None if error is None else error.value)

    arguments = ["-q", "--continue-on-collection-errors", "--maxfail=0", "-p", "no:cacheprovider"]
    arguments += ["-p", "no:xdist", "-p", "no:randomly", *options, *files]
    unwritten()
    with captured() as said:
        try:
            code = pytest.main(arguments, plugins=[Reporter()])
        except run.overdue as error:
            code = 3
            run.tell(state="said", words=str(error))
        if int(code) == _USAGE:
            run.tell(state="said", words=said()[-_MOST_WORDS:])
    run.stop()
    return int(code), len(failing) == len(added) and int(code) in (0, 1, 2, 5) and (not added or int(code) == 1)


def reason_of(report: Any) -> str:
    """Why a test was skipped."""
    _, _, words = str(report.longreprtext).rpartition("Skipped: ")
    return words.rstrip("')")[-_MOST_WORDS:]


def unwritten() -> None:
    """Leave the assertions of installed plugins as they are: pytest would recompile each of their files, which takes
    seconds, as nothing is cached here."""
    import _pytest.config

    if hasattr(_pytest.config, "_iter_rewritable_modules"):
        setattr(_pytest.config, "_iter_rewritable_modules", tuple)  # noqa: B010


def cause_of(error: BaseException) -> BaseException:
    """What kept a module from being collected, or a conftest.py from being loaded; pytest puts words of its own around
    it."""
    while type(error).__name__ in ("CollectError", "ConftestImportFailure") and error.__cause__ is not None:
        error = error.__cause__
    return error


@contextlib.contextmanager
def captured() -> Generator[Callable[[], str]]:
    """What is written to stdout and stderr meanwhile."""
    import tempfile

    with tempfile.TemporaryFile() as file:
        kept = os.dup(1), os.dup(2)
        for fd in (1, 2):
            os.dup2(file.fileno(), fd)

        def said() -> str:
            sys.stdout.flush()
            sys.stderr.flush()
            file.seek(0)
            return file.read().decode("utf-8", "replace")

        try:
            yield said
        finally:
            for fd, copy in zip((1, 2), kept):
                os.dup2(copy, fd)
                os.close(copy)
