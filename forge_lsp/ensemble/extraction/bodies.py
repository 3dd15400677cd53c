"""Statements without their function: put under the header that the document has, where they are its whole body."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.ensemble.extraction.choosing import bears_name, precedence
from forge_lsp.ensemble.extraction.elisions import inside, is_hollow, without_comments
from forge_lsp.ensemble.extraction.harvest import CodeBlock
from forge_lsp.ensemble.extraction.reshape import mentions
from forge_lsp.ensemble.extraction.wanted import FoundDefinition, WantedDefinition

__all__ = ["bare_body", "leaves"]

_LEAVES = re.compile(r"^(?:return|yield|nonlocal)\b", re.M)
_ENDS = re.compile(r"(?:return|yield|raise|throw|panic\s*\()(?!.*\s(?:if|unless)\s)", re.S)
_COVERS = re.compile(
    r"(?:try|switch|match|case|while|loop|for|foreach|do|with|using|lock|synchronized|begin|unsafe|when)\b"
)
_CASES = re.compile(r"(?:match|case|switch|when|if\b.*\belse)\b", re.S)
_OF_A_FILE = re.compile(
    r"^(?:module\.exports|exports\.|export\b|package\b|namespace\b|import\b|using\s+[\w.]+\s*;|#\s*include)", re.M
)
_WITHIN = re.compile(r"^\s*(?:return|yield|raise|throw)\b", re.M)
_PART = re.compile(
    r"\b(?:add|insert|put|place|append|prepend|before|after|top|beginning|start|end|bottom|instead of|replace|change"
    r"|line|lines|first|guard|check)\b",
    re.I,
)
_HEAD = re.compile(r"(?!(?:end|pass|return)\b)(?:[\w.$@#:>-]|\[\w+\])*\w")
"""What a line begins with: a variable, a call, a keyword."""
_OBJECT = re.compile(r"(?<![\w.$])(?:this|self)\b|\$this\b|(?<!\w)@\w")


def bare_body(blocks: Sequence[CodeBlock], wanted: WantedDefinition, *, others: int = 0) -> FoundDefinition | None:
    """Return the statements of a block as the body of the wanted function; None where it is in doubt whether they are
    all of it. What is finished needs more certainty than a stub: a few lines may be meant to be added to it. ``others``
    is how many more fences the answer has."""
    item = wanted.item
    if item is None or wanted.is_class:
        return None
    item = next((one for one in _same(item, wanted) if one.body is not None), item)
    blocks = [block for block in blocks if not block.part]
    single = len(blocks) + others == 1
    best: tuple[tuple[bool, int], FoundDefinition] | None = None
    for number, block in enumerate(blocks):
        if bears_name(block, wanted):
            continue
        body = _statements(block, wanted.language)
        if "```" in body or (not block.fenced and not (single and leaves(body))):
            continue  # a fence within a fence is an answer within another
        if not _is_body(body, block, wanted, alone=single) or not (
            _is_free(item, wanted) or _is_all(body, block, item, wanted)
        ):
            continue
        code = wanted.support.under_signature(wanted.original, item, _indented(body, wanted))
        if code is None or not _holds(code, wanted):
            continue
        found = FoundDefinition(code=code, blocks=(block,), note="the body was put under its signature")
        if best is None or precedence(block, number) > best[0]:
            best = (precedence(block, number), found)
    return best[1] if best is not None else None


def leaves(code: str) -> bool:
    """Whether a statement at the margin returns: then ``code`` is the body of a function, whatever it defines."""
    return _LEAVES.search(code) is not None


def _same(item: Item, wanted: WantedDefinition) -> Iterator[Item]:
    """The function and those of its name beside it: overloads have their body last."""
    items = wanted.syntax.outline(wanted.original, wanted.language).items
    return (one for one in items if one.name == item.name and one.kind is item.kind)


def _statements(block: CodeBlock, language: Language) -> str:
    """The code without the imports before it, which go to the top of the file, and without braces around it all."""
    start = 0
    for item in block.outline.items:
        if item.kind is not ItemKind.IMPORT:
            break
        start = item.range.end
    code = textwrap.dedent(block.code[start:].removeprefix(";")).strip("\n")
    if language.editing().closer == "}" and code.startswith("{") and code.endswith("}"):
        inner = textwrap.dedent(code[1:-1].strip("\n"))
        return code if _splits(inner) else inner
    return code


def _splits(inner: str) -> bool:
    """Whether a brace closes in ``inner`` that it did not open: what stood around it was no pair."""
    depth = 0
    for character in inner:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return True
    return False


def _is_body(body: str, block: CodeBlock, wanted: WantedDefinition, *, alone: bool) -> bool:
    """Whether statements can be meant for a body. ``alone``: no other fence is there."""
    if _OF_A_FILE.search(body) is not None or not _speaks(body, wanted):
        return False
    if leaves(body):
        return True
    if _WITHIN.search(body) is not None and not block.defines:
        return True
    return alone and _works_on(block, wanted)


def _works_on(block: CodeBlock, wanted: WantedDefinition) -> bool:
    """Whether statements that define nothing speak of the parameters or of the object, and are no use of the
    function: what calls it does so in one of several cases."""
    name = re.escape(wanted.key)
    used = re.search(rf"(?<![\w$#@.]){name}\s*\(|(?<!this)(?<!self)\.{name}\b", block.code) is not None
    if block.defines or (used and _CASES.match(_last_statement(block.code)) is None):
        return False
    does = any(item.kind in (ItemKind.OTHER, ItemKind.ASSIGNMENT) for item in block.outline.items)
    assigned = {item.name for item in block.outline.items if item.kind is ItemKind.ASSIGNMENT}
    known = [name for name in _names(wanted) if name not in assigned]
    return does and (any(_says(block.code, name) for name in known) or _OBJECT.search(block.code) is not None)


def _speaks(body: str, wanted: WantedDefinition) -> bool:
    """Whether a body says a parameter or the object; what has no parameters may say anything."""
    names = _names(wanted)
    return not names or any(_says(body, name) for name in names) or _OBJECT.search(body) is not None


def _names(wanted: WantedDefinition) -> list[str]:
    found = [one for name in wanted.parameters or () for one in re.findall(r"\$?\w+", name)]
    return [one for one in found if one not in ("self", "cls", "this", "_")]


def _says(code: str, name: str) -> bool:
    """Whether a name is used: the key of a value is none."""
    return re.search(rf"(?<![\w.$]){re.escape(name)}(?!\w)(?!\s*:(?![:=]))", code) is not None


def _is_free(item: Item, wanted: WantedDefinition) -> bool:
    """Whether there is nothing of the user's that a body could be a part of."""
    return item.stub or is_hollow(item, wanted.original, wanted.language)


