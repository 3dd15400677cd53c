"""The formatters of this machine, by language."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from forge_lsp.core.languages import Language, Languages
from forge_lsp.core.ports import Formatter, Sandbox
from forge_lsp.core.support import Tools
from forge_lsp.core.task import Task, TextRange

__all__ = ["Formatters", "formatters"]


@dataclass(frozen=True, slots=True)
class Formatters:
    """The Formatter port: each language's own."""

    own: Mapping[Language, Formatter]

    async def format(self, task: Task, text: str, scope: TextRange) -> str:
        """See :class:`~forge_lsp.core.ports.Formatter`."""
        formatter = self.own.get(task.document.language)
        return text if formatter is None else await formatter.format(task, text, scope)


def formatters(
    languages: Languages, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str] | None = None
) -> Formatters:
    """Return the formatters of projects, run in ``sandbox``. ``timeout`` in seconds, for one run; ``environment`` is
    the server's own unless given."""
    tools = Tools(sandbox=sandbox, environment=os.environ if environment is None else environment)
    return Formatters({one: make(tools, timeout) for one in languages if (make := one.checking().formatter)})
