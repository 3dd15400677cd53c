"""The project as a compiler is to see it: a tree of links, with the texts that lie over it as real files."""

import os
import shutil
import time

__all__ = ["RECENT", "Tree"]

RECENT = 50_000_000
"""Nanoseconds in which a second change may have the same time stamp."""
_WHOLE = {".git", ".hg", ".svn", ".venv", "venv", ".tox", "node_modules", "__pycache__", ".mypy_cache"}
"""Folders that are one link."""
_MOST_LINKS = 60_000


class Tree:
    """The project ``source`` mirrored at ``root``. ``laid``: the texts that lie over it."""

    def __init__(self, source: str, root: str) -> None:
        self.root = root
        self.laid: dict[str, bytes] = {}
        self._source = source
        self._folders: dict[str, tuple[int, dict[str, bool]]] = {}
        self._links = 0
        self._scan("")

    def sync(self) -> set[str]:
        """Follow the project; the names that came or went."""
        moved: set[str] = set()
        for folder in list(self._folders):
            if folder in self._folders and self._folders[folder][0] != self._stamp(folder):
                moved |= self._scan(folder)
        for path in self.laid:
            if not os.path.lexists(f"{self.root}/{path}"):
                self._write(path)
        return moved

    def lay(self, texts: dict[str, "str | None"]) -> set[str]:
        """Lay texts over the project, or (None) take them off; the paths of those that changed."""
        for path, text in texts.items():
            if text is not None:
                self.laid[path] = text.encode("utf-8", "surrogatepass")
                self._write(path)
                continue
            self.laid.pop(path, None)
            if os.path.lexists(f"{self.root}/{path}"):
                os.unlink(f"{self.root}/{path}")
            if os.path.lexists(f"{self._source}/{path}"):
                os.symlink(f"{self._source}/{path}", f"{self.root}/{path}")
        return set(texts)

    def text(self, path: str) -> bytes:
        """As the compiler will see it; empty where it cannot be read."""
        if path in self.laid:
            return self.laid[path]
        try:
            with open(f"{self.root}/{path}", "rb") as file:
                return file.read()
        except OSError:
            return b""

    def _write(self, path: str) -> None:
        at = ""
        for part in path.split("/")[:-1]:
            at = f"{at}/{part}" if at else part
            if at not in self._folders:
                if os.path.islink(f"{self.root}/{at}"):
                    os.unlink(f"{self.root}/{at}")
                self._scan(at)
        target = f"{self.root}/{path}"
        if os.path.lexists(target):
            os.unlink(target)
        with open(target, "wb") as file:
            file.write(self.laid[path])

    def _stamp(self, folder: str) -> int:
        try:
            return os.stat(f"{self._source}/{folder}").st_mtime_ns
        except OSError:
            return 0

    def _scan(self, folder: str) -> set[str]:
        """Mirror one folder, and those in it that are new."""
        os.makedirs(f"{self.root}/{folder}", exist_ok=True)
        stamp = self._stamp(folder)
        if time.time_ns() - stamp < RECENT:
            stamp = -1  # what comes next may have the same time
        before = self._folders.get(folder, (0, {}))[1]
        now: dict[str, bool] = {}
        try:
            with os.scandir(f"{self._source}/{folder}") as entries:
                for entry in entries:
                    real = entry.is_dir(follow_symlinks=False) and entry.name not in _WHOLE
                    now[entry.name] = real and self._links < _MOST_LINKS
        except OSError:
            pass  # gone, or not ours to read
        self._folders[folder] = (stamp, now)
        moved = {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
        for name in moved:
            path = f"{folder}/{name}" if folder else name
            if path in self.laid:
                continue
            if name in before:
                self._remove(path)
            if name in now:
                self._links += 1
                if now[name]:
                    self._scan(path)
                elif not os.path.lexists(f"{self.root}/{path}"):
                    os.symlink(f"{self._source}/{path}", f"{self.root}/{path}")
        return moved

    def _remove(self, path: str) -> None:
        target = f"{self.root}/{path}"
        if os.path.isdir(target) and not os.path.islink(target):
            shutil.rmtree(target)
            for folder in [one for one in self._folders if one == path or one.startswith(f"{path}/")]:
                del self._folders[folder]
        elif os.path.lexists(target):
            os.unlink(target)
