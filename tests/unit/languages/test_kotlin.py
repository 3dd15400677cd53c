"""Kotlin without its compiler: outlines, imports, headers, what belongs to a module, what the compiler's words mean."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.checking.gate import Fault
from forge_lsp.checking.jvm.compiling import Compilation, JvmDocument
from forge_lsp.checking.jvm.frameworks import Framework
from forge_lsp.checking.jvm.maven import Build, Repositories
from forge_lsp.checking.project import Place
from forge_lsp.core.checks import Cause
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.editing.imports import merge_imports
from forge_lsp.languages.kotlin.choosing import FileOfTests, chosen_tests, depends, speaks
from forge_lsp.languages.kotlin.compiler import Kotlinc, find_compiler, problems_of
from forge_lsp.languages.kotlin.compiling import compiled
from forge_lsp.languages.kotlin.extraction import EXTRACTION
from forge_lsp.languages.kotlin.names import functions_of, own_names, top_names
from forge_lsp.languages.kotlin.sources import module_of, version_of
from forge_lsp.languages.kotlin.texts import declared, plain, words_of
from forge_lsp.languages.kotlin.toolchain import _script
from tests.support import lang
from tests.support.builds import task_of, write_files
from tests.support.landing import landed, landing_task
from tests.unit.editing.support import SCOPES, SYNTAX, scope_of

TEXT = """@file:JvmName("Carts")
package shop

import kotlin.math.max

/** A cart. */
@Deprecated("old")
data class Cart<T>(val goods: List<T>, private var count: Int = 1) : Base(), Face by other {
    init { check(count > 0) }

    constructor(one: T) : this(listOf(one)) { run() }

    /** Totals. */
    @Suppress("x")
    override fun <U : Any> total(rate: Int, vararg notes: U): Int {
        TODO("later")
    }
    val size: Int
        get() = throw NotImplementedError()
    var name = "a"
    fun none(): String { }
    fun idle() {}
    fun todo() { /* TODO: it */ }
    fun done() = count
    fun other() = error("Not implemented yet")
    fun soon(): Int = 0 // TODO
    abstract fun paint(): Int
    companion object {
        const val MOST = 3
        fun make(): Cart<Int> { return TODO() }
    }
    enum class Kind { A, B; fun z() = 1 }
}
interface Face { fun face(a: Int): Int }
fun lost(): Int
fun String.twice(): String = this + this
private val table = mapOf(1 to "}")
typealias Names = List<String>
fun `with blanks`() { fun inner() { TODO() } }
"""


def items(text: str) -> dict[str, Item]:
    """Every named item, by dotted name."""
    found: dict[str, Item] = {}

    def add(these: tuple[Item, ...], path: str) -> None:
        for item in these:
            if item.name:
                found[f"{path}{item.name}"] = item
                add(item.children, f"{path}{item.name}.")

    add(SYNTAX.outline(text, lang.KOTLIN).items, "")
    return found


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n"), TEXT.replace("later", "später 😀")])
def test_outline(text: str) -> None:
    assert SYNTAX.outline(text, lang.KOTLIN).errors == ()
    found = items(text)
    stubs = {name for name, item in found.items() if item.stub and item.kind is ItemKind.FUNCTION}
    assert stubs == {
        *(f"Cart.{name}" for name in ("total", "size", "none", "todo", "other", "Companion.make")),
        "lost",
        "with blanks.inner",
    }
    assert found["Cart"].range.of(text).startswith("/** A cart. */")
    assert found["Cart"].parameters == ("goods", "count")
    total = found["Cart.total"]
    assert total.signature == "override fun <U : Any> total(rate: Int, vararg notes: U): Int"
    assert total.parameters == ("rate", "notes")
    assert total.range.of(text).startswith("/** Totals. */")
    assert found["Cart.constructor"].parameters == ("one",)
    assert found["Cart.name"].kind is ItemKind.ASSIGNMENT
    assert found["twice"].body is not None
    assert found["twice"].body.of(text) == "= this + this"
    assert {"table", "Names", "Face.face", "Cart.Kind.z", "Cart.Companion.MOST"} <= set(found)


@pytest.mark.parametrize(
    "text",
    [
        "class A { val x = 1 }",
        "class A { fun f() = 1; fun g(): Int { return 2 } }",
        'object A { val s = " }"; fun f() { g() } }',
        "constructor(x: Int) : this() {\n    f()\n}",
        "override val size: Int\n    get() = TODO()",
    ],
)
def test_what_the_grammar_alone_does_not_read(text: str) -> None:
    assert SYNTAX.outline(text, lang.KOTLIN).errors == ()


def test_scope_and_instruction() -> None:
    scope, _ = scope_of(TEXT.replace('TODO("later")', 'TODO("|later")'), lang.KOTLIN)
    assert (scope.name, scope.container, scope.unfinished) == ("total", "Cart", True)
    document = landing_task(TEXT.replace('TODO("later")', 'TODO("|>later")'), lang.KOTLIN).document
    assert SCOPES.instruction(document, scope, None, ()) == "Implement `Cart.total`.", "its TODO is a call"


def test_strings_over_lines_and_their_indentation() -> None:
    text = 'val a = """\n  x "y"\n"""\n// """\nval b = "}"\n/* """ */\n'
    assert [place.of(text) for place in SYNTAX.multiline_strings(text, lang.KOTLIN)] == ['"""\n  x "y"\n"""']
    stub = "class A {\n    fun f(): String {\n        |>TODO()\n    }\n}\n"
    code = 'fun f(): String {\n    return """\nat the margin\n  two\n""".trim()\n}\n'
    done = landed(landing_task(stub, lang.KOTLIN), f"```kotlin\n{code}```\n")
    assert 'return """\nat the margin\n  two\n""".trim()\n    }\n' in done


