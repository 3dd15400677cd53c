"""The page in a real browser: a running job live, the ledger, the plots, and nothing wider than a phone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from forge_lsp.http.access import Access
from forge_lsp.http.application import create_app
from forge_lsp.languages.registry import BUILT_IN
from tests.e2e.test_http_serve import ASKED, ORCHESTRATE, ollama, serve
from tests.support import fake_services
from tests.support.chromium import Page, chromium, program
from tests.support.ollama_server import free_port
from tests.support.real_server import row, settings, verdict
from tests.support.scripted_http import Script

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(program() is None, reason="no Chromium on PATH")]

PICTURES = os.environ.get("TESTS_PAGE_PICTURES")  # a folder for screenshots, to look at
FITS = "document.documentElement.scrollWidth <= innerWidth"


async def test_the_page(tmp_path: Path) -> None:
    reviews = [Script.say(verdict(score, "<b>Say more.</b>")) for score in (6, 7, 9)]
    async with (
        ollama(review=[*reviews, Script(pieces=("{",), end="stall")]) as server,
        serve(tmp_path, settings(server.url, row(*range(1, 6), thinking=["phi4"]))) as served,
        chromium(tmp_path) as browser,
    ):
        first = (await served.client.post(ORCHESTRATE, json=ASKED)).json()
        assert first["outcome"] == "accepted", first["reason"]
        token = served.client.headers["authorization"].removeprefix("Bearer ")
        for width, height in ((1280, 900), (390, 844)):
            page = await browser.open(f"{served.client.base_url}/#token={token}", width=width, height=height)
            await page.until("document.querySelectorAll('#ledger .entry').length > 0")
            await page.until("document.querySelectorAll('#timeline rect').length >= 12")  # three attempts, four stages
            await page.until("document.querySelectorAll('#scores circle').length === 3")
            assert await page.value("location.hash") == ""  # the token is out of the address bar
            assert await page.value("document.querySelectorAll('#all-scores circle').length") >= 1
            for figure in ("costs-figure", "all-costs-figure"):  # nothing was spent
                assert await page.value(f"document.getElementById('{figure}').offsetParent") is None
            assert await page.value("document.querySelector('#scores .remark')") is None
            assert "accepted" in await page.value("document.getElementById('job-line').textContent")
            await page.value("document.querySelectorAll('details').forEach((node) => { node.open = true; })")
            assert "return a + b" in await page.value("document.getElementById('code').textContent")
            assert "<b>Say more.</b>" in await page.value("document.getElementById('attempts').textContent")
            assert await page.value("document.querySelectorAll('#attempts b').length") == 0  # text, not markup
            assert await page.value(FITS)
            if PICTURES:
                await page.picture(Path(PICTURES) / f"ended-{width}.png")

        began = await served.client.post(ORCHESTRATE, json=ASKED, headers={"Prefer": "respond-async"})
        job = began.json()["jobId"]
        await page.until("document.querySelectorAll('#running .entry').length === 1")
        await page.until("document.querySelector('#timeline rect.review.open') !== null")  # its event came by itself
        assert await page.value(FITS)
        if PICTURES:
            await page.picture(Path(PICTURES) / "running-390.png")
        await page.value("document.getElementById('cancel').click()")
        await page.until("document.getElementById('job-line').textContent.startsWith('cancelled')")
        await page.until("document.getElementById('running-section').hidden")
        shown = (await served.client.get(f"/api/orchestrator/jobs/{job}")).json()
        assert shown["outcome"] == "cancelled"
        told = await page.value("document.getElementById('attempts').textContent")
        assert "stopped" in told and "runs" not in told  # it is over
        assert browser.complaints == []


async def test_without_a_token_the_page_asks_for_one(tmp_path: Path) -> None:
    async with (
        serve(tmp_path, settings("http://127.0.0.1:9")) as served,
        chromium(tmp_path) as browser,
    ):
        page = await browser.open(f"{served.client.base_url}/", width=390, height=844)
        await page.until("!document.getElementById('ask').hidden")
        assert await page.value("document.getElementById('ledger-section').hidden")
        token = served.client.headers["authorization"].removeprefix("Bearer ")
        await page.value(f"document.getElementById('token').value = '{token}'")
        await page.value("document.querySelector('#ask button').click()")
        await page.until("!document.getElementById('ledger-section').hidden")
        assert await page.value("document.getElementById('state').textContent") == "nothing runs"
        assert browser.complaints == []


TOKEN = "a-token-of-the-page"
DOWN, UP = "def half(n):\n    return n // 2\n", "def half(n):\n    return (n + 1) // 2\n"
CALL = "n = 3\nhalf(n)"


@contextlib.asynccontextmanager
async def scripted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """The application around scripted jobs on a socket, and a client with its token."""
    uvicorn = pytest.importorskip("uvicorn", reason="the extra http is not installed")
    monkeypatch.setenv("FORGE_FAKE_STATE", str(folder))
    monkeypatch.setenv("FORGE_FAKE_TRACE", str(folder / "trace"))
    services = await fake_services.build({}, (), True)
    port = free_port()
    app = create_app(services.jobs, BUILT_IN, services.editing, access=Access(token=TOKEN, host="127.0.0.1", port=port))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    headers = {"Authorization": f"Bearer {TOKEN}"}
    try:
        async with asyncio.timeout(20):
            while not server.started:  # noqa: ASYNC110 - it sets no event
                await asyncio.sleep(0.01)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as client:
            yield client
    finally:
        await services.jobs.aclose(1.0)
        server.should_exit = server.force_exit = True
        await serving


async def begun(client: httpx.AsyncClient, wait: float) -> str:
    """A job that asks what ``half(n)`` gives, and goes on for so many seconds."""
    script = {"pause": 0.001, "question": {"call": CALL, "answers": {"1": DOWN, "2": UP}, "wait": wait}}
    body = {"task": json.dumps(script), "language": "python"}
    told = await client.post(ORCHESTRATE, json=body, headers={"Prefer": "respond-async"})
    return str(told.json()["jobId"])


async def press(page: Page, key: str) -> None:
    """A key as a user presses it: to whatever has the focus."""
    for kind in ("keyDown", "keyUp"):
        text = {"text": key} if kind == "keyDown" and len(key) == 1 else {}
        await page.call("Input.dispatchKeyEvent", type=kind, key=key, **text)


async def told(client: httpx.AsyncClient, job: str) -> Any:
    """The job's question once the job has ended."""
    async with asyncio.timeout(20):
        while (found := (await client.get(f"/api/orchestrator/jobs/{job}")).json())["outcome"] is None:  # noqa: ASYNC110 - it answers as it is
            await asyncio.sleep(0.02)
    return found["questions"][0]


