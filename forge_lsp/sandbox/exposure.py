"""Which paths of the host a sandbox may show: every one of them passes :func:`exposed`, in each kind of sandbox.

A path is judged by where it really leads, and by who named it. What a file of the workspace names (``pyvenv.cfg``, a
link in ``node_modules``, ``rust-toolchain.toml``, a build file) came with somebody's repository: it may only be inside
the workspace, or a toolchain by its own marks, of which only the parts that run are shown.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import lru_cache
from pathlib import Path

from forge_lsp.sandbox.marks import (
    environment_marks,
    holds_headers,
    is_toolchain,
    package_at,
    parts_of,
)
from forge_lsp.sandbox.profile import SYSTEM, interpreter_folders

__all__ = ["Origin", "exposed", "folders_of", "mounts_of"]


class Origin(Enum):
    """Who named a path."""

    USER = "user"
    """The user's settings or environment (``PATH``, ``JAVA_HOME``), or this server itself."""
    WORKSPACE = "workspace"
    """A file of the workspace."""


_OURS = Path(__file__).parents[1]
_CLOSED = ("/proc", "/sys", "/dev", "/boot", "/etc", "/lost+found", "/tmp/.X11-unix", "/private/etc")
"""Never shown, whoever names it, beyond what every sandbox shows of it."""
_OTHERS = ("/run", "/var", "/home", "/root", "/Users", "/private/var", "/media", "/mnt/c/Users", "/srv")
"""Where sockets, services' data and other users' files are: of it only toolchains, and what lies in the user's home."""
_TEMPORARY = ("/var/tmp", "/var/folders", "/private/var/folders")
_EXACTLY = frozenset(
    {".local", ".local/share", ".local/state", ".local/lib", ".config", ".cache", ".cargo", ".m2", ".gradle", ".nuget"}
    | {".npm", ".bun", ".deno", ".pyenv", ".nvm", ".rustup", ".sdkman", ".asdf", ".volta", "Library"}
)
"""Folders of the home that hold toolchains or packages beside other things: never shown whole."""
_PRIVATE = frozenset(
    {".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".config", ".password-store", ".mozilla", ".thunderbird"}
    | {".pki", ".oci", ".gcloud", ".terraform.d", ".putty", ".mail", ".claude", ".codex", ".vscode", ".vscode-server"}
    | {".minikube", ".ansible", ".subversion", ".irssi", ".purple", ".wine", ".dbus", ".gem", ".bluemix", "Library"}
)
"""First folders below the home of which nothing is shown but toolchains and packages."""
_PRIVATE_BELOW = (".local/share/keyrings", ".local/share/kwalletd", ".local/share/TelegramDesktop", ".local/share/mail")
_PACKAGES = ("/var/lib/gems",)
"""Below the others: where a system keeps packages for all its users."""
_RECIPES = ("node_modules", "site-packages")


def exposed(paths: Iterable[Path], *, origin: Origin, workspace: Path | None) -> tuple[Path, ...]:
    """Those of ``paths`` that may be shown, or the parts of them that may; in order, each once.

    ``workspace`` is the folder that is checked; None for a temp project. What may not be shown is left out: a tool that
    needs it then fails as one that is not installed.
    """
    found = (shown for path in paths for shown, _ in _judged(Path(os.path.abspath(path)), origin, workspace))  # noqa: PTH100
    return tuple(dict.fromkeys(found))


def mounts_of(paths: Iterable[Path], workspace: Path | None) -> tuple[tuple[Path, Path], ...]:
    """(host path, path in the box) of what is to be shown beside the system and the project at ``workspace``.

    The host path is the one that was judged, links followed: a link that is changed meanwhile changes nothing. What is
    named by way of a link is shown in both places, since programs ask where they really are.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        for shown, real in _judged(Path(os.path.abspath(path)), Origin.USER, workspace):  # noqa: PTH100
            for place in (shown, real):
                if not _below(place, SYSTEM) and not (workspace is not None and place.is_relative_to(workspace)):
                    found.setdefault(place, real)
    return tuple((real, place) for place, real in found.items())


def folders_of(paths: Iterable[Path], workspace: Path | None) -> tuple[Path, ...]:
    """The same for a sandbox that shows all at its own place: where each really is, the project's own included."""
    found = (real for path in paths for _, real in _judged(Path(os.path.abspath(path)), Origin.USER, workspace))  # noqa: PTH100
    return tuple(dict.fromkeys(real for real in found if not _below(real, SYSTEM)))


def _related(real: Path, home: Path) -> bool:
    return real.is_relative_to(home) or home.is_relative_to(real)


def _judged(path: Path, origin: Origin, workspace: Path | None) -> Iterator[tuple[Path, Path]]:
    """``path`` as it may be shown: (as named, where it really is)."""
    real = _real(path)
    if real is None:
        return
    inside = _real(workspace) if workspace is not None else None
    if _below(real, SYSTEM) or (inside is not None and _of_project(real, inside)):
        yield path, real
        return
    named = _may_name(real, inside) if origin is Origin.USER else _may_be_named(real, inside)
    if named:
        yield path, real
        return
    if len(real.parts) > 1 and not _below(real, _CLOSED) and (is_toolchain(real) or environment_marks(real)):
        for part in parts_of(real):
            where = _real(part)
            if where is not None and (_below(where, SYSTEM) or where.is_relative_to(real)):
                yield path / part.relative_to(real), where


def _may_name(real: Path, workspace: Path | None) -> bool:
    """Whether the user's own settings and environment may show it whole."""
    if any(_related(real, home) and _whole_is_too_much(real, home) for home in _homes()):
        return False
    if real == _OURS or real.is_relative_to(_OURS) or real in _interpreter():
        return True
    return not _closed(real, workspace) or (_in_toolchain(real) and not _below(real, _CLOSED))


def _may_be_named(real: Path, workspace: Path | None) -> bool:
    """Whether a file of the workspace may show it whole: packages of npm, and a vendor's headers."""
    if _closed(real, workspace):
        return False
    return "node_modules" in real.parts or package_at(real) or (_below(real, ("/opt",)) and holds_headers(real))


def _closed(real: Path, workspace: Path | None) -> bool:
    """Whether it is one of the places that no path may open."""
    if len(real.parts) < 2 or real in map(Path, (*_OTHERS, "/opt", "/mnt", "/tmp", "/usr", "/private", "/private/tmp")):
        return True
    if workspace is not None and workspace.is_relative_to(real) and not is_toolchain(real):
        return True
    if _below(real, _CLOSED):
        return True
    for home in _homes():
        if _whole_is_too_much(real, home):
            return True
        if real.is_relative_to(home):
            inner = real.relative_to(home)
            return _private(inner) and not _in_toolchain(real) and not set(inner.parts) & set(_RECIPES)
    if real.is_relative_to("/home/linuxbrew/.linuxbrew"):
        return False
    return _below(real, _OTHERS) and not _below(real, (*_TEMPORARY, *_PACKAGES))


def _in_toolchain(real: Path) -> bool:
    """Whether it is a toolchain, or lies in one that has its folder to itself."""
    for folder in (real, *real.parents[:4]):
        if len(folder.parts) < 3 or any(
            _related(folder, home) and _whole_is_too_much(folder, home) for home in _homes()
        ):
            return False
        if is_toolchain(folder) or environment_marks(folder):
            return True
    return False


def _whole_is_too_much(real: Path, home: Path) -> bool:
    if home.is_relative_to(real):
        return True
    return real.is_relative_to(home) and real.relative_to(home).as_posix() in _EXACTLY


def _private(inner: Path) -> bool:
    """``inner``: relative to a home."""
    first = inner.parts[0] if inner.parts else ""
    if not first or first in _PRIVATE or (first.startswith(".") and len(inner.parts) == 1):
        return True
    return any(inner.is_relative_to(name) for name in _PRIVATE_BELOW)


def _of_project(real: Path, workspace: Path) -> bool:
    """Whether it lies in the workspace; where that is, or holds, a home, its dot files are not the project's."""
    if not real.is_relative_to(workspace):
        return False
    for home in _homes():
        if home.is_relative_to(workspace) and real.is_relative_to(home):
            inner = real.relative_to(home)
            return not inner.parts or not inner.parts[0].startswith(".")
    return True


def _homes() -> tuple[Path, ...]:
    """The home folder as the environment and as the system has it."""
    return _homes_with(os.environ.get("HOME"))


@lru_cache(maxsize=8)
def _homes_with(named: str | None) -> tuple[Path, ...]:
    del named  # Path.home() looks at it
    found: list[Path] = []
    with contextlib.suppress(RuntimeError):  # no HOME, and no entry either
        found.append(Path.home())
    if os.name == "posix":
        import pwd

        with contextlib.suppress(KeyError):  # a user without an entry, as in some containers
            found.append(Path(pwd.getpwuid(os.getuid()).pw_dir))
    real = dict.fromkeys(home for one in found if (home := _real(one)) is not None and len(home.parts) > 1)
    return tuple(real)


@lru_cache(maxsize=1)
def _interpreter() -> frozenset[Path | None]:
    return frozenset(map(_real, interpreter_folders()))


def _below(path: Path, folders: Iterable[str]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _real(path: Path) -> Path | None:
    """Where it leads; None for what is neither a folder nor a plain file: a socket or a FIFO is never shown."""
    try:
        real = path.resolve(strict=True)
        mode = real.stat().st_mode
    except (OSError, RuntimeError, ValueError):
        return None
    return real if stat.S_ISDIR(mode) or stat.S_ISREG(mode) else None
