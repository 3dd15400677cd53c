"""Values as text: whether two texts stand for one value, however they are written. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import cast

__all__ = ["canonical", "raises", "returns", "same", "written"]

_MOST = 20_000
"""Characters of a value that is read; a longer one is compared as it stands."""
_DEEPEST = 50
_RAISES = re.compile(r"(?:raises?|throws?)\s+(?:an?\s+)?`?(?:\w+(?:\.|::))*(\w+)\b.*", re.S | re.I)
_ERROR = re.compile(r"(?:\w+(?:\.|::))*(\w*(?:Error|Exception|Warning))\b.*", re.S)
_WORDS = {"true": "True", "false": "False", "null": "None", "nil": "None", "nullptr": "None", "undefined": "None"}
_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<word>[A-Za-z_]\w*)|(?P<space>\s+)|(?P<other>.)""", re.S
)


def canonical(value: str) -> str:
    """Return one text for values that are written in different ways: other quotes and white space, ``5.0`` for ``5``,
    ``true`` for ``True``, sets and dictionaries in another order, the message of an error beside its kind."""
    text = value.strip()
    error = raises(text)
    if error is not None:
        return f"raises {error}"
    plain = _plain(text)
    return plain if plain is not None else _tokens(text)


def same(one: str, other: str) -> bool:
    """Return whether two texts stand for one value."""
    return one == other or canonical(one) == canonical(other)


def raises(value: str) -> str | None:
    """Return the kind of error that a value stands for, None where it is none: ``raises pkg.Bad: no`` is ``Bad``."""
    text = value.strip()
    if text[:1] in "'\"":
        return None
    match = _RAISES.fullmatch(text) or _ERROR.fullmatch(text)
    return match[1] if match is not None else None


def returns(answer: str) -> bool:
    """Return whether a call gave a value, and no error."""
    return not answer.startswith("raises ")


def written(value: object) -> str | None:
    """Return what a model wrote for a value, as text; None where it says nothing. A text that is no literal and no
    error stands for itself: ``abc`` is ``'abc'``."""
    if not isinstance(value, str):
        return _shown(value)
    text = value.strip().strip("`").strip()
    if not text:
        return None
    if raises(text) is not None or _plain(text) is not None:
        return canonical(text)
    wordy = re.fullmatch(r"[\w \-.,!?']*", text) is not None
    return repr(text) if wordy else _tokens(text)


def _plain(text: str) -> str | None:
    """A literal, in Python's notation or nearly so; None: it is none."""
    if len(text) > _MOST:
        return None
    for candidate in dict.fromkeys((text, _pythonic(text))):
        try:
            return _shown(ast.literal_eval(candidate))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
    return None


def _pythonic(text: str) -> str:
    """``true`` as ``True``, ``null`` as ``None``, outside of quoted texts."""
    return "".join(
        _WORDS.get(match[0].lower(), match[0]) if match.lastgroup == "word" else match[0]
        for match in _TOKEN.finditer(text)
    )


def _tokens(text: str) -> str:
    """What is no literal: without the white space that says nothing, every text in the same quotes."""
    parts: list[str] = []
    spaced = False
    for match in _TOKEN.finditer(text):
        kind, part = match.lastgroup, match[0]
        if kind == "space":
            spaced = True
            continue
        if kind == "text":
            part = repr(re.sub(r"\\(['\"])", r"\1", part[1:-1]))
        apart = spaced and parts and parts[-1][-1:].isalnum() and part[:1].isalnum()  # `1 2` is not `12`
        parts.append(f" {part}" if apart else part)
        spaced = False
    return "".join(parts)


def _shown(value: object, depth: int = 0) -> str:
    """One text for equal values: whole floats are integers, sets and dictionaries are sorted."""
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.9g}"
    if isinstance(value, dict):
        pairs = cast("dict[object, object]", value).items()
        return f"{{{', '.join(sorted(f'{_shown(k, depth + 1)}: {_shown(v, depth + 1)}' for k, v in pairs))}}}"
    if not isinstance(value, list | tuple | set):
        return repr(value)
    parts = [_shown(item, depth + 1) for item in cast("Iterable[object]", value)]
    if isinstance(value, list):
        return f"[{', '.join(parts)}]"
    return f"({', '.join(parts)},)" if isinstance(value, tuple) else f"{{{', '.join(sorted(parts))}}}"
