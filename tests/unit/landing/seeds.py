"""The seeds of the corpus: a document with a definition that is asked for, and what it is to become."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.core.languages import Language
from forge_lsp.languages.registry import BUILT_IN

__all__ = ["Seed", "seeds"]

FOLDER = Path(__file__).parent / "seeds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """``before`` and ``after`` are whole lines of the definition in the file, ``head`` and ``tail`` what stands around
    it. ``owner`` are the positions of the class around it in ``head`` and ``tail``; None: it stands in none."""

    language: Language
    title: str
    head: str
    marked: str
    tail: str
    after: str
    owner: tuple[int, int] | None

    @property
    def document(self) -> str:
        """The file, with the cursor as ``|>``."""
        return self.head + self.marked + self.tail

    @property
    def original(self) -> str:
        """The file without the cursor."""
        return self.document.replace("|>", "")

    @property
    def bare(self) -> str:
        """The new definition alone, at the margin."""
        return textwrap.dedent(self.after) + "\n"

    @property
    def indent(self) -> str:
        """What the definition is indented by."""
        return self.after[: len(self.after) - len(self.after.lstrip())]

    def placed(self, after: str, above: str = "") -> str:
        """The file with ``after`` in the definition's place, ``above`` before what encloses it."""
        if not above or self.owner is None:
            return self.head + above + after + self.tail
        at = self.owner[0]
        return self.head[:at] + above + self.head[at:] + after + self.tail

    def owned(self, after: str) -> str:
        """The class around the definition with ``after`` in its place, at the margin."""
        if self.owner is None:
            return textwrap.dedent(after) + "\n"
        start, end = self.owner
        line = self.head.rfind("\n", 0, start) + 1
        return textwrap.dedent(self.head[line:] + after + self.tail[:end]) + "\n"


def seeds() -> Iterator[Seed]:
    """All of them, by language."""
    for language in BUILT_IN:
        path = FOLDER / f"{language}.txt"
        if not path.exists():
            continue
        for part in re.split(r"^=== ", path.read_text("utf-8"), flags=re.M)[1:]:
            title, _, rest = part.partition("\n")
            text, _, after = rest.partition("--- after\n")
            yield _seed(language, title, text, after.rstrip("\n"))


def _seed(language: Language, title: str, text: str, after: str) -> Seed:
    head, _, rest = text.partition("[[[")
    marked, _, tail = rest.partition("]]]")
    start, end = head.find("{{{"), tail.find("}}}")
    if tail[end : end + 4] == "}}}}":
        end += 1  # the class's own brace
    owner = (start, end) if start >= 0 else None
    if owner is not None:
        head, tail = head.replace("{{{", ""), tail[:end] + tail[end + 3 :]
    return Seed(language=language, title=title, head=head, marked=marked, tail=tail, after=after, owner=owner)
