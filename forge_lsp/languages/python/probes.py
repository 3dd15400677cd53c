"""Variations of the user's examples: calls of which nobody said what they should give, to compare candidates by. Pure.

Candidates of different models that behave alike on inputs nobody wrote down are more often right than not, while
generated *expectations* are hardly better than chance; so only the inputs are varied, and no answer counts as proof.
A class shows its mistakes in its state: what calls in another order give, and what its attributes hold then.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from typing import cast

from forge_lsp.core.attempt import Observation
from forge_lsp.languages.python.examples import Example, Group
from forge_lsp.languages.python.judging import Answer, decoded
from forge_lsp.languages.python.sequences import attributes_read, sequences

__all__ = ["PROBES", "Probe", "asked_for", "observed", "probes_of"]

PROBES = "probes"
"""The name of the probes' group in a request to the runner."""
_MOST = 24
_MOST_SEQUENCES = 10
_MOST_ATTRIBUTES = 6
_MOST_OF_EXAMPLE = 4
_MOST_OF_SET_UP = 2
_LONGEST = 200  # characters of an answer
_LARGEST = 10_000  # an integer above this may be a count of steps: it is not made larger


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One call. ``steps`` are the statements before it and the call itself, which is the last; ``call`` is all of it as
    people are shown it, and ``source`` where it comes from (see :class:`~forge_lsp.core.attempt.Observation`)."""

    id: str
    steps: tuple[str, ...]
    call: str
    source: str = "mutation"


def probes_of(groups: tuple[Group, ...], text: str = "") -> tuple[Probe, ...]:
    """At most 24 calls, the same for every candidate: examples with one literal changed, in the call or in what stands
    before it; calls of examples one after another; the same and then an attribute. ``text`` is the user's document,
    whose constructors say which attributes there are. Of a class, what shows its state gets most of the room."""
    stateful = [
        (sequences(groups), "sequence", _MOST_SEQUENCES),
        (attributes_read(groups, text), "attribute", _MOST_ATTRIBUTES),
    ]
    kinds = [list(islice(((steps, source) for steps in found), most)) for found, source, most in stateful]
    room = _MOST - sum(map(len, kinds))
    changed = [(steps, "mutation") for steps in islice(_changed(groups), room)]
    return tuple(
        Probe(id=f"p{number}", steps=steps, call="\n".join(steps), source=source)
        for number, (steps, source) in enumerate(chain(changed, *kinds))
    )


def _changed(groups: tuple[Group, ...]) -> Iterator[tuple[str, ...]]:
    """Examples with one literal changed, the examples taking turns."""
    known: set[tuple[str, ...]] = set()
    queues: list[Iterator[tuple[str, ...]]] = []
    for group in groups:
        before: list[str] = []
        for example in group.examples:
            call = _call(example)
            before += example.steps[:-1]
            if call is not None:
                needed = _needed(before, call)
                known.add((*needed, ast.unparse(call)))
                queues.append(_changed_of(needed, call))
            if example.broken is None and (example.silent or (call is None and not (example.want or example.literal))):
                before.append(example.steps[-1])  # `stack.push(1)`: later examples need it
    found: set[tuple[str, ...]] = set()
    for turn in zip_longest(*queues):
        for steps in turn:
            if steps is not None and steps not in known and steps not in found:
                found.add(steps)
                yield steps


def _changed_of(needed: Sequence[str], call: ast.expr) -> Iterator[tuple[str, ...]]:
    for variant in islice(_variants(call), _MOST_OF_EXAMPLE):
        yield (*needed, variant)
    for steps in islice(_set_up(needed), _MOST_OF_SET_UP):
        yield (*steps, ast.unparse(call))


def _needed(before: Sequence[str], call: ast.expr) -> tuple[str, ...]:
    """Of the statements before a call those that it depends on: what speaks of its variables, or of none at all."""
    trees = [_parsed(step) for step in before]
    bound = {name for tree in trees for name in _names(tree, ast.Store)}
    wanted = _names(call) & bound
    kept: list[str] = []
    for step, tree in zip(reversed(before), reversed(trees), strict=True):
        spoken = _names(tree) & bound
        if tree is None or not spoken or spoken & wanted:
            kept.append(step.strip("\n"))
            wanted |= spoken
    return tuple(reversed(kept))


def _parsed(step: str) -> ast.Module | None:
    try:
        return ast.parse(step.strip())
    except (SyntaxError, ValueError, RecursionError):
        return None


def _names(tree: ast.AST | None, context: type[ast.expr_context] = ast.expr_context) -> set[str]:
    nodes = ast.walk(tree) if tree is not None else ()
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, context)}


def _set_up(steps: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The statements with one literal of one of them changed, the statements taking turns."""
    queues = [_set_up_at(steps, number) for number in range(len(steps))]
    for turn in zip_longest(*queues):
        yield from (changed for changed in turn if changed is not None)


def _set_up_at(steps: Sequence[str], number: int) -> Iterator[tuple[str, ...]]:
    tree = _parsed(steps[number])
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Assign | ast.Expr):
        return
    for variant in _variants(tree):
        yield (*steps[:number], variant, *steps[number + 1 :])


