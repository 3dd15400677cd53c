"""Which crates of a workspace a check of one Rust file looks at, and the manifest of a file that has none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.languages.rust.tools import messages

__all__ = ["MANIFEST", "Target", "Workspace", "covering", "edition_of", "lone_manifest", "workspace_of"]

MANIFEST = "Cargo.toml"
_EDITIONS = ((85, "2024"), (56, "2021"), (31, "2018"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One target of a package: its kind (``lib``, ``bin``, ``test``), its first file relative to the tree, and whether
    it is tested. ``folder`` is that of its ``package``, relative to the tree."""

    name: str
    kind: str
    file: PurePosixPath
    tested: bool
    package: str = ""
    folder: PurePosixPath = field(default_factory=PurePosixPath)

    @property
    def chosen(self) -> tuple[str, ...]:
        """It alone, as arguments."""
        return ("--lib",) if self.kind == "lib" else (f"--{self.kind}", self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """What ``cargo metadata`` says: the workspace's folder relative to the tree, its packages, and those to check."""

    folder: PurePosixPath
    names: tuple[str, ...]
    checked: tuple[str, ...]
    tested: bool = False
    """Whether all libraries that are to be checked are also compiled as tests of themselves."""
    targets: tuple[Target, ...] = ()
    """Those of the document's own package that can have tests."""
    others: tuple[Target, ...] = ()
    """Those of the packages that depend on it."""

    ids: Mapping[str, str] = field(default_factory=dict[str, str])
    """How cargo tells a package from others of its name (another version of itself among what it needs), by name."""

    @property
    def packages(self) -> tuple[str, ...]:
        """Those to check, as arguments."""
        return tuple(word for name in self.checked for word in ("-p", self.ids.get(name, name)))

    @property
    def own(self) -> tuple[str, str]:
        """The document's package, as arguments."""
        return self.chosen(self.checked[0])

    def chosen(self, package: str) -> tuple[str, str]:
        """One of its packages, as arguments."""
        return ("-p", self.ids.get(package, package))


def workspace_of(output: bytes, *, root: Path, manifest: PurePosixPath) -> Workspace | None:
    """By what ``cargo metadata --no-deps`` said of a tree at ``root``; None where ``manifest`` is no package's."""
    document = next(messages(output), None) or cast("dict[str, Any]", {})
    packages = cast("list[dict[str, Any]]", document.get("packages") or [])
    own = next((str(one["name"]) for one in packages if one.get("manifest_path") == str(root / manifest)), None)
    if own is None:
        return None
    checked = [own]
    for known in checked:  # grows while it is walked
        for one in packages:
            needs = {str(need.get("name")) for need in cast("list[dict[str, Any]]", one.get("dependencies") or [])}
            if known in needs and str(one["name"]) not in checked:
                checked.append(str(one["name"]))
    folder = PurePosixPath(str(document.get("workspace_root")))
    inside = folder.relative_to(root) if folder.is_relative_to(root) else PurePosixPath()
    targets = [
        target
        for one in packages
        if str(one["name"]) in checked
        for target in cast("list[dict[str, Any]]", one.get("targets") or [])
        if not {"custom-build", "bin", "test", "bench", "example"}.intersection(target.get("kind") or ())
    ]
    return Workspace(
        folder=inside,
        names=tuple(str(one["name"]) for one in packages),
        checked=tuple(checked),
        tested=all(target.get("test") is True for target in targets),
        targets=tuple(_targets(packages, (own,), root)),
        others=tuple(_targets(packages, checked[1:], root)),
        ids={str(one["name"]): _id(one) for one in packages},
    )


def _id(package: Mapping[str, Any]) -> str:
    known = str(package.get("id") or "")
    # Older ones have a form in which ids are told and not taken.
    return known if known.startswith("path+") else f"{package['name']}:{package.get('version')}"


def _targets(packages: list[dict[str, Any]], names: Sequence[str], root: Path) -> Iterator[Target]:
    for one in packages:
        folder = PurePosixPath(str(one.get("manifest_path"))).parent
        if str(one["name"]) not in names or not folder.is_relative_to(root):
            continue
        for target in cast("list[dict[str, Any]]", one.get("targets") or []):
            kinds = set(cast("list[str]", target.get("kind") or []))
            file = PurePosixPath(str(target.get("src_path")))
            if file.is_relative_to(root) and not kinds & {"custom-build", "example", "bench"}:
                yield Target(
                    name=str(target["name"]),
                    kind=next((kind for kind in ("bin", "test") if kind in kinds), "lib"),
                    file=file.relative_to(root),
                    tested=target.get("test") is True,
                    package=str(one["name"]),
                    folder=folder.relative_to(root),
                )


def covering(document: PurePosixPath, folder: PurePosixPath, *, root: Path, target: Path) -> tuple[str, ...]:
    """A command that ends with 0 where one of the crates that were compiled read the document: each tells in a file
    what it read."""
    name = document.relative_to(folder) if document.is_relative_to(folder) else document
    lines = [word for one in (name, root / document) for word in ("-e", f"{str(one).replace(' ', chr(92) + ' ')}:")]
    folders = [str(target / "debug" / part) for part in ("deps", "build", "examples")]
    return ("grep", "-rqxF", "--include=*.d", *lines, *folders)


def lone_manifest(text: str, name: str, edition: str) -> bytes:
    """The manifest of a file that no package holds, a program or a library."""
    is_program = re.search(r"^\s*(?:pub\s+)?(?:async\s+)?fn\s+main\s*\(", text, re.M) is not None
    kind = '[[bin]]\nname = "forge"' if is_program else "[lib]"
    return (
        f'[package]\nname = "forge"\nversion = "0.0.0"\nedition = "{edition}"\n'
        "autobins = false\nautotests = false\n"
        "autoexamples = false\nautobenches = false\nbuild = false\n\n[workspace]\n\n"
        f"{kind}\npath = {json.dumps(name)}\n"
    ).encode()


def edition_of(output: bytes) -> str:
    """The newest edition that a cargo knows, by what ``cargo --version`` said."""
    match = re.search(r"\b1\.(\d+)\.", output.decode("utf-8", "replace"))
    minor = int(match[1]) if match is not None else 0
    return next((name for least, name in _EDITIONS if minor >= least), "2015")
