"""Which Python runs a project, which runs us, and what a box must show of it."""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.builds.project import Place

__all__ = ["Interpreter", "environment_at", "interpreter_of", "own_interpreter", "program"]

_SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/sbin")


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


def own_interpreter() -> Interpreter:
    """The interpreter that runs this server."""
    prefix, base = Path(sys.prefix), Path(sys.base_prefix)
    return Interpreter(
        path=Path(sys.executable),
        prefix=prefix,
        version=(sys.version_info.major, sys.version_info.minor),
        readable=_readable(prefix, base, Path(sys.executable).resolve().parent.parent),
    )


def interpreter_of(place: Place) -> Interpreter:
    """The nearest ``.venv`` or ``venv`` above the document inside its workspace, else the server's own.

    A workspace may have put any program there: run it in a sandbox only.
    """
    if place.source is not None:
        for folder in place.folders():
            for name in (".venv", "venv"):
                found = environment_at(place.source / folder / name)
                if found is not None:
                    return found
    return own_interpreter()


def environment_at(folder: Path) -> Interpreter | None:
    """The virtual environment in ``folder``, or None where it is not one."""
    executable = folder / "bin" / "python"
    try:
        lines = (folder / "pyvenv.cfg").read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    if not executable.exists():
        return None
    values = {key.strip().lower(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
    found = re.match(r"(\d+)\.(\d+)", values.get("version") or values.get("version_info") or "")
    version = (int(found[1]), int(found[2])) if found else (sys.version_info.major, sys.version_info.minor)
    bases = [executable.resolve().parent.parent]
    if values.get("home"):
        bases += [Path(values["home"]).parent, Path(values["home"]).resolve().parent]
    return Interpreter(path=executable, prefix=folder, version=version, readable=_readable(folder, *bases))


def _readable(*folders: Path) -> tuple[Path, ...]:
    """The folders less those that a sandbox shows anyway, and never a home folder or a whole disk."""
    home = Path.home()
    return tuple(
        dict.fromkeys(
            folder
            for folder in folders
            if folder.is_dir()
            and not str(folder).startswith(_SYSTEM)
            and folder not in (Path("/"), home, *home.parents)
        )
    )


def program(name: str) -> Path | None:
    """Where ``ruff`` or ``ty`` is: beside this server's interpreter (its own dependency), else on PATH. The real file:
    a box sees the folder of the program, not where a link in it leads."""
    for folder in (Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))):
        candidate = folder / name
        if candidate.is_file():
            return candidate.resolve()
    found = shutil.which(name)
    return Path(found).resolve() if found else None
