"""Which servers a fleet has, and on which GPU each is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, cycle
from urllib.parse import urlsplit

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.placement.fleet.state import ServerSpec

__all__ = ["FleetLayout", "ServerRequest", "lay_out"]

_PORT = 11434
_LOCAL = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRequest:
    """An Ollama server of the settings. ``explicit``: its ``url`` is the user's own word, not a profile's.

    ``models`` is how many models the settings put on it.
    """

    key: str
    url: str | None = None
    explicit: bool = False
    gpu: str | None = None
    parallel: int = 1
    models: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetLayout:
    """What is to be started, and what the user should know."""

    servers: tuple[ServerSpec, ...]
    notes: tuple[str, ...] = ()


def lay_out(
    wanted: Sequence[ServerRequest],
    gpus: Sequence[str],
    *,
    number: int | None = None,
    loaded: Mapping[str, int] | None = None,
) -> FleetLayout:
    """One server a GPU (``gpus``: UUIDs; without any GPU one server), or ``number`` of them; in the settings' order.

    A server keeps the GPU that its settings name; the rest take those that are left. ``loaded`` is the plan's
    OLLAMA_MAX_LOADED_MODELS by GPU; where it says nothing, all models of a server may be in memory at once. Raises
    EnvironmentFault where nothing can be started, or a GPU is named that is not there.
    """
    notes: list[str] = []
    local = [one for one in wanted if not (one.explicit and one.url and not _is_local(one.url))]
    notes += [f"servers.{one.key} is at {one.url} and left alone" for one in wanted if one not in local]
    if not local:
        raise EnvironmentFault(
            "the settings name no Ollama server of this machine",
            remedy='add one: [servers.gpu0] with kind = "ollama", or use profile three-gpu or one-gpu',
        )
    for one in local:
        if gpus and one.gpu and one.gpu not in gpus and not one.gpu.startswith("MIG-"):
            raise EnvironmentFault(
                f"servers.{one.key}.gpu names {one.gpu}, which is not there; there are {', '.join(gpus)}",
                remedy=f"correct or remove servers.{one.key}.gpu",
            )
    chosen = local[: number or max(len(gpus), 1)]
    if left := local[len(chosen) :]:
        keys = ", ".join(one.key for one in left)
        why = f"there are {len(gpus)} GPUs" if len(gpus) > 1 else "there is one GPU" if gpus else "there is no GPU"
        notes.append(f"not started: {keys}, since {why if number is None else f'fleet.servers is {number}'}")
    placed = _place(chosen, gpus)
    if spare := [gpu for gpu in gpus if gpu not in {one.gpu for one in placed}]:
        notes.append(f"without a server: {', '.join(spare)}; each needs a [servers.NAME] of its own in the settings")
    for gpu in dict.fromkeys(one.gpu for one in placed if one.gpu):
        keys = [one.key for one in placed if one.gpu == gpu]
        if len(keys) > 1:
            notes.append(f"{' and '.join(keys)} share {gpu}: neither knows what the other has loaded")
    ports = _ports(placed)
    specs = tuple(
        ServerSpec(
            key=one.key,
            gpu=one.gpu,
            port=ports[one.key],
            fixed=one.explicit and one.url is not None,
            parallel=one.parallel,
            loaded=max((loaded or {}).get(one.gpu or "", one.models), 1),
        )
        for one in placed
    )
    return FleetLayout(servers=specs, notes=tuple(notes))


def _place(chosen: Sequence[ServerRequest], gpus: Sequence[str]) -> list[ServerRequest]:
    if not gpus:
        return list(chosen)  # what the settings say of a GPU that no driver shows is taken at its word
    named = {one.gpu for one in chosen if one.gpu}
    free = [gpu for gpu in gpus if gpu not in named]
    shared = cycle(gpus)
    return [one if one.gpu else replace(one, gpu=free.pop(0) if free else next(shared)) for one in chosen]


def _parts(url: str) -> tuple[str, int]:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    return parts.hostname or "127.0.0.1", parts.port or _PORT


def _is_local(url: str) -> bool:
    name = _parts(url)[0]
    return name in _LOCAL or name.startswith("127.")


def _ports(placed: Sequence[ServerRequest]) -> dict[str, int]:
    """Those of their addresses; the rest get 11434 and their place in the row, or the next that none has."""
    ports = {one.key: _parts(one.url)[1] for one in placed if one.url}
    for place, one in enumerate(placed):
        if one.key not in ports:
            ports[one.key] = next(port for port in count(_PORT + place) if port not in ports.values())
    return ports
