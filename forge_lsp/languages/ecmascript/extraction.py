"""TypeScript and JavaScript, for what is found in answers."""

from __future__ import annotations

import re

from forge_lsp.core.support import ExtractionSupport

__all__ = ["JAVASCRIPT_EXTRACTION", "TYPESCRIPT_EXTRACTION"]

_IMPORT = re.compile(
    r"""import\s+(?:type\s+)?(?:(?P<one>[\w$]+)\s*,?\s*)?(?:\*\s*as\s+(?P<all>[\w$]+)\s*)?(?:\{(?P<named>[^}]*)\}\s*)?
        from\s*['"].*|(?:const|let|var)\s+(?:(?P<own>[\w$]+)|\{(?P<parts>[^}]*)\})\s*=\s*require\s*\(.*""",
    re.X | re.S,
)
_PATTERN = re.compile(r"(?=[^=]*+=)(?:export\s++)?(?:const|let|var)\s*[{\[]([^=]*)[}\]]\s*(?::[^=]*)?=")
_ACCESSOR = re.compile(r"\b(?:get|set|static)\b(?!\s*[(=:])")


def _import_names(statement: str) -> list[str] | None:
    match = _IMPORT.fullmatch(statement)
    if match is None:
        return None
    names = [name for name in (match["one"], match["all"], match["own"]) if name]
    for part in f"{match['named'] or ''},{match['parts'] or ''}".split(","):
        words = re.split(r"\s+as\s+|\s*:\s*", part.strip().removeprefix("type "))
        if words[-1]:
            names.append(words[-1])
    return None if not names or "React" in names else names  # JSX uses it without its name


def _assigned(statement: str) -> list[str]:
    """The names of a pattern (``const { a, b: c } =``)."""
    pattern = _PATTERN.match(statement)
    return re.findall(r"([\w$]+)\s*(?=[,}\]]|$)", pattern[1]) if pattern is not None else []


JAVASCRIPT_EXTRACTION = ExtractionSupport(
    import_names=_import_names, assigned=_assigned, redefines=True, accessor=_ACCESSOR
)
TYPESCRIPT_EXTRACTION = ExtractionSupport(
    import_names=_import_names, assigned=_assigned, redefines=True, accessor=_ACCESSOR, overloads=True
)
