"""Python's checkers: what ``compile()``, ruff and ty print, and which of it counts."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, cast

from forge_lsp.checking.problems import problem_at, problem_of
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.reading import parsed_json, table_beside
from forge_lsp.sandbox.interpreters import Interpreter

__all__ = [
    "COMPILE",
    "MISSING_MODULE",
    "compile_problems",
    "fatal",
    "guarded_imports",
    "guessed",
    "install_remedy",
    "published_as",
    "ruff_problems",
    "ty_problems",
    "without_new_suppressions",
]

# Reads the bytes itself: compile() then honours the byte order mark and the coding line as an import would.
COMPILE = """
import json, sys, warnings
warnings.simplefilter("ignore")
sys.setrecursionlimit(5000)
try:
    with open(sys.argv[1], "rb") as file:
        compile(file.read(), sys.argv[1], "exec", dont_inherit=True)
except SyntaxError as error:
    print(json.dumps([error.lineno or 1, error.offset or 0, type(error).__name__, error.msg]))
except (ValueError, RecursionError, MemoryError, OverflowError) as error:
    print(json.dumps([1, 0, type(error).__name__, str(error) or "too deeply nested to compile"]))
else:
    print("[]")
"""
"""Run by the project's interpreter with the file as its argument; prints one JSON array, empty when it compiles."""

# Of ruff's F rules, those that say "this fails when it runs"; the others are matters of tidiness.
_FATAL = re.compile(r"E9\d\d|F404|F407|F50[1-35-9]|F521|F524|F633|F70\d|F82[1-3]|F831")

MISSING_MODULE = frozenset({"import-not-found", "unresolved-import"})
"""ty's codes (newer and older) for a module that is nowhere."""

_PUBLISHED_AS: Mapping[str, str] = table_beside(__file__, "packages.toml")

# What only may go wrong: one member of a union that flow analysis could not rule out, mostly None in code without
# annotations, and elements of a list whose type was guessed from its first values. Right code is full of them.
_GUESSED = frozenset({"missing-union-attribute"})
# `max(count, key=count.get)`: what `get` may give for a key that is not there is no part of what is compared.
_COMPARED_BY_KEY = re.compile(
    r"No overload of (?:function `(?:max|min|sorted)`|bound method `(?:list\.)?sort`) matches"
)
_GUESSED_OF_NONE = frozenset({"unsupported-operator", "not-iterable", "not-subscriptable", "not-callable"})
_GUESSED_OF_DEFAULT = _GUESSED_OF_NONE | {
    *("missing-attribute", "invalid-argument-type", "invalid-return-type", "invalid-context-manager")
}
# What a parameter without an annotation may be: its default too, such as a sentinel (`_UNSET = object()`), also where
# the code has ruled that out.
_OF_DEFAULT = re.compile(r"`object`|`(?=[^`]*\bUnknown\b)[^`]* \| [^`]*`")

_TY_LINE = re.compile(r"^(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): error\[(?P<code>[\w-]+)\] (?P<message>.*)$")
_SUPPRESSION = re.compile(r"(#.*?\b(?:type|ty)\s*:\s*)ignore")


def without_new_suppressions(original: str, text: str) -> str:
    """``text`` with every ``type: ignore`` and ``ty: ignore`` on a line that ``original`` lacks made idle.

    A candidate may keep the user's exceptions, and make none. Lengths stay, so that columns do.
    """
    kept = Counter(line.strip() for line in original.split("\n"))
    lines: list[str] = []
    for line in text.split("\n"):
        stripped = line.strip()
        if kept[stripped] > 0:
            kept[stripped] -= 1
            lines.append(line)
        else:
            lines.append(_SUPPRESSION.sub(r"\1ign0re", line))
    return "\n".join(lines)


