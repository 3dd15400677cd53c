"""How files of a language are read for what models are shown of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["ContextSupport"]

_NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSupport:
    """How files of a language are read for their definitions.

    ``queries`` are tree-sitter queries by grammar. Their captures: ``function``, ``type``, ``value`` and ``field`` are
    definitions (a value in a type is a field, one in a function is left out); ``own`` assigns a field in a method;
    ``part`` encloses members of the type ``name`` (Rust's ``impl``); each with ``name``, and where it has them ``body``
    and ``receiver``. ``inner`` are functions without a name, whose definitions are their own. ``import`` are import
    statements, ``test`` the calls that are tests (JavaScript's ``it``).

    ``defines`` finds the names that a text defines without parsing it, in whichever group matches; what it matches
    without one defines nothing (``new Name(``). For the index: some too many do no harm. ``lead`` matches a line
    above a definition that belongs to it: comments, decorators, attributes. ``lead_tells``: such a line of a
    function or a field changes how it is used, as Python's ``@property``. ``owner``: what a method calls its own
    object. ``is_test``: the lead and the header of a function that is a test. ``constructors`` are the methods that
    set up an object, ``standard`` names that tell nothing where they stand in a header, since many types have a
    member so called. ``folder_is_package``: files of one folder see each other's names without an import;
    ``imports_reach``: a file sees what those see that it imports, as with ``#include``. ``space`` matches where a
    file says, in its only group, in which namespace its names are, ``opened`` where it says which ones it sees
    whole; ``everywhere`` where it says which ones all files of its project do, which begins with the word
    ``everywhere_word``; ``unnamed_is_seen``: all files see the names of those that say no namespace. ``extends``: the
    header of a function that is called as a member of another's type. ``hides`` matches, in whichever group, what no
    grammar can read, such as macros before a declaration: it is read as blanks. ``typed_values``: fields and constants
    are declared with their types, so that their values need not be shown.
    """

    queries: dict[str, str] = field(default_factory=dict[str, str])
    defines: re.Pattern[str] = _NEVER
    lead: re.Pattern[str] = _NEVER
    lead_tells: bool = True
    owner: frozenset[str] = field(default_factory=frozenset[str])
    is_test: re.Pattern[str] | None = None
    folder_is_package: bool = False
    imports_reach: bool = False
    extends: re.Pattern[str] | None = None
    space: re.Pattern[str] | None = None
    opened: re.Pattern[str] | None = None
    everywhere: re.Pattern[str] | None = None
    everywhere_word: str = ""
    unnamed_is_seen: bool = False
    hides: re.Pattern[str] | None = None
    typed_values: bool = False
    constructors: frozenset[str] = field(default_factory=frozenset[str])
    standard: frozenset[str] = field(default_factory=frozenset[str])

    def defined(self, text: str) -> set[str]:
        """Return the names that ``text`` defines, as ``defines`` finds them.

        It sees a line end before the text: a pattern that begins with one is tried at the starts of lines alone, where
        one that begins with ``^`` is tried at each character.
        """
        found = self.defines.findall("\n" + text)
        if self.defines.groups > 1:
            return {name for names in found for name in names if name}
        return set(found) if self.defines.groups else set()
