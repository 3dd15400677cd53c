"""Runs of the test suites of C and C++ projects, in temp copies."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, cast

from forge_lsp.checking.project import Place
from forge_lsp.checking.runs import SuiteRun, failed, skipped, tail
from forge_lsp.core.checks import Run
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Box, ProcessResult, Sandbox
from forge_lsp.languages.c_family.cutting import CutTests
from forge_lsp.languages.c_family.flags import SOURCES
from forge_lsp.languages.c_family.instrumenting import ASSERT, FOLDER, with_missing, without_warnings
from forge_lsp.languages.c_family.outputs import TestReport, missing_names, unlinked
from forge_lsp.languages.c_family.partly import MOST_ROUNDS, Changes, PartialRun, changes_for, merged
from forge_lsp.languages.c_family.reading import Reading
from forge_lsp.languages.c_family.suites import Suite
from forge_lsp.reading import parsed_xml, text_beside

__all__ = ["Runner", "ctest_results"]

_LINE = re.compile(r"^[ \t]*\d+/\d+ Test\s+#\d+: (?P<name>\S+) \.+\s*(?P<how>Passed|\*+\s*[\w ]+)", re.M)
_NOT_RUN = ("Not Run", "Skipped", "Disabled")
_JUNIT = PurePosixPath(".forge-ctest.xml")
_MOST_LOG = 16 * 1024 * 1024
_EMPTY = 'for one; do touch -r "$one" "$one.time" && : > "$one" && touch -r "$one.time" "$one"; rm -f "$one.time"; done'
_IN = 'cd "$1" && shift && exec "$@"'
_CTEST = text_beside(__file__, "runners/ctest.sh")
_TAR = ".forge-objects.tar"
_MANGLED: Mapping[str, str] = {
    # ld and gold; any linker that clang starts; the objects that lld, mold, and clang would remove.
    "COLLECT_NO_DEMANGLE": "1",
    "CCC_OVERRIDE_OPTIONS": f"# +-save-temps=obj{'' if sys.platform == 'darwin' else ' +-Wl,--no-demangle'}",
    "MOLD_REPRO": "1",
}
_OBJECTS = text_beside(__file__, "runners/objects.sh").replace("{TAR}", _TAR)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


@dataclass(slots=True)
class Runner:
    """Runs one suite with one text or another in the document's place. ``timeout`` in seconds, for a whole run.
    ``includers`` are the sources that include the document: many a Makefile does not know that they depend on it.
    ``strict`` is the text about which the project's warnings are errors, where its build says so (``-Werror``): a stub
    that does not use its parameters is to be tested all the same."""

    sandbox: Sandbox
    place: Place
    suite: Suite
    timeout: float
    includers: Sequence[PurePosixPath]
    strict: str
    _warnings: frozenset[str] = frozenset()
    _known: dict[frozenset[str], Sequence[str]] = field(default_factory=dict[frozenset[str], Sequence[str]])

    async def run(self, text: str, only: Sequence[str] | None) -> SuiteRun:
        """See :class:`forge_lsp.checking.suites.Suite`. Raises EnvironmentFault."""
        return await self._rounds(text, only, unseen=False)

    async def run_unseen(self, text: str) -> SuiteRun:
        """Return the same where the sources of the tests are emptied between their build and their run. Raises
        EnvironmentFault."""
        return await self._rounds(text, None, unseen=True)

    async def _rounds(self, text: str, only: Sequence[str] | None, *, unseen: bool) -> SuiteRun:
        reading = self.suite.reading.of(text)
        lenient = text != self.strict
        warnings = self._warnings if lenient else frozenset[str]()
        changes: Changes | None = Changes(cut=CutTests(self.suite.reading.tests), warnings=warnings)
        rounds: list[PartialRun] = []
        while changes is not None and len(rounds) < MOST_ROUNDS:
            rounds.append(await self._once(text, only, changes, reading, unseen=unseen))
            changes = changes_for(rounds, reading, lenient=lenient)
            if changes is not None and changes.warnings != rounds[-1].changes.warnings:
                self._warnings = changes.warnings
                rounds.clear()  # they kept the whole from being built
        return merged(rounds, reading)

    async def _once(
        self, text: str, only: Sequence[str] | None, changes: Changes, reading: Reading, *, unseen: bool
    ) -> PartialRun:
        touched = {PurePosixPath(name): content.encode() for name, content in changes.cut.remaining().items()}
        extra = {**touched, FOLDER / "assert.h": ASSERT.encode()}
        whole = with_missing(text, changes.symbols) if changes.symbols else text
        whole = without_warnings(whole, changes.warnings)
        async with self.sandbox.open(self.place.tree(whole, extra)) as box:
            if self.includers and not self.suite.ctest:
                stale = (str(box.root / name) for name in self.includers)
                await box.run(("touch", "-c", "--", *stale), timeout=self.timeout)
            if unseen:
                await self._empty_sources(box)
            if self.suite.ctest:
                run, output, wholes = await self._ctest(box, only, reading, unseen=unseen)
            else:
                run, output, wholes = await self._make(box, reading)
            named = unlinked(output) if run.uncollected else ()
            symbols = await self._symbols(box, named) if named else ()
        return PartialRun(
            run=run,
            output=output,
            wholes=frozenset(wholes),
            changes=changes,
            symbols=frozenset(symbols),
            names=frozenset(missing_names(output) if named else ()),
        )

    async def _symbols(self, box: Box, named: Sequence[str]) -> Sequence[str]:
        """What only the linker misses, as it is called in objects: linkers write C++ names as people do."""
        plain = [name for name in named if _IDENTIFIER.fullmatch(name)]
        others = frozenset(named) - frozenset(plain)
        if others and others not in self._known:
            self._known[others] = await self._mangled(box, others)
        return [*plain, *self._known.get(others, ())]

    async def _mangled(self, box: Box, named: Collection[str]) -> Sequence[str]:
        """Ask the linker once more for what it misses; where it cannot be asked, the objects."""
        env = {**_MANGLED, "LLD_REPRODUCE": str(box.root / _TAR)}
        command = ("cmake", "--build", ".") if self.suite.ctest else self._make_command(self.suite.target)
        again = unlinked(_text(await self._in(box, *command, env=env)))
        if again and all(_IDENTIFIER.fullmatch(name) for name in again):
            return [name for name in again if name.startswith("_Z")]
        script = f'cd "$1" && {_OBJECTS}'
        result = await box.run(("/bin/sh", "-c", script, "sh", str(box.root)), timeout=self.timeout)
        raw, _, readable = result.stdout.decode("utf-8", "replace").partition("forge-listed:\n")
        wanted = {re.sub(r"\s", "", name) for name in named}
        symbols = [
            symbol.partition(" ")[0]
            for symbol, name in zip(raw.split("\n"), readable.split("\n"), strict=False)
            if re.sub(r"\s", "", name.rpartition(" U")[0]) in wanted
        ]
        return [one.removeprefix("_") if one.startswith("__Z") else one for one in dict.fromkeys(symbols)]

    def _make_command(self, *arguments: str) -> tuple[str, ...]:
        return ("make", "-f", self.suite.makefile, *arguments)

    async def _empty_sources(self, box: Box) -> None:
        """Build the tests, and empty their sources then: they keep their times, so that nothing is built again."""
        if self.suite.ctest:
            await self._remove_programs(box)
            await self._in(box, "cmake", "--build", ".")
        else:
            await self._in(box, *self._make_command("-k", self.suite.target))
        sources = [name for name in self.suite.reading.tests if PurePosixPath(name).suffix in SOURCES]
        await box.run(
            ("/bin/sh", "-c", _EMPTY, "sh", *(str(box.root / name) for name in sources)), timeout=self.timeout
        )

    async def _make(self, box: Box, reading: Reading) -> tuple[SuiteRun, str, tuple[str, ...]]:
        result = await self._in(box, *self._make_command("-k", self.suite.target))
        output = _text(result)
        if result.code != 0 and not result.timed_out and (unbuilt := reading.unbuilt(output)) is not None:
            runs = reading.runs(reading.told(output, str(box.root)))
            return SuiteRun(runs=runs, uncollected={"": unbuilt}, words=unbuilt.detail), output, ("",)
        told = reading.told(output, str(box.root))
        if result.code != 0 and not result.timed_out and told:
            # A recipe stops at its first program that fails: what is built already is run once more, to its end.
            more = await self._in(box, *self._make_command("-i", self.suite.target))
            told = reading.told(_text(more), str(box.root)) | told
        runs = reading.runs(told)
        stopped = f"it did not finish in {self.timeout:g} s" if result.timed_out else ""
        words = f"{output[-400:]}\n{stopped}" if stopped else output
        runs[""] = reading.whole(runs, output, ok=result.code == 0 and not stopped, stopped=stopped)
        return SuiteRun(runs=runs, words=tail(words)), output, ("",)

    async def _ctest(
        self, box: Box, only: Sequence[str] | None, reading: Reading, *, unseen: bool
    ) -> tuple[SuiteRun, str, tuple[str, ...]]:
        if str(box.root) != str(self.place.source):
            raise EnvironmentFault(
                "the CMake build folder knows its own place, and the sandbox of this machine has it elsewhere",
                remedy=self.sandbox.remedy,
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
                words = f"it did not finish in {self.timeout:g} s" if result.timed_out else tail(output)
                return SuiteRun(runs={"": failed(words)}, words=words), output, ("",)
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
            subs = reading.runs(_prefixed(name, reading.told(said, str(box.root))))
            runs |= subs
            runs[name] = reading.whole(subs, said, ok=state)
        if unbuilt is not None and not uncollected and not cases:
            uncollected[""] = unbuilt
        return SuiteRun(runs=runs, uncollected=uncollected, words=tail(output)), output, tuple(cases) or ("",)

    async def _remove_programs(self, box: Box) -> None:
        """Remove the test programs of an earlier build: one that cannot be built must not be there to run."""
        listed = await self._in(box, "ctest", "--show-only=json-v1", merged=False)
        try:
            known = cast("dict[str, Any]", json.loads(listed.stdout))
        except ValueError:
            return
        inside = f"{box.root / self.suite.folder}/"
        commands = [cast("list[str]", test.get("command") or []) for test in known.get("tests", [])]
        programs = sorted({command[0] for command in commands if command and command[0].startswith(inside)})
        if programs:
            await self._in(box, "rm", "-f", *programs)

    async def _in(
        self, box: Box, *command: str, env: Mapping[str, str] | None = None, merged: bool = True
    ) -> ProcessResult:
        # In one stream: what is said of a test stands where it was said.
        return await box.run(
            ("/bin/sh", "-c", f"{_IN} 2>&1" if merged else _IN, "sh", str(self.suite.folder), *command),
            timeout=self.timeout,
            env={"CPATH": str(box.root / FOLDER), **(env or {})},
            loopback=True,
        )


def ctest_results(output: str) -> dict[str, bool | None]:
    """Return what ctest printed: whether each test passed; None for one that was not run."""
    return {
        match["name"]: None if any(word in match["how"] for word in _NOT_RUN) else match["how"] == "Passed"
        for match in _LINE.finditer(output)
    }


def _junit(log: bytes | None) -> dict[str, tuple[bool | None, str]] | None:
    """What ctest wrote of each test: its state and its output."""
    if log is None:
        return None
    try:
        root = parsed_xml(log.decode("utf-8", "replace"), most=_MOST_LOG)
    except ValueError:
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


def _prefixed(name: str, told: Mapping[str, TestReport]) -> dict[str, TestReport]:
    return {f"{name} {sub}": one for sub, one in told.items()}


def _text(result: ProcessResult) -> str:
    text = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace").strip()
    return text.replace("\u2018", "'").replace("\u2019", "'")  # compilers quote so in an UTF-8 locale
