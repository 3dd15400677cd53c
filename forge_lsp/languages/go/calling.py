"""Calls of a Go document's function, compiled into the tests of its package and made in the sandbox."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path, PurePosixPath

from forge_lsp.checking.examples.answers import Answer, Answers, AskedCall, answers_in
from forge_lsp.checking.examples.written import as_in, same_name
from forge_lsp.checking.project import Place, tree_key
from forge_lsp.checking.runs import tail
from forge_lsp.core.checks import Run, RunState
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import CacheUse, Sandbox
from forge_lsp.languages.go.compiling import CHECK_FILE, CompileRequest, Program, compile_tests
from forge_lsp.languages.go.module import Layout, layout_of
from forge_lsp.languages.go.platforms import CLAUSE
from forge_lsp.languages.go.run import go_cache, go_environment
from forge_lsp.languages.go.sources import declarations, masked
from forge_lsp.languages.go.tools import INSTALL, Go, find_go
from forge_lsp.recent import Recent

__all__ = ["CALLS_MATTER", "Caller", "calls_file"]

CALLS_MATTER = (".go", "go.mod", "go.sum", "go.work", "modules.txt", ".s", ".c", ".h")
"""How the names of the files end that a program depends on."""
_FILE = "zz_forge_calls_test.go"
_PROGRAM = PurePosixPath(".forge-calls") / "calls"
_START = 'cd "$0" && chmod +x "$1" && exec "$@"'
_OWN = re.compile(r"\bforge(?=(?:NaN|Inf)\()")
_MADE = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*:=\s*(?P<new>new\s+|&)?(?P<type>[A-Za-z_]\w*)\((?P<inner>.*)\)\s*$", re.S)
_METHOD = re.compile(r"(?<=\.)(?P<name>[A-Za-z_]\w*)(?=\()")
_PLACE = re.compile(rf"^\S*{re.escape(_FILE)}:\d+: ")
_REMEMBERED = 4
_HUNG = re.compile(r"^it did not end within \d+ s$", re.M)
_MOST_UNREAD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    """A program, with the ``tests`` that make its calls by their names; ``lost`` are what came of those that do not
    compile."""

    layout: Layout
    program: Program
    tests: Mapping[AskedCall, str] = field(default_factory=dict[AskedCall, str])
    end: str = ""


class Caller:
    """Compiles and makes calls; the programs of the last texts are kept. ``timeout`` in seconds, for each step."""

    def __init__(self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str]) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._environment = environment
        self._programs = Recent[str, _Compiled](_REMEMBERED)

    async def answers(self, place: Place, text: str, calls: Sequence[AskedCall], *, fails: bool, void: bool) -> Answers:
        """See :class:`~forge_lsp.checking.examples.driven.Driver`. ``fails``: the last of what the function gives is an
        error; ``void``: it gives nothing at all. Raises EnvironmentFault."""
        go = find_go(self._environment)
        if go is None:
            raise EnvironmentFault("Go is not installed (no go on PATH)", remedy=INSTALL)
        alone = await asyncio.to_thread(_alone, place, text, go)
        key = await tree_key(place, CALLS_MATTER, (go.program,), f"{text}\0{fails}{void}")
        known = self._programs.get(key)
        if known is None or (known.program.whole is None and not known.tests.keys() >= set(calls)):
            known = self._programs[key] = await self._compiled(alone, text, go, tuple(calls), fails=fails, void=void)
        if known.program.whole is not None:
            return Answers(fault=known.program.whole.detail)
        lost = {
            one.id: Answer(state="broken", words=_PLACE.sub("", run.detail))
            for one in calls
            if (run := known.program.lost.get(known.tests[one])) is not None
        }
        wanted = [one for one in calls if one.id not in lost]
        if not wanted:
            return Answers(by_id=lost)
        answers = await self._made(alone, text, go, known, wanted)
        return replace(answers, by_id={**lost, **answers.by_id})

    async def _compiled(
        self, place: Place, text: str, go: Go, calls: tuple[AskedCall, ...], *, fails: bool, void: bool
    ) -> _Compiled:
        layout = await asyncio.to_thread(layout_of, place, text, go)
        path = place.document.parent / _FILE
        left, unread = calls, dict[str, Run]()
        gone: dict[AskedCall, str] = {}
        while True:
            token = secrets.token_hex(8)
            content, tests = calls_file(text, left, token=token, fails=fails, void=void)
            laid = replace(place, overlay={**place.overlay, path: content.encode("utf-8", "surrogatepass")})
            wanted = CompileRequest(
                place=laid,
                folder=place.document.parent,
                go=go,
                layout=layout,
                text=text,
                lines=(1, text.count("\n") + 1),
                names=(),
                untouched=True,  # a body that gives nothing yet is helped over: the build gate judges the text
            )
            program = await compile_tests(self._sandbox, wanted, timeout=self._timeout)
            # A call that does not parse takes the whole file with it.
            place_of_error = re.match(rf"{re.escape(str(path))}:(\d+): ", _only(program))
            one = _at(content, tests, int(place_of_error[1])) if place_of_error is not None else None
            if one is None or len(unread) >= _MOST_UNREAD:
                break
            unread[f"{token}{len(unread)}"] = Run(state=RunState.NOT_RUN, detail=_only(program))
            gone[one] = f"{token}{len(unread) - 1}"
            left = tuple(other for other in left if other != one)
        lost = {**program.lost, **unread}
        return _Compiled(
            layout=layout,
            program=replace(program, lost=lost),
            tests={**tests, **gone},
            end=f"TestForge{token}End",
        )

    async def _made(self, place: Place, text: str, go: Go, known: _Compiled, calls: Sequence[AskedCall]) -> Answers:
        word = secrets.token_hex(16)
        program = known.program.binary or b""
        extra: dict[PurePosixPath, bytes | None] = {**known.layout.extra, _PROGRAM: program}
        tree = replace(place.tree(text, extra), cache=go_cache(go, CacheUse.DROP))
        # No code can read there what the examples say.
        tree = replace(tree, files={**tree.files, place.document: None})
        names = "|".join((*(known.tests[one] for one in calls), known.end))
        async with self._sandbox.open(tree) as box:
            result = await box.run(
                (
                    "/bin/sh",
                    "-c",
                    _START,
                    str(place.document.parent),
                    str(box.root / _PROGRAM),
                    f"-test.run=^({names})$",
                ),
                timeout=self._timeout,
                env=go_environment(go, known.layout, cache=box.cache),
                readable=go.readable,
                stdin=f"{word}\n".encode(),
            )
        said = _first(result.stderr.decode("utf-8", "replace"))
        words = said if _HUNG.search(said) else f"the code ended its process: exit code {result.code}\n{said}"
        found = answers_in(result.stdout, word, late=result.timed_out, words=tail(words))
        ids = {known.tests[one]: one.id for one in calls}
        return replace(found, by_id={ids[name]: answer for name, answer in found.by_id.items() if name in ids})


def calls_file(
    text: str, calls: Sequence[AskedCall], *, token: str, fails: bool, void: bool
) -> tuple[str, dict[AskedCall, str]]:
    """Return the test file that makes calls in the package of ``text``, and the names of its tests. ``token`` is part
    of all its names, so that no text can know them."""
    clause = CLAUSE.search(masked(text))
    own = _runner().replace("PACKAGE", clause[1] if clause is not None else "main", 1)
    parts = [re.sub(r"\bforge(?=[A-Z])", f"forge{token}", own)]
    tests: dict[AskedCall, str] = {}
    for number, call in enumerate(calls):
        name = f"TestForge{token}N{number}"
        tests[call] = name
        given = f"return forge{token}List({_named(call.call, token)})"
        lines = [*_steps(call.steps, text, token), *((_named(call.call, token), "return nil") if void else (given,))]
        inner = "".join(f"\t\t{line}\n" for line in lines)
        parts.append(
            f"func {name}(_ *forgetesting.T) {{\n"
            f'\tforge{token}Do("{name}", {str(fails).lower()}, func() []interface{{}} {{\n{inner}\t}})\n}}\n'
        )
    parts.append(
        f"func TestForge{token}End(_ *forgetesting.T) {{\n"
        f'\tforge{token}Tell(map[string]interface{{}}{{"state": "end"}})\n}}\n'
    )
    return "\n".join(parts), tests


def _named(text: str, token: str) -> str:
    return _OWN.sub(f"forge{token}", text)


def _only(program: Program) -> str:
    """What is said of all tests of a program alike; "": nothing."""
    words = {run.detail for run in program.lost.values()}
    return words.pop() if len(words) == 1 else ""


def _at(content: str, tests: Mapping[AskedCall, str], line: int) -> AskedCall | None:
    """The call whose test stands on a line."""
    lines = content.split("\n")
    for at in range(min(line, len(lines)) - 1, -1, -1):
        match = re.match(r"func (\w+)\(", lines[at])
        if match is not None:
            return next((call for call, name in tests.items() if name == match[1]), None)
    return None


def _steps(steps: Sequence[str], text: str, token: str) -> list[str]:
    """The steps with the names that the text has: constructors and methods are found by their names in any style."""
    functions: list[str] = [
        one.names[0] for one in declarations(text) if one.names and text.startswith("func", one.start)
    ]
    types = set(re.findall(r"^[ \t]*(?:type[ \t]+)?([A-Za-z_]\w*)[ \t]+struct\b", masked(text), re.M))
    known: set[str] = set()
    found: list[str] = []
    for step in steps:
        plain = _METHOD.sub(lambda match: as_in(functions, match["name"]), _named(step, token))
        made = _MADE.match(plain)
        if made is not None and made["type"] in types:
            constructor = next((name for name in functions if same_name(name, f"New{made['type']}")), None)
            if constructor is not None:
                plain = f"{made['name']} := {constructor}({made['inner']})"
            elif not made["inner"].strip():
                plain = f"{made['name']} := &{made['type']}{{}}"
        name = re.match(r"(?:var\s+)?([A-Za-z_]\w*)\s*(?::=|\s)", plain)
        if name is not None and ":=" in plain and name[1] in known:
            plain = plain.replace(":=", "=", 1)
        found.append(plain)
        if name is not None and (":=" in plain or plain.startswith("var")) and name[1] not in known:
            known.add(name[1])
            found.append(f"_ = {name[1]}")
    return found


def _alone(place: Place, text: str, go: Go) -> Place:
    """The place without the tests of its package, and, of a folder of programs, without the other programs."""
    folder, document = place.document.parent, place.document.name
    names = {path.name for path in place.overlay if path.parent == folder}
    if place.source is not None and (place.source / folder).is_dir():
        names |= {entry.name for entry in (place.source / folder).glob("*.go")}
    own = {PurePosixPath(file).name for file in layout_of(place, text, go).files}
    gone = {
        folder / name: (None, None)
        for name in names
        if name != document and (name.endswith("_test.go") or (own and name.endswith(".go") and name not in own))
    }
    others = {
        path: (after if place.untouched != text else before,) * 2 for path, (before, after) in place.others.items()
    }
    overlay = {path: content for path, content in place.overlay.items() if path not in gone}
    gone.pop(folder / CHECK_FILE, None)
    return replace(place, overlay=overlay, others={**others, **gone})


def _first(words: str) -> str:
    """What a program says when it dies, without its goroutines."""
    return words.partition("\n\ngoroutine ")[0]


@cache
def _runner() -> str:
    return (Path(__file__).parent / "runners" / "calls" / "calls_test.go").read_text("utf-8")
