"""From a :class:`~forge_lsp.core.ports.Tree` to what commands see, without touching the user's folder.

An overlay has layers, uppermost first: what commands write, the tree's ``files``, the user's folder. The files are a
layer of their own rather than being written over the mounted overlay: as an ordinary user a file with a foreign
owner or group cannot be opened for writing there (EOVERFLOW), only replaced.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Tree
from forge_lsp.sandbox.unusable import unusable

__all__ = ["MAX_READ", "checked", "read_beneath", "read_layers", "write_copy_files", "write_layer"]

MAX_READ = 64 * 1024 * 1024
"""Bytes; a larger file that a command wrote is not read back."""


def checked(path: PurePosixPath) -> PurePosixPath:
    """A relative path that stays below its root. Raises ValueError for any other."""
    if path.is_absolute() or not path.parts or ".." in path.parts or "\0" in str(path):
        raise ValueError(f"not a path inside the project: {path}")
    return path


def write_layer(tree: Tree, layer: Path) -> None:
    """Write ``tree.files`` into the empty folder ``layer``, as an overlayfs layer to lie over ``tree.source``.

    An absent file (None) becomes a whiteout: a character device 0/0, which an ordinary user may make since
    Linux 5.8. Raises OSError where that is refused. A buffer that says what its file says is left to the file: an
    editor may have hundreds open, and making a file costs many times what reading one does. What of the project no tool
    can use is absent too.
    """
    places = _RealPlaces(tree.source)
    made: set[PurePosixPath] = set()
    for path, content in tree.files.items():
        real = places.of(checked(path))
        if path in tree.buffers and content is not None and places.shows(path) and _says(tree.source, real, content):
            continue
        if real.parent not in made:
            _make_parents(layer / real, layer, tree.source)
            made.add(real.parent)
        place = f"{layer}/{real}"
        if content is not None:
            _write(place, content, _mode(tree.source, path))
        elif _present(tree.source, real):
            os.mknod(place, stat.S_IFCHR, os.makedev(0, 0))
    for path in unusable(tree.source) if tree.source is not None else ():
        if path not in tree.files and not os.path.lexists(f"{layer}/{path}"):
            _make_parents(layer / path, layer, tree.source)
            os.mknod(f"{layer}/{path}", stat.S_IFCHR, os.makedev(0, 0))


def write_copy_files(tree: Tree, copy: Path) -> None:
    """Lay ``tree.files`` over a real copy."""
    places = _RealPlaces(tree.source)
    for path, content in tree.files.items():
        place = copy / places.of(checked(path))
        # The copy is new and nobody has run in it yet, but it may hold symbolic links of the project's own.
        _replace_links(place, copy)
        is_folder = place.is_dir() and not place.is_symlink()
        if content is None:
            if not is_folder:  # a file is said to be absent; a folder of that name is another thing
                place.unlink(missing_ok=True)
            continue
        if is_folder:
            raise _both(place.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        _write(str(place), content, _mode(tree.source, path))


def read_beneath(root: Path, path: PurePosixPath) -> bytes | None:
    """A regular file below ``root``, or None. No symbolic link is followed, at any depth: a command may have planted
    one that leads to a key. Files over :data:`MAX_READ` are None too."""
    return _as_content(_open_beneath(root, checked(path)))


def read_layers(layers: Sequence[Path], path: PurePosixPath) -> bytes | None:
    """The same through overlay layers, uppermost first, as the mounted overlay would show it."""
    for layer in layers:
        found = _open_beneath(layer, checked(path))
        if found != _ABSENT:
            return _as_content(found)
    return None


# ------------------------------------------------------------------ reading

_ABSENT = -1
"""Not in this layer: look in the next."""
_HIDDEN = -2
"""Removed, or something that is not a file: look no further."""


def _open_beneath(root: Path, path: PurePosixPath) -> int:
    """A file descriptor, or _ABSENT or _HIDDEN."""
    nofollow, directory = getattr(os, "O_NOFOLLOW", 0), getattr(os, "O_DIRECTORY", 0)
    if os.open not in os.supports_dir_fd:  # Windows: nothing runs there that could plant a link
        place = root / path
        return os.open(place, os.O_RDONLY) if place.is_file() else _ABSENT
    opaque = False
    folder = os.open(root, os.O_RDONLY | directory)
    try:
        for part in path.parts[:-1]:
            try:
                inner = os.open(part, os.O_RDONLY | directory | nofollow, dir_fd=folder)
            except FileNotFoundError:
                return _HIDDEN if opaque else _ABSENT
            except OSError:
                return _HIDDEN
            os.close(folder)
            folder = inner
            opaque |= _is_opaque(folder)
        try:
            # O_NONBLOCK: a FIFO must not hold us.
            return os.open(path.name, os.O_RDONLY | nofollow | os.O_NONBLOCK, dir_fd=folder)
        except FileNotFoundError:
            return _HIDDEN if opaque else _ABSENT
        except OSError:
            return _HIDDEN
    finally:
        os.close(folder)


def _is_opaque(folder: int) -> bool:
    """Whether a layer's folder hides those below it (it was removed and made again)."""
    if not hasattr(os, "getxattr"):
        return False
    for name in ("user.overlay.opaque", "trusted.overlay.opaque"):
        try:
            if os.getxattr(folder, name) == b"y":
                return True
        except OSError:
            continue
    return False


