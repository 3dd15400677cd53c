"""Which Java files are compiled when a document changes, and where the compiler finds the others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from forge_lsp.checking.jvm.maven import Build
from forge_lsp.checking.project import Place

__all__ = [
    "MOST_MENTIONS",
    "MOST_READ",
    "WHOLE_MODULE",
    "Sources",
    "class_path",
    "options_of",
    "public_type",
    "sources_of",
]

_PACKAGE = re.compile(r"^[ \t]*package\s+([\w.]+)\s*;", re.M)
_PUBLIC = re.compile(
    r"^[ \t]*public\s+(?:(?:abstract|final|sealed|non-sealed|strictfp|static)\s+)*"
    r"(?:class|interface|enum|record|@interface)\s+(\w+)",
    re.M,
)
_TYPE = re.compile(r"\b(?:class|interface|enum|record)\s+(\w+)")
_COMMENTS = re.compile(r"/\*.*?(?:\*/|\Z)|//[^\n]*", re.S)
_ROOTS = ("src/main/java", "src/test/java", "src", "java", "app/src/main/java")
WHOLE_MODULE = 200
"""Files beside the document, up to which a module is compiled as a whole."""
MOST_MENTIONS = 200
MOST_READ = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """``files`` are compiled, the document first; ``roots`` are the folders below which packages begin."""

    files: tuple[PurePosixPath, ...]
    roots: tuple[PurePosixPath, ...]


def sources_of(place: Place, text: str, module: PurePosixPath) -> Sources:
    """The document's module where it is small, else what mentions one of its types; of other modules what does."""
    document = place.document
    names = [*map(PurePosixPath, place.files((".java",)))]
    names += [path for path in place.overlay if path.suffix == ".java"]
    others = [path for path in dict.fromkeys(names) if path != document and path.name != "module-info.java"]
    if len(others) > MOST_READ:  # then the module alone, and of it as much as can be read in time
        others = [path for path in others if path.is_relative_to(module)][:MOST_READ]
    texts = {path: place.text(path) or "" for path in others}
    known = _COMMENTS.sub(" ", text)
    types = {document.stem, *_TYPE.findall(known)}
    word = re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(name) for name in sorted(types))})(?!\w)")
    own = [path for path in others if path.is_relative_to(module)]
    chosen = own if len(own) <= WHOLE_MODULE else []
    mentions = [path for path in others if path not in chosen and word.search(texts[path])]
    chosen = [*chosen, *mentions[:MOST_MENTIONS]]
    if place.source is None:
        chosen = [path for path in chosen if word.search(texts[path])]
    roots = {_root(document, known), *(_root(path, texts[path]) for path in others)}
    roots |= {module / name for name in _ROOTS if place.source is not None and (place.source / module / name).is_dir()}
    return Sources(files=(document, *sorted(chosen)), roots=tuple(sorted(roots)))


def class_path(place: Place, build: Build) -> list[str]:
    """What was compiled before, and the jars; relative to the tree where they lie in it."""
    folders = [build.folder / name for name in ("target/classes", "build/classes/java/main")]
    path = [str(folder) for folder in folders if place.source is not None and (place.source / folder).is_dir()]
    return path + [str(jar) for jar in build.jars]


def options_of(build: Build) -> list[str]:
    """The compiler's options for a module, but for its processors and paths."""
    options = ["-implicit:none", "-XDshould-stop.ifError=FLOW", "-Xmaxerrs", "1000", "-nowarn"]
    if build.release is not None and build.release >= 8:
        options += ["--release", str(build.release)]
    return options


def public_type(text: str) -> str | None:
    """The name of the public type of a text, which must be the file's; else of its only type."""
    plain = _COMMENTS.sub(" ", text)
    found = _PUBLIC.search(plain)
    if found is not None:
        return found[1]
    types = _TYPE.findall(plain)
    return types[0] if types else None


def _root(file: PurePosixPath, text: str) -> PurePosixPath:
    """The folder that the file's package begins in."""
    package = _PACKAGE.search(text)
    folder = file.parent
    if package is None:
        return folder
    for part in reversed(package[1].split(".")):
        if folder.name != part:
            return file.parent
        folder = folder.parent
    return folder
