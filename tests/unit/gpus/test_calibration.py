"""Measured sizes: what is kept, by what, and that several processes may write."""

from __future__ import annotations

import asyncio
from pathlib import Path

from forge_lsp.gpus.calibration import Calibration, Seen

PHI = Seen(digest="abc", context=8192, server="gpu0")


async def test_what_was_loaded_whole_is_kept(tmp_path: Path) -> None:
    await Calibration(tmp_path).note({PHI: (10, 10)})
    assert await Calibration(tmp_path).read() == {str(PHI): 10}


async def test_what_spilled_or_ran_on_a_cpu_is_not(tmp_path: Path) -> None:
    await Calibration(tmp_path).note({PHI: (10, 9), Seen(digest="d", context=1, server="s"): (10, 0)})
    assert await Calibration(tmp_path).read() == {}
    assert not (tmp_path / "footprints.json").exists()


async def test_context_server_and_slots_are_told_apart(tmp_path: Path) -> None:
    others = (
        Seen(digest="abc", context=4096, server="gpu0"),
        Seen(digest="abc", context=8192, server="gpu1"),
        Seen(digest="abc", context=8192, server="gpu0", parallel=2),
    )
    await Calibration(tmp_path).note({seen: (number, number) for number, seen in enumerate((PHI, *others), 1)})
    assert sorted((await Calibration(tmp_path).read()).values()) == [1, 2, 3, 4]


async def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    seen = [Seen(digest=f"d{number}", context=1, server="s") for number in range(20)]
    await asyncio.gather(*(Calibration(tmp_path).note({one: (5, 5)}) for one in seen))
    assert len(await Calibration(tmp_path).read()) == 20


async def test_a_damaged_file_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "footprints.json").write_text("{")
    assert await Calibration(tmp_path).read() == {}
    await Calibration(tmp_path).note({PHI: (10, 10)})
    assert await Calibration(tmp_path).read() == {str(PHI): 10}
