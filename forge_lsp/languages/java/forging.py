"""What a Java candidate does that could make its own tests pass: looked for in what is new in its text.

The runner keeps what it can out of the tested code's reach (see ``runners/``). What remains within one virtual machine
is said here, so that no proof of such a candidate is believed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from forge_lsp.checking.comparisons import Function, lambdas_of
from forge_lsp.checking.jvm.forging import braced, has_more, in_one_piece, one_sided
from forge_lsp.checking.rules import rules_beside
from forge_lsp.languages.java.texts import literals, methods_of, plain, unescaped

__all__ = ["doubt_of"]

_TABLE = rules_beside(__file__, around=r"(?<!\w)(?:{})(?!\w)")
_LITERALS = re.compile(
    r"/proc\b|/dev/fd|/dev/std|src/test|\.forge|Tests?\.java\b|\w\.class\b|java\.class\.path|sun\.java\.command|"
    r"\borg[./]junit|forge_check"
)
_READS = "the code reads the tests or the files of their runner"
_NAMED_LIKE = re.compile(r"[\w>\]]\s+(assert[A-Z]\w*)\s*\([^()]*\)\s*(?:throws\s+[\w.,\s]+)?\{")
_KEYWORDS = frozenset({"new", "return", "else", "throw", "case", "yield"})
_COMPARING = re.compile(
    r"\bboolean\s+(?P<name>equals|contains|containsAll|containsKey|containsValue|contentEquals|matches|isEqual\w*)"
    r"\s*+\((?P<given>[^()]*+)\)\s*+(?P<open>\{)"
    r"|\bint\s+(?P<name2>compareTo|compare)\s*+\((?P<given2>[^()]*+)\)\s*+(?P<open2>\{)"
)
_TWO_SIDES = frozenset(("equals", "isEqual", "isEqualTo", "compareTo", "compare"))
_BLIND = "the code compares values without looking at both"


def doubt_of(document: str, candidate: str, *, testing: bool = False) -> str | None:
    """Return why no proof of ``candidate`` is believed, in words for people; None: nothing speaks against it.

    What the user's ``document`` does as often is not held against it, nor, where it belongs to the tests itself
    (``testing``), that it uses their framework.
    """
    before, after = plain(unescaped(document)), plain(unescaped(candidate))
    said = [rule.says for rule in _TABLE.rules if has_more(rule.pattern, before, after)]
    said = [words for words in said if words != _TABLE.says["framework"] or not testing]
    if has_more(_LITERALS, in_one_piece(literals(document)), in_one_piece(literals(candidate))):
        said.append(_READS)
    if Counter(_named_like(after)) - Counter(_named_like(before)):
        said.append("the code has methods named as a test's assertions")
    if Counter(_blind(after)) - Counter(_blind(before)):
        said.append(_BLIND)
    return "; ".join(said) or None


def _named_like(code: str) -> Iterator[str]:
    for match in _NAMED_LIKE.finditer(code):
        if code[: match.start() + 1].split()[-1:] not in ([word] for word in _KEYWORDS):
            yield match[1]


def _blind(code: str) -> Iterator[str]:
    """The methods that compare and whose answer does not come from both sides."""
    functions = dict(_functions(code))
    for match in _COMPARING.finditer(code):
        name, given = match["name"] or match["name2"], (match["given"] or match["given2"] or "").strip()
        start = match.start("open") if match["open"] else match.start("open2")
        sides = [part.split()[-1] for part in given.split(",") if part.split()]
        line = " ".join(braced(code, start).split())
        if one_sided(name, sides, line, functions, equality=name in _TWO_SIDES):
            yield f"{name} {line}"


def _functions(code: str) -> Iterator[tuple[str, Function]]:
    """The methods of two sides, by name: static ones of two parameters, others of one."""
    for method in methods_of(code):
        given = method.header.rpartition("(")[2].partition(")")[0]
        sides = [part.split()[-1] for part in given.split(",") if part.split()]
        static = re.search(r"\bstatic\b", method.header) is not None
        if len(sides) == (2 if static else 1):
            body = " ".join(code[method.body + 1 : method.end - 1].split())
            yield method.name, Function(left=sides[0] if static else "", right=sides[-1], body=body)
    yield from lambdas_of(" ".join(code.split()))
