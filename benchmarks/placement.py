"""How good the plans for made-up rigs are, and how long they take.

    python benchmarks/placement.py                        # 1,000 rigs, half a second of reference search each at most
    python benchmarks/placement.py --rigs 10 --hard --seconds 60 # the long search
    python benchmarks/placement.py --native --references FILE    # against the optimum, proven by a program in C (cc)

Rigs have up to 8 GPUs and 20 models. Each plan is played on simulated Ollama servers: one eviction or spill that was
not planned fails the run. Its cost is held against the optimum where enumeration or a long branch and bound finds it
(2%), else against the best of a long random search (5%). Time is that of the processor, so that other programs do not
count: 100 ms a plan. Exit code 1 where a bound is broken.

References depend on the rig alone, not on how plans are made: those in FILE that took as long or are proven are used
again, new ones are added.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.placement_reference.native import Native, Reference
from forge_lsp.placement.branching import Branch
from forge_lsp.placement.placement import make, weigher
from forge_lsp.placement.plan import Device, ModelNeed, Plan, Step
from forge_lsp.placement.search import EFFORT, search
from forge_lsp.placement.weighing import Weigher
from tests.support.replay import replay
from tests.support.rigs import chance

PROVEN, BEST, MOST = 0.02, 0.05, 0.100
ENUMERATED = 3_000
PROVING = 4.0
"""Seconds of each native proof, at most."""


class References:
    """The least costs that are known of the rigs of one seed, by number; kept in a file where one is given."""

    def __init__(self, seed: int, seconds: float, native: Native | None, path: Path | None) -> None:
        self._seed, self._seconds, self._native, self._path = str(seed), seconds, native, path
        self._kept: dict[str, dict[str, dict[str, float]]] = {}
        if path is not None and path.exists():
            self._kept = json.loads(path.read_text())

    def get(self, number: int, weigh: Weigher) -> Reference:
        """From the file, or else found again and written there."""
        rigs = self._kept.setdefault(self._seed, {})
        kept = Reference(**rigs[str(number)]) if str(number) in rigs else None
        if kept is not None and (kept.proven or kept.seconds >= self._seconds):
            return kept
        if self._native is None:
            made = reference(weigh, self._seconds, random.Random(number))
        else:
            made = self._native.reference(weigh, seconds=self._seconds, proving=PROVING)
        rigs[str(number)] = asdict(made)
        if self._path is not None:
            self._path.write_text(json.dumps(self._kept))
        return made


def reference(weigh: Weigher, seconds: float, rng: random.Random) -> Reference:
    """By enumeration, or else by branch and bound and by more searches, each from another seed."""
    ways = math.prod(len(allowed) for allowed in weigh.allowed)
    if ways <= ENUMERATED:
        found = (weigh.score(where) for where in itertools.product(*weigh.allowed))
        least = min(score[0] for score in found if score is not None)
        return Reference(cost=least, bound=least, seconds=seconds)
    end = time.process_time() + seconds
    best = search(weigh)
    branch = Branch(weigh, (best.score, best.where), lambda: time.process_time() > end - seconds / 2)
    cost = branch.run()[0][0]
    while not branch.finished and time.process_time() < end:
        cost = min(cost, search(weigh, effort=weigh.effort + EFFORT, seed=rng.randrange(1 << 30)).score[0])
    return Reference(cost=cost, bound=cost if branch.finished else 0.0, seconds=seconds)


def timed(devices: Sequence[Device], needs: Sequence[ModelNeed], steps: Sequence[Step]) -> tuple[float, Plan]:
    """Seconds of the processor, and the plan."""
    begun = time.process_time()
    plan = make(devices, needs, steps)
    return time.process_time() - begun, plan


def options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rigs", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=0.5, help="of reference search for each rig, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first rig, to share a run among processes")
    parser.add_argument("--hard", action="store_true", help="only rigs whose plan was not proven to be the best")
    parser.add_argument("--only", type=int, nargs="+", metavar="RIG", help="only the rigs of these numbers")
    parser.add_argument("--native", action="store_true", help="references by the program in placement_reference/")
    parser.add_argument("--references", type=Path, metavar="FILE", help="use those of this file, add those that lack")
    return parser.parse_args()


def main() -> int:
    asked = options()
    with tempfile.TemporaryDirectory() as folder:
        native = Native(Path(folder)) if asked.native else None
        return run(asked, References(asked.seed, asked.seconds, native, asked.references))


def run(asked: argparse.Namespace, references: References) -> int:
    """Plan, play, compare, print. The exit code."""
    rng = random.Random(asked.seed)
    times: list[float] = []
    gaps: dict[bool, list[float]] = {True: [], False: []}
    claims = {True: 0, False: 0}
    faults = 0
    last = asked.first + asked.rigs if asked.only is None else max(asked.only) + 1
    for number in range(last) if not asked.hard else itertools.count():
        if len(times) == asked.rigs:
            break
        devices, needs, steps = chance(rng)
        if number < asked.first or (asked.only is not None and number not in asked.only):
            continue
        if asked.hard and make(devices, needs, steps).optimal:
            continue
        took, plan = timed(devices, needs, steps)
        if took > MOST:  # programs that share the processor's caches slow it down: the plan itself is the same
            took = min(took, timed(devices, needs, steps)[0])
        times.append(took)
        for fault in replay(plan).faults:
            faults += 1
            print(f"rig {number}: {fault}")
        if plan.placement:
            known = references.get(number, weigher(devices, needs, steps))
            gap = max(0.0, plan.cost / known.cost - 1)
            gaps[known.proven].append(gap)
            if plan.optimal:
                claims[gap < 1e-6] += 1
            if gap > (PROVEN if known.proven else BEST):
                shape = f"{len(devices)} GPUs, {len(plan.placement)} models, optimal={plan.optimal}"
                name = "optimum" if known.proven else "best known"
                print(f"rig {number}: {gap:.1%} above the {name} ({shape})", flush=True)
    return told(times, gaps, claims, faults)


def told(times: list[float], gaps: dict[bool, list[float]], claims: dict[bool, int], faults: int) -> int:
    """Print what was found. The exit code."""
    times.sort()
    middle, late = times[len(times) // 2], times[min(len(times) - 1, len(times) * 99 // 100)]
    print(f"{len(times)} rigs, {faults} faults in the simulator")
    print(
        f"plan: p50 {middle * 1000:.1f} ms, p99 {late * 1000:.1f} ms, longest {times[-1] * 1000:.1f} ms (100 promised)"
    )
    print(
        f"plans that say they are the best there is: {sum(claims.values())}, a better one is known of {claims[False]}"
    )
    wrong = bool(faults) or times[-1] > MOST
    for proven, bound, name in ((True, PROVEN, "optimum"), (False, BEST, "best known")):
        found = sorted(gaps[proven])
        if found:
            exact = sum(gap < 1e-6 for gap in found)
            print(f"against the {name}: {len(found)} rigs, {exact} equal, worst {found[-1]:.2%} ({bound:.0%} promised)")
            wrong |= found[-1] > bound
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
