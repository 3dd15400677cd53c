"""A server of Anthropic's Messages API, through the ``anthropic`` package: its client, and what its errors mean.
The only file that imports the package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from forge_lsp.core.errors import ModelError, Unauthorised
from forge_lsp.core.ports import ModelInfo
from forge_lsp.models.faults import sentence
from forge_lsp.models.gateways import Gateway
from forge_lsp.models.sdk import SdkEndpoint, refusal
from forge_lsp.models.wire import Deadlines, ServerConfig

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

__all__ = ["AnthropicEndpoint"]

_KINDS = {
    "authentication_error": "unauthorised",
    "permission_error": "unauthorised",
    "rate_limit_error": "busy",
    "overloaded_error": "busy",
    "not_found_error": "missing",
    "request_too_large": "long",
}
"""The API's types of errors that say what to do."""


class AnthropicEndpoint(SdkEndpoint):
    """One server. ``key_env`` is the variable the key was looked for in."""

    speaks = "Anthropic"
    remedy = "check the network and the url of"

    def __init__(
        self,
        server: ServerConfig,
        *,
        url: str,
        deadlines: Deadlines,
        key: str | None,
        key_env: str,
        auth: tuple[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(server, url=url, deadlines=deadlines, key=key, auth=auth, environ=environ)
        self.gateway = Gateway(
            url=url, listing=f"{url}/v1/models", local=server.local, headers={"x-api-key": key} if key else None
        )
        self._key_env = key_env

    def client(self) -> AsyncAnthropic:
        """The client. Raises Unauthorised without a key, ServerUnreachable where the environment's proxy is wrong."""
        if not self.key:
            raise Unauthorised(
                f"There is no key for the server {self.server.key}: {self._key_env} is not set.",
                remedy=f"set a key in {self._key_env}",
            )
        if self._client is None:
            import anthropic

            self._client = self._make_client(anthropic, anthropic.AsyncAnthropic, self.key)
        return cast("AsyncAnthropic", self._client)

    def fault(self, error: Exception, info: ModelInfo) -> ModelError:
        """Any failure of the client, as one of our errors."""
        import anthropic

        return self._read_fault(anthropic, error, info)

    @staticmethod
    def refused(error: Exception) -> str | None:
        """Return the server's words, in lower case, where it refused a request for what is in it; else None."""
        import anthropic

        if isinstance(error, anthropic.APIStatusError) and error.status_code in (400, 422):
            return error.message.lower()
        return None

    def _refusal(self, error: Any, info: ModelInfo) -> ModelError:
        # An error in the middle of a stream comes under the status 200: there only its type tells.
        status, kind, place = int(error.status_code), _kind(error.body), self.server.key
        words = sentence(_message(error.body) or error.message, secret=self.key)
        return refusal(
            status,
            words,
            error.response.headers,
            info=info,
            server=place,
            unauthorised=Unauthorised(
                f"The key was refused by the server {place}.", remedy=f"set a valid key in {self._key_env}"
            ),
            missing=f"correct models.{info.key}.name",
            kind=_KINDS.get(kind, ""),
        )


def _error(body: object) -> dict[str, object]:
    if isinstance(body, dict) and isinstance(error := body.get("error"), dict):  # type: ignore[reportUnknownMemberType]  # JSON
        return error  # type: ignore[reportUnknownVariableType]  # JSON
    return {}


def _kind(body: object) -> str:
    return str(_error(body).get("type", ""))


def _message(body: object) -> str:
    return str(_error(body).get("message", ""))
