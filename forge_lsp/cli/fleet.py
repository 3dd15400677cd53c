"""``forge-lsp fleet up | status | down``: one Ollama server a GPU."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from forge_lsp.cli.display import say, stderr_console, stdout_console
from forge_lsp.cli.memory import bar, gigabytes

if TYPE_CHECKING:
    from forge_lsp.cli.arguments import Options
    from forge_lsp.core.ports.fleet import Fleet, FleetReport, FleetServer

__all__ = ["fleet"]

_STYLES = {"running": "green", "starting": "yellow", "waiting": "yellow"}


async def fleet(options: Options, manager: Fleet) -> int:
    """Start, look at, or stop the fleet. 0: all servers run (``down``: none does any more); 1: not so."""
    match options.action:
        case "up":
            report = await manager.up()
        case "down":
            return await _down(options, manager)
        case _:
            report = await manager.status()
    if options.json:
        say(json.dumps(report.to_json(), indent=2) + "\n")
    else:
        _print(report)
    return 0 if report.healthy else 1


async def _down(options: Options, manager: Fleet) -> int:
    stopped = await manager.down()
    keys = [server.key for server in stopped.servers]
    if options.json:
        say(json.dumps({"stopped": keys}, indent=2) + "\n")
    else:
        stderr_console().print(f"stopped: {', '.join(keys)}" if keys else "no fleet is up")
    return 0


def _print(report: FleetReport) -> None:
    from rich.table import Table
    from rich.text import Text

    console = stdout_console()
    for note in report.notes:
        stderr_console().print(f"note: {note}", style="yellow", soft_wrap=True)
    if not report.servers:
        console.print("no fleet is up; start it: forge-lsp fleet up", soft_wrap=True)
        return
    table = Table("server", "status", "url", "gpu", "ollama", "restarts", "in memory", box=None, pad_edge=False)
    for server in report.servers:
        table.add_row(
            server.key,
            Text(server.status, style=_STYLES.get(server.status, "red")),
            server.url,
            server.gpu or "",
            server.version or "",
            str(server.restarts),
            _resident(server),
        )
    console.print(table, soft_wrap=True)
    for lost in report.lost:
        console.print(lost, style="red", soft_wrap=True)
    for server in report.servers:
        if server.problem:
            console.print(f"{server.key}: {server.problem}", style="red", soft_wrap=True)
    for gpu in report.gpus:
        console.print(bar(gpu), soft_wrap=True)


def _resident(server: FleetServer) -> str:
    return ", ".join(f"{row.name} ({gigabytes(row.size)})" for row in server.resident or ())
