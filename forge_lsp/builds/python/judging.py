"""From what the runner said of an example to what that means: passed, failed, or nothing that can be judged."""

from __future__ import annotations

import ast
import doctest
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, cast

from forge_lsp.builds.python.examples import Example, Group
from forge_lsp.domain.attempt import ExampleResult, ExampleStatus
from forge_lsp.domain.task import Task

__all__ = ["Answer", "Judge", "Ran", "decoded", "failure_of_import"]

Answer = dict[str, Any]
"""One reply line of the runner; see its docstring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What the runner said: answers by example id, and what kept a whole group from running, by its id."""

    answers: Mapping[str, Answer]
    imports: Mapping[str, Answer]
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Judges examples.

    ``module`` is the document's module name; ``excuse`` says why it cannot be imported here, whatever the candidate.
    """

    task: Task
    module: str
    excuse: str | None

    def results(self, groups: tuple[Group, ...], ran: Ran) -> Iterator[ExampleResult]:
        """A result for every example, in order."""
        for number, group in enumerate(groups):
            stumbled = ""  # what was to be run before and did not come to a good end
            for example in group.examples:
                result = self._result(example, ran.answers.get(example.id), ran.imports.get(str(number)), stumbled)
                if result.status is not ExampleStatus.PASSED:
                    stumbled += f"{example.source}\n"
                yield result

    def _result(self, example: Example, answer: Answer | None, failed: Answer | None, stumbled: str) -> ExampleResult:
        def result(status: ExampleStatus, actual: str = "", detail: str = "") -> ExampleResult:
            return ExampleResult(
                id=example.id,
                kind=example.kind,
                status=status,
                source=example.source,
                expected=example.expected,
                actual=actual.rstrip("\n"),
                detail=detail,
                line=example.line,
                proves=not example.silent,
            )

        if example.broken is not None:
            return result(ExampleStatus.NOT_RUNNABLE, detail=example.broken)
        if failed is not None:
            if self.excuse is not None:
                return result(ExampleStatus.NOT_RUNNABLE, detail=self.excuse)
            why = failure_of_import(failed)
            return result(ExampleStatus.FAILED, why, f"the module cannot be imported: {why}")
        if answer is None:
            return result(ExampleStatus.FAILED, detail="the candidate ended the run before this example was told of")
        match answer.get("state"):
            case "late":
                return result(ExampleStatus.NOT_RUNNABLE, detail="the time for examples was over before this one")
            case "hung":
                return result(ExampleStatus.FAILED, detail=f"did not finish in {float(answer.get('seconds', 0)):g} s")
            case "died":
                return result(ExampleStatus.FAILED, detail=f"the code ended its process ({_ending(answer)})")
            case "unparsed":
                text = _last_line(_error(answer))
                return result(ExampleStatus.NOT_RUNNABLE, detail=f"the example does not parse: {text}")
            case "raised":
                return self._raised(example, answer, stumbled, result)
            case _:
                return self._compared(example, answer, result)

    def _raised(self, example: Example, answer: Answer, stumbled: str, result: Any) -> ExampleResult:
        error = _error(answer)
        text = _last_line(error)
        judged = answer.get("step") == len(example.steps) - 1
        if judged and example.raises is not None and error.get("type") == example.raises:
            return result(ExampleStatus.PASSED, text)
        if judged and example.exception is not None and _same_exception(example, str(error.get("text", ""))):
            return result(ExampleStatus.PASSED, text)
        name = str(error.get("name", ""))
        if error.get("own") and error.get("type") == "NameError" and not self._promised(name):
            lost = re.search(rf"\b{re.escape(name)}\b", stumbled)
            why = "an example before it did not come to a good end" if lost else "nobody defines it"
            return result(ExampleStatus.NOT_RUNNABLE, text, f"uses the name {name}: {why}")
        if error.get("type") == "ModuleNotFoundError" and (error.get("own") or self._imported(name)):
            return result(ExampleStatus.NOT_RUNNABLE, text, f"needs the module {name}, which is not installed")
        return result(ExampleStatus.FAILED, text, text)

    def _compared(self, example: Example, answer: Answer, result: Any) -> ExampleResult:
        output = str(answer.get("output", ""))
        if example.raises is not None:
            return result(ExampleStatus.FAILED, "no exception", f"{example.raises} was not raised")
        if example.literal is not None:
            return self._value(example, cast("Answer", answer.get("value") or {}), result)
        if example.exception is not None and not example.want:
            return result(ExampleStatus.FAILED, output or "no exception", "no exception was raised")
        flags = 0
        for flag, on in example.options:
            flags = flags | flag if on else flags & ~flag
        if flags & doctest.SKIP:
            return result(ExampleStatus.NOT_RUNNABLE, detail="marked as skipped")
        if example.silent and output.strip():
            # People leave the output out more often than they mean "this gives None".
            return result(ExampleStatus.NOT_RUNNABLE, output, "it runs, and no value is written down to compare with")
        if doctest.OutputChecker().check_output(example.want, output, flags):
            return result(ExampleStatus.PASSED, output)
        return result(ExampleStatus.FAILED, output)

    def _value(self, example: Example, value: Answer, result: Any) -> ExampleResult:
        text = str(value.get("text", ""))
        expected = ast.literal_eval(example.literal or "None")
        tree = value.get("tree")
        if tree is not None:
            try:
                same = bool(decoded(tree) == expected)
            except (ValueError, TypeError, KeyError, IndexError, ArithmeticError, RecursionError):
                same = False
            return result(ExampleStatus.PASSED if same else ExampleStatus.FAILED, text)
        # An object: only its own class could say whether it equals the literal. The user's class may not be
        # asked either (the candidate can have rewritten it), but then nothing is held against the candidate.
        kind = str(value.get("type", ""))
        if value.get("module") != self.module or f"class {kind}" in self.task.document.text:
            return result(ExampleStatus.NOT_RUNNABLE, text, f"a {kind} cannot be compared with a literal from outside")
        return result(ExampleStatus.FAILED, text)

    def _promised(self, name: str) -> bool:
        """Whether the user's text, or the task, has that name as a definition: then a candidate must have it."""
        if name == self.task.scope.name:
            return True
        try:
            tree = ast.parse(self.task.document.text.removeprefix("\ufeff"))
        except (SyntaxError, ValueError, RecursionError):
            return any(f"{word} {name}" in self.task.document.text for word in ("def", "class"))
        defined: set[str] = set()
        for statement in tree.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                defined.add(statement.name)
            elif isinstance(statement, ast.Assign):
                defined.update(target.id for target in statement.targets if isinstance(target, ast.Name))
        return name in defined

    def _imported(self, name: str) -> bool:
        """Whether the user's own text imports that module."""
        top = name.split(".")[0]
        words = self.task.document.text.split()
        return bool(top) and any(
            before in ("import", "from") and top == word.split(".")[0] for before, word in pairwise(words)
        )


