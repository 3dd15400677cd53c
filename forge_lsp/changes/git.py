"""A change as git tells it: the files on disk, or those of the index, against a revision. Reads, and runs git alone."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.changes.judging import is_test
from forge_lsp.changes.values import FileChange
from forge_lsp.core.errors import BadRequest, ToolMissing
from forge_lsp.core.languages import Languages
from forge_lsp.reading import NotReadable, read_plain

__all__ = ["LARGEST", "MOST_FILES", "Told", "change_of"]

LARGEST = 4 * 1024 * 1024
"""Bytes of the largest file of a change."""
MOST_FILES = 500
_SECONDS = 60.0
_KEPT = ("PATH", "HOME", "XDG_CONFIG_HOME", "SYSTEMROOT", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
_KEPT_CONFIG = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A change by git. ``top`` is the repository's folder, ``unread`` are files of it that hold no code and no test.

    A file whose text is the same before and after is there because the disk has another.
    """

    top: Path
    files: tuple[FileChange, ...]
    unread: tuple[str, ...]
    against: str


async def change_of(folder: Path, revision: str, languages: Languages, *, staged: bool = False) -> Told:
    """Return what differs from ``revision`` in the repository that ``folder`` is in, in files of ``languages`` and of
    tests.

    ``staged``: as the index has it, so that what is not to be committed does not count. Files that git does not know
    yet are a part of the change otherwise, unless it ignores them.
    Raises BadRequest where there is no such repository or revision, and ToolMissing.
    """
    git = await _opened(folder)
    commit = await git.commit(revision)
    listing = ("--name-status", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules")
    said = await git.asked("diff", *listing, *(("--cached",) if staged else ()), commit, "--")
    fields = said.split("\0")
    states = dict(zip(fields[1::2], fields[0::2], strict=False))
    loose = [name for name in (await git.asked("ls-files", "--others", "--exclude-standard", "-z")).split("\0") if name]
    if staged:
        # What is on the disk and not in the index is not a part of the commit, and must not help its tests.
        on_disk = await git.asked("diff", "--name-only", "-z", "--no-ext-diff", "--ignore-submodules", "--")
        besides = [name for name in on_disk.split("\0") if name and name not in states]
    else:
        besides = []
        states.update((name, "A") for name in loose)
    readable = [name for name in states if languages.of_file(name) is not None or is_test(name)]
    if len(readable) > MOST_FILES:
        raise BadRequest(
            f"{len(readable)} files differ from {revision}; a change has at most {MOST_FILES}",
            remedy="name files, or a nearer revision with --against",
        )
    files: list[FileChange] = []
    for name in readable:
        before = None if states[name] == "A" else await git.text(f"{commit}:{name}", name)
        after = None if states[name] == "D" else await (git.text(f":{name}", name) if staged else git.on_disk(name))
        files.append(FileChange(path=git.top / name, before=before, after=after))
    for name in besides:
        if languages.of_file(name) is not None or is_test(name):
            text = await git.text(f":{name}", name)
            files.append(FileChange(path=git.top / name, before=text, after=text))
    if staged:
        known = ((name, languages.of_file(name)) for name in loose)
        away = (name for name, one in known if (one is not None and not one.listed) or is_test(name))
        files += [FileChange(path=git.top / name, before=None, after=None) for name in away]
    unread = tuple(name for name in states if name not in readable)
    against = f"{revision}, as staged" if staged else revision
    return Told(top=git.top, files=tuple(files), unread=unread, against=against)


async def _opened(folder: Path) -> _Git:
    program = shutil.which("git")
    if program is None:
        raise ToolMissing("git is not installed", remedy="install git, or give the change as a diff: --diff FILE")
    start = next((one for one in (folder, *folder.parents) if one.is_dir()), folder)
    probe = _Git(program=program, top=start)
    code, said, words = await probe.run("rev-parse", "--show-toplevel")
    if code != 0:
        why = words.strip().splitlines()[0].removeprefix("fatal: ") if words.strip() else "git failed"
        raise BadRequest(f"{folder} cannot be compared with a revision: {why}", remedy="give the change as a diff")
    return _Git(program=program, top=await asyncio.to_thread(Path(said.rstrip("\n")).resolve))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Git:
    program: str
    top: Path

    async def commit(self, revision: str) -> str:
        """The object that a revision names; the empty tree for HEAD before the first commit. Raises BadRequest."""
        code, said, _ = await self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if code == 0:
            return said.strip()
        if revision == "HEAD":
            return (await self.asked("hash-object", "-t", "tree", os.devnull)).strip()
        raise BadRequest(f"--against {revision}: git knows no such revision")

    async def text(self, name: str, path: str) -> str | None:
        """A blob's text; None for what is no file (a submodule). Raises BadRequest."""
        code, said, _ = await self.run("cat-file", "-s", name)
        if code != 0:
            return None
        if int(said) > LARGEST:
            raise BadRequest(f"{path}: larger than {LARGEST // 1024} KiB; such a file is not judged")
        code, content = await self.bytes_of("cat-file", "blob", name)
        return _decoded(content, path) if code == 0 else None

    async def on_disk(self, name: str) -> str | None:
        """A file's text as it is on the disk; None for a link that leads out of the repository. Raises BadRequest."""
        path = self.top / name
        if not path.resolve().is_relative_to(self.top):
            return None
        try:
            return _decoded(await asyncio.to_thread(read_plain, path, most=LARGEST), name)
        except FileNotFoundError:
            return None
        except NotReadable as error:
            raise BadRequest(f"{name}: {error.strerror}") from None
        except OSError as error:
            raise BadRequest(f"{name}: cannot be read: {error.strerror}") from None

    async def asked(self, *words: str) -> str:
        """What git says. Raises BadRequest where it fails."""
        code, said, wrong = await self.run(*words)
        if code != 0:
            raise BadRequest(f"git {words[0]} failed: {wrong.strip()[-300:] or f'exit code {code}'}")
        return said

    async def run(self, *words: str) -> tuple[int, str, str]:
        """Exit code, output and errors."""
        code, out, wrong = await _run((self.program, *_options(self.top), *words), self.top)
        return code, os.fsdecode(out), os.fsdecode(wrong)

    async def bytes_of(self, *words: str) -> tuple[int, bytes]:
        """Exit code and output as it is."""
        code, out, _ = await _run((self.program, *_options(self.top), *words), self.top)
        return code, out


def _options(top: Path) -> Sequence[str]:
    # Nothing that a repository's own settings name is to be started.
    return ("--no-pager", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-C", str(top))


async def _run(command: Sequence[str], folder: Path) -> tuple[int, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=_environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            out, wrong = await process.communicate()
    except TimeoutError:
        raise BadRequest(f"git {command[-1]} did not finish within {_SECONDS:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out, wrong


def _environment() -> Mapping[str, str]:
    known = {name: os.environ[name] for name in (*_KEPT, *_KEPT_CONFIG) if name in os.environ}
    ours = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": "1"}
    return {**known, **ours}


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(f"{name}: not UTF-8 (byte {error.start})") from None
