"""``doctor --probe``: what a hostile command gets out of each sandbox that works on this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from forge_lsp.cli.display import printable, say, stdout_console
from forge_lsp.jobs.services import Services

if TYPE_CHECKING:
    from rich.text import Text

    from forge_lsp.cli.arguments import Options

__all__ = ["probe"]


async def probe(options: Options, services: Services) -> int:
    """Print what each probe came to. 0: a sandbox works, and each that does holds but for what docs/sandbox.md says
    that it does not; 1: something else got through, or none works."""
    sandboxes = await services.probes()
    working = [one for one in sandboxes if one["problem"] is None]
    open_ones = [probe for one in working for probe in one["probes"] if probe["held"] is False and not probe["known"]]
    able = bool(working) and not open_ones
    if options.json:
        say(json.dumps({"ok": able, "sandboxes": sandboxes}, indent=2) + "\n")
        return 0 if able else 1
    from rich.text import Text

    console = stdout_console()
    _print(working)
    for one in sandboxes:
        if one["problem"] is not None:
            console.print(Text(f"{one['sandbox']} does not work here: {printable(one['problem'])}"), soft_wrap=True)
            continue
        for row in one["probes"]:
            if row["held"] is False:
                known = "known, see docs/sandbox.md" if row["known"] else "NOT HELD"
                words = f"{one['sandbox']} · {printable(row['what'])}: {printable(row['detail'])} ({known})"
                console.print(Text(words, "yellow" if row["known"] else "bold red"), soft_wrap=True)
    console.print()
    console.print(_conclusion(working, open_ones), style="bold")
    return 0 if able else 1


def _print(sandboxes: Sequence[Mapping[str, Any]]) -> None:
    """A row a probe, a column a sandbox."""
    if not sandboxes:
        return
    from rich.table import Table
    from rich.text import Text

    table = Table("tried", *(str(one["sandbox"]) for one in sandboxes), box=None, pad_edge=False)
    for rows in zip(*(one["probes"] for one in sandboxes), strict=True):
        table.add_row(Text(printable(rows[0]["what"])), *(_word(row) for row in rows))
    stdout_console().print(table)


def _word(row: Mapping[str, Any]) -> Text:
    from rich.text import Text

    if row["held"] is None:
        return Text("not tried", "dim")
    if row["held"]:
        return Text("held", "green")
    return Text("open (known)", "yellow") if row["known"] else Text("OPEN", "bold red")


def _conclusion(working: Sequence[Mapping[str, Any]], open_ones: Sequence[object]) -> str:
    if not working:
        return "No sandbox works here: generated code is not run."
    if open_ones:
        return f"{len(open_ones)} of the attempts got through: please report them (SECURITY.md)."
    return "What docs/sandbox.md promises holds here."
