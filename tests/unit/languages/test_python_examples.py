from __future__ import annotations

from forge_lsp.core.checks import CheckKind
from forge_lsp.languages.python.examples import examples_of
from forge_lsp.languages.python.judging import defined_in
from tests.support.builds import task_of

MODULE = '''"""Numbers.

>>> one()
1
"""


class Box:
    """A box.

    >>> box = Box()
    >>> box.size(2)
    2
    """

    def other(self):
        """
        >>> Box().other()
        'not of the scope'
        """

«    def size(self, n):
        """Size: size(2) == 2.

        >>> Box().size(3) == 3
        True
        >>> Box().size("x")
        Traceback (most recent call last):
            ...
        TypeError: no
        """
        # size(4) == 4
        ...»


def unrelated():
    """
    >>> unrelated()
    0
    """
'''


def test_the_scope_what_encloses_it_and_the_instruction_are_read() -> None:
    groups = examples_of(task_of(MODULE, instruction="Box().size(9) == 9 please", name="size"))
    assert [group.owner for group in groups] == ["module", "Box", "Box.size", "comments", "instruction"]
    by_owner = {group.owner: group.examples for group in groups}
    assert by_owner["module"][0].line == 3
    (box,) = by_owner["Box"]
    assert box.source == "box = Box()\nbox.size(2)"
    assert (box.want, box.kind) == ("2\n", CheckKind.DOCTEST)
    compared, raising, prose = by_owner["Box.size"]
    assert (compared.steps, compared.literal) == (("Box().size(3)",), "3")
    assert raising.expected == "TypeError: no"
    assert (prose.source, prose.literal, prose.kind) == ("size(2)", "2", CheckKind.EXAMPLE)
    assert by_owner["instruction"][0].expected == "9"
    assert by_owner["comments"][0].source == "size(4)"


def test_ids_are_stable_and_distinct() -> None:
    ids = [e.id for group in examples_of(task_of(MODULE)) for e in group.examples]
    assert ids == [e.id for group in examples_of(task_of(MODULE)) for e in group.examples]
    assert len(set(ids)) == len(ids)


def test_a_whole_file_is_read_whole() -> None:
    owners = {group.owner for group in examples_of(task_of(MODULE.replace("«", "").replace("»", "")))}
    assert {"module", "Box", "Box.other", "Box.size", "unrelated"} <= owners


def test_one_malformed_block_costs_one_example() -> None:
    (group,) = examples_of(task_of('def f():\n    """\n    >>>f(1)\n    2\n\n    >>> f(2)\n    4\n    """\n'))
    broken, good = group.examples
    assert broken.broken is not None
    assert "blank" in broken.broken
    assert (good.source, good.want, good.broken) == ("f(2)", "4\n", None)


def test_a_document_that_does_not_parse_still_has_its_docstrings() -> None:
    task = task_of('«def f(x):\n    """\n    >>> f(1)\n    2\n    """\n    return (»\n', name="f")
    (group,) = examples_of(task)
    assert [(e.source, e.want) for e in group.examples] == [("f(1)", "2\n")]


def test_the_same_promise_is_taken_once() -> None:
    task = task_of('def add(a, b):\n    """add(1, 2) == 3"""\n', instruction="add( 1,2 ) == 3 and add(2, 2) == 4")
    assert [e.source for group in examples_of(task) for e in group.examples] == ["add(1, 2)", "add(2, 2)"]


def test_nothing_is_taken_from_prose_without_examples() -> None:
    assert examples_of(task_of('def f():\n    """Do it."""\n')) == ()


def test_the_names_that_examples_find_in_a_module() -> None:
    text = (
        "import os.path, json as j\nfrom a import *\nfrom b import c as d\n"
        "if True:\n    X, (y, *z) = 1, (2,)\nfor n in ():\n    pass\ntry:\n    w: int = 1\nexcept E as e:\n    pass\n"
        'class A:\n    """>>> system.go()"""\n    inner = 1\n    def method(self):\n        local = [q for q in ()]\n'
    )
    assert defined_in(text) >= {"os", "j", "d", "X", "y", "z", "n", "w", "A"}
    assert defined_in(text).isdisjoint({"system", "inner", "method", "local", "q", "self", "c", "json"})
    assert defined_in("def broken(:") == frozenset()
