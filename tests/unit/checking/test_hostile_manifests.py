"""Manifests and links that are made to be read: nothing outside is told of, and no reader fills the memory or hangs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.checking.gate import Fault
from forge_lsp.checking.jvm.jdk import answer_of
from forge_lsp.checking.jvm.maven import Repositories, build_of
from forge_lsp.checking.project import Place
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.languages.c_family.compilers import problems_of
from forge_lsp.languages.c_family.flags import flags_of
from forge_lsp.languages.csharp.plain import plain
from forge_lsp.languages.csharp.projects import projects_of
from forge_lsp.languages.csharp.results import trx_of
from forge_lsp.languages.ecmascript.finding import found_for
from forge_lsp.languages.ecmascript.outcomes import answered
from forge_lsp.languages.go.module import layout_of
from forge_lsp.languages.go.tools import Go, documents
from forge_lsp.languages.kotlin.choosing import chosen_tests, files_of_tests
from forge_lsp.languages.kotlin.compiler import problems_of as kotlin_problems
from forge_lsp.languages.kotlin.sources import module_of, version_of
from forge_lsp.languages.php.suites import configuration, runner_of, suite_of
from forge_lsp.languages.php.tools import lint_problems
from forge_lsp.languages.python.tools import compile_problems, ruff_problems
from forge_lsp.languages.ruby.choosing import chosen_for
from forge_lsp.languages.ruby.project_tests import libraries_of
from forge_lsp.languages.ruby.tools import checked, find_ruby
from forge_lsp.languages.rust.tools import find_cargo, messages
from forge_lsp.reading import filled, parsed_xml
from tests.support import lang
from tests.support.builds import task_of, write_files

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="names POSIX paths"),
    # What hangs does so for minutes; the rest takes a moment.
    pytest.mark.timeout(60),
]

SECRET = "hunter2"
MANY = 200_000
GO = Go(program=Path("/go"), version=(1, 24), environment={}, readable=())


def place_at(root: Path, document: str = "p/a.c") -> Place:
    return Place(source=root, document=PurePosixPath(document))


# ------------------------------------------------------------------ what leads out


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    write_files(tmp_path / "outside", {"secret": f"machine x password {SECRET}", "pom.xml": f"<a>{SECRET}</a>"})
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "file").symlink_to(tmp_path / "outside" / "secret")
    (tmp_path / "work" / "pom.xml").symlink_to("../outside/pom.xml")
    (tmp_path / "work" / "folder").symlink_to(tmp_path / "outside")
    (tmp_path / "work" / "twice").symlink_to("folder/../outside/secret")
    (tmp_path / "work-beside").mkdir()
    write_files(tmp_path / "work-beside", {"secret": SECRET})
    return tmp_path / "outside"


@pytest.mark.parametrize(
    "path",
    [
        *("file", "pom.xml", "folder/secret", "twice", "../outside/secret", "../work-beside/secret"),
        *("folder/../work-beside/secret", "/etc/passwd", "a\0b", "../work/../outside/secret"),
    ],
)
def test_what_lies_outside_is_not_the_projects(outside: Path, path: str) -> None:
    place = place_at(outside.parent / "work")
    assert place.text(PurePosixPath(path)) is None
    assert not place.is_file(PurePosixPath(path))
    absolute = place_at(outside.parent / "work").text(PurePosixPath(str(outside)) / "secret")
    assert absolute is None


def test_links_inside_are_followed(tmp_path: Path) -> None:
    """Also where the workspace itself is named by a link."""
    write_files(tmp_path / "work", {"shared/tsconfig.json": "{}", "p/a.ts": ""})
    (tmp_path / "work" / "p" / "tsconfig.json").symlink_to("../shared/tsconfig.json")
    (tmp_path / "link").symlink_to("work")
    for root in (tmp_path / "work", tmp_path / "link"):
        place = place_at(root)
        assert place.text(PurePosixPath("p/tsconfig.json")) == "{}"
        assert place.is_file(PurePosixPath("shared/../p/tsconfig.json"))


def test_a_toolchain_file_that_is_a_link_is_not_told(outside: Path) -> None:
    work = outside.parent / "work"
    write_files(work.parent, {"home/.cargo/bin/rustup": "x"})
    (work.parent / "home/.cargo/bin/rustup").chmod(0o755)
    (work.parent / "home/.cargo/bin/cargo").symlink_to("rustup")
    (work / "rust-toolchain").symlink_to(outside / "secret")
    environment = {"HOME": str(work.parent / "home"), "PATH": str(work.parent / "home/.cargo/bin")}
    found = find_cargo(place_at(work, "src/main.rs"), environment)
    assert isinstance(found, Fault)
    assert SECRET not in found.reason


def test_a_compile_database_may_be_a_link_to_a_build_folders(tmp_path: Path) -> None:
    entry = [{"directory": str(tmp_path / "work"), "file": "a.c", "command": "gcc -DFOO=1 -c a.c"}]
    write_files(tmp_path, {"built/compile_commands.json": json.dumps(entry), "built/other.json": json.dumps(entry)})
    write_files(tmp_path / "work", {"a.c": ""})
    link = tmp_path / "work" / "compile_commands.json"
    file = PurePosixPath("a.c")
    for name, wanted in (("compile_commands.json", True), ("other.json", False)):
        link.unlink(missing_ok=True)
        link.symlink_to(tmp_path / "built" / name)
        found = flags_of(place_at(tmp_path / "work", "a.c"), [file], {file: lang.C})[file]
        assert ("-DFOO=1" in found.arguments) is wanted


def test_build_files_of_net_that_lead_out_are_not_plain(tmp_path: Path) -> None:
    text = '<Project Sdk="Microsoft.NET.Sdk"></Project>'
    write_files(tmp_path, {"p/p.csproj": text, "p/obj/project.assets.json": '{"libraries": {}}', "global": "{}"})
    place = place_at(tmp_path / "p", "A.cs")
    assert plain(place, [PurePosixPath("p.csproj")], {}, ()) is not None
    for name in ("Directory.Build.targets", "Directory.Build.rsp", "global.json", "p.csproj.user"):
        (tmp_path / "p" / name).symlink_to("/tmp/what-a-candidate-writes-there")
        assert plain(place, [PurePosixPath("p.csproj")], {}, ()) is None
        (tmp_path / "p" / name).unlink()


# ------------------------------------------------------------------ what has no end

DEEP = "[" * MANY
ENTITIES = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'
GROWING = "".join(f"<p{n}>{f'${{p{n + 1}}}' * 1000}</p{n}>" for n in range(9)) + "<p9>x</p9>"
DEPENDENCY = "<dependencies><dependency><groupId>${p0}</groupId><artifactId>b</artifactId></dependency></dependencies>"


def java(root: Path) -> object:
    return build_of(place_at(root, "p/A.java"), Repositories.of({"HOME": str(root / "nowhere")}))


def c(root: Path) -> object:
    file = PurePosixPath("p/a.c")
    return flags_of(place_at(root), [file], {file: lang.C})


def csharp(root: Path) -> object:
    project = PurePosixPath("p/p.csproj")
    place = place_at(root, "p/A.cs")
    return projects_of(place, project), plain(place, [project], {}, ())


def go(root: Path) -> object:
    return layout_of(place_at(root, "p/a.go"), "package p\n", GO)


def javascript(root: Path) -> object:
    marked = "«export const area = 1»"
    task = task_of(marked, language=lang.JAVASCRIPT, path=root / "p/a.mjs", workspace=root, name="area")
    return found_for(task, place_at(root, "p/a.mjs"))


def kotlin(root: Path) -> object:
    place = place_at(root, "p/A.kt")
    module = module_of(place, "fun area() = 1\n", Repositories.of({"HOME": str(root / "nowhere")}))
    marked = "«fun area() = 1»\n"
    task = task_of(marked, language=lang.KOTLIN, path=root / "p/A.kt", workspace=root, name="area")
    return version_of(place, module.build), chosen_tests(task, place, module.build, files_of_tests(place))


def php(root: Path) -> object:
    task = task_of(
        "<?php\n«function area() { return 1; }»", language=lang.PHP, path=root / "p/a.php", workspace=root, name="area"
    )
    place = place_at(root, "p/a.php")
    runner = runner_of(place, {})
    text = place.text(runner.config) if runner is not None and runner.config is not None else None
    return suite_of(task, place), configuration(text, ["a.php"], autoload=True)


def ruby(root: Path) -> object:
    task = task_of("«def area\n  1\nend»\n", language=lang.RUBY, path=root / "p/a.rb", workspace=root, name="area")
    place = place_at(root, "p/a.rb")
    chosen = chosen_for(task, place)
    texts = [place.text(file) or "" for file in chosen.files]
    return find_ruby({"PATH": str(root), "HOME": str(root)}, place), libraries_of(texts)


def rust(root: Path) -> object:
    return find_cargo(place_at(root, "p/a.rs"), {"HOME": str(root), "PATH": str(root)})


CSPROJ = '<Project Sdk="Microsoft.NET.Sdk"></Project>'
ENDLESS: dict[str, tuple[Callable[[Path], object], dict[str, str]]] = {
    "properties that multiply": (java, {"pom.xml": f"<p><properties>{GROWING}</properties>{DEPENDENCY}</p>"}),
    "a property that is itself": (
        java,
        {"pom.xml": f"<p><properties><p0>${{p0}}${{p0}}</p0></properties>{DEPENDENCY}</p>"},
    ),
    "entities in a pom": (java, {"pom.xml": f"{ENTITIES}<project>&b;&x;</project>"}),
    "a pom as deep as it is long": (java, {"pom.xml": "<a>" * MANY + "</a>" * MANY}),
    "a parent that is the child": (
        java,
        {"pom.xml": "<p><parent><relativePath>p/pom.xml</relativePath></parent></p>", "p/pom.xml": "<p><parent/></p>"},
    ),
    "a parent outside": (java, {"pom.xml": "<p><parent><relativePath>../../pom.xml</relativePath></parent></p>"}),
    "spaces in Gradle": (java, {"build.gradle": "api" + " " * MANY + "\nimplementation platform" + " " * MANY}),
    "brackets in Gradle": (java, {"build.gradle": "api (" * MANY}),
    "variables of make that multiply": (
        c,
        {"Makefile": "".join(f"V{n} = {f'$(V{n + 1})' * 1000}\n" for n in range(9)) + "V9 = x\nCFLAGS = $(V0)\n"},
    ),
    "a variable of make that grows": (c, {"Makefile": "CFLAGS += -DLONG_ENOUGH=1\n" * MANY}),
    "calls of CMake without an end": (c, {"CMakeLists.txt": "include_directories(" * MANY}),
    "words of CMake without an end": (c, {"CMakeLists.txt": "target_include_directories(a" * MANY}),
    "a database as deep as it is long": (c, {"compile_commands.json": DEEP}),
    "a database of other things": (c, {"compile_commands.json": '[1, null, "a", {"file": 1, "command": 2}]'}),
    "references without an end": (csharp, {"p/p.csproj": CSPROJ, "q/q.csproj": "<ProjectReference " * MANY}),
    "entities in a project": (csharp, {"p/p.csproj": f"{ENTITIES}<Project>&b;</Project>"}),
    "entities above": (csharp, {"p/p.csproj": CSPROJ, "Directory.Build.props": f"{ENTITIES}<Project>&b;</Project>"}),
    "a restore as deep as it is long": (csharp, {"p/p.csproj": CSPROJ, "p/obj/project.assets.json": DEEP}),
    "a package as deep as it is long": (javascript, {"package.json": DEEP, "p/a.test.mjs": 'import "node:test"; area'}),
    "a script without an end": (
        javascript,
        {
            "package.json": json.dumps({"scripts": {"test": "-r" + " " * MANY + "'"}}),
            "p/a.test.mjs": 'import "node:test"; area',
        },
    ),
    "a workspace of Go without an end": (go, {"go.mod": "module m\n", "go.work": "use (\n" + "\t./a" * MANY + "\n)\n"}),
    "a module of Gradle without an end": (kotlin, {"build.gradle.kts": "projects.a" * MANY}),
    "a version of Kotlin without an end": (kotlin, {"build.gradle.kts": "id org.jetbrains.kotlin" * (MANY // 10)}),
    "short names of Kotlin": (kotlin, {"build.gradle.kts": "api" + " " * MANY + "\nimplementation(" + " " * MANY}),
    "a Kotlin file of spaces": (kotlin, {"p/src/test/kotlin/ATest.kt": "area " + "\n" * MANY + "@Test"}),
    "a Kotlin file of one comment": (kotlin, {"p/src/test/kotlin/ATest.kt": "area @Test /*" + "x\n" * MANY}),
    "declarations of Kotlin": (kotlin, {"p/B.kt": "fun" + " " * MANY, "p/C.kt": "val <" * (MANY // 5)}),
    "PHPUnit's settings as deep as they are long": (
        php,
        {"vendor/bin/phpunit": "x", "phpunit.xml": "<phpunit>" + "<a>" * MANY + "</a>" * MANY + "</phpunit>"},
    ),
    "PHPUnit's settings with entities": (
        php,
        {"phpunit.phar": "x", "phpunit.xml": f"{ENTITIES}<phpunit>&b;</phpunit>"},
    ),
    "a test of PHP without an end": (php, {"tests/ATest.php": "area class A extends TestCase" * (MANY // 20)}),
    "a class of PHP without an end": (php, {"tests/ATest.php": "area class A extends " + "\\a" * MANY}),
    "expectations without an end": (ruby, {"test/a_test.rb": "area expect(" * (MANY // 4)}),
    "a spec of Ruby without an end": (ruby, {"spec/a_spec.rb": "area expect" + " " * MANY + "expect {" * MANY}),
    "a version of Ruby without an end": (
        ruby,
        {".ruby-version": "1" * MANY, ".tool-versions": "ruby " * MANY, "ruby": "#!/bin/sh\n"},
    ),
    "a toolchain as deep as it is long": (rust, {"rust-toolchain.toml": f"a = {DEEP}", "cargo": "x"}),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_every_reader_comes_to_an_end(tmp_path: Path, name: str) -> None:
    read, files = ENDLESS[name]
    write_files(tmp_path, {"p/x": "", **files})
    for program in ("cargo", "ruby"):
        if (tmp_path / program).exists():
            (tmp_path / program).chmod(0o755)
    assert "root:" not in repr(read(tmp_path))[:100_000]


def test_a_jar_that_is_none_is_no_jar(tmp_path: Path) -> None:
    """A pipe would never be read to its end, and what a link leads to is not the project's."""
    write_files(tmp_path, {"work/lib/good.jar": "x", "outside/lib/other.jar": "x"})
    os.mkfifo(tmp_path / "work/lib/pipe.jar")
    (tmp_path / "work/lib/link.jar").symlink_to(tmp_path / "outside/lib/other.jar")
    (tmp_path / "work/libs").symlink_to(tmp_path / "outside/lib")
    found = build_of(place_at(tmp_path / "work", "A.java"), Repositories.of({"HOME": str(tmp_path)}))
    assert found.jars == (Path("lib/good.jar"),)


