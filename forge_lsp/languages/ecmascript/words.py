"""What node and TypeScript say of JavaScript, and which of it counts.

Plain JavaScript has no types, so TypeScript's word is taken only for what is wrong in any JavaScript.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from forge_lsp.core.attempt import Diagnostic
from forge_lsp.languages.ecmascript import JAVASCRIPT
from forge_lsp.languages.ecmascript.tsc import is_syntax
from forge_lsp.reading import table_beside, text_beside

__all__ = [
    "CONFIG",
    "MOST_FILES",
    "NOT_INSTALLED",
    "READ",
    "configuration",
    "has_node_types",
    "is_dialect",
    "said",
    "tells",
    "unread",
]

READ = (".js", ".mjs", ".cjs")
"""The endings of what node can read."""
MOST_FILES = 2000
NOT_INSTALLED = "NOT_INSTALLED"
"""The code of a package that the project names and this machine lacks."""
CONFIG = ".forge-check.jsconfig.json"
_GLOBALS = ".forge-check.globals.d.ts"
_DECLARED = text_beside(__file__, "globals.d.ts")
_TELLING = frozenset(table_beside(__file__, "names.toml")["telling"])


# A closing tag, or one that closes itself: no JavaScript has either outside of strings and patterns.
_TAG = r"[A-Za-z][\w.:-]*"
_JSX = re.compile(
    rf"(?:^|[\s(>}}{{,:?&|=])<(?:{_TAG}(?:\s[^<>;]*?)?/>|/{_TAG}>|/>|>)|</{_TAG}>",
    re.M,
)
_FLOW = re.compile(r"(?:/\*|//|^[ \t]*\*)[^\n]*@flow\b", re.M)


def has_node_types(source: Path | None) -> bool:
    """Whether the project has node's own names from a package."""
    return source is not None and (source / "node_modules/@types/node").is_dir()


def configuration(document: PurePosixPath, name: str, *, typed: bool) -> dict[PurePosixPath, bytes]:
    """A configuration that checks all JavaScript of the tree loosely; unless ``typed``, what node defines by itself."""
    options: dict[str, object] = {
        "allowJs": True,
        "checkJs": True,
        "noEmit": True,
        "strict": False,
        "skipLibCheck": True,
        "target": "esnext",
        "module": "preserve",
        "moduleResolution": "bundler",
        "jsx": "preserve",
        "lib": ["esnext", "dom", "dom.iterable"],
        "allowImportingTsExtensions": True,
    }
    files: dict[PurePosixPath, bytes] = {} if typed else {PurePosixPath(_GLOBALS): _DECLARED.encode()}
    config = {
        "compilerOptions": options,
        "include": [f"**/*{ending}" for ending in JAVASCRIPT.suffixes] + ["**/*.d.ts"],
        "exclude": ["node_modules", "dist", "build", "coverage", "**/*.min.js"],
        "files": [str(document), *map(str, files)],
    }
    return {PurePosixPath(name): json.dumps(config).encode(), **files}


def is_dialect(name: str, text: str) -> bool:
    """Whether a document is in a dialect that node itself does not read, but the project's build does: JSX, Flow."""
    if name.endswith(".jsx"):
        return True
    return _FLOW.search(text[:2000]) is not None or _JSX.search(text) is not None


def unread(name: str, text: str, *, by_typescript: bool) -> str | None:
    """Why a document in a dialect was not read; None where it was, as far as TypeScript can."""
    if _FLOW.search(text[:2000]) is not None:
        return "it is in Flow, which is not checked here"
    if by_typescript:
        return None
    return "it holds JSX, which node does not read, and TypeScript is not installed" if is_dialect(name, text) else None


def said(
    document: str, text: str, parsed: Sequence[Diagnostic], typed: Sequence[Diagnostic]
) -> tuple[tuple[Diagnostic, ...], tuple[Diagnostic, ...]]:
    """The problems, and those of them that are the document's syntax, of what node and TypeScript found."""
    if is_dialect(document, text):  # node's word on what it cannot read is none
        parsed = tuple(p for p in parsed if p.code != "SyntaxError" or p.file != document)
        if _FLOW.search(text[:2000]) is not None:
            typed = tuple(p for p in typed if p.file != document)
    syntax = tuple(p for p in parsed if p.code == "SyntaxError" and p.file == document)
    if not syntax:
        syntax = tuple(p for p in typed if is_syntax(p.code) and p.file == document)
    if syntax:
        return syntax, syntax
    problems = tuple(p for p in parsed if p.code != NOT_INSTALLED)
    return (*problems, *_unsaid(typed, problems)), ()


def tells(code: str) -> bool:
    """Whether a word of TypeScript holds for any JavaScript."""
    # 80xx: types in a file that may hold none; 1xxx: grammar, also beyond what the parser sees.
    return code in _TELLING or is_syntax(code) or re.fullmatch(r"TS1\d\d\d|TS80(?:0[2-9]|1[0-9])", code) is not None


def _unsaid(found: Sequence[Diagnostic], known: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """What the compiler found on lines that node did not speak of: the same fault is told once."""
    places = {(problem.file, problem.line) for problem in known}
    return tuple(problem for problem in found if (problem.file, problem.line) not in places)
