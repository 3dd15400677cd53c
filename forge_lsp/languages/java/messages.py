"""What of the compiler's errors is syntax, and what only says once more that an import is not there."""

from __future__ import annotations

import re

from forge_lsp.core.attempt import Diagnostic

__all__ = ["MISSING_PACKAGE", "is_syntax", "without_consequences"]

MISSING_PACKAGE = "doesnt.exist"
# The parser's own errors: what stands in the text is not Java, and what follows from it is noise.
_SYNTAX = re.compile(
    r"expected\d?|illegal\.(?:start\.of\.\w+|char|text\.block\.open|line\.end\.in\.char\.lit|esc\.char)|not\.stmt|"
    r"premature\.eof|unclosed\.\w+(?:\.\w+)*|else\.without\.if|catch\.without\.try|finally\.without\.try|orphaned|"
    r"invalid\.meth\.decl\.ret\.type\.req|class\.method\.or\.field\.expected|empty\.char\.lit|malformed\.fp\.lit|"
    r"try\.without\.catch\.finally\.or\.resource\.decls|variable\.not\.allowed"
)
_IMPORTED = re.compile(r"\s*import\s+(?:static\s+)?[\w.]+\.(?P<name>\w+|\*)\s*;")


def is_syntax(problem: Diagnostic) -> bool:
    """Whether a problem is that the text does not parse."""
    return _SYNTAX.fullmatch(problem.code) is not None


def without_consequences(problems: tuple[Diagnostic, ...], document: str, text: str) -> tuple[Diagnostic, ...]:
    """``problems`` without those that say once more, at each use, that an import of the document is not there."""
    lines = text.split("\n")
    names: set[str] = set()
    for problem in problems:
        if problem.file == document and 0 < problem.line <= len(lines):
            match = _IMPORTED.match(lines[problem.line - 1])
            if match is not None and problem.code.startswith((MISSING_PACKAGE, "cant.resolve")):
                names.add(r"\w+" if match["name"] == "*" else re.escape(match["name"]))
    if not names:
        return problems
    use = re.compile(rf"symbol:\s+(?:class|variable)\s+(?:{'|'.join(sorted(names))})(?!\w)")
    return tuple(
        problem
        for problem in problems
        if problem.file != document or not problem.code.startswith("cant.resolve") or not use.search(problem.message)
    )
