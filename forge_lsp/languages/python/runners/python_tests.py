"""Runs a project's test files, by pytest where it is installed, else by unittest, and tells each test's result.

A script for the project's interpreter, whatever its version from 3.8 on; it needs nothing of ours but its siblings.

Two processes. The *supervisor* never runs the project's code: it reads the request, forks a *worker* that does, and
gathers what that says over a pipe; it reads the nonce only when all workers are gone, and its memory and files are
closed to them. A line on the pipe that the worker's own functions did not write is a doubt, and so is what
``watching.py`` sees; a doubt that was told cannot be taken back. Two tests that must fail are added to each run.

A request is a line of JSON: ``files`` (relative to where it runs), ``search`` (folders for ``sys.path``), ``seconds``
(``test``, ``total``), ``root`` and ``document`` (absolute), ``scope`` (first and last line), ``classes`` that the scope
defines, ``stubs`` (first lines of other unfinished functions), ``guarded`` (files that only the tests may read),
``loading`` (whether what the tests' modules call while they are imported is to be seen, too),
``probe`` (whether returned values are to be asked what they equal), ``settings`` (Django's module of settings or null),
``chosen`` (names of tests by absolute files: those that are run where one of them is found) and ``only`` (names of
tests, or null). The nonce follows on a line of its own. Answers are lines of the nonce and a JSON object with a
``state``: ``planned`` (``names`` of what is to be run), ``start``, ``passed``, ``failed``, ``skipped``, ``uncollected``
with ``name`` (and ``words``, ``cause``, ``missing``, ``expected``, ``actual``; ``conftest``: one could not be loaded),
``entered`` (``name``, ``scope``), ``doubt`` (``words``), ``said`` (``words``), ``ended`` (``code``, ``fails``: whether
the tests that must fail did, ``loads``: whether the document was imported, ``copy``: what was in its stead), ``cut``
(``how``, ``late``: for want of time, ``ran``: seconds of the last test), and at last ``end``.
"""

from __future__ import annotations

import _thread
import ast
import contextlib
import importlib.util
import json
import linecache
import os
import re
import select
import signal
import sys
import time
import unittest
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, cast

Json = Dict[str, Any]

_MOST_WORDS = 2000
_MOST_VALUE = 300
_MOST_BYTES = 8 << 20
_MOST_ABSENT = 40
_UNEQUAL = re.compile(r"^(?P<first>.+?) != (?P<second>.+?)(?: : .*)?$", re.S)
_MUST_FAIL = "test_forge_must_fail"
_CONFTEST = re.compile(r"while loading conftest '(?P<path>[^']+)'")
_USAGE = 4
"""pytest's exit code for options that it does not know, and for a conftest.py that cannot be imported."""
_KEPT = ("pytest", "_pytest", "unittest", "pluggy", "builtins", "operator", "math", "copy", "json", "re", "collections")
"""Modules whose functions and classes the code under test must leave as they are."""
_STRAY = "the code writes to files that it did not open"


