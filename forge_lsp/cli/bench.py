"""``forge-lsp bench``: the user's own models on tasks with hidden tests, and what their "accepted" is worth."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from forge_lsp.cli.bench_report import print_document, print_report
from forge_lsp.cli.display import count, printable, stderr_console
from forge_lsp.cli.files import workspace_of
from forge_lsp.core.codec import projected
from forge_lsp.core.errors import BadRequest, EnvironmentFault
from forge_lsp.core.events import AttemptFinished, AttemptStarted, Degraded, JobEvent, RungSkipped
from forge_lsp.core.ports import ConsentQuestion
from forge_lsp.jobs.consent import refusal_words

if TYPE_CHECKING:
    from rich.console import Console

    from forge_lsp.bench.case import Case, CaseTools
    from forge_lsp.bench.results import CaseResult
    from forge_lsp.bench.run import RunProgress, Watcher
    from forge_lsp.cli.arguments import Options
    from forge_lsp.jobs.services import Services

__all__ = ["bench"]


async def bench(options: Options, services: Services) -> int:
    """Run, or go on with a run, and print what it came to. 0: it is complete; 1: a job could not run, or nothing was
    run. An interrupted one prints what there is.

    Raises BadRequest and SettingsError before anything runs.
    """
    from forge_lsp.bench.case import CaseTools
    from forge_lsp.bench.results import Store
    from forge_lsp.bench.run import RunProgress, run, run_key
    from forge_lsp.bench.summary import summary_of

    home = services.state_dir / "bench"
    console = stderr_console()
    tools = projected(
        CaseTools,
        services,
        ask=_Asker(console),
        profile=options.profile,
        allow=frozenset(options.allow),
        max_iterations=options.max_iterations,
    )
    cases = await _cases(options, tools)
    workspace = workspace_of(options.paths[0]) if options.paths else None
    setup = await services.setup(workspace or home, options.profile)
    paths = [str(path.resolve()) for path in options.paths]
    key = run_key(setup, seed=options.seed, max_iterations=options.max_iterations, paths=paths)
    store = Store(home / key)
    if options.fresh:
        store.clear()
    else:
        store.load()
    course, jobs = RunProgress(), services.unrecorded()
    total = len(cases) if options.tasks is None else min(len(cases), options.tasks)
    console.print(f"{count(total, 'task')}, profile {setup.profile}", style="bold", soft_wrap=True)
    console.print(f"results are kept in {store.path}", style="dim", soft_wrap=True)
    fault: EnvironmentFault | None = None
    interrupted = False
    try:
        await run(
            cases,
            most=options.tasks,
            tools=tools,
            jobs=jobs,
            store=store,
            watcher=_watcher(console, total),
            course=course,
        )
    except asyncio.CancelledError:
        interrupted = True
        raise
    except EnvironmentFault as error:
        fault = error
    finally:
        summary = summary_of(course.results, setup.schedule.accept)
        if options.json:
            print_document(summary, course, profile=setup.profile, seed=options.seed, path=store.path)
        elif course.results:
            print_report(summary, course)
        if interrupted:
            console.print(f"\n{_kept(course)}; the same command goes on from there", style="bold yellow")
        await jobs.aclose(1.0)
    if fault is not None:
        said = f"stopped: {fault.full_message}"
        console.print(printable(said), style="bold red", soft_wrap=True)
        console.print(f"{_kept(course)}; the same command goes on from there", style="yellow", soft_wrap=True)
        return 1
    if not course.results:
        console.print("no task could be run; the reasons are above", style="bold yellow")
        return 1
    return 0


def _kept(course: RunProgress) -> str:
    return f"{count(course.done, 'result')} {'is' if course.done == 1 else 'are'} kept"


async def _cases(options: Options, tools: CaseTools) -> Sequence[Case]:
    """The cases that the command line asks for, in the order of the seed. Raises BadRequest where there is none."""
    from forge_lsp.bench.carried import carried_tasks
    from forge_lsp.bench.project import cases_in, sources_in
    from forge_lsp.bench.run import shuffled

    known = tools.languages.ids
    if unknown := [name for name in options.languages if name not in known]:
        raise BadRequest(f"--language {unknown[0]}: not one of {', '.join(known)}")
    cases: Sequence[Case]
    if options.paths:
        missing = next((path for path in options.paths if not path.exists()), None)
        if missing is not None:
            raise BadRequest(f"{missing}: there is no such file or folder")
        only = frozenset(options.languages)
        sources = await asyncio.to_thread(sources_in, options.paths, tools.languages, only)
        cases = await asyncio.to_thread(cases_in, sources, workspace_of, tools, seed=options.seed)
        if not cases:
            named = " ".join(map(str, options.paths))
            raise BadRequest(f"{named}: no function there is named by a test file of its project")
    else:
        cases = [
            case
            for case in carried_tasks(tools.languages)
            if not options.languages or str(case.language) in options.languages
        ]
        if not cases:
            raise BadRequest(
                f"there is no task in {' or '.join(options.languages)}",
                remedy="name files of your own project: forge-lsp bench PATH",
            )
    return shuffled(cases, options.seed)


class _Asker:
    """Consent comes from [consent] in the user's settings, or from --allow; each server is named once."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._named: set[str] = set()

    async def __call__(self, question: ConsentQuestion) -> bool:
        if question.server not in self._named:
            self._named.add(question.server)
            self._console.print(refusal_words(question), style="yellow", markup=False, soft_wrap=True)
        return False


def _watcher(console: Console, total: int) -> Watcher:
    """Prints how the run goes: a line for each task, attempt and result."""
    from forge_lsp.bench.run import Watcher

    def begins(case: Case, number: int) -> None:
        console.print(f"[{number}/{total}] {printable(case.id)}", style="bold cyan", soft_wrap=True)

    def ends(result: CaseResult, number: int, known: bool) -> None:
        style, words = _result(result)
        head = f"[{number}/{total}] {result.id}: " if known else "  -> "
        tail = " (kept)" if known else f", {result.seconds:.1f} s, ${result.cost_usd:.4f}"
        console.print(printable(f"{head}{words}{tail}"), style=style, soft_wrap=True)

    def skips(what: str, reason: str) -> None:
        console.print(printable(f"{what}: skipped: {reason}"), style="yellow", soft_wrap=True)

    def event(event: JobEvent) -> None:
        match event.body:
            case AttemptStarted() as body:
                line = f"  attempt {body.number}/{body.attempts}: {body.generator} writes"
            case AttemptFinished() as body:
                line = f"    {body.decided}: {body.reason}"
            case Degraded() as body:
                line = f"    ! {body.reason}"
            case RungSkipped() as body:
                line = f"  attempt {body.number}: skipped, {body.reason}"
            case _:
                return
        console.print(printable(line), style="dim", soft_wrap=True)

    return Watcher(begins=begins, ends=ends, skips=skips, event=event)


def _result(result: CaseResult) -> tuple[str, str]:
    """(style, words) of a result."""
    right = result.right[-1] if result.accepted and result.right else result.offered_right
    said = {True: "right", False: "wrong", None: "the hidden tests could not decide"}[right]
    if not result.offers:
        said = "nothing to offer"
    style = {True: "green", False: "red", None: "yellow"}[right] if result.accepted else "yellow"
    grade = f", {result.grade}" if result.grade else ""
    return style, f"{result.outcome}{grade}, {said}"
