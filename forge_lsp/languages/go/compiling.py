"""The test program of a Go package, compiled so that each test which can be run is in it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from string import Template

from forge_lsp.checking.programs import in_time
from forge_lsp.checking.project import Place
from forge_lsp.checking.runs import failed, tail, uncollected
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.checks import Cause, Run
from forge_lsp.core.ports import Box, CacheUse, Sandbox
from forge_lsp.languages.go.lacking import cause_of, lacking, named
from forge_lsp.languages.go.module import LIST, Layout, Packages, packages_of
from forge_lsp.languages.go.platforms import CLAUSE
from forge_lsp.languages.go.run import go_cache, run_go
from forge_lsp.languages.go.sources import (
    Declaration,
    blank_import,
    declarations,
    imports_of,
    masked,
    with_panic,
    without,
)
from forge_lsp.languages.go.tools import Go, parse_output

__all__ = ["CHECK_FILE", "CompileRequest", "Program", "compile_tests", "package_folder"]

CHECK_FILE = "zz_forge_check_test.go"
"""The file with the test that must fail."""
# It reads the descriptor itself, for tests may have put something else in the place of os.Stdin. Nothing on the command
# line, and nothing else that the tested code is given anyway, says whether it is to fail this time.
_CHECK = Path(__file__).with_name("runners") / "check_test.go"
_ROUNDS = 12
_ABSENT = re.compile(
    r"no required module provides package|cannot find (?:module providing )?package|missing go\.sum entry|"
    r"module lookup disabled|not in std|updates to go\.mod needed|inconsistent vendoring|is not in your go\.mod"
)
_BROKEN = re.compile(r"syntax error|expected |illegal |string literal not terminated|comment not terminated")
_UNUSED = re.compile(r"imported (?:as \S+ )?and not used|imported and not used")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileRequest:
    """What is compiled: the package in ``folder`` with its tests, and ``text`` as the document of ``place``, with the
    scope on ``lines`` (from 1, both included). ``names`` are what the scope defines and the type that it belongs to
    (none: it is free to define anything); ``untouched``: the text is the user's."""

    place: Place
    folder: PurePosixPath
    go: Go
    layout: Layout
    text: str
    lines: tuple[int, int]
    names: tuple[str, ...]
    untouched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A compiled test program.

    ``binary`` is None where there is none, for want of what ``whole`` says. ``lost`` are the tests that had to be left
    out of it, each with why. ``check`` is the test in it that fails unless it reads ``word``. ``texts`` are the test
    files as they were found, by name; ``root`` is the tree that the positions in it are told by.
    """

    binary: bytes | None = None
    whole: Run | None = None
    lost: Mapping[str, Run] = field(default_factory=dict[str, Run])
    check: str = ""
    word: str = ""
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    root: PurePosixPath = field(default_factory=PurePosixPath)


def package_folder(folder: PurePosixPath, layout: Layout) -> str:
    """The package in ``folder`` as Go is told of it in the module's folder."""
    return f"./{folder.relative_to(layout.folder)}" if folder.is_relative_to(layout.folder) else "."


async def compile_tests(sandbox: Sandbox, wanted: CompileRequest, *, timeout: float) -> Program:
    """Compile the tests of a package; no code of the project runs. Tests that do not compile are left out.
    ``timeout`` in seconds, for each run of ``go``. Raises EnvironmentFault."""
    check, word = f"Test{secrets.token_hex(8).upper()}", secrets.token_hex(8)
    folder = PurePosixPath(f".forge-{secrets.token_hex(4)}")
    place = wanted.place
    package = _package_of(wanted)
    template = Template(_CHECK.read_text("utf-8"))
    check_file = template.substitute(package=package, name=check, word=word, length=len(word))
    extra: dict[PurePosixPath, bytes | None] = {
        **wanted.layout.extra,
        wanted.folder / CHECK_FILE: check_file.encode(),
        folder / "README": b"",
    }
    # Of what runs no code of the project, the cache is kept.
    tree = replace(place.tree(wanted.text, extra), cache=go_cache(wanted.go, CacheUse.KEEP))
    async with sandbox.open(tree) as box:
        compiler = _Compiler(box, wanted, box.root / folder / "tests", timeout)
        program = await compiler.program()
        if program.whole is not None:
            return program
        root = PurePosixPath(str(box.root))
        return replace(program, binary=box.read(folder / "tests"), check=check, word=word, root=root)


