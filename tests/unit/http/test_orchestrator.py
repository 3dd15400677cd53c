"""The routes, over scripted jobs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel

from forge_lsp.http.bodies import JobList
from forge_lsp.jobs.shapes import Alternatives, JobDocument
from tests.unit.http.app import API, ORCHESTRATE, TOKEN, Face, face, script


@pytest.fixture
async def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Face]:
    async with face(tmp_path, monkeypatch) as made:
        yield made


def frames(text: str) -> list[dict[str, Any]]:
    """The events of a stream: ``{event, id, data}``."""
    found: list[dict[str, Any]] = []
    for block in text.split("\n\n"):
        lines = [line.partition(": ") for line in block.splitlines() if line and not line.startswith(":")]
        if lines:
            found.append({name: value for name, _, value in lines})
    return found


def fits(shape: type[object], told: object) -> None:
    """It is what OpenAPI says: nothing less, and nothing more."""
    strict = ConfigDict(extra="forbid", alias_generator=to_camel, strict=True)
    TypeAdapter(tuple[shape], config=strict).validate_json(json.dumps([told]))


async def begin(served: Face, **words: object) -> str:
    answer = await served.client.post(ORCHESTRATE, json=script(**words), headers={"Prefer": "respond-async"})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["jobId"])


async def test_a_job_is_answered_when_it_has_ended(served: Face, tmp_path: Path) -> None:
    body = script(more={"code": "def old() -> None: ...\n", "maxIterations": 3}, attempts=2)
    answer = await served.client.post(ORCHESTRATE, json=body)
    assert answer.status_code == 200
    document = answer.json()
    fits(JobDocument, document)
    assert (document["state"], document["outcome"], document["score"]) == ("ended", "accepted", 8.5)
    assert document["code"] == "def add(a: int, b: int) -> int:\n    return a + b\n"
    assert document["uri"].startswith("untitled:")
    prepared = json.loads(
        next(line for line in (tmp_path / "trace").read_text().splitlines() if " prepare " in line).partition(
            "prepare "
        )[2]
    )
    assert prepared["original"].strip() == "def old() -> None: ..."  # the whole document is the scope
    assert prepared["workspace"] == "None"


async def test_the_candidates_of_a_job(served: Face) -> None:
    job = (await served.client.post(ORCHESTRATE, json=script())).json()["jobId"]
    answer = await served.client.get(f"{API}/jobs/{job}/alternatives")
    assert answer.status_code == 200
    fits(Alternatives, answer.json())
    assert answer.json()["jobId"] == job
    assert (await served.client.get(f"{API}/jobs/nobody/alternatives")).status_code == 404


@pytest.mark.parametrize(
    "words", [{"outcome": "exhausted"}, {"outcome": "unverified"}, {"fail": "no"}, {"crash": True}]
)
async def test_every_job_that_ended_is_a_200(served: Face, words: dict[str, object]) -> None:
    answer = await served.client.post(ORCHESTRATE, json=script(**words))
    assert answer.status_code == 200
    fits(JobDocument, answer.json())
    assert answer.json()["outcome"] == words.get("outcome", "failed")
    assert "sk-ant" not in answer.text


async def test_a_consent_question_is_answered_with_no(served: Face) -> None:
    document = (await served.client.post(ORCHESTRATE, json=script(ask=True))).json()
    assert document["outcome"] == "failed"
    assert "consent" in document["reason"].lower()


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"task": ""}, "task"),
        ({"task": " \n"}, "task"),
        ({"task": None}, "task"),
        ({"language": "cobol"}, "language"),
        ({"language": "Python"}, "language"),
        ({"maxIterations": 0}, "maxIterations"),
        ({"maxIterations": 51}, "maxIterations"),
        ({"maxIterations": "3"}, "maxIterations"),
        ({"maxIterations": 2.5}, "maxIterations"),
        ({"maxIterations": True}, "maxIterations"),
        ({"max_iterations": 3}, "max_iterations"),
        ({"code": 1}, "code"),
        ({"profile": "/etc/passwd"}, "profile"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_a_body_that_makes_no_sense(served: Face, change: dict[str, object], at: str) -> None:
    answer = await served.client.post(ORCHESTRATE, json={**script(), **change})
    assert answer.status_code == 422, answer.text
    assert at in [error["at"] for error in answer.json()["errors"]]
    assert not served.jobs.running


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{", b'"x"', b"\xff\xfe", b'{"task": "\\ud800", "language": "python"}', b"1" * 5000]
)
async def test_a_body_that_is_no_json_object(served: Face, body: bytes) -> None:
    answer = await served.client.post(ORCHESTRATE, content=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_users_code_is_not_in_an_error(served: Face) -> None:
    answer = await served.client.post(ORCHESTRATE, json={**script(), "language": "private words", "code": ["mine too"]})
    assert answer.status_code == 422
    assert "private" not in answer.text and "mine" not in answer.text


@pytest.mark.parametrize("prefer", ["respond-async", "Respond-Async, wait=10", "wait=10, respond-async; x=1"])
async def test_a_job_that_goes_on_by_itself(served: Face, prefer: str) -> None:
    answer = await served.client.post(ORCHESTRATE, json=script(pause=0.05), headers={"Prefer": prefer})
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"
    job = answer.json()["jobId"]
    assert answer.headers["location"] == f"{API}/jobs/{job}"
    fits(JobDocument, answer.json())
    assert answer.json()["outcome"] is None
    running = (await served.client.get(f"{API}/jobs/{job}")).json()
    assert running["state"] == "running"
    fits(JobDocument, running)
    await served.jobs.job(job).wait()
    assert (await served.client.get(f"{API}/jobs/{job}")).json()["outcome"] == "accepted"


async def test_jobs_are_listed_newest_first(served: Face) -> None:
    made = [(await served.client.post(ORCHESTRATE, json=script())).json()["jobId"] for _ in range(3)]
    listed = (await served.client.get(f"{API}/jobs")).json()
    fits(JobList, listed)
    assert [job["jobId"] for job in listed["jobs"]] == made[::-1]
    assert len((await served.client.get(f"{API}/jobs?limit=2")).json()["jobs"]) == 2
    for wrong in ("0", "-1", "x", "1001"):
        assert (await served.client.get(f"{API}/jobs?limit={wrong}")).status_code == 422


async def test_events_come_in_order_and_resume(served: Face) -> None:
    job = await begin(served, pause=0.01)
    live = frames((await served.client.get(f"{API}/jobs/{job}/events")).text)
    await served.jobs.job(job).wait()
    kept = await served.client.get(f"{API}/jobs/{job}/events")
    assert kept.headers["content-type"].startswith("text/event-stream")
    assert frames(kept.text) == live
    assert [event["id"] for event in live] == [str(number + 1) for number in range(len(live))]
    assert (live[0]["event"], live[-1]["event"]) == ("job.started", "job.finished")
    for event in live:
        data = json.loads(event["data"])
        assert (data["type"], str(data["sequence"]), data["jobId"]) == (event["event"], event["id"], job)
    rest = await served.client.get(f"{API}/jobs/{job}/events", headers={"Last-Event-ID": "5"})
    assert frames(rest.text) == live[5:]
    after = {"Last-Event-ID": live[-1]["id"]}
    assert (await served.client.get(f"{API}/jobs/{job}/events", headers=after)).status_code == 204
    assert (await served.client.get(f"{API}/jobs/{job}/events", headers={"Last-Event-ID": "x"})).status_code == 422
    assert (await served.client.get(f"{API}/jobs/unknown/events")).status_code == 404


async def test_a_job_is_cancelled(served: Face) -> None:
    job = await begin(served, pause=30)
    answer = await served.client.delete(f"{API}/jobs/{job}")
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["outcome"]) == ("ended", "cancelled")
    again = await served.client.delete(f"{API}/jobs/{job}")
    assert again.json()["outcome"] == "cancelled"
    assert (await served.client.delete(f"{API}/jobs/unknown")).status_code == 404


async def vanish(served: Face, method: str, path: str, body: bytes = b"") -> None:
    """A request whose client is gone as soon as the job runs."""
    gone, told = asyncio.Event(), False

    async def receive() -> dict[str, Any]:
        nonlocal told
        if not told:
            told = True
            return {"type": "http.request", "body": body, "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(_: Any) -> None:
        """What is sent to nobody is dropped, as uvicorn does."""

    headers = [(b"host", b"localhost:5057"), (b"authorization", f"Bearer {TOKEN}".encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 5057),
    }  # fmt: skip
    request = asyncio.create_task(served.app(scope, receive, send))
    async with asyncio.timeout(5):
        while not any(len(job.events) > 2 for job in served.jobs.running):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.005)
    gone.set()
    async with asyncio.timeout(5):
        await request


async def test_a_synchronous_client_that_vanishes_cancels_its_job(served: Face) -> None:
    other = await begin(served, pause=30)
    await vanish(served, "POST", ORCHESTRATE, json.dumps(script(pause=30)).encode())
    assert [job.id for job in served.jobs.running] == [other]
    newest = (await served.client.get(f"{API}/jobs")).json()["jobs"][0]
    assert (newest["outcome"], newest["reason"]) == ("cancelled", "the HTTP client went away")


async def test_an_event_client_that_vanishes_leaves_the_job_alone(served: Face) -> None:
    job = await begin(served, pause=0.1)
    await vanish(served, "GET", f"{API}/jobs/{job}/events")
    assert [running.id for running in served.jobs.running] == [job]
    assert served.jobs.job(job)._log._subscriptions == []  # nothing of it is left
    assert (await served.jobs.job(job).wait()).outcome == "accepted"


async def test_a_silent_stream_shows_that_it_lives(served: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forge_lsp.http.stream._HEARTBEAT", 0.02)
    job = await begin(served, pause=0.1)
    text = (await served.client.get(f"{API}/jobs/{job}/events")).text
    assert ": waiting\n\n" in text
    assert [event["id"] for event in frames(text)] == [str(number + 1) for number in range(len(frames(text)))]


async def test_a_job_whose_end_fails_is_answered_and_its_stream_ends(
    served: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise KeyError("sk-secret")

    monkeypatch.setattr("forge_lsp.jobs.job.judge", broken)
    async with asyncio.timeout(20):
        job_id = await begin(served)
        stream = await served.client.get(f"{API}/jobs/{job_id}/events")
        document = (await served.client.post(ORCHESTRATE, json=script())).json()
        cancelled = (await served.client.delete(f"{API}/jobs/{job_id}")).json()
    assert frames(stream.text)[-1]["event"] == "job.finished"
    assert {document["outcome"], cancelled["outcome"]} == {"failed"}
    assert "KeyError" in document["reason"] and "secret" not in document["reason"]
