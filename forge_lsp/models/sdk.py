"""What the ``openai`` and ``anthropic`` packages have in common: they are generated alike.

Each is imported by its own endpoint alone, and handed on from there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from types import ModuleType
from typing import Any, ClassVar

from forge_lsp.core.errors import ModelError, ModelFault, ModelMissing, ServerUnreachable, Unauthorised
from forge_lsp.core.ports import ModelInfo
from forge_lsp.models.faults import (
    broke_in_transport,
    connection_failed,
    connection_lost,
    never_connected,
    prompt_too_long,
    retry_after,
    says_busy,
    says_too_long,
    sentence,
)
from forge_lsp.models.network import Route, route_to
from forge_lsp.models.wire import Busy, Deadlines, ServerConfig

__all__ = ["SdkEndpoint", "refusal"]


@dataclass(eq=False, repr=False)
class SdkEndpoint(ABC):
    """One server, and its client of such a package, which is made at the first use.

    ``speaks`` is whose API it has, and ``remedy`` what to do where nothing answers, before the server's settings key.
    """

    speaks: ClassVar[str]
    remedy: ClassVar[str]

    server: ServerConfig
    _: KW_ONLY
    url: str
    deadlines: Deadlines
    key: str | None
    auth: tuple[str, str] | None
    environ: Mapping[str, str] | None

    def __post_init__(self) -> None:
        self._route = Route()
        self._client: Any = None

    def unreachable(self) -> ServerUnreachable:
        """Return the error that says that nothing answers here."""
        remedy = f"{self.remedy} servers.{self.server.key}"
        return connection_failed(self.server.key, self.url, remedy=remedy, told=self._route.told)

    async def aclose(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _make_client(self, package: ModuleType, client: Callable[..., Any], key: str) -> Any:
        """Make a client of the package that retries nothing and waits for answers as long as the guard does. Raises
        ServerUnreachable where the environment's proxy or certificates are wrong."""
        sdk: Any = package
        self._route = route_to(self.url, self.environ)
        timeout = sdk.Timeout(None, connect=self.deadlines.connect)
        http = sdk.DefaultAsyncHttpxClient(timeout=timeout, auth=self.auth, **self._route.arguments())
        return client(api_key=key, base_url=self.url, max_retries=0, timeout=timeout, http_client=http)

    def _read_fault(self, package: ModuleType, error: Exception, info: ModelInfo) -> ModelError:
        """Return any failure of a client as one of our errors; one that is not the client's is raised again."""
        sdk: Any = package
        if isinstance(error, ModelError):
            return error
        if isinstance(error, sdk.APIStatusError):
            return self._refusal(error, info)
        if isinstance(error, sdk.APIConnectionError) or broke_in_transport(error):
            return self.unreachable() if never_connected(error) else connection_lost(self.server.key, info.name)
        if isinstance(error, (sdk.APIResponseValidationError, ValueError, TypeError, AttributeError, KeyError)):
            return ModelFault(f"What answers at {self.url} does not speak {self.speaks}'s protocol.")
        if isinstance(error, sdk.APIError):
            # An error in the middle of the stream has no status.
            words = sentence(getattr(error, "message", error), secret=self.key)
            if says_too_long(words):
                return prompt_too_long(info.name, info.context)
            if says_busy(words):
                return Busy(f"No capacity is free on the server {self.server.key}: {words}")
            return ModelFault(f"{info.name} failed on {self.server.key}: {words}")
        raise error

    @abstractmethod
    def _refusal(self, error: Any, info: ModelInfo) -> ModelError:
        """Return an error that has a status as one of ours."""


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
        return Busy(f"No capacity is free on the server {server}: {words}", retry_after=retry_after(headers))
    if kind == "missing" or status == 404:
        return ModelMissing(f"The server {server} does not have the model {info.name}.", remedy=missing)
    if kind == "long" or status == 413 or says_too_long(words):
        return prompt_too_long(info.name, info.context)
    return ModelFault(f"{info.name} failed on {server}: {words}")
