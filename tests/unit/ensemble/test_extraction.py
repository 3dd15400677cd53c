from __future__ import annotations

import ast
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.languages import Language
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.extraction import Extracted, extract, join
from tests.support import lang
from tests.support.scripted import task

SYNTAX = TreeSitterSyntax()
ADD = "def add(a, b):\n    return a + b"


def code(text: str, wanted: Task | None = None, **values: object) -> Extracted:
    return extract(text, wanted or task(), syntax=SYNTAX, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        f"```python\n{ADD}\n```",
        f"```\n{ADD}\n```",
        f"~~~py\n{ADD}\n~~~",
        f"Here you are:\n\n```python\n{ADD}\n```\n\nThis adds two numbers.",
        f"```python\n{ADD}\n",
        f"<think>\n```python\ndef add(a, b):\n    return 0\n```\n</think>\n```python\n{ADD}\n```",
        f"Sure! Here is the function:\n\n{ADD}\n\nIt returns the sum of both.",
        f"```python\n{textwrap.indent(ADD, '        ')}\n```",
        f"```python\r\n{ADD}\r\n```".replace("\n", "\r\n").replace("\r\r", "\r"),
        f"```python\n{ADD}\n\nprint(add(1, 2))\nassert add(1, 2) == 3\n```",
        f"```python\n{ADD}\n\nif __name__ == '__main__':\n    print(add(3, 4))\n```",
        f"```python\n{ADD}\n```\n\nUsage:\n\n```python\nfrom calc import add\nprint(add(1, 2))\n```",
        f"```bash\npip install add\n```\n```python\n{ADD}\n```",
        f"def add(a, b):\n\n```python\n{ADD}\n```",
        "```python\n>>> def add(a, b):\n...     return a + b\n>>> add(1, 2)\n3\n```",
        f"```python\n# ==== scope begins ====\n{ADD}\n# ==== scope ends ====\n```",
        f"{ADD}<|im_end|>",
        f"def add(a, b):\n    pass\n\n\n{ADD}",
        f"```python\nclass Solution:\n{textwrap.indent(ADD.replace('(a', '(self, a'), '    ')}\n```",
    ],
)
def test_the_function_comes_out_of_every_wrapping(text: str) -> None:
    found = code(text, markers=("==== scope begins ====", "==== scope ends ===="))
    assert found.code == ADD
    assert found.imports == ()


def test_an_echoed_marker_of_another_length() -> None:
    text = f"```python\n# === lines left out here: 30 =====\n{ADD}\n```"
    found = code(text, markers=("==== lines left out",))
    assert found.code == ADD
    kept = ADD.replace("def add", "# == is compared here, lines left out\ndef add", 1)
    assert "lines left out" in code(f"```python\n{kept}\n```", markers=("==== lines left out",)).code


def test_the_first_line_that_lost_its_indentation() -> None:
    wanted = method_task()
    found = code("```python\ndef push(self, x):\n        self.items.append(x)\n```", wanted)
    assert ast.dump(ast.parse(found.code)) == ast.dump(ast.parse("def push(self, x):\n    self.items.append(x)"))


def test_a_done_definition_beats_a_repeated_stub() -> None:
    stub = "```python\ndef add(a, b):\n    ...\n```"
    assert code(f"The stub:\n{stub}\n\nThe answer:\n```python\n{ADD}\n```").code == ADD
    assert code(f"```python\n{ADD}\n```\nYou had:\n{stub}").code == ADD


def test_new_imports_come_along_and_others_do_not() -> None:
    source = "import math\n\n\ndef area(r):\n    ...\n"
    wanted = task(source, name="area", start=source.index("def"), parameters=("r",))
    text = """```python
import math
import os
from decimal import (
    Decimal,  # exact
    getcontext,
)
from shapes import area

def area(r):
    return Decimal(math.pi) * r * r
```"""
    found = code(text, wanted)
    assert found.imports == ("from decimal import Decimal",)
    assert found.code.startswith("def area(r):")


