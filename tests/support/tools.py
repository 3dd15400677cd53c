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

__all__ = ["dotnet_environment", "kotlin_environment", "node_modules", "typescript_folder"]

_UNPACK = Path(__file__).parents[2].parent / "shared" / "dotnet" / "unpack"
_CACHE = Path.home() / ".cache" / "forge-lsp-tests"
_KOTLIN = "2.1.21"
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
    folder = _CACHE / f"{package}-{major}"
    with one_at_a_time(folder.name):
        if not (folder / "node_modules" / package / "package.json").is_file():
            folder.mkdir(parents=True, exist_ok=True)
            command = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", f"{package}@{major}"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
            if done.returncode != 0:
                pytest.skip(f"npm cannot install {package}@{major}: {done.stderr.strip()[-200:]}")
    return folder


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
