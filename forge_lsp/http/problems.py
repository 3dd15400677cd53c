"""Errors as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from forge_lsp.core.errors import BadRequest, EnvironmentFault, ForgeError, JobUnknown, SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MEDIA_TYPE", "add_handlers", "json_response", "problem"]

MEDIA_TYPE = "application/problem+json"


def json_response(
    content: object,
    status: int = 200,
    *,
    headers: Mapping[str, str] | None = None,
    media_type: str = "application/json",
) -> Response:
    """``content`` as JSON in ASCII: whatever a model or a client wrote can be sent."""
    return Response(json.dumps(content), status, headers=headers, media_type=media_type)


def problem(
    status: int,
    detail: str,
    *,
    remedy: str | None = None,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document. ``errors`` are ``{at, message}``, one for each part of the body that is wrong."""
    document: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if remedy:
        document["remedy"] = remedy
    if errors:
        document["errors"] = list(errors)
    return json_response(document, status, headers=headers, media_type=MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Every error of the app becomes a problem document."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ForgeError, _forge)
    app.add_exception_handler(Exception, _unforeseen)


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail), headers=error.headers)


async def _invalid(_: Request, error: Exception) -> Response:
    """What is wrong, by its place; never the value, which may be the user's code."""
    assert isinstance(error, RequestValidationError)
    errors = [
        {
            "at": ".".join(str(part) for part in entry["loc"] if part not in ("query", "header", "path")),
            "message": str(entry["msg"]).removeprefix("Value error, "),
        }
        for entry in error.errors()[:20]
    ]
    detail = "; ".join(": ".join(part for part in (entry["at"], entry["message"]) if part) for entry in errors)
    return problem(422, detail, errors=errors)


async def _forge(_: Request, error: Exception) -> Response:
    assert isinstance(error, ForgeError)
    match error:
        case JobUnknown():
            status = 404
        case BadRequest():
            status = 422
        case SettingsError() | EnvironmentFault():  # this machine's state is in the way, and the user can fix it
            status = 409
        case _:
            status = 503
    return problem(status, str(error), remedy=error.remedy)


async def _unforeseen(_: Request, error: Exception) -> Response:
    """The server that runs us logs the story; what an error says may hold more than a client should see."""
    return problem(500, f"this should not happen: {type(error).__name__}; the details are in the log")
