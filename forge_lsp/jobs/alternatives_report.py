"""The candidates of a job told to a person, in Markdown. Pure."""

from __future__ import annotations

from forge_lsp.jobs.alternatives import alternatives_of, differences_of
from forge_lsp.jobs.attempt_report import evidence_word
from forge_lsp.jobs.markdown import fence, inline, table
from forge_lsp.jobs.record import JobRecord

__all__ = ["alternatives_section"]

_COMPILED = {True: "yes", False: "no", None: "unverified"}
_MOST_SHOWN = 6  # candidates whose code is shown


def alternatives_section(record: JobRecord) -> str:
    """Return every candidate that compiled, the best first; nothing where there is only the result."""
    found = alternatives_of(record)
    if len(found) < 2:
        return ""
    head = ["candidate", "model", "compiled", "evidence", "grade", "score", ""]
    rows = [
        [
            one.id,
            inline(one.candidate.model),
            _COMPILED[one.build.compiled if one.build is not None else None],
            evidence_word(one.evidence),
            str(one.evidence.grade or ""),
            "" if one.score is None else f"{one.score:.1f}",
            "the result" if one.result else "",
        ]
        for one in found
    ]
    parts = ["## Alternatives", table(head, rows)]
    for one in found[1:]:
        parting = differences_of(one, found[0])
        if parting:
            calls = [
                f"- {inline('; '.join(call.splitlines()))}: {inline(answer)}, not {inline(first)}"
                for call, answer, first in parting
            ]
            parts.append("\n".join([f"Where {one.id} behaves differently from {found[0].id}:", "", *calls]))
    code = [f"### {one.id}\n\n{fence(one.candidate.code, record.language)}" for one in found[1:_MOST_SHOWN]]
    return "\n\n".join([*parts, *code])
