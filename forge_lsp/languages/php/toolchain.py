"""PHP: ``php -l`` parses and compiles a document; names that nobody defines, and calls that cannot be right, are found
by PHP's own tokens. Of the project nothing is run but the tests that speak of the scope."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from forge_lsp.checking.gate import CheckedTree, Fault, gate
from forge_lsp.checking.language_toolchain import LanguageToolchain
from forge_lsp.checking.problems import problem_in
from forge_lsp.checking.programs import as_argument, not_found, readable_for, run_tool, version_findings
from forge_lsp.checking.project import Place, place_of, tree_key
from forge_lsp.core.attempt import BuildReport, Candidate, Diagnostic, Evidence
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Box, Finding, ProcessResult, Sandbox
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.languages.php import PHP
from forge_lsp.languages.php.project_tests import PhpTests
from forge_lsp.languages.php.tools import COMPOSER_INSTALL, INSTALL, command_of, find_php, lint_problems
from forge_lsp.reading import parsed_json, table_beside
from forge_lsp.recent import Recent

__all__ = ["PhpToolchain", "php_findings"]

_NAMES = Path(__file__).with_name("runners") / "names.php"
_TOOL = "php"
_MOST_FILES = 1_500
_MOST_KNOWN = 64
_UNDEFINED = "undefined-"
_EXTENSIONS: Mapping[str, str] = table_beside(__file__, "extensions.toml")


class PhpToolchain(LanguageToolchain):
    """Checks PHP documents. ``environment`` is the server's own (``PATH``); ``timeout`` in seconds, for one run."""

    def __init__(
        self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str], runs: Path | None = None
    ) -> None:
        super().__init__(sandbox, timeout, environment)
        self._known = Recent[str, frozenset[tuple[str, str]]](_MOST_KNOWN)
        self._tests = PhpTests(sandbox, timeout=timeout, environment=environment, runs=runs)

    async def build(self, task: Task, text: str) -> BuildReport:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        php = find_php(self._environment)
        if php is None:
            return Fault(reason="php is not installed (not on PATH)", remedy=INSTALL).unverified(_TOOL)
        packages = [place.source / folder / "vendor" for folder in place.folders()] if place.source else []
        key = await tree_key(
            place,
            (*PHP.suffixes, "composer.json", "composer.lock"),
            (php, *packages),
            task.document.text,
            task.scope.range,
        )

        async def check(content: str) -> CheckedTree:
            problems = await self._check(place, php, content)
            if content == task.document.text:
                self._known[key] = frozenset((problem.code, problem.message) for problem in problems.problems)
            return replace(problems, problems=_told(problems.problems, self._known.get(key, frozenset())))

        return await gate(
            task, text, str(place.document), check, self._baselines, key, _TOOL, blank=_blank(task), learns=True
        )

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        return await self._tests.run(task, candidate, place_of(task))

    async def _check(self, place: Place, php: Path, text: str) -> CheckedTree:
        file = str(place.document)
        async with self._sandbox.open(place.tree(text)) as box:
            result = await self._php(box, php, "-l", as_argument(file))
            output = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
            syntax = lint_problems(output, file)
            if syntax:
                return CheckedTree(problems=syntax, syntax=syntax)
            if result.code != 0:
                raise EnvironmentFault(f"php does not run: {output.strip()[-300:]}", remedy=INSTALL)
            problems = await self._names(box, place, php)
        if not problems:
            return CheckedTree()
        absent = _no_extension(problems, file) or _not_installed(place, problems, file)
        if absent is not None:
            return CheckedTree(lacks=absent, problems=tuple(p for p in problems if not p.code.startswith(_UNDEFINED)))
        return CheckedTree(problems=problems)

    async def _names(self, box: Box, place: Place, php: Path) -> tuple[Diagnostic, ...]:
        file = str(place.document)
        every = [name for name in await asyncio.to_thread(place.files, PHP.suffixes) if name != file]
        every += [str(path) for path in place.overlay if path.suffix in PHP.suffixes and str(path) not in every]
        if len(every) > _MOST_FILES:
            return ()
        vendor = [f"{folder}/vendor" for folder in place.folders() if _is_folder(place, f"{folder}/vendor")]
        request = {"files": [file, *every], "read": [], "vendor": vendor}
        result = await self._php(box, php, "-d", "memory_limit=1G", str(_NAMES), stdin=json.dumps(request).encode())
        try:
            answer = cast("dict[str, Any]", parsed_json(result.stdout))
        except ValueError:
            return ()  # an older PHP, or one without its tokenizer: that it parses stands
        return tuple(problem_in(problem, "php") for problem in answer["problems"])

    async def _php(self, box: Box, php: Path, *arguments: str, stdin: bytes = b"") -> ProcessResult:
        return await run_tool(
            box,
            "php",
            (*command_of(php), *arguments),
            timeout=self._timeout,
            readable=(*readable_for(php), _NAMES.parent),
            stdin=stdin,
        )


