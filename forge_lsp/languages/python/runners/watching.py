"""What code under test does that could forge a result, seen while it runs; loaded by path by the runners beside it.

For interpreters from 3.8 on, stdlib only. :func:`guard` reports at once, before the action goes on, when the document's
code looks at frames, at the runner, or at the tests; :func:`tracer` records whether the scope was entered, and asks the
values that come out of the document whether they equal things that they cannot all equal.
"""

from __future__ import annotations

import _thread
import contextlib
import copy
import importlib
import linecache
import os
import sys
import threading
from typing import Any, Callable, Dict, List, Tuple, cast

__all__ = ["guard", "patches", "tracer"]

FRAMES = "the code looks at the frames of what calls it"
RUNNER = "the code reaches into what runs it"
READS = "the code reads the tests or the runner's files"
ENDS = "the code ends or copies the process while it is tested"
PATCHED = "the code replaces parts of what tests it"
EQUAL = "the code returns values that are equal to unequal things"
STARTS = "the code starts a program while the tests are being loaded"

_EVENTS = {
    "sys._getframe": FRAMES,
    "sys._getframemodulename": RUNNER,
    "sys._current_frames": FRAMES,
    "sys._current_exceptions": FRAMES,
    "sys.setprofile": FRAMES,
    "sys.settrace": FRAMES,
    "sys.monitoring.register_callback": FRAMES,
    "sys.addaudithook": RUNNER,
    "gc.get_objects": RUNNER,
    "gc.get_referrers": RUNNER,
    "gc.get_referents": RUNNER,
    "code.__new__": RUNNER,
    "function.__new__": RUNNER,
    "os.kill": ENDS,
    "os.killpg": ENDS,
    "os.fork": ENDS,
    "os.forkpty": ENDS,
    "os.exec": ENDS,
    "signal.pthread_kill": ENDS,
}
_ATTRIBUTES = ("tb_frame", "gi_frame", "cr_frame", "ag_frame", "f_back", "f_globals", "f_locals")
_LEAK = ("currentframe", "stack", "trace", "get_stack", "walk_stack", "extract_stack", "format_stack", "print_stack")
_PATHS = (
    "open",
    "os.link",
    "os.symlink",
    "os.rename",
    "os.listxattr",
    "subprocess.Popen",
    "os.system",
    "os.posix_spawn",
)
_RUNNERS = ("_pytest", "pluggy", "pytest")
_CHILDREN = ("subprocess.Popen", "os.system", "os.posix_spawn")
_COPIES = ("os.fork", "os.forkpty")
_CLOSED = ("_pytest", "pluggy", "pytest", "unittest", "gc", "ctypes", "_ctypes", "builtins", "sys", "faulthandler")
# What text that is made into code may not name: all else is seen while it runs.
_REACHING = {
    *_ATTRIBUTES,
    *("f_builtins", "__globals__", "__closure__", "__code__", "__subclasses__", "__builtins__", "__import__"),
    *("cell_contents", "modules", "_getframe", "_current_frames", "get_objects", "get_referrers", "_exit"),
    *("builtins", "gc", "ctypes", "pytest", "_pytest", "unittest", "pluggy", "cr_origin", "meta_path", "environ"),
}


