"""Examples in Rust's documentation that are no doctests, run by a test that is laid into the document's crate."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, cast

from forge_lsp.checking.examples.answers import Answer, Answers, AskedCall, answers_in
from forge_lsp.checking.examples.types import ANY, Signature, TypeMismatch, fitted
from forge_lsp.checking.examples.values import LanguageValue, Value, parse
from forge_lsp.checking.examples.written import Call, call_in
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.project import Place, tree_key
from forge_lsp.checking.runs import tail
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import ProcessResult
from forge_lsp.core.task import Task
from forge_lsp.languages.rust.calls import END, TextWithCalls, with_calls
from forge_lsp.languages.rust.crates import Target, Workspace
from forge_lsp.languages.rust.declared import Callable as Scope
from forge_lsp.languages.rust.declared import callable_of
from forge_lsp.languages.rust.literals import literal
from forge_lsp.languages.rust.runs import Run, fault_of
from forge_lsp.languages.rust.tools import messages, place_of_span

__all__ = ["Opened", "RustDriver"]

_KEPT = PurePosixPath(".forge-calls")
_MOST = 64 * 1024 * 1024
_MOST_ROUNDS = 4
_MOST_KEPT = 64
_RUN = 'rm -f -- "$1"; cd "$2" && exec "$3" "$4" --test-threads 1'
_LET = re.compile(r"let\s+(?!mut\b)(?=\w+\s*[=:])")
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*=(?!=)\s*(?P<value>.+)$", re.S)
_READ = re.compile(r"[A-Za-z_]\w*(?:\.\w+|\[[^\]]*\])+")
_NATIVE = re.compile(r"\blet\b|::|!\s*[(\[]|&")

Opened = Callable[[Task, Place, str, str, Mapping[PurePosixPath, bytes]], AbstractAsyncContextManager[Run]]
"""Opens a box for a task's place and a text of its document, with another text in its place and more files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Error:
    """What the compiler says: the ``call`` that it is about, by its id (None: the text), in ``words``."""

    call: str | None
    words: str


class RustDriver:
    """See :class:`~forge_lsp.checking.examples.driven.Driver`."""

    matters = (".rs", ".toml", ".lock", "rust-toolchain")

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._module = f"calls_{secrets.token_hex(8)}"
        # Test programs by what they were compiled from, 64 MB of them at most.
        self._programs: OrderedDict[str, bytes] = OrderedDict()
        self._known: OrderedDict[str, tuple[tuple[AskedCall, ...], Mapping[str, Answer]]] = OrderedDict()

    def signature(self, task: Task, text: str) -> Signature | None:
        """See the protocol."""
        return callable_of(task, text)

    def literal(self, value: Value, signature: Signature, place: int) -> str:
        """See the protocol."""
        return literal(value, signature.parameters[place].type)

    def expression(self, signature: Signature, arguments: Sequence[str], call: Call) -> str:
        """See the protocol."""
        scope = cast("Scope", signature)
        given = f"({', '.join(arguments)}){END}"
        if not scope.bound:
            return f"{scope.owner}::{scope.name}{given}" if scope.owner else f"{scope.name}{given}"
        head = re.sub(r"(?:\.|::|->)$", "", call.head)
        if head in ("", scope.owner):
            if not scope.receiver:
                raise TypeMismatch(f"{scope.name} needs a value of {scope.owner}, and the example makes none")
            head = scope.receiver
        return f"({head}).{scope.name}{given}"

    def step(self, text: str) -> str:
        """See the protocol."""
        text = text.strip()
        if "\n" in text:
            raise TypeMismatch(f"this statement has several lines: {text}")
        if text.endswith(";") or _NATIVE.search(text):
            return f"{_LET.sub('let mut ', text).rstrip(';')};"
        assigned = _ASSIGNED.fullmatch(text)
        if assigned is not None:
            return f"let mut {assigned['name']} = {_python(assigned['value'])};"
        if call_in(text) is None and _READ.fullmatch(text) is None:
            raise TypeMismatch(f"this statement cannot be read: {text}")
        return f"let _ = {_python(text)};"

    async def answers(self, place: Place, text: str, signature: Signature, calls: Sequence[AskedCall]) -> Answers:
        """See the protocol."""
        scope = cast("Scope", signature)
        key = await tree_key(place, self.matters, (), text)
        kept = self._known.get(key)
        wanted, broken = (
            (kept[0], dict(kept[1])) if kept is not None and set(calls) <= set(kept[0]) else (tuple(calls), {})
        )
        errors: Sequence[_Error] = ()
        for _ in range(_MOST_ROUNDS):
            made = [call for call in wanted if call.id not in broken]
            laid = await asyncio.to_thread(with_calls, text, scope, made, name=self._module)
            known = self._programs.get(_digest(key, laid))
            files = {_KEPT: known} if known is not None else {}
            asked = [call.id for call in calls if call.id not in broken]
            async with self._opened(scope.task, place, text, laid.text, files) as run:
                found, errors = await self._made(run, place, laid, key, asked, known=known is not None)
            if found is not None:
                self._known[key] = (wanted, broken)
                while len(self._known) > _MOST_KEPT:
                    self._known.popitem(last=False)
                mine = {call.id: broken[call.id] for call in calls if call.id in broken}
                return replace(found, by_id={**found.by_id, **mine})
            said = {error.call: error for error in reversed(errors) if error.call is not None}
            if not said:
                break
            broken |= {id_: Answer(state="broken", words=error.words) for id_, error in said.items()}
        fault = next((error.words for error in errors if error.call is None), "the examples could not be compiled")
        return Answers(fault=fault, by_id=broken)

    async def _made(
        self, run: Run, place: Place, laid: TextWithCalls, key: str, ids: Sequence[str], *, known: bool
    ) -> tuple[Answers | None, Sequence[_Error]]:
        """Compile the test and run it; the compiler's errors where that cannot be."""
        root = run.box.root
        if known:
            await run.run_program(("/bin/chmod", "755", str(root / _KEPT)))
            return await self._run(run, place, str(root / _KEPT), ids), ()
        workspace = await run.metadata(place)
        if isinstance(workspace, Fault):
            raise EnvironmentFault(workspace.reason, remedy=workspace.remedy)
        run.paths.update(workspace.names)
        errors: Sequence[_Error] = ()
        for target in _targets(workspace, place.document):
            program, errors = await _compiled(run, workspace, target, place, laid)
            if program is None:
                return None, errors
            if not await self._has(run, program):
                continue
            await self._keep(run, program, _digest(key, laid))
            return await self._run(run, place, program, ids), ()
        raise EnvironmentFault(
            f"no target of the package includes {place.document}, so its examples are not run",
            remedy=f"declare it: mod {place.document.stem};",
        )

    async def _has(self, run: Run, program: str) -> bool:
        listed = await run.run_program((program, "--list", self._module))
        return f"{self._module}::calls: test" in listed.stdout.decode("utf-8", "replace")

    async def _keep(self, run: Run, program: str, digest: str) -> None:
        await run.run_program(("/bin/cp", program, str(run.box.root / _KEPT)))
        content = run.box.read(_KEPT)
        if content is None or len(content) > _MOST // 2:
            return
        self._programs[digest] = content
        while sum(map(len, self._programs.values())) > _MOST:
            self._programs.popitem(last=False)

    async def _run(self, run: Run, place: Place, program: str, ids: Sequence[str]) -> Answers:
        nonce = secrets.token_hex(16)
        # What is expected stands in the document, so that it is not there meanwhile.
        document, folder = run.box.root / place.document, run.box.root / run.crate.folder
        command = ("/bin/sh", "-c", _RUN, "sh", str(document), str(folder), program, f"{self._module}::calls")
        result = await run.run_program(command, stdin="\n".join((nonce, *ids)).encode())
        return _answers(result, nonce)


