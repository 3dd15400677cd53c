"""``forge-lsp config``: the settings in force with the source of each, their JSON schema, a file to start from."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from forge_lsp.cli.display import printable, say, show, stderr_console
from forge_lsp.core.errors import BadRequest, EnvironmentFault
from forge_lsp.reading import text_beside

if TYPE_CHECKING:
    from forge_lsp.cli.arguments import Options
    from forge_lsp.config import ResolvedSettings

__all__ = ["config"]


async def config(options: Options, load: Callable[[], Awaitable[ResolvedSettings]]) -> int:
    """Print or make settings. ``load`` answers the settings in force, their profile chosen."""
    if options.action == "schema":
        from forge_lsp.config import Settings

        say(json.dumps(Settings.model_json_schema(), indent=2) + "\n")
        return 0
    if options.action == "init":
        return _init(options)
    resolved = await load()
    for note in resolved.notes:
        stderr_console().print(printable(f"note: {note}"), style="yellow")
    values = resolved.settings.model_dump(mode="json")
    if options.json:
        say(json.dumps(values, indent=2) + "\n")
        return 0
    from forge_lsp.config.sources import leaves

    lines = [
        f"{'.'.join(path)} = {json.dumps(value)}  # {resolved.layers.setter_of(path)}" for path, value in leaves(values)
    ]
    show("\n".join(lines) + "\n")
    return 0


def _init(options: Options) -> int:
    from forge_lsp.config.sources import user_file

    path, _ = user_file(os.environ, options.config)
    if path.exists():
        raise BadRequest(f"{path} is there already; edit it, or remove it first")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_beside(__file__, "starter.toml"), encoding="utf-8")
    except OSError as error:
        raise EnvironmentFault(f"{path} could not be written: {error.strerror}") from None
    stderr_console().print(f"written: {path}", soft_wrap=True)
    return 0