def sibling(name: str) -> Any:
    """A module beside this one, by path: it must not be found by its name."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    spec = importlib.util.spec_from_file_location("_" + name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ------------------------------------------------------------------ supervisor


def supervise() -> None:
    """Read the request, run workers, tell what they said."""
    request = json.loads(read_line(0))
    try:
        import pytest
    except ImportError:
        pytest = None
    end = time.monotonic() + request["seconds"]["total"]
    answers: List[Json] = []
    files = request["files"]
    options: List[str] = []
    while files:
        said = session(request, pytest, files, options, end, answers)
        if said is None:
            break
        words, blamed = said
        # One conftest.py that cannot be imported ends a whole session: the files that it is not for do without it.
        found = _CONFTEST.search(words)
        folder = os.path.dirname(os.path.realpath(found["path"])) + os.sep if found is not None else ""
        broken = [file for file in files if folder and os.path.realpath(file).startswith(folder)]
        if not broken and not options:
            options = ["-o", "addopts="]
            continue
        broken = broken or files
        if found is not None:
            words = unloaded(found["path"], words)
        about: Json = {"state": "uncollected", "words": words, "cause": "environment", "conftest": True}
        if blamed is not None and blamed["cause"] in ("scope", "outside"):
            about.update(cause=blamed["cause"], missing=blamed["missing"])
        answers += [dict(about, name=file) for file in broken]
        files = [file for file in files if file not in broken]
    nonce = read_line(0).decode()
    out = sys.stdout
    for answer in answers:
        out.write(nonce + " " + json.dumps(answer) + "\n")
    out.write(nonce + ' {"state": "end"}\n')
    out.flush()


def unloaded(path: str, words: str) -> str:
    """What kept a conftest.py from being imported, without the frames of what imports it."""
    said = [line[1:].strip() for line in words.split("\n") if line.startswith("E ")]
    return f"{os.path.relpath(path)} cannot be loaded: {said[-1]}" if said else words


def read_line(fd: int) -> bytes:
    """One line, and not a byte more: what follows is not for the worker."""
    line = bytearray()
    while True:
        byte = os.read(fd, 1)
        if byte in (b"", b"\n"):
            return bytes(line)
        line += byte


def session(
    request: Json,
    pytest: Any,
    files: List[str],
    options: List[str],
    end: float,
    answers: List[Json],
) -> Optional[Tuple[str, Optional[Json]]]:
    """Run one worker. Words: it came to no test for want of options or of a conftest.py, and nothing was told; with
    them whose fault the conftest.py's is."""
    read_end, write_end = os.pipe()
    token = os.urandom(16).hex()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        try:
            work(request, pytest, files, options, write_end, token)
        except BaseException as error:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
        finally:
            os._exit(1)  # it did not come to its own end
    os.close(write_end)
    dumpable(0)
    told: List[Json] = []
    late = not gather(read_end, token, end, told)
    os.close(read_end)
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    ended = next((answer for answer in told if answer["state"] == "ended"), None)
    if ended is not None and ended["code"] == _USAGE and not any(answer["state"] == "start" for answer in told):
        answers += [answer for answer in told if answer["state"] == "doubt"]
        words = str(next((answer["words"] for answer in reversed(told) if answer["state"] == "said"), ""))
        return words, next((answer for answer in reversed(told) if answer["state"] == "conftest"), None)
    if ended is None:
        how = "it did not finish in time" if late else "the process ended in the middle of it"
        begun = next((answer["at"] for answer in reversed(told) if answer["state"] == "start"), None)
        ran = time.monotonic() - begun if begun is not None else None
        told.append({"state": "cut", "how": how, "late": late, "status": status, "ran": ran})
    answers += told
    return None


def gather(fd: int, token: str, end: float, told: List[Json]) -> bool:
    """Read a worker's lines until it says that it is done or closes its end. False: the time was over before."""
    buffer, size = b"", 0
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            return False
        piece = os.read(fd, 65536)
        size += len(piece)
        if not piece or size > _MOST_BYTES:
            if buffer:
                told.append({"state": "doubt", "words": _STRAY})
            return True
        *lines, buffer = (buffer + piece).split(b"\n")
        for line in lines:
            answer = known(line, token)
            told.append(answer if answer is not None else {"state": "doubt", "words": _STRAY})
            told[-1]["at"] = time.monotonic()
            if answer is not None and answer["state"] == "ended":
                return True


def known(line: bytes, token: str) -> Optional[Json]:
    try:
        start, _, rest = line.decode().partition(" ")
        answer: Any = json.loads(rest) if start == token else None
    except (ValueError, RecursionError):
        return None
    return cast(Json, answer) if isinstance(answer, dict) and "state" in answer else None


