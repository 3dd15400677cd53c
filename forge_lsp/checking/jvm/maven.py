"""The class path that a build file names, from the jars that were fetched before: no build tool is run.

Maven and Gradle run plugins and want all of their folders in the home. What a check needs of them is which jars, and
those are named by the poms: the project's, its parents', and those beside each jar.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from forge_lsp.checking.project import Place
from forge_lsp.checking.versions import home_of
from forge_lsp.reading import filled, parsed_xml, read_text

__all__ = ["BUILD_FILES", "Build", "Repositories", "build_of", "jars_of", "with_launcher"]

BUILD_FILES = ("pom.xml", "build.gradle", "build.gradle.kts")
_LARGEST = 2 * 1024 * 1024
_MOST_JARS = 400
_DEEPEST = 12
_LONGEST = 4_000
_PROPERTY = re.compile(r"\$\{([^{}]{1,200})\}")
_COORDINATE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")
_GRADLE = re.compile(
    r"\b(?P<how>api|implementation|compileOnly|runtimeOnly|testImplementation|testCompileOnly|annotationProcessor|"
    r"compileOnlyApi|testRuntimeOnly)(?:\s++\(?|\()\s*+(?:platform\s*+\(\s*+)?[\"'](?P<what>[^\"':\s]+:[^\"':\s]+(?::[^\"'\s]+)?)[\"']"
)
_GRADLE_RELEASE = re.compile(
    r"(?:JavaLanguageVersion\.of\s*\(\s*|options\.release\s*(?:=|\.set\s*\()\s*|JavaVersion\.VERSION_(?:1_)?|"
    r"(?:source|target)Compatibility\s*=\s*[\"']?(?:1\.)?)(\d+)"
)


@dataclass(frozen=True, slots=True)
class _Artifact:
    group: str
    name: str
    version: str | None
    test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A module: its ``folder``, the jars of its class path, what of it is not on this machine, the Java release that
    it is written for, and whether annotation processors belong to its build."""

    folder: PurePosixPath
    file: PurePosixPath | None = None
    jars: tuple[Path, ...] = ()
    missing: tuple[str, ...] = ()
    release: int | None = None
    processors: bool = False

    @property
    def remedy(self) -> str | None:
        """The command that fetches the jars."""
        if self.file is None:
            return None
        if self.file.name == "pom.xml":
            return "mvn dependency:go-offline"
        return "./gradlew build"


@dataclass(frozen=True, slots=True)
class Repositories:
    """Maven's folder of jars and Gradle's; either may not be there."""

    maven: Path
    gradle: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Repositories:
        """Return the repositories of this user."""
        home = home_of(environment)
        gradle = Path(environment.get("GRADLE_USER_HOME") or home / ".gradle")
        return cls(home / ".m2" / "repository", gradle / "caches" / "modules-2" / "files-2.1")

    def find(self, artifact: _Artifact, ending: str) -> Path | None:
        """Return a file of an artifact, inside a repository; without a version, that of the newest one here."""
        # A build file's words: as a path they would lead anywhere.
        parts = (*artifact.group.split("."), artifact.name, artifact.version or "x")
        if any(_COORDINATE.fullmatch(part) is None for part in parts):
            return None
        for folder in self._versions(artifact):
            named = f"{artifact.name}-{folder.name}.{ending}"
            if (folder / named).is_file():
                return folder / named
            found = next(iter(sorted(folder.glob(f"*/{named}"))), None)  # Gradle: a folder for each checksum
            if found is not None:
                return found
        return None

    def _versions(self, artifact: _Artifact) -> Iterator[Path]:
        maven = self.maven.joinpath(*artifact.group.split("."), artifact.name)
        for base in (maven, self.gradle / artifact.group / artifact.name):
            if artifact.version is not None:
                yield base / artifact.version
            elif base.is_dir():
                folders = [folder for folder in base.iterdir() if folder.is_dir()]
                yield from sorted(folders, key=_numbers, reverse=True)


@dataclass(slots=True)
class _Pom:
    """One pom, parents merged in."""

    properties: dict[str, str] = field(default_factory=dict[str, str])
    managed: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    dependencies: list[_Artifact] = field(default_factory=list[_Artifact])
    processors: bool = False

    def value(self, text: str | None) -> str | None:
        """Return ``text`` with its properties filled in; None where one is unknown."""
        if text is None:
            return None
        try:
            text = filled(text, _PROPERTY, self.properties, most=_LONGEST)
        except ValueError:
            return None
        return None if "${" in text else text.strip()


