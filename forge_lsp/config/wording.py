"""What is wrong with a setting, in words: what was expected, what stands there, and which key may be meant."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, cast, get_args

from pydantic import BaseModel

from forge_lsp.reading import table_beside

__all__ = ["meant", "wording"]

_EXPECTED: Mapping[str, str] = table_beside(__file__, "wording.toml")
_LONGEST = 20  # characters of a value that is shown; what is longer may be a key


def wording(problem: Mapping[str, Any], tree: type[BaseModel]) -> str:
    """Return one of pydantic's problems with ``tree`` as people say it."""
    kind, path = str(problem["type"]), cast("tuple[int | str, ...]", problem["loc"])
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        key = meant(str(path[-1]), _keys(tree, path[:-1]))
        return "unknown key" + (f"; did you mean {key}?" if key else "")
    stem = kind.removesuffix("_parsing").removesuffix("_type").removesuffix("_from_float")
    if stem in _EXPECTED and kind != stem:
        return f"expected {_EXPECTED[stem]}{_got(problem.get('input'))}"
    if kind == "literal_error":
        return f"expected {problem['ctx']['expected']}{_got(problem.get('input'))}"
    return str(problem["msg"]).removeprefix("Value error, ").replace("Input should be", "it should be", 1)


def meant(word: str, known: list[str]) -> str | None:
    """Return the known word that is most like ``word``; None: none is."""
    found = get_close_matches(word.lower(), known, n=1, cutoff=0.7)
    return found[0] if found else None


def _got(value: object) -> str:
    """A short, plain value; nothing of tables and lists, which may hold anything."""
    if isinstance(value, str) and len(value) <= _LONGEST and value.isprintable():
        return f', got "{value}"'
    if isinstance(value, bool):
        return f", got {str(value).lower()}"
    return f", got {value}" if isinstance(value, int | float) else ""


def _keys(tree: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The keys of the table at ``path``; none where that is not known."""
    now: object = tree
    for part in path:
        now = _below(now, part)
        if now is None:
            return []
    return list(now.model_fields) if isinstance(now, type) and issubclass(now, BaseModel) else []


def _below(table: Any, part: int | str) -> object:
    if isinstance(table, type) and issubclass(table, BaseModel):
        field = table.model_fields.get(str(part))
        return None if field is None else field.annotation
    # dict[str, Model], tuple[Row, ...]
    return next((one for one in get_args(table) if isinstance(one, type) and issubclass(one, BaseModel)), None)
