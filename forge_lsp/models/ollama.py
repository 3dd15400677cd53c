"""One model on an Ollama server, through Ollama's own client.

Read from Ollama's sources (0.17 to 0.33) and measured on 0.17.4; what it does that one would not expect:

- A difference in ``num_ctx`` or ``num_batch`` reloads the model, so these are the same in every call of a model.
- A prompt that does not fit is cut silently, and a generation that reaches the end of the context forgets the
  prompt's beginning, unless ``truncate`` and ``shift`` are false.
- A stream may end without ``done`` (nothing says so: the guard notices), and an error after the first chunk is a line
  of an HTTP 200.
- Models that think do so by default, and what they think counts in ``num_predict``. ``think`` is refused by models
  without the capability; some know levels only, some think whatever they are told, and some answer nothing where a
  schema is enforced and thinking is off.
- Models of Ollama's cloud are listed among the installed ones, and a call to them is sent on.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from forge_lsp.core.addresses import full_name
from forge_lsp.core.errors import BrokenStream, ModelError, ModelFault
from forge_lsp.core.ports import ChatRequest, FinishReason, ModelInfo, ModelStatus, PullProgress, ThinkingSupport, Usage
from forge_lsp.models.capabilities import AnswerForm, Capabilities
from forge_lsp.models.faults import prompt_too_long, wrong_place
from forge_lsp.models.ollama_endpoint import ListedModel, OllamaEndpoint
from forge_lsp.models.prompt import plain_messages, schema_words
from forge_lsp.models.thinking import CallPlan, PartialAnswer, Thinker, ThinkingPreference
from forge_lsp.models.wire import Chunk, Heartbeat, SampleFinished, TextDelta

if TYPE_CHECKING:
    from forge_lsp.models.ollama_sdk import ChatResponse

__all__ = ["BATCH", "OllamaEndpoint", "OllamaWire"]

BATCH = 512
"""``num_batch`` of every call: tokens of a prompt that are evaluated at once."""


class OllamaWire:
    """One model on an Ollama server (see :class:`~forge_lsp.models.wire.Wire`)."""

    batches = False

    def __init__(self, *, info: ModelInfo, endpoint: OllamaEndpoint, wishes: ThinkingPreference | None = None) -> None:
        self._base = info
        self.info = info
        self._endpoint = endpoint
        self._options: Mapping[str, object] = {"num_ctx": info.context, "num_batch": BATCH}
        self._able: Capabilities | None = None
        self._thinker = Thinker(wishes=wishes, keep=lambda learnt: endpoint.keep(info.name, learnt))

    async def learn(self, *, fresh: bool = False) -> None:
        """Ask the server what the model can do and where it runs.

        See :class:`~forge_lsp.models.wire.SelfDescribingWire`.
        """
        try:
            able = await self._endpoint.capabilities(self.info.name, fresh=fresh)
        except ModelError:
            if self._able is None:
                raise
            return  # a server that is too busy to say it again has not changed its mind
        if able != self._able:
            self._able = able
            self._thinker.learn(able.thinks, able.learnt)
        self._told()

    def _told(self) -> None:
        place = self._able.place if self._able is not None else None
        self.info = replace(
            self._base.sent_on(place),
            thinks=self._thinker.thinks,
            thought_tokens=self._thinker.most(self._base.context),
            chats=self._able is None or self._able.chats,
        )

    async def load(self) -> None:
        await self.learn(fresh=True)
        if self.info.place is not None:
            return  # there is nothing to load here, and to ask would be a call to the other place
        row = (await self._endpoint.resident()).get(full_name(self.info.name))
        if row is not None and row.context in (None, self.info.context):
            return
        # Empty messages load and answer nothing. It is streamed, so that closing it is noticed.
        async for _ in self._chat([], self._options):
            pass

    async def unload(self) -> None:
        """Take the model out of memory once it is idle; see :class:`~forge_lsp.models.wire.Unloads`."""
        if full_name(self.info.name) not in await self._endpoint.resident():
            return  # to ask would load it
        async for _ in self._chat([], self._options, keep_alive=0):
            pass

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        await self.learn(fresh=True)  # just before the text goes: a name may have been given to another model
        if self.info.place != request.place:
            raise wrong_place(self.info, request.place)
        said, plan = PartialAnswer(), self._thinker.plan(request, self.info)
        async with aclosing(self._try(request, plan, said)) as chunks:
            async for chunk in chunks:
                yield chunk
        again = None
        if said.ends and said.empty:
            again = self._thinker.again(request, self.info, plan, thought=said.thought > 0 or said.inline is not None)
        if again is not None:
            plan = again
            if said.inline is not None:
                yield TextDelta(index=0, text=said.inline)
            async with aclosing(self._try(request, plan, said)) as chunks:
                async for chunk in chunks:
                    yield chunk
        if not said.ends:
            return  # without its end the answer is not an answer: the guard says so
        if said.empty and (said.thought or said.inline):
            raise self._thinker.no_answer(self.info, said)
        in_words = request.schema is not None and plan.form is AnswerForm.PROSE
        yield replace(said.ends[-1], usage=said.usage, in_words=in_words)

    async def _try(self, request: ChatRequest, plan: CallPlan, said: PartialAnswer) -> AsyncGenerator[Chunk, None]:
        """One call, its end kept in ``said``."""
        said.begin()
        options = {
            **self._options,
            "temperature": request.temperature,
            "num_predict": request.max_tokens + plan.room,
        }
        if request.seed is not None:
            options["seed"] = request.seed
        if request.stop:
            options["stop"] = list(request.stop)
        schema: Mapping[str, object] | str | None = request.schema
        if plan.prose and schema is not None:
            schema = "json" if plan.form is AnswerForm.JSON else None
        words = schema_words(request.schema) if plan.prose and request.schema is not None else ""
        think: bool | str | None = None
        able = self._able
        if able is not None and able.switch:
            think = (
                False if plan.off else plan.level if able.thinks is ThinkingSupport.LEVELS else plan.level is not None
            )
        messages = plain_messages(request, last=words)
        async with aclosing(self._chat(messages, options, schema=schema, think=think)) as parts:
            async for part in parts:
                text, thought = part.message.content or "", part.message.thinking
                if text or thought:
                    said.take(text, thought=bool(thought))
                    yield TextDelta(index=0, text=text)
                elif not part.done:
                    yield Heartbeat()
                if part.done:
                    end = self._finished(part)
                    said.ends.append(end)
                    said.usages.append(end.usage)
                    thought = said.thought > 0 or said.thinks_inline
                    self._thinker.saw(plan, thought=thought, tokens=end.usage.output_tokens)
                    self._thinker.answered(request, plan, said.answer(), cut=end.reason is FinishReason.LENGTH)
                    self._told()
                    return

    def _finished(self, part: ChatResponse) -> SampleFinished:
        prompt = part.prompt_eval_count or 0
        if prompt >= self.info.context:
            # A server that does not know ``truncate`` has cut the prompt to exactly the context.
            raise prompt_too_long(self.info.name, self.info.context)
        return SampleFinished(
            index=0,
            reason=FinishReason.LENGTH if part.done_reason == "length" else FinishReason.STOP,
            usage=Usage(input_tokens=prompt, output_tokens=part.eval_count or 0),
            load_seconds=(part.load_duration or 0) / 1e9,
        )

    async def _chat(
        self,
        messages: list[dict[str, str]],
        options: Mapping[str, object],
        *,
        schema: Mapping[str, object] | str | None = None,
        think: bool | str | None = None,
        keep_alive: float | str | None = None,
    ) -> AsyncGenerator[ChatResponse, None]:
        try:
            answer = (await self._endpoint.client()).chat(
                model=self.info.name,
                messages=messages,
                options=dict(options),
                format=dict(schema) if isinstance(schema, Mapping) else schema,
                think=think,
                keep_alive=self._endpoint.server.keep_alive if keep_alive is None else keep_alive,
            )
            async with aclosing(answer) as parts:
                async for part in parts:
                    yield part
        except Exception as error:
            raise self._endpoint.fault(error, self.info.name, context=self.info.context) from error

    async def status(self) -> ModelStatus:
        lists = await self._endpoint.lists()
        await self.learn()
        name = full_name(self.info.name)
        installed, resident = lists.installed.get(name), lists.resident.get(name)
        missing = None if installed or self.info.place else self._endpoint.missing(self.info.name)
        return ModelStatus(
            info=self.info,
            installed=missing is None,
            resident=resident is not None,
            size=(resident or installed or ListedModel()).size,
            size_vram=resident.size_vram if resident else None,
            problem=str(missing) if missing else None,
            remedy=missing.remedy if missing else None,
        )

    async def pull(self) -> AsyncGenerator[PullProgress, None]:
        name = self.info.name
        done = False
        try:
            async with aclosing((await self._endpoint.client()).pull(name)) as parts:
                async for part in parts:
                    done = done or part.status == "success"
                    yield PullProgress(status=part.status or "", completed=part.completed or 0, total=part.total or 0)
        except Exception as error:
            fault = self._endpoint.fault(error, name)
            if isinstance(fault, ModelFault):
                fault.__cause__ = error
                raise self._endpoint.could_not_pull(fault, name) from error
            raise fault from error
        if not done:
            raise BrokenStream(
                f"The pull of {name} stopped before its end.", remedy=self._endpoint.command(f"pull {name}")
            )

    async def aclose(self) -> None:
        await self._endpoint.aclose()
