"""What a workspace's forge.toml may say: it came with somebody's repository, so it may narrow, never widen.

It can ask for less spending, a stricter sandbox, a higher score, shorter deadlines or another order of models that
the user set up; it cannot name or start servers, nor name commands, prices, folders or consent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import ValidationError

from forge_lsp.config.sources import Layer, Layers, Table, leaves
from forge_lsp.config.tree import Settings
from forge_lsp.core.errors import SettingsError
from forge_lsp.reading import table_beside

__all__ = ["misread", "named_profile", "narrowed", "widened"]

_HINT = "move it to your own settings file"


def _path(key: str) -> tuple[str, str]:
    table, _, name = key.partition(".")
    return table, name


_RULES = table_beside(__file__, "trust.toml")
_FORBIDDEN: Mapping[str, str] = _RULES["forbidden"]
_PROGRAMS: Mapping[str, str] = _RULES["programs"]
_SMALLER, _LARGER, _OFF = (tuple(map(_path, _RULES["keys"][kind])) for kind in ("smaller", "larger", "off"))
_ORDERED: Mapping[tuple[str, str], Sequence[str]] = {_path(key): order for key, order in _RULES["ordered"].items()}


def narrowed(workspace: Layer, user: Table) -> tuple[Layer, tuple[str, ...]]:
    """The part of a workspace file that holds, and notes on what the user's own value overrules.

    ``user`` is what profile and user file say, defaults included. Raises SettingsError for what a workspace file
    may never say: nothing of the file should hold then, since its author meant something else.
    """
    problems: list[str] = []
    notes: list[str] = []
    values: Table = dict(workspace.values)
    hint = _HINT
    for key, what in _FORBIDDEN.items():
        if key in values:
            problems.append(f"{key} ({workspace.label}): a workspace file may not {what}; {hint}")
    if (named := named_profile(workspace)) is not None:
        problems.append(named)
    for language, table in cast(Table, values.get("check") or {}).items() if _is_table(values, "check") else ():
        for key, what in _PROGRAMS.items():
            if isinstance(table, dict) and key in table:
                problems.append(
                    f"check.{language}.{key} ({workspace.label}): a workspace file may not name {what}; {hint}"
                )
    if _is_table(values, "models"):
        for name, entry in cast(Table, values["models"]).items():
            if isinstance(entry, dict) and str(cast(Table, entry).get("name", "")).lower().endswith(".gguf"):
                problems.append(
                    f"models.{name}.name ({workspace.label}): a workspace file may not name model files; {hint}"
                )
    if problems:
        raise SettingsError(tuple(problems))
    if _get(values, ("accept", "rule")) not in (None, _get(user, ("accept", "rule"))):
        notes.append(f"accept.rule ({workspace.label}): your own rule holds")
        values = _without(values, ("accept", "rule"))
    if values.get("effort", user.get("effort")) != user.get("effort"):
        notes.append(f"effort ({workspace.label}): your own effort holds")  # need: the panel sees less of the code
        values = {key: value for key, value in values.items() if key != "effort"}
    for path, keeps in [(path, min) for path in _SMALLER] + [(path, max) for path in _LARGER]:
        mine, theirs = _get(user, path), _get(values, path)
        if isinstance(mine, int | float) and isinstance(theirs, int | float) and keeps(mine, theirs) != theirs:
            notes.append(f"{'.'.join(path)} ({workspace.label}): {theirs} would widen your {mine}, which holds")
            values = _without(values, path)
    for path, order in _ORDERED.items():
        mine, theirs = _get(user, path), _get(values, path)
        if mine in order and theirs in order and order.index(str(theirs)) < order.index(str(mine)):
            notes.append(f"{'.'.join(path)} ({workspace.label}): {theirs!r} would widen your {mine!r}, which holds")
            values = _without(values, path)
    for path in _OFF:
        if _get(user, path) is False and _get(values, path) is True:
            notes.append(f"{'.'.join(path)} ({workspace.label}): it is off by your own settings, which hold")
            values = _without(values, path)
    return Layer(label=workspace.label, values=values), tuple(notes)


def named_profile(workspace: Layer) -> str | None:
    """The problem of a workspace file that names a profile by path."""
    profile = workspace.values.get("profile")
    if isinstance(profile, str) and ("/" in profile or "\\" in profile or profile.endswith(".toml")):
        return f"profile ({workspace.label}): a workspace file may not name a profile by path; {_HINT}"
    return None


def misread(workspace: Layer, user: Table) -> tuple[str, ...]:
    """The problems of what a workspace file says as it stands: a number in quotes is none, and is compared with none.

    ``user`` is what the workspace's values are laid over.
    """
    if not workspace.values:
        return ()
    problems = [
        f"{'.'.join(path)} ({workspace.label}): {value} is no number that can be compared"
        for path, value in leaves(workspace.values)
        if isinstance(value, float) and not math.isfinite(value)
    ]
    if problems:
        return tuple(problems)
    layers = Layers(layers=(Layer(label="user", values=user), workspace))
    try:
        Settings.model_validate_json(json.dumps(layers.merged(), default=str), strict=True)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            path = tuple(str(part) for part in problem["loc"])
            keys = tuple(str(part) for part in problem["loc"] if not isinstance(part, int))
            # The user's own may be written more freely; unknown and missing keys are told with all others.
            if layers.source_of(keys) == workspace.label and problem["type"] not in ("extra_forbidden", "missing"):
                problems.append(f"{'.'.join(path)} ({workspace.label}): {problem['msg'].removeprefix('Value error, ')}")
    except (ValueError, RecursionError) as error:
        problems.append(f"{workspace.label}: cannot be read: {error}")
    return tuple(problems)


def widened(settings: Settings, own: Settings, label: str) -> tuple[str, ...]:
    """The problems of validated ``settings`` in which a workspace file has a value that is wider than the user's
    ``own``. Empty, unless what was written meant something else than what it became."""
    problems: list[str] = []

    def value(tree: Settings, path: tuple[str, str]) -> object:
        return getattr(getattr(tree, path[0]), path[1])

    for paths, keeps in ((_SMALLER, min), (_LARGER, max)):
        for path in paths:
            mine, theirs = cast(float, value(own, path)), cast(float, value(settings, path))
            if keeps(mine, theirs) != theirs:
                problems.append(f"{'.'.join(path)} ({label}): {theirs} would widen your {mine}; {_HINT}")
    for path, order in _ORDERED.items():
        mine, theirs = str(value(own, path)), str(value(settings, path))
        if order.index(theirs) < order.index(mine):
            problems.append(f"{'.'.join(path)} ({label}): {theirs!r} would widen your {mine!r}; {_HINT}")
    if settings.accept.rule != own.accept.rule:
        problems.append(f"accept.rule ({label}): your own rule holds; {_HINT}")
    for name in ("servers", "consent", "prices", "fleet", "language"):
        if getattr(settings, name) != getattr(own, name):
            problems.append(f"{name} ({label}): a workspace file may not change it; {_HINT}")
    if settings.state.dir != own.state.dir:
        problems.append(f"state ({label}): a workspace file may not change it; {_HINT}")
    for language in settings.languages:
        mine, theirs = own.check.of(language), settings.check.of(language)
        for key, what in _PROGRAMS.items():
            if getattr(mine, key) != getattr(theirs, key):
                problems.append(f"check.{language}.{key} ({label}): a workspace file may not name {what}; {_HINT}")
    known = {model.name for model in own.models.values()}
    for key, model in settings.models.items():
        if model.name.lower().endswith(".gguf") and model.name not in known:
            problems.append(f"models.{key}.name ({label}): a workspace file may not name model files; {_HINT}")
    return tuple(problems)


def _is_table(values: Table, key: str) -> bool:
    return isinstance(values.get(key), dict)


def _get(table: Table, path: tuple[str, str]) -> object:
    inner = table.get(path[0])
    return cast(Table, inner).get(path[1]) if isinstance(inner, dict) else None


def _without(table: Table, path: tuple[str, str]) -> Table:
    inner = {key: value for key, value in cast(Table, table[path[0]]).items() if key != path[1]}
    return {**table, path[0]: inner}
