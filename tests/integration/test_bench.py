"""``forge-lsp bench`` with scripted models, real jobs and the real sandbox: what is counted, kept and hidden."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from forge_lsp.app import Flags, make_services
from forge_lsp.bench.carried import carried_tasks
from forge_lsp.cli.arguments import parse
from forge_lsp.cli.bench import bench
from forge_lsp.core.errors import BadRequest
from forge_lsp.jobs.figures import CurrentRates
from forge_lsp.jobs.services import Services
from forge_lsp.languages.registry import BUILT_IN
from tests.support.faulty_ollama import FakeOllama
from tests.support.real_server import MODELS, ScriptedModels, environment, fenced, prompt, row, settings, verdict
from tests.support.scripted_http import Script

REFERENCES = {task.id: task.reference.strip("\n") for task in carried_tasks(BUILT_IN)}
HALF_RIGHT = """def clock_span(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    return " ".join(f"{value}{unit}" for value, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if value)"""
"""Meets what the job is shown, and not zero seconds."""
DURATIONS = '''"""Sums of a shop."""


def discount(cents: int, percent: int) -> int:
    """The cents that are left, rounded down."""
    secret_way = cents * (100 - percent)
    return secret_way // 100


def untested(cents: int) -> int:
    return cents
'''
TESTS = """import unittest

from shop.sums import discount


class Discounts(unittest.TestCase):
    def test_plain(self):
        self.assertEqual(discount(1000, 10), 900)

    def test_rounded_down(self):
        self.assertEqual(discount(999, 10), 899)

    def test_all_of_it(self):
        self.assertEqual(discount(4711, 100), 0)

    def test_nothing_off(self):
        self.assertEqual(discount(1234, 0), 1234)
"""
RIGHT = "def discount(cents: int, percent: int) -> int:\n    return cents - -(-cents * percent // 100)"


def answering(*codes: str) -> Callable[[dict[str, Any]], Script]:
    """The code whose function is asked for."""

    def answer(body: dict[str, Any]) -> Script:
        asked = prompt(body)
        found = (code for code in codes if code.partition("(")[0] + "(" in asked)
        return Script.say(fenced(next(found, "def nothing():\n    pass")))

    return answer


@asynccontextmanager
async def serving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Callable[[dict[str, Any]], Script], **tables: object
) -> AsyncIterator[tuple[Services, FakeOllama]]:
    """The services of a user with one scripted Ollama, whose reviewer always gives 9."""
    scripted = ScriptedModels({"generate": answer, "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=list(MODELS.values())) as ollama:
        for name, value in environment(tmp_path, settings(ollama.url, row(1), **tables)).items():
            if name.startswith("FORGE_") or name == "HOME":
                monkeypatch.setenv(name, value)
        services = await make_services(Flags(config=tmp_path / "forge.toml"), folders=(tmp_path,))
        try:
            assert services.problem() is None
            yield services, ollama
        finally:
            await services.aclose()


async def ran(services: Services, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any], str]:
    capsys.readouterr()
    code = await bench(parse(["bench", "--json", *words]), services)
    out, err = capsys.readouterr()
    return code, json.loads(out), err


def only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """As if the product carried these tasks alone."""
    tasks = tuple(task for task in carried_tasks(BUILT_IN) if task.id in names)
    monkeypatch.setattr("forge_lsp.bench.carried.carried_tasks", lambda languages: tasks)


async def test_right_and_wrong_are_told_apart_kept_and_no_part_of_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch, "python/clock_span", "python/shared_prefix")
    answer = answering(HALF_RIGHT, REFERENCES["python/shared_prefix"])
    async with serving(tmp_path, monkeypatch, answer) as (services, ollama):
        code, told, err = await ran(services, capsys)
        assert code == 0, err
        assert told["complete"]
        by_task = {one["task"]: one for one in told["played"]}
        assert {name: (one["outcome"], one["offeredRight"]) for name, one in by_task.items()} == {
            "python/clock_span": ("accepted", False),
            "python/shared_prefix": ("accepted", True),
        }
        assert (told["asSet"]["accepted"]["count"], told["asSet"]["right"]["count"]) == (2, 1)
        evidence = next(one for one in told["byRule"] if one["name"] == "evidence")
        assert (evidence["accepted"]["count"], evidence["right"]["count"], evidence["unknown"]) == (2, 1, 0)
        assert [one["name"] for one in told["byGrade"]] == ["proven"]
        assert told["calls"]["value"] == 2.0
        assert "[2/2]" in err

        # Nothing of it is a job of the user's.
        assert await services.jobs.history() == ()
        assert (await services.jobs.statistics(CurrentRates())).all.success.total == 0

        asked = len(ollama.chats)
        code, again, err = await ran(services, capsys)
        assert (code, len(ollama.chats)) == (0, asked)
        assert again["played"] == told["played"]
        assert "(kept)" in err
        code, fresh, _ = await ran(services, capsys, "--fresh", "--tasks", "1")
        assert (code, fresh["tasks"]) == (0, 1)
        assert len(ollama.chats) == asked + 2


async def test_an_interrupted_run_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch, "python/clock_span", "python/shared_prefix")
    reached = asyncio.Event()
    names: list[str] = []
    plain = answering(HALF_RIGHT, REFERENCES["python/shared_prefix"])

    def answer(body: dict[str, Any]) -> Script:
        names.append(next(name for name in ("clock_span", "common_folder") if f"{name}(" in prompt(body)))
        if len(names) == 2:
            reached.set()
            return Script.stall()
        return plain(body)

    async with serving(tmp_path, monkeypatch, answer) as (services, _):
        running = asyncio.create_task(bench(parse(["bench", "--json"]), services))
        await asyncio.wait({running, asyncio.ensure_future(reached.wait())}, return_when=asyncio.FIRST_COMPLETED)
        assert not running.done()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        out, err = capsys.readouterr()
        assert (json.loads(out)["complete"], json.loads(out)["tasks"]) == (False, 1)
        assert "1 result is kept; the same command goes on from there" in err
        code, told, _ = await ran(services, capsys)
        assert (code, told["complete"], told["tasks"]) == (0, True, 2)
        assert names == [names[0], names[1], names[1]]


async def test_the_users_own_functions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "work"
    files = {
        "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n',
        "shop/__init__.py": "",
        "shop/sums.py": DURATIONS,
        "tests/test_sums.py": TESTS,
    }
    for name, text in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text)
    async with serving(tmp_path, monkeypatch, answering(RIGHT)) as (services, ollama):
        code, told, err = await ran(services, capsys, str(work / "shop"))
        assert code == 0, err
        (played,) = told["played"]
        assert (played["task"], played["outcome"], played["offeredRight"]) == (
            "shop/sums.py:discount",
            "accepted",
            True,
        )
        assert played["grade"] == "proven"
        sent = "\n".join(prompt(exchange.body) for exchange in ollama.chats)
        assert "discount(" in sent
        assert "secret_way" not in sent
        shown = [name for name in ("1000, 10", "999, 10", "4711, 100", "1234, 0") if f"discount({name})" in sent]
        assert len(shown) <= 2
        assert {name: (work / name).read_text() for name in files} == files


async def test_what_is_refused_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch, "python/clock_span")
    (tmp_path / "lone.py").write_text("def f():\n    return 1\n")
    async with serving(tmp_path, monkeypatch, answering()) as (services, _):
        for words, reason in (
            (["--language", "csharp"], "there is no task in csharp"),
            ([str(tmp_path / "gone")], "there is no such file or folder"),
            ([str(tmp_path / "lone.py")], "no function there is named by a test file"),
        ):
            with pytest.raises(BadRequest, match=reason):
                await bench(parse(["bench", *words]), services)


async def test_a_server_that_is_down_says_nothing_of_its_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch, "python/clock_span")
    async with serving(tmp_path, monkeypatch, answering()) as (services, ollama):
        await ollama.__aexit__(None, None, None)
        code, told, err = await ran(services, capsys)
        assert (code, told["complete"], told["played"]) == (1, False, [])
        assert "stopped: " in err
