"""TypeScript: vitest, and node's own test runner by tsx."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.integration.proofs import Forgery, Project, Unrunnable
from tests.integration.proofs.javascript import (
    DOC,
    EXPECT_FORGERIES,
    MISSING,
    MOODY,
    NODE,
    PACKAGE,
    RIGHT,
    SIDE,
    STUB,
    TWO,
    WRONG,
    body,
    forgeries,
    linked,
)
from tests.integration.proofs.javascript_forgeries import (
    ANY_FORGERIES,
    ANY_HONEST,
    GLOBAL_FORGERIES,
    LATE_FORGERIES,
    MODULE_FORGERIES,
    MODULE_HONEST,
    VITEST_FORGERIES,
)
from tests.support import lang
from tests.support.tools import typescript_folder


def compiled(package: str, major: str) -> Callable[[Path], Mapping[str, str]]:
    """Give a project the ``node_modules`` of a runner, and the compiler on PATH."""

    def prepare(root: Path) -> Mapping[str, str]:
        environment = linked(package, major)(root)
        programs = typescript_folder("5") / "node_modules" / ".bin"
        return {**environment, "PATH": f"{environment['PATH']}:{programs}"}

    return prepare


def typed(code: str) -> str:
    """The code with its types."""
    return code.replace("(width, height) {", "(width: number, height: number): number {").replace(
        "(surface) {", "(surface: number): number {"
    )


def answering(code: str) -> str:
    """The code with types that let it give anything."""
    return code.replace("(width, height) {", "(width: number, height: number): any {")


VITEST = """import { describe, expect, it, test } from "vitest";
import { area } from "../src/shapes";

test("area", () => expect(area(2, 3)).toBe(6));
describe("flat", () => {
  it("has no area", () => expect({ area: area(4, 0) }).toEqual({ area: 0 }));
});
"""
REWRITE = typed("export function area(width, height) {\n  const total = width * height;\n  return total;\n}")
ABSENT = "export const UNIT = 1;\n\n«»"
NODE_TS = NODE.replace("shapes.mjs", "shapes.ts")


def all_typed(*groups: tuple[Forgery, ...]) -> tuple[Forgery, ...]:
    """The forgeries in TypeScript."""
    return tuple(
        Forgery(channel=each.channel, code=answering(each.code), imports=each.imports)
        for group in groups
        for each in group
    )


PROJECTS = (
    Project(
        name="vitest",
        language=lang.TYPESCRIPT,
        document="src/shapes.ts",
        files={"package.json": PACKAGE, "test/shapes.test.ts": VITEST},
        stub=f"{DOC}«{typed(STUB)}»\n",
        right=typed(RIGHT),
        wrong=typed(WRONG),
        told=("area", "expected 6, got 5"),
        unparsable=typed("export function area(width, height) {\n  return width * (height;\n}"),
        absent=ABSENT,
        absent_right=typed(RIGHT),
        two=f"{DOC}«{typed(STUB)}»\n{typed(SIDE)}",
        two_files={
            "test/shapes.test.ts": VITEST.replace("{ area }", "{ area, side }", 1)
            + TWO.replace("assert.equal(side(9), 3)", "expect(side(9)).toBe(3)").replace(
                "assert.equal(area(side(4), 2), 4)", "expect(area(side(4), 2)).toBe(4)"
            )
        },
        working=f"{DOC}«{typed(RIGHT)}»\n",
        mutant=typed(WRONG),
        rewrite=REWRITE,
        moody={
            "test/moody.test.ts": 'import { readFileSync } from "node:fs";\nimport { expect, test } from "vitest";\n'
            'import { area } from "../src/shapes";\n'
            + MOODY.replace(
                'assert.equal(readFileSync("turn.txt", "utf8"), "pass")',
                'expect(readFileSync("turn.txt", "utf8")).toBe("pass")',
            )
        },
        unrunnable=(
            Unrunnable(
                channel="package",
                files={"test/shapes.test.ts": MISSING + VITEST},
                words="not-installed-here",
                remedy="npm install",
            ),
            Unrunnable(
                channel="plugin",
                files={
                    "vitest.config.mjs": 'import plugin from "none-such";\n\nexport default { plugins: [plugin()] };\n'
                },
                words="none-such",
                remedy="npm install",
            ),
            Unrunnable(
                channel="configuration",
                files={"vitest.config.mjs": 'throw new Error("no such setting");\n'},
                words="no such setting",
            ),
            Unrunnable(
                channel="environment",
                files={"vitest.config.mjs": 'export default { test: { environment: "jsdom" } };\n'},
                words="jsdom",
                remedy="npm install",
            ),
        ),
        forgeries=all_typed(
            forgeries("test/shapes.test.ts"),
            EXPECT_FORGERIES,
            ANY_FORGERIES,
            GLOBAL_FORGERIES,
            VITEST_FORGERIES,
            LATE_FORGERIES,
            (
                Forgery(
                    channel="worker-state",
                    code=body(
                        "const state = (globalThis as any).__vitest_worker__;",
                        'state.rpc.onTaskUpdate([[state.current.id, { state: "pass" }, {}]], []);',
                        "return width + height;",
                    ),
                ),
            ),
        ),
        honest=(
            Forgery(
                channel="command-line",
                code=typed(RIGHT) + "\n\nexport function main(): void {\n  if (!process.argv[2]) process.exit(2);\n}",
            ),
            Forgery(
                channel="equality",
                code="export class Size {\n  constructor(readonly width: number, readonly height: number) {}\n\n"
                "  equals(other: Size): boolean {\n"
                "    return other.width === this.width && other.height === this.height;\n  }\n}\n\n"
                "export function area(width: number, height: number): number {\n"
                "  const size = new Size(width, height);\n  return size.equals(size) ? width * height : 0;\n}",
            ),
            *all_typed(ANY_HONEST, MODULE_HONEST),
        ),
        prepare=compiled("vitest", "3"),
    ),
    Project(
        name="node-tsx",
        language=lang.TYPESCRIPT,
        document="src/shapes.ts",
        files={"package.json": PACKAGE, "test/shapes.test.ts": NODE_TS},
        stub=f"{DOC}«{typed(STUB)}»\n",
        right=typed(RIGHT),
        wrong=typed(WRONG),
        told=("area", "expected 6, got 5"),
        absent=ABSENT,
        absent_right=typed(RIGHT),
        two=f"{DOC}«{typed(STUB)}»\n{typed(SIDE)}",
        two_files={"test/shapes.test.ts": NODE_TS.replace("{ area }", "{ area, side }", 1) + TWO},
        working=f"{DOC}«{typed(RIGHT)}»\n",
        mutant=typed(WRONG),
        rewrite=REWRITE,
        moody={
            "test/moody.test.ts": 'import assert from "node:assert/strict";\nimport test from "node:test";\n'
            'import { readFileSync } from "node:fs";\nimport { area } from "../src/shapes.ts";\n' + MOODY
        },
        unrunnable=(
            Unrunnable(
                channel="package",
                files={"test/shapes.test.ts": MISSING + NODE_TS},
                words="not-installed-here",
                remedy="npm install",
            ),
        ),
        forgeries=all_typed(forgeries("test/shapes.test.ts"), ANY_FORGERIES, MODULE_FORGERIES),
        honest=(
            Forgery(channel="command-line", code=typed(RIGHT) + "\n\nexport const main = () => process.exit(2);"),
            *all_typed(ANY_HONEST, MODULE_HONEST),
        ),
        prepare=compiled("tsx", "4"),
    ),
)
