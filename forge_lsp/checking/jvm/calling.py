"""Calls of a compiled text in the sandbox, made by a small program of ours: each by itself, on classes loaded anew."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import PurePosixPath

from forge_lsp.checking.examples.answers import Answer, Answers
from forge_lsp.checking.examples.comparing import decoded
from forge_lsp.checking.jvm.results import ALL_RUN, signed
from forge_lsp.checking.jvm.running import ENDS, FOLDER, Setting, program_of, said_of
from forge_lsp.core.ports import Sandbox

__all__ = ["calls_made"]

_SECONDS = 5.0
"""How long one call may take."""


async def calls_made(
    sandbox: Sandbox, setting: Setting, program: bytes, archive: bytes, type_: str, calls: Mapping[str, str]
) -> Answers:
    """Make calls: ``calls`` are methods without parameters of ``type_``, by the ids of what they answer. ``program`` is
    the archive of ours, ``archive`` has the classes of the text. Raises EnvironmentFault as the sandbox does."""
    key = secrets.token_bytes(32)
    extra: dict[PurePosixPath, bytes | None] = dict.fromkeys(setting.hidden)
    extra |= {FOLDER / "runner.jar": program, FOLDER / "tested.jar": archive}
    # The document itself is empty: it has the values that are expected.
    async with sandbox.open(setting.place.tree("", extra)) as box:
        path = [str(box.root / FOLDER / "runner.jar"), *(str(box.root / part) for part in setting.path)]
        request = [f"key {key.hex()}", f"archive {box.root / FOLDER / 'tested.jar'}", f"type {type_}"]
        request += [f"seconds {_SECONDS:g}", *(f"call {id_} {method}" for id_, method in calls.items())]
        result = await box.run(
            program_of(setting, path, "Calls"),
            timeout=setting.timeout,
            readable=setting.readable,
            loopback=True,
            stdin="".join(f"{line}\n" for line in request).encode(),
        )
    by_id: dict[str, Answer] = {}
    ended, words = False, ""
    for entry in signed(result.stdout.decode("utf-8", "replace"), key):
        match entry["kind"]:
            case "end":
                ended = result.code == ALL_RUN
            case "late":
                words = f"it did not end within {_SECONDS:g} s"
            case _ if entry["state"] == "done":
                by_id[entry["id"]] = Answer(state="done", value=decoded(entry["value"]))
            case _:
                by_id[entry["id"]] = Answer(state="raised", error=entry["error"], words=entry["words"])
    if not ended and not words and not result.timed_out:
        words = ENDS if 0 <= result.code < 128 and b"Exception in thread" not in result.stderr else said_of(result)
    return Answers(by_id=by_id, ended=ended, late=result.timed_out, words=words)
