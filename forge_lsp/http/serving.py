"""``forge-lsp serve``: the HTTP server on a socket. FastAPI and uvicorn are an extra, and are loaded here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Generator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from forge_lsp.core.errors import EnvironmentFault, ToolMissing
from forge_lsp.http.access import TOKEN_VARIABLE, Access, BearerToken, is_loopback, load_token
from forge_lsp.jobs.services import Services

if TYPE_CHECKING:
    import uvicorn

    from forge_lsp.http.guard import Application

__all__ = ["serve"]

_GRACE = 1  # seconds for answers under way when the server stops; their jobs are cancelled


async def serve(services: Services, *, host: str, port: int) -> int:
    """Serve until cancelled; all jobs are cancelled then. ``port`` 0: one that is free, told on standard error.

    Raises ToolMissing without the extra ``http``, EnvironmentFault where the address or the token cannot be had.
    """
    if missing := [name for name in ("fastapi", "uvicorn") if find_spec(name) is None]:
        raise ToolMissing(
            f"the HTTP server needs {' and '.join(missing)}, not installed here", remedy="pip install 'forge-lsp[http]'"
        )
    from forge_lsp.http.application import create_app

    token = await asyncio.to_thread(load_token, services.state_dir, os.environ)
    listener = await _bind(host, port)
    with listener:
        bound = int(listener.getsockname()[1])
        access = Access(token=token.value, host=host, port=bound)
        app = create_app(services.jobs, services.languages, services.editing, access=access)
        server = _server(app)
        _tell(host, bound, token)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            services.jobs.cancel(reason="forge-lsp was stopped")
            await serving
    return 0


def _server(app: Application) -> uvicorn.Server:
    import uvicorn

    from forge_lsp.http.connections import bounded_protocol

    class Server(uvicorn.Server):
        """Leaves the signals to the command line, which cancels us."""

        @contextlib.contextmanager
        def capture_signals(self) -> Generator[None]:
            yield

    config = uvicorn.Config(
        app,  # pyright: ignore[reportArgumentType] - the same protocol, in other words
        http=bounded_protocol(),
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE,
    )
    return Server(config)


async def _bind(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        listener = socket.create_server((str(address[0]), port), family=family, backlog=256)
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise EnvironmentFault(
            f"{host}:{port} cannot be served: {why}", remedy=f"forge-lsp serve --port {port + 1 if port < 65535 else 0}"
        ) from None
    listener.setblocking(False)
    return listener


def _tell(host: str, port: int, token: BearerToken) -> None:
    """Where we are, on standard error. A token is shown to a terminal alone: anything else may keep it."""
    name = f"[{host}]" if ":" in host and not host.startswith("[") else host
    if host in ("0.0.0.0", "::"):
        name = "localhost"
    lines = [f"serving http://{name}:{port}/"]
    if token.file is None:
        lines.append(f"the token is that of {TOKEN_VARIABLE}")
    elif sys.stderr.isatty():
        lines.append(f"the page with its token: http://{name}:{port}/#token={token.value}")
    else:
        lines.append(f"the token is in {token.file}")
    if not is_loopback(host):
        lines.append(f"{host} is reached from other machines, and the token goes over the network unencrypted")
    sys.stderr.write("".join(f"forge-lsp: {line}\n" for line in lines))
    sys.stderr.flush()
