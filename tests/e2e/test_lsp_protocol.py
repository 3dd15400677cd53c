"""Each trap of pygls that lsp/protocol.py and lsp/serving.py work around, seen from the wire."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.raw_lsp import COMMAND, ROOT, RawClient, RpcError, raw_client, trace_of, traced

URI = "untitled:a"
STUB = "def add(a: int, b: int) -> int:\n    ...\n"

HEAVY = (
    "ollama", "anthropic", "openai", "pydantic", "pydantic_settings", "tree_sitter", "httpx", "pynvml", "sqlite3",
    "rich", "fastapi", "xllamacpp", "merge3", "genai_prices", "platformdirs",
)  # fmt: skip


async def ready(client: RawClient, **options: Any) -> None:
    await client.initialize(**options)
    client.open(URI, STUB)


def long_job(token: str = "t") -> dict[str, Any]:
    arguments = {"uri": URI, "task": json.dumps({"pause": 30})}
    return {"command": "forge.generate", "arguments": [arguments], "workDoneToken": token}


def test_nothing_heavy_is_loaded_when_initialize_is_answered() -> None:
    code = (
        "import sys\n"
        "from forge_lsp.lsp.server import create_server, run_stdio\n"
        "async def build(settings, folders, trusted):\n"
        "    sys.stderr.write(','.join(sys.modules)); sys.stderr.flush()\n"
        "    from forge_lsp.core.errors import ForgeError\n"
        "    raise ForgeError('enough')\n"
        "sys.exit(run_stdio(create_server(build=build, version='0')))\n"
    )
    messages = [
        {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}},
        {"method": "initialized", "params": {}},
        {"id": 2, "method": "workspace/executeCommand", "params": {"command": "forge.status", "arguments": [{}]}},
    ]
    wire = b""
    for message in messages:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        wire += b"Content-Length: %d\r\n\r\n" % len(body) + body
    run = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with run:
        assert run.stdin is not None
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdin.write(wire)
        run.stdin.flush()
        seen = b""
        while b"enough" not in seen:
            chunk = os.read(run.stdout.fileno(), 65536)
            assert chunk, seen
            seen += chunk
        run.stdin.close()
        modules = {name.partition(".")[0] for name in run.stderr.read().decode().split(",")}
        run.wait(10)
    assert "lsprotocol" in modules
    assert modules.isdisjoint(HEAVY)


async def test_an_unknown_command_and_unreadable_parameters_are_answered(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await ready(client)
        with pytest.raises(RpcError, match=r"no command 'forge\.nope'") as failure:
            await client.command("forge.nope")
        assert failure.value.code == -32602
        with pytest.raises(RpcError) as failure:
            await client.request("workspace/executeCommand", {"command": 7, "arguments": 7})
        assert failure.value.code == -32602
        with pytest.raises(RpcError, match="uri is missing") as failure:
            await client.command("forge.generate")
        assert failure.value.error.get("data") is None
        assert (await client.command("forge.status"))["jobs"] == []


async def test_requests_before_initialize_and_after_shutdown_are_refused(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        with pytest.raises(RpcError) as failure:
            await client.command("forge.status")
        assert failure.value.code == -32002
        await ready(client)
        await client.request("shutdown")
        with pytest.raises(RpcError) as failure:
            await client.command("forge.status")
        assert failure.value.code == -32600
        client.notify("exit")
        assert await asyncio.wait_for(client.process.wait(), 10) == 0


async def test_shutdown_while_a_command_is_pending(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await ready(client)
        _, pending = client.begin("workspace/executeCommand", long_job())
        _, other = client.begin("workspace/executeCommand", long_job("u"))
        await client.until(lambda: len(client.progress("report")) > 1)
        assert await client.request("shutdown") is None
        for future in (pending, other):
            try:
                assert (await asyncio.wait_for(future, 5))["outcome"] == "cancelled"
            except RpcError as error:
                assert error.code == -32800
        client.notify("exit")
        assert await asyncio.wait_for(client.process.wait(), 10) == 0
        assert sum(line.startswith("cancelled") for line in trace_of(tmp_path)) == 2
        assert "aclose" in trace_of(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_closes_the_jobs_and_is_told_in_the_return_code(tmp_path: Path, number: signal.Signals) -> None:
    async with raw_client(tmp_path) as client:
        await ready(client)
        client.begin("workspace/executeCommand", long_job())
        await traced(tmp_path, "stage")
        client.process.send_signal(number)
        assert await asyncio.wait_for(client.process.wait(), 10) == 128 + number
        assert any(line.startswith("cancelled") for line in trace_of(tmp_path))


async def test_exit_without_shutdown_is_code_1(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await ready(client)
        client.begin("workspace/executeCommand", long_job())
        await traced(tmp_path, "stage")
        client.notify("exit")
        assert await asyncio.wait_for(client.process.wait(), 10) == 1
        assert any(line.startswith("cancelled") for line in trace_of(tmp_path))


async def test_the_end_of_input_ends_the_server(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await ready(client)
        client.begin("workspace/executeCommand", long_job())
        await traced(tmp_path, "stage")
        assert client.process.stdin is not None
        client.process.stdin.close()
        assert await asyncio.wait_for(client.process.wait(), 10) == 1
        assert any(line.startswith("cancelled") for line in trace_of(tmp_path))


async def test_a_client_that_stops_reading_and_goes(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await ready(client)
        client.begin("workspace/executeCommand", long_job())
        await traced(tmp_path, "stage")
        client.process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]
        await asyncio.sleep(0.1)  # closed in a moment: a quick answer would still be taken
        client.begin("workspace/executeCommand", {"command": "forge.status", "arguments": [{}]})
        assert await asyncio.wait_for(client.process.wait(), 10) == 1


async def test_stray_prints_and_children_cannot_touch_the_protocol(tmp_path: Path) -> None:
    code = (
        "import os, subprocess, sys\n"
        "import tests.support.fake_services as fake\n"
        "real = fake.build\n"
        "async def build(settings, folders, trusted):\n"
        "    print('a stray print', flush=True)\n"
        "    os.write(1, b'a stray write')\n"
        "    subprocess.run(['sh', '-c', 'echo child; cat'], check=True)\n"
        "    return await real(settings, folders, trusted)\n"
        "fake.build = build\n"
        "sys.exit(fake.main())\n"
    )
    async with raw_client(tmp_path, command=(sys.executable, "-c", code)) as client:
        await ready(client)
        assert (await client.command("forge.generate", "t", uri=URI))["outcome"] == "accepted"
    assert "a stray print" in (tmp_path / "stderr").read_text()


async def test_nothing_is_kept_of_what_has_ended(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "import tests.support.fake_services as fake\n"
        "server = fake.create_server(build=fake.build, version='0')\n"
        "run = server.protocol.execute\n"
        "async def execute(params):\n"
        "    if params.command == 'forge.history':\n"
        "        protocol = server.protocol\n"
        "        return [len(protocol._request_futures), len(protocol._result_types),\n"
        "                len(protocol.progress.tokens), len(server.session.editor.work_done),\n"
        "                len(server.session.shown)]\n"
        "    return await run(params)\n"
        "server.protocol.execute = execute\n"
        "sys.exit(fake.run_stdio(server))\n"
    )
    async with raw_client(tmp_path, command=(sys.executable, "-c", code)) as client:
        client.answers["window/showMessageRequest"] = lambda _: {"title": "Allow"}
        await ready(client)
        for number in range(3):
            await client.command("forge.generate", str(number), uri=URI, task=json.dumps({"ask": True}))
            await client.command("forge.generate", uri=URI)
            await client.until(lambda number=number: len(client.progress("end")) == 2 * number + 2)
        client.answers["window/workDoneProgress/create"] = lambda _: {}
        assert await client.command("forge.history") == [1, 0, 0, 0, 0]  # 1: this request


async def test_tcp_serves_one_client_and_ends(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "FORGE_FAKE_STATE": str(tmp_path)}
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--tcp", f"127.0.0.1:{port}", cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    assert b"listens on" in await asyncio.wait_for(process.stderr.readline(), 20)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    params = {"processId": None, "rootUri": None, "capabilities": {}}
    for message in (
        {"id": 1, "method": "initialize", "params": params},
        {"id": 2, "method": "shutdown"},
        {"method": "exit"},
    ):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        if "id" in message:
            header = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            length = int(header.split(b"\r\n")[0].split(b":")[1])
            assert json.loads(await reader.readexactly(length))["id"] == message["id"]
    assert await asyncio.wait_for(process.wait(), 10) == 0
    writer.close()
    process._transport.close()  # type: ignore[attr-defined]
