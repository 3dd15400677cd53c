"""What running tests by pytest and by unittest have in common; loaded by path by the runner beside it.

For interpreters from 3.8 on, stdlib only.
"""

from __future__ import annotations

import ast
import contextlib
import linecache
import os
import re
import signal
import sys
import unittest
from collections.abc import Callable, Generator, Iterator
from typing import Any, Dict, List, Tuple

__all__ = ["Run"]

Json = Dict[str, Any]

_MOST_VALUE = 300
_MOST_ABSENT = 40
_UNEQUAL = re.compile(r"^(?P<first>.+?) != (?P<second>.+?)(?: : .*)?$", re.S)


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


class Run:
    """The run of one worker: what is told of its tests, and how."""

    overdue = Overdue

    def __init__(
        self, tell: Any, blame: Any, absent: Any, recording: Any, seconds: float, only: Any, loaded: Any
    ) -> None:
        self.tell, self.blame, self.absent = tell, blame, absent
        self.begin, self.stop, self.switch = recording
        self.seconds, self.only = seconds, only
        self.loaded = loaded
        self.trace: Any = None
        self.given = 0
        self.picked: Dict[str, List[str]] = {}
        self.document = ""
        self.loading = False

    def started(self, name: str) -> None:
        self.tell(state="start", name=name)
        self.trace = self.begin()

    def finished(self, name: str) -> None:
        self.stop()
        trace, self.trace = self.trace, None
        self.tell(state="entered", name=name, scope=None if trace.cut else trace.scope)

    @contextlib.contextmanager
    def recording(self, on: bool) -> Generator[None]:
        """Record what is entered meanwhile, or do not, where a test is recorded at all."""
        if self.trace is None:
            yield
            return
        before = self.switch(on)
        try:
            yield
        finally:
            self.switch(before)

    def fault(self, error: BaseException, loading: bool = False) -> Json:
        trace = self.trace
        return self.blame(error, None if trace is None or trace.cut else trace, loading)

    def failed(self, name: str, error: BaseException, sides: Any) -> None:
        expected, actual = values(error, error.__traceback__, sides)
        self.tell(state="failed", name=name, expected=expected, actual=actual, **self.fault(error))

    def own(self, error: Any) -> bool:
        """Whether what skipped a test (None: a mark) is the test's own: it did not come through the document."""
        inner = getattr(error, "__context__", None)  # pytest raises unittest's skips again
        files = files_of(error) + (files_of(inner) if isinstance(inner, unittest.SkipTest) else [])
        return os.path.realpath(self.document) not in files

    def skipped(self, name: str, words: str, error: Any = None) -> None:
        self.tell(state="skipped", name=name, words=words, own=self.own(error))

    def ended_by_parts(self, name: str, parts: List[Tuple[bool, bool]]) -> bool:
        """Tell of a test all of whose ``parts`` were skipped (whether each was, and whether that was its own)."""
        idle = bool(parts) and all(skipped for skipped, _ in parts)
        if idle:
            words = "all of its parts are skipped"
            self.tell(state="skipped", name=name, words=words, own=all(own for _, own in parts))
        return idle

    def uncollected(self, name: str, error: BaseException) -> None:
        self.tell(state="uncollected", name=name, **self.fault(error, True))

    @contextlib.contextmanager
    def importing(self) -> Generator[None]:
        """See what a module calls while it is imported, where that was asked for."""
        if not self.loading:
            yield
            return
        self.trace = self.begin()
        try:
            yield
        finally:
            self.stop()
            self.trace = None

    def chosen(self, tests: Any, place: Callable[[Any], Tuple[str, str]]) -> Any:
        """Those of ``tests`` that are to be run; all of them where none is. ``place``: a test's file, and its name
        there."""
        wanted = {os.path.realpath(file): set(names) for file, names in self.picked.items()}

        def fits(test: Any) -> bool:
            file, name = place(test)
            names = wanted.get(os.path.realpath(file), set())
            plain = name.split("[")[0]
            return plain in names or plain.rpartition("::")[0] + "::" in names

        return [test for test in tests if fits(test)] or tests

    def stand_in(self, error: BaseException) -> bool:
        """Put something in the place of a name that a test wants to import and that is not there."""
        module = sys.modules.get(str(getattr(error, "name", None) or ""))
        found = re.search(r"cannot import name '([^']+)'", str(error))
        if not isinstance(error, ImportError) or module is None or found is None or self.given >= _MOST_ABSENT:
            return False
        if not str(getattr(module, "__file__", "")).startswith(os.getcwd()) or hasattr(module, found[1]):
            return False
        self.given += 1
        setattr(module, found[1], self.absent(found[1], module.__name__))
        return True

    def limited(self) -> Any:
        """Return a context that ends what takes longer than a test may."""
        return limited(self.seconds)

    @staticmethod
    def short(value: object) -> str:
        """Return how a value is shown."""
        try:
            text = repr(value)
        except Exception as error:  # the project's own __repr__
            text = f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
        return text if len(text) <= _MOST_VALUE else text[:_MOST_VALUE] + "..."


def files_of(error: Any) -> List[str]:
    """The files that an error came through."""
    trace = getattr(error, "__traceback__", None)
    found: List[str] = []
    while trace is not None:
        found.append(os.path.realpath(trace.tb_frame.f_code.co_filename))
        trace = trace.tb_next
    return found


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