@pytest.mark.parametrize(
    ("stub", "answer", "header"),
    [
        ("fun f(a: Int): Int = TODO()", "fun f(a: Int) = a + 1", "fun f(a: Int): Int = a + 1"),
        ("fun f(a: Int) = TODO()", "fun f(a: Int): Int {\n    return a\n}", "fun f(a: Int): Int {"),
        (
            "internal fun f(a: Int): Int { TODO() }",
            "fun f(a: Int): Int {\n    return a\n}",
            "internal fun f(a: Int): Int {",
        ),
        ("fun f(g: (Int) -> Int) = TODO()", "fun f(g: (Int) -> Int) = g(1)", "fun f(g: (Int) -> Int) = g(1)"),
        ("fun f(a: Int): Int = TODO()", "fun f(b: Int) = b + 1", "fun f(b: Int) = b + 1"),
    ],
)
def test_the_header_of_a_stub_stays(stub: str, answer: str, header: str) -> None:
    task = landing_task(stub.replace("TODO", "|>TODO") + "\n", lang.KOTLIN)
    assert header in landed(task, f"```kotlin\n{answer}\n```\n")


@pytest.mark.parametrize(
    ("text", "wanted", "merged"),
    [
        ("package a\n\nclass A\n", ["import b.C"], "package a\n\nimport b.C\n\nclass A\n"),
        ("class A\n", ["import b.C"], "import b.C\n\nclass A\n"),
        ('@file:JvmName("X")\n\nclass A\n', ["import b.C"], '@file:JvmName("X")\n\nimport b.C\n\nclass A\n'),
        (
            "import a.B\nimport c.D\n\nclass A\n",
            ["import b.E", "import a.A", "import z.Z as Y", "import c.D"],
            "import a.A\nimport a.B\nimport b.E\nimport c.D\nimport z.Z as Y\n\nclass A\n",
        ),
        ("import a.*\n\nclass A\n", ["import a.B", "import a.B as C"], "import a.*\nimport a.B as C\n\nclass A\n"),
    ],
)
def test_imports(text: str, wanted: list[str], merged: str) -> None:
    assert merge_imports(text, wanted, lang.KOTLIN, SYNTAX) == merged
    assert merge_imports(merged, wanted, lang.KOTLIN, SYNTAX) == merged, "twice is as good as once"


def test_names_of_imports() -> None:
    names = EXTRACTION.import_names
    assert names("import a.b.C") == ["C"]
    assert names("import a.b.C as D") == ["D"]
    assert "max" in (names("import kotlin.math.*") or ())
    assert names("import a.b.*") is None


def test_words() -> None:
    text = 'fun f() = "$one ${two(3)} three" // four\nval `a b` by lazy { 1 }\nfun <T> List<T>.g() {}\nclass H'
    assert {"one", "two"} <= words_of(text)
    assert not {"three", "four"} & words_of(text)
    assert declared(text) == {"f", "a b", "g", "H"}
    assert len(plain(text)) == len(text)


def test_names_leave_out_what_stands_in_functions() -> None:
    text = "class A(val n: Int) {\n    fun f() { val inner = 1 }\n}\nprivate fun own() = 1\ninternal val all = own()\n"
    assert own_names(text) == {"A", "f", "own", "all"}
    assert top_names(text) == {"A", "all"}


