"""Whether a comparison that somebody wrote compares, as far as its text shows it, in languages with braces. Pure.

A proof rests on comparisons. One that a candidate brings must be able to say no: its answer may not be the same on a
way through it that looks at one side only, it may not overwrite a side with the other, and what it hands both sides to
must compare as well. Where a text uses names that are not understood here, it is believed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

__all__ = ["Function", "compares", "lambdas_of"]

_EQUAL = re.compile(r"\(*\s*(?:true|! ?false|0|(?:\w+::)*Equal|Some ?\( ?(?:\w+::)*Equal ?\))\s*\)*")
_RETURN = re.compile(r"\breturn\b([^;}]*)")
_ASSIGNED = re.compile(r"(?:^|(?<=[;{}]))(?P<names>[^;{}=]*?)(?::=|(?<![=!<>+*/|&^-])=(?![=>]))(?P<value>[^;{}]*)")
_DECLARED = re.compile(
    r"(?!(?:return|else|new|throw|case|instanceof)\b)\b[A-Za-z][\w.]*(?:<[^;{}()]*?>)?(?:\[\])*\s+(\w+)\s*(?=[;,=:)])"
)
_FOR = re.compile(r"\bfor\b\s*\(?(?P<names>[^{};]*?)(?::=\s*range\b|=\s*range\b|\bin\b|(?<!:):(?!:))(?P<value>[^{;]*)")
_BOUND = re.compile(r"(?P<value>[\w.()]+)\s+instanceof\s+(?:final\s+)?[\w.]+(?:<[^;{}()]*?>)?\s+(?P<names>\w+)")
_CALL = re.compile(r"(?:(?P<on>\w[\w.]*)\s*\.\s*)?\b(?P<name>\w+)\s*\((?P<given>[^()]*(?:\([^()]*\)[^()]*)*)\)")
_SETTERS = r"(?:[sS]et(?:[A-Z_]\w*)?|replace|store|swap|clone_from|copy_from)"
_WORD = re.compile(r"(?<![\w.])(?<!\. )[a-z_]\w*(?!\w)(?!\s*(?:\(|::|!\s*\())")
_NOT_NAMES = """
return if else for while match switch case break continue let mut ref var const final in range nil null true false new
instanceof as int long double boolean float string bool byte char short i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128
usize f32 f64 func fn class this self super default try catch throw defer go type struct
"""
_KEYWORDS = frozenset(_NOT_NAMES.split())
_SAME = re.compile(r"(?<![\w.)])(?<![-+*/.] )(?:[*&]\s*)*(\w[\w.]*)\s*==\s*(?:[*&]\s*)*\1(?![\w.(\[])(?! [.(\[])")
_TWICE = re.compile(r"\(\s*(?:&\s*)*((?!true\b|false\b)[^\W\d][\w.]*)\s*,\s*(?:&\s*)*\1\s*\)")
_ITSELF = re.compile(
    r"(?<![\w.])(\w[\w.]*?)\s*\.\s*(?:equals|eq|ne|cmp|compareTo|partial_cmp|total_cmp|Equals?|Cmp|Compare)\s*\(\s*(?:&\s*)*"
    r"\1\s*\)"
)
_MINUS = re.compile(r"(?<![\w.)])(\w[\w.]*)\s*-\s*\1(?![\w.(\[])")
_NOTHING = re.compile(r"(?<![\w.])(\w[\w.]*)\s*(==|!=|<=|>=|<|>)\s*(\w[\w.]*)(?![\w.(])")
_WAYS = {"==": "e", "!=": "lg", "<": "l", ">": "g", "<=": "le", ">=": "ge"}
_WIDE = re.compile(r"<=?\s*(\d[\d_]*(?:\.\d+)?)(?![\w.])")
_ARROW = re.compile(
    r"\b(?P<name>\w++)(?:\s*+:[^=;]*)?\s*+=\s*+"
    r"(?:\(\s*+(?P<one>\w++(?: ++\w++)*+)\s*+,\s*+(?P<two>\w++(?: ++\w++)*+)\s*+\)\s*+->|"
    r"(?:move )?\|\s*&*(?P<a>\w+)[^,|]*,\s*&*(?P<b>\w+)[^|]*\|(?: -> \w+)?)\s*(?P<body>\{[^{}]*\}|[^;]*)"
)
_KEPT = re.compile(r"\b(\w+)\s*:?=\s*func\s*\(\s*(\w+)[^,)]*,\s*(\w+)[^)]*\)[^{;]*\{([^{}]*)\}")
_ABOUT_TYPES = re.compile(
    r"\bgetClass\s*\(\s*\)|\b(?:reflect\s*\.\s*)?TypeOf\s*\([^()]*\)|\b\w*size_of_val\s*\([^()]*\)|"
    r"\btype_id\s*\([^()]*\)|\btype_name_of_val\s*\([^()]*\)|\binstanceof\s+[\w.]+(?:<[^;{}()]*?>)?(?![\w.<]|\s*\w)|\b(?:hashCode|toString)\s*\(\s*\)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function of two sides. ``body`` stands on one line, without comments and what its strings hold, and with a
    semicolon after each statement. ``left``: the name of the object whose method it is ("": its members are named
    without it). ``result``: the name of what it returns."""

    left: str
    right: str
    body: str
    result: str | None = None


