"""The arguments of the ``forge.*`` commands: one object each, read strictly. Errors name the key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar, cast

from lsprotocol import types as lsp

from forge_lsp.core.attempt import Diagnostic, Severity
from forge_lsp.core.errors import BadRequest
from forge_lsp.core.languages import Language, Languages
from forge_lsp.jobs.asking import GivenAnswer
from forge_lsp.jobs.contract import ApplyMode, FollowUp
from forge_lsp.lsp.texts import LineIndex

__all__ = ["CommandArguments", "GenerateArguments", "RawDiagnostic"]

MAX_ITERATIONS = 50
MAX_HISTORY = 1000

_Word = TypeVar("_Word", bound=StrEnum)

_SEVERITIES = {1: Severity.ERROR, 2: Severity.WARNING, 3: Severity.INFO, 4: Severity.INFO}


@dataclass(frozen=True, slots=True, kw_only=True)
class RawDiagnostic:
    """A diagnostic as the editor has it, in the client's positions."""

    range: lsp.Range
    message: str
    severity: Severity
    code: str
    source: str

    def located(self, file: str, index: LineIndex) -> Diagnostic:
        """Return the diagnostic in lines from 1 and columns of code points from 1."""
        start, end = index.offset(self.range.start), index.offset(self.range.end)
        first, last = index.line_at(start), index.line_at(end)
        return Diagnostic(
            file=file,
            line=first + 1,
            column=start - index.start(first) + 1,
            end_line=last + 1,
            end_column=end - index.start(last) + 1,
            severity=self.severity,
            message=self.message,
            code=self.code,
            source=self.source,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateArguments:
    """``forge.generate``'s object. ``range`` None: the whole file; an empty one: a cursor."""

    uri: str
    range: lsp.Range | None = None
    task: str | None = None
    language: Language | None = None
    max_iterations: int | None = None
    profile: str | None = None
    diagnostics: tuple[RawDiagnostic, ...] = ()
    follow_up: FollowUp | None = None
    apply: ApplyMode | None = None


class CommandArguments:
    """The one object of a command. Each reader takes its key out; :meth:`done` finds what is left over."""

    def __init__(self, command: str, arguments: Sequence[object] | None, *, at: str = "") -> None:
        values = list(arguments or ())
        if len(values) > 1 or (values and values[0] is not None and not isinstance(values[0], Mapping)):
            raise BadRequest(f"{command} takes one object.", remedy='for example {"uri": "file:///a.py"}')
        table = cast("Mapping[str, object]", (values and values[0]) or {})
        self._command = command
        self._at = at
        # null means "not given": some clients cannot leave a key out
        self._left: dict[str, object] = {key: value for key, value in table.items() if value is not None}
        self._known: list[str] = []

    def _take(self, key: str) -> object:
        self._known.append(key)
        return self._left.pop(key, None)

    def _wrong(self, key: str, expected: str, value: object) -> BadRequest:
        got = repr(value)
        got = got if len(got) <= 60 else got[:57] + "..."
        return BadRequest(f"{self._command}: {self._at}{key}: expected {expected}, got {got}.")

    def text(self, key: str) -> str | None:
        """Return a string that is not blank, or None."""
        value = self._take(key)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            raise self._wrong(key, "words", value)
        return value

    def required(self, key: str) -> str:
        """Return a string that must be there."""
        value = self.text(key)
        if value is None:
            raise BadRequest(f"{self._command}: {self._at}{key} is missing.")
        return value

    def number(self, key: str, *, least: int, most: int) -> int | None:
        """Return a whole number within bounds, or None."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self._wrong(key, f"a whole number from {least} to {most}", value)
        return value

    def flag(self, key: str) -> bool:
        """Return a yes or a no; no where it is not there."""
        value = self._take(key)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(key, "true or false", value)
        return value is True

    def word(self, key: str, words: type[_Word]) -> _Word | None:
        """Return one of an enum's words, or None."""
        value = self._take(key)
        if value is None:
            return None
        try:
            return words(cast("str", value))
        except ValueError:
            raise self._wrong(key, "one of " + ", ".join(words), value) from None

    def language(self, key: str, languages: Languages) -> Language | None:
        """Return a language by its identifier or one of its other names, or None."""
        value = self._take(key)
        if value is None:
            return None
        known = languages.named(value) if isinstance(value, str) else None
        if known is None:
            raise self._wrong(key, "one of " + ", ".join(languages.ids), value)
        return known

    def table(self, key: str) -> CommandArguments | None:
        """Return a nested object, or None."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self._wrong(key, "an object", value)
        return CommandArguments(self._command, [cast("object", value)], at=f"{self._at}{key}.")

    def tables(self, key: str) -> list[CommandArguments]:
        """Return a list of objects; empty where there is none."""
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, (list, tuple)):
            raise self._wrong(key, "a list", value)
        found: list[CommandArguments] = []
        for number, item in enumerate(cast("Sequence[object]", value)):
            if not isinstance(item, Mapping):
                raise self._wrong(f"{key}[{number}]", "an object", item)
            found.append(CommandArguments(self._command, [cast("object", item)], at=f"{self._at}{key}[{number}]."))
        return found

    def range(self, key: str) -> lsp.Range | None:
        """Return an LSP range, or None."""
        table = self.table(key)
        if table is None:
            return None
        return lsp.Range(start=table._position("start"), end=table._position("end"))

    def _position(self, key: str) -> lsp.Position:
        table = self.table(key)
        line = table.number("line", least=0, most=2**31 - 1) if table else None
        character = table.number("character", least=0, most=2**31 - 1) if table else None
        if line is None or character is None:
            raise BadRequest(f"{self._command}: {self._at}{key}: expected {{line, character}}.")
        return lsp.Position(line=line, character=character)

    def done(self) -> None:
        """Refuse keys that nobody took."""
        if self._left:
            key = min(self._left)
            known = ", ".join(self._known) or "none"
            raise BadRequest(f"{self._command}: {self._at}{key} is not a key of this command (known: {known}).")

    # ------------------------------------------------------------------ whole commands

    def generate(self, languages: Languages) -> GenerateArguments:
        """Read ``forge.generate``'s object."""
        found = GenerateArguments(
            uri=self.required("uri"),
            range=self.range("range"),
            task=self.text("task"),
            language=self.language("language", languages),
            max_iterations=self.number("maxIterations", least=1, most=MAX_ITERATIONS),
            profile=self.text("profile"),
            diagnostics=tuple(item._diagnostic() for item in self.tables("diagnostics")),
            follow_up=self._follow_up(self.table("followUp")),
            apply=self.word("apply", ApplyMode),
        )
        self.done()
        return found

    def answer(self) -> tuple[str, str, GivenAnswer]:
        """Read ``forge.answer``'s object: a job, a question, and one of the ways to answer it."""
        job_id, question = self.required("jobId"), self.required("question")
        choice, value = self.number("choice", least=0, most=99), self.text("value")
        none, cannot = self.flag("none"), self.flag("cantSay")
        if (choice is not None) + (value is not None) + none + cannot != 1:
            raise BadRequest(f"{self._command}: one of choice, value, none and cantSay is needed.")
        self.done()
        return job_id, question, GivenAnswer(choice=choice, value=value, none=none)

    def job_id(self) -> str:
        """Read ``{jobId}``."""
        found = self.required("jobId")
        self.done()
        return found

    def _follow_up(self, table: CommandArguments | None) -> FollowUp | None:
        if table is None:
            return None
        found = FollowUp(job_id=table.required("jobId"), feedback=table.required("feedback"))
        table.done()
        return found

    def _diagnostic(self) -> RawDiagnostic:
        """A diagnostic of the protocol; keys of it that we have no use for are let through."""
        span = self.range("range")
        if span is None:
            raise BadRequest(f"{self._command}: {self._at}range is missing.")
        severity = self.number("severity", least=1, most=4)
        code, source = self._take("code"), self._take("source")
        return RawDiagnostic(
            range=span,
            message=self.required("message"),
            severity=_SEVERITIES[severity or 1],
            code=str(code) if isinstance(code, (str, int)) else "",
            source=source if isinstance(source, str) else "",
        )
