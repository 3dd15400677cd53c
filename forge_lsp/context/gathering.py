"""What the models are shown of the code around the task: Markdown, fitted to a budget of tokens.

The document with its scope marked, tests that call the scope, definitions of other files that it may need, the editor's
diagnostics; apart from them, for those who plan and write, the project's rules. Pieces are chosen by what they are
worth for their price in tokens. docs/context.md says what never occurs in it.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from forge_lsp.context.alike import used_alike
from forge_lsp.context.callers import callers, tests
from forge_lsp.context.candidates import candidates, files_of, pieces_of, reached
from forge_lsp.context.choosing import Choice, Group, Piece, Sheet
from forge_lsp.context.index import Indexes
from forge_lsp.context.parts import Part, closed, folder_of, names_of, runs, sections
from forge_lsp.context.reading import Reader
from forge_lsp.context.shortening import without_value
from forge_lsp.context.surroundings import around, scope_lines
from forge_lsp.context.words import names_in
from forge_lsp.context.workspace import Source, Workspace
from forge_lsp.core.errors import BadRequest
from forge_lsp.core.languages import Languages
from forge_lsp.core.ports import GatheredContext, ShownPart, Syntax
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.editing.files import Files
from forge_lsp.editing.fitting import estimate_tokens, fenced, fitted_document, rendered, shortened
from forge_lsp.editing.lines import Lines, is_blank, leading_space, normalised
from forge_lsp.editing.markers import comment
from forge_lsp.editing.neighbours import imported_files
from forge_lsp.editing.rules import rules_files
from forge_lsp.editing.secret_names import is_secret_name
from forge_lsp.redaction import hidden, redact

__all__ = ["Context", "ContextConfig"]

_LATER = 0.05  # seconds, in which the job goes on before its index does: threads of Python wait for each other
_SLICE = 0.5  # seconds of indexing in one go, between which what was found can be used; doubled each time
_SLICES = 8
_ROUNDS = 4  # of choosing: prices of lines are estimates, what counts is the whole
_TOKENS_A_SOURCE = 250  # of room, for which one more file is read
_MOST_SEEN = 150  # files that are looked at because of others, or of namespaces
_IN_PART = "Of the rest of this file only a part is shown."
_NOTE = 8  # tokens of the comment that tells how many lines of the document were left out
_NEAR = 0.006  # worth of a line beside the scope
_NEARBY = 4.0  # lines away from it, where one is worth half as much

_NO_CODE = re.compile(r"\s*(?:$|//|/?\*|#(?![\w\[]))")  # blank, or a comment


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextConfig:
    """Bounds. Sizes in bytes, ``seconds`` for the index of the workspace, of which what is not looked at in time is
    not used; ``sources`` files are read for their definitions, more where there is more room."""

    largest_file: int = 512_000
    walked_files: int = 60_000
    sources: int = 30
    rules_share: float = 0.2
    seconds: float = 0.1


class Context:
    """The ContextGatherer port. What was gathered for a task stays the same for that task object, so that all
    attempts share one prompt and the report names what was really sent."""

    def __init__(self, syntax: Syntax, languages: Languages, config: ContextConfig | None = None) -> None:
        self._syntax = syntax
        self._languages = languages
        self._config = config or ContextConfig()
        self._reader = Reader()
        self._indexes = Indexes()
        self._lock = threading.Lock()
        self._known: deque[tuple[Task, int, GatheredContext]] = deque(maxlen=16)

    async def gather(self, task: Task, *, tokens: int) -> GatheredContext:
        """Markdown of at most about ``tokens`` tokens, the document's file first; files are read in a thread. The same
        task and budget give the same bytes.

        Raises BadRequest for a document whose own name says that it holds keys or passwords.
        """
        found = await asyncio.to_thread(self._gathered, task, tokens)
        if task.workspace is not None:
            self._go_on(task, task.workspace)
        return found

    def changed(self, paths: Sequence[Path]) -> None:
        """Files were written, created or deleted, says an editor: they are looked at for the next task."""
        self._indexes.told(paths)

    def look_again(self) -> None:
        """Look at each file's stamp after the next task, as after a pause."""
        self._indexes.look_again()

    def _go_on(self, task: Task, workspace: Path) -> None:
        """Bring an index that took too long for this task to its end, for the next, and look at each of its files again
        where that is long ago. A thread of its own: whoever ends meanwhile does not wait for it."""
        languages = self._languages.family_of(task.document.language)
        index = self._indexes.of(workspace, languages)
        if index.busy or (index.whole and not index.due):
            return

        def rest() -> None:
            files = Files(workspace, (), code=self._languages.suffixes, largest=self._config.largest_file)
            most = self._config.walked_files
            try:
                time.sleep(_LATER)
                for turn in range(_SLICES):  # longer each: a walk that found no end has to begin again
                    until = time.monotonic() + _SLICE * 2**turn
                    index.refresh(files, languages, most=most, deadline=until, each=True)
                    if index.whole:
                        break
            finally:
                index.busy = False

        index.busy = True
        threading.Thread(target=rest, daemon=True, name="context-index").start()

    def _gathered(self, task: Task, tokens: int) -> GatheredContext:
        # By identity: an equal task later may find other files on the disk.
        with self._lock:
            for known, budget, result in self._known:
                if known is task and budget == tokens:
                    return result
        result = _Gathering(
            task, tokens, self._syntax, self._config, self._reader, self._indexes, self._languages
        ).result()
        with self._lock:
            self._known.append((task, tokens, result))
        return result


