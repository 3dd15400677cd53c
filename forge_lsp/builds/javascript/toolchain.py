"""JavaScript: node parses every module and resolves what it imports; TypeScript, where there is one, checks names,
arguments and arity.

Plain JavaScript has no types, so TypeScript's word is taken only for what is wrong in any JavaScript: a name nobody
defines, a call that cannot be right. Of the project nothing is run but the tests that speak of the scope.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.builds.command import CommandCheck, readable_for, version_finding
from forge_lsp.builds.gate import Baselines, Checked, Fault, gate
from forge_lsp.builds.javascript.project_tests import JavaScriptTests
from forge_lsp.builds.project import Place, fingerprint, place_of, project_files
from forge_lsp.builds.tsc import Compiler, compiler_path, find_compiler, in_code_points, problems_in
from forge_lsp.domain.attempt import BuildReport, BuildStatus, Candidate, Diagnostic, Evidence, Severity
from forge_lsp.domain.errors import EnvironmentFault
from forge_lsp.domain.ports import Box, Finding, FindingStatus, Sandbox
from forge_lsp.domain.task import Language, Task

__all__ = ["JavaScriptToolchain", "javascript_findings"]

_ENDINGS = (".js", ".mjs", ".cjs", ".jsx")
_MATTERS = (*_ENDINGS, ".ts", ".tsx", ".mts", ".cts", ".json")
_NODE = "https://nodejs.org/en/download"
_RUNNER = Path(__file__).with_name("runners") / "modules.mjs"
_MOST_FILES = 2000
_CONFIG = ".forge-check.jsconfig.json"
_GLOBALS = ".forge-check.globals.d.ts"
# What every node has, for projects without @types/node; declared loosely, since it is not what is checked.
_DECLARED = "".join(
    f"declare var {name}: any;\n"
    for name in (
        *("process", "Buffer", "global", "module", "exports", "require", "setImmediate", "clearImmediate"),
        *("__dirname", "__filename", "describe", "it", "test", "expect", "beforeEach", "afterEach", "jest"),
    )
)
# TypeScript's words that hold for any JavaScript: an unknown name, a wrong count or kind of arguments, an import that
# is not there, a constant assigned to, a name declared twice, a call of what is no function.
_TELLING = frozenset(
    {
        *("TS2304", "TS2552", "TS2663"),
        *("TS2554", "TS2555", "TS2345", "TS2769", "TS2349", "TS2351"),
        *("TS2305", "TS2614", "TS2724"),
        *("TS2588", "TS2451", "TS2300", "TS2448", "TS2454"),
    }
)


class JavaScriptToolchain:
    """Checks JavaScript documents. ``environment`` is the server's own (``PATH``); ``timeout`` in seconds, for one run
    of one tool."""

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        timeout: float,
        environment: Mapping[str, str],
        command: tuple[str, ...] = (),
    ) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._environment = environment
        self._baselines = Baselines()
        self._command = CommandCheck(sandbox, command, timeout=timeout) if command else None
        self._tests = JavaScriptTests(sandbox, timeout=timeout, environment=environment)

    async def build(self, task: Task, text: str) -> BuildReport:
        """See :class:`~forge_lsp.domain.ports.Toolchain`."""
        place = place_of(task, siblings=_ENDINGS)
        if self._command is not None:
            return await self._command.build(task, text, place)
        node = shutil.which("node", path=self._environment.get("PATH", ""))
        if node is None:
            reason = "node is not installed (not on PATH)"
            return BuildReport(status=BuildStatus.UNVERIFIED, tool="node", reason=reason, remedy=_NODE)
        found = find_compiler(place, self._environment, trusted=self._sandbox.runs_project_code)
        compiler = None if isinstance(found, Fault) else found
        key = await asyncio.to_thread(
            fingerprint,
            place,
            f"{task.document.text}\0{task.scope.range}",
            _MATTERS,
            (Path(node), *([Path(compiler.command[-1])] if compiler else ())),
        )

        async def check(content: str) -> Checked:
            return await self._check(place, Path(node), compiler, content)

        tool = "node, tsc" if compiler else "node"
        return await gate(
            task, text, document=str(place.document), check=check, baselines=self._baselines, key=key, tool=tool
        )

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """See :class:`~forge_lsp.domain.ports.Toolchain`."""
        return await self._tests.run(task, candidate, place_of(task, siblings=_ENDINGS))

    async def _check(self, place: Place, node: Path, compiler: Compiler | None, text: str) -> Checked:
        extra = _configuration(place) if compiler else {}
        async with self._sandbox.open(place.tree(text, extra)) as box:
            parsed = await self._parse(place, box, node)
            syntax = tuple(p for p in parsed if p.code == "SyntaxError" and p.file == str(place.document))
            checked = await self._types(place, box, compiler, text) if compiler and not syntax else ()
        if isinstance(checked, Fault):
            checked = ()  # the project's TypeScript does not work here: node's word stands alone
        if not syntax:  # node cannot read .jsx
            syntax = tuple(p for p in checked if _is_syntax(p.code) and p.file == str(place.document))
        if syntax:
            return Checked(problems=syntax, syntax=syntax)
        absent = next((p for p in parsed if p.code == "NOT_INSTALLED" and p.file == str(place.document)), None)
        lacks = None
        if absent is not None:
            where = f"{absent.file}:{absent.line}"
            lacks = Fault(reason=f"{absent.message} ({where}): package.json names it", remedy="npm install")
        problems = tuple(p for p in parsed if p.code != "NOT_INSTALLED")
        return Checked(problems=(*problems, *_unsaid(checked, problems)), lacks=lacks)

    async def _parse(self, place: Place, box: Box, node: Path) -> tuple[Diagnostic, ...]:
        names = dict.fromkeys([str(place.document)] if place.document.suffix != ".jsx" else [])
        names |= dict.fromkeys(str(path) for path in place.overlay if path.suffix in (".js", ".mjs", ".cjs"))
        if place.source is not None:
            known = await asyncio.to_thread(
                lambda: list(project_files(place.source or Path(), (".js", ".mjs", ".cjs")))
            )
            names |= dict.fromkeys(name for name, _ in known)
        request = {"root": str(box.root), "files": list(names)[:_MOST_FILES]}
        result = await box.run(
            (str(node), "--experimental-vm-modules", "--no-warnings", str(_RUNNER)),
            timeout=self._timeout,
            readable=(*readable_for(node), _RUNNER.parent),
            stdin=json.dumps(request).encode(),
        )
        if result.timed_out:
            raise EnvironmentFault(f"node did not finish in {self._timeout:g} s", remedy="raise check.timeout")
        try:
            answer = cast("dict[str, Any]", json.loads(result.stdout))
        except ValueError:
            tail = result.stderr.decode("utf-8", "replace").strip()[-300:]
            raise EnvironmentFault(
                f"node could not check the modules: {tail or f'exit code {result.code}'}", remedy=f"{node} --version"
            ) from None
        return tuple(
            Diagnostic(
                file=PurePosixPath(problem["file"]).as_posix(),
                line=int(problem["line"]),
                column=int(problem["column"]),
                severity=Severity.ERROR,
                code=str(problem["code"]),
                message=str(problem["message"]),
                source="node",
            )
            for problem in answer["problems"]
        )

    async def _types(self, place: Place, box: Box, compiler: Compiler, text: str) -> tuple[Diagnostic, ...] | Fault:
        result = await box.run(
            (*compiler.command, "--noEmit", "--pretty", "false", "-p", _CONFIG),
            timeout=self._timeout,
            env={"PATH": compiler_path(compiler)},
            readable=compiler.readable,
        )
        if result.timed_out:
            raise EnvironmentFault(f"tsc did not finish in {self._timeout:g} s", remedy="raise check.timeout")
        file = str(place.document)
        found = problems_in(result.stdout.decode("utf-8", "replace"), str(box.root))
        if result.code != 0 and not found:
            return Fault(reason=f"tsc: exit code {result.code}", remedy="tsc --version")
        return tuple(
            in_code_points(problem, text) if problem.file == file else problem
            for problem in found
            if problem.line and (problem.code in _TELLING or _is_syntax(problem.code))
        )


def _configuration(place: Place) -> dict[PurePosixPath, bytes]:
    """A configuration that checks all JavaScript of the tree loosely, and what node defines by itself."""
    options: dict[str, object] = {
        "allowJs": True,
        "checkJs": True,
        "noEmit": True,
        "strict": False,
        "skipLibCheck": True,
        "target": "esnext",
        "module": "preserve",
        "moduleResolution": "bundler",
        "jsx": "preserve",
        "lib": ["esnext", "dom", "dom.iterable"],
        "allowImportingTsExtensions": True,
    }
    typed = place.source is not None and (place.source / "node_modules/@types/node").is_dir()
    files: dict[PurePosixPath, bytes] = {} if typed else {PurePosixPath(_GLOBALS): _DECLARED.encode()}
    config = {
        "compilerOptions": options,
        "include": [f"**/*{ending}" for ending in _ENDINGS] + ["**/*.d.ts"],
        "exclude": ["node_modules", "dist", "build", "coverage", "**/*.min.js"],
        "files": [str(place.document), *map(str, files)],
    }
    return {PurePosixPath(_CONFIG): json.dumps(config).encode(), **files}


def _is_syntax(code: str) -> bool:
    return re.fullmatch(r"TS1\d\d\d", code) is not None


def _unsaid(found: tuple[Diagnostic, ...], known: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """What the compiler found on lines that node did not speak of: the same fault is told once."""
    places = {(problem.file, problem.line) for problem in known}
    return tuple(problem for problem in found if (problem.file, problem.line) not in places)


async def javascript_findings(sandbox: Sandbox, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """For the doctor: node, as JavaScript needs it. TypeScript's own findings tell of the compiler."""
    node = shutil.which("node", path=environment.get("PATH", ""))
    if node is None:
        detail = "no node: JavaScript is not checked"
        return (Finding(name="javascript", status=FindingStatus.ABSENT, detail=detail, remedy=_NODE),)
    finding = await version_finding(
        sandbox,
        name="javascript",
        command=(node, "--version"),
        readable=readable_for(Path(node)),
        language=Language.JAVASCRIPT,
        remedy=_NODE,
    )
    return (finding,)
