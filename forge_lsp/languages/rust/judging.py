"""Why a test failed: in the scope, elsewhere, or for want of something in the machine. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from forge_lsp.checking.runs import failed, spoken_cause
from forge_lsp.core.checks import Cause, Run
from forge_lsp.languages.rust.missing import Document
from forge_lsp.languages.rust.reports import Failure, Panic, failure_of, sides_of
from forge_lsp.languages.rust.source import items_of, walked
from forge_lsp.languages.rust.speaking import words_of

__all__ = ["failed_run", "scope_lines"]

_STUB = re.compile(r"\s*(?:(?:core|std)::)?(?:todo|unimplemented|panic|unreachable)!\s*[(\[{].*[)\]}]\s*;?\s*", re.S)
_STUB_WORDS = ("not yet implemented", "not implemented")
_NETWORK = re.compile(
    r"Network is unreachable|failed to lookup address|name resolution|AddrNotAvailable|NetworkUnreachable|"
    r"os error (?:97|101)\b"
)


def scope_lines(document: str, start: int, end: int, text: str, code: str) -> tuple[int, int]:
    """Return the first and the last line of what was written, in a text that ends as the document does. ``code`` is
    what stands there in the text, if it is known."""
    below = document[end:]
    stop = len(text) - len(below) if text.endswith(below) else len(text)
    begin = text.rfind(code, 0, stop + 1) if code else -1
    if begin < 0:
        begin = start
    return text.count("\n", 0, begin) + 1, text.count("\n", 0, stop) + 1


def failed_run(
    said: str,
    *,
    document: Document,
    speaks: bool,
    names: Sequence[str],
    read: Callable[[str], str | None],
    reason: str = "",
) -> Run:
    """Return the run of a test that failed with the output ``said``.

    ``names`` are the scope's, ``read`` gives a file's text by the name that the compiler gives it. ``reason`` is said
    where the test did not come to its end.
    """
    failure = failure_of(said)
    last = failure.panics[-1] if failure.panics else None
    expected = actual = ""
    code = ""
    if last is not None:
        source = _from(read(last.file) or "", last)
        code = source.partition("\n")[0].strip()
        if failure.left or failure.right:
            expected, actual = sides_of(failure, source, lambda part: not words_of(part).isdisjoint(names))
    words = reason or failure.words
    where = f" ({last.file}:{last.line}: `{code[:120]}`)" if last is not None and code else ""
    if reason and failure.words and failure.panics:
        words = f"{reason}: {failure.words}"
    return failed(
        f"{words}{where}",
        cause=_cause(failure, said, document, read, speaks=speaks),
        expected=expected,
        actual=actual,
    )


def _cause(
    failure: Failure, said: str, document: Document, read: Callable[[str], str | None], *, speaks: bool
) -> Cause:
    first, last = document.lines
    if any(panic.file == document.compiled and first <= panic.line <= last for panic in failure.panics):
        return Cause.SCOPE
    if _NETWORK.search(said):
        return Cause.ENVIRONMENT
    if failure.panics and all(_in_stub(panic, read(panic.file) or "") for panic in failure.panics):
        return Cause.ELSEWHERE
    return spoken_cause(speaks=speaks)


def _in_stub(panic: Panic, text: str) -> bool:
    """Whether a panic came out of a function that nobody has written yet."""
    place = sum(len(line) + 1 for line in text.split("\n")[: panic.line - 1]) + panic.column - 1
    around = [item for item in walked(items_of(text)) if item.kind == "fn" and item.start <= place < item.end]
    if not around or around[-1].body is None or around[-1].testing:
        return False
    body = text[slice(*around[-1].body)]
    return _STUB.fullmatch(body) is not None or panic.words.startswith(_STUB_WORDS)


def _from(text: str, panic: Panic) -> str:
    lines = text.split("\n")[panic.line - 1 :]
    return "\n".join((lines[0][panic.column - 1 :], *lines[1:])) if lines else ""
