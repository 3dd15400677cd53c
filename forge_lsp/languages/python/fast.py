"""Python: ``compile()`` in a worker, ruff's fatal rules and ty as language servers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path, PurePosixPath
from typing import Any

from forge_lsp.checking.fast.checker import Checker, CheckRequest, LanguageServer
from forge_lsp.checking.fast.opener import PreparedChecker, StartDaemon
from forge_lsp.checking.fast.peers import LinePeer, LspPeer
from forge_lsp.checking.problems import problem_at
from forge_lsp.checking.project import Place
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.languages.python.interpreters import interpreter_of, program
from forge_lsp.languages.python.scopes import is_script
from forge_lsp.languages.python.tools import MISSING_MODULE, fatal, guarded_imports, guessed, without_new_suppressions
from forge_lsp.sandbox.interpreters import Interpreter

__all__ = ["PythonOpener"]

_RUNNER = Path(__file__).with_name("runners") / "compiling.py"
_PROJECT_FILES = ("pyproject.toml", "setup.cfg", "setup.py")


class PythonOpener:
    """See :class:`~forge_lsp.checking.fast.opener.Opener`."""

    suffixes = (".py", ".pyi")

    def __init__(self, environment: Mapping[str, str] | None = None, interpreter: str | None = None) -> None:
        self._environment = environment or {}
        self._named = interpreter

    def prepare(self, place: Place) -> PreparedChecker | None:
        """One set for each project file and interpreter."""
        ruff, ty = program("ruff"), program("ty")
        if ruff is None or ty is None or place.source is None:
            return None
        try:
            interpreter = interpreter_of(place, self._environment, self._named)
        except EnvironmentFault:
            return None  # the build gate says why
        project = place.nearest(*_PROJECT_FILES)
        folder = place.document.parent
        paths = (str(place.source / folder),) if is_script(place) else ()
        settings = place.text(project) if project is not None else None
        source = place.source

        async def start(keep: StartDaemon) -> Checker:
            root = source / project.parent if project is not None else source
            return await _start(keep, source, root, interpreter, ruff, ty, paths)

        key = ("python", source, project, settings, interpreter.path, _stamp(interpreter.packages), paths, ruff, ty)
        return PreparedChecker(key=key, start=start)

    def word(self, document: PurePosixPath) -> str:
        """A module is imported by its name, a package by its folder's."""
        return document.parent.name if document.stem == "__init__" else document.stem

    def shown(self, original: str, text: str) -> str:
        """A candidate may keep the user's exceptions, and make none."""
        return without_new_suppressions(original, text)

    def blank(self, indent: str) -> str:
        return f"{indent}pass"

    def syntax(self, problem: Diagnostic) -> bool:
        return problem.source == "python" or problem.code in ("invalid-syntax", "E999")


def _stamp(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


async def _start(
    keep: StartDaemon, source: Path, root: Path, interpreter: Interpreter, ruff: Path, ty: Path, paths: tuple[str, ...]
) -> Checker:
    minor = min(max(interpreter.version[1], 7), 14)
    environment: dict[str, object] = {"python": str(interpreter.prefix)}
    if paths:
        environment["extra-paths"] = list(paths)
    typing: dict[str, object] = {
        "diagnosticMode": "openFilesOnly",
        "configuration": {"environment": environment},
    }
    linting: dict[str, object] = {
        "configuration": {"target-version": f"py3{minor}", "lint": {"select": ["E9", "F"]}},
        "configurationPreference": "editorOnly",
        "fixAll": False,
        "organizeImports": False,
    }
    async with AsyncExitStack() as opened:
        worker = (str(interpreter.path), "-I", "-S", "-B", "-X", "utf8", str(_RUNNER))
        compiler = LinePeer(await keep(worker, source=source, readable=(*interpreter.readable, _RUNNER.parent)))
        opened.push_async_callback(compiler.aclose)
        linter = LanguageServer(
            LspPeer(await keep((str(ruff), "server"), source=source, readable=(ruff.parent,))),
            root,
            language=lambda _: "python",
            source="ruff",
            told=lambda item: _syntax(item) or fatal(str(item.get("code"))),
        )
        opened.push_async_callback(linter.aclose)
        readable = (*interpreter.readable, ty.parent)
        server = await keep((str(ty), "server"), source=source, readable=readable)
        types = LanguageServer(
            LspPeer(server, lambda section: typing if section in ("ty", "") else {}),
            root,
            language=lambda _: "python",
            source="ty",
            told=lambda item: not guessed(str(item.get("code")), str(item.get("message"))),
        )
        opened.push_async_callback(types.aclose)
        async with asyncio.timeout(60):
            await asyncio.gather(
                linter.initialize({"settings": linting, "globalSettings": linting}), types.initialize(typing)
            )
        opened.pop_all()
        return _PythonChecker(compiler, linter, types)
    raise AssertionError("nothing of the stack suppresses")


def _syntax(item: Mapping[str, Any]) -> bool:
    return item.get("code") in (None, "", "invalid-syntax", "E999")


class _PythonChecker:
    def __init__(self, compiler: LinePeer, linter: LanguageServer, types: LanguageServer) -> None:
        self._compiler = compiler
        self._linter = linter
        self._types = types

    @property
    def alive(self) -> bool:
        return self._compiler.alive and self._linter.alive and self._types.alive

    async def changed(self, files: Mapping[PurePosixPath, bool]) -> None:
        await self._types.changed(files)

    async def problems(self, question: CheckRequest) -> tuple[Diagnostic, ...]:
        file = str(question.document)
        alone = CheckRequest(document=question.document, text=question.text)
        compiled, lint, types = await asyncio.gather(
            self._compiler.ask({"file": file, "text": question.text}),
            self._linter.problems(alone),
            self._types.problems(question),
        )
        if compiled["problem"] is not None:
            line, column, kind, message = compiled["problem"]
            return (
                problem_at(file, int(line), max(0, int(column)), code=str(kind), message=str(message), source="python"),
            )
        seen = {(problem.line, problem.column) for problem in lint}
        told = (p for p in types if p.file != file or (p.line, p.column) not in seen)
        return (*lint, *_needed(tuple(told), file, question.text))

    async def aclose(self) -> None:
        await asyncio.gather(self._compiler.aclose(), self._linter.aclose(), self._types.aclose())


def _needed(problems: tuple[Diagnostic, ...], file: str, text: str) -> tuple[Diagnostic, ...]:
    """``problems`` without the missing modules that the document is ready to do without."""
    if not any(problem.code in MISSING_MODULE for problem in problems):
        return problems
    try:
        optional = guarded_imports(text)
    except (SyntaxError, ValueError, RecursionError):
        return problems
    return tuple(p for p in problems if p.file != file or p.code not in MISSING_MODULE or p.line not in optional)
