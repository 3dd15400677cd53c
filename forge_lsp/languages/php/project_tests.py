"""The tests of a PHP project that speak of the scope, before and after, by its own PHPUnit."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.checking.gate import measured
from forge_lsp.checking.programs import no_code_here, readable_for
from forge_lsp.checking.project import Place, tree_key
from forge_lsp.checking.runs import NotedRun, SuiteRun, noted, scope_lines
from forge_lsp.checking.suites import Memory, judged, not_run, outside, with_remedies
from forge_lsp.checking.suites import Suite as TestSuite
from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.checks import CheckStatus, Run
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.languages.php import PHP
from forge_lsp.languages.php.forging import doubt_of
from forge_lsp.languages.php.outcomes import RunPlan, SeenRun, ended, outcome
from forge_lsp.languages.php.suites import Runner, Suite, configuration, definitions, must_fail, runner_of, suite_of
from forge_lsp.languages.php.tools import COMPOSER_INSTALL, command_of, find_php
from forge_lsp.reading import parsed_json

__all__ = ["PhpTests"]

_SUPERVISOR = Path(__file__).with_name("runners") / "supervise.php"
_MATTERS = (*PHP.suffixes, ".xml", ".dist", ".json", ".neon", ".yaml", ".yml", ".ini")
_SUITE = "phpunit"
_GET = "composer require --dev phpunit/phpunit"
_SPARE = 5.0
"""Seconds that the supervisor has, beyond the tests' own time, to say what it saw."""


