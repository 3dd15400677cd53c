"""``forge-lsp demo``: one whole job on a small real project, the way of a real editor, with the embedded model."""

from __future__ import annotations

import compileall
import contextlib
import difflib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from forge_lsp.cli.display import stderr_console
from forge_lsp.domain.errors import EnvironmentFault

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["DemoEditor", "EditorFactory", "demo"]

PROJECT = {
    "pyproject.toml": '[project]\nname = "wordplay"\nversion = "0.1.0"\nrequires-python = ">=3.11"\n',
    "wordplay/__init__.py": "",
    "wordplay/words.py": '''\
"""Small questions about words."""


def is_palindrome(text: str) -> bool:
    """Return True if text reads the same forwards and backwards.

    >>> is_palindrome("level")
    True
    >>> is_palindrome("forge")
    False
    >>> is_palindrome("")
    True
    """
    raise NotImplementedError


def vowels(text: str) -> str:
    """The vowels of a text, in order."""
    return "".join(letter for letter in text if letter in "aeiou")
''',
    "wordplay/report.py": '''\
"""What the project does with them."""

from wordplay.words import is_palindrome, vowels


def describe(word: str) -> str:
    """A line about a word."""
    kind = "a palindrome" if is_palindrome(word) else "no palindrome"
    return f"{word}: {kind}, vowels {vowels(word)}"
''',
}
STUB = "def is_palindrome"


class DemoEditor(Protocol):
    """The editor that the demo drives; app.py hands in the real one."""

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
    """Run the demo. 0: an accepted edit was applied and compiles; 1: not."""
    console = stderr_console()
    folder = _folder()
    try:
        return await _demo(make_editor, console, folder)
    finally:
        if keep:
            console.print(f"kept: {folder}", markup=False)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _folder() -> Path:
    """A fresh folder by its real path, since editors and servers compare paths."""
    return Path(tempfile.mkdtemp(prefix="forge-lsp-demo-")).resolve()


async def _demo(make_editor: EditorFactory, console: Console, folder: Path) -> int:
    project = folder / "wordplay"
    for name, text in PROJECT.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    console.print(f"A small project in {project}; an editor opens wordplay/words.py.", markup=False)
    path = project / "wordplay" / "words.py"
    before = path.read_text(encoding="utf-8")
    console.print(_syntax(before))
    # The user's own settings stay out of it: the demo must go the same way on every machine.
    env = {name: value for name, value in os.environ.items() if not name.startswith("FORGE_")}
    env["FORGE_PROFILE"] = "embedded"
    env["FORGE_STATE__DIR"] = str(folder / "state")
    env["FORGE_CONFIG"] = str(folder / "forge.toml")
    (folder / "forge.toml").write_text("", encoding="utf-8")

    async with _progress_bar(console) as show:
        editor = make_editor(project, {}, show)
        try:
            await editor.start([sys.executable, "-m", "forge_lsp"], env)
            uri = editor.open(path, "python")
            line = next(i for i, text in enumerate(before.splitlines()) if text.startswith(STUB))
            title, command, argument = _press(await editor.light_bulb(uri, line))
            console.print(f"The light bulb offers {title!r}; it is pressed.", markup=False)
            outcome = await editor.execute(command, argument, progress=True)
            after = editor.text(uri)
            report = await editor.execute("forge.report", {"jobId": _field(outcome, "jobId")})
        except Exception:
            console.print(editor.complaints, style="red", markup=False)
            raise
        finally:
            await editor.close()

    path.write_text(after, encoding="utf-8")
    compiles = compileall.compile_dir(str(project), quiet=2)
    accepted = _field(outcome, "outcome") == "accepted" and bool(_field(outcome, "applied")) and editor.applied == 1
    name = "wordplay/words.py"
    diff = difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{name}", f"b/{name}", lineterm="")
    print("\n".join(diff))
    console.rule("the report")
    console.print(_markdown(str(report)))
    if accepted and compiles:
        console.print("Accepted: one undoable edit was applied, the project compiles.", style="bold green")
        return 0
    console.print(f"Not accepted: {outcome}", style="bold red", markup=False)
    return 1


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
async def _progress_bar(console: Console) -> AsyncGenerator[Callable[[str, int | None], None]]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<58}"), BarColumn(bar_width=24), TimeElapsedColumn())
    last = ""
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("starting the language server", total=100)

        def show(message: str, percentage: int | None) -> None:
            nonlocal last
            progress.update(bar, description=message[:58], completed=percentage)
            if message != last:
                progress.console.print(f"  {percentage or 0:>3}%  {message}", style="dim", markup=False)
                last = message

        yield show


def _syntax(text: str) -> object:
    from rich.syntax import Syntax

    return Syntax(text, "python", background_color="default", padding=(0, 2))


def _markdown(text: str) -> object:
    from rich.markdown import Markdown

    return Markdown(text)