def test_an_import_in_a_fence_of_its_own_is_kept() -> None:
    text = "First:\n```python\nimport re\n```\nThen:\n```python\ndef add(a, b):\n    return re.sub(a, b, '')\n```"
    assert code(text).imports == ("import re",)


def test_helpers_that_are_used_come_along_in_order() -> None:
    text = """```python
LIMIT = 10
UNUSED = 11

def clamp(x):
    return min(x, LIMIT)

def add(a, b):
    return clamp(a + b) + tail()

def tail():
    return 0

def main():
    print(add(1, 2))

result = add(1, 2)
```"""
    found = code(text).code
    names = [getattr(node, "name", None) or node.targets[0].id for node in ast.parse(found).body]  # type: ignore[attr-defined]
    assert names == ["LIMIT", "clamp", "add", "tail"]


def test_a_helper_that_the_file_has_is_not_doubled() -> None:
    source = "def clamp(x):\n    return x\n\n\ndef add(a, b):\n    ...\n"
    wanted = task(source, start=source.index("def add"))
    text = "```python\ndef clamp(x):\n    return min(x, 9)\n\ndef add(a, b):\n    return clamp(a + b)\n```"
    assert code(text, wanted).code == "def add(a, b):\n    return clamp(a + b)"


STACK = '''class Stack:
    """A stack."""

    def __init__(self):
        self.items = []

    def push(self, x):
        """Push x."""

    def pop(self):
        """Pop the last."""
'''


def method_task() -> Task:
    start = STACK.index("    def push")
    end = STACK.index("\n\n    def pop")
    return task(STACK, name="push", start=start, end=end, indent="    ", container="Stack", parameters=("self", "x"))


def class_task() -> Task:
    return task(STACK, name="Stack", parameters=None)


HEAD = "class Stack:\n    def __init__(self):\n        self.items = []\n\n"
POP = "    def pop(self):\n        return self.items.pop()\n"
PUSH = "def push(self, x):\n    self.items.append(x)"


@pytest.mark.parametrize(
    "text",
    [
        f"```python\n{PUSH}\n```",
        f"```python\n{textwrap.indent(PUSH, '    ')}\n```",
        f"```python\n{HEAD}{textwrap.indent(PUSH, '    ')}\n```",
        "```python\ndef push(x):\n    self.items.append(x)\n```",
    ],
)
def test_a_method_comes_bare_whether_or_not_it_came_in_its_class(text: str) -> None:
    assert code(text, method_task()).code == PUSH


def test_a_method_brings_the_new_helper_methods_that_it_uses() -> None:
    text = """```python
class Stack:
    def push(self, x):
        self._check(x)
        self.items.append(x)

    def _check(self, x):
        assert x is not None

    def _other(self):
        return 1

    def pop(self):
        return self.items.pop()
```"""
    names = [node.name for node in ast.parse(code(text, method_task()).code).body]  # type: ignore[attr-defined]
    assert names == ["push", "_check"]


def methods(text: str) -> list[str]:
    (node,) = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
    return [item.name for item in node.body if isinstance(item, ast.FunctionDef)]


def test_a_class_in_several_fences_is_put_together() -> None:
    text = (
        f"First push:\n```python\n{PUSH}\n```\nthen pop:\n```python\ndef pop(self):\n    return self.items.pop()\n```"
    )
    found = code(text, class_task())
    assert methods(found.code) == ["__init__", "push", "pop"]
    assert '"""A stack."""' in found.code
    assert "self.items.append(x)" in found.code
    assert "self.items = []" in found.code
    assert found.note == "methods were put into their class"


def test_methods_without_a_fence_and_with_commentary_between() -> None:
    text = f"We push:\n\n{PUSH}\n\nNow the second method is simple.\n\n{POP}"
    assert methods(code(text, class_task()).code) == ["__init__", "push", "pop"]


