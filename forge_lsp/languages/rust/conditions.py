"""Whether the code of a scope is compiled on this machine: the ``cfg`` conditions around it, and the features that they
ask for. Reads files, starts nothing."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, cast

from forge_lsp.checking.project import Place
from forge_lsp.core.task import Task
from forge_lsp.languages.rust.source import items_of, tokens_of, walked
from forge_lsp.reading import toml_table

__all__ = ["Conditions", "conditions_of"]

_CFG = re.compile(r"#\s*!?\s*\[\s*cfg\s*\(", re.S)
_INNER = re.compile(r"#\s*!\s*\[\s*cfg\s*\((?P<said>[^\]]*)\)\s*\]")
_MOST_FILES = 12
_MOST_TESTS = 100
_BUILDS = frozenset({"test", "doctest", "doc", "debug_assertions", "overflow_checks", "panic", "proc_macro"})
"""What some build of ``--all-targets`` has and another has not, or what says nothing of this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """``features`` have to be switched on. ``unmet`` is a condition that cannot be met on this machine."""

    features: tuple[str, ...] = ()
    unmet: str | None = None


def conditions_of(task: Task, place: Place, manifest: PurePosixPath, text: str | None = None) -> Conditions:
    """Return what has to hold for the scope to be compiled.

    ``manifest`` is the package's. ``text``: the candidate's, whose own conditions for the scope's name count too.
    """
    package = toml_table(place.text(manifest))
    features = _features(package)
    standard = _closure(["default"], features)
    custom = "".join(place.text(manifest.parent / name) or "" for name in ("build.rs", ".cargo/config.toml"))
    known = _Known(features=features, standard=standard, custom=custom)
    asked: dict[str, None] = {}
    for said in (*_around(task.document.text, task.scope.range.start), *_declared(place, manifest.parent)):
        met, wanted = known.of(said)
        if met is False:
            return Conditions(unmet=f"cfg({said})")
        asked.update(dict.fromkeys(wanted))
    if text is not None and task.scope.name:
        own = [item for item in walked(items_of(text)) if item.name == task.scope.name and item.kind != "use"]
        sides = [[known.of(said)[0] for said in _conditions(item.attributes)] for item in own]
        if sides and all(False in met for met in sides):
            return Conditions(unmet=f"cfg({next(_conditions(own[0].attributes))})")
    for name in _tested(package, place, manifest.parent, task.scope.name):
        if name in features and name not in standard:
            asked[name] = None
    return Conditions(features=tuple(asked))


def _tested(package: Mapping[str, Any], place: Place, folder: PurePosixPath, scope: str | None) -> Iterator[str]:
    """The features that the package's tests of the scope ask for: without them cargo leaves these tests out."""
    named = cast("list[dict[str, Any]]", package.get("test") or [])
    for one in named:
        yield from (str(feature) for feature in cast("list[Any]", one.get("required-features") or []))
    if place.source is None or scope is None:
        return
    for file in sorted((place.source / folder / "tests").glob("*.rs"))[:_MOST_TESTS]:
        text = place.text(folder / "tests" / file.name) or ""
        for match in _INNER.finditer(text if re.search(rf"\b{re.escape(scope)}\b", text) else ""):
            if "not" not in match["said"]:
                yield from re.findall(r'\bfeature\s*=\s*"([^"]+)"', match["said"])


def _around(text: str, at: int) -> Iterator[str]:
    """The conditions of the file, and of the items that an offset is in."""
    for match in _INNER.finditer(text):
        yield " ".join(match["said"].split())
    for item in walked(items_of(text)):
        if item.start <= at < item.end:
            yield from _conditions(item.attributes)


def _conditions(attributes: str) -> Iterator[str]:
    for match in _CFG.finditer(attributes):
        depth, end = 1, match.end()
        while end < len(attributes) and depth:
            depth += {"(": 1, ")": -1}.get(attributes[end], 0)
            end += 1
        yield " ".join(attributes[match.end() : end - 1].split())


