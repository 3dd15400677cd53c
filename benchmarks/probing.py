"""What the inputs that split cost: a check of a candidate with them, against the same check without.

    python benchmarks/probing.py                        # 9 checks of each, turn by turn
    python benchmarks/probing.py python java --rounds 15

A check compiles a candidate and runs the examples of its documentation, by the product's own toolchain.
With the inputs that split it runs those too: the examples with a literal changed, and for classes calls in another
order and attributes. Both take turns, each time with a text that was not checked before; a first one of each warms up
and does not count. It prints how much more processor time the check with them takes (medians; of this process and all
that it has run), promised at most 20%, how much longer it takes by the clock, which other work on the machine moves,
and how many calls were compared. Exits 1 where it is more.

The candidates are the benchmark's own and run without a sandbox, whose processes cannot be counted; with one, a check
takes longer, and the share is smaller.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.documented import SCOPES, tools_for
from benchmarks.writers import ASKED
from forge_lsp.core.attempt import Candidate
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.support.checking import Tools
from forge_lsp.core.task import Document, Task, TextRange
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.check_stage import CheckedCandidate, check_one
from forge_lsp.languages.registry import BUILT_IN
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig

MOST = 0.2
SYNTAX = TreeSitterSyntax()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A stub, where in it the request is made, and the text with a right answer in it. ``remark`` begins a comment."""

    language: str
    file: str
    stub: str
    at: str
    answer: str
    remark: str = "//"


COUNTER = '''class Counter:
    """Counts words.

    >>> counter = Counter("a")
    >>> counter.add("a b a")
    >>> counter.total()
    2
    >>> counter.reset()
    >>> counter.total()
    0
    """

    def __init__(self, word: str) -> None:
        self.word = word
        self.count = 0

    def add(self, text: str) -> None:
        """Count the word in a text."""
        ...

    def total(self) -> int:
        """How often it was there.

        >>> Counter("b").total()
        0
        """
        ...

    def reset(self) -> None:
        """Begin again."""
        ...
'''
COUNTED = (
    COUNTER.replace('text."""\n        ...', 'text."""\n        self.count += text.split().count(self.word)')
    .replace('0\n        """\n        ...', '0\n        """\n        return self.count')
    .replace('again."""\n        ...', 'again."""\n        self.count = 0')
)
CPP = """#include <vector>

// Adds those that are even.
//
// total({1, 2, 4}) == 6
// total({}) == 0
// total({3, 8}) == 8
int total(const std::vector<int> &numbers) {
  throw 1;
}
"""
CASES: Mapping[str, Case] = {
    **{
        name: Case(
            language=name, file=asked.file, stub=asked.stub, at=asked.body.strip(), answer=asked.code(0),
            remark="#" if name == "python" else "//",
        )
        for name, asked in ASKED.items()
    },
    "class": Case(
        language="python", file="counter.py", stub=COUNTER, at="class Counter", answer=COUNTED, remark="#"
    ),
    "cpp": Case(
        language="cpp", file="total.cpp", stub=CPP, at="throw 1",
        answer=CPP.replace(
            "  throw 1;", "  int sum = 0;\n  for (int n : numbers) if (n % 2 == 0) sum += n;\n  return sum;"
        ),
    ),
}  # fmt: skip


@contextlib.contextmanager
def without() -> Iterator[None]:
    """No inputs that split."""
    with (
        patch("forge_lsp.languages.python.evidence.probes_of", lambda *_: ()),
        patch("forge_lsp.checking.examples.driven.probes_of", lambda *_: {}),
    ):
        yield


def task_of(folder: Path, case: Case, language: Language) -> Task:
    """The stub as a user would have it."""
    for name, text in ASKED[case.language].beside.items() if case.language in ASKED else ():
        (folder / name).write_text(text)
    path = folder / case.file
    path.write_text(case.stub, "utf-8")
    document = Document(uri=path.as_uri(), language=language, text=case.stub, path=path)
    at = case.stub.index(case.at)
    scope = SCOPES.scope(document, TextRange(start=at, end=at))
    return Task(document=document, scope=scope, instruction="Complete it.", workspace=folder)


async def measured(case: Case, sandbox: Sandbox, folder: Path, rounds: int) -> tuple[float, str]:
    """How much longer the check takes with them, and that in words."""
    language = BUILT_IN.named(case.language)
    assert language is not None
    make = language.checking().toolchain
    assert make is not None
    toolchain = make(Tools(sandbox=sandbox, environment=tools_for(language)), 60)
    task = task_of(folder, case, language)
    took: dict[bool, list[float]] = {True: [], False: []}
    work: dict[bool, list[float]] = {True: [], False: []}
    calls = 0

    async def one(number: int) -> CheckedCandidate:
        tail = len(task.document.text) - task.scope.range.end
        code = case.answer[task.scope.range.start : len(case.answer) - tail]
        head, text = case.answer[: task.scope.range.start], case.answer[len(case.answer) - tail :]
        code = f"{code.rstrip()}  {case.remark} {number}"
        candidate = Candidate(code=code, text=head + code + text, model="m", attempt=1)
        return await check_one(task, candidate, toolchain=toolchain, syntax=SYNTAX)

    for number in range(rounds + 1):
        for probing in (True, False) if number % 2 else (False, True):
            started, spent = time.perf_counter(), processor()
            with contextlib.nullcontext() if probing else without():
                checked = await one(2 * number + probing)
            if checked.raw.against or not checked.raw.results or checked.build.compiled is not True:
                raise AssertionError(f"{case.file}: {checked.build} {checked.raw}")
            if number:
                took[probing].append(time.perf_counter() - started)
                work[probing].append(processor() - spent)
            calls = max(calls, len(checked.raw.observed))
    more, clock = (median(each[True]) / median(each[False]) - 1 for each in (work, took))
    return more, (
        f"with them {median(work[True]):.2f} s of processors, without {median(work[False]):.2f} s: {more:+.0%}"
        f" (promised: at most {MOST:+.0%}); by the clock {clock:+.0%}; {calls} calls compared"
    )


def processor() -> float:
    """Seconds of processors that this process and its ended children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


async def run(options: argparse.Namespace) -> int:
    """1: more than promised."""
    broken = False
    with tempfile.TemporaryDirectory(dir=Path.home()) as temp:
        chooser = SandboxChooser(SandboxConfig(mode="off", temp=Path(temp) / "boxes"))
        try:
            sandbox = await chooser.choose()
            for name in options.cases:
                folder = Path(temp) / name
                folder.mkdir()
                more, told = await measured(CASES[name], sandbox, folder, options.rounds)
                print(f"{name:10} {told}", flush=True)
                broken |= more > MOST
        finally:
            chooser.close()
    return 1 if broken and not options.no_check else 0


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("cases", nargs="*", default=tuple(CASES), help=f"of {', '.join(CASES)}")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--no-check", action="store_true", help="print, and exit 0 whatever comes out")
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
