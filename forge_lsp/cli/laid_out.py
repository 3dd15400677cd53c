"""A report, which is Markdown, laid out for a terminal: headings in bold, tables in columns, no marks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from forge_lsp.cli.display import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

__all__ = ["lay_out"]

_FENCE = re.compile(r"(`{3,})(.*)")
_HEADING = re.compile(r"#+ (.*)")
_MARK = re.compile(r"\\(?P<plain>[\\`*_{}\[\]<>#|~!])|\*\*(?P<bold>.+?)\*\*|\*(?P<slanted>[^*\\]+)\*|`(?P<code>[^`]+)`")
_CELL = re.compile(r"(?<!\\)\|")
_DIFF = {"+": "green", "-": "red", "@": "cyan"}


def lay_out(markdown: str, console: Console) -> None:
    """Print a report of ours. Nothing in it can steer the terminal."""
    for part in _parts(iter(markdown.split("\n"))):
        console.print(part)


def _parts(lines: Iterator[str]) -> Iterator[RenderableType]:
    from rich.text import Text

    rows: list[str] = []
    for line in lines:
        if line.startswith("|"):
            rows.append(line)
            continue
        if rows:
            yield _table(rows)
            rows = []
        fence, heading = _FENCE.fullmatch(line), _HEADING.fullmatch(line)
        if fence is not None:
            yield from _block(lines, fence[1], diff=fence[2] == "diff")
        elif heading is not None:
            yield Text.assemble((_inline(heading[1]).plain, "bold underline" if line.startswith("# ") else "bold"))
        else:
            yield _inline(line)
    if rows:
        yield _table(rows)


def _block(lines: Iterable[str], fence: str, *, diff: bool) -> Iterator[Text]:
    from rich.text import Text

    for line in lines:
        if line == fence:
            return
        yield Text("    " + printable(line), style=_DIFF.get(line[:1], "") if diff else "")


def _table(rows: list[str]) -> RenderableType:
    from rich.table import Table

    head, _, *body = [[_inline(cell.strip()) for cell in _CELL.split(row)[1:-1]] for row in rows]
    table = Table(box=None, pad_edge=False)
    for cell in head:
        table.add_column(cell, overflow="fold")
    for row in body:
        table.add_row(*row)
    return table


def _inline(text: str) -> Text:
    """Text without its marks: what was escaped as it was meant."""
    from rich.text import Text

    found, at = Text(), 0
    for match in _MARK.finditer(text):
        found.append(printable(text[at : match.start()]))
        if match["plain"] is not None:
            found.append(match["plain"])
        elif match["bold"] is not None:
            found.append_text(_styled(_inline(match["bold"]), "bold"))
        elif match["slanted"] is not None:
            found.append(printable(match["slanted"]), style="italic")
        else:
            found.append(printable(match["code"]), style="cyan")
        at = match.end()
    found.append(printable(text[at:]))
    return found


def _styled(text: Text, style: str) -> Text:
    text.stylize(style)
    return text
