"""Scripted model servers for agents: each turn of the model is chosen by what its tools have answered so far.

    async with MessagesModel(plan=lambda answers: "done" if answers else Call("check", {"diff": diff})) as model:
        ...  # ANTHROPIC_BASE_URL=model.url; afterwards model.tools and model.answers are what the agent told its model

:class:`MessagesModel` speaks Anthropic's Messages API, :class:`ResponsesModel` OpenAI's Responses API. A request in
which none of our tools is offered (an agent's own titles and summaries) is answered with a word.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.scripted_http import Exchange, Responder, ScriptedServer

__all__ = ["AgentModel", "Call", "MessagesModel", "Plan", "ResponsesModel", "Turn"]

_SERVER = "forge-lsp"
"""The name by which agents know our server in these tests."""
_ASIDE = "Sums"
"""What the model says where none of our tools is known."""


@dataclass(frozen=True, slots=True)
class Call:
    """The model calls a tool, by the name that our server gives it."""

    tool: str
    arguments: Mapping[str, Any]


Turn = Call | str
"""A call, or the model's last words."""
Plan = Callable[[Sequence[str]], Turn]
"""From what the tools answered so far, as the model reads it, to the model's next turn."""


class AgentModel(ScriptedServer):
    """What both have in common. Subclasses speak the wire format."""

    def __init__(self, *, plan: Plan) -> None:
        super().__init__()
        self._plan = plan
        self._numbers = itertools.count(1)
        self.tools: dict[str, Mapping[str, Any]] = {}
        """Our tools as the agent offered them to the model last, by our names."""
        self.answers: list[str] = []
        """What the tools answered, as the model read it last."""
        self.bodies: list[dict[str, Any]] = []
        """The requests in which our tools were offered."""
        self.first: set[str] = set()
        """Our tools that the first of them offered, before the model could ask for more."""

    def _next(self, body: dict[str, Any], tools: Mapping[str, Mapping[str, Any]], answers: Sequence[str]) -> Turn:
        """The model's next turn."""
        if not self.bodies:
            self.first = set(tools)
        self.bodies.append(body)
        self.tools, self.answers = dict(tools), list(answers)
        return self._plan(self.answers)


class MessagesModel(AgentModel):
    """Anthropic's Messages API, streamed. A tool that the agent only names is asked for before it is called."""

    async def handle(self, exchange: Exchange, responder: Responder) -> None:
        body = exchange.body
        if exchange.path == "/v1/messages/count_tokens":
            await responder.json({"input_tokens": 100})
        elif exchange.path != "/v1/messages":
            error = {"type": "not_found_error", "message": "no such page"}
            await responder.json({"type": "error", "error": error}, status=404)
        else:
            prefix = f"mcp__{_SERVER}__"
            offered = {tool["name"]: tool for tool in body.get("tools") or ()}
            tools = {name.removeprefix(prefix): tool for name, tool in offered.items() if name.startswith(prefix)}
            named = set(re.findall(rf"{prefix}[a-z]+", json.dumps(body["messages"]))) - set(offered)
            answers = _results(body["messages"], prefix)
            turn = self._next(body, tools, answers) if tools or named else _ASIDE
            if isinstance(turn, Call):
                turn = Call(prefix + turn.tool, turn.arguments)
                if turn.tool not in offered and "ToolSearch" in offered:
                    turn = Call("ToolSearch", {"query": f"select:{','.join(sorted(named))}"})
            await self._stream(body["model"], turn, responder)

    async def _stream(self, model: str, turn: Turn, responder: Responder) -> None:
        number = next(self._numbers)
        block: dict[str, Any]
        if isinstance(turn, Call):
            block = {"type": "tool_use", "id": f"toolu_{number}", "name": turn.tool, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(turn.arguments)}
        else:
            block, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": turn}
        message: dict[str, Any] = {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [],
        }
        usage = {"input_tokens": 20, "output_tokens": 1}
        ending = {"stop_reason": "tool_use" if isinstance(turn, Call) else "end_turn", "stop_sequence": None}
        await responder.begin(kind="text/event-stream")
        await _event(
            responder,
            "message_start",
            message={**message, "stop_reason": None, "stop_sequence": None, "usage": usage},
        )
        await _event(responder, "content_block_start", index=0, content_block=block)
        await _event(responder, "content_block_delta", index=0, delta=delta)
        await _event(responder, "content_block_stop", index=0)
        await _event(responder, "message_delta", delta=ending, usage={"output_tokens": 9})
        await _event(responder, "message_stop")


class ResponsesModel(AgentModel):
    """OpenAI's Responses API, streamed. Tools may stand alone, or in a namespace for each server."""

    async def handle(self, exchange: Exchange, responder: Responder) -> None:
        body = exchange.body
        if not exchange.path.endswith("/responses"):
            await responder.json({"error": {"message": "no such page", "code": "not_found"}}, status=404)
            return
        own = _SERVER.replace("-", "_")
        tools: dict[str, Mapping[str, Any]] = {}
        names: dict[str, Mapping[str, str]] = {}
        for tool in body.get("tools") or ():
            if tool["type"] == "namespace" and own in tool["name"].replace("-", "_"):
                for one in tool["tools"]:
                    tools[one["name"]] = one
                    names[one["name"]] = {"name": one["name"], "namespace": tool["name"]}
            elif tool["type"] == "function" and own in tool["name"].replace("-", "_"):
                short = tool["name"].rpartition("__")[2]
                tools[short], names[short] = tool, {"name": tool["name"]}
        answers = [_words(item["output"]) for item in body["input"] if item["type"] == "function_call_output"]
        turn = self._next(body, tools, answers) if tools else _ASIDE
        number = next(self._numbers)
        item: dict[str, Any]
        if isinstance(turn, Call):
            item = {
                "type": "function_call",
                "id": f"fc_{number}",
                "call_id": f"call_{number}",
                "arguments": json.dumps(turn.arguments),
                **names.get(turn.tool, {"name": turn.tool}),
            }
        else:
            content: list[dict[str, Any]] = [{"type": "output_text", "text": turn, "annotations": []}]
            item = {"type": "message", "id": f"msg_{number}", "role": "assistant", "content": content}
        response: dict[str, Any] = {
            "id": f"resp_{number}",
            "object": "response",
            "status": "completed",
            "output": [item],
        }
        usage = {"input_tokens": 20, "output_tokens": 9, "total_tokens": 29}
        await responder.begin(kind="text/event-stream")
        await _event(responder, "response.created", response={**response, "status": "in_progress", "output": []})
        await _event(responder, "response.output_item.done", output_index=0, item=item)
        await _event(responder, "response.completed", response={**response, "usage": usage})


def _results(messages: Sequence[Mapping[str, Any]], prefix: str) -> list[str]:
    """What the tools whose names begin with ``prefix`` answered, in the messages so far."""
    contents: list[Any] = [message["content"] for message in messages if not isinstance(message["content"], str)]
    blocks: list[dict[str, Any]] = [block for content in contents for block in content]
    ours = {one["id"] for one in blocks if one["type"] == "tool_use" and one["name"].startswith(prefix)}
    return [_words(one.get("content")) for one in blocks if one["type"] == "tool_result" and one["tool_use_id"] in ours]


def _words(content: Any) -> str:
    """A tool's answer as text, whether it is given as text or in parts."""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content or ())


async def _event(responder: Responder, kind: str, **data: object) -> None:
    await responder.write(f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n")
