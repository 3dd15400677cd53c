"""The one place where a model is called: admitted, announced, made, settled and told, also when it is cancelled."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from forge_lsp.chat_marks import as_letters
from forge_lsp.core.codec import projected
from forge_lsp.core.errors import (
    BrokenStream,
    ForgeError,
    ModelFault,
    ModelMissing,
    PromptTooLong,
    ServerUnreachable,
    Unauthorised,
)
from forge_lsp.core.events import CallFinished, CallStarted, Emit, Stage
from forge_lsp.core.ports import ChatModel, ChatReply, ChatRequest, Clock, ModelDirectory, ModelInfo, Spending, Usage
from forge_lsp.ensemble.words import estimate_tokens
from forge_lsp.redaction import Pairs, hidden

__all__ = ["Ask", "Calls", "StageCalls"]

Ask: TypeAlias = Callable[[str, str, ChatRequest], Awaitable[ChatReply]]
"""``ask(model, role, request)``: what a stage is given to reach a model with."""

_UNBILLED = (ModelMissing, PromptTooLong, ServerUnreachable, Unauthorised)
"""A server that refuses so has read nothing; after any other failure the prompt may have to be paid for."""

_LONG = 16_000
"""Characters of a prompt that is looked through in a thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCalls:
    """The calls of one stage of one attempt; an :data:`Ask`."""

    calls: Calls
    number: int
    stage: Stage

    async def __call__(self, model: str, role: str, request: ChatRequest) -> ChatReply:
        return await self.calls.ask(model, request, number=self.number, stage=self.stage, role=role)


@dataclass(eq=False, repr=False, kw_only=True)
class Calls:
    """All model calls of one job. Calls may run at once; their numbers are unique in the job, from 1.

    ``secrets`` are those of the task's document and of the user's words, with the placeholders that models see.
    ``files`` answers which files' text a model is shown, by its settings key.
    """

    models: ModelDirectory
    spending: Spending
    emit: Emit
    clock: Clock
    secrets: Pairs = ()
    files: Callable[[str], tuple[str, ...]] = lambda _: ()

    def __post_init__(self) -> None:
        self._job = uuid.uuid4().hex  # servers serve jobs in turn; whose turn it is, is all they need to know
        self._count = 0
        self.cost_usd = 0.0
        """What all calls so far cost."""
        self._asked: dict[str, set[Stage]] = {}

    @property
    def asked(self) -> tuple[str, ...]:
        """Settings keys of the models that were sent something, in order of the first call."""
        return tuple(self._asked)

    @property
    def reviewed_only(self) -> frozenset[str]:
        """Settings keys of the models that were asked for reviews and examples, and for nothing else: neither part sees
        the project's rules."""
        return frozenset(key for key, stages in self._asked.items() if stages <= {Stage.REVIEW, Stage.CHECK})

    def line(self, number: int, stage: Stage) -> StageCalls:
        """Return the way to the models for one stage of one attempt."""
        return StageCalls(calls=self, number=number, stage=stage)

    async def allowed(self, info: ModelInfo, request: ChatRequest, *, beyond: int = 0) -> None:
        """Ask whether this call may be paid, before other work is done for it; nothing stays reserved.

        ``beyond``: tokens that each sample's prompt may still grow by. Raises SpendingRefused.
        """
        reserved = await self._admit(info, request, beyond)
        self.spending.settle(info, reserved, Usage())

    async def ask(self, key: str, request: ChatRequest, *, number: int, stage: Stage, role: str) -> ChatReply:
        """Make one call. Raises SpendingRefused before anything is sent, ModelError after.

        A paid one that breaks off is made once more, within the budget: what it wrote until then is booked. A reply
        without any completion is a ModelFault: a caller may rely on the first one.
        """
        model = self.models.get(key)
        info = model.info  # as it is admitted: where the text goes may turn out to be another place meanwhile
        reserved = await self._admit(info, request)
        self._count += 1
        self._asked.setdefault(key, set()).add(stage)
        # Test output, diagnostics and what other models said may hold what was left out of the documents.
        request = replace(await _without_secrets(request, self.secrets), job=self._job, place=info.place)
        try:
            return await self._send(model, request, reserved, self._count, number=number, stage=stage, role=role)
        except BrokenStream:
            if not info.paid:  # a free model has its next attempt
                raise
            reserved = await self._admit(info, request)
        self._count += 1
        return await self._send(model, request, reserved, self._count, number=number, stage=stage, role=role)

    async def _admit(self, info: ModelInfo, request: ChatRequest, beyond: int = 0) -> float:
        """Reserve the most that a call can cost."""
        return await self.spending.admit(
            info,
            input_tokens=_input_tokens(request) + beyond * request.samples,
            output_tokens=(request.max_tokens + info.thought_tokens) * request.samples,
            files=self.files(info.key),
        )

    async def _send(
        self,
        model: ChatModel,
        request: ChatRequest,
        reserved: float,
        call: int,
        *,
        number: int,
        stage: Stage,
        role: str,
    ) -> ChatReply:
        info = model.info
        about = CallStarted(
            number=number,
            call=call,
            stage=stage,
            role=role,
            model=info.key,
            server=info.server,
            estimate_usd=reserved,
        )
        started = self.clock.monotonic()
        reply: ChatReply | None = None
        measured: Usage | None = None
        error: str | None = "the call ended in an unexpected way"
        try:
            self.emit(about)
            reply = await model.complete(request)
            measured = reply.usage
            if not reply.completions:
                raise ModelFault(f"{info.key} sent a reply without an answer")
            error = None
            return reply
        except asyncio.CancelledError:
            error = "cancelled"
            raise
        except ForgeError as fault:
            error = fault.full_message
            if isinstance(fault, _UNBILLED):
                measured = Usage()
            elif isinstance(fault, BrokenStream) and fault.written:
                measured = Usage(input_tokens=_input_tokens(request), output_tokens=fault.written)
            raise
        finally:
            cost = self.spending.settle(info, reserved, measured)
            self.cost_usd += cost
            usage = reply.usage if reply is not None else Usage()
            timing = reply.timing if reply is not None else None
            self.emit(
                projected(
                    CallFinished,
                    about,
                    input_tokens=usage.input_tokens,
                    output_tokens=usage.output_tokens,
                    cached_tokens=usage.cached_tokens,
                    queue_seconds=timing.queue if timing else 0.0,
                    load_seconds=timing.load if timing else 0.0,
                    first_token_seconds=timing.first_token if timing else 0.0,
                    seconds=self.clock.monotonic() - started,
                    cost_usd=cost,
                    error=error,
                )
            )


async def _without_secrets(request: ChatRequest, known: Pairs) -> ChatRequest:
    def look() -> ChatRequest:
        return replace(
            request,
            messages=tuple(
                replace(message, text=as_letters(hidden(message.text, known))) for message in request.messages
            ),
        )

    # A quarter of a second for a very long prompt, which others on the event loop are not to wait for.
    long = sum(len(message.text) for message in request.messages) > _LONG
    return await asyncio.to_thread(look) if long else look()


def _input_tokens(request: ChatRequest) -> int:
    """Every sample may be a request of its own, and the schema is read too."""
    words = [request.system, *(message.text for message in request.messages)]
    if request.schema is not None:
        words.append(str(request.schema))
    return sum(map(estimate_tokens, words)) * request.samples
