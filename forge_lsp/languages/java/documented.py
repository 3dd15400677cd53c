"""Examples in the documentation of Java: calls compiled beside the document, and made in the sandbox."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from forge_lsp.checking.examples.answers import Answer, Answers, Asked
from forge_lsp.checking.examples.driven import DocumentedExamples
from forge_lsp.checking.examples.scoped import Found, scoped
from forge_lsp.checking.examples.types import Signature, Unfit
from forge_lsp.checking.examples.values import Value
from forge_lsp.checking.examples.written import Call
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.jvm.calling import calls_made
from forge_lsp.checking.jvm.driver import Drivers
from forge_lsp.checking.jvm.frameworks import resources_of
from forge_lsp.checking.jvm.jdk import find_jdk
from forge_lsp.checking.jvm.maven import BUILD_FILES, Repositories, build_of
from forge_lsp.checking.jvm.running import FOLDER, Setting
from forge_lsp.checking.project import Place, fingerprint
from forge_lsp.core.attempt import Candidate, Diagnostic
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Item, ItemKind, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.editing.tree import Grammars
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.java.building import classes_of
from forge_lsp.languages.java.doubts import doubt_of
from forge_lsp.languages.java.literals import HELPERS, literal
from forge_lsp.languages.java.outline import outline_java
from forge_lsp.languages.java.sources import Sources, class_path, public_type, sources_of
from forge_lsp.languages.java.steps import Members, members_of, statement_in
from forge_lsp.languages.java.texts import package_of, plain, types_of
from forge_lsp.languages.java.types import Names, header_of, variables_of

__all__ = ["JavaDriver", "documented_examples"]

_IMPORT = re.compile(r"^\s*import\s+[^;]+;", re.M)
_THROWS = " throw new UnsupportedOperationException(); "
_ROUNDS = 4
_KEPT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    """A text and calls of it: ``type_`` holds a method for each id, ``broken`` are those that do not compile."""

    type_: str
    ids: tuple[str, ...]
    archive: bytes | None = None
    broken: Mapping[str, str]
    fault: str | None = None

    def method(self, id_: str) -> str:
        """The method that makes a call."""
        return f"c{self.ids.index(id_)}"


class JavaDriver:
    """A :class:`~forge_lsp.checking.examples.driven.Driver`. ``environment`` is the server's own (``PATH``,
    ``JAVA_HOME``). ``timeout`` in seconds, for one run of a tool. ``drivers`` are our compiled programs."""

    matters = (".java", ".jar", *BUILD_FILES)

    def __init__(self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str], drivers: Drivers) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._environment = environment
        self._drivers = drivers
        self._ready: OrderedDict[str, _Compiled] = OrderedDict()

    def signature(self, task: Task, text: str) -> Signature | None:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        found = scoped(task, text)
        if found is None or found.item.kind is not ItemKind.FUNCTION or found.item.name is None or not found.holders:
            return None
        names = _names(text)
        for holder in found.holders:
            names = replace(names, variables=names.variables | variables_of(holder.signature or ""))
        header = found.item.signature or ""
        described = header_of(header, found.item.name, names)
        if described is None or any(holder.kind is not ItemKind.CLASS for holder in found.holders):
            return None
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

    def literal(self, value: Value, signature: Signature, place: int) -> str:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        return literal(value, signature.parameters[place].type)

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
            return f"{statement_in(head)}.{said}"
        if not signature.receiver:
            raise Unfit(f"{signature.name} needs a {container}, and the example makes none")
        return f"{signature.receiver}.{said}"

    def step(self, text: str) -> str:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        return statement_in(text)

    async def answers(self, place: Place, text: str, signature: Signature, calls: Sequence[Asked]) -> Answers:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        if not calls:
            return Answers()
        place = _named(place, text)
        setting, sources, checker = await self._prepared(place, text)
        program = await self._drivers.calling(setting.jdk)
        key = await asyncio.to_thread(fingerprint, place, text, self.matters)
        known = self._ready.get(key)
        if known is None or not {one.id for one in calls} <= {*known.ids}:
            known = await self._compiled(setting, sources, checker, text, signature, calls)
            self._ready[key] = known
            while len(self._ready) > _KEPT:
                self._ready.popitem(last=False)
        broken = {one.id: Answer(state="broken", words=known.broken[one.id]) for one in calls if one.id in known.broken}
        methods = {one.id: known.method(one.id) for one in calls if one.id not in broken}
        if known.archive is None or not methods:
            return Answers(by_id=broken, fault=known.fault)
        made = await calls_made(self._sandbox, setting, program, known.archive, known.type_, methods)
        return replace(made, by_id={**broken, **made.by_id})

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
            hidden=(),
            path=tuple(dict.fromkeys((*resources_of(place, build), *class_path(place, build)))),
            readable=(*jdk.readable, *dict.fromkeys(outside)),
            mains=(),
            timeout=self._timeout,
        )
        return setting, sources, checker

    async def _compiled(
        self,
        setting: Setting,
        sources: Sources,
        checker: bytes,
        text: str,
        signature: Signature,
        calls: Sequence[Asked],
    ) -> _Compiled:
        """The text and the calls, in a few rounds: a call that does not compile is left out of the next."""
        ids = tuple(one.id for one in calls)
        items = outline_java(text, JAVA, Grammars()).items
        members = members_of(items, _names(text))
        package = package_of(plain(text)) or ""
        name = f"Calls{secrets.token_hex(8)}"
        type_ = f"{package}.{name}" if package else name
        file = FOLDER / "calls" / f"{name}.java"
        shown = _filled(_opened(text, items, signature), items, signature)
        head = [f"package {package};" if package else "", " ".join(_imports(text)), f"final class {name} {{", HELPERS]
        written = [_method(f"c{at}", one, members, signature) for at, one in enumerate(calls)]
        broken: dict[str, str] = {}
        words = ""
        for _ in range(_ROUNDS):
            lines = [*head, *("" if one.id in broken else text for one, text in zip(calls, written, strict=True)), "}"]
            source = "\n".join(lines).encode("utf-8", "surrogatepass")
            outcome = await classes_of(self._sandbox, setting, sources, checker, shown, [file], {file: source})
            if outcome.archive is not None:
                return _Compiled(type_=type_, ids=ids, archive=outcome.archive, broken=broken)
            if any(problem.file != str(file) for problem in outcome.problems) or not outcome.problems:
                fault = _fault(outcome.problems, setting.place.document) or outcome.words
                return _Compiled(type_=type_, ids=ids, broken=broken, fault=fault)
            words = outcome.problems[0].message
            for problem in outcome.problems:
                at = problem.line - 1 - len(head)
                if 0 <= at < len(ids):
                    broken.setdefault(ids[at], problem.message)
            if len(broken) == len(ids):
                break
        return _Compiled(type_=type_, ids=ids, broken={**dict.fromkeys(ids, words), **broken})


def documented_examples(
    sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str], drivers: Drivers
) -> DocumentedExamples:
    """Return what runs the examples of documents; ``timeout`` in seconds, for one run of a tool."""

    def doubt(task: Task, candidate: Candidate) -> str | None:
        return doubt_of(task.document.text, candidate.text)

    driver = JavaDriver(sandbox, timeout=timeout, environment=environment, drivers=drivers)
    return DocumentedExamples(sandbox, driver, doubt=doubt)


def _names(text: str) -> Names:
    return Names(own=types_of(text))


def _has_word(header: str, name: str, word: str) -> bool:
    """Whether a modifier stands before the name in a header."""
    return re.search(rf"\b{word}\b", re.split(rf"\b{re.escape(name)}\b", plain(header), maxsplit=1)[0]) is not None


def _receiver(found: Found) -> str:
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


def _method(name: str, one: Asked, members: Members, signature: Signature) -> str:
    """The method that makes a call, on one line: what the compiler says of it is known by its line."""
    known: set[str] = set()
    steps = "".join(f"{members.statement(step, known)}; " for step in one.steps)
    call = members.qualified(one.call)
    void = signature.result.kind == "void" and call.endswith(")")
    ends = f"{call}; return null;" if void else f"return {call};"
    return f"static Object {name}() throws Throwable {{ {steps}{ends} }}"


def _walk(items: Sequence[Item], outer: str = "") -> Iterator[tuple[str, Item]]:
    """The items with what holds them."""
    for item in items:
        yield outer, item
        yield from _walk(item.children, f"{outer}.{item.name}".lstrip("."))


def _filled(text: str, items: Sequence[Item], signature: Signature) -> str:
    """The text with a body in other stubs that have none, which the compiler refuses where something is returned."""
    places: list[int] = []
    for _, item in _walk(items):
        own = item.name == signature.name and len(item.parameters or ()) == len(signature.parameters)
        if item.kind is ItemKind.FUNCTION and item.body is not None and item.stub and not own:
            inner = plain(text)[item.body.start : item.body.end]
            if not inner.strip("{} \t\r\n"):
                places.append(item.body.end - 1)
    for at in sorted(places, reverse=True):
        text = text[:at] + _THROWS + text[at:]
    return text


def _opened(text: str, items: Sequence[Item], signature: Signature) -> str:
    """The text with the scope and what holds it open to its package: a private method is called, too."""
    code = plain(text)
    for outer, item in _walk(items):
        full = f"{outer}.{item.name}".lstrip(".")
        holds = signature.container == full or signature.container.startswith(f"{full}.")
        if not holds and not (outer == signature.container and item.name == signature.name):
            continue
        start = code.find(item.name or "", item.range.start)
        for match in re.finditer(r"\bprivate\b", code[item.range.start : start]):
            at = item.range.start + match.start()
            text = text[:at] + " " * len(match[0]) + text[at + len(match[0]) :]
    return text


def _fault(problems: Sequence[Diagnostic], document: PurePosixPath) -> str | None:
    """The first thing that the compiler says of the document, else of another file."""
    others = [problem for problem in problems if not problem.file.startswith(f"{FOLDER}/")]
    first = min(others, key=lambda problem: problem.file != str(document), default=None)
    return None if first is None else f"{first.file}:{first.line}: {first.message}"
