"""Real projects: right and wrong answers to their own functions, judged by the product with the projects' own tests.

    python benchmarks/wild.py                              # those that a registry serves
    python benchmarks/wild.py shlex heck --functions 5     # some
    python benchmarks/wild.py tinyxml2 --checkout tinyxml2=/path/to/clone

Functions that the project's tests reach are drawn by a seed (its own command fails with a stub in their place). Their
answers are scripted: the original; the original with other names, another order, other quotes; mutants on which the
project's own command fails, and one that breaks every caller. Each is a job of one attempt, whose panel always gives
9, over the stub and over the code as it is.

Prints for each project the right answers accepted, the wrong ones by what became of them and by grade, the tests that
ran, the seconds of a first and of a later look against the project's own command, and what was left behind in its
folder. Exits 1 where more than 2% of the wrong answers are accepted, fewer than 97% of the right ones, an answer was
accepted although tests are there and none ran, or something was left behind. A project that cannot be had or set up
here is named and left out. In the folder of ``--work`` the projects are kept, what their own commands said, and the
functions that were played to their end: these are not played again, so that a long table can be made in several runs
(remove a project's ``.plays.jsonl`` after the product has changed).
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.wild_projects import SOURCES, Source, source_named
from benchmarks.wild_projects.getting import Unavailable, got
from benchmarks.wild_projects.own import Known, known_of
from benchmarks.wild_projects.playing import PlayedJob, plays_of, snapshot, toolchains_here
from forge_lsp.core.attempt import Outcome
from forge_lsp.core.codec import decode, encode
from forge_lsp.languages.registry import BUILT_IN
from tests.support.intervals import share

MOST_WRONG = 0.02
LEAST_RIGHT = 0.97


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A project's plays; ``left`` are files that are not as they were."""

    source: Source
    known: Known
    plays: tuple[PlayedJob, ...]
    left: tuple[str, ...]

    @property
    def broken(self) -> tuple[str, ...]:
        """The promises that do not hold."""
        right = [play for play in self.plays if play.right]
        wrong = [play for play in self.plays if not play.right]
        found: list[str] = []
        if sum(play.accepted for play in right) < LEAST_RIGHT * len(right):
            found.append("right answers refused")
        if sum(play.accepted for play in wrong) > MOST_WRONG * len(wrong):
            found.append("wrong answers accepted")
        if any(play.accepted and play.there and not play.tests for play in self.plays):
            found.append("accepted although no test ran")
        if self.left:
            found.append("something left behind")
        return tuple(found)


class KeptPlays:
    """The functions of a project that were played to their end, in a file of JSON lines beside its folder."""

    def __init__(self, root: Path) -> None:
        self._store = root.with_name(f"{root.name}.plays.jsonl")
        lines = self._store.read_text("utf-8").splitlines() if self._store.is_file() else ()
        entries: list[dict[str, Any]] = [json.loads(line) for line in lines]
        self._known = {entry["case"]: [decode(PlayedJob, play) for play in entry["plays"]] for entry in entries}

    def of(self, key: str) -> list[PlayedJob] | None:
        """Return what came of all answers to one function, or None where it was not played to its end."""
        return self._known.get(key)

    def add(self, key: str, plays: Sequence[PlayedJob]) -> None:
        """Keep them."""
        with self._store.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"case": key, "plays": [encode(play) for play in plays]}) + "\n")


async def run(source: Source, root: Path, options: argparse.Namespace) -> Result:
    """Play one project. Raises Unavailable."""
    known = await asyncio.to_thread(
        known_of,
        source,
        root,
        count=options.functions,
        each=options.mutants,
        seed=options.seed,
        limit=options.limit,
    )
    language = BUILT_IN.get(source.language)
    assert language is not None, source.language
    before = snapshot(root)
    plays: list[PlayedJob] = []
    kept = KeptPlays(root)
    # Beside the projects: what compilers keep of a standard library is built once for all, as in a user's state folder.
    async with toolchains_here(root.parent / "boxes", options.timeout) as every:
        until = time.monotonic() + options.seconds
        for case in known.cases:
            key = f"{case.id} {hashlib.sha256(repr(case).encode()).hexdigest()[:16]}"
            if (before_now := kept.of(key)) is not None:
                plays += before_now
                continue
            if plays and time.monotonic() > until:
                continue
            own: list[PlayedJob] = []
            async for play in plays_of(case, root, language, every[language]):
                own.append(play)
                if options.verbose or play.right is not play.accepted:
                    print(f"  {line_of(play)}", flush=True)
            kept.add(key, own)
            plays += own
    after = snapshot(root)
    left = tuple(name for name in sorted({*before, *after}) if before.get(name) != after.get(name))
    return Result(source=source, known=known, plays=tuple(plays), left=left)


