"""What surrounds a project's tests: what is compiled with them, and what they do not see as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from forge_lsp.checking.jvm.maven import BUILD_FILES, Build
from forge_lsp.checking.project import Place
from forge_lsp.languages.java.sources import Sources
from forge_lsp.languages.java.texts import words_of

__all__ = ["MOST_MAINS", "callers_of", "hidden_files", "mains_of", "modules_of"]

_BUILT = ("target/test-classes", "build/classes/java/test")
_MOST_BUILT = 2_000
_MOST_CALLERS = 20
_NO_CLASS = ("module-info.java", "package-info.java")
MOST_MAINS = 500
"""Sources of a module, up to which all of them are compiled; of a larger one what its tests name."""


def hidden_files(place: Place, build: Build, tests: Mapping[PurePosixPath, str]) -> tuple[PurePosixPath, ...]:
    """Return the files that are not there while tests run, so that no code reads from them what is expected: the tests'
    sources, and the classes that were made of them before."""
    found = [*tests, *modules_of(place)]
    for name in _BUILT:
        folder = build.folder / name
        if place.source is not None and (place.source / folder).is_dir():
            classes = sorted((place.source / folder).rglob("*.class"))[:_MOST_BUILT]
            found += [PurePosixPath(path.relative_to(place.source).as_posix()) for path in classes]
    return tuple(found)


def modules_of(place: Place) -> tuple[PurePosixPath, ...]:
    """Return the declarations of modules: with one of them the compiler would want all others, too."""
    names = [*map(PurePosixPath, place.files(("module-info.java",)))]
    names += [path for path in place.overlay if path.name == "module-info.java"]
    return tuple(dict.fromkeys(names))


def mains_of(place: Place, build: Build, tests: Mapping[PurePosixPath, str]) -> tuple[PurePosixPath, ...]:
    """Return the sources of the document's module that are no tests: also those that are only found by reflection."""
    names = [*map(PurePosixPath, place.files((".java",)))]
    names += [path for path in place.overlay if path.suffix == ".java"]
    nested = {path.parent for path in _builds(place)} - {build.folder, *build.folder.parents}
    inside = (path for path in dict.fromkeys([place.document, *sorted(names)]) if path.is_relative_to(build.folder))
    own = (path for path in inside if not any(path.is_relative_to(folder) for folder in nested))
    return tuple(path for path in own if path not in tests and path.name not in _NO_CLASS)


def _builds(place: Place) -> tuple[PurePosixPath, ...]:
    return tuple(map(PurePosixPath, place.files(BUILD_FILES)))


def callers_of(place: Place, sources: Sources, tests: Mapping[PurePosixPath, str]) -> tuple[str, ...]:
    """Return the types that name the document's, one step away."""
    stem = place.document.stem
    files: Sequence[PurePosixPath] = [file for file in sources.files[1:] if file not in tests]
    found = (file.stem for file in files if stem in words_of(place.text(file) or ""))
    return tuple(dict.fromkeys(found))[:_MOST_CALLERS]
