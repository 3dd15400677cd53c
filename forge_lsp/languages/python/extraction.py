"""Python, for what is found in answers."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Sequence

from forge_lsp.core.ports import Item
from forge_lsp.core.support import ExtractionSupport

__all__ = ["DOCSTRING", "EXTRACTION"]

_STARTS = re.compile(
    r"\s*(?:@[A-Za-z_]|class\s+\w|def\s+\w|async\s+def\s|import\s+\w|from\s+[\w.]+\s+import\b|"
    r"[A-Za-z_]\w*\s*(?::[^=]+)?=[^=])"
)
DOCSTRING = re.compile(
    r"\s*[rRuU]?(?P<quotes>\"\"\"|'''|\"|')(?:\\.|(?!(?P=quotes))[^\\])*(?P=quotes)[ \t]*(?=\r?\n|$|[#;])", re.S
)
"""The documentation that a body begins with."""
_RECEIVERS = ("self", "cls")


def _import_names(statement: str) -> list[str] | None:
    match = re.match(r"from\s+\S+\s+import\s+(.*)|import\s+(.*)", statement.split("#")[0])
    if match is None or statement.endswith("*"):
        return None
    parts = (part.split() for part in (match[1] or match[2]).strip("() ").split(","))
    return [words[2] if len(words) == 3 and words[1] == "as" else words[0].split(".")[0] for words in parts if words]


def _taken(statement: str, used: Collection[str]) -> Sequence[str]:
    match = re.match(r"(from\s+\S+\s+import\s+|import\s+)(.*)", statement.split("#")[0])
    if match is None:
        return (statement,)
    parts = [part.strip() for part in match[2].strip("() ").split(",") if part.strip()]
    kept = [part for part in parts if set(_import_names(f"import {part}") or (part,)) & set(used)]
    return (f"{match[1]}{', '.join(kept)}",)


def _on_one_line(statement: str) -> str:
    return re.sub(r"\(\s*(.*?),?\s*\)", r"\1", statement, flags=re.DOTALL).replace("\\\n", " ")


def _assigned(statement: str) -> list[str]:
    """The names on the left (``A, B = 1, 2``)."""
    target = re.match(r"(?:type\s+)?([\w\s,()\[\]*]*?)(?==[^=])", statement)
    return re.findall(r"[A-Za-z_]\w*", target[1]) if target is not None else []


def _aligned(code: str, item: Item, parameters: tuple[str, ...] | None) -> str:
    """A method that lost its ``self``, or a function that gained one, as the signature has it. Any other difference of
    parameters stays: callers and checks decide about it, a guess would only hide it."""
    have, want = item.parameters, parameters
    if want is None or have is None or item.name is None:
        return code
    header = re.compile(rf"(def\s+{re.escape(item.name)}\s*\(\s*)")
    pattern = header if header.search(code) else re.compile(r"(def\s+\w+\s*\(\s*)")
    static = "@staticmethod" in code.split("def ", 1)[0]
    if want[:1] and want[0] in _RECEIVERS and have == want[1:] and not static:
        return pattern.sub(lambda match: f"{match[1]}{want[0]}{', ' if have else ''}", code, count=1)
    if have[:1] and have[0] in _RECEIVERS and have[1:] == want and not re.search(rf"\b{have[0]}\b\s*[.(\[]", code):
        return re.sub(rf"(def\s+\w+\s*\(\s*){have[0]}\s*(?:,\s*)?", lambda match: match[1], code, count=1)
    return code


def _under_signature(original: str, item: Item, body: str) -> str | None:
    """The header and the docstring of a function with ``body`` under them; None where it has no body."""
    if item.body is None:
        return None
    header = original[item.range.start : item.body.start].rstrip()
    docstring = DOCSTRING.match(original[item.body.start : item.body.end])
    if docstring is None:
        return f"{header}\n{body}"
    step = body[: len(body) - len(body.lstrip())]
    again = DOCSTRING.match(body)
    body = body[again.end() :].lstrip("\r\n") if again is not None else body
    words = docstring[0].strip()
    if words.count("\n"):
        first, rest = words.split("\n", 1)
        words = f"{first}\n{textwrap.indent(textwrap.dedent(rest), step)}"
    return f"{header}\n{step}{words}\n{body}"


EXTRACTION = ExtractionSupport(
    starts=_STARTS,
    import_names=_import_names,
    taken=_taken,
    on_one_line=_on_one_line,
    assigned=_assigned,
    redefines=True,
    aligned=_aligned,
    under_signature=_under_signature,
)
