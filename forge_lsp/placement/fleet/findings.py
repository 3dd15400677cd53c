"""The doctor's lines about the fleet."""

from __future__ import annotations

from collections.abc import Mapping

from forge_lsp.core.ports import Finding, FindingStatus
from forge_lsp.core.ports.fleet import FleetReport, FleetServer

__all__ = ["findings"]

_LOST = "forge-lsp fleet down; restart the machine, or reset the GPU: nvidia-smi --gpu-reset; forge-lsp fleet up"


def findings(report: FleetReport, used: Mapping[str, str]) -> tuple[Finding, ...]:
    """``used``: the URL of each Ollama server by the settings in force. Nothing is said where no fleet is up."""
    if not report.servers:
        return ()
    running = [server for server in report.servers if server.status == "running"]
    where = ", ".join(f"{server.key} at {server.url}" for server in running) or "none"
    count = f"{len(running)} of {len(report.servers)} servers run"
    if report.supervisor is None:
        count += ", and no process supervises them"
    well = report.supervisor is not None and len(running) == len(report.servers)
    status, remedy = (FindingStatus.OK, None) if well else (FindingStatus.BROKEN, "forge-lsp fleet up")
    told = [Finding(name="fleet", status=status, detail=f"{count}: {where}", remedy=remedy)]
    told += [_server(server) for server in report.servers if server.status not in ("running", "starting")]
    told += [Finding(name="fleet", status=FindingStatus.BROKEN, detail=lost, remedy=_LOST) for lost in report.lost]
    told += [
        Finding(
            name="fleet",
            status=FindingStatus.OK,
            detail=f"servers.{server.key}: your own url {used[server.key]} is used, not the fleet's {server.url}",
        )
        for server in report.servers
        if server.key in used and used[server.key] != server.url
    ]
    return tuple(told)


def _server(server: FleetServer) -> Finding:
    why = server.problem or {"silent": "it runs and does not answer", "dead": "it is gone"}.get(server.status, "")
    remedy = f"see {server.log}, then `forge-lsp fleet down` and `forge-lsp fleet up`"
    detail = f"{server.key} ({server.status}): {why}"
    return Finding(name="fleet", status=FindingStatus.BROKEN, detail=detail, remedy=remedy)
