"""Which definition of an answer is the wanted one, where its name may be borne by several. Where that cannot be told,
nothing is taken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.ports import ItemKind
from forge_lsp.ensemble.extraction.harvest import CodeBlock
from forge_lsp.ensemble.extraction.places import DefinitionPlace, Likeness, all_places, compared
from forge_lsp.ensemble.extraction.wanted import DEFINITIONS, WantedDefinition

__all__ = ["ChosenDefinition", "bears_name", "chosen", "is_aside", "precedence"]

_CORRECTED = re.compile(r"\b(?:correct(?:ed|ion)?|fixed|wait|actually|oops|revised|instead of the above)\b", re.I)
_ASIDE = re.compile(
    r"\b(?:alternativ\w+|another (?:way|option|version|approach)|or (?:you|if|with|using|as|even|simply)\b"
    r"|option(?:al\w*)?|could also|can also|usage|examples?|how to use|tests?|if you (?:prefer|want|need|would)"
    r"|simpler|shorter|one[- ]liner|more concise|for (?:comparison|reference)|original|previous|before"
    r"|old (?:code|version)|you had|incorrect|wrong|buggy|instead of|do not|don't|avoid|naive|equivalent)\b",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenDefinition:
    """The wanted definition in a block. ``whole``: it is to be taken with the statement that its versions stand in."""

    block: CodeBlock
    place: DefinitionPlace
    whole: bool = False


def chosen(
    blocks: Sequence[CodeBlock], wanted: WantedDefinition, kinds: Sequence[ItemKind] = DEFINITIONS
) -> ChosenDefinition | None:
    """Return the best definition of the name; done beats stub, the likest beats others, the last of several blocks
    beats the earlier ones unless it is said to be an alternative or an example.

    Raises ExtractionFailed where there are several and none is more like the wanted one than the others.
    """
    best: tuple[tuple[bool, Likeness, tuple[bool, int]], ChosenDefinition] | None = None
    unclear = False
    for number, block in enumerate(blocks):
        found, doubt = _in_block(block, wanted, kinds)
        unclear = unclear or doubt
        if found is None:
            continue
        score = (*_rank(found.place, block, wanted), precedence(block, number))
        if best is None or score > best[0]:
            best = (score, found)
    if best is None and unclear:
        raise ExtractionFailed(
            f"the answer holds several definitions of `{wanted.name}`, and none is clearly the one that was asked for; "
            "answer with that one alone, with its decorators and parameters as they are"
        )
    return best[1] if best is not None else None


def precedence(block: CodeBlock, number: int) -> tuple[bool, int]:
    """Return a sort key for equally good blocks, larger is better: the last one that is no aside, else the first."""
    aside = is_aside(block)
    return not aside, -number if aside else number


def is_aside(block: CodeBlock) -> bool:
    """Whether the words before a block say that it is not the answer: an alternative, an example, what was before."""
    said = block.said
    return _CORRECTED.search(said) is None and _ASIDE.search(said) is not None


def bears_name(block: CodeBlock, wanted: WantedDefinition) -> bool:
    """Whether the wanted name is defined anywhere in the block."""
    places = all_places(block.outline.items, block.code, wanted.language)
    return any(place.name == wanted.key for place in places)


def _rank(place: DefinitionPlace, block: CodeBlock, wanted: WantedDefinition) -> tuple[bool, Likeness]:
    done = not place.item.stub
    if wanted.place is None:
        return done, (3 if not place.path else 0, 2, 0)
    return done, compared(place, wanted.place, loose=not _echoes(block, wanted))


def _in_block(
    block: CodeBlock, wanted: WantedDefinition, kinds: Sequence[ItemKind]
) -> tuple[ChosenDefinition | None, bool]:
    """The wanted definition of one block, and whether there are some that cannot be told apart."""
    places = list(all_places(block.outline.items, block.code, wanted.language))
    bearing = [one for one in places if one.name == wanted.key and one.item.kind in kinds]
    bearing = [one for one in bearing if not _announces(one, wanted)]
    mine = [one for one in bearing if _is_mine(one, bearing, block, wanted)]
    if not mine:
        return None, len(bearing) > 1
    top = max(_rank(one, block, wanted) for one in mine)
    best = [one for one in mine if _rank(one, block, wanted) == top]
    branch = best[0].branch
    if branch is not None and wanted.place is not None and wanted.place.branch is None:
        # One version of several: the statement lands as a whole, where it can stand.
        alone = all(one.branch is branch for one in best) and not wanted.place.path and not wanted.rivals
        return (ChosenDefinition(block=block, place=best[0], whole=True), False) if alone else (None, True)
    if len(best) == 1:
        return ChosenDefinition(block=block, place=best[0]), False
    owners = {tuple(owner.range.start for owner in one.owners) for one in best}
    if len(owners) == 1 and branch is None and (wanted.support.redefines or not top[0]):
        return ChosenDefinition(block=block, place=best[-1]), False  # as it would be when run
    return None, True


def _announces(place: DefinitionPlace, wanted: WantedDefinition) -> bool:
    """Whether ``place`` only announces what the wanted one is to do."""
    return place.item.body is None and wanted.item is not None and wanted.item.body is not None


def _is_mine(
    place: DefinitionPlace, bearing: Sequence[DefinitionPlace], block: CodeBlock, wanted: WantedDefinition
) -> bool:
    """Whether ``place`` stands for the wanted definition rather than for another of the document of that name."""
    if wanted.place is None:
        return True
    loose = not _echoes(block, wanted)
    score = compared(place, wanted.place, loose=loose)
    rivals = [one for one in wanted.rivals if not loose or place.path or one.path == wanted.place.path]
    scores = [compared(place, one, loose=loose) for one in rivals]
    if any(other > score for other in scores):
        return False
    if not place.path and not loose and wanted.place.path and any(not one.path for one in wanted.rivals):
        return False  # beside the rest of the file, a function of the module is no nested one
    equal = [one for one, other in zip(rivals, scores, strict=True) if other == score]
    if not equal or len(bearing) == 1:
        return True
    group = sorted([wanted.place, *equal], key=lambda one: one.item.range.start)
    twins = [one for one in bearing if compared(one, wanted.place, loose=loose) == score]
    return len(twins) == len(group) and twins.index(place) == group.index(wanted.place)


def _echoes(block: CodeBlock, wanted: WantedDefinition) -> bool:
    """Whether the block repeats more of the file than the definition: then what stands in nothing is meant to."""
    names = {item.name for item in block.outline.items if item.name and item.kind in DEFINITIONS}
    known = set(wanted.document_names)
    if wanted.place is not None:
        known |= {owner.name for owner in wanted.place.owners[:1] if owner.name}
    return bool((names - {wanted.name, wanted.key}) & known)
