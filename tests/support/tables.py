"""Long tables of cases of which CI plays a part: drawn by ``FORGE_SEED``; ``FORGE_TABLES=all`` plays the whole."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["part", "plays", "whole"]

T = TypeVar("T")


def whole() -> bool:
    """Whether whole tables are played."""
    return os.environ.get("FORGE_TABLES") == "all"


def part(cases: Sequence[T], most: int) -> list[T]:
    """The cases that are played, in their order: ``most`` of them, or all."""
    if whole() or most >= len(cases):
        return list(cases)
    chance = random.Random(os.environ.get("FORGE_SEED", "1"))
    return [cases[number] for number in sorted(chance.sample(range(len(cases)), most))]


def plays(case: str, cases: Sequence[str], most: int = 1) -> bool:
    """Whether one of some named cases is played."""
    assert case in cases
    return case in part(sorted(cases), most)