def _package_of(wanted: CompileRequest) -> str:
    """The name of the package in the folder, by the document, else by a file of it that is no test."""
    text, place = wanted.text, wanted.place
    if wanted.folder != place.document.parent and place.source is not None:
        files = sorted(
            (place.source / wanted.folder).glob("*.go"), key=lambda path: (path.stem.endswith("_test"), path)
        )
        text = place.text(wanted.folder / files[0].name) or "" if files else ""
    clause = CLAUSE.search(masked(text))
    return clause[1] if clause else "main"


class _Compiler:
    """Compiles, and leaves out what the compiler complains of, until nothing is left to complain of."""

    def __init__(self, box: Box, wanted: CompileRequest, target: object, timeout: float) -> None:
        self._box = box
        self._wanted = wanted
        self._target = str(target)
        self._timeout = timeout
        self._folder = wanted.folder
        self._path = ""
        self._texts: dict[str, str] = {}
        self._lost: dict[str, Run] = {}  # by the names of what was left out

    async def program(self) -> Program:
        listed = await self._go("list", "-e", LIST, *self._wanted.layout.patterns)
        packages = packages_of(listed, self._wanted.place, self._box.root, self._folder)
        if packages is None:
            words = (listed.stderr or listed.stdout).decode("utf-8", "replace").strip()
            return Program(whole=uncollected(words or "no package holds it", cause=Cause.ENVIRONMENT))
        if packages.left_out is not None:
            return Program(whole=uncollected(packages.left_out, cause=Cause.ENVIRONMENT))
        self._path = packages.own
        for name in packages.tests:
            own = self._folder / name == self._wanted.place.document
            text = self._wanted.text if own else self._wanted.place.text(self._folder / name)
            if text is not None and name != CHECK_FILE:
                self._texts[name] = text
        found = dict(self._texts)
        for _ in range(_ROUNDS):
            whole = await self._round(packages)
            if whole is None:
                continue
            tests = {one.test for text in found.values() for one in declarations(text)}
            lost = {name: run for name, run in self._lost.items() if name in tests}
            return Program(whole=whole if whole.detail else None, lost=lost, texts=found)
        return Program(whole=uncollected("its tests do not compile", cause=Cause.ELSEWHERE))

    async def _round(self, packages: Packages) -> Run | None:
        """Compile once. None: something was left out, try again; a run without a word: it is compiled."""
        flags = "-e -errorurl" if self._wanted.go.version >= (1, 20) else "-e"
        target = package_folder(self._folder, self._wanted.layout)
        arguments = ("test", "-c", "-vet=off", f"-gcflags={flags}", "-ldflags=-w", "-o", self._target, target)
        result = await self._go(*arguments, cgo=packages.cgo)
        text = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
        if result.code == 0:
            return uncollected("")
        output = parse_output(text, root=self._box.root, folder=self._wanted.layout.folder)
        if not output.problems:
            return uncollected(output.stray or tail(text) or f"exit code {result.code}", cause=Cause.ENVIRONMENT)
        changed = False
        others = [problem for problem in output.problems if self._name(problem) not in self._texts]
        for problem in others:
            if not await self._repaired(problem):
                return self._whole(others)
            changed = True
        for name, text in tuple(self._texts.items()):
            mine = [problem for problem in output.problems if self._name(problem) == name]
            if mine:
                changed |= await self._left_out(name, text, mine)
        return None if changed else self._whole(output.problems)

    def _name(self, problem: Diagnostic) -> str | None:
        """The file's name, where it is one of the package."""
        path = PurePosixPath(problem.file)
        return path.name if path.parent == self._folder else None

    async def _repaired(self, problem: Diagnostic) -> bool:
        """Help over what keeps the package from compiling and says nothing of the tests: a function without a body
        that should return something, an import that waits for its use."""
        name, wanted = self._name(problem), self._wanted
        if name is None:
            return False
        path = self._folder / name
        own = path == wanted.place.document
        inside = own and wanted.lines[0] <= problem.line <= wanted.lines[1]
        content = self._box.read(path)
        if content is None or (inside and not wanted.untouched):
            return False
        text = content.decode("utf-8", "surrogatepass")
        changed = text
        if problem.message == "missing return":
            changed = with_panic(text, problem.line, problem.column)
        elif own and wanted.untouched and _UNUSED.search(problem.message):
            changed = blank_import(text, problem.line)
        if changed == text:
            return False
        await self._write(name, changed)
        return True

    def _whole(self, problems: tuple[Diagnostic, ...] | list[Diagnostic]) -> Run:
        """Why the package as a whole does not compile."""
        words = "\n".join(f"{problem.file}:{problem.line}: {problem.message}" for problem in problems[:5])
        document, (first, last) = str(self._wanted.place.document), self._wanted.lines
        own = [one for one in problems if one.file == document and first <= one.line <= last]
        if own:
            words = f"it does not compile: {document}:{own[0].line}: {own[0].message}"
            if self._wanted.untouched and len(own) == len(problems):
                return failed(words, cause=Cause.SCOPE)
            return uncollected(words, cause=Cause.SCOPE)
        missing = [name for problem in problems for name in self._lacking(problem, "")]
        return uncollected(
            f"it does not compile: {words}", cause=cause_of(missing, self._wanted.names), missing=missing
        )

    async def _left_out(self, name: str, text: str, problems: list[Diagnostic]) -> bool:
        """Leave out of a test file what does not compile; whether something changed."""
        first = problems[0]
        if any(_ABSENT.search(problem.message) or _BROKEN.match(problem.message) for problem in problems):
            absent = next((one for one in problems if _ABSENT.search(one.message)), None)
            words = f"{(absent or first).file}:{(absent or first).line}: {(absent or first).message}"
            run = uncollected(words, cause=Cause.ENVIRONMENT if absent is not None else Cause.ELSEWHERE)
            for one in declarations(text):
                self._lost.update(dict.fromkeys(one.names, run))
            self._texts[name] = ""
            clause = CLAUSE.search(text)
            await self._write(name, f"package {clause[1] if clause else self._package}\n")
            return True
        changed, gone = text, list[Declaration]()
        for problem in problems:
            if _UNUSED.search(problem.message):
                changed = blank_import(changed, problem.line)
        # Imports stand above all declarations: their offsets are those of the changed text.
        for problem in problems:
            one = next((one for one in declarations(changed) if one.first <= problem.line <= one.last), None)
            if one is None:
                continue
            known = [self._lost[lack] for lack in named(problem.message) if lack in self._lost]
            run = known[0] if known else self._reason(problem, text)
            for owner in one.names:
                self._lost.setdefault(owner, run)
            if one not in gone:
                gone.append(one)
            elif run.missing:
                self._more(one, run)
        changed = without(changed, gone)
        self._texts[name] = changed
        await self._write(name, changed)
        return changed != text

    def _more(self, one: Declaration, run: Run) -> None:
        """Another name that is missing in what is left out already."""
        for owner in one.names:
            was = self._lost[owner]
            cause = Cause.SCOPE if Cause.SCOPE in (was.cause, run.cause) else was.cause
            missing = tuple(dict.fromkeys((*was.missing, *run.missing)))
            self._lost[owner] = replace(was, missing=missing, cause=cause)

    def _reason(self, problem: Diagnostic, text: str) -> Run:
        missing = self._lacking(problem, text)
        words = f"{problem.file}:{problem.line}: {problem.message}"
        return uncollected(words, cause=cause_of(missing, self._wanted.names), missing=missing)

    def _lacking(self, problem: Diagnostic, text: str) -> list[str]:
        return lacking(problem.message, self._wanted.names, imports=imports_of(text), path=self._path)

    @property
    def _package(self) -> str:
        return _package_of(self._wanted)

    async def _write(self, name: str, text: str) -> None:
        path = str(self._folder / name)
        await self._box.run(
            ("/bin/sh", "-c", 'cat > "$0"', path), timeout=self._timeout, stdin=text.encode("utf-8", "surrogatepass")
        )

    async def _go(self, *arguments: str, cgo: bool = False):
        wanted = self._wanted
        return in_time(
            await run_go(self._box, wanted.go, wanted.layout, arguments, timeout=self._timeout, cgo=cgo),
            f"go {arguments[0]}",
            self._timeout,
        )
