"""Whether what a call raised is what an example says. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["same_error"]

_ANY = frozenset({"", "Exception", "Error", "Throwable"})
_OF_PYTHON = frozenset(
    {
        *("ArithmeticError", "AssertionError", "AttributeError", "Exception", "IndexError", "KeyError", "LookupError"),
        *("NotImplementedError", "OverflowError", "RuntimeError", "StopIteration", "TypeError", "ValueError"),
        "ZeroDivisionError",
    }
)
_UNWRITTEN = re.compile(r"NotImplemented(?:Error|Exception)?$")
_UNWRITTEN_WORDS = re.compile(
    r"(?:\w+ (?:is|has) )?(?:not (?:been |yet )*(?:implemented|written)(?: yet)?|unimplemented|to ?do)\b"
    r"\s*(?:[:.!(].*)?$",
    re.I | re.S,
)


def same_error(expected: str, error: str, *, names: Sequence[str] = (), words: str = "") -> bool:
    """Return whether an exception is the one that an example names ("": any), qualified or not.

    ``names`` are those of the types that it is of, too (``*``: no example can know any of them), ``words`` what it
    says. A name that Python alone has stands for any exception where another language raises one of its own. What is
    raised because the code is not written yet is not any exception.
    """
    if not error:
        return False  # the process itself ended: no example means that
    if _UNWRITTEN.search(error) or _UNWRITTEN_WORDS.match(words.strip()):
        return expected not in _ANY and _plain(expected) == _plain(error)
    if expected in _ANY or "*" in names or _plain(expected) in map(_plain, (error, *names)):
        return True
    return _last(expected) in _OF_PYTHON and _last(error) not in _OF_PYTHON


def _last(name: str) -> str:
    return re.split(r"::|[.\\]", name)[-1]


def _plain(name: str) -> str:
    return _last(name).replace("_", "").lower()
