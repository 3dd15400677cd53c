"""C and C++: declared types, values in their notation, calls and steps, and the program that makes them."""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.checking.examples.answers import Answer, AskedCall
from forge_lsp.checking.examples.types import Signature, Type, TypeMismatch, fitted
from forge_lsp.checking.examples.values import parse
from forge_lsp.checking.examples.written import call_in
from forge_lsp.checking.project import Place
from forge_lsp.core.languages import Language
from forge_lsp.languages.c_family.calling import plainly
from forge_lsp.languages.c_family.declared import aliases_of, read_header
from forge_lsp.languages.c_family.documented import CFamilyDriver
from forge_lsp.languages.c_family.driving import driving, fields_of, namespaces_at
from forge_lsp.languages.c_family.linking import Function, libraries_of
from forge_lsp.languages.c_family.literals import literal, natural
from tests.support import lang
from tests.support.builds import task_of, write_files

C, CPP = lang.C, lang.CPP


def shape(declared: Type) -> object:
    """A type as kinds."""
    return (declared.kind, *map(shape, declared.items)) if declared.items else declared.kind


@pytest.mark.parametrize(
    ("header", "name", "parameters", "result"),
    [
        ("std::vector<long> tri(long n)", "tri", ["int"], ("list", "int")),
        ("int area(int a = 2, unsigned char c)", "area", ["code", "code"], "code"),
        ("template <typename T>\nT top(const std::vector<T> &v)", "top", [("list", "any")], "any"),
        ("auto f(bool x, std::function<int(int)> g) -> std::optional<std::string>", "f", ["bool", "other"],
         ("optional", "string")),
        ("int Stack::pop() const", "Stack::pop", [], "code"),
        ("std::map<std::string, std::vector<int>> g(std::string_view, int (*cb)(int), ll q, Grid grid)", "g",
         ["string", "other", "int", ("list", ("list", "float"))], ("map", "string", ("list", "code"))),
        ("std::pair<int, char> p(std::set<float> s, std::tuple<bool, P> t)", "p", [("set", "float"),
         ("tuple", "bool", "other")], ("tuple", "code", "char")),
        ("std::unique_ptr<int> q(int *xs, P *p)", "q", [("optional", ("list", "code")), "other"], ("optional", "code")),
        ("void clear(void)", "clear", [], "void"),
        ("static inline constexpr long long big() noexcept", "big", [], "int"),
        ("bool operator==(const A &a, const A &b)", "operator==", ["other", "other"], "bool"),
        ("int *numbers(std::stack<int> s)", "numbers", [("list", "code")], "other"),
        ("std::stack<int> numbers()", "numbers", [], "other"),
    ],
)  # fmt: skip
def test_headers_of_cpp(header: str, name: str, parameters: list[object], result: object) -> None:
    found = read_header(header, name, CPP, {"ll": "long long", "Grid": "std::vector<std::vector<double>>"})
    assert found is not None
    assert ([shape(one.type) for one in found.parameters], shape(found.result)) == (parameters, result)


@pytest.mark.parametrize(
    ("header", "name", "parameters", "result"),
    [
        ("const char *name(struct P *p, char c, size_t k)", "name", ["other", "char", "int"], ("optional", "string")),
        ("static int sum(const int xs[], int n)", "sum", [("optional", ("list", "code")), "code"], "code"),
        ("int det(int m[][3], double *out)", "det", [("list", ("list", "code")), ("optional", ("list", "float"))],
         "code"),
        ("_Bool set(char *text, uint8_t bits)", "set", [("optional", "string"), "code"], "bool"),
        ("struct P make(enum kind k, int)", "make", ["other", "code"], "other"),
    ],
)  # fmt: skip
def test_headers_of_c(header: str, name: str, parameters: list[object], result: object) -> None:
    found = read_header(header, name, C, {})
    assert found is not None
    assert ([shape(one.type) for one in found.parameters], shape(found.result)) == (parameters, result)


def test_defaults_and_packs_may_be_left_out() -> None:
    found = read_header("int f(int a, int b = g(1, 2), Ts... more)", "f", CPP, {})
    assert found is not None
    assert [(one.name, one.optional, one.rest) for one in found.parameters] == [
        ("a", False, False),
        ("b", True, False),
        ("more", True, True),
    ]
    assert read_header("int other(int a)", "f", CPP, {}) is None


def test_other_names_of_types() -> None:
    text = "using Row = std::vector<int>;\ntypedef unsigned long word;\n#define ll long long\n// using X = int;\n"
    assert aliases_of(text) == {"Row": "std::vector<int>", "word": "unsigned long", "ll": "long long"}


