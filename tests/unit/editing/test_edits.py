from __future__ import annotations

import argparse
import ast
import inspect
import textwrap
import types

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge_lsp.core.languages import Language
from forge_lsp.core.task import Scope, ScopeKind, Task, TextRange
from forge_lsp.editing.indentation import indent_unit, reindent
from tests.unit.editing.support import CSHARP, EDITS, JAVASCRIPT, PYTHON, SYNTAX, TYPESCRIPT, document, spliced

PUSH = "def push(self, item):\n    if item:\n        self.items.append(item)\n    return self\n"


@pytest.mark.parametrize(
    "code",
    [
        PUSH,
        PUSH.replace("\n", "\r\n"),
        "\n\n" + PUSH + "\n  \n",
        "\ufeff" + PUSH,
        "    " + PUSH.replace("\n", "\n    "),
        "\t" + PUSH.replace("\n", "\n\t"),
        PUSH.replace("\n    ", "\n        "),
    ],
)
def test_code_gets_the_scopes_indentation(code: str) -> None:
    text = "class S:\n    def push(self, item):|\n        pass\n\n    def pop(self): ...\n"
    assert spliced(text, code) == (
        "class S:\n    def push(self, item):\n        if item:\n            self.items.append(item)\n"
        "        return self\n"
        "\n    def pop(self): ...\n"
    )


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("unit", ["\t", "  ", "    ", "   "])
@pytest.mark.parametrize("last", ["", "{ending}"])
@pytest.mark.parametrize("start", ["", "\ufeff", "# 😀 e\u0301 漢\n"])
def test_unit_line_ending_final_newline_and_mark_are_the_documents(
    ending: str, unit: str, last: str, start: str
) -> None:
    def made(text: str) -> str:
        return text.replace("\n", ending).replace("    ", unit) + last.format(ending=ending)

    text = made(start + "class S:\n    a = '😀'\n\n    def push(self, item):|\n        pass")
    code = PUSH.replace("self.items", "漢.e\u0301")
    assert spliced(text, code) == made(
        start + "class S:\n    a = '😀'\n\n    def push(self, item):\n        if item:\n"
        "            漢.e\u0301.append(item)\n        return self"
    )


def test_docstrings_move_with_their_code_and_other_strings_stay() -> None:
    code = (
        'def push(self, item):\n    """Put.\n\n    >>> 1\n      2\n    """\n    sql = """\n  select\n\tx\n'
        '"""\n    return sql\n'
    )
    text = "class S:\n\tdef push(self, item):|\n\t\tpass\n"
    assert spliced(text, code) == (
        'class S:\n\tdef push(self, item):\n\t\t"""Put.\n\n\t\t>>> 1\n\t\t  2\n\t\t"""\n\t\tsql = """\n'
        '  select\n\tx\n"""\n\t\treturn sql\n'
    )


@pytest.mark.parametrize(
    ("language", "text", "code", "expected"),
    [
        (
            TYPESCRIPT,
            "class A {\n\tf() {|}\n}\n",
            "f() {\n  return `a\n  b`;\n}",
            "class A {\n\tf() {\n\t\treturn `a\n  b`;\n\t}\n}\n",
        ),
        (JAVASCRIPT, "function f() {|\n  x;\n}", "function f() {\n    return 1;\n}", "function f() {\n  return 1;\n}"),
        (
            CSHARP,
            "class A\r\n{\r\n    int F() { |}\r\n}",
            'int F()\n{\n    return @"x\n y";\n}',
            'class A\r\n{\r\n    int F()\r\n    {\r\n        return @"x\r\n y";\r\n    }\r\n}',
        ),
    ],
)
def test_other_languages(language: Language, text: str, code: str, expected: str) -> None:
    assert spliced(text, code, language=language) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(
            "def f(a,\n      b):\n    return g(a,\n             b)",
            "def f(a,\n      b):\n  return g(a,\n           b)",
            id="what is aligned stays aligned",
        ),
        pytest.param(
            "def f():\n    return g(\n        a,\n        [\n            b,\n        ],\n    )",
            "def f():\n  return g(\n    a,\n    [\n      b,\n    ],\n  )",
            id="what hangs goes by steps",
        ),
        pytest.param(
            "def f():\n   if a:\n        return 1\n   return 2",
            "def f():\n  if a:\n    return 1\n  return 2",
            id="blocks of different widths",
        ),
        pytest.param(
            " def f():\n  return 2",
            "def f():\n  return 2",
            id="a header a blank too far in",
        ),
        pytest.param(
            "def f():\n        # why\n    for a in b:\n        if a:\n            g()\n        # and then\n"
            "    return 2\n    # end",
            "def f():\n  # why\n  for a in b:\n    if a:\n      g()\n    # and then\n  return 2\n  # end",
            id="comments go with their neighbours",
        ),
        pytest.param("def f():\n    return 2)", "def f():\n  return 2)", id="what does not parse goes by whole steps"),
        pytest.param("def f():\n     return 2)\n   x", "def f():\n     return 2)\n   x", id="or stays as it is"),
    ],
)
def test_python_gets_the_steps_of_the_document(code: str, expected: str) -> None:
    assert spliced("def f(a, b):|\n  pass\n", code).removesuffix("\n") == expected


