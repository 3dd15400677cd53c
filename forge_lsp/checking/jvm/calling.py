"""Calls of a compiled text in the sandbox, by a small program of ours: each by itself, on freshly loaded classes."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from forge_lsp.checking.examples.answers import Answer, Answers, AskedCall, answers_of
from forge_lsp.checking.examples.types import Signature
from forge_lsp.checking.examples.values import Value
from forge_lsp.checking.jvm.compiling import Compilation
from forge_lsp.checking.jvm.driver import Drivers
from forge_lsp.checking.jvm.results import ALL_RUN, signed
from forge_lsp.checking.jvm.running import ENDS, FOLDER, Setting, program_of, said_of
from forge_lsp.checking.jvm.statements import Notation
from forge_lsp.core.ports import Sandbox
from forge_lsp.recent import Recent

__all__ = ["Calling", "Compiled", "Compiler", "JvmDriver", "Program", "compiled"]

_SECONDS = 5.0
"""How long one call may take."""
_ROUNDS = 5
_KEPT = 4


Compiler = Callable[[Sequence[PurePosixPath], Mapping[PurePosixPath, bytes]], Awaitable[Compilation]]
"""Compiles the document with the files named, some of them with contents of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The source of a type whose static methods make calls: ``head`` are its first lines, ``methods`` the methods by
    what they answer, each on a line of its own and called ``c0``, ``c1`` ... in their order."""

    type: str
    file: PurePosixPath
    head: tuple[str, ...]
    methods: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A text and calls of it: ``methods`` of ``type`` make them, by what they answer. ``broken`` are those that do not
    compile, and why; ``fault`` says that the text itself does not."""

    type: str
    methods: Mapping[str, str]
    broken: Mapping[str, str]
    archive: bytes | None = None
    fault: str | None = None


async def compiled(
    program: Program, compiler: Compiler, document: PurePosixPath, others: Sequence[PurePosixPath] = ()
) -> Compiled:
    """Compile a text and calls of it, in a few rounds: a call that does not compile is left out of the next, and so is
    one of the ``others`` of the document's module. Raises EnvironmentFault as ``compiler`` does."""
    ids = tuple(program.methods)
    found = Compiled(type=program.type, methods={id_: f"c{at}" for at, id_ in enumerate(ids)}, broken={})
    broken: dict[str, str] = {}
    words = ""
    for _ in range(_ROUNDS):
        lines = (*program.head, *("" if id_ in broken else line for id_, line in program.methods.items()), "}", "")
        source = "\n".join(lines).encode("utf-8", "surrogatepass")
        outcome = await compiler([*others, program.file], {program.file: source})
        if outcome.archive is not None:
            return replace(found, archive=outcome.archive, broken=broken)
        ours = [problem for problem in outcome.problems if problem.file == str(program.file)]
        theirs = [problem for problem in outcome.problems if problem not in ours]
        left = [file for file in others if all(problem.file != str(file) for problem in theirs)]
        if theirs and (len(left) == len(others) or any(problem.file == str(document) for problem in theirs)):
            first = min(theirs, key=lambda problem: problem.file != str(document))
            return replace(found, broken=broken, fault=f"{first.file}:{first.line}: {first.message}")
        if not outcome.problems:
            return replace(found, broken=broken, fault=outcome.words)
        others = left
        for problem in ours:
            words = problem.message
            at = problem.line - 1 - len(program.head)
            if 0 <= at < len(ids):
                broken.setdefault(ids[at], problem.message)
        if len(broken) == len(ids):
            break
    return replace(found, broken={**dict.fromkeys(ids, words or "it does not compile"), **broken})


class Calling:
    """Makes the calls of compiled texts, which are kept for the runs that follow."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._ready = Recent[str, Compiled](_KEPT)

    async def answers(
        self,
        key: str,
        setting: Setting,
        runner: bytes,
        calls: Sequence[AskedCall],
        compiling: Callable[[], Awaitable[Compiled]],
    ) -> Answers:
        """Return what came of calls. ``key`` tells the text and all that it is compiled with; ``compiling`` does that,
        for these calls. ``runner`` is the archive of our program that makes calls. Raises EnvironmentFault."""
        known = self._ready.get(key)
        if known is None or not known.methods.keys() >= {one.id for one in calls}:
            known = self._ready[key] = await compiling()
        broken = {one.id: Answer(state="broken", words=known.broken[one.id]) for one in calls if one.id in known.broken}
        methods = {one.id: known.methods[one.id] for one in calls if one.id not in broken}
        if known.archive is None or not methods:
            return Answers(by_id=broken, fault=known.fault)
        made = await _made(self._sandbox, setting, runner, known.archive, known.type, methods)
        return replace(made, by_id={**broken, **made.by_id})


class JvmDriver:
    """What Java and Kotlin share of a :class:`~forge_lsp.checking.examples.driven.Driver`. ``environment`` is the
    server's own (``PATH``, ``JAVA_HOME``, ...). ``timeout`` in seconds, for one run of a tool. ``drivers`` are our
    compiled programs."""

    notation: Notation

    def __init__(self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str], drivers: Drivers) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._environment = environment
        self._drivers = drivers
        self._calling = Calling(sandbox)

    def literal(self, value: Value, signature: Signature, place: int) -> str:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        return self.notation.literal(value, signature.parameters[place].type)

    def step(self, text: str) -> str:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`."""
        return self.notation.statement(text)


async def _made(
    sandbox: Sandbox, setting: Setting, runner: bytes, archive: bytes, type_: str, calls: Mapping[str, str]
) -> Answers:
    """Run the classes of a text in ``archive``: ``calls`` are methods of ``type_`` by what they answer."""
    key = secrets.token_bytes(32)
    extra: dict[PurePosixPath, bytes | None] = dict.fromkeys(setting.hidden)
    extra |= {FOLDER / "runner.jar": runner, FOLDER / "tested.jar": archive}
    # The document itself is empty: it has the values that are expected.
    async with sandbox.open(setting.place.tree("", extra)) as box:
        path = [str(box.root / FOLDER / "runner.jar"), *(str(box.root / part) for part in setting.path)]
        request = [f"key {key.hex()}", f"archive {box.root / FOLDER / 'tested.jar'}", f"type {type_}"]
        request += [f"seconds {_SECONDS:g}", *(f"call {id_} {method}" for id_, method in calls.items())]
        result = await box.run(
            program_of(setting, path, "Calls"),
            timeout=setting.timeout,
            readable=setting.readable,
            loopback=True,
            stdin="".join(f"{line}\n" for line in request).encode(),
        )
    broken = b"Exception in thread" in result.stderr or not 0 <= result.code < 128
    told = signed(result.stdout.decode("utf-8", "replace"), key)
    words = said_of(result) if broken else ENDS
    found = answers_of(told, late=result.timed_out, words=words, code=None if broken else result.code)
    if found.ended and result.code != ALL_RUN:
        return replace(found, ended=False, words=words)
    return found
