"""One run of compiled test classes in the sandbox: by a small runner of ours over the project's own JUnit."""

from __future__ import annotations

import io
import re
import secrets
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Protocol

from forge_lsp.checking.jvm.frameworks import Framework
from forge_lsp.checking.jvm.jdk import Jdk
from forge_lsp.checking.jvm.maven import Build
from forge_lsp.checking.jvm.results import ScopePlace, TestReports, in_scope, reported, run_of
from forge_lsp.checking.project import Place
from forge_lsp.checking.runs import failed, tail, uncollected
from forge_lsp.core.checks import Cause, Run
from forge_lsp.core.ports import Box, ProcessResult, Sandbox
from forge_lsp.reading import read_bytes

__all__ = [
    "CHANGED",
    "ENDS",
    "FOLDER",
    "TAMPERED",
    "MustFail",
    "Runner",
    "Setting",
    "TestClass",
    "agent_of",
    "must_fail",
    "program_of",
    "runner_sources",
    "said_of",
]

FOLDER = PurePosixPath(".forge-check")
ENDS = "the code ends the process while it is tested"
TAMPERED = "a test that must fail was not reported as failed"
CHANGED = "the code changes the files that its tests are run with"
_PACKAGE = "forge_check"
_AGENT = re.compile(r"byte-buddy-agent(?:-\d[\w.-]*)?\.jar")
_MOST_ROUNDS = 8
_LARGEST_JAR = 1024 * 1024 * 1024
_SHARE = 0.4
"""How much of the time for all tests one of them may take."""


class TestClass(Protocol):
    """A class of tests."""

    @property
    def name(self) -> str:
        """Its full name."""
        ...

    @property
    def framework(self) -> str:
        """What it is written for, a :class:`Framework`."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """The full names of its tests, as far as its text shows them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MustFail:
    """A class with a test that fails whatever the document does."""

    name: str
    framework: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all runs for one document have in common. ``hidden`` are files that are not there while tests run, ``path``
    the class path, ``mains`` the sources whose classes may be read as files."""

    jdk: Jdk
    build: Build
    place: Place
    path: tuple[str, ...]
    readable: tuple[Path, ...]
    timeout: float
    hidden: tuple[PurePosixPath, ...] = ()
    mains: tuple[PurePosixPath, ...] = ()


def runner_sources(frameworks: Set[str]) -> dict[PurePosixPath, bytes]:
    """Return the runner's sources, as far as their JUnit is there to compile them with."""
    names = ["Main", "Reports", "Tested"]
    names += [name for name, one in (("JUnit4", Framework.JUNIT_4), ("JUnit5", Framework.JUNIT_5)) if one in frameworks]
    folder = files("forge_lsp.checking.jvm").joinpath("runners")
    return {FOLDER / _PACKAGE / f"{name}.java": folder.joinpath(f"{name}.java").read_bytes() for name in names}


def must_fail(tests: Sequence[TestClass]) -> tuple[dict[PurePosixPath, bytes], tuple[MustFail, ...]]:
    """Return a test for each framework that fails whatever the document does, under names that nobody can know."""
    written: dict[PurePosixPath, bytes] = {}
    made: list[MustFail] = []
    for framework in dict.fromkeys(test.framework for test in tests):
        first = next(test for test in tests if test.framework == framework)
        package = first.name.rpartition(".")[0]
        name, words = f"Check{secrets.token_hex(8)}", secrets.token_hex(8)
        base = "org.junit.jupiter.api" if framework == Framework.JUNIT_5 else "org.junit"
        asserting = "Assertions" if framework == Framework.JUNIT_5 else "Assert"
        text = (
            (f"package {package};\n" if package else "")
            + f"public class {name} {{\n    @{base}.Test\n    public void fails() {{\n"
            + f'        {base}.{asserting}.assertEquals("{words}", "{words[::-1]}x");\n    }}\n}}\n'
        )
        full = f"{package}.{name}" if package else name
        file = FOLDER / "must" / f"{name}.java"
        written[file] = text.encode()
        made.append(MustFail(name=full, framework=framework, names=(f"{full}.fails",)))
    return written, tuple(made)


