"""The imports of TypeScript and JavaScript: merging them, and what they lead to in their own project."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from forge_lsp.core.ports import Item, ItemKind, ProjectFiles, Syntax
from forge_lsp.core.task import Document, TextEdit, TextRange
from forge_lsp.editing.lines import BOM, Lines
from forge_lsp.languages.ecmascript.kinds import in_kind

__all__ = ["imported_files", "imports_itself", "merge_ecmascript"]

_IMPORT = re.compile(
    r"""import\s+(?P<type>type\s+(?!from\b|,))?
        (?:(?P<default>[\w$]+)\s*(?:,\s*)?)?
        (?:\*\s*as\s+(?P<all>[\w$]+)\s*)?
        (?:\{(?P<named>[^}]*)\}\s*)?
        from\s*(?P<quote>['"])(?P<module>[^'"]+)['"]\s*(?P<attributes>with\s*\{[^}]*\})?\s*;?\s*""",
    re.X,
)
_SPECIFIER = re.compile(
    r"""(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"])(?P<path>\.{1,2}/[^'"]*|\.{1,2})\1"""
)
_ENDINGS = (".ts", ".tsx", ".d.ts", ".mts", ".js", ".jsx", ".mjs", ".cjs")
_FROM = re.compile(r"(?:from\s*|require\(\s*|^import\s*)(?P<quote>['\"])(?P<module>[^'\"]+)(?P=quote)")


@dataclass(frozen=True, slots=True)
class _Import:
    """One import statement, taken apart."""

    module: str
    default: str | None
    everything: str | None
    named: tuple[str, ...]
    type_only: bool
    plain: bool

    @property
    def mergeable(self) -> bool:
        """A list in braces that more names can join."""
        return bool(self.named) and self.everything is None and self.plain


def _parsed(statement: str) -> _Import | None:
    match = _IMPORT.fullmatch(statement.strip())
    if match is None:
        return None
    named = tuple(_spaces(name) for name in (match["named"] or "").split(",") if name.strip())
    plain = match["attributes"] is None and "//" not in (match["named"] or "") and "/*" not in statement
    return _Import(match["module"], match["default"], match["all"], named, match["type"] is not None, plain)


def merge_ecmascript(text: str, wanted: Sequence[str], items: Sequence[Item], head: Sequence[Item]) -> list[TextEdit]:
    """Edits of ``text``: lists in braces extended, other statements after the last import, in the file's style."""
    wanted = in_kind(text, wanted)
    sources = [item.range.of(text) for item in items if item.kind is ItemKind.IMPORT]
    present = [found for found in map(_parsed, sources) if found is not None]
    keys = {_key(source) for source in sources}
    additions: dict[int, list[str]] = {}
    lines: list[str] = []
    for statement in wanted:
        found = _parsed(statement)
        if _key(statement) in keys:
            continue
        keys.add(_key(statement))
        if found is None:
            lines.append(statement)
            continue
        same = [other for other in present if other.module == found.module and (found.type_only or not other.type_only)]
        has_default = found.default is None or any(other.default == found.default for other in same)
        has_all = found.everything is None or any(other.everything == found.everything for other in same)
        known = {name for other in same for name in other.named}
        if found.type_only:
            known |= {name.removeprefix("type ") for name in known}
        missing = [name for name in found.named if name not in known]
        if has_default and has_all:
            target = _target(text, head, found)
            if not missing:
                continue
            if target is not None:
                additions.setdefault(target, []).extend(n for n in missing if n not in additions.get(target, []))
                continue
        lines.append(_written(found, missing, has_default=has_default, has_all=has_all))
        present.append(found)
    edits = [_extended(text, head[index], names) for index, names in additions.items()]
    if lines:
        edits.append(_inserted(text, head, lines, sources))
    return edits


def imported_files(document: Document, path: Path, _files: ProjectFiles, _syntax: Syntax) -> Iterator[Path]:
    """The files that relative imports lead to."""
    for match in _SPECIFIER.finditer(document.text):
        target = path.parent / match["path"]
        bare = target.with_suffix("") if target.suffix in (".js", ".jsx", ".mjs", ".cjs") else target
        options = [target, *(bare.with_name(bare.name + ending) for ending in _ENDINGS)]
        options += [target / f"index{ending}" for ending in _ENDINGS]
        hit = next((option for option in options if option.is_file()), None)
        if hit is not None:
            yield hit