def _type(declared: str, language: Language) -> Type:
    found = read_header(f"void f({declared} value)", "f", language, {})
    assert found is not None
    return found.parameters[0].type


@pytest.mark.parametrize(
    ("value", "declared", "expected"),
    [
        ("5", "int", "5"),
        ("-2147483648", "int", "static_cast<int>(-2147483648LL)"),
        ("5", "unsigned long", "static_cast<unsigned long>(5LL)"),
        ("18446744073709551615", "uint64_t", "static_cast<uint64_t>(18446744073709551615ULL)"),
        ("-9223372036854775808", "long", "static_cast<long>((-9223372036854775807LL - 1))"),
        ("'a'", "int", "97"),
        ("2", "double", "2.0"),
        ("NaN", "float", 'static_cast<float>(__builtin_nan(""))'),
        ("-inf", "double", "(-__builtin_inf())"),
        ("True", "bool", "true"),
        ("\"'\"", "char", "'\\''"),
        ("'ä'", "wchar_t", "L'\\U000000e4'"),
        ("'a\\n\"ä'", "std::string", 'std::string("a\\n\\"\\303\\244", 5)'),
        ("'ab'", "const char *", '"ab"'),
        ("'ab'", "char *", 'forge_chars("ab")'),
        ("None", "const char *", "(const char *)0"),
        ("[1, 2]", "const std::vector<long> &", "std::vector<long>{static_cast<long>(1LL), static_cast<long>(2LL)}"),
        ("[]", "std::vector<int> &", "forge_kept(std::vector<int>{})"),
        ("[[1], []]", "std::vector<std::vector<int>>",
         "std::vector<std::vector<int>>{std::vector<int>{1}, std::vector<int>{}}"),
        ("[1, 2]", "std::array<int, 2>", "std::array<int, 2>{{1, 2}}"),
        ("[1]", "std::span<const int>", "std::span<const int>(forge_kept(std::vector<int>{1}))"),
        ("[1]", "std::queue<int>", "std::queue<int>(std::deque<int>{1})"),
        ("{1, 2}", "std::set<int>", "std::set<int>{1, 2}"),
        ("{'a': 1}", "std::map<std::string, int>",
         'std::map<std::string, int>{std::make_pair(std::string("a", 1), 1)}'),
        ("(1, True)", "std::pair<int, bool>", "std::pair<int, bool>(1, true)"),
        ("None", "std::optional<int>", "std::optional<int>()"),
        ("3", "std::optional<int>", "std::optional<int>(3)"),
        ("3", "std::shared_ptr<int>", "std::shared_ptr<int>(new int(3))"),
        ("[1, 2]", "const int *", "forge_array<int>({1, 2})"),
        ("{1, 2.5}", "Point", "Point{1, 2.5}"),
        ("{x: 1}", "const Point &", "Point{.x = 1}"),
        ("None", "Node *", "(Node *)0"),
    ],
)  # fmt: skip
def test_values_in_cpp(value: str, declared: str, expected: str) -> None:
    kind = _type(declared, CPP)
    assert literal(fitted(parse(value), kind), kind, CPP) == expected


@pytest.mark.parametrize(
    ("value", "declared", "expected"),
    [
        ("5", "long", "(long)5LL"),
        ("True", "_Bool", "(_Bool)1"),
        ("[1, 2]", "const int *", "(int[]){1, 2}"),
        ("[]", "int *", "(int[1]){0}"),
        ("None", "int *", "(int *)0"),
        ("['a', None]", "const char **", '(const char *[]){"a", (const char *)0}'),
        ("'ab'", "char *", '(char[]){"ab"}'),
        ("{1, 'a'}", "struct P", '(struct P){1, "a"}'),
        ("1.5", "float", "(float)1.5"),
    ],
)
def test_values_in_c(value: str, declared: str, expected: str) -> None:
    kind = _type(declared, C)
    assert literal(fitted(parse(value), kind), kind, C) == expected


def test_arrays_of_arrays_in_c() -> None:
    found = read_header("int det(int m[][2])", "det", C, {})
    assert found is not None
    kind = found.parameters[0].type
    assert literal(fitted(parse("[[1, 2], [3, 4]]"), kind), kind, C) == "(int[][2]){{1, 2}, {3, 4}}"