def _is_folder(place: Place, name: str) -> bool:
    return place.source is not None and (place.source / name).is_dir()


def _told(problems: Sequence[Diagnostic], known: frozenset[tuple[str, str]]) -> tuple[Diagnostic, ...]:
    """``problems`` without new ones of a kind that other code of the project has too: names that something else than
    its files defines (the program that a plugin is for, an extension of PHP). ``known`` are those of the untouched
    text."""
    foreign = {
        problem.code
        for problem in problems
        if problem.code.startswith(_UNDEFINED)
        and (problem.code, problem.message) in known
        and not PHP.is_test_file(problem.file)
    }
    return tuple(p for p in problems if p.code not in foreign or (p.code, p.message) in known)


def _no_extension(problems: Sequence[Diagnostic], file: str) -> Fault | None:
    """Why names of PHP's extensions are not known."""
    for problem in problems:
        named = re.search(r'(?:function |Class ")(?:\w+\\)*(?P<name>.*)', problem.message)
        if problem.file != file or not problem.code.startswith(_UNDEFINED) or named is None:
            continue
        for extension, names in _EXTENSIONS.items():
            if re.match(names, named["name"], re.I):
                reason = f"{problem.message} ({file}:{problem.line}): the extension {extension} is not installed"
                return Fault(reason=reason, remedy=f"apt install php-{extension}")
    return None


def _not_installed(place: Place, problems: Sequence[Diagnostic], file: str) -> Fault | None:
    """Why names are not known where a project's packages are not installed."""
    config = place.nearest("composer.json")
    if config is None or _is_folder(place, f"{config.parent}/vendor"):
        return None
    required = re.search(r'"require"\s*:\s*\{(?P<inner>[^}]*)\}', place.text(config) or "")
    packages = re.findall(r'"([\w.-]+/[\w.-]+)"', required["inner"]) if required is not None else []
    first = next((p for p in problems if p.file == file and p.code.startswith(_UNDEFINED)), None)
    if first is None or not packages:
        return None
    reason = f"{first.message} ({first.file}:{first.line}): the packages of {config} are not installed"
    return Fault(reason=reason, remedy=COMPOSER_INSTALL)


def _blank(task: Task) -> str:
    """What stands in for a scope that does not parse: a function by its header, so that callers stay whole."""
    scope = task.scope
    if scope.kind is ScopeKind.DEFINITION and scope.signature and re.search(r"\bfunction\b", scope.signature):
        return f"{scope.signature} {{ }}"
    return ""


async def php_findings(sandbox: Sandbox, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """For the doctor: the PHP that checks."""
    php = find_php(environment)
    if php is None:
        return not_found("php", "no php on PATH: PHP is not checked", INSTALL)
    return await version_findings(
        sandbox, "php", (*command_of(php), "-v"), readable_for(php), language=PHP, remedy=INSTALL
    )
