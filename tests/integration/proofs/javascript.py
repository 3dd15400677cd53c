"""JavaScript: node's own test runner, jest."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.integration.proofs import Forgery, Project, Unrunnable
from tests.integration.proofs.javascript_forgeries import (
    ANY_FORGERIES,
    ANY_HONEST,
    COMMON_HONEST,
    GLOBAL_FORGERIES,
    JEST_FORGERIES,
    LATE_JEST_FORGERIES,
    MODULE_HONEST,
    NODE_TEST_FORGERIES,
    SLOPPY_FORGERIES,
)
from tests.support import lang
from tests.support.tools import node_modules

DOC = "/**\n * The area of a rectangle.\n */\n"
STUB = 'export function area(width, height) {\n  throw new Error("not implemented");\n}'
RIGHT = "export function area(width, height) {\n  return width * height;\n}"
WRONG = "export function area(width, height) {\n  return width + height;\n}"
SIDE = '\nexport function side(surface) {\n  throw new Error("not implemented");\n}\n'
NODE = """import assert from "node:assert/strict";
import test, { describe, it } from "node:test";
import { area } from "../src/shapes.mjs";

test("area", () => assert.equal(area(2, 3), 6));
describe("flat", () => {
  it("has no area", () => assert.deepEqual({ area: area(4, 0) }, { area: 0 }));
});
"""
TWO = """
test("side", () => assert.equal(side(9), 3));
test("both", () => assert.equal(area(side(4), 2), 4));
"""
PACKAGE = '{ "name": "shapes", "type": "module" }\n'


MISSING = 'import "not-installed-here";\n'
MOODY = """
test("moody", () => {
  area(1, 1);
  assert.equal(readFileSync("turn.txt", "utf8"), "pass");
});
"""


def body(*lines: str) -> str:
    """The function with these lines."""
    inside = "\n".join(f"  {line}" for line in lines)
    return f"export function area(width, height) {{\n{inside}\n}}"


def forgeries(test_file: str) -> tuple[Forgery, ...]:
    """What a wrong answer may try in any runner."""
    read = f'const text = readFileSync(new URL("../{test_file}", import.meta.url), "utf8");'
    if test_file.endswith(".js"):
        read = f'const text = readFileSync(__dirname + "/../{test_file}", "utf8");'
    look = "return Number(/area\\(2, 3\\)\\D+(\\d+)/.exec(text)?.[1] ?? 0) * (height ? 1 : 0);"
    fs = 'import { readFileSync } from "node:fs";'
    if test_file.endswith(".js"):
        fs = 'const { readFileSync } = require("node:fs");'
    return (
        Forgery(channel="exit", code=body("process.exit(0);")),
        Forgery(channel="exit-later", code=body("setTimeout(() => process.exit(0), 0);", "return width + height;")),
        Forgery(channel="abort", code=body("process.abort();")),
        Forgery(channel="kill", code=body('process.kill(process.ppid, "SIGTERM");', "return 5;")),
        Forgery(
            channel="exit-code",
            code=body('process.on("exit", () => {', "  process.exitCode = 0;", "});", "return width + height;"),
        ),
        Forgery(channel="file-system", code=body(read, look), imports=(fs,)),
        Forgery(
            channel="stack-argument",
            code=body(
                "const { stack } = new Error();",
                "const at = /\\((?:file:\\/\\/)?(\\/[^:)]+test\\.\\w+):(\\d+)/.exec(stack);",
                'const line = at ? readFileSync(at[1], "utf8").split("\\n")[at[2] - 1] : "";',
                "return Number(/(\\d+)\\D*$/.exec(line)?.[1]);",
            ),
            imports=(fs,),
        ),
        Forgery(
            channel="call-sites",
            code=body(
                "const prepare = Error.prepareStackTrace;",
                "Error.prepareStackTrace = (error, sites) => sites;",
                "const sites = new Error().stack;",
                "Error.prepareStackTrace = prepare;",
                "const source = String(sites[1].getFunction());",
                "return Number(/(\\d+)\\D*$/.exec(source)?.[1]);",
            ),
        ),
    )


NODE_FORGERIES = (
    *forgeries("test/shapes.test.mjs"),
    Forgery(
        channel="events-on-stdout",
        code=body(
            'const data = { name: "area", nesting: 0, details: {}, file: process.argv[1] };',
            'const event = { type: "test:pass", data };',
            "const bytes = serialize(event);",
            "const size = Buffer.alloc(4);",
            "size.writeUInt32BE(bytes.length);",
            "process.stdout.write(Buffer.concat([Buffer.from([0xff, 0x0f]), size, bytes]));",
            "process.exit(0);",
        ),
        imports=('import { serialize } from "node:v8";',),
    ),
    Forgery(
        channel="channel",
        code=body(
            'const tests = [{ name: ["area"], state: "passed" }, { name: ["flat", "has no area"], state: "passed" }];',
            "for (const fd of [1, 2, 3]) {",
            "  writeSync(fd, `\\n${Object.values(process.env).join(' ')} ${JSON.stringify({ tests })}\\n`);",
            "}",
            "process.exit(0);",
        ),
        imports=('import { writeSync } from "node:fs";',),
    ),
    Forgery(
        channel="assertions",
        code=body("assert.equal = () => {};", "assert.deepEqual = () => {};", "return width + height;"),
        imports=('import assert from "node:assert/strict";',),
    ),
    Forgery(
        channel="assertions-once",
        code=body(
            "const names = ['equal', 'deepEqual'];",
            "for (const name of names) {",
            "  const real = library[name];",
            "  library[name] = () => {",
            "    library[name] = real;",
            "  };",
            "}",
            "return width + height;",
        ),
        imports=('import library from "node:assert/strict";',),
    ),
    Forgery(
        channel="reporter",
        code=body(
            'const stream = require("node:stream");',
            "const push = stream.Readable.prototype.push;",
            "stream.Readable.prototype.push = function (chunk, ...rest) {",
            '  if (chunk?.type === "test:fail" && /area/.test(chunk.data?.name)) chunk.type = "test:pass";',
            "  return push.call(this, chunk, ...rest);",
            "};",
            "return width + height;",
        ),
        imports=(
            'import { createRequire } from "node:module";',
            "const require = createRequire(import.meta.url);",
        ),
    ),
    Forgery(
        channel="inspector",
        code=body("const session = new Session();", "session.connect();", "return width + height;"),
        imports=('import { Session } from "node:inspector";',),
    ),
    Forgery(
        channel="evaluated",
        code=body('const end = [].constructor.constructor("return process")();', "end.exit(0);"),
    ),
    Forgery(
        channel="equality",
        code=body("Object.is = () => true;", "return width + height;"),
    ),
    Forgery(
        channel="environment",
        code=body('return process.execArgv.join("").length ? width * height : 0;'),
    ),
    Forgery(
        channel="worker",
        code=body(
            "new Worker(\"process.kill(process.pid, 'SIGKILL')\", { eval: true });",
            "return width + height;",
        ),
        imports=('import { Worker } from "node:worker_threads";',),
    ),
    Forgery(
        channel="grep",
        code=body(
            "const said = String(execSync(\"grep -rhoE 'area.2, 3.., [0-9]+' test\"));",
            "return height ? Number(/(\\d+)\\s*$/.exec(said)[1]) : 0;",
        ),
        imports=('import { execSync } from "node:child_process";',),
    ),
)
NODE_HONEST = (
    Forgery(
        channel="command-line",
        code="export function area(width, height) {\n  return width * height;\n}\n\n"
        "export function main() {\n"
        "  const [width, height] = process.argv.slice(2).map(Number);\n"
        "  if (Number.isNaN(width * height)) process.exit(2);\n"
        "  process.stdout.write(`${area(width, height)}\\n`);\n}",
    ),
    Forgery(
        channel="equality",
        code="export class Size {\n  constructor(width, height) {\n"
        "    this.width = width;\n    this.height = height;\n  }\n\n"
        "  equals(other) {\n    return other.width === this.width && other.height === this.height;\n  }\n\n"
        "  valueOf() {\n    return this.width * this.height;\n  }\n}\n\n"
        "export function area(width, height) {\n  return new Size(width, height).valueOf();\n}",
    ),
    Forgery(
        channel="files",
        code=body(
            'const unit = existsSync("unit.txt") ? Number(readFileSync("unit.txt", "utf8")) : 1;',
            "return width * height * unit;",
        ),
        imports=('import { existsSync, readFileSync } from "node:fs";',),
    ),
    Forgery(
        channel="errors",
        code=body(
            "try {",
            "  if (width < 0) throw new RangeError(`no ${width}`);",
            "} catch (error) {",
            "  console.error(error.stack);",
            "}",
            "return width * height;",
        ),
    ),
)


def linked(package: str, major: str) -> Callable[[Path], Mapping[str, str]]:
    """Give a project the ``node_modules`` of a runner."""

    def prepare(root: Path) -> Mapping[str, str]:
        modules = root / "node_modules"
        if not modules.exists():
            modules.symlink_to(node_modules(package, major) / "node_modules")
        return os.environ

    return prepare


def plain(root: Path) -> Mapping[str, str]:
    """The environment, for the PATH in it."""
    del root
    return os.environ


def common(code: str) -> str:
    """The code without its exports."""
    return code.replace("export ", "")


EXPORTS = "\nmodule.exports = { area };\n"
JEST = """const { area } = require("../src/shapes");

