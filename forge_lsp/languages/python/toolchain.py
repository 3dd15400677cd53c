"""Python: ``compile()``, ruff's fatal rules and ty over the project; the user's own examples and tests as evidence."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from forge_lsp.checking.gate import CheckedTree, Fault, gate, measured
from forge_lsp.checking.language_toolchain import LanguageToolchain
from forge_lsp.checking.programs import as_argument, not_found, run_tool, version_findings
from forge_lsp.checking.project import Place, place_of, tree_key
from forge_lsp.checking.suites import joined
from forge_lsp.core.attempt import BuildReport, Candidate, Diagnostic, Evidence, Observation
from forge_lsp.core.errors import EnvironmentFault, ToolMissing
from forge_lsp.core.ports import Box, Finding, ProcessResult, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.python.documented import without_documented_none, without_unproven_ends
from forge_lsp.languages.python.evidence import PythonEvidence
from forge_lsp.languages.python.interpreters import interpreter_of, program
from forge_lsp.languages.python.project_tests import PythonTests
from forge_lsp.languages.python.scopes import in_untouched_functions, is_script
from forge_lsp.languages.python.tools import (
    COMPILE,
    MISSING_MODULE,
    compile_problems,
    guarded_imports,
    install_remedy,
    published_as,
    ruff_problems,
    ty_problems,
    without_new_suppressions,
)
from forge_lsp.sandbox.interpreters import Interpreter, own_interpreter

__all__ = ["PythonToolchain", "python_findings"]

_PROJECT_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
_MATTERS = (".py", ".pyi", ".toml", ".cfg", ".ini", ".pth")
# Above this many files ty looks at the document and the files that mention its name, not at every file.
_WHOLE_PROJECT = 3000
_MOST_MENTIONS = 500
_TOOL = "python, ruff, ty"
_INSTALL = "pip install --upgrade ruff ty"


class PythonToolchain(LanguageToolchain):
    """Checks Python documents.

    ``timeout`` in seconds, for each tool and for all examples together. ``environment`` is the server's own, and
    ``interpreter`` the Python that the user's settings name; see
    :func:`~forge_lsp.languages.python.interpreters.interpreter_of`.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        timeout: float,
        environment: Mapping[str, str] | None = None,
        interpreter: str | None = None,
        runs: Path | None = None,
    ) -> None:
        self._named = interpreter
        super().__init__(sandbox, timeout, environment)
        self._evidence = PythonEvidence(sandbox, timeout=timeout, runs=runs)
        self._tests = PythonTests(sandbox, timeout=timeout, runs=runs)

    async def build(self, task: Task, text: str) -> BuildReport:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        try:
            interpreter = await self._interpreter(place)
        except EnvironmentFault as fault:
            return Fault.of(fault).unverified(_TOOL)

        async def check(content: str) -> CheckedTree:
            return await self._check(place, interpreter, content, task.document.text)

        key = await tree_key(
            place, _MATTERS, (interpreter.path, interpreter.packages), task.document.text, task.scope.range
        )
        return await gate(
            task,
            text,
            str(place.document),
            check,
            self._baselines,
            key,
            _TOOL,
            blank=f"{task.scope.indent}pass",
        )

    @measured
    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        interpreter = await self._interpreter(place)
        examples = await self._evidence.run(task, candidate, place, interpreter)
        return joined(examples, await self._tests.run(task, candidate, place, interpreter))

    @property
    def observes(self) -> bool:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        return self._sandbox.runs_project_code

    async def observe(self, task: Task, candidate: Candidate, calls: Sequence[str]) -> tuple[Observation, ...]:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        try:
            interpreter = await self._interpreter(place)
        except EnvironmentFault:
            return ()
        return await self._evidence.observe(task, candidate, calls, place, interpreter)

    async def _interpreter(self, place: Place) -> Interpreter:
        # A workspace's .venv may hold any program at all: without a sandbox only our own interpreter runs.
        if not self._sandbox.runs_project_code:
            return own_interpreter()
        return await asyncio.to_thread(interpreter_of, place, self._environment, self._named)

    async def _check(self, place: Place, interpreter: Interpreter, text: str, original: str) -> CheckedTree:
        file = str(place.document)
        ruff, ty = _required("ruff"), _required("ty")
        idle = without_new_suppressions(original, text)
        # ruff and ty only read text: the interpreter's own environment need not be the one they came from.
        readable = (*interpreter.readable, ruff.parent, ty.parent)
        async with self._sandbox.open(place.tree(idle)) as box:
            compiled = await self._run(
                box, (str(interpreter.path), "-I", "-S", "-B", "-X", "utf8", "-c", COMPILE, file), readable
            )
            syntax = compile_problems(compiled.stdout, file)
            if syntax is None:
                raise EnvironmentFault(
                    f"the project's interpreter does not run: {interpreter.path} {_tail(compiled)}",
                    remedy=f"{interpreter.path} -V",
                )
            if syntax:
                return CheckedTree(problems=syntax, syntax=syntax)
            linted = await self._run(box, _ruff_command(ruff, interpreter, file), readable)
            found = ruff_problems(linted.stdout, file)
            if found is None:
                raise EnvironmentFault(f"ruff failed: {_tail(linted)}", remedy=_INSTALL)
            lint, broken = found
            if broken:
                return CheckedTree(problems=lint, syntax=broken)
            types = await self._types(box, place, ty, interpreter, readable)
        types = without_unproven_ends(without_documented_none(types, file, text, original), file, text)
        types = _without_optional(types, file, text)
        seen = {(problem.line, problem.column) for problem in lint}
        problems = (*lint, *(p for p in types if p.file != file or (p.line, p.column) not in seen))
        spared = in_untouched_functions(original, text)
        needed = tuple(problem for problem in types if problem.line not in spared)
        return CheckedTree(problems=problems, lacks=_lacks(needed, file, place, interpreter))

    async def _types(
        self, box: Box, place: Place, ty: Path, interpreter: Interpreter, readable: Sequence[Path]
    ) -> tuple[Diagnostic, ...]:
        project = place.nearest(*_PROJECT_FILES)
        command = [str(ty), "check", "--project", as_argument(str(project.parent if project else ".")), "--no-progress"]
        command += ["--color", "never", "--output-format", "concise", "--python", str(interpreter.prefix)]
        if is_script(place):
            command += ["--extra-search-path", as_argument(str(place.document.parent))]
        file = str(place.document)
        result = await self._run(box, (*command, "--", *_paths(place)), readable)
        if result.truncated:
            result = await self._run(box, (*command, "--", file), readable)
        if result.code not in (0, 1):
            raise EnvironmentFault(f"ty failed: {_tail(result)}", remedy="ty check")
        return ty_problems(result.stdout)

    async def _run(self, box: Box, command: Sequence[str], readable: Sequence[Path]) -> ProcessResult:
        return await run_tool(box, Path(command[0]).name, command, timeout=self._timeout, readable=readable)