def guard(document: str, files: List[str], tell: Callable[[str], None]) -> Callable[[], None]:
    """Report what the document's code does to frames, the runner and ``files``, before it is done.

    Return what says that all of the tests are loaded: programs that the document's code starts from then on find no
    ``files`` any more.
    """
    get_frame: Any = vars(sys)["_getframe"]
    get_ident, realpath, suppressed = _thread.get_ident, os.path.realpath, contextlib.suppress
    function_code = type(guard.__code__)
    library = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
    packages = (os.sep + "site-packages" + os.sep, os.sep + "dist-packages" + os.sep)
    closed = {realpath(file) for file in files}
    names = {os.path.basename(file) for file in closed}
    tests = {os.path.basename(file) for file in closed if file != realpath(document)}
    runners = realpath(os.path.dirname(__file__)) + os.sep
    own = realpath(document)
    shows = tuple(os.sep + name for name in ("warnings.py", "traceback.py", os.path.join("logging", "__init__.py")))
    busy: Dict[int, bool] = {}
    known: Dict[str, int] = {}
    loaded: List[bool] = []

    def kind(name: str) -> int:
        found = known.get(name)
        if found is None:
            if name.startswith("<"):
                found = 0 if name.startswith("<frozen") else 3
            elif any(part in name for part in packages):
                found = 0 if any(os.sep + part + os.sep in name for part in _RUNNERS) else 2
            elif name.startswith(library):
                found = 0
            else:
                found = 1 if realpath(name) == own else 2
            known[name] = found
        return found

    def by_document(direct: bool, up: int = 3) -> bool:
        """Whether the innermost frame that is not the library's is of the document, or of text that it made.

        ``direct``: only where the library hands on what it finds. What warns and logs shows lines, and keeps them.
        """
        frame: Any = get_frame(up)  # what the event happened in
        below: Any = None
        made = False
        while frame is not None:
            found = kind(frame.f_code.co_filename)
            if found == 3 and below is None and direct:
                return True
            made = made or found == 3
            if found == 1:
                if not direct or below is None or made:
                    return True
                return below.co_name in _LEAK or below.co_filename.endswith(("inspect.py", "bdb.py", "pdb.py"))
            if found == 2:
                return False
            if found == 0:
                below = frame.f_code
                if not direct and below.co_filename.endswith(shows) and below.co_name != "formatwarning":
                    return False
            frame = frame.f_back
        return False

    def forbidden(path: Any) -> bool:
        try:
            text = os.fsdecode(path)
        except TypeError:
            return False
        real = realpath(text)
        if text.startswith("/proc/") or real.startswith(("/proc/", runners)) or real in closed:
            return True
        folder, name = os.path.split(real)
        # What was made of a test file holds its values, too.
        return os.path.basename(folder) == "__pycache__" and name.partition(".")[0] + ".py" in tests

    def mentions(value: Any) -> bool:
        text = repr(value)
        return "/proc/" in text or any(name in text for name in names)

    def reaches(code: Any) -> bool:
        """Whether a code object, or one in it, names what leads to the runner."""
        if not isinstance(code, function_code):
            return False
        words = {*code.co_names, *(one for one in code.co_consts if isinstance(one, str))}
        return not _REACHING.isdisjoint(words) or any(reaches(one) for one in code.co_consts)

    def hidden() -> None:
        """Take the tests away; what shows their lines keeps them."""
        used = {realpath(getattr(one, "__file__", None) or "") for one in list(sys.modules.values())}
        for path in (closed - {own}) & used:
            lines = linecache.getlines(path)
            with suppressed(OSError):
                os.unlink(path)
                linecache.cache[path] = (0, None, lines, path)

    def started(args: Any, mine: bool) -> str:
        """What is to be said of a program that the document's code starts; the tests are gone for it."""
        if not mine:
            return ""
        if mentions(args):
            return READS
        if loaded:
            hidden()
        return "" if loaded or not closed - {own} else STARTS

    def judged(event: str, args: Any) -> str:
        if event in ("exec", "function.__new__"):
            made = getattr(args[0], "co_filename", "")
            return RUNNER if made.startswith("<") and reaches(args[0]) and by_document(True) else ""
        if event in _COPIES:
            # A pool of processes may be honest: the library ends what it starts.
            direct = kind(get_frame(2).f_code.co_filename) in (1, 3)
            return ENDS if direct else started((), by_document(False))
        if event == "object.__getattr__":
            return FRAMES if args[1] in _ATTRIBUTES and by_document(True) else ""
        if event == "object.__setattr__":
            return PATCHED if args[1] == "__code__" and by_document(True) else ""
        if event in _PATHS:
            if event in _CHILDREN:
                return started(args, by_document(False))
            return READS if any(forbidden(one) for one in args[:2]) and by_document(False) else ""
        if event.startswith("ctypes."):
            return RUNNER if by_document(True) else ""
        if event == "compile":
            name = args[1]
            fake = isinstance(name, str) and os.path.isabs(name)  # the document's name, too: it has lines of the user's
            return RUNNER if fake and by_document(True) else ""
        return _EVENTS[event] if by_document(True) else ""

    watched = {*_EVENTS, *_PATHS, "object.__getattr__", "object.__setattr__", "compile", "exec"}
    import_module, closed_modules = importlib.import_module, set(_CLOSED)

    def importing(name: str, package: Any = None) -> Any:
        if name.partition(".")[0] in closed_modules and by_document(True, 2):
            tell(RUNNER)
        return import_module(name, package)

    def starting(*args: Any) -> Any:  # no event tells of what a pool of processes starts
        doubt = started((), by_document(False, 2))
        if doubt:
            tell(doubt)
        return fork_exec(*args)

    importlib.import_module = importing
    try:
        processes: Any = import_module("_posixsubprocess")
    except ImportError:  # there is none on other systems
        processes = None
    fork_exec: Any = getattr(processes, "fork_exec", None)
    if fork_exec is not None:
        processes.fork_exec = starting

    def hook(event: str, args: Any) -> None:
        if event not in watched and not event.startswith("ctypes."):
            return
        ident = get_ident()
        if ident in busy:
            return
        busy[ident] = True
        try:
            doubt = judged(event, args)
            if doubt:
                tell(doubt)
        finally:
            busy.pop(ident, None)

    sys.addaudithook(hook)
    return lambda: loaded.append(True)


