"""What a candidate's text does that could forge a proof and the user's text does not. Pure: read, not run.

The second line behind ``runners/watching.py``: what is not seen while it runs is seen here, and the other way round.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from forge_lsp.core.attempt import Candidate
from forge_lsp.core.checks import CheckResult, CheckStatus
from forge_lsp.core.task import Task
from forge_lsp.languages.python.scopes import tree_of
from forge_lsp.reading import table_beside

__all__ = ["believed", "doubt_of", "may_forge_equality"]

_TABLE = table_beside(__file__)
_SAYS: Mapping[str, str] = _TABLE["says"]
_RUNNER, _READS = _SAYS["runner"], _SAYS["reads"]

_WORDS = {word: _SAYS[why] for why, words in _TABLE["words"].items() for word in words}
_MODULES = {"ctypes", "pytest", "_pytest", "pluggy", "unittest", "linecache", "faulthandler", "bdb", "_posixsubprocess"}
_OF_MODULES = {tuple(name.split(".")): _SAYS[why] for why, names in _TABLE["names"].items() for name in names}
_PLACES = re.compile(r"/proc/|(?:^|[/\\])(?:test_[^/\\]*|[^/\\]*_test|conftest)\.py$")


def doubt_of(task: Task, candidate: Candidate, *, doctests: bool = False) -> str | None:
    """Return in words why no proof of a candidate is believed, by what is new in its text; None: nothing of that.

    ``doctests``: the documentation is what some tests compare with, in the process that runs them.
    """
    tree = tree_of(candidate.text)
    if tree is None:
        return None
    user = tree_of(task.document.text)
    known = set(_found(user, doctests=doctests)) if user is not None else set[tuple[str, str]]()
    new = [why for what, why in _found(tree, doctests=doctests) if (what, why) not in known]
    return "; ".join(dict.fromkeys(new)) or None


def believed(
    task: Task,
    candidate: Candidate,
    results: Iterable[CheckResult],
    seen: Iterable[str],
    *,
    doctests: bool = False,
) -> str | None:
    """Return the doubt about a candidate's results: what was ``seen`` while it ran, else what is new in its text; None
    where there is none, or nothing that was proven."""
    words = "; ".join(dict.fromkeys(seen))
    proves = any(result.status in (CheckStatus.PROOF, CheckStatus.KEPT) for result in results)
    return words or (doubt_of(task, candidate, doctests=doctests) if proves else None)


def may_forge_equality(task: Task, candidate: Candidate) -> bool:
    """Return whether the candidate's text could make values whose equality is its own."""
    tree = tree_of(candidate.code) or tree_of(candidate.text)
    if tree is None or candidate.imports:
        return True
    return (
        any(
            isinstance(node, ast.ClassDef | ast.Import | ast.ImportFrom)
            or (isinstance(node, ast.Name) and node.id in ("type", "setattr", "exec", "eval"))
            or (isinstance(node, ast.Name | ast.Attribute) and _word(node) in ("mock", "ANY", "__class__", "__dict__"))
            or (isinstance(node, ast.Constant) and node.value in ("__eq__", "__ne__"))
            for node in ast.walk(tree)
        )
        or "class " in task.document.text
    )


def _word(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _found(tree: ast.Module, *, doctests: bool) -> Iterator[tuple[str, str]]:
    modules = set(_imported(tree))
    copied = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and any(_is_doc(target) for target in node.targets)
    }
    for node in _run(tree):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    if alias.name.partition(".")[0] in _MODULES:
                        yield alias.name, _RUNNER
            case ast.ImportFrom(module=str(module), names=names, level=0):
                if module.partition(".")[0] in _MODULES:
                    yield module, _RUNNER
                for alias in names:
                    why = _OF_MODULES.get((module, alias.name)) or _WORDS.get(alias.name)
                    if why:
                        yield alias.name, why
            case ast.Attribute(value=ast.Name(id=owner), attr=attr) if (owner, attr) in _OF_MODULES:
                yield f"{owner}.{attr}", _OF_MODULES[owner, attr]
            case ast.Attribute(attr="__doc__", ctx=ast.Load()) if doctests and id(node) not in copied:
                yield "__doc__", _READS
            case ast.Constant(value="__doc__") | ast.Attribute(attr="getdoc") | ast.alias(name="getdoc") if doctests:
                yield "__doc__", _READS
            case ast.Attribute(value=ast.Name(id=owner), attr="__dict__") if owner in modules:
                yield f"{owner}.__dict__", _RUNNER
            case ast.Name(id="__name__", ctx=ast.Store()):
                yield "__name__", _RUNNER
            case ast.Attribute(attr=word) | ast.Name(id=word) | ast.Constant(value=str(word)) if word in _WORDS:
                yield word, _WORDS[word]
            case ast.Constant(value=str(text)) if text in _MODULES:
                yield text, _RUNNER
            case ast.Constant(value=str(text)) if len(text) < 200 and _PLACES.search(text):
                yield text, _READS
            case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id=owner), other, *_]) if owner in modules:
                if not isinstance(other, ast.Constant):
                    yield f"getattr({owner})", _RUNNER
            case ast.Call(func=ast.Name(id="vars"), args=[ast.Name(id=owner)]) if owner in modules:
                yield f"vars({owner})", _RUNNER
            case _:
                pass


def _run(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node, except what is only for a program that is started by itself."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.If(
                test=ast.Compare(
                    left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]
                ),
                orelse=other,
            ):
                yield from (each for part in other for each in (part, *_run(part)))
            case _:
                yield node
                yield from _run(node)


def _is_doc(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "__doc__"


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]
