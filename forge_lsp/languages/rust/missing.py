"""What the compiler says is not there, and the tests that can be compiled without it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, cast

from forge_lsp.checking.rules import patterns_beside
from forge_lsp.checking.runs import uncollected
from forge_lsp.core.checks import Cause, Run
from forge_lsp.languages.rust.source import Item, blanked, items_of, tokens_of, walked

__all__ = ["Document", "MissingNames", "PrunedTests", "lack_of", "lack_of_words", "pruned"]

_NAMES = patterns_beside(__file__)["names"]
_CRATE = re.compile(
    r"unresolved module or unlinked crate `(\w+)`|can't find crate for `(\w+)`|maybe a missing crate `(\w+)`"
)
_OPERATOR = re.compile(r"binary operation `(\S+)` cannot be applied")
_TRAITS = {
    **dict.fromkeys(("==", "!="), "PartialEq"),
    **dict.fromkeys(("<", ">", "<=", ">="), "PartialOrd"),
    "+": "Add",
    "-": "Sub",
    "*": "Mul",
    "/": "Div",
    "%": "Rem",
}
_OF_TYPE = re.compile(r"(?:for|on|type|to|bound) (?:type )?(?:\w+ )*`[&']*(?:\w+ )?(?:\w+::)*(\w+)")
_IN = re.compile(r"`[^`]+` in (?:crate |module |the )?`?(?:\w+::)*(\w+)`?")
_WORDS = re.compile(r"^error(?:\[(E\d+)\])?: (.*)$", re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What is worked on: its file below the tree's root, the name that the compiler gives it, its module's name, its
    crate's, its text, its scope's name and first and last line."""

    file: str
    compiled: str
    module: str
    crate: str
    text: str
    scope: str | None
    lines: tuple[int, int]

    @property
    def is_root(self) -> bool:
        """Whether it is its crate's first file."""
        return self.module in ("lib", "main")


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingNames:
    """One error of the compiler: the names that it says are not there, and whose they are."""

    names: tuple[str, ...]
    cause: Cause
    words: str
    file: str = ""
    line: int = 0

    @property
    def run(self) -> Run:
        """What is not run for it."""
        return uncollected(self.words, cause=self.cause, missing=self.names)


def lack_of(message: Mapping[str, Any], document: Document, places: Sequence[tuple[str, int]]) -> MissingNames:
    """Return what a message of rustc's says. ``places`` are the files and lines of its primary spans."""
    spans = cast("list[dict[str, Any]]", message.get("spans") or [])
    labels = [str(span.get("label") or "") for span in spans]
    text = str(message.get("message", ""))
    file, line = places[0] if places else ("", 0)
    names, cause = _names("\n".join((text, *labels)), document, file)
    first, last = document.lines
    if not places and not message.get("code"):
        cause = Cause.ENVIRONMENT  # the linker's, or a file's that cannot be written
    elif file == document.file and first <= line <= last:
        cause = Cause.SCOPE
    if not names and _points_at_scope(message, document) and document.scope:
        names, cause = (document.scope,), Cause.SCOPE
    where = f" ({file}:{line})" if file else ""
    label = next((label for label in labels if label and label not in text), "")
    said = f"{text}: {label}" if label else text
    return MissingNames(names=names, cause=cause, words=f"{said}{where}", file=file, line=line)


def lack_of_words(text: str, document: Document) -> MissingNames:
    """Return what the compiler's words about an example say."""
    errors = [match[2] for match in _WORDS.finditer(text) if not match[2].startswith("aborting")]
    names, cause = _names("\n".join(errors), document, "")
    return MissingNames(
        names=names, cause=cause if names else Cause.ELSEWHERE, words="; ".join(errors[:3]) or text[-300:]
    )


