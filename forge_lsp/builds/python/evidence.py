"""Runs the user's examples on a candidate in the sandbox, and judges what came of them."""

from __future__ import annotations

import ast
import doctest
import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.builds.command import no_code_here
from forge_lsp.builds.project import Place
from forge_lsp.builds.python.examples import Example, Group, examples_of
from forge_lsp.builds.python.tools import Interpreter
from forge_lsp.domain.attempt import Candidate, Evidence, ExampleResult, ExampleStatus
from forge_lsp.domain.errors import EnvironmentFault
from forge_lsp.domain.ports import Box, Sandbox
from forge_lsp.domain.task import Task

__all__ = ["PythonEvidence"]

_RUNNER = Path(__file__).with_name("runners") / "python_examples.py"
_Answer = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ran:
    """What the runner said: answers by example id, and what kept a whole group from running, by its id."""

    answers: Mapping[str, _Answer]
    imports: Mapping[str, _Answer]
    ended: bool


class PythonEvidence:
    """Runs examples. ``timeout`` bounds all of them together, ``example`` one of them, both in seconds."""

    def __init__(self, sandbox: Sandbox, *, timeout: float, example: float = 5.0) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._example = min(example, timeout / 2)

    async def run(self, task: Task, candidate: Candidate, place: Place, interpreter: Interpreter) -> Evidence:
        """See :meth:`forge_lsp.domain.ports.Toolchain.evidence`."""
        started = time.perf_counter()
        groups = examples_of(task)
        if not groups:
            return Evidence(seconds=time.perf_counter() - started)
        if not self._sandbox.runs_project_code:
            fault = no_code_here("generated code is not run", self._sandbox)
            return Evidence(blocked=fault.reason, remedy=fault.remedy)
        try:
            ran = await self._run(groups, candidate.text, place, interpreter)
            excuse = None
            if ran.imports:
                excuse = await self._excuse(groups, task, place, interpreter, next(iter(ran.imports.values())))
        except EnvironmentFault as fault:
            return Evidence(blocked=str(fault), remedy=fault.remedy, seconds=time.perf_counter() - started)
        except OSError as error:
            reason = f"the project could not be read: {error.strerror or error}"
            return Evidence(blocked=reason, seconds=time.perf_counter() - started)
        judge = _Judge(task=task, module=_module(place)[0], excuse=excuse)
        return Evidence(results=tuple(judge.results(groups, ran)), seconds=time.perf_counter() - started)

    async def _excuse(
        self, groups: tuple[Group, ...], task: Task, place: Place, interpreter: Interpreter, answer: _Answer
    ) -> str | None:
        """Why the module cannot be imported here, if the user's own text cannot either; None: the candidate's fault."""
        untouched = await self._run(groups[:1], task.document.text, place, interpreter)
        for other in untouched.imports.values():
            if _import_failure(other) == _import_failure(answer):
                return f"the module cannot be imported here, with or without the candidate: {_import_failure(answer)}"
        return None

    async def _run(self, groups: tuple[Group, ...], text: str, place: Place, interpreter: Interpreter) -> _Ran:
        nonce = secrets.token_hex(16)
        async with self._sandbox.open(place.tree(text)) as box:
            request = {
                "nonce": nonce,
                "module": _request(place, box),
                "seconds": {
                    "import": max(self._example, self._timeout / 2),
                    "example": self._example,
                    "total": max(self._example, self._timeout - 1.0),
                },
                "groups": [
                    {"id": str(number), "examples": [_question(e) for e in group.examples if e.broken is None]}
                    for number, group in enumerate(groups)
                ],
            }
            result = await box.run(
                (str(interpreter.path), "-I", "-B", "-X", "utf8", str(_RUNNER)),
                timeout=self._timeout + 5.0,
                readable=(*interpreter.readable, _RUNNER.parent),
                stdin=json.dumps(request).encode(),
            )
        answers: dict[str, _Answer] = {}
        imports: dict[str, _Answer] = {}
        ended = False
        for line in result.stdout.decode("utf-8", "replace").split("\n"):
            if not line.startswith(f"{nonce} "):
                continue
            try:
                answer = cast("_Answer", json.loads(line[len(nonce) + 1 :]))
            except ValueError:
                continue  # the last line of a run that was cut off
            if answer.get("state") == "end":
                ended = True
            elif answer.get("state") == "import":
                imports[str(answer.get("group"))] = answer
            else:
                answers[str(answer.get("example"))] = answer
        if not ended and not answers and not imports and not result.timed_out and result.code > 0:
            tail = result.stderr.decode("utf-8", "replace").strip()[-300:]
            raise EnvironmentFault(
                f"the project's interpreter could not run the examples: {tail or f'exit code {result.code}'}",
                remedy=f"{interpreter.path} -V",
            )
        return _Ran(answers=answers, imports=imports, ended=ended)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    task: Task
    module: str
    excuse: str | None

    def results(self, groups: tuple[Group, ...], ran: _Ran) -> Iterator[ExampleResult]:
        for number, group in enumerate(groups):
            stumbled = ""  # what was to be run before and did not come to a good end
            for example in group.examples:
                result = self._result(example, ran.answers.get(example.id), ran.imports.get(str(number)), stumbled)
                if result.status is not ExampleStatus.PASSED:
                    stumbled += f"{example.source}\n"
                yield result

    def _result(self, example: Example, answer: _Answer | None, failed: _Answer | None, stumbled: str) -> ExampleResult:
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
            )

        if example.broken is not None:
            return result(ExampleStatus.NOT_RUNNABLE, detail=example.broken)
        if failed is not None:
            if self.excuse is not None:
                return result(ExampleStatus.NOT_RUNNABLE, detail=self.excuse)
            why = _import_failure(failed)
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

    def _raised(self, example: Example, answer: _Answer, stumbled: str, result: Any) -> ExampleResult:
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

    def _compared(self, example: Example, answer: _Answer, result: Any) -> ExampleResult:
        output = str(answer.get("output", ""))
        if example.raises is not None:
            return result(ExampleStatus.FAILED, "no exception", f"{example.raises} was not raised")
        if example.literal is not None:
            return self._value(example, cast("_Answer", answer.get("value") or {}), result)
        if example.exception is not None and not example.want:
            return result(ExampleStatus.FAILED, output or "no exception", "no exception was raised")
        flags = 0
        for flag, on in example.options:
            flags = flags | flag if on else flags & ~flag
        if flags & doctest.SKIP:
            return result(ExampleStatus.NOT_RUNNABLE, detail="marked as skipped")
        if doctest.OutputChecker().check_output(example.want, output, flags):
            return result(ExampleStatus.PASSED, output)
        return result(ExampleStatus.FAILED, output)

    def _value(self, example: Example, value: _Answer, result: Any) -> ExampleResult:
        text = str(value.get("text", ""))
        expected = ast.literal_eval(example.literal or "None")
        tree = value.get("tree")
        if tree is not None:
            try:
                same = bool(_decoded(tree) == expected)
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


