"""Examples in the comments of other languages than Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_lsp.checking.examples.written import (
    Call,
    DocumentationLine,
    WrittenExample,
    call_in,
    documentation_of,
    same_name,
    written_in,
)
from forge_lsp.core.task import Document, ScopeKind, Task, TextRange
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from tests.support import lang

SCOPES = Scopes(TreeSitterSyntax())


def examples(*lines: str, name: str = "addAll") -> list[WrittenExample]:
    return list(
        written_in(
            [DocumentationLine(n, line) for n, line in enumerate(lines, 1)], lambda call: same_name(call.name, name)
        )
    )


def told(*lines: str, name: str = "addAll") -> list[tuple[str, str | None, int]]:
    return [(one.call, one.value, one.line) for one in examples(*lines, name=name)]


@pytest.mark.parametrize(
    "line",
    [
        "add_all([1, 2]) == 3",
        "addAll([1, 2]) = 3",
        "AddAll([1, 2]) -> 3",
        "add_all([1, 2]) => 3",
        "add_all([1, 2]) ➞ 3",
        "add_all([1, 2]) returns 3",
        "add_all([1, 2]) should return 3.",
        "For example, `add_all([1, 2])` returns `3`, as one expects.",
        "add_all([1, 2]); // => 3",
        "add_all([1, 2]) // 3",
        "add_all([1, 2])  # returns 3",
        "Summing.addAll([1, 2]) === 3",
        ">>> add_all([1, 2]) == 3",
        ">>> assert add_all([1, 2]) == 3",
    ],
)
def test_forms_on_one_line(line: str) -> None:
    ((call, value, number),) = told(line)
    assert (call.rpartition(".")[2].lower().replace("_", ""), value, number) == ("addall([1, 2])", "3", 1)


def test_forms_on_several_lines() -> None:
    assert told(">>> add_all([1])", "1", ">>> add_all([", "...   2,", "... ])", "2", "", "and so on") == [
        ("add_all([1])", "1", 1),
        ("add_all([\n  2,\n])", "2", 3),
    ]
    assert told("addAll(List.of(1))", "// => 1", "", "addAll(List.of(2));", "Returns: 2") == [
        ("addAll(List.of(1))", "1", 1),
        ("addAll(List.of(2))", "2", 4),
    ]


def test_what_is_no_example() -> None:
    assert told("function addAll(numbers) {", "addAll(numbers) is fast", "other(1) == 2", "not addAll(1) == 2") == []
    assert told("def add_all(x) = 1", "add_all(x) == y") == []


def test_exceptions() -> None:
    (one, two, three) = examples(
        "addAll(null) throws NullPointerException", ">>> add_all(None)", "ValueError: nothing", "", "add_all(1) panics"
    )
    assert [one.raises, two.raises, three.raises] == ["NullPointerException", "ValueError", ""]
    assert one.expected == "raises NullPointerException"


def test_a_session_keeps_its_steps() -> None:
    (one, two) = examples(">>> s = Stack()", ">>> s.push(1)", ">>> s.pop()", "1", "", ">>> s.pop()", "2", name="pop")
    assert one.steps == ("s = Stack()", "s.push(1)")
    assert two.steps == ("s = Stack()", "s.push(1)", "s.pop()"), "one session: only a blank line lies between"


def test_calls_are_read() -> None:
    assert call_in("Stack.of(1, [2, 3]).size();") == Call(
        head="Stack.", name="of", arguments=("1", "[2, 3]"), after=".size()"
    )
    assert call_in("s->push(1)") == Call(head="s->", name="push", arguments=("1",))
    assert call_in("x + f(1)") is None
    assert call_in("f(1) + 2") is None


JAVA = """class Problem {
    // other(1) == 2
    int x;

    /**
     * Adds.
     * <pre>{@code addAll(List.of(1)) == 1}</pre>
     * &gt;&gt;&gt; add_all([2])
     * 2
     * @return nothing of add_all([7]) here
     */
    @Deprecated
    public static int addAll(List<Integer> numbers) {
        // add_all([3]) == 3
        throw new UnsupportedOperationException();
    }
    // add_all([4]) == 4
}
"""


def task_of(text: str, language: object, at: str) -> Task:
    document = Document(uri="file:///p", language=language, text=text, path=Path("/p"))  # type: ignore[arg-type]
    start = text.index(at)
    scope = SCOPES.scope(document, TextRange(start=start, end=start))
    assert scope.kind is ScopeKind.DEFINITION
    return Task(document=document, scope=scope, instruction="Do it: add_all([5]) == 5")


def test_documentation_is_that_of_the_scope_and_of_the_instruction() -> None:
    task = task_of(JAVA, lang.JAVA, "addAll(List<Integer>")
    found = written_in(documentation_of(task), lambda call: same_name(call.name, "addAll"))
    assert [(one.call, one.value, one.line) for one in found if not one.silent] == [
        ("addAll(List.of(1))", "1", 7),
        ("add_all([2])", "2", 8),
        ("add_all([3])", "3", 14),
        ("add_all([5])", "5", 0),
    ]


def test_comments_of_each_form_are_documentation() -> None:
    for text, language in (
        ("// f(1) == 2\nfunction f(x) {\n  throw 1;\n}\n", lang.JAVASCRIPT),
        ("/// <summary>f</summary>\n/// <example>f(1) == 2</example>\n", None),
        ("/**\n * @example f(1) // => 2\n */\nfunction f(x) {\n  throw 1;\n}\n", lang.JAVASCRIPT),
        ("/* f(1) == 2 */\nint f(int x) {\n  abort();\n}\n", lang.C),
        ("# f(1) == 2\ndef f(x)\n  raise NotImplementedError\nend\n", lang.RUBY),
    ):
        if language is None:
            text, language = f"class P {{\n{text}static int f(int x) {{ return 0; }}\n}}\n", lang.CSHARP
        task = task_of(text, language, "f(x)" if "f(x)" in text else "f(int x)")
        found = written_in(documentation_of(task), lambda call: call.name == "f")
        assert [(one.call.strip(), one.value) for one in found] == [("f(1)", "2")], text
