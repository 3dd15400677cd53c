"""The test suites of C and C++ projects: which one there is, and one run of it in a temp copy."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, cast
from xml.etree import ElementTree

from forge_lsp.builds.c_family.flags import SOURCES
from forge_lsp.builds.c_family.instrumenting import ASSERT, FOLDER, with_missing
from forge_lsp.builds.c_family.outputs import Told, linked_names, tests_in
from forge_lsp.builds.c_family.reading import Reading, callers_of
from forge_lsp.builds.c_family.scanning import blanked, calls_in, functions_in
from forge_lsp.builds.c_family.units import MATTERS
from forge_lsp.builds.project import Place, project_files
from forge_lsp.builds.suites import SuiteRun, failed, skipped, tail
from forge_lsp.domain.checks import Cause, Run, RunState
from forge_lsp.domain.errors import EnvironmentFault
from forge_lsp.domain.ports import Box, ProcessResult, Sandbox
from forge_lsp.domain.task import Language, Task

__all__ = ["Runner", "Suite", "ctest_results", "suite_of"]

_BUILDS = ("build", "out", "builddir", "cmake-build-debug", "cmake-build-release")
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_TARGET = re.compile(r"^(?P<name>test|tests|check)\s*:(?!=)", re.M)
_TEST_FILE = re.compile(r"(?:^|.*[/_-])tests?(?:[/_-].*|\.\w+)$", re.I)
_LINE = re.compile(r"^\s*\d+/\d+ Test\s+#\d+: (?P<name>\S+) \.+\s*(?P<how>Passed|\*+\s*[\w ]+)", re.M)
_NOT_RUN = ("Not Run", "Skipped", "Disabled")
_ADDED = re.compile(r"^add_test\((?:\[=*\[(?P<long>.+?)\]=*\]|\"?(?P<short>[^\s\"]+)\"?) (?P<command>.*)\)\s*$", re.M)
_SUBDIRS = re.compile(r"^subdirs\(\"?(?P<name>[^\")]+)\"?\)", re.M)
_EXECUTABLE = re.compile(r"\badd_executable\s*\(\s*(?P<name>[\w.+-]+)\s+(?P<sources>[^)]*)\)", re.I)
_MOST_FOLDERS = 200
_JUNIT = PurePosixPath(".forge-ctest.xml")
_MOST_FILES = 2_000
_MOST_LOG = 16 * 1024 * 1024
_EMPTY = 'for one; do touch -r "$one" "$one.time" && : > "$one" && touch -r "$one.time" "$one"; rm -f "$one.time"; done'
_IN = 'cd "$1" && shift && exec "$@"'
_CTEST = (
    'if [ -f build.ninja ]; then keep="-k 0"; else keep=-k; fi; cmake --build . -- $keep 2>&1; echo "forge-built: $?"; '
    'junit="$1"; shift; exec ctest --timeout 60 --output-on-failure --test-output-size-passed 262144 '
    '--test-output-size-failed 262144 --output-junit "$junit" "$@"'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """How the tests are run: ``target`` of the ``makefile``, or ctest where there is none, in ``folder``; ``name`` is
    what people call it, ``reading`` knows its texts."""

    name: str
    folder: PurePosixPath
    reading: Reading = field(repr=False)
    makefile: str = ""
    target: str = ""

    @property
    def ctest(self) -> bool:
        """Whether a configured CMake build runs them."""
        return not self.makefile


class Runner:
    """Runs one suite with one text or another in the document's place. ``timeout`` in seconds, for a whole run."""

    def __init__(self, sandbox: Sandbox, place: Place, suite: Suite, *, timeout: float, language: Language) -> None:
        self._sandbox = sandbox
        self._place = place
        self._suite = suite
        self._timeout = timeout
        self._language = language

    async def run(self, text: str, only: Sequence[str] | None) -> SuiteRun:
        """See :class:`forge_lsp.builds.suites.Suite`. Raises EnvironmentFault."""
        return await self._whole(text, only, unseen=False)

    async def run_unseen(self, text: str) -> SuiteRun:
        """Return the same where the sources of the tests are emptied between their build and their run. Raises
        EnvironmentFault."""
        return await self._whole(text, None, unseen=True)

    async def _whole(self, text: str, only: Sequence[str] | None, *, unseen: bool) -> SuiteRun:
        found, output = await self._once(text, only, unseen=unseen)
        names = linked_names(output) if found.uncollected and self._language is Language.C else ()
        if not names:
            return found
        # What nobody defines keeps the whole from being linked; what does not call it can be run all the same.
        rest, _ = await self._once(with_missing(text, names), only, unseen=unseen)
        ran = {
            name: run
            for name, run in rest.runs.items()
            if name and (run.state is RunState.PASSED or run.cause is Cause.SCOPE)
        }
        return SuiteRun(runs={**ran, **found.runs}, uncollected=found.uncollected, words=found.words)

    async def _once(self, text: str, only: Sequence[str] | None, *, unseen: bool) -> tuple[SuiteRun, str]:
        touched = {PurePosixPath(name): content.encode() for name, content in self._suite.reading.tests.items()}
        extra = {**touched, FOLDER / "assert.h": ASSERT.encode()}
        async with self._sandbox.open(self._place.tree(text, extra)) as box:
            if unseen:
                await self._empty_sources(box)
            reading = self._suite.reading.of(text)
            if self._suite.ctest:
                return await self._ctest(box, only, reading, unseen=unseen)
            return await self._make(box, reading)

    async def _empty_sources(self, box: Box) -> None:
        """Build the tests, and empty their sources then: they keep their times, so that nothing is built again."""
        if self._suite.ctest:
            await self._remove_programs(box)
            await self._in(box, "cmake", "--build", ".")
        else:
            await self._in(box, "make", "-f", self._suite.makefile, "-k", self._suite.target)
        sources = [name for name in self._suite.reading.tests if PurePosixPath(name).suffix in SOURCES]
        await box.run(
            ("/bin/sh", "-c", _EMPTY, "sh", *(str(box.root / name) for name in sources)), timeout=self._timeout
        )

    async def _make(self, box: Box, reading: Reading) -> tuple[SuiteRun, str]:
        command = ("make", "-f", self._suite.makefile)
        result = await self._in(box, *command, "-k", self._suite.target)
        output = _text(result)
        if result.code != 0 and not result.timed_out and (unbuilt := reading.unbuilt(output)) is not None:
            runs = reading.runs(tests_in(output, str(box.root)))
            return SuiteRun(runs=runs, uncollected={"": unbuilt}, words=unbuilt.detail), output
        told = tests_in(output, str(box.root))
        if result.code != 0 and not result.timed_out and told:
            # A recipe stops at its first program that fails: what is built already is run once more, to its end.
            more = await self._in(box, *command, "-i", self._suite.target)
            told = tests_in(_text(more), str(box.root)) | told
        runs = reading.runs(told)
        stopped = f"it did not finish in {self._timeout:g} s" if result.timed_out else ""
        words = f"{output[-400:]}\n{stopped}" if stopped else output
        runs[""] = reading.whole(runs, output, ok=result.code == 0 and not stopped, stopped=stopped)
        return SuiteRun(runs=runs, words=tail(words)), output

    async def _ctest(
        self, box: Box, only: Sequence[str] | None, reading: Reading, *, unseen: bool
    ) -> tuple[SuiteRun, str]:
        if str(box.root) != str(self._place.source):
            raise EnvironmentFault(
                "the CMake build folder knows its own place, and the sandbox of this machine has it elsewhere",
                remedy=self._sandbox.remedy,
            )
        if not unseen:
            await self._remove_programs(box)
        chosen = sorted({re.escape(name.partition(" ")[0]) for name in only or ()})
        picked = ("-R", f"^({'|'.join(chosen)})( |$)") if chosen else ()
        result = await self._in(box, "/bin/sh", "-c", _CTEST, "sh", str(box.root / _JUNIT), *picked)
        output = _text(result)
        built, _, tested = output.partition("forge-built: ")
        cases = _junit(box.read(_JUNIT))
        if cases is None:
            if not tested or result.timed_out:
                words = f"it did not finish in {self._timeout:g} s" if result.timed_out else tail(output)
                return SuiteRun(runs={"": failed(words)}, words=words), built
            cases = {name: (state, "") for name, state in ctest_results(tested).items()}
        unbuilt = reading.unbuilt(built) if not tested.startswith("0") else None
        runs: dict[str, Run] = {}
        uncollected: dict[str, Run] = {}
        for name, (state, said) in cases.items():
            if state is None:
                if unbuilt is not None:
                    uncollected[name] = unbuilt
                else:
                    runs[name] = skipped(tail(said))
                continue
            subs = reading.runs(_prefixed(name, tests_in(said, str(box.root))))
            runs |= subs
            runs[name] = reading.whole(subs, said, ok=state)
        if unbuilt is not None and not uncollected and not cases:
            uncollected[""] = unbuilt
        return SuiteRun(runs=runs, uncollected=uncollected, words=tail(output)), built

    async def _remove_programs(self, box: Box) -> None:
        """Remove the test programs of an earlier build: one that cannot be built must not be there to run."""
        listed = await self._in(box, "ctest", "--show-only=json-v1")
        try:
            known = cast("dict[str, Any]", json.loads(listed.stdout))
        except ValueError:
            return
        inside = f"{box.root / self._suite.folder}/"
        commands = [cast("list[str]", test.get("command") or []) for test in known.get("tests", [])]
        programs = sorted({command[0] for command in commands if command and command[0].startswith(inside)})
        if programs:
            await self._in(box, "rm", "-f", *programs)

    async def _in(self, box: Box, *command: str) -> ProcessResult:
        return await box.run(
            ("/bin/sh", "-c", _IN, "sh", str(self._suite.folder), *command),
            timeout=self._timeout,
            env={"CPATH": str(box.root / FOLDER)},
            loopback=True,
        )


