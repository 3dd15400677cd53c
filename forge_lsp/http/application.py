"""The ASGI application: routes, page, problems and OpenAPI behind the guard."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response

from forge_lsp import __version__
from forge_lsp.core.languages import Languages
from forge_lsp.core.ports import Editing
from forge_lsp.http.access import Access
from forge_lsp.http.bodies import SHAPES
from forge_lsp.http.guard import Application, RequestGuard, RequestLimits
from forge_lsp.http.orchestrator import router
from forge_lsp.http.problems import add_handlers
from forge_lsp.jobs.manager import JobManager

__all__ = ["create_app"]

_PAGE = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/wire.js": ("wire.js", "text/javascript; charset=utf-8"),
    "/plots.js": ("plots.js", "text/javascript; charset=utf-8"),
    "/question.js": ("question.js", "text/javascript; charset=utf-8"),
}
"""The page: a shell without data, the same for everybody, so that it needs no token."""


def create_app(
    jobs: JobManager, languages: Languages, editing: Editing, *, access: Access, limits: RequestLimits | None = None
) -> Application:
    """Return the application for one job manager, on its event loop, and the languages that can be asked for; with
    ``editing`` candidates are put into documents. Closing the manager is the caller's."""
    app = FastAPI(title="forge-lsp", version=__version__, docs_url=None, redoc_url=None)  # those need a CDN
    app.state.jobs = jobs
    app.state.languages = languages
    app.state.editing = editing
    app.include_router(router)
    for path, (name, media_type) in _PAGE.items():
        app.add_api_route(path, _static(name, media_type), include_in_schema=False)
    add_handlers(app)
    app.openapi = lambda: _openapi(app, languages)
    return RequestGuard(cast(Application, app), access=access, limits=limits or RequestLimits())


def _static(name: str, media_type: str) -> Any:
    content = Path(__file__).with_name("page").joinpath(name).read_bytes()

    async def answer() -> Response:
        return Response(content, media_type=media_type, headers={"Cache-Control": "no-cache"})

    return answer


def _openapi(app: FastAPI, languages: Languages) -> dict[str, Any]:
    """OpenAPI with our own shapes: the answers are made elsewhere, and told here."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            summary="Writes code by committee and proves it before you see it.",
            routes=app.routes,
        )
        shapes = SHAPES.json_schema(ref_template="#/components/schemas/{model}")
        shapes["$defs"]["Orchestrate"]["properties"]["language"]["enum"] = list(languages.ids)
        schema["components"] = {
            "schemas": shapes["$defs"],
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "FORGE_HTTP_TOKEN, else the content of `http-token` in the state folder.",
                }
            },
        }
        schema["security"] = [{"token": []}]
        app.openapi_schema = schema
    return app.openapi_schema
