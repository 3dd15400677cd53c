"""A check command of the user's own, for any language."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from forge_lsp.checking.gate import Baselines, CheckedTree, Fault, gate
from forge_lsp.checking.problems import problem_at
from forge_lsp.checking.programs import as_argument, in_time, no_code_here, readable_for
from forge_lsp.checking.project import Place, place_of, tree_key
from forge_lsp.core.attempt import BuildReport, BuildStatus, Candidate, Diagnostic, Evidence, Observation
from forge_lsp.core.errors import ToolMissing
from forge_lsp.core.ports import Sandbox, Toolchain
from forge_lsp.core.task import Task

__all__ = ["CommandToolchain", "filled_in", "parse_problems", "resolve_program"]

_LINE = re.compile(
    r"^\s*(?P<file>[^\s:()][^:()\n]*?)"
    r"(?::(?P<line>\d+)(?::(?P<column>\d+))?|\((?P<line2>\d+)(?:,(?P<column2>\d+))?\))"
    r"\s*:?\s*(?:-\s*)?(?P<message>\S.*)$"
)
_SEVERITY = re.compile(r"^(?:fatal )?(?P<word>error|warning|warn|note|info|hint|help)\b[\s:]*", re.IGNORECASE)
_CODE = re.compile(r"^\[?(?P<code>[A-Z]{1,6}\d{2,5})\]?[:\s]\s*|\[(?P<last>[\w.-]+)\]\s*$")
_MOST_PROBLEMS = 200
_TAIL = 600


class CommandToolchain(Toolchain):
    """Runs the user's own command in the temp copy: exit code 0 passes.

    ``{file}`` in an argument stands for the document, relative to the tree's root, where the command runs.
    ``timeout`` in seconds. Examples and tests are left to ``language``, the toolchain in whose place this stands; None:
    there is none, and nothing else is run.
    """

    def __init__(
        self, sandbox: Sandbox, *, timeout: float, command: tuple[str, ...], language: Toolchain | None
    ) -> None:
        self._sandbox = sandbox
        self._command = command
        self._timeout = timeout
        self._language = language
        self._baselines = Baselines()

    async def build(self, task: Task, text: str) -> BuildReport:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        name = Path(self._command[0]).name
        if not self._sandbox.runs_project_code:
            fault = no_code_here(f"the check command {name} was not run", self._sandbox)
            return BuildReport(
                status=BuildStatus.UNVERIFIED,
                tool=name,
                reason=fault.reason,
                remedy=fault.remedy,
            )
        document = str(place.document)

        async def check(content: str) -> CheckedTree:
            return await self._check(place, content, untouched=content == task.document.text)

        # The command may read any file: the project's sources of that language and its text settings count.
        language = task.document.language
        own = (*language.suffixes, *language.beside)
        suffixes = (*own, ".toml", ".json", ".cfg", ".ini", ".yaml", ".yml", ".xml", "file")
        key = await tree_key(place, suffixes, (), task.document.text)
        return await gate(task, text, document=document, check=check, baselines=self._baselines, key=key, tool=name)

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        return await self._language.evidence(task, candidate) if self._language is not None else Evidence()

    @property
    def observes(self) -> bool:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        return self._language is not None and self._language.observes

    async def observe(self, task: Task, candidate: Candidate, calls: Sequence[str]) -> tuple[Observation, ...]:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        return await self._language.observe(task, candidate, calls) if self._language is not None else ()

    async def _check(self, place: Place, text: str, *, untouched: bool) -> CheckedTree:
        program = resolve_program(self._command[0], place)
        document = str(place.document)
        arguments = [filled_in(argument, document) for argument in self._command[1:]]
        async with self._sandbox.open(place.tree(text)) as box:
            result = await box.run((program, *arguments), timeout=self._timeout, readable=readable_for(Path(program)))
            root = str(box.root)
        in_time(result, "the check command", self._timeout)
        if result.code == 0:
            return CheckedTree()
        output = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
        problems = parse_problems(output, root=root, source=Path(program).name)
        if problems:
            return CheckedTree(problems=problems)
        tail = output.strip()[-_TAIL:] or "it printed nothing"
        if untouched:
            return CheckedTree(
                fault=Fault(
                    reason=f"the check command fails on the unchanged project (exit code {result.code}): {tail}",
                    remedy="fix what it reports, or change check.command",
                )
            )
        failure = problem_at(document, 0, code=f"exit-{result.code}", message=tail, source=Path(program).name)
        return CheckedTree(problems=(failure,))


def parse_problems(output: str, *, root: str, source: str) -> tuple[Diagnostic, ...]:
    """Return errors in the common forms ``file:line:column: message``, ``file:line: message``, ``file(line,column):
    message``.

    File names are made relative to ``root``. Lines that say warning, note or the like are left out; at most 200.
    """
    found: list[Diagnostic] = []
    for line in output.split("\n"):
        match = _LINE.match(line.rstrip())
        if match is None:
            continue
        message = match["message"]
        severity = _SEVERITY.match(message)
        if severity is not None:
            if severity["word"].lower() != "error":
                continue
            message = message[severity.end() :]
        code = _CODE.search(message)
        name = ""
        if code is not None:
            name = code["code"] or code["last"] or ""
            message = (message[: code.start()] + message[code.end() :]).strip()
        found.append(
            problem_at(
                _relative(match["file"].strip(), root),
                int(match["line"] or match["line2"]),
                int(match["column"] or match["column2"] or 0),
                code=name,
                message=message or name,
                source=source,
            )
        )
        if len(found) == _MOST_PROBLEMS:
            break
    return tuple(found)


def filled_in(argument: str, document: str) -> str:
    """Return an argument of the user's command with the document's name for ``{file}``."""
    return as_argument(document) if argument == "{file}" else argument.replace("{file}", document)


def resolve_program(name: str, place: Place) -> str:
    """Return the command's program: a path inside the project as it is, else found on this server's PATH.

    Raises ToolMissing.
    """
    if "/" in name and not Path(name).is_absolute():
        if place.is_file(PurePosixPath(name)):
            return name
    elif (found := shutil.which(name)) is not None:
        return found
    raise ToolMissing(f"the check command {name} is not there", remedy=f"install {name}, or change check.command")


def _relative(file: str, root: str) -> str:
    path = PurePosixPath(file)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
