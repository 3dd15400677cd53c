"""Examples in C#'s documentation, run by a small program of ours over the assembly that the project is built to."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import cast

from forge_lsp.checking.examples.answers import Answer, Answers, AskedCall, answers_in
from forge_lsp.checking.examples.types import Signature, TypeMismatch
from forge_lsp.checking.examples.values import Value
from forge_lsp.checking.examples.written import Call, call_in
from forge_lsp.checking.project import Place, tree_key
from forge_lsp.checking.runs import tail
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Box, ProcessResult, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.csharp.building import ProjectBuild
from forge_lsp.languages.csharp.built import Built
from forge_lsp.languages.csharp.calls import CALLS, END, with_calls
from forge_lsp.languages.csharp.declared import Callable as Scope
from forge_lsp.languages.csharp.declared import callable_of
from forge_lsp.languages.csharp.literals import expression, literal
from forge_lsp.languages.csharp.roslyn import Sdk, compiled
from forge_lsp.languages.csharp.sdk import Dotnet
from forge_lsp.reading import table_beside, text_beside
from forge_lsp.recent import Recent

__all__ = ["CSharpDriver", "Projects"]

_PROGRAM = "forge-calls"
_SOURCE = Path(__file__).with_name("runners") / "Calls.cs"
_LIBRARIES: Sequence[str] = table_beside(__file__, "runners/libraries.toml")["calls"]
_TARGETS = PurePosixPath(".forge-calls.targets")
_MADE = PurePosixPath("bin/.forge-calls")
_DUMP = text_beside(__file__, "runners/calls.targets").encode()
_QUICK = (
    *("-p:RunAnalyzers=false", "-p:SatelliteResourceLanguages=en", "-p:GenerateRuntimeConfigurationFiles=true"),
    *("-p:TreatWarningsAsErrors=false", "-p:WarningsAsErrors=", "-p:CheckEolTargetFramework=false"),
)
_TOP_LEVEL = "CS8805"  # top-level statements in a library
_MOST_ROUNDS = 4
_MOST_KEPT = 64
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*=(?!=)\s*(?P<value>.+)$", re.S)
_READ = re.compile(r"[A-Za-z_]\w*(?:\.\w+|\[[^\]]*\])+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Projects:
    """How a document is built here: its ``build``, and the SDK whose runtime runs what is made."""

    build: ProjectBuild
    sdk: Sdk
    dotnet: Dotnet


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A text that was compiled: the calls that are in it, and those of them that do not compile."""

    calls: tuple[AskedCall, ...]
    broken: Mapping[str, Answer]