def test_a_class_that_left_out_what_was_done_gets_it_back() -> None:
    text = f"```python\nclass Stack:\n{textwrap.indent(PUSH, '    ')}\n\n{POP}```"
    found = code(text, class_task())
    assert sorted(methods(found.code)) == ["__init__", "pop", "push"]
    assert found.note is not None and "__init__" in found.note


def test_a_class_that_was_to_be_changed_may_lose_a_member() -> None:
    source = "class A:\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n"
    text = "```python\nclass A:\n    def f(self):\n        return 1\n```"
    assert methods(code(text, task(source, name="A", parameters=None)).code) == ["f"]


def test_a_class_cut_in_the_middle_of_a_docstring_keeps_its_whole_methods() -> None:
    push = textwrap.indent(PUSH, "    ")
    text = f'```python\n{HEAD}{push}\n\n    def pop(self):\n        """Pop the'
    found = code(text, class_task(), truncated=True)
    assert methods(found.code) == ["__init__", "push", "pop"]
    assert ast.parse(found.code)


def test_a_cut_off_answer_is_told_apart_from_bad_syntax() -> None:
    cut = "```python\ndef add(a, b):\n    return a"
    assert code(cut, truncated=True).whole is False
    assert code(cut).whole is True
    assert code(f"```python\n{ADD}\n```\nThis function", truncated=True).whole is True
    with pytest.raises(ExtractionFailed) as cut_off:
        code("```python\ndef add(a, b", truncated=True)
    assert cut_off.value.truncated
    broken = code("```python\ndef add(a, b:\n    return\n```")
    assert (broken.code, broken.whole) == ("def add(a, b:\n    return", True)


@pytest.mark.parametrize(
    "text", ["", "   \n", "I cannot do that.", "```python\n```", '```json\n{"a": 1}\n```', "```", "class"]
)
def test_no_code_is_an_error(text: str) -> None:
    with pytest.raises(ExtractionFailed, match="no python code for `add`"):
        code(text)


def test_another_name_is_mended_where_it_is_the_only_one() -> None:
    found = code("```python\ndef sum_two(a, b):\n    return sum_two(a, b) if a else b\n```")
    assert found.code == "def add(a, b):\n    return add(a, b) if a else b"
    with pytest.raises(ExtractionFailed):
        code("```python\ndef one(a):\n    return a\n\ndef two(b):\n    return b\n```")


def test_a_different_number_of_parameters_is_left_to_the_checks() -> None:
    assert code("```python\ndef add(a, b, c=0):\n    return a + b + c\n```").code.startswith("def add(a, b, c=0):")


def test_a_body_alone_is_put_under_its_signature() -> None:
    found = code("```python\n    total = a + b\n    return total\n```")
    (function,) = ast.parse(found.code).body
    assert isinstance(function, ast.FunctionDef)
    assert ast.get_docstring(function) == "Add.\n\n>>> add(2, 3)\n5"
    assert ast.unparse(function).endswith("total = a + b\n    return total")


def test_a_file_keeps_everything() -> None:
    wanted = task("", name=None, kind=ScopeKind.FILE, parameters=None)
    text = f"```python\nimport sys\n\n{ADD}\n\nif __name__ == '__main__':\n    print(add(*sys.argv))\n```"
    found = code(text, wanted)
    assert found.code.startswith("import sys")
    assert "__main__" in found.code
    assert found.imports == ()


def test_a_file_in_several_fences_is_put_together_without_its_demo() -> None:
    wanted = task("", name=None, kind=ScopeKind.FILE, parameters=None)
    text = (
        f"```python\n{ADD}\n```\nand\n```python\ndef sub(a, b):\n    return a - b\n```\n"
        "Test it:\n```python\ndef test_add():\n    assert add(1, 2) == 3\n```"
    )
    found = code(text, wanted).code
    assert [node.name for node in ast.parse(found).body] == ["add", "sub"]  # type: ignore[attr-defined]


