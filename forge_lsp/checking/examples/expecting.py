"""Whether what an example says can come of a call at all. Pure."""

from __future__ import annotations

from forge_lsp.checking.examples.arguments import call_of
from forge_lsp.checking.examples.comparing import comparable
from forge_lsp.checking.examples.types import Signature, TypeMismatch
from forge_lsp.checking.examples.values import parse
from forge_lsp.checking.examples.written import WrittenExample

__all__ = ["expectable"]

_VALUES = ("int", "code", "float", "bool", "char")


def expectable(example: WrittenExample, signature: Signature) -> None:
    """Raise Unfit for an example that no code of this signature could satisfy: it is not held against any."""
    if signature.refused:
        raise TypeMismatch(signature.refused)
    call = call_of(example.call, signature)
    if example.raises is not None and not signature.raises:
        raise TypeMismatch(f"{signature.name} raises nothing in this language")
    if example.value is None or call is None or call.after:
        return
    try:
        expected = parse(example.value)
    except (ValueError, RecursionError):
        raise TypeMismatch(f"this value cannot be read: {example.value}") from None
    if expected is None and signature.nullable and signature.result.kind not in _VALUES:
        return
    if not comparable(expected, signature.result):
        if signature.result.kind == "void":
            raise TypeMismatch(f"{signature.name} returns nothing")
        raise TypeMismatch(
            f"{signature.name} gives {signature.result.text or signature.result.kind}, not {example.value}"
        )
