"""``forge-lsp`` and ``python -m forge_lsp``: which front end is wanted.

An editor waits for the answer to ``initialize``, so the way there passes by everything else: what is imported here at
the top, a bare pygls server imports too.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp import __version__

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from forge_lsp.app import Flags
    from forge_lsp.cli.arguments import Options
    from forge_lsp.config import ResolvedSettings
    from forge_lsp.core.languages import Languages
    from forge_lsp.detached import Link
    from forge_lsp.jobs.services import Services
    from forge_lsp.jobs.writing import WorkspaceFiles
    from forge_lsp.logfile import Log

__all__ = ["main"]

USAGE, INTERRUPTED = 2, 130


def main(argv: list[str] | None = None) -> int:
    """Run the front end that the command line names and answer its exit code."""
    words = sys.argv[1:] if argv is None else argv
    if words in ([], ["--stdio"]):
        return _serve(None, None)
    try:
        return _run(words)
    except KeyboardInterrupt:  # before the command began: from then on run() hears it
        return INTERRUPTED


def _run(words: list[str]) -> int:
    from forge_lsp.app import Flags, state_folder
    from forge_lsp.cli.arguments import parse
    from forge_lsp.cli.running import run

    options = parse(words)
    flags = Flags(config=options.config, profile=options.profile)
    if options.command is None:
        return _serve(options.tcp, flags)

    def command(link: Link | None = None) -> int:
        return run(lambda log: _command(options, flags, log, link), lambda: state_folder(flags))

    if options.command in ("mcp", "acp"):
        from forge_lsp.detached import run_detached

        return run_detached(command)
    return command()


def _serve(tcp: str | None, flags: Flags | None) -> int:
    if tcp is not None:
        return _listen(tcp, flags, None)
    from forge_lsp.detached import run_detached

    return run_detached(lambda link: _listen(None, flags, link))


def _listen(tcp: str | None, flags: Flags | None, link: Link | None) -> int:
    from forge_lsp.lsp.server import create_server, run_stdio, run_tcp

    async def build(editor: Mapping[str, object] | None, folders: tuple[Path, ...], trusted: bool) -> Services:
        from forge_lsp.app import Flags, make_services

        return await make_services(flags or Flags(), editor, folders, trusted=trusted)

    def languages() -> Languages:
        from forge_lsp.languages.registry import BUILT_IN

        return BUILT_IN

    server = create_server(build=build, version=__version__, languages=languages)
    if tcp is None:
        return run_stdio(server, link)
    host, _, port = tcp.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        print(f"forge-lsp: --tcp {tcp}: say HOST:PORT, e.g. 127.0.0.1:2087", file=sys.stderr)
        return USAGE
    return run_tcp(server, host.strip("[]"), int(port))


async def _command(options: Options, flags: Flags, log: Log, link: Link | None = None) -> int:
    """Run a command of the command line. Each of its modules is loaded when it is asked for. ``link``: to the process
    that a client started, for those that serve one."""
    match options.command:
        case "generate":
            from forge_lsp.cli.files import workspace_of
            from forge_lsp.cli.generate import generate

            return await _with_services(options, flags, generate, log, folder=workspace_of(options.file))
        case "check":
            from forge_lsp.cli.check import check, folder_of

            return await _with_services(options, flags, check, log, folder=folder_of(options))
        case "context":
            from forge_lsp.cli.context import context
            from forge_lsp.cli.files import workspace_of

            folder = workspace_of(options.file)
            return await _with_services(options, flags, context, log, folder=folder, strict=False, tell=True)
        case "doctor":
            from forge_lsp.cli.inspect import doctor
            from forge_lsp.cli.probing import probe

            return await _with_services(options, flags, probe if options.probe else doctor, log, strict=False)
        case "models":
            from forge_lsp.cli.inspect import models

            return await _with_services(options, flags, models, log)
        case "jobs":
            from forge_lsp.cli.applying import apply_job, retry_job
            from forge_lsp.cli.inspect import jobs

            command = {"apply": apply_job, "retry": retry_job}.get(options.action or "", jobs)
            return await _with_services(options, flags, command, log, strict=False, tell=True)
        case "plan":
            from forge_lsp.cli.plan import plan

            return await _with_services(options, flags, plan, log)
        case "stats":
            from forge_lsp.cli.stats import stats

            return await _with_services(options, flags, stats, log, strict=False, tell=True)
        case "bench":
            from forge_lsp.cli.bench import bench

            return await _with_services(options, flags, bench, log)
        case "fleet":
            from forge_lsp.app import make_fleet
            from forge_lsp.cli.fleet import fleet

            def servers(options: Options, _: Services) -> Awaitable[int]:
                return fleet(options, make_fleet(flags))

            return await _with_services(options, flags, servers, log, strict=options.action == "up", tell=True)
        case "serve":
            from forge_lsp.http.serving import serve

            def answer(options: Options, services: Services) -> Awaitable[int]:
                return serve(services, host=options.host, port=options.port)

            return await _with_services(options, flags, answer, log)
        case "mcp":
            assert link is not None

            return await _mcp(options, flags, log, link)
        case "acp":
            assert link is not None

            def chat(options: Options, services: Services) -> Awaitable[int]:
                return _acp(options, services, link)

            return await _with_services(options, flags, chat, log, strict=False, tell=True)
        case "config":
            from forge_lsp.cli.config import config

            return await config(options, lambda: _resolved(flags))
        case "demo":
            from forge_lsp.cli.demo import demo
            from forge_lsp.lsp.editor import Editor

            def editor(folder: Path, settings: Mapping[str, object], show: Callable[[str, int | None], None]) -> Editor:
                return Editor(folder=folder, settings=settings, on_progress=show)

            return await demo(editor, keep=options.keep)
        case _:
            raise AssertionError(options.command)  # argparse lets nothing else through


async def _mcp(options: Options, flags: Flags, log: Log, link: Link) -> int:
    from forge_lsp.mcp.serving import Serve, serve

    def make(behind: Serve) -> Awaitable[int]:
        def agents(options: Options, services: Services) -> Awaitable[int]:
            del options
            return behind(services, _files())

        return _with_services(options, flags, agents, log, folder=options.workspace, strict=False, tell=True)

    workspace = options.workspace or Path.cwd()
    return await serve(make, workspace=workspace, allow=frozenset(options.allow), link=link)


async def _acp(options: Options, services: Services, link: Link) -> int:
    from forge_lsp.acp.serving import serve

    return await serve(services, _files(), allow=frozenset(options.allow), link=link)


def _files() -> WorkspaceFiles:
    from forge_lsp.cli import files
    from forge_lsp.cli.diff import unified
    from forge_lsp.core.codec import projected
    from forge_lsp.jobs.writing import WorkspaceFiles

    return projected(WorkspaceFiles, files, unified=unified)


async def _with_services(
    options: Options,
    flags: Flags,
    command: Callable[[Options, Services], Awaitable[int]],
    log: Log,
    *,
    folder: Path | None = None,
    strict: bool = True,
    tell: bool = False,
) -> int:
    """Run a command with the services of a folder (the current one). ``strict``: wrong settings end it at once;
    ``tell``: they are named on standard error, and the command, which needs none of them, goes on."""
    from forge_lsp.app import make_services
    from forge_lsp.cli.display import say_error

    services = await make_services(flags, folders=(folder or Path.cwd(),))
    try:
        log.open(services.state_dir)
        if strict and (problem := services.problem()) is not None:
            raise problem
        if tell and (problem := services.problem()) is not None:
            for line in problem.problems:
                say_error(line)
        return await command(options, services)
    finally:
        await services.aclose()


async def _resolved(flags: Flags) -> ResolvedSettings:
    from forge_lsp.app import Container, state_folder

    container = Container(flags=flags, folders=(Path.cwd(),), state_dir=state_folder(flags))
    return (await container.settings()).resolved


if __name__ == "__main__":
    sys.exit(main())