def imports_itself(statement: str, document: Document, below: Path) -> bool:
    """Whether a statement imports the module that the file is."""
    match = _FROM.search(statement)
    if match is None or not match["module"].startswith("."):
        return False
    path = PurePosixPath((document.path or below).as_posix())
    target = PurePosixPath(_normal(f"{path.parent}/{match['module']}"))
    stems = {path, path.with_suffix("")}
    if path.suffix in (".ts", ".tsx", ".mts", ".cts"):
        stems |= {path.with_suffix(ending) for ending in (".js", ".mjs", ".cjs", ".jsx")}  # as modules of Node say it
    return target in stems or (path.stem == "index" and target == path.parent)


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in (".", ".."):
            parts.append(part)
    return "/".join(parts).rstrip("/")


def _target(text: str, head: Sequence[Item], found: _Import) -> int | None:
    for index, item in enumerate(head):
        other = _parsed(item.range.of(text))
        if (
            other is not None
            and other.module == found.module
            and other.mergeable
            and other.type_only == found.type_only
        ):
            return index
    return None


def _written(found: _Import, named: Sequence[str], *, has_default: bool, has_all: bool) -> str:
    parts: list[str] = []
    if not has_default and found.default is not None:
        parts.append(found.default)
    if not has_all and found.everything is not None:
        parts.append(f"* as {found.everything}")
    if named:
        parts.append(f"{{ {', '.join(named)} }}")
    return f'import {"type " if found.type_only else ""}{", ".join(parts)} from "{found.module}";'


def _extended(text: str, item: Item, names: Sequence[str]) -> TextEdit:
    """Names added before the closing brace, in the list's own layout."""
    source = item.range.of(text)
    close = source.index("}")
    inside = source[source.index("{") + 1 : close]
    end = len(source[:close].rstrip())
    comma = inside.rstrip().endswith(",")
    line = re.search(r"[\r\n]([ \t]*)\S", inside)
    if line is not None:
        added = "".join(f",\n{line.group(1)}{name}" for name in names)
        added = (added[1:] + ",") if comma else added
    else:
        added = "".join(f", {name}" for name in names)
        added = (added[1:] + ",") if comma else added
    at = item.range.start + end
    return TextEdit(range=TextRange(start=at, end=at), text=added)


def _inserted(text: str, head: Sequence[Item], wanted: Sequence[str], sources: Sequence[str]) -> TextEdit:
    lines = Lines(text)
    styled = [_styled(line, sources) for line in wanted]
    if head:
        at = lines.end(lines.at(head[-1].range.end))
        return TextEdit(range=TextRange(start=at, end=at), text="".join(f"\n{line}" for line in styled))
    number = 0
    while number < len(lines) - 1 and re.match(r"#!|//|/?\*|(['\"])use \w+\1", lines.line(number).strip(BOM).strip()):
        number += 1
    if number and not lines.blank(number) and not re.match(r"#!|['\"]use ", lines.line(number - 1)):
        number = 1 if lines.line(0).startswith("#!") else 0  # a comment that belongs to the first definition
    at = lines.start(number)
    following = number < len(lines) and bool(text[at:].strip()) and not lines.blank(number)
    block = "".join(f"{line}\n" for line in styled)
    return TextEdit(
        range=TextRange(start=at, end=at),
        text=("\n" if number and lines.blank(number) else "") + block + ("\n" if following else ""),
    )


def _styled(line: str, sources: Sequence[str]) -> str:
    """With the quotes and the semicolon that the file's imports have."""
    sample = [source for source in sources if source.startswith("import") or "require" in source]
    if not sample:
        return line
    if all("'" in source and '"' not in source for source in sample) and "'" not in line:
        line = line.replace('"', "'")
    elif all('"' in source and "'" not in source for source in sample) and '"' not in line:
        line = line.replace("'", '"')
    return line if any(source.rstrip().endswith(";") for source in sample) else line.rstrip(";")


def _spaces(name: str) -> str:
    return re.sub(r"\s+", " ", name).strip()


def _key(statement: str) -> str:
    return re.sub(r"\s+", "", statement).replace("'", '"').rstrip(";")
