"""What LiteLLM's proxy costs between forge-lsp's clients and a server: calls a second, latency, memory.

    python benchmarks/gateway.py                     # 120 calls, 32 at once
    python benchmarks/gateway.py --calls 100 --at-once 16

The server behind is scripted, in this process, and answers after ``--seconds``; the client is the one that jobs use.
The proxy is installed in the tests' cache if it is not there. Beside it: what forge-lsp itself takes in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from forge_lsp.models.directory import Directory
from forge_lsp.models.wire import Deadlines, ModelConfig, ServerConfig, ServerKind
from tests.integration.models_room import ask
from tests.support.litellm_proxy import LiteLLM, install
from tests.support.ollama_server import free_port
from tests.support.openai_server import OpenAIServer
from tests.support.scripted_http import Script


async def calls(url: str, key: str, name: str, *, count: int, at_once: int) -> tuple[float, Sequence[float]]:
    """Seconds that all calls took, and each of them from its being sent."""
    server = ServerConfig(key="s", kind=ServerKind.OPENAI, url=url, parallel=at_once, key_env="KEY", local=True)
    directory = Directory(
        servers=[server],
        models=[ModelConfig(key="m", server="s", name=name, context=2048)],
        deadlines=Deadlines(connect=60, first_token=300, between_tokens=60, total=600),
        environ={"KEY": key},
    )
    try:
        model = directory.get("m")
        await model.complete(ask())  # the client is imported and the connection made
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(model.complete(ask(f"number {number}"))) for number in range(count)]
        took = time.perf_counter() - started
    finally:
        await directory.aclose()
    return took, [call.result().timing.total for call in running]


def resident(process: int) -> float:
    """Megabytes of a process and its children (Linux)."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if int(status.parent.name) == process or int(fields.get("PPid", "0")) == process:
            total += int(fields.get("VmRSS", "0").split()[0])
    return total / 1024


def told(what: str, took: float, each: Sequence[float], count: int) -> None:
    cuts = statistics.quantiles(each, n=20)
    print(
        f"{what:10} {count / took:6.0f} calls a second, each {1000 * statistics.median(each):5.0f} ms (median), "
        f"{1000 * cuts[18]:5.0f} ms (95th percentile)"
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=120)
    parser.add_argument("--at-once", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=0.05)
    options = parser.parse_args()
    program = await asyncio.to_thread(install)
    if isinstance(program, str):
        raise SystemExit(program)
    port = free_port()
    behind = {"model": "openai/local", "api_base": f"http://127.0.0.1:{port}/v1", "api_key": "none"}
    config = {"model_list": [{"model_name": "m", "litellm_params": behind}]}
    server = OpenAIServer(answer=Script.say("word " * 40, first=options.seconds, size=5))
    await server.start(port)
    with tempfile.TemporaryDirectory() as folder:
        proxy = LiteLLM(Path(folder), config, program=program)
        started = time.perf_counter()
        await asyncio.to_thread(proxy.__enter__)
        try:
            print(f"the proxy is up after {time.perf_counter() - started:.0f} s")
            size = {"count": options.calls, "at_once": options.at_once}
            for what, url, name in (("direct", server.url, "local"), ("by proxy", proxy.url, "m")):
                for _ in range(2):
                    told(what, *await calls(f"{url}/v1", LiteLLM.KEY, name, **size), options.calls)
            its = resident(proxy.process)
            ours = resident(os.getpid()) - its  # the proxy is a child
            print(f"in memory: the proxy {its:.0f} MB, client and scripted server {ours:.0f} MB")
        finally:
            await asyncio.to_thread(proxy.__exit__)
    await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
