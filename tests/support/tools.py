"""Real compilers for the tests, fetched where that can be done; skips with the reason where it cannot."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = [
    "dotnet_environment",
    "dotnet_with_format",
    "google_java_format",
    "kotlin_environment",
    "node_modules",
    "typescript_folder",
]

_UNPACK = Path(__file__).parents[2].parent / "shared" / "dotnet" / "unpack"
_CACHE = Path.home() / ".cache" / "forge-lsp-tests"
_KOTLIN = "2.1.21"
_GOOGLE_JAVA_FORMAT = "1.28.0"  # the last for Java 17
_JARS = (
    f"org.jetbrains.kotlin:kotlin-compiler-embeddable:{_KOTLIN}",
    f"org.jetbrains.kotlin:kotlin-test-junit5:{_KOTLIN}",
    f"org.jetbrains.kotlin:kotlin-test-junit:{_KOTLIN}",
    "org.junit.jupiter:junit-jupiter:5.10.2",
    "org.junit.platform:junit-platform-launcher:1.10.2",
)


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Keep other test processes from fetching the same thing at the same time."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def dotnet_environment() -> Mapping[str, str]:
    """This process' environment with a .NET SDK in it: the one on PATH, else the tests' own."""
    if shutil.which("dotnet") is not None:
        return dict(os.environ)
    if not _UNPACK.is_file():
        pytest.skip("no .NET SDK on PATH, and none beside the checkout")
    script = f'. "$({shlex.quote(str(_UNPACK))})" && env -0'
    with one_at_a_time("dotnet"):
        done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=300, check=True)
    pairs = (entry.partition("=") for entry in done.stdout.decode().split("\0") if entry)
    return {name: value for name, _, value in pairs}


def typescript_folder(major: str) -> Path:
    """A folder with ``node_modules/typescript`` of one major version; fetched once and kept."""
    return node_modules("typescript", major)


def node_modules(package: str, major: str) -> Path:
    """A folder with ``node_modules/<package>`` of one major version; fetched once and kept."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("npm is not installed")
    folder = _CACHE / f"{package.replace('/', '-')}-{major}"
    with one_at_a_time(folder.name):
        if not (folder / "node_modules" / package / "package.json").is_file():
            folder.mkdir(parents=True, exist_ok=True)
            command = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", f"{package}@{major}"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
            if done.returncode != 0:
                pytest.skip(f"npm cannot install {package}@{major}: {done.stderr.strip()[-200:]}")
    return folder


def google_java_format() -> Path:
    """A folder with the program ``google-java-format``; Maven fetches its jar once, and it is kept."""
    if shutil.which("java") is None:
        pytest.skip("no Java is installed")
    folder = _CACHE / f"google-java-format-{_GOOGLE_JAVA_FORMAT}"
    jar, program = folder / "google-java-format.jar", folder / "google-java-format"
    with one_at_a_time(folder.name):
        if not jar.is_file():
            if shutil.which("mvn") is None:
                pytest.skip("Maven is not installed: it fetches google-java-format")
            folder.mkdir(parents=True, exist_ok=True)
            repository = folder / "repository"
            artifact = f"com.google.googlejavaformat:google-java-format:{_GOOGLE_JAVA_FORMAT}:jar:all-deps"
            _fetched(artifact, repository)
            (found,) = repository.rglob(f"google-java-format-{_GOOGLE_JAVA_FORMAT}-all-deps.jar")
            shutil.copyfile(found, jar)
        if not program.is_file():
            program.write_text(f'#!/bin/sh\nexec java -jar "$(dirname "$0")/{jar.name}" "$@"\n', "utf-8")
            program.chmod(0o755)
    return folder


def dotnet_with_format() -> Mapping[str, str]:
    """As :func:`dotnet_environment`, of an SDK that has ``dotnet format``."""
    environment = dotnet_environment()
    command = [shutil.which("dotnet", path=environment["PATH"]) or "dotnet", "format", "whitespace", "--help"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0 or "--folder" not in done.stdout:
        pytest.skip("the .NET SDK here has no `dotnet format`")
    return environment


def _fetched(artifact: str, repository: Path) -> None:
    get = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get"
    command = ["mvn", "-q", "-B", f"-Dmaven.repo.local={repository}", get, f"-Dartifact={artifact}"]
    done = subprocess.run([*command, "-Dtransitive=false"], capture_output=True, text=True, timeout=280, check=False)
    if done.returncode != 0:
        pytest.skip(f"mvn cannot fetch {artifact}: {done.stdout.strip()[-200:]}")


def kotlin_environment() -> Mapping[str, str]:
    """This process' environment with a home in which Maven has fetched a Kotlin compiler, JUnit and kotlin.test."""
    if shutil.which("javac") is None:
        pytest.skip("no JDK is installed (no javac on PATH)")
    home = _CACHE / "kotlin"
    repository = home / ".m2" / "repository"
    with one_at_a_time(home.name):
        for one in _JARS:
            group, name, version = one.split(":")
            if (repository / group.replace(".", "/") / name / version / f"{name}-{version}.jar").is_file():
                continue
            if shutil.which("mvn") is None:
                pytest.skip("Maven is not installed: it fetches the Kotlin compiler")
            get = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get"
            command = ["mvn", "-q", "-B", f"-Dmaven.repo.local={repository}", get, f"-Dartifact={one}"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
            if done.returncode != 0:
                pytest.skip(f"mvn cannot fetch {one}: {done.stdout.strip()[-200:]}")
    return {**{name: value for name, value in os.environ.items() if name != "KOTLIN_HOME"}, "HOME": str(home)}