def ruby_problems(text: str) -> object:
    try:
        return checked(text.encode(), "a.rb")
    except EnvironmentFault:
        return None


ANSWERS: dict[str, Callable[[str], object]] = {
    "cargo": lambda text: list(messages(text.encode())),
    "gcc": lambda text: problems_of(text, "/w", "gcc", lambda _: ""),
    "go": lambda text: list(documents(text)),
    "kotlinc": lambda text: list(kotlin_problems(text, "/w", lambda _: "")[0]),
    "php": lambda text: list(lint_problems(text, "a.php")),
    "ruby": ruby_problems,
    "javac": lambda text: answer_of(text, "/w", lambda _: ""),
    "ruff": lambda text: ruff_problems(text.encode(), "a.py"),
    "python": lambda text: compile_problems(text.encode(), "a.py"),
    "a JavaScript runner": lambda text: answered(f"nonce {text}\n".encode(), "nonce"),
}


@pytest.mark.parametrize("tool", ANSWERS)
@pytest.mark.parametrize("text", [DEEP, '{"a":' * MANY, '[1, null, "a", [[]]]', "[" * 400 + "]" * 400])
def test_what_a_tool_says_at_any_depth_is_no_end_of_a_check(tool: str, text: str) -> None:
    """A macro, a plugin or a build script may print what it likes."""
    assert ANSWERS[tool](text) in ([], (), None) or tool == "javac"


def test_a_log_with_entities_is_none() -> None:
    assert not trx_of(f"{ENTITIES}<TestRun>&b;</TestRun>".encode(), "", None).whole


def test_values_are_filled_in() -> None:
    import re

    place = re.compile(r"\$\{(\w+)\}")
    assert filled("${a}-${b}-${c}", place, {"a": "1", "b": "${a}${a}"}) == "1-11-${c}"
    with pytest.raises(ValueError, match="too long"):
        filled("${a}", place, {"a": "x" * 11}, most=10)
    with pytest.raises(ValueError, match="document type"):
        parsed_xml(f"{ENTITIES}<a/>")
    assert parsed_xml("\ufeff<?xml version='1.0' encoding='utf-16'?><a>é</a>").text == "é"
