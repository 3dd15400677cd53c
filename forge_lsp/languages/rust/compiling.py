"""The test programs of one text of a document: compiled in a box, without the tests that cannot be compiled yet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.checking.project import Place
from forge_lsp.checking.runs import uncollected
from forge_lsp.core.checks import Cause
from forge_lsp.core.checks import Run as TestRun
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.languages.rust.crates import Target, Workspace
from forge_lsp.languages.rust.missing import Document, MissingNames, lack_of, pruned
from forge_lsp.languages.rust.programs import MustFail, Program, listed
from forge_lsp.languages.rust.runs import Run, fault_of
from forge_lsp.languages.rust.speaking import PackageTests, words_of
from forge_lsp.languages.rust.tools import messages, place_of_span

__all__ = ["Compiled", "test_name"]

_ROUNDS = 6
_MOST_OTHERS = 4
_ABORTED = re.compile(r"^aborting due to|^Some errors have|^For more information|^could not compile")


def test_name(target: Target, name: str) -> str:
    """Return what a test is called in a report: with the first file of its target, which tells two of one name
    apart."""
    return f"{target.file}: {name}"


@dataclass(slots=True, kw_only=True)
class Compiled:
    """The test programs of one text. ``text`` holds the user's own examples and tests; ``speaking`` says what calls the
    scope."""

    run: Run
    place: Place
    workspace: Workspace
    speaking: PackageTests
    document: Document
    text: str
    defined: frozenset[str] = frozenset()
    """For a candidate's text: what the user's defines."""
    files: dict[PurePosixPath, str] = field(default_factory=dict[PurePosixPath, str])
    """What was written over the text and the project's files."""
    programs: list[Program] = field(default_factory=list[Program])
    unrun: dict[str, TestRun] = field(default_factory=dict[str, TestRun])
    """Tests that were left out, by their names in a report."""
    uncollected: dict[str, TestRun] = field(default_factory=dict[str, TestRun])
    words: str = ""
    """What cargo said."""

    async def compile(self) -> None:
        """Compile the tests that speak of the scope, without those that cannot be compiled.

        Raises EnvironmentFault where cargo itself cannot work.
        """
        targets = self.speaking.tested(self.workspace.targets)
        if not self.speaking.calling(self.workspace.targets):
            # Nothing of its own speaks of it: what depends on it may, another package of the workspace.
            targets = self.speaking.calling(self.workspace.others)[:_MOST_OTHERS] or targets
        must_fail = {target: MustFail.fresh() for target in targets}
        if not targets:
            return
        self.files = {}
        for target in targets:
            text = self.content(target.file)
            if text is not None:
                await self.write(target.file, text + must_fail[target].text)
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

    async def _build(self, targets: Sequence[Target]) -> tuple[dict[str, str], list[MissingNames], str]:
        """The programs that came of it by the first file of their target, and the errors."""
        built: dict[str, str] = {}
        lacks: list[MissingNames] = []
        said = ""
        for package in dict.fromkeys(target.package for target in targets):
            own = [target for target in targets if target.package == package]
            said += await self._build_of(package, own, built, lacks)
        lacks = list({(lack.file, lack.line, lack.names, lack.words): lack for lack in lacks}.values())
        self.words = said or self.words
        return built, lacks, said

    async def _build_of(
        self, package: str, targets: Sequence[Target], built: dict[str, str], lacks: list[MissingNames]
    ) -> str:
        """Compile targets of one package into ``built`` and ``lacks``; what cargo said where it failed."""
        words = [word for target in targets for word in target.chosen]
        of_package = self.workspace.chosen(package) if package else self.workspace.own
        result = await self.run.run_cargo(
            "test", "--offline", "--no-run", "--no-fail-fast", "--message-format", "json", *of_package, *words
        )
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
            lacks.append(self.owned(lack_of(told, self.document, places)))
        return result.stderr.decode("utf-8", "replace") if result.code != 0 else ""

    def owned(self, lack: MissingNames) -> MissingNames:
        """Return an error of a candidate's text, as its own: nothing is missing, or it was there."""
        lost = not self.defined.isdisjoint(lack.names)
        if self.defined and lack.cause is not Cause.ENVIRONMENT and (lost or not lack.names):
            return replace(lack, names=(), cause=Cause.SCOPE)
        return lack

    async def _prune(self, lacks: Sequence[MissingNames], targets: Sequence[Target], gone: dict[str, TestRun]) -> bool:
        """Leave out the tests that cannot be compiled; False where something else cannot, or nothing was left out."""
        by_file: dict[PurePosixPath, list[MissingNames]] = {}
        for lack in lacks:
            by_file.setdefault(PurePosixPath(lack.file), []).append(lack)
        left_out = False
        integration = {
            file: target for target in targets if target.kind == "test" for file in self.speaking.files_of(target)
        }
        for file, own in by_file.items():
            text = self.content(file)
            found = pruned(text, own, whole=file in integration, gone=gone) if text is not None else None
            if found is None or text is None:
                continue
            gone.update(found.gone)
            await self._keep(file, text, found.text, found.tests, targets)
            left_out = left_out or found.text != text
        for file in integration:  # helpers of other files that are gone
            text = self.content(file)
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
            await self.write(file, kept)
        for path, run in tests.items():
            for target in targets:
                if file in self.speaking.files_of(target):
                    self.unrun[test_name(target, "::".join((*_modules(target, file), *path)))] = run

    def _give_up(self, lacks: Sequence[MissingNames], targets: Sequence[Target], built: Mapping[str, object]) -> None:
        """What is not compiled, whatever is left out: targets by themselves, or all."""
        root = self.run.box.root
        tests = {file for target in targets if target.kind == "test" for file in self.speaking.files_of(target)}
        deep = [lack for lack in lacks if PurePosixPath(lack.file) not in tests]
        for target in targets:
            if str(root / target.file) in built:
                continue
            own = [lack for lack in lacks if PurePosixPath(lack.file) in self.speaking.files_of(target)]
            known = own if target.kind == "test" and own and not deep else deep or own or list(lacks)
            self.uncollected[test_name(target, "")] = _joined(known)
        if not built and deep:
            self.uncollected = {"": _joined(deep)}

    async def _list(
        self, targets: Sequence[Target], built: Mapping[str, str], must_fail: Mapping[Target, MustFail]
    ) -> None:
        for target in targets:
            known = built.get(str(self.run.box.root / target.file))
            if known is None:
                continue
            folder = self.run.box.root / (target.folder if target.package else self.run.crate.folder)
            program = await listed(self.run, target, Path(known), folder, must_fail[target])
            if program is None:
                reason = "its tests have a runner of their own, whose results cannot be checked"
                self.uncollected[test_name(target, "")] = uncollected(reason, cause=Cause.ENVIRONMENT)
            else:
                self.programs.append(program)

    def content(self, file: PurePosixPath) -> str | None:
        """Return what a file holds in the box, but for the examples that are added."""
        if file in self.files:
            return self.files[file]
        return self.text if file == self.place.document else self.place.text(file)

    async def write(self, file: PurePosixPath, text: str, *, keep: bool = True) -> None:
        """Write a file in the box. Raises EnvironmentFault."""
        if keep:
            self.files[file] = text
        words = ("/bin/sh", "-c", 'cat > "$1"', "sh", str(self.run.box.root / file))
        result = await self.run.run_program(words, stdin=text.encode("utf-8", "surrogatepass"))
        if result.code != 0:
            raise EnvironmentFault(f"{file} could not be written in the temp copy", remedy="forge-lsp doctor")


def _modules(target: Target, file: PurePosixPath) -> tuple[str, ...]:
    """The modules that a file is in, by its place below the first file of its target."""
    if file == target.file or not file.is_relative_to(target.file.parent):
        return ()
    parts = file.relative_to(target.file.parent).with_suffix("").parts
    return parts[:-1] if parts[-1] == "mod" else parts


def _joined(lacks: Sequence[MissingNames]) -> TestRun:
    causes = {lack.cause for lack in lacks}
    cause = next(
        (cause for cause in (Cause.SCOPE, Cause.ELSEWHERE, Cause.ENVIRONMENT) if cause in causes), Cause.UNKNOWN
    )
    names = tuple(dict.fromkeys(name for lack in lacks for name in lack.names))
    return uncollected("; ".join(lack.words for lack in lacks[:3]), cause=cause, missing=names)