def _is_all(body: str, block: CodeBlock, item: Item, wanted: WantedDefinition) -> bool:
    """Whether statements do all that a finished function did: they end as a body ends, or repeat some of it."""
    if _PART.search(block.said) is not None:
        return False
    last = _last_statement(without_comments(body, wanted.language))
    old = inside(item, wanted.original).of(wanted.original).rstrip()
    old = re.sub(r"\A\s*\{", "", old.removesuffix(wanted.language.editing().closer))
    value = wanted.support.value.fullmatch
    if _ENDS.match(last) is not None or value(last) is not None:
        return True
    if _COVERS.match(last) is not None and _WITHIN.search(last) is not None:
        return True
    if last.startswith(("if", "unless")) and re.search(r"\belse\b", last) is None:
        return False
    if _WITHIN.search(body) is None and (_WITHIN.search(old) or value(_last_statement(old))):
        return False
    heads = [head[0] for line in old.split("\n") if (head := _HEAD.match(line.strip())) is not None]
    mine = [line for line in body.split("\n") if _HEAD.match(line.strip()) is not None]
    return 0 < len(heads) <= len(mine) and all(mentions(body, head) for head in heads)


def _last_statement(body: str) -> str:
    """The text from the last line at the margin that begins a statement."""
    lines = textwrap.dedent(body).strip("\n").split("\n")
    starts = [
        number
        for number, line in enumerate(lines)
        if line[:1].strip()
        and not re.match(r"[)}\]{]|(?:end|else|elif|elsif|except|catch|finally|rescue|ensure|when)\b", line)
    ]
    return "\n".join(lines[starts[-1] :]) if starts else ""


def _indented(body: str, wanted: WantedDefinition) -> str:
    """``body`` a step further in than the margin, by its own step where it has one; lines within a string stay."""
    lines = body.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    strings = wanted.syntax.multiline_strings(body, wanted.language)
    inner = {n for n in range(len(lines)) if any(place.start < starts[n] < place.end for place in strings)}
    moved = {n: line for n, line in enumerate(lines) if n not in inner and line.strip()}
    plain = dict(zip(moved, textwrap.dedent("\n".join(moved.values())).split("\n"), strict=True))
    spaces = [line[: len(line) - len(line.lstrip())] for line in plain.values()]
    step = min((space for space in spaces if space), key=len, default=wanted.language.bench().indent)
    return "\n".join(step + plain[n] if n in plain else line for n, line in enumerate(lines))


def _holds(code: str, wanted: WantedDefinition) -> bool:
    """Whether ``code`` parses, and is the definitions that the original is: nothing ends the function too early."""
    before = wanted.syntax.outline(wanted.original, wanted.language)
    after = wanted.syntax.outline(code, wanted.language)
    if after.errors:
        return False
    return [(one.kind, one.name) for one in after.items] == [(one.kind, one.name) for one in before.items]
