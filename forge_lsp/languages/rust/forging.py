"""What new Rust code does that could forge a passed test: found in its tokens, compared with the user's text. Pure.

Rust has no reflection: what ends a process, reads its own memory or stands in for a macro must be written out. The
tests of both texts, and the program's ``main``, which no test calls, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from forge_lsp.checking.comparisons import Function, compares, lambdas_of
from forge_lsp.checking.rules import rules_beside
from forge_lsp.languages.rust.restoring import without_tests
from forge_lsp.languages.rust.source import Item, blanked, items_of, tokens_of, walked

__all__ = ["doubt_of"]

_TABLE = rules_beside(__file__)
_NOTHING = re.compile(r"(?<![\w.)])(?<!\) )([a-z]\w*) (?:/ \1(?! ?[.(\[\w])|- \1 (?:\) )?/)")
_ALIAS = re.compile(r"\b(?:(\w+)|(?<=:: )\{ self) as (\w+)")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_READS = re.compile(
    r"\b(?:(?:try_)?exists|is_file|is_dir|metadata|read_to_string|read_dir|fs :: \w+|File :: \w+|OpenOptions)\b"
)
_SOURCES = re.compile(r'"[^"]*(?:\btests?\b|\.rs\b|\bsrc\b|Cargo|\btarget\b)[^"]*"|CARGO_MANIFEST_DIR')
_COMPARED = re.compile(r"\b(?:PartialEq|PartialOrd|Ord)\b")
_COMPARISONS = frozenset({"eq", "ne", "partial_cmp", "cmp", "lt", "le", "gt", "ge"})
_MACRO = re.compile(r"\bmacro_rules ! [^;]*?\bPartial(?:Eq|Ord)\b[^;]*?\bfn \w+ \([^)]*, (?:mut )?_\w* :")
_PARAMETER = re.compile(r"self[^,)]*, (?:mut )?(\w+) :")
_IDLE = re.compile(r"\blet _\w*(?: : [^=]*)? = [^;]*;|^_ = [^;]*;|(?<=; )_ = [^;]*;|\bdrop \( \w+ \) ;")


def doubt_of(before: str, after: str, *, scope: str | None = None) -> str | None:
    """Return why no proof of the text ``after`` is believed, in a short sentence; None where nothing speaks against it.

    ``before`` is the user's text, ``scope`` the name of what was to be written.
    """
    old, new = _told(before), _told(after)
    for rule in _TABLE.rules:
        if len(rule.pattern.findall(new)) > len(rule.pattern.findall(old)):
            return rule.says
    if _opens(new) > _opens(old):
        return "the code declares functions of the operating system that end or rewrite the process"
    if len(_READS.findall(new)) > len(_READS.findall(old)) and len(_SOURCES.findall(new)) > len(_SOURCES.findall(old)):
        return "the code reads the sources of tests"
    known = {before[item.start : item.end] for item in walked(items_of(before))}
    fresh = [item for item in walked(items_of(after)) if after[item.start : item.end] not in known]
    functions = dict(_functions(after, new))
    if any(_blind(after, item, functions) for item in fresh) or _blind_macro(old, new):
        return "the code compares values without looking at both sides"
    if any(_nan(after, item) for item in fresh):
        return "the code always gives NaN, which no comparison with a tolerance refuses"
    if scope is not None and _retyped(before, after, scope, fresh):
        return "the code returns another type than was asked for, with an equality of its own"
    return None


def _told(text: str) -> str:
    """The tokens of a text without its tests and the body of ``main``, a space between them."""
    text = without_tests(text)
    for item in reversed(items_of(text)):
        if item.kind == "fn" and item.name == "main" and item.body is not None and "no_mangle" not in item.attributes:
            text = blanked(text, *item.body)
    whole = " ".join(token.text for token in tokens_of(text) if token.kind != "comment")
    for name, alias in _ALIAS.findall(" ".join(re.findall(r"\buse [^;]*;", whole))):
        whole = re.sub(rf"\b{alias}\b(?= (?:::|\())", name, whole)
    joined = re.sub(
        r'" (?:, |(?:\. (?:to_owned|to_string|into) \( \) )?\+ &? ?)"', "", whole
    )  # put together from pieces
    pieces = "".join(literal.strip('"') for literal in _STRING.findall(whole))
    return joined + (' "/proc/self"' if re.search(r"/?proc/?(?:self|thread-self)", pieces) else "")


def _opens(told: str) -> int:
    blocks = re.findall(r'\bextern (?:"[^"]*" )?\{([^}]*)\}', told)
    return sum(len(re.findall(rf"\bfn (?:{_TABLE.parts['calls']}) \(", block)) for block in blocks)


def _blind(text: str, item: Item, functions: Mapping[str, Function]) -> bool:
    """Whether an item is a comparison that does not compare."""
    if item.kind != "impl" or item.body is None or not _COMPARED.search(text[item.head : item.body[0]]):
        return False
    for inner in item.items:
        if inner.kind != "fn" or inner.name not in _COMPARISONS or inner.body is None:
            continue
        head, body = _line(text[inner.head : inner.body[0]]), _line(text[slice(*inner.body)])
        used = _IDLE.sub("", body)
        other = _PARAMETER.search(head)
        if other is None or not re.search(rf"\b{other[1]}\b", used) or not re.search(r"\bself\b", used):
            return True
        if not compares(Function(left="self", right=other[1], body=used), functions, seen=(inner.name,)):
            return True
    return False


def _functions(text: str, told: str) -> Iterator[tuple[str, Function]]:
    """The functions of a text that have two sides, by name: of two parameters, or ``self`` and one."""
    for item in walked(items_of(text)):
        if item.kind != "fn" or item.body is None:
            continue
        head = _line(text[item.head : item.body[0] - 1])
        given = head.partition(f"fn {item.name}")[2].rpartition(" -> ")[0].partition("(")[2].rstrip(") ")
        sides = [re.sub(r"\b(?:mut|ref)\b|[&\s]|'\w+", "", part.partition(" : ")[0]) for part in given.split(" , ")]
        if len(sides) == 2:
            body = _IDLE.sub("", _line(text[slice(*item.body)]))
            yield item.name, Function(left=sides[0], right=sides[1], body=body)
    yield from lambdas_of(told)


def _line(code: str) -> str:
    """Code on one line, a space between its tokens, names in one piece."""
    joined = " ".join(token.text for token in tokens_of(code) if token.kind != "comment")
    return re.sub(r" (\.|::) (?=[\w{])", r"\1", joined)


def _blind_macro(old: str, new: str) -> bool:
    """Whether a macro of the code's own writes comparisons that do not look at the other side."""
    return len(_MACRO.findall(new)) > len(_MACRO.findall(old))


def _nan(text: str, item: Item) -> bool:
    """Whether a function gives NaN whatever it is given."""
    if item.kind != "fn" or item.body is None:
        return False
    body = _line(text[slice(*item.body)])
    constant = re.search(r"\b(?:f32|f64)::NAN\b", body) and not re.search(r"\b(?:if|match|for|while)\b|\?", body)
    return bool(constant or _NOTHING.search(body))


def _retyped(before: str, after: str, scope: str, fresh: list[Item]) -> bool:
    asked, given = _returned(before, scope), _returned(after, scope)
    if asked is None or given is None or asked == given:
        return False
    own = {item.name for item in fresh if item.kind == "impl" and _COMPARED.search(after[item.head : item.end])}
    return any(re.search(rf"\b{re.escape(name)}\b", given) for name in own)


def _returned(text: str, name: str) -> str | None:
    item = next((item for item in walked(items_of(text)) if item.kind == "fn" and item.name == name), None)
    if item is None or item.body is None:
        return None
    words = " ".join(token.text for token in tokens_of(text[item.head : item.body[0] - 1]))
    return words.rpartition(" -> ")[2] if " -> " in words else "()"
