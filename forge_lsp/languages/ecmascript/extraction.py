"""TypeScript and JavaScript, for what is found in answers."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from forge_lsp.core.ports import Item
from forge_lsp.core.support import ExtractionSupport

__all__ = ["JAVASCRIPT_EXTRACTION", "TYPESCRIPT_EXTRACTION"]

_IMPORT = re.compile(
    r"""import\s+(?:type\s+)?(?:(?P<one>[\w$]+)\s*,?\s*)?(?:\*\s*as\s+(?P<all>[\w$]+)\s*)?(?:\{(?P<named>[^}]*)\}\s*)?
        from\s*['"].*|(?:const|let|var)\s+(?:(?P<own>[\w$]+)|\{(?P<parts>[^}]*)\})\s*=\s*require\s*\(.*""",
    re.X | re.S,
)
_LIST = re.compile(r"\{([^}]*)\}")
_PART = re.compile(r"(?:type\s+)?[\w$]+(?:(?:\s+as\s+|\s*:\s*)([\w$]+))?")
_FACTORIES = ("React", "h")
"""What JSX uses without its name."""
_PATTERN = re.compile(r"(?=[^=]*+=)(?:export\s++)?(?:const|let|var)\s*[{\[]([^=]*)[}\]]\s*(?::[^=]*)?=")
_ACCESSOR = re.compile(r"\b(?:get|set|static)\b(?!\s*[(=:])")


def _import_names(statement: str) -> list[str] | None:
    match = _IMPORT.fullmatch(statement)
    if match is None:
        return None
    names = [name for name in (match["one"], match["all"], match["own"]) if name]
    parts = [part for one in (match["named"], match["parts"]) for part in (one or "").split(",") if part.strip()]
    if any(_PART.fullmatch(part.strip()) is None for part in parts):
        return None
    return (names + [_name(part) for part in parts]) or None


def _name(part: str) -> str:
    return re.split(r"\s+as\s+|\s*:\s*", part.strip().removeprefix("type "))[-1]


def _unsaid(_: str, name: str) -> bool:
    return name in _FACTORIES


def _taken(statement: str, used: Collection[str]) -> Sequence[str]:
    found = _IMPORT.fullmatch(statement)
    if found is None:
        return (statement,)
    listed = _LIST.search(statement)
    if listed is not None:
        kept = [part.strip() for part in listed[1].split(",") if part.strip() and _name(part) in used]
        before, behind = statement[: listed.start()], statement[listed.end() :]
        if kept:
            statement = f"{before}{{ {', '.join(kept)} }}{behind}"
        else:
            statement = f"{before.rstrip().removesuffix(',')} {behind.lstrip()}"
    if found["one"] and found["one"] not in used and (found["named"] or found["all"]):
        statement = re.sub(rf"(?<=import)(\s+type)?\s+{re.escape(found['one'])}\s*,\s*", r"\1 ", statement, count=1)
    return (statement,)


def _assigned(statement: str) -> list[str]:
    """The names of a pattern (``const { a, b: c } =``)."""
    pattern = _PATTERN.match(statement)
    return re.findall(r"([\w$]+)\s*(?=[,}\]]|$)", pattern[1]) if pattern is not None else []


def _under_signature(original: str, item: Item, body: str) -> str | None:
    """The value of an arrow function becomes statements."""
    if item.body is None:
        return None
    inside = item.body.of(original)
    if not inside.startswith("{") and not original[: item.body.start].rstrip().endswith("=>"):
        return None
    return f"{original[: item.body.start].rstrip()} {{\n{body}\n}}{original[item.body.end :]}"


JAVASCRIPT_EXTRACTION = ExtractionSupport(
    import_names=_import_names,
    unsaid=_unsaid,
    taken=_taken,
    assigned=_assigned,
    redefines=True,
    under_signature=_under_signature,
    accessor=_ACCESSOR,
)
TYPESCRIPT_EXTRACTION = replace(JAVASCRIPT_EXTRACTION, overloads=True)