# ------------------------------------------------------------------ what a run enters and returns


class Trace:
    """What one test entered: the scope, and stubs beside it."""

    __slots__ = ("cut", "scope", "stub")

    def __init__(self) -> None:
        self.scope = False
        self.stub = False
        self.cut = False  # there was too much to see


_MOST_EVENTS = 3000000
_MOST_KEPT = 40


def tracer(
    document: str,
    scope: tuple[int, int],
    stubs: list[int],
    probe: bool,
    tell: Callable[[str], None],
) -> Tuple[Callable[[], Trace], Callable[[], None], Callable[[bool], bool]]:
    """Return what begins to record into a new trace, what ends it, and what interrupts it (False) and goes on (True),
    which returns whether it was recording: each call costs time while it does."""
    own = os.path.realpath(document)
    realpath, set_profile = os.path.realpath, sys.setprofile
    set_thread_profile: Callable[[Any], None] = threading.setprofile
    function_type = type(tracer)
    kinds: Dict[int, Tuple[int, Any]] = {}
    state: Dict[str, Any] = {"trace": Trace(), "events": 0, "on": False}
    kept: List[Any] = []

    def kind(code: Any) -> int:
        found = kinds.get(id(code))
        if found is None:
            number = 0
            name = code.co_filename
            if not name.startswith("<") and realpath(name) == own and code.co_name != "<module>":
                line = code.co_firstlineno
                number = 1 if scope[0] <= line <= scope[1] else 2 if line in stubs else 3
            elif probe and name.startswith("<") and not name.startswith("<frozen"):
                number = 3
            found = kinds[id(code)] = (number, code)
        return found[0]

    def by_user(value: Any) -> bool:
        """Whether the user wrote what a value says of equality, order and what it holds, outside of the scope."""
        classes: Any = _mro_of(cast(Any, type)(value))
        first = (next((_members_of(one)[name] for one in classes if name in _members_of(one)), None) for name in _ASKED)
        codes = [cast(Any, found).__code__ for found in first if isinstance(found, function_type)]
        made = any(kind(code) == 1 or (kind(code) and code.co_filename.startswith("<")) for code in codes)
        return bool(codes) and not made

    def profile(frame: Any, event: str, value: Any) -> None:
        if event == "call":
            number = kind(frame.f_code)
            if number == 1:
                state["trace"].scope = True
            elif number == 2:
                state["trace"].stub = True
        elif event == "return" and probe and kind(frame.f_code) and value is not None and len(kept) < _MOST_KEPT:
            odd: List[Any] = []
            unusual(value, odd, 60)
            kept.extend(odd[:_MOST_KEPT])
        state["events"] += 1
        if state["events"] > _MOST_EVENTS:
            state["trace"].cut = True
            set_profile(None)

    def begin() -> Trace:
        trace = state["trace"] = Trace()
        state["events"], state["on"] = 0, True
        set_thread_profile(profile)
        set_profile(profile)
        return trace

    def switch(on: bool) -> bool:
        before, state["on"] = bool(state["on"]), on
        if before != on:
            set_profile(profile if on and not state["trace"].cut else None)
        return before

    def end() -> None:
        state["on"] = False
        set_profile(None)
        set_thread_profile(None)
        # Twice: equality that changes its mind after the first question is as odd.
        if any(equal_to_all(value, users=by_user(value)) for value in kept * 2):
            tell(EQUAL)
        kept.clear()

    return begin, end, switch


_PLAIN = (int, float, complex, str, bytes, bytearray, bool, type(None), type, range)


