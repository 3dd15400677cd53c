"""Go's imports, and what ties a file's text to its package: one clause at the top, and no import that nothing uses.

An import that is not used is an error in Go. So only those are merged that the text uses, and one that the text used
until now, and does not any more, goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.core.ports import Item, ItemKind, ProjectFiles, Syntax
from forge_lsp.core.task import Document, TextEdit, TextRange
from forge_lsp.editing.lines import Lines
from forge_lsp.languages.go import GO

__all__ = ["fit_go", "imported_files", "imports_itself", "merge_go", "without_idle_go_imports"]

_SPEC = re.compile(r"(?:(?P<alias>[\w.]+)[ \t]+)?(?P<path>\"[^\"\n]+\"|`[^`\n]+`)")
_CLAUSE = re.compile(r"^package[ \t]+(?P<name>\w+)[ \t]*(?://[^\r\n]*)?(?=\r?$)", re.M)
_MAIN = "main"
# What may be text rather than code: comments, strings, characters.
_INERT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|'(?:\\.|[^'\\\n])+'", re.S)
_MODULE = re.compile(r"^module[ \t]+(?P<path>\S+)", re.M)
_OWN = re.compile(r"^(?:import)?[ \t]*(?:[\w.]+[ \t]+)?\"(?P<path>[\w./~-]+)\"", re.M)


@dataclass(frozen=True, slots=True)
class _Import:
    """One import: ``alias`` as written (None: none), ``path`` without quotes."""

    alias: str | None
    path: str

    @property
    def names(self) -> tuple[str, ...]:
        """What the code may call it; () where nothing need be called (``_`` and ``.``)."""
        if self.alias is not None:
            return () if self.alias in ("_", ".") else (self.alias,)
        parts = [part for part in self.path.split("/") if part]
        if len(parts) > 1 and re.fullmatch(r"v\d+", parts[-1]):
            parts.pop()
        last = re.sub(r"\.v\d+$", "", parts[-1]) if parts else ""
        # A package need not be called as its folder is: go-yaml is yaml, uuid.go is uuid.
        short = re.sub(r"^go[-.]|[-.]go$", "", last)
        return tuple(dict.fromkeys((last, short, short.replace("-", ""), short.replace("-", "_"))))

    def used_in(self, code: str) -> bool:
        """Whether ``code`` (without comments and strings) uses it."""
        return not self.names or any(re.search(rf"(?<![\w.]){re.escape(n)}\s*\.\s*\w", code) for n in self.names if n)

    def __str__(self) -> str:
        return f'{self.alias} "{self.path}"' if self.alias is not None else f'"{self.path}"'


def merge_go(text: str, wanted: Sequence[str], items: Sequence[Item], head: Sequence[Item]) -> list[TextEdit]:
    """Edits of ``text``: each import that it lacks and uses, sorted into the group that it belongs to."""
    present = {(found.alias, found.path) for item in head for found, _ in _specs(item, text)}
    called = {name for item in head for found, _ in _specs(item, text) for name in found.names}
    code = _code(text, items)
    new: list[_Import] = []
    for statement in wanted:
        for found in _parsed(statement):
            key = (found.alias, found.path)
            if key in present or not found.used_in(code) or called & set(found.names):
                continue
            present.add(key)
            called.update(found.names)
            new.append(found)
    if not new:
        return []
    block = next((item for item in head if "(" in _INERT.sub("", item.range.of(text))), None)
    if block is not None:
        return _into_block(text, block, new)
    if head:
        single = [found for item in head for found, _ in _specs(item, text)]
        place = TextRange(start=head[0].range.start, end=head[-1].range.end)
        simple = all(len(list(_specs(item, text))) == 1 and "//" not in item.range.of(text) for item in head)
        between = text[place.start : place.end].count("\n") == len(head) - 1
        if simple and between and not any(found.path == "C" for found in single):
            return [TextEdit(range=place, text=_block([*single, *new]))]
        at = head[-1].range.end
        return [TextEdit(range=TextRange(start=at, end=at), text="".join(f"\nimport {found}" for found in new))]
    return [_first(text, items, new)]


def without_idle_go_imports(before: str, after: str, syntax: Syntax) -> str:
    """``after`` without the imports that ``before`` used and ``after`` does not: the code that used them is gone."""
    items = syntax.outline(after, GO).items
    head = [item for item in items if item.kind is ItemKind.IMPORT]
    if not head:
        return after
    old = _code(before, syntax.outline(before, GO).items)
    code = _code(after, items)
    edits: list[TextRange] = []
    for item in head:
        specs = list(_specs(item, after))
        idle = [place for found, place in specs if found.used_in(old) and found.names and not found.used_in(code)]
        if idle and len(idle) == len(specs):
            edits.append(_with_line(after, item.range))
        else:
            edits += [_with_line(after, place) for place in idle]
    for place in sorted(edits, key=lambda one: one.start, reverse=True):
        after = after[: place.start] + after[place.end :]
    return after


def fit_go(original: str | None, code: str, syntax: Syntax) -> str:
    """``code`` with the package clause of ``original``, the whole file that it replaces, and without a ``main`` to
    show itself off where that is no program; a part of a file (``original`` None) has no clause at all."""
    found = _CLAUSE.search(code)
    if original is None:
        return (code[: found.start()] + code[found.end() :]).strip("\n") if found is not None else code
    clause = _CLAUSE.search(original)
    if clause is None:
        return code
    name = clause["name"]
    if found is None:
        return f"{clause[0].strip()}\n\n{code}"
    code = code[: found.start()] + clause[0].strip() + code[found.end() :]
    if name != _MAIN and found["name"] == _MAIN:
        for item in syntax.outline(code, GO).items:
            if item.kind is ItemKind.FUNCTION and item.name == _MAIN and item.parameters == ():
                without = code[: item.range.start].rstrip("\n") + "\n" + code[item.range.end :]
                return without_idle_go_imports(code, without, syntax)
    return code


def imported_files(document: Document, path: Path, files: ProjectFiles, _syntax: Syntax) -> Iterator[Path]:
    """The files of the packages, tests left out."""
    workspace = files.workspace
    for folder in path.parents:
        if not folder.is_relative_to(workspace):
            return
        module = _MODULE.search(files.text(folder / "go.mod") or "")
        if module is None:
            continue
        for match in _OWN.finditer(document.text):
            inside = match["path"].removeprefix(module["path"])
            if inside != match["path"] and (not inside or inside.startswith("/")):
                package = folder / inside.strip("/")
                yield from sorted(p for p in package.glob("*.go") if not p.name.endswith("_test.go"))
        return


def imports_itself(statement: str, _document: Document, below: Path) -> bool:
    """By the folder: ``example.com/shop/cart`` in ``cart``, where the first part is a host's name."""
    match = re.fullmatch(r'import\s+(?:[\w.]+\s+)?"([^"]+)"', statement.strip())
    folder = below.parent.as_posix()
    if match is None or folder == "." or "." not in match[1].split("/")[0]:
        return False
    return match[1].endswith(f"/{folder}")


