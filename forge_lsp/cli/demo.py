"""``forge-lsp demo``: one whole job on a small real project, the way of a real editor, with the embedded model."""

from __future__ import annotations

import compileall
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Protocol

from forge_lsp.cli.diff import styled, unified
from forge_lsp.cli.display import printable, stdout_console
from forge_lsp.core.errors import EnvironmentFault, ForgeError
from forge_lsp.languages.registry import BUILT_IN
from forge_lsp.reading import table_beside

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["DemoEditor", "EditorFactory", "demo"]

FILE = "wordplay/words.py"
STUB = "def reverse_text"
INDENT = "   "


class DemoEditor(Protocol):
    """The editor that the demo drives; :mod:`forge_lsp.app` hands in the real one."""

    applied: int

    @property
    def complaints(self) -> str: ...
    async def start(self, command: Sequence[str], env: Mapping[str, str]) -> object: ...
    def open(self, path: Path, language: str) -> str: ...
    def text(self, uri: str) -> str: ...
    async def light_bulb(self, uri: str, line: int) -> Sequence[object]: ...
    async def execute(self, command: str, argument: Mapping[str, object], *, progress: bool = False) -> object: ...
    async def close(self) -> None: ...


EditorFactory = Callable[[Path, Mapping[str, object], Callable[[str, int | None], None]], DemoEditor]


async def demo(make_editor: EditorFactory, *, keep: bool = False) -> int:
    """Run the demo. 0: an accepted edit was applied and compiles; 1: not. Raises EnvironmentFault."""
    console = stdout_console()
    folder = _folder()
    try:
        return await _demo(make_editor, console, folder)
    finally:
        if keep:
            console.print(f"kept: {folder}", style="dim", soft_wrap=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _folder() -> Path:
    """A fresh folder by its real path, since editors and servers compare paths."""
    return Path(tempfile.mkdtemp(prefix="forge-lsp-demo-")).resolve()


async def _demo(make_editor: EditorFactory, console: Console, folder: Path) -> int:
    project = folder / "wordplay"
    for name, text in table_beside(__file__, "demo.toml").items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    path = project / FILE
    before = path.read_text(encoding="utf-8")

    _step(console, 1, "An editor opens a small project")
    console.print(f"{INDENT}{path}", style="dim", soft_wrap=True)
    console.print(_syntax(before))

    _step(console, 2, "The light bulb is pressed, the language server works")
    async with _progress(console) as show:
        editor = make_editor(project, {}, show)
        try:
            await editor.start([sys.executable, "-m", "forge_lsp"], _environment(folder))
            uri = editor.open(path, str(BUILT_IN.of_file(FILE)))
            line = next(i for i, text in enumerate(before.splitlines()) if text.startswith(STUB))
            title, command, argument = _press(await editor.light_bulb(uri, line))
            show(f"{title}: {STUB}", None)
            outcome = await editor.execute(command, argument, progress=True)
            after = editor.text(uri)
            report = str(await editor.execute("forge.report", {"jobId": _field(outcome, "jobId")}))
        except ForgeError:
            raise
        except Exception as error:  # of the connection, whose library only the other front end knows
            told = editor.complaints.strip()
            raise EnvironmentFault(
                f"the demo's language server failed ({type(error).__name__}: {error})" + (f"\n{told}" if told else ""),
                remedy="forge-lsp doctor",
            ) from error
        finally:
            await editor.close()

    path.write_text(after, encoding="utf-8")
    compiles = bool(compileall.compile_dir(str(project), quiet=2))
    accepted = _field(outcome, "outcome") == "accepted" and bool(_field(outcome, "applied")) and editor.applied == 1

    _step(console, 3, "The edit that the editor received")
    for text in styled(unified(before, after, FILE)) if after != before else ["nothing was changed"]:
        console.print(INDENT, text, sep="", soft_wrap=True)
    console.print()
    _step(console, 4, "The report")
    console.print(_markdown(report))
    console.print()
    if accepted and compiles:
        console.print("Accepted: one undoable edit was applied, and the project compiles.", style="bold green")
        return 0
    reason = _field(outcome, "reason")
    said = f"Not accepted, {_field(outcome, 'outcome')}: {reason}" if reason else "Not accepted."
    console.print(printable(said), style="bold red", soft_wrap=True)
    console.print("`forge-lsp doctor` says what is missing here.", style="dim")
    return 1


def _step(console: Console, number: int, title: str) -> None:
    from rich.text import Text

    console.print(Text.assemble((f"{number}  ", "bold cyan"), (title, "bold")))


def _environment(folder: Path) -> dict[str, str]:
    """The server's. The user's own settings stay out of it: the demo goes the same way on every machine."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("FORGE_")}
    settings = folder / "forge.toml"
    settings.write_text("", encoding="utf-8")
    return {
        **env,
        "FORGE_CONFIG": str(settings),
        "FORGE_PROFILE": "embedded",
        "FORGE_STATE__DIR": str(folder / "state"),
    }


def _press(actions: Sequence[object]) -> tuple[str, str, Mapping[str, object]]:
    """(title, command, argument) of *Generate with ensemble*. Raises EnvironmentFault where it is not offered."""
    for action in actions:
        command = getattr(action, "command", None)
        arguments = getattr(command, "arguments", None)
        if getattr(action, "kind", None) == "refactor.rewrite.forge" and command is not None and arguments:
            return str(getattr(action, "title", "")), str(command.command), arguments[0]
    raise EnvironmentFault("the server offers no `Generate with ensemble` on the stub")


def _field(answer: object, name: str) -> object:
    """A field of a JSON answer, which the protocol library hands over as a mapping or as an object."""
    if isinstance(answer, Mapping):
        return answer.get(name)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return getattr(answer, name, None)


@contextlib.asynccontextmanager
async def _progress(console: Console) -> AsyncGenerator[Callable[[str, int | None], None]]:
    """What the server reports: each message once, with the seconds since the start, and below them a bar that lives."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.table import Table
    from rich.text import Text

    columns = (TextColumn(" "), SpinnerColumn(), TimeElapsedColumn(), BarColumn(bar_width=40), TaskProgressColumn())
    started = time.monotonic()
    last = ""
    with Progress(*columns, console=console, transient=True, refresh_per_second=8) as progress:
        bar = progress.add_task("", total=100)

        def show(message: str, percentage: int | None) -> None:
            nonlocal last
            if percentage is not None:
                progress.update(bar, completed=percentage)
            if message != last:
                line = Table.grid(padding=(0, 2, 0, 0))
                line.add_row(Text(f"{INDENT}{time.monotonic() - started:5.1f} s", "dim"), _message(message))
                progress.console.print(line)
                last = message

        show("starting the language server", None)
        yield show
    console.print()


def _message(text: str) -> Text:
    """A progress message, coloured by how it goes."""
    from rich.text import Text

    if text.startswith("accepted"):
        return Text(printable(text), "bold green")
    return Text(printable(text), "bold yellow" if text.startswith(("unverified", "not accepted", "failed")) else "")


def _syntax(text: str) -> object:
    from rich.syntax import Syntax

    return Syntax(text, PurePath(FILE).suffix.removeprefix("."), background_color="default", padding=(1, 4))


def _markdown(text: str) -> object:
    """The report, less the change, which was just shown."""
    from rich.markdown import Markdown
    from rich.padding import Padding

    return Padding(Markdown(text.partition("\n## Change")[0]), (0, 0, 0, len(INDENT)))
