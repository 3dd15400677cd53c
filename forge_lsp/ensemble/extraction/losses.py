"""What a model left out is not lost: members that became stubs and comments that stand for code mean "keep the
original" where it is certain what they stand for; where it is not, the answer is no answer."""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.core.task import ScopeKind, Task, TextRange
from forge_lsp.ensemble.extraction.elisions import elided_lines, inside, is_hollow, placeholder_lines
from forge_lsp.ensemble.extraction.pairing import Pair, paired
from forge_lsp.ensemble.extraction.wanted import DEFINITIONS, FoundDefinition, WantedDefinition

__all__ = ["without_losses"]

_EMPTIES = re.compile(
    r"\b(?:no-?op|do(?:es|ing)? nothing|empt(?:y|ied)|stub(?:s|bed)?|remov\w+|delet\w+|drop|disabl\w+|abstract|clear"
    r"|not ?implemented|placeholder|skeleton)\b",
    re.I,
)
_REMOVES = re.compile(
    r"\b(?:remov\w+|delet\w+|drop|renam\w+|replac\w+|merg\w+|inlin\w+|mov(?:e|ed|ing)|split\w*|extract\w*"
    r"|unused|dead|get rid|without|strip|only|unif\w+|combin\w+|convert\w*|turn .* into|refactor\w*"
    r"|rewrite .* (?:as|in|from)|scratch)\b",
    re.I,
)
_INVITES = re.compile(
    r"\s*(?:#|//|/\*)\W*(?:(?:add|write|put|insert)\s+)?(?:your|the)\s+(?:\w+\s+)?"
    r"(?:code|implementation|solution|logic|answer)\s+(?:goes\s+|comes\s+)?here\W*",
    re.I,
)
_DOTS = re.compile(r"\s*(?:#|//|/\*)\s*(?:\.{3}|…)\s*(?:\*/)?\s*")


@dataclass(slots=True)
class _Repaired:
    """Changes of a text by ranges, and what they bring back."""

    changes: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])
    names: list[str] = field(default_factory=list[str])

    def on(self, text: str) -> str:
        """Return ``text`` with the changes; of those at one place the first comes first."""
        ordered = sorted(enumerate(self.changes), key=lambda pair: (pair[1][0], pair[0]), reverse=True)
        for _, (start, end, new) in ordered:
            text = text[:start] + new + text[end:]
        return text


def without_losses(found: FoundDefinition, task: Task, wanted: WantedDefinition) -> FoundDefinition:
    """Return ``found`` with what it left out of the original put back. Raises ExtractionFailed where code is missing
    and it is not certain which."""
    if task.scope.kind is ScopeKind.INSERTION or not wanted.original.strip():
        elided = elided_lines(found.code, task.document.text, wanted.language, wanted.syntax)
        return found if not elided else _refuse(found.code.split("\n")[elided[0]])
    repair = _Repair(found.code, wanted, task)
    repaired = repair.repaired()
    code = repaired.on(found.code)
    if code == found.code:
        return found
    note = f"{', '.join(dict.fromkeys(repaired.names))} kept as before" if repaired.names else None
    notes = "; ".join(one for one in (found.note, note) if one)
    return replace(found, code=code, note=notes or None)


def _refuse(line: str) -> FoundDefinition:
    raise ExtractionFailed(f"the answer leaves code out (`{line.strip()[:60]}`); write all of it")


