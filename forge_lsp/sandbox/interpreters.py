"""A Python on this machine, the one that runs us or another, and what a box must show of it."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.reading import read_text
from forge_lsp.sandbox.exposure import Origin, exposed

__all__ = ["Interpreter", "environment_at", "own_interpreter", "python_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python: its executable, the environment's folder, and what must be readable."""

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
