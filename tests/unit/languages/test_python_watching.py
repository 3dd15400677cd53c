"""What the runner asks of values that code under test returned: it finds odd equality, and changes nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from forge_lsp.languages.python.runners.watching import equal_to_all, tracer


class Odd:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Holds:
    def __contains__(self, item: object) -> bool:
        return True


class Steps:
    """An iterator of its own, as more-itertools has many."""

    def __init__(self) -> None:
        self.left = iter(range(3))

    def __iter__(self) -> Steps:
        return self

    def __next__(self) -> int:
        return next(self.left)


class Shares:
    """What is no iterator, and gives one that others go on with."""

    def __init__(self) -> None:
        self.left = Steps()

    def __iter__(self) -> Iterator[int]:
        return self.left


@pytest.mark.parametrize("odd", [Odd(), Holds(), iter([Odd()]), iter((Odd(),))], ids=lambda odd: type(odd).__name__)
def test_what_equals_or_holds_everything_is_found(odd: object) -> None:
    assert equal_to_all(odd)


@pytest.mark.parametrize(
    "iterable",
    [lambda: (n for n in range(3)), lambda: iter([0, 1, 2]), lambda: map(int, "012"), Steps, Shares],
    ids=["generator", "list", "map", "own", "shared"],
)
def test_nothing_is_taken_out_of_an_iterator(iterable: Any) -> None:
    value = iterable()
    assert not equal_to_all(value)
    assert list(value) == [0, 1, 2]


def test_an_endless_iterator_does_not_hang_it() -> None:
    assert not equal_to_all(itertools.count())


def test_plain_values_are_not_odd() -> None:
    assert not any(map(equal_to_all, (1, "a", [1], {1: 2}, {3}, None, range(3), object())))


class Same:
    """A collection that equals all that hold the same."""

    def __eq__(self, other: object) -> bool:
        return hasattr(other, "__len__") and not other  # type: ignore[truthy-bool]

    __hash__ = None  # type: ignore[assignment]


def test_an_equality_that_the_user_wrote_may_be_that_of_a_collection() -> None:
    assert equal_to_all(Same())
    assert not equal_to_all(Same(), users=True)
    assert equal_to_all(Odd(), users=True)
    assert not equal_to_all(Holds(), users=True)


def test_what_a_document_returned_is_asked_and_left_as_it_was(tmp_path: Any) -> None:
    document = tmp_path / "document.py"
    text = "class Odd(int):\n    def __eq__(self, o): return True\n    __hash__ = None\n"
    text += "def odd(): return Odd(1)\ndef steps(): return iter(n for n in (1, 2))\n"
    document.write_text(text)
    namespace: dict[str, Any] = {}
    exec(compile(text, str(document), "exec"), namespace)
    told: list[str] = []
    begin, end, _ = tracer(str(document), (0, 0), [], True, told.append)
    begin()
    steps = namespace["steps"]()
    end()
    assert (list(steps), told) == ([1, 2], [])
    begin()
    namespace["odd"]()
    end()
    assert len(told) == 1


def test_what_is_called_while_recording_is_interrupted_is_not_entered(tmp_path: Any) -> None:
    document = tmp_path / "document.py"
    text = "def area(): return 6\n"
    document.write_text(text)
    namespace: dict[str, Any] = {}
    exec(compile(text, str(document), "exec"), namespace)
    begin, end, switch = tracer(str(document), (1, 1), [], False, lambda words: None)
    trace = begin()
    assert switch(False)
    namespace["area"]()
    entered = trace.scope
    assert not switch(True)
    namespace["area"]()
    end()
    assert (entered, trace.scope) == (False, True)
