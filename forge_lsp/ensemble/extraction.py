"""From what a model wrote to the code that replaces the scope.

In this order: a fence that parses and holds the wanted name; any fence that parses; the longest span that parses.
The wanted definition is unwrapped from a class, gathered from several blocks or put under its signature where need
be; new imports and the helpers it uses come along, demos and tests do not.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from forge_lsp.domain.errors import ExtractionFailed
from forge_lsp.domain.ports import Item, ItemKind, Syntax
from forge_lsp.domain.task import Language, ScopeKind, Task
from forge_lsp.ensemble.harvest import Block, fences, harvest, normal
from forge_lsp.ensemble.reshape import (
    aligned_receiver,
    belongs_to,
    dedented_item,
    fill,
    import_names,
    is_spelled_out,
    mentions,
    one_line,
    out_of_class,
    receiver,
    renamed,
    under_signature,
)

__all__ = ["Extracted", "extract", "join"]

_DEFINITIONS = (ItemKind.FUNCTION, ItemKind.CLASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """``code`` replaces the scope, ``imports`` are statements (one line each where the language allows) that the
    file does not have. ``whole`` is False where the length limit cut the code itself off. ``note`` says what was
    mended, for the report."""

    code: str
    imports: tuple[str, ...] = ()
    whole: bool = True
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What is looked for: a name, what the original of it looks like, and what the document has already."""

    name: str | None
    container: str | None
    language: Language
    original: str
    item: Item | None
    is_class: bool
    document_names: frozenset[str]
    document_imports: frozenset[str]
    container_names: frozenset[str]
    parameters: tuple[str, ...] | None
    syntax: Syntax

    @property
    def home(self) -> str | None:
        """What the definition belongs to: what encloses it, or the receiver in its header."""
        return self.container or (receiver(self.item, self.language) if self.item is not None else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    code: str
    blocks: tuple[Block, ...]
    note: str | None = None


def extract(
    text: str, task: Task, *, syntax: Syntax, markers: Sequence[str] = (), truncated: bool = False
) -> Extracted:
    """The code in ``text`` for the scope of ``task``. Raises ExtractionFailed where there is none.

    ``markers`` are the lines that mark the scope in the prompt; ``truncated`` says that the length limit ended the
    answer. Parses, runs nothing.
    """
    language = task.document.language
    blocks = harvest(text, language, syntax, markers)
    wanted = _wanted(task, syntax)
    found = _definition(blocks, wanted) if wanted.name is not None else None
    if found is None:
        found = _unnamed(blocks, task, wanted)
    if found is None:
        what = f"no {language} code" if wanted.name is None else f"no {language} code for `{wanted.name}`"
        if wanted.name is not None and any(mentions(code, wanted.name) for code in fences(text, markers)):
            what = f"code for `{wanted.name}` that does not parse"
        cut = " (it was cut off by the length limit)" if truncated else ""
        raise ExtractionFailed(f"the answer holds {what}{cut}", truncated=truncated)
    keeps_imports = task.scope.kind is ScopeKind.FILE or _has_imports(wanted)
    imports = () if keeps_imports else _imports(blocks, found, wanted)
    whole = not truncated or all(block.closed for block in found.blocks)
    return Extracted(code=found.code.strip("\n"), imports=imports, whole=whole, note=found.note)


def join(first: str, rest: str) -> str:
    """An answer that was cut off and its continuation as one text: a fence opened anew is dropped, and what the
    continuation repeats of the end is said once."""
    rest = rest.lstrip("\n") if rest.lstrip().startswith("```") else rest
    opened = re.match(r"\s*`{3,}[\w+#.-]*[ \t]*\n", rest)
    if opened is not None and "```" in first:
        rest = rest[opened.end() :]
    longest = min(len(first), len(rest), 2_000)
    for size in range(longest, 0, -1):
        overlap = rest[:size]
        # A short overlap inside a line is chance; whole lines, or a good part of one, are repetition.
        if (size >= 12 or overlap.endswith("\n")) and first.endswith(overlap) and overlap.strip():
            return first + rest[size:]
    last = first.rsplit("\n", 1)[-1]
    if last.strip() and rest.lstrip().startswith(last.strip()) and len(last.strip()) >= 4:
        return first[: len(first) - len(last)] + _like(last, rest)  # it began the broken line again
    return first + rest


def _like(line: str, rest: str) -> str:
    return line[: len(line) - len(line.lstrip())] + rest.lstrip()


def _wanted(task: Task, syntax: Syntax) -> _Wanted:
    language, scope = task.document.language, task.scope
    original = textwrap.dedent(normal(task.original)).strip("\n")
    name = scope.name if scope.kind in (ScopeKind.DEFINITION, ScopeKind.SELECTION) else None
    outline = syntax.outline(original, language)
    item = next((item for item in outline.items if item.name == name), None) if name is not None else None
    document = syntax.outline(task.document.text, language)
    inside = scope.range
    container = scope.container.rsplit(".", 1)[-1] if scope.container else None
    return _Wanted(
        name=name,
        container=container,
        language=language,
        original=original,
        item=item,
        is_class=item is not None and item.kind is ItemKind.CLASS,
        document_names=frozenset(
            item.name
            for item in document.items
            if item.name and not (inside.start <= item.range.start < inside.end and item.range.end <= inside.end)
        ),
        document_imports=frozenset(
            one_line(item.range.of(task.document.text)) for item in document.items if item.kind is ItemKind.IMPORT
        ),
        container_names=frozenset(
            item.name
            for item, owner in _members(document.items)
            if owner is not None and owner.name == container and item.name is not None
        ),
        parameters=scope.parameters,
        syntax=syntax,
    )


# ------------------------------------------------------------------ a definition by name


def _definition(blocks: Sequence[Block], wanted: _Wanted) -> _Found | None:
    """The wanted definition, from fences if they hold it, else from anywhere."""
    fenced = [block for block in blocks if block.fenced]
    for pool in (fenced, blocks):
        found = _class(pool, wanted) if wanted.is_class else _function(pool, wanted)
        if found is not None:
            return found
    for pool in (fenced, blocks):
        found = _other_name(pool, wanted) or _body(pool, wanted)
        if found is not None:
            return found
    return None


def _function(blocks: Sequence[Block], wanted: _Wanted) -> _Found | None:
    """The best definition of the name at the top level or in a class; done beats stub, the right class beats none."""
    kinds = _DEFINITIONS if wanted.item is None else {*_DEFINITIONS, wanted.item.kind}
    best: tuple[tuple[int, int, int, int], Block, Item, Item | None] | None = None
    for block in blocks:
        for item, owner in _members(block.outline.items):
            if not _is_called(item, owner, wanted) or item.kind not in kinds:
                continue
            home = owner.name if owner is not None else receiver(item, wanted.language)
            fits = 2 if home == wanted.home else 1 if home is None else 0
            done = 0 if item.stub or _is_prototype(item, wanted) else 1
            score = (done, fits, _likeness(item, wanted), len(block.outline.items))
            # Of equals in one block the later one counts, as it would when run; of equals in two blocks the first.
            if best is None or score > best[0] or (score == best[0] and block is best[1]):
                best = (score, block, item, owner)
    if best is None:
        return None
    _, block, item, owner = best
    if item.stub and wanted.item is not None and wanted.item.stub:
        return None  # the header alone, for what a broken line left of the body
    code = aligned_receiver(dedented_item(block.code, item), item, wanted.parameters, wanted.language)
    if owner is not None and item.name != wanted.name:
        return _Found(code=out_of_class(code, item.name or "", wanted.name or ""), blocks=(block,))
    if owner is not None and wanted.container is not None:
        return _Found(code=_with_siblings(code, block, item, owner, wanted), blocks=(block,))
    return _Found(code=_with_helpers(code, block, item if owner is None else owner, wanted), blocks=(block,))


def _is_called(item: Item, owner: Item | None, wanted: _Wanted) -> bool:
    """By the wanted name; a C++ definition outside of its class (``Stack::push``) may come inside of it."""
    if item.name == wanted.name or owner is None or wanted.language is not Language.CPP or not wanted.name:
        return item.name == wanted.name
    home, _, name = re.sub(r"<[^<>]*>", "", wanted.name).rpartition("::")
    return item.name == name and owner.name == home.rpartition("::")[2] and item.body is not None


def _is_prototype(item: Item, wanted: _Wanted) -> bool:
    """Whether ``item`` only announces what the wanted one is to do."""
    return item.body is None and wanted.item is not None and wanted.item.body is not None


def _likeness(item: Item, wanted: _Wanted) -> int:
    """How much a definition looks like the wanted one, where a name may have several (overloads)."""
    if wanted.language not in (Language.JAVA, Language.CPP, Language.CSHARP) or wanted.item is None:
        return 0
    if item.signature is not None and item.signature.split() == (wanted.item.signature or "").split():
        return 3
    mine, theirs = item.parameters or (), wanted.item.parameters or ()
    return 2 if mine == theirs else 1 if len(mine) == len(theirs) else 0


def _class(blocks: Sequence[Block], wanted: _Wanted) -> _Found | None:
    """The best class of the name, its gaps filled from bare methods elsewhere and from the original."""
    original = wanted.item
    assert original is not None, "a class that is wanted was found in the original"
    names = {child.name for child in original.children if child.kind in _DEFINITIONS and child.name}
    best: tuple[tuple[int, int], Block, Item] | None = None
    bare: dict[str, str] = {}
    sources: list[Block] = []
    for block in blocks:
        taken = False
        for item, owner in _members(block.outline.items):
            if item.kind is ItemKind.CLASS and item.name == wanted.name:
                done = {child.name for child in item.children if not child.stub and child.kind in _DEFINITIONS}
                score = (len(done & names), len(done))
                if best is None or score > best[0]:
                    best = (score, block, item)
            elif owner is None and item.kind is ItemKind.FUNCTION and item.name and not item.stub:
                method = bool(item.parameters) and item.parameters[0] in ("self", "cls", "this")
                if item.name in names or method:
                    bare[item.name] = dedented_item(block.code, item)
                    taken = True
        if taken:
            sources.append(block)
    if best is None:
        if not bare:
            return None
        code = fill(wanted.original, original, bare)
        return _Found(code=code, blocks=tuple(sources), note="methods were put into their class")
    _, block, item = best
    code = dedented_item(block.code, item)
    missing = _missing(item, original, bare, wanted)
    note = None
    if missing:
        outline = wanted.syntax.outline(code, wanted.language)
        again = next((found for found in outline.items if found.name == wanted.name), None)
        if again is not None:
            code, note = fill(code, again, missing), f"{', '.join(missing)} put back into the class"
    return _Found(code=_with_helpers(code, block, item, wanted), blocks=(block,), note=note)


def _missing(item: Item, original: Item, bare: Mapping[str, str], wanted: _Wanted) -> Mapping[str, str]:
    """What the answer's class lacks: methods that stand bare beside it, and, where the task was to complete a class,
    the finished members of the original that it left out. (A class without stubs was to be changed, and a member
    left out of it may have been meant to go.)"""
    done = {child.name for child in item.children if not child.stub}
    missing = {name: code for name, code in bare.items() if name not in done}
    if any(child.stub for child in original.children):
        present = {child.name for child in item.children}
        for child in original.children:
            if child.kind in _DEFINITIONS and child.name and child.name not in present and child.name not in missing:
                missing[child.name] = dedented_item(wanted.original, child)
    return missing


def _other_name(blocks: Sequence[Block], wanted: _Wanted) -> _Found | None:
    """The only definition of a block that has one, under the wanted name."""
    kind = ItemKind.CLASS if wanted.is_class else ItemKind.FUNCTION
    for block in blocks:
        items = [item for item in block.outline.items if item.kind in _DEFINITIONS]
        if len(items) == 1 and items[0].kind is kind and not items[0].stub and items[0].name and wanted.name:
            if items[0].name in wanted.document_names:
                continue
            code = renamed(dedented_item(block.code, items[0]), items[0].name, wanted.name)
            code = aligned_receiver(code, items[0], wanted.parameters, wanted.language)
            return _Found(code=code, blocks=(block,), note=f"`{items[0].name}` was renamed to `{wanted.name}`")
    return None


def _body(blocks: Sequence[Block], wanted: _Wanted) -> _Found | None:
    """Statements without their function, put under the signature (Python only: elsewhere braces would be guessed)."""
    if wanted.item is None or wanted.is_class or wanted.language is not Language.PYTHON:
        return None
    for block in blocks:
        if not block.defines and re.search(r"^\s*(?:return|yield|raise)\b", block.code, re.MULTILINE):
            code = under_signature(wanted.original, wanted.item, block.code)
            if code is not None and not wanted.syntax.outline(code, wanted.language).errors:
                return _Found(code=code, blocks=(block,), note="the body was put under its signature")
    return None


# ------------------------------------------------------------------ what comes along


def _with_helpers(code: str, block: Block, main: Item, wanted: _Wanted) -> str:
    """``code`` with those definitions of the block that it uses and the document lacks, in the block's order."""
    if wanted.container is not None:
        return code  # what stands beside a method is part of its class: there is no place for a module's helper
    needed: dict[int, Item] = {}
    text = code
    growing = True
    while growing:
        growing = False
        for index, item in enumerate(block.outline.items):
            if index in needed or item is main or not item.name or item.name == wanted.name:
                continue
            part = belongs_to(item, wanted.language)
            if part is not None and part == wanted.name and item.name not in wanted.document_names:
                pass  # what a type can do stands beside it
            elif item.name in wanted.document_names or not mentions(text, item.name):
                continue
            if item.kind is ItemKind.ASSIGNMENT:
                # Constants stand above what uses them; below it, and made from it, is a demo.
                value = item.range.of(block.code)
                if item.range.start > main.range.start or (wanted.name and mentions(value, wanted.name)):
                    continue
            elif item.kind not in _DEFINITIONS:
                continue
            needed[index] = item
            text += "\n" + item.range.of(block.code)
            growing = True
    before = [
        dedented_item(block.code, item) for _, item in sorted(needed.items()) if item.range.start < main.range.start
    ]
    after = [
        dedented_item(block.code, item) for _, item in sorted(needed.items()) if item.range.start > main.range.start
    ]
    gap = "\n\n\n" if wanted.language is Language.PYTHON else "\n\n"
    return gap.join(part.strip("\n") for part in (*before, code, *after))


def _with_siblings(code: str, block: Block, main: Item, owner: Item, wanted: _Wanted) -> str:
    """A method with the new helper methods that it uses. Which ones are new, the document's class says."""
    known = wanted.container_names
    parts, text = [code], code
    for child in owner.children:
        if child is main or child.kind is not ItemKind.FUNCTION or not child.name or child.name in known or child.stub:
            continue
        if mentions(text, child.name):
            part = dedented_item(block.code, child)
            parts.append(part)
            text += part
    return "\n\n".join(part.strip("\n") for part in parts)


def _imports(blocks: Sequence[Block], found: _Found, wanted: _Wanted) -> tuple[str, ...]:
    """Import statements of the answer that the file lacks and, where that can be told, the code uses."""
    pool = [block for block in blocks if block.fenced] or list(blocks)
    pool.extend(block for block in found.blocks if block not in pool)
    statements: dict[str, None] = {}
    for block in pool:
        for item in block.outline.items:
            if item.kind is not ItemKind.IMPORT:
                continue
            statement = one_line(item.range.of(block.code))
            if statement in wanted.document_imports:
                continue
            names = import_names(statement, wanted.language)
            if names is not None and not any(mentions(found.code, name) for name in names):
                continue
            if is_spelled_out(statement, found.code):
                continue
            if names is not None and wanted.name in names:
                continue  # the file importing from itself what it defines
            statements[statement] = None
    return tuple(statements)


def _has_imports(wanted: _Wanted) -> bool:
    outline = wanted.syntax.outline(wanted.original, wanted.language)
    return any(item.kind is ItemKind.IMPORT for item in outline.items)


# ------------------------------------------------------------------ no single name


def _unnamed(blocks: Sequence[Block], task: Task, wanted: _Wanted) -> _Found | None:
    """Whole blocks: for a file, a selection of statements, or a place where nothing stands yet. For a definition
    whose name nothing in the answer bears, there is nothing."""
    if wanted.name is not None:
        # Where there is no grammar nothing has a name, and a fence that speaks of the wanted one must do.
        blocks = [block for block in blocks if not block.outline.items and mentions(block.code, wanted.name)]
    pool = [block for block in blocks if block.fenced] or list(blocks)
    if not pool:
        return None
    names = {item.name for item in wanted.syntax.outline(wanted.original, wanted.language).items if item.name}
    main = max(
        pool, key=lambda block: (len(names & _names(block)), block.defines, not _demo(block, set()), len(block.code))
    )
    chosen = [main]
    for block in pool:
        # A second block belongs to the first if it defines something new and is not a demo of it.
        held = set[str]().union(*(_names(one) for one in chosen))
        if block is not main and block.defines and main.defines and not _names(block) & held and not _demo(block, held):
            chosen.append(block)
    chosen.sort(key=pool.index)
    keeps_all = task.scope.kind is not ScopeKind.INSERTION
    keeps_imports = task.scope.kind is ScopeKind.FILE or _has_imports(wanted)
    parts = [_kept(block, keeps_all=keeps_all, keeps_imports=keeps_imports) for block in chosen]
    code = "\n\n".join(part for part in parts if part.strip())
    return _Found(code=code, blocks=tuple(chosen)) if code.strip() else None


def _kept(block: Block, *, keeps_all: bool, keeps_imports: bool) -> str:
    """The block without imports (which go to the top of the file) and, at an insertion, without demos."""
    code = block.code
    for item in reversed(block.outline.items):
        demo = not keeps_all and block.defines and (item.kind is ItemKind.OTHER or _is_main(item, block))
        if demo or (item.kind is ItemKind.IMPORT and not keeps_imports):
            code = code[: item.range.start] + code[item.range.end :].lstrip("\n")
    return code.strip("\n")


def _is_main(item: Item, block: Block) -> bool:
    """``main`` beside what it shows off (at a place where more than a program was asked for)."""
    others = (other for other in block.outline.items if other.kind in _DEFINITIONS)
    return item.kind is ItemKind.FUNCTION and item.name == "main" and any(other.name != "main" for other in others)


def _demo(block: Block, names: set[str]) -> bool:
    return any(mentions(block.code, name) for name in names) or any(
        item.name is not None and item.name.lower().startswith(("test", "main")) for item in block.outline.items
    )


def _names(block: Block) -> set[str]:
    return {item.name for item in block.outline.items if item.name and item.kind in _DEFINITIONS}


def _members(items: Sequence[Item], owner: Item | None = None) -> Iterator[tuple[Item, Item | None]]:
    """All definitions with the class that encloses each, outermost first."""
    for item in items:
        yield item, owner
        if item.kind is ItemKind.CLASS:
            yield from _members(item.children, item)
