"""A session whose start fails: commands are told so, and none waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from lsprotocol import types as lsp

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.languages.registry import BUILT_IN
from forge_lsp.lsp import session as module
from forge_lsp.lsp import settings as editor_settings
from forge_lsp.lsp.client_settings import ClientSettings
from forge_lsp.lsp.protocol import Refusal
from forge_lsp.lsp.server import ForgeServer, create_server
from tests.support.scripted import PlainContext
from tests.unit.lsp.test_documents import workspace
from tests.unit.lsp.test_protocol import Sent

Make = Callable[..., ForgeServer]


async def fine(*_: object) -> Any:
    async def aclose(*_: object, **__: object) -> None: ...

    return SimpleNamespace(
        state_dir=Path("/nowhere"),
        problem=lambda: None,
        lens=lambda: True,
        aclose=aclose,
        jobs=SimpleNamespace(aclose=aclose),
        languages=BUILT_IN,
        context=PlainContext(),
    )


@pytest.fixture
async def made() -> AsyncIterator[tuple[Make, Sent]]:
    servers: list[ForgeServer] = []
    sent = Sent()

    def make(build: Callable[..., Awaitable[Any]]) -> ForgeServer:
        server = create_server(build=build, version="1")
        server.log.open = lambda *_: None  # type: ignore[method-assign] - no file is wanted here
        server.protocol.set_writer(cast("Any", sent))
        server.protocol._workspace = workspace()
        servers.append(server)
        return server

    yield make, sent
    for server in servers:
        await server.aclose()
        server.log.close()


async def refused(server: ForgeServer, *, despite_problem: bool = True) -> str:
    async with asyncio.timeout(20):
        with pytest.raises(Refusal) as refusal:
            await server.session.ready(despite_problem=despite_problem)
    return refusal.value.message


@pytest.mark.parametrize(
    ("target", "name"),
    [(editor_settings, "from_initialization"), (module, "EditorLog"), (ClientSettings, "read")],
)
async def test_a_start_that_fails_is_told_to_every_command(
    made: tuple[Make, Sent], monkeypatch: pytest.MonkeyPatch, target: Any, name: str
) -> None:
    def broken(*_: object) -> Any:
        raise KeyError("settings")

    make, sent = made
    server = make(fine)
    monkeypatch.setattr(target, name, broken)
    waiting = asyncio.create_task(refused(server))
    await asyncio.sleep(0)
    await server.session.start()
    assert "could not start (KeyError" in await waiting
    shown = [message["params"]["message"] for message in sent.messages if message["method"] == "window/showMessage"]
    assert len(shown) == 1 and "could not start (KeyError" in shown[0]
    async with asyncio.timeout(20):
        assert await server.session.ready() is not None  # a command that needs the settings builds once more


async def test_a_cancelled_start_ends_the_waiting_too(made: tuple[Make, Sent]) -> None:
    async def never(*_: object) -> Any:
        await asyncio.Event().wait()

    make, _ = made
    server = make(never)
    starting = asyncio.create_task(server.session.start())
    waiting = asyncio.create_task(refused(server))
    for _ in range(3):
        await asyncio.sleep(0)
    starting.cancel()
    assert "has not started" in await waiting
    await asyncio.gather(starting, return_exceptions=True)


async def test_a_log_that_cannot_be_opened_does_not_keep_anything_from_starting(
    made: tuple[Make, Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    make, _ = made
    server = make(fine)
    monkeypatch.setattr(server.log, "open", full)
    await server.session.start()
    async with asyncio.timeout(20):
        assert await server.session.ready() is not None


async def test_services_that_are_never_built_are_not_waited_for_for_ever(
    made: tuple[Make, Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    go = asyncio.Event()

    async def slow(*_: object) -> Any:
        await go.wait()
        return await fine()

    make, _ = made
    server = make(slow)
    starting = asyncio.create_task(server.session.start())
    monkeypatch.setattr(module, "READY_SECONDS", 0.05)
    assert "has not started after" in await refused(server)
    go.set()
    await starting
    monkeypatch.setattr(module, "READY_SECONDS", 60.0)
    assert await server.session.ready() is not None


async def test_settings_that_are_never_read_neither(made: tuple[Make, Sent], monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    make, _ = made
    services = await fine()
    services.problem = lambda: EnvironmentFault("no disk")
    services.reconfigure = never

    async def build(*_: object) -> Any:
        return services

    server = make(build)
    await server.session.start()
    monkeypatch.setattr(module, "READY_SECONDS", 0.05)
    assert "has not read its settings after" in await refused(server, despite_problem=False)


async def test_what_changed_on_the_disk_is_told_to_what_remembers_it(made: tuple[Make, Sent], tmp_path: Path) -> None:
    """Saved in the editor, and whatever its watchers see: source code, and settings besides."""
    make, _ = made
    services = await fine()
    reconfigured: list[object] = []

    async def reconfigure(settings: object) -> None:
        reconfigured.append(settings)

    services.reconfigure = reconfigure

    async def build(*_: object) -> Any:
        return services

    server = make(build)
    await server.session.start()
    one, two, settings = (tmp_path / name for name in ("one.py", "two.py", "forge.toml"))
    server.saved(one.as_uri())
    await server.session.files_changed([two.as_uri(), "untitled:three"])
    assert services.context.told == [one, two] and not reconfigured
    await server.session.files_changed([settings.as_uri()])
    assert len(reconfigured) == 1


async def test_clients_are_asked_to_watch_source_code(made: tuple[Make, Sent]) -> None:
    make, sent = made
    server = make(fine)
    watched = lsp.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
    server.protocol.client_capabilities.workspace = lsp.WorkspaceClientCapabilities(did_change_watched_files=watched)
    starting = asyncio.create_task(server.session.start())
    async with asyncio.timeout(20):
        await server.session.ready()
        await asyncio.sleep(0)  # what the session asks once commands can run
    asked = [message for message in sent.messages if message.get("method") == "client/registerCapability"]
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    (watchers,) = (one["registerOptions"]["watchers"] for one in asked[0]["params"]["registrations"])
    globs = [one["globPattern"] for one in watchers]
    assert globs[0] == "**/forge.toml" and ".py," in globs[1] and globs[1].startswith("**/*{")
