"""PHP, for what is found in answers."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from forge_lsp.core.ports import Item
from forge_lsp.core.support import ExtractionSupport, in_braces
from forge_lsp.languages.php.imports import used_names

__all__ = ["EXTRACTION"]

_TAGS = re.compile(r"\A\s*<\?php\b[ \t]*\n(?:[ \t]*\n)*|\s*\?>\s*\Z")
_STARTS = re.compile(
    r"\s*(?:<\?(?:php|=)|#\[\\?\w|/[/*]|\$\w+\s*(?:=[^=]|->|\[)|"
    r"(?:namespace|use)\s+\\?\w[\w\\]*|(?:require|include)(?:_once)?\b|declare\s*\(|"
    r"(?:(?:public|protected|private|static|abstract|final|readonly|var)\s+)+[\w?\\$]|"
    r"(?:class|interface|trait|enum|const)\s+\w|function\b\s*&?\s*\w*\s*\(|"
    r"(?:return|throw|if|foreach|for|while|switch|try|echo)\b[^.\n]*[;{(]\s*$)"
)


def _import_names(statement: str) -> list[str] | None:
    return [name for _, _, name in used_names(statement)] or None


def _taken(statement: str, used: Collection[str]) -> Sequence[str]:
    found: list[str] = []
    for kind, full, name in used_names(statement):
        if name in used:
            alias = "" if name == full.rpartition("\\")[2] else f" as {name}"
            found.append(f"use {kind}{' ' if kind else ''}{full}{alias};")
    return found


def _assigned(statement: str) -> list[str]:
    """The names of a list (``[$a, $b] = f();``) or of several constants."""
    pattern = re.match(r"(?:list\s*\(|\[)([^=]*)[\])]\s*=[^=]", statement)
    if pattern is not None:
        return re.findall(r"\$(\w+)", pattern[1])
    group = re.match(r"(?:\w+\s+)*const\s+", statement)
    return re.findall(r"(?:const\s+(?:\w+\s+)?|,\s*)(\w+)\s*=", statement) if group is not None else []


def _under_signature(original: str, item: Item, body: str) -> str | None:
    return in_braces(original, item, _TAGS.sub("", body))


EXTRACTION = ExtractionSupport(
    starts=_STARTS, import_names=_import_names, taken=_taken, assigned=_assigned, under_signature=_under_signature
)
