"""What texts include first, precompiled, as long as no file that went into it changes."""

import os
import re
import subprocess
import time
from dataclasses import dataclass, field

from mirror import RECENT

__all__ = ["Head", "Heads"]

_MOST_HEADS = 8
_MOST_BYTES = 768 * 1024 * 1024
_MOST_SEEN = 64
_RETRY = 30.0
"""Seconds until a head that did not compile is tried again."""


@dataclass
class Head:
    """The beginning of texts in a folder, compiled. ``files``: what went into it, by path, with its stamps. ``missed``:
    paths and names that changed while it was made."""

    folder: str
    make: tuple[str, ...]
    text: bytes
    path: str
    begun: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    failed: float = 0.0
    files: dict[str, tuple[int, int, int]] = field(default_factory=dict[str, tuple[int, int, int]])
    missed: set[str] = field(default_factory=set[str])
    size: int = 0
    used: int = 0


_Key = tuple[str, tuple[str, ...], bytes]


class Heads:
    """The precompiled headers: a few, the longest unused go first."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._known: list[Head] = []
        self._seen: dict[_Key, int] = {}
        self._wanted: list[_Key] = []
        self._number = 0

    def find(self, folder: str, make: tuple[str, ...], text: bytes) -> "Head | None":
        """The longest that ``text`` begins with and that is ready."""
        best: Head | None = None
        for head in list(self._known):
            if head.folder != folder or head.make != make or not text.startswith(head.text):
                continue
            # One that has just become ready may have taken another's room.
            if self._ready(head) and (best is None or best not in self._known or len(head.text) > len(best.text)):
                best = head
        if best is not None:
            self._number += 1
            best.used = self._number
        return best

    def want(self, file: str, make: tuple[str, ...], head: bytes) -> None:
        """Ask for one: it is made for the first text that a file has, and for what is seen again."""
        folder = os.path.dirname(file)
        keys: tuple[_Key, _Key] = ((file, make, b""), (folder, make, head))
        first, again = keys[0] not in self._seen, keys[1] in self._seen
        for key in keys:
            self._seen.pop(key, None)
            self._seen[key] = 1
        while len(self._seen) > _MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        there = any(one.folder == folder and one.make == make and one.text == head for one in self._known)
        if head and (first or again) and not there and keys[1] not in self._wanted:
            self._wanted.append(keys[1])

    def begin(self, *, wait: bool) -> None:
        """Start to make what was wanted, one at a time."""
        wanted, self._wanted = self._wanted, []
        for head in list(self._known):
            if head.process is not None and head.process.poll() is not None:
                self._ready(head)
        for folder, make, text in wanted:
            if not wait and any(head.process is not None for head in self._known):
                return  # asked for again with the next text
            self._number += 1
            path = os.path.join(self._root, folder, f".forge-{self._number}.h")
            head = Head(folder, make, text, path, begun=time.time_ns(), used=self._number)
            with open(path, "wb") as file:
                file.write(text)
            command = [word.replace("{head}", path) if word.startswith("{head}") else word for word in make]
            quiet = subprocess.DEVNULL
            head.process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
            self._known.append(head)
            if wait:
                head.process.wait()
                self._ready(head)

    def changed(self, paths: set[str], names: set[str]) -> None:
        """Texts at ``paths`` are others; files called ``names`` came or went, and may be found first now."""
        if not paths and not names:
            return
        changed = {f"{self._root}/{path}" for path in paths} | names
        for head in list(self._known):
            if head.process is not None:
                head.missed |= changed
            elif not changed.isdisjoint(head.files) or not names.isdisjoint(map(os.path.basename, head.files)):
                self._drop(head)

    def spurn(self, path: str) -> None:
        """The compiler does not take the one at ``path``: no more of it for a while."""
        for head in self._known:
            if head.path == path:
                head.failed = time.monotonic()
                self._clear(head)

    def _ready(self, head: Head) -> bool:
        if head not in self._known:
            return False
        if head.process is not None:
            code = head.process.poll()
            if code is None:
                return False
            head.process = None
            if code != 0:
                head.failed = time.monotonic()
                self._clear(head)
            elif not self._settle(head):
                self._drop(head)  # asked for again with the next text
                return False
            self._make_room(head)
        if head.failed:
            if time.monotonic() - head.failed > _RETRY:
                self._known.remove(head)
            return False
        if any(stamp_of(path) != stamp for path, stamp in head.files.items()):
            self._drop(head)
            return False
        return True

    def _settle(self, head: Head) -> bool:
        """Learn what went into it; False where a file may have changed meanwhile."""
        try:
            with open(f"{head.path}.d", encoding="utf-8", errors="surrogateescape") as file:
                listed = file.read().partition(": ")[2].replace("\\\n", " ")
            head.size = os.stat(f"{head.path}.gch").st_size
        except OSError:
            return False
        for word in re.findall(r"(?:\\.|[^\s\\])+", listed):
            path = re.sub(r"\\(.)", r"\1", word).replace("$$", "$")
            if path == head.path:
                continue
            head.files[path] = stamp = stamp_of(path)
            if path in head.missed or os.path.basename(path) in head.missed:
                return False
            if stamp[0] > head.begun - RECENT and os.path.islink(path):
                return False
        return True

    def _make_room(self, kept: Head) -> None:
        while len(self._known) > _MOST_HEADS or sum(head.size for head in self._known) > _MOST_BYTES:
            idle = [head for head in self._known if head.process is None and head is not kept]
            if not idle:
                return
            self._drop(min(idle, key=lambda head: head.used))

    def _drop(self, head: Head) -> None:
        if head.process is not None:
            head.process.kill()
            head.process.wait()
        self._known.remove(head)
        self._clear(head)

    def _clear(self, head: Head) -> None:
        head.size = 0
        for ending in ("", ".gch", ".d"):
            if os.path.exists(head.path + ending):
                os.unlink(head.path + ending)


def stamp_of(path: str) -> tuple[int, int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return (0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino)