def test_an_insertion_gets_definitions_without_demo_and_with_imports_apart() -> None:
    source = "x = 1\n"
    wanted = task(source, name=None, kind=ScopeKind.INSERTION, start=6, end=6, parameters=None)
    found = code(f"```python\nimport re\n{ADD.replace('a + b', 're.sub(a, b, str())')}\nprint(add(1, 2))\n```", wanted)
    assert found.imports == ("import re",)
    assert "print" not in found.code
    assert found.code.startswith("def add")


def test_selected_statements() -> None:
    wanted = task("x = 1\ny = x\n", name=None, kind=ScopeKind.SELECTION, parameters=None)
    assert code("```python\nx = 2\ny = x * 2\nprint(y)\n```", wanted).code == "x = 2\ny = x * 2\nprint(y)"


def test_csharp_method_from_its_class() -> None:
    source = (
        "class Calc\n{\n    public int Add(int a, int b)\n    {\n"
        "        throw new NotImplementedException();\n    }\n}\n"
    )
    start = source.index("    public")
    wanted = task(
        source,
        name="Add",
        start=start,
        end=source.rindex("\n}"),
        indent="    ",
        container="Calc",
        language=lang.CSHARP,
    )
    text = (
        "```csharp\nusing System.Linq;\n\npublic class Calc\n{\n    public int Add(int a, int b)\n    {\n"
        "        return new[] { a, b }.Sum();\n    }\n}\n```"
    )
    found = code(text, wanted)
    assert found.code == "public int Add(int a, int b)\n{\n    return new[] { a, b }.Sum();\n}"
    assert found.imports == ("using System.Linq;",)


def test_typescript_function_from_prose() -> None:
    source = "export function add(a: number, b: number): number {\n  throw new Error('TODO');\n}\n"
    wanted = task(source, language=lang.TYPESCRIPT)
    text = "Here it is:\n\nexport function add(a: number, b: number): number {\n  return a + b;\n}\n\nHope this helps!"
    assert code(text, wanted).code == "export function add(a: number, b: number): number {\n  return a + b;\n}"


def test_fences_in_documentation_do_not_end_the_answer() -> None:
    documented = 'def add(a, b):\n    """Add.\n\n    ```python\n    add(1, 2)\n    ```\n    """\n    return a + b'
    assert code(f"```python\n{documented}\n```\nDone.").code == documented
    script = (
        "/**\n * Adds.\n * ```ts\n * add(1, 2);\n * ```\n */\n"
        "export function add(a: number, b: number): number {\n  return a + b;\n}"
    )
    source = "export function add(a: number, b: number): number {\n  throw new Error('TODO');\n}\n"
    wanted = task(source, language=lang.TYPESCRIPT)
    assert code(f"```typescript\n{script}\n```", wanted).code == script


def test_a_fence_that_closes_at_the_end_of_a_line() -> None:
    assert code("```python\ndef add(a, b):\n    return a + b```\nDone.").code == ADD


def test_a_fence_that_opens_again_without_having_closed() -> None:
    assert code(f"```python\nimport os\n```python\n{ADD}\n```").code == ADD


@pytest.mark.parametrize("language", [lang.CSHARP, lang.TYPESCRIPT])
def test_bare_methods_are_put_into_a_class_with_braces(language: Language) -> None:
    if language is lang.CSHARP:
        source = (
            "public class Calc\n{\n    private int total = 0;\n\n    public int Add(int a)\n    {\n"
            "        throw new NotImplementedException();\n    }\n\n    public int Total() => total;\n}\n"
        )
        method = "public int Add(int a)\n{\n    total += a;\n    return total;\n}"
    else:
        source = (
            "export class Calc {\n    private total = 0;\n\n    Add(a: number): number {\n"
            "        throw new Error('TODO');\n    }\n\n    Total(): number {\n        return this.total;\n    }\n}\n"
        )
        method = "Add(a: number): number {\n    this.total += a;\n    return this.total;\n}"
    wanted = task(source, name="Calc", parameters=None, language=language)
    whole = source.replace("        throw new NotImplementedException();", "        total += a;\n        return total;")
    whole = whole.replace("        throw new Error('TODO');", "        this.total += a;\n        return this.total;")
    prefix = "class Calc {" if language is lang.TYPESCRIPT else "class Calc\n{"
    found = code(f"```{language}\n{prefix}\n{textwrap.indent(method, '    ')}\n}}\n```", wanted).code
    assert "Total" in found, "what was done and left out came back"
    assert method.split("\n")[1].strip() in found
    assert not SYNTAX.outline(found, language).errors
    assert code(f"```{language}\n{whole}\n```", wanted).code == whole.strip()


