"""What the product knows of a programming language: one record each, made in its folder under ``languages/``."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import PurePath
from typing import TypedDict, TypeVar

from forge_lsp.core.support import BenchSupport, CheckingSupport, ContextSupport, EditingSupport, ExtractionSupport

__all__ = ["Language", "Languages", "Supports", "imported", "supports"]

_Support = TypeVar("_Support")

_NO_TESTS = re.compile(r"(?!)")


def imported(kind: type[_Support], place: str) -> Callable[[], _Support]:
    """Return what answers the support at ``place``, ``module:NAME``, and imports its module when it is first asked."""
    module, _, name = place.partition(":")

    @cache
    def support() -> _Support:
        found = getattr(import_module(module), name)
        assert isinstance(found, kind), place
        return found

    return support


class Supports(TypedDict):
    """What a language's folder brings."""

    editing: Callable[[], EditingSupport]
    extraction: Callable[[], ExtractionSupport]
    context: Callable[[], ContextSupport]
    checking: Callable[[], CheckingSupport]
    bench: Callable[[], BenchSupport]


def supports(package: str, prefix: str = "") -> Supports:
    """Return all supports of a language whose ``package`` has a module for each, as ``package.editing:EDITING``;
    ``prefix`` begins their names."""

    def at(kind: type[_Support]) -> Callable[[], _Support]:
        name = kind.__name__.removesuffix("Support")
        return imported(kind, f"{package}.{name.lower()}:{prefix}{name.upper()}")

    return Supports(
        editing=at(EditingSupport),
        extraction=at(ExtractionSupport),
        context=at(ContextSupport),
        checking=at(CheckingSupport),
        bench=at(BenchSupport),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Language:
    """A programming language. Two are equal where their ``id`` is, the LSP language identifier.

    ``title`` is what people call it. ``suffixes`` are the endings of its files' names, the usual one first; ``beside``
    those of other files that one of its files may need (headers, data). ``names`` are further identifiers that editors
    and users have for it. ``family`` are the ids of the languages whose files may use each other's names.
    ``shared`` are suffixes among them of files that are read as the language of the family that needs them (``.h``).
    ``comment`` begins a comment that ends with its line. ``test_files`` matches the path in a workspace, with ``/``, of
    a file that holds tests or what only tests use. ``output_folders`` are the folders that its tools make or fill, each
    with patterns of files, one of which is beside it where it is theirs (none: it is wherever it is): nobody edits what
    lies in them, and no check reads it. ``indented``: blocks are told by their indentation. ``gap``: the blank lines
    between definitions at the top of a file. ``listed``: its compiler is given files by name, all that are on the disk.
    ``editor_keys`` are settings of editors and their plugins, ``section.key``, that name the program which the user
    chose for it. ``mixed`` are endings of files that hold its code beside something else, and are not written in.

    The others answer how its code is parsed and edited, found in answers, shown to models, checked, and used in the
    benchmark; their modules are imported when they are first called. Their defaults are for a language of which no more
    is known than this record says.
    """

    id: str
    title: str
    suffixes: tuple[str, ...]
    names: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    comment: str = "//"
    test_files: re.Pattern[str] = _NO_TESTS
    output_folders: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    indented: bool = False
    gap: int = 1
    listed: bool = False
    editor_keys: tuple[str, ...] = ()
    mixed: tuple[str, ...] = ()
    editing: Callable[[], EditingSupport] = EditingSupport
    extraction: Callable[[], ExtractionSupport] = ExtractionSupport
    context: Callable[[], ContextSupport] = ContextSupport
    checking: Callable[[], CheckingSupport] = CheckingSupport
    bench: Callable[[], BenchSupport] = BenchSupport

    def __str__(self) -> str:
        return self.id

    def __format__(self, spec: str) -> str:
        return format(self.id, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Language) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def block_comments(self) -> bool:
        """Return whether ``/* ... */`` is a comment too: so it is wherever ``//`` begins one."""
        return self.comment == "//"

    def is_test_file(self, name: str) -> bool:
        """Return whether a file holds tests; ``name`` is its path in the workspace, with ``/``."""
        return self.test_files.fullmatch(name) is not None

    def is_output(self, name: str, beside: Collection[str]) -> bool:
        """Return whether a folder is one that its tools make; ``beside`` are the names in the folder that holds it."""
        marks = self.output_folders.get(name)
        return marks is not None and (not marks or any(fnmatch.filter(beside, mark) for mark in marks))


class Languages:
    """The languages that are known, in order. Of two with one suffix or name the later one has it."""

    __slots__ = ("_all", "_by_name", "_by_suffix", "_first")

    def __init__(self, languages: Iterable[Language]) -> None:
        self._first = tuple(languages)
        self.extend(())

    def extend(self, more: Iterable[Language]) -> None:
        """Take the languages that settings describe, in place of those taken before."""
        self._all = {language.id: language for language in (*self._first, *more)}
        self._by_name = {name: one for one in self._all.values() for name in one.names} | self._all
        self._by_suffix = {suffix: one for one in self._all.values() for suffix in one.suffixes}

    def __iter__(self) -> Iterator[Language]:
        return iter(self._all.values())

    def __len__(self) -> int:
        return len(self._all)

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the identifiers, in order."""
        return tuple(self._all)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Return the endings of the names of their files."""
        return tuple(self._by_suffix)

    def named(self, name: str) -> Language | None:
        """Return the language with this identifier, or another name that editors and users have for it."""
        return self._by_name.get(name.lower())

    def get(self, id_: str) -> Language | None:
        """Return the language with exactly this identifier."""
        return self._all.get(id_)

    def recorded(self, id_: str) -> Language:
        """Return the language of a stored record: a plain one where it is no longer among these."""
        return self._all.get(id_) or Language(id=id_, title=id_, suffixes=())

    def of_file(self, name: str) -> Language | None:
        """Return the language of a file by the ending of its name, or None."""
        return self._by_suffix.get(PurePath(name).suffix.lower())

    def why_not_written(self, name: str) -> str | None:
        """Return why nothing is written in a file that holds code beside something else (a template, cells); None: it
        is no such file."""
        suffix = PurePath(name).suffix.lower()
        mixed = [one for one in self._all.values() if suffix in one.mixed] if suffix not in self._by_suffix else []
        if not mixed:
            return None
        titles, files = " or ".join(one.title for one in mixed), " or ".join(one.suffixes[0] for one in mixed)
        return f"{suffix} files hold {titles} beside something else: write it in a {files} file, and import that"

    def family_of(self, language: Language) -> tuple[Language, ...]:
        """Return the languages whose files may use each other's names, ``language`` among them."""
        return tuple(one for one in self._all.values() if one.id in language.family) or (language,)
