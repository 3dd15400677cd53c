"""Who is chosen from five samples of one model, in Java, C++ and JavaScript, by examples and by inputs that split?

    python benchmarks/graded.py --work FOLDER                          # all tasks; FOLDER keeps what was run
    python benchmarks/graded.py javascript --tasks 20 --seed 3 --work FOLDER

The data (``../shared/data/functions``, or where ``TESTS_FUNCTIONS`` says) has twenty graded samples of one model a
task. Every one is run once by the product's own toolchain: the examples of the documentation, and
these with one literal changed. Then five samples are drawn, and the product's ranking chooses: by examples alone, and
with how many of the five behave alike on those inputs (a tie-breaker, since a model's agreement with itself is no
evidence). Beside them the average sample, and the oracle, who is right where any of the five is.

Shares are means over tasks of the mean over draws, with 95% intervals by bootstrap over tasks; so is the difference.
``--tasks`` takes some, drawn by ``--seed``. What is kept in the work folder is not run again. Prints, promises nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.documented import DATA, closed, lines, prompt_of, task_of, tools_for
from benchmarks.ranking import bootstrap
from forge_lsp.core.attempt import BuildReport, BuildStatus, Candidate, Evidence
from forge_lsp.core.codec import decode, encode
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Sandbox, Toolchain
from forge_lsp.core.support.checking import Tools
from forge_lsp.core.task import Task
from forge_lsp.ensemble.check_stage import CheckedCandidate, Checks, rank
from forge_lsp.languages.registry import BUILT_IN
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig

GROUPS = ("java", "cpp", "javascript")
MODEL = "graded"
DRAWN, DRAWS = 5, 100
TIMEOUT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One answer and what running it showed."""

    code: str
    right: bool
    evidence: Evidence


class Kept:
    """What was run, in a file of JSON lines that only grows."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, Evidence] = {}
        if path is not None and path.is_file():
            for line in path.read_text("utf-8").splitlines():
                entry: dict[str, Any] = json.loads(line)
                self._known[entry["key"]] = decode(Evidence, entry["evidence"])

    def get(self, key: str) -> Evidence | None:
        """What is known of a text."""
        return self._known.get(key)

    def add(self, key: str, evidence: Evidence) -> None:
        """Keep it."""
        self._known[key] = evidence
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "evidence": encode(evidence)}) + "\n")


def toolchain_of(language: Language, sandbox: Sandbox) -> Toolchain:
    """The product's own."""
    make = language.checking().toolchain
    assert make is not None
    return make(Tools(sandbox=sandbox, environment=tools_for(language)), TIMEOUT)


async def sampled(
    task: Task,
    prompt: str,
    codes: Sequence[tuple[str, bool]],
    toolchain: Toolchain,
    kept: Kept,
    turn: asyncio.Semaphore,
) -> list[Sample]:
    """All samples of one task; each distinct text is run once."""

    async def one(code: str) -> None:
        text = closed(prompt, f"        {code}")
        key = hashlib.sha256(f"{task.document.path and task.document.path.parent.name}\0{text}".encode()).hexdigest()
        if kept.get(key) is None:
            own = text[task.scope.range.start : len(text) - (len(task.document.text) - task.scope.range.end)]
            async with turn:
                candidate = Candidate(code=own, text=text, model=MODEL, attempt=1)
                kept.add(key, await toolchain.evidence(task, candidate))
        found[code] = kept.get(key) or Evidence()

    found: dict[str, Evidence] = {}
    await asyncio.gather(*(one(code) for code in dict.fromkeys(code for code, _ in codes)))
    return [Sample(code=code, right=right, evidence=found[code]) for code, right in codes]


