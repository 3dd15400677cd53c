"""One text of a document, with the tests of its package: compiled once in a box, run as often as is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.builds.project import Place
from forge_lsp.builds.rust.crates import Target, Workspace
from forge_lsp.builds.rust.examples import Example, examples_of, twin_of
from forge_lsp.builds.rust.judging import failed_run
from forge_lsp.builds.rust.missing import Document, Lack, lack_of, lack_of_words, pruned
from forge_lsp.builds.rust.programs import Ended, MustFail, Program, listed, settled
from forge_lsp.builds.rust.reports import Doctest, doctests_in
from forge_lsp.builds.rust.runs import Run, fault_of
from forge_lsp.builds.rust.source import items_of, walked
from forge_lsp.builds.rust.speaking import Speaking, words_of
from forge_lsp.builds.rust.tools import messages, place_of_span
from forge_lsp.builds.suites import SuiteRun, failed, passed, skipped, tail, uncollected
from forge_lsp.domain.checks import Cause
from forge_lsp.domain.checks import Run as TestRun
from forge_lsp.domain.errors import EnvironmentFault

__all__ = ["Testing", "doctest_name", "test_name"]

_ROUNDS = 6
_ABORTED = re.compile(r"^aborting due to|^Some errors have|^For more information|^could not compile")


def test_name(target: Target, name: str) -> str:
    """Return what a test is called in a report: with the first file of its target, which tells two of one name
    apart."""
    return f"{target.file}: {name}"


def doctest_name(file: str, path: str, number: int) -> str:
    """Return what an example is called in a report: without its line, which moves with the text above it."""
    return f"{file} - {path} ({number})"


@dataclass(slots=True, kw_only=True)
class Testing:
    """Tests of one text. ``text`` holds the user's own examples and tests; ``speaking`` says what calls the scope,
    ``examples`` which of the document's are wanted, by their items' names and what they name."""

    run: Run
    place: Place
    workspace: Workspace
    speaking: Speaking
    document: Document
    examples: frozenset[str]
    text: str
    defined: frozenset[str] = frozenset()
    """For a candidate's text: what the user's defines."""
    forged: set[str] = field(default_factory=set[str])
    """Why a proof is not believed, as far as running the tests showed it."""
    proving: dict[str, bool] = field(default_factory=dict[str, bool])
    """Whether an example proves something, by its name."""
    _files: dict[PurePosixPath, str] = field(default_factory=dict[PurePosixPath, str])
    _programs: list[Program] = field(default_factory=list[Program])
    _unrun: dict[str, TestRun] = field(default_factory=dict[str, TestRun])
    _uncollected: dict[str, TestRun] = field(default_factory=dict[str, TestRun])
    _hung: dict[str, TestRun] = field(default_factory=dict[str, TestRun])
    """Tests that never ended: they are not waited for again."""
    _hidden: list[PurePosixPath] = field(default_factory=list[PurePosixPath])
    _prepared: bool = False
    _words: str = ""

    async def outcome(self, only: Sequence[str] | None) -> SuiteRun:
        """Run the tests, or those named. Raises EnvironmentFault where cargo itself cannot work."""
        if not self._prepared:
            self._prepared = True
            await self._prepare()
        wanted = None if only is None else frozenset(only)
        runs = {name: run for name, run in self._unrun.items() if wanted is None or name in wanted}
        if "" not in self._uncollected:
            runs.update(await self._doctests(wanted))
            await self._hide()
            for program in self._programs:
                runs.update(await self._tests(program, wanted))
        return SuiteRun(runs=runs, uncollected=self._uncollected, words=tail(self._words))

    async def close(self) -> None:
        """Leave no program behind: they were made unreadable, and cargo would not write over them."""
        paths = [str(program.path) for program in self._programs]
        if paths:
            await self.run.run_program(("/bin/rm", "-f", "--", *paths))

    # Compiling

    async def _prepare(self) -> None:
        targets = self.speaking.tested(self.workspace.targets)
        must_fail = {target: MustFail.fresh() for target in targets}
        if not targets:
            return
        self._files = {}
        for target in targets:
            text = self._text(target.file)
            if text is not None:
                await self._write(target.file, text + must_fail[target].text)
        built: dict[str, str] = {}
        gone: dict[str, TestRun] = {}
        for number in range(_ROUNDS):
            built, lacks, words = await self._build(targets)
            if not lacks:
                if not built and words:
                    fault = fault_of(words, self.run.crate)
                    raise EnvironmentFault(fault.reason, remedy=fault.remedy)
                break
            if not await self._prune(lacks, targets, gone) or number == _ROUNDS - 1:
                self._give_up(lacks, targets, built)
                break
        await self._list(targets, built, must_fail)

    async def _build(self, targets: Sequence[Target]) -> tuple[dict[str, str], list[Lack], str]:
        """The programs that came of it by the first file of their target, and the errors."""
        words = [word for target in targets for word in target.chosen]
        own = self.workspace.checked[0]
        result = await self.run.run_cargo(
            "test", "--offline", "--no-run", "--no-fail-fast", "--message-format", "json", "-p", own, *words
        )
        built: dict[str, str] = {}
        lacks: list[Lack] = []
        for message in messages(result.stdout):
            target = cast("dict[str, Any]", message.get("target") or {})
            if "path+file:" in str(message.get("package_id", "")):
                self.run.paths.add(str(target.get("name")))
            if message.get("reason") == "compiler-artifact" and message.get("executable"):
                profile = cast("dict[str, Any]", message.get("profile") or {})
                if profile.get("test") is True:
                    built[str(target.get("src_path"))] = str(message["executable"])
            told = cast("dict[str, Any]", message.get("message") or {})
            if message.get("reason") != "compiler-message" or not str(told.get("level")).startswith("error"):
                continue
            if _ABORTED.match(str(told.get("message"))):
                continue
            places = place_of_span(told, root=self.run.box.root, folder=self.workspace.folder)
            lacks.append(self._owned(lack_of(told, self.document, places)))
        lacks = list({(lack.file, lack.line, lack.names, lack.words): lack for lack in lacks}.values())
        self._words = result.stderr.decode("utf-8", "replace") if result.code != 0 else self._words
        return built, lacks, self._words if result.code != 0 else ""

    def _owned(self, lack: Lack) -> Lack:
        """An error of a candidate's text, where what is not there was there before, or nothing is missing: its own."""
        lost = not self.defined.isdisjoint(lack.names)
        if self.defined and lack.cause is not Cause.ENVIRONMENT and (lost or not lack.names):
            return replace(lack, names=(), cause=Cause.SCOPE)
        return lack

    async def _prune(self, lacks: Sequence[Lack], targets: Sequence[Target], gone: dict[str, TestRun]) -> bool:
        """Leave out the tests that cannot be compiled; False where something else cannot, or nothing was left out."""
        by_file: dict[PurePosixPath, list[Lack]] = {}
        for lack in lacks:
            by_file.setdefault(PurePosixPath(lack.file), []).append(lack)
        left_out = False
        integration = {
            file: target for target in targets if target.kind == "test" for file in self.speaking.files_of(target)
        }
        for file, own in by_file.items():
            text = self._text(file)
            found = pruned(text, own, whole=file in integration, gone=gone) if text is not None else None
            if found is None or text is None:
                continue
            gone.update(found.gone)
            await self._keep(file, text, found.text, found.tests, targets)
            left_out = left_out or found.text != text
        for file in integration:  # helpers of other files that are gone
            text = self._text(file)
            if text is not None and gone and (file not in by_file) and not gone.keys().isdisjoint(words_of(text)):
                found = pruned(text, (), whole=True, gone=gone)
                if found is not None:
                    await self._keep(file, text, found.text, found.tests, targets)
        return left_out

    async def _keep(
        self,
        file: PurePosixPath,
        text: str,
        kept: str,
        tests: Mapping[tuple[str, ...], TestRun],
        targets: Sequence[Target],
    ) -> None:
        if kept != text:
            await self._write(file, kept)
        for path, run in tests.items():
            for target in targets:
                if file in self.speaking.files_of(target):
                    self._unrun[test_name(target, "::".join((*_modules(target, file), *path)))] = run

    def _give_up(self, lacks: Sequence[Lack], targets: Sequence[Target], built: Mapping[str, object]) -> None:
        """What is not compiled, whatever is left out: targets by themselves, or all."""
        root = self.run.box.root
        tests = {file for target in targets if target.kind == "test" for file in self.speaking.files_of(target)}
        deep = [lack for lack in lacks if PurePosixPath(lack.file) not in tests]
        for target in targets:
            if str(root / target.file) in built:
                continue
            own = [lack for lack in lacks if PurePosixPath(lack.file) in self.speaking.files_of(target)]
            known = own if target.kind == "test" and own and not deep else deep or own or list(lacks)
            self._uncollected[test_name(target, "")] = _joined(known)
        if not built and deep:
            self._uncollected = {"": _joined(deep)}

    async def _list(
        self, targets: Sequence[Target], built: Mapping[str, str], must_fail: Mapping[Target, MustFail]
    ) -> None:
        folder = self.run.box.root / self.run.crate.folder
        for target in targets:
            known = built.get(str(self.run.box.root / target.file))
            if known is None:
                continue
            program = await listed(self.run, target, Path(known), folder, must_fail[target])
            if program is None:
                reason = "its tests have a runner of their own, whose results cannot be checked"
                self._uncollected[test_name(target, "")] = uncollected(reason, cause=Cause.ENVIRONMENT)
            else:
                self._programs.append(program)

    # Running

    async def _tests(self, program: Program, wanted: frozenset[str] | None) -> dict[str, TestRun]:
        target = program.target
        names = [name for name in program.tests if wanted is None or test_name(target, name) in wanted]
        runs = {test_name(target, name): skipped() for name in names if name in program.ignored}
        known = {name: self._hung[test_name(target, name)] for name in names if test_name(target, name) in self._hung}
        runs.update({test_name(target, name): run for name, run in known.items()})
        for name, ended in (await settled(self.run, program, [name for name in names if name not in known])).items():
            runs[test_name(target, name)] = passed() if ended.passed else self._failed(target, name, ended)
            if ended.hung:
                self._hung[test_name(target, name)] = runs[test_name(target, name)]
        return runs

    def _failed(self, target: Target, name: str, ended: Ended) -> TestRun:
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
            await self._write(hidden, self._text(hidden) or "")
        self._hidden = []
        # The twins stand below the text, whose lines stay where they are.
        text = self._text(self.place.document) or self.text
        twins: dict[int, tuple[str, str]] = {}
        for example in chosen:
            if example.proves:
                mark = MustFail.fresh()
                text += twin_of(example, mark.module, mark.words)
                twins[example.line] = (mark.module, mark.words)
        await self._write(self.place.document, text, keep=False)
        filters = [
            f"{example.name} (line {example.line})" if example.name else f"(line {example.line})" for example in chosen
        ]
        own = self.workspace.checked[0]
        result = await self.run.run_cargo(
            *("test", "--offline", "--no-fail-fast", "--doc", "-p", own, "--"),
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
                runs[name] = self._example(test, must_fail, twin[1] if twin is not None else "")
        if not tests and result.code != 0:
            lack = self._owned(lack_of_words(result.stderr.decode("utf-8", "replace"), self.document))
            reason = f"it did not finish in {self.run.timeout:g} s" if result.timed_out else lack.words
            for example in chosen:
                name = doctest_name(file, example.name, numbers[example.line])
                state = (
                    failed(reason) if result.timed_out else uncollected(reason, cause=lack.cause, missing=lack.names)
                )
                runs[name] = state
        return {name: run for name, run in runs.items() if wanted is None or name in wanted}

    def _example(self, test: Doctest, must_fail: Doctest | None, words: str) -> TestRun:
        if test.state == "ignored":
            return skipped("it is marked ignore")
        if test.state == "ok":
            if not words or (must_fail is not None and words in must_fail.words):
                return passed()
            if must_fail is not None and must_fail.state == "FAILED" and "panicked" not in must_fail.words:
                return passed()  # its twin does not compile: nothing is known but what rustdoc says
            self.forged.add("the code ends the process while it is tested")
            return failed("the code ended the process before the example was over", cause=Cause.SCOPE)
        if "Couldn't compile the test" in test.words or re.search(r"^error(?:\[E\d+\])?:", test.words, re.M):
            lack = self._owned(lack_of_words(test.words, self.document))
            return uncollected(lack.words, cause=lack.cause, missing=lack.names)
        return failed_run(
            test.words, document=self.document, speaks=True, names=tuple(self.speaking.called), read=self._read
        )

    def _wants(self, example: Example) -> bool:
        named = self.speaking.names
        return not named or example.name in self.examples or not named.isdisjoint(words_of("\n".join(example.body)))

    # Files

    def _text(self, file: PurePosixPath) -> str | None:
        if file in self._files:
            return self._files[file]
        return self.text if file == self.place.document else self.place.text(file)

    def _read(self, name: str) -> str | None:
        file = self.workspace.folder / name
        return self.text if file == self.place.document else self.place.text(file)

    async def _write(self, file: PurePosixPath, text: str, *, keep: bool = True) -> None:
        if keep:
            self._files[file] = text
        words = ("/bin/sh", "-c", 'cat > "$1"', "sh", str(self.run.box.root / file))
        result = await self.run.run_program(words, stdin=text.encode("utf-8", "surrogatepass"))
        if result.code != 0:
            raise EnvironmentFault(f"{file} could not be written in the temp copy", remedy="forge-lsp doctor")

    async def _hide(self) -> None:
        """Take the sources of tests away before a test runs: what they expect cannot be read there."""
        root = self.run.box.root
        files = {file for program in self._programs for file in self.speaking.files_of(program.target)}
        self._hidden = [
            file for file in files if any(item.is_test for item in walked(items_of(self._text(file) or "")))
        ]
        if self._hidden:
            await self.run.run_program(("/bin/rm", "-f", "--", *(str(root / file) for file in self._hidden)))


def _modules(target: Target, file: PurePosixPath) -> tuple[str, ...]:
    """The modules that a file is in, by its place below the first file of its target."""
    if file == target.file or not file.is_relative_to(target.file.parent):
        return ()
    parts = file.relative_to(target.file.parent).with_suffix("").parts
    return parts[:-1] if parts[-1] == "mod" else parts


def _joined(lacks: Sequence[Lack]) -> TestRun:
    causes = {lack.cause for lack in lacks}
    cause = next(
        (cause for cause in (Cause.SCOPE, Cause.ELSEWHERE, Cause.ENVIRONMENT) if cause in causes), Cause.UNKNOWN
    )
    names = tuple(dict.fromkeys(name for lack in lacks for name in lack.names))
    return uncollected("; ".join(lack.words for lack in lacks[:3]), cause=cause, missing=names)


def _numbers(examples: Sequence[Example]) -> dict[int, int]:
    """Which of its item's examples each is, by its line."""
    count: dict[str, int] = {}
    found: dict[int, int] = {}
    for example in examples:
        count[example.name] = found[example.line] = count.get(example.name, 0) + 1
    return found
