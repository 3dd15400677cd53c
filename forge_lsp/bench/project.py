"""Functions of the user's project that have tests, as cases: the body is taken out, and so are some of the tests.

Nothing is written: the stub and the shorter test files are laid over the disk in the sandbox's copies, like the open
documents of an editor. Which tests speak of a function is found out by running them on it with and without its body.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from forge_lsp.bench.case import CaseTools, ReadyCase, Unrunnable, is_right
from forge_lsp.bench.splitting import Unit, hidden_of, is_of, units_in, without
from forge_lsp.bench.stubs import stubbed
from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.checks import AGAINST, CheckKind, CheckStatus
from forge_lsp.core.languages import Language, Languages
from forge_lsp.core.ports import Item, ItemKind, Toolchain
from forge_lsp.core.task import Document, Task
from forge_lsp.reading import SOURCE, read_bytes

__all__ = ["ProjectCase", "cases_in", "functions_in", "sources_in"]

_OTHERS = frozenset({"build", "dist", "out", "vendor"})
"""Folders that hold what is made or taken over, whatever the languages."""
_MOST_FILES = 20_000
_SPLITS = 3
"""How many ways to split a function's tests are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectCase:
    """A function of the user's. ``text`` is its document; ``stub`` the same without the body, ``at`` the offset of the
    definition there, ``original`` the definition as it is. ``tests`` are the texts of files that may test it, by name.
    """

    id: str
    workspace: Path
    path: Path
    language: Language
    text: str
    stub: str
    at: int
    original: str
    tests: Mapping[str, str]
    seed: int
    shared: bool = False

    @property
    def fingerprint(self) -> str:
        """A digest of the document and of the files that may test the function."""
        parts = (self.text, self.stub, *(f"{name}\0{text}" for name, text in sorted(self.tests.items())))
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    async def obstacle(self, tools: CaseTools) -> str | None:
        """None: whether its tests run is seen when they are split."""
        del tools
        return None

    @asynccontextmanager
    async def opened(self, tools: CaseTools) -> AsyncGenerator[ReadyCase]:
        """See :meth:`forge_lsp.bench.case.Case.opened`."""
        toolchain = await tools.toolchain(self.workspace, self.language)
        full = self._task(tools, self.stub, ())
        if not full.scope.unfinished:
            raise Unrunnable("its stub is not seen as one")
        evidence = await toolchain.evidence(full, self._solved(self.text))
        wanted = _proofs(evidence)
        shown = await self._shown(tools, toolchain, evidence, wanted)
        request = tools.request(shown.document, self._place(shown.document.text), self.workspace, shown.buffers)

        async def judge(candidate: Candidate) -> bool | None:
            code, imports = candidate.code, candidate.imports
            text = candidate.text if shown.document.text == self.stub else tools.editing.splice(full, code, imports)
            return is_right(await toolchain.evidence(full, replace(candidate, text=text)), frozenset(wanted))

        yield ReadyCase(request=request, judge=judge)

    async def _shown(
        self, tools: CaseTools, toolchain: Toolchain, evidence: Evidence, wanted: Mapping[str, str]
    ) -> Task:
        """The task with half of the tests. Raises Unrunnable where there are too few, or they cannot be taken apart."""
        examples = sum(
            result.status is CheckStatus.PROOF and result.kind is not CheckKind.TEST for result in evidence.results
        )
        units = [
            (file, unit, [id_ for id_, name in wanted.items() if is_of(unit, file, name)])
            for file, text in self.tests.items()
            for unit in units_in(text, self.language, tools.syntax)
        ]
        names = {unit.name for _, unit, ids in units if ids}
        if len(names) < (1 if examples else 2):
            found = f"only {len(names)} of its tests can be told apart" if names else "no test fails without it"
            raise Unrunnable(f"{found}; two are needed")
        for attempt in range(_SPLITS):
            hidden = hidden_of(names, f"{self.seed} {self.id} {attempt}", all_but=0 if examples else 1)
            gone = {id_ for _, unit, ids in units if unit.name in hidden for id_ in ids}
            task = self._without(tools, [(file, unit) for file, unit, _ in units if unit.name in hidden])
            if task is None:
                continue
            seen = await toolchain.evidence(task, self._solved(self._put_back(tools, task)))
            if _is_split(seen, gone):
                return task
        raise Unrunnable("its tests cannot be split: some need others, or share one statement")

    def _without(self, tools: CaseTools, units: Sequence[tuple[str, Unit]]) -> Task | None:
        """The task without these tests; None where a text does not parse without them."""
        buffers: list[Document] = []
        stub = self.stub
        own = self.path.relative_to(self.workspace).as_posix()
        for file in dict.fromkeys(file for file, _ in units):
            path = self.workspace / file
            if file == own:
                # Offsets are those of the document as it is; in the stub the same tests stand elsewhere.
                names = {unit.name for name, unit in units if name == file}
                there = units_in(stub, self.language, tools.syntax)
                stub = without(stub, self.language, [unit for unit in there if unit.name in names])
                continue
            text = without(self.tests[file], self.language, [unit for name, unit in units if name == file])
            text = self.language.bench().without_idle_imports(text)
            if tools.syntax.outline(text, self.language).errors:
                return None
            buffers.append(Document(uri=path.as_uri(), language=self.language, text=text, path=path, version=1))
        return self._task(tools, stub, tuple(buffers))

    def _task(self, tools: CaseTools, text: str, buffers: tuple[Document, ...]) -> Task:
        document = Document(uri=self.path.as_uri(), language=self.language, text=text, path=self.path, version=1)
        return tools.task(document, self._place(text), self.workspace, buffers)

    def _place(self, text: str) -> int:
        """The offset of the definition in a text that may lack some tests before or after it."""
        line = self.stub[self.at :].partition("\n")[0]
        near = text.find(line, max(0, self.at - (len(self.stub) - len(text))))
        return near if near >= 0 else text.index(line)

    def _put_back(self, tools: CaseTools, task: Task) -> str:
        """The task's document with the original in the scope's place."""
        if task.document.text == self.stub:
            return self.text
        return tools.editing.splice(task, self.original, ())

    def _solved(self, text: str) -> Candidate:
        return Candidate(code=self.original, text=text, model="", attempt=0)


