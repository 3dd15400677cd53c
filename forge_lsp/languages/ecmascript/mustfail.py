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
_WATCH = Path(__file__).with_name("runners") / "watch.js"
_HEAD = re.compile(
    r"(?:#![^\n]*\n)?(?:\s|//[^\n]*(?:\n|$)|/\*.*?\*/|(?P<quote>[\"'])use [a-z]+(?P=quote)\s*(?:;|(?=\n)))*", re.S
)
_VITEST_WATCH = """import { afterEach, chai as forgeChai } from "vitest";
const forgeApply = Reflect.apply;{ANSWERING}
const forgeWatched = ((document, globals, matchers) => {{SCRIPT}})({DOCUMENT}, globalThis, [
  forgeChai.Assertion.prototype, globalThis[Symbol.for("$$jest-matchers-object")]?.matchers ?? {}]);
afterEach(forgeWatched.check);
export default forgeWatched;
"""
_JEST_WATCH = """const forgeApply = Reflect.apply;{ANSWERING}
const forgeMatchers = globalThis[Symbol.for("$$jest-matchers-object")]?.matchers ?? {};
const forgeWatched = ((document, globals, matchers) => {{SCRIPT}})({DOCUMENT}, globalThis, [forgeMatchers]);
globalThis.afterEach(forgeWatched.check);
module.exports = forgeWatched;
"""
_ONLY = re.compile(r"\.only\s*\(|\b(?:fit|fdescribe)\s*\(")
_ASSERTS = """[
  ["equal", (a) => a.equal(1, 2)], ["strictEqual", (a) => a.strictEqual(1, 2)], ["ok", (a) => a.ok(0)],
  ["deepEqual", (a) => a.deepEqual([{ a: 1 }], [{ a: 2 }])], ["notEqual", (a) => a.notEqual(1, 1)],
  ["deepStrictEqual", (a) => a.deepStrictEqual({ a: [1] }, { a: [2] })],
  ["notStrictEqual", (a) => a.notStrictEqual(1, 1)], ["throws", (a) => a.throws(() => 1)],
  ["notDeepStrictEqual", (a) => a.notDeepStrictEqual([1], [1])], ["match", (a) => a.match("a", /b/)],
  ["fail", (a) => a.fail("x")], ["call", (a) => a(0)]
]"""
_EXPECTS = """[
  ["toBe", (e) => e(1).toBe(2)], ["not.toBe", (e) => e(1).not.toBe(1)],
  ["toEqual", (e) => e({ a: 1 }).toEqual({ a: 2 })],
  ["toStrictEqual", (e) => e([1]).toStrictEqual([2])], ["toMatchObject", (e) => e({ a: 1 }).toMatchObject({ a: 2 })],
  ["toContain", (e) => e([1]).toContain(2)], ["toHaveLength", (e) => e([1]).toHaveLength(2)],
  ["toBeTruthy", (e) => e(0).toBeTruthy()], ["toBeFalsy", (e) => e(1).toBeFalsy()],
  ["toBeNull", (e) => e(1).toBeNull()], ["toBeUndefined", (e) => e(1).toBeUndefined()],
  ["toBeDefined", (e) => e(undefined).toBeDefined()], ["toBeGreaterThan", (e) => e(1).toBeGreaterThan(2)],
  ["toBeLessThan", (e) => e(2).toBeLessThan(1)], ["toBeCloseTo", (e) => e(1).toBeCloseTo(2)],
  ["toMatch", (e) => e("a").toMatch(/b/)], ["toThrow", (e) => e(() => 1).toThrow()],
  ["toBeInstanceOf", (e) => e([]).toBeInstanceOf(Map)],
  ["toContainEqual", (e) => e([{ a: 1 }]).toContainEqual({ a: 2 })]
]"""
_TRY = (
    "const forgePassing = []; for (const [name, check] of {checks}) {{ for (const one of {subjects}) "
    "{{ try {{ check(one); forgePassing.push(name); }} catch {{}} }} }} "
    "{notes}throw new Error({secret} + JSON.stringify(forgePassing));"
)
_NOTES = (
    "forgeWatched.check(); for (let at = 0; at < forgeWatched.notes.length; at += 1) "
    "forgePassing[forgePassing.length] = {noted} + forgeWatched.notes[at]; "
)
# A value that answers every comparison by itself is none that a test can look at.
_ANSWERING = """
const forgeSeen = (value, depth) => {
  if (depth === 0) forgeWatched.check();
  if (value === null || (typeof value !== "object" && typeof value !== "function") || depth > 4) return;
  if (typeof value.asymmetricMatch === "function") throw new Error("the value answers every comparison by itself");
  const held = value instanceof Map || value instanceof Set ? [...value].flat() : Object.values(value);
  for (const each of held.slice(0, 100)) forgeSeen(each, depth + 1);
};"""
_CHAI = """
for (const name of ["toBe", "toEqual", "toStrictEqual", "toMatchObject", "toContain", "toContainEqual", "toHaveLength",
  "toHaveProperty", "toBeTruthy", "toBeFalsy", "toBeNull", "toBeUndefined", "toBeDefined", "toBeCloseTo",
  "toBeGreaterThan", "toBeLessThan", "toMatch", "toBeInstanceOf"]) {
  forgeChai.util.overwriteMethod(forgeChai.Assertion.prototype, name, (original) => function (...wanted) {
    forgeSeen(forgeChai.util.flag(this, "object"), 0);
    return forgeApply(original, this, wanted);
  });
}"""
_EXPECT = """
globalThis.expect = new Proxy(globalThis.expect, {
  apply: (real, self, given) => { forgeSeen(given[0], 0); return forgeApply(real, self, given); },
});"""


