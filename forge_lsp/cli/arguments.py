"""The command line's grammar. Imports nothing heavy: the stdio path passes through here."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from forge_lsp import __version__
from forge_lsp.reading import table_beside

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


def _sizes(text: str) -> tuple[float, ...]:
    try:
        sizes = tuple(float(part) for part in text.split(","))
    except ValueError:
        sizes = ()
    if not 1 <= len(sizes) <= 16 or not all(1 <= size <= 1024 for size in sizes):
        raise argparse.ArgumentTypeError(f"{text!r}: give the memory of each GPU in GB, e.g. 24,24,12")
    return sizes


_READERS: dict[str, Callable[[str], object]] = {
    "attempts": _whole(1, 50, "a number from 1 to 50"),
    "many": _whole(1, 10_000, "a number from 1 to 10000"),
    "path": Path,
    "port": _whole(0, 65_535, "a port, 0 to 65535"),
    "seed": _whole(0, 10**18 - 1, "a whole number"),
    "sizes": _sizes,
    "tokens": _whole(256, 1_000_000, "a number of tokens from 256 to 1000000"),
}
"""What reads a word of the command line, by its name in ``commands.toml``."""


def grammar() -> argparse.ArgumentParser:
    """Return the parser of the command line, with a parser for each command of ``commands.toml``."""
    parser = _Parser(
        prog="forge-lsp", description="Writes code by committee and proves it before you see it.", epilog=EPILOG
    )
    parser.add_argument("--version", action=_Version)
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file in place of your own forge.toml")
    transport = parser.add_mutually_exclusive_group()
    transport.add_argument("--stdio", action="store_true", help="speak LSP on standard input and output (the default)")
    transport.add_argument("--tcp", metavar="HOST:PORT", help="speak LSP to one client on a TCP port")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    told = table_beside(__file__, "commands.toml")
    parsers = {name: commands.add_parser(name, help=does) for name, does in told["commands"].items()}
    for option in told["options"]:
        names, name = option.pop("of"), option.pop("name")
        if "type" in option:
            option["type"] = _READERS[option["type"]]
        for command in names:
            parsers[command].add_argument(name, **option)
    for command, what in told["json"].items():
        parsers[command].add_argument("--json", action="store_true", help=f"{what} as JSON on standard output")
    return parser
