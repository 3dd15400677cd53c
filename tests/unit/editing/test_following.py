"""What became of code that was applied, told from two texts of its document."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from forge_lsp.core.became import EditFate
from forge_lsp.core.languages import Language
from forge_lsp.core.task import Document, Scope, ScopeKind, TextRange
from forge_lsp.editing.following import LONGEST, RememberedCode, follow
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from tests.support import lang

SCOPES = Scopes(TreeSitterSyntax())

PYTHON = (
    "import os\n\n\nclass Stack:\n    def push(self, item):\n        ...\n\n    def pop(self):\n        return 1\n",
    "import os\n\n\nclass Stack:\n    def push(self, item):\n"
    "        if item:\n            self.items.append((item + 1) * 2)\n"
    "        return {'a': item}\n\n    def pop(self):\n        return 1\n",
)
STUBS = {
    lang.PYTHON: PYTHON,
    lang.TYPESCRIPT: (
        "export function push(item: number): number {\n  throw new Error('TODO');\n}\n\nexport const x = 1;\n",
        "export function push(item: number): number {\n  const all = [item, 2];\n  return all.map(x => x + 1)[0];\n"
        "}\n\n"
        "export const x = 1;\n",
    ),
    lang.JAVASCRIPT: (
        "function push(item) {\n  throw new Error('TODO');\n}\n\nconst x = 1;\n",
        "function push(item) {\n  const all = [item, 2];\n  return all.map(x => x + 1)[0];\n}\n\nconst x = 1;\n",
    ),
    lang.GO: (
        'package a\n\nimport "fmt"\n\nfunc push(item int) int {\n\tpanic("TODO")\n}\n\nfunc pop() { fmt.Println() }\n',
        'package a\n\nimport "fmt"\n\nfunc push(item int) int {\n'
        "\tif item > 1 {\n\t\treturn item + 1\n\t}\n\treturn 2\n}\n\n"
        "func pop() { fmt.Println() }\n",
    ),
    lang.RUST: (
        "fn push(item: i32) -> i32 {\n    todo!()\n}\n\nfn pop() {}\n",
        "fn push(item: i32) -> i32 {\n    let all = vec![item, 2];\n    all.iter().map(|x| x + 1).sum()\n}\n\n"
        "fn pop() {}\n",
    ),
    lang.JAVA: (
        "class A {\n    int push(int item) {\n        throw new UnsupportedOperationException();\n    }\n\n"
        "    int pop() { return 1; }\n}\n",
        "class A {\n    int push(int item) {\n        int all = item + 2;\n        return all * 2;\n    }\n\n"
        "    int pop() { return 1; }\n}\n",
    ),
    lang.KOTLIN: (
        "class A {\n    fun push(item: Int): Int {\n        TODO()\n    }\n\n    fun pop(): Int = 1\n}\n",
        "class A {\n    fun push(item: Int): Int {\n        val all = item + 2\n        return all * 2\n    }\n\n"
        "    fun pop(): Int = 1\n}\n",
    ),
    lang.CSHARP: (
        "class A {\n    int push(int item) {\n        throw new NotImplementedException();\n    }\n\n"
        "    int pop() { return 1; }\n}\n",
        "class A {\n    int push(int item) {\n        int all = item + 2;\n        return all * 2;\n    }\n\n"
        "    int pop() { return 1; }\n}\n",
    ),
    lang.C: (
        "int push(int item) {\n    return 0; /* TODO */\n}\n\nint pop(void) { return 1; }\n",
        "int push(int item) {\n    int all = item + 2;\n    return all * 2;\n}\n\nint pop(void) { return 1; }\n",
    ),
    lang.CPP: (
        "int push(int item) {\n    return 0; // TODO\n}\n\nint pop() { return 1; }\n",
        "int push(int item) {\n    int all = item + 2;\n    return all * 2;\n}\n\nint pop() { return 1; }\n",
    ),
}
EVERY = pytest.mark.parametrize("language", STUBS, ids=str)


def scope_of(text: str, words: str, language: Language = lang.PYTHON) -> Scope:
    at = text.index(words)
    return SCOPES.scope(Document(uri="untitled:a", language=language, text=text), TextRange(start=at, end=at))


def applied(language: Language, stub: str, done: str, words: str = "push") -> RememberedCode:
    scope = scope_of(stub, words, language)
    assert (scope.kind, scope.name) == (ScopeKind.DEFINITION, words)
    found = follow(language, scope, stub, stub, done)
    assert found is not None
    return found


@EVERY
def test_in_every_language_it_is_kept_changed_undone_or_removed(language: Language) -> None:
    stub, done = STUBS[language]
    followed = applied(language, stub, done)
    assert followed.became(done) is EditFate.KEPT
    assert followed.became(stub) is EditFate.UNDONE
    assert followed.became(done.replace("2", "3")) is EditFate.CHANGED
    assert followed.became(done.replace("pop", "pull")) is EditFate.KEPT  # another definition
    assert followed.became(done.replace("push", "shove")) is EditFate.CHANGED  # renamed
    whole = scope_of(done, "push", language).range
    assert followed.became(done[: whole.start] + done[whole.end :]) is EditFate.UNDONE
    assert followed.became("") is EditFate.UNDONE
    assert followed.became(done.replace("\n", "\r\n")) is EditFate.KEPT
    assert followed.became(done.replace("    ", "\t").replace("  ", "      ")) is EditFate.KEPT


@EVERY
def test_its_text_is_not_kept(language: Language) -> None:
    followed = applied(language, *STUBS[language])
    assert "push" not in repr(followed)
    assert "item" not in repr(followed)


def formatted(language: Language, text: str, tmp_path: Path) -> str:
    name, command = {
        lang.PYTHON: ("a.py", [str(Path(sys.executable).with_name("ruff")), "format", "--no-cache", "--isolated"]),
        lang.GO: ("a.go", ["gofmt", "-w"]),
        lang.RUST: ("a.rs", ["rustfmt"]),
    }[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    path = tmp_path / name
    path.write_text(text)
    subprocess.run([*command, str(path)], check=True, capture_output=True)
    return path.read_text()


@pytest.mark.parametrize(
    ("language", "stub", "done"),
    [
        pytest.param(
            lang.PYTHON,
            "def push(item):\n    ...\n",
            "def push( item ):\n  '''Say  what.\n     More.'''\n  x = { 'a':1,'b' : [ 1,2 , ] , 'c': U'it\\'s' } #why\n"
            "  for (a, b) in x.items( ): print (a,b); y=(a)\n"
            "  return some_function_with_a_long_name(item, x)[1] + "
            "another_function_with_a_long_name(item, 0XAB) and (y)\n",
            id="python",
        ),
        pytest.param(
            lang.GO,
            "package a\n\nfunc push(item int) int {\n\treturn 0 // TODO\n}\n",
            "package a\n\nfunc push( item   int )  int {\nx:=map[string]int{\"a\":1,\n \"bcd\" : 2}; //why\n"
            "  if item>1 { return x[ \"a\" ]+item*2 }\n  return 2;\n}\n",
            id="go",
        ),
        pytest.param(
            lang.RUST,
            "fn push(item: i32) -> i32 {\n    todo!()\n}\n",
            "fn push(item:i32)->i32{\nlet all=vec![item,2 , 3];let (a,b)=(1,2);\n"
            "  all.iter().map(|x|x+1).filter(|x|*x>item).map(|x|x*2).filter(|x|*x<1000).map(|x|x+a+b).sum::<i32>()}\n",
            id="rust",
        ),
    ],
)  # fmt: skip
def test_what_a_formatter_does_is_no_change(language: Language, stub: str, done: str, tmp_path: Path) -> None:
    after = formatted(language, done, tmp_path)
    assert after != done
    followed = applied(language, stub, done)
    assert followed.became(after) is EditFate.KEPT
    assert followed.became(after.replace("2", "4")) is EditFate.CHANGED


@pytest.mark.parametrize(
    ("language", "before", "after", "same"),
    [
        (lang.PYTHON, "a = 'x'", 'a = "x"', True),
        (lang.PYTHON, "return (a + b) * c", "return a + b * c", False),
        (lang.PYTHON, "return a + b * c", "return (a + b * c)", True),
        (lang.PYTHON, "x = (a)", "x = (a,)", False),
        (lang.PYTHON, "x = 'a  b'", "x = 'a b'", False),
        (lang.PYTHON, "if a:\n        b()\n    c()", "if a:\n        b()\n        c()", False),
        (lang.PYTHON, "x = f", "x = f()", False),
        (lang.PYTHON, "# why\n    a()", "# because\n    a()", False),
        (lang.JAVASCRIPT, "x = 'a'", 'x = "a";', True),
        (lang.JAVASCRIPT, "y = x => x + 1", "y = (x) => x + 1;", True),
        (lang.JAVASCRIPT, "y = a && b || c", "y = (a && b) || c", True),
        (lang.JAVASCRIPT, "y = (a || b) && c", "y = a || b && c", False),
        (lang.JAVASCRIPT, "f(a, b)", "f(\n  a,\n  b,\n)", True),
        (lang.JAVASCRIPT, "x = `a  b`", "x = `a b`", False),
        (lang.CSHARP, 'x = @"a  b";', 'x = @"a b";', False),
        (lang.JAVA, "int x=1 ;", "int  x = 1;", True),
        (lang.C, "x = a*b ;", "x = a * b;", True),
    ],
)
def test_what_counts_as_the_same(language: Language, before: str, after: str, same: bool) -> None:
    wrap = "def push(a):\n    {}\n" if language is lang.PYTHON else "function push(a) {{\n  {}\n}}\n"
    if language in (lang.CSHARP, lang.JAVA):
        wrap = "class A {{\n  void push() {{ {} }}\n}}\n"
    if language is lang.C:
        wrap = "void push(void) {{ {} }}\n"
    stub = wrap.format("stub()" if language in (lang.PYTHON, lang.JAVASCRIPT) else "stub();")
    followed = applied(language, stub, wrap.format(before))
    assert followed.became(wrap.format(after)) is (EditFate.KEPT if same else EditFate.CHANGED)


def test_it_may_move_within_the_file_and_out_of_its_class() -> None:
    stub, done = PYTHON
    followed = applied(lang.PYTHON, stub, done)
    start = done.index("    def push")
    end = done.index("    def pop")
    method = done[start:end]
    moved = done[:start] + done[end:] + "\n" + method
    assert followed.became(moved) is EditFate.KEPT
    assert followed.became(done.replace("class Stack", "class Pile")) is EditFate.KEPT
    dedented = "".join(line.removeprefix("    ") for line in method.splitlines(keepends=True))
    assert followed.became(done[:start] + done[end:] + "\n\n" + dedented) is EditFate.KEPT


def test_the_same_code_elsewhere_is_not_it() -> None:
    twin = "class A:\n    def push(self):\n        return [1, 2, 3]\n\n\n"
    stub = twin + "class B:\n    def push(self):\n        ...\n"
    done = stub.replace("        ...", "        return [1, 2, 3]")
    scope = scope_of(stub, "...")
    followed = follow(lang.PYTHON, scope, stub, stub, done)
    assert followed is not None
    assert followed.became(done) is EditFate.KEPT
    assert followed.became(stub) is EditFate.UNDONE
    assert followed.became(stub.replace("        ...", "        return [4]")) is EditFate.CHANGED


def test_an_overload_is_told_from_its_fellows() -> None:
    stub = "class A {\n    int f(int a) { return a; }\n\n    int f(String a) {\n        throw new Error();\n    }\n}\n"
    done = stub.replace("throw new Error();", "return a.length();")
    followed = follow(lang.JAVA, scope_of(stub, "throw", lang.JAVA), stub, stub, done)
    assert followed is not None
    assert followed.became(done) is EditFate.KEPT
    assert followed.became(done.replace("return a;", "return 2 * a;")) is EditFate.KEPT
    assert followed.became(stub) is EditFate.UNDONE
    assert followed.became(done.replace("length()", "length() + 1")) is EditFate.CHANGED


@pytest.mark.parametrize(
    ("base", "at", "done"),
    [
        pytest.param("x = 1\n\n\ny = 2\n", "\n\ny", "x = 1\n\n\ndef f(a):\n    return a + 1\n\n\ny = 2\n", id="place"),
        pytest.param("x = 1\n# TODO: add f\n", "# TODO", "x = 1\ndef f(a):\n    return a + 1\n", id="todo"),
        pytest.param("", "", "import os\n\n\ndef f(a):\n    return a + 1\n", id="empty file"),
        pytest.param("\n", "", "def f(a):\n    return a + 1\n\n\nclass B:\n    pass\n", id="blank file"),
    ],
)
def test_new_definitions_are_found_by_their_names(base: str, at: str, done: str) -> None:
    followed = follow(lang.PYTHON, scope_of(base, at), base, base, done)
    assert followed is not None and followed.definitions
    assert followed.became(done) is EditFate.KEPT
    assert followed.became("import sys\n" + done + "\n\ndef g():\n    return 3\n") is EditFate.KEPT
    assert followed.became(done.replace("a + 1", "a + 2")) is EditFate.CHANGED
    assert followed.became(base) is EditFate.UNDONE


class TestCodeWithoutAName:
    BASE = "import os\n\n\ndef f(a):\n    first(a)\n    old(a, 1)\n    old(a, 2)\n    last(a)\n"
    DONE = "import os\nimport sys\n\n\ndef f(a):\n    first(a)\n    for i in (1, 2):\n        new(a, i)\n    last(a)\n"

    def followed(self, before: str | None = None, after: str | None = None) -> RememberedCode:
        start, end = self.BASE.index("    old"), self.BASE.index("    last") - 1
        scope = Scope(kind=ScopeKind.SELECTION, range=TextRange(start=start, end=end), indent="    ")
        found = follow(lang.PYTHON, scope, self.BASE, before or self.BASE, after or self.DONE)
        assert found is not None and found.passage is not None
        return found

    @pytest.mark.parametrize(
        ("old", "new", "became"),
        [
            ("", "", EditFate.KEPT),
            ("def f", "def before():\n    pass\n\n\ndef f", EditFate.KEPT),
            ("last(a)", "last(b)", EditFate.KEPT),
            ("    for i in (1, 2):\n        new(a, i)", "    for i in 1, 2 :\n      new( a,i )", EditFate.KEPT),
            ("import sys\n", "", EditFate.KEPT),
            ("new(a, i)", "new(a, i + 1)", EditFate.CHANGED),
            ("    for i in (1, 2):\n        new(a, i)", "    old(a, 1)\n    old(a, 2)", EditFate.UNDONE),
            ("    for i in (1, 2):\n        new(a, i)\n", "", EditFate.UNDONE),
        ],
    )
    def test_is_found_by_its_tokens(self, old: str, new: str, became: EditFate) -> None:
        assert self.followed().became(self.DONE.replace(old, new, 1)) is became

    def test_also_where_the_document_had_moved_on_before(self) -> None:
        more = "def g():\n    return 7\n\n\ndef f"
        before, after = (text.replace("def f", more) for text in (self.BASE, self.DONE))
        followed = self.followed(before, after)
        assert followed.became(after) is EditFate.KEPT
        assert followed.became(self.DONE) is EditFate.KEPT
        assert followed.became(before) is EditFate.UNDONE

    def test_that_was_taken_away_comes_back_or_not(self) -> None:
        removed = self.BASE.replace("    old(a, 1)\n    old(a, 2)\n", "")
        followed = self.followed(after=removed)
        assert followed.became(removed) is EditFate.KEPT
        assert followed.became(self.BASE) is EditFate.UNDONE

    def test_that_only_changed_its_order(self) -> None:
        turned = self.BASE.replace("    old(a, 1)\n    old(a, 2)", "    old(a, 2)\n    old(a, 1)")
        followed = self.followed(after=turned)
        assert followed.became(turned) is EditFate.KEPT
        assert followed.became(self.BASE) is EditFate.UNDONE
        assert followed.became(turned.replace("old(a, 2)", "old(a, 3)")) is EditFate.CHANGED


def test_what_cannot_be_placed_is_not_followed() -> None:
    base, done = TestCodeWithoutAName.BASE, TestCodeWithoutAName.DONE
    scope = Scope(
        kind=ScopeKind.SELECTION, range=TextRange(start=base.index("    old"), end=base.index("    last") - 1)
    )
    assert follow(lang.PYTHON, scope, base, base.replace("old", "older"), done) is None
    assert follow(lang.PYTHON, scope, base, base, done.replace("first", "second")) is None


def test_a_byte_order_mark_is_no_change() -> None:
    stub, done = PYTHON
    scope = scope_of("\ufeff" + stub, "push")
    for base, before, after in (("\ufeff" + stub, stub, done), ("\ufeff" + stub, "\ufeff" + stub, "\ufeff" + done)):
        followed = follow(lang.PYTHON, scope, base, before, after)
        assert followed is not None
        assert followed.became("\ufeff" + done) is followed.became(done) is EditFate.KEPT


def test_a_very_long_text_is_not_looked_at() -> None:
    stub, done = PYTHON
    followed = applied(lang.PYTHON, stub, done)
    assert followed.became(done + "#" * LONGEST) is None
    assert follow(lang.PYTHON, scope_of(stub, "push"), stub, stub, done + "#" * LONGEST) is None


@EVERY
def test_no_text_is_too_broken_to_be_looked_at(language: Language) -> None:
    stub, done = STUBS[language]
    followed = applied(language, stub, done)
    for text in (done[: len(done) // 2], "{{{", "\x00\ud800", done + "\n)]}'\"", "(" * 2000):
        assert followed.became(text) in EditFate
