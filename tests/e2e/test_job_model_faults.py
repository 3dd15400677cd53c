"""Models that fail, stall, ramble or answer nonsense, in real jobs: a retry, an abstention or a degradation that the
user is told of; never a hang, never a made-up score."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.faulty_ollama import FakeOllama
from tests.support.messages_server import MessagesServer
from tests.support.ollama_server import free_port
from tests.support.raw_lsp import RawClient
from tests.support.real_server import (
    MODELS,
    ScriptedModels,
    events,
    fenced,
    forge,
    generate,
    open_file,
    part_of,
    row,
    settings,
    verdict,
)
from tests.support.scripted_http import Script, Scripts

TEXT = 'def is_even(number: int) -> bool:\n    """Whether.\n\n    >>> is_even(2)\n    True\n    """\n    ...\n'
CODE = "def is_even(number: int) -> bool:\n    return number % 2 == 0"
GOOD = Script.say(fenced(CODE))
NINE = Script.say(verdict(9))
# Short where a fault has to run into it; none is so short that a busy machine would.
DEADLINES = {"connect": 5, "first_token": 20, "between_tokens": 1, "total": 40}
SENTENCE = "We loop over the numbers and then we check the result of it. "


class Stage:
    """One server for the jobs of many tests: each has its own scripts, in a document of its own."""

    def __init__(self, client: RawClient, ollama: FakeOllama, scripted: ScriptedModels, work: Path) -> None:
        self.client = client
        self._ollama = ollama
        self._scripted = scripted
        self._work = work
        self._count = 0
        self.parts: list[str] = []
        """What was asked of the models, in the last job."""

    async def ask(self, scripts: Mapping[str, Scripts]) -> tuple[dict[str, Any], str]:
        """Run a job: its outcome and its report."""
        self._scripted.use(scripts)
        self._count += 1
        path = self._work / f"try{self._count}" / "even.py"
        path.parent.mkdir()
        before = len(self._ollama.chats)
        outcome, report = await ask(self.client, path)
        self.parts = [part_of(call.body) for call in self._ollama.chats[before:]]
        return outcome, report

    def events(self, *types: str) -> list[dict[str, Any]]:
        """Those of the last job."""
        return events(self.client, *types, job=events(self.client, "job.started")[-1]["jobId"])

    def messages(self) -> list[str]:
        """What the last job's progress said."""
        token = f"{self._work}/try{self._count}/even.py"
        return [str(item["value"].get("message")) for item in self.client.of("$/progress") if item["token"] == token]


async def ask(client: RawClient, path: Path) -> tuple[dict[str, Any], str]:
    """Run a job: its outcome and its report. No fault may hold it up for long."""
    uri = open_file(client, path, TEXT)
    begun = time.monotonic()
    outcome = await generate(client, uri, token=str(path))
    assert time.monotonic() - begun < 45
    done = TEXT.replace("...", "return number % 2 == 0")
    assert client.texts[uri] == (done if outcome["applied"] else TEXT)
    client.close(uri)
    return outcome, await client.command("forge.report", jobId=outcome["jobId"])


@contextlib.asynccontextmanager
async def stage_of(folder: Path, *rows: Mapping[str, object]) -> AsyncIterator[Stage]:
    scripted = ScriptedModels()
    async with (
        FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama,
        forge(folder, settings(ollama.url, *rows, deadlines=DEADLINES)) as client,
    ):
        yield Stage(client, ollama, scripted, folder / "work")


@pytest_asyncio.fixture(scope="class", loop_scope="class")
async def generator_stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with stage_of(tmp_path_factory.mktemp("generator"), row(1, 2)) as stage:
        yield stage


@pytest_asyncio.fixture(scope="class", loop_scope="class")
async def reviewer_stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    panel = ("granite", "phi4", "gemma3")
    async with stage_of(tmp_path_factory.mktemp("reviewer"), row(1, panel=panel)) as stage:
        yield stage


@pytest_asyncio.fixture(scope="class", loop_scope="class")
async def thinker_stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with stage_of(tmp_path_factory.mktemp("thinker"), row(1, thinking=("phi4", "gemma3"))) as stage:
        yield stage