def _proofs(evidence: Evidence) -> dict[str, str]:
    """The tests that fail without the function and pass with it, by id: what their runner calls them. Raises Unrunnable
    where the function itself does not pass."""
    if evidence.blocked is not None:
        raise Unrunnable(f"{evidence.blocked}{f' - {evidence.remedy}' if evidence.remedy else ''}")
    against = [result for result in evidence.results if result.status in AGAINST]
    if against:
        raise Unrunnable(f"the code as it is does not pass its own checks: {against[0].source}")
    tests = [result for result in evidence.results if result.kind is CheckKind.TEST]
    found = {
        result.id: result.source.partition(": ")[2] or result.source
        for result in tests
        if result.status is CheckStatus.PROOF
    }
    stopped = next((result for result in tests if result.environment), None)
    if not found and stopped is not None:
        remedy = f" - {stopped.remedy}" if stopped.remedy else ""
        raise Unrunnable(f"its tests could not be run: {stopped.detail}{remedy}")
    return found


def _is_split(evidence: Evidence, gone: Set[str]) -> bool:
    """Whether something is left that proves the function, and nothing of what was to go."""
    statuses = [result.status for result in evidence.results]
    return (
        CheckStatus.PROOF in statuses
        and not evidence.against
        and gone.isdisjoint(result.id for result in evidence.results)
    )


# ------------------------------------------------------------------ finding them


