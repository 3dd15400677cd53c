"""A change as a front end understood it, and what came of judging it. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from forge_lsp.core.attempt import BuildReport, Diagnostic, Evidence
from forge_lsp.core.checks import Grade
from forge_lsp.core.languages import Language
from forge_lsp.core.task import FileChange

__all__ = ["Change", "FileVerdict", "Judgement", "PlaceVerdict", "Ruling"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Files that belong together, judged as one workspace's.

    ``lines`` and ``only`` bound what is judged: lines of the text
    after (of a change of one file), and the files named; the other files are still a part of the change.
    """

    workspace: Path
    files: tuple[FileChange, ...]
    lines: tuple[int, int] | None = None
    only: frozenset[Path] | None = None


class Ruling(StrEnum):
    """What a change comes to. The worst last."""

    ACCEPTED = "accepted"
    UNVERIFIED = "unverified"
    """Nothing speaks against it, and not enough for it: a check could not run, or nothing could be run."""
    REFUSED = "refused"
    """It does not compile, breaks a check, or does not meet one that it owes."""

    @property
    def badness(self) -> int:
        """A number that grows the worse it is."""
        return list(Ruling).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceVerdict:
    """One definition of a change, judged. ``name`` "" is the file as a whole. ``evidence`` has the grade, None where a
    check is against it; ``reason`` says in words why it is ruled so. ``code`` is what stands there now. ``new``: it was
    not there before; ``gone``: it was taken out. ``inherited`` is the grade of what uses it, where it has no checks of
    its own."""

    file: str
    name: str
    lines: tuple[int, int]
    ruling: Ruling
    reason: str
    evidence: Evidence
    code: str = ""
    new: bool = False
    gone: bool = False
    inherited: Grade | None = None

    @property
    def grade(self) -> Grade | None:
        """What stands behind it; nobody looked at it, so that "reviewed" is no grade here."""
        grade = self.inherited or self.evidence.grade
        return None if grade is Grade.REVIEWED else grade


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVerdict:
    """One file of a change, compiled with all the others in place, and its places."""

    file: str
    language: Language
    build: BuildReport
    places: tuple[PlaceVerdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a change comes to: its worst place decides. ``notes`` name what was not judged, and why."""

    ruling: Ruling
    reason: str
    grade: Grade | None
    against: str
    files: tuple[FileVerdict, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def places(self) -> tuple[PlaceVerdict, ...]:
        """Every place, file by file."""
        return tuple(place for file in self.files for place in file.places)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The problems that the change brought in, each once."""
        return tuple(dict.fromkeys(problem for file in self.files for problem in file.build.diagnostics))
