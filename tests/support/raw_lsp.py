"""A client that speaks JSON-RPC by hand: it can send what no library would, and see what a library hides."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "tests.support.fake_services")
WINDOW = {"workDoneProgress": True, "showMessage": {}, "showDocument": {"support": True}}
CAPABILITIES = {
    "window": WINDOW,
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
    "textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}},
}

Answer = Callable[[Any], Any]


class RpcError(Exception):
    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code = error["code"]
        self.error = error


class Silent:
    """What a request handler returns to leave the server without an answer."""


class RawClient:
    """``answers`` maps a server request's method to a function of its params; ``texts`` are the open documents.

    An unknown request is answered with -32601, as editors do.
    """

    def __init__(self, process: asyncio.subprocess.Process, encoding: str = "utf-16") -> None:
        self.process = process
        self.encoding = encoding
        self.answers: dict[str, Answer] = {
            "window/workDoneProgress/create": lambda _: None,
            "workspace/applyEdit": self.apply,
        }
        self.seen: list[dict[str, Any]] = []
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.take_edits = True
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._next = 0
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    # ---------------------------------------------------------------- wire

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"method": method, "params": params})

    def begin(self, method: str, params: Any = None) -> tuple[int, asyncio.Future[Any]]:
        """Send a request; its id and the future of its answer."""
        self._next += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[self._next] = future
        self.send({"id": self._next, "method": method, "params": params})
        return self._next, future

    async def request(self, method: str, params: Any = None) -> Any:
        _, future = self.begin(method, params)
        return await asyncio.wait_for(future, 20)

    async def command(self, name: str, token: str | None = None, **arguments: Any) -> Any:
        params: dict[str, Any] = {"command": name, "arguments": [arguments]}
        if token is not None:
            params["workDoneToken"] = token
        return await self.request("workspace/executeCommand", params)

    async def _read(self) -> None:
        reader = self.process.stdout
        assert reader is not None
        while True:
            length = 0
            while (line := await reader.readline()).strip():
                name, _, value = line.decode().partition(":")
                if name.lower() == "content-length":
                    length = int(value)
            if not line:
                break
            message = json.loads(await reader.readexactly(length))
            await self._handle(message)
        for future in self._pending.values():
            if not future.done():
                future.set_exception(ConnectionError("the server is gone"))
                future.exception()

    async def _handle(self, message: dict[str, Any]) -> None:
        self.seen.append(message)
        if "method" in message and "id" in message:
            answer = self.answers.get(message["method"])
            if answer is None:
                self.send({"id": message["id"], "error": {"code": -32601, "message": "unknown"}})
            else:
                result = answer(message.get("params"))
                if asyncio.iscoroutine(result):
                    asyncio.create_task(self._later(message["id"], result))  # noqa: RUF006 - short-lived
                elif result is not Silent:
                    self.send({"id": message["id"], "result": result})
        elif (future := self._pending.pop(message.get("id"), None)) is not None and not future.done():
            if "error" in message:
                future.set_exception(RpcError(message["error"]))
            else:
                future.set_result(message.get("result"))
        async with self._news:
            self._news.notify_all()

    async def _later(self, message_id: Any, result: Any) -> None:
        value = await result
        if value is not Silent:
            self.send({"id": message_id, "result": value})

    def of(self, method: str) -> list[Any]:
        """The params of all messages of a method so far."""
        return [message.get("params") for message in self.seen if message.get("method") == method]

    async def until(self, met: Callable[[], Any], timeout: float = 15) -> Any:
        """Wait until ``met()`` is truthy, looking after each message; its value."""
        async with asyncio.timeout(timeout), self._news:
            while not (value := met()):
                await self._news.wait()
            return value

    async def message(self, method: str, count: int = 1) -> Any:
        """Wait for the ``count``-th message of a method; its params."""
        await self.until(lambda: len(self.of(method)) >= count)
        return self.of(method)[count - 1]

    def progress(self, kind: str) -> list[dict[str, Any]]:
        return [item["value"] for item in self.of("$/progress") if item["value"]["kind"] == kind]

    # ---------------------------------------------------------------- an editor

    async def initialize(
        self, *, capabilities: Any = None, options: Any = None, folders: list[Path] | None = None
    ) -> Any:
        capabilities = json.loads(json.dumps(CAPABILITIES if capabilities is None else capabilities))
        capabilities.setdefault("general", {})["positionEncodings"] = [self.encoding]
        params = {
            "processId": os.getpid(),
            "rootUri": None,
            "capabilities": capabilities,
            "initializationOptions": options,
            "workspaceFolders": [{"uri": item.as_uri(), "name": item.name} for item in folders or []],
        }
        result = await self.request("initialize", params)
        self.notify("initialized", {})
        return result

    def open(self, uri: str, text: str, language: str = "python") -> None:
        self.texts[uri], self.versions[uri] = text, 1
        item = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def save(self, uri: str) -> None:
        self.notify("textDocument/didSave", {"textDocument": {"uri": uri}})

    def close(self, uri: str) -> None:
        del self.texts[uri]
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def type(self, uri: str, old: str, new: str) -> None:
        """Replace ``old``, which occurs once, by ``new`` in an open document, as one incremental change."""
        text = self.texts[uri]
        assert text.count(old) == 1
        at = text.index(old)
        span = {"start": self.position(text, at), "end": self.position(text, at + len(old))}
        self.texts[uri] = text.replace(old, new)
        self.changed(uri, [{"range": span, "text": new}])

    def changed(self, uri: str, changes: list[Any]) -> None:
        self.versions[uri] += 1
        document = {"uri": uri, "version": self.versions[uri]}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    def apply(self, params: Any) -> Any:
        """Take an edit as VS Code does: refuse a stale one, change the document, tell, answer."""
        edit = params["edit"]["documentChanges"][0]
        uri, version = edit["textDocument"]["uri"], edit["textDocument"]["version"]
        if not self.take_edits or version != (self.versions[uri] if uri in self.texts else None):
            return {"applied": False}
        if uri in self.texts:
            self.make(uri, edit["edits"])
        return {"applied": True}

    def make(self, uri: str, edits: list[Any]) -> None:
        """Change the text by edits and tell the server: last first, as editors do."""
        changes = []
        for edit in sorted(edits, key=lambda item: self.offset(self.texts[uri], item["range"]["start"]), reverse=True):
            self.texts[uri] = self.edited(self.texts[uri], edit)
            changes.append({"range": edit["range"], "text": edit["newText"]})
        self.changed(uri, changes)

    def edited(self, text: str, edit: Any) -> str:
        start, end = (self.offset(text, edit["range"][key]) for key in ("start", "end"))
        return text[:start] + edit["newText"] + text[end:]

    # positions, counted by bytes of the encoding and independent of the server's way

    def _units(self, text: str) -> int:
        if self.encoding == "utf-32":
            return len(text)
        return len(text.encode("utf-16-le")) // 2 if self.encoding == "utf-16" else len(text.encode())

    @staticmethod
    def _lines(text: str) -> list[str]:
        lines, start, at = [], 0, 0
        while at < len(text):
            at += 2 if text.startswith("\r\n", at) else 1
            if text[at - 1] in "\r\n":
                lines.append(text[start:at])
                start = at
        return [*lines, text[start:]]

    def position(self, text: str, offset: int) -> dict[str, int]:
        for number, line in enumerate(self._lines(text)):
            if offset < len(line) or (offset == len(line) and not line.endswith(("\r", "\n"))):
                return {"line": number, "character": self._units(line[:offset])}
            offset -= len(line)
        raise ValueError("beyond the end")

    def offset(self, text: str, position: dict[str, int]) -> int:
        lines = self._lines(text)
        line = lines[position["line"]]
        for column in range(len(line) + 1):
            if self._units(line[:column]) == position["character"]:
                return sum(map(len, lines[: position["line"]])) + column
        raise AssertionError(f"{position} is inside a character or beyond {line!r}")

    def cursor(self, uri: str, words: str) -> dict[str, Any]:
        """An empty range at the first occurrence of ``words``."""
        text = self.texts[uri]
        at = self.position(text, text.index(words))
        return {"start": at, "end": at}


@contextlib.asynccontextmanager
async def raw_client(
    folder: Path,
    *,
    encoding: str = "utf-16",
    command: tuple[str, ...] = COMMAND,
    environment: Mapping[str, str] | None = None,
    **env: str,
) -> AsyncIterator[RawClient]:
    """A server process and a client of it. State and trace are under ``folder``; nothing outlives the block.

    ``environment`` is the server's whole environment; else it is ours, with ``env`` and the folders added.
    """
    if environment is None:
        environment = {
            **os.environ,
            "FORGE_FAKE_STATE": str(folder / "state"),
            "FORGE_FAKE_TRACE": str(folder / "trace"),
            **env,
        }
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    client = RawClient(process, encoding)
    try:
        yield client
    finally:
        if process.returncode is None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(client.request("shutdown"), 5)
                client.notify("exit")
                await asyncio.wait_for(process.wait(), 5)
        if process.returncode is None:
            process.kill()
            await process.wait()
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.close()
        errors = (await process.stderr.read()).decode()
        await asyncio.wait({client._reading})
        (folder / "stderr").write_text(errors)
        # the transport closes its pipes in callbacks of the loop
        await asyncio.sleep(0)
        process._transport.close()  # type: ignore[attr-defined]
    assert "Traceback" not in errors, errors


def trace_of(folder: Path) -> list[str]:
    """What the scripted jobs did, without the times."""
    path = folder / "trace"
    return [line.partition(" ")[2] for line in path.read_text().splitlines()] if path.exists() else []


async def traced(folder: Path, start: str, timeout: float = 10) -> str:
    """Wait until a line of the trace starts so; the line with its time."""
    async with asyncio.timeout(timeout):
        while True:
            lines = (folder / "trace").read_text().splitlines() if (folder / "trace").exists() else []
            for line in lines:
                if line.partition(" ")[2].startswith(start):
                    return line
            await asyncio.sleep(0.01)
