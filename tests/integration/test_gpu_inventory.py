"""The real NVML binding over a stub of the driver's library."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

STUB = Path(__file__).parents[1] / "support" / "nvml" / "stub.c"
READ = """
import asyncio, dataclasses, json
from forge_lsp.gpus import inventory
found = asyncio.run(inventory.read())
lines = [(f.status, f.detail, f.remedy) for f in inventory.findings(found)]
print(json.dumps({"inventory": dataclasses.asdict(found), "findings": lines}))
"""
RIG = "NVIDIA GeForce RTX 3090|GPU-aaaa|24576|1200\nNVIDIA GeForce RTX 5070 Ti|GPU-cccc|16303|500\n"
MIB = 1 << 20

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("gcc") is None, reason="needs gcc on Linux to build the stub library"
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nvml")
    target = folder / "libnvidia-ml.so.1"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-Wl,-soname,libnvidia-ml.so.1", "-o", str(target), str(STUB)], check=True
    )
    return folder


def read(library: Path | None, tmp_path: Path, **extra: str) -> dict[str, object]:
    """In a child, since the loader looks at LD_LIBRARY_PATH only when a process starts."""
    (tmp_path / "gpus.txt").write_text(RIG)
    env = {**os.environ, "FAKE_NVML": str(tmp_path / "gpus.txt"), **extra}
    if library is not None:
        env["LD_LIBRARY_PATH"] = str(library)
    out = subprocess.run(
        [sys.executable, "-W", "error", "-c", READ], env=env, capture_output=True, text=True, check=True
    )
    return json.loads(out.stdout)


def test_gpus_are_told_by_uuid_with_the_free_memory_the_driver_leaves(library: Path, tmp_path: Path) -> None:
    found = read(library, tmp_path)["inventory"]
    assert found["driver"] == "600.1"
    assert [gpu["uuid"] for gpu in found["gpus"]] == ["GPU-aaaa", "GPU-cccc"]
    first = found["gpus"][0]
    assert first["free"] == (24576 - 1200 - 300) * MIB
    assert first["reserved"] == 300 * MIB
    assert first["utilisation"] == 7


def test_an_old_driver_without_the_newer_calls_still_serves(library: Path, tmp_path: Path) -> None:
    first = read(library, tmp_path, FAKE_NVML_OLD="1")["inventory"]["gpus"][0]
    assert first["free"] == (24576 - 1200) * MIB
    assert first["utilisation"] is None


def test_a_lost_gpu_is_named_and_the_others_stay(library: Path, tmp_path: Path) -> None:
    answer = read(library, tmp_path, FAKE_NVML_LOST="0")
    assert [gpu["uuid"] for gpu in answer["inventory"]["gpus"]] == ["GPU-cccc"]
    assert [status for status, _, _ in answer["findings"]] == ["ok", "broken"]


@pytest.mark.parametrize(("code", "reason"), [("9", "not loaded"), ("999", "does not start")])
def test_a_driver_that_does_not_start_is_a_state_not_an_error(
    library: Path, tmp_path: Path, code: str, reason: str
) -> None:
    answer = read(library, tmp_path, FAKE_NVML_FAIL=code)
    assert not answer["inventory"]["gpus"]
    assert reason in answer["inventory"]["reason"]
    assert answer["findings"][0][0] == "absent"


def test_no_driver_at_all(tmp_path: Path) -> None:
    if any(Path("/usr/lib").rglob("libnvidia-ml.so.1")):
        pytest.skip("this machine has a driver")
    answer = read(None, tmp_path)
    assert "no NVIDIA driver" in answer["inventory"]["reason"]
    assert "CPU" in answer["findings"][0][1]
