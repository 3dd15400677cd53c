"""Counting, cutting and cleaning the text that models read and write."""

from __future__ import annotations

import re

from forge_lsp.reading import table_beside

__all__ = ["clip", "estimate_tokens", "without_thinking"]

_THOUGHTS = table_beside(__file__, "../thoughts.toml")
_MARKS = [[mark.replace("{NAMES}", _THOUGHTS["names"]) for mark in marks] for marks in _THOUGHTS["patterns"]]
# Without groups: alternatives that begin with a character of their own are searched for by that one, which is fast.
_OPEN = re.compile("|".join(opens for opens, _ in _MARKS), re.IGNORECASE)
_OPENS = tuple(re.compile(opens, re.IGNORECASE) for opens, _ in _MARKS)
_CLOSE = re.compile("|".join(closes for _, closes in _MARKS), re.IGNORECASE)
_CLOSES = tuple(re.compile(closes, re.IGNORECASE) for _, closes in _MARKS)
_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[^\n]*$", re.MULTILINE)
# OpenAI's harmony format, told in channels; servers that do not know it let its tokens through, or only its words.
_CHANNEL = re.compile(
    r"(?:<\|start\|>\s*(?:assistant|functions[^<]*)?\s*)?<\|channel\|>\s*(\w+)[^<]*"
    r"(?:<\|constrain\|>[^<]*)?(?:<\|message\|>)?"
)
_CHANNEL_END = re.compile(r"<\|(?:end|return|call|start|channel)\|>")
_BARE_HARMONY = re.compile(r"\s*analysis(?=\W|[A-Z]).*assistant\s?final(?!\w*ly)", re.DOTALL)
_NEXT_TURN = re.compile(
    r"<\|(?:im_end|eot_id|end|endoftext)\|>\s*<\|(?:im_start|start_header_id|user|start)\|>\s*user\b.*", re.DOTALL
)
_SOLUTION = re.compile(r"<\|(?:begin|end)_of_solution\|>|<\|(?:START|END)_RESPONSE\|>|</?seed:[a-z_]{1,30}>|<turn\|>")
_SPECIAL = re.compile(r"<\|[a-z0-9_ ]{1,30}\|>|</?s>(?=\s|$)|<\uff5c[^\uff5c>\n]{1,40}\uff5c>", re.IGNORECASE)

_CHARACTERS_A_TOKEN = 3.0
_CUT = " [...]"


def estimate_tokens(text: str) -> int:
    """Return how many tokens ``text`` has, on the high side, for any tokenizer: code has 3 to 4 ASCII characters a
    token, and a character outside ASCII is at least one token in small vocabularies."""
    other = 0 if text.isascii() else len(text) - len(text.encode("ascii", "ignore"))
    return int((len(text) - other) / _CHARACTERS_A_TOKEN) + other + 1


def clip(text: str, tokens: int) -> str:
    """Return ``text``, cut so that :func:`estimate_tokens` of it is at most ``tokens`` (0 and below: nothing is left).
    It is cut after a line or a word where one is near, and ends in ``[...]`` then."""
    if estimate_tokens(text) <= tokens:
        return text
    room = tokens - estimate_tokens(_CUT)
    if room <= 0:
        return ""
    low, high = 0, min(len(text), int(room * _CHARACTERS_A_TOKEN) + 1)
    while low < high:
        middle = (low + high + 1) // 2
        if estimate_tokens(text[:middle]) <= room:
            low = middle
        else:
            high = middle - 1
    kept = text[:low]
    for edge in ("\n", " "):
        at = kept.rfind(edge)
        if at > low * 0.7:
            kept = kept[:at]
            break
    return kept.rstrip() + _CUT


def without_thinking(text: str) -> str:
    """Return ``text`` without what a model thought aloud, in any of the marks that models use, and without leaked
    special tokens (``<|im_end|>``). A thought that never closes is dropped to the end, unless nothing else was said
    before it: then its words are all there is, and they stay. Marks inside a fenced code block are code."""
    text = _without_channels(text)
    text = _NEXT_TURN.sub("", text)
    parts: list[str] = []
    text, at = _without_marks(text), 0
    for start, end in _blocks(text):
        parts += [_SPECIAL.sub("", _SOLUTION.sub("", text[at:start])), text[start:end]]
        at = end
    return "".join([*parts, _SPECIAL.sub("", _SOLUTION.sub("", text[at:]))])


def _without_channels(text: str) -> str:
    """What stands in the ``final`` channel of an answer in OpenAI's harmony format; ``text`` where it is in none."""
    bare = _BARE_HARMONY.match(text)
    if bare is not None:
        return text[bare.end() :]
    found = list(_CHANNEL.finditer(text))
    if not found or any(start < found[0].start() < end for start, end in _blocks(text)):
        return text
    final: list[str] = []
    for channel in found:
        end = _CHANNEL_END.search(text, channel.end())
        if channel[1].lower() == "final":
            final.append(text[channel.end() : end.start() if end is not None else len(text)])
    # Without an answer there are only thoughts, and what stands before the first of them.
    return "".join(final) if final else text[: found[0].start()]


def _without_marks(text: str) -> str:
    """``text`` without its marked thoughts: closed ones, those whose opening was a part of the prompt, open ones."""
    kept: list[str] = []
    at = 0
    while at < len(text):
        opened, closed, fence = (pattern.search(text, at) for pattern in (_OPEN, _CLOSE, _FENCE))
        first = min((one.start() for one in (opened, closed) if one is not None), default=len(text))
        if fence is not None and fence.start() < first and (after := _after_block(text, fence)) is not None:
            kept.append(text[at:after])
            at = after
        elif closed is not None and closed.start() == first:  # the opening tag was part of the prompt
            kept.clear()
            at = closed.end()
        elif opened is not None:
            kept.append(text[at : opened.start()])
            mark = next(index for index, one in enumerate(_OPENS) if one.match(text, opened.start()) is not None)
            end = _CLOSES[mark].search(text, opened.end())
            if end is None:  # cut off in the middle of a thought
                return "".join(kept) if "".join(kept).strip() else text[opened.end() :]
            at = end.end()
        else:
            kept.append(text[at:])
            break
    return "".join(kept)


def _blocks(text: str) -> list[tuple[int, int]]:
    """Where the fenced blocks of ``text`` that end begin and end."""
    found: list[tuple[int, int]] = []
    at = 0
    while (fence := _FENCE.search(text, at)) is not None:
        end = _after_block(text, fence)
        if end is not None:
            found.append((fence.start(), end))
        at = end or fence.end()
    return found


def _after_block(text: str, fence: re.Match[str]) -> int | None:
    """Where the fenced block that begins at ``fence`` ends. None where it never ends, or a thought does within it: a
    mark that closes one stands at the beginning of a line then, where code has none."""
    end = re.compile(rf"^[ \t]*{re.escape(fence[1])}[ \t]*$", re.MULTILINE).search(text, fence.end())
    if end is None:
        return None
    inside = text[fence.end() : end.start()]
    marks = (inside[: mark.start()].rpartition("\n")[2] for mark in _CLOSE.finditer(inside))
    return None if any(not before.strip() for before in marks) else end.end()