def _error(answer: Answer) -> Answer:
    return cast("Answer", answer.get("error") or {})


def _last_line(error: Answer) -> str:
    lines = str(error.get("text", "")).strip().split("\n")
    return lines[-1] if lines[-1].strip() else str(error.get("type", ""))


def failure_of_import(answer: Answer) -> str:
    """In words, why a module could not be imported."""
    match answer.get("how"):
        case "hung":
            return "importing it did not finish in time"
        case "died":
            return f"importing it ended the process ({_ending(answer)})"
        case _:
            return _last_line(_error(answer))


def _ending(answer: Answer) -> str:
    code = answer.get("code")
    if not isinstance(code, int):
        return "no exit code"
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _same_exception(example: Example, text: str) -> bool:
    """As doctest compares messages; a qualified name (``pkg.mod.Error``) also counts by its last part."""
    flags = 0
    for flag, on in example.options:
        flags = flags | flag if on else flags & ~flag
    # Of a SyntaxError's several lines, doctest too takes those from the exception's name on.
    lines = text.split("\n")
    start = next((i for i, line in enumerate(lines) if line and not line[0].isspace()), 0)
    got = "\n".join(lines[start:])
    wanted = example.exception or ""
    head, colon, rest = got.partition(":")
    checker = doctest.OutputChecker()
    for name in dict.fromkeys((head, head.rpartition(".")[2])):
        if checker.check_output(wanted, name + colon + rest, flags):
            return True
    if flags & doctest.IGNORE_EXCEPTION_DETAIL:
        return _short(wanted) == _short(got)
    return False


def _short(text: str) -> str:
    return text.partition("\n")[0].partition(":")[0].rpartition(".")[2].strip()


def decoded(tree: Any) -> Any:
    """The value that :func:`runners.python_examples.plain` took apart. Raises ValueError for anything else."""
    tag, *rest = tree
    match tag:
        case "c" | "s":
            return rest[0]
        case "i":
            return int(rest[0], 16)
        case "f":
            return float(rest[0])
        case "j":
            return complex(float(rest[0]), float(rest[1]))
        case "b":
            return rest[0].encode("latin-1")
        case "l":
            return [decoded(item) for item in rest[0]]
        case "t":
            return tuple(decoded(item) for item in rest[0])
        case "e":
            return {decoded(item) for item in rest[0]}
        case "d":
            return {decoded(key): decoded(item) for key, item in rest[0]}
        case "n":
            return Fraction(rest[0]) if "/" in rest[0] else Decimal(rest[0])
        case _:
            raise ValueError(f"no such kind of value: {tag!r}")
