"""How code of a language is parsed and brought into a document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forge_lsp.core.languages import Language
    from forge_lsp.core.ports import Item, Outline, Parser, ProjectFiles, Syntax
    from forge_lsp.core.task import Document, Task, TextEdit

__all__ = ["EditingSupport"]

_NEVER = re.compile(r"(?!)")


def _fits(_theirs: str, _own: str) -> bool:
    return True


def _no_overload(_item: Item, _text: str) -> bool:
    return False


_OPENS = re.compile(r"[{(]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class EditingSupport:
    """How code of a language is parsed and brought into a document.

    Parsing. ``grammars`` are the tree-sitter grammars by name, in order of trial: the module of each, and the function
    in it that answers the grammar; ``repaired`` gives a text the form that a grammar needs, each character in its
    place. ``outline`` reads a text's outline. ``string_nodes`` are the nodes that are strings
    which may span lines; ``strings`` finds these without parsing, among all strings and comments: group 1 takes part
    in those alone. ``quotes`` are the characters that begin a string and end it. ``same_quotes``: ``'a'`` and ``"a"``
    are the same. ``semicolons``: they are a part of the code that a formatter keeps. ``opens`` finds what begins a
    block at the end of a line, ``closer`` is what it ends with ("": nothing).

    Text. ``definition`` matches a line that begins a definition at the top, around which :attr:`Language.gap` lines are
    left blank. ``module`` matches the header of what encloses definitions as a file does. ``docstring`` matches the
    documentation of a file where that is no comment. ``clause`` finds what a file without any code holds. ``block`` is
    a line below which indented code parses. ``stub_files`` are the suffixes of files that hold no code.
    ``bare`` finds, in what leads a function's header, that its body is to stay empty; ``interface`` finds in a class's
    header that those of its methods are. ``overload`` is whether a function of a text only announces the one below it.
    ``levels(lines, steps, prose, unit)`` gives lines their indentation by how deep their statements are nested, from
    that which they have by number (``prose``: lines of docstrings); None where that cannot be told.

    Edits. ``keep(task, code, syntax)`` gives code what the user wrote and a model left out or changed without need;
    ``fits(theirs, own)`` is whether a header of the user's can stand above a body that came with another.
    ``merge_imports(text, wanted, items, head)`` are the edits that import what is ``wanted``; ``head`` are the imports
    before the first definition. ``drop_imports(before, after, syntax)`` takes those from a text that it does not need
    any more. ``imports_itself(statement, document, below)`` says whether an import leads to the document that it stands
    in, whose path in the workspace is ``below`` (its name alone where it is in none);
    ``imported_files(document, path, files, syntax)`` are the files of its project that a document at ``path`` imports.
    ``example(text, names, call, value)`` is ``text`` (``\\n`` endings) with an example in the documentation of the
    definition ``names``, where that is no comment above it; None where it cannot stand there.
    ``parses`` is whether a text does, where the grammar says so of texts that do not.
    """

    grammars: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    repaired: Callable[[str], str] | None = None
    outline: Callable[[str, Language, Parser], Outline] | None = None
    string_nodes: tuple[str, ...] = ()
    strings: re.Pattern[str] | None = None
    quotes: str = "\"'`"
    same_quotes: bool = False
    semicolons: bool = True
    opens: re.Pattern[str] = _OPENS
    closer: str = "}"
    definition: re.Pattern[str] = _NEVER
    module: re.Pattern[str] = _NEVER
    docstring: re.Pattern[str] = _NEVER
    clause: re.Pattern[str] = _NEVER
    block: str = ""
    stub_files: tuple[str, ...] = ()
    bare: re.Pattern[str] = _NEVER
    interface: re.Pattern[str] = _NEVER
    overload: Callable[[Item, str], bool] = _no_overload
    levels: Callable[[Sequence[str], Mapping[int, str], Set[int], str], dict[int, str] | None] | None = None
    keep: Callable[[Task, str, Syntax], str] | None = None
    fits: Callable[[str, str], bool] = _fits
    merge_imports: Callable[[str, Sequence[str], Sequence[Item], Sequence[Item]], list[TextEdit]] | None = None
    drop_imports: Callable[[str, str, Syntax], str] | None = None
    imports_itself: Callable[[str, Document, Path], bool] | None = None
    imported_files: Callable[[Document, Path, ProjectFiles, Syntax], Iterator[Path]] | None = None
    example: Callable[[str, Sequence[str], str, str], str | None] | None = None
    parses: Callable[[str], bool] | None = None
