"""The text of a Go file as far as its tests need it: its declarations, what they name, and copies with some left out.

Pure. Nothing here parses Go in full: a declaration ends where its brackets close, as in all formatted code.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = [
    "Declaration",
    "blank_import",
    "declarations",
    "imports_of",
    "masked",
    "reaching",
    "tests_in",
    "unfinished",
    "with_panic",
    "without",
]

_TOKEN = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|(?P<string>\"(?:\\.|[^\"\\\n])*\"?|`[^`]*(?:`|\Z)|'(?:\\.|[^'\\\n])*'?)",
    re.S,
)
_START = re.compile(r"^(?P<kind>func|var|const|type)\b", re.M)
_FUNCTION = re.compile(r"func\s*+(?:\(\s*+(?:\w++\s++(?=[\w*]))?\*?\s*+(?P<receiver>\w++)[^)]*+\))?\s*+(?P<name>\w++)")
_IMPORT = re.compile(r"^[ \t]*(?:import[ \t]+)?(?:(?P<alias>[\w.]+)[ \t]+)?\"(?P<path>[^\"\n]+)\"", re.M)
_IMPORTS = re.compile(r"^import[ \t]*(?:\((?P<block>[^)]*)\)|[^\n]*)", re.M)
_TEST = re.compile(r"(?:Test|Fuzz|Example)(?![a-z])\w*\Z")
_OUTPUT = re.compile(r"//\s*(?:Unordered output|Output):", re.I)
_STUB = re.compile(
    r"func\s*(?:\([^)]*\)\s*)?\w+\s*\((?P<parameters>[^)]*)\)(?P<results>[^{]*)\{\s*+return\s++(?P<values>[^\n}]*?(?:\{\})?)\s*\}"
)
_ZERO = re.compile(r"0(?:\.0*)?|\"\"|``|nil|false|&?[\w.\[\]]+\{\}|''")
_WORD = re.compile(r"[^\W\d]\w*")
_ASSIGNED = re.compile(r"^[ \t]*([^\W\d]\w*)(?:\[[^\]\n]*\]|\.\w+)*[ \t]*=(?!=)", re.M)
_OPEN, _CLOSED = "([{", ")]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A declaration at the top of a file.

    ``names`` are what it declares, the type of a method's receiver too. ``start`` and ``end`` are offsets in the text,
    ``first`` and ``last`` its lines, counted from 1. ``test``: the name of a test or example that the runner would run.
    ``holds`` are the variables of the package to which it gives what it names: those it declares, or, where it is an
    ``init``, those it assigns.
    """

    names: tuple[str, ...]
    start: int
    end: int
    first: int
    last: int
    words: frozenset[str]
    test: str | None = None
    holds: tuple[str, ...] = ()


def masked(text: str, *, strings: bool = True) -> str:
    """Return ``text`` with spaces in the place of its comments, and of what stands between the quotes of its
    ``strings``."""

    def blank(match: re.Match[str]) -> str:
        whole = match[0]
        if match["string"] is None:
            return re.sub(r"[^\n]", " ", whole)
        return whole[0] + re.sub(r"[^\n]", " ", whole[1:-1]) + whole[-1] if strings and len(whole) > 1 else whole

    return _TOKEN.sub(blank, text)


def declarations(text: str) -> tuple[Declaration, ...]:
    """Return the declarations of a file, in order, imports aside."""
    plain = masked(text)
    found: list[Declaration] = []
    for match in _START.finditer(plain):
        start = match.start()
        if found and start < found[-1].end:
            continue
        end = _end(plain, start)
        body = plain[start:end]
        first = text.count("\n", 0, start) + 1
        names = tuple(_names(match["kind"], body))
        function = match["kind"] == "func" and len(names) == 1
        is_test = function and _TEST.match(names[0]) is not None and names[0] != "TestMain"
        if is_test and names[0].startswith("Example") and not _OUTPUT.search(text, start, end):
            is_test = False  # compiled, never run
        found.append(
            Declaration(
                names=names,
                start=start,
                end=end,
                first=first,
                last=first + text.count("\n", start, end),
                words=frozenset(_WORD.findall(body)),
                test=names[0] if is_test else None,
                holds=names if match["kind"] == "var" else tuple(_ASSIGNED.findall(body)) if names == ("init",) else (),
            )
        )
    return tuple(found)


def _end(plain: str, start: int) -> int:
    """Where the declaration ends: at the first line's end outside all brackets that no operator carries on."""
    depth = 0
    for at in range(start, len(plain)):
        char = plain[at]
        if char in _OPEN:
            depth += 1
        elif char in _CLOSED:
            depth -= 1
        elif char == "\n" and depth <= 0 and not plain[start:at].rstrip().endswith(tuple("+-*/|&,.=<>%^")):
            return at
    return len(plain)