def _parsed(statement: str) -> Iterator[_Import]:
    rest = re.sub(r"^\s*import\b", "", statement.strip())
    for match in _SPEC.finditer(rest):
        yield _Import(match["alias"], match["path"][1:-1])


def _specs(item: Item, text: str) -> Iterator[tuple[_Import, TextRange]]:
    """The imports of one declaration, with their places."""
    source = item.range.of(text)
    start = len(source) - len(re.sub(r"^import\b", "", source))
    comments = [match.span() for match in re.finditer(r"//[^\n]*|/\*.*?\*/", source, re.S)]
    for match in _SPEC.finditer(source, start):
        if any(first <= match.start() < last for first, last in comments):
            continue
        at = item.range.start
        yield _Import(match["alias"], match["path"][1:-1]), TextRange(start=at + match.start(), end=at + match.end())


def _code(text: str, items: Sequence[Item]) -> str:
    """The text without imports, comments and strings."""
    for item in reversed(items):
        if item.kind is ItemKind.IMPORT:
            text = text[: item.range.start] + text[item.range.end :]
    return _INERT.sub(" ", text)


def _standard(found: _Import) -> bool:
    return "." not in found.path.partition("/")[0]


def _into_block(text: str, block: Item, new: Sequence[_Import]) -> list[TextEdit]:
    """Each after the last of its kind (the standard library, or not) that sorts before it, else before the first."""
    specs = list(_specs(block, text))
    lines = Lines(text)
    edits: list[TextEdit] = []
    for found in sorted(new, key=lambda one: one.path):
        kin = [(other, place) for other, place in specs if _standard(other) == _standard(found)]
        before = [place for other, place in kin if other.path < found.path]
        if before:
            at = lines.end(lines.at(before[-1].end))
            edits.append(TextEdit(range=TextRange(start=at, end=at), text=f"\n\t{found}"))
        elif kin:
            at = lines.start(lines.at(kin[0][1].start))
            edits.append(TextEdit(range=TextRange(start=at, end=at), text=f"\t{found}\n"))
        else:
            close = block.range.end - 1
            gap = "\n" if specs else ""
            first = text[:close].endswith(("\n", "\r"))
            added = f"{gap}\t{found}\n"
            edits.append(TextEdit(range=TextRange(start=close, end=close), text=added if first else f"\n{added}"))
    return edits


def _block(found: Sequence[_Import]) -> str:
    if len(found) == 1:
        return f"import {found[0]}"
    standard = [f"\t{one}\n" for one in sorted(found, key=lambda one: one.path) if _standard(one)]
    others = [f"\t{one}\n" for one in sorted(found, key=lambda one: one.path) if not _standard(one)]
    gap = "\n" if standard and others else ""
    return f"import (\n{''.join(standard)}{gap}{''.join(others)})"


def _first(text: str, items: Sequence[Item], new: Sequence[_Import]) -> TextEdit:
    lines = Lines(text)
    clause = _CLAUSE.search(text)
    if clause is not None:
        at = lines.end(lines.at(clause.start()))
        return TextEdit(range=TextRange(start=at, end=at), text=f"\n\n{_block(new)}")
    first = next((item for item in items if item.kind is not ItemKind.COMMENT), None)
    at = lines.start(lines.at(first.range.start)) if first is not None else 0
    return TextEdit(range=TextRange(start=at, end=at), text=f"{_block(new)}\n\n")


def _with_line(text: str, place: TextRange) -> TextRange:
    """``place`` with its line, where nothing else but a comment stands there."""
    start = text.rfind("\n", 0, place.start) + 1
    stop = text.find("\n", place.end)
    stop = len(text) if stop < 0 else stop + 1
    rest = text[place.end : stop].strip()
    if text[start : place.start].strip() or (rest and not rest.startswith("//")):
        return place
    # A block of its own, as `import "fmt"` above a blank line, takes one of its two blank lines with it.
    if text[start : place.end].startswith("import") and text[:start].endswith("\n\n") and text[stop:].startswith("\n"):
        stop += 1
    return TextRange(start=start, end=stop)