def build_of(place: Place, repositories: Repositories, more: Callable[[str], Iterable[str]] = lambda _: ()) -> Build:
    """Return the module that the document belongs to, and its class path; without a build file, the tree with its jars.

    ``more`` are the coordinates that a Gradle build's text names in words of a plugin.
    """
    file = place.nearest(*BUILD_FILES)
    folder = file.parent if file is not None else PurePosixPath(".")
    own = _own_jars(place, folder)
    if file is None:
        return Build(folder=folder, jars=own)
    if file.name != "pom.xml":
        text = place.text(file) or ""
        wanted = [_artifact(match["what"]) for match in _GRADLE.finditer(text)]
        wanted += map(_artifact, more(text))
        jars, missing = _closure(wanted, repositories)
        release = _GRADLE_RELEASE.search(text)
        return Build(
            folder=folder,
            file=file,
            jars=(*own, *jars),
            missing=missing,
            release=int(release[1]) if release is not None else None,
            processors="annotationProcessor" in text,
        )
    pom = _read(_Reading(place, repositories), file, None, 0)
    jars, missing = _closure(pom.dependencies, repositories)
    names = ("maven.compiler.release", "maven.compiler.source", "java.version")
    release_text = next((found for name in names if (found := pom.value(pom.properties.get(name)))), None)
    number = re.match(r"(?:1\.)?(\d+)$", release_text or "")
    return Build(
        folder=folder,
        file=file,
        jars=(*own, *jars),
        missing=missing,
        release=int(number[1]) if number is not None else None,
        processors=pom.processors or any(one.name in ("lombok", "mapstruct-processor") for one in pom.dependencies),
    )


def with_launcher(build: Build, repositories: Repositories) -> tuple[tuple[Path, ...], str | None]:
    """Return the jars that JUnit 5's tests need to be started, beside those that the build names: its launcher, its
    engine, and what these need; and where they are not on this machine, the one that is missing.

    Build tools fetch them by themselves when they run tests, in the version that fits; few builds name them.
    """
    names = {jar.name for jar in build.jars}
    if any(name.startswith("junit-platform-console-standalone-") for name in names):
        return (), None
    platform = _version(names, "junit-platform-commons") or _version(names, "junit-platform-engine")
    jupiter = _version(names, "junit-jupiter-api")
    wanted = [_Artifact("org.junit.platform", "junit-platform-launcher", platform)]
    if jupiter is not None and not _version(names, "junit-jupiter-engine"):
        wanted.append(_Artifact("org.junit.jupiter", "junit-jupiter-engine", jupiter))
    if _version(names, "junit-platform-launcher"):
        wanted = wanted[1:]
    jars, missing = _closure(wanted, repositories)
    if missing:
        alone = _Artifact("org.junit.platform", "junit-platform-console-standalone", platform)
        jar = repositories.find(alone, "jar")
        return ((jar,), None) if jar is not None else ((), missing[0])
    return tuple(jar for jar in jars if jar.name not in names), None


def jars_of(coordinates: str, repositories: Repositories) -> tuple[Path, ...]:
    """Return the jar of an artifact and those that it needs, () where it is not on this machine."""
    jars, missing = _closure([_artifact(coordinates)], repositories)
    return () if missing else jars


def _version(names: Iterable[str], artifact: str) -> str | None:
    found = (re.fullmatch(rf"{re.escape(artifact)}-(\d[\w.-]*)\.jar", name) for name in names)
    return next((match[1] for match in found if match is not None), None)


def _own_jars(place: Place, folder: PurePosixPath) -> tuple[Path, ...]:
    """Jars that lie in the project, relative to the tree."""
    if place.source is None:
        return ()
    found: list[Path] = []
    for base in dict.fromkeys((folder, PurePosixPath("."))):
        for name in ("lib", "libs"):
            jars = sorted((place.source / base / name).glob("*.jar"))
            named = (base / name / jar.name for jar in jars if not jar.is_symlink())
            found += [Path(jar) for jar in named if place.is_file(jar)]
    return tuple(found[:_MOST_JARS])


def _artifact(coordinates: str) -> _Artifact:
    parts = coordinates.split("@")[0].split(":")
    version = parts[2] if len(parts) > 2 and "$" not in parts[2] and "+" not in parts[2] else None
    return _Artifact(parts[0], parts[1], version)


