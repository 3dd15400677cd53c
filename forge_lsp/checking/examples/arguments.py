"""The call that an example makes of the scope, and its arguments. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forge_lsp.checking.examples.types import Signature, Unfit, fitted
from forge_lsp.checking.examples.values import Group, Own, Value, parse
from forge_lsp.checking.examples.written import Call, Written, call_in, same_name

__all__ = ["call_of", "check", "names_instance", "spread", "value_of"]


def call_of(text: str, signature: Signature) -> Call | None:
    """Return the call of a signature in ``text``, or its first call; None: it is no call."""
    return call_in(text, lambda call: same_name(call.name, signature.name))


def check(example: Written, signature: Signature) -> None:
    """Raise Unfit for an example that expects what no call of the scope can give."""
    call = call_of(example.call, signature)
    if example.value is None or call is None or call.after:
        return
    try:
        wanted = parse(example.value)
    except (ValueError, RecursionError):
        return
    if wanted is not None and signature.result.kind == "void":
        raise Unfit(f"{signature.name} returns nothing")
    if wanted is not None and signature.result.kind != "any":
        fitted(wanted, signature.result)


def value_of(text: str) -> Value:
    """Return the value of an argument; what is none in any notation, only its language can read. Raises Unfit."""
    try:
        return parse(text)
    except (ValueError, RecursionError):
        if not text.strip():
            raise Unfit("an argument is empty") from None
        return Own(text.strip())


def spread(values: Sequence[Value], signature: Signature) -> Sequence[Value]:
    """Return the arguments, those for a parameter that takes all the rest one by one where they stand in a list."""
    last = len(signature.parameters) - 1
    if last < 0 or not signature.parameters[last].rest or len(values) != last + 1:
        return values
    value, declared = values[last], signature.parameters[last].type
    declared = declared.item if declared.kind == "optional" else declared
    if isinstance(value, Group) and declared.kind not in ("list", "set", "tuple", "any"):
        return (*values[:last], *value.items)
    return values


def names_instance(call: Call, signature: Signature) -> bool:
    """Return whether a call says of which instance it is: by a name, or by what makes one."""
    head = re.sub(r"\W+$", "", call.head)
    return head not in ("", "this", "self", signature.container, signature.container.rpartition(".")[2])
