"""What the ``openai`` and ``anthropic`` packages have in common: they are generated alike.

Each is imported by its own endpoint alone, and handed on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from forge_lsp.core.errors import ModelError, ModelFault, ModelMissing, ServerUnreachable, Unauthorised
from forge_lsp.core.ports import ModelInfo
from forge_lsp.models.faults import (
    broke_in_transport,
    connection_lost,
    never_connected,
    prompt_too_long,
    retry_after,
    says_busy,
    says_too_long,
    sentence,
)
from forge_lsp.models.network import Route
from forge_lsp.models.wire import Busy, Deadlines

__all__ = ["new_client", "read_fault", "refusal"]


def new_client(
    package: ModuleType,
    client: Callable[..., Any],
    *,
    url: str,
    key: str,
    route: Route,
    deadlines: Deadlines,
    auth: tuple[str, str] | None,
) -> Any:
    """A client of the package that goes ``route``, retries nothing and waits for answers as long as the guard does."""
    sdk: Any = package
    timeout = sdk.Timeout(None, connect=deadlines.connect)
    http = sdk.DefaultAsyncHttpxClient(timeout=timeout, auth=auth, **route.arguments())
    return client(api_key=key, base_url=url, max_retries=0, timeout=timeout, http_client=http)


def read_fault(
    package: ModuleType,
    error: Exception,
    *,
    info: ModelInfo,
    server: str,
    key: str | None,
    foreign: str,
    unreachable: Callable[[], ServerUnreachable],
    refused: Callable[[Any], ModelError],
) -> ModelError:
    """Any failure of a client, as one of our errors; one that is not the client's is raised again. ``refused`` reads
    what has a status, ``foreign`` says that what answers does not speak the language of the package; ``key`` is left
    out of what is told."""
    sdk: Any = package
    if isinstance(error, ModelError):
        return error
    if isinstance(error, sdk.APIStatusError):
        return refused(error)
    if isinstance(error, sdk.APIConnectionError) or broke_in_transport(error):
        return unreachable() if never_connected(error) else connection_lost(server, info.name)
    if isinstance(error, (sdk.APIResponseValidationError, ValueError, TypeError, AttributeError, KeyError)):
        return ModelFault(foreign)
    if isinstance(error, sdk.APIError):
        # An error in the middle of the stream has no status.
        words = sentence(getattr(error, "message", error), secret=key)
        if says_too_long(words):
            return prompt_too_long(info.name, info.context)
        if says_busy(words):
            return Busy(f"No place is free on the server {server}: {words}")
        return ModelFault(f"{info.name} failed on {server}: {words}")
    raise error


def refusal(
    status: int,
    words: str,
    headers: Mapping[str, str],
    *,
    info: ModelInfo,
    server: str,
    unauthorised: Unauthorised,
    missing: str,
    kind: str = "",
) -> ModelError:
    """A refusal with a status, as one of our errors. ``missing`` is the remedy where there is no such model; ``kind``
    is what counts in place of the status: unauthorised, busy, missing or long."""
    if kind == "unauthorised" or status in (401, 403):
        return unauthorised  # a server may quote a part of the key, so its words are not repeated
    if kind == "busy" or status in (429, 503, 529):
        return Busy(f"No place is free on the server {server}: {words}", retry_after=retry_after(headers))
    if kind == "missing" or status == 404:
        return ModelMissing(f"The server {server} does not have the model {info.name}.", remedy=missing)
    if kind == "long" or status == 413 or says_too_long(words):
        return prompt_too_long(info.name, info.context)
    return ModelFault(f"{info.name} failed on {server}: {words}")
