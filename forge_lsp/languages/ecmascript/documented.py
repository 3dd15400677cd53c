"""Examples in the documentation of JavaScript and TypeScript, run by node."""

from __future__ import annotations

import json
import math
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from forge_lsp.checking.examples.answers import Answers, AskedCall, answers_in
from forge_lsp.checking.examples.driven import DocumentedExamples
from forge_lsp.checking.examples.types import ANY, Parameter, Signature, Type, TypeMismatch
from forge_lsp.checking.examples.values import Group, LanguageValue, MapValue, Value, closing, split
from forge_lsp.checking.examples.written import Call
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.programs import readable_for
from forge_lsp.checking.project import Place
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import ItemKind, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.editing.scoped import ScopedItem, scoped
from forge_lsp.languages.ecmascript.finding import ENDINGS
from forge_lsp.languages.ecmascript.forging import doubt_of
from forge_lsp.languages.ecmascript.node import node_of
from forge_lsp.languages.ecmascript.tsc import find_compiler

__all__ = ["EcmaScriptDriver", "documented_examples", "type_of"]

_RUNNER = Path(__file__).with_name("runners") / "examples.mjs"
_SECONDS = 5.0
_SAFE = 2**53
_PLAIN: Mapping[str, Type] = {
    "number": Type(kind="float", text="number"),
    "bigint": Type(kind="int", text="bigint"),
    "string": Type(kind="string", text="string"),
    "boolean": Type(kind="bool", text="boolean"),
    "void": Type(kind="void", text="void"),
    "undefined": Type(kind="void", text="undefined"),
    "null": Type(kind="void", text="null"),
}
_LISTS = frozenset(("Array", "ReadonlyArray", "Iterable", "Generator", "AsyncGenerator", "AsyncIterable", "Iterator"))
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")
_PYTHON_ASSIGNED = re.compile(r"([A-Za-z_$][\w$]*)\s*=(?!=)\s*(?:new\s+)?([A-Z][\w$.]*)\((.*)\)\s*;?$", re.S)


class EcmaScriptDriver:
    """A :class:`~forge_lsp.checking.examples.driven.Driver`. ``environment`` is the server's own (``PATH``).
    ``timeout`` in seconds, for one run."""

    matters = (*ENDINGS, ".json")

    def __init__(self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str]) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._environment = environment

    def signature(self, task: Task, text: str) -> Signature | None:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        found = scoped(task, text)
        if found is None or found.item.name is None:
            return None
        if found.item.kind is not ItemKind.FUNCTION:
            return Signature(name=found.item.name, parameters=(), refused=f"{found.item.name} is no function")
        header = found.item.signature or ""
        held = found.holders[-1] if found.holders else None
        is_class = held is not None and held.kind is ItemKind.CLASS and " class " in f" {held.signature} "
        is_static = (
            re.match(r"(?:(?:public|private|protected|override|async|readonly)\s+)*static\b", header) is not None
        )
        return Signature(
            name=found.item.name,
            parameters=_parameters(header, found),
            result=_result(header),
            container=found.container,
            bound=is_class and not is_static,
        )

    def literal(self, value: Value, signature: Signature, place: int) -> str:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        return _literal(value, signature.parameters[place].type)

    def expression(self, signature: Signature, arguments: Sequence[str], call: Call) -> str:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        said = f"{signature.name}({', '.join(arguments)})"
        if signature.bound:
            receiver = call.head.removesuffix(".")
            if _IDENTIFIER.fullmatch(receiver) is None or receiver == signature.container:
                raise TypeMismatch(f"{signature.name} needs an instance of {signature.container}, which no line makes")
            return f"{receiver}.{said}"
        return f"{signature.container}.{said}" if signature.container else said

    def step(self, text: str) -> str:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        made = _PYTHON_ASSIGNED.match(text.strip())
        if made is not None:
            return f"var {made[1]} = new {made[2]}({made[3]});"
        return re.sub(r"^\s*(?:const|let)\b", "var", text)

    async def answers(self, place: Place, text: str, signature: Signature, calls: Sequence[AskedCall]) -> Answers:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        node = node_of(place, self._environment)
        if node is None:
            raise EnvironmentFault("node is not installed (not on PATH)", remedy="https://nodejs.org/en/download")
        readable = [*readable_for(node), _RUNNER.parent]
        typescript = None
        if re.search(r"\.[cm]?tsx?$|\.jsx$", place.document.name):
            compiler = find_compiler(place, self._environment, trusted=True)
            if isinstance(compiler, Fault):
                raise EnvironmentFault(compiler.reason, remedy=compiler.remedy)
            typescript = Path(compiler.command[-1]).parent.parent
            readable += compiler.readable
        nonce, symbol = secrets.token_hex(16), f"forge-{secrets.token_hex(8)}"
        names = _names(text, signature)
        async with self._sandbox.open(place.tree(text, appended=_offered(names, symbol))) as box:
            request = {
                "nonce": nonce,
                "document": str(box.root / place.document),
                "symbol": symbol,
                "typescript": str(typescript) if typescript is not None else None,
                "names": names,
                "seconds": _SECONDS,
                "calls": [{"id": one.id, "steps": one.steps, "call": one.call} for one in calls],
            }
            result = await box.run(
                (str(node), "--no-warnings", str(_RUNNER)),
                timeout=self._timeout,
                readable=readable,
                stdin=json.dumps(request).encode("utf-8", "surrogatepass"),
                env={"NO_COLOR": "1", "PATH": f"{node.parent}:/usr/local/bin:/usr/bin:/bin"},
            )
        words = result.stderr.decode("utf-8", "replace").strip()[-300:]
        return answers_in(result.stdout, nonce, late=result.timed_out, words=words)


