"""Declared types, arguments and calls of JavaScript and TypeScript, as examples need them."""

from __future__ import annotations

from typing import cast

import pytest

from forge_lsp.checking.examples.types import Parameter, Signature, TypeMismatch, fitted
from forge_lsp.checking.examples.values import parse
from forge_lsp.checking.examples.written import Call
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Document, Scope, ScopeKind, Task, TextRange
from forge_lsp.languages.ecmascript.documented import EcmaScriptDriver, type_of
from tests.support import lang

DRIVER = EcmaScriptDriver(cast("Sandbox", None), timeout=1, environment={})


@pytest.mark.parametrize(
    ("text", "kind", "items"),
    [
        ("number", "float", ()),
        ("string | null", "optional", ("string",)),
        ("number | string", "any", ()),
        ("readonly number[]", "list", ("float",)),
        ("(number | null)[]", "list", ("optional",)),
        ("Array<Array<string>>", "list", ("list",)),
        ("Promise<boolean>", "bool", ()),
        ("[number, string]", "tuple", ("float", "string")),
        ("Map<string, number[]>", "map", ("string", "list")),
        ("Set<bigint>", "set", ("int",)),
        ("Record<string, number>", "any", ()),
        ("(a: number) => void", "any", ()),
        ("T", "any", ()),
    ],
)
def test_types(text: str, kind: str, items: tuple[str, ...]) -> None:
    found = type_of(text)
    assert (found.kind, tuple(one.kind for one in found.items)) == (kind, items)


def signature(header: str, name: str = "f") -> Signature:
    text = f"{header} {{\n  return 1;\n}}\n"
    start = text.index(f"{name}(")
    task = Task(
        document=Document(uri="file:///a.ts", language=lang.TYPESCRIPT, text=text),
        scope=Scope(kind=ScopeKind.DEFINITION, range=TextRange(start=start, end=len(text)), name=name),
        instruction="x",
    )
    found = DRIVER.signature(task, text)
    assert found is not None
    return found


def test_parameters() -> None:
    found = signature(
        "export function f(a: number, b?: Map<string, number>, c = 'x', ...d: string[]): string | undefined"
    )
    assert [(one.name, one.type.kind, one.optional, one.rest) for one in found.parameters] == [
        ("a", "float", False, False),
        ("b", "map", True, False),
        ("c", "any", True, False),
        ("d", "string", False, True),
    ]
    assert found.result.kind == "optional"


@pytest.mark.parametrize(
    ("value", "declared", "written"),
    [
        ("[1, 2.5]", "number[]", "[1, 2.5]"),
        ("7", "bigint", "7n"),
        ("None", "string | undefined", "undefined"),
        ("None", "string | null", "null"),
        ("{'a': 1}", "Map<string, number>", 'new Map([["a", 1]])'),
        ("{'a': 1}", "Record<string, number>", '({["a"]: 1})'),
        ("{1, 2}", "Set<number>", "new Set([1, 2])"),
        ("'a\"\\n'", "string", '"a\\"\\n"'),
        ("inf", "number", "Infinity"),
    ],
)
def test_values_are_written_by_their_types(value: str, declared: str, written: str) -> None:
    to = type_of(declared)
    one = Signature(name="f", parameters=(Parameter(name="a", type=to),))
    assert DRIVER.literal(fitted(parse(value), to), one, 0) == written


def test_what_cannot_be_written() -> None:
    one = Signature(name="f", parameters=(Parameter(name="a"),))
    with pytest.raises(TypeMismatch, match="beyond"):
        DRIVER.literal(2**60, one, 0)


def test_calls() -> None:
    call = Call(head="s.", name="push", arguments=())
    member = Signature(name="push", parameters=(), container="Stack", bound=True)
    assert DRIVER.expression(member, ["1"], call) == "s.push(1)"
    with pytest.raises(TypeMismatch, match="needs an instance of Stack"):
        DRIVER.expression(member, [], Call(head="", name="push", arguments=()))
    static = Signature(name="of", parameters=(), container="N.Stack")
    assert DRIVER.expression(static, [], call) == "N.Stack.of()"
    assert DRIVER.step("s = Stack(1)") == "var s = new Stack(1);"
    assert DRIVER.step("const s = new Stack()") == "var s = new Stack()"
