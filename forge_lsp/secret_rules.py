"""Shapes of keys and tokens, as gitleaks keeps them (MIT licence), and some of our own: read when first asked for, and
compiled one by one where a text holds a word of theirs."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from forge_lsp.reading import text_beside
from forge_lsp.text_words import Folded, Words, merged

__all__ = ["secrets_in"]

_BARE = r"(?=\S{0,127}?[0-9])(?=\S{0,127}?[A-Za-z])[A-Za-z0-9+/=_.~!@\#%^&*-]{8,128}"
"""What stands for ``{BARE}`` in a pattern of our own: a value without quotes, with a digit and a letter in it."""

_BEFORE, _AFTER = 120, 400
"""Characters around a rule's word; a token that begins among them is looked at to its end."""
_TO_THE_END = re.compile(r"\S{0,10000}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """``words``: one of them, in lower case, is in every text that it can match. ``group`` holds the secret."""

    pattern: str
    words: tuple[str, ...]
    group: int | None = None
    entropy: float = 0.0


def secrets_in(text: str, words: Folded) -> Iterator[tuple[int, int]]:
    """Where the secrets of ``text`` stand, in any order; some may overlap. ``words`` is the same text, folded."""
    known, rules = _words()
    held = known.held(words)
    for number in sorted({number for word in held for number in rules[word]}):
        rule = _rules()[number]
        for start, end in _around([word for word in rule.words if word in held], words.lower):
            for match in _compiled(rule.pattern).finditer(text, start, min(end + 1, len(text))):
                group = rule.group if rule.group is not None else 1 if match.re.groups else 0
                if match[group] and _entropy(match[group]) >= rule.entropy:
                    yield match.span(group)


def _around(words: Iterable[str], lower: str) -> Iterator[tuple[int, int]]:
    """The stretches of a text in which one of ``words`` stands: most patterns begin with anything at all, and would be
    tried at each character."""
    found: list[tuple[int, int]] = []
    for word in words:
        at, end = lower.find(word), 0
        while at >= 0:
            if at + _AFTER >= end:  # else it lies in the long word that was followed for the one before
                reach = _TO_THE_END.match(lower, min(at + _AFTER, len(lower)))
                end = reach.end() if reach is not None else len(lower)
            found.append((max(0, at - _BEFORE), end))
            at = lower.find(word, at + len(word))
    return merged(found)


@cache
def _words() -> tuple[Words, dict[str, list[int]]]:
    """The words of all rules, and for each the numbers of the rules."""
    rules: dict[str, list[int]] = {}
    for number, rule in enumerate(_rules()):
        for word in rule.words:
            rules.setdefault(word, []).append(number)
    return Words(rules), rules


@cache
def _rules() -> tuple[_Rule, ...]:
    own = tomllib.loads(text_beside(__file__, "own_secret_rules.toml").replace("{BARE}", _BARE))
    known = json.loads(text_beside(__file__, "secret_rules.json"))
    return tuple(
        _Rule(
            pattern=rule["pattern"],
            words=tuple(rule["words"]),
            group=rule.get("group"),
            entropy=float(rule.get("entropy", 0)),
        )
        for rule in (*own["rules"], *known["rules"])
    )


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _entropy(text: str) -> float:
    """Bits a character, by Shannon."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())
