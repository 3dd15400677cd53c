"""The command line's grammar. Imports nothing heavy: the stdio path passes through here."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from forge_lsp import __version__

__all__ = ["Options", "grammar", "parse"]

EPILOG = "Without a command, forge-lsp speaks the Language Server Protocol on standard input and output."
_CHOICE = re.compile(r"invalid choice: '(?P<word>[^']*)' (?P<choose>\(choose from (?P<known>[^)]*)\))")


class Options(argparse.Namespace):
    """What was asked for. ``command`` None: be a language server."""

    command: str | None = None
    action: str | None = None
    tcp: str | None = None
    config: Path | None = None
    json: bool = False
    file: Path
    range: str | None = None
    allow: list[str]
    task: str | None = None
    language: str | None = None
    max_iterations: int | None = None
    profile: str | None = None
    write: bool = False
    ask: bool = False
    job: str | None = None
    candidate: str | None = None
    raw: bool = False
    feedback: str | None = None
    limit: int = 20
    name: str | None = None
    keep: bool = False
    host: str = "127.0.0.1"
    port: int = 5057
    gpus: tuple[float, ...] | None = None
    markdown: bool = False
    paths: list[Path]
    languages: list[str]
    tasks: int | None = None
    seed: int = 1
    fresh: bool = False
    files: list[Path]
    against: str | None = None
    staged: bool = False
    diff: str | None = None
    trust_tests: bool = False
    proof: str = "kept"
    tokens: int = 5_000
    workspace: Path | None = None


def parse(argv: list[str] | None = None) -> Options:
    """Parse a command line. Bad usage prints to stderr and exits with 2, as argparse does."""
    options = grammar().parse_args(argv, namespace=Options())
    if options.command is not None and options.tcp:
        grammar().error("--tcp is for the language server, without a COMMAND")
    if options.command == "models" and options.action == "pull" and not options.name:
        grammar().error("models pull needs the NAME of a model (see `forge-lsp models`)")
    if options.command == "plan" and options.markdown and options.json:
        grammar().error("plan: --markdown or --json, not both")
    if options.command == "check":
        _check_usage(options)
    if options.command == "jobs" and options.action is not None and not options.job:
        grammar().error(f"jobs {options.action} needs the ID of a job (see `forge-lsp jobs`)")
    if options.command == "jobs" and options.candidate is not None and options.action != "apply":
        grammar().error("jobs: --candidate is for jobs apply")
    if options.command == "jobs" and (options.action == "retry") is not bool((options.feedback or "").strip()):
        grammar().error("jobs retry ID needs --feedback, what is to be different, and nothing else does")
    return options


def _check_usage(options: Options) -> None:
    """Exit with 2 where options of ``check`` contradict one another."""
    if options.diff is not None and (options.against is not None or options.staged):
        grammar().error("check: --diff, or --against and --staged, not both")
    if options.diff is not None and options.files:
        grammar().error("check: --diff names its files itself")
    if options.range is not None and len(options.files) != 1:
        grammar().error("check: --range needs exactly one FILE")


class _Parser(argparse.ArgumentParser):
    """Names the command or option that may be meant, as newer versions of argparse can."""

    def error(self, message: str) -> NoReturn:
        if (found := _CHOICE.search(message)) is not None:
            from difflib import get_close_matches

            known = [word.strip(" '") for word in found["known"].split(",")]
            if near := get_close_matches(found["word"], known, n=1, cutoff=0.7):
                message = f"{message[: found.start('choose')].rstrip()} - did you mean {near[0]}?"
        super().error(message)


class _Version(argparse.Action):
    def __init__(self, option_strings: list[str], dest: str, **_: object) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"forge-lsp {__version__}")  # argparse's own exit message goes to standard error
        parser.exit(0)


def _whole(least: int, most: int, what: str) -> Callable[[str], int]:
    """Return what reads a whole number from ``least`` to ``most``; ``what`` names one in its complaint."""

    def read(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
        return int(text)

    return read


_attempts = _whole(1, 50, "a number from 1 to 50")
_tokens = _whole(256, 1_000_000, "a number of tokens from 256 to 1000000")
_many = _whole(1, 10_000, "a number from 1 to 10000")
_seed = _whole(0, 10**18 - 1, "a whole number")
_port = _whole(0, 65_535, "a port, 0 to 65535")


def _sizes(text: str) -> tuple[float, ...]:
    try:
        sizes = tuple(float(part) for part in text.split(","))
    except ValueError:
        sizes = ()
    if not 1 <= len(sizes) <= 16 or not all(1 <= size <= 1024 for size in sizes):
        raise argparse.ArgumentTypeError(f"{text!r}: give the memory of each GPU in GB, e.g. 24,24,12")
    return sizes


def _profile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", metavar="P", help="auto, three-gpu, local, one-gpu, embedded, cloud, or a file")


def _allow(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--allow", action="append", default=[], metavar="SERVER", help="consent to calls to this paid or remote server"
    )


def _place(parser: argparse.ArgumentParser) -> None:
    """What a command takes that looks at a place in a file."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--range", metavar="L | L1:L2", help="a line (the definition around it), or lines to replace")
    parser.add_argument("--task", metavar="T", help="what the code should do, in your words")
    parser.add_argument("--language", metavar="L", help="its identifier; unless said, by the file's suffix")


