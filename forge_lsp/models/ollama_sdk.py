"""Ollama's own client, the ``ollama`` package. The only file that imports it.

The package is used for what it is made for: chat, pull, and what is in memory. What it cannot do is said where it is
done otherwise. It is imported when first used, and apart from the environment: its import builds a client that
nobody asked for, which fails on proxies and certificates that concern no call of ours.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import aclosing, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from forge_lsp.models.network import READING, Route
from forge_lsp.reading import table_beside

if TYPE_CHECKING:
    import httpx
    from ollama import AsyncClient, ChatResponse, ProcessResponse, ProgressResponse

__all__ = ["OllamaClient", "OllamaRefusal", "import_sdk", "imported_sdk"]

_VARIABLES = frozenset[str](table_beside(__file__, "environment.toml")["ollama_variables"])
_BEFORE = ("certifi", "anyio", "httpcore", "httpx", "pydantic.json_schema")
"""What the package needs and what reads no variable: imported first, so that the variables are away only briefly."""
_imported = False


class OllamaRefusal(Exception):
    """The server says no: an HTTP status (-1: in the middle of a stream) and its words."""

    def __init__(self, *, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


async def imported_sdk() -> None:
    """Return once the package is imported, without holding up the event loop."""
    if not _imported:
        await asyncio.to_thread(import_sdk)


def import_sdk() -> None:
    """Import the package as in an environment without proxies, certificates and Ollama's own variables."""
    global _imported
    for name in _BEFORE:
        import_module(name)
    with READING:
        if not _imported:
            with _without_variables():
                import_module("ollama")
            _imported = True


@contextmanager
def _without_variables() -> Generator[None, None, None]:
    """Take the variables that a client reads out of the environment, and put them back whatever happens."""
    away = {name: value for name, value in os.environ.items() if name.upper() in _VARIABLES}
    systems = sys.platform in ("darwin", "win32")  # without variables their own settings would be followed
    try:
        for name in away:
            del os.environ[name]
        if systems:
            os.environ["NO_PROXY"] = "*"
        yield
    finally:
        if systems:
            os.environ.pop("NO_PROXY", None)
        os.environ.update(away)


class OllamaClient:
    """The package's client for one server, on one pool of connections with the requests that it cannot make.

    ``connect`` in seconds; all other deadlines are the caller's. All methods raise Refusal, the errors of httpx, and
    ValueError, TypeError, AttributeError or KeyError where what answers is no Ollama. :func:`imported_sdk` comes first.
    """

    def __init__(
        self, *, url: str, connect: float, key: str | None, auth: tuple[str, str] | None, route: Route
    ) -> None:
        import httpx

        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=httpx.Timeout(None, connect=connect),
            headers={"accept": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {}),
            auth=None if key or auth is None else httpx.BasicAuth(*auth),
            event_hooks={"response": [_checked]},
            **route.arguments(),
        )
        self._sdk: Any = _sdk_on(self._http)  # its types know neither any mapping for a schema nor our arguments

    async def ask(self, path: str, body: Mapping[str, object] | None = None) -> Mapping[str, Any]:
        """A JSON object by GET, or by POST of ``body``, with every field that the server sends."""
        answer = await (self._http.get(path) if body is None else self._http.post(path, json=body))
        found: object = json.loads(answer.content)
        if not isinstance(found, dict):
            raise ValueError("not a JSON object")
        return cast("Mapping[str, Any]", found)

    async def resident(self) -> ProcessResponse:
        """What is in memory."""
        return await self._sdk.ps()

    def chat(self, **arguments: Any) -> AsyncGenerator[ChatResponse, None]:
        """The parts of an answer, as they come. To close it closes the connection."""
        return _parts(self._sdk.chat(stream=True, **arguments))

    def pull(self, name: str) -> AsyncGenerator[ProgressResponse, None]:
        """The steps of a pull, as they come. To close it closes the connection."""
        return _parts(self._sdk.pull(name, stream=True))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _sdk_on(http: httpx.AsyncClient) -> AsyncClient:
    import ollama

    class Client(ollama.AsyncClient):
        """The package's client on connections of ours: its own constructor sends OLLAMA_API_KEY to any server."""

        def __init__(self) -> None:  # pyright: ignore[reportMissingSuperCall]
            self._client = http

        async def _request(self, cls: Any, *args: Any, stream: bool = False, **kwargs: Any) -> Any:
            # ``chat`` has no arguments for these. Should a later version not come by here any more, they are not sent,
            # and a cut prompt is still noticed by its count of tokens.
            if args[1:] == ("/api/chat",) and isinstance(kwargs.get("json"), dict):
                kwargs["json"] |= {"truncate": False, "shift": False}
            return await super()._request(cls, *args, stream=stream, **kwargs)  # type: ignore[reportUnknownMemberType]  # untyped arguments

    return Client()


async def _parts(answer: Any) -> AsyncGenerator[Any, None]:
    import ollama

    try:
        async with aclosing(cast("AsyncGenerator[Any, None]", await answer)) as parts:
            async for part in parts:
                yield part
    except ollama.ResponseError as error:
        raise OllamaRefusal(status=error.status_code, words=str(error.error)) from error


async def _checked(response: httpx.Response) -> None:
    """Refuse what is not 200, and keep the client to JSON lines.

    Before the package sees them: it fails on a refusal whose body is JSON and no object, on empty lines, and on
    answers with a U+0085, which ends a line for it.
    """
    import httpx

    if response.status_code != 200:
        await response.aread()
        raise OllamaRefusal(status=response.status_code, words=_words(response.text))
    if isinstance(response.stream, httpx.AsyncByteStream) and "content-encoding" not in response.headers:
        response.stream = _lines_of(response.stream)


def _lines_of(stream: httpx.AsyncByteStream) -> httpx.AsyncByteStream:
    import httpx

    class Lines(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            rest = b""
            async for piece in stream:
                *whole, rest = (rest + piece).split(b"\n")
                for line in whole:
                    if line.strip():
                        yield _one_line(line) + b"\n"
            if rest.strip():
                yield _one_line(rest)

        async def aclose(self) -> None:
            await stream.aclose()

    return Lines()


def _one_line(line: bytes) -> bytes:
    """The same JSON without the characters that end a line in Python and not in JSON."""
    for character in ("\x85", "\u2028", "\u2029"):
        line = line.replace(character.encode(), f"\\u{ord(character):04x}".encode())
    return line


def _words(text: str) -> str:
    """The server's own words of an error's body."""
    try:
        found: object = json.loads(text)
    except ValueError:
        return text
    error = cast("Mapping[str, object]", found).get("error") if isinstance(found, dict) else None
    return str(error) if error else text
