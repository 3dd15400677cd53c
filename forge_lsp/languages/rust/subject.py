"""What is asked of a package's tests and examples for one task: which speak of the scope, which prove something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from forge_lsp.checking.project import Place
from forge_lsp.core.checks import CheckKind, CheckResult
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.languages.rust.crates import Target, Workspace
from forge_lsp.languages.rust.examples import examples_of
from forge_lsp.languages.rust.judging import scope_lines
from forge_lsp.languages.rust.missing import Document
from forge_lsp.languages.rust.project_tests import Testing
from forge_lsp.languages.rust.restoring import closed, in_tests, restored
from forge_lsp.languages.rust.runs import Run
from forge_lsp.languages.rust.source import TESTED, items_of, walked
from forge_lsp.languages.rust.speaking import PackageTests, names_of, words_of

__all__ = ["Subject", "subject_of"]

_MOST_FILES = 1_000


@dataclass(slots=True, kw_only=True)
class Subject:
    """A task's scope, and what of its package speaks of it."""

    task: Task
    place: Place
    speaking: PackageTests
    examples: frozenset[str]
    has_checks: bool
    asked_tests: bool
    """Whether tests are what is to be written: those of the scope prove nothing."""
    _targets: dict[str, Target] = field(default_factory=dict[str, Target])
    _proving: dict[str, bool] = field(default_factory=dict[str, bool])

    @property
    def _defined(self) -> frozenset[str]:
        return frozenset(item.name for item in walked(items_of(self.task.document.text)) if item.kind != "use")

    def restored(self, text: str) -> str:
        """Return a candidate's text with the user's own examples and tests."""
        return restored(closed(self.task), text, tests=not self.asked_tests)

    def testing(self, run: Run, workspace: Workspace, text: str, *, code: str) -> Testing:
        """Return what runs the tests of a text. ``code`` is what was written in it ("": the user's own)."""
        document, scope = self.task.document.text, self.task.scope.range
        own = next((target for target in workspace.targets if target.kind == "lib"), None)
        self._targets.update({str(target.file): target for target in (*workspace.targets, *workspace.others)})
        file = self.place.document
        compiled = file.relative_to(workspace.folder) if file.is_relative_to(workspace.folder) else file
        return Testing(
            run=run,
            place=self.place,
            workspace=workspace,
            speaking=self.speaking,
            document=Document(
                file=str(file),
                compiled=str(compiled),
                module=file.parent.name if file.stem == "mod" else file.stem,
                crate=own.name.replace("-", "_") if own is not None else "",
                text=text,
                scope=self.task.scope.name,
                lines=scope_lines(document, scope.start, scope.end, text, code),
            ),
            examples=self.examples,
            text=text,
            defined=self._defined if code else frozenset(),
            proving=self._proving,
        )

    def speaks(self, name: str) -> bool:
        """Return whether a test or an example calls the scope. An example that is not run says nothing."""
        if name in self._proving or " - " in name:
            return self._proving.get(name, True)
        file, _, test = name.partition(": ")
        target = self._targets.get(file)
        return target is None or not test or self.speaking.speaks(target, test)

    def proves(self, name: str) -> bool:
        """Return whether a test says what should come of the scope, and was not written with it."""
        if not self.asked_tests:
            return self.speaks(name)
        scope = self.task.scope.range
        inside = {
            item.name
            for item in walked(items_of(self.task.document.text))
            if item.is_test and scope.start <= item.head < scope.end
        }
        return self.speaks(name) and not any(name.endswith((f"::{test}", f": {test}")) for test in inside)

    def told(self, result: CheckResult) -> CheckResult:
        """Return a result as what it is: an example, or a test."""
        is_example = result.id.removeprefix("cargo test:").startswith(f"{self.place.document} - ")
        return replace(result, kind=CheckKind.DOCTEST) if is_example else result


def subject_of(task: Task, place: Place, folder: PurePosixPath) -> Subject:
    """Return what there is for a task in the package at ``folder``."""
    texts = dict(_texts(task, place, folder))
    names = names_of(task)
    speaking = PackageTests(names, texts)
    if names and not any(_speaks(text, speaking) for text in texts.values()):
        # Nothing of the package's own speaks of it: another package of the workspace may.
        around = dict(_texts(task, place, PurePosixPath()))
        wider = PackageTests(names, around)
        if any(_speaks(text, wider) for file, text in around.items() if file not in texts):
            texts, speaking = around, wider
    scope = task.scope.range
    text = closed(task)
    within = {
        item.name
        for item in walked(items_of(text))
        if item.kind != "impl" and (item.start < scope.end and scope.start < item.head + 1)
        if scope.start <= item.head
    }
    documented = [
        example
        for example in examples_of(text)
        if example.name in within or not names or not names.isdisjoint(words_of("\n".join(example.body)))
    ]
    whole = task.scope.kind is ScopeKind.FILE
    tested = any(TESTED.search(one) for one in texts.values())
    return Subject(
        task=task,
        place=place,
        speaking=speaking,
        examples=frozenset(within | ({""} if whole else set())),
        has_checks=tested or bool(documented),
        asked_tests=in_tests(task),
    )


def _speaks(text: str, speaking: PackageTests) -> bool:
    return TESTED.search(text) is not None and not speaking.called.isdisjoint(words_of(text))


def _texts(task: Task, place: Place, folder: PurePosixPath) -> Mapping[PurePosixPath, str]:
    if place.source is None:
        return {}
    files = set(map(PurePosixPath, sorted(place.files((".rs",)))[:_MOST_FILES]))
    files |= {path for path in place.overlay if path.suffix == ".rs"} | {place.document}
    return {
        file: closed(task) if file == place.document else place.text(file) or ""
        for file in sorted(files)
        if file.is_relative_to(folder)
    }
