"""One text of a document, with the tests of its package: compiled once in a box, run as often as is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from forge_lsp.checking.runs import SuiteRun, failed, passed, skipped, tail, uncollected
from forge_lsp.core.checks import Cause
from forge_lsp.core.checks import Run as TestRun
from forge_lsp.languages.rust.compiling import Compiled, test_name
from forge_lsp.languages.rust.crates import Target
from forge_lsp.languages.rust.examples import Example, examples_of, twin_of
from forge_lsp.languages.rust.judging import failed_run
from forge_lsp.languages.rust.missing import lack_of_words
from forge_lsp.languages.rust.programs import MustFail, Program, TestEnd, settled
from forge_lsp.languages.rust.reports import Doctest, doctests_in
from forge_lsp.languages.rust.source import items_of, walked
from forge_lsp.languages.rust.speaking import words_of

__all__ = ["Testing", "doctest_name"]

_UNNAMED = re.compile(r"cannot find (?:[\w ,/]+ )?`\w+!?` in this scope")


def doctest_name(file: str, path: str, number: int) -> str:
    """Return what an example is called in a report: without its line, which moves with the text above it."""
    return f"{file} - {path} ({number})"


@dataclass(slots=True, kw_only=True)
class Testing(Compiled):
    """Tests of one text. ``examples`` are those of the document that are wanted, by their items' names."""

    examples: frozenset[str]
    forged: set[str] = field(default_factory=set[str])
    """Why a proof is not believed, as far as running the tests showed it."""
    proving: dict[str, bool] = field(default_factory=dict[str, bool])
    """Whether an example proves something, by its name."""
    _hung: dict[str, TestRun] = field(default_factory=dict[str, TestRun])
    """Tests that never ended: they are not waited for again."""
    _hidden: list[PurePosixPath] = field(default_factory=list[PurePosixPath])
    _prepared: bool = False

    async def outcome(self, only: Sequence[str] | None) -> SuiteRun:
        """Run the tests, or those named. Raises EnvironmentFault where cargo itself cannot work."""
        if not self._prepared:
            self._prepared = True
            await self.compile()
        wanted = None if only is None else frozenset(only)
        runs = {name: run for name, run in self.unrun.items() if wanted is None or name in wanted}
        if "" not in self.uncollected:
            runs.update(await self._doctests(wanted))
            await self._hide()
            for program in self.programs:
                runs.update(await self._tests(program, wanted))
        return SuiteRun(runs=runs, uncollected=self.uncollected, words=tail(self.words))

    async def close(self) -> None:
        """Leave no program behind: they were made unreadable, and cargo would not write over them."""
        paths = [str(program.path) for program in self.programs]
        if paths:
            await self.run.run_program(("/bin/rm", "-f", "--", *paths))

    async def _tests(self, program: Program, wanted: frozenset[str] | None) -> dict[str, TestRun]:
        target = program.target
        names = [name for name in program.tests if wanted is None or test_name(target, name) in wanted]
        runs = {test_name(target, name): skipped(marked=True) for name in names if name in program.ignored}
        known = {name: self._hung[test_name(target, name)] for name in names if test_name(target, name) in self._hung}
        runs.update({test_name(target, name): run for name, run in known.items()})
        for name, ended in (await settled(self.run, program, [name for name in names if name not in known])).items():
            runs[test_name(target, name)] = passed() if ended.passed else self._failed(target, name, ended)
            if ended.hung:
                self._hung[test_name(target, name)] = runs[test_name(target, name)]
        return runs

    def _failed(self, target: Target, name: str, ended: TestEnd) -> TestRun:
        if ended.forged:
            self.forged.add("the code ends or changes the process while it is tested")
        return failed_run(
            ended.said,
            document=self.document,
            speaks=self.speaking.speaks(target, name),
            names=tuple(self.speaking.called),
            read=self._read,
            reason=ended.reason,
        )

    async def _doctests(self, wanted: frozenset[str] | None) -> dict[str, TestRun]:
        """Run the document's examples, each that passes with a twin that must fail."""
        file = str(self.place.document)
        every = examples_of(self.text)
        numbers = _numbers(every)
        chosen = [example for example in every if self._wants(example)]
        if not chosen or not any(target.kind == "lib" for target in self.workspace.targets):
            return {}
        if wanted is not None and not any(name.startswith(f"{file} - ") for name in wanted):
            return {}
        for hidden in self._hidden:
            await self.write(hidden, self.content(hidden) or "")
        self._hidden = []
        # The twins stand below the text, whose lines stay where they are.
        text = self.content(self.place.document) or self.text
        twins: dict[int, tuple[str, str]] = {}
        for example in chosen:
            if example.proves:
                mark = MustFail.fresh()
                text += twin_of(example, mark.module, mark.words)
                twins[example.line] = (mark.module, mark.words)
        await self.write(self.place.document, text, keep=False)
        filters = [
            f"{example.name} (line {example.line})" if example.name else f"(line {example.line})" for example in chosen
        ]
        result = await self.run.run_cargo(
            *("test", "--offline", "--no-fail-fast", "--doc", *self.workspace.own, "--"),
            *filters,
            *(mark for mark, _ in twins.values()),
            testing=True,
        )
        tests = doctests_in(result, self.document.compiled)
        runs: dict[str, TestRun] = {}
        lines = {example.line: example for example in chosen}
        for test in tests:
            example = lines.get(test.line)
            if example is None:
                continue
            name = doctest_name(file, test.path, numbers[test.line])
            self.proving[name] = example.proves
            if wanted is None or name in wanted:
                twin = twins.get(test.line)
                must_fail = next((one for one in tests if twin is not None and one.path.endswith(twin[0])), None)
                runs[name] = self._example(
                    test,
                    must_fail,
                    twin[1] if twin is not None else "",
                    imports=any("::*" in line for line in example.body),
                )
        if not tests and result.code != 0:
            lack = self.owned(lack_of_words(result.stderr.decode("utf-8", "replace"), self.document))
            reason = f"it did not finish in {self.run.timeout:g} s" if result.timed_out else lack.words
            for example in chosen:
                name = doctest_name(file, example.name, numbers[example.line])
                state = (
                    failed(reason) if result.timed_out else uncollected(reason, cause=lack.cause, missing=lack.names)
                )
                runs[name] = state
        return {name: run for name, run in runs.items() if wanted is None or name in wanted}

    def _example(self, test: Doctest, must_fail: Doctest | None, words: str, *, imports: bool) -> TestRun:
        if test.state == "ignored":
            return skipped("it is marked ignore", marked=True)
        if test.state == "ok":
            if not words or (must_fail is not None and words in must_fail.words):
                return passed()
            if must_fail is not None and must_fail.state == "FAILED" and "panicked" not in must_fail.words:
                return passed()  # its twin does not compile: nothing is known but what rustdoc says
            self.forged.add("the code ends the process while it is tested")
            return failed("the code ended the process before the example was over", cause=Cause.SCOPE)
        if "Couldn't compile the test" in test.words or re.search(r"^error(?:\[E\d+\])?:", test.words, re.M):
            lack = self.owned(lack_of_words(test.words, self.document))
            if not imports and _UNNAMED.search(test.words):
                # It names what its crate has as if it stood in it: no candidate can help that.
                return uncollected(lack.words, cause=Cause.ELSEWHERE)
            return uncollected(lack.words, cause=lack.cause, missing=lack.names)
        return failed_run(
            test.words, document=self.document, speaks=True, names=tuple(self.speaking.called), read=self._read
        )

    def _wants(self, example: Example) -> bool:
        named = self.speaking.names
        return not named or example.name in self.examples or not named.isdisjoint(words_of("\n".join(example.body)))

    def _read(self, name: str) -> str | None:
        file = self.workspace.folder / name
        return self.text if file == self.place.document else self.place.text(file)

    async def _hide(self) -> None:
        """Take the sources of tests away before a test runs: what they expect cannot be read there."""
        root = self.run.box.root
        files = {file for program in self.programs for file in self.speaking.files_of(program.target)}
        self._hidden = [
            file for file in files if any(item.is_test for item in walked(items_of(self.content(file) or "")))
        ]
        if self._hidden:
            await self.run.run_program(("/bin/rm", "-f", "--", *(str(root / file) for file in self._hidden)))


def _numbers(examples: Sequence[Example]) -> dict[int, int]:
    """Which of its item's examples each is, by its line."""
    count: dict[str, int] = {}
    found: dict[int, int] = {}
    for example in examples:
        count[example.name] = found[example.line] = count.get(example.name, 0) + 1
    return found
