"""The project's own formatter on new code alone: the real ones that are here, in the real sandbox."""

from __future__ import annotations

import logging
import os
import shutil
import stat
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from forge_lsp.checking.formatters import formatters
from forge_lsp.checking.formatting import FormatterTool, ProjectFormatter
from forge_lsp.checking.project import Place
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.support import Tools
from tests.integration.builds_cases import real_sandbox
from tests.support import lang
from tests.support.builds import write_files
from tests.support.landing import EDITS, landing_task
from tests.support.tools import dotnet_with_format, google_java_format, node_modules

pytestmark = pytest.mark.timeout(120)

ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``text`` is the document with the cursor, ``code`` what comes into its place, ``formatted`` what is to stand
    there; ``others`` are the project's other files. Other lines of the document are not as the formatter likes them,
    unless it is ``tidy``."""

    name: str
    language: Language
    file: str
    text: str
    code: str
    formatted: str
    others: dict[str, str] = field(default_factory=dict[str, str])
    needs: str = ""


UGLY_PYTHON = "import os\nOTHER = { 'a':1 }\n\n\ndef f(a, b):\n    |>pass\n\n\ndef   g( x ):\n  return   {'b':x}\n"
PYTHON_CODE = "def f(a, b):\n    return {'a':a,\n      'b' :b}"
UGLY_GO = "package p\n\nvar other   = 1\n\nfunc F(a int) int {\n\treturn |>0\n}\n\nfunc  G( ) {}\n"
UGLY_RUST = "const OTHER:u8=1;\n\npub fn f(a: u8) -> u8 {\n    |>todo!()\n}\n\npub fn g( ) {}\n"
UGLY_SCRIPT = "const other = { a:1 }\n\nexport function f(a, b) {\n  |>return null;\n}\n\nexport function g( ) {}\n"
UGLY_CPP = "int  other;\n\nint f(int a) {\n  return |>0;\n}\n\nint  g( ) { return 1 ; }\n"
UGLY_JAVA = "class  A {\n    int f(int a) {\n        return |>0;\n    }\n\n    int  g( ) { return 1 ; }\n}\n"
JAVA_CODE = "int f(int a) {\n  int b=a;\n  return   b*  2;\n}"
SCRIPT_CODE = "export function f(a, b) {\n  return {'a':a,\n    b :b}\n}"
SINGLE = '[tool.ruff]\nline-length = 100\n\n[tool.ruff.format]\nquote-style = "single"\n'

CASES = [
    Case(
        name="ruff",
        language=lang.PYTHON,
        file="src/a.py",
        text=UGLY_PYTHON,
        code=PYTHON_CODE,
        formatted="def f(a, b):\n    return {'a': a, 'b': b}",
        others={"pyproject.toml": SINGLE},
    ),
    Case(
        name="ruff of a method",
        language=lang.PYTHON,
        file="a.py",
        text="class  A :\n    def f(self, a):\n        |>pass\n\n    def  g(self): return   1\n",
        code="def f(self, a):\n    return {'a':a}",
        formatted='    def f(self, a):\n        return {"a": a}',
        others={"ruff.toml": "[format]\n"},
    ),
    Case(
        name="ruff that only lints, in a file that it did not write",
        language=lang.PYTHON,
        file="a.py",
        text=UGLY_PYTHON,
        code=PYTHON_CODE,
        formatted=PYTHON_CODE,
        others={"pyproject.toml": "[tool.ruff]\nline-length = 100\n"},
    ),
    Case(
        name="ruff that only lints, in a file as it writes them",
        language=lang.PYTHON,
        file="a.py",
        text='OTHER = {"a": 1}\n\n\ndef f(a, b):\n    |>pass\n',
        code=PYTHON_CODE,
        formatted='def f(a, b):\n    return {"a": a, "b": b}',
        others={"pyproject.toml": "[tool.ruff]\nline-length = 100\n"},
    ),
    Case(
        name="no formatter",
        language=lang.PYTHON,
        file="a.py",
        text='OTHER = {"a": 1}\n\n\ndef f(a, b):\n    |>pass\n',
        code=PYTHON_CODE,
        formatted=PYTHON_CODE,
        others={"pyproject.toml": "[project]\nname = 'a'\n"},
    ),
    Case(
        name="Black",
        language=lang.PYTHON,
        file="a.py",
        text=UGLY_PYTHON,
        code=PYTHON_CODE,
        formatted='def f(a, b):\n    return {"a": a, "b": b}',
        others={"pyproject.toml": "[tool.black]\n"},
        needs="black",
    ),
    Case(
        name="carriage returns stay",
        language=lang.PYTHON,
        file="a.py",
        text=UGLY_PYTHON.replace("\n", "\r\n"),
        code=PYTHON_CODE,
        formatted="def f(a, b):\r\n    return {'a': a, 'b': b}",
        others={"pyproject.toml": SINGLE},
    ),
    Case(
        name="what does not parse",
        language=lang.PYTHON,
        file="a.py",
        text=UGLY_PYTHON,
        code="def f(a, b):\n    return {'a':a",
        formatted="def f(a, b):\n    return {'a':a",
        others={"pyproject.toml": SINGLE},
    ),
    Case(
        name="gofmt",
        language=lang.GO,
        file="p/a.go",
        text="package p\n\nvar other = 1\n\nfunc F(a int) int {\n\treturn |>0\n}\n",
        code="func F(a int) int {\n  b:=a\n  return   b*  2\n}",
        formatted="func F(a int) int {\n\tb := a\n\treturn b * 2\n}",
        others={"go.mod": "module example.com/p\n\ngo 1.18\n"},
        needs="gofmt",
    ),
    Case(
        name="gofmt in a file that it did not write",
        language=lang.GO,
        file="p/a.go",
        text=UGLY_GO,
        code="func F(a int) int {\n\tb:=a\n\treturn b*  2\n}",
        formatted="func F(a int) int {\n\tb:=a\n\treturn b*  2\n}",
        needs="gofmt",
    ),
    Case(
        name="rustfmt",
        language=lang.RUST,
        file="src/lib.rs",
        text=UGLY_RUST,
        code="pub fn f(a: u8) -> u8 {\n    let b=a;\n    g( );  b\n}",
        formatted="pub fn f(a: u8) -> u8 {\n  let b = a;\n  g();\n  b\n}",
        others={
            "Cargo.toml": '[package]\nname = "a"\nversion = "0.1.0"\nedition = "2021"\n',
            "rustfmt.toml": "tab_spaces = 2\n",
        },
        needs="rustfmt",
    ),
    Case(
        name="clang-format",
        language=lang.CPP,
        file="src/a.cpp",
        text=UGLY_CPP,
        code="int f(int a) {\n  int b=a;\n  return   b*2 ;\n}",
        formatted="int f(int a) {\n  int b = a;\n  return b * 2;\n}",
        others={".clang-format": "BasedOnStyle: LLVM\n"},
        needs="clang-format",
    ),
    Case(
        name="Prettier",
        language=lang.TYPESCRIPT,
        file="src/a.ts",
        text=UGLY_SCRIPT,
        code=SCRIPT_CODE,
        formatted="export function f(a, b) {\n  return { a: a, b: b };\n}",
        others={".prettierrc": "{}\n"},
        needs="prettier",
    ),
    Case(
        name="Prettier of a method, by package.json",
        language=lang.JAVASCRIPT,
        file="src/a.js",
        text="export class A {\n    other( ) {}\n\n    f(a) {\n        |>return null;\n    }\n\n    last( ) {}\n}\n",
        code="f(a) {\n    return {'a':a}\n}",
        formatted="    f(a) {\n        return { a: a };\n    }",
        others={"package.json": '{"name": "a", "prettier": {"tabWidth": 4}}\n'},
        needs="prettier",
    ),
    Case(
        name="Prettier that would move it",
        language=lang.JAVASCRIPT,
        file="src/a.js",
        text="export class A {\n    f(a) {\n        |>return null;\n    }\n}\n",
        code="f(a) {\n    return {'a':a}\n}",
        formatted="    f(a) {\n        return {'a':a}\n    }",
        others={".prettierrc.json": '{"tabWidth": 2}\n'},
        needs="prettier",
    ),
    Case(
        name="Biome",
        language=lang.TYPESCRIPT,
        file="src/a.ts",
        text=UGLY_SCRIPT,
        code=SCRIPT_CODE,
        formatted="export function f(a, b) {\n  return { a: a, b: b };\n}",
        others={"biome.json": '{"formatter": {"indentStyle": "space"}}\n'},
        needs="@biomejs",
    ),
    Case(
        name="google-java-format",
        language=lang.JAVA,
        file="src/A.java",
        text=UGLY_JAVA.replace("    ", "  "),
        code=JAVA_CODE,
        formatted="  int f(int a) {\n    int b = a;\n    return b * 2;\n  }",
        others={"pom.xml": "<artifactId>google-java-format</artifactId>\n"},
        needs="google-java-format",
    ),
    Case(
        name="google-java-format, as Android has it",
        language=lang.JAVA,
        file="src/A.java",
        text=UGLY_JAVA,
        code=JAVA_CODE,
        formatted="    int f(int a) {\n        int b = a;\n        return b * 2;\n    }",
        others={"build.gradle": "spotless {\n  java {\n    googleJavaFormat().aosp()\n  }\n}\n"},
        needs="google-java-format",
    ),
    Case(
        name="google-java-format that would move it",
        language=lang.JAVA,
        file="src/A.java",
        text=UGLY_JAVA,
        code="int f(int a) {\n    int b=a;\n    return   b*  2;\n}",
        formatted="    int f(int a) {\n        int b=a;\n        return   b*  2;\n    }",
        others={"pom.xml": "<artifactId>fmt-maven-plugin</artifactId>\n"},
        needs="google-java-format",
    ),
    Case(
        name="dotnet format",
        language=lang.CSHARP,
        file="src/A.cs",
        text="class  A\n{\n    int F(int a)\n    {\n        return |>0;\n    }\n\n    int  G( ) { return 1 ; }\n}\n",
        code="int F(int a)\n{\n    int b=a;\n    return   b*2 ;\n}",
        formatted="    int F(int a)\n    {\n        int b = a;\n        return b * 2;\n    }",
        others={".editorconfig": "root = true\n\n[*.cs]\nindent_size = 4\n"},
        needs="dotnet format",
    ),
]


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path) as made:
        yield made


def provide(needs: str, workspace: Path) -> Mapping[str, str]:
    """An environment with what a case needs, or skip."""
    if needs == "google-java-format":
        return {**ENVIRONMENT, "PATH": f"{google_java_format()}:{ENVIRONMENT['PATH']}"}
    if needs == "dotnet format":
        return dotnet_with_format()
    if needs in ("prettier", "@biomejs"):
        package, major = ("prettier", "3") if needs == "prettier" else ("@biomejs/biome", "2")
        shutil.copytree(node_modules(package, major) / "node_modules", workspace / "node_modules", symlinks=True)
    elif needs and shutil.which(needs, path=ENVIRONMENT["PATH"]) is None:
        pytest.skip(f"{needs} is not here")
    return ENVIRONMENT


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_new_code_and_no_other_line_is_formatted(case: Case, sandbox: Sandbox, tmp_path: Path) -> None:
    workspace = write_files(tmp_path / "project", {**case.others, case.file: case.text.replace("|>", "")})
    environment = provide(case.needs, workspace)
    task = landing_task(case.text, case.language, path=str(workspace / case.file), workspace=str(workspace))
    before = EDITS.splice(task, case.code, ())
    scope = EDITS.placed(task, case.code, before)
    assert scope is not None
    after = await formatters(lang.BUILT_IN, sandbox, timeout=60.0, environment=environment).format(task, before, scope)
    assert after == before[: scope.start] + case.formatted + before[scope.end :]


def script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return path


@pytest.mark.parametrize(
    ("body", "ranges", "said"),
    [
        ("exit 3", True, "it ended with 3"),
        ("echo broken settings >&2; exit 1", True, "broken settings"),
        ("sleep 600", True, "did not finish"),
        ("true", True, "it wrote nothing"),
        ("sed s/1/2/", True, "line 1, which it was not asked to"),
        ("sed 's/^/  /'", False, "within and outside"),
        ("tr -d '\\n'", False, "within and outside"),
        ("printf '\\377'", True, "utf-8"),
    ],
)
async def test_a_formatter_that_fails_or_changes_more_changes_nothing(
    body: str, ranges: bool, said: str, sandbox: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    program = script(tmp_path / "tools" / "formatter", body)
    tool = FormatterTool(name="it", command=lambda _: (str(program),), readable=(program.parent,), ranges=ranges)

    def find(place: Place, environment: Mapping[str, str], *, trusted: bool) -> FormatterTool:
        del place, environment, trusted
        return tool

    made = ProjectFormatter(Tools(sandbox=sandbox, environment={}), find, timeout=3.0)
    task = landing_task("A = 1\ndef f(a):\n    |>pass\nB = 1\n", lang.PYTHON)
    before = EDITS.splice(task, "def f(a):\n    return  a", ())
    scope = EDITS.placed(task, "def f(a):\n    return  a", before)
    assert scope is not None
    with caplog.at_level(logging.WARNING):
        assert await made.format(task, before, scope) == before
    assert said in caplog.text


async def test_a_project_without_trust_in_its_code_runs_none_of_it(tmp_path: Path) -> None:
    from forge_lsp.checking.project import place_of
    from forge_lsp.languages.ecmascript.formatter import javascript_formatter

    workspace = write_files(
        tmp_path / "project",
        {".prettierrc": "{}\n", "a.js": "a\n", "node_modules/prettier/bin/prettier.cjs": "process.exit(1)\n"},
    )
    task = landing_task("|>a\n", lang.JAVASCRIPT, path=str(workspace / "a.js"), workspace=str(workspace))
    if shutil.which("node") is None:
        pytest.skip("node is not here")
    assert javascript_formatter(place_of(task), ENVIRONMENT, trusted=False) is None
    assert javascript_formatter(place_of(task), ENVIRONMENT, trusted=True) is not None
