"""What a driver is asked, and what it says: a line a call, each with a word before it that no other text has. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from forge_lsp.checking.examples.comparing import decoded
from forge_lsp.checking.examples.values import Value
from forge_lsp.reading import parsed_json

__all__ = ["Answer", "Answers", "Asked", "answers_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call to be made. ``steps`` are statements before it and ``call`` an expression, in the language."""

    id: str
    call: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a call: ``done`` with its ``value``; ``raised`` with the ``error``'s type and ``words``; ``broken``:
    the call itself does not compile, ``words`` says why. ``environment``: it raised for want of something that is not
    installed here."""

    state: Literal["done", "raised", "broken"]
    value: Value = None
    error: str = ""
    words: str = ""
    environment: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What came of some calls, by their ids. ``fault``: the text itself does not compile or load, in the tool's words.
    ``ended``: the driver came to its end. ``late``: its time was over."""

    by_id: Mapping[str, Answer] = field(default_factory=dict[str, Answer])
    fault: str | None = None
    ended: bool = True
    late: bool = False
    words: str = ""


def answers_in(output: bytes, nonce: str, *, late: bool, words: str) -> Answers:
    """Return what a driver wrote, each line the nonce and a JSON object.

    ``{"state": "loaded"}`` comes before the first call: without it the text itself could not be loaded. Then for each
    call ``{"id", "state": "done", "value"}`` (see :func:`~forge_lsp.checking.examples.comparing.decoded`),
    ``{"id", "state": "raised", "error", "words"}`` (with ``"environment": true`` for what is not installed), or
    ``{"id", "state": "broken", "words"}``. ``{"state": "fault", "words"}``: the text does not compile or load.
    ``{"state": "end"}`` is last.

    ``late``: its time was over; ``words``: the end of what else it said.
    """
    by_id: dict[str, Answer] = {}
    fault, ended, loaded = None, False, False
    for line in output.decode("utf-8", "replace").split("\n"):
        if not line.startswith(f"{nonce} "):
            continue
        try:
            told = cast("dict[str, Any]", parsed_json(line[len(nonce) + 1 :]))
            state = told["state"]
            if state == "done":
                by_id[told["id"]] = Answer(state="done", value=decoded(told["value"]))
            elif state in ("raised", "broken"):
                error = str(told.get("error", ""))
                by_id[told["id"]] = Answer(
                    state=state,
                    error=error,
                    words=str(told["words"]),
                    environment=told.get("environment") is True,
                )
            elif state == "fault":
                fault = str(told["words"])
            ended |= state == "end"
            loaded = True
        except (ValueError, KeyError, TypeError):
            continue  # the last line of a run that was cut off
    if not loaded:
        fault = "it took too long to load" if late else words or "it ended before it was loaded"
    return Answers(by_id=by_id, fault=fault, ended=ended, late=late, words=words)
