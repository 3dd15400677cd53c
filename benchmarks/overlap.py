"""An attempt whose writer has to be swapped in: brought in while the others think, against loaded when it is called.

On simulated servers that follow Ollama's rules (tests/support/ollama_sim.py), with real delays: loading the writer
takes 8 s, thinking 12 s, writing 20 s, shortened by ``--scale``. Prints both as ratios to the critical path, and exits
1 where the overlapped attempt is more than 5% above it, or gains less than the thinking could hide.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from forge_lsp.core.events import Stage
from forge_lsp.placement import placement
from forge_lsp.placement.plan import Plan
from tests.support.rigs import device, user_needs, user_steps
from tests.support.simulated_gpus import SimulatedGpus

THINK, WRITE, LOAD = 12.0, 20.0, 8.0
THINKERS, WRITER = ("phi4", "gemma3", "qwen"), "codestral"


async def attempt(plan: Plan, scale: float, *, ahead: bool) -> float:
    """Seconds (unshortened) of thinking and writing, the models of attempt 4 in memory at its start."""
    size = plan.need(WRITER).footprint.bytes
    with tempfile.TemporaryDirectory() as folder:
        simulated = SimulatedGpus(
            plan, Path(folder), scale=scale, bandwidth=size / (LOAD - 1.0)
        )  # one second goes to unloading
        for keys in plan.at(4, "panel").values():
            for key in keys:
                simulated.server_of(key).scheduler.start(key)
                simulated.server_of(key).scheduler.end(key)
        started = time.perf_counter()
        async with simulated.residency.hold(THINKERS, attempt=5, stage=Stage.THINK):
            if ahead:
                simulated.residency.foresee((WRITER,), attempt=5, stage=Stage.GENERATE)
            await simulated.call(THINKERS, THINK)
        async with simulated.residency.hold((WRITER,), attempt=5, stage=Stage.GENERATE):
            await simulated.call((WRITER,), WRITE)
        seconds = (time.perf_counter() - started) / scale
        await simulated.residency.aclose()
        return seconds


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.1, help="seconds are shortened to this share (0.1)")
    parser.add_argument("--runs", type=int, default=3)
    scale, runs = (found := parser.parse_args()).scale, found.runs
    needs = user_needs(gpus=False)
    plan = placement.make([device(0, 24), device(1, 24), device(2, 12)], needs, user_steps(needs))
    path = THINK + WRITE
    ahead = sorted([await attempt(plan, scale, ahead=True) for _ in range(runs)])[runs // 2]
    demand = sorted([await attempt(plan, scale, ahead=False) for _ in range(runs)])[runs // 2]
    hidden = min(THINK, LOAD)
    print(f"critical path        {path:6.1f} s  1.000")
    print(f"swapped in ahead     {ahead:6.1f} s  {ahead / path:.3f}  (bound 1.050)")
    print(f"loaded on demand     {demand:6.1f} s  {demand / path:.3f}")
    print(f"gained               {demand - ahead:6.1f} s  {(demand - ahead) / hidden:.3f} of what thinking can hide")
    return int(ahead > 1.05 * path or demand - ahead < 0.9 * hidden)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
