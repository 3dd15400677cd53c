"""Which files of a JavaScript or TypeScript project load a document, directly or by way of others. Reads texts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, cast

from forge_lsp.checking.project import Place
from forge_lsp.reading import parsed_json, table_beside

__all__ = ["Importers", "lenient_imports", "whole_export"]

_SOURCES = re.compile(
    r"(?:\bfrom|\bimport|\b(?:import|require)\s*\()\s*(?:/\*[^*]*\*/\s*)?[\"'](?P<source>[^\"'\n]+)[\"']"
)
_WHOLE = re.compile(r"\bmodule\.exports\s*=(?!=)(?!\s*(?:\{|exports\b))|\bexport\s+default\b|\bexport\s*=")
_COMPUTED = re.compile(
    r"\b(?:import|require(?:\.resolve)?|importActual|requireActual)\s*\(\s*(?![\"'\s])|\bimport\.meta\.glob\b"
    r"|\bchild_process\b|\bworker_threads\b|\bnew\s+Worker\b|\bnode:vm\b|[\"']vm[\"']|\bexeca\b|\bcreateRequire\b"
    r"|\breadFile|\b(?:window|globalThis|global|self)\."
)
_BUILTIN = frozenset(table_beside(__file__, "names.toml")["modules"])
_MOST_FILES = 1_500
_MOST_STEPS = 8
_MANIFEST = "package.json"
_BUILT = re.compile(r"^(?:\./)?(?:dist|lib|build|out|cjs|esm)/(?:cjs/|esm/)?")


def whole_export(text: str) -> bool:
    """Return whether a module exports one thing as a whole, which its importers call as they like."""
    return _WHOLE.search(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Importers:
    """How far each file of the project is from loading the document: 1 for those that import it. ``places`` are the
    project's files by path without their endings, ``packages`` the folders of its packages by name. ``loads`` is what
    each file imports of the project, ``murky`` are those of which that is not all that is known: names that a setting
    leads somewhere, what is computed, other programs."""

    document: PurePosixPath
    endings: tuple[str, ...]
    places: Mapping[str, str]
    packages: Mapping[str, PurePosixPath]
    steps: Mapping[str, int]
    loads: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    murky: frozenset[str] = frozenset()

    @classmethod
    def of(cls, place: Place, endings: tuple[str, ...]) -> Importers:
        """Read the project's files, a few thousand at most."""
        names = sorted(place.files(endings), key=lambda name: (name.count("/"), name))[:_MOST_FILES]
        places = {_bare(name, endings): name for name in reversed(names)}
        packages = dict(_packages(place))
        found = cls(document=place.document, endings=endings, places=places, packages=packages, steps={})
        importers: dict[str, set[str]] = {}
        loads: dict[str, frozenset[str]] = {}
        murky: set[str] = set()
        outside = _installed(place, packages.values())
        for name in names:
            text = place.text(PurePosixPath(name)) or ""
            sources = {one["source"] for one in _SOURCES.finditer(text)}
            targets = {source: found.target(place, name, source) for source in sources}
            for target in targets.values():
                if target is not None and target != name:
                    importers.setdefault(target, set()).add(name)
            loads[name] = frozenset(target for target in targets.values() if target is not None)
            lost = (source for source, target in targets.items() if target is None)
            if _COMPUTED.search(text) or any(not outside(source) for source in lost):
                murky.add(name)
        steps: dict[str, int] = {}
        wanted = {str(place.document)}
        for step in range(1, _MOST_STEPS + 1):
            wanted = {name for one in wanted for name in importers.get(one, ())} - steps.keys() - {str(place.document)}
            steps |= dict.fromkeys(wanted, step)
        return replace(found, steps=steps, loads=loads, murky=frozenset(murky))

    def apart(self, file: str) -> bool:
        """Return whether a file is known not to load the document, by what it and all that it loads import."""
        seen: set[str] = set()
        pending = [file]
        while pending:
            one = pending.pop()
            if one in seen:
                continue
            seen.add(one)
            if one == str(self.document) or one in self.murky or one not in self.loads:
                return False
            pending += self.loads[one]
        return True

    def target(self, place: Place, file: str, source: str) -> str | None:
        """Return the file of the project that ``source`` in ``file`` leads to; None: none of its."""
        if source.startswith("."):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(file), source))
            return self._file(place, path)
        name = "/".join(source.split("/")[: 2 if source.startswith("@") else 1])
        folder = self.packages.get(name)
        if folder is None:
            return None
        if source == name:
            return self._file(place, str(folder))
        inner = source[len(name) + 1 :]
        exported = (self._file(place, str(folder / entry)) for entry in _exported(place, folder, inner))
        return next(filter(None, exported), None) or self._file(place, str(folder / inner))

    def _file(self, place: Place, path: str) -> str | None:
        path = "" if path == "." else path
        known = self.places.get(_bare(path, self.endings)) if path else None
        if known is not None:
            return known
        for entry in _entries(place, PurePosixPath(path)):
            inner = posixpath.normpath(posixpath.join(path, entry))
            for guess in (inner, posixpath.join(inner, "index")):
                if (found := self.places.get(_bare(guess, self.endings))) is not None:
                    return found
        return None


