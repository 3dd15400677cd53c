"""``forge-lsp context``: what a model would be shown for a place, without asking one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from forge_lsp.cli import files
from forge_lsp.cli.display import printable, say, show, stderr_console
from forge_lsp.core.task import Task
from forge_lsp.redaction import redact

if TYPE_CHECKING:
    from forge_lsp.cli.arguments import Options
    from forge_lsp.core.ports import GatheredContext, ShownPart
    from forge_lsp.jobs.services import Services

__all__ = ["context"]

_MOST_RUNS = 6
_MOST_REASONS = 4


async def context(options: Options, services: Services) -> int:
    """Print the text that all calls of a job would share, byte for byte, and on standard error a line for each file in
    it: its tokens, its lines, and why they are there. 0.

    Raises BadRequest for a file or a range that is not there.
    """
    from forge_lsp.ensemble.prompting import shared_prefix

    document = files.read_document(options.file, files.language_of(options.file, options.language, services.languages))
    scope = services.scoping.scope(document, files.selection(document.text, options.range))
    instruction = redact(services.scoping.instruction(document, scope, options.task, ()))
    own = redact(document.text).secrets
    task = Task(
        document=document,
        scope=scope,
        instruction=instruction.text,
        workspace=files.workspace_of(options.file.resolve()),
        secrets=own + instruction.secrets,
    )
    found = await services.context.gather(task, tokens=options.tokens)
    shared = shared_prefix(task, found.text)
    if options.json:
        document_of = {"system": shared.system, "text": shared.text, "rules": found.rules, "parts": _parts(found)}
        say(json.dumps(document_of, indent=2) + "\n")
        return 0
    show(f"{shared.system}\n\n{shared.text}\n" + (f"\n{found.rules}\n" if found.rules else ""))
    console = stderr_console()
    for part in found.parts:
        console.print(printable(_line(part)), style="dim", soft_wrap=True, highlight=False)
    total = sum(part.tokens for part in found.parts)
    console.print(f"{total} of {options.tokens} tokens (estimated)", style="dim", highlight=False)
    return 0


def _parts(found: GatheredContext) -> list[dict[str, object]]:
    return [
        {
            "file": part.file,
            "tokens": part.tokens,
            "lines": [list(run) for run in part.lines],
            "reasons": dict(part.reasons),
        }
        for part in found.parts
    ]


def _line(part: ShownPart) -> str:
    """``core/cart.py: 310 tokens, lines 1-9, 30-44; a member of its class (4), imported (2)``."""
    runs = [str(first) if first == last else f"{first}-{last}" for first, last in part.lines]
    shown = ", ".join(runs[:_MOST_RUNS]) + (f" and {len(runs) - _MOST_RUNS} more" if len(runs) > _MOST_RUNS else "")
    why = ", ".join(f"{reason} ({count})" for reason, count in part.reasons[:_MOST_REASONS])
    return f"{part.file}: {part.tokens} tokens" + (f", lines {shown}" if shown else "") + (f"; {why}" if why else "")
