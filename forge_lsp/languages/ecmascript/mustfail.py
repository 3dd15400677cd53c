"""The check that must fail, added to each test file: an assertion that lets anything pass proves nothing.

Pure. What is added stands below the user's text, or in its first line, so that no line moves. vitest and jest run tests
in the process of the code: what that must leave alone is watched there (``runners/watch.js``).
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath

from forge_lsp.languages.ecmascript.reading import is_module
from forge_lsp.reading import parsed_json

__all__ = ["NOTED", "verdict_of", "watching", "with_failing_test"]

NOTED = "noted: "
"""How what was seen by the watch begins, in a verdict."""
_FOLDER = Path(__file__).with_name("runners")
# Runners with a test of their own that fails and says which assertions let pass what they must not. The assertions of
# tape, tap and ava do not throw.
_OTHERS = ("tape", "tap", "ava", "uvu", "qunit", "jasmine")
_HEAD = re.compile(
    r"(?:#![^\n]*\n)?(?:\s|//[^\n]*(?:\n|$)|/\*.*?\*/|(?P<quote>[\"'])use [a-z]+(?P=quote)\s*(?:;|(?=\n)))*", re.S
)
_ONLY = re.compile(r"\.only\s*\(|\b(?:fit|fdescribe)\s*\(")


def watching(runner: str, folder: PurePosixPath, document: PurePosixPath, secret: str) -> Mapping[PurePosixPath, str]:
    """Return the module, by its place below ``folder``, that watches what the ``document``'s code does to a runner that
    runs in the same process; test files with ``secret`` load it."""
    if runner not in ("vitest", "jest"):
        return {}
    text = (
        _part(runner)
        .replace("{ANSWERING}", _part("answering"))
        .replace("{SCRIPT}", (_FOLDER / "watch.js").read_text("utf-8"))
        .replace("{DOCUMENT}", json.dumps(f"/{document}"))
    )
    return {_module(runner, folder, secret): text}


def with_failing_test(runner: str, name: str, text: str, secret: str, folder: PurePosixPath) -> str:
    """Return the text of a test file with a test called ``secret`` that fails, and says which assertions do not, and
    what the watch has seen (:func:`watching`)."""
    quoted = json.dumps(secret)
    call = "forgeTest.only" if _ONLY.search(text) and runner != "node" else "forgeTest"
    if runner == "node":
        subjects = "[forgeAssert, forgeAssert.strict]"
        checks = _filled("try", SECRET=quoted, NOTES="", SUBJECTS=subjects, CHECKS=_part("asserts"))
        if is_module(name, text):
            head = 'import { test as forgeTest } from "node:test";\nimport forgeAssert from "node:assert";\n'
        else:
            head = 'const { test: forgeTest } = require("node:test");\nconst forgeAssert = require("node:assert");\n'
    elif runner == "mocha":
        # It fails by node's assertions and, where the project has it, by chai's.
        added = _filled("mocha", CALL=call, SECRET=quoted, ASSERTS=_part("asserts"), CHAI=_part("chai"))
        return f"{text}\n// @ts-ignore\n{' '.join(added.split())}\n"
    elif runner in _OTHERS:
        added = _part(runner).replace("SECRET", quoted).replace("EXPECTS", _part("expects"))
        plain, only = ("test", "only") if runner == "qunit" else ("it", "fit")
        added = added.replace("FIT", only if _ONLY.search(text) else plain)
        if runner not in ("jasmine", "qunit"):
            module = is_module(name, text)
            start = 'import forgeFound from "{}";' if module else 'const forgeFound = require("{}");'
            added = f"{start.format(runner)} {added}"
            added = added if module else f";{{ {added} }}"
        added = added.replace("TEST", "forgeFound.only" if _ONLY.search(text) else "forgeFound")
        return f"{text}\n// @ts-ignore\n{' '.join(added.split())}\n"
    else:
        notes = _filled("notes", NOTED=json.dumps(NOTED))
        checks = _filled("try", SECRET=quoted, NOTES=notes, SUBJECTS="[forgeExpect]", CHECKS=_part("expects"))
        if runner == "vitest":
            head = 'import { test as forgeTest, expect as forgeExpect } from "vitest";\n'
        else:
            head = "const forgeTest = globalThis.test, forgeExpect = globalThis.expect;\n"
        text = _watched(runner, name, text, secret, folder)
    added = f"{head}{call}({quoted}, () => {{ {checks} }});"
    if not (runner == "vitest" or (runner == "node" and is_module(name, text))):
        added = f";{{ {added} }}"
    # One line: where types are checked, too, the remark above it covers all of it.
    return f"{text}\n// @ts-ignore\n{' '.join(added.split())}\n"


def _watched(runner: str, name: str, text: str, secret: str, folder: PurePosixPath) -> str:
    """A test file that loads the watch first, in front of its first statement."""
    module = _module(runner, folder, secret)
    path = posixpath.relpath(str(module), str(PurePosixPath(name).parent))
    path = path if path.startswith("../") else f"./{path}"
    if runner == "vitest" or is_module(name, text) or re.search(r"\.[cm]?tsx?$", name):
        loaded = f'/* @ts-ignore */ import forgeWatched from "{path}"; '
    else:
        loaded = f'const forgeWatched = require("{path}"); '
    head = _HEAD.match(text)
    at = head.end() if head is not None else 0
    return f"{text[:at]}{loaded}{text[at:]}"


def _module(runner: str, folder: PurePosixPath, secret: str) -> PurePosixPath:
    return folder / f"forge-watch-{secret[-6:]}.{'mjs' if runner == 'vitest' else 'cjs'}"


@cache
def _part(name: str) -> str:
    return (_FOLDER / "must_fail" / f"{name}.js").read_text("utf-8").rstrip("\n")


def _filled(name: str, **words: str) -> str:
    text = _part(name)
    for word, value in words.items():
        text = text.replace(f"{{{word}}}", value)
    return text


def verdict_of(secret: str, message: str) -> str | None:
    """Return "" where the added test failed as it must, the assertions that let all pass where there are such; None: it
    did not fail by itself."""
    found = re.search(rf"{secret}(?P<passing>\[.*?\])", message)
    if found is None:
        return None
    try:
        passing = parsed_json(found["passing"])
    except ValueError:
        return None
    return ", ".join(sorted(set(map(str, passing))))
