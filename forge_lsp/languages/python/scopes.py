"""Where the scope stands in a text, and which tests name it. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from forge_lsp.checking.gate import unchanged
from forge_lsp.checking.project import Place
from forge_lsp.core.task import Task

__all__ = ["ScopeLines", "in_untouched_functions", "is_script", "naming", "scope_lines_of", "tree_of"]

_MOST_BESIDE = 64
_RELATIVE = re.compile(r"^[ \t]*from\s+\.", re.M)

_HOOKS = frozenset({"__enter__", "__exit__", "__aenter__", "__aexit__", "__del__", "__set_name__"})
_BEGINNINGS = frozenset({"__init__", "__post_init__", "__init_subclass__"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeLines:
    """The scope in one text: its first and last line, the classes in it, and the first lines of other stubs."""

    lines: tuple[int, int]
    classes: tuple[str, ...] = ()
    stubs: tuple[int, ...] = ()


def tree_of(text: str) -> ast.Module | None:
    """Return the text's syntax tree; None where it does not parse."""
    try:
        return ast.parse(text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def scope_lines_of(task: Task, text: str, code: str) -> ScopeLines:
    """Return where the scope is in ``text``: the untouched document, or that with ``code`` in the scope's place."""
    before, scope = task.document.text, task.scope.range
    if text == before:
        start, end = scope.start, scope.end
    else:
        rest = before[scope.end :]
        end = len(text) - len(rest) if text.endswith(rest) else len(text)
        start = text.rfind(code, 0, end) if code else -1
        if start < 0:
            start = scope.start if text.startswith(before[: scope.start]) else 0
        elif not text.endswith(rest):  # what follows the scope was changed as well
            end = start + len(code)
    first = text.count("\n", 0, start) + 1
    last = text.count("\n", 0, max(start, end)) + 1
    tree = tree_of(text)
    if tree is None:
        return ScopeLines(lines=(first, last))
    nodes = list(ast.walk(tree))
    return ScopeLines(
        lines=(first, last),
        classes=tuple(n.name for n in nodes if isinstance(n, ast.ClassDef) and first <= n.lineno <= last),
        stubs=tuple(
            min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            for node in nodes
            if isinstance(node, _FUNCTIONS)
            and not first <= node.lineno <= last
            and _is_stub(node.body)
            and not _may_be_empty(node)
        ),
    )


def _is_stub(body: list[ast.stmt]) -> bool:
    return all(
        isinstance(statement, ast.Pass)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        or (isinstance(statement, ast.Raise) and "NotImplementedError" in ast.unparse(statement))
        for statement in body
    )


def _may_be_empty(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a method that does nothing is complete so: one that Python calls by itself, and that is given nothing to
    keep."""
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs][1:]
    hook = node.name in _HOOKS or (node.name in _BEGINNINGS and not given)
    return hook and not any(isinstance(statement, ast.Raise) for statement in node.body)


def is_script(place: Place) -> bool:
    """Whether a file may import its neighbours by their bare names: it lies in no package, neither one with an
    ``__init__.py`` nor one without (there imports begin with a dot)."""
    folder = place.document.parent
    if place.is_file(folder / "__init__.py"):
        return False
    texts = [place.untouched or place.text(place.document) or ""]
    if place.source is not None:
        beside = sorted((place.source / folder).glob("*.py"))[:_MOST_BESIDE]
        texts += [place.text(folder / path.name) or "" for path in beside]
    return not any(_RELATIVE.search(text) for text in texts)


def in_untouched_functions(original: str, text: str) -> frozenset[int]:
    """Return the lines of ``text`` that stand in functions of which ``original`` has every line: what they lack (a
    module that they import) was lacking before, and what was written does without it."""
    head, tail = unchanged(original.split("\n"), text.split("\n"))
    last = text.count("\n") + 1 - tail
    tree = tree_of(text)
    if tree is None:
        return frozenset()
    return frozenset(
        line
        for node in ast.walk(tree)
        if isinstance(node, _FUNCTIONS) and ((node.end_lineno or node.lineno) <= head or node.lineno > last)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    )


def naming(texts: Mapping[str, str], names: Iterable[str | None]) -> Callable[[str], bool]:
    """Return what says whether a test, by its name in pytest or unittest, names one of ``names``: in its own body, or
    in a helper, a fixture or a class of the same file that it uses. ``texts`` are the test files' by their paths."""
    wanted = {name for name in names if name}
    words = {file: _words(text) for file, text in texts.items()}

    def speaks(test: str) -> bool:
        path, colons, rest = test.partition("::")
        parts = (rest.partition("[")[0] if colons else test).replace("::", ".").split(".")
        for file, known in words.items():
            if colons and not (file.endswith(path) or path.endswith(file)):
                continue
            pending, seen = [part for part in parts[-2:] if part in known], set[str]()
            while pending:
                one = pending.pop()
                if one in seen:
                    continue
                seen.add(one)
                said = known[one]
                if said & wanted:
                    return True
                pending += [word for word in said if word in known and not known[word] <= seen]
        return False

    return speaks


def _words(text: str) -> dict[str, set[str]]:
    """The words that each function of a file uses; of a class those that prepare its tests, its bases and its data."""
    tree = tree_of(text)
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, _FUNCTIONS):
            found.setdefault(node.name, set()).update(_used(node))
        elif isinstance(node, ast.ClassDef):
            prepares = ("setUp", "setUpClass", "setup_method", "setup_class")
            for part in (*node.bases, *node.decorator_list, *node.body):
                if not isinstance(part, _FUNCTIONS) or part.name in prepares:
                    found.setdefault(node.name, set()).update(_used(part))
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, set()).update(_used(node.value))
    return found


def _used(node: ast.AST) -> set[str]:
    words: set[str] = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            words.add(one.id)
        elif isinstance(one, ast.Attribute):
            words.add(one.attr)
        elif isinstance(one, ast.arg):
            words.add(one.arg)
        elif isinstance(one, ast.Constant) and isinstance(one.value, str) and len(one.value) < 80:
            words.update(one.value.replace(".", " ").split())
    return words
