"""What an import statement brings in, where that can be told from it alone: the names that would show its use. Pure."""

from __future__ import annotations

import re

from forge_lsp.core.languages import Language
from forge_lsp.ensemble.extraction.libraries import HEADERS, NAMESPACES, PACKAGES
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.csharp import CSHARP
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.rust import RUST

__all__ = ["brought_names"]

_RUST_TRAITS = frozenset(
    {"Read", "Write", "BufRead", "Seek", "FromStr", "Hash", "Hasher", "BuildHasher", "Borrow", "BorrowMut", "ToOwned"}
    | {"TryFrom", "TryInto", "FromIterator", "IntoIterator", "Any", "Error", "Add", "Sub", "Mul", "Div", "Rem", "Neg"}
    | {"Deref", "DerefMut", "Index", "IndexMut", "Pow", "Zero", "One", "Rng", "Future", "Iterator", "Itertools"}
)
"""Traits give methods to other types, so that code may use them without saying their name."""
_SCRIPT = re.compile(
    r"""import\s+(?:type\s+)?(?:(?P<one>[\w$]+)\s*,?\s*)?(?:\*\s*as\s+(?P<all>[\w$]+)\s*)?(?:\{(?P<named>[^}]*)\}\s*)?
        from\s*['"].*|(?:const|let|var)\s+(?:(?P<own>[\w$]+)|\{(?P<parts>[^}]*)\})\s*=\s*require\s*\(.*""",
    re.X | re.S,
)


def brought_names(statement: str, language: Language) -> tuple[str, ...] | None:
    """The names of which code that needs the statement says one; None where that cannot be told."""
    text = statement.strip()
    if language is RUST:
        return _rust(text)
    if language in (JAVASCRIPT, TYPESCRIPT):
        return _script(text)
    if language is CSHARP:
        match = re.fullmatch(r"using\s+([\w.]+)\s*;", text)
        return NAMESPACES.get(match[1]) if match is not None else None
    if language is JAVA:
        match = re.fullmatch(r"import\s+([\w.]+)\.\*\s*;", text)
        return PACKAGES.get(match[1]) if match is not None else None
    if language in (C, CPP):
        match = re.fullmatch(r"#\s*include\s*<([\w.]+)>", text)
        if match is None:
            return None
        name = match[1].removesuffix(".h")
        return HEADERS.get(match[1]) or HEADERS.get(name) or HEADERS.get(name.removeprefix("c"))
    return None


def _rust(text: str) -> tuple[str, ...] | None:
    """Of the standard library alone: what other crates bring in may be a trait."""
    match = re.fullmatch(r"use\s+(?:std|core|alloc)::(.*?)\s*;", text, re.S)
    if match is None or "*" in match[1]:
        return None
    names: list[str] = []
    for part in re.split(r"[,{}]", match[1]):
        words = part.strip().rpartition("::")[2].split()
        if len(words) == 3 and words[1] == "as":
            names.append(words[2])
        elif len(words) == 1 and words[0] != "self":
            names.append(words[0])
        elif words == ["self"]:
            names.append(re.split(r"::\s*\{", match[1])[0].rpartition("::")[2].strip())
    return None if not names or any(name in _RUST_TRAITS or name == "_" for name in names) else tuple(names)


def _script(text: str) -> tuple[str, ...] | None:
    match = _SCRIPT.fullmatch(text)
    if match is None:
        return None
    names = [name for name in (match["one"], match["all"], match["own"]) if name]
    for part in f"{match['named'] or ''},{match['parts'] or ''}".split(","):
        words = re.split(r"\s+as\s+|\s*:\s*", part.strip().removeprefix("type "))
        if words[-1]:
            names.append(words[-1])
    return None if not names or "React" in names else tuple(names)  # JSX uses it without its name
