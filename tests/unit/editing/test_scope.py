from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge_lsp.core.attempt import Diagnostic, Severity
from forge_lsp.core.languages import Language
from forge_lsp.core.task import ScopeKind, TextRange
from tests.support import lang
from tests.unit.editing.support import CSHARP, JAVASCRIPT, PYTHON, SCOPES, TYPESCRIPT, document, marked, scope_of

STACK = '''\
"""A stack. 😀"""


class Stack:
    """漢字"""

    def __init__(self) -> None:
        self.items = []

    # what goes in
    @timed
    def push(self, item: int) -> None:
        """Put it on top."""

    def pop(self) -> int:
        def inner(x):
            return x
        return inner(self.items.pop())


LIMIT = 3
'''


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("at", ["# what goes", "@timed", "def push", "Put it"])
def test_a_cursor_in_a_method_takes_it_with_its_decorators_and_comments(at: str, ending: str) -> None:
    text = STACK.replace("\n", ending).replace(at, "|" + at)
    scope, covered = scope_of(text)
    assert scope.kind is ScopeKind.DEFINITION
    assert (scope.name, scope.container, scope.indent) == ("push", "Stack", "    ")
    assert scope.parameters == ("self", "item")
    assert scope.signature == "def push(self, item: int) -> None:"
    assert covered.startswith("    # what goes in") and covered.endswith('"""Put it on top."""')


@pytest.mark.parametrize(
    ("at", "name", "container"),
    [
        ("class Stack", "Stack", None),
        ('"""漢字', "Stack", None),
        ("def inner", "inner", "Stack.pop"),
        ("return x", "inner", "Stack.pop"),
        ("return inner", "pop", "Stack"),
        ("LIMIT", "LIMIT", None),
    ],
)
def test_the_innermost_definition(at: str, name: str, container: str | None) -> None:
    scope, _ = scope_of(STACK.replace(at, "|" + at))
    assert (scope.kind, scope.name, scope.container) == (ScopeKind.DEFINITION, name, container)


def test_a_selection_within_one_line_is_a_cursor() -> None:
    assert scope_of(STACK.replace("self.items = []", "self.|items| = []"))[0].name == "__init__"


def test_no_selection_is_the_whole_file_without_its_last_ending() -> None:
    for text, covered in [("a\nb\n", "a\nb"), ("\ufeffa\r\n", "a"), ("a", "a"), ("a\n\n", "a\n")]:
        scope = SCOPES.scope(document(text), None)
        assert (scope.kind, scope.range.of(text)) == (ScopeKind.FILE, covered)


@pytest.mark.parametrize("text", ["|", "\ufeff|", "\n|\n", "  |\r\n", "\ufeff\n|"])
def test_a_blank_file_is_wholly_replaced(text: str) -> None:
    scope, covered = scope_of(text)
    assert scope.kind is ScopeKind.FILE
    assert covered == marked(text)[0].removeprefix("\ufeff")


def test_a_selection_of_exactly_one_definition_is_that_definition() -> None:
    scope, covered = scope_of("x = 1\n|\ndef f(a):\n    pass\n\n|y = 2\n")
    assert (scope.kind, scope.name, covered) == (ScopeKind.DEFINITION, "f", "def f(a):\n    pass")
    scope, covered = scope_of("# about f\n|def f(a):\n    pass\n|")
    assert (scope.kind, scope.name, covered) == (ScopeKind.DEFINITION, "f", "def f(a):\n    pass")


def test_a_selection_without_the_decorator_is_no_definition() -> None:
    scope, covered = scope_of("@d\n|def f(a):\n    pass|\n")
    assert (scope.kind, scope.name, covered) == (ScopeKind.SELECTION, None, "def f(a):\n    pass")


def test_a_selection_takes_whole_lines() -> None:
    text = STACK.replace("self.items = []", "self.it|ems = []").replace("def push", "def pu|sh")
    scope, covered = scope_of(text)
    assert (scope.kind, scope.container, scope.indent) == (ScopeKind.SELECTION, "Stack", "        ")
    assert covered.startswith("        self.items") and covered.endswith("-> None:")


def test_a_selection_that_ends_at_a_line_start_stops_before_that_line() -> None:
    assert scope_of("a = 1\n|b = 2\nc = 3\n|d = 4\n")[1] == "b = 2\nc = 3"