def _required(name: str) -> Path:
    found = program(name)
    if found is None:
        raise ToolMissing(f"{name} is not installed", remedy=_INSTALL)
    return found


def _ruff_command(ruff: Path, interpreter: Interpreter, file: str) -> tuple[str, ...]:
    minor = min(max(interpreter.version[1], 7), 14)
    return (
        *(str(ruff), "check", "--isolated", "--no-cache", "--ignore-noqa", "--quiet", "--exit-zero"),
        *("--select", "E9,F", "--target-version", f"py3{minor}", "--output-format", "json", "--", file),
    )


def _paths(place: Place) -> tuple[str, ...]:
    """What ty is to look at: the whole tree, or in a large one the document and the files that mention it."""
    file = str(place.document)
    if place.source is None:
        return (".", file)
    names = place.files((".py", ".pyi"))
    if len(names) <= _WHOLE_PROJECT:
        return (".", file)  # the document by name too: a project's exclusions do not hold for it then
    name = place.document.parent.name if place.document.stem == "__init__" else place.document.stem
    word = re.compile(rf"\b{re.escape(name)}\b")
    mentions: list[str] = []
    for other in names:
        if len(mentions) == _MOST_MENTIONS:
            break
        if other != file and word.search(place.text(PurePosixPath(other)) or ""):
            mentions.append(other)
    return (file, *mentions)


def _lacks(problems: tuple[Diagnostic, ...], file: str, place: Place, interpreter: Interpreter) -> Fault | None:
    for problem in problems:
        if problem.file != file or problem.code not in MISSING_MODULE:
            continue
        quoted = re.search(r"`([^`]+)`", problem.message)
        module = quoted[1] if quoted else ""
        top = module.split(".")[0]
        if not top or _own_module(place, top):
            return Fault(reason=f"module {module or '?'} is not there ({file}:{problem.line}), so its use is unchecked")
        return Fault(
            reason=f"module {module} is not installed ({file}:{problem.line}), so its use is unchecked",
            remedy=install_remedy(interpreter, published_as(top)),
        )
    return None


def _own_module(place: Place, top: str) -> bool:
    if place.source is None:
        return False
    roots = (place.source, place.source / "src", place.source / place.document.parent)
    return any((root / top).is_dir() or (root / f"{top}.py").is_file() for root in roots)


def _without_optional(problems: tuple[Diagnostic, ...], file: str, text: str) -> tuple[Diagnostic, ...]:
    """``problems`` without the missing modules that the document is ready to do without."""
    if "try" not in text or not any(problem.file == file and problem.code in MISSING_MODULE for problem in problems):
        return problems
    try:
        optional = guarded_imports(text)
    except (SyntaxError, ValueError, RecursionError):
        return problems  # newer than the server's own Python: its compile() has said that it is fine
    return tuple(p for p in problems if p.file != file or p.code not in MISSING_MODULE or p.line not in optional)


def _tail(result: ProcessResult) -> str:
    text = (result.stderr or result.stdout).decode("utf-8", "replace").strip()
    return f"{text[-300:]} (exit code {result.code})" if text else f"exit code {result.code}"


async def python_findings(sandbox: Sandbox, environment: Mapping[str, str] | None = None) -> tuple[Finding, ...]:
    """For the doctor: the interpreter, ruff and ty, each run once."""
    del environment
    own = own_interpreter()
    findings = await version_findings(
        sandbox, "python", (str(own.path), "-I", "-S", "-V"), own.readable, language=PYTHON, remedy=None
    )
    for name in ("ruff", "ty"):
        path = program(name)
        if path is None:
            findings += not_found(name, f"{name} is not installed", _INSTALL)
        else:
            findings += await version_findings(
                sandbox, name, (str(path), "--version"), (path.parent,), language=PYTHON, remedy=_INSTALL
            )
    return findings
