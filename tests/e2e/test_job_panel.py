"""A panel sits at once: all its calls are under way together, so it takes as long as its slowest member."""

from __future__ import annotations

from pathlib import Path

from tests.support.panel import MEMBERS, TEXT, house, sitting
from tests.support.real_server import generate, open_file, part_of


async def test_all_five_reviewers_are_asked_at_once(tmp_path: Path) -> None:
    async with house(tmp_path, seconds=0.5) as (client, ollama):
        uri = open_file(client, tmp_path / "work" / "even.py", TEXT)
        outcome = await generate(client, uri)
        assert (outcome["outcome"], outcome["score"]) == ("accepted", 9.0)
        reviews = [call for call in ollama.chats if part_of(call.body) == "review"]
        assert sorted(call.body["model"] for call in reviews) == sorted(f"{member}:8b" for member in MEMBERS)
        ends = [call.ended for call in reviews if call.ended is not None]
        # when the last one began, none had ended: benchmarks/panel.py puts a number to it
        assert max(call.started for call in reviews) < min(ends)
        stage, slowest = sitting(client, outcome["jobId"])
        assert stage < sum(call.ended - call.started for call in reviews if call.ended is not None) / 2
        assert slowest >= 0.5
