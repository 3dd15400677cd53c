"""The formatter of a JavaScript or TypeScript project: Prettier or Biome, of its own ``node_modules``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.checking.formatting import FormatterTool, Span
from forge_lsp.checking.programs import readable_for
from forge_lsp.checking.project import Place

__all__ = ["javascript_formatter"]

_PRETTIER = (".prettierrc", ".prettierrc.*", "prettier.config.*")
_BIOME = ("biome.json", "biome.jsonc")
_PRETTIER_PROGRAMS = ("prettier/bin/prettier.cjs", "prettier/bin-prettier.js")
_BIOME_PROGRAMS = ("@biomejs/biome/bin/biome",)


def javascript_formatter(place: Place, environment: Mapping[str, str], *, trusted: bool) -> FormatterTool | None:
    """See :class:`~forge_lsp.checking.formatting.FindFormatter`. ``node_modules`` is the project's own code."""
    node = shutil.which("node", path=environment.get("PATH", ""))
    if node is None or not trusted:
        return None
    packages = list(_packages(place))
    if place.nearest(*_PRETTIER) is not None or any("prettier" in package for package in packages):
        return _tool(place, Path(node), "prettier", _PRETTIER_PROGRAMS, ("--stdin-filepath",))
    if place.nearest(*_BIOME) is not None:
        return _tool(place, Path(node), "biome format", _BIOME_PROGRAMS, ("format", "--stdin-file-path"))
    named = {name for package in packages for name in _dependencies(package)}
    if "prettier" in named:
        return _tool(place, Path(node), "prettier", _PRETTIER_PROGRAMS, ("--stdin-filepath",), certain=False)
    return None


def _tool(
    place: Place, node: Path, name: str, programs: Iterable[str], words: tuple[str, ...], *, certain: bool = True
) -> FormatterTool | None:
    found = _program(place, programs)
    if found is None:
        return None

    def command(span: Span) -> tuple[str, ...]:
        return (str(node), str(found), *words[:-1], f"{words[-1]}={span.file}")

    return FormatterTool(name=name, command=command, readable=readable_for(node), certain=certain)


def _program(place: Place, programs: Iterable[str]) -> PurePosixPath | None:
    """The nearest of ``programs`` in a ``node_modules`` of the project."""
    names = tuple(programs)
    for folder in place.folders():
        for name in names:
            path = folder / "node_modules" / name
            if place.source is not None and (place.source / path).is_file():
                return path
    return None


def _packages(place: Place) -> Iterable[dict[str, Any]]:
    for folder in place.folders():
        text = place.text(folder / "package.json") if place.is_file(folder / "package.json") else None
        try:
            found: object = json.loads(text) if text is not None else None
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            yield cast("dict[str, Any]", found)


def _dependencies(package: Mapping[str, Any]) -> Iterable[str]:
    for key in ("dependencies", "devDependencies"):
        found: object = package.get(key)
        if isinstance(found, dict):
            yield from cast("dict[str, Any]", found)