def _as_content(descriptor: int) -> bytes | None:
    if descriptor < 0:
        return None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_READ:
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MAX_READ)


# ------------------------------------------------------------------ writing


class _RealPlaces:
    """Where paths really lie: a folder that is a symbolic link inside the project is followed, so that its other
    files stay visible. One that leads out is not: a real folder takes its place."""

    def __init__(self, source: Path | None) -> None:
        self._source = source
        self._real_source = source.resolve() if source is not None else None
        self._parents: dict[PurePosixPath, PurePosixPath] = {}
        self._leading_out: set[PurePosixPath] = set()

    def shows(self, path: PurePosixPath) -> bool:
        """Whether the project shows its own file of that name there. Asked after :meth:`of`."""
        return path.parent not in self._leading_out

    def of(self, path: PurePosixPath) -> PurePosixPath:
        """The place of one file, relative to the project."""
        if path.parent not in self._parents:
            self._parents[path.parent] = self._parent(path.parent)
        return self._parents[path.parent] / path.name

    def _parent(self, parent: PurePosixPath) -> PurePosixPath:
        if self._source is None or self._real_source is None:
            return parent
        real = (self._source / parent).resolve()
        if not real.is_relative_to(self._real_source):
            self._leading_out.add(parent)
            return parent
        return PurePosixPath(real.relative_to(self._real_source).as_posix())


def _make_parents(place: Path, layer: Path, source: Path | None) -> None:
    """Like ``mkdir -p``, with the modes of the user's folders: a merged folder shows its uppermost layer's."""
    missing = [parent for parent in place.parents if parent.is_relative_to(layer) and not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir()
        if source is not None and (original := source / parent.relative_to(layer)).is_dir():
            parent.chmod(stat.S_IMODE(original.stat().st_mode) | 0o700)


def _replace_links(place: Path, copy: Path) -> None:
    for parent in reversed(place.parents):
        if parent != copy and parent.is_relative_to(copy) and parent.is_symlink():
            parent.unlink()


def _present(source: Path | None, path: PurePosixPath) -> bool:
    return source is not None and os.path.lexists(source / path)


def _says(source: Path | None, path: PurePosixPath, content: bytes) -> bool:
    """Whether that file of the project is a plain one with this content. A link is none: it may lead out."""
    if source is None:
        return False
    try:
        descriptor = os.open(f"{source}/{path}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size != len(content):
            return False
        return os.read(descriptor, len(content) + 1) == content
    finally:
        os.close(descriptor)


def _mode(source: Path | None, path: PurePosixPath) -> int:
    if source is not None:
        with contextlib.suppress(OSError, ValueError):
            mode = os.stat(f"{source}/{path}").st_mode  # noqa: PTH116 - a Path costs as much again, for each buffer
            if stat.S_ISREG(mode):
                return stat.S_IMODE(mode) & 0o777 | 0o600
    return 0o644


def _write(place: str, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise _both(PurePosixPath(place).name) from None
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        left = memoryview(content)
        while left:
            left = left[file.write(left) :]


def _both(name: str) -> EnvironmentFault:
    return EnvironmentFault(f"{name} is in the project both as a file and as a folder.")