@pytest.mark.asyncio(loop_scope="class")
class TestTheGenerator:
    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            pytest.param(Script.stall("```python\ndef is_"), "fell silent", id="stall after the first token"),
            pytest.param(Script.cut("```python\ndef is_"), "stopped before its end", id="cut stream without done"),
            pytest.param(Script.drop("```python\ndef is_"), "coder failed", id="broken connection"),
            pytest.param(Script.fail_midway("```python\n", "out of memory"), "out of memory", id="mid-stream error"),
            pytest.param(Script.refuse(500, "llama runner died"), "llama runner died", id="500"),
            pytest.param(Script.ramble(), "endless white space", id="endless whitespace"),
            pytest.param(Script.ramble(SENTENCE), "again and again", id="endless sentences"),
            pytest.param(Script.say("I am sorry, I cannot."), "code", id="no code"),
        ],
    )
    async def test_a_failure_costs_one_attempt_and_is_told(
        self, generator_stage: Stage, fault: Script, words: str
    ) -> None:
        stage = generator_stage
        outcome, report = await stage.ask({"generate": [fault, GOOD], "review": NINE})
        assert (outcome["outcome"], outcome["attemptCount"], outcome["score"]) == ("accepted", 2, 9.0)
        first, second = stage.events("attempt.finished")
        assert (first["decision"], first["score"], first["compiled"]) == ("retry", None, None)
        assert words in first["reason"]
        assert second["decision"] == "accept"
        assert words in report
        assert any(words in message for message in stage.messages())

    async def test_code_before_endless_whitespace_is_whole(self, generator_stage: Stage) -> None:
        stage = generator_stage
        fault = Script(pieces=(fenced(CODE), *[" " * 50] * 400), end="stall")
        outcome, _ = await stage.ask({"generate": fault, "review": NINE})
        assert (outcome["outcome"], outcome["attemptCount"]) == ("accepted", 1)

    async def test_a_busy_server_is_asked_again(self, generator_stage: Stage) -> None:
        stage = generator_stage
        busy = Script.refuse(503, "server busy, please try again")
        outcome, _ = await stage.ask({"generate": [busy, busy, GOOD], "review": NINE})
        assert (outcome["outcome"], outcome["attemptCount"]) == ("accepted", 1)
        assert stage.parts == ["generate"] * 3 + ["review"]


class TestAServer:
    async def test_without_the_model_is_skipped_with_the_command_that_fetches_it(self, tmp_path: Path) -> None:
        scripted = ScriptedModels({"generate": GOOD, "review": NINE})
        rows = (row(1, generator="phi4"), row(2))
        models = [name for key, name in MODELS.items() if key != "phi4"]
        async with (
            FakeOllama(answer=scripted, models=models) as ollama,
            forge(tmp_path, settings(ollama.url, *rows)) as client,
        ):
            outcome, report = await ask(client, tmp_path / "work" / "even.py")
            assert (outcome["outcome"], outcome["attemptCount"]) == ("accepted", 1)
            (skipped,) = events(client, "rung.skipped")
            assert "does not have the model phi4:14b" in skipped["reason"]
            assert "ollama pull phi4:14b" in skipped["reason"]
            assert "ollama pull phi4:14b" in report

    async def test_that_is_not_there_ends_the_job_and_does_not_climb(self, tmp_path: Path) -> None:
        async with forge(tmp_path, settings(f"http://127.0.0.1:{free_port()}")) as client:
            outcome, report = await ask(client, tmp_path / "work" / "even.py")
            assert (outcome["outcome"], outcome["score"]) == ("failed", None)
            assert "ollama serve" in outcome["reason"]
            assert "ollama serve" in report
            assert len(events(client, "attempt.started")) <= 1

    async def test_of_a_reviewer_that_is_not_there_is_an_abstention(self, tmp_path: Path) -> None:
        scripted = ScriptedModels({"generate": GOOD, "review": NINE})
        async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
            values = settings(
                ollama.url,
                row(1, panel=("granite", "phi4", "away")),
                servers={"gpu1": {"kind": "ollama", "url": f"http://127.0.0.1:{free_port()}"}},
                models={"away": {"server": "gpu1", "name": "qwen3:8b"}},
            )
            async with forge(tmp_path, values) as client:
                outcome, report = await ask(client, tmp_path / "work" / "even.py")
                assert (outcome["outcome"], outcome["score"]) == ("accepted", 9.0)
                (degraded,) = events(client, "degraded")
                assert "away (quality) abstains" in degraded["reason"]
                assert "gpu1" in degraded["reason"]
                assert "gpu1" in report


