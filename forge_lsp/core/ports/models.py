"""Model calls: what is asked, what is answered, and where the models are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from forge_lsp.core.codec import to_json
from forge_lsp.core.errors import ForgeError

__all__ = [
    "ChatModel",
    "ChatReply",
    "ChatRequest",
    "Completion",
    "FinishReason",
    "Message",
    "ModelDirectory",
    "ModelInfo",
    "ModelStatus",
    "PullProgress",
    "Purpose",
    "Role",
    "StandIns",
    "ThinkingSupport",
    "Timing",
    "Usage",
]


class Role(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn. ``cache`` marks the end of the text that other calls of the attempt share byte for byte."""

    role: Role
    text: str
    cache: bool = False


class ThinkingSupport(StrEnum):
    """How a model thinks before it answers: not at all, when it is switched on, in levels only, or always."""

    NO = "no"
    SWITCH = "switch"
    LEVELS = "levels"
    ALWAYS = "always"


class Purpose(StrEnum):
    """What an answer is for: code, a plan, or a judgement (reviews and votes)."""

    WRITE = "write"
    PLAN = "plan"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """What a model is asked, in no wire format.

    ``max_tokens`` bounds each sample's answer; what a model thinks before it has room of its own
    (``ModelInfo.thought_tokens``), and ``think`` says that thinking is worth its time here, where the user has not set
    how much the model thinks for this ``purpose``. ``samples`` asks for that
    many independent answers, in one batch where the server can. ``schema`` is a bounded JSON schema that the answer
    must follow (thinking is then switched off where the server can). ``seed`` makes samples repeatable where the
    server can. An answer ends before any text of ``stop``. ``job`` is the same for all calls of one job, and opaque:
    servers serve jobs in turn. It is not sent. ``place`` is the ``ModelInfo.place`` that the call was admitted for: a
    text that would go to another place is not sent.
    """

    system: str
    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.0
    samples: int = 1
    schema: Mapping[str, object] | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    job: str = ""
    think: bool = False
    purpose: Purpose = Purpose.WRITE
    place: str | None = None


class FinishReason(StrEnum):
    """Why a model stopped: it was done, or it was cut off by the length limit."""

    STOP = "stop"
    LENGTH = "length"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One sample's text and why it ended."""

    text: str
    finish: FinishReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call, as the server counted them. ``cached_tokens`` were read from a prompt cache and
    ``cache_write_tokens`` written to one; both are contained in ``input_tokens``."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds of one call: waiting for a free place, loading the model, until the first token, in all."""

    queue: float = 0.0
    load: float = 0.0
    first_token: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReply:
    """A whole answer: one completion a sample, in order. ``in_words``: the schema was told in words alone, since the
    model follows it in no other form."""

    completions: tuple[Completion, ...]
    usage: Usage
    timing: Timing
    in_words: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """What the ensemble may know of a model.

    ``key`` is its settings key, ``name`` what its server calls it, ``server`` the server's settings key,
    ``context`` its context length in tokens. ``off_machine``: the text leaves this machine, since the server is not
    on loopback or sends it on. ``place`` is where it sends it on to, None: it answers itself. ``toy``: scores of this
    model mean nothing (the small embedded one). ``thought_tokens`` is the most that it may write in a call before its
    answer, by ``thinks`` and the user's settings. ``priced``: the user's settings hold a price for it. ``family`` is
    empty where it is not known; ``codes``: it was trained to write code before all; ``chats`` False: it does not
    answer instructions.
    """

    key: str
    name: str
    server: str
    provider: str
    context: int
    paid: bool = False
    off_machine: bool = False
    toy: bool = False
    place: str | None = None
    thinks: ThinkingSupport = ThinkingSupport.NO
    thought_tokens: int = 0
    priced: bool = False
    family: str = ""
    codes: bool = False
    chats: bool = True

    def sent_on(self, place: str | None) -> ModelInfo:
        """The same model, whose server sends its calls on to ``place`` (None: it does not)."""
        if place is None:
            return self
        # What the other place charges is not known; a price that the user set is what counts.
        return replace(self, place=place, off_machine=True, paid=self.paid or self.priced)


class ChatModel(Protocol):
    """One model on one server, with its deadlines, its queue and its circuit breaker already around it."""

    @property
    def info(self) -> ModelInfo: ...

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Ask and wait for the whole answer (streamed underneath, so that a cancel frees the server at once).

        Raises a :class:`~forge_lsp.core.errors.ModelError`.
        """
        ...


_TOLD = ("key", "name", "server", "provider", "context", "paid", "offMachine", "place", "toy")
"""What a row of ``forge.models`` tells of a model's info."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """One row of ``forge.models``. Sizes in bytes; ``resident`` None where the server does not tell.

    ``problem`` says why the model cannot be used, ``remedy`` the command that fixes it.
    """

    info: ModelInfo
    installed: bool
    resident: bool | None = None
    size: int | None = None
    size_vram: int | None = None
    problem: str | None = None
    remedy: str | None = None

    def to_json(self) -> dict[str, object]:
        """One row of ``forge.models`` and ``forge-lsp models --json``, keys in camelCase."""
        told = to_json(self)
        info = told.pop("info")
        return {**{name: info[name] for name in _TOLD}, **told}


@dataclass(frozen=True, slots=True, kw_only=True)
class PullProgress:
    """A model being fetched: bytes done and in all (0: not known yet)."""

    status: str
    completed: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIns:
    """``models`` that can take a role that another one cannot fill, in the order of the settings, installed ones that
    no setting names last. ``remedy`` says what to fetch where none of them will do."""

    models: tuple[ModelInfo, ...]
    remedy: str


class ModelDirectory(Protocol):
    """All models of the settings."""

    def get(self, key: str) -> ChatModel:
        """The model of that settings key. Raises KeyError: settings are validated before this."""
        ...

    async def unavailable(self, key: str) -> ForgeError | None:
        """Why a call to this model cannot succeed now (not installed, no key); None: it can.

        Cheap and cached for a few seconds; makes no model call. Raises ServerUnreachable when the model's whole
        server is down, which is a fault of the environment rather than of one rung.
        """
        ...

    async def stand_ins(self) -> StandIns:
        """All models that answer instructions, to choose from where one that is set gives no usable answers.

        Makes no model call; what a server is asked holds no text of the user's. Raises nothing.
        """
        ...

    async def statuses(self) -> tuple[ModelStatus, ...]:
        """Every model with where it is."""
        ...

    def pull(self, key: str) -> AsyncIterator[PullProgress]:
        """Fetch a model where its server can. Raises ModelError, with what to do instead where it cannot."""
        ...

    async def aclose(self) -> None:
        """Close all connections and child processes."""
        ...
