"""Calls of a document's function, compiled with it and made in the sandbox."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from forge_lsp.checking.examples.answers import Answer, Answers, AskedCall, answers_in
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.project import Place, tree_key
from forge_lsp.checking.runs import tail
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Sandbox
from forge_lsp.languages.c_family import CPP
from forge_lsp.languages.c_family.compilers import find_compiler
from forge_lsp.languages.c_family.driving import driving, main_of
from forge_lsp.languages.c_family.flags import flags_of
from forge_lsp.languages.c_family.linking import Compilation, Function, blamed
from forge_lsp.languages.c_family.units import MATTERS
from forge_lsp.recent import Recent

__all__ = ["CALLS_MATTER", "Caller", "plainly"]

CALLS_MATTER = (*MATTERS, ".json", "akefile", "CMakeLists.txt", ".mk", ".cmake")
"""How the names of the files end that a program depends on."""
_REMEMBERED = 4
_ROUNDS = 4
_START = 'chmod +x "$0" && cd "$1" && exec "$0"'
_CALL_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """A compiled program. ``calls`` are those in it, in order; ``lost`` are what came of those that do not compile;
    ``fault``: the text itself does not."""

    calls: tuple[AskedCall, ...] = ()
    binary: bytes = b""
    lost: Mapping[AskedCall, Answer] = field(default_factory=dict[AskedCall, Answer])
    fault: str | None = None

    def has(self, calls: Sequence[AskedCall]) -> bool:
        """Whether something is known of all ``calls``."""
        return self.fault is not None or {*self.calls, *self.lost}.issuperset(calls)


class Caller:
    """Compiles and makes calls; the programs of the last texts are kept. ``timeout`` in seconds, for each step."""

    def __init__(self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str]) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._environment = environment
        self._programs = Recent[str, _Program](_REMEMBERED)

    async def answers(self, place: Place, function: Function, calls: Sequence[AskedCall]) -> Answers:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`. Raises EnvironmentFault."""
        known = f"{function.text}\0{function.at}\0{function.result}"
        key = await tree_key(place, CALLS_MATTER, (), known)
        program = self._programs.get(key)
        if program is None or not program.has(calls):
            program = self._programs[key] = await self._compiled(place, function, tuple(calls))
        if program.fault is not None:
            return Answers(fault=program.fault)
        lost = {one.id: program.lost[one] for one in calls if one in program.lost}
        wanted = [one for one in calls if one not in program.lost]
        if not wanted:
            return Answers(by_id=lost)
        answers = await self._made(place, function, program, wanted)
        return replace(answers, by_id={**lost, **answers.by_id})

    async def _compiled(self, place: Place, function: Function, calls: tuple[AskedCall, ...]) -> _Program:
        language = function.language
        flags = (await asyncio.to_thread(flags_of, place, (place.document,), {place.document: language}))[
            place.document
        ]
        compiler = find_compiler(language, self._environment, clang=flags.clang)
        if isinstance(compiler, Fault):
            raise EnvironmentFault(compiler.reason, remedy=compiler.remedy)
        token = secrets.token_hex(8)
        suffix = "cpp" if language is CPP else "c"
        source = place.document.parent / f"forge_{token}.{suffix}"
        main = PurePosixPath(f"forge_{token}_main.{suffix}")
        left, lost = calls, dict[AskedCall, Answer]()
        for _ in range(_ROUNDS):
            text = driving(place.document.name, function, left, token=token)
            extra: dict[PurePosixPath, bytes | None] = {
                source: text.text.encode("utf-8", "surrogatepass"),
                main: main_of(token).encode(),
            }
            async with self._sandbox.open(place.tree(function.text, extra)) as box:
                compilation = Compilation(
                    box=box,
                    place=place,
                    function=function,
                    compiler=compiler,
                    flags=flags.at(str(box.root)),
                    environment=self._environment,
                    timeout=self._timeout,
                )
                output = await compilation.compile(source, token)
                if output is None:
                    words = await compilation.link(main, token)
                    binary = box.read(compilation.program) if words is None else None
                    fault = None if binary is not None else words or "the program of its calls was not written"
                    return _Program(calls=left, binary=binary or b"", lost=lost, fault=fault)
                found = blamed(output, text, source, compilation)
            if isinstance(found, str):
                return _Program(fault=found)
            lost |= {left[number]: answer for number, answer in found.items()}
            left = tuple(one for number, one in enumerate(left) if number not in found)
            if not left:
                return _Program(lost=lost)
        return _Program(fault="its calls do not compile")

    async def _made(self, place: Place, function: Function, program: _Program, calls: Sequence[AskedCall]) -> Answers:
        word = secrets.token_hex(16)
        path = PurePosixPath(f".forge-{secrets.token_hex(4)}") / "calls"
        numbers = " ".join(str(program.calls.index(one)) for one in calls)
        tree = place.tree(function.text, {path: program.binary})
        # No code can read there what the examples say.
        tree = replace(tree, files={**tree.files, place.document: None})
        async with self._sandbox.open(tree) as box:
            result = await box.run(
                ("/bin/sh", "-c", _START, str(box.root / path), str(box.root / place.document.parent)),
                timeout=self._timeout,
                stdin=f"{max(self._timeout - _CALL_SECONDS, self._timeout / 2):g} {numbers}\n{word}\n".encode(),
            )
        words = tail(result.stderr.decode("utf-8", "replace"))
        answers = answers_in(result.stdout, word, late=result.timed_out, words=words)
        if answers.fault is not None:  # nothing is told before all calls are made
            return Answers(ended=False, late=result.timed_out, words=words)
        by_id = {program.calls[int(number)].id: plainly(answer) for number, answer in answers.by_id.items()}
        return replace(answers, by_id=by_id)


def plainly(answer: Answer) -> Answer:
    """Return an answer with the exception's type without its namespaces: ``invalid_argument``."""
    if answer.state != "raised":
        return answer
    error = re.sub(r"<.*>", "", answer.error).rpartition("::")[2].strip()
    return replace(answer, error=error or ("exception" if answer.error else ""), words=tail(answer.words))