def documented_examples(
    sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str], runs: Path | None = None
) -> DocumentedExamples:
    """Return what runs the examples of documents; ``timeout`` in seconds, for one run."""
    driver = EcmaScriptDriver(sandbox, timeout=timeout, environment=environment)
    return DocumentedExamples(
        sandbox, driver, doubt=lambda task, code: doubt_of(task.document.text, code.text), runs=runs
    )


def type_of(text: str) -> Type:
    """Return a declared type as examples need it."""
    text = text.strip().removeprefix("readonly ").strip()
    while text.startswith("(") and closing(text, 0) == len(text):
        text = text[1:-1].strip()
    parts = _alternatives(text)
    if len(parts) > 1:
        rest = [part for part in parts if part not in ("null", "undefined", "void")]
        if len(rest) == 1 and len(rest) < len(parts):
            return Type(kind="optional", text=text, items=(type_of(rest[0]),))
        return Type(kind="any", text=text)
    if text.endswith("[]"):
        return Type(kind="list", text=text, items=(type_of(text[:-2]),))
    if text.startswith("[") and text.endswith("]"):
        return Type(kind="tuple", text=text, items=tuple(map(type_of, split(text[1:-1]))))
    generic = re.fullmatch(r"([\w$.]+)\s*<(.*)>", text, re.S)
    if generic is not None:
        name, items = generic[1], tuple(map(type_of, _generic_parts(generic[2])))
        if name in ("Promise", "Awaited", "Readonly", "Required"):
            return items[0] if items else ANY
        if name in _LISTS:
            return Type(kind="list", text=text, items=items[:1])
        if name in ("Set", "ReadonlySet"):
            return Type(kind="set", text=text, items=items[:1])
        if name in ("Map", "ReadonlyMap"):
            return Type(kind="map", text=text, items=items[:2])
        return Type(kind="any", text=text)
    return _PLAIN.get(text, Type(kind="any", text=text))


