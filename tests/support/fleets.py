"""Fleets of real Ollama servers on the CPU: a folder of small models, and the settings of a rig of three.

    stock = make_stock(tmp_path_factory.mktemp("stock"), "phi4:14b", "granite3-dense:2b")
    env = environment(tmp_path, rig(stock, row(1)))
    up = await forge("fleet", "up", "--json", cwd=tmp_path, env=env)

Everything is what a user could set: `[fleet] servers = 3` makes three servers of one machine without a GPU, and
`servers.gpu0.gpu` and `memory` say what GPU each is to be taken for.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import forge
from tests.support.ollama_server import OllamaServer, model_file, ollama_program

__all__ = ["Stock", "alive", "fleet_of", "group", "listening", "make_stock", "naming", "nvml_stub", "rig", "sees"]

STUB = Path(__file__).parent / "nvml" / "stub.c"


@dataclass(frozen=True, slots=True)
class Stock:
    """The Ollama program, and a folder with models for it."""

    program: Path
    models: Path


def make_stock(folder: Path, *names: str) -> Stock:
    """Make small models of these names; skips the test where there is no Ollama."""
    program, weights = ollama_program(), model_file()
    for found in (program, weights):
        if isinstance(found, str):
            pytest.skip(f"no real Ollama: {found}")
    assert isinstance(program, Path)
    with OllamaServer(folder, program=program) as server:
        for name in names:
            server.add_model(name)
    return Stock(program, server.models)


def rig(
    stock: Stock,
    *rows: Mapping[str, object],
    models: Mapping[str, tuple[str, str]] | None = None,
    memory: tuple[int, ...] | None = (24, 24, 12),
    **tables: Any,
) -> dict[str, object]:
    """Settings: servers gpu0, gpu1 and gpu2 without an address, taken for GPUs of so many GB (None: of unknown size,
    so that nothing is planned); ``models`` by key as (server, name)."""
    placed = models or {"coder": ("gpu0", "deepseek-coder:6.7b")}
    servers = {
        f"gpu{number}": {"kind": "ollama", "gpu": f"GPU-{number}"} | ({"memory": memory[number]} if memory else {})
        for number in range(3)
    }
    return {
        "fleet": {"program": str(stock.program), "models": str(stock.models), "servers": 3, **tables.pop("fleet", {})},
        "servers": servers | tables.pop("servers", {}),
        "models": {key: {"server": server, "name": name, "context": 1024} for key, (server, name) in placed.items()},
        "schedule": list(rows),
        "accept": {"rule": "evidence"},
        **tables,
    }


@asynccontextmanager
async def fleet_of(folder: Path, env: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
    """A fleet that is up, as ``fleet up --json`` tells it; down again at the end, whatever happened."""
    try:
        ran = await forge("fleet", "up", "--json", cwd=folder, env=env)
        assert ran.code == 0, ran.out + ran.err
        yield ran.json
    finally:
        await forge("fleet", "down", cwd=folder, env=env)


def nvml_stub(folder: Path) -> Path:
    """Build the stand-in for the driver's library; answers the folder for LD_LIBRARY_PATH. Skips without gcc."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc to build the stub library")
    target = folder / "libnvidia-ml.so.1"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-Wl,-soname,libnvidia-ml.so.1", "-o", str(target), str(STUB)], check=True
    )
    return folder


def sees(pid: int) -> dict[str, str]:
    """The environment of a process. Linux only."""
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not. Linux only."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def group(pid: int) -> list[int]:
    """The living processes of a process group. Linux only."""
    found = list[int]()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ProcessLookupError):
            if entry.name.isdigit() and os.getpgid(int(entry.name)) == pid and alive(int(entry.name)):
                found.append(int(entry.name))
    return found


def naming(path: Path) -> list[int]:
    """The processes whose command line names a path. Linux only."""
    found = list[int]()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and str(path).encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def listening(url: str) -> bool:
    """Whether anything accepts connections there."""
    host, _, port = url.rpartition("/")[2].partition(":")
    with socket.socket() as caller:
        caller.settimeout(1)
        return caller.connect_ex((host, int(port))) == 0
