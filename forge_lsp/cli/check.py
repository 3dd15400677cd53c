"""``forge-lsp check``: a change that somebody else wrote, judged by its tests and examples, without a model."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.cli.display import printable, printable_lines, say, stderr_console, stdout_console
from forge_lsp.cli.files import workspace_of
from forge_lsp.core.checks import Grade
from forge_lsp.core.codec import projected
from forge_lsp.core.errors import BadRequest
from forge_lsp.core.languages import Languages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forge_lsp.changes.values import Change, Judgement
    from forge_lsp.cli.arguments import Options
    from forge_lsp.jobs.services import Services

__all__ = ["check", "folder_of"]

_STYLES = {"accepted": "green", "unverified": "yellow", "refused": "red"}


def folder_of(options: Options) -> Path | None:
    """The folder whose settings are looked at first: that of the first file named, else the current one."""
    return workspace_of(options.files[0] if options.files else Path.cwd() / "file")


async def check(options: Options, services: Services) -> int:
    """Judge a change and print what came of it. 0: accepted, or nothing to check; 1: not.

    Raises BadRequest and SettingsError before anything runs.
    """
    from forge_lsp.changes.judging import JudgingTools, judge
    from forge_lsp.changes.rendering import document_of

    changes, against = await _changes(options, services.languages)
    console = stderr_console()
    judgement = await judge(
        changes,
        projected(JudgingTools, services),
        against=against,
        trust_tests=options.trust_tests,
        least=None if options.proof == "none" else Grade(options.proof),
        watch=lambda words: console.print(printable(words), style="dim", soft_wrap=True),
    )
    if options.json:
        say(json.dumps(document_of(judgement), indent=2) + "\n")
    else:
        _print(judgement)
    return 0 if judgement.ruling == "accepted" else 1


async def _changes(options: Options, languages: Languages) -> tuple[Sequence[Change], str]:
    """The change that the command line asks for, cut into workspaces. Raises BadRequest."""
    from forge_lsp.changes.git import change_of
    from forge_lsp.changes.parts import parts_of
    from forge_lsp.changes.patch import patched

    if options.diff is not None:
        here = await asyncio.to_thread(Path.cwd().resolve)
        root = workspace_of(here / "file") or here
        text = await asyncio.to_thread(_diff, options.diff)
        # Names in a diff count from the top of the repository, or from where it was made.
        try:
            files = await asyncio.to_thread(patched, text, root)
        except BadRequest:
            if root == here:
                raise
            files = await asyncio.to_thread(patched, text, here)
        return parts_of(files, workspace_of), "the files on disk"
    named = [await asyncio.to_thread(path.resolve) for path in options.files]
    missing = next((path for path in options.files if path.is_dir()), None)
    if missing is not None:
        raise BadRequest(f"{missing}: a folder; name files, or none for the whole change")
    folder = named[0].parent if named else Path.cwd()
    revision = options.against or "HEAD"
    told = await change_of(folder, revision, languages, staged=options.staged)
    known = {file.path for file in told.files}
    unknown = next((path for path in named if path not in known and not path.is_file()), None)
    if unknown is not None:
        raise BadRequest(f"{unknown}: there is no such file, neither now nor in {revision}")
    lines = _lines(options.range) if options.range is not None else None
    only = frozenset(named) if named else None
    return parts_of(told.files, workspace_of, only=only, lines=lines), told.against


def _diff(name: str) -> str:
    """The text of the diff. Raises BadRequest."""
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise BadRequest(f"--diff {name}: cannot be read: {error.strerror}") from None
    return content.decode("utf-8", "replace")


def _lines(text: str) -> tuple[int, int]:
    """First and last line. Raises BadRequest."""
    first, colon, last = text.strip().partition(":")
    if not first.isdecimal() or (colon and not last.isdecimal()):
        raise BadRequest(f"--range {text}: say a line (12) or lines (12:20)")
    span = (int(first), int(last or first))
    if not 1 <= span[0] <= span[1]:
        raise BadRequest(f"--range {text}: lines are numbered from 1, and the first must not be after the last")
    return span


def _print(judgement: Judgement) -> None:
    from forge_lsp.changes.rendering import lines_of

    console = stdout_console()
    for ruling, line in lines_of(judgement):
        console.print(printable_lines(line), style=_STYLES.get(str(ruling), ""), soft_wrap=True)
