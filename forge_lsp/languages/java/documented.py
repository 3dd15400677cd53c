"""Examples in the documentation of Java: calls compiled beside the document, and made in the sandbox."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from forge_lsp.checking.examples.answers import Answers, AskedCall
from forge_lsp.checking.examples.types import Parameter, Signature, Type, TypeMismatch
from forge_lsp.checking.examples.written import Call
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.jvm.calling import Compiled, JvmDriver, Program, compiled
from forge_lsp.checking.jvm.compiling import Compilation
from forge_lsp.checking.jvm.frameworks import resources_of
from forge_lsp.checking.jvm.jdk import find_jdk
from forge_lsp.checking.jvm.maven import BUILD_FILES, Repositories, build_of
from forge_lsp.checking.jvm.opening import filled, opened
from forge_lsp.checking.jvm.running import FOLDER, Setting
from forge_lsp.checking.jvm.statements import Members, Notation, members_of
from forge_lsp.checking.project import Place, tree_key
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.core.task import Task
from forge_lsp.editing.scoped import ScopedItem, scoped
from forge_lsp.editing.tree import Grammars
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.java.building import classes_of
from forge_lsp.languages.java.literals import HELPERS, literal
from forge_lsp.languages.java.outline import outline_java
from forge_lsp.languages.java.sources import Sources, class_path, public_type, sources_of
from forge_lsp.languages.java.texts import literals, package_of, plain, types_of, without_comments
from forge_lsp.languages.java.types import Names, header_of, variables_of

__all__ = ["JavaDriver", "members"]

_IMPORT = re.compile(r"^\s*import\s+[^;]+;", re.M)
_THROWS = " throw new UnsupportedOperationException(); "


_NOTATION = Notation(
    literal=literal,
    plain=plain,
    literals=literals,
    bare=without_comments,
    new="new ",
    assigned=re.compile(
        r"(?P<given>(?:final\s+)?(?:let|const|val|var|[A-Za-z_][\w.]*(?:<.*?>)?(?:\s*\[\s*\])*)\s+)?"
        r"(?P<name>[A-Za-z_$]\w*)\s*=(?!=)\s*(?P<value>.+)$",
        re.S,
    ),
)


class JavaDriver(JvmDriver):
    """A :class:`~forge_lsp.checking.examples.driven.Driver`."""

    notation = _NOTATION
    matters = (".java", ".jar", *BUILD_FILES)

    def signature(self, task: Task, text: str) -> Signature | None:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        found = scoped(task, text)
        if found is None or found.item.name is None:
            return None
        if found.item.kind is ItemKind.CLASS:
            return _construction(found, text)
        if found.item.kind is not ItemKind.FUNCTION or not found.holders:
            return _refused(found, "is no method")
        names = Names(own=types_of(text), variables=_variables(found.holders))
        header = found.item.signature or ""
        described = header_of(header, found.item.name, names)
        if described is None:
            return _refused(found, "has a header that cannot be read")
        if any(holder.kind is not ItemKind.CLASS for holder in found.holders):
            return _refused(found, "can be called in its method alone")
        made = found.item.name == found.holders[-1].name
        bound = not made and not _has_word(header, found.item.name, "static")
        return Signature(
            name=found.item.name,
            parameters=described[0],
            result=described[1],
            container=found.container,
            bound=bound,
            receiver=_receiver(found) if bound else "",
        )

    def expression(self, signature: Signature, arguments: Sequence[str], call: Call) -> str:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        container = signature.container
        said = f"{signature.name}({', '.join(arguments)})"
        if container.rpartition(".")[2] == signature.name:
            return f"new {container}({', '.join(arguments)})"
        if not signature.bound:
            return f"{container}.{said}"
        head = call.head.strip().removesuffix(".").strip()
        if head not in ("", "this", container, container.rpartition(".")[2]):
            return f"{_NOTATION.statement(head)}.{said}"
        if not signature.receiver:
            raise TypeMismatch(f"{signature.name} needs a {container}, and the example makes none")
        return f"{signature.receiver}.{said}"

    async def answers(self, place: Place, text: str, signature: Signature, calls: Sequence[AskedCall]) -> Answers:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        if not calls:
            return Answers()
        place = _named(place, text)
        setting, sources, checker = await self._prepared(place, text)
        runner = await self._drivers.calling(setting.jdk)
        key = await tree_key(place, self.matters, (), text)
        items = outline_java(text, JAVA, Grammars()).items
        shown = filled(opened(text, items, signature, plain), items, signature, plain, body=_THROWS)

        async def compiler(names: Sequence[PurePosixPath], texts: Mapping[PurePosixPath, bytes]) -> Compilation:
            return await classes_of(self._sandbox, setting, sources, checker, shown, names, texts)

        async def compiling() -> Compiled:
            return await compiled(_program(text, items, signature, calls), compiler, place.document)

        return await self._calling.answers(key, setting, runner, calls, compiling)

    async def _prepared(self, place: Place, text: str) -> tuple[Setting, Sources, bytes]:
        """What a document is compiled and run with. Raises EnvironmentFault."""
        jdk = find_jdk(self._environment, place)
        if isinstance(jdk, Fault):
            raise EnvironmentFault(jdk.reason, remedy=jdk.remedy)
        build = await asyncio.to_thread(build_of, place, Repositories.of(self._environment))
        sources = await asyncio.to_thread(sources_of, place, text, build.folder)
        checker, _ = await self._drivers.of(jdk)
        outside = [jar.parent for jar in build.jars if jar.is_absolute()]
        setting = Setting(
            jdk=jdk,
            build=build,
            place=place,
            path=tuple(dict.fromkeys((*resources_of(place, build), *class_path(place, build)))),
            readable=(*jdk.readable, *dict.fromkeys(outside)),
            timeout=self._timeout,
        )
        return setting, sources, checker


def _refused(found: ScopedItem, why: str) -> Signature:
    name = found.item.name or ""
    return Signature(name=name, parameters=(), refused=f"{name} {why}")


def _construction(found: ScopedItem, text: str) -> Signature:
    """The construction of an object of a type, by its first constructor or as a record; else it takes nothing."""
    item, name = found.item, found.item.name or ""
    makers = [one for one in item.children if one.kind is ItemKind.FUNCTION and one.name == name]
    described = (_described(text, one, (*found.holders, item)) for one in (*makers, item))
    parameters = next((one for one in described if one is not None), ())
    container = f"{found.container}.{name}".lstrip(".")
    return Signature(name=name, parameters=parameters, result=Type(kind="other", text=name), container=container)


def _has_word(header: str, name: str, word: str) -> bool:
    """Whether a modifier stands before the name in a header."""
    return re.search(rf"\b{word}\b", re.split(rf"\b{re.escape(name)}\b", plain(header), maxsplit=1)[0]) is not None


def _receiver(found: ScopedItem) -> str:
    """The construction of an object that takes no arguments; "": there is none, or it needs an outer object."""
    *outer, holder = found.holders
    header, name = plain(holder.signature or ""), holder.name or ""
    if re.search(r"\b(?:abstract|interface|enum|record)\b", header) or "class" not in header.split():
        return ""
    if outer and not _has_word(header, name, "static"):
        return ""
    makers = [one for one in holder.children if one.kind is ItemKind.FUNCTION and one.name == name]
    free = [one for one in makers if one.parameters == () and not _has_word(one.signature or "", name, "private")]
    if makers and not free:
        return ""
    return f"new {found.container}()"


def _named(place: Place, text: str) -> Place:
    """A document that is in no file is called as its public type must be."""
    if place.source is not None and (place.source / place.document).exists():
        return place
    name = public_type(text)
    return place if name is None else replace(place, document=place.document.with_name(f"{name}.java"))


def _imports(text: str) -> Iterator[str]:
    """The imports of the document, so that an example reads as it would in it."""
    for match in _IMPORT.finditer(plain(text)):
        yield " ".join(match[0].split())


def _program(text: str, items: Sequence[Item], signature: Signature, calls: Sequence[AskedCall]) -> Program:
    """A class of the document's package that makes the calls."""
    declared = members(text, items)
    package = package_of(plain(text)) or ""
    name = f"Calls{secrets.token_hex(8)}"
    return Program(
        type=f"{package}.{name}" if package else name,
        file=FOLDER / "calls" / f"{name}.java",
        head=(f"package {package};" if package else "", " ".join(_imports(text)), f"final class {name} {{", HELPERS),
        methods={one.id: _method(f"c{at}", one, declared, signature) for at, one in enumerate(calls)},
    )


def members(text: str, items: Sequence[Item]) -> Members:
    """Return what a text declares, given its items."""
    return members_of(items, _NOTATION, lambda item, holders: _described(text, item, holders))


def _described(text: str, item: Item, holders: tuple[Item, ...]) -> tuple[Parameter, ...] | None:
    """The parameters of a method, a constructor or a record."""
    names = Names(own=types_of(text), variables=_variables((*holders, item)))
    found = header_of(item.signature or "", item.name or "", names)
    return found[0] if found is not None else None


def _variables(holders: Sequence[Item]) -> frozenset[str]:
    types = (one for one in holders if one.kind is ItemKind.CLASS)
    return frozenset(name for one in types for name in variables_of(one.signature or ""))


def _method(name: str, one: AskedCall, declared: Members, signature: Signature) -> str:
    """The method that makes a call, on one line: what the compiler says of it is known by its line."""
    known: set[str] = set()
    steps = "".join(f"{declared.statement(step, known)}; " for step in one.steps)
    call = declared.qualified(one.call)
    void = signature.result.kind == "void" and call.endswith(")")
    ends = f"{call}; return null;" if void else f"return {call};"
    return f"static Object {name}() throws Throwable {{ {steps}{ends} }}"
