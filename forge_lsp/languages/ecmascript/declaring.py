"""What JavaScript text declares itself: variables, parameters, classes, methods. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from forge_lsp.languages.ecmascript.reading import Token, closing

__all__ = ["method", "of_function", "own_class", "own_name"]


def of_function(tokens: Sequence[Token], end: int) -> bool:
    """Whether the parentheses that end there hold a function: its constructor makes functions from text."""
    opening = next((at for at in range(end - 1, -1, -1) if closing(tokens, at) == end), end)
    return any(token.text in ("=>", "function") for token in tokens[opening:end])


def method(tokens: Sequence[Token], index: int) -> bool:
    """Whether a name is that of a method which is declared there: ``eval() {``."""
    if index + 1 >= len(tokens) or tokens[index + 1].text != "(":
        return False
    end = closing(tokens, index + 1) + 1
    if end < len(tokens) and tokens[end].text == ":":
        end = next((at for at in range(end, len(tokens)) if tokens[at].text in ("{", ";", "}")), len(tokens))
    before = tokens[index - 1].text if index else ""
    return end < len(tokens) and tokens[end].text == "{" and before in ("{", "}", ";", ",", "async", "static", "get")


def own_name(tokens: Sequence[Token], name: str) -> bool:
    """Whether the text declares that name: as a variable, by destructuring or importing, or as a parameter."""
    return any(token.text == name and token.kind == "name" and _declares(tokens, at) for at, token in enumerate(tokens))


def _declares(tokens: Sequence[Token], index: int) -> bool:
    before = tokens[index - 1].text if index else ""
    if before in ("const", "let", "var", "function", "class", "import"):
        return True
    opening = next((at for at in range(index - 1, -1, -1) if closing(tokens, at) > index), -1)
    if opening < 0 or before not in ("(", ",", "{", "..."):
        return False
    if tokens[opening].text == "{":
        return tokens[opening - 1].text in ("const", "let", "var", "import") if opening else False
    end = closing(tokens, opening) + 1
    called = tokens[opening - 1].text if opening else ""
    return end < len(tokens) and tokens[end].text in ("=>", "{", ":") and called not in ("if", "for", "while", "switch")


def own_class(tokens: Sequence[Token], name: str) -> bool:
    """Whether the text declares that class."""
    return any(
        token.text in ("function", "class") and tokens[index + 1].text == name
        for index, token in enumerate(tokens[:-1])
    )
