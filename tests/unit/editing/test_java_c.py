"""Java, C and C++: what is defined where, what is a stub, and how code and imports are put into a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.core.task import Document, Task
from forge_lsp.editing import neighbours
from forge_lsp.editing.files import Files
from forge_lsp.editing.imports import merge_imports
from tests.support import lang
from tests.unit.editing.support import EDITS, SCOPES, SYNTAX, document, marked, scope_of, spliced

JAVA, C, CPP = lang.JAVA, lang.C, lang.CPP


def items(text: str, language: Language) -> dict[str, Item]:
    """Every named item, by dotted name."""
    found: dict[str, Item] = {}

    def add(these: tuple[Item, ...], path: str) -> None:
        for item in these:
            name = f"{path}{item.name}" if item.name else path.rstrip(".")
            if item.name:
                found[name] = item
            add(item.children, f"{name}." if name else "")

    add(SYNTAX.outline(text, language).items, "")
    return found


JAVA_TEXT = """package shop;

import java.util.List;

/** A cart. */
@Deprecated
public class Cart<T> extends Base implements Face {
    private int count = 1;
    static { init(); }

    public Cart(int size) { }

    /**
     * Totals.
     */
    @Override
    public <U> int total(int rate, final String... notes) throws Exception {
        throw new UnsupportedOperationException("later");
    }
    abstract void paint();
    int zero() { // TODO
        return 0; }
    int none() { }
    void idle() { }
    void todo() { /* TODO: it */ }
    int done() { return count; }
    int other() { throw new IllegalStateException("Not implemented yet"); }
    enum Kind { A, B; int z() { return 1; } }
    record Pair(int left, int right) { }
}
interface Face { int face(int a); default int two() { return 2; } }
"""


@pytest.mark.parametrize("text", [JAVA_TEXT, JAVA_TEXT.replace("\n", "\r\n"), JAVA_TEXT.replace("later", "später 😀")])
def test_java(text: str) -> None:
    outline = SYNTAX.outline(text, JAVA)
    assert outline.errors == ()
    found = items(text, JAVA)
    assert [i.kind for i in outline.items[:3]] == [ItemKind.OTHER, ItemKind.IMPORT, ItemKind.CLASS]
    stubs = {name for name, item in found.items() if item.stub}
    assert stubs == {f"Cart.{name}" for name in ("total", "zero", "none", "todo", "other")}
    assert found["Cart"].range.of(text).startswith("/** A cart. */")
    assert found["Cart"].signature == "public class Cart<T> extends Base implements Face"
    total = found["Cart.total"]
    assert total.range.of(text).startswith("/**")
    assert total.parameters == ("rate", "notes")
    assert total.signature == "public <U> int total(int rate, final String... notes) throws Exception"
    assert total.body is not None and total.body.of(text).startswith("{")
    assert found["Cart.Pair"].parameters == ("left", "right")
    assert {"Cart.Cart", "Cart.count", "Cart.Kind.z", "Face.face", "Face.two"} <= set(found)


@pytest.mark.parametrize(
    "text",
    ["/** Makes. */\npublic Cart(int a) { this.a = a; }", "@Override\npublic int add(int a) {\n    return a;\n}\n"],
)
def test_java_members_without_their_class(text: str) -> None:
    outline = SYNTAX.outline(text, JAVA)
    assert outline.errors == ()
    assert [(item.kind, item.parameters) for item in outline.items] == [(ItemKind.FUNCTION, ("a",))]
    assert outline.items[0].range.of(text) == text.strip()


CPP_TEXT = """#ifndef BOX_H
#define BOX_H
#include <vector>
#ifdef _WIN32
#include <windows.h>
#endif
namespace a::b {
/// A box.
template <typename T> class Box final : public Base {
public:
    explicit Box(int size) : size_(size) {}
    ~Box() {}
    int add(int left, const T& right = 1) const noexcept;
    int one() { return 1; }
    /** Does it. */
    int todo() { /* TODO */ return 0; }
    void idle() {}
    Box& operator=(const Box&) = default;
    explicit operator bool() const { return true; }
private:
    static int count_;
};
// Adds.
template <typename T>
int Box<T>::add(int left, const T& right) const { abort(); }
Box::Box(int size) : size_(size) {}
}
struct Point { int x, y; };
typedef struct { int a; } Pair;
enum class Kind { A, B };
static int *heap(int a[], char **b, void (*callback)(int)) { throw std::logic_error("not implemented"); }
EXPORT_API int made(void) { (void)x; return 0; /* TODO */ }
extern "C" int c_call(int);
int (*pointer)(int);
#endif
"""


@pytest.mark.parametrize("text", [CPP_TEXT, CPP_TEXT.replace("\n", "\r\n"), CPP_TEXT.replace("A box", "Ein 📦")])
def test_cpp(text: str) -> None:
    outline = SYNTAX.outline(text, CPP)
    assert outline.errors == ()
    found = items(text, CPP)
    assert {name for name, item in found.items() if item.stub} == {"Box.todo", "Box<T>::add", "heap", "made"}
    imports = [item.range.of(text) for item in outline.items if item.kind is ItemKind.IMPORT]
    assert imports == ["#include <vector>"], "an include under a condition is none to stand beside"
    assert found["Box"].range.of(text).endswith("};"), "the semicolon belongs to it"
    assert found["Box"].range.of(text).startswith("/// ")
    assert found["Box<T>::add"].signature is not None
    assert found["Box<T>::add"].signature.startswith("template <typename T>")
    assert found["heap"].parameters == ("a", "b", "callback")
    assert found["made"].range.of(text).startswith("EXPORT_API int made")
    assert found["made"].signature == "EXPORT_API int made(void)"
    assert found["made"].parameters == ()
    assert found["pointer"].kind is ItemKind.ASSIGNMENT
    assert found["Pair"].kind is ItemKind.CLASS
    assert {"Box.Box", "Box.~Box", "Box.operator=", "Box.operator bool", "Box::Box", "c_call", "Kind"} <= set(found)


@pytest.mark.parametrize(
    ("body", "is_stub"),
    [
        ("", True),
        ("abort(); // TODO", True),
        ("abort();", True),
        ("(void)a; return 0; /* TODO */", True),
        ('assert(0 && "later"); return -1;', True),
        ("// TODO", True),
        ("return 0;", False),
        ("return a;", False),
        ("log(a); abort();", False),
    ],
)
@pytest.mark.parametrize("language", [C, CPP])
def test_c_stubs(body: str, is_stub: bool, language: Language) -> None:
    assert items(f"int f(int a) {{\n    {body}\n}}\n", language)["f"].stub is is_stub


def test_a_prototype_is_no_stub_and_a_header_may_hold_either_language() -> None:
    assert not items("/** Adds. */\nint add(int a, int b);\n", C)["add"].stub
    text = "#pragma once\nnamespace a { class Box { public: int f() const; }; }\n"
    assert SYNTAX.outline(text, C).errors == ()
    assert "Box.f" in items(text, C)


@pytest.mark.parametrize(
    "text", ["Stack(int a) : a_(a) {}", "int push(int a) const override { return a; }", "virtual ~Stack() = default;"]
)
def test_cpp_members_without_their_class(text: str) -> None:
    outline = SYNTAX.outline(text, CPP)
    assert (outline.errors, outline.items[0].kind) == ((), ItemKind.FUNCTION)


def test_scopes_are_named_by_what_encloses_them() -> None:
    scope, text = scope_of(JAVA_TEXT.replace("throw new Unsupported", "|throw new Unsupported"), JAVA)
    assert (scope.name, scope.container, scope.indent) == ("total", "Cart", "    ")
    assert text.lstrip().startswith("/**") and text.endswith("}")
    scope, text = scope_of(CPP_TEXT.replace("abort();", "|abort();"), CPP)
    assert (scope.name, scope.container) == ("Box<T>::add", None)
    assert text.startswith("// Adds.")
    scope, text = scope_of(CPP_TEXT.replace("int one()", "int |one()"), CPP)
    assert (scope.name, scope.container) == ("one", "Box")
    scope, text = scope_of("struct S {\n    int a;|\n    int b;\n};\n", C)
    assert text == "    int a;"


JAVA_STUB = """package shop;

