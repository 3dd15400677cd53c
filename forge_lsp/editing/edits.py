"""Putting code into a document, and the edits that bring it there. Pure work on texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from textwrap import dedent
from typing import Protocol

from forge_lsp.chat_marks import as_marks
from forge_lsp.core.errors import EditConflict
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import ItemKind, Syntax
from forge_lsp.core.task import Scope, ScopeKind, Task, TextEdit, TextRange
from forge_lsp.editing.beside import is_definition, with_above
from forge_lsp.editing.differences import minimal, shift_range
from forge_lsp.editing.documentation import keep_documentation, speaks_of_documentation
from forge_lsp.editing.file_head import keep_head
from forge_lsp.editing.headers import keep_words
from forge_lsp.editing.imports import merge_imports
from forge_lsp.editing.indentation import Strings, indent_unit, reindent
from forge_lsp.editing.keeping import with_example
from forge_lsp.editing.lines import BOM, Lines, dominant_ending, is_blank, normalised
from forge_lsp.editing.merging import merge_texts
from forge_lsp.editing.outline import has_todo
from forge_lsp.editing.own_imports import leads_to_itself
from forge_lsp.editing.suppressions import keep_suppressions
from forge_lsp.editing.untouched import check_untouched
from forge_lsp.redaction import placeholders, redact, restored

__all__ = ["Edits", "SourceSyntax"]

_COMMENT = re.compile(r"\s*(?:#(?!\[)|//|/\*|\*)")


class SourceSyntax(Syntax, Strings, Protocol):
    """What editing needs of a parser."""


class Edits:
    """The Editing port, and what the language server needs when the document moved on: :meth:`moved`."""

    def __init__(self, syntax: SourceSyntax) -> None:
        self._syntax = syntax
        self._finished: tuple[Task, str] | None = None

    def splice(self, task: Task, code: str, imports: Sequence[str]) -> str:
        """The document's text with ``code`` in the scope's place and ``imports`` merged into the file's imports;
        definitions among them go above what encloses the scope.

        ``code`` gets the scope's indentation, the document's unit of indentation and its line ending; the final
        newline and the byte order mark stay as they are (a file that was empty gets a final newline). Secrets
        that were hidden from the models come back. Raises ExtractionFailed where something outside of the scope and
        the imports would change.
        """
        document, scope = task.document, task.scope
        text = document.text
        body = self._reindented(self.finish(task, code), scope, document.language, text)
        body = body.replace("\n", dominant_ending(text))
        if scope.kind is ScopeKind.INSERTION:
            result = _inserted(text, scope, body, document.language)
        elif is_blank(text):
            result = (BOM if text.startswith(BOM) else "") + body + (dominant_ending(text) if body else "")
        else:
            result = text[: scope.range.start] + body + text[scope.range.end :]
        shown = [line for line in (_shown(line, task) for line in imports) if not leads_to_itself(line, task)]
        above = [line for line in shown if is_definition(line, document.language, self._syntax)]
        if above:
            result = with_above(text, result, scope, above, document.language, self._syntax)
            shown = [line for line in shown if line not in above]
        merged = merge_imports(result, shown, document.language, self._syntax)
        if (drop_imports := document.language.editing().drop_imports) is not None:
            merged = drop_imports(text, merged, self._syntax)
        check_untouched(text, merged, scope, document.language, self._syntax)
        return merged

    def finish(self, task: Task, code: str) -> str:
        """``code`` with what models leave out and users want kept: the definition's comments, decorators and
        attributes, a stub's signature, its docstrings, and the secrets that were hidden from the models.

        Twice is as good as once."""
        last = self._finished
        if last is not None and last[0] is task and last[1] == code:
            return code  # most code comes twice: by itself, and to be put in place
        found = self._finish(task, code)
        self._finished = (task, found)
        return found

    def _finish(self, task: Task, code: str) -> str:
        found = self._with_lead(normalised(_shown(code, task)), task)
        language = task.document.language
        if (keep := language.editing().keep) is not None:
            found = keep(task, found, self._syntax)
        found = keep_words(task, found, self._syntax)
        original = dedent(normalised(task.original))
        rewritten = speaks_of_documentation(task)
        if task.scope.kind is ScopeKind.FILE:
            found = keep_head(normalised(task.original).removeprefix(BOM), found, language, rewritten=rewritten)
        found = keep_documentation(original, found, language, self._syntax, rewritten=rewritten)
        return keep_suppressions(original, found, language, self._syntax)

    def placed(self, task: Task, code: str, text: str) -> TextRange | None:
        """Where ``code`` stands in ``text``, which :meth:`splice` made of it; None where that cannot be told."""
        document, scope = task.document, task.scope
        body = self._reindented(self.finish(task, code), scope, document.language, document.text)
        body = body.replace("\n", dominant_ending(document.text))
        tail = document.text[scope.range.end :]
        end = len(text) - len(tail)
        if scope.kind is ScopeKind.INSERTION or is_blank(document.text):
            start = text.find(body) if text.count(body) == 1 else -1
        else:
            start = end - len(body) if text.endswith(tail) else -1
        if not body or start < 0 or text[start : start + len(body)] != body:
            return None
        return TextRange(start=start, end=start + len(body))

    def minimal(self, before: str, after: str) -> tuple[TextEdit, ...]:
        """Small, ordered, non-overlapping edits that turn ``before`` into ``after``, exactly."""
        return minimal(before, after)

    def merge(self, base: str, ours: str, theirs: str) -> str:
        """3-way merge by lines. Raises EditConflict where both sides changed the same or adjacent lines."""
        return merge_texts(base, ours, theirs)

    def example(self, text: str, language: Language, names: Sequence[str], call: str, value: str) -> str | None:
        """See :class:`~forge_lsp.core.ports.Editing`."""
        bom = BOM if text.startswith(BOM) else ""
        shown = text.removeprefix(BOM)
        changed = with_example(shown, language, self._syntax, names=names, call=call, value=value)
        return None if changed is None else bom + changed

    def moved(self, scope: Scope, base: str, theirs: str) -> Scope:
        """``scope`` of ``base`` where it is in ``theirs``. Raises EditConflict when its own lines were changed."""
        place = shift_range(scope.range, base, theirs)
        if place is None:
            raise EditConflict(
                "The document changed inside the scope while the job ran; nothing was applied.",
                remedy="look at the result (forge.result) and apply the parts that you want by hand",
            )
        return replace(scope, range=place)

    def shift_range(self, place: TextRange, base: str, theirs: str) -> TextRange | None:
        """Where whole lines of ``base`` are in ``theirs``; None where they were touched."""
        return shift_range(place, base, theirs)

    def _with_lead(self, code: str, task: Task) -> str:
        """``code`` below the comments, decorators and attributes that the definition had and ``code`` leaves out.

        Models repeat a definition from its header on. TODO comments go: they are what was asked for.
        """
        scope = task.scope
        if scope.kind is not ScopeKind.DEFINITION or not scope.signature:
            return code
        original = normalised(task.original)
        lead = original.partition(normalised(scope.signature))[0]
        lead = lead[: lead.rfind("\n") + 1]
        new = dedent(code.lstrip("\n"))
        items = self._syntax.outline(new, task.document.language).items
        first = next((item for item in items if item.name == scope.name and item.kind is not ItemKind.IMPORT), None)
        if not lead.strip() or first is None:
            return code
        own = first.range.of(new).partition(first.signature or "\0")[0]
        own_lines = own.splitlines()
        rewritten = speaks_of_documentation(task)
        comments = [line for line in lead.splitlines() if _COMMENT.match(line)]
        keeps = bool(comments) and not has_todo("\n".join(comments)) and not (rewritten and _has_comment(own))
        missing: list[str] = []
        for line in lead.splitlines():
            is_comment = _COMMENT.match(line) is not None
            wanted = not has_todo(line) and (keeps or not _has_comment(own))
            if (is_comment and wanted) or (not is_comment and line.strip() and not _has_decoration(own)):
                missing.append(line)
        if not missing:
            return code
        at = len(new[: first.range.start].rpartition("\n")[0])
        at = at + 1 if at else 0
        head = "".join(f"{line[len(scope.indent) :]}\n" for line in missing)
        if not (keeps and _has_comment(own)) or not own.endswith("\n"):
            return new[:at] + head + new[at:]
        # The user's words in the place of the model's.
        kept = "".join(f"{line}\n" for line in own_lines if not _COMMENT.match(line))
        return new[:at] + head + kept + new[first.range.start + len(own) :]

    def _reindented(self, code: str, scope: Scope, language: Language, text: str) -> str:
        unit = indent_unit(text)
        named = scope.kind is ScopeKind.DEFINITION
        moved = partial(reindent, code, language, indent=scope.indent, strings=self._syntax, definition=named)
        converted = moved(unit=unit)
        if unit is None or not language.indented:
            return converted
        plain = moved(unit=None)
        if converted == plain:
            return converted
        # Here a conversion can change what the code says: it must parse as well as it did before.
        worse = self._errors(converted, scope, language) > self._errors(plain, scope, language)
        return plain if worse else converted

    def _errors(self, code: str, scope: Scope, language: Language) -> int:
        wrapped = f"{language.editing().block}\n{code}\n" if scope.indent else code
        return len(self._syntax.outline(wrapped, language).errors)


def _shown(code: str, task: Task) -> str:
    """A model's ``code`` with what prompts hide of the document and of the user's words."""
    text = task.document.text
    secrets = task.secrets or (redact(text).secrets if placeholders(code) else ())
    return as_marks(restored(code, secrets), text)


def _has_comment(lead: str) -> bool:
    return any(_COMMENT.match(line) for line in lead.splitlines())


def _has_decoration(lead: str) -> bool:
    return any(line.strip() and not _COMMENT.match(line) for line in lead.splitlines())


def _inserted(text: str, scope: Scope, body: str, language: Language) -> str:
    """``body`` between the code above and below the place, with the blank lines that the language wants there."""
    lines = Lines(text)
    ending = dominant_ending(text)
    number = lines.at(scope.range.start)
    above = number - 1 if scope.range.start == lines.start(number) else number
    below = above + 1
    gap_above = above
    while above >= 0 and lines.blank(above):
        above -= 1
    while below < len(lines) and lines.blank(below):
        below += 1
    head = lines.line(above) if above >= 0 else ""
    foot = lines.line(below) if below < len(lines) else ""
    attached = above >= 0 and above == gap_above and _COMMENT.match(head) is not None
    parts = [text[: lines.end(above)] if above >= 0 else text[: lines.start(0)]]
    if above >= 0:
        gap = 0 if attached or _opens(head, language) else _gap(head, body, scope.indent, language, after=False)
        parts.append(ending * (gap + 1))
    parts.append(body)
    if below < len(lines):
        gap = 0 if _closes(foot, language) else _gap(foot, body, scope.indent, language, after=True)
        parts += (ending * (gap + 1), text[lines.start(below) :])
    elif text.rstrip(" \t\f").endswith(("\n", "\r")):
        parts.append(ending)
    return "".join(parts)


def _opens(line: str, language: Language) -> bool:
    stripped = re.sub(r"\s+(?:#|//).*$", "", line).rstrip()
    return language.editing().opens.search(stripped) is not None


def _closes(line: str, language: Language) -> bool:
    closer = language.editing().closer
    return re.match(rf"\s*(?:[}})\]]|{re.escape(closer)}(?!\w))" if closer else r"\s*[})\]]", line) is not None


def _gap(neighbour: str, body: str, indent: str, language: Language, *, after: bool) -> int:
    """Blank lines between ``body`` and a neighbouring line: the language's around definitions at the top, else one."""
    if indent:
        return 1
    definition = language.editing().definition
    beside = definition.match(neighbour) is not None or (not after and neighbour[:1] in (" ", "\t"))
    return language.gap if beside or definition.match(body) else 1
