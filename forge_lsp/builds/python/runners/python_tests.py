"""Runs a project's test files, by pytest where it is installed, else by unittest, and tells each test's result.

A script for the project's interpreter, whatever its version from 3.8 on; it needs nothing of ours. A request is read
from stdin as JSON: ``nonce``, ``files`` (relative to where it runs), ``search`` (folders for ``sys.path``) and
``seconds`` (for one test). Answers are lines of the nonce and a JSON object: ``name``, ``state`` (``start``,
``passed``, ``failed``, ``skipped``), ``words``, ``expected``, ``actual``; at last ``{"state": "end"}``.
"""

from __future__ import annotations

import ast
import contextlib
import json
import linecache
import os
import re
import signal
import sys
import unittest
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

_MOST_WORDS = 2000
_MOST_VALUE = 300
_UNEQUAL = re.compile(r"^(?P<first>.+?) != (?P<second>.+?)(?: : .*)?$", re.S)
_USAGE = 4
"""pytest's exit code for options that it does not know."""


def main() -> None:
    request = json.loads(sys.stdin.read())
    # What the project prints goes elsewhere: only our own lines reach our stdout.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    os.dup2(2, 1)
    sys.path[:0] = [folder for folder in request["search"] if folder not in sys.path]
    sys.argv = ["pytest"]

    def tell(**answer: Any) -> None:
        out.write(request["nonce"] + " " + json.dumps(answer) + "\n")
        out.flush()

    try:
        import pytest
    except ImportError:
        by_unittest(request["files"], request["seconds"], tell)
    else:
        by_pytest(pytest, request["files"], request["seconds"], tell)
    tell(state="end")
    # A thread or an exit handler of the project's does not hold us.
    os._exit(0)


class Overdue(BaseException):
    """A test took longer than it may."""


@contextlib.contextmanager
def limited(seconds: float) -> Generator[None]:
    """Ends what takes longer, if it runs Python code or waits."""

    def ring(*_: object) -> None:
        raise Overdue(f"it did not finish in {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def by_pytest(pytest: Any, files: list[str], seconds: float, tell: Callable[..., None]) -> None:
    class Reporter:
        def __init__(self) -> None:
            self.sides: tuple[str, str] | None = None

        @pytest.hookimpl(tryfirst=True)
        def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> None:
            if op in ("==", "is") and self.sides is None:
                self.sides = (short(left), short(right))

        def pytest_runtest_logstart(self, nodeid: str) -> None:
            self.sides = None
            tell(name=nodeid, state="start")

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_call(self) -> Iterator[None]:
            with limited(seconds):
                yield

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_makereport(self, item: Any, call: Any) -> Generator[None, Any, None]:
            report: Any = (yield).get_result()
            if report.failed and call.excinfo is not None:
                error = call.excinfo.value
                expected, actual = values(error, call.excinfo.tb, self.sides)
                words = f"{type(error).__name__}: {error}"[:_MOST_WORDS]
                tell(name=item.nodeid, state="failed", words=words, expected=expected, actual=actual)
            elif report.failed:
                tell(name=item.nodeid, state="failed", words=str(report.longrepr)[-_MOST_WORDS:])
            elif report.skipped:  # an expected failure is one of these
                tell(name=item.nodeid, state="skipped")
            elif report.when == "call":
                tell(name=item.nodeid, state="passed")

        def pytest_collectreport(self, report: Any) -> None:
            if report.failed:
                tell(name="", state="failed", words=str(report.longrepr)[-_MOST_WORDS:])

    arguments = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *files]
    try:
        code = pytest.main([*arguments], plugins=[Reporter()])
        if code == _USAGE:  # options of a plugin that is not here
            pytest.main(["-o", "addopts=", *arguments], plugins=[Reporter()])
    except Overdue as error:
        tell(name="", state="failed", words=str(error))


def by_unittest(files: list[str], seconds: float, tell: Callable[..., None]) -> None:
    class Result(unittest.TestResult):
        fine = True

        def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's own name
            super().startTest(test)
            self.fine = True
            tell(name=test.id(), state="start")

        def failed(self, test: unittest.TestCase, error: Any) -> None:
            self.fine = False
            expected, actual = values(error[1], error[2], None)
            words = f"{error[0].__name__}: {error[1]}"[:_MOST_WORDS]
            tell(name=name(test), state="failed", words=words, expected=expected, actual=actual)

        def addError(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
            self.failed(test, err)

        def addFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
            self.failed(test, err)

        def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:  # noqa: ARG002, N802
            if err is not None:
                self.failed(test, err)

        def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: ARG002, N802
            self.fine = False
            tell(name=name(test), state="skipped")

        def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
            if self.fine:
                tell(name=name(test), state="passed")

    def name(test: unittest.TestCase) -> str:
        return "" if type(test).__name__ == "_FailedTest" else test.id()

    result = Result()
    loader = unittest.TestLoader()
    for file in files:
        path = Path.cwd() / file
        folder, module = path.parent, path.stem
        while (folder / "__init__.py").is_file():
            module, folder = f"{folder.name}.{module}", folder.parent
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
        for test in flat(loader.loadTestsFromName(module)):
            try:
                with limited(seconds):
                    test.run(result)
            except Overdue as error:
                tell(name=name(test), state="failed", words=str(error))


def flat(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flat(test)
        else:
            yield test


def values(error: BaseException, trace: Any, sides: tuple[str, str] | None) -> tuple[str | None, str | None]:
    """What was expected and what came, of an assertion that two things are equal."""
    if not isinstance(error, AssertionError):
        return None, None
    if sides is None:
        match = _UNEQUAL.match(str(error).split("\n")[0])
        if match is None:
            return None, None
        sides = (match["first"], match["second"])
    first, second = sides
    return (first, second) if literal_first(trace) else (second, first)


def literal_first(trace: Any) -> bool:
    """Whether what failed names a plain value before what it compares it with: ``assert 6 == area(2, 3)``. The other
    order is the usual one."""
    for frame in frames(trace):
        line = linecache.getline(frame.tb_frame.f_code.co_filename, frame.tb_lineno).strip()
        try:
            (node,) = ast.parse(line).body
        except (SyntaxError, ValueError):
            continue
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare):
            return plain(node.test.left) and not plain(node.test.comparators[0])
        call = node.value if isinstance(node, ast.Expr) else None
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or len(call.args) < 2:
            continue
        if call.func.attr.startswith("assert"):
            return plain(call.args[0]) and not plain(call.args[1])
    return False


def frames(trace: Any) -> Iterator[Any]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def plain(node: ast.AST) -> bool:
    try:
        ast.literal_eval(node)  # pyright: ignore[reportArgumentType] - any node may be asked about
    except (ValueError, TypeError):
        return False
    return True


def short(value: object) -> str:
    try:
        text = repr(value)
    except Exception as error:  # the project's own __repr__
        text = f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    return text if len(text) <= _MOST_VALUE else text[:_MOST_VALUE] + "..."


if __name__ == "__main__":
    main()
