"""Which test files of a JavaScript or TypeScript project speak of a scope, and what runs them."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, Literal, cast

from forge_lsp.checking.project import Place
from forge_lsp.checking.suites import not_run, speaking_of
from forge_lsp.core.checks import CheckResult
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.languages.ecmascript import JAVASCRIPT, TEST_FILES, TYPESCRIPT
from forge_lsp.languages.ecmascript.built import built_earlier, manifest_of
from forge_lsp.languages.ecmascript.callers import callers_by_step, callers_in, named_by_step
from forge_lsp.languages.ecmascript.configuring import start_folder
from forge_lsp.languages.ecmascript.importing import Importers
from forge_lsp.languages.ecmascript.reading import read_tests
from forge_lsp.languages.ecmascript.tsc import script_folders
from forge_lsp.reading import table_beside

__all__ = ["BESIDE", "ENDINGS", "MOST_AT_ONCE", "PARALLEL", "TOGETHER", "Runner", "Suite", "found_for", "joining"]

ENDINGS = (*JAVASCRIPT.suffixes, *TYPESCRIPT.suffixes)
"""The endings of what may be a test file."""
_TYPED = re.compile(r"\.[cm]?tsx?$")
_NODE_TEST = re.compile(r"[\"']node:test[\"']")
_MOST_FILES = 8
_MOST_CALLERS = 24
_MOST_READ = 200
MOST_AT_ONCE = 24
"""Test files that one run takes, where they hold few tests (:data:`_MOST_TESTS` of them)."""
_MOST_TESTS = 60

Runner = Literal["node", "vitest", "jest", "mocha", "tape", "jasmine", "tap", "ava", "uvu", "qunit"]
BESIDE: frozenset[Runner] = frozenset(("node", "mocha", "tape", "jasmine", "tap", "ava", "uvu", "qunit"))
"""Those whose results come from a process beside that of our runner."""
TOGETHER: frozenset[Runner] = frozenset(("mocha", "tape"))
"""Those of them that take all files in one process, as they do by themselves."""
PARALLEL: frozenset[Runner] = frozenset(("node", "tap", "ava"))
"""Those of them that run several files at a time, each in a process of its own, by themselves."""
_NAMES = table_beside(__file__, "names.toml")
_SCRIPTS: Mapping[Runner, str] = _NAMES["scripts"]
_OTHERS: Sequence[str] = _NAMES["other_runners"]
_CALLED: frozenset[Runner] = frozenset(("tape", "tap", "ava", "uvu", "qunit"))
"""Those that a test file names; without that it is none of theirs."""
_QUNIT = re.compile(r"(?<![\w$.])QUnit\b")
# What node is told before a test file: loaders and conditions of the project's own script.
_FLAG = re.compile(
    r"(?:--import|--require|-r|--loader|--experimental-loader|--conditions|-C)(?:=|\s+)(?:[\"']?)[^\s\"']+"
    r"|--experimental-[\w-]+|--enable-source-maps"
)


_REQUIRED = re.compile(r"(?<![\w-])(?:-r|--require)(?:=|\s+)[\"']?([^\s\"']+)")
_ENDING = re.compile(r"\.[cm]?[jt]sx?$")
_NODE_OPTION = re.compile(r"[\"']?node-option[\"']?\s*:\s*(\[[^\]]*\]|[\"'][^\"'\n]*[\"']|(?:\s*-[^\n]*\n?)+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """``files`` that one runner takes, in the package at ``folder``. ``script``: the runner's own program (None: it is
    node's); ``hooks``: what node is to load first."""

    runner: Runner
    folder: PurePosixPath
    files: tuple[PurePosixPath, ...]
    script: Path | None = None
    hooks: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """What the project's own script gives the runner."""
    variables: tuple[tuple[str, str], ...] = ()
    """What it sets in the environment for that."""
    more: tuple[PurePosixPath, ...] = ()
    """Further files that load the document, where no file names the scope itself: they may depend on it as well.
    :func:`joining` says which of them the runner takes."""

    @property
    def key(self) -> tuple[Runner, PurePosixPath, tuple[str, ...]]:
        """What files that are run together have in common."""
        return self.runner, self.folder, self.hooks


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blocked:
    """Why a test file that speaks of the scope is not run."""

    runner: str
    reason: str
    remedy: str | None = None


