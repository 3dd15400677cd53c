from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from forge_lsp.cli.running import run
from forge_lsp.core.errors import BadRequest, EnvironmentFault, ForgeError, JobUnknown, SettingsError
from forge_lsp.logfile import Log


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (BadRequest("say it so"), 2, ["say it so"]),
        (SettingsError(("a.b (x): wrong", "c (y): wrong")), 2, ["a.b (x): wrong", "c (y): wrong"]),
        (JobUnknown("no such job", remedy="forge-lsp jobs"), 2, ["no such job - forge-lsp jobs"]),
        (EnvironmentFault("no tool", remedy="install it"), 1, ["no tool - install it"]),
        (ForgeError("no"), 1, ["no"]),
        (OSError(28, "No space left on device"), 1, ["nothing more can be written: No space left on device"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_errors_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: Exception, code: int, told: list[str]
) -> None:
    async def command(_: Log) -> int:
        raise error

    assert run(command, lambda: tmp_path) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [f"forge-lsp: {line}" for line in told]
    assert not list(tmp_path.iterdir())


def test_what_should_not_happen_is_told_in_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def command(_: Log) -> int:
        raise ValueError("token=SECRETSECRET in it")

    assert run(command, lambda: tmp_path / "state") == 1
    (line,) = capsys.readouterr().err.splitlines()
    log = tmp_path / "state" / "forge-lsp.log"
    assert "ValueError" in line
    assert str(log) in line
    assert "Traceback" in log.read_text()
    assert "SECRETSECRET" not in line + log.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_and_names_the_code(tmp_path: Path, number: signal.Signals) -> None:
    seen: list[str] = []

    async def command(_: Log) -> int:
        os.kill(os.getpid(), number)
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            seen.append("cancelled")
        return 0

    assert run(command, lambda: tmp_path) == 128 + number
    assert seen == ["cancelled"]
