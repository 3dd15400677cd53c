"""C#: ``dotnet build --no-restore`` of the document's project and of those that refer to it; its tests as evidence."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from forge_lsp.checking.compiled import probe_of
from forge_lsp.checking.examples.driven import DocumentedExamples
from forge_lsp.checking.gate import Fault, gate
from forge_lsp.checking.language_toolchain import LanguageToolchain
from forge_lsp.checking.programs import no_code_here, not_found, version_findings
from forge_lsp.checking.project import Place, place_of, tree_key
from forge_lsp.checking.suites import joined
from forge_lsp.core.attempt import BuildReport, Candidate, Evidence, Observation
from forge_lsp.core.errors import EnvironmentFault, ToolMissing
from forge_lsp.core.ports import Finding, Sandbox, Tree
from forge_lsp.core.task import Task
from forge_lsp.languages.csharp import CSHARP
from forge_lsp.languages.csharp.building import ProjectBuild
from forge_lsp.languages.csharp.documented import CSharpDriver, Projects
from forge_lsp.languages.csharp.forging import doubt_of
from forge_lsp.languages.csharp.messages import last_words
from forge_lsp.languages.csharp.project_tests import DotnetTests
from forge_lsp.languages.csharp.projects import TEMP_PROJECT, projects_of
from forge_lsp.languages.csharp.roslyn import sdk_of
from forge_lsp.languages.csharp.scanning import methods_in
from forge_lsp.languages.csharp.sdk import INSTALL, Dotnet, dotnet_of, find_dotnet
from forge_lsp.languages.csharp.suites import suites_of
from forge_lsp.languages.csharp.warm import WarmBuilds
from forge_lsp.reading import text_beside

__all__ = ["CSharpToolchain", "csharp_findings"]

_MATTERS = (".cs", ".csproj", ".props", ".targets", ".json", ".config", ".editorconfig", ".resx", ".globalconfig")
_CHOOSES = re.compile(r"<Compile\s|\bEnableDefault(?:Compile)?Items\b|\bDefaultItemExcludes\b")


class CSharpToolchain(LanguageToolchain):
    """Checks C# documents. ``environment`` is the server's own: ``PATH``, ``HOME``, ``DOTNET_ROOT`` and NuGet's names.

    ``timeout`` in seconds, for each run of ``dotnet``; ``warm`` are the kept boxes, if any. MSBuild runs
    what a project file says: nothing is built where the sandbox runs no project code.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        timeout: float,
        environment: Mapping[str, str],
        warm: WarmBuilds | None = None,
        runs: Path | None = None,
    ) -> None:
        super().__init__(sandbox, timeout, environment)
        self._warm = warm
        self._tests = DotnetTests(sandbox, timeout=timeout, runs=runs)
        driver = CSharpDriver(sandbox, timeout=timeout, projects=self._projects)
        self._examples = DocumentedExamples(sandbox, driver, doubt=_doubt, runs=runs)
        self._version: str | None = None
        # What a restore wrote, by the project files it was made from: once a project, not once a check.
        self._restored: dict[str, Mapping[PurePosixPath, bytes]] = {}

    async def build(self, task: Task, text: str) -> BuildReport:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task, alone=True)
        if not self._sandbox.runs_project_code:
            fault = no_code_here("MSBuild, which runs what a project file says, was not started", self._sandbox)
            return fault.unverified("dotnet build")
        dotnet = dotnet_of(self._environment)
        if dotnet is None:
            return Fault(reason="the .NET SDK is not installed (no dotnet on PATH)", remedy=INSTALL).unverified(
                "dotnet build"
            )
        try:
            build = await self._build_of(place, dotnet)
        except EnvironmentFault as fault:
            return Fault.of(fault).unverified("dotnet build")
        projects = build.projects
        assets = [place.source / p.parent / "obj" / "project.assets.json" for p in projects if place.source is not None]
        key = await tree_key(place, _MATTERS, (dotnet.program, *assets), task.document.text, task.scope.range)
        return await gate(
            task,
            text,
            str(place.document),
            build.check,
            self._baselines,
            key,
            "dotnet build",
            untouched_first=True,
            probe=probe_of(
                task,
                text,
                ((one.name, one.body) for one in methods_in(text)),
                document=str(place.document),
                remedy="add the symbol to DefineConstants, or the file to the project: -p:DefineConstants=NAME",
                always=any(_CHOOSES.search(place.text(path) or "") for path in _project_files(place, projects)),
            ),
        )

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task, alone=True)
        dotnet, project = dotnet_of(self._environment), place.nearest("*.csproj")
        if dotnet is None:
            return Evidence()
        tests = await self._tested(task, candidate, place, dotnet, project) if project is not None else Evidence()
        return joined(tests, await self._examples.run(task, candidate, place, (dotnet.program,)))

    async def observe(self, task: Task, candidate: Candidate, calls: Sequence[str]) -> tuple[Observation, ...]:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        if find_dotnet(self._environment) is None:
            return ()
        return await self._examples.observe(task, candidate, place_of(task, alone=True), calls)

    async def _tested(
        self, task: Task, candidate: Candidate, place: Place, dotnet: Dotnet, project: PurePosixPath
    ) -> Evidence:
        projects = await asyncio.to_thread(projects_of, place, project)
        suites = await asyncio.to_thread(suites_of, task, place, projects)
        if not suites:
            return Evidence()
        if not self._sandbox.runs_project_code:
            return no_code_here("the project's tests were not run", self._sandbox).blocked()
        return await self._tests.run(task, candidate, place, suites, dotnet)

    async def _build_of(self, place: Place, dotnet: Dotnet) -> ProjectBuild:
        """The document's builds. Raises EnvironmentFault."""
        project = place.nearest("*.csproj")
        return ProjectBuild(
            sandbox=self._sandbox,
            timeout=self._timeout,
            dotnet=dotnet,
            place=place,
            projects=await asyncio.to_thread(projects_of, place, project),
            extra=await self._temp_project(dotnet) if project is None else {},
            restored=self._restored,
            warm=self._warm,
        )

    async def _projects(self, place: Place) -> Projects:
        """How a document is built to be run. Raises EnvironmentFault."""
        dotnet = dotnet_of(self._environment)
        sdk = await asyncio.to_thread(sdk_of, dotnet.program) if dotnet is not None else None
        if dotnet is None or sdk is None:
            raise ToolMissing("the .NET SDK has no compiler, or no runtime of its own", remedy=INSTALL)
        return Projects(build=await self._build_of(place, dotnet), sdk=sdk, dotnet=dotnet)

    async def _temp_project(self, dotnet: Dotnet) -> dict[PurePosixPath, bytes]:
        """The project of a file that has none, for the SDK's own framework."""
        if self._version is None:
            async with self._sandbox.open(Tree(source=None, files={})) as box:
                result = await box.run(
                    (str(dotnet.program), "--version"),
                    timeout=self._timeout,
                    env=dotnet.environment,
                    readable=dotnet.readable,
                )
            version = result.stdout.decode("utf-8", "replace").strip()
            if result.code != 0 or not re.match(r"\d+\.", version):
                raise ToolMissing(f"{dotnet.program} has no SDK: {last_words(result)}", remedy=INSTALL)
            self._version = version
        major = self._version.split(".", 1)[0]
        return {TEMP_PROJECT: text_beside(__file__, "runners/alone.csproj").replace("{MAJOR}", major).encode()}


def _doubt(task: Task, candidate: Candidate) -> str | None:
    code = "\n".join((*candidate.imports, candidate.code or candidate.text))
    return doubt_of(code, task.document.text, {})


def _project_files(place: Place, projects: Sequence[PurePosixPath]) -> list[PurePosixPath]:
    """The texts that may say what the document's project compiles."""
    above = [folder / "Directory.Build.props" for folder in place.folders()]
    return [*projects[:1], *above, *(path.with_suffix(".targets") for path in above)]


async def csharp_findings(sandbox: Sandbox, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """For the doctor: the .NET SDK."""
    dotnet = dotnet_of(environment)
    if dotnet is None:
        return not_found("dotnet", "no .NET SDK: C# is not checked", INSTALL)
    return await version_findings(
        sandbox,
        "dotnet",
        (str(dotnet.program), "--version"),
        dotnet.readable,
        language=CSHARP,
        remedy=INSTALL,
        env=dict(dotnet.environment),
    )