def program_of(setting: Setting, path: Sequence[str], name: str, *, agent: str | None = None) -> tuple[str, ...]:
    """Return the command that runs a program of ours in the module's folder, with a class path, and the ``agent``
    (a jar) that is loaded before it."""
    java = (str(setting.jdk.java), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx1g")
    java = (*java, "-XX:+DisableAttachMechanism", "-XX:-UsePerfData", *_manager(setting.jdk))
    java = (*java, f"-javaagent:{agent}") if agent is not None else java
    program = (*java, "-cp", ":".join(path), f"{_PACKAGE}.{name}")
    return ("/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(setting.build.folder), *program)


def agent_of(path: Sequence[str]) -> str | None:
    """Return the jar on a class path by which mocks of Mockito 5 and MockK change classes: they would attach it to the
    running machine themselves, which no code may do here."""
    return next((part for part in path if _AGENT.fullmatch(PurePosixPath(part).name)), None)


class Runner:
    """Runs test classes; a test that ends the process or hangs costs only itself."""

    def __init__(self, sandbox: Sandbox, setting: Setting, *, untouched: bool) -> None:
        self._sandbox = sandbox
        self._setting = setting
        self._untouched = untouched

    async def run(
        self,
        text: str,
        archive: bytes,
        tests: Sequence[TestClass],
        checks: Sequence[TestClass],
        where: ScopePlace,
        speaking: Mapping[str, bool],
        only: Sequence[str] | None,
    ) -> dict[str, Run]:
        """Return the run of each test by name. ``checks`` are those that must fail. Raises EnvironmentFault."""
        deadline = time.monotonic() + self._setting.timeout
        known = [name for test in tests for name in test.names]
        wanted = [name for name in known if only is None or name in only]
        wanted += [name for name in only or () if name not in wanted]
        runs: dict[str, Run] = {}
        picked = list(only) if only is not None else None
        for _ in range(_MOST_ROUNDS):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            found, result, changed = await self._once(text, archive, tests, checks, picked, left)
            before = len(runs)
            runs.update(_runs_of(found, [*wanted, *found.collected], where, speaking, checks))
            if found.whole:
                if changed:
                    return dict.fromkeys(runs, failed(CHANGED, cause=Cause.SCOPE))
                if not _must_have_failed(found, checks):
                    return dict.fromkeys(runs, failed(TAMPERED, cause=Cause.SCOPE))
                break
            if not found.ended and not found.collected and self._untouched and not result.timed_out:
                return {"": uncollected(said_of(result), cause=Cause.ENVIRONMENT)}
            culprit = found.late or found.running
            if culprit is not None:
                late = f"it did not finish in {self._setting.timeout * _SHARE:g} s"
                how = late if found.late or result.timed_out else ENDS
                runs[culprit] = failed(how, cause=self._cause(found, where))
            missing = [name for name in dict.fromkeys((*wanted, *found.collected)) if name not in runs]
            picked = [name for name in missing if not _is_check(name, checks)]
            if not picked:
                break
            if len(runs) == before:
                runs.update((name, failed(ENDS, cause=Cause.SCOPE)) for name in picked)
                break
        for name in wanted:
            over = "it was not run" if time.monotonic() < deadline else "the time for tests was over before this one"
            runs.setdefault(name, uncollected(over, cause=Cause.ENVIRONMENT))
        return {name: run for name, run in runs.items() if not _is_check(name, checks)}

    def _cause(self, found: TestReports, where: ScopePlace) -> Cause:
        """Why a test hangs or ends the process: by where it was."""
        if found.frames and in_scope(found.frames, where):
            return Cause.SCOPE
        return Cause.ELSEWHERE if self._untouched and found.frames else Cause.UNKNOWN

    async def _once(
        self,
        text: str,
        archive: bytes,
        tests: Sequence[TestClass],
        checks: Sequence[TestClass],
        only: Sequence[str] | None,
        left: float,
    ) -> tuple[TestReports, ProcessResult, bool]:
        setting = self._setting
        key = secrets.token_bytes(32)
        parts = _parts(archive, setting.mains)
        extra: dict[PurePosixPath, bytes | None] = dict.fromkeys(setting.hidden)
        extra |= {FOLDER / f"{name}.jar": content for name, content in parts.items()}
        async with self._sandbox.open(setting.place.tree(text, extra)) as box:
            path = [str(box.root / FOLDER / "runner.jar"), *(str(box.root / part) for part in setting.path)]
            path.append(str(box.root / FOLDER / "main.jar"))
            request = [f"key {key.hex()}", f"archive {box.root / FOLDER / 'tested.jar'}"]
            request.append(f"seconds {setting.timeout * _SHARE:g}")
            if only is not None:
                request += [f"only {name}" for name in (*only, *(f"{check.name}.fails" for check in checks))]
            for test in (*tests, *checks):
                if only is None or test in checks or any(name.startswith(f"{test.name}.") for name in only):
                    kind = "junit5" if test.framework == Framework.JUNIT_5 else "junit4"
                    request.append(f"{kind} {test.name}")
            result = await box.run(
                program_of(setting, path, "Main", agent=agent_of(path)),
                timeout=left,
                readable=setting.readable,
                loopback=True,
                stdin="".join(f"{line}\n" for line in request).encode(),
            )
            changed = box.read(FOLDER / "runner.jar") != parts["runner"] or self._changed(box)
        return reported(result.stdout.decode("utf-8", "replace"), key, result.code), result, changed

    def _changed(self, box: Box) -> bool:
        """Whether one of the project's own jars is not as it was."""
        source = self._setting.place.source
        jars = [PurePosixPath(part) for part in self._setting.path if part.endswith(".jar")]
        own = [jar for jar in jars if not jar.is_absolute()]
        return source is not None and any(box.read(jar) != read_bytes(source / jar, most=_LARGEST_JAR) for jar in own)


def _runs_of(
    found: TestReports,
    names: Sequence[str],
    where: ScopePlace,
    speaking: Mapping[str, bool],
    checks: Sequence[TestClass],
) -> Iterator[tuple[str, Run]]:
    """The tests that ended; what is said of a class as a whole is said of each of its tests that did not."""
    every = [name for name in dict.fromkeys(names) if not _is_check(name, checks)]
    for name, entries in found.ended.items():
        if name in every:
            yield name, run_of(entries, where, speaks=speaking.get(name, True))
            continue
        members = [other for other in every if other.startswith(f"{name}.") and other not in found.ended]
        for member in members or ([] if any(other.startswith(f"{name}.") for other in every) else [name]):
            yield member, run_of(entries, where, speaks=speaking.get(member, True))


def _must_have_failed(found: TestReports, checks: Sequence[TestClass]) -> bool:
    for check in checks:
        entries = found.ended.get(f"{check.name}.fails", ())
        if [entry["kind"] for entry in entries] != ["failed"] or not entries[0].get("assertion"):
            return False
    return True


def _is_check(name: str, checks: Sequence[TestClass]) -> bool:
    return any(name.startswith(check.name) for check in checks)


def _parts(archive: bytes, mains: Sequence[PurePosixPath]) -> dict[str, bytes]:
    """The classes in three archives: the runner, what is tested with its tests, and of that what may be read."""
    sources = {str(file.with_suffix("")) for file in mains}
    made = {name: io.BytesIO() for name in ("runner", "tested", "main")}
    zips = {name: zipfile.ZipFile(target, "w") for name, target in made.items()}
    with zipfile.ZipFile(io.BytesIO(archive)) as classes:
        for entry in classes.namelist():
            content = classes.read(entry)
            if entry.startswith(f"{_PACKAGE}/"):
                zips["runner"].writestr(entry, content)
                continue
            zips["tested"].writestr(entry, content)
            outer = re.split(r"\$|\.class$", entry, maxsplit=1)[0]
            if any(source == outer or source.endswith(f"/{outer}") for source in sources):
                zips["main"].writestr(entry, content)
    for each in zips.values():
        each.close()
    return {name: target.getvalue() for name, target in made.items()}


def _manager(jdk: Jdk) -> tuple[str, ...]:
    """Tests of a program's end set a security manager: these releases refuse one unless told."""
    return ("-Djava.security.manager=allow",) if 18 <= jdk.release <= 23 else ()


def said_of(result: ProcessResult) -> str:
    """Return what a runner said that came to no end, without the frames of its stacks."""
    lines = (result.stderr + b"\n" + result.stdout).decode("utf-8", "replace").split("\n")
    words = "\n".join(line for line in lines if line.strip() and not re.match(r"\s+at |\s+\.\.\. ", line))[:400]
    return tail(words or f"the test runner ended with exit code {result.code}")
