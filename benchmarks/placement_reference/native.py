"""The least cost of a placement, and a proof of it, by the C program beside this file.

What it says a placement costs is held against the planner's own reckoning for every rig, by placements drawn by chance:
a reference that reckons otherwise would prove nothing.
"""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.placement.weighing import Weigher

__all__ = ["Native", "Reference"]

HERE = Path(__file__).parent
DRAWN = 20
"""Placements for which both reckonings are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """``cost``: the least that is known; ``bound``: no placement costs less (0: unknown), both in seconds.
    ``seconds``: of the search that found it, at most."""

    cost: float
    bound: float
    seconds: float

    @property
    def proven(self) -> bool:
        """Whether there is none that costs less than ``cost``."""
        return self.bound >= self.cost - 1e-5


class Native:
    """The program, compiled into ``folder`` by ``cc``. Raises :class:`OSError` without a compiler."""

    def __init__(self, folder: Path) -> None:
        self._program, self._rig = folder / "reference", folder / "rig.txt"
        sources = [str(HERE / "rig.c"), str(HERE / "prove.c")]
        subprocess.run(["cc", "-O3", "-march=native", "-o", str(self._program), *sources, "-lm"], check=True)

    def reference(self, weigh: Weigher, *, seconds: float, proving: float) -> Reference:
        """Seconds of the processor, at most: of annealing where the proof does not end without, and of each proof.
        Raises :class:`RuntimeError` where it does not reckon as ``weigh`` does."""
        self._rig.write_text(_text(weigh))
        self._compare(weigh)
        told = json.loads(self._run(repr(seconds), repr(proving)))
        score = weigh.score(told["where"])
        if score is None or abs(score[0] - told["cost"]) > 1e-4:
            raise RuntimeError(f"the reference reckons {told['cost']}, the planner {score}")
        return Reference(cost=told["cost"], bound=told["bound"], seconds=seconds)

    def _compare(self, weigh: Weigher) -> None:
        rng = random.Random(len(weigh.rig.needs))
        drawn = [[rng.choice(allowed) for allowed in weigh.allowed] for _ in range(DRAWN)]
        answers = self._run("weigh", text="\n".join(" ".join(map(str, where)) for where in drawn)).split()
        for where, answer in zip(drawn, answers, strict=True):
            score = weigh.score(where)
            if score is None or abs(score[0] - float(answer)) > 1e-4:
                raise RuntimeError(f"the reference reckons {answer}, the planner {score}, for {where}")

    def _run(self, *words: str, text: str = "") -> str:
        command = [str(self._program), str(self._rig), *words]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def _text(weigh: Weigher) -> str:
    """The rig as rig.c reads it: counts, then devices, models, stages, and rounds with several models."""
    rig = weigh.rig
    count = len(rig.devices)
    lines: list[Sequence[object]] = [[count, len(rig.needs), len(rig.stages), len(weigh.rounds), weigh.fixed]]
    for number, device in enumerate(rig.devices):
        lines.append([weigh.kind(number), device.free, rig.speed[number], float(device.load_bandwidth)])
    for model in range(len(rig.needs)):
        allowed = sum(1 << device for device in weigh.allowed[model])
        lines.append([rig.size[model], rig.claim[model], allowed, *weigh.alone[model], *rig.next_use[model]])
    for stage in rig.stages:
        lines.append([stage.mask, stage.least, stage.after, len(stage.calls)])
        lines += [[len(each), *each] for each, _, _ in stage.calls]
    lines.append([*rig.by_first_use])
    for times, calls in weigh.rounds:
        lines.append([times, len(calls), *(one for call in calls.items() for one in call)])
    return "\n".join(" ".join(map(repr, line)) for line in lines) + "\n"
