"""CommonJS and modules: an import is written in the way of the file that it comes to, so that the kind stays."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["bound_names", "in_kind"]

_MODULE = re.compile(r"^[ \t]*(?:import\s*[\w${*'\"]|export\b)", re.M)
_COMMON = re.compile(r"\brequire\s*\(|^[ \t]*(?:module\.)?exports\b", re.M)
_IMPORT = re.compile(
    r"""import\s+(?!type\b)(?:(?P<default>[\w$]+)\s*(?:,\s*)?)?(?:\*\s*as\s+(?P<all>[\w$]+)\s*)?
        (?:\{(?P<named>[^}]*)\}\s*)?(?:from\s*)?(?P<module>'[^']+'|"[^"]+")\s*;?""",
    re.X,
)
_REQUIRE = re.compile(
    r"""(?:(?:const|let|var)\s+(?:(?P<default>[\w$]+)|\{(?P<named>[^}]*)\})\s*=\s*)?
        require\(\s*(?P<module>'[^']+'|"[^"]+")\s*\)(?P<part>\.[\w$]+)?\s*;?""",
    re.X,
)


def in_kind(text: str, wanted: Sequence[str]) -> list[str]:
    """``wanted`` as the file ``text`` imports: by ``require`` in CommonJS, by ``import`` in a module; without those
    whose names it has from the same place already. A file that shows neither takes them as they are."""
    is_module, is_common = _MODULE.search(text) is not None, _COMMON.search(text) is not None
    if is_module == is_common:
        return list(wanted)
    found: list[str] = []
    for statement in wanted:
        found += _as_import(statement) if is_module else _as_require(statement)
    return found if is_module else [line for line in found if not _is_known(line, text)]


def bound_names(statement: str) -> tuple[str, ...] | None:
    """The names that a statement brings in; None for one that is run for its effect, or is not understood."""
    match = _IMPORT.fullmatch(re.sub(r"\bimport\s+type\b", "import", statement.strip()))
    match = match or _REQUIRE.fullmatch(statement.strip())
    if match is None:
        return None
    parts = match.groupdict()
    names = [name for name in (parts.get("default"), parts.get("all")) if name]
    for part in (parts.get("named") or "").split(","):
        words = re.split(r"\s+as\s+|\s*:\s*", part.strip().removeprefix("type "))
        if words[-1]:
            names.append(words[-1])
    return tuple(names) or None


def _as_require(statement: str) -> list[str]:
    match = _IMPORT.fullmatch(statement.strip())
    if match is None:
        return [] if re.match(r"import\s+type\b", statement) else [statement]
    module = match["module"]
    found = [f"const {name} = require({module});" for name in (match["default"], match["all"]) if name]
    if match["named"] is not None:
        names = ", ".join(re.sub(r"\s+as\s+", ": ", name.strip()) for name in match["named"].split(",") if name.strip())
        found.append(f"const {{ {names} }} = require({module});")
    return found or [f"require({module});"]


def _as_import(statement: str) -> list[str]:
    match = _REQUIRE.fullmatch(statement.strip())
    if match is None:
        return [statement]
    module = match["module"]
    if match["part"] is not None:
        name = match["part"][1:]
        own = match["default"]
        return [f"import {{ {name if own in (None, name) else f'{name} as {own}'} }} from {module};"]
    if match["named"] is not None:
        names = ", ".join(
            re.sub(r"\s*:\s*", " as ", name.strip()) for name in match["named"].split(",") if name.strip()
        )
        return [f"import {{ {names} }} from {module};"]
    return [f"import {match['default']} from {module};" if match["default"] else f"import {module};"]


def _is_known(line: str, text: str) -> bool:
    """Whether the file declares every name of ``line`` by a ``require`` of the same module."""
    match = _REQUIRE.fullmatch(line)
    names = bound_names(line)
    if match is None or names is None:
        return False
    module = match["module"][1:-1].removeprefix("node:")
    known: set[str] = set()
    for other in _REQUIRE.finditer(text):
        if other["module"][1:-1].removeprefix("node:") == module:
            known |= set(bound_names(other[0]) or ())
    return set(names) <= known