def suite_of(task: Task, place: Place) -> Suite | None:
    """Return the tests of the project, if one of their files speaks of the scope, what calls it, or (where neither is
    named) its document; else None."""
    if place.source is None:
        return None
    reading = _reading(task, place)
    if reading is None:
        return None
    for folder in place.folders():
        for build in _BUILDS:
            path = folder / build
            if place.is_file(path / "CTestTestfile.cmake") and place.is_file(path / "CMakeCache.txt"):
                silent = _silent(place, path, reading)
                return Suite(name="ctest", folder=path, reading=replace(reading, silent=silent))
    makefile = place.nearest(*_MAKEFILES)
    target = _TARGET.search(place.text(makefile) or "") if makefile is not None else None
    if makefile is None or target is None:
        return None
    name = f"make {target['name']}"
    return Suite(name=name, folder=makefile.parent, reading=reading, makefile=makefile.name, target=target["name"])


def ctest_results(output: str) -> dict[str, bool | None]:
    """Return what ctest printed: whether each test passed; None for one that was not run."""
    return {
        match["name"]: None if any(word in match["how"] for word in _NOT_RUN) else match["how"] == "Passed"
        for match in _LINE.finditer(output)
    }


def _silent(place: Place, folder: PurePosixPath, reading: Reading) -> frozenset[str]:
    """The tests of a build folder whose program is known, and whose own texts do not name the scope."""
    assert place.source is not None, "asked for a workspace only"
    sources: dict[str, str] = {}
    for file, _ in project_files(place.source, ("CMakeLists.txt",)):
        for match in _EXECUTABLE.finditer(place.text(PurePosixPath(file)) or ""):
            sources[match["name"]] = match["sources"]
    found: set[str] = set()
    pending = [folder]
    for here in pending:  # grows while it is walked
        text = place.text(here / "CTestTestfile.cmake") or ""
        pending += [here / match["name"] for match in _SUBDIRS.finditer(text)][: _MOST_FOLDERS - len(pending)]
        for match in _ADDED.finditer(text):
            words = re.findall(r"\"([^\"]*)\"", match["command"])
            inside = bool(words) and PurePosixPath(words[0]).is_relative_to(place.source / folder)
            named = sources.get(PurePosixPath(words[0]).name) if inside else " ".join(words)
            if named is None:
                continue  # a program of which nothing is known may speak of it
            files = [content for file, content in reading.tests.items() if PurePosixPath(file).name in named]
            if (inside and not files) or any(reading.cause(content) is Cause.SCOPE for content in files):
                continue
            found.add(match["long"] or match["short"])
    return frozenset(found)


