"""The user's own examples and tests, put back into a candidate's text; those that it brought are taken out. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from forge_lsp.core.task import Task
from forge_lsp.languages.rust.examples import has_example
from forge_lsp.languages.rust.source import Item, items_of, tokens_of, walked

__all__ = ["closed", "in_tests", "restored", "without_tests"]

_DOCUMENTED = re.compile(r"#\s*!?\s*\[\s*(?:cfg_attr\s*\(.*?,\s*)?doc\s*[=(]", re.S)
_Key = tuple[str, tuple[str, ...], int]
_Edit = tuple[int, int, str]


def in_tests(task: Task) -> bool:
    """Return whether what is to be written is a test, or belongs to tests."""
    place = task.scope.range.start
    items = walked(items_of(task.document.text))
    return any(item.testing and item.start <= place and task.scope.range.end <= item.end for item in items)


def closed(task: Task) -> str:
    """Return the user's text with the braces that are missing at the end of the scope: what stands below it is the
    user's, too, where the scope is half written."""
    text, place = task.document.text, task.scope.range
    signs = Counter(token.text for token in tokens_of(place.of(text)) if token.kind == "sign")
    return f"{text[: place.end]}{'}' * (signs['{'] - signs['}'])}{text[place.end :]}"


def restored(users: str, text: str, *, tests: bool = True) -> str:
    """Return a candidate's ``text`` with the examples and the tests that the document ``users`` has, and no others.

    The lines of what is taken out stay; those of what is put back may move. ``tests`` False: they are what was asked
    for, and stay as they are.
    """
    own = dict(_keyed(items_of(users)))
    there = list(_keyed(items_of(text)))
    edits: list[_Edit] = []
    done: list[Item] = []
    for key, item in there:
        if any(outer.start <= item.start and item.end <= outer.end for outer in done):
            continue
        known = own.get(key)
        if tests and item.testing and (item.kind == "mod" or item.is_test):
            done.append(item)
            kept = users[known.start : known.end] if known is not None and known.testing else ""
            if kept != text[item.start : item.end]:
                edits.append((item.start, item.end, kept or "\n" * text.count("\n", item.start, item.end)))
        elif not item.testing or tests:
            edits += _documentation(text, item, known)
    edits += _inner(users, text)
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    if tests:
        text += _lacking(users, items_of(users), {key[:2] for key, _ in there})
    return text


def without_tests(text: str) -> str:
    """Return a text without its tests, its lines where they were."""
    for item in reversed(_outermost(items_of(text))):
        text = text[: item.start] + "\n" * text.count("\n", item.start, item.end) + text[item.end :]
    return text


def _outermost(items: Sequence[Item]) -> list[Item]:
    found: list[Item] = []
    for item in items:
        if item.testing and (item.kind == "mod" or item.is_test):
            found.append(item)
        else:
            found += _outermost(item.items)
    return found


def _keyed(items: Sequence[Item]) -> Iterator[tuple[_Key, Item]]:
    """Each item with what it is known by: its kind, its path, and which of those it is."""
    count: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for item in walked(items):
        count[item.kind, item.path] += 1
        yield (item.kind, item.path, count[item.kind, item.path]), item


def _documentation(text: str, item: Item, known: Item | None) -> Iterator[_Edit]:
    """Edits that give an item the user's documentation, where one of the two has an example."""
    docs = [token.text.rstrip() for token in item.docs]
    wanted = [token.text.rstrip() for token in known.docs] if known is not None else []
    if _DOCUMENTED.search(item.attributes) and (known is None or known.attributes != item.attributes):
        for match in re.finditer(r"#\s*\[", text[item.start : item.head]):
            start = item.start + match.start()
            if _DOCUMENTED.match(text[start : item.head]):
                end = _attribute_end(text, start, item.head)
                yield start, end, "\n" * text.count("\n", start, end)
    if docs == wanted or not (has_example(item.docs) or (known is not None and has_example(known.docs))):
        return
    line = text.rfind("\n", 0, item.start) + 1
    indent = text[line : item.start] if not text[line : item.start].strip() else ""
    if known is None:  # brought: documented still, where that is demanded, and without examples
        for token in item.docs:
            yield token.start, token.end, "/// ." + "\n///" * token.text.count("\n")
        return
    whole = f"\n{indent}".join(wanted)
    if not item.docs:
        yield item.start, item.start, f"{whole}\n{indent}" if whole else ""
        return
    for number, token in enumerate(item.docs):
        yield token.start, token.end, whole if number == 0 else ""


def _attribute_end(text: str, start: int, stop: int) -> int:
    depth = 0
    for token in tokens_of(text[start:stop]):
        if token.kind == "sign":
            depth += (token.text == "[") - (token.text == "]")
            if token.text == "]" and depth == 0:
                return start + token.end
    return stop


def _inner(users: str, text: str) -> Iterator[_Edit]:
    """Edits that make plain comments of inner documentation that the user's text has not."""
    marks = ("//!", "/*!")
    own = Counter(token.text.rstrip() for token in tokens_of(users) if token.text.startswith(marks))
    for token in tokens_of(text):
        if token.text.startswith(marks):
            own[token.text.rstrip()] -= 1
            if own[token.text.rstrip()] < 0:
                yield token.start, token.start + 3, token.text[:2] + " "


def _lacking(users: str, items: Sequence[Item], there: set[tuple[str, tuple[str, ...]]]) -> str:
    """The tests of the user's that are gone."""
    gone = [item for item in _outermost(items) if len(item.path) == 1 and (item.kind, item.path) not in there]
    return "".join(f"\n\n{users[item.start : item.end]}\n" for item in gone)
