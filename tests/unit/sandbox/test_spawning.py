from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, cast

import pytest

from forge_lsp.sandbox import process
from forge_lsp.sandbox.spawning import spawn

pytestmark = pytest.mark.skipif(os.name != "posix", reason="uses POSIX commands")

ENV = {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}
Popen = subprocess.Popen[bytes]


@contextlib.contextmanager
def starts(monkeypatch: pytest.MonkeyPatch, before: Callable[[], object], after: Callable[[Popen], None]) -> Any:
    real = subprocess.Popen

    def start(*args: Any, **kwargs: Any) -> Popen:
        before()
        child = cast("Popen", real(*args, **kwargs))
        after(child)
        return child

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", start)
        yield


async def test_the_loop_goes_on_while_a_process_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    went_on = threading.Event()
    seen: list[bool] = []
    with starts(monkeypatch, lambda: seen.append(went_on.wait(10)), lambda _: None):
        running = asyncio.ensure_future(process.run(["echo", "there"], env=ENV, timeout=10))
        await asyncio.sleep(0.05)
        went_on.set()
        assert (await running).stdout == b"there\n"
    assert seen == [True]


@pytest.mark.parametrize("cancels", [1, 2])
async def test_a_cancel_while_a_process_starts_kills_it(monkeypatch: pytest.MonkeyPatch, cancels: int) -> None:
    let_go, started = threading.Event(), threading.Event()
    children: list[Popen] = []

    def before() -> None:
        started.set()
        let_go.wait(10)

    with starts(monkeypatch, before, children.append):
        running = asyncio.ensure_future(process.run(["sleep", "600"], env=ENV, timeout=60))
        await asyncio.to_thread(started.wait, 10)
        for _ in range(cancels):
            running.cancel()
            await asyncio.sleep(0.02)
        assert not running.done()
        let_go.set()
        with pytest.raises(asyncio.CancelledError):
            await running
    (child,) = children
    assert await asyncio.to_thread(child.wait, 10) == -9


async def test_a_cancel_of_the_start_itself_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a loop does at its end, with every task."""
    let_go = threading.Event()
    children: list[Popen] = []
    with starts(monkeypatch, lambda: let_go.wait(10), children.append):
        starting = asyncio.ensure_future(
            spawn(
                asyncio.SubprocessProtocol, ["sleep", "600"], stdin=subprocess.DEVNULL, cwd=None, env=ENV, pass_fds=()
            )
        )
        await asyncio.sleep(0.02)
        starting.cancel()
        await asyncio.sleep(0.02)
        let_go.set()
        with pytest.raises(asyncio.CancelledError):
            await starting
    assert await asyncio.to_thread(children[0].wait, 10) == -9


async def test_without_descriptors_of_processes_a_thread_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError

    monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    result = await process.run(["sh", "-c", "cat; exit 4"], env=ENV, timeout=10, stdin=b"read")
    assert (result.code, result.stdout, result.timed_out) == (4, b"read", False)
    late = await process.run(["sleep", "600"], env=ENV, timeout=0.1)
    assert (late.code, late.timed_out) == (-9, True)


async def test_more_is_written_to_a_command_than_a_pipe_holds() -> None:
    script = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
    result = await process.run([sys.executable, "-c", script], env=ENV, timeout=30, stdin=b"x" * 1_000_000)
    assert len(result.stdout) == 1_000_000
