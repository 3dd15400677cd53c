from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from pathlib import Path

import pytest

from forge_lsp.core.errors import EnvironmentFault, ToolMissing
from forge_lsp.sandbox import process

pytestmark = pytest.mark.skipif(os.name != "posix", reason="uses POSIX commands")

ENV = {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z" or os.getpid() == int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def dies(pid: int) -> bool:
    """Whether it is dead within 200 ms: after SIGKILL the kernel closes a process's files before it takes it down."""
    deadline = time.monotonic() + 0.2
    while alive(pid) and time.monotonic() < deadline:  # noqa: ASYNC110 - no child of ours tells of its end
        await asyncio.sleep(0.005)
    return not alive(pid)


async def started(pids: list[int]) -> None:
    async with asyncio.timeout(10):
        while not pids:  # noqa: ASYNC110 - a plain callback sets no event
            await asyncio.sleep(0.01)


def bearing(marker: str) -> list[bytes]:
    found: list[bytes] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes())
    return [line for line in found if marker.encode() in line]


def descriptors() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


@pytest.mark.skipif(not hasattr(os, "setpriority"), reason="priorities are set on POSIX systems")
async def test_a_command_gives_way_to_us_however_nice_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    result = await process.run(["sh", "-c", "sleep 0.1; nice"], env=ENV, timeout=10)
    assert int(result.stdout) == min(19, ours + 10)
    monkeypatch.setattr(os, "getpriority", lambda *_: 15)
    result = await process.run(["sh", "-c", "sleep 0.1; nice"], env=ENV, timeout=10)
    assert int(result.stdout) == 19


async def test_outputs_code_and_environment() -> None:
    result = await process.run(
        ["sh", "-c", "echo out; echo err >&2; echo $A; exit 3"], env={**ENV, "A": "1"}, timeout=10
    )
    assert (result.code, result.stdout, result.stderr) == (3, b"out\n1\n", b"err\n")
    assert not result.timed_out
    assert not result.truncated
    assert result.seconds > 0


async def test_only_the_environment_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORGE_SECRET", "s")
    result = await process.run(["env"], env=ENV, timeout=10)
    assert b"FORGE_SECRET" not in result.stdout


async def test_stdin_is_fed_and_ended() -> None:
    given = b"x" * 300_000
    result = await process.run(["wc", "-c"], env=ENV, timeout=10, stdin=given)
    assert int(result.stdout) == len(given)


async def test_stdin_that_nobody_reads_does_no_harm() -> None:
    result = await process.run(["true"], env=ENV, timeout=10, stdin=b"x" * 1_000_000)
    assert result.code == 0


async def test_without_stdin_there_is_nothing_to_read() -> None:
    result = await process.run(["cat"], env=ENV, timeout=10)
    assert (result.code, result.stdout) == (0, b"")


async def test_output_is_bounded_and_the_command_not_blocked() -> None:
    result = await process.run(
        ["sh", "-c", "head -c 3000000 /dev/zero; echo x >&2"], env=ENV, timeout=10, max_output=1000
    )
    assert (result.code, len(result.stdout), result.stderr, result.truncated) == (0, 1000, b"x\n", True)


async def test_output_of_exactly_the_bound_is_whole() -> None:
    result = await process.run(["head", "-c", "1000", "/dev/zero"], env=ENV, timeout=10, max_output=1000)
    assert (len(result.stdout), result.truncated) == (1000, False)


async def test_timeout_kills_the_whole_group() -> None:
    pids: list[int] = []
    result = await process.run(
        ["sh", "-c", "sleep 600 & echo $!; sleep 600"], env=ENV, timeout=0.5, started=pids.append
    )
    assert result.timed_out
    assert result.code == -9
    assert not alive(pids[0])
    assert await dies(int(result.stdout))


async def test_a_grandchild_that_holds_the_pipe_does_not_hold_us() -> None:
    begin = time.monotonic()
    result = await process.run(["sh", "-c", "sleep 600 & echo $!"], env=ENV, timeout=30)
    assert time.monotonic() - begin < 5
    assert result.code == 0
    assert await dies(int(result.stdout))


async def test_one_in_a_session_of_its_own_does_not_hold_us_either() -> None:
    begin = time.monotonic()
    code = (
        "import os, sys, time\nprint(os.getpid(), flush=True)\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(2)"
    )
    result = await process.run([sys.executable, "-I", "-S", "-c", code], env=ENV, timeout=30)
    assert result.code == 0
    assert time.monotonic() - begin < 1.9


async def test_cancel_kills_and_reaps_within_200_ms() -> None:
    pids: list[int] = []
    running = asyncio.ensure_future(
        process.run(["sh", "-c", "sleep 600 & sleep 600"], env=ENV, timeout=60, started=pids.append)
    )
    await started(pids)
    await asyncio.sleep(0.05)
    begin = time.monotonic()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert time.monotonic() - begin < 0.2
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)  # not even a zombie


@pytest.mark.parametrize("ticks", [0, 1, 2, 3, 5])
async def test_cancel_while_starting_leaves_nothing(ticks: int) -> None:
    marker = f"forge-process-{os.getpid()}-{ticks}"
    running = asyncio.ensure_future(process.run(["sh", "-c", "sleep 600; :", marker], env=ENV, timeout=60))
    for _ in range(ticks):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert bearing(marker) == []


async def test_a_second_cancel_does_not_break_the_cleaning_up() -> None:
    pids: list[int] = []
    ignores = "trap '' TERM; sleep 600 & wait; sleep 600"
    running = asyncio.ensure_future(
        process.run(["sh", "-c", ignores], env=ENV, timeout=60, started=pids.append, grace=0.2)
    )
    await started(pids)
    await asyncio.sleep(0.1)
    running.cancel()
    await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not alive(pids[0])


async def test_grace_lets_the_leader_end_itself() -> None:
    script = "trap 'echo swept; exit 0' TERM; sleep 600 & wait"
    result = await process.run(["sh", "-c", script], env=ENV, timeout=0.4, grace=5)
    assert result.timed_out
    assert result.stdout == b"swept\n"


async def test_a_missing_program() -> None:
    with pytest.raises(ToolMissing, match="no-such-program") as caught:
        await process.run(["no-such-program"], env=ENV, timeout=1)
    assert caught.value.remedy


async def test_a_program_that_cannot_be_executed(tmp_path: Path) -> None:
    script = tmp_path / "plain.txt"
    script.write_text("no program")
    with pytest.raises(ToolMissing, match="cannot be executed"):
        await process.run([str(script)], env=ENV, timeout=1)


async def test_a_missing_folder_is_not_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="does not exist") as caught:
        await process.run(["true"], cwd=tmp_path / "gone", env=ENV, timeout=1)
    assert not isinstance(caught.value, ToolMissing)


async def test_many_at_once_leave_no_descriptor() -> None:
    await process.run(["true"], env=ENV, timeout=10)
    before = descriptors()
    results = await asyncio.gather(*(process.run(["echo", str(n)], env=ENV, timeout=20) for n in range(20)))
    assert [int(result.stdout) for result in results] == list(range(20))
    after = descriptors()
    assert after <= before
