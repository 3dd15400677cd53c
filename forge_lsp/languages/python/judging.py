"""From what the runner said of an example to what that means: passed, failed, or nothing that can be judged."""

from __future__ import annotations

import ast
import doctest
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, cast

from forge_lsp.checking.runs import failed as failed_run
from forge_lsp.checking.runs import passed as passed_run
from forge_lsp.checking.runs import uncollected
from forge_lsp.core.checks import Cause, Run, RunState
from forge_lsp.core.task import Task
from forge_lsp.languages.python.examples import Example, Group

__all__ = ["Answer", "ExampleRun", "Judge", "decoded", "defined_in", "failure_of_import"]

_ADDRESS = re.compile(r"\bat 0x[0-9A-Fa-f]{4,}")
Answer = dict[str, Any]
"""One reply line of the runner; see its docstring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleRun:
    """What the runner said: answers by example id, and what kept a whole group from running, by its id.

    ``doubts`` are what the code did that could forge an answer.
    """

    answers: Mapping[str, Answer]
    imports: Mapping[str, Answer]
    ended: bool
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Judges examples.

    ``module`` is the document's module name; ``excuse`` says why it cannot be imported here, whatever the candidate.
    ``lines`` are the scope's first and last in the text that is run, ``file`` is the document's name.
    """

    task: Task
    module: str
    excuse: str | None
    file: str = ""
    lines: tuple[int, int] = (0, 0)

    def runs(self, groups: tuple[Group, ...], ran: ExampleRun) -> Iterator[tuple[Example, Run]]:
        """Yield how every example went, in order."""
        for number, group in enumerate(groups):
            stumbled = ""  # what was to be run before and did not come to a good end
            for example in group.examples:
                run = self._run(example, ran.answers.get(example.id), ran.imports.get(str(number)), stumbled)
                if run.state is not RunState.PASSED:
                    stumbled += f"{example.source}\n"
                yield example, run

    def _run(self, example: Example, answer: Answer | None, failed: Answer | None, stumbled: str) -> Run:
        if example.broken is not None:
            return _unfit(example.broken)
        if failed is not None:
            why = failure_of_import(failed)
            if self.excuse is not None:
                return uncollected(self.excuse, cause=Cause.ENVIRONMENT)
            return self._failed(example, why, f"the module cannot be imported: {why}")
        if answer is None:
            return self._failed(example, detail="the candidate ended the run before this example was told of")
        match answer.get("state"):
            case "late":
                return uncollected("the time for examples was over before this one", cause=Cause.ENVIRONMENT)
            case "hung":
                return self._failed(example, detail=f"did not finish in {float(answer.get('seconds', 0)):g} s")
            case "died":
                return self._failed(example, detail=f"the code ended its process ({_ending(answer)})")
            case "unparsed":
                return _unfit(f"the example does not parse: {_last_line(_error(answer))}")
            case "raised":
                return self._raised(example, answer, stumbled)
            case _:
                return self._compared(example, answer)

    def _raised(self, example: Example, answer: Answer, stumbled: str) -> Run:
        error = _error(answer)
        text = _last_line(error)
        judged = answer.get("step") == len(example.steps) - 1
        if judged and example.raises is not None and error.get("type") == example.raises:
            return _passed(text)
        if judged and example.exception is not None and _same_exception(example, str(error.get("text", ""))):
            return _passed(text)
        name = str(error.get("name", ""))
        if error.get("own") and error.get("type") == "NameError" and not self._promised(name):
            lost = _binds(stumbled, name)
            why = "an example before it did not come to a good end" if lost else "nobody defines it"
            return uncollected(f"uses the name {name}: {why}", cause=Cause.ELSEWHERE, missing=() if lost else (name,))
        if error.get("type") == "ModuleNotFoundError" and (error.get("own") or self._imported(name)):
            return uncollected(f"needs the module {name}, which is not installed", cause=Cause.ENVIRONMENT)
        return replace(self._failed(example, text, self._located(error, text)), cause=self._cause(error))

    def _cause(self, error: Answer) -> Cause:
        """Another stub that the example calls is not the scope's fault; what other code raises may well be."""
        here = error.get("file") == self.file and self._inside(error)
        stub = error.get("type") == "NotImplementedError" and not error.get("own")
        return Cause.ELSEWHERE if stub and not here else Cause.SCOPE

    def _inside(self, error: Answer) -> bool:
        return self.lines == (0, 0) or self.lines[0] <= int(error.get("line", 0)) <= self.lines[1]

    def _located(self, error: Answer, text: str) -> str:
        known = error.get("line") and not error.get("own") and error.get("file")
        return f"{text} (line {error['line']} of {error['file']})" if known else text

    def _compared(self, example: Example, answer: Answer) -> Run:
        output = str(answer.get("output", ""))
        if example.raises is not None:
            return self._failed(example, "no exception", f"{example.raises} was not raised")
        if example.literal is not None:
            return self._value(example, cast("Answer", answer.get("value") or {}))
        if example.exception is not None and not example.want:
            return self._failed(example, output or "no exception", "no exception was raised")
        flags = 0
        for flag, on in example.options:
            flags = flags | flag if on else flags & ~flag
        if flags & doctest.SKIP:
            return _unfit("marked as skipped")
        if example.silent and output.strip():
            return _passed(output)  # people leave the output out more often than they mean "this gives None"
        if doctest.OutputChecker().check_output(_placeless(example.want), _placeless(output), flags):
            return _passed(output)
        if _same_data(example.want, cast("Answer", answer.get("value") or {})):
            return _passed(output)
        return self._failed(example, output)

    def _value(self, example: Example, value: Answer) -> Run:
        text = str(value.get("text", ""))
        expected = ast.literal_eval(example.literal or "None")
        tree = value.get("tree")
        if tree is not None:
            try:
                same = bool(decoded(tree) == expected)
            except (ValueError, TypeError, KeyError, IndexError, ArithmeticError, RecursionError):
                same = False
            return _passed(text) if same else self._failed(example, text)
        # An object: only its own class could say whether it equals the literal. The user's class may not be
        # asked either (the candidate can have rewritten it), but then nothing is held against the candidate.
        kind = str(value.get("type", ""))
        if value.get("module") != self.module or f"class {kind}" in self.task.document.text:
            return _unfit(f"a {kind} cannot be compared with a literal from outside")
        return self._failed(example, text)

    def _failed(self, example: Example, actual: str = "", detail: str = "") -> Run:
        """An example of the scope's own documentation fails because of the scope, unless it says otherwise."""
        return failed_run(detail, cause=Cause.SCOPE, expected=example.expected, actual=actual.rstrip("\n"))

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


