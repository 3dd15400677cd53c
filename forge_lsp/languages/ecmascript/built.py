"""Test files that load what was built earlier in place of the sources. Reads texts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, cast

from forge_lsp.checking.project import Place
from forge_lsp.languages.ecmascript.reading import read_tests
from forge_lsp.reading import parsed_json

__all__ = ["built_earlier", "manifest_of"]

_OUTPUT = re.compile(r"(?:dist|lib|build|out|cjs|esm|es|_?build)/")


def built_earlier(place: Place, at: Place) -> str | None:
    """What a test file loads in place of the document's source: a built file, by its path or as the entry of the
    package; None where it may load the source."""
    package = place.nearest("package.json")
    if package is None:
        return None
    text = at.text(at.document) or ""
    if (path := _built_path(place, at, package.parent, read_tests(text).imports.values())) is not None:
        return path
    manifest = manifest_of(place, package.parent)
    name = manifest.get("name")
    sources = set(read_tests(text).imports.values())
    if not isinstance(name, str) or not name or not any(one == name or one.startswith(f"{name}/") for one in sources):
        return None
    if any(one.startswith(".") for one in sources):
        return None
    entries = [
        entry.removeprefix("./") for entry in _strings([manifest.get(key) for key in ("exports", "main", "module")])
    ]
    inner = str(place.document.relative_to(package.parent))
    built = [entry for entry in entries if _OUTPUT.match(entry) and not inner.startswith(f"{entry.split('/')[0]}/")]
    if not built or len(built) < len([entry for entry in entries if not entry.endswith((".json", ".d.ts"))]):
        return None
    # A setting may lead the name to the sources.
    settings = (
        "vite.config.*",
        "vitest.config.*",
        "vitest.workspace.*",
        "jest.config.*",
        "tsconfig*.json",
        ".mocharc*",
    )
    texts = (at.text(path) for pattern in settings if (path := at.nearest(pattern)) is not None)
    return None if any(text is not None and name in text for text in texts) else built[0]


def _built_path(place: Place, at: Place, package: PurePosixPath, sources: Iterable[str]) -> str | None:
    """The built file below ``package`` that a test file loads by its path, and no source of the package beside it."""
    inner = str(place.document.relative_to(package)) if place.document.is_relative_to(package) else ""
    found: str | None = None
    for source in sources:
        if not source.startswith("."):
            continue
        path = posixpath.normpath(posixpath.join(posixpath.dirname(str(at.document)), source))
        below = posixpath.relpath(path, str(package))
        output = _OUTPUT.match(f"{below}/")
        if output is None or output[0] == "lib/" or inner.startswith(output[0]):
            if not below.startswith(("test", "__tests__", "spec", "..")):
                return None
            continue
        found = found or below
    return found


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            if key not in ("types", "./package.json"):
                yield from _strings(inner)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _strings(inner)


def manifest_of(place: Place, folder: PurePosixPath) -> Mapping[str, Any]:
    try:
        found: object = parsed_json(place.text(folder / "package.json") or "{}")
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
