"""A change as git tells it: the files on disk, or those of the index, against a revision. Reads, and runs git alone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.changes.judging import is_test
from forge_lsp.core.errors import BadRequest, ToolMissing
from forge_lsp.core.languages import Languages
from forge_lsp.core.task import FileChange
from forge_lsp.own_git import bounded, environment, find_git, programs_named, without_programs
from forge_lsp.reading import NotReadable, read_plain

__all__ = ["LARGEST", "MOST_FILES", "GitChanges", "change_of"]

LARGEST = 4 * 1024 * 1024
"""Bytes of the largest file of a change."""
MOST_FILES = 500
_SECONDS = 60.0
_OF_ONE_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitChanges:
    """A change by git. ``top`` is the repository's folder, ``unread`` are files of it that hold no code and no test.

    A file whose text is the same before and after is there because the disk has another.
    """

    top: Path
    files: tuple[FileChange, ...]
    unread: tuple[str, ...]
    against: str


async def change_of(folder: Path, revision: str, languages: Languages, *, staged: bool = False) -> GitChanges:
    """Return what differs from ``revision`` in the repository that ``folder`` is in, in files of ``languages`` and of
    tests.

    ``staged``: as the index has it, so that what is not to be committed does not count. Files that git does not know
    yet are a part of the change otherwise, unless it ignores them.
    Raises BadRequest where there is no such repository or revision, and ToolMissing.
    """
    git = await _opened(folder)
    commit = await git.commit(revision)
    plain = ("-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules", f"-O{os.devnull}")
    said = await git.asked("diff", "--name-status", *plain, *(("--cached",) if staged else ()), commit, "--")
    fields = said.split("\0")
    states = dict(zip(fields[1::2], fields[0::2], strict=False))
    loose = [name for name in (await git.asked("ls-files", "--others", "--exclude-standard", "-z")).split("\0") if name]
    if staged:
        # What is on the disk and not in the index is not a part of the commit, and must not help its tests.
        on_disk = await git.asked("diff", "--name-only", *plain, "--")
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
    return GitChanges(top=git.top, files=tuple(files), unread=unread, against=against)


async def _opened(folder: Path) -> _Git:
    start = next((one for one in (folder, *folder.parents) if one.is_dir()), folder)
    program = await asyncio.to_thread(find_git, start)
    if program is None:
        raise ToolMissing("git is not installed", remedy="install git, or give the change as a diff: --diff FILE")
    probe = _Git(program=program, top=start)
    code, said, words = await probe.run("rev-parse", "--show-toplevel")
    if code != 0:
        why = words.strip().splitlines()[0].removeprefix("fatal: ") if words.strip() else "git failed"
        raise BadRequest(f"{folder} cannot be compared with a revision: {why}", remedy="give the change as a diff")
    top = await asyncio.to_thread(Path(said.rstrip("\n")).resolve)
    if not (await asyncio.to_thread(start.resolve)).is_relative_to(top):
        why = f"its repository's files are in {top} (core.worktree)"
        raise BadRequest(f"{folder} cannot be compared with a revision: {why}", remedy="give the change as a diff")
    git = _Git(program=program, top=top)
    return _Git(program=program, top=top, options=await git.without_programs())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Git:
    program: str
    top: Path
    options: tuple[str, ...] = ()

    async def without_programs(self) -> tuple[str, ...]:
        """The options with which nothing that the repository's own settings name is started. Raises BadRequest."""
        named: set[str] = set()
        for where in ("--local", "--worktree"):  # the second is refused where the repository has none
            code, out, _ = await self.run("config", where, "--includes", "--null", "--name-only", "--list")
            named.update(out.split("\0") if code == 0 else ())
        try:
            return without_programs(programs_named(named))
        except ValueError as error:
            raise BadRequest(f"{self.top} cannot be compared with a revision: {error}") from None

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
            raise BadRequest(f"{path}: larger than {LARGEST // 1024} KiB; such a file is not checked")
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
        code, out, wrong = await _run((self.program, *self._options, *words), self.top)
        return code, os.fsdecode(out), os.fsdecode(wrong)

    async def bytes_of(self, *words: str) -> tuple[int, bytes]:
        """Exit code and output as it is."""
        code, out, _ = await _run((self.program, *self._options, *words), self.top)
        return code, out

    @property
    def _options(self) -> Sequence[str]:
        return ("--no-pager", *without_programs(()), *self.options, "-c", "core.quotePath=false", "-C", str(self.top))


async def _run(command: Sequence[str], folder: Path) -> tuple[int, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**environment(_OF_ONE_REPOSITORY), "GIT_LITERAL_PATHSPECS": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    bounded(process.pid)
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


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(f"{name}: not UTF-8 (byte {error.start})") from None
