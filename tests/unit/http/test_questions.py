"""A job's question over HTTP: told by an event, answered by a request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from forge_lsp.jobs.shapes import JobDocument, Question
from tests.unit.http.app import API, Face, face
from tests.unit.http.test_orchestrator import begin, fits, frames

DOWN, UP = "def half(n):\n    return n // 2\n", "def half(n):\n    return (n + 1) // 2\n"


@pytest.fixture
async def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Face]:
    async with face(tmp_path, monkeypatch) as made:
        yield made


async def asked(served: Face, wait: float = 5) -> str:
    job = await begin(served, question={"call": "half(3)", "answers": {"1": DOWN, "2": UP}, "wait": wait})
    async with asyncio.timeout(5):
        while not (await served.client.get(f"{API}/jobs/{job}")).json().get("questions"):
            pass
    return job


async def answer(served: Face, job: str, **body: Any) -> Any:
    return await served.client.post(f"{API}/jobs/{job}/answers", json=body)


async def end(served: Face, job: str) -> Any:
    await served.jobs.job(job).wait()
    return (await served.client.get(f"{API}/jobs/{job}")).json()


async def test_an_answer_makes_the_right_code_the_result(served: Face) -> None:
    job = await asked(served)
    answered = await answer(served, job, question="q1", choice=1)
    assert answered.status_code == 200
    fits(Question, answered.json())
    assert (answered.json()["answer"], answered.json()["effect"]) == ("2", None)
    document = await end(served, job)
    fits(JobDocument, document)
    assert document["code"] == UP
    assert document["questions"][0]["effect"] == "changed"
    events = frames((await served.client.get(f"{API}/jobs/{job}/events")).text)
    told = {event["event"]: json.loads(event["data"]) for event in events}
    assert told["question.asked"]["question"]["call"] == "half(3)"
    assert told["question.answered"]["answer"] == {"question": "q1", "value": "2", "own": False}


async def test_a_late_answer_ranks_what_is_offered(served: Face) -> None:
    job = await asked(served, wait=0.05)
    assert (await end(served, job))["code"] == DOWN
    late = (await answer(served, job, question="q1", value="2.0")).json()
    assert (late["effect"], late["late"], late["answer"]) == ("changed", True, "2")
    assert (await end(served, job))["code"] == UP


async def test_a_client_that_waits_for_the_end_is_not_asked(served: Face) -> None:
    words = json.dumps({"pause": 0.001, "question": {"call": "half(3)", "answers": {"1": DOWN, "2": UP}, "wait": 0.05}})
    done = await served.client.post(f"{API}/orchestrate", json={"task": words, "language": "python"})
    assert done.json()["outcome"] == "accepted"
    assert "questions" not in done.json()
    refused = await answer(served, done.json()["jobId"], question="q1", choice=0)
    assert refused.status_code == 422


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"question": "q1"}, 422),
        ({"question": "q1", "choice": 0, "none": True}, 422),
        ({"question": "q1", "choice": 9}, 422),
        ({"question": "q9", "choice": 0}, 422),
        ({"choice": 0}, 422),
        ({"question": "q1", "value": 3}, 422),
        ({"question": "q1", "cantSay": True}, 200),
    ],
)
async def test_what_is_no_answer_is_a_problem(served: Face, body: dict[str, Any], status: int) -> None:
    job = await asked(served)
    answered = await answer(served, job, **body)
    assert answered.status_code == status, answered.text
    if status == 422:
        assert answered.headers["content-type"] == "application/problem+json"


async def test_an_answer_counts_once_and_never_for_a_cancelled_job(served: Face) -> None:
    job = await asked(served)
    await answer(served, job, question="q1", none=True)
    assert (await answer(served, job, question="q1", choice=0)).status_code == 422
    other = await asked(served)
    await served.client.delete(f"{API}/jobs/{other}")
    assert (await answer(served, other, question="q1", choice=0)).status_code == 422
    assert (await answer(served, "nojob", question="q1", choice=0)).status_code == 404