def test_a_blank_line_between_definitions_is_an_insertion() -> None:
    scope, covered = scope_of("def a(): pass\n|\ndef b(): pass\n")
    assert (scope.kind, scope.range.start, scope.indent, covered) == (ScopeKind.INSERTION, 14, "", "")
    scope, _ = scope_of(STACK.replace("\n    # what", "|\n    # what"))
    assert (scope.kind, scope.container, scope.indent) == (ScopeKind.INSERTION, "Stack", "    ")


def test_a_blank_line_inside_a_function_is_the_function() -> None:
    assert scope_of("def a():\n    x = 1\n|\n    return x\n")[0].name == "a"


@pytest.mark.parametrize(
    ("indent", "kind", "name", "container"),
    [
        ("", ScopeKind.INSERTION, None, None),
        ("    ", ScopeKind.INSERTION, None, "A"),
        ("        ", ScopeKind.DEFINITION, "f", "A"),
    ],
)
def test_indentation_says_where_a_line_after_a_block_belongs(
    indent: str, kind: ScopeKind, name: str | None, container: str | None
) -> None:
    scope, _ = scope_of(f"class A:\n    def f(self):\n        return 1\n{indent}|\n\nx = 1\n")
    assert (scope.kind, scope.name, scope.container) == (kind, name, container)


def test_a_todo_at_the_top_is_replaced_by_its_code() -> None:
    scope, covered = scope_of("import os\n\n# TODO: read the file|\n# line by line\n\nx = 1\n")
    assert (scope.kind, covered) == (ScopeKind.SELECTION, "# TODO: read the file\n# line by line")


def test_a_todo_between_methods_is_replaced_and_one_within_is_not() -> None:
    text = "class A {\n  int x;\n  // TODO: push|\n\n  void F() {\n    // TODO: it\n  }\n}\n"
    scope, covered = scope_of(text, CSHARP)
    assert (scope.kind, scope.container, covered) == (ScopeKind.SELECTION, "A", "  // TODO: push")
    scope, _ = scope_of(text.replace("push|", "push").replace("it\n", "it|\n"), CSHARP)
    assert (scope.kind, scope.name) == (ScopeKind.DEFINITION, "F")


def test_another_comment_is_a_place_to_insert_below_it() -> None:
    scope, _ = scope_of("# Adds numbers.|\n\nx = 1\n")
    assert (scope.kind, scope.range.start) == (ScopeKind.INSERTION, 16)
    scope, _ = scope_of("# Adds numbers.|")
    assert (scope.kind, scope.range.start) == (ScopeKind.INSERTION, 15)


@pytest.mark.parametrize(
    "text", ["def f(a, b):|", "def f(a, b):|\n", "def f(a, b):\n    |", "\ufeffdef f(a, b):|\n", "def f(|a, b):\n\n"]
)
def test_a_header_at_the_end_of_the_file_is_a_stub(text: str) -> None:
    scope, covered = scope_of(text)
    assert (scope.kind, scope.name, scope.parameters) == (ScopeKind.DEFINITION, "f", ("a", "b"))
    assert covered.startswith("def f(a, b):")


def test_a_statement_at_the_top_is_a_selection() -> None:
    assert scope_of("f(1,|\n  2)\n")[1] == "f(1,\n  2)"


def test_definitions_that_share_a_line_are_taken_together() -> None:
    assert scope_of("class A { int X; int |Y; }\n", CSHARP)[0].name == "A"
    scope, covered = scope_of("x = 1; y| = 2\n")
    assert (scope.kind, covered) == (ScopeKind.SELECTION, "x = 1; y = 2")


def test_a_cursor_on_an_overload_takes_all_of_them() -> None:
    text = "@overload\ndef f(a: |int): ...\n@overload\ndef f(a: str): ...\ndef f(a):\n    return a\n"
    assert scope_of(text)[1] == text.replace("|", "").rstrip()
    text = "function o(a: st|ring): string;\nfunction o(a: any) { return a; }\n"
    assert scope_of(text, TYPESCRIPT)[1] == text.replace("|", "").rstrip()
    assert scope_of(text.replace("st|r", "str").replace("return", "re|turn"), TYPESCRIPT)[1].startswith(
        "function o(a: any)"
    )


def test_csharp_overloads_are_apart() -> None:
    text = "class A\n{\n    int F(int a) => 1;\n    int F(string| a) => 2;\n}\n"
    assert scope_of(text, CSHARP)[1] == "    int F(string a) => 2;"


