"""Examples in the documentation of C and C++: what can be called, and how calls are written."""

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
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import ItemKind, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.editing.scoped import ScopedItem, scoped
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.c_family.calling import CALLS_MATTER, Caller
from forge_lsp.languages.c_family.declared import Declared, aliases_of, read_header
from forge_lsp.languages.c_family.driving import namespaces_at
from forge_lsp.languages.c_family.flags import SOURCES
from forge_lsp.languages.c_family.forging import doubt_of
from forge_lsp.languages.c_family.linking import Function
from forge_lsp.languages.c_family.literals import literal, natural
from forge_lsp.languages.c_family.scanning import blanked

__all__ = ["CFamilyDriver", "CSignature", "doubt"]

_CPP = re.compile(r"\b(?:namespace|template|class|nullptr|constexpr|typename)\b|::")
_ASSIGNED = re.compile(r"(?:(?:let|const|var|val|auto)\s+)?(?P<name>[A-Za-z_]\w*)\s*=(?!=)\s*(?P<value>.+)$", re.S)
_DECLARED = re.compile(r"(?:const\s+)?[A-Za-z_][\w:]*(?:<.*>)?[\s*&]+[A-Za-z_]\w*\s*(?:[({=].*)?$", re.S)
_PYTHON = re.compile(r"(?:from|import|def|class|with|for|while|if|print|del|require|using|let|var|val)\b")
_OWN = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)'|[-+\d.].*|(?:true|false|nullptr)")


@dataclass(frozen=True, slots=True, kw_only=True)
class CSignature(Signature):
    """A function of C or C++. ``path`` names it wherever it stands, ``at`` is where it begins."""

    language: Language = CPP
    path: str = ""
    at: int = 0


class CFamilyDriver:
    """See :class:`~forge_lsp.checking.examples.driven.Driver`. ``environment`` is the server's own (``PATH``, ``CC``),
    ``timeout`` is in seconds, for each run of the compiler and for all calls."""

    matters = CALLS_MATTER

    def __init__(self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str]) -> None:
        self._caller = Caller(sandbox, timeout=timeout, environment=environment)

    def signature(self, task: Task, text: str) -> CSignature | None:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        found = scoped(task, text)
        if found is None or found.item.name is None:
            return None
        item = found.item
        language = _language(task, text)
        *qualifier, name = (item.name or "").split("::")
        function = item.kind is ItemKind.FUNCTION
        declared = read_header(item.signature or "", item.name or "", language, aliases_of(text)) if function else None
        if declared is None:
            refused = f"the header of {name} cannot be read" if function else f"{name} is no function"
            return CSignature(name=name, parameters=(), refused=refused)
        start = item.range.start
        spaces = namespaces_at(text, start) if language is CPP else ()
        holders = (*(holder.name or "" for holder in found.holders), *qualifier)
        container = "::".join(holders)
        return CSignature(
            name=name,
            parameters=declared.parameters,
            result=declared.result,
            container=container,
            bound=_bound(found, declared, holders, name, text),
            lines=(text.count("\n", 0, start) + 1, text.count("\n", 0, item.range.end) + 1),
            raises=language is CPP,
            nullable=False,
            language=language,
            path="::".join(("", *spaces, *holders, name)) if language is CPP else name,
            at=start,
        )

    def literal(self, value: Value, signature: Signature, place: int) -> str:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`. Raises Unfit."""
        return literal(value, signature.parameters[place].type, _known(signature).language)

    def expression(self, signature: Signature, arguments: Sequence[str], call: Call) -> str:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`. Raises Unfit."""
        known = _known(signature)
        said = f"({', '.join(arguments)})"
        if not known.bound:
            return f"{known.path}{said}"
        receiver = re.sub(r"(?:\.|->|::)$", "", call.head)
        if not receiver or receiver.rpartition("::")[2] == known.container.rpartition("::")[2]:
            raise TypeMismatch(f"{known.name} is called on a {known.container}, and the example makes none")
        return f"{call.head}{known.name}{said}"

    def step(self, text: str) -> str:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`. Raises Unfit."""
        plain = text.strip()
        if "\n" in plain or closing(f"({plain})", 0) != len(plain) + 2:
            raise TypeMismatch(f"this is no statement of C++: {plain}")
        if plain.endswith(";"):
            return plain
        assigned = _ASSIGNED.match(plain)
        if assigned is not None:
            return f"auto {assigned['name']} = {_expression(assigned['value'])};"
        if _PYTHON.match(plain):
            raise TypeMismatch(f"this is no statement of C++: {plain}")
        return f"{plain if _DECLARED.match(plain) else _expression(plain)};"

    async def answers(self, place: Place, text: str, signature: Signature, calls: Sequence[AskedCall]) -> Answers:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`. Raises EnvironmentFault."""
        known = _known(signature)
        function = Function(
            text=text,
            language=known.language,
            lines=known.lines,
            at=known.at,
            result=known.result.text,
            void=known.result.kind == "void",
        )
        return await self._caller.answers(place, function, calls)


def doubt(task: Task, candidate: Candidate) -> str | None:
    """Return why no proof by examples is believed; None where it is. Each call that counts came to its end."""
    return doubt_of(
        candidate.code or candidate.text,
        candidate.text,
        task.document.text,
        {},
        imports=candidate.imports,
        ended=True,
        driven=True,
        document=task.document.path.name if task.document.path is not None else "",
        names=[task.scope.name] if task.scope.name else [],
    )


def _known(signature: Signature) -> CSignature:
    assert isinstance(signature, CSignature), "it is one of this driver's own"
    return signature


def _language(task: Task, text: str) -> Language:
    """The language of a document; that of a ``.h`` is what its text is written in."""
    path = task.document.path
    known = SOURCES.get(path.suffix) if path is not None else None
    if known is not None or task.document.language is CPP:
        return known or CPP
    return CPP if _CPP.search(blanked(text)) else C


def _bound(found: ScopedItem, declared: Declared, holders: Sequence[str], name: str, text: str) -> bool:
    """Whether a function is called on a value: a member that is neither static nor a constructor."""
    if not holders or declared.static or name == holders[-1]:
        return False
    if found.holders:
        return True
    plain = blanked(text)
    holder = re.escape(holders[-1])
    if re.search(rf"\bnamespace\s+(?:\w+::)*{holder}\b", plain):
        return False
    if re.search(rf"\b(?:class|struct)\s+{holder}\b", plain) is None and not holders[-1][:1].isupper():
        return False
    return re.search(rf"\bstatic\b[^;{{}}()]*\b{re.escape(name)}\s*\(", plain) is None


def _expression(text: str) -> str:
    """An expression of a step: a value, or a call with its arguments, in whatever notation."""
    if _OWN.fullmatch(text):
        return text
    try:
        return natural(parse(text), CPP)
    except (ValueError, RecursionError):
        pass
    call = call_in(text)
    if call is None or text.startswith("new "):
        return text
    return f"{call.head}{call.name}({', '.join(map(_argument, call.arguments))}){call.after}"


def _argument(text: str) -> str:
    """An argument of a step's call: strings stay literals, which any kind of text can be made of."""
    if _OWN.fullmatch(text):
        return text
    try:
        value = parse(text)
    except (ValueError, RecursionError):
        return text
    written = natural(value, CPP)
    return re.sub(r"^std::string\((.*), \d+\)$", r"\1", written) if isinstance(value, str) else written