@dataclass(slots=True)
class _Sides:
    """Which names stand for which side."""

    left: set[str] = field(default_factory=set[str])
    right: set[str] = field(default_factory=set[str])
    implicit: bool = False

    def of(self, text: str) -> tuple[bool, bool, bool]:
        """Whether ``text`` uses the left side, the right side, and names that are not known to be either."""
        words = {word for word in _WORD.findall(text) if word not in _KEYWORDS}
        left = bool(words & self.left) or (self.implicit and re.search(r"\bthis\b", text) is not None)
        left = left or bool(re.search(r"\bself\b", text) and "self" in self.left)
        other = words - self.left - self.right
        called = self.implicit and re.search(
            r"(?<![\w.])(?<!\. )(?!if\b|for\b|while\b|switch\b|return\b)[a-z]\w*\s*\(", text
        )
        if self.implicit and (other or called):
            left, other = True, set[str]()
        return left, bool(words & self.right), bool(other)

    def both(self, text: str) -> bool:
        left, right, unknown = self.of(text)
        return (left and right) or unknown


def compares(function: Function, others: Mapping[str, Function], seen: Collection[str] = ()) -> bool:
    """Return whether a comparison can tell its sides apart, as far as its text shows it.

    ``others`` are the functions of two sides that came with it, by name.
    """
    body = _ABOUT_TYPES.sub(" ", function.body)
    body = re.sub(r"\blet _\w* = [^;]*;", " ", body)
    body = re.sub(r"\bsuper\b(?=\s*\.)", "this", body)
    sides = _sides(function, body)
    if sides is None or _always(body):
        return False
    if (
        any(not sides.both(part) for part in _alternatives(body))
        or _wide(body, sides)
        or not _told_apart(body, sides, function)
    ):
        return False
    left, right, unknown = sides.of(body)
    if not (left and right) and not unknown:
        return False  # it asks for no more than their types
    for call in _CALL.finditer(body):
        kept = (call["on"] or "").rpartition(".")[2]
        name = kept if kept in others else call["name"]
        if name not in others or name in seen or len(call["given"]) > 200:
            continue
        left, right, _ = sides.of(f"{call['on'] or ('this' if sides.implicit else '')} {call['given']}")
        if left and right and not compares(others[name], others, {*seen, name}):
            return False
    return True


def lambdas_of(text: str) -> Iterator[tuple[str, Function]]:
    """Yield the functions of two sides that a text keeps in variables, by the variables' names."""
    for match in _ARROW.finditer(text):
        one, two = (match["one"] or match["a"]).split()[-1], (match["two"] or match["b"]).split()[-1]
        body = match["body"].strip()
        yield (
            match["name"],
            Function(left=one, right=two, body=body.strip("{}") if body.startswith("{") else f"return {body};"),
        )
    for match in _KEPT.finditer(text):
        yield match[1], Function(left=match[2], right=match[3], body=match[4])


def _sides(function: Function, body: str) -> _Sides | None:
    """Which names stand for which side; None where one side is overwritten with the other."""
    sides = _Sides({function.left} - {""}, {function.right}, implicit=not function.left)
    if function.right == "_" or function.left == "_":
        return None
    bindings = [*_ASSIGNED.finditer(body), *_FOR.finditer(body), *_BOUND.finditer(body)]
    declared = set(_DECLARED.findall(body))
    for match in sorted(bindings, key=re.Match[str].start):
        target = match["names"]
        left, right, _ = sides.of(match["value"])
        names = {
            word
            for word in re.findall(r"(?<![\w.])[a-z_]\w*", re.sub(r"\w+\s*:(?!:)", " ", target))
            if word not in _KEYWORDS
        }
        stated = re.search(r"^\s*(?:let\b|var\b|final\b|const\b|[\w.<>?\[\]]+\s+\w+\s*$)", target) is not None
        fresh = stated or ":=" in match[0] or bool(names & declared) or match.re is not _ASSIGNED
        if function.left in names and right and not left:
            return None
        if function.right in names and left and not right:
            return None
        if sides.implicit and not fresh and right and match.re is _ASSIGNED:
            return None  # the object's own member
        if left:
            sides.left |= names
        if right:
            sides.right |= names
    for match in re.finditer(rf"(?P<on>\w[\w.]*)\s*\.\s*{_SETTERS}\s*\((?P<given>[^;]*?)\)", body):
        on, given = sides.of(match["on"] + " "), sides.of(match["given"])
        if (on[0] and given[1] and not given[0]) or (on[1] and given[0] and not given[1]):
            return None
    return sides


def _always(body: str) -> bool:
    """Whether it compares something with itself, or asks for one thing or its opposite."""
    if _SAME.search(body) or _TWICE.search(body) or _ITSELF.search(body) or _MINUS.search(body):
        return True
    for part in re.findall(r"[^;{}]*\|\|[^;{}]*", body):
        ways: dict[tuple[str, str], set[str]] = {}
        for left, sign, right in _NOTHING.findall(re.sub(r"[*&] ?(?=\w)", "", part)):
            ways.setdefault((left, right), set()).update(_WAYS[sign])
        if any(len(found) == len("leg") for found in ways.values()):
            return True
    return False


