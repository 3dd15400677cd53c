"""What a Kotlin candidate does that could make its own tests pass: looked for in what is new in its text.

The runner keeps what it can out of the tested code's reach (see ``checking/jvm/runners``). What remains within one
virtual machine is said here, so that no proof of such a candidate is believed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from forge_lsp.checking.comparisons import Function
from forge_lsp.checking.jvm.forging import braced, has_more, in_one_piece, one_sided
from forge_lsp.checking.rules import rules_beside
from forge_lsp.languages.kotlin.texts import IMPORT, literals, plain, statements

__all__ = ["doubt_of"]

_TABLE = rules_beside(__file__, around=r"(?<!\w)(?:{})(?!\w)")
_LITERALS = re.compile(
    r"/proc\b|/dev/fd|/dev/std|src/test|\.forge|Tests?\.kt\b|\w\.class\b|java\.class\.path|sun\.java\.command|"
    r"\borg[./]junit|forge_check|INVISIBLE_(?:MEMBER|REFERENCE)"
)
_READS = "the code reads the tests or the files of their runner"
_NAMED_LIKE = re.compile(
    r"\bfun\s++(?:<[^>]*+>\s*+)?(?:[\w.<>?*, ]{1,200}\.)?`?((?:assert|should|expect|verify)\w*|fail)`?\s*\("
)
_OWN_PACKAGE = re.compile(r"^[ \t]*package\s+(?:kotlin|java|javax|org\.junit|junit)\b", re.M)
_COMPARING = re.compile(
    r"\bfun\s++(?:<[^>]*+>\s*+)?(?:[\w.<>?*, ]{1,200}\.)?"
    r"(?P<name>equals|contains|containsAll|containsKey|containsValue|contentEquals|contentDeepEquals|compareTo|compare)"
    r"\s*+\((?P<given>[^()]*+)\)\s*+(?::\s*+\w++\s*+)?(?P<open>\{|=)"
)
_TWO_SIDES = frozenset(("equals", "compareTo", "compare", "contentEquals", "contentDeepEquals"))
_BLIND = "the code compares values without looking at both"
_CONTINUES = re.compile(r"\s*(?:\.|\?\.|\?:|&&|\|\||[-+*/%]|[)\]}]|else\b|==|!=|as\b|is\b)")


def doubt_of(document: str, candidate: str, *, testing: bool = False) -> str | None:
    """Return why no proof of ``candidate`` is believed, in words for people; None: nothing speaks against it.

    What the user's ``document`` does as often is not held against it, nor, where it belongs to the tests itself
    (``testing``), that it uses their framework.
    """
    before, after = plain(document), plain(candidate)
    said = [rule.says for rule in _TABLE.rules if has_more(rule.pattern, before, after)]
    said = [words for words in said if words != _TABLE.says["framework"] or not testing]
    if has_more(_LITERALS, in_one_piece(literals(document)), in_one_piece(literals(candidate))):
        said.append(_READS)
    if Counter(_NAMED_LIKE.findall(after)) - Counter(_NAMED_LIKE.findall(before)) and not testing:
        said.append("the code has functions named as a test's assertions")
    if has_more(_OWN_PACKAGE, before, after):
        said.append("the code puts itself into another's package")
    if Counter(_blind(after)) - Counter(_blind(before)):
        said.append(_BLIND)
    if has_more(_ALIASED, "\n".join(_aliases(document)), "\n".join(_aliases(candidate))):
        said.append("the code hides what it uses behind another name")
    return "; ".join(dict.fromkeys(said)) or None


_ALIASED = re.compile(r"(?:java\.lang\.(?:System|Runtime|Thread|Class|StackWalker|reflect)|kotlin\.system)\b.*")


def _aliases(text: str) -> Iterator[str]:
    """The names that imports give another one, or bring in from objects and as a whole."""
    for match in IMPORT.finditer(text):
        inner = match["name"].startswith(("java.lang.System.", "java.lang.Runtime.", "java.lang.Thread."))
        if match["alias"] or inner or (match["star"] and match["name"] in ("java.lang.reflect", "kotlin.system")):
            yield match["name"]


def _blind(code: str) -> Iterator[str]:
    """The functions that compare and whose answer does not come from both sides."""
    found: dict[str, Function] = {}
    seen: list[tuple[str, list[str], str]] = []
    for match in _COMPARING.finditer(code):
        sides = [
            part.partition(":")[0].split()[-1] for part in match["given"].split(",") if part.partition(":")[0].split()
        ]
        body = _body(code, match.start("open"))
        seen.append((match["name"], sides, body))
        if sides:
            found[match["name"]] = Function(left=sides[0] if len(sides) == 2 else "", right=sides[-1], body=body)
    for name, sides, body in seen:
        if one_sided(name, sides, body, found, equality=name in _TWO_SIDES):
            yield f"{name} {body}"


def _body(code: str, start: int) -> str:
    """A function's body on one line, as languages write it that end statements with semicolons."""
    line = statements(braced(code, start) if code[start] == "{" else f"return {_expression(code, start + 1)}")
    line = re.sub(r"!==|===", lambda found: found[0][:2], line)
    line = re.sub(r"\b(\w+)\s+!is\s+([\w.<>*]+)", r"!(\1 instanceof \2)", line)
    line = re.sub(r"\b(\w+)\s+is\s+([\w.<>*]+)", r"\1 instanceof \2", line)
    line = re.sub(r"\s+as\??\s+[\w.<>*]+\??", " ", line)
    line = re.sub(r"\b(?:val|var)\s+", "var ", line)
    line = line.replace("?.", ".").replace("!!", "").replace("javaClass", "getClass()")
    return line if line.endswith((";", "}")) else f"{line};"


def _expression(code: str, start: int) -> str:
    """An expression up to the end of its line, or of the lines that go on with it."""
    depth, begun = 0, False
    for at in range(start, len(code)):
        char = code[at]
        depth += (char in "([{") - (char in ")]}")
        if depth < 0:
            return code[start:at]
        begun = begun or not char.isspace()
        ends = char == ";" or (char == "\n" and begun and not _CONTINUES.match(code, at + 1))
        if depth == 0 and ends and not re.search(r"(?:[-+*/%=(,]|&&|\|\||\?:|->)\s*$", code[start:at]):
            return code[start:at]
    return code[start:]
