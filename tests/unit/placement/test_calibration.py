"""Measured sizes: what is kept, by what, and that several processes may write."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from forge_lsp.placement.calibration import Calibration, MeasuredModel

PHI = MeasuredModel(digest="abc", context=8192, server="gpu0")


async def test_what_was_loaded_whole_is_kept(tmp_path: Path) -> None:
    await Calibration(tmp_path).note({PHI: (10, 10)})
    assert await Calibration(tmp_path).read() == {str(PHI): 10}


async def test_what_spilled_or_ran_on_a_cpu_is_not(tmp_path: Path) -> None:
    await Calibration(tmp_path).note({PHI: (10, 9), MeasuredModel(digest="d", context=1, server="s"): (10, 0)})
    assert await Calibration(tmp_path).read() == {}
    assert not (tmp_path / "footprints.json").exists()


async def test_context_server_and_slots_are_told_apart(tmp_path: Path) -> None:
    others = (
        MeasuredModel(digest="abc", context=4096, server="gpu0"),
        MeasuredModel(digest="abc", context=8192, server="gpu1"),
        MeasuredModel(digest="abc", context=8192, server="gpu0", parallel=2),
    )
    await Calibration(tmp_path).note({seen: (number, number) for number, seen in enumerate((PHI, *others), 1)})
    assert sorted((await Calibration(tmp_path).read()).values()) == [1, 2, 3, 4]


async def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    seen = [MeasuredModel(digest=f"d{number}", context=1, server="s") for number in range(20)]
    await asyncio.gather(*(Calibration(tmp_path).note({one: (5, 5)}) for one in seen))
    assert len(await Calibration(tmp_path).read()) == 20


async def test_a_damaged_file_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "footprints.json").write_text("{")
    assert await Calibration(tmp_path).read() == {}
    await Calibration(tmp_path).note({PHI: (10, 10)})
    assert await Calibration(tmp_path).read() == {str(PHI): 10}


async def test_the_speed_of_loads_is_that_of_the_last_ones_together(tmp_path: Path) -> None:
    calibration = Calibration(tmp_path)
    assert await calibration.load_speeds() == {}
    await calibration.note_load("GPU-0", 8_000_000_000, 4.0)
    await calibration.note_load("GPU-0", 1_000_000_000, 2.0)  # mostly the start of its runner
    await calibration.note_load("GPU-1", 1_000_000_000, 1.0)
    assert await Calibration(tmp_path).load_speeds() == {"GPU-0": 1.5e9, "GPU-1": 1e9}
    for _ in range(12):
        await calibration.note_load("GPU-0", 6_000_000_000, 2.0)
    assert (await calibration.load_speeds())["GPU-0"] == 3e9, "the disk is faster now"


async def test_a_model_that_was_there_already_says_nothing_of_loads(tmp_path: Path) -> None:
    await Calibration(tmp_path).note_load("GPU-0", 8_000_000_000, 0.001)
    assert await Calibration(tmp_path).load_speeds() == {}


@pytest.mark.parametrize("text", ["[]", '{"GPU-0": 3}', '{"GPU-0": [[1, 0], ["a", 2], [1]]}', "{"])
async def test_a_damaged_file_of_loads_is_no_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "loads.json").write_text(text)
    assert await Calibration(tmp_path).load_speeds() == {}
    await Calibration(tmp_path).note_load("GPU-1", 10, 5.0)
    assert await Calibration(tmp_path).load_speeds() == {"GPU-1": 2.0}
