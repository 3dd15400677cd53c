from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import types as lsp
from pygls.workspace import PositionCodec

from forge_lsp.core.task import Document, Scope, ScopeKind, TextRange
from forge_lsp.lsp.actions import code_actions
from forge_lsp.lsp.texts import LineIndex
from tests.support import lang

LITERALS = lsp.ClientCodeActionLiteralOptions(lsp.ClientCodeActionKindOptions(value_set=[]))
CAPABLE = lsp.CodeActionClientCapabilities(code_action_literal_support=LITERALS)


def offered(
    text: str,
    start: int,
    end: int | None = None,
    *,
    only: list[Any] | None = None,
    diagnostics: tuple[lsp.Diagnostic, ...] = (),
    capabilities: lsp.CodeActionClientCapabilities | None = CAPABLE,
    scope: ScopeKind | None = ScopeKind.INSERTION,
) -> list[Any]:
    index = LineIndex(text, PositionCodec())
    span = index.range(TextRange(start=start, end=start if end is None else end))
    params = lsp.CodeActionParams(
        lsp.TextDocumentIdentifier("file:///a.py"), span, lsp.CodeActionContext(diagnostics, only=only)
    )
    document = Document(uri="file:///a.py", language=lang.PYTHON, text=text)
    found = None if scope is None else Scope(kind=scope, range=TextRange(start=0, end=0))
    return code_actions(params, document, index, capabilities, lambda _: found)


@pytest.mark.parametrize(
    ("text", "start", "end", "scope", "expected"),
    [
        pytest.param("a = 1\nb = 2\n", 0, 9, ScopeKind.INSERTION, True, id="selection"),
        pytest.param("a\n\n\n\nb", 2, 4, ScopeKind.INSERTION, False, id="selection of nothing"),
        pytest.param("", 0, None, ScopeKind.FILE, True, id="empty file"),
        pytest.param("\ufeff \n", 0, None, ScopeKind.FILE, True, id="blank file"),
        pytest.param("x = add(1)\n", 6, None, ScopeKind.INSERTION, True, id="symbol"),
        pytest.param("x = add(1)\n", 7, None, ScopeKind.INSERTION, True, id="end of a symbol"),
        pytest.param("# TODO: it\n", 1, None, ScopeKind.INSERTION, True, id="todo"),
        pytest.param("def f():\n    ...\n", 9, None, ScopeKind.DEFINITION, True, id="inside a stub"),
        pytest.param("a = 1\n\n\nb = 2\n", 6, None, ScopeKind.INSERTION, False, id="nowhere"),
        pytest.param("def f():\n    ...\n", 11, None, None, True, id="before the parser is there"),
        pytest.param("a = 1\n\n\nb = 2\n", 6, None, None, False, id="nowhere, before the parser is there"),
    ],
)
def test_where_generate_is_offered(
    text: str, start: int, end: int | None, scope: ScopeKind | None, expected: bool
) -> None:
    actions = offered(text, start, end, scope=scope)
    assert [action.title for action in actions] == ["Generate with ensemble"] * expected


def test_the_command_is_there_at_once() -> None:
    (action,) = offered("def f(): ...\n", 5)
    assert action.kind == "refactor.rewrite.forge"
    assert action.command.command == "forge.generate"
    position = {"line": 0, "character": 5}
    assert action.command.arguments == [{"uri": "file:///a.py", "range": {"start": position, "end": position}}]
    assert action.tags is None


@pytest.mark.parametrize(
    ("only", "titles"),
    [
        (["refactor"], ["Generate"]),
        ([lsp.CodeActionKind.RefactorRewrite], ["Generate"]),
        (["refactor.rewrite.forge"], ["Generate"]),
        (["refactor.rewrite.for"], []),
        (["refactor.extract", "source"], []),
        ([lsp.CodeActionKind.QuickFix], ["Fix"]),
        ([""], ["Fix", "Generate"]),
        (None, ["Fix", "Generate"]),
    ],
)
def test_only_the_kinds_that_are_asked_for(only: list[Any] | None, titles: list[str]) -> None:
    diagnostic = lsp.Diagnostic(range=lsp.Range(lsp.Position(0, 0), lsp.Position(0, 1)), message="m")
    actions = offered("add\n", 0, only=only, diagnostics=(diagnostic,))
    assert [action.title.split()[0] for action in actions] == titles


def test_one_fix_for_each_diagnostic_in_range() -> None:
    def at(line: int, message: str) -> lsp.Diagnostic:
        place = lsp.Range(lsp.Position(line, 0), lsp.Position(line, 3))
        return lsp.Diagnostic(
            range=place, message=message, severity=lsp.DiagnosticSeverity.Error, code="E1", source="ruff"
        )

    actions = offered("one\ntwo\nsix\n", 1, diagnostics=(at(0, "a\n  b"), at(2, "far"), at(0, "x" * 300)))
    fixes = actions[:-1]
    assert fixes[0].title == "Fix with ensemble: a b"
    assert fixes[0].kind == "quickfix.forge"
    assert fixes[0].diagnostics == [at(0, "a\n  b")]
    (passed,) = fixes[0].command.arguments[0]["diagnostics"]
    assert (passed["message"], passed["severity"], passed["code"], passed["source"]) == ("a\n  b", 1, "E1", "ruff")
    assert len(fixes) == 2
    assert len(fixes[1].title) <= 100
    assert fixes[1].title.endswith("…")


def test_actions_are_marked_as_generated_where_the_client_knows_the_mark() -> None:
    tags = lsp.CodeActionTagOptions(value_set=[lsp.CodeActionTag.LlmGenerated])
    capable = lsp.CodeActionClientCapabilities(code_action_literal_support=LITERALS, tag_support=tags)
    (action,) = offered("add\n", 0, capabilities=capable)
    assert action.tags == [lsp.CodeActionTag.LlmGenerated]


def test_a_client_without_literals_gets_commands() -> None:
    (command,) = offered("add\n", 0, capabilities=None)
    assert isinstance(command, lsp.Command)
    assert (command.title, command.command) == ("Generate with ensemble", "forge.generate")