def dumpable(value: int) -> None:
    """Close (0) this process's memory and open files to others of the same user, or open them (1); on Linux."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(4, value, 0, 0, 0)  # PR_SET_DUMPABLE
    except (ImportError, OSError, AttributeError):
        pass  # elsewhere the nonce alone must do


# ------------------------------------------------------------------ worker


def work(
    request: Json,
    pytest: Any,
    files: List[str],
    options: List[str],
    channel: int,
    token: str,
) -> None:
    """Run the tests and tell of them over ``channel``."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)  # what the project prints goes elsewhere
    dumpable(1)
    sys.stdin = open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 - the process's own
    # Bound now: the code under test may put anything in their places later.
    write, dumps, leave, lock = os.write, json.dumps, os._exit, _thread.RLock()

    def tell(**answer: Any) -> None:
        data = (token + " " + dumps(answer) + "\n").encode()
        with lock:
            while data:
                data = data[write(channel, data) :]

    watching, blaming = sibling("watching"), sibling("blaming")
    document, scope = request["document"], tuple(request["scope"])

    def doubt(words: str) -> None:
        tell(state="doubt", words=words)

    sys.path[:0] = [folder for folder in request["search"] if folder not in sys.path]
    sys.argv = [""]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv = [sys.executable]
    sys.modules["__main__"] = type(sys)("__main__")
    blame = blaming.blamer(request["root"], document, scope, request["classes"])
    begin, stop = watching.tracer(document, scope, request["stubs"], request["probe"], doubt)
    only = None if request["only"] is None else set(request["only"])
    loaded = watching.guard(document, request["guarded"], doubt)
    run = Run(tell, blame, blaming.placeholder, begin, stop, request["seconds"]["test"], only, loaded)
    run.picked = request.get("chosen") or {}
    run.loading = bool(request.get("loading"))
    replaced = watching.patches(document, _KEPT)
    with django_ready(request.get("settings"), pytest):
        if pytest is None:
            code, fails = by_unittest(files, run)
        else:
            code, fails = by_pytest(pytest, files, options, run)
    if replaced():
        doubt(watching.PATCHED)
    tell(state="ended", code=code, fails=fails, copy=copy_of(document), loads=loads(document))
    leave(0)  # a thread or an exit handler of the project's does not hold us


def loads(document: str) -> bool:
    """Whether the document was imported."""
    own = os.path.realpath(document)
    files = [str(getattr(one, "__file__", None) or "") for one in list(sys.modules.values())]
    return any(os.path.realpath(file) == own for file in files if file)


def copy_of(document: str) -> str:
    """The file that was imported in the document's stead, an installed or a built copy of it; "": there is none."""
    own = os.path.realpath(document)
    folder, name = os.path.split(own)
    inside = os.path.isfile(os.path.join(folder, "__init__.py"))
    tail = os.sep + (os.path.join(os.path.basename(folder), name) if inside else name)
    files = {key: os.path.realpath(str(getattr(one, "__file__", None) or "")) for key, one in list(sys.modules.items())}
    if own in files.values():
        return ""
    stem = os.path.splitext(name)[0]
    return next((file for key, file in sorted(files.items()) if file.endswith(tail) and (inside or key == stem)), "")


@contextlib.contextmanager
def django_ready(settings: Optional[str], pytest: Any) -> Generator[None]:
    """What ``manage.py test`` prepares: the settings, the applications, and empty databases."""
    if settings is None or importlib.util.find_spec("django") is None:
        yield
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)
    if pytest is not None and importlib.util.find_spec("pytest_django") is not None:
        yield  # it prepares all of this itself
        return
    from django import setup  # pyright: ignore - only where the project has it
    from django.test import utils  # pyright: ignore

    setup()  # pyright: ignore
    utils.setup_test_environment()  # pyright: ignore
    try:
        utils.setup_databases(0, interactive=False)  # pyright: ignore
    except Exception as error:
        sys.stderr.write(f"no database for tests: {type(error).__name__}: {error}\n")
    yield


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
    """What both ways of running share."""

    def __init__(
        self, tell: Any, blame: Any, absent: Any, begin: Any, stop: Any, seconds: float, only: Any, loaded: Any
    ) -> None:
        self.tell, self.blame, self.absent = tell, blame, absent
        self.begin, self.stop, self.seconds, self.only = begin, stop, seconds, only
        self.loaded = loaded
        self.trace: Any = None
        self.given = 0
        self.picked: Dict[str, List[str]] = {}
        self.loading = False

    def started(self, name: str) -> None:
        self.tell(state="start", name=name)
        self.trace = self.begin()

    def finished(self, name: str) -> None:
        self.stop()
        trace, self.trace = self.trace, None
        self.tell(state="entered", name=name, scope=None if trace.cut else trace.scope)

    def fault(self, error: BaseException, loading: bool = False) -> Json:
        trace = self.trace
        return self.blame(error, None if trace is None or trace.cut else trace, loading)

    def failed(self, name: str, error: BaseException, sides: Any) -> None:
        expected, actual = values(error, error.__traceback__, sides)
        self.tell(state="failed", name=name, expected=expected, actual=actual, **self.fault(error))

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


