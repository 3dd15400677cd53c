"""The files that a document leans on, and the tests that speak of its scope."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from forge_lsp.domain.ports import Item, ItemKind, Syntax
from forge_lsp.domain.task import Document, Language, TextRange
from forge_lsp.source.files import Files, language_of
from forge_lsp.source.imports_python import imports_of
from forge_lsp.source.lines import normalised

__all__ = ["imported_files", "mentions", "outline_text", "tests_near"]

_SPECIFIER = re.compile(
    r"""(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"])(?P<path>\.{1,2}/[^'"]*|\.{1,2})\1"""
)
_ENDINGS = (".ts", ".tsx", ".d.ts", ".mts", ".js", ".jsx", ".mjs", ".cjs")
_TYPE = re.compile(r"\b(?:class|struct|interface|enum|record(?:\s+(?:class|struct))?|delegate\s+\S+)\s+([A-Za-z_]\w*)")
_WORD = re.compile(r"[A-Za-z_]\w*")
_TESTS: dict[Language, re.Pattern[str]] = {
    Language.PYTHON: re.compile(r"(?:test_.*|.*_test|tests?)\.py"),
    Language.CSHARP: re.compile(r".*Tests?\.cs"),
    Language.TYPESCRIPT: re.compile(r".*[._-](?:test|spec)\.[cm]?[jt]sx?"),
    Language.JAVASCRIPT: re.compile(r".*[._-](?:test|spec)\.[cm]?[jt]sx?"),
    Language.JAVA: re.compile(r"(?:Test.*|.*Tests?|.*IT)\.java"),
    Language.C: re.compile(r"(?:tests?[_-].*|.*[_-]tests?|tests?)\.(?:c|cc|cpp|cxx)", re.I),
    Language.CPP: re.compile(r"(?:tests?[_-].*|.*[_-]tests?|tests?)\.(?:c|cc|cpp|cxx)", re.I),
}
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*(?:include|import)[ \t]*[<\"](?P<path>[^>\"\r\n]+)[>\"]", re.M)
_GO_MODULE = re.compile(r"^module[ \t]+(?P<path>\S+)", re.M)
_GO_IMPORT = re.compile(r"^(?:import)?[ \t]*(?:[\w.]+[ \t]+)?\"(?P<path>[\w./~-]+)\"", re.M)
_RUST_USE = re.compile(r"\buse\s+(?P<path>(?:crate|super|self)(?:::[a-z_]\w*)*)")
_INCLUDED_FROM = ("", "include", "inc", "src", "lib")
_MOST_ITEM_LINES = 60


def imported_files(document: Document, files: Files, syntax: Syntax, *, most: int) -> Iterator[Path]:
    """Files of the workspace that ``document`` imports, in the order it does; for C# and Java, those that define
    a type it names, nearest folders first; for Go the packages of its module. ``most`` bounds how many files are looked
    at for the former."""
    if document.path is None:
        return
    seen = {_resolved(document.path)}
    if document.language is Language.PYTHON:
        found = _python(document, document.path, files, syntax)
    elif document.language in (Language.TYPESCRIPT, Language.JAVASCRIPT):
        found = _ecmascript(document, document.path)
    elif document.language in (Language.CSHARP, Language.JAVA):
        found = _by_types(document, document.path, files, most)
    elif document.language in (Language.C, Language.CPP):
        found = _included(document, document.path, files)
    elif document.language is Language.GO:
        found = _go_packages(document, document.path, files)
    elif document.language is Language.RUST:
        found = _rust_modules(document, document.path, files)
    else:
        found = iter(())
    for path in found:
        key = _resolved(path)
        if key not in seen and files.text(path) is not None:
            seen.add(key)
            yield path


def _python(document: Document, path: Path, files: Files, syntax: Syntax) -> Iterator[Path]:
    workspace = files.guard.workspace
    above = [folder for folder in path.parents if folder.is_relative_to(workspace)]
    roots = list(dict.fromkeys([workspace, workspace / "src", *above]))
    for item in syntax.outline(document.text, document.language).items:
        if item.kind is not ItemKind.IMPORT:
            continue
        for module, name, _ in imports_of(normalised(item.range.of(document.text))):
            dots = len(module) - len(module.lstrip("."))
            parts = [part for part in module.lstrip(".").split(".") if part]
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


def _ecmascript(document: Document, path: Path) -> Iterator[Path]:
    for match in _SPECIFIER.finditer(document.text):
        target = path.parent / match["path"]
        bare = target.with_suffix("") if target.suffix in (".js", ".jsx", ".mjs", ".cjs") else target
        options = [target, *(bare.with_name(bare.name + ending) for ending in _ENDINGS)]
        options += [target / f"index{ending}" for ending in _ENDINGS]
        hit = next((option for option in options if option.is_file()), None)
        if hit is not None:
            yield hit


def _included(document: Document, path: Path, files: Files) -> Iterator[Path]:
    """The headers of the project that ``document`` includes, looked for beside it and in the usual folders above."""
    workspace = files.guard.workspace
    above = [folder for folder in path.parents if folder.is_relative_to(workspace)]
    for match in _INCLUDE.finditer(document.text):
        options = [folder / name / match["path"] for folder in above for name in _INCLUDED_FROM]
        hit = next((option for option in options if files.text(option) is not None), None)
        if hit is not None:
            yield hit


def _go_packages(document: Document, path: Path, files: Files) -> Iterator[Path]:
    """The files of the packages of its own module that ``document`` imports, tests left out."""
    workspace = files.guard.workspace
    for folder in path.parents:
        if not folder.is_relative_to(workspace):
            return
        module = _GO_MODULE.search(files.text(folder / "go.mod") or "")
        if module is None:
            continue
        for match in _GO_IMPORT.finditer(document.text):
            inside = match["path"].removeprefix(module["path"])
            if inside != match["path"] and (not inside or inside.startswith("/")):
                package = folder / inside.strip("/")
                yield from sorted(p for p in package.glob("*.go") if not p.name.endswith("_test.go"))
        return


def _rust_modules(document: Document, path: Path, files: Files) -> Iterator[Path]:
    """The modules of its own crate that ``document`` names in a ``use``."""
    workspace = files.guard.workspace
    roots = [
        folder for folder in path.parents if folder.is_relative_to(workspace) and (folder / "Cargo.toml").is_file()
    ]
    root = roots[0] / "src" if roots else path.parent
    own = path.parent if path.stem in ("mod", "lib", "main") else path.parent / path.stem
    for match in _RUST_USE.finditer(document.text):
        first, *parts = match["path"].split("::")
        base = {"crate": root, "super": own.parent, "self": own}[first]
        for part in parts:
            options = (base / f"{part}.rs", base / part / "mod.rs")
            yield from (option for option in options if option.is_file())
            base = base.parent if part == "super" else base / part
        if not parts:
            yield from (option for option in (base / "mod.rs", base / "lib.rs") if option.is_file())


def _by_types(document: Document, path: Path, files: Files, most: int) -> Iterator[Path]:
    language = document.language
    words = set(_WORD.findall(document.text))
    found: list[tuple[int, str, Path]] = []
    for other in files.guard.files(language.suffixes, most=most):
        text = files.text(other)
        if text is None or _TESTS[language].fullmatch(other.name):
            continue
        if words & set(_TYPE.findall(text)):
            found.append((_distance(path, other), str(other), other))
    yield from (other for _, _, other in sorted(found))


def _distance(one: Path, other: Path) -> int:
    """Folders to climb and descend from one file to another."""
    ours, theirs = _resolved(one).parent.parts, _resolved(other).parent.parts
    common = 0
    while common < min(len(ours), len(theirs)) and ours[common] == theirs[common]:
        common += 1
    return len(ours) + len(theirs) - 2 * common


def tests_near(document: Document, files: Files, *, most: int) -> Iterator[Path]:
    """Files that are tests by their names, in the order of the walk; ``most`` bounds how many files are looked at."""
    pattern = _TESTS.get(document.language)
    if pattern is None:
        return
    suffixes = document.language.suffixes
    if document.language in (Language.TYPESCRIPT, Language.JAVASCRIPT):
        suffixes = Language.TYPESCRIPT.suffixes + Language.JAVASCRIPT.suffixes
    elif document.language in (Language.C, Language.CPP):
        suffixes = Language.C.suffixes + Language.CPP.suffixes
    own = None if document.path is None else _resolved(document.path)
    for path in files.guard.files(suffixes, most=most, named=pattern):
        if own is None or files.guard.resolved(path) != own:
            yield path


def mentions(text: str, name: str, path: Path, syntax: Syntax, language: Language) -> str | None:
    """The definitions of a test file that mention ``name``, each bounded; None if none does."""
    name = name.rpartition("::")[2] or name  # C++: what is defined as Stack::push is called as push
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    if not word.search(text):
        return None
    language = language_of(path, language)
    parts: list[str] = []
    for item in _leaves(syntax.outline(text, language).items):
        if item.kind is ItemKind.IMPORT or not word.search(item.range.of(text)):
            continue
        line_start = max(text.rfind("\n", 0, item.range.start), text.rfind("\r", 0, item.range.start)) + 1
        lines = normalised(TextRange(start=line_start, end=item.range.end).of(text)).split("\n")
        parts.append("\n".join(lines[:_MOST_ITEM_LINES]))
    return "\n\n".join(parts) or None


def _leaves(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        if item.kind is ItemKind.CLASS and item.children:
            yield from _leaves(item.children)
        else:
            yield item


def outline_text(text: str, language: Language, syntax: Syntax) -> str:
    """Signatures and the first line of each documentation, indented by depth, a line or a few each."""
    lines: list[str] = []

    def add(items: tuple[Item, ...], depth: int) -> None:
        pad = "    " * depth
        for item in items:
            if item.kind in (ItemKind.FUNCTION, ItemKind.CLASS) and item.signature is not None:
                lines.extend(pad + line.strip() for line in normalised(item.signature).split("\n"))
                doc = _first_doc_line(item, text)
                if doc:
                    lines.append(f"{pad}    {doc}")
                if item.kind is ItemKind.CLASS:
                    if item.children:
                        add(item.children, depth + 1)
                    elif item.body is not None and "enum" in item.signature:
                        lines.append(f"{pad}    {' '.join(item.body.of(text).split())[:300]}")
            elif item.kind is ItemKind.ASSIGNMENT and item.name is not None:
                lines.append(pad + normalised(item.range.of(text)).split("\n")[-1].strip()[:160])
            elif item.kind is ItemKind.OTHER:
                add(item.children, depth)

    add(syntax.outline(text, language).items, 0)
    return "\n".join(lines)


def _first_doc_line(item: Item, text: str) -> str | None:
    """The first line of a docstring, or of the doc comment above."""
    if item.body is not None:
        match = re.match(r"[rRuU]?(?:\"\"\"|''')\s*([^\r\n]*?)\s*(?:\"\"\"|'''|[\r\n]|\Z)", item.body.of(text))
        if match and match.group(1):
            return f'"""{match.group(1)[:160]}"""'
    lead = item.range.of(text).partition((item.signature or "\0")[:40])[0]
    for line in lead.splitlines():
        words = re.sub(r"</?\w+[^>]*>", "", line.strip().lstrip("/*# ").removesuffix("*/")).strip()
        if words and line.strip().startswith(("//", "/*", "*")):
            return f"// {words[:160]}"
    return None


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path
