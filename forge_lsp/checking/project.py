"""Where a document stands when it is checked: its tree, its place in it, and what the outcome depends on."""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Tree
from forge_lsp.core.task import Document, Task
from forge_lsp.reading import SOURCE, read_bytes
from forge_lsp.roots import project_root

__all__ = ["Place", "fingerprint", "place_of", "project_files", "tree_key"]

_VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".jj"})
# Packages that were installed, of whatever language: where a project has several, they would be most of its files.
_INSTALLED = frozenset({"node_modules", ".venv"})
_ENVIRONMENT = frozenset({"pyvenv.cfg", "conda-meta"})
_MOST_FILES = 20_000
_MOST_SIBLINGS = 64
_LARGEST_SIBLING = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A document in the tree that is checked.

    ``source`` is the workspace folder, or None for a temp project that holds only ``overlay`` and the document.
    ``document`` is relative to the tree. ``overlay`` holds the open buffers (and a lone file's siblings). ``others``
    are files that a candidate changes too, without it and with it (None: absent); they are as without it where the
    document's text is ``untouched``. ``language`` is the document's: what its tools make is nobody's source.
    """

    source: Path | None
    document: PurePosixPath
    overlay: Mapping[PurePosixPath, bytes] = field(default_factory=dict[PurePosixPath, bytes])
    others: Mapping[PurePosixPath, tuple[bytes | None, bytes | None]] = field(
        default_factory=dict[PurePosixPath, tuple[bytes | None, bytes | None]]
    )
    untouched: str = ""
    language: Language | None = None

    def tree(self, text: str, extra: Mapping[PurePosixPath, bytes | None] | None = None, *, appended: str = "") -> Tree:
        """Return the tree with ``text`` as the document, ``appended`` below it, and ``extra`` files laid over
        everything else."""
        # surrogatepass: a half surrogate is the document's fault, and the checker's to report, not a crash here.
        content = (text + appended).encode("utf-8", "surrogatepass")
        which = 0 if text == self.untouched else 1
        others = {path: texts[which] for path, texts in self.others.items()}
        own = {**others, **(extra or {}), self.document: content}
        return Tree(source=self.source, files={**self.overlay, **own}, buffers=self.overlay.keys() - own.keys())

    def is_file(self, path: PurePosixPath) -> bool:
        """Whether the tree (document aside) has that file, open buffers included; of the files that a candidate
        changes, whether they are there with it."""
        if path in self.others:
            return self.others[path][1] is not None
        return path in self.overlay or self._on_disk(path) is not None

    def files(self, suffixes: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names of the project's files on the disk, as :func:`project_files` finds them."""
        if self.source is None:
            return ()
        return tuple(name for name, _ in project_files(self.source, suffixes, self.language))

    def folders(self) -> Iterator[PurePosixPath]:
        """Yield the document's folder and those above it, up to and including the tree's root (``.``)."""
        yield from self.document.parents

    def nearest(self, *patterns: str) -> PurePosixPath | None:
        """Return the first file above the document, going up from its folder, whose name matches one of ``patterns``.

        Within a folder, earlier patterns win, then the order of the names.
        """
        for folder in self.folders():
            names = self._names(folder)
            for pattern in patterns:
                found = sorted(fnmatch.filter(names, pattern))
                if found:
                    return folder / found[0]
        return None

    def text(self, path: PurePosixPath) -> str | None:
        """Return a file's text as the user sees it (buffer, else disk), or None where it cannot be read."""
        if path in self.others:
            content = self.others[path][1]
        else:
            content = self.overlay.get(path)
            if content is None and (file := self._on_disk(path)) is not None:
                content = read_bytes(file, most=SOURCE)
        return None if content is None else content.decode("utf-8", "replace")

    def _on_disk(self, path: PurePosixPath) -> Path | None:
        """Where a file of the workspace really is. None for one outside, to which a link or ``..`` leads: no sandbox
        shows it either, and its text is not the project's to give away."""
        if self.source is None:
            return None
        try:
            real = os.path.realpath(self.source / path)
        except ValueError:  # a name with a NUL in it
            return None
        inside = _below_text(real, str(self.source)) or _below_text(real, os.path.realpath(self.source))
        return Path(real) if inside and os.path.isfile(real) else None  # noqa: PTH113 - asked for every file

    def _names(self, folder: PurePosixPath) -> set[str]:
        names = {path.name for path in self.overlay if path.parent == folder}
        if self.source is not None:
            with contextlib.suppress(OSError):  # a folder that only buffers know, or that may not be listed
                names.update(entry.name for entry in os.scandir(self.source / folder) if entry.is_file())
        for path, (_, after) in self.others.items():
            if path.parent == folder:
                (names.discard if after is None else names.add)(path.name)
        return names


def place_of(task: Task, *, alone: bool = False) -> Place:
    """Return where the task's document stands.

    A file inside ``task.workspace`` keeps its place there; an untitled document goes to the workspace's root. The tree
    is that of the whole project where the workspace is one package of it: what a package needs (dependencies, settings,
    tests of other packages) may lie above it. A file outside any workspace gets a temp project of its own, into which
    the files of its language beside it are taken (a script may import its neighbours) unless it is to be ``alone``;
    never the folders around it.
    """
    document = task.document
    if task.workspace is not None:
        workspace = task.workspace.resolve()
        source = project_root(workspace)

        def within(path: Path | None) -> PurePosixPath | None:
            return _within(path, task.workspace or workspace, workspace, source)

        relative = within(document.path)
        if relative is None and document.path is None:
            relative = PurePosixPath(workspace.relative_to(source).as_posix()) / _free_name(workspace, document)
        if relative is not None:
            overlay: dict[PurePosixPath, bytes] = {}
            for buffer in task.buffers:
                path = within(buffer.path)
                if path is not None and path != relative:
                    overlay[path] = buffer.text.encode("utf-8", "surrogatepass")
            others = {
                path: (_bytes(other.before), _bytes(other.after))
                for other in task.others
                if (path := within(other.path)) is not None and path != relative
            }
            kept = {path: content for path, content in overlay.items() if path not in others}
            return Place(
                source=source,
                document=relative,
                overlay=kept,
                others=others,
                untouched=document.text,
                language=document.language,
            )
    if document.path is None:
        return Place(source=None, document=PurePosixPath(_untitled(document)), language=document.language)
    language = document.language
    overlay = {} if alone else dict(_siblings(document.path, (*language.suffixes, *language.beside)))
    for buffer in task.buffers:
        if buffer.path is not None and buffer.path.parent == document.path.parent:
            overlay[PurePosixPath(buffer.path.name)] = buffer.text.encode("utf-8", "surrogatepass")
    return Place(source=None, document=PurePosixPath(document.path.name), overlay=overlay, language=language)


def fingerprint(place: Place, text: str, suffixes: Iterable[str], extra: Iterable[Path] = ()) -> str:
    """Return a key that changes whenever what a check of ``text`` sees may have changed.

    Contents for the document and the buffers; name, size and modification time for the project's files that
    end in one of ``suffixes``, and for the ``extra`` host paths (an environment's package folder).
    """
    digest = hashlib.sha256()
    digest.update(f"{place.source}\0{place.document}\0{text}".encode("utf-8", "surrogatepass"))
    for path, content in sorted(place.overlay.items()):
        digest.update(f"\0{path}\0{len(content)}\0".encode())
        digest.update(content)
    for path, texts in sorted(place.others.items()):
        digest.update(f"\0{path}\0{[None if one is None else len(one) for one in texts]}\0".encode())
        digest.update(b"\0".join(one or b"" for one in texts))
    endings = tuple(suffixes)
    if place.source is not None:
        for line in sorted(_stats(place.source, endings, place.language)):
            digest.update(line.encode("utf-8", "surrogateescape"))
    for path in extra:
        try:
            status = path.stat()
        except OSError:
            digest.update(f"\0{path}\0-".encode("utf-8", "surrogateescape"))
        else:
            digest.update(f"\0{path}\0{status.st_mtime_ns}\0{status.st_size}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


async def tree_key(place: Place, suffixes: Iterable[str], extra: Iterable[Path], *parts: object) -> str:
    """Return the :func:`fingerprint` of what a check sees whose text is made of ``parts``; it is found in a thread."""
    return await asyncio.to_thread(fingerprint, place, "\0".join(map(str, parts)), suffixes, extra)


def project_files(
    source: Path, suffixes: tuple[str, ...], language: Language | None = None
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield the project's own files that end in one of ``suffixes``: relative POSIX name and entry; at most 20,000.

    Symbolic links are not followed. Left out are version control, installed packages, and what the tools of
    ``language`` make: of another language's output folders only the names are known, and they may be anybody's.
    """
    pending = [("", source)]
    count = 0
    while pending:
        prefix, folder = pending.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue  # not ours to read: then no tool reads it either
        names = [entry.name for entry in entries]
        if prefix and not _ENVIRONMENT.isdisjoint(names):
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                known = entry.name in _VERSION_CONTROL or entry.name in _INSTALLED
                if not known and (language is None or not language.is_output(entry.name, names)):
                    pending.append((f"{prefix}{entry.name}/", Path(entry.path)))
            elif entry.name.endswith(suffixes) and entry.is_file(follow_symlinks=False):
                count += 1
                if count > _MOST_FILES:
                    return
                yield f"{prefix}{entry.name}", entry


def _stats(source: Path, suffixes: tuple[str, ...], language: Language | None) -> Iterator[str]:
    for name, entry in project_files(source, suffixes, language):
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue  # removed meanwhile
        yield f"\0{name}\0{status.st_mtime_ns}\0{status.st_size}"


def _below_text(path: str, folder: str) -> bool:
    return path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogatepass")


def _within(path: Path | None, workspace: Path, resolved: Path, source: Path) -> PurePosixPath | None:
    """Where a file stands in the tree at ``source``; None: outside of it. ``resolved``: the workspace without links."""
    if path is None:
        return None
    inner = _below(path, workspace)
    if inner is not None:
        return PurePosixPath(resolved.relative_to(source).as_posix()) / inner
    return _below(path.resolve(), source)


@lru_cache(maxsize=4096)  # asked for every open buffer, at every check
def _below(path: Path, root: Path) -> PurePosixPath | None:
    if path.is_relative_to(root) and ".." not in path.parts:
        return PurePosixPath(path.relative_to(root).as_posix())
    return None


def _untitled(document: Document) -> str:
    # "untitled:Untitled-1" -> "untitled_1.py": a name that can be imported.
    digits = re.findall(r"\d+", document.uri.rsplit("/", 1)[-1])
    return f"untitled{'_' + digits[-1] if digits else ''}{''.join(document.language.suffixes[:1])}"


def _free_name(folder: Path, document: Document) -> PurePosixPath:
    name = PurePosixPath(_untitled(document))
    while (folder / name).exists():
        name = name.with_stem(f"{name.stem}_")
    return name


def _siblings(path: Path, suffixes: tuple[str, ...]) -> Iterator[tuple[PurePosixPath, bytes]]:
    try:
        entries = sorted(os.scandir(path.parent), key=lambda entry: entry.name)
    except OSError:
        return
    taken = 0
    for entry in entries:
        if taken == _MOST_SIBLINGS:
            return
        if entry.name == path.name or not entry.name.endswith(suffixes):
            continue
        try:
            if not entry.is_file(follow_symlinks=False) or entry.stat().st_size > _LARGEST_SIBLING:
                continue
        except OSError:
            continue  # a neighbour that may not be read is not needed
        content = read_bytes(Path(entry.path), most=_LARGEST_SIBLING)
        if content is None:
            continue
        taken += 1
        yield PurePosixPath(entry.name), content
