"""Where a type checker refuses what the user's own text allows, or what it could not rule out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from forge_lsp.core.attempt import Diagnostic

__all__ = ["without_documented_none", "without_unproven_ends"]

_RETURNS_NONE = re.compile(
    r"found `(?:None|[^`]*\| None|None \|[^`]*)`|[Ff]unction (?:can|always) implicitly returns? `None`"
)
_ENDS = re.compile(r"[Ff]unction (?:can|always) implicitly returns? `None`")
_MAY_END = re.compile(r"[Ff]unction can implicitly return `None`")
_CODES = re.compile(r"invalid(?:-\w+)*-return(?:-type)?")

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def without_documented_none(
    problems: tuple[Diagnostic, ...], file: str, text: str, original: str
) -> tuple[Diagnostic, ...]:
    """``problems`` without those about returning None where the user's docstring of that function speaks of None.

    ``-> str`` above ":return: the name, or None if invalid" is common; who follows the words is not to be refused for
    the annotation. ``original`` is the document before the candidate, ``text`` with it. A candidate's own docstring
    allows nothing, and an annotation that it wrote itself is its own to keep.
    """
    suspects = [p for p in problems if p.file == file and _CODES.fullmatch(p.code) and _RETURNS_NONE.search(p.message)]
    if not suspects or "None" not in original:  # parsing two documents takes the event loop milliseconds
        return problems
    try:
        theirs = dict(_functions(ast.parse(text.removeprefix("\ufeff"))))
        mine = dict(_functions(ast.parse(original.removeprefix("\ufeff"))))
    except (SyntaxError, ValueError, RecursionError):
        return problems
    excused = {p for p in suspects if _allowed(_at(theirs, p.line), theirs, mine)}
    return tuple(p for p in problems if p not in excused)


def without_unproven_ends(problems: tuple[Diagnostic, ...], file: str, text: str) -> tuple[Diagnostic, ...]:
    """``problems`` without those about the end of a function whose last statement is a loop, or that never runs: a
    header with documentation alone, and the function itself below it.

    ``for i in range(n - 1, 0, -1): if n % i == 0: return i`` always returns; that a loop is never left by its end is
    arithmetic, which no flow analysis knows. An ``if`` without an ``else`` is left by its end for a reason in the code.
    """
    suspects = [p for p in problems if p.file == file and p.source == "ty" and _ENDS.search(p.message)]
    if not suspects:
        return problems
    try:
        tree = ast.parse(text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError):
        return problems
    functions = dict(_functions(tree))
    named = [(p, _at(functions, p.line)) for p in suspects]
    excused = {
        p
        for p, name in named
        if name is not None and _MAY_END.search(p.message) and _ends_in_a_loop(functions[name].body)
    }
    excused |= {p for p in suspects if any(first <= p.line <= last for first, last in _replaced(tree))}
    return tuple(p for p in problems if p not in excused)


def _replaced(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """The lines of functions that are documentation alone, and are defined once more in the same block."""
    for node in ast.walk(tree):
        body = node.body if isinstance(node, ast.Module | ast.ClassDef) else []
        for at, one in enumerate(body):
            if not isinstance(one, _Function) or one.decorator_list or len(one.body) != 1:
                continue
            again = any(isinstance(other, _Function) and other.name == one.name for other in body[at + 1 :])
            if again and ast.get_docstring(one) is not None:
                yield one.lineno, one.end_lineno or one.lineno


def _ends_in_a_loop(body: list[ast.stmt]) -> bool:
    """Whether the end of a loop is where a block may be left, and a value is returned in it."""
    match body[-1]:
        case ast.For() | ast.AsyncFor() | ast.While() as loop:
            return any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(loop))
        case ast.With() | ast.AsyncWith() as block:
            return _ends_in_a_loop(block.body)
        case _:
            return False


def _allowed(name: str | None, theirs: dict[str, _Function], mine: dict[str, _Function]) -> bool:
    before = mine.get(name) if name is not None else None
    if before is None or name is None:
        return False
    annotations = [ast.unparse(each.returns) if each.returns else "" for each in (before, theirs[name])]
    return annotations[0] == annotations[1] and re.search(r"\bNone\b", ast.get_docstring(before) or "") is not None


def _at(functions: dict[str, _Function], line: int) -> str | None:
    """The innermost function that holds a line (an inner one comes later)."""
    around = [name for name, each in functions.items() if each.lineno <= line <= (each.end_lineno or each.lineno)]
    return around[-1] if around else None


def _functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, _Function]]:
    for node in ast.iter_child_nodes(tree):
        name = getattr(node, "name", None) if isinstance(node, _Function | ast.ClassDef) else None
        inner = f"{prefix}.{name}" if name else prefix
        if isinstance(node, _Function):
            yield inner, node
        yield from _functions(node, inner)
