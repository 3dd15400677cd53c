"""What a workspace's forge.toml may say: it came with somebody's repository, so it may narrow, never widen.

It can ask for less spending, a stricter sandbox, a higher score, shorter deadlines or another order of models that
the user set up; it cannot name or start servers, nor name commands, prices, folders or consent.
"""

from __future__ import annotations

from typing import cast

from forge_lsp.domain.errors import SettingsError
from forge_lsp.settings.sources import Layer, Table

__all__ = ["narrowed"]

_FORBIDDEN = {
    "servers": "name servers",
    "consent": "give consent",
    "prices": "set prices",
    "state": "move the state folder",
    "fleet": "start servers",
}
_SMALLER = (
    ("budget", "job"),
    ("budget", "day"),
    ("budget", "month"),
    ("check", "timeout"),
    *(("deadlines", key) for key in ("connect", "first_token", "between_tokens", "total", "load", "job")),
)
_LARGER = (("accept", "score"),)
#: From the widest to the narrowest.
_ORDERED = {
    ("check", "sandbox"): ("off", "preferred", "required"),
    ("apply", "mode"): ("edit", "preview", "none"),
    ("ladder", "after"): ("last_local", "stop"),
    ("accept", "proof"): ("reviewed", "supported", "kept", "proven"),
    ("accept", "panel"): ("unproven", "always"),
}


def narrowed(workspace: Layer, user: Table) -> tuple[Layer, tuple[str, ...]]:
    """The part of a workspace file that holds, and notes on what the user's own value overrules.

    ``user`` is what profile and user file say, defaults included. Raises SettingsError for what a workspace file
    may never say: nothing of the file should hold then, since its author meant something else.
    """
    problems: list[str] = []
    notes: list[str] = []
    values: Table = dict(workspace.values)
    hint = "move it to your own settings file"
    for key, what in _FORBIDDEN.items():
        if key in values:
            problems.append(f"{key} ({workspace.label}): a workspace file may not {what}; {hint}")
    profile = values.get("profile")
    if isinstance(profile, str) and ("/" in profile or "\\" in profile or profile.endswith(".toml")):
        problems.append(f"profile ({workspace.label}): a workspace file may not name a profile by path; {hint}")
    for language, table in cast(Table, values.get("check") or {}).items() if _is_table(values, "check") else ():
        if isinstance(table, dict) and "command" in table:
            problems.append(
                f"check.{language}.command ({workspace.label}): a workspace file may not name commands; {hint}"
            )
    if _is_table(values, "models"):
        for name, entry in cast(Table, values["models"]).items():
            if isinstance(entry, dict) and str(cast(Table, entry).get("name", "")).endswith(".gguf"):
                problems.append(
                    f"models.{name}.name ({workspace.label}): a workspace file may not name model files; {hint}"
                )
    if problems:
        raise SettingsError(tuple(problems))
    if _get(values, ("accept", "rule")) not in (None, _get(user, ("accept", "rule"))):
        notes.append(f"accept.rule ({workspace.label}): your own rule holds")
        values = _without(values, ("accept", "rule"))
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
    return Layer(label=workspace.label, values=values), tuple(notes)


def _is_table(values: Table, key: str) -> bool:
    return isinstance(values.get(key), dict)


def _get(table: Table, path: tuple[str, str]) -> object:
    inner = table.get(path[0])
    return cast(Table, inner).get(path[1]) if isinstance(inner, dict) else None


def _without(table: Table, path: tuple[str, str]) -> Table:
    inner = {key: value for key, value in cast(Table, table[path[0]]).items() if key != path[1]}
    return {**table, path[0]: inner}
