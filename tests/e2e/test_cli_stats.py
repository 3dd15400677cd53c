"""``forge-lsp stats`` on a real ledger, as a user sees it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.became import EditFate
from forge_lsp.core.events import CallFinished, EventBody, JobEvent, Stage, StageFinished
from forge_lsp.jobs.ledger import Ledger
from forge_lsp.jobs.record import JobState
from tests.support.cli import forge
from tests.support.real_server import environment, row, settings
from tests.unit.jobs.sample import full_record
from tests.unit.jobs.support import HeldClock, record

NOBODY = "http://127.0.0.1:9"
SINCE = datetime.now(UTC) - timedelta(days=3)


async def fill(folder: Path) -> None:
    """Six jobs: four accepted ones with all that a report can tell of, one cancelled, one interrupted."""
    ledger = Ledger(folder, clock=HeldClock())
    whole = full_record()
    for index in range(4):
        job_id = f"job{index}"
        told = replace(
            whole,
            job_id=job_id,
            created=SINCE,
            outcome=Outcome.ACCEPTED,
            language=("python", "csharp")[index == 3],
        )
        ledger.begin(told)
        for event in (*whole.events, *panel(len(whole.events) + 1)):
            ledger.append(replace(event, job_id=job_id))
        await ledger.finish(replace(told, attempt_count=2))
    for job_id, became in (("job0", EditFate.KEPT), ("job1", EditFate.UNDONE), ("job2", None)):
        await ledger.mark_applied(job_id)
        if became is not None:
            await ledger.mark_became(job_id, became)
    stopped = record("stopped", created=SINCE)
    ledger.begin(stopped)
    await ledger.finish(replace(stopped, state=JobState.ENDED, outcome=Outcome.CANCELLED, attempt_count=1))
    ledger.begin(record("killed", created=SINCE))
    await ledger.aclose()


def panel(sequence: int) -> list[JobEvent]:
    """Three reviewers of attempt 2 who took 3 s each, one of them 1 s in a queue, and were done after 4 s."""
    calls: list[EventBody] = [
        CallFinished(
            number=2,
            call=100 + index,
            stage=Stage.REVIEW,
            role="review",
            model="granite",
            server="gpu1",
            input_tokens=100,
            output_tokens=10,
            cached_tokens=0,
            queue_seconds=float(index == 2),
            load_seconds=0.0,
            first_token_seconds=0.1,
            seconds=3.0,
            cost_usd=0.0,
        )
        for index in range(3)
    ]
    bodies = [*calls, StageFinished(number=2, stage=Stage.REVIEW, detail="", seconds=4.0)]
    return [JobEvent(job_id="", sequence=sequence + index, at=SINCE, body=body) for index, body in enumerate(bodies)]


def environment_of(folder: Path) -> dict[str, str]:
    values = settings(
        NOBODY,
        row(1),
        row(2, generator="opus"),
        servers={"claude": {"kind": "anthropic", "paid": True}},
        models={"opus": {"server": "claude", "name": "claude-opus-4-5", "context": 32_000}},
        prices={"opus": {"input": 5.0, "output": 25.0}},
    )
    return environment(folder, values)


async def test_without_a_job_a_sentence_says_so(tmp_path: Path) -> None:
    env = environment_of(tmp_path)
    ran = await forge("stats", cwd=tmp_path, env=env)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("No jobs yet")
    told = (await forge("stats", "--json", cwd=tmp_path, env=env)).json
    assert (told["since"], told["jobs"]["success"]["of"], told["byRung"]) == (None, 0, [])


async def test_the_tables_fit_on_a_screen(tmp_path: Path) -> None:
    await fill(tmp_path / "state")
    ran = await forge("stats", cwd=tmp_path, env=environment_of(tmp_path))
    assert (ran.code, ran.err) == (0, ""), ran.err
    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= 80, ran.out
    assert "…" not in ran.out  # nothing had to be cut
    assert lines[0].startswith(f"4 jobs (and 1 cancelled, 1 interrupted) since {SINCE:%Y-%m-%d}, $")
    words = {line.split()[0]: line.split() for line in lines if line.strip()}
    assert words["python"][1:4] == ["3", "100%", "(44-100)"]
    assert words["csharp"][1:4] == ["1", "100%", "(21-100)"]
    for title in ("Free before paid", "Parallel before sequential", "Against a paid model from the start"):
        assert title in lines
    assert words["moderate"][1:] == ["panel", "4", "16.0", "32.0", "2.00x", "(2.00-2.00)"]
    assert "With 4 jobs little is certain" in ran.out
    head = next(number for number, line in enumerate(lines) if line.split()[:1] == ["applied"])
    assert lines[head].split() == ["applied", "jobs", "kept", "changed", "undone", "unknown"]
    assert lines[head + 1].split()[1:] == ["3", "50%", "(9-91)", "0%", "(0-66)", "50%", "(9-91)", "1"]
    assert lines[head + 2].startswith("A guess:")


async def test_programs_get_the_same_numbers(tmp_path: Path) -> None:
    await fill(tmp_path / "state")
    told = (await forge("stats", "--json", cwd=tmp_path, env=environment_of(tmp_path))).json
    assert told["confidence"] == 0.95
    assert {group["name"]: group["success"]["of"] for group in told["byLanguage"]} == {"python": 3, "csharp": 1}
    assert (told["cancelled"], told["interrupted"]) == (1, 1)
    attempts = [one for one in full_record().attempts if one.skipped is None]
    assert sum(group["success"]["of"] for group in told["byRung"]) == 4 * len(attempts)
    assert sum(one["votes"] + one["abstained"]["count"] + one["cancelled"] for one in told["reviewers"]) == 4 * sum(
        len(one.verdict.reviews) for one in attempts if one.verdict
    )
    (proof,) = told["byProof"]
    became = proof["became"]
    assert {name: became[name]["count"] for name in ("kept", "changed", "undone")} == {
        "kept": 1,
        "changed": 0,
        "undone": 1,
    }
    assert (became["kept"]["of"], became["unknown"], proof["applied"]["count"]) == (2, 1, 3)
    paid = told["claims"]["againstPaid"]
    (opus,) = paid["models"]
    assert opus["model"] == "opus"
    assert opus["everyCall"]["costUsd"] >= opus["everyAttempt"]["costUsd"] >= opus["oneAttempt"]["costUsd"] > 0
    assert paid["costUsd"] == pytest.approx(4 * full_record().cost_usd)
    free = told["claims"]["freeBeforePaid"]
    assert (free["free"]["of"], free["paidJobCostUsd"]["count"]) == (4, 4 if full_record().cost_usd else 0)


async def test_wrong_settings_cost_only_the_comparison(tmp_path: Path) -> None:
    await fill(tmp_path / "state")
    env = environment_of(tmp_path)
    (tmp_path / "forge.toml").write_text("nonsense = 1\n")
    told = (await forge("stats", "--json", cwd=tmp_path, env=env)).json
    assert told["jobs"]["success"]["of"] == 4
    assert told["claims"]["againstPaid"]["models"] == []
    assert "nonsense" in told["notes"][-1]
