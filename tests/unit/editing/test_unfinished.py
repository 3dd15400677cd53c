from __future__ import annotations

from pathlib import Path

import pytest

from forge_lsp.core.languages import Language
from forge_lsp.core.task import Document, ScopeKind, TextRange
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from tests.support import lang

SCOPES = Scopes(TreeSitterSyntax())


def found(text: str, language: Language = lang.PYTHON, path: str = "a.py") -> list[str]:
    document = Document(uri="file:///" + path, language=language, text=text, path=Path(path))
    return [place.of(text) for place in SCOPES.unfinished(document)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("def f(): ...\n", ["def f(): ..."], id="dots"),
        pytest.param("def f():\n    pass\n", ["def f():"], id="pass"),
        pytest.param('def f():\n    """Doc."""\n', ["def f():"], id="docstring alone"),
        pytest.param("def f():\n    raise NotImplementedError\n", ["def f():"], id="not implemented"),
        pytest.param("def f():\n    return 1\n", [], id="code"),
        pytest.param("# lead\n@dec\ndef f(): ...\n", ["def f(): ..."], id="over the header, not the decorator"),
        pytest.param("class A:\n    async def f(self): ...\n", ["async def f(self): ..."], id="method"),
        pytest.param("def f():\n    def g(): ...\n    return g\n", ["def g(): ..."], id="nested"),
        pytest.param("if x:\n    def f(): ...\n", ["def f(): ..."], id="in a compound statement"),
        pytest.param("class E(Exception): pass\n", [], id="an empty class is no stub"),
        pytest.param("class P(Protocol):\n    def f(self): ...\n", [], id="protocol"),
        pytest.param("class A:\n    @abc.abstractmethod\n    def f(self): ...\n", [], id="abstract"),
        pytest.param("@overload\ndef f(a: int): ...\ndef f(a):\n    return a\n", [], id="overload"),
        pytest.param("# TODO(forge): a stack\n", ["# TODO(forge): a stack"], id="comment"),
        pytest.param("# TODO: a stack\n# TODO(me): it\n", [], id="another's TODO"),
        pytest.param("def f():\n    #TODO(forge)\n    return 1\n", ["#TODO(forge)"], id="comment in code"),
        pytest.param("y = 1  # TODO(forge): more\n", ["y = 1  # TODO(forge): more"], id="comment after code"),
        pytest.param("# TODO(forge)\ndef f(): ...\n", ["def f(): ..."], id="stub with a comment over it: one"),
        pytest.param("def f():\n    # TODO(forge)\n    ...\n", ["def f():"], id="stub with a comment in it: one"),
        pytest.param("x = '# TODO(forge)'\n", [], id="string"),
        pytest.param('x = """\n# TODO(forge)\n"""\n', [], id="string of several lines"),
        pytest.param("def f(: ...\n\ndef g(): ...\n", ["def g(): ..."], id="beside broken code"),
        pytest.param("", [], id="empty"),
    ],
)
def test_python(text: str, expected: list[str]) -> None:
    assert found(text) == expected


def test_a_stub_file_is_to_stay_as_it_is() -> None:
    assert found("def f(): ...\n", path="a.pyi") == []


def test_typescript() -> None:
    text = (
        "export function f(a: number): number {\n  throw new Error('not implemented');\n}\n"
        "/* TODO(forge): g */\n/**\n * TODO(forge): h\n */\nconst s = `\n// TODO(forge)\n`;\n"
        "abstract class A { abstract m(): string }\n"
    )
    assert found(text, lang.TYPESCRIPT, "a.ts") == [
        "export function f(a: number): number {", "/* TODO(forge): g */", "* TODO(forge): h",
    ]  # fmt: skip


def test_csharp() -> None:
    text = (
        "class A\r\n{\r\n    // TODO(forge): more\r\n    [Obsolete]\r\n    int F(int a)\r\n    {\r\n"
        "        throw new NotImplementedException();\r\n    }\r\n    void G() { }\r\n    // TODO(forge): H\r\n}\r\n"
        "interface I { int K(); }\r\n"
    )
    assert found(text, lang.CSHARP, "a.cs") == ["int F(int a)", "// TODO(forge): H"]


def test_a_language_without_a_grammar_has_its_comments() -> None:
    text = "fn f<'a>(x: &'a str) { } // TODO(forge): it\n"
    assert found(text, lang.RUST, "a.rs")[-1:] == [text.strip()]


def test_a_cursor_there_means_the_definition() -> None:
    text = "class A:\n    # lead\n    @property\n    def f(self) -> int: ...\n"
    document = Document(uri="file:///a.py", language=lang.PYTHON, text=text)
    (place,) = SCOPES.unfinished(document)
    scope = SCOPES.scope(document, TextRange(start=place.start, end=place.start))
    assert (scope.kind, scope.name) == (ScopeKind.DEFINITION, "f")
