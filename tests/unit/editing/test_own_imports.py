"""Imports that lead to the file itself are left out; those of CommonJS and modules are written in the file's way."""

from __future__ import annotations

import pytest

from forge_lsp.core.languages import Language
from forge_lsp.editing.own_imports import leads_to_itself
from tests.support import lang
from tests.support.landing import EDITS, landing_task

SOURCES = {
    lang.PYTHON: "def f(x):\n    |>return x\n",
    lang.TYPESCRIPT: "export function f(x) {\n  |>return x;\n}\n",
    lang.JAVASCRIPT: "export function f(x) {\n  |>return x;\n}\n",
    lang.GO: "package cart\n\nfunc F() int {\n\treturn |>1\n}\n",
    lang.RUST: "pub fn f() -> u8 {\n    |>1\n}\n\npub struct Own;\n",
    lang.JAVA: "package com.shop;\n\nclass Cart {\n    int f() {\n        return |>1;\n    }\n}\n",
    lang.KOTLIN: "package com.shop\n\nclass Own\n\nfun f(): Int {\n    return |>1\n}\n",
    lang.C: "int f(void) {\n    return |>1;\n}\n",
}


@pytest.mark.parametrize(
    ("language", "path", "statement", "own"),
    [
        (lang.TYPESCRIPT, "src/utils.ts", "import { other } from './utils';", True),
        (lang.TYPESCRIPT, "src/utils.ts", "import { other } from '../src/utils.js';", True),
        (lang.TYPESCRIPT, "src/index.ts", "import { other } from '.';", True),
        (lang.TYPESCRIPT, "src/utils.ts", "import { other } from './utils/deep';", False),
        (lang.TYPESCRIPT, "src/utils.ts", "import utils from 'utils';", False),
        (lang.JAVASCRIPT, "lib/a.mjs", 'import { b } from "./a.mjs";', True),
        (lang.JAVASCRIPT, "lib/a.js", 'import b from "../a";', False),
        (lang.PYTHON, "src/shop/cart.py", "from shop.cart import g", True),
        (lang.PYTHON, "src/shop/cart.py", "from .cart import g", True),
        (lang.PYTHON, "shop/cart.py", "import shop.cart", True),
        (lang.PYTHON, "shop/cart.py", "from . import other", False),
        (lang.PYTHON, "shop/cart.py", "from ..cart import g", False),
        (lang.PYTHON, "shop/json.py", "import json", False),
        (lang.PYTHON, "shop/__init__.py", "from .cart import g", False),
        (lang.PYTHON, "calc.py", "from calc import g", True),
        (lang.GO, "cart/cart.go", 'import "example.com/shop/cart"', True),
        (lang.GO, "json/cart.go", 'import "encoding/json"', False),
        (lang.RUST, "src/cart.rs", "use crate::cart::Own;", True),
        (lang.RUST, "src/lib.rs", "use crate::Own;", True),
        (lang.RUST, "src/cart.rs", "use crate::cart::part::Other;", False),
        (lang.RUST, "src/cart.rs", "use crate::other::Own;", False),
        (lang.JAVA, "src/com/shop/Cart.java", "import com.shop.Cart;", True),
        (lang.JAVA, "src/com/shop/Cart.java", "import com.shop.Carts;", False),
        (lang.KOTLIN, "src/Cart.kt", "import com.shop.Own", True),
        (lang.KOTLIN, "src/Cart.kt", "import com.shop.Other", False),
        (lang.KOTLIN, "src/Cart.kt", "import com.shop.*", False),
        (lang.C, "src/cart.c", '#include "cart.c"', True),
        (lang.C, "src/cart.c", '#include "cart.h"', False),
    ],
)
def test_an_import_of_the_file_itself_is_left_out(language: Language, path: str, statement: str, own: bool) -> None:
    task = landing_task(SOURCES[language], language, path=f"/work/{path}", workspace="/work")
    assert leads_to_itself(statement, task) is own
    if own:
        assert EDITS.splice(task, task.original, [statement]) == task.document.text


ESM = "import fs from 'fs';\n\nexport function f(x) {\n  |>return x;\n}\n"
CJS = "const fs = require('fs');\n\nfunction f(x) {\n  |>return x;\n}\n\nmodule.exports = { f };\n"


@pytest.mark.parametrize(
    ("text", "statement", "line"),
    [
        (CJS, 'import { join, sep as slash } from "node:path";', "const { join, sep: slash } = require('node:path');"),
        (CJS, "import path from 'path';", "const path = require('path');"),
        (CJS, "import * as path from 'path';", "const path = require('path');"),
        (CJS, "import 'setup';", "require('setup');"),
        (CJS, "import fs from 'node:fs';", None),
        (CJS, "const path = require('path');", "const path = require('path');"),
        (ESM, "const { join, sep: slash } = require('path');", "import { join, sep as slash } from 'path';"),
        (ESM, "const path = require('path');", "import path from 'path';"),
        (ESM, "const join = require('path').join;", "import { join } from 'path';"),
        (ESM, "import path from 'path';", "import path from 'path';"),
    ],
)
def test_the_kind_of_a_file_stays(text: str, statement: str, line: str | None) -> None:
    task = landing_task(text, lang.JAVASCRIPT)
    first, rest = task.document.text.split("\n", 1)
    expected = f"{first}\n{line}\n{rest}" if line is not None else task.document.text
    assert EDITS.splice(task, task.original, [statement]) == expected
