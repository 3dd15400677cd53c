"""What is refused, with which status, always as a problem document; and what every answer carries."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from forge_lsp.http.guard import RequestLimits
from tests.unit.http.app import API, ORCHESTRATE, TOKEN, Face, face, script


@pytest.fixture
async def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Face]:
    async with face(tmp_path, monkeypatch, RequestLimits(body=4096, body_seconds=0.3)) as made:
        yield made


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["title"] and document["detail"]
    return document


@pytest.mark.parametrize("path", [f"{API}/jobs", f"{API}/nothing", "/api/"])
@pytest.mark.parametrize("header", ["", "Bearer wrong", f"Basic {TOKEN}", TOKEN])
async def test_nothing_of_the_api_without_the_token(served: Face, path: str, header: str) -> None:
    answer = await served.client.get(path, headers={"Authorization": header})
    assert problem(answer, 401)["remedy"]
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert TOKEN not in answer.text


async def test_a_wrong_host_comes_first(served: Face) -> None:
    for path in ("/", f"{API}/jobs", "/openapi.json"):
        problem(await served.client.get(path, headers={"Host": "evil.example:5057"}), 403)


async def test_a_foreign_origin_is_refused_and_our_own_is_not(served: Face) -> None:
    body = script()
    problem(await served.client.post(ORCHESTRATE, json=body, headers={"Origin": "http://evil.example"}), 403)
    problem(await served.client.options(ORCHESTRATE, headers={"Origin": "http://localhost:3000"}), 403)
    assert not served.jobs.running
    answer = await served.client.post(ORCHESTRATE, json=body, headers={"Origin": "http://127.0.0.1:5057"})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


async def test_a_body_that_is_too_large_is_refused_unparsed(served: Face) -> None:
    async def chunks(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"[" * 1000

    problem(await served.client.post(ORCHESTRATE, content=b"x" * 4097), 413)
    problem(await served.client.post(ORCHESTRATE, content=chunks(5)), 413)
    problem(await served.client.post(ORCHESTRATE, content=chunks(500)), 413)
    problem(await served.client.post(ORCHESTRATE, content=chunks(4)), 422)


async def test_a_body_that_does_not_arrive_is_not_waited_for(served: Face) -> None:
    import asyncio

    async def chunks() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(5)
        yield b"}"

    problem(await served.client.post(ORCHESTRATE, content=chunks()), 408)


@pytest.mark.parametrize(
    "nesting", ['{"task":' * 500, "[" * 3000, '{"task": "x", "language": "python", "code": ' + "[" * 2000]
)
async def test_a_deeply_nested_body_is_refused(served: Face, nesting: str) -> None:
    problem(await served.client.post(ORCHESTRATE, content=nesting), 422)
    closed = nesting + "1" + "".join("}" if mark == "{" else "]" for mark in reversed(nesting) if mark in "{[")
    problem(await served.client.post(ORCHESTRATE, content=closed[:4096]), 422)


async def test_too_many_requests_are_told_when_to_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with face(tmp_path, monkeypatch, RequestLimits(rate=0.01, burst=2)) as made:
        for _ in range(3):  # those without a token take nothing from those who have it
            problem(await made.client.get(f"{API}/jobs", headers={"Authorization": "Bearer no"}), 401)
        assert [(await made.client.get(f"{API}/jobs")).status_code for _ in range(2)] == [200, 200]
        refused = await made.client.get(f"{API}/jobs")
        problem(refused, 429)
        assert 1 <= int(refused.headers["retry-after"]) <= 100
        assert (await made.client.get("/")).status_code == 200


async def test_paths_and_methods_that_are_not_there(served: Face) -> None:
    problem(await served.client.get("/nothing"), 404)
    problem(await served.client.get(f"{API}/jobs/0000000000nothing000"), 404)
    problem(await served.client.put(ORCHESTRATE), 405)
    problem(await served.client.get("/docs"), 404)


async def test_an_unforeseen_error_tells_no_secret(served: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    async def crash(limit: int | None = None) -> tuple[()]:
        raise RuntimeError("sk-ant-secret0123456789")

    monkeypatch.setattr(served.jobs, "history", crash)
    answer = await served.client.get(f"{API}/jobs")
    assert "sk-ant" not in answer.text
    problem(answer, 500)


async def test_the_page_is_a_shell_without_data(served: Face) -> None:
    await served.client.post(ORCHESTRATE, json=script())
    for path in ("/", "/style.css", "/page.js", "/wire.js", "/plots.js", "/question.js"):
        answer = await served.client.get(path, headers={"Authorization": ""})
        assert answer.status_code == 200, path
        assert TOKEN not in answer.text
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
    page = (await served.client.get("/")).text
    assert "//" not in page.replace("<!doctype", "")  # nothing from anywhere else
    assert "style=" not in page and "onclick" not in page


async def test_answers_are_not_kept_by_anybody(served: Face) -> None:
    answer = await served.client.get(f"{API}/jobs")
    assert answer.headers["cache-control"] == "no-store"
    assert json.loads(answer.text) == {"jobs": []}


async def test_a_websocket_is_refused(served: Face) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await served.app({"type": "websocket", "path": "/", "headers": []}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]