class _Repair:
    """Compares an answer's code with the original and finds what is to be put back."""

    def __init__(self, code: str, wanted: WantedDefinition, task: Task) -> None:
        self._code = code
        self._wanted = wanted
        self._original = wanted.original
        self._language = wanted.language
        self._may_empty = _EMPTIES.search(task.instruction) is not None
        self._may_remove = _REMOVES.search(task.instruction) is not None
        self._whole_file = task.scope.kind is not ScopeKind.DEFINITION
        self._lines = code.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._elided = set(elided_lines(code, self._original, self._language, wanted.syntax))
        self._dropped: set[int] = set()
        self._errors: tuple[TextRange, ...] = ()
        self._result = _Repaired()

    def repaired(self) -> _Repaired:
        """Raises ExtractionFailed."""
        syntax = self._wanted.syntax
        items = syntax.outline(self._code, self._language).items
        before = syntax.outline(self._original, self._language)
        theirs, self._errors = before.items, before.errors
        lines = range(len(self._lines))
        if theirs:  # else there is no grammar: nothing tells what a comment stands for
            self._level(items, theirs, lines, top=True, open_=any(item.stub for item in theirs) and self._whole_file)
        for number in sorted(self._elided):
            _refuse(self._lines[number])
        return self._result

    def _level(self, items: Sequence[Item], theirs: Sequence[Item], lines: range, *, top: bool, open_: bool) -> None:
        """Compare siblings. ``lines`` are those of what encloses them; ``open_``: what is left out is to stay."""
        pairs = paired(items, self._code, theirs, self._original, self._language)
        for pair in pairs:
            if pair.new is not None and pair.old is not None:
                self._member(pair.new, pair.old, top=top)
        missing = [pair for pair in pairs if pair.new is None]
        said = self._elided
        if not top and any(pair.old is not None and pair.old.kind in DEFINITIONS for pair in missing):
            said = said | set(placeholder_lines(self._code, self._original, self._language))
        said = said & (set(lines) - self._covered(items)) if said else said
        self._drop(said)
        partial = top and self._whole_file and not self._may_remove
        partial = partial and any(pair.old is not None and pair.old.kind in DEFINITIONS for pair in missing)
        if missing and items and (said or open_ or partial):
            self._put_back(pairs, items, everything=bool(said) or partial)

    def _covered(self, items: Sequence[Item]) -> set[int]:
        """The lines of the bodies of ``items``, and of what is no definition."""
        covered: set[int] = set()
        for item in items:
            if item.kind in DEFINITIONS and item.body is not None:
                covered.update(self._inside(item))
            elif (
                item.kind not in DEFINITIONS
                and item.kind is not ItemKind.COMMENT
                and item.range.of(self._code) != "..."
            ):
                covered.update(self._numbers(item.range.start, item.range.end))
        return covered

    def _inside(self, item: Item) -> range:
        place = inside(item, self._code)
        return self._numbers(place.start, place.end)

    def _numbers(self, start: int, end: int) -> range:
        return range(self._code.count("\n", 0, start), self._code.count("\n", 0, end) + 1)

    def _member(self, new: Item, old: Item, *, top: bool) -> None:
        code, original, language = self._code, self._original, self._language
        if new.kind not in DEFINITIONS or old.kind is not new.kind:
            return
        finished = old.body is not None and not is_hollow(old, original, language) and not self._is_broken(old)
        hollow = is_hollow(new, code, language) or self._says_nothing(new)
        if hollow and finished and not self._may_empty:
            if top and not self._whole_file:
                raise ExtractionFailed(f"the answer has no code for `{new.name}`, which had some; write all of it")
            start, end = new.range.start, new.range.end
            self._result.changes.append((start, end, _at_indent(old, original, self._indent(new))))
            self._result.names.append(new.name or "")
            self._elided -= set(self._numbers(start, end))
            return
        if old.stub:
            # Nothing of the user's can stand behind mere dots there.
            within = self._elided & set(self._inside(new))
            self._elided -= {number for number in within if _DOTS.fullmatch(self._lines[number])}
            self._drop({number for number in within if _INVITES.fullmatch(self._lines[number])})
        if new.kind is ItemKind.CLASS:
            unfinished = any(child.stub for child in old.children)
            self._level(new.children, old.children, self._inside(new), top=False, open_=unfinished)
            return
        if new.children and old.children:
            self._level(new.children, old.children, range(0), top=False, open_=False)
        if new.body is not None:
            self._fill_gaps(new, old, self._inside(new))

    def _is_broken(self, old: Item) -> bool:
        """Whether something in it does not parse, so that where it ends is a guess."""
        return any(old.range.start <= error.start <= old.range.end for error in self._errors)

    def _says_nothing(self, item: Item) -> bool:
        """Whether a class has nothing but a comment that stands for its members."""
        if item.kind is not ItemKind.CLASS or item.body is None or any(c.kind in DEFINITIONS for c in item.children):
            return False
        return any(number in self._elided for number in self._inside(item))

    def _fill_gaps(self, new: Item, old: Item, numbers: range) -> None:
        """Put the original's lines where a comment stands for them, between lines that both have once."""
        gaps = sorted(self._elided & set(numbers))
        if not gaps:
            return
        first = self._numbers(new.range.start, new.range.end)
        mine = [self._lines[number] for number in first]
        theirs = _whole_lines(old, self._original)
        stripped = [line.strip() for line in theirs]
        plain = [line.strip() for line in mine]
        for number in gaps:
            plain[number - first.start] = f"\0{number}"  # like no line of the original
        matched: dict[int, int] = {}
        for block in difflib.SequenceMatcher(None, plain, stripped, autojunk=False).get_matching_blocks():
            matched.update({block.a + step: block.b + step for step in range(block.size)})
        for number in gaps:
            at = number - first.start
            before = next((n for n in range(at - 1, -1, -1) if plain[n]), None)
            after = next((n for n in range(at + 1, len(plain)) if plain[n]), len(plain))
            ends = after == len(plain) or (after == len(plain) - 1 and matched.get(after) == len(theirs) - 1)
            if before not in matched or stripped.count(plain[before]) != 1:
                return
            if not ends and (after not in matched or stripped.count(plain[after]) != 1):
                return
            upper, lower = matched[before], matched.get(after, len(theirs))
            if lower <= upper:
                return
            here, there = _indent_of(mine[before]), _indent_of(theirs[upper])
            kept = [here + line[len(there) :] if line.startswith(there) else line for line in theirs[upper + 1 : lower]]
            start = self._starts[number]
            self._result.changes.append((start, start + len(self._lines[number]), "\n".join(kept)))
            self._result.names.append("what a comment stood for")
            self._elided.discard(number)

    def _drop(self, numbers: set[int]) -> None:
        """Take out the comments, and one of the blank lines that would meet."""
        for number in sorted(numbers):
            self._elided.discard(number)
            self._dropped.add(number)
            start, end = self._starts[number], self._starts[number + 1]
            blank = number + 1 < len(self._lines) and not self._lines[number + 1].strip()
            above = self._lines[number - 1].strip() if number else ""
            opens = self._language.editing().opens
            if blank and (not above or above[-1] in "{:" or opens.search(above) is not None):
                end = self._starts[number + 2]
            below = next((line.strip() for line in self._lines[number + 1 :] if line.strip()), "")
            if number and not above and not blank and self._closes(below):
                start = self._starts[number - 1]
            self._result.changes.append((start, min(end, len(self._code)), ""))

    def _closes(self, line: str) -> bool:
        closer = self._language.editing().closer
        return line[:1] in ("", "}", ")") or (bool(closer) and line.startswith(closer))

    def _is_tight(self, at: int) -> bool:
        """Whether code stands in the line below ``at``, comments that go left out."""
        number = self._code.count("\n", 0, at) + 1
        if number >= len(self._lines) or self._code[at : self._starts[number] - 1].strip():
            return False
        while number < len(self._lines) and number in self._dropped:
            number += 1
        return number < len(self._lines) and not self._closes(self._lines[number].strip())

    def _put_back(self, pairs: Sequence[Pair], items: Sequence[Item], *, everything: bool) -> None:
        """Insert what is missing after what stood before it in the original."""
        anchor: Item | None = None
        line = next((line for item in items for line in self._numbers(*_ends(item)) if line not in self._dropped), 0)
        first = self._starts[line]
        indent = self._indent(items[0])
        above: Item | None = None  # in the original
        for number, pair in enumerate(pairs):
            old = pair.old
            assert old is not None
            before, above = above, old
            if pair.new is not None:
                anchor = pair.new
                continue
            if self._is_broken(old):
                continue
            if old.kind not in DEFINITIONS and (not everything or (old.kind is ItemKind.COMMENT and number)):
                continue
            after = self._original[old.range.end : old.range.end + 1]
            text = _at_indent(old, self._original, indent) + (after if after in (";", ",") else "")
            if anchor is not None:
                at = anchor.range.end + (self._code[anchor.range.end : anchor.range.end + 1] in (";", ","))
                gap = self._gap(before, old, indent)
                below = pairs[number + 1].new if number + 1 < len(pairs) else None
                tight = self._is_tight(at)
                last = number + 1 == len(pairs) or below is not None
                room = "\n" if last and tight and old.kind in DEFINITIONS else ""
                self._result.changes.append((at, at, gap + indent + text + room))
            else:
                gap = self._gap(old, pairs[number + 1].old if number + 1 < len(pairs) else None, indent)
                self._result.changes.append((first, first, f"{indent}{text}{gap}"))
            if old.name:
                self._result.names.append(old.name)

    def _gap(self, above: Item | None, below: Item | None, indent: str) -> str:
        """The line breaks between two items of the original; at least one."""
        if above is None or below is None:
            return "\n\n" if indent else "\n" * (self._language.gap + 1)
        return "\n" * max(1, self._original.count("\n", above.range.end, below.range.start))

    def _indent(self, item: Item) -> str:
        start = self._code.rfind("\n", 0, item.range.start) + 1
        return _indent_of(self._code[start : item.range.start + 1])


def _ends(item: Item) -> tuple[int, int]:
    return item.range.start, item.range.end


def _whole_lines(item: Item, text: str) -> list[str]:
    start = text.rfind("\n", 0, item.range.start) + 1
    end = text.find("\n", item.range.end)
    return text[start : len(text) if end < 0 else end].split("\n")


def _at_indent(item: Item, text: str, indent: str) -> str:
    """The text of ``item`` as it stands behind ``indent``."""
    start = text.rfind("\n", 0, item.range.start) + 1
    lines = textwrap.dedent(
        text[start : item.range.end] if not text[start : item.range.start].strip() else item.range.of(text)
    )
    return textwrap.indent(lines, indent)[len(indent) :]


def _indent_of(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
