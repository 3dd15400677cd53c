"""Why a Go test failed: because of the scope, or of another piece of the project. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from forge_lsp.checking.runs import failed, spoken_cause
from forge_lsp.core.checks import Cause, Run
from forge_lsp.languages.go.output import Frame, panic_of, values_in
from forge_lsp.languages.go.sources import declarations, masked

__all__ = ["FailurePlace", "explained"]

_PANICS = re.compile(r"\{\s*panic\([^\n]*\)\s*\}\s*\Z")
_UNFINISHED = re.compile(r"not (?:yet )?implemented|unimplemented|implement me|\bTODO\b|\bstub\b", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailurePlace:
    """Where things are: ``root`` is the tree, ``document`` the scope's file in it, whose text is ``text``; the scope
    stands on ``lines`` (from 1, both included). ``others`` is the text of the rest of the package."""

    root: PurePosixPath
    document: PurePosixPath
    text: str
    lines: tuple[int, int]
    others: str = ""

    @property
    def unfinished_elsewhere(self) -> bool:
        """Whether it is not the scope, but another piece of the package that says that it is not done."""
        first, last = self.lines
        scope = "\n".join(self.text.split("\n")[first - 1 : last])
        return _UNFINISHED.search(self.others) is not None and _UNFINISHED.search(scope) is None

    def in_scope(self, frame: Frame) -> bool:
        """Whether a frame is of the scope."""
        return frame.file == str(self.root / self.document) and self.lines[0] <= frame.line <= self.lines[1]

    def is_stub(self, frame: Frame) -> bool:
        """Whether a frame is of a function of the rest of the package that does nothing but panic."""
        name = re.search(r"(\w+)(?:\[[^\]]*\])?\([^()]*\)$", frame.function)
        return name is not None and any(
            name[1] in one.names and _PANICS.search(masked(self.others[one.start : one.end])) is not None
            for one in declarations(self.others)
        )

    def own(self, frame: Frame) -> PurePosixPath | None:
        """The frame's file relative to the tree; None where it is not the project's."""
        path = PurePosixPath(frame.file)
        return path.relative_to(self.root) if path.is_relative_to(self.root) else None

    def source(self, frame: Frame) -> str:
        """The line of the document that a frame stands on."""
        lines = self.text.split("\n")
        return lines[frame.line - 1].strip() if 0 < frame.line <= len(lines) else ""


def explained(output: str, where: FailurePlace, *, speaks: bool | None) -> Run:
    """Return the run of a test that failed with ``output``. ``speaks``: the test names the scope; None: it calls what
    is still to be written as well."""
    panic = panic_of(output)
    if panic is None:
        expected, actual = values_in(output)
        return failed(_words(output), cause=_of_words(output, where, speaks=speaks), expected=expected, actual=actual)
    message, frames = panic
    own = [(frame, file) for frame in frames if (file := where.own(frame)) is not None]
    return failed(_told(message, own, where), cause=_of_frames(message, own, where, speaks=speaks))


def _of_words(output: str, where: FailurePlace, *, speaks: bool | None) -> Cause:
    """An assertion failed: on a value that the scope returned, unless another piece says that it is not done."""
    if _UNFINISHED.search(output) and where.unfinished_elsewhere:
        return Cause.ELSEWHERE
    return _spoken(speaks)


def _spoken(speaks: bool | None) -> Cause:
    return Cause.ELSEWHERE if speaks is None else spoken_cause(speaks=speaks)


def _of_frames(
    message: str, own: list[tuple[Frame, PurePosixPath]], where: FailurePlace, *, speaks: bool | None
) -> Cause:
    if not own:
        return _spoken(speaks)
    frame, file = own[0]
    if where.in_scope(frame):
        return Cause.SCOPE
    if file.name.endswith("_test.go"):  # what the scope returned is not what the test works with
        return _spoken(speaks)
    if _UNFINISHED.search(message) or where.is_stub(frame):
        return Cause.ELSEWHERE
    # Finished code that stumbles does so over what the scope made of its values.
    return Cause.SCOPE if any(where.in_scope(other) for other, _ in own) else _spoken(speaks)


def _told(message: str, own: list[tuple[Frame, PurePosixPath]], where: FailurePlace) -> str:
    """The panic with its line in the candidate, else where it came out of."""
    inside = next((frame for frame, file in own if file == where.document), None)
    if inside is not None:
        return f"{message} ({where.document.name}:{inside.line}: {where.source(inside)})"
    return f"{message} ({own[0][1].name}:{own[0][0].line})" if own else message


def _words(output: str) -> str:
    """What the test itself said, its place taken off."""
    lines = [re.sub(r"^\s*[\w.-]+\.go:\d+: ", "", line).rstrip() for line in output.strip().split("\n")]
    return "\n".join(line for line in lines if line.strip())
