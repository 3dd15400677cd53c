"""The check that must fail, added to each test file: an assertion that lets anything pass proves nothing.

Pure. What is added stands below the user's text, so that no line moves.
"""

from __future__ import annotations

import json
import re

from forge_lsp.builds.javascript.reading import is_module
from forge_lsp.reading import parsed_json

__all__ = ["verdict_of", "with_failing_test"]

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
    "throw new Error({secret} + JSON.stringify(forgePassing));"
)
# A value that answers every comparison by itself is none that a test can look at.
_ANSWERING = """
const forgeSeen = (value, depth) => {
  if (value === null || (typeof value !== "object" && typeof value !== "function") || depth > 4) return;
  if (typeof value.asymmetricMatch === "function") throw new Error("the value answers every comparison by itself");
  const held = value instanceof Map || value instanceof Set ? [...value].flat() : Object.values(value);
  for (const each of held.slice(0, 100)) forgeSeen(each, depth + 1);
};"""
_CHAI = """
for (const name of ["toEqual", "toStrictEqual", "toMatchObject", "toContainEqual", "toHaveProperty"]) {
  forgeChai.util.overwriteMethod(forgeChai.Assertion.prototype, name, (original) => function (...wanted) {
    forgeSeen(forgeChai.util.flag(this, "object"), 0);
    return original.apply(this, wanted);
  });
}"""
_EXPECT = """
globalThis.expect = new Proxy(globalThis.expect, {
  apply: (real, self, given) => { forgeSeen(given[0], 0); return Reflect.apply(real, self, given); },
});"""


def with_failing_test(runner: str, name: str, text: str, secret: str) -> str:
    """Return the text of a test file with a test called ``secret`` that fails, and says which assertions do not."""
    quoted = json.dumps(secret)
    call = "forgeTest.only" if _ONLY.search(text) and runner != "node" else "forgeTest"
    if runner == "node":
        checks = _TRY.format(checks=_ASSERTS, subjects="[forgeAssert, forgeAssert.strict]", secret=quoted)
        if is_module(name, text):
            head = 'import { test as forgeTest } from "node:test";\nimport forgeAssert from "node:assert";\n'
        else:
            head = 'const { test: forgeTest } = require("node:test");\nconst forgeAssert = require("node:assert");\n'
    else:
        checks = _TRY.format(checks=_EXPECTS, subjects="[forgeExpect]", secret=quoted)
        if runner == "vitest":
            names = "test as forgeTest, expect as forgeExpect, chai as forgeChai"
            head = f'import {{ {names} }} from "vitest";{_ANSWERING}{_CHAI}\n'
        else:
            head = f"const forgeTest = globalThis.test, forgeExpect = globalThis.expect;{_ANSWERING}{_EXPECT}\n"
    added = f"{head}{call}({quoted}, () => {{ {checks} }});"
    if not (runner == "vitest" or (runner == "node" and is_module(name, text))):
        added = f";{{ {added} }}"
    # One line: where types are checked, too, the remark above it covers all of it.
    return f"{text}\n// @ts-ignore\n{' '.join(added.split())}\n"


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
