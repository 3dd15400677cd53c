"""What may never be shown to a model: ignored files, secrets, and whatever lies outside the workspace."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from forge_lsp.editing.git_rules import exclude_files
from forge_lsp.editing.secret_names import SECRET_FOLDERS, is_secret_file
from forge_lsp.editing.stamps import Stamp, folder_stamp
from forge_lsp.reading import read_text, table_beside

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

__all__ = ["Guard"]

_IGNORED = table_beside(__file__, "ignored.toml")
_IGNORE_FILES, _HEAVY = tuple[str, ...](_IGNORED["files"]), frozenset[str](_IGNORED["folders"])
_LARGEST_IGNORE_FILE = 256_000


@dataclass(frozen=True, slots=True)
class _Rules:
    """The ignore files that hold in a folder, the nearest first: each with how much to cut off a name in the workspace
    and what to put before it. ``key`` is the same for the same rules, 0 for none."""

    specs: tuple[tuple[GitIgnoreSpec, int, str], ...]
    key: int

    def ignore(self, name: str, known: dict[tuple[int, str], bool]) -> bool:
        """What the nearest ignore file that mentions ``name`` says; a folder's ends with ``/``."""
        if not self.specs:
            return False
        said = known.get((self.key, name))
        if said is None:
            said = False
            for spec, cut, lead in self.specs:
                verdict = spec.check_file(lead + name[cut:]).include
                if verdict is not None:
                    said = verdict
                    break
            known[self.key, name] = said
        return said


def _entry_name(entry: os.DirEntry[str]) -> str:
    return entry.name


