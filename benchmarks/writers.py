"""Four writers on four servers: how long their attempt takes, against the slowest of them alone.

    python benchmarks/writers.py                                    # 5 attempts in each language, turn by turn
    python benchmarks/writers.py python --rounds 10 --longest 12

The real language server talks to four scripted Ollama servers, whose answers take seconds drawn from ``--shortest`` to
``--longest`` (``--seed``). All four answers are right and differ, so that each is compiled and its examples are run;
nobody reviews. An attempt of all four is held against one in which only the slowest writer writes and is checked: that
attempt's time is the writer's and its check's. Both take turns, and the ratio is that of the medians.

Promised is a ratio of at most 1.3. A first attempt of each warms up and does not count. Exits 1 where it is more.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.faulty_ollama import FakeOllama
from tests.support.raw_lsp import RawClient
from tests.support.real_server import events, fenced, forge, generate, open_file
from tests.support.scripted_http import Script

MOST = 1.3
WRITERS = ("one", "two", "three", "four")
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A stub of one language, and four right bodies."""

    file: str
    stub: str
    body: str
    bodies: tuple[str, str, str, str]
    beside: Mapping[str, str]

    def code(self, number: int) -> str:
        """An answer with the body of that number: the whole file."""
        return self.stub.replace(self.body, self.bodies[number])