def found_for(task: Task, place: Place) -> tuple[tuple[Suite, ...], tuple[CheckResult, ...]]:
    """Return the test files that mention what is written, else its module, with what runs them (a few of them), and a
    result for each runner that is not run here."""
    if place.source is None:
        return (), ()
    name = task.scope.name if task.scope.kind is not ScopeKind.FILE else None
    module = place.document.parent.name if place.document.stem == "index" else place.document.stem
    files = [file for file in place.files(ENDINGS) if TEST_FILES.fullmatch(file)]
    suites: dict[object, Suite] = {}
    blocked: dict[str, CheckResult] = {}
    # Tests of what calls it, where none names it: a private helper is tested by way of what the module exports.
    callers = callers_in(task.document.text, name)[:_MOST_CALLERS] if name is not None else ()
    names = (name, task.scope.container, *(one for one in callers if len(one) > 2), module)
    own = [one for one in (name, *callers) if one is not None and len(one) > 2]
    importers = cache(lambda: Importers.of(place, ENDINGS))

    @cache
    def taken(file: PurePosixPath) -> tuple[Place, str | None] | None:
        """The place of a test file, and what was built earlier that it tests; None: it means something else."""
        at = Place(source=place.source, document=file, overlay=place.overlay)
        # What tests a built copy is told of, whatever else it loads.
        entry = built_earlier(place, at)
        return None if entry is None and _of_others(place, at, names, importers) else (at, entry)

    # Files of others that have a word of the same name take no place.
    every = speaking_of(place, files, names, most=_MOST_READ, often_first=True)
    spoken = tuple(islice(filter(taken, every), MOST_AT_ONCE))
    direct = speaking_of(place, map(str, spoken), own, most=MOST_AT_ONCE) if own else ()
    more: tuple[PurePosixPath, ...] = ()
    if direct:
        spoken = spoken[: max(_MOST_FILES, _few(place, direct))]
        if own[0] != name or not speaking_of(place, map(str, direct), (name,), most=1):
            more = tuple(file for file in _loading(files, importers().steps) if file not in spoken)
    else:
        # Those that load it without a word of it: by the package, an index, or another module. First those that name
        # what calls it there, last those that have a word of the module's name and do not load it.
        steps = importers().steps
        loading = _loading(files, steps)
        modules = {file: step for file, step in steps.items() if not TEST_FILES.fullmatch(file)}
        outer = callers_by_step(place, (name, *callers), modules) if name is not None else ()
        named = named_by_step(place, list(map(str, loading)), outer, most=MOST_AT_ONCE)
        spoken = spoken[:_MOST_FILES]
        known = [file for file in spoken if str(file) in steps]
        spoken = tuple(dict.fromkeys((*named, *known, *loading, *spoken)))
        count = _few(place, spoken)
        more = tuple(file for file in spoken[count:] if str(file) in steps)
        spoken = spoken[:count]
    more = more[: _MOST_READ - len(spoken)]
    for file in spoken:
        found = taken(file)
        if found is None:
            continue
        at, entry = found
        found = _suite(task, at)
        if isinstance(found, Suite) and entry is not None:
            reason = f"it tests what was built earlier ({entry}), which a candidate does not change"
            found = _Blocked(runner=found.runner, reason=reason)
        if isinstance(found, _Blocked):
            blocked.setdefault(found.runner, not_run(found.runner, f"{file}: {found.reason}", found.remedy))
        elif found is not None:
            known = suites.get(found.key)
            suites[found.key] = replace(known, files=(*known.files, file)) if known is not None else found
    ordered = (
        # In one process they meet each other in the order that the runner gives them.
        replace(suite, more=more, files=tuple(sorted(suite.files)) if suite.runner in TOGETHER else suite.files)
        for suite in suites.values()
    )
    return tuple(ordered), tuple(blocked.values())


def joining(task: Task, place: Place, suite: Suite) -> tuple[PurePosixPath, ...]:
    """Return those of the further files of a suite that its runner takes. Reads them all."""
    found: list[PurePosixPath] = []
    for file in suite.more:
        at = Place(source=place.source, document=file, overlay=place.overlay)
        other = _suite(task, at) if built_earlier(place, at) is None else None
        if isinstance(other, Suite) and other.key == suite.key:
            found.append(file)
    return tuple(found)