def asked_for(calls: Iterable[str]) -> tuple[Probe, ...]:
    """The calls of somebody else as probes: statements, the last of them an expression that calls something. Others
    are left out."""
    found: dict[str, Probe] = {}
    for text in calls:
        try:
            body = ast.parse(text).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if not body or not isinstance(body[-1], ast.Expr) or not any(isinstance(n, ast.Call) for n in _nodes(body)):
            continue
        steps = tuple(ast.unparse(statement) for statement in body)
        found.setdefault(text, Probe(id=f"p{len(found)}", steps=steps, call=text))
    return tuple(found.values())


def _nodes(body: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    for statement in body:
        yield from ast.walk(statement)


def observed(probes: tuple[Probe, ...], answers: Mapping[str, Answer]) -> tuple[Observation, ...]:
    """What the probes gave, as far as answers can be compared: no objects with an address in their text, nothing that
    did not end in time."""
    found = ((probe, _answer(answers.get(probe.id) or {})) for probe in probes)
    return tuple(
        Observation(call=probe.call, answer=answer, source=probe.source)
        for probe, answer in found
        if answer is not None
    )


def _call(example: Example) -> ast.expr | None:
    """The example's expression, if it calls something."""
    if example.broken is not None or not example.steps:
        return None
    try:
        tree = ast.parse(example.steps[-1].strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None
    calls = any(isinstance(node, ast.Call) for node in ast.walk(tree))
    return tree if calls else None


def _places(tree: ast.AST) -> Iterator[int]:
    """Numbers, in the order of ``ast.walk``, of the nodes that can be varied."""
    for number, node in enumerate(ast.walk(tree)):
        if any(True for _ in _others(node)):
            yield number


def _variants(tree: ast.AST) -> Iterator[str]:
    """What ``tree`` says with one literal changed, the literals taking turns."""
    queues = [_varied(tree, place) for place in _places(tree)]
    for turn in zip_longest(*queues):
        yield from (text for text in turn if text is not None)


def _varied(tree: ast.AST, place: int) -> Iterator[str]:
    for other in _others(list(ast.walk(tree))[place]):
        twin = copy.deepcopy(tree)
        node = list(ast.walk(twin))[place]
        yield ast.unparse(_Swap(node, other).visit(twin))


class _Swap(ast.NodeTransformer):
    """Puts ``other`` in the place of ``node``."""

    def __init__(self, node: ast.AST, other: ast.expr) -> None:
        self._node = node
        self._other = other

    def visit(self, node: ast.AST) -> ast.AST:
        return self._other if node is self._node else super().visit(node)


def _others(node: ast.AST) -> Iterator[ast.expr]:
    """What a literal becomes: its neighbours, and the edges of its kind."""
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            numbers = (0, value - 1, -value) if value > _LARGEST else (value + 1, 0, -value, 2 * value + 1)
            yield from (_number(number) for number in dict.fromkeys(numbers) if number != value)
        case ast.Constant(value=float(value)):
            yield from (_number(number) for number in (value + 0.5, 0.0, -value) if number != value)
        case ast.Constant(value=str(value)):
            texts = ("", value[::-1], value + value, value.swapcase(), value[:1])
            yield from (ast.Constant(text) for text in dict.fromkeys(texts) if text != value)
        case ast.List(elts=[_, *_] as items):
            yield ast.List(elts=[], ctx=ast.Load())
            if len(items) > 1:
                yield ast.List(elts=items[::-1], ctx=ast.Load())
            yield ast.List(elts=items[:1] + items, ctx=ast.Load())
        case _:
            return


def _number(value: float) -> ast.expr:
    return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if value < 0 else ast.Constant(value)


def _answer(answer: Answer) -> str | None:
    match answer.get("state"):
        case "raised":
            error = cast("Answer", answer.get("error") or {})
            # A name that only the example uses says nothing of the candidate.
            lost = bool(error.get("own")) and error.get("type") == "NameError"
            return None if lost else f"raises {error.get('type')}"
        case "done":
            tree = cast("Answer", answer.get("value") or {}).get("tree")
            if tree is None:
                return None
            try:
                text = _same(decoded(tree))
            except (ValueError, TypeError, KeyError, IndexError, ArithmeticError, RecursionError):
                return None
            return (text + str(answer.get("output") or ""))[:_LONGEST]
        case _:
            return None


def _same(value: object) -> str:
    """One text for equal values: sets and dictionaries have no order, and floats differ in their last digits."""
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, dict):
        pairs = cast("dict[object, object]", value).items()
        return f"{{{', '.join(sorted(f'{_same(key)}: {_same(item)}' for key, item in pairs))}}}"
    if not isinstance(value, list | tuple | set):
        return repr(value)
    parts = [_same(item) for item in cast("Iterable[object]", value)]
    if isinstance(value, list):
        return f"[{', '.join(parts)}]"
    return f"({', '.join(parts)},)" if isinstance(value, tuple) else f"{{{', '.join(sorted(parts))}}}"
