"""OpenAI's chat completions: llama.cpp's server, vLLM, SGLang, LM Studio, Ollama's ``/v1``, gateways, OpenAI itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any, cast

from forge_lsp.core.errors import BrokenStream, ModelFault, ServerUnreachable, Unauthorised
from forge_lsp.core.ports import ChatRequest, FinishReason, ModelInfo, ModelStatus, PullProgress, ThinkingSupport, Usage
from forge_lsp.models.capabilities import AnswerForm, Capabilities, LearntCapabilities
from forge_lsp.models.families import family_of
from forge_lsp.models.faults import (
    prompt_too_long,
    wrong_place,
)
from forge_lsp.models.lazy import imported
from forge_lsp.models.openai_endpoint import OpenAIEndpoint
from forge_lsp.models.prompt import estimated_input_tokens, json_part, plain_messages, schema_words
from forge_lsp.models.thinking import CallPlan, PartialAnswer, Thinker, ThinkingPreference
from forge_lsp.models.wire import Chunk, Heartbeat, SampleFinished, TextDelta

__all__ = ["OpenAIEndpoint", "OpenAIWire"]

_log = logging.getLogger(__name__)

_LOOK = 5.0
"""Seconds that the list of models may take."""


class OpenAIWire:
    """One model on an OpenAI-compatible server (see :class:`~forge_lsp.models.wire.Wire`)."""

    def __init__(self, *, info: ModelInfo, endpoint: OpenAIEndpoint, wishes: ThinkingPreference | None = None) -> None:
        self._base = info
        self.info = info
        self._endpoint = endpoint
        self._place: str | None = None
        # Nothing tells whether a model of such a server thinks: its answers do, or the user's own setting. Most that
        # can be switched are served with it off; those that cannot have their room from the start.
        family = family_of(info.name)
        known = ThinkingSupport.NO if wishes is None or wishes.auto else ThinkingSupport.SWITCH
        if family.thinks is ThinkingSupport.LEVELS or family.thinks is ThinkingSupport.ALWAYS:
            known = family.thinks
        self._identity = endpoint.identity(info.name)
        self._able = Capabilities(thinks=known, family=family.maker, codes=family.coder)
        self._remembered = False
        self._thinker = Thinker(wishes=wishes, thinks=known, keep=self._keep)
        self._told()

    @property
    def batches(self) -> bool:
        return self._endpoint.server.batches

    async def learn(self) -> None:
        """Ask a local server whether it sends the text on; see :class:`~forge_lsp.models.wire.SelfDescribingWire`."""
        self._place = await self._endpoint.gateway.place(self.info.name)
        if not self._remembered:
            self._remembered = True
            kept = await self._endpoint.known.get(self._identity)
            if kept is not None:
                self._able = kept
                self._thinker.learn(kept.thinks, kept.learnt)
        self._told()

    def _keep(self, learnt: LearntCapabilities) -> None:
        self._able = replace(self._able, learnt=learnt)
        self._endpoint.known.put(self._identity, self.info.name, self._able)

    def _told(self) -> None:
        self.info = replace(
            self._base.sent_on(self._place),
            thinks=self._thinker.thinks,
            thought_tokens=self._thinker.most(self._base.context),
        )

    async def load(self) -> None:
        await imported("openai")
        # These servers load by themselves; a missing key is told before any network.
        self._endpoint.client()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        await self.learn()
        if self.info.place != request.place:
            raise wrong_place(self.info, request.place)
        said, plan = PartialAnswer(), self._thinker.plan(request, self.info)
        try:
            async with aclosing(self._try(request, plan, said)) as chunks:
                async for chunk in chunks:
                    yield chunk
            again = None
            if said.ends and said.empty:
                thought = said.thought > 0 or said.inline is not None
                again = self._thinker.again(request, self.info, plan, thought=thought)
            if again is not None:
                plan = again
                for index in said.texts:
                    yield TextDelta(index=index, text=said.inline or "")
                async with aclosing(self._try(request, plan, said)) as chunks:
                    async for chunk in chunks:
                        yield chunk
        except Exception as error:
            raise self._endpoint.fault(error, self.info) from error
        if said.ends and said.empty and (said.thought or said.inline):
            raise self._thinker.no_answer(self.info, said)
        in_words = request.schema is not None and plan.form is AnswerForm.PROSE
        for position, end in enumerate(said.ends):
            usage = said.usage if position == 0 else end.usage
            yield replace(end, usage=usage, in_words=in_words)

    async def _try(self, request: ChatRequest, plan: CallPlan, said: PartialAnswer) -> AsyncGenerator[Chunk, None]:
        """One call, its ends kept in ``said``."""
        said.begin()
        answer = await self._open(request, plan)
        if self._endpoint.gateway.heard(answer.response.headers):
            _log.warning("The server %s is a gateway, by the headers of its answer.", self._endpoint.server.key)
        async with aclosing(self._read(answer, request, plan, said)) as chunks:
            async for chunk in chunks:
                yield chunk
        thought = said.thought > 0 or said.thinks_inline
        if thought and self._thinker.thinks is ThinkingSupport.NO:
            self._thinker.thought_unasked()
        else:
            self._thinker.saw(plan, thought=thought, tokens=said.usages[-1].output_tokens if said.usages else 0)
        if said.ends:
            cut = said.ends[0].reason is FinishReason.LENGTH
            self._thinker.answered(request, plan, said.answer(), cut=cut)
        self._told()

    async def _open(self, request: ChatRequest, plan: CallPlan) -> Any:
        create: Any = self._endpoint.client().chat.completions.create
        while True:
            sent = self._parameters(request, plan)
            try:
                return await create(**sent)
            except Exception as error:
                if not self._endpoint.degrade(error, sent):
                    raise

    def _parameters(self, request: ChatRequest, plan: CallPlan) -> dict[str, object]:
        refused = self._endpoint.refused
        schema = request.schema
        enforced = schema is not None and not plan.prose and "response_format" not in refused
        plain = schema is not None and plan.form is AnswerForm.JSON and "response_format" not in refused
        words = schema_words(schema) if schema is not None and not enforced else ""
        limit = "max_completion_tokens" if "max_tokens" in refused else "max_tokens"
        # Servers refuse a limit that does not fit beside the prompt.
        left = self.info.context - estimated_input_tokens(request) - request.max_tokens
        parameters: dict[str, object] = {
            "model": self.info.name,
            "messages": plain_messages(request, last=words),
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": request.temperature,
            limit: request.max_tokens + max(0, min(plan.room, left)),
        }
        if request.seed is not None:
            parameters["seed"] = request.seed
        if request.stop:
            parameters["stop"] = list(request.stop)
        if request.samples > 1:
            parameters["n"] = request.samples
        if enforced:
            parameters["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": dict(schema or {})},
            }
        elif plain:
            parameters["response_format"] = {"type": "json_object"}
        if plan.off or plan.level is not None:
            # Each engine has its own switch, and passes over the others': OpenAI's own, and the chat template's.
            parameters["reasoning_effort"] = "none" if plan.off else plan.level
            if "chat_template_kwargs" not in refused:
                on = not plan.off
                parameters["extra_body"] = {"chat_template_kwargs": {"enable_thinking": on, "thinking": on}}
        return {name: value for name, value in parameters.items() if name not in refused}

    async def _read(
        self, answer: Any, request: ChatRequest, plan: CallPlan, said: PartialAnswer
    ) -> AsyncGenerator[Chunk, None]:
        """Chunks of the open stream but its ends, which wait in ``said`` until the usage has come."""
        unenforced = request.schema is not None and (plan.prose or "response_format" in self._endpoint.refused)
        reasons: dict[int, FinishReason] = {}
        usage: Usage | None = None
        pieces = 0
        try:
            async for part in answer:
                usage = _usage(part.usage) or usage
                said.thought += _reasoned(part.usage)
                for choice in part.choices:
                    text = (choice.delta.content or "") if choice.delta is not None else ""
                    thought = _reasons(choice.delta)
                    if text or thought:
                        pieces += 1
                        said.take(text, thought=thought, sample=choice.index)
                        yield TextDelta(index=choice.index, text="" if unenforced else text)
                    else:
                        yield Heartbeat()
                    if choice.finish_reason is not None:
                        reasons[choice.index] = self._reason(choice.finish_reason)
                if usage is not None and not part.choices and len(reasons) >= request.samples:
                    break
        finally:
            await answer.close()
        if unenforced:
            for index, texts in said.texts.items():
                yield TextDelta(index=index, text=json_part("".join(texts)))
        if usage is None:
            usage = Usage(input_tokens=estimated_input_tokens(request), output_tokens=pieces)
        if usage.input_tokens >= self.info.context:
            # Some servers (Ollama's /v1) cut a prompt silently, to exactly what fits.
            raise prompt_too_long(self.info.name, self.info.context)
        said.usages.append(usage)
        said.ends += [SampleFinished(index=index, reason=reason) for index, reason in sorted(reasons.items())]

    def _reason(self, word: str) -> FinishReason:
        if word == "content_filter":
            raise ModelFault(f"{self.info.name} declined to answer (content filter).")
        return FinishReason.LENGTH if word == "length" else FinishReason.STOP

    async def status(self) -> ModelStatus:
        await imported("openai")
        client = self._endpoint.client()
        await self.learn()
        if self.info.off_machine and self.info.paid:
            # Nothing is sent to a provider before the user has agreed, not even a question.
            return ModelStatus(info=self.info, installed=True)
        try:
            async with asyncio.timeout(_LOOK):
                listed = (await client.models.list()).data
        except TimeoutError:
            raise self._endpoint.unreachable() from None
        except Exception as error:
            fault = self._endpoint.fault(error, self.info)
            if isinstance(fault, (ServerUnreachable, Unauthorised, BrokenStream)):
                raise fault from error
            # A server without a list of models may still answer.
            return ModelStatus(info=self.info, installed=True)
        names = {model.id for model in listed}
        # llama.cpp's server answers with its one model, whatever name it is asked for.
        installed = self.info.name in names or [model.owned_by for model in listed] == ["llamacpp"]
        problem = None if installed else f"The server {self._endpoint.server.key} does not list {self.info.name}."
        remedy = None if installed else f"load it there, or correct models.{self.info.key}.name"
        return ModelStatus(info=self.info, installed=installed, problem=problem, remedy=remedy)

    async def pull(self) -> AsyncGenerator[PullProgress, None]:
        raise ModelFault(
            f"The server {self._endpoint.server.key} cannot be asked to fetch models.",
            remedy=f"make {self.info.name} available there by the server's own means",
        )
        yield  # an async generator, as the contract says

    async def aclose(self) -> None:
        await self._endpoint.aclose()


def _reasons(delta: Any) -> bool:
    """Whether a delta holds a reasoning model's thinking, which has no place in OpenAI's own types."""
    extra = cast("dict[str, object]", getattr(delta, "model_extra", None) or {})
    return bool(extra.get("reasoning_content") or extra.get("reasoning"))


def _reasoned(told: Any) -> int:
    """Tokens of thought that a provider counts and does not show."""
    details = told.completion_tokens_details if told is not None else None
    return int((details.reasoning_tokens if details is not None else None) or 0)


def _usage(told: Any) -> Usage | None:
    if told is None:
        return None
    details = told.prompt_tokens_details
    return Usage(
        input_tokens=int(told.prompt_tokens or 0),
        output_tokens=int(told.completion_tokens or 0),
        cached_tokens=int((details.cached_tokens if details is not None else None) or 0),
    )