def _of_others(place: Place, at: Place, names: Iterable[str | None], importers: Callable[[], Importers]) -> bool:
    """Whether a test file names what is written and means another thing of that name: neither it nor what it imports
    loads the document, and it takes nothing from the surroundings."""
    read = read_tests(at.text(at.document) or "")
    folder, plain = posixpath.dirname(str(at.document)), _ENDING.sub("", str(place.document))
    sources = (source for source in read.imports.values() if source.startswith("."))
    if any(_ENDING.sub("", posixpath.normpath(posixpath.join(folder, source))) == plain for source in sources):
        return False
    if not importers().apart(str(at.document)):
        return False
    wanted = {name for name in names if name} - read.imports.keys()
    return (wanted - read.declared).isdisjoint(read.free)


def _loading(files: Iterable[str], steps: Mapping[str, int]) -> list[PurePosixPath]:
    """The test files that load the document, the nearest first."""
    return [PurePosixPath(file) for file in sorted(files, key=lambda file: (steps.get(file, 0), file)) if file in steps]


def _few(place: Place, files: Sequence[PurePosixPath]) -> int:
    """How many of ``files`` are run at most: a few, and more while they hold few tests."""
    tests = 0
    for count, file in enumerate(files[:MOST_AT_ONCE]):
        if count >= _MOST_FILES and tests > _MOST_TESTS:
            return count
        tests += len(read_tests(place.text(file) or "").blocks)
    return min(len(files), MOST_AT_ONCE)


def _suite(task: Task, at: Place) -> Suite | _Blocked | None:
    """What runs the test file ``at``; None where it is no test file, after all."""
    assert at.source is not None, "asked for a workspace only"
    package = at.nearest("package.json")
    folder = package.parent if package is not None else PurePosixPath()
    text = at.text(at.document) or ""
    manifest = manifest_of(at, folder)
    script = _script(manifest)
    if _NODE_TEST.search(text):
        typed = _TYPED.search(at.document.name) is not None
        if task.document.language is TYPESCRIPT and not typed and not re.search(r"\.[cm]?ts[\"']", text):
            hooked = re.search(r"\btsx\b|ts-node|strip-types|swc|esbuild", script)
            if hooked is None:
                reason = "it tests what was compiled from TypeScript earlier, which a candidate does not change"
                return _Blocked(runner="node", reason=reason)
        hooks = tuple(word for flag in _FLAG.findall(script) for word in re.split(r"[\s\"']+", flag) if word)
        if typed and not hooks and any((at.source / above / "node_modules/tsx").is_dir() for above in at.folders()):
            hooks = ("--import", "tsx")
        return Suite(runner="node", folder=folder, files=(at.document,), hooks=hooks)
    other = _other(text, script, manifest)
    runners = tuple(_SCRIPTS)
    wanted: list[Runner] = [
        runner
        for runner in runners
        if re.search(rf"[\"']@?{runner}(?:/|[\"'])", text) or (runner == "qunit" and _QUNIT.search(text))
    ]
    if other is not None and not wanted and not any(_starts(runner, script) for runner in runners):
        return _Blocked(runner=other, reason=f"tests of {other} are not run by forge-lsp")
    for runner in sorted(
        runners, key=lambda name: (name not in wanted, not _starts(name, script), runners.index(name))
    ):
        for above in at.folders():
            program = at.source / above / "node_modules" / _SCRIPTS[runner]
            if program.is_file() and script_folders(program, workspace=at.source):
                if runner == "mocha":
                    return _of_mocha(at, folder, program, script, manifest)
                if runner in _CALLED and runner not in wanted:
                    continue
                if runner in BESIDE:
                    hooks = tuple(
                        word for flag in _FLAG.findall(script) for word in re.split(r"[\s\"']+", flag) if word
                    )
                    # What uvu and tape load themselves, they load when node has begun.
                    own = re.search(rf"(?<![\w@-]){runner}(?![\w-])(?P<words>[^&|;]*)", script)
                    before = tuple(_REQUIRED.findall(own["words"])) if own and runner in ("uvu", "tape") else ()
                    for word in before:
                        at_word = hooks.index(word)
                        hooks = (*hooks[: at_word - 1], *hooks[at_word + 1 :])
                    return Suite(
                        runner=runner,
                        folder=folder,
                        files=(at.document,),
                        script=program,
                        hooks=hooks,
                        words=before,
                    )
                start = start_folder(at, folder, runner)
                return Suite(runner=runner, folder=start, files=(at.document,), script=program)
    declared = [
        runner for runner in runners if runner in wanted or _starts(runner, script) or _depends(manifest, runner)
    ]
    if declared:
        reason = f"{declared[0]} is not installed (no node_modules/{declared[0]})"
        if declared[0] in BESIDE:
            words = f"tests of {declared[0]} were not run: {reason}; npm install gets it"
            return _Blocked(runner=declared[0], reason=words)
        return _Blocked(runner=declared[0], reason=reason, remedy="npm install")
    if not re.search(r"\b(?:test|it|describe|assert|expect)\b", text):
        return None
    reason = f"no test runner that forge-lsp knows ({', '.join(('node:test', *_SCRIPTS))}) takes it"
    return _Blocked(runner="npm test", reason=f"{reason}; npm test is `{script}`" if script else reason)


