"""Cargo, what it may see in a box, and what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.checking.gate import Fault
from forge_lsp.checking.problems import problem_at
from forge_lsp.checking.project import Place
from forge_lsp.checking.versions import home_of
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.reading import parsed_json, parsed_toml, read_text
from forge_lsp.sandbox.exposure import Origin, exposed
from forge_lsp.sandbox.marks import is_rust

__all__ = ["CHECK", "INSTALL", "METADATA", "Cargo", "find_cargo", "messages", "place_of_span", "problems_of"]

INSTALL = "install Rust: https://rustup.rs"
_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,120}")
CHECK = ("check", "--offline", "--message-format", "json", "--all-targets")
METADATA = ("metadata", "--offline", "--no-deps", "--format-version", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cargo:
    """One toolchain. ``arguments`` are given to every run: where the user's settings take crates from."""

    program: Path
    environment: Mapping[str, str]
    readable: tuple[Path, ...]
    arguments: tuple[str, ...] = ()

    def command(self, name: str, manifest: str, arguments: Sequence[str]) -> tuple[str, ...]:
        """Cargo's subcommand ``name`` on a manifest."""
        return (str(self.program), name, *self.arguments, "--manifest-path", manifest, *arguments)

    def with_features(self, features: Sequence[str]) -> Cargo:
        """The same with features of the package switched on."""
        if not features:
            return self
        return replace(self, arguments=(*self.arguments, "--features", ",".join(features)))

    def environment_with(self, target: Path) -> dict[str, str]:
        """What it needs to know in a box, with its target folder."""
        return {**self.environment, "CARGO_TARGET_DIR": str(target), "RUST_BACKTRACE": "0"}


def find_cargo(place: Place, environment: Mapping[str, str]) -> Cargo | Fault:
    """The toolchain that rustup would take for the document's folder, else the ``cargo`` on PATH; or what is lacking.

    Rustup itself is not run: it would fetch a toolchain that a project names.
    """
    found = shutil.which("cargo", path=environment.get("PATH", ""))
    if found is None:
        return Fault(reason="Rust is not installed (no cargo on PATH)", remedy=INSTALL)
    program = Path(found)
    home = Path(environment.get("CARGO_HOME") or home_of(environment) / ".cargo")
    roots: tuple[Path, ...] = ()
    if _is_rustup(program):
        toolchain = _toolchain(place, environment)
        if isinstance(toolchain, Fault):
            return toolchain
        shown = exposed((toolchain,), origin=Origin.WORKSPACE, workspace=place.source)
        program, roots = toolchain / "bin" / "cargo", shown
    else:
        program = program.resolve()
        roots = (program.parent,)
    crates = tuple(folder for folder in (home / "registry", home / "git") if folder.is_dir())
    arguments, sources = _sources(home)
    known = {
        "PATH": f"{program.parent}:/usr/local/bin:/usr/bin:/bin",
        "CARGO_NET_OFFLINE": "true",
        "CARGO_TERM_COLOR": "never",
        "CARGO_INCREMENTAL": "1",
        # A wrapper of the user's own (sccache) is not in the box.
        "RUSTC_WRAPPER": "",
    }
    if crates:
        known["CARGO_HOME"] = str(home)
    return Cargo(program=program, environment=known, readable=(*roots, *crates, *sources), arguments=arguments)


def _is_rustup(program: Path) -> bool:
    real = program.resolve()
    beside = program.parent / "rustup"
    return real.name.startswith("rustup") or (beside.exists() and os.path.samefile(real, beside))  # noqa: PTH121


def _toolchain(place: Place, environment: Mapping[str, str]) -> Path | Fault:
    home = Path(environment.get("RUSTUP_HOME") or home_of(environment) / ".rustup")
    name = environment.get("RUSTUP_TOOLCHAIN") or _named(place) or _default(home, place)
    if name is None:
        return Fault(reason="rustup has no toolchain", remedy="rustup default stable")
    if _CHANNEL.fullmatch(name) is None:
        return Fault(
            reason=f"{name[:60]!r} (the project's rust-toolchain, or RUSTUP_TOOLCHAIN) is no toolchain's name",
            remedy='name one that rustup has, such as channel = "stable": rustup toolchain list',
        )
    folder = home / "toolchains"
    others = sorted(other for other in _listed(folder) if other.name.startswith(f"{name}-"))
    for found in (folder / name, *others):
        if is_rust(found):
            return found
    return Fault(reason=f"the Rust toolchain {name} is not installed", remedy=f"rustup toolchain install {name}")


def _listed(folder: Path) -> tuple[Path, ...]:
    try:
        return tuple(folder.iterdir())
    except OSError:
        return ()


