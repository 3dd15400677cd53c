"""The imports of Python: merging them, and what they lead to in their own project."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from forge_lsp.core.ports import Item, ItemKind, ProjectFiles, Syntax
from forge_lsp.core.task import Document, TextEdit, TextRange
from forge_lsp.editing.lines import BOM, Lines, leading_space, normalised

__all__ = ["imported_files", "imports_itself", "merge_python"]

_LONGEST = 88
# How a line is set apart from the import it is placed by; groups (0 and up) are set apart by an empty line.
_ABOVE, _BELOW = -2, -1
_CODING = re.compile(r"#!|#.*?coding[:=]|#")
_SELF = re.compile(r"from\s+(?P<dots>\.*)(?P<module>[\w.]*)\s+import\b|import\s+(?P<whole>[\w.]+)\s*$")
_ROOTS = ("src", "lib", "python")


@dataclass(frozen=True, slots=True)
class _Import:
    """One imported name: ``import module as alias`` (name None) or ``from module import name as alias``."""

    module: str
    name: str | None
    alias: str | None

    def written(self) -> str:
        """As it stands behind ``import``."""
        return (self.name or self.module) + (f" as {self.alias}" if self.alias else "")

    @property
    def key(self) -> tuple[bool, str]:
        """The usual order within a group: ``import`` before ``from``, by module."""
        return self.name is not None, self.module.lower()

    @property
    def group(self) -> int:
        """0 ``__future__``, 1 the standard library, 2 others, 3 relative."""
        if self.module == "__future__":
            return 0
        if self.module.startswith("."):
            return 3
        return 1 if self.module.partition(".")[0] in sys.stdlib_module_names else 2


def _parsed(statement: str) -> list[_Import]:
    try:
        tree = ast.parse(dedent(statement.lstrip(BOM)))
    except (SyntaxError, ValueError):
        return []
    return [found for node in ast.walk(tree) for found in _names(node)]


def _names(node: ast.AST) -> Iterator[_Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield _Import(alias.name, None, alias.asname)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield _Import("." * node.level + (node.module or ""), alias.name, alias.asname)


def _is_simple(text: str) -> bool:
    return re.match(r"(?:import|from)\b", text) is not None


def merge_python(text: str, wanted: Sequence[str], items: Sequence[Item], head: Sequence[Item]) -> list[TextEdit]:
    """Edits of ``text``: lists of ``from`` extended, other statements beside their like (``__future__`` first, then
    the standard library, others, relative ones)."""
    return _Merge(text, items, head).edits(wanted)


def imported_files(document: Document, path: Path, files: ProjectFiles, syntax: Syntax) -> Iterator[Path]:
    """The files that each import may mean, the first that is there."""
    workspace = files.workspace
    above = [folder for folder in path.parents if folder.is_relative_to(workspace)]
    roots = list(dict.fromkeys([workspace, workspace / "src", *above]))
    for item in syntax.outline(document.text, document.language).items:
        if item.kind is not ItemKind.IMPORT:
            continue
        for found in _parsed(normalised(item.range.of(document.text))):
            name, module = found.name, found.module.lstrip(".")
            dots = len(found.module) - len(module)
            parts = [part for part in module.split(".") if part]
            bases = [path.parents[dots - 1]] if 0 < dots <= len(path.parents) else [] if dots else roots
            for base in bases:
                target = base.joinpath(*parts)
                options = [target / f"{name}.py", target / f"{name}.pyi"] if name not in (None, "*") else []
                options += [target.with_suffix(".py"), target.with_suffix(".pyi")] if parts else []
                options += [target / "__init__.py"]
                hits = [option for option in options if files.text(option) is not None]
                if hits:
                    yield hits[0]
                    break


def imports_itself(statement: str, _document: Document, below: Path) -> bool:
    """Whether a statement imports the module that the file is."""
    match = _SELF.match(statement.strip())
    if match is None:
        return False
    parts = list(below.with_suffix("").parts)
    is_package = parts[-1] == "__init__"
    if is_package:
        parts.pop()
    if match["dots"]:
        levels = len(match["dots"]) - 1 + (not is_package)
        home = parts[: len(parts) - levels] if levels else parts
        module = match["module"].split(".") if match["module"] else []
        return bool(module) and [*home, *module] == parts
    named = (match["whole"] or match["module"]).split(".")
    parts = parts[1:] if parts and parts[0] in _ROOTS else parts
    if not parts or (len(named) == 1 and named[0] in sys.stdlib_module_names):
        return False
    return named == parts or (len(named) > 1 and named == parts[-len(named) :])


class _Merge:
    def __init__(self, text: str, items: Sequence[Item], head: Sequence[Item]) -> None:
        self._text = text
        self._items = items
        self._lines = Lines(text)
        self._head = [(item, _parsed(item.range.of(text))) for item in head if _is_simple(item.range.of(text))]
        self._blocks = [item for item in items if item.kind is ItemKind.IMPORT and not _is_simple(item.range.of(text))]

    def edits(self, wanted: Sequence[str]) -> list[TextEdit]:
        text = self._text
        present = {
            found
            for item in self._items
            if item.kind is ItemKind.IMPORT and not re.match(r"if\b.*TYPE_CHECKING", item.range.of(text))
            for found in _parsed(item.range.of(text))
        }
        additions: dict[str, list[_Import]] = {}
        plain: list[_Import] = []
        blocks: list[str] = []
        for statement in wanted:
            if not _is_simple(statement):
                if not any(_same(statement, item.range.of(text)) for item in self._blocks):
                    blocks.append(statement)
                continue
            for found in _parsed(statement):
                if found in present:
                    continue
                present.add(found)
                if found.name is None:
                    plain.append(found)
                else:
                    additions.setdefault(found.module, []).append(found)
        inserted: dict[tuple[int, int], list[str]] = {}
        result: list[TextEdit] = []
        for module, names in additions.items():
            extended = self._extended(module, names)
            if extended is not None:
                result.append(extended)
            else:
                self._place(inserted, names[0], _from_line(module, [name.written() for name in names]))
        for found in plain:
            self._place(inserted, found, f"import {found.written()}")
        result.extend(self._insertions(inserted, blocks))
        return result

    def _extended(self, module: str, names: Sequence[_Import]) -> TextEdit | None:
        """An existing ``from module import ...`` with ``names`` added, where it can be rewritten without loss."""
        for item, found in self._head:
            source = item.range.of(self._text)
            if any(one.module != module or one.name in (None, "*") for one in found) or not found:
                continue
            if "#" in source or "\\" in source or ";" in self._after(item) or any(n.name == "*" for n in names):
                continue
            written = [one.written() for one in found]
            ordered = written == sorted(written, key=_order)
            merged = written + [name.written() for name in names]
            if ordered:
                merged.sort(key=_order)
            indent = leading_space(self._lines.line(self._lines.at(item.range.start)))
            if "\n" in source or "\r" in source:
                inner = re.search(r"[\r\n]([ \t]+)\S", source)
                step = inner.group(1) if inner else f"{indent}    "
                line = f"from {module} import (\n" + "".join(f"{step}{name},\n" for name in merged) + f"{indent})"
            else:
                line = _from_line(module, merged, parentheses="(" in source)
            return TextEdit(range=item.range, text=line)
        return None

    def _after(self, item: Item) -> str:
        return self._text[item.range.end : self._lines.end(self._lines.at(item.range.end))]

    def _place(self, inserted: dict[tuple[int, int], list[str]], found: _Import, line: str) -> None:
        """Note ``line`` at its place, ``(line number, what separates it)``: in its group (in order where the group
        is sorted), else below the last earlier group, else above everything."""
        groups = [(item, names[0]) for item, names in self._head if names]
        own = [(item, name) for item, name in groups if name.group == found.group]
        if own:
            keys = [name.key for _, name in own]
            before = [item for item, name in own if name.key <= found.key] if keys == sorted(keys) else [own[-1][0]]
            if before:
                inserted.setdefault((self._lines.at(before[-1].range.end), _BELOW), []).append(line)
            else:
                inserted.setdefault((self._lines.at(own[0][0].range.start), _ABOVE), []).append(line)
            return
        earlier = [item for item, name in groups if name.group < found.group]
        number = self._lines.at(earlier[-1].range.end) if earlier else -1
        inserted.setdefault((number, found.group), []).append(line)

    def _insertions(self, inserted: dict[tuple[int, int], list[str]], blocks: Sequence[str]) -> Iterator[TextEdit]:
        by_line: dict[int, list[tuple[int, list[str]]]] = {}
        for (number, how), added in sorted(inserted.items()):
            if how != _ABOVE:
                by_line.setdefault(number, []).append((how, added))
        if blocks:
            last = max((self._lines.at(item.range.end) for item, _ in self._head), default=-1)
            by_line.setdefault(last, []).append((9, list(blocks)))
        for number, groups in by_line.items():
            if number >= 0:
                parts = [("\n" if how in (_BELOW, 9) else "\n\n") + "\n".join(added) for how, added in groups]
                at = self._lines.end(number)
                yield TextEdit(range=TextRange(start=at, end=at), text="".join(parts))
            else:
                yield self._first("\n\n".join("\n".join(added) for _, added in groups))
        # After what may come first of all: edits at one place keep their order.
        for (number, how), added in inserted.items():
            if how == _ABOVE:
                at = self._lines.start(number)
                yield TextEdit(range=TextRange(start=at, end=at), text="".join(f"{line}\n" for line in added))

    def _first(self, block: str) -> TextEdit:
        """Where there is no import to stand after: before the first one, else below the header of the file."""
        lines, text = self._lines, self._text
        if self._head:
            at = lines.start(lines.at(self._head[0][0].range.start))
            return TextEdit(range=TextRange(start=at, end=at), text=f"{block}\n\n")
        number = 0
        while number < len(lines) - 1 and _CODING.match(lines.line(number)):
            number += 1
        if number and not lines.blank(number):
            # Comments that belong to the first definition stay with it; a shebang and its like stay above.
            first = next((item for item in self._items if item.kind is not ItemKind.COMMENT), None)
            if first is not None and lines.at(first.range.start) < number:
                number = lines.at(first.range.start)
        docstring = next((item for item in self._items if item.kind is not ItemKind.COMMENT), None)
        if docstring is not None and re.match(r"[rRuU]?[\"']", docstring.range.of(text)):
            at = lines.end(lines.at(docstring.range.end))
            return TextEdit(range=TextRange(start=at, end=at), text=f"\n\n{block}" + self._gap_after(at))
        at = lines.start(number)
        while number < len(lines) - 1 and lines.blank(number):
            number += 1
        rest = text[lines.start(number) :]
        definition = re.match(r"(?:async\s+def|def|class|@|#)", rest) is not None
        gap = ("\n\n\n" if definition else "\n\n") if rest.strip() else "\n"
        lead = "\n" if at > 1 and not lines.blank(lines.at(at) - 1) and not lines.blank(lines.at(at)) else ""
        if lines.blank(lines.at(at)) and at > 1:
            lead = "\n"
        return TextEdit(range=TextRange(start=at, end=lines.start(number)), text=f"{lead}{block}{gap}")

    def _gap_after(self, at: int) -> str:
        """An empty line where code follows on the next one."""
        number = self._lines.at(at) + 1
        if number >= len(self._lines) or self._lines.blank(number):
            return ""
        return "\n\n" if re.match(r"(?:async\s+def|def|class|@)", self._lines.line(number)) else "\n"


def _from_line(module: str, names: Sequence[str], *, parentheses: bool = False) -> str:
    line = f"from {module} import " + (f"({', '.join(names)})" if parentheses else ", ".join(names))
    if len(line) <= _LONGEST or len(names) == 1:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def _order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as the usual sorters have it."""
    bare = name.partition(" ")[0]
    return (0 if bare.isupper() and len(bare) > 1 else 1 if bare[:1].isupper() else 2), bare


def _same(one: str, other: str) -> bool:
    return re.sub(r"\s+", " ", one).strip() == re.sub(r"\s+", " ", other).strip()
