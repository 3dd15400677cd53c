"""Which command line a remedy names. Pure."""

from __future__ import annotations

import re

__all__ = ["command_in"]

_PROGRAMS = r"apt-get|brew|bundle|composer|dotnet|forge-lsp|go|npm|ollama|pip|rustup|sudo|systemctl"
_COMMAND = re.compile(rf"(?:[A-Z_]+=\S+ )*(?:{_PROGRAMS}) [^;,\n]+")
_QUOTED = re.compile(r"`([^`\n]+)`")


def command_in(remedy: str | None) -> str | None:
    """Return the command line that a remedy is, or that it has in backticks; None: it names none."""
    if remedy is None:
        return None
    return next((one for one in (*_QUOTED.findall(remedy), remedy) if _COMMAND.fullmatch(one)), None)
