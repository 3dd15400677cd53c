"""Examples in the documentation of Kotlin: calls compiled beside the document, and made in the sandbox."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from forge_lsp.checking.examples.answers import Answers, AskedCall
from forge_lsp.checking.examples.types import ANY, Parameter, Signature, Type, TypeMismatch
from forge_lsp.checking.examples.written import Call
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.jvm.calling import Compiled, JvmDriver, Program, compiled
from forge_lsp.checking.jvm.compiling import Compilation
from forge_lsp.checking.jvm.jdk import find_jdk
from forge_lsp.checking.jvm.maven import Repositories
from forge_lsp.checking.jvm.opening import filled, opened, walked
from forge_lsp.checking.jvm.running import FOLDER, Setting
from forge_lsp.checking.jvm.statements import Members, Notation, members_of
from forge_lsp.checking.project import Place, tree_key
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.core.task import Task
from forge_lsp.editing.scoped import ScopedItem, scoped
from forge_lsp.editing.tree import Grammars
from forge_lsp.languages.kotlin import KOTLIN
from forge_lsp.languages.kotlin.building import classes_of, paths_of
from forge_lsp.languages.kotlin.compiler import Kotlinc, find_compiler
from forge_lsp.languages.kotlin.literals import literal
from forge_lsp.languages.kotlin.outline import outline_kotlin
from forge_lsp.languages.kotlin.sources import MATTERS, Module, is_test, module_of, version_of
from forge_lsp.languages.kotlin.texts import IMPORT, LITERAL, declared, literals, package_of, plain
from forge_lsp.languages.kotlin.types import Header, Names, header_of, variables_of
from forge_lsp.reading import text_beside

__all__ = ["KotlinDriver", "members"]

_AWAIT = " ".join(text_beside(__file__, "awaited.kt").split())  # a line for all of it
_NOTATION = Notation(
    literal=literal,
    plain=plain,
    literals=literals,
    bare=lambda text: LITERAL.sub(lambda found: " " if found[0].startswith("/") else found[0], text),
    variable="var ",
    assigned=re.compile(
        r"(?P<given>(?:val|var|let|const|final)\s+)?(?P<name>[A-Za-z_]\w*)\s*(?::\s*(?P<type>[^=]+?))?\s*=(?!=)\s*"
        r"(?P<value>.+)$",
        re.S,
    ),
)


class KotlinDriver(JvmDriver):
    """A :class:`~forge_lsp.checking.examples.driven.Driver`."""

    notation = _NOTATION
    matters = MATTERS

    def signature(self, task: Task, text: str) -> Signature | None:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        found = scoped(task, text)
        if found is None or found.item.name is None:
            return None
        item, name = found.item, found.item.name
        made = item.kind is ItemKind.CLASS
        described = _described(text, item, found.holders)
        if made:
            full = f"{found.container}.{name}".lstrip(".")
            parameters = described.parameters if described is not None else ()
            return Signature(name=name, parameters=parameters, result=Type(kind="other", text=name), container=full)
        if described is None:
            why = "has a header that cannot be read" if item.kind is ItemKind.FUNCTION else "is no function"
            return Signature(name=name, parameters=(), refused=f"{name} {why}")
        if any(holder.kind is not ItemKind.CLASS for holder in found.holders):
            return Signature(name=name, parameters=(), refused=f"{name} can be called in its function alone")
        member = bool(found.holders) and re.search(r"\bobject\b", found.holders[-1].signature or "") is None
        written = item.body is None or item.body.of(text).startswith("{")
        nothing = Type(kind="void", text="Unit") if written else ANY
        return Signature(
            name=name,
            parameters=described.parameters,
            result=described.result or nothing,
            container=found.container,
            bound=member or bool(described.extends),
            receiver=_receiver(text, found) if member and not described.extends else "",
        )

    def expression(self, signature: Signature, arguments: Sequence[str], call: Call) -> str:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        container, own = signature.container, signature.container.rpartition(".")[2]
        name = signature.name if signature.name.isidentifier() else f"`{signature.name}`"
        said = f"{name}({', '.join(arguments)})"
        if own == signature.name:
            return f"{container}({', '.join(arguments)})"
        if not signature.bound:
            return f"{container}.{said}" if container else said
        head = call.head.strip().removesuffix(".").removesuffix("?").strip()
        if head not in ("", "this", container, own):
            return f"{self.step(head)}.{said}"
        if not signature.receiver:
            raise TypeMismatch(
                f"{signature.name} needs {f'a {container}' if container else 'a value'}, and the example has none"
            )
        return f"{signature.receiver}.{said}"

    def step(self, text: str) -> str:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        return super().step(text).removeprefix("new ")

    async def answers(self, place: Place, text: str, signature: Signature, calls: Sequence[AskedCall]) -> Answers:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        if not calls:
            return Answers()
        setting, module, compiler = await self._prepared(place, text)
        checker, _ = await self._drivers.of(setting.jdk)
        runner = await self._drivers.calling(setting.jdk)
        key = await tree_key(place, self.matters, (), text)
        items = outline_kotlin(text, KOTLIN, Grammars()).items
        shown = opened(text, items, signature, plain)
        shown = filled(shown, items, signature, plain, body=" TODO() ", without=" = TODO()")

        async def run(names: Sequence[PurePosixPath], texts: Mapping[PurePosixPath, bytes]) -> Compilation:
            return await classes_of(self._sandbox, setting, module, compiler, checker, shown, names, texts, {})

        async def compiling() -> Compiled:
            others = [file for file in module.of(".kt") if file != place.document and not is_test(file)]
            return await compiled(_program(text, items, signature, calls), run, place.document, others)

        return await self._calling.answers(key, setting, runner, calls, compiling)

    async def _prepared(self, place: Place, text: str) -> tuple[Setting, Module, Kotlinc]:
        """What a document is compiled and run with. Raises EnvironmentFault."""
        jdk = find_jdk(self._environment, place)
        if isinstance(jdk, Fault):
            raise EnvironmentFault(jdk.reason, remedy=jdk.remedy)
        repositories = Repositories.of(self._environment)
        module = await asyncio.to_thread(module_of, place, text, repositories)
        version = await asyncio.to_thread(version_of, place, module.build)
        compiler = await asyncio.to_thread(find_compiler, self._environment, repositories, version)
        if isinstance(compiler, Fault):
            raise EnvironmentFault(compiler.reason, remedy=compiler.remedy)
        path, outside = paths_of(place, module, compiler)
        setting = Setting(
            jdk=jdk,
            build=module.build,
            place=place,
            path=path,
            readable=(*jdk.readable, *outside),
            timeout=self._timeout,
        )
        return setting, module, compiler


def members(text: str, items: Sequence[Item]) -> Members:
    """Return what a text declares, given its items."""

    def described(item: Item, holders: tuple[Item, ...]) -> tuple[Parameter, ...] | None:
        found = _described(text, item, holders)
        return found.parameters if found is not None else None

    return members_of(items, _NOTATION, described, _of_anything)


def _of_anything(item: Item) -> str:
    """What a generic type is of where nothing says it."""
    count = len(variables_of(item.signature or ""))
    return f"<{', '.join(['Any?'] * count)}>" if count else ""


def _described(text: str, item: Item, holders: tuple[Item, ...]) -> Header | None:
    """The header of a function, a constructor or a class."""
    types = [one for one in (*holders, item) if one.kind is ItemKind.CLASS]
    variables = frozenset(name for one in types for name in variables_of(one.signature or ""))
    return header_of(item.signature or "", item.name or "", Names(own=declared(text), variables=variables))


def _receiver(text: str, found: ScopedItem) -> str:
    """The construction of an object that takes no arguments; "": there is none, or it needs an outer object."""
    *outer, holder = found.holders
    header = plain(holder.signature or "")
    refused = r"\b(?:abstract|interface|enum|sealed|annotation|inner|private\s+constructor)\b"
    if re.search(refused, header) or any(one.name == "constructor" for one in holder.children):
        return ""
    described = _described(text, holder, tuple(outer))
    if described is not None and any(not (one.optional or one.rest) for one in described.parameters):
        return ""
    return f"{found.container}{_of_anything(holder)}()"


def _imports(text: str) -> Iterator[str]:
    """The imports of the document, so that an example reads as it would in it."""
    for match in IMPORT.finditer(plain(text)):
        yield " ".join(match[0].rstrip("; \t").split())


def _program(text: str, items: Sequence[Item], signature: Signature, calls: Sequence[AskedCall]) -> Program:
    """An object of the document's package that makes the calls."""
    found = members(text, items)
    waits = any(
        item.name == signature.name and outer == signature.container and _suspends(item)
        for outer, item in walked(items)
    )
    package = package_of(text)
    name = f"Calls{secrets.token_hex(8)}"
    imports = [*_imports(text), *(("import kotlin.coroutines.startCoroutine",) if waits else ())]
    return Program(
        type=f"{package}.{name}" if package else name,
        file=FOLDER / "calls" / f"{name}.kt",
        head=(
            f"package {package}" if package else "",
            "; ".join(imports),
            f"internal object {name} {{",
            _AWAIT if waits else "",
        ),
        methods={one.id: _method(f"c{at}", one, found, waits=waits) for at, one in enumerate(calls)},
    )


def _suspends(item: Item) -> bool:
    return re.search(r"\bsuspend\b[^()]*\bfun\b", plain(item.signature or "")) is not None


def _method(name: str, one: AskedCall, found: Members, *, waits: bool) -> str:
    """The method that makes a call, on one line: what the compiler says of it is known by its line."""
    known: set[str] = set()
    steps = "".join(f"{found.statement(step, known)}; " for step in one.steps)
    call = found.qualified(one.call)
    body = f"return awaited {{ {steps}{call} }}" if waits else f"{steps}return {call}"
    return f"@JvmStatic fun {name}(): Any? {{ {body} }}"
