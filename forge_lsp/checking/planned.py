"""A run of test files in a box, and where the frames of its failures stand. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from forge_lsp.checking.runs import scanned

__all__ = ["Frame", "PlannedRun", "values_in"]


class Frame(NamedTuple):
    """A line of a file of the project, by its path below the tree's root."""

    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """What is run: ``text`` as the ``document`` (``before``: the untouched one) with the scope on ``lines`` (from 1,
    both included) in the tree at ``root``. ``secret`` is what the test that must fail says or is called."""

    root: str
    document: PurePosixPath
    text: str
    before: str
    lines: tuple[int, int]
    secret: str

    @property
    def own(self) -> bool:
        """Whether it runs a candidate's text."""
        return self.text != self.before

    def in_scope(self, frame: Frame) -> bool:
        """Whether a frame stands in the scope."""
        return frame.file == str(self.document) and self.lines[0] <= frame.line <= self.lines[1]

    def below(self, path: str) -> str | None:
        """Return an absolute path relative to the tree's root; None: it is outside."""
        for root in (self.root, posixpath.realpath(self.root)):
            if path.startswith(f"{root}/"):
                return posixpath.normpath(path[len(root) + 1 :])
        return None


def values_in(message: str, patterns: Iterable[re.Pattern[str]]) -> tuple[str, str]:
    """Return the expected and the actual value of a failure, as the first of ``patterns`` finds them; "": neither."""
    found = next((match for pattern in patterns if (match := pattern.search(scanned(message)))), None)
    return (found["expected"].strip(), found["actual"].strip()) if found is not None else ("", "")
