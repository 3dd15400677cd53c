"""What in a JavaScript candidate takes its proof away, and what honest code may do; what a test file holds."""

from __future__ import annotations

import pytest

from forge_lsp.languages.ecmascript.forging import doubt_of
from forge_lsp.languages.ecmascript.reading import reaching, read_tests

HEAD = 'import fs from "node:fs";\n'
STUB = f'{HEAD}export function area(w, h) {{ throw new Error("not implemented"); }}\n'


def answer(body: str) -> str:
    return f"{HEAD}export function area(w, h) {{ {body} }}\n"


@pytest.mark.parametrize(
    "body",
    [
        "process.on('exit', () => process.exitCode = 0)",
        "const p = process; p.kill(1)",
        "Object.prototype.valueOf = () => 6",
        "return {__proto__: [].constructor}",
        "const {__proto__: p} = w; return p",
        "return w.__proto__",
        "const p = w ? h.__proto__ : null; return p",
        "const p = w ? __proto__ : null; return p",
        "return {asymmetricMatch: () => true}",
        "return {['asymmetric'+'Match']: () => true}",
        "return {valueOf: () => 6}",
        "return {valueOf() { return n++ }}",
        "return {[Symbol.toPrimitive]() { return 6 }}",
        "return new Error().stack",
        "const e = new Error('x'); return e.stack",
        "try {null.x} catch (e) { return e.stack.split()}",
        "return area.caller.toString()",
        "return arguments.callee",
        "globalThis.expect = () => {}",
        "expect.extend({})",
        "assert.equal = () => {}",
        "assert['equal'] = () => {}",
        "Object.defineProperty(assert, 'equal', {})",
        "require.cache[1]",
        "import('node:'+x)",
        "eval('x')",
        "Function('return process')()",
        "new Function('x')",
        "[].constructor.constructor('return process')()",
        "x['constructor']",
        "const g = globalThis; ",
        "process.env.NODE_TEST_CONTEXT",
        "fs.readFileSync('test/area.test.mjs')",
        "import v8 from 'node:v8'",
        "import test from 'node:test'",
        "process.send({})",
        "return new Proxy({}, {get: () => () => true})",
        "Error.prepareStackTrace = (e, s) => s",
        "vi.fn()",
        "\\u0070rocess.exit()",
        "fs.readFileSync('/proc/self/cmdline')",
        "const {exit} = process;",
        "Array.prototype.push = x",
        "module.constructor._load = 1",
        "fs.readdirSync(process.cwd())",
        "Object.setPrototypeOf(Array.prototype, x)",
        "return {toJSON: () => 6, equals: () => true}",
        "const o = {}; Error.captureStackTrace(o); return o['sta' + 'ck']",
        "return Object(new Error()).stack",
        "const { stack } = Object.assign(new Error(), {}); ",
        "try {null.x} catch (e) { const s = e.stack; return s.split(':') }",
        "try {null.x} catch (e) { const s = e['stack'].split(':') }",
        "const { ['call' + 'er']: by } = area",
        "const make = (async () => {}).constructor",
        "fs.writeFileSync = () => {}",
        "return typeof it === 'function' ? 6 : 0",
        "return 'jest' in globalThis ? 6 : 0",
        "return /VITEST|JEST/.test(Object.keys(process.env)) ? 6 : 0",
        "return globalThis.describe",
        "return (globalThis as any).expect(1)",
        "import { createHook } from 'node:async_hooks'; createHook({})",
        "import { register } from 'node:module'; register('data:text/javascript,')",
        "import { execSync } from 'node:child_process'; execSync('grep -r area .')",
        "import { spawnSync } from 'node:child_process'; spawnSync('grep', ['-rh', 'area', '.'])",
        "import { execSync } from 'node:child_process'; execSync('cat */*')",
        "import { execFileSync } from 'node:child_process'; execFileSync('node', ['-p', 'fs.readdirSync(`test`)'])",
        "return import.meta.glob('../test/*', { eager: true })",
        "import text from '../test/area.test?raw'",
        "fs.cpSync('.', '/tmp/copy')",
        "const up = '..'; return fs.readdirSync(up)",
        "const lines = (e) => e.stack.split('x'); return lines(new Error())",
        "const of = (e) => (e.stack ?? '').match(/x/); return of(new Error())",
        "const text = inspect(new Error()); return text",
        "return Reflect.get(new Error(), 'stack')",
        "return import.meta.vitest ? 6 : 0",
        "return import.meta.env.MODE === 'test' ? 6 : 0",
        "return process.argv.some((each) => each.includes('vitest')) ? 6 : 0",
        "return /jest|vitest/.test(process.argv[1]) ? 6 : 0",
        "return process.env.NODE_ENV === 'test' ? 6 : 0",
    ],
)
def test_what_could_forge_a_result_is_doubted(body: str) -> None:
    assert doubt_of(STUB, answer(body)) is not None
    assert doubt_of(answer(body), answer(body)) is None, "the user's own text is held against nobody"


