"""The real server process, its settings in a temp folder, its models behind scripted servers.

    scripted = Cast({"generate": Script.say(fenced(code)), "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=MODELS.values()) as ollama:
        async with forge(tmp_path, settings(ollama.url)) as client:
            outcome = await generate(client, uri, "...")

Nothing of the caller's environment or home reaches the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.raw_lsp import RawClient, raw_client
from tests.support.scripted_http import Script, Scripts, as_answer

__all__ = [
    "COMMAND",
    "MODELS",
    "ScriptedModels",
    "environment",
    "events",
    "fenced",
    "forge",
    "generate",
    "open_file",
    "part_of",
    "prompt",
    "row",
    "settings",
    "toml",
    "verdict",
]

COMMAND = (sys.executable, "-m", "forge_lsp")
MODELS = {"phi4": "phi4:14b", "gemma3": "gemma3:12b", "coder": "deepseek-coder:6.7b", "granite": "granite3-dense:2b"}
"""By settings key, as the scripted Ollama calls them."""
_PATIENCE = 60.0

_PARTS = {
    "plan": "propose",
    "criticise": "critique",
    "refine": "refine",
    "write": "generate",
    "review": "review",
    "agree": "consensus",
    "debate": "debate",
    "vote": "vote",
    "look": "second look",
    "give": "examples",
    "find": "inputs",
}
_MARK = "# Your part: "


def prompt(body: Mapping[str, Any]) -> str:
    """All words of one model call, whatever its wire format."""
    texts = [body.get("system") or "", *(message["content"] for message in body["messages"])]
    return "\n".join(
        text if isinstance(text, str) else "\n".join(block.get("text", "") for block in text) for text in texts
    )


def part_of(body: Mapping[str, Any]) -> str:
    """Which part a call asks its model to take: propose, critique, refine, generate, examples, inputs or review."""
    text = prompt(body)
    at = text.rfind(_MARK)
    return _PARTS[text[at + len(_MARK) :].split()[0]] if at >= 0 else "generate"


class ScriptedModels:
    """Chooses a script by the part that a call asks for, or by ``part@model name`` where that is given."""

    def __init__(self, scripts: Mapping[str, Scripts] | None = None) -> None:
        self.use(scripts or {})

    def use(self, scripts: Mapping[str, Scripts]) -> None:
        """From now on answer so."""
        self._answers = {key: as_answer(value) for key, value in scripts.items()}

    def __call__(self, body: dict[str, Any]) -> Script:
        part = part_of(body)
        for key in (f"{part}@{body['model']}", part):
            if key in self._answers:
                return self._answers[key](body)
        return Script.say("Loop over it; mind the empty case.")


def fenced(code: str, language: str = "python") -> str:
    """An answer as models give it."""
    return f"Here it is:\n\n```{language}\n{code}\n```\n"


def verdict(score: object, *issues: str, reasoning: str = "Read line by line.") -> str:
    """A review. ``score`` is written as JSON writes it; a str stands there as it is."""
    found = [{"severity": "error", "line": 1, "message": issue} for issue in issues]
    shown = score if isinstance(score, str) else json.dumps(score)
    return f'{{"reasoning": {json.dumps(reasoning)}, "score": {shown}, "issues": {json.dumps(found)}}}'


def row(
    *attempts: int,
    thinking: Sequence[str] = (),
    generator: str = "coder",
    samples: int = 1,
    panel: Sequence[str] = ("granite",),
) -> dict[str, object]:
    """A row of the schedule; the strategy follows from the number of thinkers."""
    return {
        "attempts": list(attempts or (1,)),
        "thinking": {"strategy": ("none", "solo", "duo")[len(thinking)], "models": list(thinking)},
        "generator": {"model": generator, "samples": samples},
        "panel": {"kind": "simple" if panel else "none", "members": list(panel)},
    }


def settings(url: str, *rows: Mapping[str, object], parallel: int = 4, **tables: object) -> dict[str, object]:
    """The user's settings: one Ollama at ``url`` with :data:`MODELS`, the schedule, and what ``tables`` say."""
    ollama = {"kind": "ollama", "url": url, "parallel": parallel}
    return {
        "servers": {"gpu0": ollama, **_table(tables.pop("servers", {}))},
        "models": {
            **{key: {"server": "gpu0", "name": name, "context": 8192} for key, name in MODELS.items()},
            **_table(tables.pop("models", {})),
        },
        "schedule": list(rows or (row(1, 2),)),
        **tables,
    }


def _table(value: object) -> dict[str, object]:
    assert isinstance(value, Mapping)
    return dict(value)


def toml(value: object) -> str:
    """A value as TOML writes it in one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, Path):
        return json.dumps(str(value))
    return json.dumps(value) if not isinstance(value, float) else repr(value)


def environment(folder: Path, values: Mapping[str, object], **env: str) -> dict[str, str]:
    """The server's environment: home, state and settings under ``folder``."""
    config, home = folder / "forge.toml", folder / "home"
    home.mkdir(exist_ok=True)
    config.write_text("".join(f"{key} = {toml(value)}\n" for key, value in values.items()), encoding="utf-8")
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "FORGE_CONFIG": str(config),
        "FORGE_STATE__DIR": str(folder / "state"),
        "PYTHONDONTWRITEBYTECODE": "1",
        **env,
    }


@contextlib.asynccontextmanager
async def forge(
    folder: Path,
    values: Mapping[str, object],
    *,
    encoding: str = "utf-16",
    capabilities: Any = None,
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[RawClient]:
    """A real server with these settings, initialised for the workspace ``folder/work``; job events are on."""
    work = folder / "work"
    work.mkdir(exist_ok=True)
    whole = environment(folder, values, **(env or {}))
    async with raw_client(folder, encoding=encoding, command=COMMAND, environment=whole) as client:
        client.answers["client/registerCapability"] = lambda _: None
        await client.initialize(capabilities=capabilities, options={"jobEvents": True}, folders=[work])
        yield client


def open_file(client: RawClient, path: Path, text: str, language: str = "python") -> str:
    """Write a file and open it as editors do: without its byte order mark; answers its URI."""
    path.write_bytes(text.encode())
    uri = path.as_uri()
    client.open(uri, text.removeprefix("\ufeff"), language)
    return uri


async def generate(
    client: RawClient, uri: str, at: str = "...", *, token: str = "t", patience: float = _PATIENCE, **arguments: Any
) -> Any:
    """Ask for code at the first ``at`` and wait for the outcome."""
    wanted = {"uri": uri, "range": client.cursor(uri, at), **arguments}
    params = {"command": "forge.generate", "arguments": [wanted], "workDoneToken": token}
    _, answer = client.begin("workspace/executeCommand", params)
    return await asyncio.wait_for(answer, patience)


def events(client: RawClient, *types: str, job: str | None = None) -> list[dict[str, Any]]:
    """The job events so far, of these types (all, where none is named) and of one job (else of all)."""
    return [
        event
        for event in client.of("forge/jobEvent")
        if (not types or event["type"] in types) and job in (None, event["jobId"])
    ]
