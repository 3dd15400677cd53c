"""Which of a project's test files are run for a scope, the nearest to it first. Reads texts, runs nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from forge_lsp.checking.project import Place
from forge_lsp.checking.suites import speaking_of
from forge_lsp.core.task import ScopeKind, Task

__all__ = ["TEST_FILE", "ChosenTests", "chosen_for", "scope_lines", "test_files"]

TEST_FILE = re.compile(r"(?:.*/)?(?:[^/]*_(?:test|spec)|test_(?!helper)[^/]*)\.rb")
_MOST_FILES = 8
_FEW = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenTests:
    """``files`` are run. ``names`` are the words that lead from them to the scope; ``seen_only``: no text leads to it,
    so only the tests count that are seen to call it."""

    files: tuple[PurePosixPath, ...] = ()
    names: tuple[str, ...] = ()
    seen_only: bool = False


def test_files(place: Place) -> tuple[PurePosixPath, ...]:
    """The files of the project that hold tests, the document aside."""
    named = (PurePosixPath(name) for name in place.files((".rb",)) if TEST_FILE.fullmatch(name))
    return tuple(sorted(path for path in named if path != place.document))


def chosen_for(task: Task, place: Place) -> ChosenTests:
    """Return the test files to run for a task's scope: those that name it, else its class or its file."""
    tests = test_files(place)
    scope, stem = task.scope, place.document.stem
    own = scope.name if scope.kind is not ScopeKind.FILE and scope.name != "initialize" else None
    container = re.split(r"\.|::", scope.container)[-1] if scope.container else None
    camel = "".join(part[:1].upper() + part[1:] for part in stem.split("_"))
    names = tuple(dict.fromkeys(name for name in (own, container, stem, camel) if name))
    spoken = speaking_of(place, map(str, tests), names, most=_MOST_FILES)
    if spoken:
        return ChosenTests(files=spoken, names=(own,) if own else names)
    return ChosenTests(files=tests if len(tests) <= _FEW else (), names=names, seen_only=True)


def scope_lines(task: Task, text: str, code: str) -> tuple[int, int]:
    """Return the first and the last line of the scope in ``text``: the untouched document, or that with ``code`` in the
    scope's place."""
    before, scope = task.document.text, task.scope.range
    start, end = scope.start, scope.end
    if text != before:
        rest = before[scope.end :]
        end = len(text) - len(rest) if text.endswith(rest) else len(text)
        start = text.rfind(code, 0, end) if code else -1
        if start < 0:
            start = scope.start if text.startswith(before[: scope.start]) else 0
    return text.count("\n", 0, start) + 1, text.count("\n", 0, max(start, end)) + 1
