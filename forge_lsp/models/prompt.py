"""Turning a request's parts into what wire formats want. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from itertools import groupby

from forge_lsp.core.ports import ChatRequest, Message, Role

__all__ = ["estimated_input_tokens", "holds_object", "json_part", "plain_messages", "schema_words", "turns"]


def turns(messages: Iterable[Message]) -> list[tuple[Role, list[Message]]]:
    """Neighbouring messages of one speaker as one turn: many chat templates refuse two in a row. Empty ones go."""
    spoken = (message for message in messages if message.text)
    return [(role, list(group)) for role, group in groupby(spoken, key=lambda message: message.role)]


def plain_messages(request: ChatRequest, *, last: str = "") -> list[dict[str, str]]:
    """``{role, content}`` for each turn, the system's first; ``last`` is added to the end of the last turn."""
    said = [
        {"role": str(role), "content": "\n\n".join(message.text for message in group)}
        for role, group in turns(request.messages)
    ]
    if last and said:
        said[-1]["content"] += f"\n\n{last}"
    system = [{"role": "system", "content": request.system}] if request.system else []
    return system + said


def schema_words(schema: Mapping[str, object]) -> str:
    """The schema as an instruction, for a server that cannot enforce it."""
    return (
        "Answer with one JSON object that follows this JSON schema, and with nothing else:\n"
        f"{json.dumps(schema, separators=(',', ':'))}"
    )


def json_part(text: str) -> str:
    """What lies between the first and the last brace: models put fences and courtesies around it. Else ``text``."""
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text


def holds_object(text: str) -> bool:
    """Whether what looks most like a JSON object in ``text`` begins and goes on like one; it need not be right."""
    return re.search(r"\{\s*(\}|[\"'])", text) is not None


def estimated_input_tokens(request: ChatRequest) -> int:
    """For a server that does not count: three characters a token, which is on the high side for code and English."""
    return (len(request.system) + sum(len(message.text) for message in request.messages)) // 3 + 1