class _Gathering:
    """One gathering."""

    def __init__(
        self,
        task: Task,
        tokens: int,
        syntax: Syntax,
        config: ContextConfig,
        reader: Reader,
        indexes: Indexes,
        languages: Languages,
    ) -> None:
        self._task = task
        self._document = task.document
        self._left = self._tokens_for_text = tokens
        self._tokens = tokens
        self._syntax = syntax
        self._config = config
        self._reader = reader
        self._indexes = indexes
        self._family = languages.family_of(task.document.language)
        self._source = languages.suffixes
        workspace = task.workspace
        self._redacted = redact(task.document.text)
        self._secrets = task.secrets or self._redacted.secrets
        self._files = (
            Files(workspace, task.buffers, code=self._source, largest=config.largest_file)
            if workspace is not None
            else None
        )
        self._name = self._document_name()
        self._sources: dict[str, Source] = {}
        self._sheets: dict[str, Sheet] = {}
        self._hidden: dict[str, tuple[str, ...]] = {}
        self._kept: dict[str, set[int]] = {}
        self._chosen: tuple[Piece, ...] = ()
        self._no_chance = 0

    def result(self) -> GatheredContext:
        """What is shown, in the order of the prompt."""
        self._refuse_secrets()
        problems = list(self._problems())
        rules = list(self._rules())
        self._tokens_for_text = self._left + sum(estimate_tokens(part.text) + 20 for part in problems)
        files, text = self._code(problems)
        reasons: dict[str, Counter[str]] = {}
        for piece in self._chosen:
            why = piece.reason if isinstance(piece.reason, str) else piece.reason.reason
            reasons.setdefault(piece.file, Counter())[why] += 1
        heading = "# Rules of this project, for those who plan and write (not for reviewers)"
        return GatheredContext(
            text=text,
            rules="\n\n".join([heading, *(part.text for part in rules)]) if rules else "",
            files=names_of(files),
            rules_files=names_of(rules),
            parts=tuple(self._told(part, reasons) for part in (*files, *rules)),
        )

    def _told(self, part: Part, reasons: Mapping[str, Counter[str]]) -> ShownPart:
        name = part.file or "diagnostics"
        found: Counter[str] = Counter(reasons.get(name, Counter[str]()))
        if name == self._name:
            found = Counter({"the document": 1})
        return ShownPart(
            file=name,
            tokens=estimate_tokens(part.text),
            lines=runs(self._kept.get(name, ())),
            reasons=tuple(found.most_common()),
        )

    def _refuse_secrets(self) -> None:
        path = self._document.path
        relative = self._files.guard.relative(path) if self._files is not None and path is not None else None
        if path is not None and is_secret_name(relative or PurePosixPath(path.name), self._source):
            raise BadRequest(
                f"{path.name} is named like a file of keys or passwords, and no such file is shown to a model.",
                remedy="keep code in a file of another name",
            )

    def _code(self, problems: list[Part]) -> tuple[list[Part], str]:
        """The parts with the code, and the text of them all; as much as fits."""
        name = self._name
        heading = f"# The document: {name}"
        what = {
            ScopeKind.FILE: "The whole file is to be replaced.",
            ScopeKind.INSERTION: "Code is to be inserted at the marked place.",
        }.get(self._task.scope.kind, "Only the part between the markers is to be replaced.")
        here = Source(
            name=name,
            path=self._document.path,
            text=self._document.text,
            language=self._document.language,
            reader=self._reader,
            here=True,
        )
        self._sources[name] = here
        shown_text = self._redacted.text
        lines = Lines(shown_text)
        sheet = self._sheets[name] = Sheet(lines=tuple(lines.line(n) for n in range(len(lines))), paid=True, gap=_NOTE)
        needed = self._needed(here)

        def document(shown: str, *, whole: bool = False) -> Part:
            if is_blank(self._document.text):
                return Part(f"{heading}\n\nThe file is empty.", name)
            said = what if whole else f"{what} {_IN_PART}"
            return Part(f"{heading}\n\n{said}\n\n{fenced(shown, self._document.language.id)}", name)

        room = self._left - estimate_tokens(heading + what + _IN_PART) - 40
        begins = here.read.begins
        rest = room - estimate_tokens(rendered(self._document, lines, self._task.scope, needed, begins))
        if rest < 0:
            items = self._syntax.outline(self._document.text, self._document.language).items
            shown = fitted_document(self._document, shown_text, self._task.scope, items, room)
            return self._assembled(document(shown), (), problems, 0)
        pieces = self._pieces(here)
        shown = rendered(self._document, lines, self._task.scope, needed, begins)
        sheet.begins, sheet.always = begins, frozenset(needed)
        choice = Choice(pieces, self._sheets)
        budget, best = rest, self._assembled(document(shown), (), problems, 0)
        for _ in range(_ROUNDS):
            chosen = choice.within(budget)
            kept = {file: closed(each) for file, each in self._sheets.items() if each.kept}
            shown = rendered(self._document, lines, self._task.scope, kept.get(name, set()), begins)
            whole = len(kept.get(name, ())) == len(sheet.lines)
            left_out = chosen.left_out + self._no_chance
            found = self._assembled(document(shown, whole=whole), tuple(self._parts(kept)), problems, left_out)
            over = estimate_tokens(found[1]) - self._tokens_for_text
            if over <= 0:
                best, self._kept = found, kept
                self._chosen = chosen.pieces
                if not left_out or -over < self._tokens_for_text // 40:
                    break
                budget += -over * 9 // 10
            else:
                budget -= over + 10
        return best

    def _assembled(
        self, document: Part, others: Iterable[Part], problems: list[Part], left_out: int
    ) -> tuple[list[Part], str]:
        shown, files = [document.text], [document]
        for heading, parts in (
            ("# Tests of it", [part for part in others if part.source is not None and part.source.test]),
            (
                "# Code of other files that it may need, in part",
                [part for part in others if part.source is not None and not part.source.test],
            ),
            ("# Problems that the editor reports", problems),
        ):
            if parts:
                shown += [heading, *sections(parts)]
                files += parts
        if left_out:
            shown.append(f"({left_out} further pieces of this project's code found no room here.)")
        return files, "\n\n".join(shown) + "\n"

    def _needed(self, here: Source) -> set[int]:
        """The lines of the document that are always shown: the scope, imports, the headers of what encloses it."""
        first, last = scope_lines(self._task)
        insertion = self._task.scope.kind is ScopeKind.INSERTION
        kept: set[int] = set() if insertion else set(range(first, last + 1))
        read = here.read
        for start, end in read.imports[:40]:
            kept |= set(range(start, end + 1))
        for item in read.definitions:
            if item.line <= first and item.last >= last:
                kept |= set(read.header_lines(item))
        return {number for number in kept if number < len(read.lines)}

    def _pieces(self, here: Source) -> list[Piece]:
        """All that may be shown beside what is always shown."""
        evidence = around(self._task, here.read)
        scope = scope_lines(self._task)
        reading = self._document.language.context()
        workspace = self._workspace(here.name)
        found = tests(evidence, here, workspace, reading.constructors)
        calls = callers(evidence, here, workspace, reading.constructors)
        evidence = replace(evidence, tests=names_in(found.lines), callers=names_in(calls.lines))
        sources = [here]
        imported: dict[str, int] = {}
        if workspace is not None and self._files is not None:
            for path in imported_files(self._document, self._files, self._syntax):
                imported.setdefault(self._files.name(path), len(imported))
            for path in self._files.open_paths():
                imported.setdefault(self._files.name(path), len(imported))
            seen = dict(self._seen(workspace, imported))
            most, package = self._config.sources + self._tokens // _TOKENS_A_SOURCE, reading.folder_is_package
            names = files_of(evidence, workspace, imported, seen, most=most, package=package)
            sources += workspace.sources(names, most)
            if workspace.renewed():
                names = files_of(evidence, workspace, imported, seen, most=most, package=package)
                sources = [here, *workspace.sources(names, most)]
            evidence = replace(evidence, reach=reached(evidence, sources), alike=used_alike(evidence, sources, scope))
            more = files_of(evidence, workspace, imported, seen, most=most // 4, package=package, read=sources)
            sources += workspace.sources(more, most // 4)
        else:
            evidence = replace(evidence, reach=reached(evidence, sources), alike=used_alike(evidence, sources, scope))
        for piece in (*found.pieces, *calls.pieces):
            if workspace is not None and piece.file != here.name and (source := workspace.source(piece.file)):
                self._sources.setdefault(piece.file, source)
        for source in sources:
            self._sources.setdefault(source.name, source)
        groups: dict[tuple[str, bool, str], Group] = {}
        for source in self._sources.values():
            if source.name not in self._sheets:
                folder = folder_of(source)
                self._sheets[source.name] = Sheet(
                    lines=source.read.lines,
                    costs=source.read.costs,
                    begins=source.read.begins,
                    group=groups.setdefault((folder, source.test, source.language.id), Group(folder)),
                )
        asked, self._no_chance = pieces_of(candidates(evidence, sources, imported, scope), evidence, self._tokens)
        pieces = [*found.pieces, *calls.pieces, *asked, *self._nearby(here, scope)]
        return [piece for piece in pieces if piece.file in self._sheets]

    def _seen(self, workspace: Workspace, imported: Mapping[str, int]) -> Iterator[tuple[str, float]]:
        """The files whose names the document sees though it does not import them, and how surely: what its imports
        import where they hand it on, and those of namespaces that it opens."""
        for order, name in enumerate(workspace.opened()):
            if order >= _MOST_SEEN:
                break
            yield name, 1.0 / (1.0 + order / 60.0)
        if self._files is None or not self._document.language.context().imports_reach:
            return
        known, level = set(imported), list(imported)
        for sure in (1.0, 0.8, 0.6):
            level = [name for one in level for name in self._imports_of(workspace, one) if name not in known]
            level = list(dict.fromkeys(level))[: _MOST_SEEN - len(known)]
            known.update(level)
            yield from ((name, sure) for name in level)

    def _imports_of(self, workspace: Workspace, name: str) -> Iterator[str]:
        source = workspace.source(name)
        if source is None or source.path is None or self._files is None:
            return
        document = replace(self._document, uri=source.path.as_uri(), path=source.path, text=source.text)
        for path in imported_files(document, self._files, self._syntax):
            yield self._files.name(path)

    def _workspace(self, name: str) -> Workspace | None:
        if self._files is None:
            return None
        index = self._indexes.of(self._files.guard.workspace, self._family)
        workspace = Workspace(self._document, name, self._files, index, self._reader, self._family)
        workspace.refresh(most=self._config.walked_files, seconds=self._config.seconds)
        return workspace

    def _nearby(self, here: Source, scope: tuple[int, int]) -> Iterator[Piece]:
        """The other lines of the document, worth less the further they are; comments nothing by themselves."""
        lines_of_code = [_NO_CODE.match(line) is None for line in self._sheets[here.name].lines]
        count = len(lines_of_code)
        for start in range(0, count, 4):
            lines = tuple(range(start, min(start + 4, count)))
            away = max(scope[0] - lines[-1], lines[0] - scope[1], 0)
            worth = _NEAR * sum(lines_of_code[n] for n in lines) / (1.0 + (away / _NEARBY) ** 2)
            yield Piece(file=here.name, lines=lines, worth=worth, reason="near by")

    def _parts(self, kept: Mapping[str, set[int]]) -> Iterator[Part]:
        for _, name in sorted((folder_of(self._sources[name]), name) for name in kept):
            source, sheet = self._sources[name], self._sheets[name]
            if source.here:
                continue
            # The whole text, so that a secret of several lines is known by its first.
            if name not in self._hidden:
                self._hidden[name] = self._reader.shown(source.text, self._secrets)
            lines = self._hidden[name]
            if len(lines) != len(sheet.lines):
                continue
            shown: list[str] = []
            previous = -1
            values = source.read.values
            for number in sorted(kept[name]):
                if number != previous + 1 and number not in sheet.begins:
                    shown.append(comment(source.language, "...", leading_space(lines[number])))
                named = values.get(number)
                shown.append(lines[number] if named is None else without_value(lines[number], named))
                previous = number
            yield Part("\n".join(shown), name, source)

    def _document_name(self) -> str:
        path = self._document.path
        if path is not None and self._files is not None:
            return self._files.name(path)
        name = path.name if path is not None else self._document.uri.rpartition("/")[2].rpartition(":")[2]
        return " ".join("".join(sign if sign.isprintable() else " " for sign in name).split()) or "untitled"

    def _rules(self) -> Iterator[Part]:
        if self._files is None:
            return
        room = min(self._left, int(self._tokens * self._config.rules_share))
        seen: set[Path] = set()
        for path in rules_files(self._files.guard.workspace, self._document.path):
            text = self._files.text(path)
            key = path.resolve()
            if text is None or is_blank(text) or key in seen:
                continue
            seen.add(key)
            name = self._files.name(path)
            heading = f"## {name}\n\n"
            shown = shortened(hidden(normalised(text), self._secrets).strip(), room - estimate_tokens(heading) - 20)
            if shown:
                part = Part(heading + fenced(shown, "markdown"), name)
                cost = estimate_tokens(part.text) + 20
                room -= cost
                self._left -= cost
                yield part

    def _problems(self) -> Iterator[Part]:
        if not self._task.diagnostics:
            return
        lines = "\n".join(
            f"- {hidden(' '.join(str(found).split()), self._secrets)}" for found in self._task.diagnostics[:50]
        )
        shown = shortened(lines, self._tokens // 8)
        if shown:
            part = Part(shown)
            self._left -= estimate_tokens(part.text) + 20
            yield part