def _targets(workspace: Workspace, document: PurePosixPath) -> Sequence[Target]:
    """The targets that may hold the document, the likeliest first."""
    own = [target for target in workspace.targets if target.file == document]
    around = [
        target
        for target in workspace.targets
        if target.kind != "test" and target not in own and document.is_relative_to(target.file.parent)
    ]
    tests = [
        target
        for target in workspace.targets
        if target.kind == "test" and target not in own and document.is_relative_to(target.file.parent)
    ]
    return own or sorted(around, key=lambda target: target.kind != "lib") or tests


async def _compiled(
    run: Run, workspace: Workspace, target: Target, place: Place, laid: TextWithCalls
) -> tuple[str | None, Sequence[_Error]]:
    """Return the test program of a target, or the compiler's errors. Raises EnvironmentFault."""
    result = await run.run_cargo(
        "test", "--offline", "--no-run", "--message-format", "json", *workspace.own, *target.chosen
    )
    program: str | None = None
    errors: list[_Error] = []
    for message in messages(result.stdout):
        told = cast("dict[str, Any]", message.get("message") or {})
        if message.get("reason") == "compiler-artifact" and message.get("executable"):
            if cast("dict[str, Any]", message.get("profile") or {}).get("test") is True:
                program = str(message["executable"])
        elif message.get("reason") == "compiler-message" and str(told.get("level")).startswith("error"):
            places = place_of_span(told, root=run.box.root, folder=workspace.folder)
            if places:
                errors.append(_error(str(told.get("message")), places[0], place, laid))
    if result.code == 0 and program is not None:
        return program, ()
    if not errors:
        fault = fault_of(result.stderr.decode("utf-8", "replace"), run.crate)
        raise EnvironmentFault(fault.reason, remedy=fault.remedy)
    return None, errors


def _error(words: str, where: tuple[str, int], place: Place, laid: TextWithCalls) -> _Error:
    file, line = where
    if file != str(place.document):
        return _Error(call=None, words=f"{words} ({file}:{line})")
    if line in laid.lines:
        return _Error(call=laid.lines[line], words=words)
    if line in laid.module:
        raise EnvironmentFault(f"examples cannot be run with this compiler: {words}", remedy="rustup update")
    return _Error(call=None, words=f"{words} ({file}:{laid.own(line)})")


def _digest(key: str, laid: TextWithCalls) -> str:
    return hashlib.sha256(f"{key}\0{laid.text}".encode("utf-8", "surrogatepass")).hexdigest()


def _answers(result: ProcessResult, nonce: str) -> Answers:
    said = tail(result.stderr.decode("utf-8", "replace")).split("\n")
    words = next((line for line in reversed(said) if line.strip() and not line.startswith("note:")), "")
    # Our own watch ends the process by a signal.
    found = answers_in(result.stdout, nonce, late=result.timed_out, words=words, code=result.code)
    if found.fault is not None and not result.timed_out:
        raise EnvironmentFault(f"the examples' test does not start here: {words or f'exit code {result.code}'}")
    return found


def _python(text: str) -> str:
    """An expression in Python's notation: values, calls with values, types that are called to make one."""
    try:
        value = parse(text)
    except (ValueError, RecursionError):
        value = LanguageValue(text)
    if not isinstance(value, LanguageValue):
        return literal(fitted(value, ANY), ANY)
    call = call_in(text)
    if call is None:
        return text
    given = ", ".join(_python(argument) for argument in call.arguments)
    new = "::new" if call.name[:1].isupper() and not call.head else ""
    return f"{call.head}{call.name}{new}({given}){call.after}"
