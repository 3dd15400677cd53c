"""The call that an example makes of the scope, and its arguments. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forge_lsp.checking.examples.types import Signature, TypeMismatch
from forge_lsp.checking.examples.values import Group, LanguageValue, Value, parse
from forge_lsp.checking.examples.written import Call, call_in, same_name

__all__ = ["arguments_of", "call_of", "names_instance", "spread", "value_of"]


def call_of(text: str, signature: Signature) -> Call | None:
    """Return the call of a signature in ``text``, or its first call; None: it is no call."""
    return call_in(text, lambda call: same_name(call.name, signature.name))


def arguments_of(call: Call, signature: Signature) -> Sequence[str]:
    """Return the texts of a call's arguments in the order of the parameters: some notations name them. Raises Unfit for
    a call with too few or too many."""
    named: dict[str, str] = {}
    plain: list[str] = []
    for argument in call.arguments:
        name, equals, value = argument.partition("=")
        if equals and not value.startswith("=") and name.strip().isidentifier():
            named[name.strip()] = value.strip()
        else:
            plain.append(argument)
    for parameter in signature.parameters[len(plain) :]:
        value = next((text for name, text in named.items() if same_name(name, parameter.name)), None)
        if value is None:
            break
        plain.append(value)
    required = sum(not (parameter.optional or parameter.rest) for parameter in signature.parameters)
    if len(plain) < max(required, len(call.arguments)):
        raise TypeMismatch(f"{signature.name} takes {required} arguments, {len(call.arguments)} are given")
    return plain


def value_of(text: str) -> Value:
    """Return the value of an argument; what is none in any notation, only its language can read. Raises Unfit."""
    try:
        return parse(text)
    except (ValueError, RecursionError):
        if not text.strip() or "\n" in text:
            raise TypeMismatch(f"this argument cannot be read: {text}") from None
        return LanguageValue(text.strip())


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
