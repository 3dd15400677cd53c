"""Commands that the documentation, messages and clients name are commands that there are."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass

from forge_lsp.cli import arguments
from tests.support.pages import PAGES, ROOT

SOURCES = (
    *PAGES,
    *sorted((ROOT / "forge_lsp").rglob("*.py")),
    *sorted((ROOT / "vscode-client" / "src").rglob("*.ts")),
    *sorted((ROOT / "nvim-client").rglob("*.lua")),
)
_NAMED = re.compile(r"\bforge-lsp[ \t]+(?P<command>[a-z]+)(?P<rest>(?:[ \t]+[\w{}./:=<>-]+)*)")
_SENTENCES = {"lists", "does"}
"""Verbs after the name of a command: "forge-lsp jobs lists them"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The ``options`` of a command, and its ``actions`` where it has any."""

    options: frozenset[str]
    actions: tuple[str, ...] = ()


def commands() -> dict[str, Command]:
    found: dict[str, Command] = {}
    parsers: dict[str, argparse.ArgumentParser] = next(
        dict(action.choices or {}) for action in arguments.grammar()._actions if action.dest == "command"
    )
    for name, parser in parsers.items():
        options = frozenset(option for action in parser._actions for option in action.option_strings)
        actions = (action.choices for action in parser._actions if action.dest == "action")
        found[name] = Command(options=options, actions=tuple(map(str, next(actions, None) or ())))
    return found


KNOWN = commands()


def misfits(text: str) -> list[str]:
    """What of the commands that ``text`` names is not there."""
    wrong: list[str] = []
    for named in _NAMED.finditer(text):
        command = KNOWN.get(named["command"])
        if command is None:
            continue  # a sentence: "forge-lsp runs code"
        words = named["rest"].split()
        options = (word.partition("=")[0].rstrip(".:") for word in words if word.startswith("--"))
        wrong += [named.group() for option in options if option not in command.options]
        first = words[0] if words and re.fullmatch(r"[a-z]+", words[0]) else None
        if command.actions and first is not None and first not in {*command.actions, *_SENTENCES}:
            wrong.append(named.group())
    return wrong


def test_commands_that_are_named_are_there() -> None:
    wrong = {str(path.relative_to(ROOT)): found for path in SOURCES if (found := misfits(path.read_text("utf-8")))}
    assert wrong == {}


def test_a_command_that_is_not_there_is_seen() -> None:
    assert misfits("`forge-lsp jobs undo ID` undoes it") == ["forge-lsp jobs undo ID"]
    assert misfits("`forge-lsp jobs apply ID --now`") == ["forge-lsp jobs apply ID --now"]
    assert misfits("`forge-lsp jobs apply ID --candidate 1.1`; forge-lsp runs --now") == []
