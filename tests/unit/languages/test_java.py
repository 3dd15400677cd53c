"""Java without a JDK: the class path, the sources, and what the compiler's answers mean."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.checking.jvm.jdk import answer_of, major_version
from forge_lsp.checking.jvm.maven import Build, Repositories, build_of
from forge_lsp.checking.project import Place
from forge_lsp.languages.java.sources import public_type, sources_of
from tests.support import lang
from tests.support.builds import write_files


def build(root: Path, document: str = "src/main/java/A.java") -> Build:
    home = root / "home"
    place = Place(source=root / "work", document=PurePosixPath(document))
    return build_of(place, Repositories.of({"HOME": str(home)}))


def dependency(group: str, name: str, version: str | None = None, more: str = "") -> str:
    told = f"<version>{version}</version>" if version else ""
    return f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>{told}{more}</dependency>"


def test_versions_come_from_properties_parents_and_boms(tmp_path: Path) -> None:
    repository = "home/.m2/repository"
    write_files(
        tmp_path,
        {
            "work/pom.xml": (
                "<project xmlns='x'><groupId>g</groupId><artifactId>top</artifactId><version>1</version><properties>"
                "<a.version>1.5</a.version><maven.compiler.source>1.8</maven.compiler.source></properties>"
                "<dependencyManagement><dependencies>"
                + dependency("org.bom", "bom", "3", "<scope>import</scope><type>pom</type>")
                + "</dependencies></dependencyManagement></project>"
            ),
            "work/sub/pom.xml": (
                "<project><!-- c --><parent><groupId>g</groupId><artifactId>top</artifactId>"
                "<version>1</version></parent>"
                "<artifactId>sub</artifactId><dependencies>"
                + dependency("org.a", "a", "${a.version}")
                + dependency("org.b", "b")
                + dependency("org.c", "c")
                + dependency("org.gone", "gone", "9")
                + "</dependencies></project>"
            ),
            f"{repository}/org/bom/bom/3/bom-3.pom": (
                "<project><dependencyManagement><dependencies>"
                + dependency("org.b", "b", "2.2")
                + "</dependencies></dependencyManagement></project>"
            ),
            f"{repository}/org/a/a/1.5/a-1.5.jar": "",
            f"{repository}/org/a/a/1.5/a-1.5.pom": (
                "<project><dependencies>"
                + dependency("org.d", "d", "7")
                + dependency("org.t", "t", "7", "<scope>test</scope>")
                + "</dependencies></project>"
            ),
            f"{repository}/org/d/d/7/d-7.jar": "",
            f"{repository}/org/t/t/7/t-7.jar": "",
            f"{repository}/org/b/b/2.2/b-2.2.jar": "",
            f"{repository}/org/c/c/1.9/c-1.9.jar": "",
            f"{repository}/org/c/c/1.10/c-1.10.jar": "",
            "work/lib/own.jar": "",
        },
    )
    found = build(tmp_path, "sub/src/main/java/A.java")
    names = [jar.name for jar in found.jars]
    assert sorted(names) == ["a-1.5.jar", "b-2.2.jar", "c-1.10.jar", "d-7.jar", "own.jar"]
    assert (found.missing, found.release, found.processors) == (("org.gone:gone:9",), 8, False)
    assert found.folder == PurePosixPath("sub")
    assert found.remedy == "mvn dependency:go-offline"


def test_gradle(tmp_path: Path) -> None:
    cache = "home/.gradle/caches/modules-2/files-2.1"
    text = (
        "plugins { id 'java' }\nsourceCompatibility = '17'\ndependencies {\n"
        "  implementation 'org.a:a:1.0'\n  testImplementation(\"org.b:b:2.0\")\n  annotationProcessor 'org.p:p:1'\n}\n"
    )
    write_files(
        tmp_path,
        {"work/build.gradle": text, f"{cache}/org.a/a/1.0/abc/a-1.0.jar": "", f"{cache}/org.b/b/2.0/def/b-2.0.jar": ""},
    )
    found = build(tmp_path)
    assert [jar.name for jar in found.jars] == ["a-1.0.jar", "b-2.0.jar"]
    assert (found.missing, found.release, found.processors) == (("org.p:p:1",), 17, True)


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE a [<!ENTITY x 'y'>]><project>&x;</project>",
        "<project>",
        "",
        "<project><parent><groupId>g</groupId><artifactId>a</artifactId><relativePath>pom.xml</relativePath></parent></project>",
        "<project><parent><relativePath>../../../../etc/x.xml</relativePath></parent></project>",
    ],
)
def test_a_pom_that_is_none_says_nothing(tmp_path: Path, text: str) -> None:
    write_files(tmp_path, {"work/pom.xml": text})
    assert (build(tmp_path).jars, build(tmp_path).missing) == ((), ())


def test_the_module_and_those_who_mention_it_are_compiled(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "a/pom.xml": "",
            "a/src/main/java/shop/Cart.java": "package shop; public class Cart { }",
            "a/src/main/java/shop/Other.java": "package shop; class Other { }",
            "a/src/main/java/module-info.java": "module a { }",
            "b/src/main/java/use/Use.java": "package use; class Use { shop.Cart cart; }",
            "b/src/main/java/use/No.java": "package use; class No { }",
            "a/target/Gen.java": "class Gen { Cart cart; }",
        },
    )
    document = PurePosixPath("a/src/main/java/shop/Cart.java")
    place = Place(source=tmp_path, document=document, language=lang.JAVA)
    found = sources_of(place, "package shop; public class Cart { }", PurePosixPath("a"))
    assert [path.name for path in found.files] == ["Cart.java", "Other.java", "Use.java"]
    assert PurePosixPath("b/src/main/java") in found.roots


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("// class No\nclass A { }\npublic final class B { }", "B"),
        ("/* public class No */ class A { }", "A"),
        ("@Anno public\nrecord R(int a) { }", None),
        ("public sealed interface S permits T { }", "S"),
        ("int a;", None),
    ],
)
def test_the_public_type_of_a_text(text: str, name: str | None) -> None:
    assert public_type(text) == (name or ("R" if "record R" in text else None))


def test_what_the_compiler_says() -> None:
    text = 'class A {\r\n\tint é = "😀" + x;\r\n}'
    at = text.encode("utf-16-le").index("x".encode("utf-16-le")) // 2
    lines = [
        {"kind": "WARNING", "code": "w", "file": "A.java", "line": 1, "at": 0, "end": 1, "message": "m"},
        {
            "kind": "ERROR",
            "code": "compiler.err.cant.resolve",
            "file": "/box/A.java",
            "line": 2,
            "at": at,
            "end": at + 1,
            "message": "cannot find symbol\n  symbol: x",
        },
        {"done": True},
    ]
    output = "\n".join(["noise", *(json.dumps(line) for line in lines)])
    found = answer_of(output, "/box", lambda path: text)
    (problem,) = found.problems
    assert (problem.file, problem.line, problem.column, problem.end_column) == ("A.java", 2, 16, 17)
    assert (problem.code, problem.message) == ("cant.resolve", "cannot find symbol symbol: x")
    assert (found.done, found.fault) == (True, None)
    assert answer_of('{"fault": "bad"}', "/box", lambda path: "").fault == "bad"


@pytest.mark.parametrize(("text", "major"), [("javac 17.0.15", 17), ("javac 1.8.0_402", 8), ("javac 25", 25), ("?", 0)])
def test_versions(text: str, major: int) -> None:
    assert major_version(text) == major