def line_of(play: PlayedJob) -> str:
    """One play in a line."""
    kind = "right" if play.right else "wrong"
    head = f"{play.case} over {play.over}, {kind} ({play.how}): {play.outcome}, {play.grade or 'no grade'}"
    return f"{head}, {play.tests} tests, {play.seconds:.1f} s: {play.words}"


def report(result: Result) -> None:
    """Print a project's table."""
    source, plays = result.source, result.plays
    functions = len({play.case for play in plays})
    print(f"\n{source.name} {source.version} ({source.language}; {source.shape}): {functions} functions")
    for over in ("stub", "working"):
        right = [play for play in plays if play.right and play.over == over]
        wrong = [play for play in plays if not play.right and play.over == over]
        if right:
            print(f"  over {over:8} right accepted {share(sum(play.accepted for play in right), len(right))}")
        if wrong:
            print(f"  over {over:8} wrong accepted {share(sum(play.accepted for play in wrong), len(wrong))}")
        for kind, some in (("right", right), ("wrong", wrong)):
            print(f"  {'':13} {kind}: {outcomes_of(some)}") if some else None
    sound = [play for play in plays if play.right]
    tests = [play.tests for play in sound]
    print(f"  tests that ran, for one answer: {min(tests, default=0)} to {max(tests, default=0)}")
    cold = [play.seconds for play in sound if play.cold]
    warm = [play.seconds for play in sound if not play.cold]
    if cold and warm:
        own = result.known.seconds
        running = median(play.seconds - play.compiling for play in sound if not play.cold)
        times = f"first {median(cold):.1f} s, later {median(warm):.1f} s, {running:.1f} s of it without the compiler"
        print(f"  {times}; the project's own command {own:.1f} s ({running / max(own, 0.1):.1f} times)")
    print(f"  left behind: {', '.join(result.left[:5]) or 'nothing'}")
    print(f"  not as promised: {', '.join(result.broken)}" if result.broken else "  as promised")


def outcomes_of(plays: Sequence[PlayedJob]) -> str:
    """How plays ended, the commonest first."""
    counted = Counter(f"accepted {play.grade}" if play.accepted else _refused(play) for play in plays)
    return ", ".join(f"{what} {count}" for what, count in counted.most_common())


def _refused(play: PlayedJob) -> str:
    return "unverified" if play.outcome is Outcome.UNVERIFIED else "refused"


def _stopped(number: int, frame: object) -> None:
    """End so that what was changed in a project is put back."""
    del frame
    sys.exit(128 + number)


def main() -> int:
    """Run it."""
    names = [source.name for source in SOURCES]
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(names)}")
    parser.add_argument("--functions", type=int, default=15, help="how many of each project")
    parser.add_argument("--mutants", type=int, default=3, help="killed ones for each function")
    parser.add_argument("--seconds", type=float, default=inf, help="no function is begun after these")
    parser.add_argument("--seed", default="1", help="which are drawn")
    parser.add_argument("--limit", type=float, default=300, help="seconds for the project's own command")
    parser.add_argument("--timeout", type=float, default=60, help="check.timeout, in seconds")
    parser.add_argument("--checkout", action="append", default=[], metavar="NAME=FOLDER", help="a clone of a project")
    parser.add_argument("--work", type=Path, help="a folder that keeps projects and what was played")
    parser.add_argument("--verbose", action="store_true", help="a line for every answer")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in names]:
        parser.error(f"there is no project {unknown[0]}; there are {', '.join(names)}")
    signal.signal(signal.SIGTERM, _stopped)
    clones = dict(one.split("=", 1) for one in options.checkout)
    chosen = [source_named(name) for name in options.names]
    chosen = chosen or [one for one in SOURCES if one.kind != "checkout" or one.name in clones]
    with tempfile.TemporaryDirectory() as temp:
        folder = options.work or Path(temp)
        folder.mkdir(parents=True, exist_ok=True)
        broken = 0
        for source in chosen:
            try:
                clone = clones.get(source.name)
                root = got(source, folder.resolve(), Path(clone).resolve() if clone is not None else None)
                result = asyncio.run(run(source, root, options))
            except Unavailable as error:
                print(f"\n{source.name}: left out: {error}")
                continue
            report(result)
            broken += bool(result.broken)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
