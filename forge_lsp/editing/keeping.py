"""An example that the user wants kept, put into the documentation of its definition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Syntax
from forge_lsp.editing.documentation import lead_comments
from forge_lsp.editing.lines import dominant_ending, normalised

__all__ = ["with_example"]

_MARK = re.compile(r"\s*(?:///?!?|#+|--+|;+|%+|\*(?!/))[ \t]*")
_OPENS = re.compile(r"(?P<indent>\s*)(?P<open>/\*+!?)[ \t]*(?P<words>.*?)[ \t]*\*/\s*$")


def with_example(
    text: str, language: Language, syntax: Syntax, *, names: Sequence[str], call: str, value: str
) -> str | None:
    """Return ``text`` with an example in the documentation of the definition ``names`` (what encloses it first).

    ``call`` may have statements that it needs before it, one a line; ``value`` is what it gives, or ``raises X``. None:
    there is no such definition, or the example is there already. A language that says how examples are written in its
    documentation writes it; elsewhere it is a line ``call == value`` in the comment above.
    """
    if "\n" in value:
        return None
    plain = normalised(text)
    items = [found for found in _found(syntax.outline(plain, language).items, names) if found.name]
    if len(items) != 1:
        return None
    own = language.editing().example
    changed = own(plain, names, call, value) if own is not None else None
    if changed is None:
        changed = _commented(plain, items[0], language, call, value)
    ending = dominant_ending(text)
    return None if changed is None or changed == plain else changed.replace("\n", ending)


def _found(items: Iterable[Item], names: Sequence[str]) -> list[Item]:
    """The definitions of that name; an implementation before its declarations."""
    level = [item for item in items if item.name == names[0] and item.kind in (ItemKind.FUNCTION, ItemKind.CLASS)]
    if len(names) > 1:
        return [found for item in level for found in _found(item.children, names[1:])]
    with_body = [item for item in level if item.body is not None]
    return with_body or level


def _commented(text: str, item: Item, language: Language, call: str, value: str) -> str | None:
    lines = text.split("\n")
    first, comments, indent = lead_comments(item, text, lines, language)
    *before, last = call.strip().split("\n")
    said = f"{last} {value}" if value.startswith("raises ") else f"{last} == {value}"
    wanted = [*before, said]
    if "*/" in said or all(any(line.strip().endswith(one) for line in lines) for one in wanted):
        return None
    if not comments:
        lines[first:first] = [f"{indent}{language.comment} {one}" for one in wanted]
        return "\n".join(lines)
    at = comments[-1]
    whole = _OPENS.match(lines[at])
    if whole is not None:  # `/** Words. */`
        space = whole["indent"]
        lines[at : at + 1] = [
            f"{space}{whole['open']}",
            *([f"{space} * {whole['words']}"] if whole["words"] else []),
            *(f"{space} * {one}" for one in wanted),
            f"{space} */",
        ]
        return "\n".join(lines)
    if lines[at].rstrip().endswith("*/"):
        space = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        words = lines[at].rstrip()[:-2].rstrip()
        new = [f"{space}* {one}" for one in wanted]
        lines[at : at + 1] = [*([words] if words.strip() not in ("", "*") else []), *new, f"{space}*/"]
        return "\n".join(lines)
    mark = _MARK.match(lines[at])
    begin = mark[0].rstrip() if mark is not None else f"{indent}{language.comment}"
    lines[at + 1 : at + 1] = [f"{begin} {one}" for one in wanted]
    return "\n".join(lines)
