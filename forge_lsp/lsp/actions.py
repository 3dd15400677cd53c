"""Which code actions to offer. Pure: from the request, the text and the client's capabilities to actions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import cast
from urllib.parse import unquote

from lsprotocol import types as lsp

from forge_lsp.core.task import Document, Scope, ScopeKind, TextRange
from forge_lsp.lsp.names import FIX_KIND, GENERATE_KIND, GENERATE_TITLE
from forge_lsp.lsp.questions import KeepableExample
from forge_lsp.lsp.texts import LineIndex

__all__ = ["Actions", "code_actions", "never"]

_FIX_TITLE = "Fix with ensemble: "
_MESSAGE_LENGTH = 80  # characters of a diagnostic's message in a menu row

_TODO = re.compile(r"\b(?:TODO|FIXME)\b")

Actions = list[lsp.CodeAction | lsp.Command]


def code_actions(
    params: lsp.CodeActionParams,
    document: Document,
    index: LineIndex,
    capabilities: lsp.CodeActionClientCapabilities | None,
    scope_at: Callable[[TextRange], Scope | None],
    examples: Iterable[KeepableExample] = (),
) -> Actions:
    """Return the actions for a range of an open document, each with its command at once.

    ``scope_at`` finds the definition around a place (None where it cannot tell); it is asked only where the text
    alone does not say. ``examples`` are answers of the user's that can be kept in the documentation of a definition.
    """
    uri = params.text_document.uri
    found: list[lsp.CodeAction] = []
    if _wanted(FIX_KIND, params.context.only):
        for diagnostic in params.context.diagnostics:
            if _touches(diagnostic.range, params.range):
                found.append(_fix(uri, diagnostic))
    if _wanted(GENERATE_KIND, params.context.only) and _offers(document.text, index.text_range(params.range), scope_at):
        found.append(_generate(uri, params.range))
    if capabilities is not None and _knows_llm_tag(capabilities):
        for action in found:
            action.tags = [lsp.CodeActionTag.LlmGenerated]
    mine = [one for one in examples if unquote(one.uri) == unquote(uri)]
    if mine and _wanted(GENERATE_KIND, params.context.only):
        scope = scope_at(index.text_range(params.range))
        around = () if scope is None else (*(scope.container or "").split("."), scope.name)
        found.extend(_keep(one) for one in mine if one.names[-1] in around)
    if capabilities is None or capabilities.code_action_literal_support is None:
        return [action.command for action in found if action.command is not None]
    return list(found)


def never(reason: str | None, capabilities: lsp.CodeActionClientCapabilities | None) -> Actions:
    """Return the action for a document in which nothing is written, greyed out with the reason, where there is one and
    the client shows it."""
    if reason is None or capabilities is None or not capabilities.disabled_support:
        return []
    disabled = lsp.CodeActionDisabled(reason=reason)
    kind = cast("lsp.CodeActionKind", GENERATE_KIND)
    return [lsp.CodeAction(title=GENERATE_TITLE, kind=kind, disabled=disabled)]


def _wanted(kind: str, only: Iterable[lsp.CodeActionKind | str] | None) -> bool:
    """Kinds are a hierarchy: a client that asks for ``refactor`` gets ``refactor.rewrite.forge``."""
    if only is None:
        return True
    asked = [str(item.value) if isinstance(item, lsp.CodeActionKind) else item for item in only]
    return not asked or any(item == "" or kind == item or kind.startswith(f"{item}.") for item in asked)


def _offers(text: str, span: TextRange, scope_at: Callable[[TextRange], Scope | None]) -> bool:
    """A selection, an empty file, a TODO, a word under the cursor, or a place inside a definition."""
    if not text.strip("\ufeff \t\r\n\f"):
        return True
    if span.start != span.end:
        return bool(span.of(text).strip())
    start = max(text.rfind("\n", 0, span.start), text.rfind("\r", 0, span.start)) + 1
    before = text[start : span.start]
    rest = re.split(r"[\r\n]", text[span.start :], maxsplit=1)[0]
    if _TODO.search(before + rest) or re.search(r"\w$", before) or re.match(r"\w", rest):
        return True
    scope = scope_at(span)
    return bool((before + rest).strip()) if scope is None else scope.kind is ScopeKind.DEFINITION


def _keep(one: KeepableExample) -> lsp.CodeAction:
    arguments: dict[str, object] = {"jobId": one.job_id, "question": one.question}
    return _action(one.title, GENERATE_KIND, arguments, "forge.keepExample")


def _generate(uri: str, span: lsp.Range) -> lsp.CodeAction:
    arguments: dict[str, object] = {"uri": uri, "range": _range(span)}
    return _action(GENERATE_TITLE, GENERATE_KIND, arguments)


def _fix(uri: str, diagnostic: lsp.Diagnostic) -> lsp.CodeAction:
    message = " ".join(str(diagnostic.message).split())
    if len(message) > _MESSAGE_LENGTH:
        message = message[: _MESSAGE_LENGTH - 1].rstrip() + "…"
    plain: dict[str, object] = {"range": _range(diagnostic.range), "message": diagnostic.message}
    if diagnostic.severity is not None:
        plain["severity"] = int(diagnostic.severity)
    if diagnostic.code is not None:
        plain["code"] = diagnostic.code
    if diagnostic.source is not None:
        plain["source"] = diagnostic.source
    arguments: dict[str, object] = {"uri": uri, "range": _range(diagnostic.range), "diagnostics": [plain]}
    action = _action(_FIX_TITLE + message, FIX_KIND, arguments)
    action.diagnostics = [diagnostic]
    return action


def _action(
    title: str, kind: str, arguments: dict[str, object], command_name: str = "forge.generate"
) -> lsp.CodeAction:
    command = lsp.Command(title=title, command=command_name, arguments=[arguments])
    return lsp.CodeAction(title=title, kind=cast("lsp.CodeActionKind", kind), command=command)


def _range(span: lsp.Range) -> dict[str, object]:
    return {
        "start": {"line": span.start.line, "character": span.start.character},
        "end": {"line": span.end.line, "character": span.end.character},
    }


def _touches(one: lsp.Range, other: lsp.Range) -> bool:
    def key(position: lsp.Position) -> tuple[int, int]:
        return (position.line, position.character)

    return key(one.start) <= key(other.end) and key(other.start) <= key(one.end)


def _knows_llm_tag(capabilities: lsp.CodeActionClientCapabilities) -> bool:
    support = capabilities.tag_support
    return support is not None and lsp.CodeActionTag.LlmGenerated in support.value_set