OPEN = "!document.getElementById('question-open').hidden && !document.getElementById('question').hidden"
ANSWERED = "document.getElementById('question-open').hidden"
TOLD = "document.getElementById('question-told').textContent"


@pytest.mark.parametrize(
    ("how", "answer", "own"),
    [("2", "2", False), ("click", "1", False), ("n", "7", True), ("none", None, True), ("?", None, False)],
)
async def test_the_question_is_answered_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, answer: str | None, own: bool
) -> None:
    async with scripted(tmp_path, monkeypatch) as client, chromium(tmp_path) as browser:
        page = await browser.open(f"{client.base_url}/#token={TOKEN}", width=390, height=844)
        job = await begun(client, wait=3)
        await page.until(OPEN)  # by its event
        assert await page.value("document.getElementById('question-call').textContent") == CALL
        rows = await page.value("[...document.querySelectorAll('.answer')].map((node) => node.textContent)")
        assert [row[0] for row in rows] == ["1", "2", "n", "?"]
        assert "m1" in rows[0]
        assert await page.value(FITS)
        if PICTURES:
            await page.picture(Path(PICTURES) / "question-390.png")
        if how == "click":
            await page.value("document.querySelector('.answer').click()")
        elif how in ("n", "none"):
            await press(page, "n")
            await page.until("document.activeElement.id === 'question-value'")
            if how == "n":
                await page.call("Input.insertText", text="7")
                await press(page, "2")  # typed into the field: no answer
                assert await page.value("document.getElementById('question-value').value") == "72"
                await page.value("document.getElementById('question-value').value = '7'")
            await page.value("document.getElementById('question-own').requestSubmit()")
        else:
            await press(page, how)
        await page.until(ANSWERED)
        await press(page, "1")  # once: there is nothing to answer any more
        asked = await told(client, job)
        assert (asked["answered"], asked["answer"], asked["own"]) == (True, answer, own)
        await page.until(f"{TOLD}.includes('half(n)')")
        if answer is not None:
            await page.until(f"{TOLD}.includes('you answered {answer}')")
        if how == "2":
            await page.until(f"{TOLD}.includes('is the result now')")
        assert browser.complaints == []


async def test_a_question_stays_open_after_the_end_and_is_told_when_somebody_else_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scripted(tmp_path, monkeypatch) as client, chromium(tmp_path) as browser:
        job = await begun(client, wait=0.05)
        assert (await told(client, job))["answered"] is False
        page = await browser.open(f"{client.base_url}/#token={TOKEN}", width=1280, height=900)
        await page.until(OPEN)
        answered = await client.post(f"/api/orchestrator/jobs/{job}/answers", json={"question": "q1", "choice": 0})
        assert answered.status_code == 200
        await press(page, "2")  # too late: the page says what the server says, and then what was answered
        await page.until(ANSWERED)
        await page.until(f"{TOLD}.includes('you answered 1')")
        assert (await told(client, job))["answer"] == "1"


async def test_a_cancelled_job_asks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted(tmp_path, monkeypatch) as client, chromium(tmp_path) as browser:
        page = await browser.open(f"{client.base_url}/#token={TOKEN}", width=1280, height=900)
        job = await begun(client, wait=30)
        await page.until(OPEN)
        await client.delete(f"/api/orchestrator/jobs/{job}")
        await page.until(ANSWERED)
        await press(page, "1")
        assert (await told(client, job))["answered"] is False
        assert browser.complaints == []
