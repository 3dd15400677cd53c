"""What a text includes first, which can be compiled once for all candidates."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePosixPath

__all__ = ["head_of"]

_DIRECTIVE = re.compile(r"#\s*(\w+)")
_PARTS = re.compile(r'"(?:\\.|[^"\\])*"|//|/\*|\S')


def head_of(text: str, stop: Collection[str]) -> str:
    """The lines up to the last ``#include`` before the first code, or before one of a file called as in ``stop``."""
    end = at = depth = 0
    comment = continued = included = False
    for line in re.findall(r"[^\n]*\n", text):  # what splitlines takes for a line's end is none for a compiler
        at += len(line)
        code, comment = _without_comments(line, comment)
        going, continued = continued, line.rstrip().endswith("\\")
        if going or not code:
            continue
        match = _DIRECTIVE.match(code)
        word = match[1] if match is not None else ""
        if word in ("if", "ifdef", "ifndef"):
            depth += 1
        elif word == "endif":
            depth -= 1
        elif word == "include":
            named = re.search(r'[<"]([^">]+)[">]', code)
            if continued or named is None or PurePosixPath(named[1]).name in stop:
                break
            included = True
        elif word not in ("define", "undef", "else", "elif") and code != "#pragma once":
            break
        if depth < 0:
            break
        if depth == 0 and word in ("include", "endif") and not comment and not continued:
            end = at
    return text[:end] if included else ""


def _without_comments(line: str, comment: bool) -> tuple[str, bool]:
    """What is code on a line, and whether a comment goes on after it."""
    kept = ""
    while True:
        if comment:
            _, found, line = line.partition("*/")
            if not found:
                return kept.strip(), True
        match = next((part for part in _PARTS.finditer(line) if part[0].startswith(("//", "/*"))), None)
        if match is None:
            return (kept + line).strip(), False
        kept += line[: match.start()]
        if match[0] != "/*":
            return kept.strip(), False
        line, comment = line[match.end() :], True