def test_an_arrow_function_and_its_export() -> None:
    scope, covered = scope_of("/** d */\nexport const f = (a) => {\n  |\n};\n", JAVASCRIPT)
    assert (scope.name, scope.parameters) == ("f", ("a",))
    assert covered == "/** d */\nexport const f = (a) => {\n  \n};"


def test_a_broken_method_above_does_not_hide_the_one_below() -> None:
    text = 'class A:\n    def f(self):\n        y = (\n\n    def b(self):\n        |"""d"""\n\ndef z(): pass\n'
    scope, covered = scope_of(text)
    assert (scope.name, scope.container, covered) == ("b", "A", '    def b(self):\n        """d"""')
    assert scope_of(text.replace("|", "").replace("y = (", "y = (|"))[0].name == "f"


def test_go_and_rust() -> None:
    scope, covered = scope_of("package a\n\n// A.\nfunc (b *B) A(n int) {|\n}\n\nx\n", lang.GO)
    assert (scope.kind, covered) == (ScopeKind.DEFINITION, "// A.\nfunc (b *B) A(n int) {\n}")
    assert (scope.name, scope.container, scope.parameters) == ("A", None, ("b", "n"))
    scope, covered = scope_of("impl B {\n    /// A.\n    #[inline]\n    fn a(&self) {|\n    }\n}\n", lang.RUST)
    assert (scope.name, scope.container, scope.indent) == ("a", "impl B", "    ")
    assert covered == "    /// A.\n    #[inline]\n    fn a(&self) {\n    }"


def test_offsets_beyond_the_text_are_its_end() -> None:
    assert SCOPES.scope(document("x = 1"), TextRange(start=90, end=99)).name == "x"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "def f(a):\n",
                "    pass\n",
                "class A:\n",
                "\n",
                "\r\n",
                "# TODO x\n",
                "# c\n",
                "  \n",
                "x = 1\n",
                "@d\n",
                "😀",
                "    def g(self): ...\r\n",
                "f(\n",
                "import os\r",
                "\ufeff",
                "    ",
            ]
        ),
        max_size=14,
    ),
    st.integers(0, 99),
    st.integers(0, 60),
    st.sampled_from([PYTHON, CSHARP, TYPESCRIPT, lang.GO]),
)
def test_a_scope_is_whole_lines(parts: list[str], start: int, length: int, language: Language) -> None:
    text = "".join(parts)
    scope = SCOPES.scope(document(text, language), TextRange(start=start, end=start + length))
    assert scope.range.end <= len(text)
    if scope.kind is ScopeKind.INSERTION:
        assert scope.range.start == scope.range.end
    else:
        before = text[: scope.range.start].removeprefix("\ufeff")
        assert not before or before[-1] in "\r\n"
        after = text[scope.range.end :]
        assert not after or after[0] in "\r\n"
        assert scope.kind is ScopeKind.FILE or scope.range.of(text).startswith(("\f" + scope.indent, scope.indent))
    assert SCOPES.instruction(document(text, language), scope, None, ())


def says(text: str, language: Language = PYTHON, words: str | None = None, path: str | None = None) -> str:
    plain, place = marked(text)
    doc = document(plain, language, Path(path) if path else None)
    return SCOPES.instruction(doc, SCOPES.scope(doc, place), words, ())


def test_instructions() -> None:
    assert says("def f(): |pass\n", words="  sort it ") == "sort it"
    assert says("class A:\n    def f(self): |...\n", words="  ") == "Implement `A.f`."
    assert says("def f():\n    # TODO: sort|\n    pass\n") == (
        "Implement `f`. Write the code that its comment asks for: TODO: sort"
    )
    assert says("# TODO: read|\n# it all\n") == "Write the code that the comment asks for: TODO: read it all"
    assert says("|", path="/x/shop/cart.py") == "Write the file cart.py."
    assert says("|") == "Write this file."
    assert "`f`" in says("def f(): return |1\n")
    assert "inside `A`" in says("class A:\n    x = 1\n\n|\n    y = 2\n")


def test_a_fix_names_each_problem() -> None:
    doc = document("x = y\n")
    scope = SCOPES.scope(doc, TextRange(start=0, end=0))
    found = Diagnostic(file="a.py", line=1, severity=Severity.ERROR, message="y is not defined")
    assert SCOPES.instruction(doc, scope, None, (found,)) == "Fix: y is not defined (line 1)"
