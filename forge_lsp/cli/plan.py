"""``forge-lsp plan``: which model goes to which GPU, what is swapped when, and what does not fit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from forge_lsp.cli.display import printable, say, show, stdout_console
from forge_lsp.core.ports.planning import Section
from forge_lsp.jobs.services import Services

if TYPE_CHECKING:
    from forge_lsp.cli.arguments import Options

__all__ = ["markdown", "plan", "print_sections"]


async def plan(options: Options, services: Services) -> int:
    """Print the plan. 0: every model has a place; 1: one fits nowhere."""
    made = await services.plan(options.gpus)
    if options.json:
        say(json.dumps(made.document, indent=2) + "\n")
    elif options.markdown:
        show(markdown(made.sections))
    else:
        print_sections(made.sections)
    return 0 if made.ok else 1


def markdown(sections: Sequence[Section]) -> str:
    """The sections as Markdown."""
    parts: list[str] = []
    for section in sections:
        parts.append(f"## {section.title}\n")
        if section.head:
            parts.append("\n".join(_row(cells) for cells in (section.head, _rule(section.head), *section.rows)) + "\n")
        if section.lines:
            parts.append("\n".join(f"{line.strip()}  " for line in section.lines) + "\n")
    return "\n".join(parts)


def _rule(head: Sequence[str]) -> tuple[str, ...]:
    return tuple("---" for _ in head)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(printable(cell).replace("|", "\\|") for cell in cells) + " |"


def print_sections(sections: Sequence[Section]) -> None:
    """The sections as tables on standard output."""
    from rich.table import Table
    from rich.text import Text

    console = stdout_console()
    for section in sections:
        console.print(Text(section.title, "bold"))
        if section.head:
            table = Table(*section.head, box=None, pad_edge=False)
            for row in section.rows:
                table.add_row(*(Text(printable(cell)) for cell in row))
            console.print(table)
        for line in section.lines:
            console.print(Text(printable(line)), soft_wrap=True)
        console.print()
