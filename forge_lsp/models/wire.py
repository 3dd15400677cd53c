"""What one wire format must do, and the settings the room is built from.

A :class:`Wire` is one model on one server in one wire format (``ollama.py``, ``openai_compatible.py``,
``anthropic.py``, ``embedded.py``). It knows nothing of queues, deadlines between tokens, retries or rambling: those
are the guard's (``guard.py``), which turns a wire into the :class:`~forge_lsp.core.ports.ChatModel` that the
ensemble sees.

The contract, in the order the guard uses it:

1. ``await load()`` brings the model into memory. The guard runs it in a task of its own, shared by all callers, that
   no caller's cancel reaches, under the ``load`` deadline.
2. ``stream(request)`` is iterated under the deadlines ``first_token``, ``between_tokens`` and ``total``. The
   guard always closes the iterator (``aclose``); closing or cancelling it must close the connection at once, so that
   the server stops working. It is opened again, from the start, for a retry.
3. ``await aclose()`` at the end of the process.

Every method raises only errors of :mod:`forge_lsp.core.errors` (and lets ``CancelledError`` through).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from forge_lsp.core.errors import ServerBusy
from forge_lsp.core.ports import ChatRequest, FinishReason, ModelInfo, ModelStatus, PullProgress, Purpose, Usage

__all__ = [
    "Busy",
    "Chunk",
    "Deadlines",
    "Heartbeat",
    "ModelConfig",
    "SampleFinished",
    "SelfDescribingWire",
    "ServerConfig",
    "ServerKind",
    "TextDelta",
    "Wire",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """Tokens of sample ``index`` (from 0). ``text`` is empty for tokens that are not part of the answer (thinking):
    they stop the ``first_token`` clock and restart ``between_tokens`` like any other."""

    index: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A sign of life without a token: a prefill tick, a ping. It restarts the ``between_tokens`` clock once a token
    has come; it never stops the ``first_token`` clock, which a server that only ticks would otherwise evade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFinished:
    """Sample ``index`` is complete. One for each sample asked for; an iterator that ends without them is a
    :class:`~forge_lsp.core.errors.BrokenStream`, which the guard raises.

    ``usage`` is added up over the samples of a request: a server that counts once reports it with one of them.
    ``load_seconds`` is what the server says this call spent on loading the model (0.0: not told). ``in_words``: the
    request's schema was told in words alone.
    """

    index: int
    reason: FinishReason
    usage: Usage = field(default_factory=Usage)
    load_seconds: float = 0.0
    in_words: bool = False


Chunk: TypeAlias = TextDelta | Heartbeat | SampleFinished


class Busy(ServerBusy):
    """429, 503 or 529: the guard tries again. ``retry_after`` is in seconds, None where the server did not say."""

    def __init__(self, message: str, *, retry_after: float | None = None, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after = retry_after


class Wire(Protocol):
    """One model on one server, bare."""

    @property
    def info(self) -> ModelInfo: ...

    @property
    def batches(self) -> bool:
        """True: one request answers ``samples`` > 1 at once. False: the guard sends a single call for each sample."""
        ...

    async def load(self) -> None:
        """Bring the model into memory if it is not there; returns at once when it is, or where servers do not load.

        Raises ServerUnreachable, ModelMissing, ModelFault, Unauthorised (no key: before any network).
        """
        ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        """Ask. ``request.samples`` is 1 unless :attr:`batches`. An async generator: nothing is sent before the first
        step; ``aclose`` or a cancel closes the connection before it returns."""
        ...

    async def status(self) -> ModelStatus:
        """What can be said without a model call, within a second or two. A model that is not installed is a row with
        ``problem`` and ``remedy``, not an error. Raises ServerUnreachable when the whole server is down, Unauthorised
        without a key."""
        ...

    def pull(self) -> AsyncGenerator[PullProgress, None]:
        """Fetch the model where the server can. Raises ModelError (here: at the first step) where it cannot, with
        what to do instead."""
        ...

    async def aclose(self) -> None:
        """Close connections and child processes. May be called twice."""
        ...


@runtime_checkable
class Unloads(Protocol):
    """A wire whose server lets a model be taken out of memory."""

    async def unload(self) -> None:
        """Ask for it; the server waits until calls in progress are over, and says nothing of when the memory is free.

        Raises ServerUnreachable, ModelFault. A model that is not loaded is no error.
        """
        ...


@runtime_checkable
class SelfDescribingWire(Protocol):
    """A wire whose server says where a model runs and what it can do: :attr:`Wire.info` holds it afterwards."""

    async def learn(self) -> None:
        """Ask, without sending any text of the user's. Raises ModelError."""
        ...


class ServerKind(StrEnum):
    """The wire formats; values are those of ``servers.*.kind``."""

    OLLAMA = "ollama"
    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds. ``total`` is for one call (its retries included) and starts when it is sent, not while it queues
    or while the model is being loaded, which has ``load``."""

    connect: float = 5.0
    first_token: float = 60.0
    between_tokens: float = 30.0
    total: float = 300.0
    load: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """``[servers.KEY]``.

    ``url`` None: the kind's own default (``OLLAMA_HOST``, ``ANTHROPIC_BASE_URL``, ``OPENAI_BASE_URL``, else the
    provider's address). ``parallel`` calls at once, over all models of the server; for ``embedded`` also the slots of
    the child. ``key_env`` names the environment variable that holds the key. ``batches``: the server answers several
    samples in one request (OpenAI's ``n``). ``keep_alive`` (ollama): seconds, or a duration such as ``"30m"``; -1 is
    for ever. ``local`` False: a gateway, which sends the text on wherever it is itself; True: a host of the user's own,
    which needs no consent; None: it is local on loopback, unless it says otherwise.
    """

    key: str
    kind: ServerKind
    url: str | None = None
    parallel: int = 1
    key_env: str | None = None
    paid: bool = False
    gpu: str | None = None
    batches: bool = False
    keep_alive: float | str = -1
    local: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """``[models.KEY]``: ``name`` is what the server calls it, ``context`` its length in tokens.

    ``think`` is auto, off, low, medium or high; ``think_for``, which counts before it, the same for one
    :class:`Purpose`. ``priced``: the settings hold a price for it. ``path`` (embedded): the weights' file; None is the
    model that comes with the ``embedded`` extra.
    """

    key: str
    server: str
    name: str
    context: int = 8192
    path: Path | None = None
    think: str = "auto"
    think_for: Mapping[Purpose, str] = field(default_factory=dict[Purpose, str])
    priced: bool = False