def test_a_language_without_a_grammar_takes_the_fence_as_it_is() -> None:
    wanted = task("fn add(a: i32, b: i32) -> i32 { todo!() }\n", language=lang.RUST)
    found = code("So:\n```rust\nfn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n```\nDone.", wanted)
    assert found.code == "fn add(a: i32, b: i32) -> i32 {\n    a + b\n}"
    with pytest.raises(ExtractionFailed):
        code("No code here.", wanted)


SQL = Language(id="sql", title="SQL", suffixes=(".sql",), comment="--")


def test_a_fence_of_the_language_itself_is_code() -> None:
    wanted = task("SELECT 1;\n", language=SQL, kind=ScopeKind.FILE)
    assert code("So:\n```sql\nSELECT 2;\n```\n```json\n{}\n```", wanted).code == "SELECT 2;"


def test_what_is_left_out_is_told_by_the_comments_of_the_language() -> None:
    wanted = task("SELECT 1;\nSELECT 2;\n", language=SQL, kind=ScopeKind.FILE)
    with pytest.raises(ExtractionFailed, match="leaves code out"):
        code("```sql\nSELECT 3;\n-- ... rest of the code ...\n```", wanted)


@pytest.mark.parametrize(
    ("first", "rest", "whole"),
    [
        ("```python\ndef f():\n    return 1 +", " 2\n```", "```python\ndef f():\n    return 1 + 2\n```"),
        ("```python\ndef f():\n", "```python\n    return 1\n```", "```python\ndef f():\n    return 1\n```"),
        (
            "```python\ndef f():\n    return 1",
            "def f():\n    return 12\n```",
            "```python\ndef f():\n    return 12\n```",
        ),
        ("def f():\n    retu", "    return 1\n", "def f():\n    return 1\n"),
    ],
)
def test_a_continuation_is_joined_without_repetition(first: str, rest: str, whole: str) -> None:
    assert join(first, rest) == whole


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "```python",
                "```",
                "def add(a, b):",
                "    return a",
                "class X:",
                '"""',
                "x = (",
                "text",
                ">>> x",
                "<think>",
                "    ",
            ]
        ),
        max_size=25,
    )
)
def test_any_text_gives_code_that_parses_or_what_a_fence_holds_or_an_error(lines: list[str]) -> None:
    text = "\n".join(lines)
    try:
        found = code(text)
    except ExtractionFailed:
        return
    assert "add" in found.code
    if SYNTAX.outline(found.code, lang.PYTHON).errors:
        assert text.count("```") > 1
        assert found.note == "the answer does not parse by the grammar here"


@pytest.mark.parametrize("body", ["    return a +", "    return (a", "    x = [\n    return a + b\n    y = 2"])
def test_code_that_does_not_parse_goes_whole_to_the_compiler(body: str) -> None:
    stub = task("def add(a, b):\n    raise NotImplementedError")
    written = f"def add(a, b):\n{body}"
    assert code(f"Here:\n```python\n{written}\n```\nDone.", stub).code == written
    with pytest.raises(ExtractionFailed, match="code for `add` that does not parse"):
        code(f"```python\n{written}\n```\nAnd", stub, truncated=True)


def test_a_constant_is_wanted_by_name_too() -> None:
    found = code("```python\nLIMIT = 7\n```", task("LIMIT = 10", name="LIMIT"))
    assert found.code == "LIMIT = 7"