def _literal(value: Value, declared: Type) -> str:
    match value:
        case None:
            optional = declared.kind == "optional" and "null" not in declared.text
            return "undefined" if optional or declared.text == "undefined" else "null"
        case LanguageValue():  # another notation makes an object without a word for it
            return f"new {value}" if value.startswith(f"{declared.text}(") else str(value)
        case bool():
            return "true" if value else "false"
        case int():
            if declared.kind == "int":
                return f"{value}n"
            if abs(value) >= _SAFE:
                raise TypeMismatch(f"{value} is beyond the whole numbers that a number holds")
            return str(value)
        case float():
            if math.isnan(value):
                return "NaN"
            if math.isinf(value):
                return "Infinity" if value > 0 else "-Infinity"
            return repr(value).removesuffix(".0")
        case str():
            return json.dumps(value)
        case Group():
            types = _item_types(value, declared)
            inner = ", ".join(_literal(item, one) for item, one in zip(value.items, types, strict=True))
            return f"new Set([{inner}])" if value.kind == "set" else f"[{inner}]"
        case MapValue():
            inner_types = (*declared.items, ANY, ANY)[:2] if declared.kind == "map" else (ANY, ANY)
            written = [(_literal(key, inner_types[0]), _literal(item, inner_types[1])) for key, item in value.items]
            if declared.kind == "map":
                return f"new Map([{', '.join(f'[{key}, {item}]' for key, item in written)}])"
            return "({" + ", ".join(f"[{key}]: {item}" for key, item in written) + "})"


def _item_types(value: Group, declared: Type) -> Sequence[Type]:
    inner = declared.item if declared.kind == "optional" else declared
    if inner.kind == "tuple" and inner.items:
        return inner.items
    return [inner.item] * len(value.items)


def _parameters(header: str, found: ScopedItem) -> tuple[Parameter, ...]:
    opening = header.find("(")
    end = closing(header, opening) if opening >= 0 else None
    if end is None:  # `x => ...`
        return tuple(Parameter(name=name) for name in found.item.parameters or ())
    parameters: list[Parameter] = []
    for part in _generic_parts(header[opening + 1 : end - 1]):
        match = re.match(
            r"(?:(?:public|private|protected|readonly)\s+)*(?P<rest>\.\.\.)?\s*(?P<name>[\w$]+|\{.*?\}|\[.*?\])\s*"
            r"(?P<optional>\?)?\s*(?::(?P<type>[^=]*(?:=>[^=]*)*))?(?P<default>=[^>].*)?$",
            part.strip(),
            re.S,
        )
        if match is None or match["name"] == "this":
            continue
        declared = type_of(match["type"]) if match["type"] else ANY
        parameters.append(
            Parameter(
                name=match["name"],
                type=declared.item if match["rest"] and declared.kind == "list" else declared,
                optional=bool(match["optional"] or match["default"]),
                rest=bool(match["rest"]),
            )
        )
    return tuple(parameters)


def _result(header: str) -> Type:
    opening = header.find("(")
    end = closing(header, opening) if opening >= 0 else None
    match = re.match(r"\s*:\s*(?P<type>.+?)\s*(?:=>)?\s*$", header[end:], re.S) if end is not None else None
    return type_of(match["type"]) if match is not None else ANY


def _alternatives(text: str) -> list[str]:
    return [part.strip() for part in _split_at(text, "|") if part.strip()]


def _generic_parts(text: str) -> list[str]:
    return [part.strip() for part in _split_at(text, ",") if part.strip()]


def _split_at(text: str, mark: str) -> Iterator[str]:
    """The parts of a type between marks that are in no brackets, those of types among them."""
    depth, start = 0, 0
    for index, char in enumerate(text):
        depth += char in "([{<"
        depth -= char in ")]}" or (char == ">" and text[index - 1 : index] != "=")
        if char == mark and depth == 0 and text[index : index + 2] != "||":
            yield text[start:index]
            start = index + 1
    yield text[start:]


def _names(text: str, signature: Signature) -> list[str]:
    """The names that calls may use: those that the text declares at its top."""
    found = re.findall(
        r"^(?:export\s+(?:default\s+)?)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?"
        r"(?:function\s*\*?|class|const|let|var|enum|namespace)\s+([A-Za-z_$][\w$]*)",
        text,
        re.M,
    )
    top = signature.container.partition(".")[0] or signature.name
    return [*dict.fromkeys((top, *found))]


def _offered(names: Sequence[str], symbol: str) -> str:
    """What stands below the document: it hands its names to whoever knows the symbol."""
    entries = ", ".join(f"{name}: () => {name}" for name in names)
    return f"\n;globalThis[Symbol.for({json.dumps(symbol)})] = {{ {entries} }};\n"
