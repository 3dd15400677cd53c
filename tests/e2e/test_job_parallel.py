"""What may run at once runs at once, as the servers see it; benchmarks/parallelism.py has the times."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.support.real_server import forge, generate, open_file, part_of
from tests.support.rig import KEY, TEXT, critical_path, peak, rig
from tests.support.scripted_http import Exchange

pytestmark = [pytest.mark.e2e, pytest.mark.alone]
FIVE = ["phi4", "gemma3", "qwen", "deepseek-small", "llama"]
DELAY = 0.5


def rows(strategy: str, thinkers: list[str]) -> list[dict[str, object]]:
    return [
        {
            "attempts": [1],
            "thinking": {"strategy": strategy, "models": thinkers},
            "generator": {"model": "deepseek-coder"},
            "panel": {"kind": "critical", "members": FIVE},
        }
    ]


@pytest.mark.parametrize(
    ("strategy", "thinkers", "then", "most"), [("trio", FIVE[:3], "consensus", 1), ("vote", FIVE, "vote", 5)]
)
async def test_models_that_need_not_wait_for_each_other_do_not(
    tmp_path: Path, strategy: str, thinkers: list[str], then: str, most: int
) -> None:
    async with (
        rig(lambda: DELAY, score=9, schedule=rows(strategy, thinkers)) as built,
        forge(tmp_path, built.values, env=KEY) as client,
    ):
        outcome = await generate(client, open_file(client, tmp_path / "work" / "even.py", TEXT))
        assert (outcome["outcome"], outcome["score"]) == ("accepted", 9.0)
        servers = list(built.servers.values())
        assert peak(servers, "propose") == len(thinkers)
        assert peak(servers, then) == most
        assert peak(servers, "review") == len(FIVE)

        def calls(part: str) -> list[Exchange]:
            return [call for server in servers for call in server.chats if part_of(call.body) == part]

        order = ["propose", then, "generate", "review"]
        for before, after in itertools.pairwise(order):
            answered = max(call.started for call in calls(before)) + DELAY
            assert answered <= min(call.started for call in calls(after))
        assert critical_path(built.calls) == pytest.approx(4 * DELAY)  # four steps, however many calls