class CSharpDriver:
    """See :class:`~forge_lsp.checking.examples.driven.Driver`. ``projects`` says how a document is built; ``timeout``
    in seconds, for all calls of one run."""

    matters = (".cs", ".csproj", ".props", ".targets", ".json", ".config", ".resx")

    def __init__(self, sandbox: Sandbox, *, timeout: float, projects: Callable[[Place], Awaitable[Projects]]) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._projects = projects
        self._class = f"Calls{secrets.token_hex(8)}"
        self._archives = Built()
        self._known = Recent[str, _Known](_MOST_KEPT)
        self._broken = Recent[str, Mapping[AskedCall, Answer]](_MOST_KEPT)
        self._programs: dict[Path, bytes] = {}
        self._turn = asyncio.Lock()

    def signature(self, task: Task, text: str) -> Signature | None:
        """See the protocol."""
        return callable_of(task, text)

    def literal(self, value: Value, signature: Signature, place: int) -> str:
        """See the protocol."""
        return literal(value, signature.parameters[place].type)

    def expression(self, signature: Signature, arguments: Sequence[str], call: Call) -> str:
        """See the protocol."""
        scope = cast("Scope", signature)
        head = call.head.removesuffix(".")
        owner = scope.found.holders[-1].name or "" if scope.found.holders else ""
        given = f"({', '.join(arguments)}){END}"
        if scope.constructor or not scope.bound:
            if scope.generic and (scope.constructor or not head):
                raise TypeMismatch(f"the type arguments of {owner} are not said")
            return f"{'new ' if scope.constructor else f'{head}.' if scope.generic else ''}{scope.name}{given}"
        if head in ("", owner):
            if not scope.receiver:
                raise TypeMismatch(f"{scope.name} needs a value of {owner}, and the example makes none")
            head = scope.receiver
        return f"{head}.{scope.name}{given}"

    def step(self, text: str) -> str:
        """See the protocol."""
        text = text.strip()
        if "\n" in text:
            raise TypeMismatch(f"this statement has several lines: {text}")
        if text.endswith(";") or re.search(r"\bnew\b|^var\b", text):
            return f"{text.rstrip(';')};"
        assigned = _ASSIGNED.fullmatch(text)
        if assigned is not None:
            return f"var {assigned['name']} = {expression(assigned['value'])};"
        call = call_in(text)
        if call is None and _READ.fullmatch(text) is None:
            raise TypeMismatch(f"this statement cannot be read: {text}")
        return f"{expression(text)};" if call is not None and not call.after else f"_ = {expression(text)};"

    async def answers(self, place: Place, text: str, signature: Signature, calls: Sequence[AskedCall]) -> Answers:
        """See the protocol."""
        scope = cast("Scope", signature)
        projects = await self._projects(place)
        build = projects.build
        program = await self._compiled(projects)
        key = await tree_key(place, self.matters, (), text)
        known = self._known.get(key)
        wanted = tuple(known.calls) if known is not None and set(calls) <= set(known.calls) else tuple(calls)
        # What does not compile on the untouched text is not runnable, whatever a candidate makes of it.
        mine = f"{place.source}\0{place.document}\0{scope.task.scope}\0{scope.task.document.text}"
        at_first = self._broken.get(mine, {})
        broken = dict(known.broken) if known is not None and wanted == known.calls else dict[str, Answer]()
        broken |= {call.id: at_first[call] for call in wanted if call in at_first}
        properties: tuple[str, ...] = ()
        problems: Sequence[Diagnostic] = ()
        for _ in range(_MOST_ROUNDS):
            made = [call for call in wanted if call.id not in broken]
            whole = with_calls(text, scope, made, name=self._class, document=place.document)
            archive = f"{key}\0{whole}"
            extra: dict[PurePosixPath, bytes | None] = {_TARGETS: _DUMP}
            problems = ()
            if not self._archives.files(archive) and place.source is not None:
                warm = await build.make_warmly(text, whole, extra, *_properties(place.source), *properties)
                if warm is not None:
                    problems = warm[1]
                    self._archives.keep(archive, warm[0])
            if not problems:
                async with build.open(text, whole, {**extra, **self._archives.files(archive)}) as box:
                    if not await self._archives.unpack(archive, box, timeout=self._timeout):
                        problems = await build.make(box, *_properties(box.root), *properties)
                        if not problems:
                            await self._archives.pack(archive, box, build.folder, timeout=self._timeout)
                    if not problems:
                        self._known[key] = _Known(calls=wanted, broken=broken)
                        asked = [call.id for call in calls if call.id not in broken]
                        found = await self._run(box, projects, place, program, asked)
                        lost = {call.id: broken[call.id] for call in calls if call.id in broken}
                        if text == scope.task.document.text:
                            self._broken[mine] = {call: broken[call.id] for call in wanted if call.id in broken}
                        return replace(found, by_id={**found.by_id, **lost})
            if any(problem.code == _TOP_LEVEL for problem in problems) and not properties:
                properties = ("-p:OutputType=Exe",)
                continue
            said = {made[problem.line - 1].id: problem for problem in reversed(problems) if _of_calls(problem, made)}
            if not said:
                break
            broken |= {id_: Answer(state="broken", words=f"{one.code}: {one.message}") for id_, one in said.items()}
        return Answers(fault=_fault(problems), by_id=broken)

    async def _run(
        self,
        box: Box,
        projects: Projects,
        place: Place,
        program: bytes,
        ids: Sequence[str],
    ) -> Answers:
        nonce = secrets.token_hex(16)
        assembly = _assembly(box, place, projects.build)
        path = box.root / assembly.with_name(f"{_PROGRAM}.dll")
        # What is expected stands in the document.
        script = 'cat > "$1" && rm -f "$2"'
        await box.run(
            ("/bin/sh", "-c", script, "sh", str(path), str(place.document)), timeout=self._timeout, stdin=program
        )
        settings = assembly.with_suffix(".runtimeconfig.json")
        given = box.root / settings if box.read(settings) is not None else projects.sdk.settings
        depends = assembly.with_suffix(".deps.json")
        listed = ("--depsfile", str(box.root / depends)) if box.read(depends) is not None else ()
        packages = projects.dotnet.environment.get("NUGET_PACKAGES")
        result = await box.run(
            (
                *(str(projects.sdk.dotnet), "exec", "--roll-forward", "LatestMajor", "--runtimeconfig", str(given)),
                *listed,
                *(("--additionalprobingpath", packages) if packages else ()),
                *(str(path), str(box.root / assembly), self._class),
            ),
            timeout=self._timeout,
            env={"DOTNET_TieredPGO": "0", **projects.dotnet.environment},
            readable=projects.dotnet.readable,
            stdin="\n".join((nonce, *ids)).encode(),
        )
        return _answers(result, nonce)

    async def _compiled(self, projects: Projects) -> bytes:
        """Our program for an SDK. Raises EnvironmentFault."""
        sdk = projects.sdk
        async with self._turn:
            if sdk.roslyn not in self._programs:
                text = await asyncio.to_thread(_SOURCE.read_bytes)
                libraries = [sdk.runtime / f"{name}.dll" for name in _LIBRARIES]
                self._programs[sdk.roslyn] = await compiled(
                    self._sandbox, sdk, projects.dotnet.environment, _PROGRAM, text, libraries=libraries
                )
            return self._programs[sdk.roslyn]


