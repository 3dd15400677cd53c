"""Projects that refer to each other, and what a compiler is told of each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from forge_lsp.checking.project import Place
from forge_lsp.core.ports import Box

__all__ = ["TEMP_PROJECT", "ProjectDescription", "asking", "described_by", "normal", "projects_of", "traversal"]

TEMP_PROJECT = PurePosixPath("project.csproj")
_REFERENCE = re.compile(r"<ProjectReference\s[^<>]*?Include\s*+=\s*+\"([^\"<>]++)\"")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectDescription:
    """A project as its compiler is told: csc's ``arguments``, the sources that the build would write, and the
    ``references`` among the projects that were asked for."""

    project: PurePosixPath
    arguments: tuple[str, ...]
    generated: Mapping[PurePosixPath, str]
    references: tuple[PurePosixPath, ...]


def projects_of(place: Place, project: PurePosixPath | None) -> tuple[PurePosixPath, ...]:
    """The document's project and those of the workspace that refer to it, directly or not."""
    if project is None:
        return ()
    if place.source is None:
        return (project,)
    refers: dict[PurePosixPath, set[PurePosixPath]] = {}
    for name in place.files((".csproj",)):
        path = PurePosixPath(name)
        references = _REFERENCE.findall(place.text(path) or "")
        refers[path] = {normal(path.parent / reference.replace("\\", "/")) for reference in references}
    found = [project]
    for known in found:  # grows while it is walked: the closure
        found += sorted(path for path, to in refers.items() if known in to and path not in found)
    return tuple(found)


def normal(path: PurePosixPath) -> PurePosixPath:
    """``path`` without ``.`` and, as far as there are folders to leave, without ``..``."""
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return PurePosixPath(*parts)


def traversal(projects: Sequence[PurePosixPath]) -> bytes:
    """A project that builds several."""
    items = "".join(f'<P Include="{project}" />' for project in projects)
    return (
        f'<Project DefaultTargets="Build"><ItemGroup>{items}</ItemGroup>'
        '<Target Name="Restore"><MSBuild Projects="@(P)" Targets="Restore" '
        'Properties="_ForgeRestore=1" ContinueOnError="false" /></Target>'
        '<Target Name="Build"><MSBuild Projects="@(P)" Targets="Build" ContinueOnError="ErrorAndContinue" /></Target>'
        "</Project>"
    ).encode()


def asking(projects: Sequence[PurePosixPath]) -> bytes:
    """A project that asks several for their compiler's arguments."""
    items = "".join(f'<P Include="{project}" />' for project in projects)
    return (
        f'<Project DefaultTargets="Ask"><ItemGroup>{items}</ItemGroup><Target Name="Ask">'
        '<MSBuild Projects="@(P)" Targets="ForgeArguments" ContinueOnError="ErrorAndContinue" /></Target></Project>'
    ).encode()


def described_by(
    box: Box, place: Place, project: PurePosixPath, projects: Sequence[PurePosixPath]
) -> ProjectDescription | None:
    """What a design-time build wrote of a project; None where it wrote nothing."""
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
        relative = normal(path.relative_to(box.root))
        content = None if place.is_file(relative) else box.read(relative)
        if content is not None:
            generated[relative] = content.decode("utf-8-sig", "replace")
    named = _REFERENCE.findall(place.text(project) or "")
    referred = {normal(project.parent / name.replace("\\", "/")) for name in named}
    return ProjectDescription(
        project=project,
        arguments=arguments,
        generated=generated,
        references=tuple(other for other in projects if other in referred),
    )
