"""The formatter of a Python project: ``ruff format`` or Black, as ``pyproject.toml`` and its like say."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from forge_lsp.checking.formatting import FormatterTool, Span, table
from forge_lsp.checking.programs import readable_for
from forge_lsp.checking.project import Place
from forge_lsp.languages.python.interpreters import interpreter_of, program
from forge_lsp.reading import toml_table

__all__ = ["python_formatter"]

_RUFF_FILES = ("ruff.toml", ".ruff.toml")
_HOOK = re.compile(r"^[^#\n]*\bid:\s*['\"]?(ruff-format|black)\b", re.M)


def python_formatter(place: Place, environment: Mapping[str, str], *, trusted: bool) -> FormatterTool | None:
    """See :class:`~forge_lsp.checking.formatting.FindFormatter`."""
    named, certain = _named(place)
    if named == "ruff":
        ruff = program("ruff")
        return _ruff(ruff, certain=certain) if ruff is not None else None
    if named == "black":
        black = _black(place, environment, trusted=trusted)
        return _black_tool(black, certain=certain) if black is not None else None
    return None


def _named(place: Place) -> tuple[str | None, bool]:
    """Which formatter the nearest settings name, and whether they do so in so many words."""
    for folder in place.folders():
        for name in _RUFF_FILES:
            text = place.text(folder / name) if place.is_file(folder / name) else None
            if text is not None:
                return "ruff", "format" in toml_table(text)
        text = place.text(folder / "pyproject.toml") if place.is_file(folder / "pyproject.toml") else None
        tools = table(toml_table(text) if text is not None else {}, "tool")
        if "format" in table(tools, "ruff"):
            return "ruff", True
        if "black" in tools:
            return "black", True
        hooks = place.text(folder / ".pre-commit-config.yaml")
        hook = _HOOK.search(hooks) if hooks is not None else None
        if hook is not None:
            return "ruff" if hook[1] == "ruff-format" else "black", True
        if "ruff" in tools:
            return "ruff", False
    return None, False


def _ruff(ruff: Path, *, certain: bool) -> FormatterTool:
    def command(span: Span) -> tuple[str, ...]:
        place = f"{span.first}:1-{span.last + 1}:1"
        words = (str(ruff), "format", "--no-cache", "--quiet", "--range", place)
        return (*words, "--stdin-filename", span.file, "-")

    return FormatterTool(name="ruff format", command=command, readable=readable_for(ruff), ranges=True, certain=certain)


def _black(place: Place, environment: Mapping[str, str], *, trusted: bool) -> Path | None:
    """The project's own Black, where its code may be run, else that of PATH."""
    own = interpreter_of(place).path.parent / "black" if trusted else None
    if own is not None and own.is_file():
        return own
    found = shutil.which("black", path=environment.get("PATH", ""))
    return Path(found) if found is not None else None


def _black_tool(black: Path, *, certain: bool) -> FormatterTool:
    def command(span: Span) -> tuple[str, ...]:
        lines = f"--line-ranges={span.first}-{span.last}"
        return (str(black), "--quiet", lines, "--stdin-filename", span.file, "-")

    return FormatterTool(
        name="black",
        command=command,
        readable=readable_for(black),
        env={"BLACK_CACHE_DIR": "/tmp/black"},
        ranges=True,
        certain=certain,
    )
