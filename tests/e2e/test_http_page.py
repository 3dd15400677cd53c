"""The page in a real browser: a running job live, the ledger, the plots, and nothing wider than a phone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.test_http_serve import ASKED, ORCHESTRATE, ollama, serve
from tests.support.chromium import chromium, program
from tests.support.real_server import row, settings, verdict
from tests.support.scripted_http import Script

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(program() is None, reason="no Chromium on PATH")]

PICTURES = os.environ.get("FORGE_TEST_PICTURES")  # a folder for screenshots, to look at
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
            assert await page.value("document.querySelector('#costs .remark').textContent") == "nothing was spent"
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
