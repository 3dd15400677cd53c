"""The user's docstrings stay: models answer with the code alone, and a docstring is the user's text.

Python only, where documentation stands inside a definition; elsewhere it stands above, and edits.py keeps it.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from forge_lsp.editing.outline import has_todo

__all__ = ["Parsed", "definitions", "docstring_of", "indented_as", "keep_docstrings", "parsed"]

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def keep_docstrings(original: Parsed, code: Parsed, *, rewritten: bool = False) -> Parsed:
    """``code`` with the docstrings of ``original``'s definitions, but for those that ask for something (TODO).

    ``rewritten``: the task speaks of documentation; then only those come back whose own are missing, have lost
    examples, or say the same in other white space.

    Definitions are matched by qualified name.
    """
    old_lines, new_lines = original.text.split("\n"), code.text.split("\n")
    known = dict(definitions(original.tree))
    changes: list[tuple[ast.expr | ast.stmt, _Definition, list[str]]] = []
    for name, definition in definitions(code.tree):
        theirs = known.get(name)
        old = docstring_of(theirs) if theirs is not None else None
        new = docstring_of(definition)
        if old is None or theirs is None:
            continue
        # The model's own stands where the document's asks for the code, or where the task speaks of documentation.
        may_differ = rewritten or has_todo(" ".join(_words(old)))
        if may_differ and new is not None and not _lost_examples(old, new) and _words(old) != _words(new):
            continue
        lines = _raised(old_lines, old, definition.body[0])
        end = old.end_lineno or old.lineno
        parted = new is None and not "".join(new_lines[definition.body[0].lineno - 2 :][:1]).strip()
        if new is None and isinstance(definition, ast.ClassDef) and not "".join(old_lines[end : end + 1]).strip():
            lines += [] if parted else [""]
        if new is not None and new_lines[new.lineno - 1 : new.end_lineno] == lines:
            continue
        changes.append((new or definition.body[0], definition, lines))
    if not changes:
        return code
    # From the end, so that earlier positions stay right.
    for place, definition, lines in sorted(changes, key=lambda change: change[0].lineno, reverse=True):
        _put(new_lines, place, definition, lines)
    return parsed("\n".join(new_lines)) or code


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The tree of a text at its left margin, and that text."""

    tree: ast.Module
    text: str


def parsed(text: str) -> Parsed | None:
    """``text``, which has ``\\n`` endings and may be a fragment that is indented; None where it does not parse."""
    dedented = textwrap.dedent(text)
    try:
        return Parsed(tree=ast.parse(dedented), text=dedented)
    except (SyntaxError, ValueError, RecursionError):
        return None


def indented_as(code: str, result: str) -> str:
    """``result`` at the indentation that ``code`` came with."""
    first = next((line for line in code.split("\n") if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    return textwrap.indent(result, indent) if indent else result


def definitions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, _Definition]]:
    """Functions and classes with their qualified names, outermost first."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Definition):
            yield prefix + child.name, child
            yield from definitions(child, f"{prefix}{child.name}.")


def docstring_of(definition: _Definition) -> ast.Expr | None:
    """Return the statement that is a definition's docstring, None where it has none."""
    first = definition.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return first
    return None


def _lost_examples(old: ast.Expr, new: ast.Expr) -> bool:
    return not _examples(old) <= _examples(new)


def _examples(docstring: ast.Expr) -> set[str]:
    assert isinstance(docstring.value, ast.Constant)
    lines = str(docstring.value.value).splitlines()
    return {line.strip() for line in lines if line.strip().startswith((">>>", "..."))}


def _words(docstring: ast.Expr) -> list[str]:
    assert isinstance(docstring.value, ast.Constant)
    return str(docstring.value.value).split()


def _raised(lines: list[str], docstring: ast.Expr, body: ast.stmt) -> list[str]:
    """The docstring's source lines at the indentation of another body."""
    end = docstring.end_lineno or docstring.lineno
    found = lines[docstring.lineno - 1 : end]
    # Columns count UTF-8 bytes.
    found[-1] = found[-1].encode()[: docstring.end_col_offset].decode()
    indent = " " * body.col_offset
    first = indent + found[0].encode()[docstring.col_offset :].decode()
    own = lines[docstring.lineno - 1][: docstring.col_offset]
    rest = [indent + line[len(own) :] if own and line.startswith(own) else line for line in found[1:]]
    return [first, *rest]


def _put(lines: list[str], place: ast.expr | ast.stmt, definition: _Definition, docstring: list[str]) -> None:
    """Replace the docstring at ``place``, or insert before the statement there."""
    row = place.lineno - 1
    if isinstance(place, _Definition) and place.decorator_list:
        row = min(decorator.lineno for decorator in place.decorator_list) - 1
    own = docstring_of(definition)
    if own is not None and own is place:
        end = own.end_lineno or own.lineno
        tail = lines[end - 1].encode()[own.end_col_offset or 0 :].decode()
        if lines[row].encode()[: own.col_offset].strip():  # def f(): "..."
            return
        lines[row:end] = [*docstring[:-1], docstring[-1] + tail]
        return
    header = lines[row].encode()[: place.col_offset].decode()
    if not header.strip():
        while row > definition.lineno and (not lines[row - 1].strip() or lines[row - 1].lstrip().startswith("#")):
            row -= 1  # comments above the first statement
        lines[row:row] = docstring
        return
    # `def f(): return 1`: the body gets lines of its own.
    indent = " " * (definition.col_offset + 4)
    lifted = [indent + line.lstrip() if index == 0 else line for index, line in enumerate(docstring)]
    body = lines[row].encode()[place.col_offset :].decode()
    lines[row : row + 1] = [header.rstrip(), *lifted, indent + body]
