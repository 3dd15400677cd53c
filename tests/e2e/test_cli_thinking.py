"""Whole jobs with the models that people have today: most think before they answer, each in its own way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import forge
from tests.support.faulty_ollama import FakeOllama, Mind
from tests.support.real_server import ScriptedModels, environment, fenced, verdict
from tests.support.scripted_http import Script

TEXT = 'def is_even(number: int) -> bool:\n    """Whether.\n\n    >>> is_even(2)\n    True\n    """\n    ...\n'
GOOD = fenced("def is_even(number: int) -> bool:\n    return number % 2 == 0")
BAD = fenced("def is_even(number: int) -> bool:\n    return number % 2 == 1")
HARMONY = f"<|channel|>analysis<|message|>Maybe this:\n{BAD}<|end|><|start|>assistant<|channel|>final<|message|>{GOOD}"
QWEN, OSS, CODER = "qwen3.6:27b", "gpt-oss:20b", "qwen3-coder:30b"
SWITCH, LEVELS, ALWAYS, INLINE = (Mind(kind=kind) for kind in ("switch", "levels", "always", "inline"))


@pytest.mark.parametrize(
    ("minds", "plain", "answer"),
    [
        ({QWEN: SWITCH, OSS: LEVELS}, [CODER], GOOD),
        ({QWEN: Mind(kind="switch", mute=True), OSS: Mind(kind="levels", mute=True)}, [CODER], GOOD),
        ({QWEN: SWITCH}, [], GOOD),
        ({OSS: LEVELS}, [], GOOD),
        ({"deepseek-r1:8b": ALWAYS}, [], GOOD),
        ({"community-r1:8b": INLINE}, [], GOOD),
        ({"nemotron-3:30b": Mind(kind="always", mute=True, tokens=2500)}, [], GOOD),
        ({QWEN: SWITCH, "glm-4.7-flash:latest": ALWAYS, "gemma4:26b": SWITCH}, [], GOOD),
        ({}, [CODER], HARMONY),
        ({}, [CODER], f"[THINK]{BAD}[/THINK]{GOOD}"),
        ({}, [CODER], f"Perhaps\n{BAD}\n</think>\n{GOOD}"),
    ],
)
async def test_the_first_attempt_is_accepted(
    tmp_path: Path, minds: dict[str, Mind], plain: list[str], answer: str
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "even.py").write_text(TEXT)
    scripted = ScriptedModels({"generate": Script.say(answer), "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=[*minds, *plain], minds=minds) as server:
        env = environment(tmp_path, {}, OLLAMA_HOST=server.url)
        ran = await forge("generate", "even.py", "--range", "7", "--json", cwd=work, env=env)
        assert (ran.code, ran.json["outcome"], len(ran.json["attempts"])) == (0, "accepted", 1), ran.err
        assert "% 2 == 0" in ran.json["code"]
        assert all(review["abstained"] is None for review in ran.json["attempts"][0]["reviews"])
