"""What a judgement says: the JSON document, and the lines that a person reads. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from forge_lsp.changes.values import FileVerdict, Judgement, PlaceVerdict, Ruling
from forge_lsp.core.attempt import Severity
from forge_lsp.core.checks import AGAINST, CheckResult, CheckStatus
from forge_lsp.core.codec import projected, to_json
from forge_lsp.ensemble.insights import failure_words
from forge_lsp.jobs import shapes
from forge_lsp.jobs.document import checks_document

__all__ = ["check_in_words", "document_of", "lines_of"]

_OPEN = (CheckStatus.NOT_RUNNABLE, CheckStatus.FLAKY, CheckStatus.UNRELATED)
_MOST_LINES = 20


def check_in_words(result: CheckResult) -> str:
    """Return a check that says something against a change, or could not say anything, in words."""
    match result.status:
        case CheckStatus.FAILED:
            return f"{failure_words(result)} (it passed before)"
        case CheckStatus.OWED:
            return failure_words(result)
        case CheckStatus.FLAKY:
            return f"`{result.source.strip()}`: {result.detail or 'it passes and fails on the same code'}"
        case CheckStatus.UNRELATED:
            return f"`{result.source.strip()}`: fails for another reason, before and after: {result.detail}"
        case _:
            remedy = f" - {result.remedy}" if result.remedy else ""
            return f"`{result.source.strip()}`: could not be run: {result.detail or 'no reason given'}{remedy}"


def document_of(judgement: Judgement) -> dict[str, object]:
    """Return the judgement as one JSON object. Lines count from 1, both ends included."""
    return {
        "outcome": str(judgement.ruling),
        "grade": str(judgement.grade) if judgement.grade is not None else None,
        "reason": judgement.reason,
        "against": judgement.against,
        "seconds": round(judgement.seconds, 3),
        "files": [_file(file) for file in judgement.files],
        "diagnostics": [to_json(projected(shapes.Diagnostic, one)) for one in judgement.diagnostics],
        "notes": list(judgement.notes),
    }


def _file(file: FileVerdict) -> dict[str, object]:
    return {
        "file": file.file,
        "language": str(file.language),
        "compiled": file.build.compiled,
        "checkedBy": file.build.tool,
        "reason": file.build.reason,
        "remedy": file.build.remedy,
        "places": [_place(place) for place in file.places],
    }


def _place(place: PlaceVerdict) -> dict[str, object]:
    results = place.evidence.results
    return {
        "name": place.name or None,
        "lines": list(place.lines),
        "outcome": str(place.ruling),
        "grade": str(place.grade) if place.grade is not None else None,
        "reason": place.reason,
        "checks": checks_document(place.evidence),
        "failing": [_check(one) for one in results if one.status in AGAINST],
        "notRun": [_check(one) for one in results if one.status in _OPEN],
    }


def _check(result: CheckResult) -> dict[str, object]:
    return {
        "check": result.source.strip(),
        "kind": str(result.kind),
        "status": {CheckStatus.NOT_RUNNABLE: "notRunnable"}.get(result.status, str(result.status)),
        "line": result.line,
        "expected": result.expected,
        "actual": result.actual,
        "words": check_in_words(result),
    }


def lines_of(judgement: Judgement) -> Iterator[tuple[Ruling | None, str]]:
    """Yield what a person reads, line by line, with the ruling that colours it; the outcome comes last."""
    for file in judgement.files:
        yield None, f"{file.file} ({_compiled(file)})"
        for place in file.places:
            first, last = place.lines
            where = f"{place.name or 'the file'}, line{'' if first == last else 's'} {_span(place.lines)}"
            grade = f", {place.grade.words}" if place.grade is not None else ""
            yield place.ruling, f"  {where}: {place.ruling}{grade}: {place.reason}"
            against = [one for one in place.evidence.results if one.status in AGAINST]
            for result in against[:_MOST_LINES]:
                yield Ruling.REFUSED, f"    {_indented(check_in_words(result))}"
            if len(against) > _MOST_LINES:
                yield Ruling.REFUSED, f"    and {len(against) - _MOST_LINES} more"
            open_ = [one for one in place.evidence.results if one.status in _OPEN]
            for result in open_[:3]:
                yield Ruling.UNVERIFIED, f"    {_indented(check_in_words(result))}"
            if len(open_) > 3:
                yield Ruling.UNVERIFIED, f"    and {len(open_) - 3} more that say nothing"
    errors = [one for one in judgement.diagnostics if one.severity is Severity.ERROR] or [*judgement.diagnostics]
    for diagnostic in errors[:_MOST_LINES]:
        yield Ruling.REFUSED, str(diagnostic)
    for note in judgement.notes:
        yield None, f"note: {note}"
    grade = f", {judgement.grade.words}" if judgement.grade is not None else ""
    yield judgement.ruling, f"{judgement.ruling}{grade}, {judgement.seconds:.1f} s: {judgement.reason}"


def _compiled(file: FileVerdict) -> str:
    said = {True: "compiles", False: "does not compile", None: "could not be compiled"}[file.build.compiled]
    because = f": {file.build.reason}" if file.build.reason else ""
    remedy = f" - {file.build.remedy}" if file.build.remedy else ""
    return f"{said}{because}{remedy}"


def _span(lines: tuple[int, int]) -> str:
    first, last = lines
    return str(first) if first == last else f"{first} to {last}"


def _indented(text: str) -> str:
    return text.replace("\n", "\n      ")