class PhpTests:
    """Runs test files; what they say of an untouched tree is kept. ``timeout`` in seconds, for one run of PHPUnit.
    ``environment`` is the server's own (``PATH``)."""

    def __init__(
        self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str], runs: Path | None = None
    ) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._environment = environment
        self._memory = Memory(NotedRun, runs)

    @measured
    async def run(self, task: Task, candidate: Candidate, place: Place) -> Evidence:
        """See :meth:`forge_lsp.core.ports.Toolchain.evidence`."""
        php = find_php(self._environment)
        suite = await asyncio.to_thread(suite_of, task, place)
        if php is None or not suite.files:
            return Evidence()
        if not self._sandbox.runs_project_code:
            return no_code_here("the project's tests were not run", self._sandbox).blocked()
        runner = await asyncio.to_thread(runner_of, place, self._environment)
        if runner is None:
            wanted = "phpunit" in (place.text(place.nearest("composer.json") or PurePosixPath("composer.json")) or "")
            remedy = COMPOSER_INSTALL if wanted else _GET
            return Evidence(results=(not_run(_SUITE, "PHPUnit is not installed (no vendor/bin/phpunit)", remedy),))
        key = await tree_key(place, _MATTERS, (php,), task.document.text, suite, runner)
        if task.scope.kind is not ScopeKind.DEFINITION:  # nothing of a name is there yet: by what is brought
            suite = replace(suite, names=(*suite.names, *(one.name or "" for one in definitions(candidate.code))))
        notes: list[str] = []
        idle: set[str] = set()

        async def run(text: str, only: Sequence[str] | None) -> NotedRun:
            wanted = {file: content for file, content in suite.files.items() if _wants(file, only)}
            seen = await self._run(task, candidate, place, php, runner, replace(suite, files=wanted), text)
            if text == candidate.text and text != task.document.text:
                notes.extend(seen.notes)
                idle.update(seen.idle)
            return noted(seen.run, seen.notes)

        judge = TestSuite(
            name=_SUITE,
            key=key,
            run=run,
            speaks=suite.speaks,
            proves=lambda name: name not in idle,
            other_file=outside(place.document, "::"),
        )
        results = await judged(judge, task, candidate, self._memory)
        before = await self._memory.get(key, lambda: run(task.document.text, None), again=bool(notes))
        fresh = [note for note in dict.fromkeys(notes) if note not in before.notes]
        doubts = [f"the code is believed for no reason: {note}" for note in fresh]
        proves = any(result.status in (CheckStatus.PROOF, CheckStatus.KEPT) for result in results)
        if proves and (forged := doubt_of(task.document.text, candidate.text, suite.types)) is not None:
            doubts.append(forged)
        return Evidence(
            results=with_remedies(results, lambda _: COMPOSER_INSTALL if _of_composer(place) else None),
            doubt="; ".join(doubts) or None,
        )

    async def _run(
        self, task: Task, candidate: Candidate, place: Place, php: Path, runner: Runner, suite: Suite, text: str
    ) -> SeenRun:
        """Run test files; where the run does not come to its end, each by itself, so that one does not hide others."""
        seen, whole = await self._once(task, candidate, place, php, runner, suite, text)
        if whole or len(suite.files) < 2:
            return seen
        runs: dict[str, Run] = {}
        parts: dict[str, Run] = {}
        notes, idle = [*seen.notes], set(seen.idle)
        for file, content in suite.files.items():
            one, _ = await self._once(task, candidate, place, php, runner, replace(suite, files={file: content}), text)
            runs |= one.run.runs
            parts |= one.run.uncollected
            notes += one.notes
            idle |= one.idle
        return SeenRun(
            run=SuiteRun(runs=runs, uncollected=parts, words=seen.run.words), notes=(*notes,), idle=frozenset(idle)
        )

    async def _once(
        self, task: Task, candidate: Candidate, place: Place, php: Path, runner: Runner, suite: Suite, text: str
    ) -> tuple[SeenRun, bool]:
        """Run PHPUnit once. Whether the run came to its end, too."""
        nonce, secret = secrets.token_hex(16), f"forge-{secrets.token_hex(12)}"
        control = f"Forge{secrets.token_hex(6)}Test"
        config = runner.folder / f"forge-{secrets.token_hex(6)}.xml"
        own = place.text(runner.config) if runner.config is not None else None
        files = [str(PurePosixPath(name)) for name in suite.files]
        autoload = place.source is not None and (place.source / runner.folder / "vendor" / "autoload.php").is_file()
        up = "../" * len(runner.folder.parts)
        named = [f"{up}{name}" for name in files] + [f"{control}.php"]
        extra: dict[PurePosixPath, bytes | None] = {
            config: configuration(own, named, autoload=autoload).encode(),
            runner.folder / f"{control}.php": must_fail(control, secret).encode(),
        }
        # Its own end of the descriptor: a log that is written there cannot be read or changed by anybody.
        options = ("--do-not-cache-result", "--log-junit", "php://fd/3", "-c", config.name)
        request = {"command": [*command_of(php), runner.script, *options], "seconds": self._timeout}
        async with self._sandbox.open(place.tree(text, extra)) as box:
            root = str(box.root)
            folder = ("/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(runner.folder))
            result = await box.run(
                (*folder, str(php), "-n", str(_SUPERVISOR)),
                timeout=self._timeout + _SPARE,
                env={"CI": "1", "NO_COLOR": "1", "PATH": f"{php.parent}:/usr/local/bin:/usr/bin:/bin"},
                readable=(*readable_for(php), _SUPERVISOR.parent),
                loopback=True,
                stdin=f"{json.dumps(request)}\n{nonce}\n".encode(),
            )
        course = RunPlan(
            root=root,
            document=place.document,
            text=text,
            before=task.document.text,
            lines=scope_lines(task, candidate, text),
            suite=suite,
            secret=secret,
            control=control,
        )
        answer = _answer(result.stdout, nonce)
        if answer is None:
            words = (result.stderr or result.stdout).decode("utf-8", "replace")
            return _of_files(
                ended(course, None if result.timed_out else result.code, words, self._timeout), suite
            ), False
        words, code = str(answer["words"]), cast("int | None", answer["code"])
        seen = outcome(course, base64.b64decode(answer["report"]), code, words) if code is not None else None
        if seen is not None:
            return seen, True
        return _of_files(ended(course, code, words, self._timeout), suite), False


def _of_files(seen: SeenRun, suite: Suite) -> SeenRun:
    """What kept all of a run from its end, told of its one file where it is one."""
    whole = seen.run.uncollected.get("")
    if whole is None or len(suite.files) != 1:
        return seen
    (file,) = suite.files
    return replace(seen, run=SuiteRun(uncollected={f"{file}::": whole}, words=seen.run.words))


def _answer(output: bytes, nonce: str) -> dict[str, Any] | None:
    """What the supervisor said; None where it said nothing, or twice."""
    lines = [line for line in output.decode("utf-8", "replace").split("\n") if line.startswith(f"{nonce} ")]
    if len(lines) != 1:
        return None
    try:
        return cast("dict[str, Any]", parsed_json(lines[0][len(nonce) + 1 :]))
    except ValueError:
        return None


def _wants(file: str, only: Sequence[str] | None) -> bool:
    return only is None or any(name.startswith(f"{file}::") for name in only)


def _of_composer(place: Place) -> bool:
    return place.nearest("composer.json") is not None
