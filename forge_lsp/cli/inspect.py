"""``doctor``, ``models``, ``jobs``: looking at what is there and what was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

from forge_lsp.cli.display import printable, say, show, stderr_console, stdout_console
from forge_lsp.cli.laid_out import lay_out
from forge_lsp.cli.memory import print_gpus
from forge_lsp.cli.plan import print_sections
from forge_lsp.core.attempt import Outcome
from forge_lsp.core.codec import to_json
from forge_lsp.core.errors import BadRequest
from forge_lsp.core.ports import Finding, FindingStatus, ModelDirectory, ModelStatus
from forge_lsp.jobs.services import Services

if TYPE_CHECKING:
    from forge_lsp.cli.arguments import Options

__all__ = ["doctor", "jobs", "models"]

_MARKS = {
    FindingStatus.OK: ("green", "ok"),
    FindingStatus.ABSENT: ("yellow", "--"),
    FindingStatus.BROKEN: ("red", "!!"),
}


async def doctor(options: Options, services: Services) -> int:
    """Print every finding. 0: the main job can run; 1: something it needs is missing."""
    findings = await services.findings()
    able = not any(finding.required and finding.status is not FindingStatus.OK for finding in findings)
    if options.json:
        say(json.dumps({"ok": able, "findings": [to_json(finding) for finding in findings]}, indent=2) + "\n")
        return 0 if able else 1
    from rich.text import Text

    console = stdout_console()
    width = max((len(finding.name) for finding in findings), default=0)
    for finding in findings:
        style, mark = _MARKS[finding.status]
        console.print(
            Text.assemble(
                (f"{mark}  ", style), (f"{finding.name:<{width}}  ", "bold"), _hanging(finding.detail, width)
            ),
            soft_wrap=True,
        )
        if finding.remedy:
            # on a line of its own and never broken, so that it can be copied
            console.print(Text(" " * (width + 6) + f"-> {printable(finding.remedy)}", "cyan"), soft_wrap=True)
    console.print()
    console.print(_conclusion(able, findings), style="bold")
    return 0 if able else 1


def _hanging(text: str, width: int) -> str:
    return printable(text).replace("\n", "\n" + " " * (width + 6))


def _conclusion(able: bool, findings: Sequence[Finding]) -> str:
    if not able:
        return "The main job cannot run yet: fix the lines marked !! first."
    if any(finding.status is FindingStatus.BROKEN for finding in findings):
        return "The main job can run; the lines marked !! limit it."
    return "The main job can run."


async def models(options: Options, services: Services) -> int:
    """List the models of the settings, or fetch one. 1: one cannot be used, or could not be fetched."""
    if options.action == "suggest":
        return await _suggest(options, services)
    directory = await services.models()
    if options.action == "pull":
        return await _pull(options.name or "", directory)
    statuses = await directory.statuses()
    gpus = await services.gpus()
    roles = await services.roles()
    if options.json:
        document = {"models": [status.to_json() for status in statuses], "gpus": gpus, **roles.document}
        say(json.dumps(document, indent=2) + "\n")
    else:
        _print_models(statuses)
        print_gpus(gpus)
        say("\n")
        print_sections(roles.sections)
    return 1 if any(status.problem for status in statuses) else 0


async def _suggest(options: Options, services: Services) -> int:
    made = await services.suggest(options.gpus)
    if options.json:
        say(json.dumps(made.document, indent=2) + "\n")
    else:
        print_sections(made.sections)
    return 0


async def _pull(name: str, directory: ModelDirectory) -> int:
    statuses = await directory.statuses()
    keys = [status.info.key for status in statuses if name in (status.info.key, status.info.name)]
    if not keys:
        known = ", ".join(status.info.key for status in statuses)
        raise BadRequest(f"no model {name!r} in the settings; known: {known}")
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=stderr_console()) as progress:
        bar = progress.add_task(name, total=None)
        async for step in directory.pull(keys[0]):
            progress.update(bar, description=f"{name}: {step.status}")
            if step.total:  # the last steps tell none, and the bar stays full
                progress.update(bar, completed=step.completed, total=step.total)
    stderr_console().print(f"{name} is there")
    return 0


def _print_models(statuses: Sequence[ModelStatus]) -> None:
    from rich.table import Table

    table = Table("model", "name", "server", "state", "size", box=None, pad_edge=False)
    for status in statuses:
        state = status.problem or (
            _resident(status) if status.resident else "installed" if status.installed else "missing"
        )
        if status.info.place and not status.problem:
            state = f"runs at {status.info.place}"
        if status.remedy:
            state += f" -> {status.remedy}"
        size = f"{status.size / 1e9:.1f} GB" if status.size else ""
        cells = (status.info.key, status.info.name, status.info.server, state, size)
        table.add_row(*map(printable, cells))
    stdout_console().print(table)


def _resident(status: ModelStatus) -> str:
    """Where a model in memory is: on a CPU nothing of it is on a GPU, and that is no spill."""
    if not status.size or not status.size_vram or status.size_vram >= status.size:
        return "resident"
    return f"resident, {1 - status.size_vram / status.size:.0%} of it on the CPU"


async def jobs(options: Options, services: Services) -> int:
    """List earlier jobs, newest first, or show one: its Markdown report, or its job document."""
    if options.action == "show":
        job = options.job or ""
        if options.json:
            say(json.dumps(await services.jobs.document(job), indent=2) + "\n")
        else:
            _report(await services.jobs.report(job), raw=options.raw)
        return 0
    entries = await services.jobs.history(options.limit)
    if options.json:
        say(json.dumps({"jobs": list(entries)}, indent=2) + "\n")
        return 0
    from rich.table import Table

    priced = any(entry.get("costUsd") for entry in entries)
    table = Table(box=None, pad_edge=False)
    for name in (
        "job",
        "created (UTC)",
        "outcome",
        "proof",
        "score",
        "attempts",
        *(["cost"] if priced else []),
        "file",
    ):
        table.add_column(name, no_wrap=True)
    table.add_column("task", no_wrap=True, overflow="ellipsis")
    for entry in entries:
        table.add_row(*map(printable, _row(entry, priced=priced)))
    stdout_console().print(table if entries else "no jobs yet")
    return 0


def _report(text: str, *, raw: bool) -> None:
    """A report to be read: laid out on a terminal, as the Markdown that it is into a pipe or a file."""
    console = stdout_console()
    if raw or not console.is_terminal:
        show(text)
    else:
        lay_out(text, console)


def _ended(entry: Mapping[str, object]) -> str:
    outcome = entry.get("outcome")
    return "not accepted" if outcome == Outcome.EXHAUSTED else str(outcome or entry.get("state", ""))


def _row(entry: Mapping[str, object], *, priced: bool) -> list[str]:
    score, cost, task = entry.get("score"), entry.get("costUsd"), str(entry.get("task", ""))
    return [
        str(entry.get("jobId", "")),
        str(entry.get("created", ""))[:16].replace("T", " "),
        _ended(entry),
        str(entry.get("grade") or ""),
        f"{score:.1f}" if isinstance(score, int | float) else "",
        str(entry.get("attemptCount", "")),
        *([f"${cost:.4f}" if isinstance(cost, int | float) and cost else ""] if priced else []),
        unquote(str(entry.get("uri", ""))).rpartition("/")[2],
        printable((task.splitlines() or [""])[0]),
    ]
