"""What `check` says of answers that somebody else wrote: recorded answers of five models, asked for by an MCP client.

The data (``../shared/data/functions``, or where ``TESTS_FUNCTIONS`` says) are stubs with their documentation and real
answers that are graded by hidden tests. As many right answers as wrong ones are drawn by a seed from all Python answers
whose task has an example. Each is sent to ``forge-lsp mcp`` by the SDK's client, as the lines that it replaces.

Prints how often the outcome agrees with the hidden tests (accepted: right, refused or unverified: wrong) with its 95%
interval, and every answer where it does not. Exits 1 where an outcome does not follow from the checks that the same
answer lists, or where more than 2% of the right answers are refused although no check fails. The hidden tests know more
than the documentation's examples: no more than about nine in ten can agree.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import lzma
import os
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.intervals import share  # noqa: E402
from tests.support.real_server import environment  # noqa: E402

DATA = Path(os.environ.get("TESTS_FUNCTIONS") or Path(__file__).parents[2] / "shared/data/functions")
MOST_REFUSED = 0.02
AT_ONCE = 2
EXAMPLE = re.compile(r">>>|=>|==|->\s*\S|[Ee]xample|returns?\s+\S+\(|Output")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An answer to a stub; ``right`` by the hidden tests."""

    name: str
    stub: str
    line: int
    code: str
    right: bool


def lines(name: str) -> Iterator[dict[str, Any]]:
    """The objects of one data file."""
    with lzma.open(DATA / name, "rt", encoding="utf-8") as file:
        yield from (json.loads(line) for line in file)


def drawn(count: int, seed: str) -> list[Case]:
    """``count`` right and ``count`` wrong answers."""
    tasks: dict[str, tuple[str, int]] = {}
    for task in lines("tasks.jsonl.xz"):
        prompt, entry = str(task["prompt"]), str(task.get("entry", ""))
        if str(task["id"]).startswith("python/") and EXAMPLE.search(prompt[prompt.rindex(f"def {entry}(") :]):
            text = prompt.rstrip() + "\n    raise NotImplementedError\n"
            tasks[str(task["id"])] = (text, text.count("\n", 0, text.rindex(f"def {entry}(")) + 1)
    pool = [answer for answer in lines("answers.jsonl.xz") if answer["task"] in tasks and answer["code"].strip()]
    chance = random.Random(seed)
    return [
        Case(
            name=f"{one['task']} of {one['model']} {one['sample']}",
            stub=tasks[one["task"]][0],
            line=tasks[one["task"]][1],
            code=str(one["code"]),
            right=right,
        )
        for right in (True, False)
        for one in chance.sample([one for one in pool if bool(one["right"]) is right], count)
    ]


@contextlib.asynccontextmanager
async def client(folder: Path, work: Path) -> AsyncIterator[Any]:
    """The SDK's client with a server of its own."""
    from mcp import Client, StdioServerParameters

    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "forge_lsp", "mcp"],
        env=environment(folder, {}, PYTHONPATH=str(ROOT)),
        cwd=work,
    )
    async with Client(server) as connected:
        yield connected


async def run(cases: list[Case]) -> list[tuple[Case, Mapping[str, Any]]]:
    """Every answer with what `check` says of it."""
    with tempfile.TemporaryDirectory() as temp:
        work = Path(temp) / "work"
        work.mkdir()
        (work / "pyproject.toml").write_text('[project]\nname = "answers"\nversion = "1"\n')
        turn = asyncio.Semaphore(AT_ONCE)
        async with client(Path(temp), work) as connected:

            async def one(number: int, case: Case) -> Mapping[str, Any]:
                name = f"stub{number}.py"
                async with turn:
                    (work / name).write_text(case.stub, "utf-8")
                    arguments = {"file": name, "startLine": case.line, "code": case.code}
                    answer = await connected.call_tool("check", arguments)
                    if answer.is_error:  # it is no answer to the stub at all
                        return {"outcome": "refused", "reason": answer.content[0].text, "files": [], "diagnostics": []}
                    while not answer.is_error and answer.structured_content["state"] == "running":
                        again = {"id": answer.structured_content["id"], "waitSeconds": 45}
                        answer = await connected.call_tool("report", again)
                    (work / name).unlink()
                return answer.structured_content

            said = await asyncio.gather(*(one(number, case) for number, case in enumerate(cases)))
    return list(zip(cases, said, strict=True))


def consistent(said: Mapping[str, Any]) -> bool:
    """Whether an outcome follows from what the same answer says was run."""
    places = [place for file in said["files"] for place in file["places"]]
    compiled = all(file["compiled"] for file in said["files"])
    failing = any(place["failing"] for place in places)
    passed = all(place["grade"] is not None for place in places)  # its own, or of what uses it
    match said["outcome"]:
        case "accepted":
            return compiled and not failing and passed
        case "refused":
            return failing or not compiled or not said["files"]
        case _:
            return not failing and (not passed or any(place["notRun"] for place in places) or bool(said["reason"]))


def report(found: list[tuple[Case, Mapping[str, Any]]]) -> int:
    """Print what came of it. 1: a promise is broken."""
    table = Counter((case.right, str(said["outcome"])) for case, said in found)
    for right in (True, False):
        row = ", ".join(f"{outcome} {table[right, outcome]}" for outcome in ("accepted", "unverified", "refused"))
        print(f"{'right' if right else 'wrong'} answers: {row}")
    agree = sum(case.right is (said["outcome"] == "accepted") for case, said in found)
    accepted = [case for case, said in found if said["outcome"] == "accepted"]
    right = [(case, said) for case, said in found if case.right]
    gated = [case for case, said in right if any(file["compiled"] is False for file in said["files"])]
    follows = sum(consistent(said) for _, said in found)
    print(f"{'the outcome agrees with the hidden tests':56} {share(agree, len(found))}")
    print(f"{'accepted answers that are right':56} {share(sum(case.right for case in accepted), len(accepted))}")
    print(f"{'right answers that are said not to compile':56} {share(len(gated), len(right))}")
    print(f"{'the outcome follows from what was run':56} {share(follows, len(found))}\n")
    for case, said in found:
        if case.right is (said["outcome"] == "accepted"):
            continue
        problems = [f"{one['line']}: {one['message']}" for one in said["diagnostics"]]
        words = [one["words"] for file in said["files"] for place in file["places"] for one in place["failing"]]
        print(f"{case.name} ({'right' if case.right else 'wrong'}): {said['outcome']}: {said['reason']}")
        for line in (*problems, *words)[:4]:
            print(f"    {line[:200]}")
    return 0 if follows == len(found) and len(gated) <= MOST_REFUSED * len(right) else 1


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--answers", type=int, default=50, help="how many right ones, and as many wrong ones")
    parser.add_argument("--seed", default="1", help="which are drawn")
    options = parser.parse_args()
    if not (DATA / "tasks.jsonl.xz").is_file():
        print(f"skipped: no recorded answers in {DATA} (TESTS_FUNCTIONS names another folder)")
        return 0
    return report(asyncio.run(run(drawn(options.answers, options.seed))))


if __name__ == "__main__":
    sys.exit(main())