def _properties(root: Path) -> tuple[str, ...]:
    return (f"-p:CustomAfterMicrosoftCommonTargets={root / _TARGETS}", *_QUICK)


def _assembly(box: Box, place: Place, build: ProjectBuild) -> PurePosixPath:
    """What was built, in the tree. Raises EnvironmentFault where that is nothing."""
    told = (box.read(build.folder / _MADE) or b"").decode("utf-8", "replace")
    roots = [root for root in (box.root, place.source) if root is not None]
    places = [
        PurePosixPath(line).relative_to(root)
        for line in filter(None, map(str.strip, told.split("\n")))
        for root in roots[: 1 if roots[0] == roots[-1] else 2]
        if line.startswith(f"{root}/")
    ]
    if not places:
        raise EnvironmentFault("dotnet build made no assembly")
    # Of several frameworks the newest that is not one of old: what is run here is run on the SDK's own.
    return max(places, key=lambda path: (re.search(r"/net\d+\.\d", f"/{path}") is not None, str(path)))


def _of_calls(problem: Diagnostic, calls: Sequence[AskedCall]) -> bool:
    return PurePosixPath(problem.file).name == CALLS and 0 < problem.line <= len(calls)


def _fault(problems: Sequence[Diagnostic]) -> str:
    first = next((one for one in problems if PurePosixPath(one.file).name != CALLS), None)
    if first is None:
        return "the examples could not be compiled"
    return f"{first.code}: {first.message} ({PurePosixPath(first.file).name}:{first.line})"


def _answers(result: ProcessResult, nonce: str) -> Answers:
    words = tail(result.stderr.decode("utf-8", "replace")).split("\n")[0]
    # Our own watch ends the process by a signal.
    found = answers_in(result.stdout, nonce, late=result.timed_out, words=words, code=result.code)
    if found.fault is not None and not result.timed_out:
        raise EnvironmentFault(f"what was built does not start here: {words or f'exit code {result.code}'}")
    return found
