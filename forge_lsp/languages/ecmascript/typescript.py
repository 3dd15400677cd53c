"""TypeScript: ``tsc --noEmit`` of the project, by the project's own TypeScript where it has one."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from forge_lsp.checking.gate import CheckedTree, Fault, gate, unchanged
from forge_lsp.checking.language_toolchain import DocumentedToolchain
from forge_lsp.checking.programs import not_found, readable_for, run_tool, version_findings
from forge_lsp.checking.project import Place, place_of, tree_key
from forge_lsp.checking.suites import joined
from forge_lsp.core.attempt import BuildReport, Candidate, Diagnostic, Evidence
from forge_lsp.core.ports import Finding, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.ecmascript.documented import documented_examples
from forge_lsp.languages.ecmascript.project_tests import JavaScriptTests
from forge_lsp.languages.ecmascript.tsc import (
    INSTALL,
    Compiler,
    compiler_path,
    find_compiler,
    in_code_points,
    incremental_command,
    incremental_state,
    is_syntax,
    problems_in,
)

__all__ = ["TypeScriptToolchain", "configured", "typescript_findings"]

_MATTERS = (*TYPESCRIPT.suffixes, *JAVASCRIPT.suffixes, ".json")
_CONFIG = PurePosixPath("tsconfig.json")
_MOST_OTHERS = 4
_EXTENDING = ".forge-check.tsconfig.json"
# A module or its types that are not there, in the forms the compiler has for it.
_MISSING_MODULE = frozenset({"TS2307", "TS7016", "TS2792", "TS2688", "TS2882"})
# Node's own names, which come from a package of types.
_MISSING_TYPES = frozenset({"TS2580", "TS2591"})


class TypeScriptToolchain(DocumentedToolchain):
    """Checks TypeScript documents. ``environment`` is the server's own (``PATH``).

    ``timeout`` in seconds, for one run of the compiler. The compiler runs no project code, but a workspace's
    own ``node_modules`` may hold any program under its name: that one runs only in a sandbox.
    """

    def __init__(
        self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str], runs: Path | None = None
    ) -> None:
        super().__init__(sandbox, timeout, environment)
        self._chosen: dict[str, PurePosixPath] = {}
        self._tests = JavaScriptTests(sandbox, timeout=timeout, environment=environment, runs=runs)
        self._examples = documented_examples(sandbox, timeout=timeout, environment=environment, runs=runs)

    async def build(self, task: Task, text: str) -> BuildReport:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        found = find_compiler(place, self._environment, trusted=self._sandbox.runs_project_code)
        if isinstance(found, Fault):
            return found.unverified("tsc")
        config = place.nearest("tsconfig.json")
        extra, targets = configured(place, config)
        modules = [place.source / folder / "node_modules" for folder in place.folders()] if place.source else []
        key = await tree_key(
            place,
            _MATTERS,
            (Path(found.command[-1]), *modules, *(folder / ".package-lock.json" for folder in modules)),
            task.document.text,
            task.scope.range,
        )

        original = task.document.text
        others = await asyncio.to_thread(_others, place, targets)

        async def check(content: str) -> CheckedTree:
            known = self._chosen.get(key)
            checked, target = await self._check(
                place, found, content, extra, (known,) if known else targets, task.document.text
            )
            if known is None and content == original:
                # One that the project is not built with may have something against what the right one takes.
                for other in others if _complains(checked, place) else ():
                    again, used = await self._check(place, found, content, extra, (other,), original)
                    if not _complains(again, place):
                        checked, target = again, used
                        break
                if checked.fault is None:
                    self._chosen[key] = target
            return checked

        return await gate(task, text, str(place.document), check, self._baselines, key, "tsc", learns=True)

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        examples = await self._examples.run(task, candidate, place)
        return joined(examples, await self._tests.run(task, candidate, place))

    async def _check(
        self,
        place: Place,
        compiler: Compiler,
        text: str,
        extra: Mapping[PurePosixPath, bytes],
        targets: Sequence[PurePosixPath],
        original: str,
    ) -> tuple[CheckedTree, PurePosixPath]:
        state = incremental_state(compiler, place)
        async with self._sandbox.open(replace(place.tree(text, extra), cache=state)) as box:
            root = str(box.root)
            target, result, listed = targets[0], None, False
            for target in targets:
                command = (*compiler.command, "--noEmit", "--pretty", "false", "--listFiles", "-p", str(target))
                if state is not None:
                    command = incremental_command(command, target, box.cache)
                result = await run_tool(
                    box,
                    "tsc",
                    command,
                    timeout=self._timeout,
                    env={"PATH": compiler_path(compiler)},
                    readable=compiler.readable,
                )
                # What a configuration leaves out would pass unseen.
                listed = str(box.root / place.document).encode() in result.stdout.split(b"\n")
                if listed or (result.code != 0 and target != targets[0]):
                    break
        assert result is not None  # there is always a target
        output = result.stdout.decode("utf-8", "replace")
        file = str(place.document)
        problems = tuple(in_code_points(p, text) if p.file == file else p for p in problems_in(output, root))
        general = [problem for problem in problems if not problem.line]
        if general:
            fault = Fault(reason=f"{general[0].code}: {general[0].message}", remedy=f"tsc -p {target}")
            return CheckedTree(fault=fault), target
        if not listed or (result.code != 0 and not problems):
            tail = result.stderr.decode("utf-8", "replace").strip()[-300:]
            reason = f"tsc did not check {file}: {tail or f'exit code {result.code}'}"
            return CheckedTree(fault=Fault(reason=reason, remedy=f"tsc --noEmit -p {target}")), target
        here = tuple(problem for problem in problems if problem.file == file)
        # Type checks go on after a syntax error, but what they say of a text that does not parse is noise.
        syntax = tuple(problem for problem in here if is_syntax(problem.code))
        return CheckedTree(
            problems=syntax or problems, syntax=syntax, lacks=_lacks(_needed(here, original, text))
        ), target


def configured(
    place: Place, config: PurePosixPath | None
) -> tuple[dict[PurePosixPath, bytes], tuple[PurePosixPath, ...]]:
    """Files to lay over the tree, and the configurations to try until one covers the document.

    With a project: its own, those it refers to (a solution lists no files itself), and last one that extends it by
    the document alone. A file without a project gets a strict configuration; in a workspace, so do its neighbours,
    since they may import it.
    """
    if config is None:
        options: dict[str, object] = {"target": "es2022", "module": "esnext", "moduleResolution": "bundler"}
        options |= {"lib": ["es2023", "dom"], "strict": True, "noEmit": True, "skipLibCheck": True, "jsx": "preserve"}
        files: dict[str, object] = {"files": [str(place.document)]}
        if place.source is not None:
            files["include"] = ["**/*.ts", "**/*.tsx", "**/*.mts", "**/*.cts"]
        return {_CONFIG: json.dumps({"compilerOptions": options, **files}).encode()}, (_CONFIG,)
    folder = config.parent
    extending = folder / _EXTENDING
    document = place.document.relative_to(folder).as_posix()
    alone = {"extends": f"./{config.name}", "files": [document], "include": [], "references": []}
    references: list[PurePosixPath] = []
    _, found, rest = (place.text(config) or "").partition('"references"')
    for path in re.findall(r"\"path\"\s*:\s*\"([^\"]+)\"", rest.split("]", 1)[0]) if found else ():
        referred = PurePosixPath(os.path.normpath(folder / path))
        references.append(referred if referred.suffix == ".json" else referred / "tsconfig.json")
    known = [reference for reference in references if place.is_file(reference)]
    return {extending: json.dumps(alone).encode()}, (config, *known, extending)


def _needed(problems: tuple[Diagnostic, ...], original: str, text: str) -> tuple[Diagnostic, ...]:
    """``problems`` less those of modules that are loaded inside of code which was not changed: what was written does
    without them."""
    lines = text.split("\n")
    head, tail = unchanged(original.split("\n"), lines)

    def spared(line: int) -> bool:
        here = lines[line - 1] if 0 < line <= len(lines) else ""
        inside = re.search(r"^[ \t].*\b(?:import|require)\(", here) is not None
        return inside and (line <= head or line > len(lines) - tail)

    return tuple(problem for problem in problems if not spared(problem.line))


def _complains(checked: CheckedTree, place: Place) -> bool:
    here = (problem for problem in checked.problems if problem.file == str(place.document))
    own = any(problem.code not in _MISSING_MODULE for problem in here)
    return own or checked.fault is not None or checked.lacks is not None


def _others(place: Place, targets: Sequence[PurePosixPath]) -> tuple[PurePosixPath, ...]:
    """Other configurations beside the document or above it; a few of them."""
    if place.source is None:
        return ()
    found = (
        folder / path.name
        for folder in place.folders()
        for path in sorted((place.source / folder).glob("tsconfig*.json"))
        if path.name != _EXTENDING
    )
    return tuple(path for path in dict.fromkeys(found) if path not in targets)[:_MOST_OTHERS]


def _lacks(problems: tuple[Diagnostic, ...]) -> Fault | None:
    for problem in problems:
        where = f"{problem.file}:{problem.line}"
        if problem.code in _MISSING_TYPES:
            return Fault(reason=f"{problem.message} ({where})", remedy="npm install --save-dev @types/node")
        if problem.code in _MISSING_MODULE:
            quoted = re.search(r"'([^']+)'", problem.message)
            module = quoted[1] if quoted else ""
            reason = f"module {module or '?'} is not installed ({where}), so its use is unchecked"
            if not module or module.startswith((".", "/")):
                return Fault(reason=f"module {module or '?'} is not there ({where}), so its use is unchecked")
            package = "/".join(module.split("/")[: 2 if module.startswith("@") else 1])
            types = problem.code == "TS7016"
            return Fault(reason=reason, remedy=f"npm install {'--save-dev @types/' if types else ''}{package}")
    return None


async def typescript_findings(sandbox: Sandbox, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """For the doctor: node, and a TypeScript on PATH (a project's own is found when it is checked)."""
    node = shutil.which("node", path=environment.get("PATH", ""))
    if node is None:
        remedy = "https://nodejs.org/en/download"
        return not_found("node", "no node: TypeScript is not checked", remedy)
    findings = await version_findings(
        sandbox,
        "node",
        (node, "--version"),
        readable_for(Path(node)),
        language=TYPESCRIPT,
        remedy="https://nodejs.org/en/download",
    )
    compiler = find_compiler(Place(source=None, document=PurePosixPath("a.ts")), environment, trusted=False)
    if isinstance(compiler, Fault):
        findings += not_found(
            "typescript", "no tsc on PATH: TypeScript is checked only in projects that have their own", compiler.remedy
        )
    else:
        findings += await version_findings(
            sandbox,
            "typescript",
            (*compiler.command, "--version"),
            compiler.readable,
            language=TYPESCRIPT,
            remedy=INSTALL,
            env={"PATH": compiler_path(compiler)},
        )
    return findings
