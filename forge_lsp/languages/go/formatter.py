"""The formatter of Go: gofmt, which has no settings."""

from __future__ import annotations

from collections.abc import Mapping

from forge_lsp.checking.formatting import FormatterTool, Span
from forge_lsp.checking.project import Place
from forge_lsp.languages.go.tools import find_go

__all__ = ["go_formatter"]


def go_formatter(place: Place, environment: Mapping[str, str], *, trusted: bool) -> FormatterTool | None:
    """See :class:`~forge_lsp.checking.formatting.FindFormatter`."""
    del place, trusted
    go = find_go(environment)
    gofmt = go.program.with_name("gofmt") if go is not None else None
    if go is None or gofmt is None or not gofmt.is_file():
        return None

    def command(span: Span) -> tuple[str, ...]:
        del span
        return (str(gofmt),)

    return FormatterTool(name="gofmt", command=command, readable=go.readable, env=go.environment, certain=False)
