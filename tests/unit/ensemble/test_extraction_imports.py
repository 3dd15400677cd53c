"""Of an answer's imports lands what the new code uses: of a list the names that it says, of several lines one."""

from __future__ import annotations

import pytest

from forge_lsp.core.languages import Language
from forge_lsp.ensemble.extraction.places import all_places
from tests.support import lang
from tests.support.landing import SYNTAX, landed, landing_task

PYTHON = "def f(a):\n    return |>a\n"
SCRIPT = "export function f(a) {\n  return |>a;\n}\n"
COMMON = "function f(a) {\n  return |>a;\n}\nmodule.exports = { f };\n"
RUST = "fn f(a: u8) -> u8 {\n    |>a\n}\n"
PHP = "<?php\n\nfunction f($a)\n{\n    return |>$a;\n}\n"
GO = "package p\n\nfunc F(a int) int {\n\treturn |>a\n}\n"
PAGE = "export function F(a: string) {\n  return |><b>{a}</b>;\n}\n"


@pytest.mark.parametrize(
    ("language", "text", "statement", "use", "lands"),
    [
        (lang.PYTHON, PYTHON, "from x import b, c as d, e", "d(a)", "from x import c as d\n"),
        (lang.PYTHON, PYTHON, "from x import (\n    b,  # the (first)\n    c,\n    e,\n)", "e(a)", "from x import e\n"),
        (lang.PYTHON, PYTHON, "from x import b, \\\n    c", "c(a)", "from x import c\n"),
        (lang.PYTHON, PYTHON, "import os, sys as system, json.decoder", "system.argv", "import sys as system\n"),
        (lang.PYTHON, PYTHON, "from x import b, c", "a", ""),
        (lang.TYPESCRIPT, SCRIPT, 'import { a1, b as c1, type D1 } from "x";', "c1(a)", 'import { b as c1 } from "x";'),
        (lang.TYPESCRIPT, SCRIPT, 'import { type A1, type B1 } from "x";', "a as A1", 'import { type A1 } from "x";'),
        (lang.TYPESCRIPT, SCRIPT, 'import type { A1, B1 } from "x";', "a as B1", 'import type { B1 } from "x";'),
        (lang.TYPESCRIPT, SCRIPT, 'import d1, { a1 } from "x";', "a1(a)", 'import { a1 } from "x";'),
        (lang.TYPESCRIPT, SCRIPT, 'import d1, { a1 } from "x";', "d1(a)", 'import d1 from "x";'),
        (lang.TYPESCRIPT, SCRIPT, 'import d1, * as n1 from "x";', "n1.b(a)", 'import * as n1 from "x";'),
        (
            lang.TYPESCRIPT,
            SCRIPT,
            'import {\n  a1, // the first, of "all"\n  /* not */ b1,\n} from "http://x";',
            "a1(a)",
            'import { a1 } from "http://x";',
        ),
        (
            lang.TYPESCRIPT,
            PAGE,
            'import React, { useState, useRef } from "react";',
            "<b>{useRef(a)}</b>",
            'import React, { useRef } from "react";',
        ),
        (lang.TYPESCRIPT, PAGE, 'import React, { useState } from "react";', "<i>{a}</i>", 'import React from "react";'),
        (
            lang.JAVASCRIPT,
            COMMON,
            "const { a1, b1: c1 } = require('x');",
            "c1(a)",
            "const { b1: c1 } = require('x');",
        ),
        (
            lang.JAVASCRIPT,
            COMMON,
            "const { a1,\n  b1 } = require(\n  'x',\n);",
            "a1(a)",
            "const { a1 } = require('x');",
        ),
        (lang.JAVASCRIPT, COMMON, "const { a1, ...b } = require('x');", "a1(a)", "const { a1, ...b } = require('x');"),
        (
            lang.RUST,
            RUST,
            "use std::{\n    fmt, // to print\n    collections::{HashMap, HashSet},\n    io::{self, Read},\n};",
            "{ io::stdin(); HashMap::<u8, u8>::new(); 1 }",
            "use std::collections::HashMap;\nuse std::io;\nuse std::io::Read;\n",
        ),
        (lang.RUST, RUST, "use log::{info, warn as say};", '{ say!("a"); a }', "use log::warn as say;\n"),
        (lang.RUST, RUST, "use anyhow::{bail, Context, Result};", "a", "use anyhow::{Context, Result};\n"),
        (lang.PHP, PHP, "use A\\{B, C as D};", "new D($a)", "use A\\C as D;\n"),
        (lang.PHP, PHP, "use function X\\{g,\n    h};", "h($a)", "use function X\\h;\n"),
        (lang.PHP, PHP, "use A\\B, A\\C;", "new C($a)", "use A\\C;\n"),
        (
            lang.GO,
            GO,
            'import (\n\t"fmt" // prints\n\t"os"\n\tstr "strings"\n)',
            "len(str.ToUpper(fmt.Sprint(a)))",
            '"fmt"\n\tstr "strings"\n)',
        ),
    ],
)
def test_of_a_list_lands_what_is_used(language: Language, text: str, statement: str, use: str, lands: str) -> None:
    marked = text[text.index("|>") + 2 :].partition("\n")[0].rstrip(";")
    new = text.replace(f"|>{marked}", use)
    head = {lang.PHP: "<?php\n\n", lang.GO: "package p\n\n"}.get(language, "")
    answer = f"```{language}\n{head}{statement}\n\n{new.removeprefix(head)}\n```\n"
    found = landed(landing_task(text, language), answer)
    own = new.removeprefix(head)
    assert found.endswith(own)
    imports = found[: len(found) - len(own)].removeprefix(head)
    assert lands in imports
    if language is not lang.GO:
        assert imports.strip() == lands.strip()


def test_what_goes_above_a_class_brings_the_imports_that_it_uses() -> None:
    text = "class A:\n    def f(self):\n        return |>1\n"
    answer = (
        "```python\nfrom pathlib import Path, PurePath\n\nROOT = Path('.')\n\n\nclass A:\n    def f(self):\n"
        "        return ROOT\n```\n"
    )
    assert "from pathlib import Path\n" in landed(landing_task(text, lang.PYTHON), answer)


def test_a_name_that_ends_in_a_qualifier_has_a_place() -> None:
    """Of text that does not parse."""
    for text in ("int Box::(int a) { return 1; }\n", "int f() { return 1; }\nauto Box:: = 1;\n"):
        items = SYNTAX.outline(text, lang.CPP).items
        found = [(place.name, place.marks) for place in all_places(items, text, lang.CPP)]
        assert "" in [name for name, _ in found]
