"""SECURITY.md names tests and pages: they are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_what_it_names_is_there() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    named = {*re.findall(r"`(tests/[\w/.]+)`", text), *re.findall(r"\]\((docs/[\w.-]+)\)", text)}
    assert len(named) > 12
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    assert "@" not in text
