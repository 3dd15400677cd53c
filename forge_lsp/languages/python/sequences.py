"""Calls of an object's methods one after another, as examples make them: what a class does shows in its state. Pure.

Only calls, arguments and constructors that stand in the user's examples are used, and only public attributes that the
user's own constructor sets: made-up ones would mostly tell which errors candidates raise.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from forge_lsp.languages.python.examples import Example, Group

__all__ = ["attributes_of", "attributes_read", "sequences"]

_MOST_MADE = 2  # ways to construct an object
_MOST_CALLS = 8
_LONGEST = 3  # calls before the one whose answer is told


@dataclass(slots=True)
class _Class:
    """What examples do with the objects of one class: texts of constructor calls, and of calls on a receiver named
    :data:`_RECEIVER`, in order of first appearance. ``returning`` are those that give something."""

    made: dict[str, None] = field(default_factory=dict[str, None])
    calls: dict[str, None] = field(default_factory=dict[str, None])
    returning: dict[str, None] = field(default_factory=dict[str, None])


_RECEIVER = "it"


def sequences(groups: Sequence[Group]) -> Iterator[tuple[str, ...]]:
    """Yield steps: a constructor, one to three calls of examples, and one that gives something. The same order for
    the same examples; each returning call and each length gets its turn."""
    for one in _classes(groups).values():
        yield from _each_in_turn(one, list(one.returning)[:_MOST_CALLS])


def attributes_read(groups: Sequence[Group], text: str) -> Iterator[tuple[str, ...]]:
    """Yield steps: a constructor, one to three calls of examples, and a public attribute that the class's constructor
    in ``text`` sets."""
    known = attributes_of(text)
    for name, one in _classes(groups).items():
        yield from _each_in_turn(one, [f"{_RECEIVER}.{attribute}" for attribute in known.get(name, ())])


def _each_in_turn(one: _Class, lasts: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Sequences that end with one of ``lasts``, each once in a round, with other lengths and constructors."""
    made = list(one.made)[:_MOST_MADE]
    calls = list(one.calls)[:_MOST_CALLS]
    queues = [
        _mixed(made[(turn + number) % len(made)], calls, 1 + (turn + number) % _LONGEST, last)
        for turn in range(_LONGEST)
        for number, last in enumerate(lasts)
    ]
    while queues:
        left: list[Iterator[tuple[str, ...]]] = []
        for queue in queues:
            steps = next(queue, None)
            if steps is not None:
                yield steps
                left.append(queue)
        queues = left


def attributes_of(text: str) -> dict[str, tuple[str, ...]]:
    """Return the public attributes that each class of a document has from its construction on, by the class's name:
    what ``__init__`` assigns to ``self``, and the fields of a dataclass."""
    try:
        tree = ast.parse(text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            names = [*_fields(node), *_assigned(node)]
            found[node.name] = tuple(dict.fromkeys(name for name in names if not name.startswith("_")))
    return found


def _fields(node: ast.ClassDef) -> Iterator[str]:
    if not any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
        return
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id


def _assigned(node: ast.ClassDef) -> Iterator[str]:
    for statement in node.body:
        if not isinstance(statement, ast.FunctionDef) or statement.name != "__init__" or not statement.args.args:
            continue
        own = statement.args.args[0].arg
        for inner in ast.walk(statement):
            match inner:
                case ast.Attribute(value=ast.Name(id=name), attr=attribute, ctx=ast.Store()) if name == own:
                    yield attribute
                case _:
                    pass


def _mixed(made: str, calls: Sequence[str], length: int, last: str) -> Iterator[tuple[str, ...]]:
    """All sequences of that length, in an order that depends on their text alone and favours none."""
    whole = [(f"{_RECEIVER} = {made}", *chosen, last) for chosen in product(calls, repeat=length)]
    yield from sorted(whole, key=lambda steps: hashlib.sha256("\n".join(steps).encode()).digest())


def _classes(groups: Sequence[Group]) -> dict[str, _Class]:
    found: dict[str, _Class] = {}
    for group in groups:
        receivers: dict[str, str] = {}
        bound: set[str] = set()
        for example in group.examples:
            if example.broken is not None:
                continue
            for number, step in enumerate(example.steps):
                tree = _statement(step)
                if tree is None:
                    continue
                judged = number == len(example.steps) - 1
                _learn(tree, found, receivers, bound, returns=judged and _gives(example), raises=_raises(example))
                bound |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return {name: one for name, one in found.items() if one.made and one.calls}


def _learn(
    tree: ast.stmt,
    found: dict[str, _Class],
    receivers: dict[str, str],
    bound: set[str],
    *,
    returns: bool,
    raises: bool,
) -> None:
    """Take in one statement of an example: a construction, or a call on an object that was constructed."""
    match tree:
        case ast.Assign(targets=[ast.Name(id=variable)], value=ast.Call(func=ast.Name(id=name)) as made):
            receivers.pop(variable, None)
            if name[:1].isupper() and _free(made, bound):
                receivers[variable] = name
                found.setdefault(name, _Class()).made.setdefault(ast.unparse(made))
            return
        case ast.Assign(value=ast.Call() as call):
            returns = True
        case ast.Expr(value=ast.Call() as call):
            pass
        case (
            ast.Expr(value=ast.Compare(left=ast.Call() as call)) | ast.Assert(test=ast.Compare(left=ast.Call() as call))
        ):
            returns = True
        case _:
            return
    if raises or not isinstance(call.func, ast.Attribute):
        return
    match call.func.value:
        case ast.Name(id=variable) if variable in receivers:
            name = receivers[variable]
        case ast.Call(func=ast.Name(id=name)) as made if name[:1].isupper() and _free(made, bound):
            found.setdefault(name, _Class()).made.setdefault(ast.unparse(made))
        case _:
            return
    if not all(_free(argument, bound) for argument in (*call.args, *(word.value for word in call.keywords))):
        return
    named = ast.Attribute(value=ast.Name(id=_RECEIVER, ctx=ast.Load()), attr=call.func.attr, ctx=ast.Load())
    text = ast.unparse(ast.Call(func=named, args=call.args, keywords=call.keywords))
    one = found.setdefault(name, _Class())
    one.calls.setdefault(text)
    if returns:
        one.returning.setdefault(text)


def _free(tree: ast.expr, bound: set[str]) -> bool:
    """Whether an expression can stand without the statements before it."""
    return not any(isinstance(node, ast.Name) and node.id in bound for node in ast.walk(tree))


def _statement(step: str) -> ast.stmt | None:
    try:
        body = ast.parse(step.strip()).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    return body[0] if len(body) == 1 else None


def _gives(example: Example) -> bool:
    """Whether the user says that the example's last step gives something."""
    said = example.literal if example.literal is not None else example.want.strip()
    return bool(said) and said != "None" and example.exception is None


def _raises(example: Example) -> bool:
    return example.raises is not None or example.exception is not None