public class Cart {
    /**
     * Totals.
     */
    @Deprecated
    public static int total(final int rate) {
        |throw new UnsupportedOperationException();
    }
}
"""


def test_java_keeps_the_documentation_the_annotations_and_the_header() -> None:
    done = spliced(
        JAVA_STUB, "int total(int rate) {\n  return List.of(rate).size();\n}", "import java.util.List;", language=JAVA
    )
    assert done == JAVA_STUB.replace(
        "|throw new UnsupportedOperationException();", "return List.of(rate).size();"
    ).replace("package shop;\n", "package shop;\n\nimport java.util.List;\n")


def test_c_keeps_the_documentation_and_the_header() -> None:
    text = "/** Adds. */\nEXPORT_API static int add(int a, const int b)\n{\n    |return 0; // TODO\n}\n"
    done = spliced(text, "int add(int a, int b) {\n  return a + b;\n}", language=C)
    assert done == "/** Adds. */\nEXPORT_API static int add(int a, const int b) {\n    return a + b;\n}\n"
    other = spliced(text, "int add(int left, int right) { return left + right; }", language=C)
    assert "int add(int left, int right)" in other, "its body uses those names"


def test_a_java_file_gets_its_package_and_its_name() -> None:
    path = Path("/w/src/shop/Cart.java")
    text = "package shop;\n"
    doc = Document(uri=path.as_uri(), language=JAVA, text=text, path=path)
    task = Task(document=doc, scope=SCOPES.scope(doc, None), instruction="write it")
    code = "public class Solution {\n    Solution() { }\n}\nclass SolutionHelper { Solution a; }\n"
    done = EDITS.splice(task, code, ())
    assert done.startswith("package shop;\n\npublic class Cart {\n    Cart() { }")
    assert "class SolutionHelper { Cart a; }" in done
    kept = EDITS.splice(task, "package shop;\n\nclass Cart { }\npublic class Other { }\n", ())
    assert "public class Other" in kept, "the compiler is to say that"


@pytest.mark.parametrize(
    ("text", "imports", "merged"),
    [
        ("class A { }\n", ("import a.B;",), "import a.B;\n\nclass A { }\n"),
        ("// c\npackage p;\n\nclass A { }\n", ("import a.B;",), "// c\npackage p;\n\nimport a.B;\n\nclass A { }\n"),
        ("import a.*;\nimport b.C;\n", ("import a.B;", "import b.C;"), "import a.*;\nimport b.C;\n"),
        (
            "import java.util.List;\nimport org.x.Y;\nimport static a.b.c;\n\nclass A { }\n",
            ("import java.util.Map;", "import static a.b.d;", "import org.x.Z;"),
            "import java.util.List;\nimport java.util.Map;\nimport org.x.Y;\nimport org.x.Z;\n"
            "import static a.b.c;\nimport static a.b.d;\n\nclass A { }\n",
        ),
    ],
)
def test_java_imports(text: str, imports: tuple[str, ...], merged: str) -> None:
    assert merge_imports(text, imports, JAVA, SYNTAX) == merged
    assert merge_imports(merged, imports, JAVA, SYNTAX) == merged, "twice is as good as once"


@pytest.mark.parametrize(
    ("text", "imports", "merged"),
    [
        ("int a;\n", ("#include <a.h>",), "#include <a.h>\n\nint a;\n"),
        (
            '#include "z.h"\n#include <b.h>\n#include "own.h"\n\nint a;\n',
            ("#include <a.h>", '#include "more.h"', "#include <b.h>"),
            '#include "z.h"\n#include <b.h>\n#include <a.h>\n#include "own.h"\n#include "more.h"\n\nint a;\n',
        ),
        (
            "/* Licence. */\n#ifndef A_H\n#define A_H\n\nint a;\n#endif\n",
            ("#include <a.h>",),
            "/* Licence. */\n#ifndef A_H\n#define A_H\n\n#include <a.h>\n\nint a;\n#endif\n",
        ),
        ("#include <stdio.h>\n", ("#include <cstdio>", "#include  <stdio.h>"), "#include <stdio.h>\n"),
        (
            "#ifdef X\n#include <x.h>\n#endif\n#include <a.h>\nint f();\n",
            ("#include <b.h>",),
            "#ifdef X\n#include <x.h>\n#endif\n#include <a.h>\n#include <b.h>\nint f();\n",
        ),
        ("#include <a>\r\nint b;\r\n", ("#include <c>",), "#include <a>\r\n#include <c>\r\nint b;\r\n"),
        ("#include <a>\nint b;\n", ("using namespace std;",), "#include <a>\nusing namespace std;\nint b;\n"),
    ],
)
def test_includes(text: str, imports: tuple[str, ...], merged: str) -> None:
    assert merge_imports(text, imports, CPP, SYNTAX) == merged
    assert merge_imports(merged, imports, CPP, SYNTAX) == merged


def test_strings_that_span_lines_stay() -> None:
    text = 'class A { String a = """\n  x\n  """; String b = "y"; }'
    assert [place.of(text) for place in SYNTAX.multiline_strings(text, JAVA)] == ['"""\n  x\n  """']
    text = 'auto a = R"(x\n  y)"; auto b = "z";'
    assert [place.of(text) for place in SYNTAX.multiline_strings(text, CPP)] == ['R"(x\n  y)"']


def test_the_files_that_a_document_leans_on(tmp_path: Path) -> None:
    for name, text in {
        "include/box.h": "struct box { int a; };\n",
        "src/a.c": "",
        "tests/test_a.c": "",
        "Price.java": "class Price { }\n",
        "Cart.java": "",
        "CartTest.java": "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    def near(name: str, text: str, language: Language) -> tuple[list[str], list[str]]:
        plain, _ = marked(text)
        doc = document(plain, language, tmp_path / name)
        files = Files(tmp_path, (), code=lang.BUILT_IN.suffixes, largest=100_000)
        leans = [path.name for path in neighbours.imported_files(doc, files, SYNTAX)]
        names = [found for found, _ in files.guard.listed(language.suffixes, most=100, known={}, folders={})]
        return leans, [Path(found).name for found in names if language.is_test_file(found)]

    assert near("src/a.c", '#include <stdio.h>\n#include "box.h"\n', C) == (["box.h"], ["test_a.c"])
    assert near("Cart.java", "class Cart { Price price; }\n", JAVA) == ([], ["CartTest.java"])
