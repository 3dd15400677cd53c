"""Examples in the documentation of Go: what can be called, and how calls are written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forge_lsp.checking.examples.answers import Answers, AskedCall
from forge_lsp.checking.examples.types import Signature, TypeMismatch
from forge_lsp.checking.examples.values import Value, closing, parse
from forge_lsp.checking.examples.written import Call, call_in
from forge_lsp.checking.project import Place
from forge_lsp.core.attempt import Candidate
from forge_lsp.core.ports import ItemKind, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.editing.scoped import scoped
from forge_lsp.languages.go.calling import CALLS_MATTER, Caller
from forge_lsp.languages.go.declared import named_types, read_header
from forge_lsp.languages.go.forging import doubt_of
from forge_lsp.languages.go.literals import literal, natural

__all__ = ["GoDriver", "GoSignature", "doubt"]

_ASSIGNED = re.compile(r"(?:(?:let|const|var|val|auto)\s+)?(?P<name>[A-Za-z_]\w*)\s*:?=(?!=)\s*(?P<value>.+)$", re.S)
_OTHERS = re.compile(r"(?:from|import|def|class|with|while|print|del|require|using|let|val)\b|for\b.*\bin\b")
_OWN = re.compile(r"\"(?:[^\"\\]|\\.)*\"|`[^`]*`|'(?:[^'\\]|\\.)'|[-+\d.][\w.]*|true|false|nil")


@dataclass(frozen=True, slots=True, kw_only=True)
class GoSignature(Signature):
    """A function of Go. ``fails``: the last of what it gives is an error."""

    fails: bool = False


class GoDriver:
    """See :class:`~forge_lsp.checking.examples.driven.Driver`. ``environment`` is the server's own, ``timeout`` is in
    seconds, for each run of ``go`` and for all calls."""

    matters = CALLS_MATTER

    def __init__(self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str]) -> None:
        self._caller = Caller(sandbox, timeout=timeout, environment=environment)

    def signature(self, task: Task, text: str) -> GoSignature | None:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        found = scoped(task, text)
        if found is None or found.item.name is None:
            return None
        item, name = found.item, found.item.name
        function = item.kind is ItemKind.FUNCTION
        declared = read_header(item.signature or "", named_types(text)) if function else None
        if declared is None:
            refused = f"the header of {name} cannot be read" if function else f"{name} is no function"
            return GoSignature(name=name, parameters=(), refused=refused)
        return GoSignature(
            name=name,
            parameters=declared.parameters,
            result=declared.result,
            container=declared.receiver,
            bound=bool(declared.receiver),
            lines=(text.count("\n", 0, item.range.start) + 1, text.count("\n", 0, item.range.end) + 1),
            nullable=False,
            fails=declared.fails,
        )

    def literal(self, value: Value, signature: Signature, place: int) -> str:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`. Raises Unfit."""
        return literal(value, signature.parameters[place].type)

    def expression(self, signature: Signature, arguments: Sequence[str], call: Call) -> str:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`. Raises Unfit."""
        said = f"{signature.name}({', '.join(arguments)})"
        if not signature.bound:
            return said  # a package's name before it is its own
        receiver = call.head.rstrip(".")
        if not receiver or receiver.rpartition(".")[2] == signature.container:
            raise TypeMismatch(f"{signature.name} is called on a {signature.container}, and the example makes none")
        return f"{call.head}{said}"

    def step(self, text: str) -> str:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`. Raises Unfit."""
        plain = text.strip().rstrip(";")
        if "\n" in plain or "//" in plain or closing(f"({plain})", 0) != len(plain) + 2 or _OTHERS.match(plain):
            raise TypeMismatch(f"this is no statement of Go: {plain}")
        if re.match(r"var\s+\w+\s+[^=\s]", plain) or re.match(r"\w+(?:\s*,\s*\w+)+\s*:?=", plain):
            return plain
        assigned = _ASSIGNED.match(plain)
        if assigned is not None:
            return f"{assigned['name']} := {_expression(assigned['value'])}"
        return _expression(plain)

    async def answers(self, place: Place, text: str, signature: Signature, calls: Sequence[AskedCall]) -> Answers:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`. Raises EnvironmentFault."""
        fails = isinstance(signature, GoSignature) and signature.fails
        void = signature.result.kind == "void" and not fails
        return await self._caller.answers(place, text, calls, fails=fails, void=void)


def doubt(task: Task, candidate: Candidate) -> str | None:
    """Return why no proof by examples is believed, in words; None where it is. The document is not there to be read
    while they are run."""
    return doubt_of(task.document.text, candidate.text, hidden=True)


def _expression(text: str) -> str:
    """An expression of a step: a value, or a call with its arguments, in whatever notation."""
    if _OWN.fullmatch(text):
        return text
    try:
        return natural(parse(text), boxed=False)
    except (ValueError, RecursionError):
        pass
    call = call_in(text)
    if call is None or text.startswith(("new ", "new(", "make(")):
        return text
    arguments = (_expression(argument) for argument in call.arguments)
    return f"{call.head.replace('->', '.')}{call.name}({', '.join(arguments)}){call.after}"