def _closure(wanted: Sequence[_Artifact], repositories: Repositories) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """The jars of ``wanted`` and of what they need in turn, nearest first, and the wanted ones that are not here."""
    jars: dict[tuple[str, str], Path] = {}
    missing: list[str] = []
    level = list(wanted)
    for depth in range(_DEEPEST):
        following: list[_Artifact] = []
        for artifact in level:
            key = (artifact.group, artifact.name)
            if key in jars or len(jars) >= _MOST_JARS:
                continue
            jar, pom = repositories.find(artifact, "jar"), repositories.find(artifact, "pom")
            if jar is not None:
                jars[key] = jar
            elif depth == 0 and pom is None:
                missing.append(":".join(filter(None, (artifact.group, artifact.name, artifact.version))))
            if pom is not None:
                read = _read(_Reading(None, repositories), None, pom, 0)
                following += [one for one in read.dependencies if not one.test]
        level = following
        if not level:
            break
    return tuple(jars.values()), tuple(missing)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Where poms are read from: the tree (None outside of it), and the repositories."""

    place: Place | None
    repositories: Repositories


def _read(reading: _Reading, file: PurePosixPath | None, path: Path | None, depth: int) -> _Pom:
    """A pom of the tree (``file``) or of a repository (``path``), on top of its parents'."""
    text = _text(reading.place, file, path)
    root = _parsed(text)
    if root is None or depth > _DEEPEST:
        return _Pom()
    parent = root.find("parent")
    pom = _Pom()
    if parent is not None:
        pom = _parent(reading, parent, file, depth)
    for element in root.find("properties") or ():
        pom.properties[element.tag] = (element.text or "").strip()
    for name in ("groupId", "artifactId", "version"):
        value = _child(root, name) or (_child(parent, name) if parent is not None and name != "artifactId" else None)
        if value:
            pom.properties[f"project.{name}"] = pom.properties[f"pom.{name}"] = pom.value(value) or value
    for element in root.iterfind("dependencyManagement/dependencies/dependency"):
        group, name = pom.value(_child(element, "groupId")), pom.value(_child(element, "artifactId"))
        version = pom.value(_child(element, "version"))
        if group and name and version and _child(element, "scope") == "import":
            found = reading.repositories.find(_Artifact(group, name, version), "pom")
            if found is not None:
                imported = _read(_Reading(None, reading.repositories), None, found, depth + 1)
                pom.managed = {**imported.managed, **pom.managed}
        elif group and name and version:
            pom.managed[group, name] = version
    for element in root.iterfind("dependencies/dependency"):
        group, name = pom.value(_child(element, "groupId")), pom.value(_child(element, "artifactId"))
        if group and name and _child(element, "optional") != "true":
            version = pom.value(_child(element, "version")) or pom.managed.get((group, name))
            test = (_child(element, "scope") or "compile") in ("test", "provided", "system")
            pom.dependencies.append(_Artifact(group, name, version, test))
    pom.processors = pom.processors or next(root.iter("annotationProcessorPaths"), None) is not None
    return pom


def _parent(reading: _Reading, parent: ElementTree.Element, file: PurePosixPath | None, depth: int) -> _Pom:
    if reading.place is not None and file is not None:
        relative = _child(parent, "relativePath") or "../pom.xml"
        above = PurePosixPath(*_normal((file.parent / relative).parts))
        above = above if above.suffix == ".xml" else above / "pom.xml"
        if ".." not in above.parts and reading.place.is_file(above) and above != file:
            return _read(reading, above, None, depth + 1)
    group, name, version = (_child(parent, part) for part in ("groupId", "artifactId", "version"))
    if group and name:
        found = reading.repositories.find(_Artifact(group, name, version), "pom")
        if found is not None:
            return _read(_Reading(None, reading.repositories), None, found, depth + 1)
    return _Pom()


def _normal(parts: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for part in parts:
        if part == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif part != ".":
            kept.append(part)
    return kept


def _text(place: Place | None, file: PurePosixPath | None, path: Path | None) -> str:
    if place is not None and file is not None:
        return place.text(file) or ""
    # Removed meanwhile, or too large: then nothing is known of it.
    return (read_text(path, most=_LARGEST) if path is not None else None) or ""


def _parsed(text: str) -> ElementTree.Element | None:
    """The tree without namespaces. A document type is refused: entities can be made to fill the memory."""
    try:
        root = parsed_xml(text, most=_LARGEST)
    except ValueError:
        return None
    for element in root.iter():
        if isinstance(element.tag, str):  # pyright: ignore[reportUnnecessaryIsInstance] - comments have a function
            element.tag = element.tag.rpartition("}")[2]
    return root


def _child(element: ElementTree.Element | None, name: str) -> str | None:
    found = element.find(name) if element is not None else None
    return found.text.strip() if found is not None and found.text else None


def _numbers(folder: Path) -> list[tuple[int, int, str]]:
    parts = re.findall(r"\d+|[a-zA-Z]+", folder.name)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]
