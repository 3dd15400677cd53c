"""Runs of Go's program in a box."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from forge_lsp.core.ports import Box, Cache, CacheUse, ProcessResult
from forge_lsp.languages.go.module import Layout
from forge_lsp.languages.go.tools import Go

__all__ = ["go_cache", "go_environment", "run_go"]


async def run_go(
    box: Box,
    go: Go,
    layout: Layout,
    arguments: Sequence[str],
    *,
    timeout: float,
    cgo: bool = False,
) -> ProcessResult:
    """``go`` with ``arguments`` in the module's folder."""
    env = go_environment(go, layout, cache=box.cache, cgo=cgo)
    command = (str(go.program), *arguments)
    if layout.folder.parts:
        # Not -C, which is new in Go 1.20.
        command = ("/bin/sh", "-c", 'cd "$0" && exec "$@"', str(layout.folder), *command)
    return await box.run(command, timeout=timeout, env=env, readable=go.readable)


def go_environment(go: Go, layout: Layout, *, cache: Path, cgo: bool = False) -> dict[str, str]:
    """What Go needs to know; ``cache`` is the folder where it may keep what it compiled."""
    flags = "-buildvcs=false" if layout.vendored else "-buildvcs=false -mod=readonly"
    if layout.tags:
        flags += f" -tags={','.join(layout.tags)}"
    env = {**go.environment, "GOCACHE": str(cache), "GOFLAGS": flags, "CGO_ENABLED": "1" if cgo else "0"}
    if layout.platform is not None:
        env |= {"GOOS": layout.platform[0], "GOARCH": layout.platform[1], "CGO_ENABLED": "0"}
    return env


def go_cache(go: Go, use: CacheUse) -> Cache:
    """One a version of Go: entries bear the hash of all that they were made from, so projects may share them."""
    where = f"{go.program}\0{go.version}"
    return Cache(name=f"go-{hashlib.sha256(where.encode('utf-8', 'surrogateescape')).hexdigest()[:20]}", use=use)