_CHAI_CHECKS = """[
  ["equal", (c) => c.expect(1).to.equal(2)], ["eql", (c) => c.expect({ a: 1 }).to.eql({ a: 2 })],
  ["deep", (c) => c.expect([1]).to.deep.equal([2])], ["ok", (c) => c.expect(0).to.be.ok],
  ["true", (c) => c.expect(false).to.be.true], ["null", (c) => c.expect(1).to.be.null],
  ["undefined", (c) => c.expect(1).to.be.undefined], ["throw", (c) => c.expect(() => 1).to.throw()],
  ["include", (c) => c.expect([1]).to.include(2)], ["lengthOf", (c) => c.expect([1]).to.have.lengthOf(2)],
  ["not", (c) => c.expect(1).to.not.equal(1)], ["assert.equal", (c) => c.assert.equal(1, 2)],
  ["assert", (c) => c.assert(false)], ["assert.deepEqual", (c) => c.assert.deepEqual([1], [2])],
  ["assert.throws", (c) => c.assert.throws(() => 1)], ["assert.isTrue", (c) => c.assert.isTrue(false)]
]"""


# A test that fails and says which assertions let pass what they must not. tape's, tap's and ava's do not throw.
_OTHERS = {
    "tape": """TEST(SECRET, (t) => { const forgePassing = []; let forgeName = "";
        t.on("result", (one) => { if (one && one.ok) forgePassing.push(forgeName); });
        for (const [name, check] of [["equal", () => t.equal(1, 2)], ["ok", () => t.ok(false)],
          ["deepEqual", () => t.deepEqual([1], [2])], ["notEqual", () => t.notEqual(1, 1)],
          ["throws", () => t.throws(() => 1)], ["notOk", () => t.notOk(true)], ["match", () => t.match("a", /b/)]]) {
          forgeName = name; if (typeof t[name] === "function") check(); }
        t.fail(SECRET + JSON.stringify(forgePassing)); t.end(); });""",
    "tap": """(forgeFound.default ?? forgeFound).test(SECRET, async (t) => { const forgePassing = [];
        for (const [name, check] of [["equal", () => t.equal(1, 2)], ["ok", () => t.ok(false)],
          ["same", () => t.same([1], [2])], ["not", () => t.not(1, 1)], ["throws", () => t.throws(() => 1)],
          ["notOk", () => t.notOk(true)], ["match", () => t.match("a", /b/)]]) {
          try { if (typeof t[name] === "function" && check()) forgePassing.push(name); } catch {} }
        t.fail(SECRET + JSON.stringify(forgePassing)); });""",
    "ava": """(forgeFound.default ?? TEST)(SECRET, async (t) => { const forgePassing = [];
        for (const [name, check] of [["is", (one) => one.is(1, 2)], ["true", (one) => one.true(false)],
          ["deepEqual", (one) => one.deepEqual([1], [2])], ["not", (one) => one.not(1, 1)],
          ["throws", (one) => one.throws(() => 1)], ["falsy", (one) => one.falsy(1)],
          ["regex", (one) => one.regex("a", /b/)]]) {
          const tried = await t.try(check); if (tried.passed) forgePassing.push(name); tried.discard(); }
        t.fail(SECRET + JSON.stringify(forgePassing)); });""",
    "uvu": """{ const forgeOwn = forgeFound.suite(); forgeOwn(SECRET, async () => { const forgePassing = [];
        const forgeAsserts = await import("uvu/assert"); const a = forgeAsserts;
        for (const [name, check] of [["is", () => a.is(1, 2)], ["equal", () => a.equal([1], [2])],
          ["ok", () => a.ok(0)], ["not", () => a.not(1)], ["throws", () => a.throws(() => 1)],
          ["type", () => a.type(1, "string")], ["match", () => a.match("a", /b/)]]) {
          try { check(); forgePassing.push(name); } catch {} }
        throw new Error(SECRET + JSON.stringify(forgePassing)); }); forgeOwn.run(); }""",
    "qunit": """;{ const forgeUnit = globalThis.QUnit; forgeUnit.module(""); forgeUnit.FIT(SECRET, (a) => {
        const forgePassing = []; let forgeName = "";
        forgeUnit.log((one) => { if (forgeName && one.result) forgePassing.push(forgeName); });
        for (const [name, check] of [["equal", () => a.equal(1, 2)], ["strictEqual", () => a.strictEqual(1, 2)],
          ["ok", () => a.ok(0)], ["notOk", () => a.notOk(1)], ["deepEqual", () => a.deepEqual([1], [2])],
          ["propEqual", () => a.propEqual({ a: 1 }, { a: 2 })], ["throws", () => a.throws(() => 1)]]) {
          forgeName = name; check(); }
        forgeName = ""; a.ok(false, SECRET + JSON.stringify(forgePassing)); }); }""",
    "jasmine": """;{ (globalThis.FIT)(SECRET, () => { const forgePassing = [];
        for (const [name, check] of globalThis.throwUnless ? EXPECTS : []) {
          try { check(globalThis.throwUnless); forgePassing.push(name); } catch {} }
        throw new Error(SECRET + JSON.stringify(forgePassing)); }); }""",
}


