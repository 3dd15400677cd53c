"""The formatter of a C# project: ``dotnet format whitespace``, by its ``.editorconfig``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from forge_lsp.checking.formatting import FormatterTool, Span
from forge_lsp.checking.project import Place
from forge_lsp.languages.csharp.sdk import dotnet_of

__all__ = ["csharp_formatter"]

_SECTION = re.compile(r"^[ \t]*\[[^\]\n]*\*\.(?:cs\b|\{[^}\n]*\bcs\b)|^[ \t]*(?:csharp|dotnet)_\w+\s*=", re.M)


def csharp_formatter(place: Place, environment: Mapping[str, str], *, trusted: bool) -> FormatterTool | None:
    """See :class:`~forge_lsp.checking.formatting.FindFormatter`. It reads files of the folder and loads no project."""
    dotnet = dotnet_of(environment)
    settings = [place.text(folder / ".editorconfig") or "" for folder in place.folders()]
    if dotnet is None or not trusted or not any(_SECTION.search(text) for text in settings):
        return None

    def command(span: Span) -> tuple[str, ...]:
        return (str(dotnet.program), "format", "whitespace", ".", "--folder", "--include", span.file)

    return FormatterTool(
        name="dotnet format",
        command=command,
        readable=tuple(dotnet.readable),
        env=dotnet.environment,
        rewrites=True,
    )
