"""Compiling the document and its tests together; what does not compile is left out and does not take down the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from forge_lsp.checking.jvm.compiling import CompilableTests, Compilation, CompiledTests, Compiler, JvmDocument
from forge_lsp.checking.runs import uncollected
from forge_lsp.checking.scanning import without
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.checks import Cause, Run
from forge_lsp.languages.java.choosing import JUnitClass, is_test
from forge_lsp.languages.java.messages import MISSING_PACKAGE
from forge_lsp.languages.java.texts import Method, methods_of, package_of, types_of, words_of

__all__ = ["compiled"]

_SYMBOL = re.compile(r"\bsymbol:\s+(?:static\s+)?(?:class|method|variable|interface|constructor)?\s*(\w+)")
_LOCATION = re.compile(
    r"\blocation:\s+(?:@?interface|class|enum|record|package|variable\s+\w+\s+of\s+type)\s+([\w.$]+)"
)
_APPLIED = re.compile(r"(?:method|constructor)\s+(\w+)\s+in\s+(?:class|interface|record|enum)\s+([\w.$]+)")
_SUITABLE = re.compile(r"no suitable (?:method|constructor) found for (\w+)\(.*?(?:method|constructor)\s+([\w.$]+)\.")
_IMPORT = re.compile(r"\s*import\s+(?:static\s+)?(?P<what>[\w.]+)\.(?P<name>\w+|\*)\s*;")
_ROUNDS = 6


class _Tests(CompilableTests[JUnitClass]):
    """The test classes of a document."""

    def drop(self, test: JUnitClass, problems: Sequence[Diagnostic]) -> None:
        """Leave a whole class out."""
        self.left_out[test.name] = self._why(problems)
        del self.tests[test.file]

    def leave_out(self, problems: Sequence[Diagnostic]) -> bool:
        """See :class:`~forge_lsp.checking.jvm.compiling.CompilableTests`: no test is blamed for the document."""
        if any(problem.file == str(self.subject.file) for problem in problems):
            problems = [problem for problem in problems if PurePosixPath(problem.file) in self.others]
        return super().leave_out(problems)

    def blame(self, test: JUnitClass, problems: Sequence[Diagnostic]) -> None:
        """Leave out of a class what the problems stand in: its tests one by one where they stand in tests alone."""
        tests = {method: test.test(method) for method in test.methods}
        bodies = {method: words_of(test.text[method.body : method.end]) for method in methods_of(test.text)}
        lines = _offsets(test.text)
        found: dict[Method, list[Diagnostic]] = {}
        text = test.text
        for problem in problems:
            at = lines[problem.line - 1] if 0 < problem.line <= len(lines) else 0
            end = (*lines, len(text) + 1)[lines.index(at) + 1] - 1
            imported = _IMPORT.match(text[at:end])
            if imported is not None and imported["name"] != "*" and self._missing(problem):
                hit = [method for method, words in bodies.items() if imported["name"] in words]
                text = without(text, at, end)
            else:
                hit = [method for method in bodies if method.start < end and at < method.end][-1:]
                if not hit:
                    return self.drop(test, problems)
            hit = _with_users(hit, bodies)
            if any(not _can_go(method) for method in hit):
                return self.drop(test, problems)
            for method in hit:
                found.setdefault(method, []).append(problem)
        for method in found:
            text = without(text, method.start, method.end)
        for method, reasons in found.items():
            if method in tests:
                self.left_out[tests[method]] = self._why(reasons)
        smaller = replace(test, text=text)
        if smaller.methods:
            self.tests[test.file] = smaller
        else:
            del self.tests[test.file]
        return None

    def _missing(self, problem: Diagnostic) -> tuple[str, str] | None:
        """The name that is not defined, and where it is looked for."""
        message = problem.message
        applied = _APPLIED.search(message) or _SUITABLE.search(message)
        if problem.code.startswith("cant.apply") and applied is not None:
            return applied[1], applied[2]
        if problem.code.startswith("cant.resolve"):
            symbol, location = _SYMBOL.search(message), _LOCATION.search(message)
            if symbol is not None:
                return symbol[1], location[1] if location is not None else ""
        if problem.code.startswith(MISSING_PACKAGE):
            package = re.match(r"package ([\w.]+) does not exist", message)
            if package is not None and package[1] == (package_of(self.subject.untouched) or ""):
                return self.subject.file.stem, package[1]
        return None

    def _why(self, problems: Sequence[Diagnostic]) -> Run:
        """Why tests cannot be compiled. What is missing of the document itself is the scope's to bring; a name that the
        user's own text has, and the candidate's has not, is its fault whatever it is called."""
        first = problems[0]
        detail = f"{first.file}:{first.line}: {first.message}"
        if any(problem.code.startswith(MISSING_PACKAGE) and not self._missing(problem) for problem in problems):
            fetching = f"; {self.remedy} fetches what the build names" if self.remedy else ""
            return uncollected(f"{detail}{fetching}", cause=Cause.ENVIRONMENT)
        subject = self.subject
        types = types_of(subject.text) | types_of(subject.untouched) | {subject.file.stem}
        candidate = subject.text != subject.untouched
        had = words_of(subject.untouched)
        missing: list[str] = []
        cause = Cause.SCOPE if candidate else Cause.ENVIRONMENT
        for problem in problems:
            known = self._missing(problem)
            if known is None:
                continue
            name, location = known
            own = location.split("<")[0].rpartition(".")[2] in types or bool(set(location.split(".")) & types)
            if own or name in types or name == subject.scope:
                cause = Cause.SCOPE
                if candidate and name in had and not problem.code.startswith("cant.apply"):
                    continue
                missing.append(name)
            else:
                missing.append(name)
                cause = cause if cause is Cause.SCOPE else Cause.ELSEWHERE
        return uncollected(detail, cause=cause, missing=tuple(dict.fromkeys(missing)))


async def compiled(
    subject: JvmDocument,
    tests: Sequence[JUnitClass],
    others: Iterable[PurePosixPath],
    compiler: Compiler,
    *,
    remedy: str | None = None,
) -> CompiledTests[JUnitClass]:
    """Compile the document, its tests and the ``others`` of its module, in a few rounds.

    In each round what does not compile is left out: a test method, a test class, another file. Raises
    EnvironmentFault as ``compiler`` does.
    """
    course = _Tests(subject, remedy, list(others), {test.file: test for test in tests})
    for _ in range(_ROUNDS):
        if not course.tests:
            return course.outcome()
        outcome = await course.compile(compiler)
        if outcome.archive is not None:
            return course.outcome(outcome.archive)
        if not outcome.problems:
            return CompiledTests(left_out={"": uncollected(outcome.words, cause=Cause.ENVIRONMENT)})
        if not course.leave_out(outcome.problems):
            break
    return await _one_by_one(course, compiler)


async def _one_by_one(course: _Tests, compiler: Compiler) -> CompiledTests[JUnitClass]:
    """Each test class alone: those that then do not compile are left out with what the compiler says."""
    for test in list(course.tests.values()):
        outcome = await compiler([test.file], {test.file: test.text})
        if outcome.archive is None:
            if outcome.problems:
                course.drop(test, outcome.problems)
            else:
                course.left_out[test.name] = uncollected(outcome.words, cause=Cause.ENVIRONMENT)
                del course.tests[test.file]
    outcome = await course.compile(compiler, others=False) if course.tests else Compilation()
    if outcome.archive is None:
        for test in list(course.tests.values()):
            course.drop(test, outcome.problems)
    return course.outcome(outcome.archive)


def _with_users(methods: Sequence[Method], bodies: Mapping[Method, frozenset[str]]) -> list[Method]:
    """The methods and, where one is a helper, those that name it."""
    found = list(methods)
    for method in found:
        if not is_test(method):
            found += [user for user, words in bodies.items() if method.name in words and user not in found]
    return found


def _can_go(method: Method) -> bool:
    """Whether a class can do without a method: it is not its constructor, nor what is run before its tests."""
    return method.name != method.type.rpartition(".")[2] and "@Before" not in method.header


def _offsets(text: str) -> list[int]:
    offsets = [0]
    for match in re.finditer("\n", text):
        offsets.append(match.end())
    return offsets
