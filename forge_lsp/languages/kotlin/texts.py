"""What stands where in a Kotlin text: its comments and literals, its package, its imports, its words."""

from __future__ import annotations

import re

__all__ = ["IMPORT", "LITERAL", "declared", "literals", "package_of", "plain", "statements", "typed", "words_of"]

LITERAL = re.compile(
    r"/\*.*?(?:\*/|\Z)|//[^\n]*|"
    r'"""(?:(?!""").)*(?:"{3,}|\Z)|"(?:\\.|\$\{[^{}\n]*\}|[^"\\\n])*"?|'
    r"'(?:\\.|[^'\\\n])'",
    re.S,
)
"""A comment, a string or a character."""
IMPORT = re.compile(
    r"^[ \t]*import[ \t]+(?P<name>[\w`]+(?:\.[\w`]+)*)(?P<star>\.\*)?(?:[ \t]+as[ \t]+(?P<alias>\w+))?[ \t]*;?",
    re.M,
)
"""An import statement."""
_PACKAGE = re.compile(r"^[ \t]*package[ \t]+([\w.`]+)", re.M)
_BRACKETS = re.compile(r"\([^()]*\)")
_TYPED = re.compile(r"§\s*:")
_WORD = re.compile(r"[^\W\d]\w*")
_CONTINUES = re.compile(r"(?:\.|\?\.|\?:|&&|\|\||[)\]}]|else\b)")
_CONTINUED = re.compile(r"[{(,;=&|+*/<>-]$")
_TEMPLATE = re.compile(r"\$\{([^{}]*)\}|\$([^\W\d]\w*)")
_DECLARED = re.compile(
    r"\b(?:class|interface|object|typealias)\s+(\w+)|"
    r"\b(?:fun|val|var)\s++(?:<[^>]*+>\s*+)?(?:[\w.<>?*, ]{1,200}\.)?(?:(\w+)|`([^`\n]+)`)\s*(?=[(:=<\n]|by\b|get\b|$)"
)


def plain(text: str) -> str:
    """``text`` with blanks for its comments and literals; every other character stays where it is."""
    return LITERAL.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def literals(text: str) -> str:
    """The string and character literals of ``text``, a line each."""
    return "\n".join(match[0] for match in LITERAL.finditer(text) if match[0][0] != "/")


def words_of(text: str) -> frozenset[str]:
    """The words of a text's code, those in the templates of its strings too."""
    inside = (a or b for literal in LITERAL.findall(text) if literal[0] == '"' for a, b in _TEMPLATE.findall(literal))
    return frozenset(_WORD.findall(plain(text))) | frozenset(_WORD.findall(" ".join(inside)))


def package_of(text: str) -> str:
    """The package that a text says it belongs to; "": it says none."""
    found = _PACKAGE.search(plain(text))
    return found[1].replace("`", "") if found is not None else ""


def typed(header: str) -> bool:
    """Whether a header says what is returned."""
    bare = LITERAL.sub(" ", header)
    while "(" in bare and (shorter := _BRACKETS.sub("§", bare)) != bare:
        bare = shorter
    return _TYPED.search(bare) is not None if "fun" in bare.split() else ":" in bare


def declared(text: str) -> frozenset[str]:
    """The types, functions and values that a text declares, wherever."""
    return frozenset(name for match in _DECLARED.finditer(plain(text)) for name in match.groups() if name)


def statements(code: str) -> str:
    """``code`` on one line, without comments and what its strings hold, with a semicolon after each line that ends a
    statement."""
    out: list[str] = []
    for line in plain(code).split("\n"):
        line = line.strip()
        if not line:
            continue
        if out and not _CONTINUES.match(line) and not _CONTINUED.search(out[-1]):
            out[-1] += ";"
        out.append(line)
    return " ".join(out)
