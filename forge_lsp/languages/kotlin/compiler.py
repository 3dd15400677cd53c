"""The Kotlin compiler of this machine, and what it answers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from forge_lsp.checking.gate import Fault
from forge_lsp.checking.jvm.jdk import Jdk
from forge_lsp.checking.jvm.maven import Repositories, jars_of
from forge_lsp.checking.problems import problem_at
from forge_lsp.checking.versions import CHOSEN
from forge_lsp.core.attempt import Diagnostic

__all__ = ["INSTALL", "SYNTAX", "Kotlinc", "command_of", "find_compiler", "problems_of"]

INSTALL = "sdk install kotlin (https://sdkman.io), or ./gradlew build: Gradle fetches the project's own compiler"
SYNTAX = "SYNTAX"
_ARTIFACTS = ("kotlin-compiler-embeddable", "kotlin-compiler")
_LIBRARIES = re.compile(
    r"(?:kotlin-(?:compiler(?:-embeddable)?|stdlib(?:-jdk[78])?|script-runtime|reflect|daemon(?:-\w+)?)|trove4j|"
    r"annotations|kotlinx-coroutines-core(?:-jvm)?)(?:-\d[\w.]*)?\.jar"
)
_STANDARD = re.compile(r"(?:kotlin-stdlib(?:-jdk[78])?|annotations)(?:-\d[\w.]*)?\.jar")
_MAIN = "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler"
_HEAD = re.compile(
    r"(?P<file>[^:\n]+):(?P<line>\d+):(?P<column>\d+): (?P<kind>error|warning|info): "
    r"(?:\[(?P<code>[A-Z][A-Z0-9_]*)\] )?(?P<message>.*)"
)
_OTHER = re.compile(r"(?:error|exception|warning|info): ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kotlinc:
    """A compiler: ``jars`` to run it, ``standard`` among them the library that code is compiled against. ``where`` is
    its folder, or the artifact that it comes as."""

    jars: tuple[Path, ...]
    where: str

    @property
    def standard(self) -> tuple[Path, ...]:
        """The standard library that comes with it."""
        return tuple(jar for jar in self.jars if _STANDARD.fullmatch(jar.name))

    @property
    def readable(self) -> tuple[Path, ...]:
        """The folders it needs beside the system's."""
        return tuple(dict.fromkeys(jar.parent for jar in self.jars if not str(jar).startswith("/usr/")))


def find_compiler(environment: Mapping[str, str], repositories: Repositories, version: str | None) -> Kotlinc | Fault:
    """The compiler that the user names (``KOTLIN_HOME``), else the project's own ``version`` where a build tool has
    fetched it, else the ``kotlinc`` on PATH, else the newest that was fetched; else what is lacking."""
    named = environment.get("KOTLIN_HOME")
    if named and (found := _at(Path(named))) is not None:
        return found
    own = None if CHOSEN in environment or version is None else _fetched(repositories, version)
    if own is not None:
        return own
    program = shutil.which("kotlinc", path=environment.get("PATH", ""))
    if program is not None and (found := _at(Path(program).resolve().parent.parent)) is not None:
        return found
    newest = _fetched(repositories, None)
    if newest is not None:
        return newest
    return Fault(reason="no Kotlin compiler is here (no kotlinc on PATH, no KOTLIN_HOME)", remedy=INSTALL)


def _at(home: Path) -> Kotlinc | None:
    """The compiler below a folder; Homebrew has it in another one below that."""
    for folder in (home / "lib", home / "libexec" / "lib", home / "kotlinc" / "lib"):
        jars = tuple(sorted(jar for jar in folder.glob("*.jar") if _LIBRARIES.fullmatch(jar.name)))
        if any(jar.name.startswith("kotlin-compiler") for jar in jars):
            return Kotlinc(jars=jars, where=str(home))
    return None


def _fetched(repositories: Repositories, version: str | None) -> Kotlinc | None:
    for name in _ARTIFACTS:
        coordinates = f"org.jetbrains.kotlin:{name}" + (f":{version}" if version else "")
        jars = jars_of(coordinates, repositories)
        if any(_STANDARD.fullmatch(jar.name) for jar in jars) and jars[0].name.startswith(name):
            return Kotlinc(jars=jars, where=jars[0].stem)
    return None


def command_of(compiler: Kotlinc, jdk: Jdk, *arguments: str) -> tuple[str, ...]:
    """The command that runs the compiler."""
    java = (str(jdk.java), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx1g", "-Xss4m")
    return (*java, "-Djava.awt.headless=true", "-cp", ":".join(map(str, compiler.jars)), _MAIN, *arguments)


def problems_of(
    output: str, root: str, text_of: Callable[[PurePosixPath], str | None]
) -> tuple[tuple[Diagnostic, ...], str]:
    """The errors that the compiler printed, files relative to ``root``, columns in code points; and what it said that
    stands at no place in a file."""
    blocks: list[tuple[re.Match[str], list[str]]] = []
    other: list[str] = []
    current: list[str] = other
    for line in output.replace("\r", "").split("\n"):
        match = _HEAD.fullmatch(line)
        if match is not None:
            current = []
            blocks.append((match, current))
        elif _OTHER.match(line):
            current = other
            if not line.startswith(("warning", "info")):
                other.append(line)
        else:
            current.append(line)
    found: list[Diagnostic] = []
    texts: dict[PurePosixPath, list[str]] = {}
    for match, rest in blocks:
        if match["kind"] != "error":
            continue
        path = PurePosixPath(match["file"])
        path = path.relative_to(root) if path.is_relative_to(root) else path
        if path not in texts:
            texts[path] = (text_of(path) or "").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        found.append(_diagnostic(path, match, rest, texts[path]))
    return tuple(dict.fromkeys(found)), "\n".join(other).strip()


def _diagnostic(path: PurePosixPath, match: re.Match[str], rest: Sequence[str], lines: Sequence[str]) -> Diagnostic:
    number, column = int(match["line"]), int(match["column"])
    while rest and not rest[-1].strip():
        rest = rest[:-1]
    width = 0
    if len(rest) > 1 and re.fullmatch(r"\s*\^+", rest[-1]):
        width, rest = rest[-1].count("^"), rest[:-2]
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    start = _points(line, column)
    return problem_at(
        path.as_posix(),
        number,
        start,
        code=match["code"] or (SYNTAX if re.match(r"(?i)syntax error|expecting\b", match["message"]) else ""),
        message=" ".join(" ".join((match["message"], *rest)).split()),
        source="kotlinc",
        end=(number if width else 0, max(_points(line, column + width), start + 1) if width else 0),
    )


def _points(line: str, column: int) -> int:
    """A column in code points, from one in UTF-16 units; both from 1."""
    before = line.encode("utf-16-le", "surrogatepass")[: 2 * max(column - 1, 0)].decode("utf-16-le", "replace")
    return len(before) + 1 + max(column - 1 - len(line.encode("utf-16-le", "surrogatepass")) // 2, 0)