def _junit(log: bytes | None) -> dict[str, tuple[bool | None, str]] | None:
    """What ctest wrote of each test: its state and its output."""
    if log is None or len(log) > _MOST_LOG:
        return None
    try:
        root = ElementTree.fromstring(log)
    except ElementTree.ParseError:
        return None
    states: Mapping[str, bool | None] = {"run": True, "fail": False}
    found: dict[str, tuple[bool | None, str]] = {}
    for case in root.iter("testcase"):
        failure = case.find("failure")
        why = "" if failure is None else failure.get("message", "")
        said = f"{case.findtext('system-out', '')}\n{why}".strip()
        state = states.get(case.get("status", ""))
        found[case.get("name", "")] = (state if failure is None or state is None else False, said)
    return found


def _prefixed(name: str, told: Mapping[str, Told]) -> dict[str, Told]:
    return {f"{name} {sub}": one for sub, one in told.items()}


def _text(result: ProcessResult) -> str:
    text = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace").strip()
    return text.replace("\u2018", "'").replace("\u2019", "'")  # compilers quote so in an UTF-8 locale


def _reading(task: Task, place: Place) -> Reading | None:
    assert place.source is not None, "asked for a workspace only"
    tests: dict[str, str] = {}
    called: set[str] = set()
    for file, _ in project_files(place.source, (*MATTERS, ".sh")):
        if file == str(place.document):
            continue
        text = place.text(PurePosixPath(file)) or ""
        if _TEST_FILE.match(file):
            if len(tests) < _MOST_FILES and (PurePosixPath(file).suffix in SOURCES or file.endswith(".sh")):
                tests[file] = text
        elif PurePosixPath(file).suffix not in SOURCES:
            called |= calls_in(text)
    name = (task.scope.name or "").rpartition("::")[2]
    container = (task.scope.container or "").rpartition("::")[2].rpartition(".")[2]
    text = task.document.text
    own = tuple(dict.fromkeys(word for word in (name, *callers_of(text, name), container) if word))
    words = own or (place.document.stem,)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)")
    if not any(pattern.search(blanked(content, literals=False)) for content in tests.values()):
        return None
    defined = frozenset(one.name for one in functions_in(text))
    others = (defined | called) - set(own) - {"main"}
    return Reading(names=own, others=others, tests=tests, document=place.document.name, defined=defined)