def test_the_compiler_s_words() -> None:
    text = 'package a\nval é = "😀" + wid\nval b = f(\n'
    output = (
        "warning: unable to find kotlin-stdlib.jar\n"
        "src/A.kt:2:16: error: [UNRESOLVED_REFERENCE] Unresolved reference 'wid'.\n"
        '    val é = "😀" + wid\n               ^^^\n'
        "/box/src/A.kt:3:11: error: [SYNTAX] Syntax error: Expecting ')'.\nval b = f(\n          ^\n"
        "src/A.kt:3:1: warning: never used\nval b = f(\n^\n"
        "src/B.kt:1:1: error: conflicting overloads:\nfun a()\nfun a()\nfun a() {}\n^^^^^^^\n"
        "error: something else\n"
    )
    problems, other = problems_of(output, "/box", lambda path: text if path.name == "A.kt" else None)
    assert [(one.file, one.line, one.column, one.end_column, one.code) for one in problems] == [
        ("src/A.kt", 2, 15, 18, "UNRESOLVED_REFERENCE"),
        ("src/A.kt", 3, 11, 12, "SYNTAX"),
        ("src/B.kt", 1, 1, 8, ""),
    ]
    assert problems[2].message == "conflicting overloads: fun a() fun a()"
    assert other == "error: something else"


def test_the_project_s_own_compiler_comes_first(tmp_path: Path) -> None:
    base = "home/.m2/repository/org/jetbrains/kotlin"
    pom = (
        "<project><dependencies><dependency><groupId>org.jetbrains.kotlin</groupId><artifactId>kotlin-stdlib</artifactId>"
        "<version>{0}</version></dependency></dependencies></project>"
    )
    for version in ("1.9.25", "2.1.21"):
        write_files(
            tmp_path,
            {
                f"{base}/kotlin-compiler-embeddable/{version}/kotlin-compiler-embeddable-{version}.jar": "",
                f"{base}/kotlin-compiler-embeddable/{version}/kotlin-compiler-embeddable-{version}.pom": pom.format(
                    version
                ),
                f"{base}/kotlin-stdlib/{version}/kotlin-stdlib-{version}.jar": "",
            },
        )
    write_files(tmp_path, {"kotlinc/bin/kotlinc": "", "kotlinc/lib/kotlin-compiler.jar": "", "kotlinc/lib/x.jar": ""})
    (tmp_path / "kotlinc/bin/kotlinc").chmod(0o755)
    home = {"HOME": str(tmp_path / "home"), "PATH": ""}
    path = {**home, "PATH": str(tmp_path / "kotlinc/bin")}

    def where(environment: dict[str, str], version: str | None) -> str:
        found = find_compiler(environment, Repositories.of(environment), version)
        assert isinstance(found, Kotlinc)
        return Path(found.where).name

    assert where(path, "1.9.25") == "kotlin-compiler-embeddable-1.9.25"
    assert where(path, "2.0.0") == "kotlinc"
    assert where(home, "2.0.0") == "kotlin-compiler-embeddable-2.1.21"
    assert where({**home, "KOTLIN_HOME": str(tmp_path / "kotlinc")}, "1.9.25") == "kotlinc"
    nowhere = {"HOME": str(tmp_path / "none"), "PATH": ""}
    assert isinstance(find_compiler(nowhere, Repositories.of(nowhere), None), Fault)


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ({"build.gradle.kts": 'plugins { kotlin("jvm") version "2.1.0" }'}, "2.1.0"),
        ({"build.gradle": "plugins { id 'org.jetbrains.kotlin.jvm' version '1.9.25' }"}, "1.9.25"),
        ({"build.gradle.kts": "", "gradle/libs.versions.toml": '[versions]\nkotlin = "2.0.21"\n'}, "2.0.21"),
        ({"pom.xml": "<project><properties><kotlin.version>2.2.0</kotlin.version></properties></project>"}, "2.2.0"),
        ({"build.gradle.kts": "plugins { java }"}, None),
    ],
)
def test_the_version_that_a_project_asks_for(tmp_path: Path, files: dict[str, str], version: str | None) -> None:
    write_files(tmp_path, files)
    place = Place(source=tmp_path, document=PurePosixPath("src/main/kotlin/A.kt"))
    assert version_of(place, Build(folder=PurePosixPath("."), file=place.nearest(*files))) == version


def test_what_belongs_to_a_module(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "settings.gradle.kts": "",
            "app/build.gradle.kts": 'dependencies { api(projects.core)\n testImplementation(kotlin("test")) }',
            "app/src/main/kotlin/A.kt": "fun a() = 1",
            "app/src/main/java/B.java": "class B {}",
            "app/src/test/kotlin/ATest.kt": "",
            "core/build.gradle.kts": 'dependencies { api(project(":base")) }',
            "core/src/main/kotlin/C.kt": "",
            "core/src/test/kotlin/CTest.kt": "",
            "base/build.gradle.kts": "",
            "base/src/main/kotlin/D.kt": "",
            "far/build.gradle.kts": "",
            "far/src/main/kotlin/E.kt": "val e = a()",
            "far/src/main/kotlin/F.kt": "val f = 1",
        },
    )
    place = Place(source=tmp_path, document=PurePosixPath("app/src/main/kotlin/A.kt"), language=lang.KOTLIN)
    module = module_of(place, "fun a() = 1", Repositories.of({"HOME": str(tmp_path)}))
    assert module.files[0] == place.document
    assert {str(file) for file in module.files[1:]} == {
        "app/src/main/java/B.java",
        "app/src/test/kotlin/ATest.kt",
        "core/src/main/kotlin/C.kt",
        "base/src/main/kotlin/D.kt",
        "far/src/main/kotlin/E.kt",
    }
    assert "org.jetbrains.kotlin:kotlin-test" in module.build.missing


