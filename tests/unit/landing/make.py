"""Makes the corpus of answers from its seeds: what may come, and the text of the file that is to come of it.

    python -m tests.unit.landing.make [--check]

``--check`` compares with what is kept, and writes nothing.
"""

from __future__ import annotations

import argparse
import difflib
import html
import json
import lzma
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.support import lang
from tests.unit.landing.seeds import Seed, seeds

__all__ = ["KEPT", "Case", "cases", "kept"]

KEPT = Path(__file__).parent / "answers.jsonl.xz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``changes`` turns the document into the file that is to come of it: start, end, text; None: the answer must be
    refused."""

    language: str
    title: str
    form: str
    answer: str
    changes: tuple[tuple[int, int, str], ...] | None

    def expected(self, original: str) -> str | None:
        """The file that is to come of it."""
        if self.changes is None:
            return None
        for start, end, text in reversed(self.changes):
            original = original[:start] + text + original[end:]
        return original


_MARKS = {lang.PYTHON: "#", lang.RUBY: "#"}
_CONSTANTS = {
    lang.PYTHON: "LIMIT = 10",
    lang.TYPESCRIPT: "const LIMIT = 10;",
    lang.JAVASCRIPT: "const LIMIT = 10;",
    lang.JAVA: "private static final int LIMIT = 10;",
    lang.CSHARP: "private const int LIMIT = 10;",
    lang.GO: "const LIMIT = 10",
    lang.RUST: "const LIMIT: i32 = 10;",
    lang.C: "static const int LIMIT = 10;",
    lang.CPP: "constexpr int LIMIT = 10;",
    lang.PHP: "const LIMIT = 10;",
    lang.RUBY: "LIMIT = 10",
    lang.KOTLIN: "private const val LIMIT = 10",
}
_GUARDS = {
    lang.PYTHON: "if a < 0:\n    return 0",
    lang.TYPESCRIPT: "if (a < 0) {\n  return 0;\n}",
    lang.JAVASCRIPT: "if (a < 0) {\n  return 0;\n}",
    lang.JAVA: "if (a < 0) {\n    return 0;\n}",
    lang.CSHARP: "if (a < 0)\n{\n    return 0;\n}",
    lang.GO: "if a < 0 {\n\treturn 0\n}",
    lang.RUST: "if a < 0 {\n    return 0;\n}",
    lang.C: "if (a < 0) {\n    return 0;\n}",
    lang.CPP: "if (a < 0) {\n    return 0;\n}",
}
_IN_CLASS = (lang.JAVA, lang.CSHARP)
_UNUSED = {
    lang.PYTHON: "import itertools",
    lang.TYPESCRIPT: 'import { readFile } from "fs";',
    lang.JAVASCRIPT: "const util = require('util');",
    lang.JAVA: "import java.util.Map;",
    lang.CSHARP: "using System.Text;",
    lang.GO: 'import "strings"',
    lang.RUST: "use std::cmp::min;",
    lang.C: "#include <limits.h>",
    lang.CPP: "#include <map>",
    lang.PHP: "use Acme\\Clock;",
    lang.RUBY: 'require "date"',
    lang.KOTLIN: "import java.util.UUID",
}
_DOC = re.compile(r'[ \t]*(?:"""(?:[^"]|"(?!""))*"""|/\*\*?(?:[^*]|\*(?!/))*\*/|(?://[^\n]*|#(?!\[)[^\n]*))\n')
_SENTENCE = "Adds what is there."


def cases() -> Iterator[Case]:
    """All of them."""
    for number, seed in enumerate(seeds()):
        for form, answer, expected in _forms(seed, number):
            changes = None if expected is None else tuple(_changes(seed.original, expected))
            yield Case(language=seed.language.id, title=seed.title, form=form, answer=answer, changes=changes)


def kept() -> Iterator[Case]:
    """What is kept of them."""
    with lzma.open(KEPT, "rt", encoding="utf-8") as lines:
        for line in lines:
            fields = json.loads(line)
            found = fields.pop("changes")
            yield Case(**fields, changes=None if found is None else tuple((a, b, c) for a, b, c in found))


def _changes(before: str, after: str) -> Iterator[tuple[int, int, str]]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield starts[a], starts[b], "".join(new[c:d])


def _forms(seed: Seed, number: int) -> Iterator[tuple[str, str, str | None]]:
    right = seed.placed(seed.after)
    shapes: dict[str, Callable[[str], str]] = {
        "alone": lambda after: textwrap.dedent(after) + "\n",
        "file": lambda after: seed.placed(after),
    }
    if seed.owner is not None:
        shapes["class"] = seed.owned
    names = list(shapes)
    info = str(seed.language)
    for name, shape in shapes.items():
        yield f"{name}, fenced", f"Here it is:\n\n{_fence(shape(seed.after), info)}\nIt adds up.\n", right
    for at, (form, wrap) in enumerate(_WRAPS.items()):
        name = names[(number + at) % len(names)]
        yield f"{name}, {form}", wrap(shapes[name](seed.after), seed), right
    patch = difflib.unified_diff(
        seed.original.splitlines(keepends=True), right.splitlines(keepends=True), "a/file", "b/file"
    )
    yield "a diff", f"```diff\n{''.join(patch)}```\n", right
    hunks = list(difflib.unified_diff(*_lines(seed.original, right), n=3))[2:]
    yield "a diff without numbers", f"```diff\n{''.join(_unnumbered(hunks))}```\n", right
    if sum(line.startswith("@@") for line in hunks) == 1:
        yield "a diff without a head", f"```diff\n{''.join(hunks[1:])}```\n", right
    old, new = seed.original, right
    head = next(at for at, (a, b) in enumerate(zip(*_lines(old, new), strict=False)) if a != b)
    context = _lines(old, new)
    below = seed.tail.count("\n") - 1
    searched = "".join(context[0][max(head - 2, 0) : len(context[0]) - below])
    replaced = "".join(context[1][max(head - 2, 0) : len(context[1]) - below])
    block = f"<<<<<<< SEARCH\n{searched}=======\n{replaced}>>>>>>> REPLACE\n"
    yield "search and replace", f"file\n```{info}\n{block}```\n", right
    yield from _contents(seed, shapes)
    yield from _bodies(seed, right)
    yield from _nothing(seed)


def _lines(before: str, after: str) -> tuple[list[str], list[str]]:
    return before.splitlines(keepends=True), after.splitlines(keepends=True)


def _unnumbered(hunks: list[str]) -> list[str]:
    return ["@@\n" if line.startswith("@@") else line for line in hunks]


def _nothing(seed: Seed) -> Iterator[tuple[str, str, str | None]]:
    """Answers that hold no code for it."""
    yield "a refusal", "I'm sorry, I cannot see enough of the project to write this.\n", None
    yield "words about it", "It adds up what is there and returns the sum; see `total` for more.\n", None
    body = textwrap.dedent(_DOC.sub("", seed.marked.replace("|>", ""), count=1)).split("\n")
    opening = next((at for at, line in enumerate(body) if _opens(seed, line)), None)
    if opening is None or "class" in seed.title or seed.title in ("impl", "overloads"):
        return
    mark = _MARKS.get(seed.language, "//")
    closing = [] if seed.language is lang.PYTHON else body[-1:]
    stands = ["    pass"] if seed.language is lang.PYTHON else []
    hollow = [*body[: opening + 1], f"    {mark} ... rest of the code stays the same ...", *stands, *closing]
    yield "a body left out", _fence("\n".join(hollow), str(seed.language)), None


def _older(seed: Seed, code: str) -> str:
    """``code`` as a first attempt that is wrong."""
    assert "10" in code
    return code.replace("10", "11")


def _fence(code: str, info: str, ticks: str = "```") -> str:
    return f"{ticks}{info}\n{code.rstrip(chr(10))}\n{ticks}\n"


def _numbered(code: str, pattern: str, first: int) -> str:
    return "".join(pattern.format(at, line) + "\n" for at, line in enumerate(code.rstrip("\n").split("\n"), first))


_WRAPS: dict[str, Callable[[str, Seed], str]] = {
    "unnamed fence": lambda code, _: _fence(code, ""),
    "tildes": lambda code, seed: _fence(code, str(seed.language), "~~~"),
    "fence never closed": lambda code, seed: f"Sure!\n\n```{seed.language}\n{code}",
    "no fence": lambda code, _: code,
    "no fence, prose around": lambda code, _: f"Here is the code that you asked for:\n\n{code}\nIt adds up.\n",
    "after thoughts": lambda code, seed: (
        f"<think>\nMaybe\n\n{_fence(_older(seed, code), str(seed.language))}\nno, better:\n</think>\n"
        + _fence(code, str(seed.language))
    ),
    "in a list": lambda code, seed: (
        "1. The code:\n\n" + textwrap.indent(_fence(code, str(seed.language)), "   ") + "\n2. Done.\n"
    ),
    "carriage returns": lambda code, seed: _fence(code, str(seed.language)).replace("\n", "\r\n"),
    "HTML entities": lambda code, seed: _fence(html.escape(code), str(seed.language)),
    "HTML entities of brackets": lambda code, seed: _fence(
        code.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"), str(seed.language)
    ),
    "HTML element": lambda code, _: f"<pre><code>{html.escape(code)}</code></pre>\n",
    "JSON": lambda code, _: json.dumps({"code": code, "explanation": "It adds up."}),
    "JSON, fenced": lambda code, _: _fence(json.dumps({"code": code}, indent=2), "json"),
    "JSON, fence inside": lambda code, seed: json.dumps({"code": _fence(code, str(seed.language))}),
    "numbers with bars": lambda code, seed: _fence(_numbered(code, "{:>4} | {}", 1), str(seed.language)),
    "numbers with colons": lambda code, seed: _fence(_numbered(code, "{}: {}", 7), str(seed.language)),
    "numbers with tabs": lambda code, seed: _fence(_numbered(code, "{:>6}\t{}", 20), str(seed.language)),
    "escaped line breaks": lambda code, seed: _fence(_escaped(code), str(seed.language)),
    "escaped line breaks, no fence": lambda code, _: _escaped(code),
    "corrected": lambda code, seed: (
        f"{_fence(_older(seed, code), str(seed.language))}\nWait, that fails for empty input. Corrected:\n\n"
        + _fence(code, str(seed.language))
    ),
    "corrected in passing": lambda code, seed: (
        f"First try:\n\n{_fence(_older(seed, code), str(seed.language))}\nThat is off by one.\n\n"
        + _fence(code, str(seed.language))
    ),
    "alternative after it": lambda code, seed: (
        f"{_fence(code, str(seed.language))}\nAlternatively, with another limit:\n\n"
        + _fence(_older(seed, code), str(seed.language))
    ),
    "simpler version after it": lambda code, seed: (
        f"{_fence(code, str(seed.language))}\nIf you prefer a higher limit, you could use:\n\n"
        + _fence(_older(seed, code), str(seed.language))
    ),
    "options": lambda code, seed: (
        f"**Option 1:**\n\n{_fence(code, str(seed.language))}\n**Option 2** (a higher limit):\n\n"
        + _fence(_older(seed, code), str(seed.language))
    ),
    "corrected twice": lambda code, seed: (
        f"{_fence(_older(seed, code), str(seed.language))}\nHmm, that is wrong for zero. Fixed version:\n\n"
        + _fence(code.replace("10", "12"), str(seed.language))
        + "\nOne more problem: the limit. The final version:\n\n"
        + _fence(code, str(seed.language))
    ),
    "JSON list": lambda code, _: json.dumps([{"path": "file", "content": code}]),
    "JSON lines": lambda code, _: json.dumps({"code": code.split("\n")}),
    "a tag around it": lambda code, _: f"<answer>\n{code}</answer>\n",
    "a code element": lambda code, _: f"<code>\n{html.escape(code)}</code>\n",
    "before and after": lambda code, seed: (
        f"**Before:**\n\n{_fence(_older(seed, code), str(seed.language))}\n**After:**\n\n"
        + _fence(code, str(seed.language))
    ),
    "output after it": lambda code, seed: f"{_fence(code, str(seed.language))}\nThis prints:\n\n{_fence('13', 'text')}",
}


def _bodies(seed: Seed, right: str) -> Iterator[tuple[str, str, str | None]]:
    """The statements of the function without its header; and some that are to be added to what is there."""
    info = str(seed.language)
    body = _statements(seed)
    if body is None:
        return
    deep = textwrap.indent(body, "    ") if "kept" not in body else body
    yield "the body alone", _fence(body, info), right
    yield "the body alone, further in", f"The function's code:\n\n{_fence(deep, '')}\nIt adds up.\n", right
    if seed.language.editing().closer == "}":
        inner = textwrap.indent(body, "  ") if "kept" not in body else body
        yield "the body alone, in braces", _fence(f"{{\n{inner}\n}}", info), right
    guard = _GUARDS.get(seed.language)
    if guard is not None and "a + b" in seed.marked and "class" not in seed.title:
        yield "lines to be added", f"Add this at the top of the function:\n\n{_fence(guard, info)}", None
        yield "a check alone", _fence(guard, info), None


def _statements(seed: Seed) -> str | None:
    """What stands between the header of a function and its end, at the margin."""
    if "class" in seed.title or seed.title == "impl":
        return None
    lines = textwrap.dedent(_DOC.sub("", seed.after, count=1)).rstrip("\n").split("\n")
    if seed.title == "overloads":
        del lines[: next(at for at, line in enumerate(lines) if line.rstrip().endswith("{"))]
    opening = next((at for at, line in enumerate(lines) if _opens(seed, line)), None)
    if opening is None:
        return None
    end = len(lines) if seed.language is lang.PYTHON else len(lines) - 1
    body = "\n".join(lines[opening + 1 : end])
    return textwrap.dedent(body)


def _escaped(code: str) -> str:
    return code.rstrip("\n").replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def _contents(seed: Seed, shapes: dict[str, Callable[[str], str]]) -> Iterator[tuple[str, str, str | None]]:
    info, right = str(seed.language), seed.placed(seed.after)
    for name, shape in shapes.items():
        yield f"{name}, no documentation", _fence(shape(_DOC.sub("", seed.after, count=1)), info), right
        short = seed.after.replace(_SENTENCE, "Sums.").replace(_SENTENCE.lower(), "sums.")
        yield f"{name}, other documentation", _fence(shape(short), info), right
        used = seed.after.replace("10", "LIMIT")
        constant = _CONSTANTS[seed.language]
        yield f"{name}, an import that is not used", _fence(_with_import(seed, shape(seed.after)), info), right
        yield f"{name}, a constant before it", *_with_constant(seed, name, used, constant)
    if seed.owner is not None:
        mark = _MARKS.get(seed.language, "//")
        lines = seed.owned(seed.after).rstrip("\n").split("\n")
        body = textwrap.dedent(seed.after).split("\n")
        inner = [(_inner(seed) + line) if line else line for line in body]
        comment = f"{_inner(seed)}{mark} ... existing code ..."
        closing = [] if seed.language is lang.PYTHON else [lines[-1]]
        opening = lines[: _opening(seed, lines)]
        yield (
            "class, rest elided",
            _fence("\n".join([*opening, comment, "", *inner, "", comment, *closing]), info),
            right,
        )


def _opening(seed: Seed, lines: list[str]) -> int:
    return next(at for at, line in enumerate(lines) if _opens(seed, line)) + 1


def _opens(seed: Seed, line: str) -> bool:
    word = seed.language.editing().closer.isalpha()
    return line.rstrip().endswith((":", "{")) or (word and seed.language.editing().opens.search(line) is not None)


def _inner(seed: Seed) -> str:
    assert seed.owner is not None
    line = seed.head.rfind("\n", 0, seed.owner[0]) + 1
    return seed.indent.removeprefix(seed.head[line : seed.owner[0]])


def _with_import(seed: Seed, code: str) -> str:
    """``code`` with an import on top that nothing needs."""
    statement = _UNUSED[seed.language]
    clause = re.match(r"(?:.*\n)*?package .*\n", code)
    if seed.language in (lang.GO, lang.JAVA, lang.KOTLIN) and clause is not None:
        return f"{clause[0]}\n{statement}\n{code[clause.end() :]}"
    gap = "" if code.startswith(("import", "#include", "using", "use", "const path", "require")) else "\n"
    return f"{statement}\n{gap}{code}"


def _with_constant(seed: Seed, name: str, used: str, constant: str) -> tuple[str, str]:
    gap = "\n\n\n" if seed.language is lang.PYTHON else "\n\n"
    info = str(seed.language)
    indented = "".join(seed.indent + line for line in constant.splitlines(keepends=True))
    if seed.language in _IN_CLASS or seed.owner is None:
        above = f"{indented}{gap if not seed.indent or seed.owner is None else gap[:2]}"
        text = seed.placed(above + used)
        if name == "alone":
            return _fence(f"{constant}\n\n{textwrap.dedent(used)}\n", info), text
        if seed.language in _IN_CLASS:
            shape = seed.owned(above + used) if name == "class" else text
            return _fence(shape, info), text
        return _fence(text, info), text
    text = seed.placed(used, f"{constant}{gap}")
    shape = {"alone": textwrap.dedent(used) + "\n", "class": seed.owned(used), "file": text}[name]
    return _fence(shape if name == "file" else f"{constant}\n\n{shape}", info), text


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    made = list(cases())
    if parser.parse_args().check:
        same = made == list(kept())
        sys.stderr.write("as kept\n" if same else "not as kept: run it without --check\n")
        return 0 if same else 1
    lines = "".join(json.dumps(asdict(case), ensure_ascii=False) + "\n" for case in made)
    KEPT.write_bytes(lzma.compress(lines.encode(), preset=9))
    sys.stderr.write(f"{len(made)} answers, {KEPT.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
