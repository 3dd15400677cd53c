"""C#: ``dotnet build --no-restore`` of the document's project and of those that refer to it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.builds.command import CommandCheck, no_code_here, version_finding
from forge_lsp.builds.csharp_tests import Dotnet, DotnetTests, suites_of
from forge_lsp.builds.gate import Baselines, Checked, Fault, gate
from forge_lsp.builds.project import Place, fingerprint, place_of, project_files
from forge_lsp.domain.attempt import BuildReport, BuildStatus, Candidate, Diagnostic, Evidence, Severity
from forge_lsp.domain.errors import EnvironmentFault, ToolMissing
from forge_lsp.domain.ports import Box, Finding, FindingStatus, ProcessResult, Sandbox, Tree
from forge_lsp.domain.task import Language, Task

__all__ = [
    "CSharpToolchain",
    "Described",
    "ProjectBuild",
    "csharp_findings",
    "dotnet_environment",
    "find_dotnet",
    "projects_of",
    "readable_of",
]

_MATTERS = (".cs", ".csproj", ".props", ".targets", ".json", ".config", ".editorconfig", ".resx", ".globalconfig")
_INSTALL = "install the .NET SDK: https://dotnet.microsoft.com/download"
_TEMP_PROJECT = PurePosixPath("project.csproj")
_TRAVERSAL = PurePosixPath(".forge-check.proj")
_ARGUMENTS = PurePosixPath(".forge-arguments.proj")
_TARGETS = PurePosixPath(".forge-arguments.targets")
_DUMP = (
    b'<Project><Target Name="ForgeArguments" DependsOnTargets="ResolveReferences;Compile"><WriteLinesToFile '
    b'File="$(MSBuildProjectDirectory)/.forge-$(MSBuildProjectName).args" Lines="@(CscCommandLineArgs)" '
    b'Overwrite="true" /></Target></Project>'
)
_RESTORED = (
    "project.assets.json",
    "project.nuget.cache",
    "{name}.csproj.nuget.dgspec.json",
    "{name}.csproj.nuget.g.props",
    "{name}.csproj.nuget.g.targets",
)
_LINE = re.compile(
    r"^\s*(?:(?P<file>[^\s(][^(]*?)(?:\((?P<line>\d+)(?:,(?P<column>\d+))?(?:,(?P<line2>\d+),(?P<column2>\d+))?\))?"
    r"\s*:\s+)?error (?P<code>[A-Za-z]+\d+)\s*:\s*(?P<message>.*?)(?:\s+\[(?P<project>[^\[\]]+)\])?\s*$"
)
_REFERENCE = re.compile(r"<ProjectReference\s[^>]*?Include\s*=\s*\"([^\"]+)\"")
# Found while method bodies are bound, which happens only when everything before went well: with one of these in a
# build, the others of that kind are all there too.
_IN_BODIES = frozenset(
    {
        *("CS0019", "CS0021", "CS0023", "CS0029", "CS0030", "CS0103", "CS0117", "CS0119", "CS0120", "CS0122", "CS0128"),
        *("CS0131", "CS0136", "CS0139", "CS0149", "CS0152", "CS0154", "CS0161", "CS0165", "CS0200", "CS0266", "CS0411"),
        *("CS0428", "CS0472", "CS1061", "CS1501", "CS1502", "CS1503", "CS1729", "CS1929", "CS7036", "CS8600", "CS8602"),
        *("CS8603", "CS8604", "CS8625"),
    }
)
_TOP_LEVEL = "CS8805"  # top-level statements in a library


class CSharpToolchain:
    """Checks C# documents. ``environment`` is the server's own: ``PATH``, ``HOME``, ``DOTNET_ROOT`` and NuGet's names.

    ``timeout`` in seconds, for each run of ``dotnet``. MSBuild runs what a project file says: nothing is built where
    the sandbox runs no project code.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        timeout: float,
        environment: Mapping[str, str],
        command: tuple[str, ...] = (),
    ) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._environment = environment
        self._baselines = Baselines()
        self._command = CommandCheck(sandbox, command, timeout=timeout) if command else None
        self._tests = DotnetTests(sandbox, timeout=timeout)
        self._version: str | None = None
        # What a restore wrote, by the project files it was made from: once a project, not once a check.
        self._restored: dict[str, Mapping[PurePosixPath, bytes]] = {}

    async def build(self, task: Task, text: str) -> BuildReport:
        """See :class:`~forge_lsp.domain.ports.Toolchain`."""
        place = place_of(task)
        if self._command is not None:
            return await self._command.build(task, text, place)
        if not self._sandbox.runs_project_code:
            fault = no_code_here("MSBuild, which runs what a project file says, was not started", self._sandbox)
            return _unverified(fault)
        dotnet = find_dotnet(self._environment)
        if dotnet is None:
            return _unverified(Fault(reason="the .NET SDK is not installed (no dotnet on PATH)", remedy=_INSTALL))
        project = place.nearest("*.csproj")
        try:
            projects = await asyncio.to_thread(projects_of, place, project)
            extra = await self._temp_project(dotnet) if project is None else {}
        except EnvironmentFault as fault:
            return _unverified(Fault(reason=str(fault), remedy=fault.remedy))
        build = ProjectBuild(
            sandbox=self._sandbox,
            timeout=self._timeout,
            dotnet=dotnet,
            environment=dotnet_environment(dotnet, self._environment),
            readable=readable_of(dotnet, self._environment),
            place=place,
            projects=projects,
            extra=extra,
            restored=self._restored,
        )
        assets = [place.source / p.parent / "obj" / "project.assets.json" for p in projects if place.source is not None]
        key = await asyncio.to_thread(
            fingerprint, place, f"{task.document.text}\0{task.scope.range}", _MATTERS, (dotnet, *assets)
        )
        return await gate(
            task,
            text,
            document=str(place.document),
            check=build.check,
            baselines=self._baselines,
            key=key,
            tool="dotnet build",
        )

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """See :class:`~forge_lsp.domain.ports.Toolchain`: tests. Examples in C#'s comments do not run as they stand."""
        place = place_of(task)
        program, project = find_dotnet(self._environment), place.nearest("*.csproj")
        if program is None or project is None:
            return Evidence()
        projects = await asyncio.to_thread(projects_of, place, project)
        suites = await asyncio.to_thread(suites_of, task, place, projects)
        if not suites:
            return Evidence()
        if not self._sandbox.runs_project_code:
            fault = no_code_here("the project's tests were not run", self._sandbox)
            return Evidence(blocked=fault.reason, remedy=fault.remedy)
        dotnet = Dotnet(
            program=program,
            environment=dotnet_environment(program, self._environment),
            readable=readable_of(program, self._environment),
        )
        return await self._tests.run(task, candidate, place, suites, dotnet)

    async def _temp_project(self, dotnet: Path) -> dict[PurePosixPath, bytes]:
        """The project of a file that has none, for the SDK's own framework."""
        if self._version is None:
            async with self._sandbox.open(Tree(source=None, files={})) as box:
                result = await box.run(
                    (str(dotnet), "--version"),
                    timeout=self._timeout,
                    env=dotnet_environment(dotnet, self._environment),
                    readable=readable_of(dotnet, self._environment),
                )
            version = result.stdout.decode("utf-8", "replace").strip()
            if result.code != 0 or not re.match(r"\d+\.", version):
                raise ToolMissing(f"{dotnet} has no SDK: {_tail(result)}", remedy=_INSTALL)
            self._version = version
        major = self._version.split(".", 1)[0]
        text = (
            '<Project Sdk="Microsoft.NET.Sdk">\n  <PropertyGroup>\n'
            f"    <TargetFramework>net{major}.0</TargetFramework>\n    <OutputType>Library</OutputType>\n"
            "    <Nullable>enable</Nullable>\n    <ImplicitUsings>enable</ImplicitUsings>\n"
            "  </PropertyGroup>\n</Project>\n"
        )
        return {_TEMP_PROJECT: text.encode()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A project as its compiler is told: csc's ``arguments``, the sources that the build would write, and the
    ``references`` among the projects that were asked for."""

    project: PurePosixPath
    arguments: tuple[str, ...]
    generated: Mapping[PurePosixPath, str]
    references: tuple[PurePosixPath, ...]


class ProjectBuild:
    """One document's builds: the same projects, with one text or another."""

    def __init__(
        self,
        *,
        sandbox: Sandbox,
        timeout: float,
        dotnet: Path,
        environment: Mapping[str, str],
        readable: Sequence[Path],
        place: Place,
        projects: tuple[PurePosixPath, ...],
        extra: Mapping[PurePosixPath, bytes],
        restored: dict[str, Mapping[PurePosixPath, bytes]],
    ) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._dotnet = dotnet
        self._environment = environment
        self._readable = readable
        self._place = place
        self._temporary = bool(extra)
        self._projects = projects or (_TEMP_PROJECT,)
        self._restored = restored
        self._extra = dict(extra)
        if len(self._projects) > 1:
            self._extra[_TRAVERSAL] = _traversal(self._projects)

    async def check(self, text: str) -> Checked:
        checked = await self._check(text, ())
        if self._temporary and any(problem.code == _TOP_LEVEL for problem in checked.problems):
            checked = await self._check(text, ("-p:OutputType=Exe",))
        return checked

    async def _check(self, text: str, properties: tuple[str, ...]) -> Checked:
        key = self._restore_key()
        carried = self._restored.get(key, {})
        tree = self._place.tree(text, {**self._extra, **carried})
        target = str(self._projects[0] if len(self._projects) == 1 else _TRAVERSAL)
        async with self._sandbox.open(tree) as box:
            if not carried and not self._assets():
                fault = await self._restore(box, target, key)
                if fault is not None:
                    return Checked(fault=fault)
            result = await self._run(
                box,
                *("build", target, "--no-restore", "-nologo", "-v:q", "-clp:NoSummary", "-m:1", "-nodeReuse:false"),
                *("-p:GenerateFullPaths=true", "-p:UseAppHost=false", "-p:UseSharedCompilation=false", *properties),
            )
            root = box.root
        output = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
        problems = _problems(output, root)
        environment = [problem for problem in problems if not problem.code.startswith("CS") and problem.line == 0]
        if environment:
            first = environment[0]
            return Checked(fault=Fault(reason=f"{first.code}: {first.message}", remedy=_remedy(first, target)))
        if result.code != 0 and not problems:
            return Checked(fault=Fault(reason=f"dotnet build failed: {_tail(result)}", remedy=f"dotnet build {target}"))
        # The compiler stops before method bodies when a declaration is wrong: no new error then proves nothing.
        stopped = bool(problems) and not any(problem.code in _IN_BODIES for problem in problems)
        return Checked(problems=problems, syntax=problems if stopped else ())

    async def describe(self) -> tuple[Described, ...]:
        """What the compiler is told of each project, those that others refer to first; nothing is compiled.

        Raises EnvironmentFault.
        """
        text = self._place.text(self._place.document) or ""
        key = self._restore_key()
        carried = self._restored.get(key, {})
        ours = {_ARGUMENTS: _arguments(self._projects), _TARGETS: _DUMP}
        target = str(self._projects[0] if len(self._projects) == 1 else _TRAVERSAL)
        async with self._sandbox.open(self._place.tree(text, {**self._extra, **carried, **ours})) as box:
            if not carried and not self._assets() and (fault := await self._restore(box, target, key)) is not None:
                raise EnvironmentFault(fault.reason, remedy=fault.remedy)
            result = await self._run(
                box,
                *("msbuild", str(_ARGUMENTS), "-nologo", "-v:q", "-m:1", "-nodeReuse:false"),
                f"-p:CustomAfterMicrosoftCommonTargets={box.root / _TARGETS}",
                *("-p:DesignTimeBuild=true", "-p:SkipCompilerExecution=true", "-p:ProvideCommandLineArgs=true"),
                *("-p:BuildProjectReferences=false", "-p:UseAppHost=false"),
            )
            found = tuple(described_by(box, self._place, project, self._projects) for project in self._projects)
        if any(one is None for one in found):
            raise EnvironmentFault(f"the compiler's arguments are not known: {_tail(result)}")
        return tuple(one for one in found if one is not None)

    async def _restore(self, box: Box, target: str, key: str) -> Fault | None:
        # The user's packages are there to be read; what a source still has to give is unpacked in the temp copy.
        env = {"NUGET_PACKAGES": str(box.root / ".forge-nuget")}
        if "NUGET_PACKAGES" in self._environment:
            env["RestoreFallbackFolders"] = self._environment["NUGET_PACKAGES"]
        arguments = ("msbuild", target, "-t:Restore") if target == str(_TRAVERSAL) else ("restore", target)
        result = await self._run(box, *arguments, "-nologo", "-v:q", "-m:1", "-nodeReuse:false", env=env)
        if result.code != 0:
            problems = _problems((result.stdout + b"\n" + result.stderr).decode("utf-8", "replace"), box.root)
            why = f"{problems[0].code}: {problems[0].message}" if problems else _tail(result)
            return Fault(
                reason=f"the packages of {target} cannot be restored here without a network ({why})",
                remedy=f"dotnet restore {self._projects[0]}",
            )
        written: dict[PurePosixPath, bytes] = {}
        for project in self._projects:
            for name in _RESTORED:
                path = project.parent / "obj" / name.format(name=project.stem)
                content = box.read(path)
                if content is not None:
                    written[path] = content
        if all(_portable(content) for path, content in written.items() if path.name == "project.assets.json"):
            self._restored[key] = written
        return None

    async def _run(self, box: Box, *arguments: str, env: Mapping[str, str] | None = None) -> ProcessResult:
        result = await box.run(
            (str(self._dotnet), *arguments),
            timeout=self._timeout,
            env={**self._environment, **(env or {})},
            readable=self._readable,
        )
        if result.timed_out:
            raise EnvironmentFault(
                f"dotnet {arguments[0]} did not finish in {self._timeout:g} s", remedy="raise check.timeout"
            )
        return result

    def _assets(self) -> bool:
        return all(self._place.is_file(p.parent / "obj" / "project.assets.json") for p in self._projects)

    def _restore_key(self) -> str:
        digest = hashlib.sha256(f"{self._place.source}\0{self._place.document.parent}".encode())
        names = ("Directory.Build.props", "Directory.Packages.props", "Directory.Build.targets", "global.json")
        for project in self._projects:
            digest.update(str(project).encode())
            for path in (project, *(folder / name for folder in project.parents for name in names)):
                content = self._extra.get(path) or (self._place.text(path) or "").encode()
                digest.update(content + b"\0")
        return digest.hexdigest()


def find_dotnet(environment: Mapping[str, str]) -> Path | None:
    """The ``dotnet`` of ``DOTNET_ROOT``, else of PATH."""
    root = environment.get("DOTNET_ROOT")
    if root and (Path(root) / "dotnet").is_file():
        return Path(root) / "dotnet"
    found = shutil.which("dotnet", path=environment.get("PATH", ""))
    return Path(found).resolve() if found else None


def dotnet_environment(dotnet: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """What ``dotnet`` needs to know in a box."""
    kept = {
        "DOTNET_ROOT": str(dotnet.parent),
        "DOTNET_NOLOGO": "1",
        "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
        "DOTNET_SKIP_FIRST_TIME_EXPERIENCE": "1",
        "DOTNET_GENERATE_ASPNET_CERTIFICATE": "false",
        "DOTNET_CLI_UI_LANGUAGE": "en",
        "MSBUILDDISABLENODEREUSE": "1",
    }
    if environment.get("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT") == "1" or not _has_icu():
        kept["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1"
    if environment.get("RestoreSources"):
        kept["RestoreSources"] = environment["RestoreSources"]
    packages = _packages(environment)
    if packages is not None:
        kept["NUGET_PACKAGES"] = str(packages)
    return kept


def _packages(environment: Mapping[str, str]) -> Path | None:
    named = environment.get("NUGET_PACKAGES")
    folder = Path(named) if named else Path(environment.get("HOME", "/nonexistent")) / ".nuget" / "packages"
    return folder if folder.is_dir() else None


def readable_of(dotnet: Path, environment: Mapping[str, str]) -> tuple[Path, ...]:
    folders = [dotnet.parent]
    packages = _packages(environment)
    if packages is not None:
        folders.append(packages)
    for source in environment.get("RestoreSources", "").split(";"):
        if source.startswith("/") and Path(source).is_dir():
            folders.append(Path(source))
    return tuple(folders)


def _has_icu() -> bool:
    folders = (Path("/usr/lib"), Path("/usr/lib64"), *Path("/usr/lib").glob("*-linux-*"))
    return any(any(folder.glob("libicuuc.so.*")) for folder in folders)


def projects_of(place: Place, project: PurePosixPath | None) -> tuple[PurePosixPath, ...]:
    """The document's project and those of the workspace that refer to it, directly or not."""
    if project is None:
        return ()
    if place.source is None:
        return (project,)
    refers: dict[PurePosixPath, set[PurePosixPath]] = {}
    for name, _ in project_files(place.source, (".csproj",)):
        path = PurePosixPath(name)
        references = _REFERENCE.findall(place.text(path) or "")
        refers[path] = {_normal(path.parent / reference.replace("\\", "/")) for reference in references}
    found = [project]
    for known in found:  # grows while it is walked: the closure
        found += sorted(path for path, to in refers.items() if known in to and path not in found)
    return tuple(found)


def _normal(path: PurePosixPath) -> PurePosixPath:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return PurePosixPath(*parts)


def _traversal(projects: Sequence[PurePosixPath]) -> bytes:
    """A project that builds several."""
    items = "".join(f'<P Include="{project}" />' for project in projects)
    return (
        f'<Project DefaultTargets="Build"><ItemGroup>{items}</ItemGroup>'
        '<Target Name="Restore"><MSBuild Projects="@(P)" Targets="Restore" '
        'Properties="_ForgeRestore=1" ContinueOnError="false" /></Target>'
        '<Target Name="Build"><MSBuild Projects="@(P)" Targets="Build" ContinueOnError="ErrorAndContinue" /></Target>'
        "</Project>"
    ).encode()


def _arguments(projects: Sequence[PurePosixPath]) -> bytes:
    """A project that asks several for their compiler's arguments."""
    items = "".join(f'<P Include="{project}" />' for project in projects)
    return (
        f'<Project DefaultTargets="Ask"><ItemGroup>{items}</ItemGroup><Target Name="Ask">'
        '<MSBuild Projects="@(P)" Targets="ForgeArguments" ContinueOnError="ErrorAndContinue" /></Target></Project>'
    ).encode()


def described_by(box: Box, place: Place, project: PurePosixPath, projects: Sequence[PurePosixPath]) -> Described | None:
    """What :data:`_DUMP` wrote of a project; None where it wrote nothing."""
    written = box.read(project.parent / f".forge-{project.stem}.args")
    if written is None:
        return None
    arguments = tuple(line for line in written.decode("utf-8", "replace").split("\n") if line.strip())
    generated: dict[PurePosixPath, str] = {}
    for line in arguments:
        name = line.strip().strip('"')
        if (name.startswith(("/", "-")) and not name.startswith(str(box.root))) or not name.endswith(".cs"):
            continue
        path = PurePosixPath(name) if name.startswith("/") else PurePosixPath(box.root) / project.parent / name
        if not path.is_relative_to(box.root):
            continue
        relative = _normal(path.relative_to(box.root))
        content = None if place.is_file(relative) else box.read(relative)
        if content is not None:
            generated[relative] = content.decode("utf-8-sig", "replace")
    named = _REFERENCE.findall(place.text(project) or "")
    referred = {_normal(project.parent / name.replace("\\", "/")) for name in named}
    return Described(
        project=project,
        arguments=arguments,
        generated=generated,
        references=tuple(other for other in projects if other in referred),
    )


def _portable(assets: bytes) -> bool:
    """Whether a restore's result needs no package that lies in the box it was made in."""
    try:
        libraries = cast("dict[str, dict[str, Any]]", json.loads(assets).get("libraries", {}))
    except (ValueError, AttributeError):
        return False
    return not any(library.get("type") == "package" for library in libraries.values())


def _problems(output: str, root: Path) -> tuple[Diagnostic, ...]:
    found: list[Diagnostic] = []
    for line in output.split("\n"):
        match = _LINE.match(line.rstrip("\r"))
        if match is None:
            continue
        path = PurePosixPath(match["file"] or match["project"] or "")
        found.append(
            Diagnostic(
                file=path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name,
                line=int(match["line"] or 0),
                column=int(match["column"] or 0),
                end_line=int(match["line2"] or 0),
                end_column=int(match["column2"] or 0),
                severity=Severity.ERROR,
                code=match["code"],
                message=match["message"],
                source="dotnet",
            )
        )
    return tuple(dict.fromkeys(found))


def _remedy(problem: Diagnostic, target: str) -> str:
    if problem.code in ("NETSDK1004", "NETSDK1005", "NETSDK1047", "NETSDK1064") or problem.code.startswith("NU"):
        return f"dotnet restore {problem.file or target}"
    if problem.code in ("NETSDK1147",):
        return "dotnet workload restore"
    if problem.code in ("NETSDK1045", "MSB4236", "NETSDK1141"):
        return _INSTALL
    return f"dotnet build {target}"


def _unverified(fault: Fault) -> BuildReport:
    return BuildReport(status=BuildStatus.UNVERIFIED, tool="dotnet build", reason=fault.reason, remedy=fault.remedy)


def _tail(result: ProcessResult) -> str:
    text = (result.stdout + result.stderr).decode("utf-8", "replace").strip()
    return text[-300:] or f"exit code {result.code}"


async def csharp_findings(sandbox: Sandbox, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """For the doctor: the .NET SDK."""
    dotnet = find_dotnet(environment)
    if dotnet is None:
        detail = "no .NET SDK: C# is not checked"
        return (Finding(name="dotnet", status=FindingStatus.ABSENT, detail=detail, remedy=_INSTALL),)
    finding = await version_finding(
        sandbox,
        name="dotnet",
        command=(str(dotnet), "--version"),
        readable=readable_of(dotnet, environment),
        language=Language.CSHARP,
        remedy=_INSTALL,
        env=dotnet_environment(dotnet, environment),
    )
    return (finding,)