def _named(place: Place) -> str | None:
    """What the project's ``rust-toolchain`` asks for."""
    path = place.nearest("rust-toolchain", "rust-toolchain.toml")
    if path is None:
        return None
    text = place.text(path) or ""
    try:
        channel = _table(parsed_toml(text).get("toolchain")).get("channel")
        return str(channel) if channel else None
    except ValueError:
        return text.strip().split("\n")[0].strip() or None  # the old form: the name alone


def _default(home: Path, place: Place) -> str | None:
    try:
        settings = parsed_toml(read_text(home / "settings.toml") or "")
    except ValueError:
        return None
    overrides = _table(settings.get("overrides"))
    folder = place.source / place.document.parent if place.source is not None else None
    while folder is not None:
        if str(folder) in overrides:
            return str(overrides[str(folder)])
        folder = folder.parent if folder != folder.parent else None
    found = settings.get("default_toolchain")
    return str(found) if found else None


def _sources(home: Path) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """Of the user's Cargo settings, only where crates come from: the rest may hold tokens."""
    arguments: list[str] = []
    folders: list[Path] = []
    for name in ("config.toml", "config"):
        try:
            text = read_text(home / name)
            settings = parsed_toml(text or "")
        except ValueError:
            continue
        if text is None:
            continue
        for source, table in _table(settings.get("source")).items():
            for key in ("replace-with", "registry", "directory", "local-registry"):
                value = _table(table).get(key)
                if isinstance(value, str):
                    arguments += ["--config", f"source.{json.dumps(source)}.{key}={json.dumps(value)}"]
                    folders += [Path(value)] if key in ("directory", "local-registry") else []
        for registry, table in _table(settings.get("registries")).items():
            index = _table(table).get("index")
            if isinstance(index, str):
                arguments += ["--config", f"registries.{json.dumps(registry)}.index={json.dumps(index)}"]
        break
    return tuple(arguments), tuple(folder for folder in folders if folder.is_absolute())


def _table(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def messages(output: bytes) -> Iterator[dict[str, Any]]:
    """Cargo's messages, a JSON object a line; lines that a build script printed are left out."""
    for line in output.decode("utf-8", "replace").split("\n"):
        if line.startswith("{"):
            try:
                value = parsed_json(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                yield cast("dict[str, Any]", value)


def problems_of(output: bytes, *, root: Path, folder: PurePosixPath) -> tuple[Diagnostic, ...]:
    """The errors that rustc told. Names of files are relative to ``folder``, the workspace's own, below ``root``."""
    found: list[Diagnostic] = []
    for message in messages(output):
        told = _table(message.get("message"))
        if message.get("reason") != "compiler-message" or told.get("level") not in (
            "error",
            "error: internal compiler error",
        ):
            continue
        spans = [_table(span) for span in cast("list[Any]", told.get("spans") or [])]
        first = next((_expanded(span, root, folder) for span in spans if span.get("is_primary")), None)
        if first is None:
            continue
        label = str(first.get("label") or "")
        text = str(told.get("message", ""))
        found.append(
            problem_at(
                _relative(str(first.get("file_name")), root, folder),
                int(first.get("line_start") or 0),
                int(first.get("column_start") or 0),
                code=str(_table(told.get("code")).get("code") or ""),
                message=f"{text}: {label}" if label and label not in text else text,
                source="cargo",
                end=(int(first.get("line_end") or 0), int(first.get("column_end") or 0)),
            )
        )
    return tuple(dict.fromkeys(found))


def place_of_span(told: Mapping[str, Any], *, root: Path, folder: PurePosixPath) -> tuple[tuple[str, int], ...]:
    """Return the files, relative to ``root``, and the lines that a message of rustc's is about, the most important
    first."""
    spans = [_table(span) for span in cast("list[Any]", told.get("spans") or [])]
    main = [_expanded(span, root, folder) for span in spans if span.get("is_primary")]
    return tuple(
        (_relative(str(span.get("file_name")), root, folder), int(span.get("line_start") or 0)) for span in main
    )


def _expanded(span: dict[str, Any], root: Path, folder: PurePosixPath) -> dict[str, Any]:
    """Inside a macro of another crate: the place in the project that called it."""
    label = span.get("label")
    while _relative(str(span.get("file_name")), root, folder).startswith(("/", "<")):
        outer = _table(_table(span.get("expansion")).get("span"))
        if not outer:
            break
        span = {**outer, "label": label}
    return span


def _relative(file: str, root: Path, folder: PurePosixPath) -> str:
    if file.startswith("<"):
        return file
    path = PurePosixPath(file if file.startswith("/") else os.path.normpath(f"{root}/{folder}/{file}"))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