ASKED: Mapping[str, Asked] = {
    "python": Asked(
        file="total.py",
        stub='''def total(numbers: list[int]) -> int:
    """Add those that are even.

    >>> total([1, 2, 4])
    6
    >>> total([])
    0
    >>> total([3, 8])
    8
    """
    ...
''',
        body="    ...\n",
        bodies=(
            "    return sum(n for n in numbers if n % 2 == 0)\n",
            "    return sum(filter(lambda n: not n % 2, numbers))\n",
            "    found = 0\n    for n in numbers:\n        if n % 2 == 0:\n            found += n\n    return found\n",
            "    even = [n for n in numbers if not n & 1]\n    return sum(even)\n",
        ),
        beside={},
    ),
    "java": Asked(
        file="Sums.java",
        stub="""import java.util.List;

public class Sums {
    /**
     * Adds those that are even.
     *
     * <p>{@code total(List.of(1, 2, 4)) == 6}
     * {@code total(List.of()) == 0}
     * {@code total(List.of(3, 8)) == 8}
     */
    public static int total(List<Integer> numbers) {
        throw new UnsupportedOperationException("not implemented");
    }
}
""",
        body='        throw new UnsupportedOperationException("not implemented");\n',
        bodies=(
            "        return numbers.stream().filter(n -> n % 2 == 0).mapToInt(Integer::intValue).sum();\n",
            "        int sum = 0;\n        for (int n : numbers) {\n            if (n % 2 == 0) sum += n;\n        }\n"
            "        return sum;\n",
            "        return numbers.stream().mapToInt(n -> n % 2 == 0 ? n : 0).sum();\n",
            "        int all = 0;\n        for (int i = 0; i < numbers.size(); i++) {\n"
            "            all += numbers.get(i) % 2 == 0 ? numbers.get(i) : 0;\n        }\n        return all;\n",
        ),
        beside={},
    ),
    "javascript": Asked(
        file="total.js",
        stub="""/**
 * Adds those that are even.
 *
 * total([1, 2, 4]) // => 6
 * total([]) // => 0
 * total([3, 8]) // => 8
 */
export function total(numbers) {
  throw new Error("not implemented");
}
""",
        body='  throw new Error("not implemented");\n',
        bodies=(
            "  return numbers.filter((n) => n % 2 === 0).reduce((sum, n) => sum + n, 0);\n",
            "  let sum = 0;\n  for (const n of numbers) {\n    if (n % 2 === 0) sum += n;\n  }\n  return sum;\n",
            "  return numbers.reduce((sum, n) => (n % 2 ? sum : sum + n), 0);\n",
            "  const even = numbers.filter((n) => !(n & 1));\n  return even.reduce((a, b) => a + b, 0);\n",
        ),
        beside={"package.json": '{ "name": "total", "version": "1.0.0", "type": "module" }\n'},
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """Seconds of an attempt, of its writing and of its checks."""

    attempt: float
    writing: float
    checks: float


def settings(urls: Sequence[str], writers: Sequence[str]) -> dict[str, object]:
    """``writers`` write, each on a server of its own."""
    generator = {"model": writers[0], "beside": list(writers[1:])}
    return {
        "servers": {f"gpu{n}": {"kind": "ollama", "url": url, "parallel": 2} for n, url in enumerate(urls)},
        "models": {
            name: {"server": f"gpu{n}", "name": f"{name}:7b", "context": 8192} for n, name in enumerate(WRITERS)
        },
        "schedule": [{"attempts": [1], "generator": generator, "panel": {"kind": "none", "members": []}}],
        "accept": {"rule": "evidence"},
    }


async def attempt(client: RawClient, folder: Path, name: str, asked: Asked) -> Took:
    """One job of one attempt, in a folder of its own."""
    place = folder / "work" / name
    place.mkdir(parents=True)
    for file, text in asked.beside.items():
        (place / file).write_text(text)
    uri = open_file(client, place / asked.file, asked.stub, _id(asked.file))
    outcome = await generate(client, uri, asked.body.strip(), token=name, patience=300)
    assert outcome["outcome"] == "accepted", outcome
    job = outcome["jobId"]

    def spent(stage: str) -> float:
        return sum(event["seconds"] for event in events(client, "stage.finished", job=job) if event["stage"] == stage)

    (end,) = events(client, "attempt.finished", job=job)
    return Took(attempt=end["seconds"], writing=spent("generate"), checks=spent("check"))


def _id(file: str) -> str:
    return {"py": "python", "java": "java", "js": "javascript"}[file.rpartition(".")[2]]


async def measured(language: str, options: argparse.Namespace) -> float:
    """The ratio in one language, printed."""
    asked, chance = ASKED[language], random.Random(options.seed)
    waits = dict.fromkeys(WRITERS, 0.0)

    def answer(body: dict[str, Any]) -> Script:
        name = str(body["model"]).partition(":")[0]
        code = asked.code(WRITERS.index(name))
        return Script.say(fenced(code, language), first=waits[name], size=400)

    four: list[Took] = []
    alone: list[Took] = []
    async with contextlib.AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(FakeOllama(answer=answer, models=[f"{name}:7b"])) for name in WRITERS
        ]
        urls = [server.url for server in servers]
        env = {"PYTHONPATH": str(ROOT)}

        async def started(writers: Sequence[str]) -> tuple[RawClient, Path]:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            return await stack.enter_async_context(forge(folder, settings(urls, writers), env=env)), folder

        all_of_them, slowest = await started(WRITERS), await started(WRITERS[:1])
        for number in range(options.rounds + 1):
            drawn = sorted((chance.uniform(options.shortest, options.longest) for _ in WRITERS), reverse=True)
            waits.update(zip(WRITERS, drawn if number else [0.0] * len(WRITERS), strict=True))
            kinds = [(four, all_of_them), (alone, slowest)]
            for took, (client, folder) in kinds if number % 2 else kinds[::-1]:
                found = await attempt(client, folder, f"round{number}", asked)
                if number:
                    took.append(found)
    ratio = median(one.attempt for one in four) / median(one.attempt for one in alone)
    print(
        f"{language:10} four writers {_told(four)}\n{'':10} the slowest  {_told(alone)}\n"
        f"{'':10} {ratio:.2f} of the slowest and its check (promised: at most {MOST})",
        flush=True,
    )
    return ratio


def _told(took: Sequence[Took]) -> str:
    each = (
        median(one.attempt for one in took),
        median(one.writing for one in took),
        median(one.checks for one in took),
    )
    return "attempt {:.1f} s, of which writing {:.1f} s and checks {:.1f} s".format(*each)


async def run(options: argparse.Namespace) -> int:
    """1: more than promised."""
    ratios = [await measured(language, options) for language in options.languages]
    return 1 if max(ratios) > MOST and not options.no_check else 0


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("languages", nargs="*", default=tuple(ASKED), help=f"of {', '.join(ASKED)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shortest", type=float, default=2.0, help="seconds of a writer")
    parser.add_argument("--longest", type=float, default=8.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-check", action="store_true", help="print, and exit 0 whatever comes out")
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
