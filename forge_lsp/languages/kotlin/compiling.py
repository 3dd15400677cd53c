"""Compiling the document and its tests together; what does not compile is left out and does not take down the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from forge_lsp.checking.jvm.compiling import CompilableTests, Compilation, CompiledTests, Compiler, JvmDocument
from forge_lsp.checking.runs import uncollected
from forge_lsp.checking.scanning import without
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.checks import Cause, Run
from forge_lsp.languages.kotlin.choosing import FileOfTests
from forge_lsp.languages.kotlin.names import Function, functions_of, own_names
from forge_lsp.languages.kotlin.texts import IMPORT, package_of, words_of

__all__ = ["compiled"]

_UNRESOLVED = re.compile(r"[Uu]nresolved reference:? '?(\w+)")
_CALLED = re.compile(r"'[^']*?\b(?:fun|constructor)\b(?: <[^>]*>)? ?(?:[\w.<>?, ]+\.)?(\w*)\(")
_ROUNDS = 5


class _Tests(CompilableTests[FileOfTests]):
    """The test files of a document."""

    def drop(self, test: FileOfTests, problems: Sequence[Diagnostic]) -> None:
        """Leave a whole file out."""
        why = self._why(problems, test.text)
        self.left_out.update(dict.fromkeys(test.names, why))
        del self.tests[test.file]

    def blame(self, test: FileOfTests, problems: Sequence[Diagnostic]) -> None:
        """Leave out of a file what the problems stand in: its tests one by one where they stand in tests alone."""
        functions = functions_of(test.text)
        words = {one: words_of(test.text[one.body : one.end]) for one in functions}
        lines = [0, *(match.end() for match in re.finditer("\n", test.text)), len(test.text) + 1]
        found: dict[Function, list[Diagnostic]] = {}
        text = test.text
        for problem in problems:
            at = lines[min(max(problem.line - 1, 0), len(lines) - 2)]
            end = lines[lines.index(at) + 1] - 1
            imported = IMPORT.match(test.text, at, end)
            if imported is not None and not imported["star"]:
                name = imported["alias"] or imported["name"].rpartition(".")[2]
                hit = [one for one in functions if name in words[one]]
                text = without(text, at, end)
            else:
                hit = [one for one in functions if one.start <= at + max(problem.column - 1, 0) < one.end][-1:]
                if not hit:
                    return self.drop(test, problems)
            for one in hit:
                if not one.test:
                    hit += [user for user in functions if one.name in words[user] and user not in hit]
            if any(one.hook or not one.called for one in hit):
                return self.drop(test, problems)
            for one in hit:
                found.setdefault(one, []).append(problem)
        for one, reasons in found.items():
            text = without(text, one.start, one.end)
            if one.test:
                self.left_out[test.full(one)] = self._why(reasons, test.text)
        smaller = replace(test, text=text)
        if smaller.names:
            self.tests[test.file] = smaller
        else:
            del self.tests[test.file]
        return None

    def _why(self, problems: Sequence[Diagnostic], test: str) -> Run:
        """Why tests cannot be compiled. What is missing of the document itself is the scope's to bring; a name that the
        user's own text has, and the candidate's has not, is its fault whatever it is called."""
        first, subject = problems[0], self.subject
        detail = f"{first.file}:{first.line}: {first.message}"
        package = package_of(subject.untouched)
        candidate = subject.text != subject.untouched
        had = own_names(subject.untouched)
        lines = test.split("\n")
        cause = Cause.SCOPE if candidate else Cause.ENVIRONMENT
        missing: list[str] = []
        for problem in problems:
            line = lines[problem.line - 1] if 0 < problem.line <= len(lines) else ""
            imported = IMPORT.match(line)
            if imported is not None:
                home, _, last = imported["name"].rpartition(".")
                if home != package:
                    said = f"; {self.remedy} fetches what the build names" if self.remedy else ""
                    return uncollected(f"{detail}{said}", cause=Cause.ENVIRONMENT)
                name, own = last, True
            else:
                found = _UNRESOLVED.search(problem.message) or _CALLED.search(problem.message)
                if found is None or not found[1]:
                    continue
                name = found[1]
                own = name == subject.scope or package_of(test) == package
            applied = not problem.code.startswith("UNRESOLVED_")
            if own:
                cause = Cause.SCOPE
                if candidate and name in had and not applied:
                    continue
            elif cause is not Cause.SCOPE:
                cause = Cause.ELSEWHERE
            missing.append(name)
        return uncollected(detail, cause=cause, missing=tuple(dict.fromkeys(missing)))


async def compiled(
    subject: JvmDocument,
    tests: Sequence[FileOfTests],
    others: Iterable[PurePosixPath],
    compiler: Compiler,
    *,
    remedy: str | None = None,
) -> CompiledTests[FileOfTests]:
    """Compile the document, its tests and the ``others`` of its module, in a few rounds.

    In each round what does not compile is left out: a test, a test file, another file. Raises EnvironmentFault as
    ``compiler`` does.
    """
    course = _Tests(subject, remedy, list(others), {test.file: test for test in tests})
    outcome = Compilation()
    for _ in range(_ROUNDS):
        if not course.tests:
            return course.outcome()
        outcome = await course.compile(compiler)
        if outcome.archive is not None:
            return course.outcome(outcome.archive)
        if not outcome.problems or not course.leave_out(outcome.problems):
            break
    first = next(iter(outcome.problems), None)
    words = f"{first.file}:{first.line}: {first.message}" if first is not None else outcome.words
    own = first is not None and first.file == str(subject.file) and subject.text != subject.untouched
    why = uncollected(words, cause=Cause.SCOPE if own else Cause.ENVIRONMENT)
    return course.outcome(why=why)
