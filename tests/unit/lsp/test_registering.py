"""Which documents a client is asked to tell of beside those that it selects by itself."""

from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import converters
from lsprotocol import types as lsp

from forge_lsp.core.languages import Language
from forge_lsp.lsp.registering import Registrar, covered, registrations

ELIXIR = Language(id="elixir", title="Elixir", suffixes=(".ex", ".exs"), names=("ex",))
PYTHON = Language(id="python", title="Python", suffixes=(".py",))
OWN = frozenset({"python", "ruby"})


def client(**more: Any) -> lsp.TextDocumentClientCapabilities:
    return lsp.TextDocumentClientCapabilities(
        synchronization=lsp.TextDocumentSyncClientCapabilities(dynamic_registration=True), **more
    )


def test_only_languages_that_the_client_does_not_have() -> None:
    found = registrations([PYTHON, ELIXIR], OWN, client())
    assert [one.method for one in found] == [
        f"textDocument/{name}" for name in ("didOpen", "didChange", "didSave", "didClose")
    ]
    assert len({one.id for one in found}) == 4
    told: Any = converters.get_converter().unstructure(found[0], lsp.Registration)
    filters = told["registerOptions"]["documentSelector"]
    assert {"scheme": "file", "language": "elixir"} in filters
    assert {"scheme": "untitled", "language": "ex"} in filters
    assert {"scheme": "file", "pattern": "**/*.exs"} in filters
    assert not [one for one in filters if "py" in str(one)]
    assert registrations([PYTHON], OWN, client()) == ()
    assert registrations([ELIXIR], OWN | {"ex"}, client()) == ()


def test_features_where_the_client_takes_them() -> None:
    more = {
        "code_action": lsp.CodeActionClientCapabilities(dynamic_registration=True),
        "code_lens": lsp.CodeLensClientCapabilities(dynamic_registration=True),
        "inline_completion": lsp.InlineCompletionClientCapabilities(dynamic_registration=True),
    }
    methods = {one.method for one in registrations([ELIXIR], OWN, client(**more))}
    assert {f"textDocument/{name}" for name in ("codeAction", "codeLens", "inlineCompletion")} <= methods


@pytest.mark.parametrize(
    "capabilities",
    [
        None,
        lsp.TextDocumentClientCapabilities(),
        lsp.TextDocumentClientCapabilities(synchronization=lsp.TextDocumentSyncClientCapabilities()),
    ],
)
def test_nothing_where_the_client_takes_no_registration(
    capabilities: lsp.TextDocumentClientCapabilities | None,
) -> None:
    assert registrations([ELIXIR], OWN, capabilities) == ()


@pytest.mark.parametrize(
    ("options", "own"),
    [(None, None), ("python", None), ({}, None), (["python", 1], frozenset({"python"})), ([], frozenset())],
)
def test_a_client_that_does_not_say_is_not_asked(options: object, own: frozenset[str] | None) -> None:
    assert covered(options) == own


async def test_what_was_registered_is_taken_back_once() -> None:
    asked: list[tuple[str, Any]] = []

    async def ask(method: str, params: Any) -> None:
        asked.append((method, params))

    registrar = Registrar(ask)
    first = registrations([ELIXIR], OWN, client())
    await registrar.update(())
    await registrar.update(first)
    await registrar.update(registrations([ELIXIR], OWN, client()))
    await registrar.update(())
    assert [method for method, _ in asked] == ["client/registerCapability", "client/unregisterCapability"]
    assert [one.id for one in asked[1][1].unregisterations] == [one.id for one in first]
