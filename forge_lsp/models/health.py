"""The doctor's lines about models: each server of the settings, then what could be used and is not."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence

from forge_lsp.core.addresses import ollama_address
from forge_lsp.core.ports import Finding, FindingStatus, ModelStatus
from forge_lsp.models.capabilities import place_name
from forge_lsp.models.directory import Directory
from forge_lsp.models.embedded_weights import INSTALL
from forge_lsp.models.installed import embedded_installed, ollama_installed

__all__ = ["findings"]


async def findings(
    directory: Directory | None, generators: Collection[str] = (), environ: Mapping[str, str] | None = None
) -> tuple[Finding, ...]:
    """``directory`` None: the settings could not be resolved, so only what is there is told.

    ``generators`` are the settings keys of the models that write: without any of them no job can run, and what is
    wrong with them is required to be fixed.
    """
    env = os.environ if environ is None else environ
    statuses = await directory.statuses() if directory is not None else ()
    writers = [status for status in statuses if status.info.key in generators]
    wanted = set[str]() if any(not status.problem for status in writers) else {row.info.key for row in writers}
    by_server: dict[str, list[ModelStatus]] = {}
    for status in statuses:
        by_server.setdefault(status.info.server, []).append(status)
    found = [finding for rows in by_server.values() for finding in _server(rows, wanted)]
    used = {status.info.provider for rows in by_server.values() for status in rows}
    if "ollama" not in used:
        found.append(await _ollama(env))
    if "embedded" not in used:
        found.append(_embedded())
    if "anthropic" not in used:
        found.append(_claude(env))
    return tuple(found)


def _server(rows: Sequence[ModelStatus], wanted: Collection[str]) -> list[Finding]:
    """One line for the server, and one for each of its models that cannot be used."""
    info = rows[0].info
    name = f"server {info.server}"
    bad = [row for row in rows if row.problem]
    if not bad:
        names = ", ".join(
            f"{row.info.name} (at {place_name(row.info.place)})" if row.info.place else row.info.name for row in rows
        )
        return [Finding(name=name, status=FindingStatus.OK, detail=f"{info.provider}, ready: {names}")]
    if len(bad) == len(rows) and len({row.problem for row in bad}) == 1:
        return [_broken(name, bad[0], paid=info.paid, required=any(row.info.key in wanted for row in bad))]
    ready = f"{len(rows) - len(bad)} of {len(rows)} models ready"
    lines = [Finding(name=name, status=FindingStatus.OK, detail=f"{info.provider}, {ready}")]
    return lines + [
        _broken(f"model {row.info.key}", row, paid=info.paid, required=row.info.key in wanted) for row in bad
    ]


def _broken(name: str, row: ModelStatus, *, paid: bool, required: bool) -> Finding:
    """A paid server that cannot be used only shortens the ladder, where there is a rung beneath it."""
    status = FindingStatus.ABSENT if paid and not required else FindingStatus.BROKEN
    return Finding(name=name, status=status, detail=row.problem or "", remedy=row.remedy, required=required)


async def _ollama(env: Mapping[str, str]) -> Finding:
    address = ollama_address(env.get("OLLAMA_HOST"))
    if address.problem is not None:
        detail = f"OLLAMA_HOST is not an address: {address.problem}"
        return Finding(name="ollama", status=FindingStatus.BROKEN, detail=detail, remedy="correct OLLAMA_HOST")
    url = address.url
    installed = await ollama_installed(None, env)
    if installed is None:
        remedy = "install it from https://ollama.com/download, then `ollama serve`"
        return Finding(name="ollama", status=FindingStatus.ABSENT, detail=f"does not answer at {url}", remedy=remedy)
    if not installed:
        remedy = "`ollama pull qwen2.5-coder:7b`"
        return Finding(name="ollama", status=FindingStatus.ABSENT, detail=f"at {url}, without models", remedy=remedy)
    names = [f"{name} (at {place_name(one.able.place)})" if one.able.place else name for name, one in installed.items()]
    return Finding(name="ollama", status=FindingStatus.OK, detail=f"at {url}: {', '.join(sorted(names))}")


def _embedded() -> Finding:
    if embedded_installed():
        return Finding(name="embedded model", status=FindingStatus.OK, detail="installed; profile `embedded` uses it")
    remedy = INSTALL
    return Finding(name="embedded model", status=FindingStatus.ABSENT, detail="not installed", remedy=remedy)


def _claude(env: Mapping[str, str]) -> Finding:
    if env.get("ANTHROPIC_API_KEY"):
        return Finding(name="claude", status=FindingStatus.OK, detail="a key is set; profile `cloud` uses it")
    remedy = "export ANTHROPIC_API_KEY=..."
    return Finding(name="claude", status=FindingStatus.ABSENT, detail="ANTHROPIC_API_KEY is not set", remedy=remedy)
