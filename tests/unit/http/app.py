"""The application around scripted jobs, and a client for it without a socket."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from forge_lsp.http.access import Access
from forge_lsp.http.application import create_app
from forge_lsp.http.guard import RequestLimits
from forge_lsp.jobs.manager import JobManager
from forge_lsp.languages.registry import BUILT_IN
from tests.support import fake_services

__all__ = ["API", "ORCHESTRATE", "TOKEN", "Face", "face", "script"]

TOKEN = "a-token-of-the-tests"
API = "/api/orchestrator"
ORCHESTRATE = f"{API}/orchestrate"


class Face:
    """``client`` bears the token; ``app`` is the ASGI application."""

    def __init__(self, services: Any, limits: RequestLimits | None) -> None:
        self.jobs: JobManager = services.jobs
        self.app: Any = create_app(
            self.jobs,
            BUILT_IN,
            services.editing,
            access=Access(token=TOKEN, host="127.0.0.1", port=5057),
            limits=limits,
        )
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app, raise_app_exceptions=False),
            base_url="http://127.0.0.1:5057",
            headers={"Authorization": f"Bearer {TOKEN}"},
        )


@contextlib.asynccontextmanager
async def face(
    folder: Path, monkeypatch: pytest.MonkeyPatch, limits: RequestLimits | None = None
) -> AsyncIterator[Face]:
    """An application with the jobs of tests/support/fake_services.py."""
    monkeypatch.setenv("FORGE_FAKE_STATE", str(folder))
    monkeypatch.setenv("FORGE_FAKE_TRACE", str(folder / "trace"))
    services = await fake_services.build({}, (), True)
    made = Face(services, limits)
    try:
        async with made.client:
            yield made
    finally:
        await services.jobs.aclose(1.0)


def script(language: str = "python", *, more: dict[str, object] | None = None, **words: object) -> dict[str, object]:
    """A request's body whose task tells the scripted job what to do."""
    return {"task": json.dumps({"pause": 0.001, **words}), "language": language, **(more or {})}
