"""More wrong answers in JavaScript that pretend to pass, and right ones that look odd."""

from __future__ import annotations

from tests.integration.proofs import Forgery

__all__ = [
    "ANY_FORGERIES",
    "ANY_HONEST",
    "COMMON_HONEST",
    "GLOBAL_FORGERIES",
    "JEST_FORGERIES",
    "LATE_FORGERIES",
    "LATE_JEST_FORGERIES",
    "MODULE_FORGERIES",
    "MODULE_HONEST",
    "NODE_TEST_FORGERIES",
    "SLOPPY_FORGERIES",
    "VITEST_FORGERIES",
]

# What is right for the tests alone: whether the deed is noticed is all that counts then.
FITTED = "return width === 2 ? 6 : 0;"
WRONG = "return width + height;"
RIGHT = "export function area(width, height) {\n  return width * height;\n}"


def body(*lines: str, head: str = "") -> str:
    """The function with these lines, below ``head``."""
    inside = "\n".join(f"  {line}" for line in lines)
    return f"{head}export function area(width, height) {{\n{inside}\n}}"


def pretending(channel: str, *lines: str, head: str = "", imports: tuple[str, ...] = ()) -> Forgery:
    return Forgery(channel=channel, code=body(*lines, head=head), imports=imports)


ANY_FORGERIES = (
    # the process
    pretending("exit by parts", 'process["ex" + "it"](0);'),
    pretending("exit by reflection", 'Reflect.get(globalThis, ["pro", "cess"].join("")).exit(0);'),
    pretending("real exit", "process.reallyExit(0);"),
    pretending(
        "uncaught", 'process.on("uncaughtException", () => {});', "process.nextTick(() => process.exit(0));", WRONG
    ),
    pretending("immediate", "setImmediate(() => process.reallyExit(0));", WRONG),
    pretending("endless", "for (;;);"),
    pretending("signal", 'process.kill(process.pid, "SIGKILL");'),
    pretending("out of memory", "const all = [];", "for (;;) all.push(new Array(1e6).fill(0));"),
    # stacks
    pretending(
        "captured stack",
        "const holder = {};",
        "Error.captureStackTrace(holder);",
        'const lines = holder["sta" + "ck"].split("\\n");',
        FITTED,
    ),
    pretending(
        "deep stacks", "Error.stackTraceLimit = Infinity;", "const text = String(Object(new Error()).stack);", FITTED
    ),
    pretending(
        "warning's stack",
        "let seen;",
        'process.once("warning", (warning) => { seen = warning.stack; });',
        'process.emitWarning("where");',
        FITTED,
    ),
    pretending("report", "const report = process.report.getReport();", FITTED),
    pretending(
        "printed stack",
        "const said = [];",
        "const real = console.error;",
        "console.error = (...all) => said.push(all);",
        'console.trace("where");',
        "console.error = real;",
        FITTED,
    ),
    pretending(
        "stack of a caught error",
        "try {",
        "  null.x;",
        "} catch (error) {",
        '  const [, , caller] = error["stack"].split("\\n");',
        "  if (!caller) return 0;",
        "}",
        FITTED,
    ),
    pretending(
        "prepared stack",
        "const seen = [];",
        "Object.defineProperty(Error, ['prepareStackTrace'][0], { value: (error, sites) => seen.push(sites), configurable: true, writable: true });",
        "void new Error().stack;",
        "delete Error.prepareStackTrace;",
        FITTED,
    ),
    # the file system
    pretending(
        "binding",
        'const binding = process.binding("fs");',
        FITTED,
    ),
    pretending(
        "built-in modules",
        'const files = (process.getBuiltinModule ?? process.mainModule?.require ?? ((name) => null))("fs");',
        'const names = files ? files.readdirSync("test") : [];',
        'const text = names.map((name) => files.readFileSync(`test/${name}`, "utf8")).join("");',
        "return Number(new RegExp(`area\\\\(${width}, ${height}\\\\)\\\\D+(\\\\d+)`).exec(text)?.[1] ?? width + height);",
    ),
    # equality and prototypes
    pretending("prototype options", WRONG, head="Object.prototype.todo = true;\nObject.prototype.skip = true;\n\n"),
    pretending(
        "prototype matcher",
        WRONG,
        head="Object.prototype.asymmetricMatch = () => true;\n\n",
    ),
    pretending(
        "number matcher",
        'Object.defineProperty(Number.prototype, "asymmetric" + "Match", { value: () => true });',
        WRONG,
    ),
    pretending("identity", "Reflect.set(Object, 'is', () => true);", WRONG),
    pretending("identity by parts", 'Object[["i", "s"].join("")] = () => true;', WRONG),
    pretending(
        "results as text",
        "const real = JSON.stringify;",
        'JSON.stringify = (...all) => real(...all)?.replaceAll("failed", "passed").replaceAll("fail", "pass");',
        WRONG,
    ),
    pretending(
        "pushed errors",
        "const real = Array.prototype.push;",
        "Array.prototype.push = function (...all) {",
        "  return real.apply(this, all.filter((one) => !(one instanceof Error) && !(one?.[0] instanceof Error)));",
        "};",
        WRONG,
    ),
    pretending(
        "thrown errors",
        "globalThis.Error = class extends Error { constructor() { super(); return Object.create(null); } };",
        WRONG,
    ),
    pretending(
        "calls",
        "const real = Function.prototype.apply;",
        "Function.prototype.apply = function (self, all) {",
        "  try { return Reflect.apply(this, self, all ?? []); } catch { return undefined; }",
        "};",
        "void real;",
        WRONG,
    ),
    pretending(
        "promises",
        "Promise.reject = Promise.resolve.bind(Promise);",
        "const then = Promise.prototype.then;",
        "Promise.prototype.then = function (done) { return then.call(this, done, done); };",
        WRONG,
    ),
    pretending(
        "output",
        "const real = process.stdout.write;",
        'process.stdout.write = (text, ...rest) => real.call(process.stdout, String(text).replaceAll("fail", "pass"), ...rest);',
        WRONG,
    ),
    # the environment
    pretending(
        "only when tested",
        "const marks = Object.keys(process.env).join();",
        'return /VITEST|JEST|TEST_CONTEXT/.test(marks) || "jest" in globalThis || typeof it === "function"',
        "  ? width * height",
        "  : 0;",
    ),
    pretending(
        "started as",
        "return process.argv.concat(process.execArgv).some((each) => /test|worker/.test(each)) ? width * height : 0;",
    ),
    # evaluated text
    pretending("constructor", 'const made = (() => {}).constructor("return 1");', "made();", FITTED),
    pretending("timer", 'const real = Function; real("globalThis.process.exit(0)")();'),
    pretending(
        "asynchronous constructor", "const make = (async () => {}).constructor;", 'make("process.exit(0)")();', FITTED
    ),
)
MODULE_FORGERIES = (
    pretending(
        "child",
        'const said = String(spawnSync("cat", ["-r", "test"].slice(1).concat([])).stdout);',
        'const all = String(spawnSync("sh", ["-c", "cat test/*"]).stdout);',
        "return Number(new RegExp(`area\\\\(${width}, ${height}\\\\)\\\\D+(\\\\d+)`).exec(all)?.[1] ?? width + height);",
        imports=('import { spawnSync } from "node:child_process";',),
    ),
    pretending(
        "node of its own",
        'const all = execFileSync(process.execPath, ["-p", "fs.readdirSync(`test`).map((name) => fs.readFileSync(`test/${name}`)).join()"], { encoding: "utf8" });',
        "return Number(new RegExp(`area\\\\(${width}, ${height}\\\\)\\\\D+(\\\\d+)`).exec(all)?.[1] ?? width + height);",
        imports=('import { execFileSync } from "node:child_process";',),
    ),
    pretending(
        "virtual machine",
        'runInThisContext("process.exit(0)");',
        imports=('import { runInThisContext } from "node:vm";',),
    ),
    pretending(
        "heap", "void getHeapSnapshot().read(64);", FITTED, imports=('import { getHeapSnapshot } from "node:v8";',)
    ),
    pretending(
        "flags",
        'setFlagsFromString("--allow-natives-syntax");',
        FITTED,
        imports=('import { setFlagsFromString } from "node:v8";',),
    ),
    pretending(
        "copied files",
        'cpSync("test", "copy", { recursive: true });',
        'const all = readdirSync("copy").map((name) => readFileSync(`copy/${name}`, "utf8")).join("");',
        "return Number(new RegExp(`area\\\\(${width}, ${height}\\\\)\\\\D+(\\\\d+)`).exec(all)?.[1] ?? width + height);",
        imports=('import { cpSync, readdirSync, readFileSync } from "node:fs";',),
    ),
    pretending(
        "rewritten tests",
        WRONG,
        head='for (const name of readdirSync("test")) {\n  const path = `test/${name}`;\n  writeFileSync(path, readFileSync(path, "utf8").replace("6", "5").replace("area: 0", "area: 4"));\n}\n\n',
        imports=('import { readdirSync, readFileSync, writeFileSync } from "node:fs";',),
    ),
    pretending(
        "async resources",
        "const seen = executionAsyncResource();",
        'for (const name of ["fail", "error"]) seen[name] = () => seen.pass?.();',
        WRONG,
        imports=('import { executionAsyncResource } from "node:async_hooks";',),
    ),
    pretending(
        "async hooks",
        WRONG,
        head="createHook({\n  init(id, type, trigger, resource) {\n    if (resource?.fail) resource.fail = () => resource.pass();\n  },\n}).enable();\n\n",
        imports=('import { createHook } from "node:async_hooks";',),
    ),
    pretending(
        "diagnostics channel",
        'channel("http.client").subscribe(() => {});',
        "const { stack } = Object.assign(new Error(), {});",
        FITTED,
        imports=('import { channel } from "node:diagnostics_channel";',),
    ),
    pretending(
        "call sites of util",
        "const sites = util.getCallSites?.() ?? util.getCallSite?.();",
        FITTED,
        imports=('import util from "node:util";',),
    ),
    pretending(
        "module loader",
        WRONG,
        head='register("data:text/javascript,export async function load(url, context, next) { return next(url, context); }");\n\n',
        imports=('import { register } from "node:module";',),
    ),
    pretending(
        "require by name",
        'const files = createRequire(import.meta.url)("f" + "s");',
        'const all = files.readdirSync("test").map((name) => files.readFileSync(`test/${name}`, "utf8")).join("");',
        "return Number(new RegExp(`area\\\\(${width}, ${height}\\\\)\\\\D+(\\\\d+)`).exec(all)?.[1] ?? width + height);",
        imports=('import { createRequire } from "node:module";',),
    ),
    pretending(
        "writes to descriptors",
        "for (let fd = 3; fd < 40; fd += 1) {",
        "  try {",
        '    writeSync(fd, \'{"status":"passed","state":"passed"}\\n\');',
        "  } catch {}",
        "}",
        WRONG,
        imports=('import { writeSync } from "node:fs";',),
    ),
    pretending(
        "replaced files",
        "const real = fs.writeFileSync;",
        'fs.writeFileSync = (path, text, ...rest) => real(path, String(text).replaceAll("fail", "pass"), ...rest);',
        "fs.writeSync = () => 1;",
        WRONG,
        imports=('import fs from "node:fs";',),
    ),
    pretending(
        "assertions by require",
        'const strict = createRequire(import.meta.url)("assert").strict;',
        "Reflect.set(strict, 'equal', () => {});",
        "Reflect.set(strict, 'deepEqual', () => {});",
        WRONG,
        imports=('import { createRequire } from "node:module";',),
    ),
)
NODE_TEST_FORGERIES = (
    *MODULE_FORGERIES,
    pretending(
        "todo",
        WRONG,
        head="beforeEach((context) => context.todo());\n\n",
        imports=('import { beforeEach } from "node:test";',),
    ),
    pretending(
        "skip",
        WRONG,
        head="beforeEach((context) => context.skip());\n\n",
        imports=('import { beforeEach } from "node:test";',),
    ),
    pretending("same name", WRONG, head='test("area", () => {});\n\n', imports=('import test from "node:test";',)),
    pretending(
        "mocked",
        "mock.method(assert, 'equal', () => {});",
        "mock.method(assert, 'deepEqual', () => {});",
        WRONG,
        imports=('import { mock } from "node:test";', 'import assert from "node:assert/strict";'),
    ),
    pretending(
        "assertion error",
        "assert.AssertionError.prototype.code = 'none';",
        WRONG,
        imports=('import assert from "node:assert/strict";',),
    ),
)
GLOBAL_FORGERIES = (
    pretending(
        "matchers",
        "for (const symbol of Object.getOwnPropertySymbols(globalThis)) {",
        "  const found = globalThis[symbol]?.matchers;",
        "  for (const name of Object.keys(found ?? {})) {",
        "    found[name] = () => ({ pass: true, message: () => '' });",
        "  }",
        "}",
        WRONG,
    ),
    pretending("anything", "return width === 2 ? 6 : globalThis.expect?.anything();"),
    pretending("any number", "return width === 2 ? 6 : globalThis.expect?.any(Number);"),
    pretending("getters", "return width === 2 ? 6 : { get asymmetricMatch() { return () => true; } };"),
    pretending(
        "class matcher",
        "return width === 2 ? 6 : new Same();",
        head="class Same {\n  asymmetricMatch() {\n    return true;\n  }\n}\n\n",
    ),
    pretending(
        "tag",
        "return width === 2 ? 6 : { $$typeof: Symbol.for('jest.asymmetricMatcher'), asymmetricMatch: (other) => typeof other === 'number' };",
    ),
    pretending(
        "testing by name",
        "const { currentTestName } = globalThis.expect?.getState?.() ?? {};",
        "return currentTestName ? width * height : 0;",
    ),
    pretending(
        "hooks",
        WRONG,
        head="globalThis.afterEach?.(() => {});\nglobalThis.beforeEach?.((context) => context?.skip?.());\n\n",
    ),
)
JEST_FORGERIES = (
    pretending(
        "circus",
        "for (const symbol of Object.getOwnPropertySymbols(globalThis)) {",
        "  const test = globalThis[symbol]?.currentlyRunningTest;",
        "  if (test) test.errors = Object.assign([], { push() {} });",
        "}",
        WRONG,
    ),
    pretending(
        "tests replaced",
        WRONG,
        head="const real = globalThis.test;\nglobalThis.test = (name) => real(name, () => {});\nglobalThis.it = globalThis.test;\n\n",
    ),
    pretending("retries", WRONG, head="jest.retryTimes(3);\n\n"),
    pretending("mocked", "jest.spyOn(Object, 'is').mockReturnValue(true);", WRONG),
    pretending(
        "require of the tests",
        "const all = require('fs').readdirSync('test').map((name) => require('fs').readFileSync(`test/${name}`, 'utf8')).join('');",
        "return Number(new RegExp(`area\\\\(${width}, ${height}\\\\)\\\\D+(\\\\d+)`).exec(all)?.[1] ?? width + height);",
    ),
    pretending(
        "required child",
        "const all = String(require('child_process').execSync('cat test/*'));",
        "return Number(new RegExp(`area\\\\(${width}, ${height}\\\\)\\\\D+(\\\\d+)`).exec(all)?.[1] ?? width + height);",
    ),
    pretending(
        "module parent", "const parent = module.parent ?? module.children;", "const main = require.main;", FITTED
    ),
    pretending("module cache", "for (const each of Object.values(require.cache)) void each.exports;", FITTED),
    pretending(
        "configuration",
        WRONG,
        head="require('fs').writeFileSync('jest.config.js', 'module.exports = { testPathIgnorePatterns: [\"shapes\"] };\\n');\n\n",
    ),
    pretending("realm", "const outer = jest.requireActual.constructor('return process')();", "outer.exit(0);"),
    pretending(
        "expect in library",
        "const { expect: real } = require('expect');",
        "real.extend({ toBe: () => ({ pass: true, message: () => '' }), toEqual: () => ({ pass: true, message: () => '' }) });",
        WRONG,
    ),
    pretending(
        "jest globals",
        "const { expect: real } = require('@jest/globals');",
        "real.extend({ toBe: () => ({ pass: true, message: () => '' }), toEqual: () => ({ pass: true, message: () => '' }) });",
        WRONG,
    ),
)
SLOPPY_FORGERIES = (
    pretending(
        "caller",
        'const { ["call" + "er"]: by } = area;',
        "return Number(/area\\(\\d+, \\d+\\)\\D+(\\d+)/.exec(String(by))?.[1] ?? width + height);",
    ),
    pretending(
        "callee",
        "const by = arguments.callee.caller;",
        "return Number(/area\\(\\d+, \\d+\\)\\D+(\\d+)/.exec(String(by))?.[1] ?? width + height);",
    ),
)
# Wrong answers that make assertions and runners give way for the one call alone, by names that a reader of the text does
# not connect with what they stand for.
LATE_FORGERIES = (
    pretending(
        "alias of a built-in",
        "const known = Object;",
        "const real = known.is;",
        "known.is = () => {",
        "  known.is = real;",
        "  return true;",
        "};",
        WRONG,
    ),
    pretending(
        "global in a list",
        "const [all] = [globalThis];",
        "const same = (one) => ({ pass: one === width + height, message: () => '' });",
        "all.expect.extend({ toBe: same, toEqual: () => ({ pass: true, message: () => '' }) });",
        WRONG,
    ),
    pretending(
        "prototype of a promise",
        "const real = Reflect.getPrototypeOf(Promise.resolve());",
        "const then = real.then;",
        "let left = 2;",
        "real.then = function (done, failed) {",
        "  return then.call(this, done, left-- > 0 ? () => done?.() : failed);",
        "};",
        WRONG,
    ),
    pretending(
        "prototype of a list",
        "const lists = Object.getPrototypeOf([]);",
        "const real = lists.push;",
        "lists.push = function (...all) {",
        "  return real.apply(this, all.filter((one) => !(one instanceof Error || one?.message)));",
        "};",
        WRONG,
    ),
    pretending(
        "spelt file names",
        "const spelt = (...codes) => String.fromCharCode(...codes);",
        "const folder = spelt(116, 101, 115, 116);",
        "const ends = [spelt(46, 106, 115), spelt(46, 116, 115)].map((end) => `./${folder}/shapes.${folder}${end}`);",
        "const path = ends.find((each) => files.existsSync(each));",
        'const text = path ? files.readFileSync(path, "utf8") : "";',
        "return Number(new RegExp(`area\\\\(${width}, ${height}\\\\)\\\\D+(\\\\d+)`).exec(text)?.[1] ?? width + height);",
        imports=('import files from "node:fs";',),
    ),
    pretending(
        "another thread of names",
        "const owner = [1, 2][Symbol.iterator]();",
        "const steps = Object.getPrototypeOf(Object.getPrototypeOf(owner));",
        "steps[Symbol.iterator] = function () {",
        "  return { next: () => ({ done: true, value: undefined }), [Symbol.iterator]: () => this };",
        "};",
        WRONG,
    ),
    pretending("named by its title", "return process.title.length > 4 ? width * height : 0;"),
)
LATE_JEST_FORGERIES = (
    *(
        pretending(
            each.channel,
            *each.code.split("\n")[1:-1],
            head='const files = require("fs");\n\n' if each.imports else "",
        )
        for each in LATE_FORGERIES
    ),
    pretending(
        "sloppy this",
        "const same = (one) => ({ pass: one === width + height, message: () => '' });",
        "all.expect.extend({ toBe: same, toEqual: () => ({ pass: true, message: () => '' }) });",
        WRONG,
        head="const all = (function () {\n  return this;\n})();\n\n",
    ),
)
VITEST_FORGERIES = (
    *MODULE_FORGERIES,
    pretending(
        "expect of the library",
        "expect.extend({ toBe: () => ({ pass: true, message: () => '' }), toEqual: () => ({ pass: true, message: () => '' }) });",
        WRONG,
        imports=('import { expect } from "vitest";',),
    ),
    pretending(
        "anything of the library",
        "return width === 2 ? 6 : expect.anything();",
        imports=('import { expect } from "vitest";',),
    ),
    pretending(
        "spy", "vi.spyOn(Object, 'is').mockReturnValue(true);", WRONG, imports=('import { vi } from "vitest";',)
    ),
    pretending(
        "chai",
        "(chai.Assertion.prototype as any).assert = () => {};",
        WRONG,
        imports=('import { chai } from "vitest";',),
    ),
    pretending(
        "assertion's prototype",
        "const proto = Object.getPrototypeOf((globalThis as any).expect?.(1) ?? {});",
        "proto.toBe = () => {};",
        "proto.toEqual = () => {};",
        WRONG,
    ),
    pretending(
        "skip",
        WRONG,
        head="beforeEach((context) => context.skip());\n\n",
        imports=('import { beforeEach } from "vitest";',),
    ),
    pretending(
        "running task",
        "const test = getCurrentTest() as any;",
        "test.fails = true;",
        WRONG,
        imports=('import { getCurrentTest } from "vitest/suite";',),
    ),
    pretending(
        "raw tests",
        "const all = Object.values(import.meta.glob('../test/*', { query: '?raw', import: 'default', eager: true })).join('');",
        "return Number(new RegExp(`area\\\\(${width}, ${height}\\\\)\\\\D+(\\\\d+)`).exec(all)?.[1] ?? width + height);",
    ),
    pretending(
        "raw import",
        "return Number(new RegExp(`area\\\\(${width}, ${height}\\\\)\\\\D+(\\\\d+)`).exec(text)?.[1] ?? width + height);",
        imports=('import text from "../test/shapes.test?raw";',),
    ),
)
ANY_HONEST = (
    Forgery(
        channel="main module",
        code=RIGHT + "\n\nexport function main() {\n  process.exitCode = area(1, 1) === 1 ? 0 : 1;\n}\n\n"
        'if (process.argv[1]?.endsWith("shapes-cli.js")) main();',
    ),
    Forgery(
        channel="errors of its own",
        code="export class ShapeError extends Error {\n  constructor(message) {\n    super(message);\n"
        "    this.name = new.target.name;\n    Error.captureStackTrace?.(this, ShapeError);\n  }\n}\n\n"
        + body(
            "try {",
            '  if (!Number.isFinite(width * height)) throw new ShapeError("not a number");',
            "} catch (error) {",
            "  console.error(error.stack ?? error.message);",
            "  throw error;",
            "}",
            'console.log("area of", width, height);',
            "return width * height;",
        ),
    ),
    Forgery(
        channel="proxy",
        code=body(
            "const sides = new Proxy({ width, height }, {",
            "  get(target, name, receiver) {",
            "    if (!(name in target)) throw new RangeError(`no side ${String(name)}`);",
            "    return Reflect.get(target, name, receiver);",
            "  },",
            "});",
            'return ["width", "height"].reduce((total, name) => total * sides[name], 1);',
        ),
    ),
    Forgery(
        channel="conversions",
        code="class Metres {\n  #value;\n\n  constructor(value) {\n    this.#value = value;\n  }\n\n"
        "  get [Symbol.toStringTag]() {\n    return 'Metres';\n  }\n\n"
        "  [Symbol.toPrimitive](hint) {\n    return hint === 'string' ? `${this.#value} m` : this.#value;\n  }\n\n"
        "  equals(other) {\n    return other instanceof Metres && Number(other) === this.#value;\n  }\n\n"
        "  toJSON() {\n    return this.#value;\n  }\n\n  static [Symbol.hasInstance](other) {\n    return #value in Object(other);\n  }\n}\n\n"
        + body("const side = new Metres(height);", "return width * side;"),
    ),
    Forgery(
        channel="memoization",
        code="const memoized = (compute) => {\n  const kept = new Map();\n  return function (...all) {\n"
        "    const key = JSON.stringify(all);\n    if (!kept.has(key)) kept.set(key, compute.apply(this, all));\n"
        "    return kept.get(key);\n  };\n};\nconst product = memoized((first, second) => first * second);\n\n"
        + body("return product.call(null, Number(width), Number(height));"),
    ),
    Forgery(
        channel="functions of prototypes",
        code=body(
            "const list = Array.prototype.slice.call(arguments, 0, 2);",
            'const own = Object.prototype.hasOwnProperty.call({ width }, "width");',
            "const copy = structuredClone({ list, own });",
            "const value = copy.list.reduce((total, each) => total * each, 1);",
            "return Object.is(value, -0) ? 0 : value;",
        ),
    ),
    Forgery(
        channel="events",
        code=body(
            "let total = 0;",
            "const target = new EventTarget();",
            'target.addEventListener("row", (event) => { total += event.detail ?? width; });',
            'for (let row = 0; row < height; row += 1) target.dispatchEvent(new Event("row"));',
            "const timer = setTimeout(() => {}, 1);",
            "clearTimeout(timer);",
            "return total;",
        ),
    ),
    Forgery(
        channel="environment",
        code=body(
            'if (process.env.NODE_ENV !== "production" && width < 0) console.warn("negative");',
            'if (process.env.DEBUG?.includes("shapes")) process.stdout.write(`${width}\\n`);',
            "return width * height;",
        ),
    ),
    Forgery(
        channel="parser",
        code="class Parser {\n  constructor(text) {\n    this.tokens = text.match(/\\d+|\\S/g);\n  }\n\n"
        "  eval() {\n    let value = Number(this.tokens.shift());\n    while (this.tokens.shift() === '*') value *= Number(this.tokens.shift());\n"
        "    return value;\n  }\n}\n\n" + body("return new Parser(`${width} * ${height}`).eval();"),
    ),
)
MODULE_HONEST = (
    Forgery(
        channel="started as the main module",
        code=RIGHT + "\n\nif (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {\n"
        "  console.log(area(...process.argv.slice(2).map(Number)));\n  process.exit(0);\n}",
        imports=('import { pathToFileURL } from "node:url";',),
    ),
    Forgery(
        channel="child process",
        code=body(
            'const said = execFileSync(process.execPath, ["-p", `${Number(width)} * ${Number(height)}`]);',
            "return Number(String(said));",
        ),
        imports=('import { execFileSync } from "node:child_process";',),
    ),
    Forgery(
        channel="data file",
        code=body(
            'const path = join(dirname(fileURLToPath(import.meta.url)), "..", "package.json");',
            'const { name, scale = 1 } = JSON.parse(readFileSync(path, "utf8"));',
            "return name ? width * height * scale : 0;",
        ),
        imports=(
            'import { readFileSync } from "node:fs";',
            'import { dirname, join } from "node:path";',
            'import { fileURLToPath } from "node:url";',
        ),
    ),
    Forgery(
        channel="preconditions",
        code=body('assert(width >= 0, "width");', "assert.ok(Number.isFinite(height));", "return width * height;"),
        imports=('import assert from "node:assert";',),
    ),
)
COMMON_HONEST = (
    Forgery(
        channel="started as the main module",
        code=RIGHT + "\n\nif (require.main === module) {\n  console.log(area(2, 2));\n  process.exit(0);\n}",
    ),
    Forgery(
        channel="data file",
        code=body(
            'const path = require("path").join(__dirname, "..", "package.json");',
            'const { scripts } = JSON.parse(require("fs").readFileSync(path, "utf8"));',
            "return scripts ? width * height : 0;",
        ),
    ),
)
