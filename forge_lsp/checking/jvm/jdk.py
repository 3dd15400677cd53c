"""The JDK of this machine, and what its compiler answers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.checking.gate import Fault
from forge_lsp.checking.jvm.homes import java_home
from forge_lsp.checking.problems import problem_at
from forge_lsp.checking.project import Place
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.reading import parsed_json

__all__ = ["INSTALL", "CompilerAnswer", "Jdk", "answer_of", "find_jdk", "major_version"]

INSTALL = "apt-get install default-jdk-headless"
_INSTALL_MAC = "brew install openjdk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Jdk:
    """``home`` holds ``bin/java`` and ``bin/javac``."""

    home: Path

    @property
    def java(self) -> Path:
        """The launcher."""
        return self.home / "bin" / "java"

    @property
    def javac(self) -> Path:
        """The compiler."""
        return self.home / "bin" / "javac"

    @property
    def release(self) -> int:
        """The Java release that it says it is in its own ``release`` file; 0 where it says nothing."""
        try:
            text = (self.home / "release").read_text("utf-8", "replace")
        except OSError:
            return 0
        found = re.search(r'^JAVA_VERSION="([^"]+)"', text, re.M)
        return major_version(found[1]) if found is not None else 0

    @property
    def readable(self) -> tuple[Path, ...]:
        """The folders it needs beside the system's."""
        return () if str(self.home).startswith("/usr/") else (self.home,)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilerAnswer:
    """``problems`` are the errors, ``fault`` the compiler's own failure, ``done`` that it came to its end."""

    problems: tuple[Diagnostic, ...]
    fault: str | None
    done: bool


def find_jdk(environment: Mapping[str, str], place: Place | None = None) -> Jdk | Fault:
    """Return the JDK that the project asks a version manager for, else that of ``JAVA_HOME``, else the one whose
    ``javac`` is on PATH; else what is lacking."""
    asked = java_home(place, environment) if place is not None else None
    if asked is not None:
        return Jdk(home=asked.resolve())
    named = environment.get("JAVA_HOME")
    if named and (Path(named) / "bin" / "javac").is_file():
        return Jdk(home=Path(named).resolve())
    found = shutil.which("javac", path=environment.get("PATH", ""))
    if found is not None:
        home = Path(found).resolve().parent.parent
        if (home / "bin" / "java").is_file():
            return Jdk(home=home)
    reason = "no Java compiler is installed (no javac on PATH, no JAVA_HOME)"
    if shutil.which("java", path=environment.get("PATH", "")) is not None and Path("/usr").is_dir():
        reason = "Java is installed without its compiler (no javac on PATH)"
    mac = Path("/usr/bin/xcode-select").exists()
    return Fault(reason=reason, remedy=_INSTALL_MAC if mac else INSTALL)


def major_version(text: str) -> int:
    """Return the major version: 17 of ``javac 17.0.15``, 8 of ``javac 1.8.0_402``, 0 where there is none."""
    match = re.search(r"(\d+)(?:\.(\d+))?", text)
    if match is None:
        return 0
    return int(match[2] or 0) if match[1] == "1" else int(match[1])


def answer_of(output: str, root: str, text_of: Callable[[PurePosixPath], str | None]) -> CompilerAnswer:
    """Return what ``Check`` printed; files relative to ``root``, columns in code points."""
    found: list[Diagnostic] = []
    texts: dict[str, str] = {}
    fault: str | None = None
    done = False
    for line in output.split("\n"):
        entry = _json(line)
        if entry is None:
            continue
        done = done or bool(entry.get("done"))
        if entry.get("fault"):
            fault = str(entry["fault"])
        if entry.get("kind") != "ERROR":
            continue
        path = PurePosixPath(str(entry.get("file") or ""))
        path = path.relative_to(root) if path.is_relative_to(root) else path
        file = path.as_posix() if entry.get("file") else ""
        if not file:
            fault = fault or str(entry.get("message"))
            continue
        if file not in texts:
            texts[file] = (text_of(path) or "") if not path.is_absolute() else ""
        line_at, column = _place(texts[file], int(entry["at"]))
        end_line, end_column = _place(texts[file], int(entry["end"]))
        found.append(
            problem_at(
                file,
                line_at or max(int(entry.get("line", 0)), 0),
                column,
                code=str(entry.get("code", "")).removeprefix("compiler.err."),
                message=" ".join(str(entry.get("message", "")).replace("\r", "").split()),
                source="javac",
                end=(end_line, end_column),
            )
        )
    return CompilerAnswer(problems=tuple(dict.fromkeys(found)), fault=fault, done=done)


def _json(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        return cast("dict[str, Any]", parsed_json(line))
    except ValueError:
        return None


def _place(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of an offset in UTF-16 units; zeros where there is none."""
    if offset < 0 or not text:
        return 0, 0
    before = text.encode("utf-16-le", "surrogatepass")[: 2 * offset].decode("utf-16-le", "replace")
    before = before.replace("\r\n", "\n").replace("\r", "\n")
    return before.count("\n") + 1, len(before) - before.rfind("\n")