def _mocha(call: str, secret: str) -> str:
    """A test of mocha's that fails by node's assertions and, where the project has it, by chai's."""
    seen = "{ try { check(one); forgePassing.push(name); } catch {} }"
    return (
        f";{{ const forgeTest = globalThis.it ?? globalThis.test; {call}({secret}, async () => {{ "
        'const assert = (await import("node:assert")).default; '
        'const chai = await import("chai").then((found) => found.default ?? found).catch(() => undefined); '
        "const forgePassing = []; "
        f"for (const [name, check] of {_ASSERTS}) for (const one of [assert, assert.strict]) {seen} "
        f"if (chai && chai.expect) for (const [name, check] of {_CHAI_CHECKS}) for (const one of [chai]) {seen} "
        f"throw new Error({secret} + JSON.stringify(forgePassing)); }}); }}"
    )


def watching(runner: str, folder: PurePosixPath, document: PurePosixPath, secret: str) -> Mapping[PurePosixPath, str]:
    """Return the module, by its place below ``folder``, that watches what the ``document``'s code does to a runner that
    runs in the same process; test files with ``secret`` load it."""
    if runner not in ("vitest", "jest"):
        return {}
    text, own = (_VITEST_WATCH, _CHAI) if runner == "vitest" else (_JEST_WATCH, _EXPECT)
    text = (
        text.replace("{ANSWERING}", _ANSWERING + own)
        .replace("{SCRIPT}", _script())
        .replace("{DOCUMENT}", json.dumps(f"/{document}"))
    )
    return {_module(runner, folder, secret): text}


def with_failing_test(runner: str, name: str, text: str, secret: str, folder: PurePosixPath) -> str:
    """Return the text of a test file with a test called ``secret`` that fails, and says which assertions do not, and
    what the watch has seen (:func:`watching`)."""
    quoted = json.dumps(secret)
    call = "forgeTest.only" if _ONLY.search(text) and runner != "node" else "forgeTest"
    if runner == "node":
        checks = _TRY.format(checks=_ASSERTS, subjects="[forgeAssert, forgeAssert.strict]", secret=quoted, notes="")
        if is_module(name, text):
            head = 'import { test as forgeTest } from "node:test";\nimport forgeAssert from "node:assert";\n'
        else:
            head = 'const { test: forgeTest } = require("node:test");\nconst forgeAssert = require("node:assert");\n'
    elif runner == "mocha":
        return f"{text}\n// @ts-ignore\n{' '.join(_mocha(call, quoted).split())}\n"
    elif runner in _OTHERS:
        added = _OTHERS[runner].replace("SECRET", quoted).replace("EXPECTS", _EXPECTS)
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
        notes = _NOTES.format(noted=json.dumps(NOTED))
        checks = _TRY.format(checks=_EXPECTS, subjects="[forgeExpect]", secret=quoted, notes=notes)
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
def _script() -> str:
    return _WATCH.read_text("utf-8")


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