def _alternatives(body: str) -> Iterator[str]:
    """What stands between the ``||`` of what is returned, outside all brackets."""
    last = re.split(r"[;}]", body)[-1]
    for text in (*(match[1] for match in _RETURN.finditer(body)), last):
        depth, start, parts = 0, 0, list[str]()
        for match in re.finditer(r"[()\[\]{}]|\|\||\?", text):
            sign = match[0]
            if sign == "?" and depth == 0:
                parts.clear()
                start = -1
                break
            if sign == "||" and depth == 0:
                parts.append(text[start : match.start()])
                start = match.end()
            elif sign != "||" and sign != "?":
                depth += 1 if sign in "([{" else -1
        if parts:
            yield from (*parts, text[start:])


def _wide(body: str, sides: _Sides) -> bool:
    """Whether sides count as equal that are more than one apart."""
    apart = {
        match["names"].split()[-1]
        for match in _ASSIGNED.finditer(body)
        if "-" in match["value"] and sides.both(match["value"])
    }
    for match in _WIDE.finditer(body):
        statement = re.split(r"[;{}]|&&|\|\|", body[: match.start()])[-1]
        subtracted = "-" in statement and all(sides.of(statement)[:2])
        known = any(re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", statement) for name in apart)
        if (subtracted or known) and float(match[1].replace("_", "")) > 1:
            return True
    return False


def _told_apart(body: str, sides: _Sides, function: Function) -> bool:
    """Whether no way through it says "equal" after looking at one side alone."""
    answers = list(_answers(body, function))
    for number, (equal, guards, kept) in enumerate(answers):
        if not equal:
            continue
        if guards:
            left, right, unknown = sides.of(" ; ".join(guards))
            words = set(_WORD.findall(" ".join(guards))) - _KEYWORDS
            apart = [" ; ".join(one[1]) for one in answers[:number] if not one[0] and one[1]]
            told = any(words & set(_WORD.findall(one)) and sides.both(one) for one in apart)
            if (left or right) and not (left and right) and not unknown and not told:
                return False
            continue
        earlier = [one for one in answers[:number] if not one[2] and not (one[0] and not one[1])]
        later = answers[number + 1 :] if kept else []
        if not any(not one[0] and (not one[1] or sides.both(" ; ".join(one[1]))) for one in (*earlier, *later)):
            return False
    return True


def _answers(body: str, function: Function) -> Iterator[tuple[bool, tuple[str, ...], bool]]:
    """Yield what a body answers, in order: whether that is always "equal", under which conditions, and whether it is
    only kept in a variable that is returned later."""
    returned = {name.strip() for name in _RETURN.findall(body) if re.fullmatch(r"\s*[a-z]\w*\s*", name)} - {
        "true",
        "false",
    }
    returned |= {function.result} if function.result else set[str]()
    kept = "|".join(re.escape(name) for name in sorted(returned)) or r"(?!)"
    tail = r"(?:(?<=[{;}])|(?<=^))\s*(?P<tail>true|false|0|(?:\w+::)*Equal|Some ?\( ?(?:\w+::)*Equal ?\))\s*(?=\}|$)"
    statement = re.compile(rf"\breturn\b(?P<value>[^;}}]*)|(?<![\w.])(?:{kept})\s*=(?!=)\s*(?P<kept>[^;}}]*)|{tail}")
    for match in statement.finditer(body):
        value = match["value"] if match["value"] is not None else match["kept"] or match["tail"]
        guards = tuple(_guards(body, match.start()))
        if match["value"] is not None and (value.strip() in returned or (not value.strip() and returned)):
            if guards:
                yield False, guards, False
            continue
        yield _EQUAL.fullmatch(value.strip()) is not None, guards, match["kept"] is not None
    last = re.split(r"[;}]", body)[-1].strip()
    if (
        last
        and not last.startswith("return")
        and not re.fullmatch(r"true|false|0|[\w:]*Equal|Some ?\( ?[\w:]*Equal ?\)", last)
    ):
        yield False, (), False


def _guards(body: str, at: int) -> Iterator[str]:
    """The conditions under which the statement at an offset is reached."""
    heads: list[str] = []
    before, begin = "", 0
    for match in re.finditer(r"[{};]", body[:at]):
        head = body[begin : match.start()].strip()
        begin = match.end()
        if match[0] == "{":
            heads.append(f"{before} {head}" if head.startswith("else") else head)
        elif match[0] == "}":
            before = heads.pop() if heads else ""
        else:
            before = head if head.startswith("if") else ""
    own = body[begin:at].strip()
    for head in (*heads, f"{before} {own}" if own.startswith("else") else own):
        if re.search(r"\b(?:if|else|while|for|match|switch|case)\b", head) or "=>" in head:
            yield head
        elif re.match(r"defer\b", head):
            return