async def run(
    group: str, chosen: Sequence[Mapping[str, object]], options: argparse.Namespace
) -> dict[str, list[Sample]]:
    """The samples of every task of a group."""
    recorded: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for one in lines("answers.jsonl.xz"):
        if one["model"] == MODEL:
            recorded[str(one["task"])].append((str(one["code"]), bool(one["right"])))
    kept = Kept(options.work / f"{group}.jsonl" if options.work is not None else None)
    language = BUILT_IN.named(group)
    assert language is not None
    found: dict[str, list[Sample]] = {}
    with tempfile.TemporaryDirectory(dir=Path.home()) as temp:
        chooser = SandboxChooser(SandboxConfig(mode="required", temp=Path(temp) / "boxes"))
        try:
            toolchain = toolchain_of(language, await chooser.choose())
            turn = asyncio.Semaphore(options.jobs)
            for task in chosen:
                key = str(task["id"])
                folder = Path(temp) / key.replace("/", "-")
                await asyncio.to_thread(folder.mkdir)
                prompt = prompt_of(task)
                stub = await asyncio.to_thread(task_of, folder, prompt, language)
                found[key] = await sampled(stub, prompt, recorded[key], toolchain, kept, turn)
        finally:
            await asyncio.to_thread(chooser.close)
    return found


def choose(pool: Sequence[Sample], *, inputs: bool) -> Sample:
    """The best of a pool by the product's ranking, with the inputs that split or without them."""
    checks = Checks(unfinished=True)
    build = BuildReport(status=BuildStatus.PASSED, tool="none")
    seen: list[tuple[Sample, CheckedCandidate]] = []
    for number, one in enumerate(pool, 1):
        raw = one.evidence if inputs else replace(one.evidence, observed=())
        candidate = Candidate(code=one.code, text=one.code, model=MODEL, attempt=1, sample=number)
        seen.append((one, CheckedCandidate(candidate=candidate, build=build, raw=raw)))
        checks.learn(seen[-1][1])
    return max(seen, key=lambda pair: rank(pair[1], checks))[0]


def report(group: str, found: Mapping[str, Sequence[Sample]], seed: int) -> None:
    """Print a group's table: for all tasks, and for those in which something was run."""
    ran = {key: pool for key, pool in found.items() if any(one.evidence.results for one in pool)}
    for name, pools in (("all tasks", found), ("tasks with an example that was run", ran)):
        rows: dict[str, list[float]] = {row: [] for row in ("average", "examples", "and inputs", "oracle")}
        for key, pool in pools.items():
            draw = random.Random(f"{seed} {key}")
            drawn = [draw.sample(list(pool), min(DRAWN, len(pool))) for _ in range(DRAWS)]
            rows["average"].append(fmean(one.right for one in pool))
            rows["examples"].append(fmean(choose(each, inputs=False).right for each in drawn))
            rows["and inputs"].append(fmean(choose(each, inputs=True).right for each in drawn))
            rows["oracle"].append(fmean(any(one.right for one in each) for each in drawn))
        if not rows["oracle"]:
            print(f"{group}: {name}: none")
            continue
        print(f"{group}: {name}: {len(rows['oracle'])}")
        for row, values in rows.items():
            print(f"  {row:12} {_share(values)}")
        gains = [mine - theirs for mine, theirs in zip(rows["and inputs"], rows["examples"], strict=True)]
        low, high = bootstrap(gains)
        print(f"  {'by inputs':12} {100 * fmean(gains):+.1f} points [{100 * low:+.1f}, {100 * high:+.1f}]")


def _share(values: Sequence[float]) -> str:
    low, high = bootstrap(values)
    return f"{fmean(values):4.0%} [{100 * low:.0f}, {100 * high:.0f}]"


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("groups", nargs="*", default=GROUPS, help=f"which data: {', '.join(GROUPS)}")
    parser.add_argument("--tasks", type=int, default=1_000, help="how many tasks of each")
    parser.add_argument("--seed", type=int, default=1, help="which tasks, and which samples are drawn")
    parser.add_argument("--jobs", type=int, default=2, help="at once")
    parser.add_argument("--work", type=Path, help="a folder that keeps what was run")
    options = parser.parse_args()
    if unknown := set(options.groups) - set(GROUPS):
        parser.error(f"no such data: {', '.join(sorted(unknown))}; one of {', '.join(GROUPS)}")
    if not (DATA / "tasks.jsonl.xz").is_file():
        print(f"skipped: no recorded answers in {DATA} (TESTS_FUNCTIONS names another folder)")
        return 0
    began = time.monotonic()
    for group in options.groups:
        tasks = [task for task in lines("tasks.jsonl.xz") if str(task["id"]).startswith(f"{group}/")]
        random.Random(options.seed).shuffle(tasks)
        report(group, asyncio.run(run(group, tasks[: options.tasks], options)), options.seed)
    print(f"{time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
