"""Many jobs queued at once over four model servers: do all end, does memory stay flat, does the server still answer?

    python benchmarks/many_jobs.py                     # 200 jobs
    python benchmarks/many_jobs.py --jobs 50 --seconds 0.02

The real language server over stdio, its models on four scripted Ollamas in a process of their own: one plans, one
writes, two review, each call after ``--seconds``. ``forge.status`` is asked every 20 ms while the jobs run; promised is
a 99th percentile below 50 ms. Memory is the server's resident set, children apart, when the first quarter of the jobs
has ended against the end; promised is less than a fifth more. The 32 latest jobs are kept in memory, all in the ledger.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.faulty_ollama import FakeOllama
from tests.support.raw_lsp import RawClient, raw_client
from tests.support.real_server import COMMAND, ScriptedModels, environment, fenced, verdict
from tests.support.scripted_http import Script

PROMISED_MS, PROMISED_GROWTH = 50.0, 1.2
TEXT = 'def is_even(number: int) -> bool:\n    """Whether it divides by two."""\n    ...\n'
CODE = "def is_even(number: int) -> bool:\n    return number % 2 == 0"
MODELS = {"planner": "phi4:14b", "coder": "qwen2.5-coder:7b", "granite": "granite3-dense:2b", "llama": "llama3.1:8b"}


async def model_servers(seconds: float) -> None:
    """Run the four servers, tell where they are, until standard input ends."""
    scripts = {
        "generate": Script.say(fenced(CODE), first=seconds, size=400),
        "propose": Script.say("The remainder by two tells it.", first=seconds, size=400),
        "review": Script.say(verdict(9), first=seconds, size=400),
    }
    async with contextlib.AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(FakeOllama(answer=ScriptedModels(scripts), models=[*MODELS.values()]))
            for _ in MODELS
        ]
        print(json.dumps([server.url for server in servers]), flush=True)
        await asyncio.to_thread(sys.stdin.read)


@contextlib.asynccontextmanager
async def running_models(seconds: float) -> AsyncIterator[list[str]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--serve-models", "--seconds", str(seconds),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


def settings(urls: list[str], parallel: int) -> dict[str, object]:
    return {
        "servers": {f"gpu{at}": {"kind": "ollama", "url": url, "parallel": parallel} for at, url in enumerate(urls)},
        "models": {
            key: {"server": f"gpu{at}", "name": name, "context": 8192} for at, (key, name) in enumerate(MODELS.items())
        },
        "schedule": [
            {
                "attempts": [1],
                "thinking": {"strategy": "solo", "models": ["planner"]},
                "generator": {"model": "coder"},
                "panel": {"kind": "simple", "members": ["granite", "llama"]},
            }
        ],
    }


def resident(pid: int) -> float:
    """MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise OSError("no VmRSS")


async def one(client: RawClient, folder: Path, number: int, ended: list[str], memory: list[float]) -> None:
    path = folder / "work" / f"job{number}.py"
    path.write_text(TEXT)
    client.open(path.as_uri(), TEXT)
    wanted = {"uri": path.as_uri(), "range": client.cursor(path.as_uri(), "..."), "apply": "none"}
    params = {"command": "forge.generate", "arguments": [wanted], "workDoneToken": f"t{number}"}
    _, answer = client.begin("workspace/executeCommand", params)
    outcome = await answer
    ended.append(outcome["outcome"])
    memory.append(resident(client.process.pid))


async def echo(waits: list[float]) -> None:
    """Ask a process that does nothing else: what this machine's load alone costs a question and its answer."""
    process = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        while True:
            started = time.perf_counter()
            process.stdin.write(b"?\n")
            await process.stdout.readline()
            waits.append((time.perf_counter() - started) * 1000)
            await asyncio.sleep(0.02)
    finally:
        process.stdin.close()
        await process.wait()


async def watch(client: RawClient, waits: list[float], most: list[int]) -> None:
    while True:
        started = time.perf_counter()
        status: Any = await client.command("forge.status")
        waits.append((time.perf_counter() - started) * 1000)
        most.append(len(status["jobs"]))
        client.seen.clear()  # the client's own memory and time are not what is measured
        await asyncio.sleep(0.02)


async def measure(options: argparse.Namespace) -> bool:
    ended: list[str] = []
    memory: list[float] = []
    waits: list[float] = []
    noise: list[float] = []
    most: list[int] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "work").mkdir()
        async with running_models(options.seconds) as urls:
            whole = environment(folder, settings(urls, options.parallel))
            async with raw_client(folder, command=COMMAND, environment=whole) as client:
                await client.initialize(folders=[folder / "work"])
                await one(client, folder, options.jobs, [], [])  # pays for the imports
                began = time.monotonic()
                watching = [asyncio.create_task(watch(client, waits, most)), asyncio.create_task(echo(noise))]
                async with asyncio.timeout(options.patience), asyncio.TaskGroup() as group:
                    for number in range(options.jobs):
                        group.create_task(one(client, folder, number, ended, memory))
                seconds = time.monotonic() - began
                for task in watching:
                    task.cancel()
                await asyncio.wait(watching)
                left = await client.command("forge.status")
    accepted = ended.count("accepted")
    p99, idle = (statistics.quantiles(found, n=100)[98] for found in (waits, noise))
    first = memory[options.jobs // 4]
    growth = memory[-1] / first
    for line in (
        f"{options.jobs} jobs over {len(MODELS)} servers in {seconds:.1f} s: {accepted} accepted, {len(ended)} ended,"
        f" {len(left['jobs'])} left; at most {max(most)} at once",
        f"forge.status while they ran, {len(waits)} times: median {statistics.median(waits):.1f} ms,"
        f" p99 {p99:.1f} ms, worst {max(waits):.1f} ms (promised: p99 below {PROMISED_MS:g} ms;"
        f" `cat` answers within {idle:.1f} ms on this machine now)",
        f"memory after {options.jobs // 4} jobs {first:.0f} MiB, at the end {memory[-1]:.0f} MiB: {growth:.3f} of it"
        f" (promised: below {PROMISED_GROWTH})",
    ):
        print(line)
    return accepted == options.jobs and not left["jobs"] and p99 < PROMISED_MS and growth < PROMISED_GROWTH


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=0.05, help="that each model call takes")
    parser.add_argument("--parallel", type=int, default=4, help="calls at once on each server")
    parser.add_argument("--patience", type=float, default=540, help="seconds for all of it")
    parser.add_argument("--no-check", action="store_true", help="print, and exit 0 whatever comes out")
    parser.add_argument("--serve-models", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve_models:
        asyncio.run(model_servers(options.seconds))
        return 0
    return 0 if asyncio.run(measure(options)) or options.no_check else 1


if __name__ == "__main__":
    sys.exit(main())