def _names(kind: str, body: str) -> Iterator[str]:
    if kind == "func":
        match = _FUNCTION.match(body)
        if match is not None:
            yield match["name"]
            if match["receiver"] is not None:
                yield match["receiver"]
        return
    inner = body[len(kind) :].strip()
    lines = inner[1:].split("\n") if inner.startswith("(") else [inner]
    depth = 0
    for line in lines:
        match = re.match(r"\s*([^\W\d]\w*(?:\s*,\s*[^\W\d]\w*)*)", line)
        if match is not None and depth == 0:
            yield from _WORD.findall(match[1])
        depth += sum(char in _OPEN for char in line) - sum(char in _CLOSED for char in line)
        depth = max(depth, 0)


def tests_in(files: Mapping[str, str]) -> dict[str, tuple[str, Declaration]]:
    """Return the tests and examples of test files by name, each with its file."""
    return {
        one.test: (file, one)
        for file, text in sorted(files.items())
        for one in declarations(text)
        if one.test is not None
    }


def reaching(names: Collection[str], texts: Iterable[str], *, steps: int | None = None) -> frozenset[str]:
    """Return the names that the declarations of ``texts`` declare and that lead to one of ``names``: those that name
    one of them, those that name these, and so on (at most ``steps`` times). ``names`` themselves are among them, and
    the variables that hold one of them (a table of functions): who uses the variable calls what it holds."""
    every = [one for text in texts for one in declarations(text)]
    reached = _held(frozenset(names), every)
    while steps is None or steps > 0:
        more = frozenset(
            name for one in every if not reached.isdisjoint(one.words - set(one.names)) for name in one.names
        )
        if more <= reached:
            break
        reached = _held(reached | more, every)
        steps = None if steps is None else steps - 1
    return reached


def _held(names: frozenset[str], every: Sequence[Declaration]) -> frozenset[str]:
    """``names`` and the variables that hold one of them."""
    while True:
        more = {name for one in every if not names.isdisjoint(one.words - set(one.holds)) for name in one.holds}
        if more <= names:
            return names
        names |= more


def unfinished(texts: Iterable[str]) -> frozenset[str]:
    """Return the functions that are evidently still to be written: they take something, look at none of it, and give
    back zero values alone."""
    found: set[str] = set()
    for text in texts:
        for one in declarations(text):
            match = _STUB.match(masked(text[one.start : one.end], strings=False).strip())
            if match is None or match["results"].strip() in ("", "error"):
                continue
            parameters = _WORD.findall(match["parameters"])
            values = [value.strip() for value in match["values"].split(",")]
            if parameters and all(_ZERO.fullmatch(value) for value in values):
                found.add(one.names[0])
    return frozenset(found)


def without(text: str, left_out: Iterable[Declaration]) -> str:
    """Return ``text`` without some of its declarations; all others keep their lines."""
    for one in sorted(left_out, key=lambda one: -one.start):
        text = text[: one.start] + "\n" * text.count("\n", one.start, one.end) + text[one.end :]
    return text


def blank_import(text: str, line: int) -> str:
    """Return ``text`` with the import on ``line`` kept for its effects only, which needs no use."""
    lines = text.split("\n")
    if 0 < line <= len(lines):
        lines[line - 1] = re.sub(r"^(\s*(?:import\s+)?)(?:[\w.]+\s+)?(?=\")", r"\1_ ", lines[line - 1], count=1)
    return "\n".join(lines)


def with_panic(text: str, line: int, column: int) -> str:
    """Return ``text`` with a function whose end is at ``line`` and ``column`` (in bytes, from 1) made to end in a panic
    there: an empty body that should return something."""
    lines = text.split("\n")
    if 0 < line <= len(lines) and column > 0:
        encoded = lines[line - 1].encode("utf-8", "surrogatepass")
        if encoded[column - 1 : column] == b"}":
            head, rest = (
                part.decode("utf-8", "surrogatepass") for part in (encoded[: column - 1], encoded[column - 1 :])
            )
            lines[line - 1] = (
                f'{head}; panic("not implemented") {rest}'
                if head.strip()
                else (f'{head}panic("not implemented") {rest}')
            )
    return "\n".join(lines)


def imports_of(text: str) -> dict[str, str]:
    """Return the path of each import by the name that the file knows it by (``_`` and ``.`` with the path behind)."""
    found: dict[str, str] = {}
    plain = masked(text, strings=False)
    for match in _IMPORTS.finditer(plain):
        for one in _IMPORT.finditer(match["block"] if match["block"] is not None else match[0]):
            path = one["path"]
            name = one["alias"] or re.sub(r"/v\d+\Z", "", path).rpartition("/")[2]
            found[f"{name} {path}" if name in ("_", ".") else name] = path
    return found