def test_a_script_is_read_as_the_body_of_a_function() -> None:
    text, shift = _script("#!/usr/bin/env kotlin\nimport a.B\n\nplugins { }\n")
    assert text == "///usr/bin/env kotlin\nimport a.B\n\nfun script() { plugins { }\n\n}\n"
    assert shift == 0
    assert _script("f(1)\n") == ("fun script() { f(1)\n\n}\n", -15)


TESTS = """package shop

import kotlin.test.*

class AreaTest {
    private val whole = area(2, 3)
    private fun near(a: Int) = assertEquals(a, whole)

    @Test
    fun `by a field`() = near(6)

    @Test
    fun other() { one() }

    @Nested
    inner class Deep {
        @Test fun deep() { assertEquals(nowhere(), area(1, 1)) }
    }
}
"""
OLD = "package far\nimport shop.area\nimport org.junit.Test\nclass B { @Test fun b() { area() } }\n"
DOCUMENT = "package shop\n\n«fun area(a: Int, b: Int): Int = TODO()»\n\nfun one() = area(1, 1)\n"


def test_which_tests_speak_of_a_scope() -> None:
    task = task_of(DOCUMENT, language=lang.KOTLIN, name="area")
    place = Place(source=None, document=PurePosixPath("Area.kt"))
    files = {
        PurePosixPath("AreaTest.kt"): TESTS,
        PurePosixPath("FarTest.kt"): TESTS.replace("package shop", "package far"),
        PurePosixPath("NoTest.kt"): "package shop\nclass NoTest { @Test fun no() = Unit }",
        PurePosixPath("OldTest.kt"): OLD,
    }
    found = chosen_tests(task, place, Build(folder=PurePosixPath(".")), files)
    assert [(str(one.file), one.framework) for one in found] == [
        ("AreaTest.kt", Framework.JUNIT_5),
        ("OldTest.kt", Framework.JUNIT_4),
    ]
    names = ("shop.AreaTest.by a field", "shop.AreaTest.other", "shop.AreaTest.Deep.deep")
    assert found[0].names == names
    assert [tests.name for tests in found[0].classes] == ["shop.AreaTest"]
    assert [speaks(name, found, task, "Area") for name in names] == [True, False, True]
    assert [depends(name, found, task) for name in names] == [True, True, True]
    assert [one.name for one in functions_of(TESTS)] == ["whole", "near", "by a field", "other", "deep"]
    many = {PurePosixPath(f"A{number}.kt"): OLD for number in range(9)}
    often = {PurePosixPath("Z.kt"): OLD.replace("{ area() }", "{ area() + area() }")}
    found = chosen_tests(task, place, Build(folder=PurePosixPath(".")), {**many, **often})
    assert [str(one.file) for one in found][:2] == ["Z.kt", "A0.kt"], "those that call it most often"


async def test_what_does_not_compile_is_left_out_alone() -> None:
    file = PurePosixPath("AreaTest.kt")
    test = FileOfTests(file=file, text=TESTS, framework=Framework.JUNIT_5)
    tried: list[str] = []

    async def compiler(names: object, texts: object) -> Compilation:
        text = dict(texts)[file]  # type: ignore[call-overload]
        tried.append(text)
        if "nowhere" not in text:
            return Compilation(archive=b"")
        output = "AreaTest.kt:17:41: error: [UNRESOLVED_REFERENCE] Unresolved reference 'nowhere'.\n"
        return Compilation(problems=problems_of(output, "/", lambda _: text)[0])

    subject = JvmDocument(file=PurePosixPath("Area.kt"), text=DOCUMENT, untouched=DOCUMENT, scope="area")
    done = await compiled(subject, [test], [], compiler)  # type: ignore[arg-type]
    assert len(tried) == 2
    assert done.archive == b""
    (name, why), *rest = done.left_out.items()
    assert not rest
    assert (name, why.missing, why.cause) == ("shop.AreaTest.Deep.deep", ("nowhere",), Cause.SCOPE)
    assert done.tests[0].names == ("shop.AreaTest.by a field", "shop.AreaTest.other")