@pytest.mark.parametrize(
    ("value", "declared", "language"),
    [
        ("-1", "unsigned", CPP),
        ("300", "uint8_t", C),
        ("2147483648", "int", CPP),
        ("'ab'", "char", CPP),
        ("'ä'", "char", CPP),
        ("None", "int", CPP),
        ("1.5", "int", C),
        ("[1, 2, 3]", "std::array<int, 2>", CPP),
        ("5", "Node *", CPP),
        ("5", "Point", CPP),
        ("'a\\x00b'", "const char *", C),
        ("{'a b': 1}", "Point", CPP),
    ],
)
def test_values_that_cannot_be_written(value: str, declared: str, language: Language) -> None:
    kind = _type(declared, language)
    with pytest.raises(TypeMismatch):
        literal(fitted(parse(value), kind), kind, language)


def test_templates_are_given_the_types_of_values() -> None:
    found = read_header("template <class T> T top(const std::vector<T> &v, std::map<T, int>, T)", "top", CPP, {})
    assert found is not None
    kinds = [one.type for one in found.parameters]

    def written(value: str, kind: Type) -> str:
        return literal(fitted(parse(value), kind), kind, CPP)

    assert written("[1, 2]", kinds[0]) == "std::vector<int>{1, 2}"
    assert written("[1, 2.5]", kinds[0]) == "std::vector<double>{1, 2.5}"
    assert written("['a']", kinds[0]) == 'std::vector<std::string>{std::string("a", 1)}'
    assert written("[]", kinds[0]) == "std::vector<int>{}"
    assert written("{'a': 1}", kinds[1]).startswith("std::map<std::string, int>{")
    assert written("1.5", kinds[2]) == "1.5"
    with pytest.raises(TypeMismatch, match="different types"):
        written("[1, 'a']", kinds[0])


def test_values_by_their_own_kind() -> None:
    assert natural(math.inf, CPP) == "__builtin_inf()"
    assert natural(parse("[(1, 'a')]"), CPP).startswith("std::vector<std::tuple<int, std::string>>{")
    assert natural("a", C) == '"a"'
    with pytest.raises(TypeMismatch):
        natural(None, CPP)


def driver() -> CFamilyDriver:
    return CFamilyDriver(None, timeout=1, environment={})  # type: ignore[arg-type]


def signature(marked: str, name: str, language: Language = CPP) -> Signature:
    task = task_of(marked, language=language, name=name)
    found = driver().signature(task, task.document.text)
    assert found is not None
    return found


def called(known: Signature, text: str) -> str:
    call = call_in(text)
    assert call is not None
    return driver().expression(known, list(call.arguments), call)


CLASS = (
    "namespace a { namespace b {\nclass Stack {\npublic:\n  Stack();\n«  int pop() { return 0; }»\n"
    "  static int count();\n};\n} }\n"
)


def test_functions_are_named_from_outside() -> None:
    assert called(signature("«int area(int a) { return a; }»", "area"), "x.area(1)") == "::area(1)"
    inside = "inline namespace v1 { namespace shapes::flat { namespace {\n«int area(int a) { return a; }»\n} } }\n"
    assert called(signature(inside, "area"), "area(1)") == "::v1::shapes::flat::area(1)"
    assert called(signature("«int area(int a) { return a; }»", "area", C), "area(1)") == "area(1)"


def test_members_are_called_on_what_the_example_makes() -> None:
    known = signature(CLASS, "pop")
    assert (known.bound, known.container, known.lines) == (True, "Stack", (5, 5))
    assert called(known, "s.pop()") == "s.pop()"
    assert called(known, "s->pop()") == "s->pop()"
    for text in ("pop()", "Stack.pop()", "a::Stack::pop()"):
        with pytest.raises(TypeMismatch, match="makes none"):
            called(known, text)


@pytest.mark.parametrize(
    ("marked", "name", "bound", "path"),
    [
        ("struct S { static int f(); };\n«int S::f() { return 1; }»\n", "S::f", False, "::S::f"),
        ("struct S { int f(); };\n«int S::f() { return 1; }»\n", "S::f", True, "::S::f"),
        ("namespace s { int f(); }\n«int s::f() { return 1; }»\n", "s::f", False, "::s::f"),
        ("«int Shape::f() { return 1; }»\n", "Shape::f", True, "::Shape::f"),
        ("«int shapes::f() { return 1; }»\n", "shapes::f", False, "::shapes::f"),
        ("struct S {\n«static int f() { return 1; }»\n};\n", "f", False, "::S::f"),
    ],
)
def test_what_needs_a_value_of_its_class(marked: str, name: str, bound: bool, path: str) -> None:
    known = signature(marked, name)
    assert (known.bound, known.name) == (bound, "f")
    if not bound:
        assert called(known, "f()") == f"{path}()"


