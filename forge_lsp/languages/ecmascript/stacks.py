"""What JavaScript text does with the stacks of errors, which show what called it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forge_lsp.languages.ecmascript.declaring import own_class
from forge_lsp.languages.ecmascript.reading import Token, closing
from forge_lsp.languages.ecmascript.texts import plain

__all__ = ["STACK", "destructured", "makes_error", "of_error", "of_keys", "read_as_text", "taken_apart"]

STACK = "the code looks at the stack of its callers"
_TEXTUAL = frozenset(("split", "match", "matchAll", "replace", "replaceAll", "substring", "search", "charAt"))


def of_keys(tokens: Sequence[Token]) -> Iterator[str]:
    """Members that are asked for by a string (``error["stack"]``), or by one that is put together."""
    for index, token in enumerate(tokens[:-1]):
        if token.text in ("get", "getOwnPropertyDescriptor") and tokens[index + 1].text == "(":
            inside = tokens[index + 1 : closing(tokens, index + 1)]
            if tokens[index - 2].text in ("Reflect", "Object") and inside[-1].text in ("stack", "caller"):
                yield STACK
        if token.text != "[" or token.kind != "mark" or tokens[index + 1].kind != "string":
            continue
        parts = tokens[index + 1 : closing(tokens, index)]
        if any(part.kind == "string" if at % 2 == 0 else part.text == "+" for at, part in enumerate(parts)) is False:
            continue
        text = "".join(plain(part.text) for part in parts if part.kind == "string")
        pieces = sum(part.kind == "string" for part in parts)
        owner = tokens[index - 1].text if index else ""
        end = index + len(parts) + 2
        after = tokens[end].text if end < len(tokens) else ""
        seen = text == "stack" and (pieces > 1 or of_error(tokens, index + 1, owner, after))
        if seen or text in ("caller", "callee", "getCallSites"):
            yield STACK


def makes_error(tokens: Sequence[Token], opening: int) -> bool:
    inside = tokens[opening : closing(tokens, opening)]
    return any(token.text == "new" and inside[at + 1].text.endswith("Error") for at, token in enumerate(inside[:-1]))


def of_error(tokens: Sequence[Token], index: int, owner: str, following: str) -> bool:
    """Whether the ``.stack`` at ``index`` is that of an error which the code makes or takes apart."""
    if owner == ")":
        end = index - 2
        opening = next((at for at in range(end, -1, -1) if closing(tokens, at) == end), 0)
        # Of what is made there, and of what another call makes of it: `Object(new Error()).stack`.
        return opening > 0 and any(token.text.endswith("Error") for token in tokens[opening - 1 : end])
    for at, token in enumerate(tokens[:-3]):
        made = token.text == owner and tokens[at + 1].text == "="
        if made and any(near.text.endswith("Error") for near in tokens[at + 2 : at + 4]):
            return True
        if token.text == "captureStackTrace" and tokens[at + 2].text == owner:
            return True
        caught = token.text == "catch" and tokens[at + 2].text == owner
        if caught and (following in (".", "?.", "[") or taken_apart(tokens, index)):
            return True
    return False


def read_as_text(tokens: Sequence[Token], index: int) -> bool:
    """Whether what stands at ``index`` is taken apart at once, by what only texts have."""
    at = index + 1
    while at < len(tokens) and (tokens[at].text in (")", "!", "??", "]") or tokens[at].kind == "string"):
        at += 1  # `(error.stack ?? "").split`
    return (
        at + 1 < len(tokens)
        and tokens[at].text in (".", "?.")
        and (tokens[at + 1].text in _TEXTUAL)
        and not own_class(tokens, tokens[at + 1].text)
    )


def taken_apart(tokens: Sequence[Token], index: int) -> bool:
    """Whether the value at ``index`` goes into a variable that the code then takes apart."""
    start = next((at for at in range(index, -1, -1) if tokens[at].text in (";", "{", "}", "=")), 0)
    if tokens[start].text != "=" or start == 0:
        return False
    name = tokens[start - 1].text
    for at, token in enumerate(tokens[:-2]):
        if token.text == name and tokens[at + 1].text in (".", "?.") and tokens[at + 2].text in _TEXTUAL:
            return True
        if token.text in ("exec", "test", "match") and tokens[at + 1].text == "(" and tokens[at + 2].text == name:
            return True
    return False


def destructured(tokens: Sequence[Token], index: int) -> bool:
    end = next((at for at in range(index, len(tokens)) if tokens[at].text == "}"), len(tokens))
    stop = next((at for at in range(end, len(tokens)) if tokens[at].text == ";"), end + 4)
    made = any(token.text.endswith("Error") for token in tokens[end:stop])
    return made and end + 1 < len(tokens) and tokens[end + 1].text == "="
