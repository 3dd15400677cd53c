"""Java: the JDK's compiler in a small program of ours, compiled by that compiler, over texts in memory."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from forge_lsp.checking.fast.checker import Checker, CheckRequest
from forge_lsp.checking.fast.files import put
from forge_lsp.checking.fast.opener import CompiledOpener, PreparedChecker, StartDaemon
from forge_lsp.checking.fast.peers import opened_peer
from forge_lsp.checking.fast.worker import Worker
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.jvm.jdk import Jdk, find_jdk, major_version
from forge_lsp.checking.jvm.maven import Build, Repositories, build_of
from forge_lsp.checking.project import Place, project_files
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Tree
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.java.messages import is_syntax, without_consequences
from forge_lsp.languages.java.sources import MOST_MENTIONS, MOST_READ, WHOLE_MODULE, class_path, options_of

__all__ = ["JavaOpener", "fast_jdk"]

_RUNNER = Path(__file__).with_name("runners") / "javac"
_TIMEOUT = 120.0
"""Seconds for what is done once: compiling the program, and reading the project."""
_OLDEST = 17
# The part of the compiler that checks one file of many and leaves the others.
_EXPORTS = ("--add-exports", "jdk.compiler/com.sun.tools.javac.api=ALL-UNNAMED")
# The quick compiler alone: in the minutes that a checker lives the thorough one costs more than it gains.
_MACHINE = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx1g")


class JavaOpener(CompiledOpener):
    """See :class:`~forge_lsp.checking.fast.opener.Opener`."""

    suffixes = (".java",)

    def prepare(self, place: Place) -> PreparedChecker | None:
        """One for each module with its class path. None where annotation processors write a part of the module:
        without them its use of that part would look wrong."""
        jdk = fast_jdk(self._environment)
        source = place.source
        if jdk is None or source is None:
            return None
        build = build_of(place, Repositories.of(self._environment))
        if build.processors or (build.release or 0) > major_version(_release(jdk)):
            return None
        path = class_path(place, build)
        key = (
            "java",
            source,
            jdk.home,
            build.folder,
            tuple(options_of(build)),
            *(_stamp(source / one) for one in path),
        )

        async def start(keep: StartDaemon) -> Checker:
            return await self._start(keep, source, jdk, build, path)

        return PreparedChecker(key=key, start=start)

    def syntax(self, problem: Diagnostic) -> bool:
        return is_syntax(problem)

    async def _start(self, keep: StartDaemon, source: Path, jdk: Jdk, build: Build, path: list[str]) -> Checker:
        program, sources = await asyncio.gather(self._program(jdk), asyncio.to_thread(_sources, source, build.folder))
        jars = dict.fromkeys(jar.parent for jar in build.jars if jar.is_absolute())
        kept = await keep(
            (str(jdk.java), *_MACHINE, *_EXPORTS, "-cp", str(program), "Javac", str(source)),
            source=source,
            readable=(*jdk.readable, program.parent, *jars),
        )
        request = {
            "module": str(build.folder),
            "sources": sources,
            "classpath": path,
            "options": ["-proc:none", *options_of(build)],
            "whole": WHOLE_MODULE,
            "most": MOST_MENTIONS,
        }
        peer, _ = await opened_peer(kept, request, seconds=_TIMEOUT)
        return _JavaChecker(peer, source="javac")

    async def _program(self, jdk: Jdk) -> Path:
        """Our program, compiled for this JDK; kept in the state folder. Raises EnvironmentFault."""
        texts = await asyncio.to_thread(
            lambda: {PurePosixPath(path.name): path.read_bytes() for path in sorted(_RUNNER.glob("*.java"))}
        )
        digest = hashlib.sha256(_release(jdk).encode("utf-8", "replace") + b"\0".join(texts.values()))
        program = self._state / f"javac-{digest.hexdigest()[:16]}" / "forge-javac.jar"
        if program.is_file():
            return program
        compiling = (str(jdk.javac), "-proc:none", "-nowarn", *_EXPORTS, "-d", "classes", *map(str, texts))
        packing = (str(jdk.home / "bin" / "jar"), "--create", "--file", program.name, "-C", "classes", ".")
        async with self._sandbox.open(Tree(source=None, files=texts)) as box:
            for command in (compiling, packing):
                result = await box.run(command, timeout=_TIMEOUT, readable=jdk.readable)
                if result.code != 0:
                    words = (result.stdout + result.stderr).decode("utf-8", "replace").strip()[-500:]
                    raise EnvironmentFault(f"{command[0]} does not make the fast gate of Java: {words}")
            content = box.read(PurePosixPath(program.name))
        if content is None:
            raise EnvironmentFault(f"{packing[0]} made no {program.name}")
        await asyncio.to_thread(put, program, content)
        return program


class _JavaChecker(Worker):
    """Says what the build gate would say of the compiler's words."""

    async def problems(self, question: CheckRequest) -> tuple[Diagnostic, ...] | None:
        found = await super().problems(question)
        if found is None:
            return None
        file = str(question.document)
        syntax = tuple(problem for problem in found if problem.file == file and is_syntax(problem))
        return syntax or without_consequences(found, file, question.text)


def fast_jdk(environment: Mapping[str, str]) -> Jdk | None:
    """The JDK of this machine where it can be kept running."""
    jdk = find_jdk(environment)
    return None if isinstance(jdk, Fault) or major_version(_release(jdk)) < _OLDEST else jdk


def _release(jdk: Jdk) -> str:
    """``17.0.15`` and the like, as the JDK's own file says it; empty where it does not."""
    try:
        lines = (jdk.home / "release").read_text("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return next((line.partition("=")[2].strip('"') for line in lines if line.startswith("JAVA_VERSION=")), "")


def _stamp(path: Path) -> tuple[str, int, int]:
    """A folder is read again at each question, a jar is not."""
    try:
        status = path.stat()
    except OSError:
        return str(path), 0, 0
    return (str(path), 0, 0) if path.is_dir() else (str(path), status.st_mtime_ns, status.st_size)


def _sources(source: Path, module: PurePosixPath) -> list[str]:
    """The sources of the workspace; of very many the module's."""
    names = [name for name, _ in project_files(source, (".java",), JAVA)]
    if len(names) > MOST_READ:
        names = [name for name in names if PurePosixPath(name).is_relative_to(module)][:MOST_READ]
    return names
