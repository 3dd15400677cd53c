"""An example that the user wants kept, written into a docstring as ``doctest`` reads it. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import cast

from forge_lsp.languages.python.docstrings import definitions, docstring_of

__all__ = ["example_in_docstring", "lines_of"]

_OPENS = re.compile(r"[uU]?(?P<raw>[rR]?)(?P<quotes>\"\"\"|'''|\"|')")


def example_in_docstring(text: str, names: Sequence[str], call: str, value: str) -> str | None:
    """Return ``text``, which has ``\\n`` endings, with the example in the docstring of the definition ``names``, once.

    None: it does not parse, there is no such definition or more than one, or its docstring cannot hold the example.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    found = [node for name, node in definitions(tree) if name == ".".join(names)]
    if len(found) != 1:
        return None
    definition = found[0]
    wanted = lines_of(call, value)
    lines = text.split("\n")
    docstring = docstring_of(definition)
    if docstring is None:
        return _new(lines, definition, wanted)
    return _added(lines, docstring, wanted)


def lines_of(call: str, value: str) -> list[str]:
    """Return an example's lines. What cannot be shown as Python prints it is compared: sets and dictionaries, whose
    order may be another, floats that are not exact, ``None``."""
    *before, last = call.strip().split("\n")
    steps = [*(f">>> {line}" for line in before)]
    if value.startswith("raises "):
        error = value.removeprefix("raises ").strip()
        option = "  # doctest: +IGNORE_EXCEPTION_DETAIL"
        return [*steps, f">>> {last}{option}", "Traceback (most recent call last):", "    ...", error]
    try:
        literal = ast.literal_eval(value)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return [*steps, f">>> {last} == {value}", "True"]
    if literal is None:
        return [*steps, f">>> {last} is None", "True"]
    if isinstance(literal, float) and not (literal * 1024).is_integer():
        return [*steps, f">>> abs({last} - {value}) < 1e-09", "True"]
    if _unordered(literal):
        return [*steps, f">>> {last} == {value}", "True"]
    return [*steps, f">>> {last}", repr(literal)]


def _unordered(value: object) -> bool:
    if isinstance(value, set | frozenset | dict | float):
        return True
    return isinstance(value, list | tuple) and any(map(_unordered, cast("list[object]", value)))


def _new(
    lines: list[str], definition: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, wanted: list[str]
) -> str | None:
    body = definition.body[0]
    row = body.lineno - 1
    if isinstance(body, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and body.decorator_list:
        row = min(decorator.lineno for decorator in body.decorator_list) - 1
    if lines[row].encode()[: body.col_offset].strip():  # `def f(): return 1`
        return None
    while row > definition.lineno and (not lines[row - 1].strip() or lines[row - 1].lstrip().startswith("#")):
        row -= 1  # comments above the first statement
    indent = lines[body.lineno - 1].encode()[: body.col_offset].decode()
    raw = "r" if any("\\" in line for line in wanted) else ""
    if any('"""' in line for line in wanted):
        return None
    added = [f'{indent}{raw}"""', *(f"{indent}{line}" for line in wanted), f'{indent}"""']
    lines[row:row] = [*added, ""] if isinstance(definition, ast.ClassDef) else added
    return "\n".join(lines)


def _added(lines: list[str], docstring: ast.Expr, wanted: list[str]) -> str | None:
    first, last = docstring.lineno - 1, (docstring.end_lineno or docstring.lineno) - 1
    # Columns count UTF-8 bytes.
    before = lines[first].encode()[: docstring.col_offset].decode()
    end = docstring.end_col_offset or 0
    closing, after = lines[last].encode()[:end].decode(), lines[last].encode()[end:].decode()
    opened = _OPENS.match(lines[first].encode()[docstring.col_offset :].decode())
    if opened is None or before.strip() or opened["quotes"] not in ('"""', "'''"):
        return _requoted(lines, docstring, before, after, wanted) if opened is not None and not before.strip() else None
    quotes = opened["quotes"]
    if not closing.endswith(quotes) or any(quotes in line for line in wanted):
        return None
    shown = wanted if opened["raw"] else [line.replace("\\", "\\\\") for line in wanted]
    indent = before
    source = [*lines[first:last], closing[: -len(quotes)]]
    while len(source) > 1 and not source[-1].strip():
        source.pop()
    if source == [lines[first][: len(before)] + opened[0]] or not "".join(source).strip():
        gap: list[str] = []
    else:
        source[-1] = source[-1].rstrip()
        gap = [] if _ends_in_example(source) else [""]
    new = [*source, *gap, *(f"{indent}{line}" for line in shown), f"{indent}{quotes}{after}"]
    if all(f"{indent}{line}" in source for line in shown):
        return "\n".join(lines)
    lines[first : last + 1] = new
    return "\n".join(lines)


def _requoted(lines: list[str], docstring: ast.Expr, before: str, after: str, wanted: list[str]) -> str | None:
    """A docstring in single quotes gets three of them."""
    assert isinstance(docstring.value, ast.Constant)
    words = str(docstring.value.value)
    if docstring.lineno != docstring.end_lineno or set('\\"\n') & set("".join([words, *wanted])):
        return None
    row = docstring.lineno - 1
    shown = [f'{before}"""{words}', "", *(f"{before}{line}" for line in wanted), f'{before}"""{after}']
    lines[row : row + 1] = shown
    return "\n".join(lines)


def _ends_in_example(source: Sequence[str]) -> bool:
    """Whether the last paragraph is an example: the new one follows it without a gap."""
    for line in reversed(source):
        if not line.strip():
            return False
        if line.lstrip().startswith(">>>"):
            return True
    return False
