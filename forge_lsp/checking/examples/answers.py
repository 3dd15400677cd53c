"""What a driver is asked, and what it says: a line a call, each with a word before it that no other text has. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from forge_lsp.checking.examples.comparing import Opaque, decoded
from forge_lsp.checking.examples.values import Value
from forge_lsp.checking.runs import messages
from forge_lsp.reading import parsed_json

__all__ = ["Answer", "Answers", "AskedCall", "answers_in", "answers_of"]

_UNREAD = "a value that cannot be read"
_EXITS = "the code ends the process while it is tested"
_FIRST_SIGNAL = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedCall:
    """A call to be made. ``steps`` are statements before it and ``call`` an expression, in the language."""

    id: str
    call: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a call: ``done`` with its ``value``; ``raised`` with the ``error``'s type and ``words``; ``broken``:
    the call itself does not compile, ``words`` says why. ``names`` are others by which an example may call the error:
    those of the types that it is of, too; ``*``: any. ``environment``: it raised for want of something that is not
    installed here."""

    state: Literal["done", "raised", "broken"]
    value: Value = None
    error: str = ""
    words: str = ""
    names: tuple[str, ...] = ()
    environment: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What came of some calls, by their ids. ``fault``: the text itself does not compile or load, in the tool's words.
    ``ended``: the driver came to its end. ``late``: its time was over. ``doubt``: why none of them is a proof, as far
    as running the calls showed it."""

    by_id: Mapping[str, Answer] = field(default_factory=dict[str, Answer])
    fault: str | None = None
    ended: bool = True
    late: bool = False
    words: str = ""
    doubt: str | None = None


def answers_in(output: bytes, nonce: str, *, late: bool, words: str, code: int | None = None) -> Answers:
    """Return what a driver wrote, each line the nonce and a JSON object.

    ``{"state": "loaded"}`` comes before the first call: without it the text itself could not be loaded. Then for each
    call ``{"id", "state": "done", "value"}`` (see :func:`~forge_lsp.checking.examples.comparing.decoded`; ``"text"``
    instead is the JSON of a value that another process wrote), ``{"id", "state": "raised", "error", "words"}`` (with
    ``"names"`` of the error's other types, and ``"environment": true`` for what is not installed), or ``{"id", "state":
    "broken", "words"}``. ``{"state": "fault", "words"}``: the text does not compile or load. ``{"state": "hung",
    "words"}``: the driver ended itself with a call that takes too long. ``{"state": "late"}``: the time for all calls
    is over. ``{"state": "end"}`` is last.

    ``late``: its time was over; ``words``: the end of what else it said. ``code`` is its exit code, where code that is
    tested can end it with one of its own alone: None says nothing.
    """
    return answers_of(messages(output, nonce), late=late, words=words, code=code)


def answers_of(told: Iterable[object], *, late: bool, words: str, code: int | None = None) -> Answers:
    """Return what a driver told, object by object: see :func:`answers_in`."""
    by_id: dict[str, Answer] = {}
    fault, ended, loaded, over = None, False, False, None
    for one in told:
        try:
            entry = cast("dict[str, Any]", one)
            state = entry["state"]
            if state == "done":
                by_id[str(entry["id"])] = Answer(state="done", value=_value(entry))
            elif state in ("raised", "broken"):
                by_id[str(entry["id"])] = Answer(
                    state=state,
                    error=str(entry.get("error", "")),
                    words=str(entry["words"]),
                    names=tuple(map(str, cast("Sequence[object]", entry.get("names", ())))),
                    environment=entry.get("environment") is True,
                )
            elif state == "fault":
                fault = str(entry["words"])
            elif state == "hung":
                over = str(entry["words"])
            late |= state == "late"
            ended |= state == "end"
            loaded = True
        except (ValueError, KeyError, TypeError):
            continue  # the last line of a run that was cut off
    words = words if over is None else over
    if not loaded:
        fault = "it took too long to load" if late else words or "it ended before it was loaded"
    exits = loaded and not ended and not late and over is None and code is not None and 0 <= code < _FIRST_SIGNAL
    return Answers(
        by_id=by_id,
        fault=fault,
        ended=ended,
        late=late,
        words="" if ended else words,
        doubt=_EXITS if exits else None,
    )


def _value(entry: Mapping[str, Any]) -> Value:
    """The value of a call; one that another process wrote may be anything."""
    if "text" not in entry:
        return decoded(entry["value"])
    try:
        return decoded(parsed_json(str(entry["text"])))
    except (ValueError, TypeError, RecursionError):
        return Opaque(_UNREAD)