def _declared(place: Place, package: PurePosixPath) -> Iterator[str]:
    """The conditions under which the document's module, and those above it, are declared."""
    file = place.document
    for _ in range(_MOST_FILES):
        if file.name in ("lib.rs", "main.rs") or not file.is_relative_to(package):
            return
        folder = file.parent.parent if file.name == "mod.rs" else file.parent
        name = file.parent.name if file.name == "mod.rs" else file.stem
        above = [folder / one for one in ("lib.rs", "main.rs", "mod.rs")]
        if folder.name:  # "." has no file beside it
            above.append(folder.with_suffix(".rs"))
        for parent in above:
            text = place.text(parent)
            found = [
                item
                for item in walked(items_of(text or ""))
                if item.kind == "mod" and item.body is None and item.name == name
            ]
            if text is None or not found:
                continue
            sides = [list(_conditions(item.attributes)) for item in found]
            if len(sides) == 1:
                yield from sides[0]
            elif all(sides):  # declared more than once: for several systems
                yield f"any({', '.join('all(' + ', '.join(one) + ')' for one in sides)})"
            for match in _INNER.finditer(text):
                yield " ".join(match["said"].split())
            file = parent
            break
        else:
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    features: Mapping[str, Collection[str]]
    standard: Collection[str]
    custom: str

    def of(self, said: str) -> tuple[bool | None, tuple[str, ...]]:
        """Whether a condition holds here (None: nobody knows), and the features that it needs beside the usual ones."""
        words = [token.text for token in tokens_of(said)]
        met, _ = self._read(words, 0, frozenset(self.standard))
        if met is not False:
            return met, ()
        wanted = [name for name in re.findall(r'\bfeature\s*=\s*"([^"]+)"', said) if name in self.features]
        more = [name for name in dict.fromkeys(wanted) if name not in self.standard]
        met, _ = self._read(words, 0, frozenset(_closure([*self.standard, *more], self.features)))
        return met, tuple(more) if met is not False else ()

    def _read(self, words: list[str], at: int, features: frozenset[str]) -> tuple[bool | None, int]:
        """The value of the condition that begins at a word, and the place after it."""
        word = words[at] if at < len(words) else ""
        if word in ("all", "any", "not") and at + 1 < len(words) and words[at + 1] == "(":
            values: list[bool | None] = []
            at += 2
            while at < len(words) and words[at] != ")":
                value, at = self._read(words, at, features)
                values.append(value)
                at += at < len(words) and words[at] == ","
            if word == "not":
                one = values[0] if values else None
                return (None if one is None else not one), at + 1
            decisive = word == "any"
            if decisive in values:
                return decisive, at + 1
            return (None if None in values else not decisive), at + 1
        if at + 2 < len(words) and words[at + 1] == "=":
            return self._holds(word, words[at + 2].strip('"'), features), at + 3
        return self._holds(word, None, features), at + 1

    def _holds(self, name: str, value: str | None, features: frozenset[str]) -> bool | None:
        if name in _BUILDS:
            return None
        if name == "feature":
            return value in features
        here = _here()
        if name in here:
            return value in here[name]
        # A name of the project's own: its build script may set it.
        return None if re.search(rf"\b{re.escape(name)}\b", self.custom) else False


def _here() -> Mapping[str, tuple[str | None, ...]]:
    system = {"darwin": "macos", "win32": "windows"}.get(sys.platform, "linux")
    unix = system != "windows"
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    return {
        "unix": (None,) if unix else (),
        "windows": () if unix else (None,),
        "target_os": (system,),
        "target_family": ("unix" if unix else "windows",),
        "target_arch": (machine,),
        "target_pointer_width": ("64" if sys.maxsize > 2**32 else "32",),
        "target_endian": (sys.byteorder,),
        "target_vendor": ("apple" if system == "macos" else "unknown", "pc"),
        "target_env": ("gnu", "musl", "msvc", ""),
        "target_has_atomic": (None, "8", "16", "32", "64", "ptr"),
        "target_feature": ("sse", "sse2", "fxsr", "neon", "crt-static"),
        "true": (None,),
        "false": (),
    }


def _features(package: Mapping[str, Any]) -> dict[str, list[str]]:
    """The features of a package, each with what it switches on; optional dependencies are features too."""
    listed = cast("dict[str, list[str]]", package.get("features") or {})
    found = {name: [str(one) for one in needs] for name, needs in listed.items()}
    for kind in ("dependencies", "build-dependencies"):
        for name, need in cast("dict[str, Any]", package.get(kind) or {}).items():
            if isinstance(need, dict) and cast("dict[str, Any]", need).get("optional") is True:
                found.setdefault(name, [])
    return found


def _closure(names: Collection[str], features: Mapping[str, Collection[str]]) -> list[str]:
    found = list(dict.fromkeys(names))
    for name in found:  # grows while it is walked
        found += [one for one in features.get(name, ()) if one not in found]
    return found