def unusual(value: Any, found: List[Any], left: int) -> int:
    """Gather, of a value and what it holds, what has an equality that the library does not define."""
    left -= 1
    kind: Any = cast(Any, type)(value)
    if left < 0 or kind in _PLAIN:
        return left
    if kind in (list, tuple, set, frozenset):
        for item in list(value)[:20]:
            left = unusual(item, found, left)
    elif kind is dict:
        for item in [*list(value)[:10], *list(value.values())[:10]]:
            left = unusual(item, found, left)
    else:
        if not callable(value) or kind.__module__ not in ("builtins", "types"):
            found.append(value)
        try:
            inner = list(object.__getattribute__(value, "__dict__").values())
        except (AttributeError, TypeError):
            inner = []
        for item in inner[:10]:
            left = unusual(item, found, left)
    return left


_ASKED = ("__eq__", "__contains__", "__lt__", "__gt__")
_SIMPLE: Tuple[Any, ...] = (0, 3, 7, 12, 50, 1000, -40, 2.25, "", "a", "forge", b"x", None, True)
_UNEQUAL: Tuple[Any, ...] = (*_SIMPLE, (), (1, 2), [], [1, 2], {}, {"a": 1}, frozenset(("q",)))


def equal_to_all(value: Any, users: bool = False) -> bool:
    """Whether a value says that it equals a bare object, or more things that are not equal than an honest one does.

    ``users``: it is the user's own class, whose collections may equal all that hold the same, or hold anything.
    """
    same = 0
    for number, other in enumerate((object(), *(_SIMPLE if users else _UNEQUAL))):
        for first, second in ((value, other), (other, value)):
            try:
                answer = bool(first == second) or (not bool(first != second) and bool(second == first))
            except BaseException:
                continue
            if answer:
                same += 1
                if number == 0 or same > (1 if users else 2):
                    return True
                break
    return not users and answers_all(value)


def answers_all(value: Any) -> bool:
    """Whether a value says that it holds a bare object, or that it comes both before and after one and the same."""
    for asked in (lambda: holds_all(value), lambda: any(value < other and value > other for other in (3, "a", ()))):
        try:
            if asked():
                return True
        except BaseException:
            continue
    return False


_mro_of: Any = type.__dict__["__mro__"].__get__
_members_of: Any = type.__dict__["__dict__"].__get__
_copy: Any = copy.copy
_COPIED = (type(iter([])), type(iter(())))


def holds_all(value: Any) -> bool:
    """Whether a value says that it holds a bare object. Iterators are not asked, since that would use them up: the code
    that is tested goes on with them. What they give is seen where it is returned or yielded."""
    kind: Any = cast(Any, type)(value)
    if kind in _COPIED:
        value = _copy(value)
    elif not any("__contains__" in _members_of(one) for one in _mro_of(kind)):
        return False
    return object() in value


# ------------------------------------------------------------------ what is put in the place of the runner's parts


def members(owner: Any) -> Dict[str, Any]:
    return dict(cast(Any, vars)(owner))


def patches(document: str, starts: Tuple[str, ...]) -> Callable[[], bool]:
    """Note the functions of modules whose names begin so; return what says whether the document replaced one."""
    own = os.path.realpath(document)
    modules: Dict[str, Any] = dict(sys.modules)
    realpath, kinds = os.path.realpath, (type(patches), type)

    def owners() -> List[Any]:
        found: List[Any] = []
        for name, module in modules.items():
            if name.partition(".")[0] in starts:
                found.append(module)
                found += [one for one in members(module).values() if isinstance(one, type)]
        return found

    def made_here(value: Any) -> bool:
        if isinstance(value, type):
            module = modules.get(value.__module__) or sys.modules.get(value.__module__)
            return module is not None and realpath(str(getattr(module, "__file__", ""))) == own
        code = getattr(getattr(value, "__func__", value), "__code__", None)
        name = getattr(code, "co_filename", "")
        return bool(name) and (realpath(name) == own or (name.startswith("<") and not name.startswith("<frozen")))

    before: Dict[Tuple[int, str], Any] = {}
    for owner in owners():
        before.update(((id(owner), name), value) for name, value in members(owner).items())

    def replaced() -> bool:
        for owner in owners():
            for name, value in members(owner).items():
                was = before.get((id(owner), name))
                if was is not None and was is not value and isinstance(value, kinds) and made_here(value):
                    return True
        return False

    return replaced