def _question(example: Example) -> _Answer:
    by_value = example.literal is not None or example.raises is not None
    steps = list(example.steps)
    if doctest.SKIP in dict(example.options) and dict(example.options)[doctest.SKIP]:
        steps = ["None"]
    return {"id": example.id, "steps": steps, "mode": "value" if by_value else "print"}


def _module(place: Place) -> tuple[str, PurePosixPath]:
    """The document's dotted module name, and the folder (relative) that its top-level package lies in."""
    folder, parts = place.document.parent, [place.document.stem]
    if place.document.stem == "__init__" and folder.name:
        folder, parts = folder.parent, [folder.name]
    while folder.name and place.is_file(folder / "__init__.py"):
        folder, parts = folder.parent, [folder.name, *parts]
    name = ".".join(parts)
    return (name if all(part.isidentifier() for part in parts) else re.sub(r"\W", "_", f"_{name}")), folder


def _request(place: Place, box: Box) -> _Answer:
    name, folder = _module(place)
    inside = place.document.stem == "__init__"
    search = [box.root / folder, box.root, box.root / "src"]
    return {
        "path": str(box.root / place.document),
        "name": name,
        "package": name.rpartition(".")[0],
        "inside": [str(box.root / place.document.parent)] if inside else None,
        "search": list(dict.fromkeys(str(path) for path in search)),
        "cwd": str(box.root),
    }


def _error(answer: _Answer) -> _Answer:
    return cast("_Answer", answer.get("error") or {})


def _last_line(error: _Answer) -> str:
    lines = str(error.get("text", "")).strip().split("\n")
    return lines[-1] if lines[-1].strip() else str(error.get("type", ""))


def _import_failure(answer: _Answer) -> str:
    match answer.get("how"):
        case "hung":
            return "importing it did not finish in time"
        case "died":
            return f"importing it ended the process ({_ending(answer)})"
        case _:
            return _last_line(_error(answer))


def _ending(answer: _Answer) -> str:
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


def _decoded(tree: Any) -> Any:
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
            return [_decoded(item) for item in rest[0]]
        case "t":
            return tuple(_decoded(item) for item in rest[0])
        case "e":
            return {_decoded(item) for item in rest[0]}
        case "d":
            return {_decoded(key): _decoded(item) for key, item in rest[0]}
        case "n":
            return Fraction(rest[0]) if "/" in rest[0] else Decimal(rest[0])
        case _:
            raise ValueError(f"no such kind of value: {tag!r}")
