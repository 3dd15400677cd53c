"""Where settings come from, and who wins.

profile < user file < workspace file < environment < editor < command line. Tables merge, arrays replace. Each value
remembers its source, so that an error can name the key path and the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from forge_lsp.core.errors import SettingsError
from forge_lsp.reading import parsed_toml, read_plain

__all__ = ["Layer", "Layers", "Table", "environment_layer", "file_layer", "merge", "user_file"]

Table = dict[str, object]

#: Variables that begin like ours and are no settings.
_NOT_SETTINGS = frozenset({"FORGE_CONFIG", "FORGE_HTTP_TOKEN"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One source: ``label`` names it in errors (a file's path, ``environment``, ``editor``, ``command line``)."""

    label: str
    values: Table = field(default_factory=Table)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Sources from the weakest to the strongest."""

    layers: tuple[Layer, ...]

    def over(self, layer: Layer) -> Layers:
        """These layers with ``layer`` beneath all of them."""
        return Layers(layers=(layer, *self.layers))

    def merged(self) -> Table:
        """All values in one table."""
        result: Table = {}
        for layer in self.layers:
            result = merge(result, layer.values)
        return result

    def source_of(self, path: tuple[str | int, ...]) -> str:
        """The label of the strongest layer that sets ``path``, or what encloses it; ``default`` where none does."""
        keys = [str(part) for part in path if not isinstance(part, int)]
        for length in range(len(keys), 0, -1):
            for layer in reversed(self.layers):
                if _has(layer.values, keys[:length]):
                    return layer.label
        return "default"

    def setter_of(self, path: tuple[str, ...]) -> str:
        """The label of the strongest layer that sets exactly this value; ``default`` where none does."""
        return next((layer.label for layer in reversed(self.layers) if _has(layer.values, list(path))), "default")

    def sourced(self, line: str) -> str:
        """A problem ``key.path: what is wrong`` with the key's source put in: ``key.path (source): what is wrong``."""
        path, _, what = line.partition(": ")
        keys = tuple(int(part) if part.isdigit() else part for part in path.split("."))
        return f"{path} ({self.source_of(keys)}): {what}"


def _has(table: object, keys: list[str]) -> bool:
    for key in keys:
        if not isinstance(table, dict) or key not in table:
            return False
        table = cast(Table, table)[key]
    return True


def merge(below: Table, above: Mapping[str, object]) -> Table:
    """``above`` laid over ``below``: tables merge, everything else is replaced. Neither is changed."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            result[key] = merge(cast(Table, old), cast(Table, value))
        else:
            result[key] = value
    return result


def user_file(environment: Mapping[str, str], option: Path | None = None) -> tuple[Path, bool]:
    """The user's settings file, and whether it was named (a named file must exist): option, FORGE_CONFIG, platform."""
    if option is not None:
        return option, True
    if named := environment.get("FORGE_CONFIG"):
        return Path(named).expanduser(), True
    import platformdirs  # only the platform's own place needs it

    return platformdirs.user_config_path("forge-lsp", appauthor=False) / "forge.toml", False


def file_layer(path: Path, *, required: bool, most: int | None = None) -> Layer:
    """A TOML file as a layer; an absent one that is not required is empty. ``most``: it must be a plain file of no more
    bytes, since a workspace named it. Raises SettingsError naming the file."""
    try:
        content = path.read_bytes() if most is None else read_plain(path, most=most)
        text = content.decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        if required:
            raise SettingsError((f"{path}: there is no such file",)) from None
        return Layer(label=str(path))
    except OSError as error:
        raise SettingsError((f"{path}: cannot be read: {error.strerror or error}",)) from None
    except UnicodeDecodeError as error:
        raise SettingsError((f"{path}: cannot be read: {error}",)) from None
    try:
        return Layer(label=str(path), values=parsed_toml(text))
    except ValueError as error:
        raise SettingsError((f"{path}: not valid TOML: {error}",)) from None


def environment_layer(environment: Mapping[str, str] | None = None) -> Layer:
    """``FORGE_BUDGET__JOB=1`` as a layer. Values are TOML where they parse as such (numbers, arrays), else strings."""
    values: Table = {}
    for name, raw in sorted((os.environ if environment is None else environment).items()):
        if not name.startswith("FORGE_") or name in _NOT_SETTINGS:
            continue
        table = values
        *parents, last = name.removeprefix("FORGE_").lower().split("__")
        for key in parents:
            inner = table.setdefault(key, {})
            if not isinstance(inner, dict):
                raise SettingsError((f"{name} (environment): {key} is set both as a value and as a table",))
            table = cast(Table, inner)
        table[last] = _toml_value(raw)
    return Layer(label="environment", values=values)


def _toml_value(raw: str) -> object:
    try:
        return parsed_toml(f"value = {raw}")["value"]
    except (ValueError, KeyError):
        return raw


def leaves(table: Mapping[str, object], prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every value of a table that is no table itself, with its path."""
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from leaves(cast(Table, value), (*prefix, key))
        else:
            yield (*prefix, key), value