def test_a_header_of_c_may_be_one_of_cpp() -> None:
    assert signature("«int f(int a) { return a; }»", "f", C).raises is False
    assert signature("#include <vector>\n«int f(std::vector<int> a) { return 1; }»", "f", C).raises is True


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("s = Stack()", "auto s = Stack();"),
        ("Stack s;", "Stack s;"),
        ("Stack s(3)", "Stack s(3);"),
        ("std::vector<int> v = {1, 2}", "std::vector<int> v = {1, 2};"),
        ("let s = Stack([1, 2], 'ab', 'c', None or 3)",
         "auto s = Stack(std::vector<int>{1, 2}, \"ab\", 'c', None or 3);"),
        ("s.push(1)", "s.push(1);"),
        ("xs = [1, 2]", "auto xs = std::vector<int>{1, 2};"),
        ("s->push(true)", "s->push(true);"),
    ],
)  # fmt: skip
def test_steps_of_any_notation(step: str, expected: str) -> None:
    assert driver().step(step) == expected


@pytest.mark.parametrize("step", ["import stack", "for x in xs: pass", "s = (1", "a;\nb;", "s)("])
def test_what_is_no_step(step: str) -> None:
    with pytest.raises(TypeMismatch):
        driver().step(step)


def test_what_is_nothing_to_be_called() -> None:
    task = task_of("«struct S { int x; };»\n", language=CPP, name="S")
    refused = driver().signature(task, task.document.text)
    assert refused is not None
    assert refused.refused == "S is no function"
    assert driver().signature(task_of("«int f();»", language=CPP, name="g"), "int f();") is None


def test_fields_of_structures() -> None:
    text = (
        'struct P { int x, y; std::string n = "a;b"; int f() { return x; } static int s; private: int z; };\n'
        "class K { int a; public: double b; char c[4]; };\ntypedef struct { int q; } T;\nstruct E;\n"
    )
    assert [name for _, name in fields_of(text, "P")] == ["x", "y", "n"]
    assert fields_of(text, "ns::K") == (("double", "b"), ("char *", "c"))
    assert fields_of(text, "T") == (("int", "q"),)
    assert fields_of(text, "E") == fields_of(text, "int") == ()


def test_libraries_that_build_files_name(tmp_path: Path) -> None:
    files = {
        "Makefile": "LDLIBS = -lz -lpthread\nall:\n\tcc a.c -lz\n",
        "src/CMakeLists.txt": "add_library(own a.c)\n"
        "target_link_libraries(app PRIVATE own sqlite3 ${X} Threads::Threads)\n",
    }
    write_files(tmp_path, files)
    place = Place(source=tmp_path, document=PurePosixPath("src/a.c"))
    assert libraries_of(place) == ("-lsqlite3", "-lz", "-lpthread")


def test_namespaces_that_hold_a_place() -> None:
    text = "namespace a { }\nnamespace b::c { namespace { int f(); } }\n"
    assert namespaces_at(text, text.index("int")) == ("b", "c")
    assert namespaces_at(text, len(text)) == ()


def test_the_program_knows_which_call_stands_on_a_line() -> None:
    function = Function(
        text="int f(int); struct S { void pushAll() { } };", language=CPP, lines=(1, 1), at=0, result="int", void=False
    )
    calls = [
        AskedCall(id="a", call="::f(1)"),
        AskedCall(id="b", call="s.f(forge_kept(2))", steps=("auto s = S()", "auto s = T()", "s.push_all();")),
    ]
    made = driving("a.cpp", function, calls, token="0123")
    lines = made.text.split("\n")
    assert made.of(lines.index("::f(1)") + 1) == 0
    assert made.of(lines.index("s.f(forge_0123_kept(2))") + 1) == 1
    assert made.of(1) is None
    assert "auto s = S();" in lines
    assert "s = T();" in lines, "a name that is made twice is given its second value"
    assert "s.pushAll();" in lines, "a member in another convention"
    assert "forge_put_" not in made.text.replace("forge_0123_", "")


@pytest.mark.parametrize(
    ("error", "plain"),
    [("std::invalid_argument", "invalid_argument"), ("ns::Fault<std::string>", "Fault"), ("", ""), ("(x)<y>", "(x)")],
)
def test_exceptions_are_called_without_their_namespaces(error: str, plain: str) -> None:
    assert plainly(Answer(state="raised", error=error, words="no")).error == plain
    assert plainly(Answer(state="done", value=1)) == Answer(state="done", value=1)