class Guard:
    """Says which files of one workspace may be read, and lists them. Ignore files are read once, and what was said of a
    file is said again.

    The rules are git's: nested ``.gitignore`` files, the repository's own above the workspace, its ``info/exclude``,
    and the user's ``core.excludesFile``; ``.cursorignore``, ``.aiignore`` and ``.aiexclude`` count the same. ``code``
    are the endings of source code's names.
    """

    def __init__(self, workspace: Path, code: tuple[str, ...]) -> None:
        self.workspace = workspace
        self._code = code
        self.root = _resolved(workspace)
        """The workspace's folder, symbolic links followed: names are relative to it."""
        self._specs: dict[str, GitIgnoreSpec | None] = {}
        self._lines: dict[str, int] = {}
        self._verdicts: dict[str, bool] = {}
        self._resolved: dict[str, str] = {}
        self._roots = tuple(dict.fromkeys((os.path.abspath(workspace), str(self.root))))  # noqa: PTH100
        self._inside: dict[str, tuple[bool, _Rules]] = {}
        self._said: dict[tuple[int, str], bool] = {}
        self._top = next((folder for folder in (self.root, *self.root.parents) if (folder / ".git").exists()), None)

    def relative(self, path: Path) -> PurePosixPath | None:
        """``path`` relative to the workspace, symbolic links followed; None outside of it."""
        name = self._name(self.resolved(path))
        return PurePosixPath(name) if name is not None else None

    def resolved(self, path: Path | str) -> str:
        """``path`` with symbolic links followed. Each folder is resolved once: its files are many."""
        path = str(path)
        found = self._resolved.get(path)
        if found is None:
            found = self._resolved[path] = self._followed(path)
        return found

    def _followed(self, path: str) -> str:
        folder, name = os.path.split(path)
        if name in ("", ".", "..") or os.path.islink(path):  # noqa: PTH114 - hundreds of them are asked for
            return str(_resolved(Path(path)))
        above = self.resolved(folder)
        return f"{above}{name}" if above.endswith(os.sep) else f"{above}{os.sep}{name}"

    def _name(self, resolved: str) -> str | None:
        return _below(resolved, self._roots[-1])

    def may_show(self, path: Path | str) -> bool:
        """Whether the text of ``path`` may be shown. A link counts by its own name and by what it points to."""
        path = str(path)
        said = self._verdicts.get(path)
        if said is None:
            said = self._verdicts[path] = self._may_show(path)
        return said

    def _may_show(self, path: str) -> bool:
        resolved = self.resolved(path)
        target = self._name(resolved)
        if target is None or self._is_shut(target):
            return False
        if path == resolved:
            return True
        absolute = os.path.abspath(path)  # noqa: PTH100 - resolve() would follow the link, whose name counts too
        for root in self._roots:
            named = _below(absolute, root)
            if named is not None:
                return named == target or not self._is_shut(named)
        return True

    def _is_shut(self, name: str) -> bool:
        return is_secret_file(name.rpartition("/")[2], self._code) or self._ignored(name)

    def files(self, suffixes: tuple[str, ...], *, most: int, named: re.Pattern[str] | None = None) -> Iterator[Path]:
        """Files with one of ``suffixes``, and a name that ``named`` matches whole, that may be shown, in a fixed order;
        at most ``most`` files are looked at."""
        seen = 0
        for folder, folders, names in os.walk(self.root):
            here = Path(folder)
            folders[:] = sorted(
                name
                for name in folders
                if name not in _HEAVY
                and not name.startswith(".")
                and not (here / name).is_symlink()
                and not self._ignored((here / name).relative_to(self.root).as_posix(), folder=True)
            )
            for name in sorted(names):
                seen += 1
                if seen > most:
                    return
                if not name.endswith(suffixes) or (named is not None and not named.fullmatch(name)):
                    continue
                if self.may_show(here / name):
                    yield here / name

    def listed(
        self,
        suffixes: tuple[str, ...],
        *,
        most: int,
        known: dict[tuple[int, str], bool],
        folders: dict[str, Stamp],
        under: Sequence[str] | None = None,
        near: str = "",
    ) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """The same files as :meth:`files` answers, each by its name in the workspace: many times as fast.

        ``known`` keeps what the rules said of names, from one listing to the next, and ``folders`` the stamp of each
        folder, by its name in the workspace with a ``/`` after it, as it was just before it was listed; both are filled
        here. ``under``: list these folders alone, and those in them that ``folders`` does not hold yet. The way to the
        folder ``near`` is taken first: where there is no time for all, its files are among those that were found.
        """
        seen = 0
        waiting = [("", str(self.root), self._rules_above())]
        if under is not None:
            waiting = [(name, f"{self.root}/{name}", self._folder(name[:-1])[1]) for name in reversed(under)]
        while waiting:
            prefix, folder, rules = waiting.pop()
            stamp = folder_stamp(folder)
            try:
                entries = sorted(os.scandir(folder), key=_entry_name)
            except OSError:
                continue
            if stamp is not None:
                folders[prefix] = stamp
            if not prefix or any(name in _IGNORE_FILES for name in map(_entry_name, entries)):
                rules = self._rules_in(folder, len(prefix), "", rules)
            inner: list[tuple[str, str, _Rules]] = []
            for entry in entries:
                name = entry.name
                if entry.is_dir(follow_symlinks=False):
                    if under is not None and f"{prefix}{name}/" in folders:
                        continue
                    if name not in _HEAVY and not name.startswith(".") and not rules.ignore(f"{prefix}{name}/", known):
                        inner.append((f"{prefix}{name}/", entry.path, rules))
                    continue
                seen += 1
                if seen > most:
                    return
                if not name.endswith(suffixes):
                    continue
                if entry.is_symlink():
                    shown = entry.is_file() and self.may_show(Path(entry.path))
                else:
                    shown = not is_secret_file(name, self._code) and not rules.ignore(prefix + name, known)
                if shown:
                    yield prefix + name, entry
            inner.sort(key=lambda one: not near.startswith(one[0]))
            waiting.extend(reversed(inner))

    def _rules_above(self) -> _Rules:
        """The ignore files of the folders above the workspace, down from the repository's."""
        rules = _Rules((), 0)
        top = self._top or self.root
        above = [folder for folder in self.root.parents if folder.is_relative_to(top)]
        for folder in reversed(above):
            rules = self._rules_in(str(folder), 0, f"{self.root.relative_to(folder).as_posix()}/", rules)
        return rules

    def _rules_in(self, folder: str, cut: int, lead: str, outer: _Rules) -> _Rules:
        spec = self._spec(folder)
        if spec is None:
            return outer
        key = zlib.crc32(f"{self._lines[folder]}\0{cut}\0{lead}\0{outer.key}".encode()) or 1
        return _Rules(((spec, cut, lead), *outer.specs), key)

    def _ignored(self, name: str, *, folder: bool = False) -> bool:
        """git's rule: a file in an ignored folder is ignored, whatever is said of the file itself. What is said of a
        file or a folder is what the ignore file nearest to it that mentions it says. What lies in a folder of keys and
        the like counts as ignored."""
        if not name:
            return False
        shut, rules = self._folder(name.rpartition("/")[0])
        return shut or rules.ignore(f"{name}/" if folder else name, self._said)

    def _folder(self, name: str) -> tuple[bool, _Rules]:
        """Whether nothing in a folder of the workspace is shown, and the rules that hold in it. Each is looked at
        once."""
        found = self._inside.get(name)
        if found is None:
            if name:
                outside, _, own = name.rpartition("/")
                shut, outer = self._folder(outside)
                shut = shut or own.lower() in SECRET_FOLDERS or outer.ignore(f"{name}/", self._said)
                rules = self._rules_in(f"{self.root}/{name}", len(name) + 1, "", outer)
            else:
                shut, rules = False, self._rules_in(str(self.root), 0, "", self._rules_above())
            found = self._inside[name] = shut, rules
        return found

    def _spec(self, folder: str) -> GitIgnoreSpec | None:
        if folder not in self._specs:
            # Most folders have none: asking for each by its name costs less than the exception of reading it does.
            there = [name for name in _IGNORE_FILES if os.path.lexists(f"{folder}/{name}")]
            files = [Path(folder, name) for name in there]
            top = self._top or self.root
            if folder == str(top):
                files = [*exclude_files(top, repository=self._top is not None), *files]
            lines = [line for file in files for line in _lines(file)]
            self._specs[folder] = _compiled(lines) if lines else None
            self._lines[folder] = zlib.crc32("\n".join(lines).encode(errors="replace"))
        return self._specs[folder]


def _compiled(lines: list[str]) -> GitIgnoreSpec:
    """All patterns that can be read: git skips a broken one as well."""
    from pathspec import GitIgnoreSpec

    good: list[str] = []
    for line in lines:
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue
        good.append(line)
    return GitIgnoreSpec.from_lines(good)


def _lines(file: Path) -> list[str]:
    return (read_text(file, most=_LARGEST_IGNORE_FILE) or "").splitlines()


def _below(path: str, root: str) -> str | None:
    """The name of ``path`` in the folder ``root``, "" for that itself; None outside of it."""
    lead = root if root.endswith(os.sep) else root + os.sep
    if path.startswith(lead):
        return path[len(lead) :].replace(os.sep, "/")
    return "" if path == root else None


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop of links
        return Path(os.path.abspath(path))  # noqa: PTH100
