"""The formatter of Rust: rustfmt, by the project's ``rustfmt.toml`` and its edition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge_lsp.checking.formatting import FormatterTool, Span, table
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.project import Place
from forge_lsp.languages.rust.tools import find_cargo
from forge_lsp.reading import parsed_toml

__all__ = ["rust_formatter"]

_SETTINGS = ("rustfmt.toml", ".rustfmt.toml")
_EDITION = "2021"


def rust_formatter(place: Place, environment: Mapping[str, str], *, trusted: bool) -> FormatterTool | None:
    """See :class:`~forge_lsp.checking.formatting.FindFormatter`."""
    del trusted
    cargo = find_cargo(place, environment)
    if isinstance(cargo, Fault):
        return None
    rustfmt = cargo.program.with_name("rustfmt")
    if not rustfmt.is_file():
        return None
    settings = place.nearest(*_SETTINGS)
    edition = _edition(place)

    def command(span: Span) -> tuple[str, ...]:
        del span
        where = ("--config-path", str(settings.parent)) if settings is not None else ()
        return (str(rustfmt), "--quiet", "--edition", edition, *where)

    return FormatterTool(
        name="rustfmt", command=command, readable=cargo.readable, env=cargo.environment, certain=settings is not None
    )


def _edition(place: Place) -> str:
    """The package's edition, or that of its workspace."""
    for folder in place.folders():
        text = place.text(folder / "Cargo.toml") if place.is_file(folder / "Cargo.toml") else None
        if text is None:
            continue
        try:
            tables: dict[str, Any] = parsed_toml(text)
        except ValueError:
            continue
        for owner in (table(tables, "package"), table(table(tables, "workspace"), "package")):
            found = owner.get("edition")
            if isinstance(found, str) and found.isdigit():
                return found
    return _EDITION
