"""Remarks to tools on a definition's own line stay: ``# noqa``, ``// eslint-disable-line``, ``//nolint``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Syntax

__all__ = ["keep_suppressions"]

_REMARK = re.compile(
    r"(?:#|//|/\*)\s*(?:type:\s*ignore|noqa|nosec|pylint:|pyright:|mypy:|ruff:|pragma:|fmt:|isort:|eslint-|@ts-|biome-"
    r"|prettier-|nolint|NOLINT|NOSONAR|noinspection|skipcq|ReSharper|clang-format|istanbul|c8\b|v8\b|cspell"
    r"|@?phpstan-|@?psalm-|phpcs:|phpmd|@codeCoverageIgnore|rubocop:|standard:|reek:|sorbet:|ktlint-|detekt:|checkstyle:"
    r"|CHECKSTYLE|@formatter:|tarpaulin|coverage:|cppcheck-suppress|LCOV_EXCL|GCOVR_EXCL|stylecop:|deno-|oxlint-|pragma\b)",
)
_OPENING = re.compile(r"\s*(?:\{|:|;|,)?\s*")


def keep_suppressions(original: str, code: str, language: Language, syntax: Syntax) -> str:
    """``code`` with the remarks that stand behind the headers of ``original``'s definitions, where its own headers end
    without a comment. Definitions are matched by their path; several of one path are left alone."""
    if _REMARK.search(original) is None:
        return code
    known = _unique(_headers(syntax.outline(original, language).items, original, ()))
    found = _unique(_headers(syntax.outline(code, language).items, code, ()))
    changes: list[tuple[int, str]] = []
    for path, at in found.items():
        remark = _remark(original, known[path]) if path in known else None
        end = code.find("\n", at)
        end = len(code) if end < 0 else end
        if remark is not None and _OPENING.fullmatch(code[at:end]) is not None:
            changes.append((at + len(code[at:end].rstrip()), remark))
    for at, remark in sorted(changes, reverse=True):
        code = code[:at] + remark + code[at:]
    return code


def _headers(items: Sequence[Item], text: str, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Where each header ends."""
    for item in items:
        own = (*path, item.name or "")
        if item.signature:
            stop = item.body.start if item.body is not None else item.range.end
            at = text.rfind(item.signature, item.range.start, max(stop, item.range.start + len(item.signature)))
            if at >= 0:
                yield own, at + len(item.signature)
        elif item.kind is ItemKind.ASSIGNMENT:
            yield own, item.range.end
        yield from _headers(item.children, text, own)


def _unique(found: Iterator[tuple[tuple[str, ...], int]]) -> dict[tuple[str, ...], int]:
    places: dict[tuple[str, ...], list[int]] = {}
    for path, at in found:
        places.setdefault(path, []).append(at)
    return {path: one[0] for path, one in places.items() if len(one) == 1}


def _remark(text: str, at: int) -> str | None:
    """The remark behind a header, with the white space before it."""
    line = text[at:].partition("\n")[0]
    match = _REMARK.search(line)
    if match is None or _OPENING.fullmatch(line[: match.start()]) is None:
        return None
    before = line[: match.start()]
    return before[len(before.rstrip()) :] + line[match.start() :].rstrip()
