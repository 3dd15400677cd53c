"""What a language's driver is asked: the calls of examples, and variations of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from forge_lsp.checking.examples.answers import Answers, AskedCall
from forge_lsp.checking.examples.arguments import arguments_of, call_of, names_instance, spread, value_of
from forge_lsp.checking.examples.types import Signature, TypeMismatch, fitted
from forge_lsp.checking.examples.values import Value, shown
from forge_lsp.checking.examples.variations import variations
from forge_lsp.checking.examples.written import Call, WrittenExample
from forge_lsp.checking.project import Place
from forge_lsp.core.task import Task

__all__ = ["Driver", "asked_of", "probes_of"]


class Driver(Protocol):
    """What one language brings to run calls of a scope."""

    @property
    def matters(self) -> tuple[str, ...]:
        """The suffixes of the files of a project that a run depends on."""
        ...

    def signature(self, task: Task, text: str) -> Signature | None:
        """Return what the task's scope is in ``text``; None: it is not there. What is there and cannot be called says
        why (``refused``)."""
        ...

    def literal(self, value: Value, signature: Signature, place: int) -> str:
        """Return the argument at ``place`` in the language's notation; the value is fitted to its type already, and may
        be, or hold, what only the language can read. Raises Unfit."""
        ...

    def expression(self, signature: Signature, arguments: Sequence[str], call: Call) -> str:
        """Return the call of the scope with arguments in the language's notation; ``call`` is as it was written. Raises
        Unfit where it cannot be made: a member without a value of its type."""
        ...

    def step(self, text: str) -> str:
        """Return a statement before a call in the language's notation. Raises Unfit where it is none."""
        ...

    async def answers(self, place: Place, text: str, signature: Signature, calls: Sequence[AskedCall]) -> Answers:
        """Compile ``text`` with a driver that makes the calls, each by itself, and run it. Raises EnvironmentFault."""
        ...


def asked_of(driver: Driver, id_: str, text: str, steps: Sequence[str], signature: Signature) -> AskedCall:
    """Return the call that ``text`` is in the driver's language. Raises Unfit where there is none."""
    if signature.refused:
        raise TypeMismatch(signature.refused)
    call = call_of(text, signature)
    if call is None:
        raise TypeMismatch(f"this is no call: {text}")
    values = [value_of(argument) for argument in arguments_of(call, signature)]
    said = _said(driver, values, signature)
    made = signature.receiver and not names_instance(call, signature)
    own = tuple(driver.step(step) for step in steps) if signature.bound and not made else ()
    return AskedCall(id=id_, call=driver.expression(signature, said, call) + call.after, steps=own)


def probes_of(driver: Driver, examples: Sequence[WrittenExample], signature: Signature) -> dict[str, AskedCall]:
    """Return variations of the examples by what people are shown of them. Members that need an instance of an example's
    own have none."""
    if signature.bound and not signature.receiver:
        return {}
    calls: list[tuple[Value, ...]] = []
    for example in examples:
        call = call_of(example.call, signature)
        if call is None or call.after or (signature.bound and names_instance(call, signature)):
            continue
        try:
            calls.append(tuple(map(value_of, arguments_of(call, signature))))
        except TypeMismatch:
            continue
    found: dict[str, AskedCall] = {}
    for number, arguments in enumerate(variations(calls)):
        text = f"{signature.name}({', '.join(map(shown, arguments))})"
        plain = Call(head="", name=signature.name, arguments=())
        try:
            said = _said(driver, arguments, signature)
            found[text] = AskedCall(id=f"p{number}", call=driver.expression(signature, said, plain))
        except TypeMismatch:
            continue
    return found


def _said(driver: Driver, values: Sequence[Value], signature: Signature) -> list[str]:
    return [_literal(driver, value, signature, place) for place, value in enumerate(spread(values, signature))]


def _literal(driver: Driver, value: Value, signature: Signature, place: int) -> str:
    parameters = signature.parameters
    if place >= len(parameters) and not (parameters and parameters[-1].rest):
        raise TypeMismatch(f"{signature.name} takes {len(parameters)} arguments")
    at = min(place, len(parameters) - 1)
    return driver.literal(fitted(value, parameters[at].type), signature, at)
