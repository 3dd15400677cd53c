"""The formatter of a C or C++ project: clang-format, by its ``.clang-format``."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from forge_lsp.checking.formatting import FormatterTool, Span
from forge_lsp.checking.programs import readable_for
from forge_lsp.checking.project import Place

__all__ = ["c_family_formatter"]

_SETTINGS = (".clang-format", "_clang-format")


def c_family_formatter(place: Place, environment: Mapping[str, str], *, trusted: bool) -> FormatterTool | None:
    """See :class:`~forge_lsp.checking.formatting.FindFormatter`."""
    del trusted
    found = shutil.which("clang-format", path=environment.get("PATH", ""))
    if found is None or place.nearest(*_SETTINGS) is None:
        return None
    program = Path(found)

    def command(span: Span) -> tuple[str, ...]:
        style = ("--style=file", "--fallback-style=none", f"--assume-filename={span.file}")
        return (str(program), *style, f"--lines={span.first}:{span.last}")

    return FormatterTool(name="clang-format", command=command, readable=readable_for(program), ranges=True)
