"""Run the benchmarks one after another, small enough for some minutes in all.

    python benchmarks/run.py                     # all
    python benchmarks/run.py parallelism panel   # some
    python benchmarks/run.py --full              # with each one's own defaults, as the promises are worded

Each prints ratios and what is promised of them; docs/benchmarks.md tells what each measures. Exits 1 when a promise was
broken, with --no-check only when a benchmark could not run at all (its exit code is then not 0 or 1).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SMALL: dict[str, tuple[str, ...]] = {
    "startup": ("--rounds", "7"),
    "panel": ("--jobs", "3"),
    "parallelism": ("--jobs", "2", "--shortest", "0.2", "--longest", "1"),
    "many_jobs": ("--jobs", "60"),
    "sandbox": ("--files", "1000", "--rounds", "5"),
    "extraction": ("--quick", "200"),
    "context": ("--functions", "4"),
    "landing": ("--rounds", "2"),
    "whole_answers": ("--quick", "400"),
    "context_index": ("--files", "1000"),
    "fast_gates": ("--rounds", "5"),
    "dotnet_build": ("--rounds", "5"),
    "placement": ("--rigs", "50"),
    "embedded_functions": ("--samples", "2"),
    "embedded_evidence": ("--functions", "8"),
    "ranking": ("--tasks", "3"),
    "replay": ("--tasks", "4"),
    "replay_functions": ("--tasks", "6"),
    "grades": ("--tasks", "6"),
    "check_answers": ("--answers", "5"),
    "effort": ("--tasks", "6"),
    "writers": ("--rounds", "2"),
    "probing": ("--rounds", "3"),
    "documented": ("--tasks", "3"),
    "graded": ("--tasks", "1"),
    "replay_classes": ("--tasks", "2"),
    "wild": ("inflection", "shlex", "--functions", "2", "--mutants", "1"),
}
"""What each is started with; one that is not named here runs as it is."""


def main() -> int:
    names = sorted(path.stem for path in HERE.glob("*.py") if path.stem != "run")
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(names)}; all, where none is named")
    parser.add_argument("--full", action="store_true", help="with each one's own defaults")
    parser.add_argument("--no-check", action="store_true", help="print, whatever comes out")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in names]:
        parser.error(f"there is no benchmark {unknown[0]}; there are {', '.join(names)}")
    codes: dict[str, int] = {}
    for name in options.names or names:
        small = () if options.full else SMALL.get(name, ())
        print(f"== {name} {' '.join(small)}".rstrip(), flush=True)
        codes[name] = subprocess.run([sys.executable, str(HERE / f"{name}.py"), *small], check=False).returncode
    broken = [name for name, code in codes.items() if code not in ((0, 1) if options.no_check else (0,))]
    print(f"== not as promised: {', '.join(broken)}" if broken else f"== {len(codes)} ran")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
