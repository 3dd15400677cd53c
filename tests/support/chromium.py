"""A headless Chromium, driven over its debugging pipe (``--remote-debugging-pipe``): no driver, no port.

    async with chromium(tmp_path) as browser:
        page = await browser.open("http://127.0.0.1:5057/", width=390, height=844)
        await page.until("document.title === 'forge-lsp'")

Protocol: https://chromedevtools.github.io/devtools-protocol/. Messages are JSON, each ended by a NUL.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

__all__ = ["Browser", "Page", "chromium", "program"]

_PATIENCE = 30.0


def program() -> str | None:
    """The browser's program, or None."""
    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))
    return next((path for path in found if path), None)


class Browser:
    """``complaints`` are errors of pages: exceptions, failed requests, what their security policy refused."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self.complaints: list[str] = []

    async def open(self, url: str, *, width: int, height: int) -> Page:
        """A new tab with a viewport of this size, in CSS pixels."""
        target = await self.call("Target.createTarget", url="about:blank")
        attached = await self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = Page(self, attached["sessionId"])
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        await page.call("Emulation.setDeviceMetricsOverride", **size)
        for domain in ("Runtime", "Log", "Page"):
            await page.call(f"{domain}.enable")
        await page.call("Page.navigate", url=url)
        return page

    async def call(self, method: str, session: str | None = None, **params: Any) -> Any:
        """One command and its result. Raises RuntimeError where the browser refuses it."""
        number = len(self._answers) + 1
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        self._writer.write(json.dumps(message).encode() + b"\0")
        await self._writer.drain()
        return await asyncio.wait_for(answer, _PATIENCE)

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Hear the browser until it ends."""
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                self._hear(json.loads((await reader.readuntil(b"\0"))[:-1]))

    def _hear(self, message: Any) -> None:
        answer = self._answers.get(message.get("id", 0))
        if answer is not None and not answer.done():
            if "error" in message:
                answer.set_exception(RuntimeError(message["error"]["message"]))
            else:
                answer.set_result(message["result"])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(message["params"]["exceptionDetails"]))
        elif message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.complaints.append(json.dumps(message["params"]["entry"]))


class Page:
    """One tab."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    async def call(self, method: str, **params: Any) -> Any:
        """A command to this tab."""
        return await self._browser.call(method, self._session, **params)

    async def value(self, expression: str) -> Any:
        """What a JavaScript expression comes to, as JSON."""
        told = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until it is true. What it speaks of may not be there yet: the page is still loading."""
        patient = f"(() => {{ try {{ return Boolean({expression}) }} catch {{ return false }} }})()"
        async with asyncio.timeout(_PATIENCE):
            while not await self.value(patient):  # noqa: ASYNC110 - the page does not tell us
                await asyncio.sleep(0.05)

    async def picture(self, path: Path) -> None:
        """The whole page as PNG."""
        shot = await self.call("Page.captureScreenshot", captureBeyondViewport=True)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(shot["data"]))


@contextlib.asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Browser]:
    """A browser with a profile of its own under ``folder``; its processes are killed at the end."""
    loop = asyncio.get_running_loop()
    its_read, our_write = os.pipe()
    our_read, its_write = os.pipe()
    flags = (
        "--headless=new --remote-debugging-pipe --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run "
        f"--disable-extensions --disable-background-networking --user-data-dir={folder / 'chromium'}"
    )
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", f'exec "$0" {flags} 3<&{its_read} 4>&{its_write}', program() or "chromium",
        pass_fds=(its_read, its_write), start_new_session=True,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    os.close(its_read)
    os.close(its_write)
    reader = asyncio.StreamReader(limit=1 << 26)
    incoming, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(our_read, "rb"))
    outgoing, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(our_write, "wb"))
    browser = Browser(asyncio.StreamWriter(outgoing, protocol, None, loop))
    listening = asyncio.create_task(browser.listen(reader))
    try:
        yield browser
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        outgoing.close()
        incoming.close()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