def _of_mocha(at: Place, folder: PurePosixPath, program: Path, script: str, manifest: Mapping[str, Any]) -> Suite:
    """How mocha is started for a file: with the options of its script; those of ``.mocharc`` it reads itself, but for
    what node has to know before."""
    variables: dict[str, str] = {}
    words: list[str] = []
    for command in re.split(r"&&|\|\||;", script):
        try:
            parts = shlex.split(command)
        except ValueError:
            continue
        names = [part.rpartition("/")[2] for part in parts]
        start = next((at for at, name in enumerate(names) if name in ("mocha", "_mocha", "mocha.js")), None)
        if start is None:
            continue
        for part in parts[:start]:
            name, equals, value = part.partition("=")
            if equals and re.fullmatch(r"(?:NODE_ENV|TS_NODE_\w+|BABEL_ENV|TZ)", name):
                variables[name] = value
        words = [word for word in parts[start + 1 :] if "$" not in word]
        break
    settings = [
        at.text(folder / name) or "" for name in (".mocharc.json", ".mocharc.jsonc", ".mocharc.yml", ".mocharc.yaml")
    ]
    settings.append(json.dumps(manifest.get("mocha") or {}))
    node = [
        word for text in settings for part in _NODE_OPTION.findall(text) for word in re.findall(r"[\w@./=-]+", part)
    ]
    hooks = [word if word.startswith("-") else f"--{word}" for word in node if re.search(r"[A-Za-z]", word)]
    hooks += [word for word in words if re.match(r"--(?:import|loader|experimental-[\w-]+|conditions)(?:=|$)", word)]
    return Suite(
        runner="mocha",
        folder=folder,
        files=(at.document,),
        script=program,
        hooks=tuple(hooks),
        words=tuple(words),
        variables=tuple(variables.items()),
    )


def _other(text: str, script: str, manifest: Mapping[str, Any]) -> str | None:
    """The runner, none of those that are run here, that a test file or its package names."""
    imported = {name for name in _OTHERS if re.search(rf"[\"']{re.escape(name)}(?:/[^\"']*)?[\"']", text)}
    if imported:
        return next(name for name in _OTHERS if name in imported).removesuffix(":test")
    words = re.findall(r"[\w@/:.-]+", script)
    named = next((name for name in _OTHERS if name in words), None)
    return named or next((name for name in _OTHERS if _depends(manifest, name)), None)


def _starts(runner: str, script: str) -> bool:
    """Whether a script starts a runner: not `tape` where it says `tapestry`."""
    return re.search(rf"(?<![\w@-]){runner}(?![\w-])", script) is not None


def _depends(manifest: Mapping[str, Any], name: str) -> bool:
    tables = (manifest.get(table) for table in ("devDependencies", "dependencies"))
    return any(isinstance(table, dict) and name in table for table in tables)


def _script(manifest: Mapping[str, Any]) -> str:
    """What ``npm test`` runs, by the package's own word; it is read, never run."""
    scripts: object = manifest.get("scripts")
    return str(cast("dict[str, Any]", scripts).get("test", "")) if isinstance(scripts, dict) else ""
