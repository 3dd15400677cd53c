"""Projects that run nothing of their own when they are built.

Where MSBuild and the compiler stay for the next candidate, nothing of an earlier one may have run in them. A candidate
is a C# file; its code comes to run where a project's build uses what it compiled, or compiles it as a task, or as an
analyzer. So the project files may say only what is known to be data: any element, property, item or attribute that is
not listed here is reason enough to build in a box of its own. Packages' build files are those that the user restored;
of them, those that start programs or bring tasks are not trusted to leave a candidate's assembly alone either.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, cast
from xml.etree import ElementTree

from forge_lsp.checking.project import Place
from forge_lsp.languages.csharp.projects import normal
from forge_lsp.reading import SOURCE, parsed_json, parsed_xml, read_bytes, table_beside

__all__ = ["plain"]

_SDKS, _PROPERTIES, _ITEMS, _METADATA = (
    frozenset(table_beside(__file__)[name]) for name in ("sdks", "properties", "items", "metadata")
)
_COMPILED_AT_ONCE = (".resx", ".resources")
# What the SDK imports, or takes as its command line, from a project's folder or those above it.
_ABOVE = ("Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props")
_NOT_ABOVE = ("Directory.Build.rsp", "MSBuild.rsp")
_GENERATED = re.compile(r"\.nuget\.(?:g\.(?:props|targets)|dgspec\.json)$")
_RUNS = re.compile(rb"<\s*(?:Exec|UsingTask|CallTarget|MSBuild)\b", re.I)
_MOST_PROJECTS = 64
_LARGEST = 1024 * 1024


def plain(
    place: Place,
    projects: Sequence[PurePosixPath],
    carried: Mapping[PurePosixPath, bytes],
    packages: Sequence[Path],
) -> str | None:
    """What these projects, and those they refer to, are built from besides sources: a digest; None where any of it may
    run something. ``carried`` is what a restore of ours wrote; ``packages`` are the folders of packages. Reads the
    disk.
    """
    if place.source is None:
        return None
    digest = hashlib.sha256()
    pending = list(projects)
    seen: set[PurePosixPath] = set()
    while pending:
        project = normal(pending.pop())
        if project in seen:
            continue
        seen.add(project)
        if len(seen) > _MOST_PROJECTS or project.parts[:1] == ("..",):
            return None
        text = place.text(project)
        references = None if text is None else _references(text)
        if text is None or references is None:
            return None
        digest.update(f"\0{project}\0{text}".encode("utf-8", "surrogatepass"))
        for said in (*_above(place, project), *_beside(place, project, carried, packages)):
            if said is None:
                return None
            digest.update(said)
        pending += [project.parent / reference.replace("\\", "/") for reference in references]
    return digest.hexdigest()


def _above(place: Place, project: PurePosixPath) -> Iterator[bytes | None]:
    """What the SDK takes from the project's folder and those above; None for what may run something."""
    for folder in project.parents:
        for name in _ABOVE:
            text = place.text(folder / name)
            if text is not None:
                yield None if _references(text) is None else f"\0{folder / name}\0{text}".encode()
        if any(place.is_file(folder / name) for name in _NOT_ABOVE):
            yield None
        if any(_leads_out(place, folder / name) for name in (*_ABOVE, *_NOT_ABOVE, "global.json")):
            yield None
        text = place.text(folder / "global.json")
        if text is not None:
            # It may name an SDK of the project's own, or have parts of the SDK come as packages.
            yield f"\0{folder}\0{text}".encode() if re.search(r'"(?:paths|msbuild-sdks)"', text) is None else None


def _beside(
    place: Place, project: PurePosixPath, carried: Mapping[PurePosixPath, bytes], packages: Sequence[Path]
) -> Iterator[bytes | None]:
    """What was made by a restore, and what it brings in; None for what may run something."""
    assert place.source is not None  # plain() has seen to it
    user = project.with_name(f"{project.name}.user")
    if place.is_file(user) or _leads_out(place, user):
        yield None
    assets = project.parent / "obj" / "project.assets.json"
    content = carried.get(assets)
    if content is None:
        try:
            names = os.listdir(place.source / assets.parent)  # noqa: PTH208 - names are all that is wanted
        except OSError:
            names = []
        content = read_bytes(place.source / assets, most=SOURCE)
        if content is None:
            yield None
            return
        # MSBuild imports PROJECT.csproj.*.props and .targets of this folder.
        if any(
            name.startswith(f"{project.name}.") and name.endswith(("props", "targets")) and not _GENERATED.search(name)
            for name in names
        ):
            yield None
    yield content
    yield b"" if _quiet(content, packages) else None


def _leads_out(place: Place, path: PurePosixPath) -> bool:
    """Whether it is a link to what is not the project's: in a box there may be something else in its place."""
    return place.source is not None and (place.source / path).is_symlink() and place.text(path) is None


def _references(text: str) -> list[str] | None:
    """The projects that a project file refers to; None where it says what is not known to be data."""
    try:
        root = parsed_xml(text)
    except ValueError:
        return None
    if _name(root) != "Project" or root.attrib.keys() - {"Sdk", "xmlns", "ToolsVersion"}:
        return None
    if root.get("Sdk", "Microsoft.NET.Sdk") not in _SDKS:
        return None
    references: list[str] = []
    for group in root:
        if group.attrib.keys() - {"Condition", "Label"}:
            return None
        for entry in group:
            if _name(group) == "PropertyGroup":
                known = _name(entry) in _PROPERTIES and not entry.attrib.keys() - {"Condition"} and not len(entry)
            elif _name(group) == "ItemGroup":
                known = _is_data(entry)
            else:
                return None
            if not known:
                return None
            if _name(entry) == "ProjectReference":
                references.append(entry.get("Include", ""))
    return references if all(re.fullmatch(r"[^$@%*?;]+\.csproj", reference) for reference in references) else None


def _is_data(item: ElementTree.Element) -> bool:
    if _name(item) not in _ITEMS or item.attrib.keys() - _METADATA:
        return False
    if any(_name(child) not in _METADATA or child.attrib.keys() - {"Condition"} or len(child) for child in item):
        return False
    return not item.get("Include", "").lower().endswith(_COMPILED_AT_ONCE)


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _quiet(assets: bytes, packages: Sequence[Path]) -> bool:
    """Whether no package of a restore starts programs, or brings tasks, in a build."""
    try:
        document = cast("dict[str, Any]", parsed_json(assets))
        libraries = cast("dict[str, dict[str, Any]]", document["libraries"])
        folders = [*packages, *map(Path, cast("dict[str, Any]", document.get("packageFolders", {})))]
        for library in libraries.values():
            if library.get("type") != "package":
                continue
            for name in cast("list[str]", library.get("files", [])):
                if not name.lower().endswith((".props", ".targets")):
                    continue
                found = _first(folder / str(library["path"]) / name for folder in folders)
                if found is None or len(found) > _LARGEST or _RUNS.search(found) is not None:
                    return False
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    return True


def _first(paths: Iterator[Path]) -> bytes | None:
    for path in paths:
        content = read_bytes(path)
        if content is not None:
            return content
    return None
