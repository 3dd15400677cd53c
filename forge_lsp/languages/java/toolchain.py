"""Java: the JDK's own compiler on the document's module, with the jars that its build file names."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from forge_lsp.checking.examples.driven import DocumentedExamples
from forge_lsp.checking.gate import CheckedTree, Fault, gate, measured
from forge_lsp.checking.jvm.driver import Drivers
from forge_lsp.checking.jvm.jdk import INSTALL, Jdk, answer_of, find_jdk
from forge_lsp.checking.jvm.maven import BUILD_FILES, Build, Repositories, build_of
from forge_lsp.checking.language_toolchain import DocumentedToolchain
from forge_lsp.checking.programs import in_time, not_found, version_findings
from forge_lsp.checking.project import Place, place_of, tree_key
from forge_lsp.checking.suites import joined
from forge_lsp.core.attempt import BuildReport, Candidate, Diagnostic, Evidence
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Box, Finding, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.java.documented import JavaDriver
from forge_lsp.languages.java.forging import doubt_of
from forge_lsp.languages.java.messages import MISSING_PACKAGE, is_syntax, without_consequences
from forge_lsp.languages.java.project_tests import JavaTests
from forge_lsp.languages.java.sources import Sources, class_path, options_of, public_type, sources_of
from forge_lsp.languages.java.surroundings import modules_of

__all__ = ["JavaToolchain", "java_findings"]

_MATTERS = (".java", ".jar", *BUILD_FILES)
_CHECKER = PurePosixPath(".forge-check/Check.class")
_REQUEST = PurePosixPath(".forge-check/request")
_GENERATED = re.compile(r"^[ \t]*import\s+(?:static\s+)?(?:lombok|org\.mapstruct|dagger|org\.immutables)\.", re.M)


class JavaToolchain(DocumentedToolchain):
    """Checks Java documents. ``environment`` is the server's own: ``PATH``, ``HOME``, ``JAVA_HOME``.

    ``timeout`` in seconds, for one run of the compiler. The compiler runs no project code but annotation processors:
    those are left out, unless they belong to the project's build and a sandbox holds them.
    """

    def __init__(
        self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str], runs: Path | None = None
    ) -> None:
        super().__init__(sandbox, timeout, environment)
        self._tests = JavaTests(sandbox, timeout=timeout, runs=runs)
        self._drivers = Drivers(sandbox, timeout=timeout)
        driver = JavaDriver(sandbox, timeout=timeout, environment=environment, drivers=self._drivers)
        self._examples = DocumentedExamples(sandbox, driver, doubt=_doubt, runs=runs)

    async def build(self, task: Task, text: str) -> BuildReport:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        jdk = find_jdk(self._environment, place)
        if isinstance(jdk, Fault):
            return jdk.unverified("javac")
        try:
            checker, version = await self._drivers.of(jdk)
        except EnvironmentFault as fault:
            return Fault.of(fault).unverified("javac")
        repositories = Repositories.of(self._environment)
        build = await asyncio.to_thread(build_of, place, repositories)
        if build.release is not None and build.release > version:
            reason = f"{build.file} asks for Java {build.release}, and the JDK here is {version}"
            return Fault(reason=reason, remedy=f"apt-get install openjdk-{build.release}-jdk-headless").unverified(
                "javac"
            )
        sources = await asyncio.to_thread(sources_of, place, f"{task.document.text}\n{text}", build.folder)
        key = await tree_key(
            place,
            _MATTERS,
            (jdk.javac, *(jar for jar in build.jars if jar.is_absolute())),
            task.document.text,
            task.scope.range,
            sources.files,
        )
        run = _Run(
            sandbox=self._sandbox,
            timeout=self._timeout,
            jdk=jdk,
            checker=checker,
            place=place,
            sources=sources,
            build=build,
            untitled=task.document.path is None,
        )
        return await gate(task, text, str(place.document), run.check, self._baselines, key, "javac")

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """See :class:`~forge_lsp.core.ports.Toolchain`: examples in the documentation, and the project's JUnit tests
        that speak of the document."""
        place = place_of(task)
        examples = await self._examples.run(task, candidate, place)
        return joined(examples, await self._tested(task, candidate, place))

    @measured
    async def _tested(self, task: Task, candidate: Candidate, place: Place) -> Evidence:
        jdk = find_jdk(self._environment, place)
        if isinstance(jdk, Fault) or place.source is None:
            return Evidence()
        repositories = Repositories.of(self._environment)
        build = await asyncio.to_thread(build_of, place, repositories)
        sources = await asyncio.to_thread(sources_of, place, task.document.text, build.folder)
        checker, _ = await self._drivers.of(jdk)
        return await self._tests.run(
            task,
            candidate,
            place,
            jdk=jdk,
            checker=checker,
            build=build,
            sources=sources,
            repositories=repositories,
        )


def _doubt(task: Task, candidate: Candidate) -> str | None:
    return doubt_of(task.document.text, candidate.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One document's checks: the same sources, with one text or another."""

    sandbox: Sandbox
    timeout: float
    jdk: Jdk
    checker: bytes
    place: Place
    sources: Sources
    build: Build
    untitled: bool

    async def check(self, text: str) -> CheckedTree:
        document = str(self.place.document)
        place = self._named(text)
        processors = self.build.processors and self.sandbox.runs_project_code
        # With a module's declaration the compiler would want all modules that it names, and each as a whole.
        extra: dict[PurePosixPath, bytes | None] = dict.fromkeys(modules_of(place))
        extra |= {_CHECKER: self.checker, _REQUEST: self._request(place, processors=processors)}
        async with self.sandbox.open(place.tree(text, extra)) as box:
            root = str(box.root)
            output = await self._ask(box)
        answer = answer_of(output, root, lambda path: text if path == place.document else self.place.text(path))
        problems = tuple(
            replace(problem, file=document) if problem.file == str(place.document) else problem
            for problem in answer.problems
        )
        if answer.fault is not None or not answer.done:
            reason = f"javac failed: {answer.fault or output.strip()[-300:] or 'it said nothing'}"
            return CheckedTree(fault=Fault(reason=reason, remedy=f"javac {document}"))
        problems = without_consequences(problems, document, text)
        here = tuple(problem for problem in problems if problem.file == document)
        syntax = tuple(problem for problem in here if is_syntax(problem))
        return CheckedTree(problems=syntax or problems, syntax=syntax, lacks=self._lacks(here, text))

    def _named(self, text: str) -> Place:
        """A document without a name is called as its public type must be."""
        name = public_type(text) if self.untitled else None
        if name is None:
            return self.place
        return replace(self.place, document=self.place.document.with_name(f"{name}.java"))

    def _request(self, place: Place, *, processors: bool) -> bytes:
        """What the driver reads: options and sources, relative to the tree's root, where it runs."""
        path = class_path(self.place, self.build)
        written = str(_CHECKER.parent)
        options = ["-proc:none"] if not processors else ["-s", written]
        options += options_of(self.build)
        options += ["-d", written, "-encoding", "UTF-8", "-classpath", ":".join(path) or written]
        options += ["-sourcepath", ":".join(str(folder) for folder in self.sources.roots)]
        sources = [place.document, *self.sources.files[1:]]
        return "\n".join([*options, "", *map(str, sources)]).encode("utf-8", "surrogateescape")

    async def _ask(self, box: Box) -> str:
        folders = [jar.parent for jar in self.build.jars if jar.is_absolute()]
        result = await box.run(
            (
                *(str(self.jdk.java), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx1g"),
                *("-cp", str(_CHECKER.parent), "Check", str(_REQUEST)),
            ),
            timeout=self.timeout,
            readable=(*self.jdk.readable, *dict.fromkeys(folders)),
        )
        in_time(result, "javac", self.timeout)
        return (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")

    def _lacks(self, problems: Sequence[Diagnostic], text: str) -> Fault | None:
        for problem in problems:
            if problem.code == MISSING_PACKAGE:
                where = f"{problem.file}:{problem.line}"
                lost = f" ({', '.join(self.build.missing[:3])} not fetched)" if self.build.missing else ""
                return Fault(
                    reason=f"{problem.message} ({where}){lost}, so its use is unchecked",
                    remedy=self.build.remedy or "put the jar that has it into libs/",
                )
        if problems and _GENERATED.search(text) and not self.sandbox.runs_project_code:
            return Fault(
                reason="the code that annotation processors write is not there: they run only in a sandbox",
                remedy=self.sandbox.remedy or "forge-lsp doctor",
            )
        return None


async def java_findings(sandbox: Sandbox, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """For the doctor: the JDK."""
    jdk = find_jdk(environment)
    if isinstance(jdk, Fault):
        return not_found("javac", f"{jdk.reason}: Java is not checked", jdk.remedy)
    return await version_findings(
        sandbox, "javac", (str(jdk.javac), "-version"), jdk.readable, language=JAVA, remedy=INSTALL
    )
