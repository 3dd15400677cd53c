"""What may never be shown to a model: ignored files, secrets, and whatever lies outside the workspace."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from forge_lsp.reading import read_text
from forge_lsp.source.git_rules import exclude_files

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

__all__ = ["Guard", "is_secret_name"]

# Compared in lower case with a file's name and with the name of each folder above it, inside the workspace.
_SECRET_ALWAYS = (
    ".env*",
    "*.env",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "credentials*",
    "secret.*",
    "secrets.*",
)
# Not when the name ends as source code does: kubeconfig.py is a module, token.ts a class.
_SECRET_NAMES = (
    "*.p8",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.ppk",
    "*.asc",
    "*.gpg",
    "*.pgp",
    "*.ovpn",
    "*.mobileprovision",
    ".flaskenv",
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".netrc",
    "_netrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".git-credentials",
    ".htpasswd",
    ".dockercfg",
    ".dockerconfigjson",
    "*credentials*",
    "client_secret*.json",
    "service-account*.json",
    "service_account*.json",
    "*.secrets",
    "*.tfvars",
    "*.tfstate",
    "*.tfstate.*",
    "kubeconfig",
    "terraform.rc",
    ".terraformrc",
    "appsettings.secrets.json",
    "local.settings.json",
    ".vault-token",
    "nuget.config",
    "token",
    "http-token",
    "*.token",
)
_SECRET_FOLDERS = (
    ".ssh",
    ".aws",
    ".gnupg",
    ".azure",
    ".kube",
    ".docker",
    ".git",
    ".hg",
    ".svn",
    ".gcloud",
    ".password-store",
)
_CODE = (
    ".py",
    ".pyi",
    ".cs",
    ".ts",
    ".tsx",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    ".mts",
    ".cts",
    ".go",
    ".rs",
    ".java",
    ".c",
    ".h",
    ".cpp",
    ".hpp",
)
_IGNORE_FILES = (".gitignore", ".cursorignore", ".aiignore", ".aiexclude")
_HEAVY = frozenset(
    {
        "node_modules",
        "__pycache__",
        "bin",
        "obj",
        "target",
        "dist",
        "build",
        "out",
        "vendor",
        "venv",
        "env",
        "site-packages",
        "coverage",
    }
)
_LARGEST_IGNORE_FILE = 256_000


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns))


_SECRET_CODE, _SECRET_ANY = _any_of(_SECRET_ALWAYS), _any_of(_SECRET_ALWAYS + _SECRET_NAMES)


def is_secret_name(path: PurePosixPath) -> bool:
    """Whether a file's name, or a folder's above it, says that it holds keys or passwords (``path`` is relative)."""
    if any(part.lower() in _SECRET_FOLDERS for part in path.parts[:-1]):
        return True
    name = path.name.lower()
    return (_SECRET_CODE if name.endswith(_CODE) else _SECRET_ANY).match(name) is not None


class Guard:
    """Says which files of one workspace may be read, and lists them. Ignore files are read once, and what was said of a
    file is said again.

    The rules are git's: nested ``.gitignore`` files, the repository's own above the workspace, its ``info/exclude``,
    and the user's ``core.excludesFile``; ``.cursorignore``, ``.aiignore`` and ``.aiexclude`` count the same.
    """

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self._root = _resolved(workspace)
        self._specs: dict[Path, GitIgnoreSpec | None] = {}
        self._verdicts: dict[Path, bool] = {}
        self._folders: dict[Path, Path] = {}
        self._top = next((folder for folder in (self._root, *self._root.parents) if (folder / ".git").exists()), None)

    def relative(self, path: Path) -> PurePosixPath | None:
        """``path`` relative to the workspace, symbolic links followed; None outside of it."""
        resolved = self.resolved(path)
        return (
            PurePosixPath(resolved.relative_to(self._root).as_posix()) if resolved.is_relative_to(self._root) else None
        )

    def resolved(self, path: Path) -> Path:
        """``path`` with symbolic links followed. Each folder is resolved once: its files are many."""
        if path.is_symlink() or path.name in ("", ".."):
            return _resolved(path)
        folder = path.parent
        if folder not in self._folders:
            self._folders[folder] = _resolved(folder)
        return self._folders[folder] / path.name

    def may_show(self, path: Path) -> bool:
        """Whether the text of ``path`` may be shown. A link counts by its own name and by what it points to."""
        if path not in self._verdicts:
            self._verdicts[path] = self._may_show(path)
        return self._verdicts[path]

    def _may_show(self, path: Path) -> bool:
        target = self.relative(path)
        if target is None or is_secret_name(target) or self._ignored(target):
            return False
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the link, whose name counts too
        for root in (Path(os.path.abspath(self.workspace)), self._root):  # noqa: PTH100
            if absolute.is_relative_to(root):
                named = PurePosixPath(absolute.relative_to(root).as_posix())
                return named == target or not (is_secret_name(named) or self._ignored(named))
        return True

    def files(self, suffixes: tuple[str, ...], *, most: int, named: re.Pattern[str] | None = None) -> Iterator[Path]:
        """Files with one of ``suffixes``, and a name that ``named`` matches whole, that may be shown, in a fixed order;
        at most ``most`` files are looked at."""
        seen = 0
        for folder, folders, names in os.walk(self._root):
            here = Path(folder)
            folders[:] = sorted(
                name
                for name in folders
                if name not in _HEAVY
                and not name.startswith(".")
                and not (here / name).is_symlink()
                and not self._ignored(PurePosixPath((here / name).relative_to(self._root).as_posix()), folder=True)
            )
            for name in sorted(names):
                seen += 1
                if seen > most:
                    return
                if not name.endswith(suffixes) or (named is not None and not named.fullmatch(name)):
                    continue
                if self.may_show(here / name):
                    yield here / name

    def _ignored(self, path: PurePosixPath, *, folder: bool = False) -> bool:
        """git's rule: a file in an ignored folder is ignored, whatever is said of the file itself."""
        parts = path.parts
        for size in range(1, len(parts) + 1):
            part = PurePosixPath(*parts[:size])
            if self._matched(self._root / part, folder=folder or size < len(parts)):
                return True
        return False

    def _matched(self, path: Path, *, folder: bool) -> bool:
        """What the ignore file nearest to ``path`` that mentions it says."""
        top = self._top or self._root
        for parent in path.parents:
            spec = self._spec(parent)
            if spec is not None:
                name = path.relative_to(parent).as_posix() + ("/" if folder else "")
                verdict = spec.check_file(name).include
                if verdict is not None:
                    return verdict
            if parent == top or len(parent.parts) <= len(top.parts):
                break
        return False

    def _spec(self, folder: Path) -> GitIgnoreSpec | None:
        if folder not in self._specs:
            from pathspec import GitIgnoreSpec

            files = [folder / name for name in _IGNORE_FILES]
            if folder == (self._top or self._root):
                files = [*exclude_files(folder, repository=self._top is not None), *files]
            lines = [line for file in files for line in _lines(file)]
            self._specs[folder] = _compiled(GitIgnoreSpec, lines) if lines else None
        return self._specs[folder]


def _compiled(spec: type[GitIgnoreSpec], lines: list[str]) -> GitIgnoreSpec:
    """All patterns that can be read: git skips a broken one as well."""
    good: list[str] = []
    for line in lines:
        try:
            spec.from_lines([line])
        except ValueError:
            continue
        good.append(line)
    return spec.from_lines(good)


def _lines(file: Path) -> list[str]:
    return (read_text(file, most=_LARGEST_IGNORE_FILE) or "").splitlines()


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop of links
        return Path(os.path.abspath(path))  # noqa: PTH100
