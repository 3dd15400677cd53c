"""The examples in Rust's documentation: where they stand, which are run, and their twins that must fail. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from forge_lsp.checking.examples.values import split
from forge_lsp.languages.rust.source import Token, items_of, tokens_of, walked

__all__ = ["Example", "asserted", "examples_of", "has_example", "twin_of"]

_FENCE = re.compile(r"^\s*(?P<marks>`{3,}|~{3,})(?P<info>[^`]*)$")
_KNOWN = re.compile(
    r"rust|should_panic|no_run|compile_fail|ignore(?:-\S*)?|standalone(?:_crate)?|edition20\d\d|test_harness|E\d{4}"
)
_UNRUN = re.compile(r"no_run|compile_fail|ignore|test_harness|should_panic")
_MAIN = re.compile(r"\bfn\s+main\s*\(\s*\)[^{;]*\{")
_EQUAL = re.compile(r"assert_eq!\s*\((?P<sides>.*)\);?")
_REACHES = re.compile(r"\buse\b|\w::[a-z_]")
_TRUE = re.compile(r"^assert!\s*\((.*)\);?$")
_ABOVE = re.compile(r"\s*+(?:#?\s*+(?:#!\[.*\]|extern\s++crate\s.*)|#?)\s*+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A fence of a documentation comment. ``line`` counts from 1, ``name`` is the item's ("": the file's own)."""

    line: int
    name: str
    info: str
    body: tuple[str, ...]

    @property
    def proves(self) -> bool:
        """Whether it is run, and passes only if it comes to its end."""
        return _UNRUN.search(self.info) is None


def examples_of(text: str) -> tuple[Example, ...]:
    """Return the fenced examples in Rust of a text, in order. Code by indentation is run by nobody here."""
    found: list[Example] = []
    for item in walked(items_of(text)):
        found += _fences(text, item.docs, item.name)
    inner = [token for token in tokens_of(text) if token.text.startswith(("//!", "/*!"))]
    found += _fences(text, inner, "")
    return tuple(sorted(found, key=lambda example: example.line))


def has_example(docs: Sequence[Token]) -> bool:
    """Whether documentation has a fence, or code by indentation."""
    return any(
        _FENCE.match(line) is not None or line.startswith("     ") for token in docs for line in _contents(token)
    )


def asserted(lines: Sequence[str]) -> list[tuple[str, bool] | None]:
    """Return what each line of documentation says that is Rust's code in a fence, its assertion as a comparison (the
    call with the value that it should give), and whether the fence names what it calls so that rustdoc can compile it.
    None: it is no such code."""
    found: list[tuple[str, bool] | None] = []
    marks, code, first = "", False, 0
    for number, line in enumerate(lines):
        fence = _FENCE.match(line)
        if not marks and fence is not None:
            marks, code, first = fence["marks"], _is_code(fence["info"]), number + 1
        elif marks and line.strip().startswith(marks) and not line.strip().strip(marks[0]):
            named = any(_REACHES.search(one) for one in lines[first:number])
            found[first:] = [one if one is None else (one[0], named) for one in found[first:]]
            marks, code = "", False
        elif code:
            text = line.strip().removeprefix("# ")
            equal = _EQUAL.fullmatch(text)
            sides = split(equal["sides"]) if equal is not None else ()
            found.append((f"{sides[0]} == {sides[1]}" if len(sides) > 1 else _TRUE.sub(r"\1", text), False))
            continue
        found.append(None)
    return found


def _is_code(info: str) -> bool:
    return all(_KNOWN.fullmatch(word) for word in re.split(r"[,\s{}]+", info.strip()) if word)


def twin_of(example: Example, name: str, words: str) -> str:
    """Return text to add to a document: the same example, which fails with ``words`` where it comes to its end.

    ``name`` is what its item is called.
    """
    guard = (
        f"struct {name.title()}; impl Drop for {name.title()} {{ fn drop(&mut self) {{ "
        f'if !::std::thread::panicking() {{ panic!("{words}") }} }} }} let _{name} = {name.title()};'
    )
    body = list(example.body)
    whole = "\n".join(body)
    main = _MAIN.search(whole)
    if main is not None:
        body = f"{whole[: main.end()]} {guard}{whole[main.end() :]}".split("\n")
    else:
        place = next((number for number, line in enumerate(body) if not _ABOVE.match(line)), len(body))
        body.insert(place, f"# {guard}")
    lines = [f"```{example.info}", *body, "```"]
    documented = "\n".join(f"/// {line}".rstrip() for line in lines)
    return f"\n{documented}\n#[allow(dead_code)]\nfn {name}() {{}}\n"


def _fences(text: str, docs: Sequence[Token], name: str) -> list[Example]:
    found: list[Example] = []
    open_at, marks, info, body = 0, "", "", list[str]()
    for token in docs:
        first = text.count("\n", 0, token.start) + 1
        for number, line in enumerate(_contents(token), first):
            content = line[1:] if line.startswith(" ") else line
            fence = _FENCE.match(content)
            if not open_at and fence is not None:
                open_at, marks, info, body = number, fence["marks"], fence["info"].strip(), []
            elif open_at and content.strip().startswith(marks) and not content.strip().strip(marks[0]):
                if _is_code(info):
                    found.append(Example(line=open_at, name=name, info=info, body=tuple(body)))
                open_at = 0
            elif open_at:
                body.append(content)
    return found


def _contents(token: Token) -> list[str]:
    """The lines of a documentation comment without its marks."""
    if token.text.startswith("//"):
        return [token.text[3:].rstrip("\r")]
    lines = token.text[3:].removesuffix("*/").split("\n")
    return [lines[0], *(re.sub(r"^\s*\* ?", " ", line) for line in lines[1:])]
