"""The user's signatures stay: who wrote a stub wrote its contract, and callers name its parameters.

Python only. A model that renames a parameter or drops the annotations of a stub gets the user's header back, and the
parameter its name. What is in doubt is left as the model wrote it: the compiler and the evidence look at it anyway.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

from forge_lsp.languages.python.docstrings import Parsed, definitions, parsed

__all__ = ["keep_signatures"]

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_BINDERS = (ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def keep_signatures(original: Parsed, code: Parsed) -> Parsed:
    """``code`` with the headers of ``original``'s stubs, matched by qualified name.

    A function whose number or kinds of parameters differ was meant to differ.
    """
    known = dict(definitions(original.tree))
    lines, theirs_lines = code.text.split("\n"), original.text.split("\n")
    # From the end, so that earlier positions stay right.
    for name, found in sorted(definitions(code.tree), key=lambda pair: pair[1].lineno, reverse=True):
        theirs = known.get(name)
        if isinstance(theirs, _Function) and isinstance(found, _Function) and type(theirs) is type(found):
            if not _is_stub(theirs):
                continue
            header = _header(theirs_lines, theirs)
            renamed = _names(found, theirs) if header is not None else None
            if header is not None and renamed is not None and _says_more(theirs, found):
                _restore(lines, found, header, renamed)
    result = "\n".join(lines)
    return code if result == code.text else parsed(result) or code


def _is_stub(function: _Function) -> bool:
    return all(
        isinstance(statement, ast.Pass | ast.Raise)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for statement in function.body
    )


def _says_more(theirs: _Function, found: _Function) -> bool:
    """Whether the user's header has what the other lacks: names, annotations, defaults."""
    same_names = [argument.arg for argument in _arguments(theirs)] == [argument.arg for argument in _arguments(found)]
    said = any(argument.annotation for argument in _arguments(theirs)) or theirs.returns or theirs.args.defaults
    return not same_names or (bool(said) and _unparsed(theirs) != _unparsed(found))


def _unparsed(function: _Function) -> str:
    """Parameters and result as Python writes them, whatever the layout."""
    returns = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    return ast.unparse(function.args) + returns


def _arguments(function: _Function) -> list[ast.arg]:
    arguments = function.args
    extra = [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]


def _names(found: _Function, theirs: _Function) -> dict[str, str] | None:
    """Which of ``found``'s parameters bear which other name in ``theirs``; None where they cannot be matched, or where
    a new name could mean something else in the body."""
    mine, yours = found.args, theirs.args
    shape = [
        [len(one.posonlyargs), len(one.args), len(one.kwonlyargs), one.vararg is None, one.kwarg is None]
        for one in (mine, yours)
    ]
    if shape[0] != shape[1]:
        return None
    pairs = zip(_arguments(found), _arguments(theirs), strict=True)
    renamed = {new.arg: old.arg for new, old in pairs if new.arg != old.arg}
    if not renamed:
        return {}
    bound = {argument.arg for inner in _inner_scopes(found) for argument in inner} | _bound_without_a_name(found)
    used = {node.id for node in ast.walk(found) if isinstance(node, ast.Name)}
    stated = any(isinstance(node, ast.Global | ast.Nonlocal | ast.JoinedStr) for node in ast.walk(found))
    keywords = {node.arg for node in ast.walk(found) if isinstance(node, ast.keyword)}
    # Positions inside an f-string are not known before Python 3.12.
    if stated or set(renamed) & (bound | keywords) or set(renamed.values()) & (used | bound | set(renamed)):
        return None
    return renamed


def _bound_without_a_name(function: _Function) -> set[str]:
    """Names that are bound by other things than ``ast.Name``: imports, handlers, patterns, inner definitions."""
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.alias):
            found.add(node.asname or node.name)
        elif isinstance(node, _BINDERS) and node is not function and node.name:
            found.add(node.name)
    return found


def _inner_scopes(function: _Function) -> Iterator[list[ast.arg]]:
    for node in ast.walk(function):
        if node is not function and isinstance(node, _Function | ast.Lambda):
            yield [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def _header(lines: list[str], function: _Function) -> str | None:
    """The header's source, ``def`` to colon, without indentation; None where it shares its line with the body."""
    first = function.body[0]
    if first.lineno == function.lineno:
        return None
    end = first.lineno - 1
    if isinstance(first, _Function) and first.decorator_list:
        end = min(one.lineno for one in first.decorator_list) - 1
    header = lines[function.lineno - 1 : end]
    while header and not header[-1].partition("#")[0].rstrip().endswith(":"):
        header.pop()
    return textwrap.dedent("\n".join(header)) if header else None


def _restore(lines: list[str], found: _Function, header: str, renamed: dict[str, str]) -> None:
    own = _header(lines, found)
    if own is None:
        return
    places = [
        (node.lineno, node.col_offset, node.id)
        for statement in found.body
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and node.id in renamed
    ]
    for number, column, name in sorted(places, reverse=True):
        line = lines[number - 1].encode()  # columns count UTF-8 bytes
        lines[number - 1] = (line[:column] + renamed[name].encode() + line[column + len(name.encode()) :]).decode()
    start, length = found.lineno - 1, own.count("\n") + 1
    indent = " " * found.col_offset
    lines[start : start + length] = [indent + line if line else line for line in header.split("\n")]
