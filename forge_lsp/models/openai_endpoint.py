"""A connection to an OpenAI-compatible server, through the ``openai`` package. The only file that imports it.

These servers know different subsets of the parameters. One that a server refuses by name is left out from then on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from forge_lsp.core.errors import ModelError, ModelFault, Unauthorised
from forge_lsp.core.ports import ModelInfo
from forge_lsp.models.faults import (
    says_budget,
    says_no_keys,
    says_no_model,
    says_too_long,
    sentence,
)
from forge_lsp.models.gateways import Gateway
from forge_lsp.models.known import KnownModels
from forge_lsp.models.sdk import SdkEndpoint, refusal
from forge_lsp.models.wire import Deadlines, ServerConfig

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["OpenAIEndpoint"]

_OPTIONAL = ("stream_options", "response_format", "temperature", "seed", "reasoning_effort", "chat_template_kwargs")
_NO_KEY = "none"
"""What is sent where no key is set: the client insists on one, and must not fall back to another server's."""


class OpenAIEndpoint(SdkEndpoint):
    """One server, and the parameters it has refused."""

    speaks = "OpenAI"
    remedy = "start the server, or check the url of"

    def __init__(
        self,
        server: ServerConfig,
        *,
        url: str,
        deadlines: Deadlines,
        key: str | None = None,
        key_env: str | None = None,
        auth: tuple[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        known: KnownModels | None = None,
    ) -> None:
        auth = auth if key is None else None
        super().__init__(server, url=url, deadlines=deadlines, key=key, auth=auth, environ=environ)
        self.gateway = Gateway(
            url=url,
            listing=f"{url}/models",
            local=server.local,
            headers={"authorization": f"Bearer {key}"} if key else None,
        )
        self.refused: set[str] = set()
        self.known = known or KnownModels(None)
        self._key_env = key_env

    def identity(self, name: str) -> str:
        """What stands for a model's digest, which such a server does not tell: the server with the name."""
        return f"openai-{hashlib.sha256(f'{self.url} {name}'.encode()).hexdigest()[:32]}"

    def client(self) -> AsyncOpenAI:
        """The client. Raises Unauthorised where a key is named but not set, ServerUnreachable where the environment's
        proxy or certificates are wrong."""
        if self.key is None and self._key_env is not None:
            raise self._no_key(f"There is no key for the server {self.server.key}: {self._key_env} is not set.")
        if self._client is None:
            import openai

            self._client = self._make_client(openai, openai.AsyncOpenAI, self.key or _NO_KEY)
            if not (urlsplit(self.url).hostname or "").endswith("openai.com"):
                # The client takes these from the environment, and they are nobody else's business.
                self._client.organization = self._client.project = None
        return cast("AsyncOpenAI", self._client)

    def _no_key(self, words: str) -> Unauthorised:
        if self._key_env:
            return Unauthorised(words, remedy=f"set a valid key in {self._key_env}")
        return Unauthorised(words, remedy=f"name the variable that holds the key as servers.{self.server.key}.key_env")

    def fault(self, error: Exception, info: ModelInfo) -> ModelError:
        """Any failure of the client, as one of our errors."""
        import openai

        return self._read_fault(openai, error, info)

    def _refusal(self, error: Any, info: ModelInfo) -> ModelError:
        status, place = int(error.status_code), self.server.key
        words = sentence(error.message, secret=self.key)
        if says_budget(words):
            # A gateway's own budget or that of a key: it comes as 400, 401, 403 or 429, and asking again is of no use.
            return ModelFault(
                f"A budget of the server {place} is spent: {words}",
                remedy=f"raise it there, wait until it resets, or use another model than {info.key}",
            )
        if status == 400 and says_no_keys(words):
            return self._no_key(f"The server {place} does not know this key, and keeps no list of keys to look in.")
        if status not in (401, 403) and error.code == "insufficient_quota":
            return ModelFault(f"The account of the server {place} has no credit left.", remedy="add credit to it")
        return refusal(
            status,
            words,
            error.response.headers,
            info=info,
            server=place,
            unauthorised=self._no_key(f"The key was refused by the server {place}."),
            missing=f"load it there, or correct models.{info.key}.name",
            kind="missing" if status == 400 and says_no_model(words) else "",
        )

    def degrade(self, error: Exception, sent: Mapping[str, object]) -> bool:
        """Whether the server refused one of the ``sent`` parameters that it can do without; it is then remembered."""
        import openai

        if not isinstance(error, openai.APIStatusError) or error.status_code not in (400, 422, 500, 501):
            return False
        words = f"{error.message} {error.param or ''}".lower()
        if says_too_long(words):
            return False
        if "max_completion_tokens" in words and "max_tokens" in sent:
            self.refused.add("max_tokens")
            return True
        extra = cast("Mapping[str, object]", sent.get("extra_body") or {})
        named = [name for name in _OPTIONAL if (name in sent or name in extra) and name in words]
        if not named and "response_format" in sent and any(word in words for word in ("schema", "grammar")):
            named = ["response_format"]
        self.refused.update(named)
        return bool(named)