def _installed(place: Place, folders: Iterable[PurePosixPath]) -> Callable[[str], bool]:
    """What says whether a source is none of the project's: node's own, or a package that is installed or declared."""
    declared: set[str] = set()
    for folder in (PurePosixPath(), *folders):
        manifest = _manifest(place, folder / _MANIFEST)
        for table in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"):
            known: object = manifest.get(table)
            declared |= set(cast("dict[str, object]", known)) if isinstance(known, dict) else set()

    def outside(source: str) -> bool:
        if source.startswith("node:") or source.partition("/")[0] in _BUILTIN:
            return True
        name = "/".join(source.split("/")[: 2 if source.startswith("@") else 1])
        if source.startswith((".", "/", "#", "~", "@/")) or not name:
            return False
        above = (place.source / folder / "node_modules" / name for folder in place.folders()) if place.source else ()
        return name in declared or any(one.is_dir() for one in above)

    return outside


def _entries(place: Place, folder: PurePosixPath) -> Iterator[str]:
    """The files that may be what a folder stands for: what its manifest says, else an index; built files by their
    sources."""
    manifest = _manifest(place, folder / _MANIFEST)
    for entry in (*_strings([manifest.get(key) for key in ("source", "exports", "module", "main")]), "index"):
        yield entry
        yield _BUILT.sub("src/", entry)
    yield "src/index"
    yield "lib/index"


def _exported(place: Place, folder: PurePosixPath, inner: str) -> Iterator[str]:
    """The files that a package's manifest gives for ``package/inner``, under any condition; built files by their
    sources."""
    table: object = _manifest(place, folder / _MANIFEST).get("exports")
    for key, value in cast("dict[str, object]", table).items() if isinstance(table, dict) else ():
        head, star, tail = key.removeprefix("./").partition("*")
        if inner != head if not star else not (inner.startswith(head) and inner.endswith(tail)):
            continue
        part = inner[len(head) : len(inner) - len(tail)] if star else ""
        for entry in _strings([_filled(value, part) if star else value]):
            yield posixpath.normpath(entry)
            yield _BUILT.sub("src/", posixpath.normpath(entry))


def _filled(value: object, part: str) -> object:
    """What a pattern of ``exports`` gives, with the part of the name that its star stands for."""
    if isinstance(value, str):
        return value.replace("*", part)
    if isinstance(value, dict):
        return {key: _filled(one, part) for key, one in cast("dict[str, object]", value).items()}
    return [_filled(one, part) for one in cast("list[object]", value)] if isinstance(value, list) else value


def _strings(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str) and "*" not in value and not value.endswith((".json", ".d.ts", ".d.mts", ".d.cts")):
            yield value
        elif isinstance(value, dict):
            own = cast("dict[str, object]", value)
            yield from _strings([own["."]] if "." in own else own.values())
        elif isinstance(value, list):
            yield from _strings(cast("list[object]", value))


def _packages(place: Place) -> Iterator[tuple[str, PurePosixPath]]:
    for name in place.files((_MANIFEST,)):
        path = PurePosixPath(name)
        known = _manifest(place, path).get("name") if path.name == _MANIFEST else None
        if isinstance(known, str) and known:
            yield known, path.parent


def _manifest(place: Place, path: PurePosixPath) -> Mapping[str, Any]:
    try:
        found: object = parsed_json(place.text(path) or "{}")
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _bare(name: str, endings: tuple[str, ...]) -> str:
    name = name.removesuffix("/")
    ending = next((ending for ending in endings if name.endswith(ending)), "")
    return name[: len(name) - len(ending)] if ending else name


def lenient_imports(text: str, source: str, number: int) -> str | None:
    """Return the text of a test file that takes what a module does not export as undefined; None: it has no such
    import."""
    changed = False
    count = number * 100

    def rewritten(found: re.Match[str]) -> str:
        nonlocal changed, count
        clause, lines = found["names"], found[0].count("\n")
        braces = re.search(r"\{([^}]*)\}", clause)
        if braces is None:
            return found[0]
        changed = True
        count += 1
        parts = (part.strip() for part in re.sub(r"/\*.*?\*/|//[^\n]*", "", braces[1], flags=re.S).split(","))
        named = [re.sub(r"\s+as\s+", ": ", part) for part in parts if part and not part.startswith("type ")]
        head = clause[: braces.start()].strip().rstrip(",").strip()
        first = f"{head}, " if head else ""
        space = f"forgeModule{count}"
        return f'import {first}* as {space} from "{source}"; const {{ {", ".join(named)} }} = {space};' + "\n" * lines

    pattern = rf"\bimport\s+(?!type\b)(?P<names>[\w$*{{}}\s,]+?)\s*\bfrom\s*[\"']{re.escape(source)}[\"'][ \t]*;?"
    text = re.sub(pattern, rewritten, text)
    return text if changed else None
