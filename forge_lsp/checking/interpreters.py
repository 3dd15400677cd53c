"""Which Python runs a project, which runs us, and what a box must show of it."""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.checking.environments import declared, found_for, on_path
from forge_lsp.checking.project import Place
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.reading import read_text
from forge_lsp.sandbox.exposure import Origin, exposed

__all__ = ["Interpreter", "environment_at", "interpreter_of", "own_interpreter", "program", "python_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python that runs the project: its executable, the environment's folder, and what must be readable."""

    path: Path
    prefix: Path
    version: tuple[int, int]
    readable: tuple[Path, ...]

    @property
    def packages(self) -> Path:
        """The folder that changes when a package is installed or removed."""
        return self.prefix / "lib" / f"python{self.version[0]}.{self.version[1]}" / "site-packages"

    @property
    def installed(self) -> frozenset[str]:
        """The names of the packages that are installed for it, in lower case with underscores. Reads the disk."""
        number = f"python{self.version[0]}.{self.version[1]}"
        folders = [self.packages, *(self.prefix / "lib" / name / "dist-packages" for name in ("python3", number))]
        folders += [Path("/usr/local/lib") / number / "dist-packages"] if str(self.prefix) == "/usr" else []
        found = (entry.name for folder in folders for entry in folder.glob("*-info"))
        return frozenset(re.sub(r"[-_.]+", "_", name.partition("-")[0]).lower() for name in found)

    @property
    def is_ours(self) -> bool:
        """Whether it is the one that runs this server: then nothing of the project's own was found."""
        return self.prefix == Path(sys.prefix)


def own_interpreter() -> Interpreter:
    """The interpreter that runs this server."""
    prefix, base = Path(sys.prefix), Path(sys.base_prefix)
    return Interpreter(
        path=Path(sys.executable),
        prefix=prefix,
        version=(sys.version_info.major, sys.version_info.minor),
        readable=exposed(
            (prefix, base, Path(sys.executable).resolve().parent.parent), origin=Origin.USER, workspace=None
        ),
    )


def interpreter_of(place: Place, environment: Mapping[str, str] | None = None, named: str | None = None) -> Interpreter:
    """The Python that runs the document's project.

    ``named`` is the one that the user's settings or the editor name: a program, an environment's folder, or a name on
    PATH. Else the project's own environment, wherever it is kept; else the Python of PATH, where more of the packages
    that the project names are installed for it than for us; else the server's own. ``environment`` is the server's own
    (``PATH``, ``VIRTUAL_ENV``, ...). A workspace may have put any program there: run it in a sandbox only.

    Raises EnvironmentFault where ``named`` is no Python.
    """
    known = environment or {}
    if named:
        found = _named(named, place, known)
        if found is None:
            raise EnvironmentFault(
                f"{named} (check.python.interpreter, or the editor's choice) is no Python that can be run here",
                remedy="name a Python program or an environment's folder: check.python.interpreter",
            )
        return found
    for candidate in found_for(place, known):
        found = python_at(candidate, workspace=place.source)
        if found is not None:
            return found
    own = own_interpreter()
    first = on_path(known)
    other = python_at(first) if first is not None else None
    if other is None or other.version < (3, 8):
        return own
    wanted = declared(place)
    return other if len(wanted & other.installed) > len(wanted & own.installed) else own


def _named(named: str, place: Place, environment: Mapping[str, str]) -> Interpreter | None:
    root = str(place.source) if place.source is not None else "."
    path = re.sub(r"\$\{workspace(?:Folder|Root)\}", lambda _: root, named.strip())
    if "/" not in path:
        found = shutil.which(path, path=environment.get("PATH", ""))
        inside = place.source / path if place.source is not None else None
        if found is None and inside is not None and inside.is_dir():
            return python_at(inside, workspace=place.source)
        return python_at(Path(found), workspace=place.source) if found is not None else None
    return python_at(Path(root) / Path(path).expanduser(), workspace=place.source)


def python_at(path: Path, *, workspace: Path | None = None) -> Interpreter | None:
    """The Python at ``path``: a program, or the folder of an environment; None where there is none. ``workspace``: the
    one whose files may have named it."""
    try:
        if path.is_dir():
            return environment_at(path, workspace=workspace)
        if not path.is_file() or not re.fullmatch(r"(?:python|pypy|graalpy)[\d.]*", path.name):
            return None
        return environment_at(path.parent.parent, workspace=workspace) or _installed_at(path, workspace)
    except OSError:
        return None  # not ours to look at


def environment_at(folder: Path, *, workspace: Path | None = None) -> Interpreter | None:
    """The virtual or conda environment in ``folder``, or None where it is not one. ``workspace``: the one whose files
    named it; what it says of its base then opens a real Python and nothing else."""
    # Where a link leads, since a copy of the project does not have those that lead out of it.
    folder = folder.resolve() if folder.is_symlink() else folder
    executable = folder / "bin" / "python"
    if not executable.exists():
        return None
    text = read_text(folder / "pyvenv.cfg")
    if text is None:
        return _installed_at(executable, workspace) if (folder / "conda-meta").is_dir() else None
    lines = text.splitlines()
    values = {key.strip().lower(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
    found = re.match(r"(\d+)\.(\d+)", values.get("version") or values.get("version_info") or "")
    version = (int(found[1]), int(found[2])) if found else (sys.version_info.major, sys.version_info.minor)
    bases = [executable.resolve().parent.parent]
    if values.get("home"):
        bases += [Path(values["home"]).parent, Path(values["home"]).resolve().parent]
    origin = Origin.USER if workspace is None else Origin.WORKSPACE
    shown = exposed((folder,), origin=origin, workspace=workspace)
    # The bases are named by a file and a link in it, whoever named the environment.
    shown += exposed(bases, origin=Origin.WORKSPACE, workspace=workspace)
    return Interpreter(path=executable, prefix=folder, version=version, readable=tuple(dict.fromkeys(shown)))


def _installed_at(program: Path, workspace: Path | None) -> Interpreter | None:
    """The Python that stands by itself, with a library of its own."""
    real = program.resolve()
    prefix = real.parent.parent
    versions = sorted(
        (int(match[1]), int(match[2]))
        for library in prefix.glob("lib*/python3.*/os.py")
        if (match := re.fullmatch(r"python(\d+)\.(\d+)", library.parent.name)) is not None
    )
    named = re.fullmatch(r"python(\d+)\.(\d+)", real.name)
    version = (int(named[1]), int(named[2])) if named is not None else versions[-1] if versions else None
    if version is None or version not in versions:
        return None
    origin = Origin.USER if workspace is None else Origin.WORKSPACE
    shown = exposed((prefix,), origin=origin, workspace=workspace)
    return Interpreter(path=real, prefix=prefix, version=version, readable=shown) if shown else None


def program(name: str) -> Path | None:
    """Where ``ruff`` or ``ty`` is: beside this server's interpreter (its own dependency), else on PATH. The real file:
    a box sees the folder of the program, not where a link in it leads."""
    for folder in (Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))):
        candidate = folder / name
        if candidate.is_file():
            return candidate.resolve()
    found = shutil.which(name)
    return Path(found).resolve() if found else None
