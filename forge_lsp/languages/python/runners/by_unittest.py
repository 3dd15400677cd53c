"""A project's tests, run by unittest; loaded by path by the runner beside it.

For interpreters from 3.8 on, stdlib only.
"""

from __future__ import annotations

import contextlib
import sys
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any, List, Tuple

__all__ = ["by_unittest"]


class MustFail(unittest.TestCase):
    """Fails, in each of the ways that a test case can; where it does not, somebody replaced one of them."""

    def runTest(self) -> None:  # noqa: N802 - unittest's own name
        for odd in (lambda: self.assertEqual(5, 6), lambda: self.assertTrue(0), lambda: self.fail("it must")):
            try:
                odd()
            except AssertionError:
                continue
            return
        with self.assertRaises(OSError):
            pass


def by_unittest(files: List[str], run: Any) -> Tuple[int, bool]:
    """Run test files by unittest; return an exit code, and whether the tests that must fail did."""
    failing: List[unittest.TestCase] = []

    class Result(unittest.TestResult):
        fine = True
        timer: Any = None

        def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802
            super().startTest(test)
            self.fine = True
            self.parts: List[Tuple[bool, bool]] = []
            if not isinstance(test, MustFail):
                run.started(test.id())
                self.timer = run.limited()
                self.timer.__enter__()

        def stopTest(self, test: unittest.TestCase) -> None:  # noqa: N802
            super().stopTest(test)
            idle = any(skipped for skipped, _ in self.parts)  # then unittest calls it no success
            if self.fine and idle and not run.ended_by_parts(test.id(), self.parts):
                run.tell(name=test.id(), state="passed")
            if not isinstance(test, MustFail):
                self.timer.__exit__(None, None, None)
                run.finished(test.id())

        def failed(self, test: unittest.TestCase, error: Any) -> None:
            self.fine = False
            if isinstance(test, MustFail):
                failing.append(test)
            else:
                run.failed(test.id(), error[1], None)

        def addError(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
            self.failed(test, err)

        def addFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
            self.failed(test, err)

        def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:  # noqa: ARG002, N802
            if err is not None:
                self.failed(test, err)
            else:
                self.parts.append((False, True))

        def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802
            if hasattr(test, "test_case"):  # a part of one
                self.parts.append((True, run.own(sys.exc_info()[1])))
                return
            self.fine = False
            run.skipped(test.id(), reason, sys.exc_info()[1])

        def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: ARG002, N802
            run.skipped(test.id(), "it is expected to fail")

        def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
            run.tell(name=test.id(), state="failed", words="it passes, and is expected to fail")

        def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
            if self.fine and not isinstance(test, MustFail):
                run.tell(name=test.id(), state="passed")

    result = Result()
    with contextlib.redirect_stdout(sys.stderr):
        MustFail().run(result)
        found = [cases(file, run) for file in files]
        run.loaded()
        if run.only is not None:
            found = [[test for test in tests if test.id() in run.only] for tests in found]
        else:
            found = [run.chosen(tests, place) for tests in found]
        run.tell(state="planned", names=[test.id() for tests in found for test in tests])
        for tests in found:
            unittest.TestSuite(tests).run(result)  # as a suite: it prepares classes and modules
        MustFail().run(result)
    return 1, len(failing) == 2


def cases(file: str, run: Any) -> List[unittest.TestCase]:
    """The cases of one file; none, and that is told, where it cannot be loaded."""
    path = Path.cwd() / file
    folder, module = path.parent, path.stem
    while (folder / "__init__.py").is_file():
        module, folder = f"{folder.name}.{module}", folder.parent
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    while True:
        with run.importing():
            try:
                with run.limited():
                    __import__(module)
                return list(flat(unittest.TestLoader().loadTestsFromName(module)))
            except BaseException as error:
                if not run.stand_in(error):
                    run.uncollected(module + ".", error)
                    return []


def place(test: unittest.TestCase) -> Tuple[str, str]:
    """The file of a test, and its name there."""
    file = getattr(sys.modules.get(type(test).__module__), "__file__", "")
    return str(file), "::".join(test.id().split(".")[-2:])


def flat(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flat(test)
        else:
            yield test
