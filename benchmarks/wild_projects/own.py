"""What a project's own test command says of altered functions: which the tests reach, and which answers they kill."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.wild_projects import Source
from benchmarks.wild_projects.altering import Altered, Definition, breaking_callers, forms, mutants
from benchmarks.wild_projects.getting import Unavailable, command_of, environment_of
from forge_lsp.bench.project import functions_in, sources_in
from forge_lsp.bench.stubs import stubbed
from forge_lsp.core.codec import decode, encode
from forge_lsp.core.languages import Language
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.languages.registry import BUILT_IN

__all__ = ["Case", "Known", "known_of"]

_MOST_MUTANTS = 8
"""How many are tried until enough are killed."""
_SLOWER = 10
_SPARE = 20.0
"""What takes so many times as long as the project as it is, and so many seconds more, does not come to its end."""
_SHORTEST = 3
"""Lines of a function that is worth a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A function that the project's tests reach: its document and the definition in it, the document with a stub in its
    place (``at``: where that stands), and answers by what the project's own tests say of them."""

    id: str
    file: str
    text: str
    original: str
    stub: str
    at: int
    place: int
    right: tuple[Altered, ...] = ()
    wrong: tuple[Altered, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All cases of a project. ``seconds`` is what its own command takes on the project as it is; ``tried`` how many
    functions were looked at."""

    cases: tuple[Case, ...]
    seconds: float
    tried: int
    unreached: tuple[str, ...] = ()


def known_of(source: Source, root: Path, *, count: int, each: int, seed: str, limit: float) -> Known:
    """Return ``count`` functions with ``each`` killed answers, by running the project's own command in its folder.

    The folder is as it was afterwards, but for what that command makes; the answers are kept beside it. ``limit`` in
    seconds, for one run. Raises Unavailable where the tests do not pass on the project as it is.
    """
    store = root.with_name(f"{root.name}.known.json")
    key = f"{count} {each} {seed}"
    if store.is_file() and (kept := json.loads(store.read_text()))["key"] == key:
        return decode(Known, kept["known"])
    own = _Own(source, root, limit)
    started = time.monotonic()
    if (words := own.failure()) is not None:
        raise Unavailable(f"its own tests do not pass: {words}")
    own.limit = min(limit, _SLOWER * (time.monotonic() - started) + _SPARE)
    found: list[Case] = []
    missed: list[str] = []
    tried = 0
    for case, definition in _candidates(source, root, seed):
        if len(found) == count or tried == 4 * count:
            break
        tried += 1
        with own.changed(case.file, case.stub) as reached:
            if not reached:
                missed.append(case.id)
                continue
        found.append(_with_answers(own, case, definition, each, seed))
    own.failure()  # what is built lies there as it was before
    started = time.monotonic()
    own.failure()
    seconds = time.monotonic() - started
    known = Known(cases=tuple(found), seconds=seconds, tried=tried, unreached=tuple(missed))
    store.write_text(json.dumps({"key": key, "known": encode(known)}))
    return known


def _candidates(source: Source, root: Path, seed: str) -> Iterator[tuple[Case, Definition]]:
    """Functions in an order that ``seed`` draws."""
    language = BUILT_IN.get(source.language)
    assert language is not None, source.language
    syntax = TreeSitterSyntax()
    found: list[tuple[Case, Definition]] = []
    for file in sources_in([root / part for part in source.code], BUILT_IN):
        if file.suffix in language.suffixes and not language.is_test_file(name := str(file.relative_to(root))):
            text = file.read_text("utf-8", "replace")
            found += _in_text(name, text, language, syntax)
    random.Random(seed).shuffle(found)
    yield from found


def _in_text(name: str, text: str, language: Language, syntax: TreeSitterSyntax) -> Iterator[tuple[Case, Definition]]:
    for container, item in functions_in(syntax.outline(text, language).items):
        start, end = item.range.start, item.range.end
        marks = language.bench()
        if re.match(r"tests?\.", container) or marks.test_marks.search(item.range.of(text)):
            continue  # a test, or what only tests use
        made = stubbed(text, item, language)
        if made is None or item.body is None or item.body.of(text).count("\n") < _SHORTEST or not item.signature:
            continue
        stub = language.bench().without_idle_imports(f"{text[:start]}{made}{text[end:]}")
        at = stub.rfind(item.signature, 0, len(stub) - (len(text) - end))
        if at >= 0:
            definition = Definition(text=text, start=start, body=item.body.start, end=end, language=language)
            yield (
                Case(
                    id=f"{name}:{container}{item.name}",
                    file=name,
                    text=text,
                    original=text[start:end],
                    stub=stub,
                    at=at,
                    place=text.index(item.signature, start),
                ),
                definition,
            )


def _with_answers(own: _Own, case: Case, definition: Definition, each: int, seed: str) -> Case:
    def put(code: str) -> str:
        return f"{case.text[: definition.start]}{code}{case.text[definition.end :]}"

    right: list[Altered] = []
    for form in forms(definition):
        with own.changed(case.file, put(form.code)) as killed:
            if not killed:
                right.append(form)
    wrong: list[Altered] = []
    for mutant in mutants(definition, f"{seed} {case.id}")[:_MOST_MUTANTS]:
        if len(wrong) == each:
            break
        with own.changed(case.file, put(mutant.code)) as killed:
            if killed:
                wrong.append(mutant)
    extra = breaking_callers(definition)
    if extra is not None:
        with own.changed(case.file, put(extra.code)) as killed:
            if killed:
                wrong.append(extra)
    return replace(case, right=tuple(right), wrong=tuple(wrong))


class _Own:
    """The project's own command, in its folder."""

    def __init__(self, source: Source, root: Path, limit: float) -> None:
        self._command = command_of(source.test, root)
        self._env = environment_of(source)
        self._root = root
        self.limit = limit
        self._store = root.with_name(f"{root.name}.verdicts.json")
        kept = self._store.read_text().splitlines() if self._store.is_file() else ()
        self._verdicts: dict[str, bool] = dict(json.loads(line) for line in kept)

    def killed(self, path: Path, text: str) -> bool:
        """Whether the tests fail on a text that stands in a file's place: asked once, kept beside the folder."""
        key = hashlib.sha256(f"{path.relative_to(self._root)}\0{text}".encode()).hexdigest()
        if key not in self._verdicts:
            self._verdicts[key] = self.failure() is not None
            with self._store.open("a") as store:
                store.write(f"{json.dumps([key, self._verdicts[key]])}\n")
        return self._verdicts[key]

    def failure(self) -> str | None:
        """The end of what it says where the tests do not pass."""
        with subprocess.Popen(
            self._command,
            cwd=self._root,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate(timeout=self.limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                return f"they did not end in {self.limit:g} s"
        return output.decode("utf-8", "replace").strip()[-300:] if process.returncode else None

    def changed(self, file: str, text: str) -> _Changed:
        """Whether the tests fail with ``text`` in a file's place, which is put back."""
        return _Changed(self, self._root / file, text)


class _Changed:
    def __init__(self, own: _Own, path: Path, text: str) -> None:
        self._own, self._path, self._text = own, path, text
        self._before = path.read_bytes()

    def __enter__(self) -> bool:
        self._path.write_text(self._text, "utf-8", newline="")
        try:
            return self._own.killed(self._path, self._text)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *exc: object) -> None:
        self._path.write_bytes(self._before)
