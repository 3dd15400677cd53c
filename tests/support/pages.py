"""The documentation as data: its code blocks, each with its language and what its marker says, and its links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGES", "ROOT", "Block", "anchors", "blocks", "links"]

ROOT = Path(__file__).parents[2]
PAGES = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
)

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S)
_MARKER = re.compile(r"<!-- (?P<words>[^\n]*?) -->\n\Z")
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A code block. ``line`` counts from 1; ``marker`` is the comment directly above it, without its brackets."""

    page: Path
    line: int
    language: str
    marker: str | None
    text: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def not_run(self) -> str | None:
        """The reason why it is not run, if it is not."""
        return None if self.marker is None or not self.marker.startswith("not run: ") else self.marker[9:]

    @property
    def script(self) -> str:
        """What is to be typed: all lines, or in a ``console`` block those after a prompt."""
        if self.language != "console":
            return self.text
        return "".join(line[2:] + "\n" for line in self.text.splitlines() if line.startswith("$ "))


def blocks(page: Path) -> list[Block]:
    """The code blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    for fence in _FENCE.finditer(text):
        marker = _MARKER.search(text[: fence.start()])
        found.append(
            Block(
                page=page,
                line=text.count("\n", 0, fence.start()) + 1,
                language=fence["language"],
                marker=None if marker is None else marker["words"],
                text=fence["text"],
            )
        )
    return found


def links(page: Path) -> list[str]:
    """The targets of a page's links and pictures; those in code are none."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [match["target"] for match in _LINK.finditer(re.sub(r"`[^`\n]*`", "", text))]


def anchors(page: Path) -> set[str]:
    """What a link into a page may name: its headings, as GitHub makes anchors of them."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ +(.+?) *$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
