"""How much longer a panel of five takes than its slowest member, through the real server.

    python benchmarks/panel.py                 # five jobs, reviews of 300 ms
    python benchmarks/panel.py --jobs 20 --seconds 0.1

Each reviewer is a model of its own on a scripted Ollama that answers all of them at once, ``--seconds`` after it was
asked. The time of the review and of its calls are those of the job's events. 1.15 is what is promised; the first job
pays for imports and loading, and is shown but not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.panel import MEMBERS, TEXT, house, sitting
from tests.support.real_server import generate, open_file

PROMISED = 1.15


async def measure(jobs: int, seconds: float) -> list[float]:
    """The ratio of each job after the first."""
    ratios: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with house(Path(folder), seconds=seconds) as (client, _):
            for number in range(jobs + 1):
                path = Path(folder) / "work" / f"job{number}" / "even.py"
                path.parent.mkdir()
                outcome = await generate(client, open_file(client, path, TEXT), token=str(number))
                assert outcome["outcome"] == "accepted", outcome
                stage, slowest = sitting(client, outcome["jobId"])
                note = "" if number else "  (the first: not counted)"
                print(f"review {stage * 1000:6.1f} ms  slowest {slowest * 1000:6.1f} ms  {stage / slowest:.3f}{note}")
                if number:
                    ratios.append(stage / slowest)
    return ratios


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--jobs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.3, help="that each review takes")
    options = parser.parse_args()
    print(f"{len(MEMBERS)} reviewers, {options.seconds * 1000:g} ms each")
    ratios = asyncio.run(measure(options.jobs, options.seconds))
    middle = statistics.median(ratios)
    print(f"wall time / slowest: median {middle:.3f}, worst {max(ratios):.3f} (promised: below {PROMISED})")
    return 0 if middle < PROMISED else 1


if __name__ == "__main__":
    sys.exit(main())
