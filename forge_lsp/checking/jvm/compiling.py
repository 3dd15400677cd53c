"""What compiling a document for the JVM is about: the subject, what the compiler says of it, and its tests with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Generic, Protocol, TypeVar

from forge_lsp.checking.jvm.running import TestClass
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.checks import Run

__all__ = ["CompilableTests", "Compilation", "CompiledTests", "Compiler", "JvmDocument", "TestFile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """What the compiler says. ``archive`` are the classes, where all compiled."""

    problems: tuple[Diagnostic, ...] = ()
    archive: bytes | None = None
    words: str = ""


Compiler = Callable[[Sequence[PurePosixPath], Mapping[PurePosixPath, str]], Awaitable[Compilation]]
"""Compiles the document with the files named, some of them with another text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JvmDocument:
    """The document under work: its file, the text that is compiled, the user's own text and the name of the scope."""

    file: PurePosixPath
    text: str
    untouched: str
    scope: str | None = None


class TestFile(Protocol):
    """A file of tests."""

    @property
    def file(self) -> PurePosixPath: ...
    @property
    def text(self) -> str: ...
    @property
    def framework(self) -> str: ...
    @property
    def classes(self) -> Sequence[TestClass]:
        """Its classes that have tests."""
        ...


T = TypeVar("T", bound=TestFile)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledTests(Generic[T]):
    """``archive`` holds the classes, ``tests`` are those that were compiled, ``left_out`` what was not, and why: tests
    and whole classes by name ("": all of them)."""

    archive: bytes | None = None
    tests: tuple[T, ...] = ()
    left_out: Mapping[str, Run] = field(default_factory=dict[str, Run])


@dataclass(slots=True)
class CompilableTests(ABC, Generic[T]):
    """What is still compiled of a document's tests and of the ``others`` of its module, and what was left out of it.
    ``remedy`` fetches what the build names."""

    subject: JvmDocument
    remedy: str | None
    others: list[PurePosixPath]
    tests: dict[PurePosixPath, T]
    left_out: dict[str, Run] = field(default_factory=dict[str, Run])

    @abstractmethod
    def blame(self, test: T, problems: Sequence[Diagnostic]) -> None:
        """Leave out of a file what the problems stand in: its tests one by one where they stand in tests alone."""

    async def compile(self, compiler: Compiler, *, others: bool = True) -> Compilation:
        """Compile what is left. Raises EnvironmentFault as ``compiler`` does."""
        names = [*self.others, *self.tests] if others else [*self.tests]
        return await compiler(names, {file: test.text for file, test in self.tests.items()})

    def leave_out(self, problems: Sequence[Diagnostic]) -> bool:
        """Leave out what the problems stand in; False where they stand in nothing that can be left out."""
        by_file: dict[str, list[Diagnostic]] = {}
        for problem in problems:
            by_file.setdefault(problem.file, []).append(problem)
        others = [file for file in self.others if str(file) in by_file]
        self.others = [file for file in self.others if file not in others]
        blamed = [test for file, test in self.tests.items() if str(file) in by_file]
        for test in blamed:
            self.blame(test, by_file[str(test.file)])
        return bool(others or blamed)

    def outcome(self, archive: bytes | None = None, why: Run | None = None) -> CompiledTests[T]:
        """Return what came of it; ``why``: none of the tests was compiled."""
        return CompiledTests(
            archive=archive,
            tests=tuple(self.tests.values()) if archive is not None else (),
            left_out=self.left_out if why is None else {**self.left_out, "": why},
        )
