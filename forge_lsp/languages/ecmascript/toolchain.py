"""JavaScript: node parses every module and resolves what it imports; TypeScript, where there is one, checks names,
arguments and arity.

Plain JavaScript has no types, so TypeScript's word is taken only for what is wrong in any JavaScript: a name nobody
defines, a call that cannot be right. Of the project nothing is run but the tests that speak of the scope.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from forge_lsp.checking.gate import CheckedTree, Fault, gate
from forge_lsp.checking.language_toolchain import DocumentedToolchain
from forge_lsp.checking.problems import problem_in
from forge_lsp.checking.programs import not_found, readable_for, run_tool, version_findings
from forge_lsp.checking.project import Place, place_of, tree_key
from forge_lsp.checking.suites import joined
from forge_lsp.core.attempt import BuildReport, Candidate, Diagnostic, Evidence
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Box, Finding, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.ecmascript.documented import documented_examples
from forge_lsp.languages.ecmascript.node import node_of
from forge_lsp.languages.ecmascript.project_tests import JavaScriptTests
from forge_lsp.languages.ecmascript.tsc import (
    INSTALL,
    Compiler,
    compiler_path,
    find_compiler,
    in_code_points,
    problems_in,
)
from forge_lsp.languages.ecmascript.words import (
    CONFIG,
    MOST_FILES,
    NOT_INSTALLED,
    READ,
    configuration,
    has_node_types,
    is_dialect,
    said,
    tells,
    unread,
)
from forge_lsp.reading import parsed_json

__all__ = ["JavaScriptToolchain", "javascript_findings"]

_MATTERS = (*JAVASCRIPT.suffixes, *TYPESCRIPT.suffixes, ".json")
_NODE = "https://nodejs.org/en/download"
_RUNNER = Path(__file__).with_name("runners") / "modules.mjs"


class JavaScriptToolchain(DocumentedToolchain):
    """Checks JavaScript documents. ``environment`` is the server's own (``PATH``); ``timeout`` in seconds, for one run
    of one tool."""

    def __init__(
        self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str], runs: Path | None = None
    ) -> None:
        super().__init__(sandbox, timeout, environment)
        self._tests = JavaScriptTests(sandbox, timeout=timeout, environment=environment, runs=runs)
        self._examples = documented_examples(sandbox, timeout=timeout, environment=environment, runs=runs)

    async def build(self, task: Task, text: str) -> BuildReport:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        node = node_of(place, self._environment)
        if node is None:
            return Fault(reason="node is not installed (not on PATH)", remedy=_NODE).unverified("node")
        found = find_compiler(place, self._environment, trusted=self._sandbox.runs_project_code)
        compiler = None if isinstance(found, Fault) else found
        key = await tree_key(
            place,
            _MATTERS,
            (node, *([Path(compiler.command[-1])] if compiler else ())),
            task.document.text,
            task.scope.range,
        )

        async def check(content: str) -> CheckedTree:
            return await self._check(place, node, compiler, content)

        tool = "node, tsc" if compiler else "node"
        return await gate(
            task, text, document=str(place.document), check=check, baselines=self._baselines, key=key, tool=tool
        )

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        examples = await self._examples.run(task, candidate, place)
        return joined(examples, await self._tests.run(task, candidate, place))

    async def _check(self, place: Place, node: Path, compiler: Compiler | None, text: str) -> CheckedTree:
        extra = configuration(place.document, CONFIG, typed=has_node_types(place.source)) if compiler else {}
        async with self._sandbox.open(place.tree(text, extra)) as box:
            parsed = await self._parse(place, box, node)
            syntax = tuple(p for p in parsed if p.code == "SyntaxError" and p.file == str(place.document))
            dialect = is_dialect(place.document.name, text)
            wanted = compiler is not None and (dialect or not syntax)
            checked = await self._types(place, box, compiler, text) if compiler and wanted else ()
        typed = compiler is not None and not isinstance(checked, Fault)
        if isinstance(checked, Fault):
            checked = ()  # the project's TypeScript does not work here: node's word stands alone
        problems, syntax = said(str(place.document), text, parsed, checked)
        if syntax:
            return CheckedTree(problems=syntax, syntax=syntax)
        absent = next((p for p in parsed if p.code == NOT_INSTALLED and p.file == str(place.document)), None)
        lacks = None
        if absent is not None:
            where = f"{absent.file}:{absent.line}"
            lacks = Fault(reason=f"{absent.message} ({where}): package.json names it", remedy="npm install")
        elif (why := unread(place.document.name, text, by_typescript=typed)) is not None:
            lacks = Fault(reason=f"{place.document} was not checked: {why}", remedy=INSTALL if not typed else None)
        return CheckedTree(problems=problems, lacks=lacks)

    async def _parse(self, place: Place, box: Box, node: Path) -> tuple[Diagnostic, ...]:
        names = dict.fromkeys([str(place.document)] if place.document.suffix != ".jsx" else [])
        names |= dict.fromkeys(str(path) for path in place.overlay if path.suffix in READ)
        names |= dict.fromkeys(await asyncio.to_thread(place.files, READ))
        request = {"root": str(box.root), "files": list(names)[:MOST_FILES]}
        result = await run_tool(
            box,
            "node",
            (str(node), "--experimental-vm-modules", "--no-warnings", str(_RUNNER)),
            timeout=self._timeout,
            readable=(*readable_for(node), _RUNNER.parent),
            stdin=json.dumps(request).encode(),
        )
        try:
            answer = cast("dict[str, Any]", parsed_json(result.stdout))
        except ValueError:
            tail = result.stderr.decode("utf-8", "replace").strip()[-300:]
            raise EnvironmentFault(
                f"node could not check the modules: {tail or f'exit code {result.code}'}", remedy=f"{node} --version"
            ) from None
        return tuple(problem_in(problem, "node") for problem in answer["problems"])

    async def _types(self, place: Place, box: Box, compiler: Compiler, text: str) -> tuple[Diagnostic, ...] | Fault:
        result = await run_tool(
            box,
            "tsc",
            (*compiler.command, "--noEmit", "--pretty", "false", "-p", CONFIG),
            timeout=self._timeout,
            env={"PATH": compiler_path(compiler)},
            readable=compiler.readable,
        )
        file = str(place.document)
        found = problems_in(result.stdout.decode("utf-8", "replace"), str(box.root))
        if result.code != 0 and not found:
            return Fault(reason=f"tsc: exit code {result.code}", remedy="tsc --version")
        return tuple(
            in_code_points(problem, text) if problem.file == file else problem
            for problem in found
            if problem.line and tells(problem.code)
        )


async def javascript_findings(sandbox: Sandbox, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """For the doctor: node, as JavaScript needs it. TypeScript's own findings tell of the compiler."""
    node = shutil.which("node", path=environment.get("PATH", ""))
    if node is None:
        return not_found("javascript", "no node: JavaScript is not checked", _NODE)
    return await version_findings(
        sandbox, "javascript", (node, "--version"), readable_for(Path(node)), language=JAVASCRIPT, remedy=_NODE
    )
