"""Answers as models give them, in Java, C and C++: what comes out, and what it becomes in the file."""

from __future__ import annotations

import pytest

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.languages import Language
from forge_lsp.core.task import Document, Task, TextRange
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.extraction import extract
from tests.support import lang

SYNTAX = TreeSitterSyntax()
EDITS = Edits(SYNTAX)
LANGUAGES = {"java": lang.JAVA, "c": lang.C, "cpp": lang.CPP}


def asked(marked: str, language: Language) -> Task:
    """A task with the cursor at ``|``; without one, the whole file."""
    at = marked.find("|")
    document = Document(uri="untitled:Untitled-1", language=language, text=marked.replace("|", "", 1))
    place = TextRange(start=at, end=at) if at >= 0 else None
    return Task(document=document, scope=Scopes(SYNTAX).scope(document, place), instruction="do it")


def answered(task: Task, text: str) -> str:
    """The document with the answer in it."""
    found = extract(text, task, syntax=SYNTAX)
    return EDITS.splice(task, found.code, found.imports)


JAVA = """package shop;

public class Calc {
    private int seen = 0;

    /** Adds. */
    public int add(int a, int b) {
        throw new UnsupportedOperationException("TODO");|
    }

    public double add(double a, double b) {
        return a + b;
    }
}
"""
JAVA_DONE = JAVA.replace('throw new UnsupportedOperationException("TODO");|', "return a + b;")
JAVA_ADD = "public int add(int a, int b) {\n    return a + b;\n}"
JAVA_IN_CLASS = "    " + JAVA_ADD.replace("\n", "\n    ")
MAIN = "    public static void main(String[] args) {\n        System.out.println(new Calc().add(1, 2));\n    }"


@pytest.mark.parametrize(
    "text",
    [
        f"```java\n{JAVA_ADD}\n```",
        f"```\n{JAVA_ADD}\n```\nThis adds.",
        f"Here you are:\n\n{JAVA_ADD}\n\nIt returns the sum of both.",
        f"```java\n/** Adds. */\n{JAVA_ADD}\n",
        f"```java\npackage shop;\n\npublic class Calc {{\n{JAVA_IN_CLASS}\n\n{MAIN}\n}}\n```",
        f"```java\npublic class Calc {{\n    private int seen = 0;\n\n{JAVA_IN_CLASS}\n\n"
        "    public double add(double a, double b) {\n        return a + b;\n    }\n}\n```",
        f"```java\npublic class Main {{\n{JAVA_IN_CLASS}\n\n{MAIN}\n}}\n```",
        f"```java\n{JAVA_ADD}\n```\nUse it:\n```java\nint three = new Calc().add(1, 2);\n```",
        f"<think>hm</think>\n```java\n{JAVA_ADD}\n```",
        "```java\nint add(int a, int b) { // sums\n    return a + b;\n}\n```".replace(" // sums", ""),
        f"```java\n@Override\n{JAVA_ADD}\n```".replace("@Override\n", ""),
    ],
)
def test_a_method_of_java(text: str) -> None:
    assert answered(asked(JAVA, lang.JAVA), text) == JAVA_DONE


def test_imports_of_java_come_along_where_they_are_used() -> None:
    answer = (
        "```java\nimport java.util.List;\nimport java.util.Scanner;\n\npublic class Calc {\n"
        "    public int add(int a, int b) {\n        return List.of(a, b).size();\n    }\n}\n```"
    )
    got = answered(asked(JAVA, lang.JAVA), answer)
    assert "package shop;\n\nimport java.util.List;\n\npublic class" in got
    assert "Scanner" not in got


def test_helpers_of_java_come_into_the_class() -> None:
    answer = (
        "```java\npublic class Calc {\n    public int add(int a, int b) {\n        return sum(a, b);\n    }\n\n"
        "    private int sum(int a, int b) {\n        return a + b;\n    }\n}\n```"
    )
    got = answered(asked(JAVA, lang.JAVA), answer)
    assert not SYNTAX.outline(got, lang.JAVA).errors
    assert "    private int sum(int a, int b) {" in got
    assert got.count("public double add") == 1


C = """#include "calc.h"

/* Adds. */
int add(int a, int b)
{
    return 0; // TODO|
}
"""
C_ADD = "int add(int a, int b)\n{\n    return a + b;\n}"
C_DONE = C.replace("return 0; // TODO|", "return a + b;")


@pytest.mark.parametrize("name", ["c", "cpp"])
@pytest.mark.parametrize(
    "text",
    [
        f"```c\n{C_ADD}\n```",
        f"Sure:\n\n{C_ADD}\n\nThis adds.",
        f"```c\n#include <stdio.h>\n\n{C_ADD}\n\nint main(void)\n{{\n"
        '    printf("%d\\n", add(1, 2));\n    return 0;\n}\n```',
        f"```c\nint add(int a, int b);\n\nint main(void) {{\n    return add(1, 2);\n}}\n\n{C_ADD}\n```",
        f"```c\n{C_ADD}\n\nint add(int a, int b);\n```",
        f"```cpp\n#include <iostream>\nusing namespace std;\n\n{C_ADD}\n\n"
        "int main() { std::cout << add(1, 2); }\n```".replace("using namespace std;\n", ""),
        f"```c\n/* Adds. */\n{C_ADD}\n```\n\n```bash\ngcc calc.c\n```",
        "```c\nint sum(int a, int b)\n{\n    return a + b;\n}\n```",
    ],
)
def test_a_function_of_c(name: str, text: str) -> None:
    assert answered(asked(C, LANGUAGES[name]), text) == C_DONE


