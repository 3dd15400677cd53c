"""Why a test failed, read from an exception's frames; loaded by path by the runner beside it.

For interpreters from 3.8 on, stdlib only.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any, Callable, Dict, List, Tuple

__all__ = ["blamer", "placeholder"]

_IMPORT = re.compile(r"cannot import name '(?P<name>[^']+)' from (?:partially initialized module )?'(?P<module>[^']+)'")
_ATTRIBUTE = re.compile(r"^(?:module|type object) '(?P<owner>[^']+)' has no attribute '(?P<name>[^']+)'")
_OBJECT = re.compile(r"^'(?P<owner>[^']+)' object has no attribute '(?P<name>[^']+)'")
_NAME = re.compile(r"^name '(?P<name>[^']+)' is not defined")
_MOST_WORDS = 2000

Blame = Dict[str, Any]


class Absent(NameError):
    """A name that nobody defines was used; made where a test wanted to import it."""


def placeholder(name: str, module: str) -> Any:
    """Return what stands for a name that a test imports and that is not there: every use of it raises."""

    def fail(*_: Any, **__: Any) -> Any:
        raise Absent("cannot import name '" + name + "' from '" + module + "'")

    special = ("call", "getattr", "getitem", "iter", "len", "enter", "add", "mul", "lt", "gt", "index", "bool", "eq")
    members: Dict[str, Any] = {"__" + one + "__": fail for one in special}
    return type("Absent", (), dict(members, __hash__=object.__hash__))()


def blamer(
    root: str,
    document: str,
    scope: tuple[int, int],
    classes: List[str],
) -> Callable[..., Blame]:
    """Return what says of an exception whose fault it is.

    ``scope`` is the range of lines in ``document``, ``classes`` the classes that it defines.
    """
    base, own = os.path.realpath(root) + os.sep, os.path.realpath(document)
    skipped = tuple(os.sep + part + os.sep for part in ("site-packages", "dist-packages", ".venv", "venv"))

    def project_frames(error: BaseException) -> List[Tuple[str, int]]:
        found: List[Tuple[str, int]] = []
        trace = error.__traceback__
        while trace is not None:
            name = trace.tb_frame.f_code.co_filename
            if not name.startswith("<"):
                path = os.path.realpath(name)
                if path.startswith(base) and not any(part in path for part in skipped):
                    found.append((path, trace.tb_lineno))
            trace = trace.tb_next
        return found

    def of_document(module: str) -> bool:
        loaded = sys.modules.get(module)
        path = getattr(loaded, "__file__", None)
        return isinstance(path, str) and os.path.realpath(path) == own

    def inside(place: Tuple[str, int]) -> bool:
        return place[0] == own and scope[0] <= place[1] <= scope[1]

    def missing(error: BaseException, places: List[Tuple[str, int]]) -> Tuple[str, bool] | None:
        """A name that nobody defines, and whether it is wanted of the document."""
        text = str(error)
        found = _IMPORT.search(text)
        if found is not None:
            return found["name"], of_document(found["module"])
        if isinstance(error, NameError):
            found = _NAME.match(text)
            return (found["name"], bool(places) and places[-1][0] == own) if found is not None else None
        if not isinstance(error, AttributeError):
            return None
        found = _ATTRIBUTE.match(text)
        if found is not None:
            if of_document(found["owner"]):
                return found["name"], True
            return (found["name"], defines(found["owner"])) if found["owner"] not in classes else None
        found = _OBJECT.match(text)
        if found is not None and found["owner"] not in classes and defines(found["owner"]):
            return found["name"], True
        return None

    def defines(kind: str) -> bool:
        return any(
            isinstance(getattr(module, kind, None), type)
            for module in list(sys.modules.values())
            if isinstance(getattr(module, "__file__", None), str) and os.path.realpath(str(module.__file__)) == own
        )

    def blame(error: Any, trace: Any = None, always: bool = False) -> Blame:
        """``trace`` is what the test entered (None: it is not known)."""
        if type(error).__name__ == "ExceptionGroup" and getattr(error, "exceptions", ()):
            error = error.exceptions[0]
        places = project_frames(error)
        words = words_of(error)
        line = next((at for path, at in reversed(places) if path == own), 0)
        if line:
            words += " (line " + str(line) + " of " + os.path.basename(own) + ")"
        result: Blame = {"words": words[:_MOST_WORDS], "missing": [], "cause": "unknown"}
        entered = any(inside(place) for place in places)
        if places and inside(places[-1]):
            unfinished = isinstance(error, NotImplementedError)
            result["cause"] = "elsewhere" if trace is not None and trace.stub and not unfinished else "scope"
            return result
        wanted = missing(error, places)
        if wanted is not None:
            result["missing"] = [wanted[0]]
            result["cause"] = "scope" if wanted[1] else "elsewhere"
        elif isinstance(error, ModuleNotFoundError):
            result["cause"] = "elsewhere" if in_project(str(error.name)) else "environment"
        elif type(error).__name__ in ("FixtureLookupError", "UsageError"):
            name = str(getattr(error, "argname", "") or "")
            if os.path.basename(own) == "conftest.py" and name:
                result.update(missing=[name], cause="scope")
            else:
                result["cause"] = "environment"
        elif (trace is not None and trace.stub) or isinstance(error, NotImplementedError):
            result["cause"] = "elsewhere"
        elif entered or (trace is not None and trace.scope):
            result["cause"] = "scope"
        elif (places and places[-1][0] != own and always) or trace is not None:
            result["cause"] = "outside"
        return result

    def in_project(name: str) -> bool:
        top = name.partition(".")[0]
        return any(
            os.path.isdir(os.path.join(folder, top)) or os.path.isfile(os.path.join(folder, top + ".py"))
            for folder in sys.path
            if os.path.realpath(folder or ".").startswith(base[:-1])
        )

    return blame


def words_of(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception as other:  # the project's own __str__
        text = "<str raises " + type(other).__name__ + ">"
    return type(error).__name__ + (": " + text if text else "")
