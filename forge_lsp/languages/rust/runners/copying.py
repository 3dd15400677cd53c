"""A private copy of a workspace, kept up to date, and commands run in it, for tools that read nothing but the disk.

Started with the workspace, the folder of the copy, and folders to begin with as ``FROM=TO``. One JSON document a line:
{"laid": {path: text}, "command": [...], "environment": {...}} in, {"code", "stdout", "stderr"} out. ``laid`` are texts
that lie over the workspace's own; paths relative to it. Run by our own interpreter with ``-I -S -B``; standard library
only, nothing of ours imported.

A tool that goes by time stamps must see a change of contents as one of time: what is written is always new. Sources
are copied, anything else is a link to the workspace, which the sandbox shows read-only.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

COPIED = (".rs", ".toml", ".lock")
LINKED = (".git", "node_modules", ".venv")
MOST = 20_000
LARGEST_SAID = 16 * 1024 * 1024
LARGEST = 4 * 1024**3
LONGEST_END = 1.0
"""Seconds to wait for what was killed."""
Made = tuple[object, ...]
"""What a file of the copy was made from: its kind, and the text or the stamps of the original."""


class Copy:
    """The copy of ``source`` in ``target``. ``known``: what lies there, by what it was made from."""

    def __init__(self, source: Path, target: Path) -> None:
        self.source = source
        self.target = target
        self.known: dict[str, Made] = {}
        target.mkdir(parents=True)

    def update(self, laid: Mapping[str, str]) -> None:
        """Make the copy what the disk says now, with ``laid`` over it."""
        wanted: dict[str, Made] = dict(self.disk())
        wanted.update({name: ("laid", text) for name, text in laid.items()})
        for name in [name for name in self.known if name not in wanted]:
            del self.known[name]
            clear(self.target / name)
        for name, made in wanted.items():
            if self.known.get(name) != made:
                self.write(name, made)

    def write(self, name: str, made: Made) -> None:
        path = self.target / name
        self.known.pop(name, None)
        clear(path)  # also what a command made there
        path.parent.mkdir(parents=True, exist_ok=True)
        if made[0] == "laid":
            path.write_bytes(str(made[1]).encode("utf-8", "surrogatepass"))
        elif made[0] == "copied":
            shutil.copyfile(self.source / name, path)
        else:
            path.symlink_to(self.source / name)
        self.known[name] = made

    def disk(self) -> Iterator[tuple[str, Made]]:
        """Name and kind of all that the workspace holds, less what Cargo made in it."""
        pending, count = [""], 0
        while pending:
            folder = pending.pop()
            with os.scandir(self.source / folder) as entries:
                found = list(entries)
            package = any(entry.name == "Cargo.toml" for entry in found)
            for entry in found:
                name = folder + entry.name
                if entry.is_dir(follow_symlinks=False) and entry.name not in LINKED:
                    if entry.name != "target" or not package:
                        pending.append(name + "/")
                elif entry.name.endswith(COPIED) and entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    yield name, ("copied", status.st_mtime_ns, status.st_size, status.st_ino)
                else:
                    yield name, ("linked",)
                count += 1
                if count > MOST:
                    raise SystemExit("more files than a copy is kept of")


def clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def run(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> dict[str, object]:
    """Its code and words. Nothing that it started is left, be it a process that took a session of its own."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        code = subprocess.call(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
        )
        end_all()
        return {"code": code, "stdout": said(out), "stderr": said(errors)}


def end_all() -> None:
    """Kill all of this sandbox but its first process and this one, and wait until they are gone: what a build script
    left must not meet the next candidate."""
    until = time.monotonic() + LONGEST_END
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < until:
            os.kill(-1, signal.SIGKILL)
            time.sleep(0.001)


def said(file: IO[bytes]) -> str:
    if file.seek(0, os.SEEK_END) > LARGEST_SAID:
        raise SystemExit("the command said too much")
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def size(folder: Path) -> int:
    return sum(os.lstat(f"{path}/{name}").st_size for path, _, names in os.walk(folder) for name in names)


def contained() -> bool:
    """Whether the processes that are seen from here are those of our sandbox alone."""
    first = Path("/proc/1/comm").read_text().strip()
    return os.getppid() == 1 and first == "bwrap" and os.uname().nodename == "forge"


def main() -> None:
    if not contained():
        raise SystemExit("not in a sandbox of its own")
    source, target = map(Path, sys.argv[1:3])
    for pair in sys.argv[3:]:
        old, _, new = pair.partition("=")
        if Path(old).is_dir():
            shutil.copytree(old, new, symlinks=True)
    copy = Copy(source, target)
    for number, line in enumerate(sys.stdin):
        question = json.loads(line)
        copy.update(question["laid"])
        answer = run(question["command"], question["environment"], target)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        if number % 64 == 63 and size(target.parent) > LARGEST:
            raise SystemExit("the folder has grown too large: start again")


main()
