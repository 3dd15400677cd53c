"""From sources to a validated tree.

Two steps, since ``profile = "auto"`` has to look at what is there in between: :func:`gather` reads the sources,
:func:`resolve` lays them over a profile and validates.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from forge_lsp.config.sources import Layer, Layers, Table, environment_layer, file_layer, merge, user_file
from forge_lsp.config.tree import Settings
from forge_lsp.config.trust import misread, named_profile, narrowed, widened
from forge_lsp.config.wording import wording
from forge_lsp.core.errors import SettingsError
from forge_lsp.reading import table_beside

__all__ = ["PROFILES", "ResolvedSettings", "SettingsSources", "gather", "profile_layer", "resolve"]

_LARGEST_OF_A_WORKSPACE = 256 * 1024
"""Bytes of a workspace's settings file."""
PROFILES = ("three-gpu", "local", "one-gpu", "embedded", "cloud")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsSources:
    """All sources but the profile, still unmerged. ``fleet``: where the servers of a fleet that is up answer, by
    settings key, and ``placement``: which of them each model is planned on; stronger than a profile's word, weaker
    than the user's."""

    user: Layer
    workspace: Layer
    environment: Layer
    editor: Layer
    command_line: Layer
    fleet: Mapping[str, str] = field(default_factory=dict[str, str])
    placement: Mapping[str, str] = field(default_factory=dict[str, str])

    def over(self, profile: Layer) -> tuple[Layer, ...]:
        """``profile``, and over it the fleet's addresses for those of its servers, or the user's, that are Ollama's;
        and the plan's servers for their models."""
        found = Layers(layers=(profile, self.user, self.environment, self.editor, self.command_line)).merged()
        known, models = _entries(found, "servers"), _entries(found, "models")
        urls: Table = {
            key: {"url": url} for key, url in self.fleet.items() if known.get(key, {}).get("kind") == "ollama"
        }
        if not urls:
            return (profile,)
        homes: Table = {
            key: {"server": server}
            for key, server in self.placement.items()
            if server in urls and models.get(key, {}).get("server") in urls
        }
        return (profile, Layer(label="the fleet that is up", values={"servers": urls, "models": homes}))

    def trusted(self) -> Table:
        """What the sources say that may name servers; a workspace's may not. Not validated."""
        return Layers(layers=(self.user, self.environment, self.editor, self.command_line)).merged()

    def under(self, profile: str) -> Table:
        """The trusted sources over a ready profile and the fleet, not validated."""
        return merge(Layers(layers=self.over(profile_layer(profile))).merged(), self.trusted())

    def table(self, key: str) -> Table:
        """A top-level table as the sources that are trusted give it, not validated."""
        table = self.trusted().get(key, {})
        return cast(Table, table) if isinstance(table, dict) else {}

    @property
    def profile(self) -> str:
        """The profile asked for; ``custom`` where the user wrote a schedule and named no profile."""
        table = Layers(layers=(self.user, self.workspace, self.environment, self.editor, self.command_line)).merged()
        asked = table.get("profile")
        if asked is None or asked == "auto":
            return "custom" if "schedule" in table else "auto"
        if not isinstance(asked, str):
            raise SettingsError((f"profile: {asked!r} is not a name; one of auto, {', '.join(PROFILES)}, or a path",))
        # Before the file is looked at: a workspace names none.
        stronger = any("profile" in layer.values for layer in (self.environment, self.editor, self.command_line))
        if not stronger and (problem := named_profile(self.workspace)) is not None:
            raise SettingsError((problem,))
        return asked


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedSettings:
    """The tree, where each value came from, and notes for the user on what did not hold."""

    settings: Settings
    layers: Layers
    notes: tuple[str, ...] = ()


def gather(
    *,
    workspace: Path | None = None,
    editor: Mapping[str, object] | None = None,
    command_line: Mapping[str, object] | None = None,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> SettingsSources:
    """Read every source. Raises SettingsError for a file that cannot be read or parsed."""
    env = os.environ if environment is None else environment
    path, named = user_file(env, config)
    own = file_layer(path, required=named)
    local = workspace / "forge.toml" if workspace is not None else None
    theirs = Layer(label="workspace")
    # Not Path.resolve, which raises for a link that leads to itself.
    if local is not None and os.path.realpath(local) != os.path.realpath(path):
        theirs = file_layer(local, required=False, most=_LARGEST_OF_A_WORKSPACE)
    return SettingsSources(
        user=own,
        workspace=theirs,
        environment=environment_layer(env),
        editor=Layer(label="editor settings", values=dict(editor or {})),
        command_line=Layer(label="command line", values=dict(command_line or {})),
    )


def profile_layer(name: str, *, base: Path | None = None) -> Layer:
    """A ready profile, or one at a path (relative to ``base``). Raises SettingsError where there is none."""
    if name in PROFILES:
        return Layer(label=f"profile {name}", values=table_beside(__file__, f"profiles/{name}.toml"))
    if name.endswith(".toml") or "/" in name or "\\" in name:
        path = Path(name).expanduser()
        return file_layer(path if path.is_absolute() or base is None else base / path, required=True)
    raise SettingsError((f"profile: no profile {name!r}; one of auto, {', '.join(PROFILES)}, or the path of a file",))


def resolve(sources: SettingsSources, profile: Layer) -> ResolvedSettings:
    """Lay all sources over ``profile`` and validate. Raises SettingsError with every problem, each with its source."""
    below = sources.over(profile)
    trusted = Layers(layers=(*below, sources.user, sources.environment, sources.editor, sources.command_line)).merged()
    if wrong := misread(sources.workspace, trusted):
        raise SettingsError(wrong)
    workspace, notes = narrowed(sources.workspace, merge(_defaults(), trusted))
    layers = Layers(layers=(*below, sources.user, workspace, sources.environment, sources.editor, sources.command_line))
    settings = _validated(layers)
    if workspace.values:
        # What holds is compared as it holds, not as it is written.
        without = Layers(layers=(*below, sources.user, sources.environment, sources.editor, sources.command_line))
        if problems := widened(settings, _validated(without), workspace.label):
            raise SettingsError(problems)
    dangling = settings.references()
    if dangling:
        raise SettingsError(tuple(layers.sourced(f"{path}: {what}") for path, what in dangling))
    return ResolvedSettings(settings=settings, layers=layers, notes=notes)


def _validated(layers: Layers) -> Settings:
    try:
        return Settings.model_validate(layers.merged())
    except ValidationError as error:
        raise SettingsError(_problems(error, layers)) from None


def _defaults() -> Table:
    return Settings().model_dump(mode="json", exclude={"servers", "models", "schedule", "reviewers", "prices"})


def _problems(error: ValidationError, layers: Layers) -> tuple[str, ...]:
    lines: list[str] = []
    for problem in error.errors(include_url=False):
        path = problem["loc"]
        lines.append(f"{'.'.join(map(str, path))} ({layers.source_of(path)}): {wording(problem, Settings)}")
    return tuple(lines)


def _entries(table: Table, key: str) -> Mapping[str, Table]:
    """A table of tables as it is written, which may be anything."""
    found = table.get(key)
    entries = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    return {name: cast(Table, entry) for name, entry in entries.items() if isinstance(entry, dict)}
