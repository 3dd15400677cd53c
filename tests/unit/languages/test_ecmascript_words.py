"""What a test runner of JavaScript that did not start says, and what helps."""

from __future__ import annotations

import pytest

from forge_lsp.languages.ecmascript.outcomes import remedy_for, telling

VITEST = """\x1b[31m
⎯⎯⎯⎯⎯⎯⎯ Startup Error ⎯⎯⎯⎯⎯⎯⎯⎯
Error: Cannot find package 'vite-tsconfig-paths' imported from /box/vitest.config.ts
    at packageResolve (node:internal/modules/esm/resolve:857:9)
  code: 'ERR_MODULE_NOT_FOUND'
"""
NODE = """file:///box/a/very/long/path/to/the/runner/in/its/own/package/dist/chunks/cli.js:7
import { styleText } from 'node:util';
         ^^^^^^^^^
SyntaxError: The requested module 'node:util' does not provide an export named 'styleText'
    at ModuleJob._instantiate (node:internal/modules/esm/module_job:132:21)

Node.js v18.19.0
"""


@pytest.mark.parametrize(("output", "words", "remedy"), [
    (VITEST, "Error: Cannot find package 'vite-tsconfig-paths'", "npm install"),
    (NODE, "SyntaxError: The requested module 'node:util' does not provide", "install a newer node"),
    ("Vitest requires Node.js version 20 or higher\n", "Vitest requires Node.js", "install a newer node"),
    ("warning: slow\nerror: unknown option --frob\n", "error: unknown option", None),
    ("nothing of that kind\n", "nothing of that kind", None),
])  # fmt: skip
def test_the_runners_own_words_and_what_helps(output: str, words: str, remedy: str | None) -> None:
    said = telling(output)
    assert said.startswith(words)
    assert "    at " not in said
    assert remedy_for(said) == remedy
