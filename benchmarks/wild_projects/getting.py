"""Getting a project by its registry's ordinary client, and setting it up as a person would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.wild_projects import Source

__all__ = ["Unavailable", "command_of", "environment_of", "got", "ran"]

_SETUP_SECONDS = 900
_IGNORED = (".venv/", "node_modules/", "target/", "build/", "__pycache__/", "*.pyc", "*.egg-info/", ".pytest_cache/")


class Unavailable(Exception):
    """A project cannot be had or set up here. ``str(error)`` says why."""


def environment_of(source: Source) -> dict[str, str]:
    """The variables that the project's own commands get."""
    return {**os.environ, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1", **source.env}


def command_of(command: Sequence[str], root: Path) -> list[str]:
    """A command of the table with its interpreters, and with file patterns as a shell would expand them."""
    named = {"{python}": sys.executable, "{venv}": str(root / ".venv/bin/python")}
    words: list[str] = []
    for word in command:
        files = sorted(str(file.relative_to(root)) for file in root.glob(word)) if "*" in word else []
        words += files or [named.get(word, word)]
    return words


def ran(command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command and return what it printed. Raises Unavailable with the end of its output."""
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=_SETUP_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]}: {error}") from None
    if done.returncode:
        raise Unavailable(f"{' '.join(command)[:80]}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def got(source: Source, folder: Path, checkout: Path | None = None) -> Path:
    """Return the project's folder below ``folder``, unpacked, committed to a repository of its own and set up.

    ``checkout`` is a clone (or a bare repository) of it, where that is its kind. What is there already is taken as it
    is. Raises Unavailable.
    """
    root = folder / source.name
    done = folder / f"{source.name}.ready"
    if done.is_file() and done.read_text() == repr(source):
        return root
    shutil.rmtree(root, ignore_errors=True)
    for kept in ("known", "verdicts"):
        folder.joinpath(f"{source.name}.{kept}.json").unlink(missing_ok=True)
    if source.kind == "checkout":
        if checkout is None:
            raise Unavailable(f"it is a clone of {source.package}: name its folder with --checkout")
        ran(("git", "clone", "-q", "--depth", "1", f"file://{checkout}", str(root)), folder)
    else:
        _FROM[source.kind](source, root)
    if not (root / ".git").exists():
        ran(("git", "init", "-q"), root)
    exclude = root / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("\n".join(_IGNORED) + "\n")
    for command in source.setup:
        ran(command_of(command, root), root, environment_of(source))
    author = ("-c", "user.name=wild", "-c", "user.email=wild@localhost")
    ran(("git", *author, "add", "-A"), root)
    ran(("git", *author, "commit", "-q", "--allow-empty", "-m", "as it came"), root)
    done.write_text(repr(source))
    return root


def _of_pypi(source: Source, root: Path) -> None:
    away = root.with_suffix(".sdist")
    where = ("--no-deps", "--no-binary", source.package, "-d", str(away))
    ran((sys.executable, "-m", "pip", "download", "-q", *where, f"{source.package}=={source.version}"), root.parent)
    _unpacked(next(away.glob("*.tar.gz")), root)
    shutil.rmtree(away)


def _of_npm(source: Source, root: Path) -> None:
    away = root.with_suffix(".packed")
    away.mkdir(exist_ok=True)
    ran(("npm", "pack", "-s", f"{source.package}@{source.version}"), away)
    _unpacked(next(away.glob("*.tgz")), root)
    shutil.rmtree(away)


def _unpacked(archive: Path, root: Path) -> None:
    away = root.with_suffix(".unpacked")
    with tarfile.open(archive) as tar:
        tar.extractall(away, filter="data")
    (inner,) = away.iterdir()
    inner.replace(root)
    away.rmdir()


def _of_go(source: Source, root: Path) -> None:
    found = json.loads(ran(("go", "mod", "download", "-json", f"{source.package}@{source.version}"), root.parent))
    _copied(Path(found["Dir"]), root)


def _of_crate(source: Source, root: Path) -> None:
    away = root.with_suffix(".wanted")
    (away / "src").mkdir(parents=True, exist_ok=True)
    (away / "src" / "lib.rs").touch()
    wanted = f'{source.package} = "={source.version}"'
    (away / "Cargo.toml").write_text(
        f'[package]\nname = "wanted"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n{wanted}\n[workspace]\n'
    )
    ran(("cargo", "vendor", "-q", "vendored"), away)
    _copied(away / "vendored" / source.package, root)
    (root / ".cargo-checksum.json").unlink(missing_ok=True)
    if (root / "Cargo.toml.orig").is_file():  # as its authors wrote it
        (root / "Cargo.toml.orig").replace(root / "Cargo.toml")
    shutil.rmtree(away)


def _of_maven(source: Source, root: Path) -> None:
    away = root.with_suffix(".jars")
    root.mkdir()
    for what, folder in (("jar:sources", "src/main/java"), ("jar:test-sources", "src/test/java"), ("pom", "")):
        artifact = f"-Dartifact={source.package}:{source.version}:{what}"
        where = (f"-DoutputDirectory={away}", "-Dmdep.useBaseVersion=true")
        ran(("mvn", "-q", "-B", "dependency:copy", artifact, *where), root)
        for file in away.iterdir():
            if file.suffix == ".pom":
                file.replace(root / "pom.xml")
            else:
                _java_of(file, root / folder)
        shutil.rmtree(away)


def _java_of(archive: Path, folder: Path) -> None:
    """Sources into their folder, what else tests read beside it."""
    with zipfile.ZipFile(archive) as jar:
        for name in jar.namelist():
            if not name.endswith("/") and not name.startswith("META-INF/"):
                jar.extract(name, folder if name.endswith(".java") else folder.with_name("resources"))


def _copied(origin: Path, root: Path) -> None:
    shutil.copytree(origin, root)
    for path in (root, *root.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)


_FROM: Mapping[str, Callable[[Source, Path], None]] = {
    "pypi": _of_pypi,
    "npm": _of_npm,
    "go": _of_go,
    "crate": _of_crate,
    "maven": _of_maven,
}