def test_what_has_the_steps_of_the_document_stays_as_it_is() -> None:
    code = "def f():\n  x = 1  # index 0\n         # is unused\n  return x"
    assert spliced("def f(a, b):|\n  pass\n", code).removesuffix("\n") == code


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["  ", "   ", "\t"])
@pytest.mark.parametrize("module", [argparse, ast, inspect, textwrap], ids=lambda module: module.__name__)
def test_real_python_says_the_same_in_other_steps(module: types.ModuleType, unit: str) -> None:
    text = inspect.getsource(module)
    lines = text.split("\n")
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            code = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            other = reindent(code, PYTHON, indent="", unit=unit, strings=SYNTAX)
            assert _said(other) == _said(code)
            (same,) = ast.parse(other).body
            assert isinstance(same, ast.FunctionDef | ast.ClassDef)
            assert same.body[0].col_offset == len(unit) or same.body[0].lineno == same.lineno


def _said(code: str) -> str:
    """The tree; docstrings by their words, since they move with their code."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Expr(ast.Constant((ast.get_docstring(node) or "").split()))
    return ast.dump(tree)


def test_a_conversion_never_breaks_python() -> None:
    code = "def f():\n  if x:\n      return 1\n  return 2"
    ast.parse(spliced("def f():|\n\tpass\n", code))


def test_an_empty_file_gets_a_final_newline() -> None:
    assert spliced("|", "x = 1") == "x = 1\n"
    assert spliced("\ufeff|", "x = 1\n\n") == "\ufeffx = 1\n"


@pytest.mark.parametrize("text", ["a = 1\n", "a = 1", "\ufeffa = 1\r\nb = 2\r\n"])
def test_a_whole_file_keeps_its_mark_and_final_newline(text: str) -> None:
    doc = document(text)
    end = len(text.rstrip("\r\n"))
    scope = Scope(kind=ScopeKind.FILE, range=TextRange(start=text.count("\ufeff"), end=end))
    result = EDITS.splice(Task(document=doc, scope=scope, instruction="x"), "c = 3\nd = 4\n", ())
    ending = "\r\n" if "\r" in text else "\n"
    assert result == text[: scope.range.start] + f"c = 3{ending}d = 4" + text[end:]


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("def a(): pass\n|\ndef b(): pass\n", "def c(): pass", "def a(): pass\n\n\ndef c(): pass\n\n\ndef b(): pass\n"),
        ("def a(): pass\n\n\n|", "def c(): pass\n", "def a(): pass\n\n\ndef c(): pass\n"),
        ("x = 1\n|\ny = 2\n", "z = 3", "x = 1\n\nz = 3\n\ny = 2\n"),
        (
            "class A:\n    a = 1\n|\n    b = 2\n",
            "def f(self):\n    pass",
            "class A:\n    a = 1\n\n    def f(self):\n        pass\n\n    b = 2\n",
        ),
        (
            "class A:\n    def f(self):\n        pass\n    |\n\nx = 1\n",
            "def g(self): ...",
            "class A:\n    def f(self):\n        pass\n\n    def g(self): ...\n\nx = 1\n",
        ),
        ("# Adds.|\n", "def f(): ...", "# Adds.\ndef f(): ...\n"),
        ("# Adds.|", "def f(): ...", "# Adds.\ndef f(): ..."),
        ("\n|\nx = 1\n", "import y", "import y\n\nx = 1\n"),
    ],
)
def test_insertions(text: str, code: str, expected: str) -> None:
    assert spliced(text, code) == expected


def test_an_insertion_into_braces() -> None:
    text = "class A\n{\n    |\n}\n"
    assert spliced(text, "int F() => 1;", language=CSHARP) == "class A\n{\n    int F() => 1;\n}\n"


def test_comments_and_decorators_that_the_code_leaves_out_stay_but_a_todo_goes() -> None:
    text = "class A:\n    # keep\n    # TODO: go\n    @property\n    def f(self):|\n        pass\n"
    kept = "class A:\n    # keep\n    @property\n    def f(self):\n        return 1\n"
    assert spliced(text, "def f(self):\n    return 1") == kept
    assert spliced(text, "@property\ndef f(self):\n    return 1") == kept
    assert spliced(text, "# new\n@cached\ndef f(self):\n    return 1") == kept.replace("keep", "new").replace(
        "property", "cached"
    )
    text = "class A {\n    /// <summary>x</summary>\n    [Fact]\n    int F() { |}\n}\n"
    assert spliced(text, "int F() { return 1; }", language=CSHARP) == text.replace("{ |}", "{ return 1; }")


def test_helpers_before_the_definition_get_no_decorator_of_it() -> None:
    result = spliced("@dec\ndef f():|\n    pass\n", "def helper():\n    pass\n\n\n@dec\ndef f():\n    return helper()")
    assert result == "def helper():\n    pass\n\n\n@dec\ndef f():\n    return helper()\n"


@pytest.mark.parametrize(
    ("head", "imports", "expected"),
    [
        ("import os\n", ["import os"], "import os\n"),
        ("import os\n", ["import sys", "import ast"], "import ast\nimport os\nimport sys\n"),
        (
            "import os\nfrom typing import Any\n",
            ["from typing import Callable, Any"],
            "import os\nfrom typing import Any, Callable\n",
        ),
        (
            "from a import (\n    b,\n    c,\n)\n",
            ["from a import d as e"],
            "from a import (\n    b,\n    c,\n    d as e,\n)\n",
        ),
        ("from a import b  # why\n", ["from a import b, c"], "from a import b, c  # why\n"),
        (
            "from a import (  # why\n    b,\n)\n",
            ["from a import c"],
            "from a import (  # why\n    b,\n)\nfrom a import c\n",
        ),
        ("import numpy as np\n", ["import numpy as np", "import numpy"], "import numpy as np\nimport numpy\n"),
        ("import os\n", ["import requests"], "import os\n\nimport requests\n"),
        ("import requests\n", ["import os"], "import os\n\nimport requests\n"),
        ("import os\n", ["from __future__ import annotations"], "from __future__ import annotations\n\nimport os\n"),
        ("from __future__ import annotations\n", ["import os"], "from __future__ import annotations\n\nimport os\n"),
        ("import os\n", ["from .x import y"], "import os\n\nfrom .x import y\n"),
        (
            "try:\n    import a\nexcept ImportError:\n    a = None\n",
            ["import a"],
            "try:\n    import a\nexcept ImportError:\n    a = None\n",
        ),
        (
            "import os\nif TYPE_CHECKING:\n    from b import c\n",
            ["from b import c"],
            "import os\n\nfrom b import c\nif TYPE_CHECKING:\n    from b import c\n",
        ),
        (
            "import os\n",
            ["try:\n    import a\nexcept ImportError:\n    a = None"],
            "import os\ntry:\n    import a\nexcept ImportError:\n    a = None\n",
        ),
        ("from a import *\n", ["from a import b"], "from a import *\nfrom a import b\n"),
        ("import os\n", ["from a import b", "from a import c"], "import os\n\nfrom a import b, c\n"),
    ],
)
def test_python_imports_merge(head: str, imports: list[str], expected: str) -> None:
    rest = "\n\ndef f():\n    return 1\n"
    result = spliced(head + rest.replace("return", "|return"), "def f():\n    return 1", *imports)
    assert result == expected + rest
    ast.parse(result)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("", "import os\n\n\n"),
        ("\ufeff", "\ufeffimport os\n\n\n"),
        ('"""Doc."""\n', '"""Doc."""\n\nimport os\n\n\n'),
        ('"""Doc."""\n\n\n', '"""Doc."""\n\nimport os\n\n\n'),
        (
            "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n\n",
            "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n\nimport os\n\n\n",
        ),
        ("# about f\n", "import os\n\n\n# about f\n"),
    ],
)
def test_the_first_python_import(head: str, expected: str) -> None:
    rest = "def f():\n    return 1\n"
    assert spliced(head + rest.replace("return", "|return"), rest, "import os") == expected + rest


@pytest.mark.parametrize(
    ("head", "imports", "expected"),
    [
        ("import { a } from './x'\n", ['import { b, a } from "./x";'], "import { a, b } from './x'\n"),
        (
            'import {\n  a,\n  b,\n} from "x";\n',
            ['import { c } from "x";'],
            'import {\n  a,\n  b,\n  c,\n} from "x";\n',
        ),
        ('import { a } from "x";\n', ['import { a as c } from "x"'], 'import { a, a as c } from "x";\n'),
        ('import a from "x";\n', ['import a from "x";'], 'import a from "x";\n'),
        ('import a from "x";\n', ['import a, { b } from "x";'], 'import a from "x";\nimport { b } from "x";\n'),
        ("import a from 'x';\n", ['import * as fs from "fs";'], "import a from 'x';\nimport * as fs from 'fs';\n"),
        (
            'import { a } from "x";\n',
            ['import type { A } from "x";'],
            'import { a } from "x";\nimport type { A } from "x";\n',
        ),
        ('import "./side.css";\n', ['import "./side.css"'], 'import "./side.css";\n'),
        ('const fs = require("fs");\n', ['const fs = require("fs");'], 'const fs = require("fs");\n'),
        ("// licence\n", ['import a from "a";'], '// licence\n\nimport a from "a";\n'),
        ("", ['import a from "a";'], 'import a from "a";\n'),
    ],
)
def test_ecmascript_imports_merge(head: str, imports: list[str], expected: str) -> None:
    rest = "\nfunction f() {\n  return 1;\n}\n"
    if not head:
        rest, expected = rest[1:], expected + "\n"
    code = "function f() {\n  return 1;\n}"
    assert spliced(head + rest.replace("return", "|return"), code, *imports, language=TYPESCRIPT) == expected + rest


@pytest.mark.parametrize(
    ("head", "imports", "expected"),
    [
        (
            "using System;\nusing Zoo;\n",
            ["using System.Linq;", "using System;", "using Alpha;"],
            "using System;\nusing System.Linq;\nusing Alpha;\nusing Zoo;\n",
        ),
        ("using Zoo;\nusing Alpha;\n", ["using System;"], "using Zoo;\nusing Alpha;\nusing System;\n"),
        ("global using System;\n", ["using System;"], "global using System;\n"),
        ("// licence\n\n", ["using System;"], "// licence\n\nusing System;\n"),
        (
            "namespace X;\n\nusing System;\n",
            ["using static System.Math;"],
            "namespace X;\n\nusing System;\nusing static System.Math;\n",
        ),
    ],
)
def test_csharp_usings_merge(head: str, imports: list[str], expected: str) -> None:
    rest = "\nclass A\n{\n    int F() => 1;\n}\n" if not head.endswith("\n\n") else "class A\n{\n    int F() => 1;\n}\n"
    tail = rest if rest.startswith("\n") else "\n" + rest
    result = spliced(head + rest.replace("=> 1", "|=> 1"), "int F() => 1;", *imports, language=CSHARP)
    assert result == expected + tail


def test_imports_get_the_documents_line_ending() -> None:
    text = "\ufeffimport os\r\n\r\n\r\ndef f():|\r\n    pass"
    assert spliced(text, "def f():\n    return 1", "import sys", "from a import b") == (
        "\ufeffimport os\r\nimport sys\r\n\r\nfrom a import b\r\n\r\n\r\ndef f():\r\n    return 1"
    )


def test_secrets_that_were_hidden_come_back() -> None:
    from forge_lsp.redaction import redact

    text = 'def f():|\n    return "ghp_abcdefghijklmnop1234567890"\n'
    shown = redact(text.replace("|", "")).text
    assert "abcdefghijklmnop" not in shown
    assert spliced(text, shown.replace("return", "x = 1\n    return")) == text.replace("|", "").replace(
        "return", "x = 1\n    return"
    )


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("", None),
        ("a\n", None),
        ("a\n\tb\n", "\t"),
        ("a:\n  b:\n    c\n", "  "),
        ("a:\n    b\nc:\n    d:\n        e\n", "    "),
        ("/*\n * x\n */\n", None),
    ],
)
def test_indent_unit(text: str, unit: str | None) -> None:
    assert indent_unit(text) == unit


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(
        st.sampled_from(
            ["x = '😀'", "def f():|", "    pass", "", "class A:", "    def g(self):|", "        # TODO", "# 漢 e\u0301"]
        ),
        max_size=12,
    ),
    st.booleans(),
    st.sampled_from(["def f():\n    return '😀'\n", "    def g(self):\n        return 1", "x", ""]),
)
def test_what_is_outside_the_scope_stays_exactly(ending: str, lines: list[str], last: bool, code: str) -> None:
    text = ending.join(lines) + (ending if last else "")
    at = text.find("|")
    text = text.replace("|", "")
    from tests.unit.editing.support import SCOPES

    doc = document(text)
    scope = SCOPES.scope(doc, TextRange(start=max(at, 0), end=max(at, 0)))
    result = EDITS.splice(Task(document=doc, scope=scope, instruction="x"), code, ())
    if scope.kind in (ScopeKind.DEFINITION, ScopeKind.SELECTION):
        assert result.startswith(text[: scope.range.start])
        assert result.endswith(text[scope.range.end :])
        assert result.endswith(("\n", "\r")) == text.endswith(("\n", "\r")) or not code
    assert PYTHON  # the language the texts are in
