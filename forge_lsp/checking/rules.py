"""Tables of patterns and of what is said of a text in which one of them is found, as languages keep them beside their
code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from forge_lsp.reading import table_beside

__all__ = ["Rule", "Rules", "patterns_beside", "rules_beside"]


class Rule(NamedTuple):
    """A pattern, and what is said where it is found."""

    pattern: re.Pattern[str]
    says: str


class Rules(NamedTuple):
    """A table: its rules in order, the sentences that have a name, and the parts that its patterns share."""

    rules: tuple[Rule, ...]
    says: Mapping[str, str]
    parts: Mapping[str, str]


def rules_beside(module: str, *, around: str = "{}", flags: int = 0) -> Rules:
    """Return the rules in the TOML file beside ``module``, a Python file, and of its name.

    ``[parts]`` holds what patterns share, by the names they have in them (``{{name}}``), ``[says]`` sentences by their
    names; a ``[[rule]]`` says a sentence, or one of these, where any of its patterns is found. ``around`` is what all
    patterns stand in.
    """
    table = table_beside(module)
    says: dict[str, str] = table.get("says", {})
    parts: dict[str, str] = {}
    for name, alternatives in table.get("parts", {}).items():
        parts[name] = _joined(alternatives, parts)
    rules: list[Rule] = []
    for rule in table["rule"]:
        said: str = rule["says"]
        pattern = re.compile(around.replace("{}", _joined(rule["patterns"], parts)), flags)
        rules.append(Rule(pattern, says.get(said, said)))
    return Rules(tuple(rules), says, parts)


def patterns_beside(module: str) -> dict[str, tuple[re.Pattern[str], ...]]:
    """Return the lists of patterns in the TOML file beside ``module``, a Python file, and of its name.

    A pattern may be a list of its pieces.
    """
    return {
        name: tuple(re.compile("".join(pattern)) for pattern in patterns)
        for name, patterns in table_beside(module).items()
    }


def _joined(alternatives: list[str], parts: Mapping[str, str]) -> str:
    whole = "|".join(alternatives)
    for name, part in parts.items():
        whole = whole.replace(f"{{{{{name}}}}}", part)
    return whole
