"""What a file begins with stays: a licence, the words about a module or crate, an interpreter's line."""

from __future__ import annotations

import re

from forge_lsp.core.languages import Language
from forge_lsp.editing.outline import has_todo

__all__ = ["keep_head"]

_BLOCK = re.compile(r"/\*.*?\*/[ \t]*(?=\n|\Z)", re.S)
_GROUND = re.compile(r"(?:package|import|from|use|using|namespace|global)\b|#\s*(?:include|pragma|ifndef|define|!\[)")
"""Code that a comment right above it does not describe, but for the file."""


def keep_head(original: str, code: str, language: Language, *, rewritten: bool) -> str:
    """``code``, the whole text of a file, with the comments that ``original`` begins with, and its docstring.

    Those that ask for something (TODO) go. ``rewritten``: the task speaks of documentation; then only a file without
    any gets them back. Both have ``\\n`` endings.
    """
    old, new = _head(original, language), _head(code, language)
    if not old.strip() or old == new or not original[len(old) :].strip() or has_todo(old):
        return code
    if rewritten and new.strip():
        return code
    return old + code[len(new) :].lstrip("\n")


def _head(text: str, language: Language) -> str:
    """The comments and blank lines at the start of ``text``, and its docstring, without what describes the
    definition below."""
    at = 0
    runs = [0]  # where each run of comments begins that no blank line interrupts
    documented = False
    docstring = language.editing().docstring
    while at < len(text):
        line = text[at:].partition("\n")[0]
        word = line.strip()
        if not word:
            end = at + len(line)
            runs.append(min(end + 1, len(text)))
        elif not documented and (match := docstring.match(text, at)) is not None:
            documented = True
            end = (text + "\n").index("\n", match.end())
            runs.append(min(end + 1, len(text)))
        elif language.block_comments and (match := _BLOCK.match(text, at)) is not None:
            end = match.end()
        elif word.startswith((language.comment, "#!/")):
            end = at + len(line)
            if word.startswith("//!"):
                runs.append(min(end + 1, len(text)))
        else:
            break
        at = min(end + 1, len(text))
    below = text[at:].lstrip()
    return text[:at] if _GROUND.match(below) or not below else text[: max(one for one in runs if one <= at)]