def _running(parser: argparse.ArgumentParser) -> None:
    """What a command that runs a job takes."""
    parser.add_argument("--max-iterations", type=_attempts, metavar="N", help="attempts at most, 1 to 50")
    _profile(parser)
    _allow(parser)
    parser.add_argument(
        "--ask",
        action="store_true",
        help="be asked what a call should return where the models differ; the job continues",
    )
    parser.add_argument("--write", action="store_true", help="write an accepted result into the file")


def grammar() -> argparse.ArgumentParser:
    """Return the parser of the command line, with a parser for each command."""
    parser = _Parser(
        prog="forge-lsp", description="Writes code by committee and proves it before you see it.", epilog=EPILOG
    )
    parser.add_argument("--version", action=_Version)
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file in place of your own forge.toml")
    transport = parser.add_mutually_exclusive_group()
    transport.add_argument("--stdio", action="store_true", help="speak LSP on standard input and output (the default)")
    transport.add_argument("--tcp", metavar="HOST:PORT", help="speak LSP to one client on a TCP port")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    generate = commands.add_parser("generate", help="write code for a file, checked and reviewed")
    _place(generate)
    _running(generate)
    _json(generate, "print the job document")

    check = commands.add_parser("check", help="check a change that somebody else wrote; no model is asked")
    check.add_argument("files", nargs="*", type=Path, metavar="FILE", help="check only these files of the change")
    check.add_argument(
        "--range", metavar="L | L1:L2", help="check only the definitions that these lines of the one FILE touch"
    )
    check.add_argument("--against", metavar="REV", help="the git revision that the files are compared with (HEAD)")
    check.add_argument("--staged", action="store_true", help="check what is staged for the next commit")
    check.add_argument("--diff", metavar="PATH", help="check a diff against the files on disk; -: standard input")
    check.add_argument(
        "--trust-tests", action="store_true", help="run tests that the change alters as they are now, not as before"
    )
    check.add_argument(
        "--proof",
        choices=["proven", "kept", "none"],
        default="kept",
        help="what each place of the change needs: a test that failed before, one that still passes (kept), or nothing",
    )
    _json(check, "print the judgement")

    context = commands.add_parser(
        "context", help="print what a model would be shown for a place in a file: the text, its size and the reasons"
    )
    _place(context)
    context.add_argument("--tokens", type=_tokens, default=5_000, metavar="N", help="room for code around it (5000)")
    _json(context, "print the text and its parts")

    demo = commands.add_parser("demo", help="watch one whole job on a small project with the embedded model")
    demo.add_argument("--keep", action="store_true", help="keep the demo's folder")

    doctor = commands.add_parser(
        "doctor", help="show what works on this machine, and the command that fixes each problem"
    )
    doctor.add_argument(
        "--probe", action="store_true", help="try to break out of each sandbox that works here, and print the results"
    )
    _json(doctor, "print the findings")

    jobs = commands.add_parser("jobs", help="list earlier jobs; show, apply or retry one")
    jobs.add_argument(
        "action",
        nargs="?",
        choices=["show", "apply", "retry"],
        help="show one job's report, write its result into its file, or try again with your --feedback",
    )
    jobs.add_argument("job", nargs="?", metavar="ID")
    jobs.add_argument(
        "--candidate", metavar="C", help="for apply: this candidate of the job in place of its result (see the report)"
    )
    jobs.add_argument("--feedback", metavar="F", help="for retry: what to change; retry also accepts the options below")
    _running(jobs)
    jobs.add_argument("--raw", action="store_true", help="print the report as plain Markdown, also on a terminal")
    jobs.add_argument("--limit", type=_many, default=20, metavar="N", help="how many to list (20)")
    _json(jobs, "print job documents")

    plan = commands.add_parser(
        "plan", help="show which model is placed on which GPU, what is swapped when, and what does not fit"
    )
    plan.add_argument("--profile", metavar="P", help="the profile whose models to place")
    plan.add_argument(
        "--gpus", type=_sizes, metavar="GB,GB,...", help="plan for GPUs of these sizes in place of this machine's"
    )
    plan.add_argument("--markdown", action="store_true", help="print the plan as Markdown")
    _json(plan, "print the plan")

    stats = commands.add_parser("stats", help="summarise your jobs: success, cost and time, with confidence intervals")
    stats.add_argument("--profile", metavar="P", help="the profile whose paid rungs the costs are compared with")
    _json(stats, "print the statistics")

    bench = commands.add_parser(
        "bench", help="measure how often accepted code is right: your models on tasks with hidden tests"
    )
    bench.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="files or folders of your project, for functions with tests",
    )
    bench.add_argument("--tasks", type=_many, metavar="N", help="how many tasks (all)")
    bench.add_argument(
        "--language",
        action="append",
        default=[],
        dest="languages",
        metavar="L",
        help="only tasks in this language; may be given more than once",
    )
    bench.add_argument("--seed", type=_seed, default=1, metavar="S", help="draws the tasks and the hidden tests (1)")
    _profile(bench)
    bench.add_argument("--max-iterations", type=_attempts, metavar="N", help="attempts at most for a task, 1 to 50")
    _allow(bench)
    bench.add_argument("--fresh", action="store_true", help="delete the kept results of this run and start again")
    _json(bench, "print the results")

    models = commands.add_parser("models", help="list your models, which does what and why; download models")
    models.add_argument(
        "action",
        nargs="?",
        choices=["pull", "suggest"],
        help="pull: download a model; suggest: list models to download for the GPUs here",
    )
    models.add_argument("name", nargs="?", metavar="NAME", help="its key in the settings, or its server's name for it")
    models.add_argument(
        "--gpus", type=_sizes, metavar="GB,GB,...", help="suggest for GPUs of these sizes in place of this machine's"
    )
    _json(models, "print the models")

    fleet = commands.add_parser(
        "fleet", help="start, stop or show one Ollama server for each GPU, shared by your editors"
    )
    fleet.add_argument("action", choices=["up", "status", "down"])
    fleet.add_argument("--profile", metavar="P", help="the profile whose servers to start")
    _json(fleet, "print the servers")

    serve = commands.add_parser("serve", help="serve HTTP requests, and a web page that shows jobs as they run")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1: this machine alone)")
    serve.add_argument("--port", type=_port, default=5057, help="port to listen on (5057); 0: any free port")

    mcp = commands.add_parser("mcp", help="serve agents: the Model Context Protocol on standard input and output")
    mcp.add_argument("--workspace", type=Path, metavar="FOLDER", help="the project's folder (the current one)")
    _profile(mcp)
    _allow(mcp)

    acp = commands.add_parser(
        "acp", help="serve an editor's chat: the Agent Client Protocol on standard input and output"
    )
    _profile(acp)
    _allow(acp)

    config = commands.add_parser(
        "config", help="print the settings in force or their schema; write a file to start from"
    )
    config.add_argument("action", choices=["show", "schema", "init"])
    _json(config, "print JSON")
    return parser


def _json(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--json", action="store_true", help=f"{what} as JSON on standard output")
