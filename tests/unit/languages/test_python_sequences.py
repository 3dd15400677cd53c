"""Calls of an object's methods one after another, made of the user's examples."""

from __future__ import annotations

from itertools import islice

from forge_lsp.languages.python.examples import examples_of
from forge_lsp.languages.python.probes import probes_of
from forge_lsp.languages.python.sequences import attributes_of, attributes_read, sequences
from tests.support.scripted import task

STACK = '''class Stack:
    """Holds values.

    >>> s = Stack(3)
    >>> s.push(1)
    >>> s.push("a")
    >>> s.pop()
    'a'
    >>> s.pull()
    Traceback (most recent call last):
    AttributeError: no
    """

    def __init__(self, size):
        self.size = size
        self.items, self._hidden = [], 0

    def push(self, value):
        ...

    def pop(self):
        ...
'''
GROUPS = examples_of(task(STACK, name="Stack", parameters=None))


def test_sequences_are_made_of_what_examples_call_and_end_with_what_gives_something() -> None:
    found = list(islice(sequences(GROUPS), 9))
    assert {steps[0] for steps in found} == {"it = Stack(3)"}
    assert {steps[-1] for steps in found} == {"it.pop()"}
    assert {len(steps) - 2 for steps in found} == {1, 2, 3}
    assert {call for steps in found for call in steps[1:]} == {"it.push(1)", "it.push('a')", "it.pop()"}
    assert found == list(islice(sequences(GROUPS), 9))


def test_no_sequence_comes_twice_and_they_come_to_an_end() -> None:
    found = list(sequences(GROUPS))
    assert len(found) == len(set(found)) == 3 + 9 + 27


def test_public_attributes_of_the_users_constructor_are_read_after_calls() -> None:
    assert attributes_of(STACK) == {"Stack": ("size", "items")}
    found = list(islice(attributes_read(GROUPS, STACK), 4))
    assert {steps[-1] for steps in found} == {"it.size", "it.items"}
    assert all(2 < len(steps) < 6 for steps in found)
    assert list(attributes_read(GROUPS, "class Stack: ...")) == []


def test_fields_of_a_dataclass_are_attributes_and_a_text_that_does_not_parse_has_none() -> None:
    assert attributes_of("@dataclass(frozen=True)\nclass P:\n    x: int\n    _y: int = 0\n") == {"P": ("x",)}
    assert attributes_of("class P(") == {}


def test_what_needs_other_statements_is_left_out_and_what_is_built_in_place_is_taken() -> None:
    text = "class Bag:\n    def __init__(self):\n        self.n = 0\n"
    docstring = '''    """
    >>> Bag().add(2)
    2
    >>> other = [1]
    >>> b = Bag()
    >>> b.add(other)
    1
    """
'''
    source = text.replace("Bag:\n", f"Bag:\n{docstring}", 1)
    groups = examples_of(task(source, name="Bag", parameters=None))
    assert {call for steps in sequences(groups) for call in steps} == {"it = Bag()", "it.add(2)"}


def test_of_a_class_its_state_is_asked_about_most_and_all_is_bounded() -> None:
    probes = probes_of(GROUPS, STACK)
    kinds = [probe.source for probe in probes]
    assert kinds.count("sequence") == 10
    assert kinds.count("attribute") == 6
    assert kinds.count("mutation") == 8
    assert len({probe.id for probe in probes}) == len(probes) == 24
    assert all(probe.call == "\n".join(probe.steps) for probe in probes)


def test_functions_have_neither_sequences_nor_attributes() -> None:
    assert {probe.source for probe in probes_of(examples_of(task()))} == {"mutation"}
