"""From an action to the edit in a file of 30,000 lines, and code out of an answer of 4,000, against parsing it once.

    python benchmarks/landing.py [--lines 30000] [--answer 4000] [--rounds 5] [--no-check]

*action to edit*: the scope at a cursor in the middle (or the whole file), the code out of an answer, the text with it
in place, and the small edits that lead there. *extraction*: the code out of a long answer alone. *parsing once*: what
the parser here takes for the outline of that text, nothing remembered. Ratios are of the fastest rounds; each round
begins with parsers that remember nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial

from forge_lsp.core.languages import Language
from forge_lsp.core.task import Document, Task, TextRange
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.extraction import extract
from forge_lsp.languages.c_family import CPP
from forge_lsp.languages.ecmascript import TYPESCRIPT
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.rust import RUST

UNITS = {
    PYTHON: (
        "",
        'def step_{n}(first, second):\n    """Step {n}.\n\n    >>> step_{n}(1, 2)\n    {n}\n    """\n'
        "    found = first + second\n    for one in range({n}):\n        found += one\n    return found\n\n\n",
        "",
    ),
    TYPESCRIPT: (
        "",
        "/** Step {n}. */\nexport function step_{n}(first: number, second: number): number {{\n"
        "  let found = first + second;\n  for (let one = 0; one < {n}; one++) {{\n    found += one;\n  }}\n"
        "  return found;\n}}\n\n",
        "",
    ),
    JAVA: (
        "class Steps {\n",
        "    /** Step {n}. */\n    static int step_{n}(int first, int second) {{\n        int found = first + second;\n"
        "        for (int one = 0; one < {n}; one++) {{\n            found += one;\n        }}\n"
        "        return found;\n    }}\n\n",
        "}\n",
    ),
    RUST: (
        "",
        "/// Step {n}.\npub fn step_{n}(first: i64, second: i64) -> i64 {{\n    let mut found = first + second;\n"
        "    for one in 0..{n} {{\n        found += one;\n    }}\n    found\n}}\n\n",
        "",
    ),
    CPP: (
        "",
        "/// Step {n}.\nint step_{n}(int first, int second) {{\n    int found = first + second;\n"
        "    for (int one = 0; one < {n}; one++) {{\n        found += one;\n    }}\n    return found;\n}}\n\n",
        "",
    ),
}
BOUNDS = {"one definition": 2.4, "the whole file": 8.0, "extraction": 2.4}
"""What a ratio may be at most."""


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=30_000)
    parser.add_argument("--answer", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-check", action="store_true", help="print, whatever comes out")
    options = parser.parse_args()
    broken: list[str] = []
    print(f"{'language':12}{'':>18}{'parsing once':>14}{'time':>10}{'ratio':>8}")
    for language in UNITS:
        text, answer = made(language, options.lines), made(language, options.answer)
        middle = text[: len(text) // 2].rindex("+ second")
        cursor = TextRange(start=middle, end=middle)
        once = best(partial(parse, text, language), options.rounds)
        long = best(partial(parse, answer, language), options.rounds)
        rows: dict[str, tuple[float, Callable[[], object]]] = {
            "one definition": (once, partial(edit, text, language, cursor)),
            "the whole file": (once, partial(edit, text, language, None)),
            "extraction": (long, partial(extraction, answer, language)),
        }
        for name, (parsing, work) in rows.items():
            seconds = best(work, options.rounds)
            ratio = seconds / parsing
            print(f"{language.id:12}{name:>18}{parsing:13.2f}s{seconds:9.2f}s{ratio:8.1f}", flush=True)
            if ratio > BOUNDS[name]:
                broken.append(f"{language}, {name}: {ratio:.1f} instead of at most {BOUNDS[name]:.1f}")
    for line in broken:
        print(f"not as promised: {line}")
    return 1 if broken and not options.no_check else 0


def made(language: Language, lines: int) -> str:
    """A text of about as many lines."""
    head, unit, tail = UNITS[language]
    count = lines // unit.count("\n")
    return head + "".join(unit.format(n=number) for number in range(count)) + tail


def best(work: Callable[[], object], rounds: int) -> float:
    """The seconds of processor time of the fastest round."""
    found: list[float] = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return min(found)


def parse(text: str, language: Language) -> None:
    """Read the text once."""
    TreeSitterSyntax().outline(text, language)


def edit(text: str, language: Language, cursor: TextRange | None) -> None:
    """From the action to the edits."""
    syntax = TreeSitterSyntax()
    scopes, edits = Scopes(syntax), Edits(syntax)
    document = Document(uri="untitled:Untitled-1", language=language, text=text)
    scope = scopes.scope(document, cursor)
    task = Task(document=document, scope=scope, instruction="add them")
    code = changed(task.original)
    if cursor is not None:
        code = extract(f"```{language}\n{code}\n```\n", task, syntax=syntax).code
    after = edits.splice(task, edits.finish(task, code), ())
    assert edits.minimal(text, after), "an edit changes something"


def changed(code: str) -> str:
    """The code with one line that differs."""
    at = code.rindex("+ second")
    return f"{code[:at]}+ 1 {code[at:]}"


def extraction(answer: str, language: Language) -> None:
    """The code out of an answer that repeats a long file."""
    syntax = TreeSitterSyntax()
    text = made(language, 200)
    at = text.rindex("+ second")
    document = Document(uri="untitled:Untitled-1", language=language, text=text)
    scope = Scopes(syntax).scope(document, TextRange(start=at, end=at))
    task = Task(document=document, scope=scope, instruction="add them")
    extract(f"Here:\n\n```{language}\n{answer}\n```\n", task, syntax=syntax)


if __name__ == "__main__":
    sys.exit(main())