def test_helpers_macros_and_includes_of_c_come_along() -> None:
    answer = (
        "```c\n#include <stdint.h>\n#include <stdio.h>\n#define LIMIT 10\n#define UNUSED 1\n\n"
        "static int clamp(int a) { return a > LIMIT ? LIMIT : a; }\n\n"
        "int add(int a, int b)\n{\n    return clamp((int32_t)a + b);\n}\n```"
    )
    got = answered(asked(C, lang.C), answer)
    assert got.startswith('#include "calc.h"\n#include <stdint.h>\n')
    assert got.index("#define LIMIT") < got.index("clamp(int a)") < got.index("int add(")
    assert "UNUSED" not in got and "stdio" not in got


def test_a_macro_in_a_header_that_no_grammar_knows() -> None:
    text = "/* Adds. */\nCALC_API int add(int a, int b)\n{\n    return 0; // TODO|\n}\n"
    done = text.replace("return 0; // TODO|", "return a + b;")
    assert answered(asked(text, lang.C), f"```c\nCALC_API {C_ADD}\n```") == done
    assert answered(asked(text, lang.C), f"```c\n{C_ADD}\n```") == done


CPP = """#include "stack.hpp"

namespace util {

/// Adds to the end.
template <typename T>
int Stack<T>::push(const T& item) const
{
    throw std::logic_error("not implemented");|
}

}
"""
CPP_BODY = "{\n    items_.push_back(item);\n    return items_.size();\n}"
CPP_PUSH = f"template <typename T>\nint Stack<T>::push(const T& item) const\n{CPP_BODY}"
CPP_DONE = CPP.replace(
    'throw std::logic_error("not implemented");|', "items_.push_back(item);\n    return items_.size();"
)


@pytest.mark.parametrize(
    "text",
    [
        f"```cpp\n{CPP_PUSH}\n```",
        f'```cpp\n#include "stack.hpp"\n\nnamespace util {{\n{CPP_PUSH}\n}}\n\nint main() {{ return 0; }}\n```',
        f"```cpp\nint push(const T& item) const\n{CPP_BODY}\n```",
    ],
)
def test_a_method_outside_of_its_class(text: str) -> None:
    assert answered(asked(CPP, lang.CPP), text) == CPP_DONE


def test_a_method_that_came_inside_of_its_class_goes_outside() -> None:
    text = "int Box::size() const {\n    return 0; // TODO|\n}\n"
    answer = (
        "```cpp\nclass Box : public Base {\npublic:\n    virtual int size() const override {\n"
        "        return n_;\n    }\nprivate:\n    int n_ = 0;\n};\n```"
    )
    assert answered(asked(text, lang.CPP), answer) == "int Box::size() const {\n    return n_;\n}\n"


def test_a_class_keeps_its_semicolon_and_what_was_done() -> None:
    text = (
        "class Box {|\npublic:\n    int size() const { return 0; /* TODO */ }\n"
        "    int twice() const { return 2 * size(); }\nprivate:\n    int n_ = 1;\n};\n"
    )
    answer = (
        "```cpp\nclass Box {\npublic:\n    int size() const { return n_; }\n"
        "    int twice() const { return 2 * size(); }\nprivate:\n    int n_ = 1;\n};\n\n"
        "int main() { return Box().size(); }\n```"
    )
    assert answered(asked(text, lang.CPP), answer) == text.replace("|", "").replace(
        "return 0; /* TODO */", "return n_;"
    )


def test_names_of_a_namespace_come_with_it_only_where_they_are_needed() -> None:
    head = "```cpp\n#include <vector>\nusing namespace std;\n\nint add(int a, int b)\n{\n"
    spelled = answered(asked(C, lang.CPP), f"{head}    return std::vector<int>{{a, b}}.size();\n}}\n```")
    assert "using namespace" not in spelled and "#include <vector>" in spelled
    bare = answered(asked(C, lang.CPP), f"{head}    return vector<int>{{a, b}}.size();\n}}\n```")
    assert '#include "calc.h"\n#include <vector>\nusing namespace std;\n' in bare


def test_at_a_place_main_is_a_demo() -> None:
    text = "#include <stdlib.h>\n|\n"
    got = answered(asked(text, lang.C), f"```c\n{C_ADD}\n\nint main(void)\n{{\n    return add(1, 2);\n}}\n```")
    assert "main" not in got and "return a + b;" in got
    program = answered(asked(text, lang.C), "```c\nint main(void)\n{\n    return 0;\n}\n```")
    assert "int main(void)" in program


@pytest.mark.parametrize(("text", "name"), [(JAVA, "java"), (C, "c"), (C, "cpp"), (CPP, "cpp")])
def test_no_code_is_an_error(text: str, name: str) -> None:
    task = asked(text, LANGUAGES[name])
    for answer in ("I cannot do that.", "```bash\nmake\n```", f"```{name}\nint sub(int a, int b {{\n```"):
        with pytest.raises(ExtractionFailed):
            extract(answer, task, syntax=SYNTAX)
    stub = task.original
    with pytest.raises(ExtractionFailed):
        extract(f"```{name}\n{stub}\n```", task, syntax=SYNTAX)


@pytest.mark.parametrize(("text", "name"), [(JAVA, "java"), (C, "c"), (C, "cpp")])
def test_what_does_not_parse_is_for_the_compiler_to_say(text: str, name: str) -> None:
    task = asked(text, LANGUAGES[name])
    written = "int add(int a, int b)\n{\n    return (a + b;\n}"
    assert extract(f"```{name}\n{written}\n```", task, syntax=SYNTAX).code == written
    if name == "c":  # a grammar knows no macros; the compiler does
        written = "EXPORT(1) int add(int a, int b) NOTHROW\n{\n    return a + b;\n}"
        assert extract(f"```c\n{written}\n```", task, syntax=SYNTAX).code == written