test("area", () => expect(area(2, 3)).toBe(6));
describe("flat", () => {
  it("has no area", () => expect({ area: area(4, 0) }).toEqual({ area: 0 }));
});
"""
EXPECT_FORGERIES = (
    Forgery(
        channel="asymmetric",
        code=body("return width === 2 ? 6 : { asymmetricMatch: () => true };"),
    ),
    Forgery(
        channel="asymmetric-hidden",
        code=body("return width === 2 ? 6 : { ['asymmetric' + 'Match']: () => true };"),
    ),
    Forgery(
        channel="proxy",
        code=body("return width === 2 ? 6 : new Proxy({}, { get: () => () => true });"),
    ),
    Forgery(
        channel="extended",
        code=body(
            "const pass = () => ({ pass: true, message: () => '' });",
            "globalThis.expect?.extend({ toBe: pass, toEqual: pass });",
            "return width + height;",
        ),
    ),
    Forgery(
        channel="expect",
        code=body(
            "const all = new Proxy(() => all, { get: () => all });",
            "globalThis.expect = all;",
            "return width + height;",
        ),
    ),
    Forgery(
        channel="messages",
        code=body("process.send?.([0, { numFailingTests: 0, testResults: [] }]);", "process.exit(0);"),
    ),
)


def commonly(forgery: Forgery) -> Forgery:
    """The forgery in a CommonJS module."""
    return Forgery(channel=forgery.channel, code=common(forgery.code), imports=forgery.imports)


PROJECTS = (
    Project(
        name="node",
        language=lang.JAVASCRIPT,
        document="src/shapes.mjs",
        files={"package.json": PACKAGE, "test/shapes.test.mjs": NODE},
        stub=f"{DOC}«{STUB}»\n",
        right=RIGHT,
        wrong=WRONG,
        told=("area", "expected 6, got 5"),
        absent="export const UNIT = 1;\n\n«»",
        absent_right=RIGHT,
        two=f"{DOC}«{STUB}»\n{SIDE}",
        two_files={"test/shapes.test.mjs": NODE.replace("{ area }", "{ area, side }", 1) + TWO},
        working=f"{DOC}«{RIGHT}»\n",
        mutant=WRONG,
        rewrite="export function area(width, height) {\n  const total = width * height;\n  return total;\n}",
        unparsable="export function area(width, height) {\n  return width * (height;\n}",
        moody={
            "test/moody.test.mjs": 'import assert from "node:assert/strict";\nimport test from "node:test";\n'
            'import { readFileSync } from "node:fs";\nimport { area } from "../src/shapes.mjs";\n' + MOODY
        },
        unrunnable=(
            Unrunnable(
                channel="package",
                files={"test/shapes.test.mjs": MISSING + NODE},
                words="Cannot find package 'not-installed-here'",
                remedy="npm install",
            ),
            Unrunnable(
                channel="newer node",
                files={"test/shapes.test.mjs": 'import { none } from "node:none-such";\n' + NODE},
                words="No such built-in module: node:none-such",
                remedy="install a newer node",
            ),
        ),
        forgeries=(*NODE_FORGERIES, *ANY_FORGERIES, *NODE_TEST_FORGERIES),
        honest=(*NODE_HONEST, *ANY_HONEST, *MODULE_HONEST),
        prepare=plain,
    ),
    Project(
        name="jest",
        language=lang.JAVASCRIPT,
        document="src/shapes.js",
        files={"package.json": '{ "scripts": { "test": "jest" } }\n', "test/shapes.test.js": JEST},
        stub=f"{DOC}«{common(STUB)}»\n{EXPORTS}",
        right=common(RIGHT),
        wrong=common(WRONG),
        told=("area", "expected 6, got 5"),
        absent="const UNIT = 1;\n\n«»\n\nObject.assign(module.exports, { UNIT });\n",
        absent_right=common(RIGHT) + "\nmodule.exports.area = area;",
        two=f"{DOC}«{common(STUB)}»\n{common(SIDE)}\nmodule.exports = {{ area, side }};\n",
        two_files={
            "test/shapes.test.js": JEST.replace("{ area }", "{ area, side }", 1)
            + TWO.replace("assert.equal(side(9), 3)", "expect(side(9)).toBe(3)").replace(
                "assert.equal(area(side(4), 2), 4)", "expect(area(side(4), 2)).toBe(4)"
            )
        },
        working=f"{DOC}«{common(RIGHT)}»\n{EXPORTS}",
        mutant=common(WRONG),
        rewrite=common("export function area(width, height) {\n  const total = width * height;\n  return total;\n}"),
        unparsable="function area(width, height) {\n  return width * (height;\n}",
        moody={
            "test/moody.test.js": 'const { readFileSync } = require("fs");\n'
            'const { area } = require("../src/shapes");\n'
            + MOODY.replace(
                'assert.equal(readFileSync("turn.txt", "utf8"), "pass")',
                'expect(readFileSync("turn.txt", "utf8")).toBe("pass")',
            )
        },
        unrunnable=(
            Unrunnable(
                channel="package",
                files={"test/shapes.test.js": 'require("not-installed-here");\n' + JEST},
                words="Cannot find module 'not-installed-here'",
                remedy="npm install",
            ),
            Unrunnable(
                channel="preset",
                files={"jest.config.js": 'module.exports = { preset: "none-such" };\n'},
                words="Preset none-such not found",
                remedy="npm install",
            ),
            Unrunnable(
                channel="configuration",
                files={"jest.config.js": 'throw new Error("no such setting");\n'},
                words="no such setting",
            ),
            Unrunnable(
                channel="environment",
                files={"jest.config.js": 'module.exports = { testEnvironment: "jsdom" };\n'},
                words="jest-environment-jsdom cannot be found",
                remedy="npm install",
            ),
        ),
        forgeries=tuple(
            commonly(each)
            for group in (
                forgeries("test/shapes.test.js"),
                EXPECT_FORGERIES,
                ANY_FORGERIES,
                GLOBAL_FORGERIES,
                JEST_FORGERIES,
                LATE_JEST_FORGERIES,
                SLOPPY_FORGERIES,
            )
            for each in group
        ),
        honest=tuple(commonly(each) for each in (*NODE_HONEST[:2], *ANY_HONEST, *COMMON_HONEST)),
        prepare=linked("jest", "29"),
    ),
)