@pytest.mark.asyncio(loop_scope="class")
class TestAReviewer:
    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            pytest.param(Script.say("I like it, 10/10!"), "no JSON object", id="invalid JSON"),
            pytest.param(Script.say('{"reasoning": "fine", "score": 9, "issues": ['), "JSON", id="half of a JSON"),
            pytest.param(Script.say(verdict(11)), "11, not between 0 and 10", id="11"),
            pytest.param(Script.say(verdict(-1)), "-1, not between 0 and 10", id="-1"),
            pytest.param(Script.say(verdict("NaN")), "NaN is not JSON", id="NaN"),
            pytest.param(Script.say(verdict('"8 or 9"')), "not a number", id="two scores in a string"),
            pytest.param(Script.say(verdict("true")), "not a number", id="true"),
            pytest.param(Script.say(verdict("1e400")), "out of range", id="infinity"),
            pytest.param(Script.say('{"type": "object", "properties": {}}'), "schema", id="the schema itself"),
            pytest.param(Script.ramble(" "), "endless white space", id="endless whitespace"),
            pytest.param(Script.stall('{"reasoning": '), "fell silent", id="stall after the first token"),
            pytest.param(Script.cut('{"reasoning": '), "stopped before its end", id="cut stream without done"),
            pytest.param(Script.refuse(404, "model 'gemma3:12b' not found"), "ollama pull gemma3:12b", id="404"),
            pytest.param(Script.refuse(500, "llama runner died"), "llama runner died", id="500"),
        ],
    )
    async def test_abstains_and_its_score_is_never_made_up(
        self, reviewer_stage: Stage, fault: Script, words: str
    ) -> None:
        stage = reviewer_stage
        outcome, report = await stage.ask({"generate": GOOD, "review": NINE, f"review@{MODELS['gemma3']}": fault})
        assert (outcome["outcome"], outcome["score"], outcome["applied"]) == ("accepted", 9.0, True)
        degraded, *replaced = stage.events("degraded")
        assert degraded["stage"] == "review"
        assert all(event["reason"].startswith("gemma3 gives no usable answers as reviewer") for event in replaced)
        assert degraded["reason"].startswith("gemma3 (quality) abstains: ")
        assert words in degraded["reason"]
        assert "gemma3" in report
        assert "abstain" in report
        assert any("gemma3 (quality) abstains" in message for message in stage.messages())

    async def test_says_nonsense_once_and_then_a_review(self, reviewer_stage: Stage) -> None:
        stage = reviewer_stage
        twice = [Script.say(verdict(11)), NINE]
        outcome, _ = await stage.ask({"generate": GOOD, "review": NINE, f"review@{MODELS['gemma3']}": twice})
        assert (outcome["outcome"], outcome["score"]) == ("accepted", 9.0)
        assert stage.events("degraded") == []
        assert stage.parts.count("review") == 4

    async def test_without_a_quorum_there_is_no_score(self, reviewer_stage: Stage) -> None:
        stage = reviewer_stage
        outcome, report = await stage.ask({"generate": GOOD, "review": Script.say(verdict(11))})
        # What is proven is not refused for want of a judge.
        assert (outcome["outcome"], outcome["grade"], outcome["score"]) == ("accepted", "proven", None)
        assert outcome["applied"] is True
        assert "no score: no model is left that gives usable reviews" in outcome["reason"]
        assert "no usable answers as reviewer" in report

    async def test_the_panel_is_of_those_who_speak(self, reviewer_stage: Stage) -> None:
        stage = reviewer_stage
        scripts = {"generate": GOOD, "review": Script.say(verdict(11)), f"review@{MODELS['phi4']}": NINE}
        outcome, report = await stage.ask(scripts)
        assert (outcome["outcome"], outcome["grade"], outcome["score"]) == ("accepted", "proven", 9.0)
        reasons = [event["reason"] for event in stage.events("degraded")]
        assert any(
            "granite gives no usable answers as reviewer" in reason and "coder takes its place" in reason
            for reason in reasons
        )
        assert "coder takes its place" in report


@pytest.mark.asyncio(loop_scope="class")
class TestAThinker:
    @pytest.mark.parametrize(
        "fault",
        [
            pytest.param(Script.stall("We could"), id="stall"),
            pytest.param(Script.cut("We could"), id="cut"),
            pytest.param(Script.ramble(), id="endless whitespace"),
            pytest.param(Script.refuse(500, "llama runner died"), id="500"),
        ],
    )
    async def test_is_done_without(self, thinker_stage: Stage, fault: Script) -> None:
        stage = thinker_stage
        outcome, report = await stage.ask({"propose": fault, "generate": GOOD, "review": NINE})
        assert (outcome["outcome"], outcome["attemptCount"]) == ("accepted", 1)
        assert [event["reason"].partition(":")[0] for event in stage.events("degraded")] == [
            "phi4 could not propose",
            "gemma3 could not propose",
        ]
        assert "phi4 could not propose" in report

    async def test_a_duo_without_its_critic_is_a_solo(self, thinker_stage: Stage) -> None:
        stage = thinker_stage
        outcome, report = await stage.ask({"critique": Script.cut("No"), "generate": GOOD, "review": NINE})
        assert outcome["outcome"] == "accepted"
        (degraded,) = stage.events("degraded")
        assert degraded["reason"].startswith("gemma3 could not critique")
        assert "| 1 | solo: phi4 |" in report