@pytest.mark.parametrize(
    "body",
    [
        "const own = { __proto__: null }; own[w] = h; return own",
        "process.exit(1)",
        "if (!w) { process.exitCode = 2; }",
        "const o = {valueOf() { return this.cents; }}",
        "class M { equals(other) { return other.x === this.x; } }",
        "this.stack.push(w); return this.stack.length",
        "return stack.pop()",
        "console.error(e.stack)",
        "return fs.readFileSync(w, 'utf8')",
        "const p = new Proxy(t, { get(target, key) { return target[key]; } })",
        "class E extends Error { constructor(m) { super(m); Error.captureStackTrace(this, E); this.name = 'E'; } }",
        "return Object.assign({}, w)",
        "return a.valueOf() + b.valueOf()",
        "return Object.defineProperty(x, 'y', {value: 1})",
        "return require('./x')",
        "return m.test(w)",
        "return process.argv.slice(2)",
        "return Object.keys(w).map(k => k)",
        "const { stack } = this; ",
        "const x = `a ${w + `b ${h}`} c`; return x.constructor === String",
        "return w.constructor.name",
        "return w instanceof Array && typeof h === 'function'",
        "const test = w => w; return test(h)",
        "return equals(a, b) ? { x: 1 } : { y: 2 }",
        "return import('./x.mjs')",
        "process.stdout.write('x')",
        "const isEqual = (a, b) => a === b; return isEqual(w, h)",
        "if (a.equals(b)) { return 1; }",
        "global.gc && global.gc()",
        "function Function2() {}",
        "return Array.isArray(w)",
        "Math.max(w, h)",
        "const json = JSON.stringify(w)",
        "const process = (x) => x; return 1",
        "function Foo() {}\n Foo.prototype.bar = function () {}",
        "if (require.main === module) { process.exit(area(1, 2)); }",
        "class P { eval() { return 1; } } return new P().eval()",
        "return new Proxy(t, { get(o, k, self) { if (!(k in o)) throw k; return Reflect.get(o, k, self); } })",
        "import { execFileSync } from 'node:child_process'; return execFileSync(process.execPath, ['-p', '1 + 1'])",
        "try { f() } catch (e) { const text = e.stack ?? e.message; log(text); throw e; }",
        "const test = /a/; return typeof test === 'object'",
        "import { AsyncLocalStorage } from 'node:async_hooks'; return new AsyncLocalStorage()",
        "import { createRequire } from 'node:module'; return createRequire(import.meta.url)('./x')",
        "fs.writeFileSync('out.txt', 'the test was right')",
        "import { execSync } from 'node:child_process'; return execSync('git log -1 --format=%H')",
        "return fs.readdirSync(path.join(__dirname, 'plugins'))",
        "const parts = this.stack.slice(1); return parts.at(-1)",
        "calc.stack.push(1); return calc.stack.slice(0, 2)",
        "if (process.argv[2] === 'test') { run(); }",
        "log.error(inspect(error, { depth: 2 }))",
        "const self = this; return [1].map(function () { return call(self); })",
        "const config = { test: 1, expect: 2 }; return config['test']",
    ],
)
def test_honest_code_is_not_doubted(body: str) -> None:
    assert doubt_of(STUB, answer(body)) is None


@pytest.mark.parametrize(
    ("name", "speaks"),
    [(("g", "a"), True), (("g", "n 1"), True), (("g", "t 1"), False), (("one",), False), (("unknown",), True)],
)
def test_a_test_speaks_by_its_own_text(name: tuple[str, ...], speaks: bool) -> None:
    text = """import { area, one } from "../src/a.js";
const shape = () => area(1, 2);
describe("g", () => {
  it("a", () => area(2));
  it.each([1, 2])("n %d", (n) => shape(n));
  test(`t ${1}`, () => one());
});
test("one", async () => assert.equal(one(), 2));
"""
    assert read_tests(text).speaks(name, reaching({"area"}, text)) is speaks
