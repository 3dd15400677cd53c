"""Small repairs of code, by ranges of its outline: indentation, names, receivers, members put into a class. Pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.ensemble.extraction.elisions import without_comments

__all__ = [
    "belongs_to",
    "dedented_item",
    "defined_names",
    "fill",
    "is_method",
    "mentions",
    "one_line",
    "receiver",
    "renamed",
]


def dedented_item(text: str, item: Item) -> str:
    """Return the whole lines of ``item``, moved to column 0."""
    return textwrap.dedent(text[_line_start(text, item.range.start) : item.range.end]).strip("\n")


def mentions(text: str, name: str) -> bool:
    """Whether ``name`` occurs in ``text`` as a word."""
    return name in text and re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text) is not None


def renamed(text: str, old: str, new: str) -> str:
    """Return ``text`` with every word ``old`` as ``new``: its definition, its recursion, its mention in the
    documentation."""
    return re.sub(rf"(?<![\w$]){re.escape(old)}(?![\w$])", lambda _: new, text)


def is_method(item: Item) -> bool:
    """Whether its first parameter is the object that it is called on."""
    return bool(item.parameters) and item.parameters[0] in ("self", "cls", "this")


def receiver(item: Item, language: Language) -> str | None:
    """Return the type that a method belongs to, where that stands in its header (Go); None for anything else."""
    match = language.extraction().receiver.match(item.signature or "")
    return match[1] if match is not None else None


def belongs_to(item: Item, language: Language) -> str | None:
    """Return the type that an item beside it belongs to: Go's by the receiver, Rust's ``impl`` by its name."""
    part = language.extraction().part.fullmatch(item.name or "")
    return part[1] if part is not None else receiver(item, language)


def defined_names(item: Item, text: str, language: Language) -> tuple[str, ...]:
    """Return the names that an item defines: one, or those of a statement that defines several (``A, B = 1, 2``)."""
    if item.kind is not ItemKind.ASSIGNMENT:
        return (item.name,) if item.name else ()
    # A private name may have a mark before it (``#count``).
    own = [item.name] if item.name and item.name.removeprefix("#").isidentifier() else []
    return tuple(dict.fromkeys((*own, *language.extraction().assigned(item.range.of(text)))))


def one_line(statement: str, language: Language) -> str:
    """Return an import statement on one line, without its comments and what lets it span several."""
    if "\n" in statement:
        statement = language.extraction().on_one_line(without_comments(statement, language))
        statement = re.sub(r"\(\s+", "(", re.sub(r",?\s+\)", ")", statement))
    return " ".join(statement.split())


def fill(text: str, owner: Item, members: Mapping[str, str]) -> str:
    """Return ``text`` with the children of the class ``owner`` replaced by ``members`` of the same name; the others are
    appended as its last ones, in order. ``members`` are dedented."""
    children = [child for child in owner.children if child.kind in (ItemKind.FUNCTION, ItemKind.CLASS)]
    last = owner.children[-1] if owner.children else None
    indent = _indent(text, children[0] if children else last) if last is not None else "    "
    known = {child.name for child in children}
    extra = [code for name, code in members.items() if name not in known]
    if extra:
        at = last.range.end if last is not None else (owner.body.end if owner.body is not None else owner.range.end)
        added = "".join(f"\n\n{textwrap.indent(code.strip(chr(10)), indent)}" for code in extra)
        text = text[:at].rstrip() + added + text[at:]
    for child in reversed(children):
        if child.name is not None and child.name in members:
            start = _line_start(text, child.range.start)
            body = textwrap.indent(members[child.name].strip("\n"), _indent(text, child))
            text = text[:start] + body + text[child.range.end :]
    return text


def _line_start(text: str, at: int) -> int:
    start = text.rfind("\n", 0, at) + 1
    return start if not text[start:at].strip() else at


def _indent(text: str, item: Item | None) -> str:
    if item is None:
        return "    "
    return text[_line_start(text, item.range.start) : item.range.start]
