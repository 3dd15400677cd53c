"""The ``use`` declarations of Rust: a name that is there already may not come in twice; what they lead to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.checking.scanning import parts_of
from forge_lsp.core.ports import Item, ItemKind, ProjectFiles, Syntax
from forge_lsp.core.task import Document, TextEdit, TextRange
from forge_lsp.editing.lines import Lines

__all__ = ["UsedName", "imported_files", "imports_itself", "leaves_of", "merge_rust"]

_USE = re.compile(r"(?P<lead>(?:#\[[^\]]*\]\s*)*(?:pub(?:\([^)]*\))?\s+)?)use\s+(?P<tree>[^;]+);")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.S)
_OWN = re.compile(r"\buse\s+(?P<path>(?:crate|super|self)(?:::[a-z_]\w*)*)")


@dataclass(frozen=True, slots=True)
class UsedName:
    """One name that a ``use`` brings in: its whole path, and the name by which it is known (``*`` for all)."""

    path: str
    name: str

    def __str__(self) -> str:
        last = self.path.rpartition("::")[2]
        return self.path if self.name == last else f"{self.path} as {self.name}"


def merge_rust(text: str, wanted: Sequence[str], items: Sequence[Item], head: Sequence[Item]) -> list[TextEdit]:
    """Edits of ``text``: what it lacks, by path and by name; a path joins the list in braces of its module."""
    present = [leaf for item in head for leaf in leaves_of(item.range.of(text))]
    paths = {(leaf.path, leaf.name) for leaf in present}
    names = {leaf.name for leaf in present if leaf.name not in ("*", "_")}
    names |= {item.name for item in items if item.name and item.kind is not ItemKind.IMPORT}
    new: list[UsedName] = []
    plain: list[str] = []
    for statement in wanted:
        if _USE.search(statement) is None:
            if statement not in plain and not any(_same(statement, item.range.of(text)) for item in items):
                plain.append(statement)
            continue
        for leaf in leaves_of(statement):
            glob = (f"{leaf.path.rpartition('::')[0]}::*", "*")
            if (leaf.path, leaf.name) in paths or leaf.name in names or glob in paths:
                continue
            paths.add((leaf.path, leaf.name))
            if leaf.name not in ("*", "_"):
                names.add(leaf.name)
            new.append(leaf)
    edits: list[TextEdit] = []
    lines: list[str] = list(plain)
    grouped: dict[str, list[UsedName]] = {}
    for leaf in new:
        grouped.setdefault(leaf.path.rpartition("::")[0], []).append(leaf)
    for module, leaves in grouped.items():
        target = next((item for item in head if _list_of(item.range.of(text)) == module), None)
        if target is not None:
            edits.append(_extended(text, target, leaves))
        elif len(leaves) == 1 or not module:
            lines += [f"use {leaf};" for leaf in leaves]
        else:
            inner = ", ".join(str(UsedName(leaf.path.rpartition("::")[2], leaf.name)) for leaf in leaves)
            lines.append(f"use {module}::{{{inner}}};")
    if lines:
        edits.append(_inserted(text, items, head, lines))
    return edits


def imported_files(document: Document, path: Path, files: ProjectFiles, _syntax: Syntax) -> Iterator[Path]:
    """The modules that the document names in a ``use``."""
    workspace = files.workspace
    roots = [
        folder for folder in path.parents if folder.is_relative_to(workspace) and (folder / "Cargo.toml").is_file()
    ]
    root = roots[0] / "src" if roots else path.parent
    home = path.parent if path.stem in ("mod", "lib", "main") else path.parent / path.stem
    for match in _OWN.finditer(document.text):
        first, *parts = match["path"].split("::")
        base = {"crate": root, "super": home.parent, "self": home}[first]
        for part in parts:
            options = (base / f"{part}.rs", base / part / "mod.rs")
            yield from (option for option in options if option.is_file())
            base = base.parent if part == "super" else base / part
        if not parts:
            yield from (option for option in (base / "mod.rs", base / "lib.rs") if option.is_file())


def imports_itself(statement: str, document: Document, below: Path) -> bool:
    """Whether a ``use`` names what the file itself defines."""
    match = re.match(r"(?:pub(?:\([^)]*\))?\s+)?use\s+crate::(?P<path>[\w:]+)", statement.strip())
    if match is None:
        return re.match(r"use\s+self::(\w+)\s*;", statement.strip()) is not None
    parts = list(below.with_suffix("").parts)
    parts = parts[parts.index("src") + 1 :] if "src" in parts else parts
    if parts and parts[-1] in ("mod", "lib", "main"):
        parts.pop()
    used = [part for part in match["path"].split("::") if part]
    if used[: len(parts)] != parts:
        return False
    inner = used[len(parts) : len(parts) + 1]
    names = inner if inner else re.findall(r"\w+", statement.partition("{")[2])
    defined = r"\b(?:fn|struct|enum|trait|type|const|static|union)\s+{}\b"
    return bool(names) and all(re.search(defined.format(name), document.text) for name in names)


def leaves_of(statement: str) -> Iterator[UsedName]:
    """What a ``use`` brings in, in order."""
    match = _USE.search(_COMMENT.sub(" ", statement))
    if match is not None:
        yield from _flat(" ".join(match["tree"].split()), "")


def _flat(tree: str, prefix: str) -> Iterator[UsedName]:
    tree = tree.strip()
    brace = tree.find("{")
    if brace >= 0 and tree.endswith("}"):
        module = tree[:brace].replace(" ", "").removesuffix("::")
        inner = prefix + (f"{module}::" if module else "")
        for part in parts_of(tree[brace + 1 : -1], brackets="{"):
            yield from _flat(part, inner)
        return
    path, _, alias = tree.partition(" as ")
    path = prefix + path.replace(" ", "")
    if path.endswith("::self"):
        path = path.removesuffix("::self")
    if path:
        yield UsedName(path, alias.strip() or path.rpartition("::")[2])


def _list_of(statement: str) -> str | None:
    """The module of a private ``use module::{a, b};`` without inner braces, comments and attributes."""
    match = _USE.fullmatch(statement.strip())
    if match is None or match["lead"] or "//" in statement or "/*" in statement:
        return None
    found = re.fullmatch(r"(?P<module>[\w:\s]+?)::\s*\{[^{}]*\}", match["tree"].strip())
    return found["module"].replace(" ", "") if found is not None else None


def _extended(text: str, item: Item, leaves: Sequence[UsedName]) -> TextEdit:
    source = item.range.of(text)
    close = source.rindex("}")
    inside = source[source.index("{") + 1 : close]
    end = len(source[:close].rstrip())
    names = [str(UsedName(leaf.path.rpartition("::")[2], leaf.name)) for leaf in leaves]
    line = re.search(r"\n([ \t]*)\S", inside)
    comma = inside.rstrip().endswith(",")
    added = "".join(f",\n{line.group(1)}{name}" if line is not None else f", {name}" for name in names)
    if comma:
        added = added[1:] + ","
    if not inside.strip():
        added = ", ".join(names)
    at = item.range.start + end
    return TextEdit(range=TextRange(start=at, end=at), text=added)


def _inserted(text: str, items: Sequence[Item], head: Sequence[Item], new: Sequence[str]) -> TextEdit:
    lines = Lines(text)
    if head:
        at = lines.end(lines.at(head[-1].range.end))
        return TextEdit(range=TextRange(start=at, end=at), text="".join(f"\n{line}" for line in new))
    # Below what speaks of the whole file: //! comments and #![attributes].
    last = -1
    for item in items:
        source = item.range.of(text)
        if not source.startswith(("//!", "/*!", "#![", "#!/")):
            break
        last = lines.at(item.range.end)
    block = "".join(f"{line}\n" for line in new)
    if last >= 0:
        at = lines.end(last)
        rest = text[at:].startswith(("\n\n", "\r\n\r\n")) or not text[at:].strip()
        return TextEdit(range=TextRange(start=at, end=at), text=f"\n\n{block}".rstrip("\n") + ("" if rest else "\n"))
    at = lines.start(0)
    return TextEdit(range=TextRange(start=at, end=at), text=f"{block}\n" if text[at:].strip() else block)


def _same(one: str, other: str) -> bool:
    return "".join(one.split()) == "".join(other.split())
