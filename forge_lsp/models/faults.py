"""What all wires say alike when something goes wrong, told without importing an HTTP library."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from forge_lsp.core.errors import BrokenStream, ModelFault, PromptTooLong, ServerUnreachable
from forge_lsp.core.ports import ModelInfo

__all__ = [
    "broke_in_transport",
    "connection_failed",
    "connection_lost",
    "never_connected",
    "prompt_too_long",
    "retry_after",
    "says_budget",
    "says_busy",
    "says_no_keys",
    "says_no_model",
    "says_too_long",
    "sentence",
    "wrong_place",
]

_TOO_LONG = re.compile(
    r"context (length|window|size)|maximum context|prompt is too long|too many (input )?tokens|exceed_context",
    re.IGNORECASE,
)
_BUSY = re.compile(r"overloaded|rate.?limit|at capacity|too many requests|server is busy", re.IGNORECASE)
_BUDGET = re.compile(r"(exceeded|crossed|over)\W+(the |your )?budget|budget (has been |was )?exceeded", re.IGNORECASE)
_NO_KEYS = re.compile(r"no connected db", re.IGNORECASE)
_NO_MODEL = re.compile(r"invalid model name|model .{1,200} (does not exist|not found)", re.IGNORECASE)
_NEVER_CONNECTED = frozenset({"ConnectError", "ConnectTimeout", "ConnectionRefusedError", "gaierror", "PoolTimeout"})
_TRANSPORTS = frozenset({"httpx", "httpx2", "httpcore", "httpcore2", "anyio", "h11"})
_LONGEST = 300


def sentence(message: object, *, secret: str | None = None) -> str:
    """A server's words on one line, bounded, without the key should the server have echoed it."""
    text = " ".join(str(message).split())
    if secret:
        text = text.replace(secret, "***")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def says_too_long(message: str) -> bool:
    """Whether a server's refusal means that the prompt does not fit. Each server has its own words for it."""
    return _TOO_LONG.search(message) is not None


def says_busy(message: str) -> bool:
    """Whether an error without a status means that the server has too much to do."""
    return _BUSY.search(message) is not None


def says_budget(message: str) -> bool:
    """Whether a gateway refuses a call because a budget of its own is spent."""
    return _BUDGET.search(message) is not None


def says_no_keys(message: str) -> bool:
    """Whether a gateway cannot look a key up: LiteLLM without a database knows its master key alone."""
    return _NO_KEYS.search(message) is not None


def says_no_model(message: str) -> bool:
    """Whether a refusal means that there is no such model."""
    return _NO_MODEL.search(message) is not None


def prompt_too_long(model: str, context: int) -> PromptTooLong:
    """The prompt does not fit ``context`` tokens."""
    return PromptTooLong(f"The prompt does not fit the context of {model} ({context} tokens).")


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def never_connected(error: BaseException) -> bool:
    """Whether a connection error came before there was a connection.

    SDKs wrap the HTTP library's errors, and which library it is depends on their version: so by name.
    """
    return any(type(link).__name__ in _NEVER_CONNECTED for link in _chain(error))


def broke_in_transport(error: BaseException) -> bool:
    """Whether ``error`` is the HTTP library's own: SDKs do not wrap what happens while a stream is read."""
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in _TRANSPORTS


def connection_failed(server: str, url: str, *, remedy: str, told: str = "") -> ServerUnreachable:
    """Nothing answers at ``url``. ``told``: the variables of proxies and certificates that the call followed."""
    followed = f", followed {told}" if told else ""
    remedy = f"{remedy}, or correct or unset {told.partition('=')[0]}" if told else remedy
    return ServerUnreachable(f"Nothing answers at {url} (server {server}{followed}).", remedy=remedy)


def wrong_place(info: ModelInfo, admitted: str | None) -> ModelFault:
    """The text would go elsewhere than was agreed to: the call is not made, and the next one asks."""
    if info.place is None:
        return ModelFault(f"{info.name} does not run at {admitted} any more; the server is asked about it again.")
    return ModelFault(
        f"{info.name} does not run here: {info.server} sends it on to {info.place}, and that was not agreed to."
    )


def connection_lost(server: str, model: str) -> BrokenStream:
    """The connection broke after it had been made."""
    return BrokenStream(f"The connection to {server} broke in the middle of an answer ({model}).")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from ``retry-after-ms`` or ``Retry-After`` (RFC 9110, 10.2.3: seconds or a date); None: not said."""
    for name, scale in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * scale)
        except (KeyError, ValueError):
            continue
    try:
        at = parsedate_to_datetime(headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
