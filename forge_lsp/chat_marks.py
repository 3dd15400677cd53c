"""The marks with which chat templates part a prompt: other letters in prompts, the marks again in code that lands.

Servers that turn a whole prompt into tokens take ``<|im_start|>`` in a file or in a test's output for the real one, and
what follows it for a turn of the system's.
"""

from __future__ import annotations

import re

__all__ = ["as_letters", "as_marks"]

_MARKS = re.compile(
    r"""
    <(?= \|[\w/.-]{1,40}\|?> | [\w/.-]{1,40}\|> | \uff5c[^\uff5c>\n]{1,40}\uff5c>
       | /?(?:s|bos|eos|pad|unk|mask|start_of_turn|end_of_turn|start_of_image|unused\d{1,4}|fim_[a-z]+|fim-[a-z]+)>
       | </?SYS>> | /?(?:extra_id_\d+|image_soft_token|seed:[a-z_]{1,30})> )
    | \[(?= /?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|ARGS|CALL_ID|THINK
       |PREFIX|SUFFIX|MIDDLE|IMG)\] )
    """,
    re.X,
)
_LETTERS = {"<": "\u2039", "[": "\uff3b"}
_BACK = {letter: mark for mark, letter in _LETTERS.items()}
_SHOWN = re.compile("[" + "".join(_BACK) + "]")


def as_letters(text: str) -> str:
    """``text`` with the first character of each mark replaced by one that looks like it."""
    return _MARKS.sub(lambda found: _LETTERS[found[0]], text)


def as_marks(code: str, document: str) -> str:
    """``code`` that was written after :func:`as_letters`, with the marks as they were. What ``document`` itself holds
    of the letters stays."""
    if _SHOWN.search(code) is None or _SHOWN.search(document) is not None:
        return code

    def back(found: re.Match[str]) -> str:
        plain = _BACK[found[0]]
        return plain if _MARKS.match(plain + code[found.end() : found.end() + 48]) else found[0]

    return _SHOWN.sub(back, code)
