"""CPU time from the start of the process to the answer to ``initialize``: forge-lsp and a bare pygls server.

Both are measured in one run, turn by turn, so that a busy machine is busy for both. CPU time is the child's user and
system time, and that of the processes which it started, when it has answered, read from /proc (Linux).

    python benchmarks/startup.py [--rounds 15] [--limit-ms 50]

Exits 1 when the median of the differences, pair by pair, is above the limit.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

BARE = """
from pygls.lsp.server import LanguageServer
LanguageServer("bare", "0").start_io()
"""
SERVERS = {
    "bare pygls": [sys.executable, "-c", BARE],
    "forge-lsp": [sys.executable, "-m", "forge_lsp"],
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--limit-ms", type=float, default=50.0)
    options = parser.parse_args()
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in SERVERS}
    for number in range(options.rounds + 1):
        for name, command in SERVERS.items():
            measured = measure(command)
            if number:  # the first round only warms the caches
                seconds[name].append(measured)
    medians: dict[str, float] = {}
    for name, values in seconds.items():
        cpu, wall = ([value[place] * 1000 for value in values] for place in (0, 1))
        medians[name] = statistics.median(cpu)
        print(f"{name:12} CPU {medians[name]:6.1f} ms (best {min(cpu):.1f}) · wall {statistics.median(wall):6.1f} ms")
    bare = medians["bare pygls"]
    # Pair by pair: what a busy machine adds to one turn it adds to the next one too.
    pairs = zip(*(seconds[name] for name in SERVERS), strict=True)
    difference = statistics.median(ours[0] - theirs[0] for theirs, ours in pairs) * 1000
    print(f"ratio {1 + difference / bare:.3f} · difference {difference:+.1f} ms (limit {options.limit_ms:.0f} ms)")
    return 0 if difference <= options.limit_ms else 1


def measure(command: list[str]) -> tuple[float, float]:
    """CPU and wall seconds of one server until it has answered ``initialize``."""
    params = {"processId": os.getpid(), "rootUri": None, "capabilities": {}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).encode()
    begun = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        server.stdin.flush()
        length = 0
        while (line := server.stdout.readline()).strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        answer = json.loads(server.stdout.read(length))
        wall, cpu = time.perf_counter() - begun, cpu_seconds(server.pid)
        assert answer["id"] == 1, answer
        server.kill()
    return cpu, wall


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of all threads of a process and of those that it started, which serve in its
    place; from the scheduler's nanoseconds where Linux has them."""
    tasks = list(Path(f"/proc/{pid}/task").iterdir())
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    try:
        own = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    except (OSError, ValueError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(map(cpu_seconds, children))


if __name__ == "__main__":
    sys.exit(main())