def guarded_imports(text: str) -> frozenset[int]:
    """Lines (from 1) of imports that may fail: those in a ``try`` that catches ImportError or more."""
    lines: set[int] = set()
    for node in ast.walk(ast.parse(text.removeprefix("\ufeff"))):
        if isinstance(node, ast.Try) and any(_catches_import(handler) for handler in node.handlers):
            for statement in node.body:
                for inner in ast.walk(statement):
                    if isinstance(inner, ast.Import | ast.ImportFrom):
                        lines.update(range(inner.lineno, (inner.end_lineno or inner.lineno) + 1))
    return frozenset(lines)


def _catches_import(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")
    return any(isinstance(kind, ast.Name) and kind.id in names for kind in kinds)


def compile_problems(output: bytes, file: str) -> tuple[Diagnostic, ...] | None:
    """What :data:`COMPILE` printed; None where that is not an answer (the interpreter itself failed)."""
    try:
        answer = parsed_json(output)
        if not answer:
            return ()
        line, column, kind, message = answer
        line, column = int(line), max(0, int(column))
    except (ValueError, TypeError):
        return None
    return (problem_at(file, line, column, code=str(kind), message=str(message), source="python"),)


def ruff_problems(output: bytes, file: str) -> tuple[tuple[Diagnostic, ...], tuple[Diagnostic, ...]] | None:
    """Fatal problems of ruff's JSON, and those of them that are syntax; None where it is no such answer."""
    try:
        found = parsed_json(output)
    except ValueError:
        return None
    listed = cast("list[object]", found) if isinstance(found, list) else [None]
    entries = [cast("dict[str, Any]", entry) for entry in listed if isinstance(entry, dict)]
    if len(entries) != len(listed):
        return None
    problems: list[Diagnostic] = []
    syntax: list[Diagnostic] = []
    for entry in entries:
        code = cast("str | None", entry.get("code"))
        broken = code is None or code in ("invalid-syntax", "E999")
        if not broken and not fatal(str(code)):
            continue
        start = cast("dict[str, int]", entry.get("location") or {})
        end = cast("dict[str, int]", entry.get("end_location") or {})
        problem = problem_at(
            file,
            start.get("row", 0),
            start.get("column", 0),
            code=code or "invalid-syntax",
            message=str(entry.get("message", "")),
            source="ruff",
            end=(end.get("row", 0), end.get("column", 0)),
        )
        problems.append(problem)
        if broken:
            syntax.append(problem)
    return tuple(problems), tuple(syntax)


def fatal(code: str) -> bool:
    """Whether one of ruff's rules says "this fails when it runs"."""
    return _FATAL.fullmatch(code) is not None


def ty_problems(output: bytes) -> tuple[Diagnostic, ...]:
    """The errors of ty's concise output; file names as printed, relative to where it ran."""
    found: list[Diagnostic] = []
    for line in output.decode("utf-8", "replace").split("\n"):
        match = _TY_LINE.match(line)
        if match is not None and not guessed(match["code"], match["message"]):
            found.append(problem_of(match, PurePosixPath(match["file"]).as_posix(), "ty"))
    return tuple(found)


def guessed(code: str, message: str) -> bool:
    """Whether an error of ty may well be none: flow analysis only could not rule it out."""
    if code in _GUESSED or message.startswith("Invalid subscript assignment") or _COMPARED_BY_KEY.match(message):
        return True
    if code in _GUESSED_OF_DEFAULT and _OF_DEFAULT.search(message):
        return True
    return code in _GUESSED_OF_NONE and ("None | " in message or " | None" in message)


def install_remedy(interpreter: Interpreter, packages: str) -> str:
    """Return the command that gets packages for the project; never into this server's own environment."""
    if not interpreter.is_ours:
        return f"{interpreter.path} -m pip install {packages}"
    return (
        "name the project's own Python (check.python.interpreter), or: "
        f"python3 -m venv .venv && .venv/bin/python -m pip install {packages}"
    )


def published_as(module: str) -> str:
    """Return the name of the package that brings a top-level module."""
    return _PUBLISHED_AS.get(module, module)