def defined_in(text: str) -> frozenset[str]:
    """Return the names that a module with this text has for its examples; none where it does not parse."""
    try:
        pending: list[ast.AST] = list(ast.parse(text.removeprefix("\ufeff")).body)
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    found: set[str] = set()
    while pending:
        node = pending.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
                continue  # what is bound in there is not the module's
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                continue
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.alias(name=name, asname=other):
                found.add(other or name.partition(".")[0])
            case _:
                pass
        pending += ast.iter_child_nodes(node)
    return frozenset(found)


def _binds(steps: str, name: str) -> bool:
    """Whether the steps, had they ended well, would have made the name."""
    try:
        nodes = list(ast.walk(ast.parse(steps)))
    except (SyntaxError, ValueError, RecursionError):
        return re.search(rf"\b{re.escape(name)}\b", steps) is not None
    return any(
        (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name)
        or (isinstance(node, ast.alias) and (node.asname or node.name.partition(".")[0]) == name)
        or (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name)
        for node in nodes
    )


def _passed(text: str) -> Run:
    return replace(passed_run(), actual=text.rstrip("\n"))


def _unfit(why: str) -> Run:
    """What its own text keeps from being run."""
    return uncollected(why, cause=Cause.ELSEWHERE)


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


def _placeless(text: str) -> str:
    """A text without addresses of objects, which are others in each run."""
    return _ADDRESS.sub("at 0x", text)


def _same_data(want: str, value: Answer) -> bool:
    """Whether a value that is shown is the one that is wanted in another notation: other quotes, other spaces, the keys
    of a dict in another order. What the code prints itself is text, and no value."""
    tree = value.get("tree")
    if tree is None or value.get("module") != "builtins":
        return False
    try:
        expected = ast.literal_eval(want.strip())
        return value.get("type") == type(expected).__name__ and _alike(decoded(tree), expected)
    except (ValueError, TypeError, SyntaxError, KeyError, IndexError, ArithmeticError, MemoryError, RecursionError):
        return False


def _alike(one: Any, other: Any) -> bool:
    """Whether plain data is equal and of the same types: 1 is neither 1.0 nor True here, as it is written otherwise."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):
        mine, theirs = cast("list[Any]", one), cast("list[Any]", other)
        return len(mine) == len(theirs) and all(map(_alike, mine, theirs))
    if isinstance(one, dict):
        pairs, others = cast("dict[Any, Any]", one), cast("dict[Any, Any]", other)
        return pairs.keys() == others.keys() and all(_alike(pairs[key], others[key]) for key in pairs)
    return bool(one == other)


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