def _names(text: str, document: Document, file: str) -> tuple[tuple[str, ...], Cause]:
    crate = _CRATE.search(text)
    names = [name for pattern in _NAMES for match in pattern.finditer(text) for name in match.groups() if name]
    operator = _OPERATOR.search(text)
    of_type = _OF_TYPE.search(text)
    known = (
        of_type is not None
        and re.search(rf"\b(?:struct|enum|union|trait|type) {of_type[1]}\b", document.text) is not None
    )
    if operator is not None and known:
        names.append(_TRAITS.get(operator[1], operator[1]))
    unique = tuple(dict.fromkeys(names))
    if crate is not None:
        return unique, Cause.ENVIRONMENT
    if not unique:
        return (), Cause.ELSEWHERE
    if file == document.file or known or "in this scope" in text:
        return unique, Cause.SCOPE
    modules = {match[1] for match in _IN.finditer(text)}
    if document.is_root:
        return unique, Cause.SCOPE if modules & {"root", document.crate, "super", "crate"} else Cause.ELSEWHERE
    return unique, Cause.SCOPE if document.module in modules else Cause.ELSEWHERE


def _points_at_scope(message: Mapping[str, Any], document: Document) -> bool:
    """Whether the compiler says that what is called otherwise stands in the scope."""
    first, last = document.lines
    for note in cast("list[dict[str, Any]]", message.get("children") or []):
        if "defined here" in str(note.get("message")):
            for span in cast("list[dict[str, Any]]", note.get("spans") or []):
                if PurePosixPath(str(span.get("file_name"))).name == PurePosixPath(document.file).name:
                    return first <= int(span.get("line_start") or 0) <= last
    return False


@dataclass(slots=True)
class PrunedTests:
    """A file of tests without those that cannot be compiled: its text, what was taken out by the tests' paths in it,
    and the names of helpers and imports that are gone with it."""

    text: str
    tests: dict[tuple[str, ...], Run] = field(default_factory=dict[tuple[str, ...], Run])
    gone: dict[str, Run] = field(default_factory=dict[str, Run])


def pruned(text: str, lacks: Sequence[MissingNames], *, whole: bool, gone: Mapping[str, Run]) -> PrunedTests | None:
    """Return a file without what the errors ``lacks`` in it are about, and what needs that; None where an error is
    about code that is not only there for tests. ``whole``: all of the file is. ``gone`` are names of other files."""
    found = PrunedTests(text, gone=dict(gone))
    for lack in lacks:
        item = _around(items_of(found.text), _offset(found.text, lack.line), whole=whole)
        if item is None:
            if found.text.split("\n")[lack.line - 1 : lack.line] == [""]:
                continue  # it went with another
            return None
        _take(found, item, lack.run)
    changed = True
    while changed:
        changed = False
        for item in walked(items_of(found.text)):
            if item.kind not in ("fn", "use") or not (whole or item.testing):
                continue
            words = {token.text for token in tokens_of(found.text[item.head : item.end]) if token.kind == "word"}
            needed = sorted(words & found.gone.keys())
            if needed:
                _take(found, item, found.gone[needed[0]])
                changed = True
                break
    return found


def _take(found: PrunedTests, item: Item, run: Run) -> None:
    text = found.text[item.head : item.end]
    if item.kind == "use":
        lost = [name for name in run.missing if re.search(rf"\b{name}\b", text)]
        rest = text
        for name in lost:
            alias = re.search(rf"\b{name}\s+as\s+(\w+)", rest)
            found.gone[alias[1] if alias is not None else name] = run
            rest = re.sub(rf"\b{name}\b(?:\s+as\s+\w+)?\s*,?", "", rest)
        if "{" in text and lost and not re.search(r"[{,]\s*::|::\s*[,}]|\{[\s,]*\}", rest):
            found.text = found.text[: item.head] + rest + found.text[item.end :]
            return
        for name in re.findall(r"(\w+)\s*(?=[,};])", text):
            found.gone.setdefault(name, run)
    elif item.is_test:
        found.tests[item.path] = run
    elif item.name and item.kind != "impl":
        found.gone[item.name] = run
    found.text = blanked(found.text, item.start, item.end)


def _around(items: Sequence[Item], place: int, *, whole: bool) -> Item | None:
    """The smallest thing around a place that can be left out."""
    for item in items:
        if item.start <= place < item.end:
            inner = _around(item.items, place, whole=whole) if item.kind in ("mod", "macro") else None
            if inner is not None:
                return inner
            return item if (whole or item.testing) and item.kind not in ("mod", "macro") else None
    return None


def _offset(text: str, line: int) -> int:
    lines = text.split("\n")[: max(line - 1, 0)]
    start = sum(len(one) + 1 for one in lines)
    rest = text[start:]
    return start + len(rest) - len(rest.lstrip())