def sources_in(paths: Iterable[Path], languages: Languages, only: Set[str] = frozenset()) -> tuple[Path, ...]:
    """Return the source files named, and those below the folders named, tests left out. ``only``: the identifiers of
    the languages wanted (none: all). Reads the disk."""
    found: list[Path] = []
    for path in paths:
        for file in _below(path, languages) if path.is_dir() else (path,):
            language = languages.of_file(file.name)
            if language is None or (only and language.id not in only):
                continue
            if not path.is_dir() or not language.is_test_file(file.relative_to(path).as_posix()):
                found.append(file.resolve())
    return tuple(dict.fromkeys(found))


def _below(folder: Path, languages: Languages) -> Iterator[Path]:
    count = 0
    for root, folders, names in os.walk(folder):
        beside = [*folders, *names]
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in _OTHERS
            and not any(language.is_output(name, beside) for language in languages)
        )
        for name in sorted(names):
            count += 1
            if count > _MOST_FILES:
                return
            yield Path(root) / name


def cases_in(
    files: Iterable[Path], workspace_of: Callable[[Path], Path | None], tools: CaseTools, *, seed: int
) -> tuple[ProjectCase, ...]:
    """Return a case for each function of the files that some test file names. Reads the disk."""
    known: dict[tuple[Path, Language], Mapping[str, str]] = {}
    found: list[ProjectCase] = []
    for file in files:
        language, workspace = tools.languages.of_file(file.name), workspace_of(file)
        text = _text(file)
        if language is None or workspace is None or text is None or not file.is_relative_to(workspace):
            continue
        key = (workspace, language)
        if key not in known:
            known[key] = _tests(workspace, language, tools.languages)
        own = file.relative_to(workspace).as_posix()
        tests = {**known[key], own: text} if language.bench().tests_inside else known[key]
        items = tools.syntax.outline(text, language).items
        for container, item in functions_in(items):
            naming = re.compile(rf"(?<!\w){re.escape(item.name or '')}(?!\w)")
            speaking = {name: content for name, content in tests.items() if naming.search(content)}
            if own in speaking and not units_in(text, language, tools.syntax):
                del speaking[own]
            made = stubbed(text, item, language)
            if not speaking or made is None:
                continue
            case = _case(f"{own}:{container}{item.name}", workspace, file, language, text, item, made, speaking, seed)
            if case is not None:
                found.append(case)
    return tuple(found)


def _case(
    id_: str,
    workspace: Path,
    path: Path,
    language: Language,
    text: str,
    item: Item,
    made: str,
    tests: Mapping[str, str],
    seed: int,
) -> ProjectCase | None:
    stub = language.bench().without_idle_imports(text[: item.range.start] + made + text[item.range.end :])
    tail = len(text) - item.range.end
    signature = item.signature or ""
    at = stub.rfind(signature, 0, len(stub) - tail) if signature else -1
    if at < 0:
        return None
    return ProjectCase(
        id=id_,
        workspace=workspace,
        path=path,
        language=language,
        text=text,
        stub=stub,
        at=at,
        original=item.range.of(text),
        tests=tests,
        seed=seed,
    )


def functions_in(items: Iterable[Item], container: str = "") -> Iterator[tuple[str, Item]]:
    """Yield the functions and methods that have a body and are written, with what encloses them (``Stack.``)."""
    for item in items:
        if item.kind is ItemKind.CLASS:
            yield from functions_in(item.children, f"{container}{item.name}.")
        elif item.kind is not ItemKind.FUNCTION or not item.name or item.body is None or item.stub:
            continue
        elif not re.match(r"test|Test|__\w+__$|constructor$", item.name) and not container.endswith(f"{item.name}."):
            yield container, item


def _tests(workspace: Path, language: Language, languages: Languages) -> Mapping[str, str]:
    """The texts of the files that look like tests, by name."""
    family = languages.family_of(language)
    found: dict[str, str] = {}
    for file in _below(workspace, languages):
        name = file.relative_to(workspace).as_posix()
        own = languages.of_file(file.name)
        if own is not None and own in family and own.is_test_file(name) and (text := _text(file)) is not None:
            found[name] = text
    return found


def _text(path: Path) -> str | None:
    content = read_bytes(path, most=SOURCE)
    if content is None:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None
