"""Where the scope of a task is in a text, among definitions of one name."""

from __future__ import annotations

from forge_lsp.core.task import Document, Scope, ScopeKind, Task, TextRange
from forge_lsp.editing.scoped import scoped
from tests.support import lang
from tests.support.builds import task_of

OVERLOADS = "int area(int a, int b);\nint area(int a, int b) { return a; }\n«double area(double a) { return a; }»\n"


def test_of_overloads_the_one_is_meant_that_the_scope_covers() -> None:
    task = task_of(OVERLOADS, language=lang.CPP, name="area")
    changed = task.document.text.replace("double area(double a)", "double area(float a)")
    for text in (task.document.text, changed):
        found = scoped(task, text)
        assert found is not None
        assert (found.item.signature or "").startswith("double area(")
    first = task_of("int area(int a);\n«int area(int a) { return a; }»\n", language=lang.CPP, name="area")
    found = scoped(first, first.document.text)
    assert found is not None
    assert found.item.body is not None, "a definition, not its declaration"


def test_which_overload_is_the_scope() -> None:
    text = (
        "class A {\n  int add(int a) { return 1; }\n  int add(int a, int b) { return 2; }\n"
        "  int add(String a, int b) { return 3; }\n}\n"
    )

    def body(parameters: tuple[str, ...] | None, header: str | None = None) -> str:
        scope = Scope(
            kind=ScopeKind.DEFINITION,
            range=TextRange(start=0, end=len(text)),
            name="add",
            container="A",
            parameters=parameters,
            signature=header,
        )
        document = Document(uri="file:///A.java", language=lang.JAVA, text=text)
        found = scoped(Task(document=document, scope=scope, instruction="x"), text)
        assert found is not None
        assert found.item.body is not None
        return found.item.body.of(text)

    assert body(("a", "b"), "int add(String  a, int b)") == "{ return 3; }"
    assert body(("a", "b")) == "{ return 2; }"
    assert body(("x", "y")) == "{ return 2; }"
    assert body(("x",)) == "{ return 1; }"
    assert body(None) == "{ return 1; }"
