"""Whether a build compiles what was written: code behind a condition that does not hold is read by no compiler.

Where conditions (``#if``) stand around the scope, or in what a candidate wrote, one more build has a line in it that
every compiler refuses (``#error``): a build that does not refuse it never saw the code. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from forge_lsp.checking.gate import Fault
from forge_lsp.core.task import Task

__all__ = ["MARK", "conditions_around", "probe_of"]

MARK = "forge-is-compiled-here"
"""What the refused line says."""
_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(?P<how>if\w*|el\w+|endif)\b[ \t]*(?P<what>(?:\\\r?\n|[^\n])*)", re.M)
_GUARD = re.compile(r"\s*#[ \t]*define[ \t]+(?P<name>\w+)")


def probe_of(
    task: Task, text: str, bodies: Iterable[tuple[str, int]], *, document: str, remedy: str, always: bool = False
) -> tuple[str, str, Fault] | None:
    """Return what tells whether ``text``, with a candidate in the scope's place, is compiled: a text that a build must
    refuse, with which words, and what to say where it does not. None where nothing stands in its way.

    ``bodies`` are the functions of ``text`` and where the body of each begins; ``always``: the document may be left out
    of the build as a whole.
    """
    start = task.scope.range.start
    end = len(text) - (len(task.document.text) - task.scope.range.end)
    around = conditions_around(text, start)
    if not around and not always and not any(start <= one.start() < end for one in _DIRECTIVE.finditer(text)):
        return None
    name = (task.scope.name or "").rpartition("::")[2].rpartition(".")[2]
    places = [body for known, body in bodies if known == name and start <= body <= end]
    if places:
        marked = text
        for at in sorted(places, reverse=True):
            marked = f"{marked[:at]}\n#error {MARK}\n{marked[at:]}"
    else:
        at = text.rfind("\n", 0, start) + 1
        marked = f"{text[:at]}#error {MARK}\n{text[at:]}"
    line = text.count("\n", 0, start) + 1
    why = f", behind {' and '.join(around)}" if around else ""
    reason = f"not compiled here: {document}:{line}{why} is left out of the build, so nothing was checked"
    return marked, MARK, Fault(reason=reason, remedy=remedy)


def conditions_around(text: str, at: int) -> tuple[str, ...]:
    """Return the conditions that hold where ``at`` stands, as they are written, outer ones first; a header's guard is
    none."""
    opened: list[str] = []
    for match in _DIRECTIVE.finditer(text, 0, at):
        words = " ".join(f"#{match['how']} {match['what']}".split())
        if match["how"].startswith("if"):
            guard = _GUARD.match(text, match.end())
            opened.append("" if guard is not None and guard["name"] in match["what"] else words)
        elif match["how"] == "endif":
            opened = opened[:-1]
        elif opened:
            opened[-1] = f"{words} of {opened[-1]}" if match["how"] == "else" else words
    return tuple(f"`{words}`" for words in opened if words)