def by_pytest(pytest: Any, files: List[str], options: List[str], run: Run) -> Tuple[int, bool]:
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

    class Reporter:
        sides: Any = None

        @pytest.hookimpl(tryfirst=True)
        def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> None:
            if op in ("==", "is") and self.sides is None:
                self.sides = (short(left), short(right))

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
                items[:] = run.chosen(items, lambda item: (str(item.path), item.nodeid.split("::", 1)[-1]))
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
            if item.nodeid in added:
                yield
                return
            run.started(item.nodeid)
            yield
            run.finished(item.nodeid)

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_call(self) -> Iterator[None]:
            with limited(run.seconds):
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
            elif report.skipped:  # an expected failure is one of these
                run.tell(name=item.nodeid, state="skipped")
            elif report.when == "call":
                run.tell(name=item.nodeid, state="passed")

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

    arguments = ["-q", "--continue-on-collection-errors", "--maxfail=0", "-p", "no:cacheprovider"]
    arguments += ["-p", "no:xdist", "-p", "no:randomly", *options, *files]
    unwritten()
    with captured() as said:
        try:
            code = pytest.main(arguments, plugins=[Reporter()])
        except Overdue as error:
            code = 3
            run.tell(state="said", words=str(error))
        if int(code) == _USAGE:
            run.tell(state="said", words=said()[-_MOST_WORDS:])
    run.stop()
    return int(code), len(failing) == len(added) and int(code) in (0, 1, 2, 5) and (not added or int(code) == 1)


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


def by_unittest(files: List[str], run: Run) -> Tuple[int, bool]:
    failing: List[unittest.TestCase] = []

    class Result(unittest.TestResult):
        fine = True
        timer: Any = None

        def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802
            super().startTest(test)
            self.fine = True
            if not isinstance(test, MustFail):
                run.started(test.id())
                self.timer = limited(run.seconds)
                self.timer.__enter__()

        def stopTest(self, test: unittest.TestCase) -> None:  # noqa: N802
            super().stopTest(test)
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

        def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802
            self.fine = False
            run.tell(name=test.id(), state="skipped", words=reason)

        def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: ARG002, N802
            run.tell(name=test.id(), state="skipped")

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
            found = [
                run.chosen(tests, lambda test: (file_of(test), "::".join(test.id().split(".")[-2:]))) for tests in found
            ]
        run.tell(state="planned", names=[test.id() for tests in found for test in tests])
        for tests in found:
            unittest.TestSuite(tests).run(result)  # as a suite: it prepares classes and modules
        MustFail().run(result)
    return 1, len(failing) == 2


def cases(file: str, run: Run) -> List[unittest.TestCase]:
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
                with limited(run.seconds):
                    __import__(module)
                return list(flat(unittest.TestLoader().loadTestsFromName(module)))
            except BaseException as error:
                if not run.stand_in(error):
                    run.uncollected(module + ".", error)
                    return []


def file_of(test: unittest.TestCase) -> str:
    return str(getattr(sys.modules.get(type(test).__module__), "__file__", ""))


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
    supervise()
