"""Long tables of cases of which CI runs a part: drawn by ``TESTS_SEED``; ``TESTS_TABLES=all`` runs the whole."""

from __future__ import annotations

import math
import os
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["chosen", "part", "seed", "share_of_each", "whole"]

T = TypeVar("T")

_FEWEST = 2  # cases that are left of each table, however small the share


def whole() -> bool:
    """Whether whole tables are run."""
    return os.environ.get("TESTS_TABLES") == "all"


def seed() -> str:
    """The seed that draws parts of tables: ``TESTS_SEED``, 1 unless it is set."""
    return os.environ.get("TESTS_SEED", "1")


def part(cases: Sequence[T], most: int) -> list[T]:
    """The cases that are run, in their order: ``most`` of them, or all."""
    if whole() or most >= len(cases):
        return list(cases)
    chance = random.Random(seed())
    return [cases[number] for number in sorted(chance.sample(range(len(cases)), most))]


def chosen(case: str, cases: Sequence[str], most: int = 1) -> bool:
    """Whether one of some named cases is run."""
    assert case in cases
    return case in part(sorted(cases), most)


def share_of_each(tables: Sequence[str], share: float) -> list[bool]:
    """Return which of some tests to run where only a share of each table is wanted.

    ``tables`` has, for each test, the name of the table that it is a case of. Of each table ``share`` (0 to 1) is
    drawn, rounded up, at least two; which ones depends on ``TESTS_SEED`` and on the table's name alone.
    """
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for number, table in enumerate(tables):
        numbers[table].append(number)
    kept: set[int] = set()
    for table, those in numbers.items():
        chance = random.Random(f"{seed()} {table}")
        kept.update(chance.sample(those, min(len(those), max(_FEWEST, math.ceil(share * len(those))))))
    return [number in kept for number in range(len(tables))]