class TestTheMessagesServer:
    """Anthropic's API on a bad day, as the generator of a real job."""

    @staticmethod
    def values(ollama: FakeOllama, claude: MessagesServer) -> dict[str, object]:
        return settings(
            ollama.url,
            row(1, generator="opus"),
            row(2),
            servers={"claude": {"kind": "anthropic", "url": claude.url}},
            models={"opus": {"server": "claude", "name": "claude-opus-4-5"}},
            prices={"opus": {"input": 5.0, "output": 25.0}},
            consent={"servers": ["claude"]},
            deadlines=DEADLINES,
        )

    @pytest.mark.parametrize(
        ("scripts", "calls"),
        [
            pytest.param(
                [
                    Script.refuse(429, "slow down", kind="rate_limit_error", headers={"retry-after": "1"}),
                    GOOD,
                ],
                2,
                id="429 with retry-after",
            ),
            pytest.param([Script.refuse(529, "Overloaded", kind="overloaded_error"), GOOD], 2, id="529"),
        ],
    )
    async def test_is_asked_again(self, tmp_path: Path, scripts: list[Script], calls: int) -> None:
        async with (
            FakeOllama(answer=ScriptedModels({"generate": GOOD, "review": NINE}), models=[*MODELS.values()]) as ollama,
            MessagesServer(answer=scripts, key="sk-ant-right") as claude,
            forge(tmp_path, self.values(ollama, claude), env={"ANTHROPIC_API_KEY": "sk-ant-right"}) as client,
        ):
            outcome, _ = await ask(client, tmp_path / "work" / "even.py")
            assert (outcome["outcome"], outcome["attemptCount"]) == ("accepted", 1)
            assert len(claude.calls) == calls
            if "retry-after" in scripts[0].headers:
                ended = claude.calls[0].ended
                assert ended is not None
                assert claude.calls[1].started - ended > 0.9
            assert outcome["costUsd"] > 0

    async def test_a_refused_key_skips_the_rung_and_is_never_shown(self, tmp_path: Path) -> None:
        async with (
            FakeOllama(answer=ScriptedModels({"generate": GOOD, "review": NINE}), models=[*MODELS.values()]) as ollama,
            MessagesServer(answer=GOOD, key="sk-ant-right") as claude,
            forge(tmp_path, self.values(ollama, claude), env={"ANTHROPIC_API_KEY": "sk-ant-secret"}) as client,
        ):
            outcome, report = await ask(client, tmp_path / "work" / "even.py")
            assert (outcome["outcome"], outcome["attemptCount"]) == ("accepted", 1)
            (skipped,) = events(client, "rung.skipped")
            assert "ANTHROPIC_API_KEY" in skipped["reason"]
            assert "The key was refused" in report
            assert outcome["costUsd"] == 0  # nothing was answered, so nothing is billed
            told = "".join(str(message) for message in client.seen)
            logs = "".join(path.read_text() for path in (tmp_path / "state").rglob("*.log"))
            assert "sk-ant" not in told + logs

    async def test_an_error_in_the_middle_costs_the_attempt_and_is_paid_for(self, tmp_path: Path) -> None:
        fault = Script.fail_midway("```python\ndef is_", "Overloaded")
        async with (
            FakeOllama(answer=ScriptedModels({"generate": GOOD, "review": NINE}), models=[*MODELS.values()]) as ollama,
            MessagesServer(answer=fault) as claude,
            forge(tmp_path, self.values(ollama, claude), env={"ANTHROPIC_API_KEY": "sk-ant-right"}) as client,
        ):
            outcome, report = await ask(client, tmp_path / "work" / "even.py")
            assert (outcome["outcome"], outcome["attemptCount"]) == ("accepted", 2)
            first = events(client, "attempt.finished")[0]
            assert first["decision"] == "retry"
            assert "Overloaded" in first["reason"]
            assert "Overloaded" in report
            assert len(claude.calls) == 2  # asked once more, and no third time: each half is paid for
            assert [event["costUsd"] > 0 for event in events(client, "call.finished")][:2] == [True, True]
            assert outcome["costUsd"] > 0
