"""The real NVML binding over a stub of the driver's library."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

STUB = Path(__file__).parents[1] / "support" / "nvml" / "stub.c"
READ = """
import asyncio, dataclasses, json
from forge_lsp.placement import inventory
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


def read(
    library: Path | None,
    tmp_path: Path,
    *,
    rig: str = RIG,
    program: str = READ,
    arguments: tuple[str, ...] = (),
    **extra: str,
) -> Any:
    """In a child, since the loader looks at LD_LIBRARY_PATH only when a process starts."""
    (tmp_path / "gpus.txt").write_text(rig)
    env = {**os.environ, "FAKE_NVML": str(tmp_path / "gpus.txt"), **extra}
    if library is not None:
        env["LD_LIBRARY_PATH"] = str(library)
    out = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments], env=env, capture_output=True, text=True, check=True
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


def gpus(number: int) -> str:
    return "".join(f"NVIDIA GeForce RTX 3090|GPU-{index}|24576|{100 * index}\n" for index in range(number))


@pytest.mark.parametrize("number", [1, 3, 8])
def test_any_number_of_gpus(library: Path, tmp_path: Path, number: int) -> None:
    found = read(library, tmp_path, rig=gpus(number))["inventory"]
    assert [gpu["uuid"] for gpu in found["gpus"]] == [f"GPU-{index}" for index in range(number)]
    assert found["gpus"][-1]["used"] == 100 * (number - 1) * MIB
    assert found["lost"] == []


def test_a_driver_without_gpus(library: Path, tmp_path: Path) -> None:
    answer = read(library, tmp_path, rig="")
    assert answer["inventory"]["gpus"] == []
    assert answer["inventory"]["reason"] == "the driver knows no GPU"
    assert answer["findings"][0][0] == "absent"


def test_a_split_gpu_is_told_as_its_parts(library: Path, tmp_path: Path) -> None:
    rig = (
        "NVIDIA H100|GPU-h|81920|0\n"
        "MIG 3g.40gb|MIG-one|40448|1000\n"
        "MIG 4g.40gb|MIG-two|40448|0\n"
        "NVIDIA GeForce RTX 3090|GPU-b|24576|0\n"
    )
    found = read(library, tmp_path, rig=rig)["inventory"]["gpus"]
    assert [(gpu["uuid"], gpu["parent"]) for gpu in found] == [
        ("MIG-one", "GPU-h"),
        ("MIG-two", "GPU-h"),
        ("GPU-b", None),
    ]
    assert found[0]["total"] == 40448 * MIB


def test_what_computes_and_how_fast_the_memory_is(library: Path, tmp_path: Path) -> None:
    first = read(library, tmp_path, FAKE_NVML_PID="4242")["inventory"]["gpus"][0]
    assert first["processes"] == [[4242, 1200 * MIB]]
    assert first["bandwidth"] == pytest.approx(936e9, rel=0.001)
    old = read(library, tmp_path, FAKE_NVML_OLD="1")["inventory"]["gpus"][0]
    assert (old["bandwidth"], old["processes"]) == (None, [])


def test_memory_that_changes_is_seen_by_the_same_process(library: Path, tmp_path: Path) -> None:
    watch = """
import asyncio, json, os, pathlib
from forge_lsp.placement import inventory
path = pathlib.Path(os.environ["FAKE_NVML"])
first = asyncio.run(inventory.read()).gpus[0].free
path.write_text(path.read_text().replace("|24576|1200", "|24576|9200"))
print(json.dumps([first, asyncio.run(inventory.read()).gpus[0].free]))
"""
    first, then = read(library, tmp_path, program=watch)
    assert first - then == 8000 * MIB


EACH = """
import asyncio, dataclasses, json, os, sys
from forge_lsp.placement import inventory
told = {}
for code in json.loads(sys.argv[1]):
    os.environ[sys.argv[2]] = str(code)
    told[code] = dataclasses.asdict(asyncio.run(inventory.read()))
print(json.dumps(told))
"""


def test_no_error_of_init_is_an_error_of_ours(library: Path, tmp_path: Path) -> None:
    # uninitialised, permission, not found, power, driver, timeout, interrupt, library, function, corrupted, lost, reset
    codes = [1, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 999]
    told = read(library, tmp_path, program=EACH, arguments=(json.dumps(codes), "FAKE_NVML_FAIL"))
    assert len(told) == len(codes)
    for found in told.values():
        assert found["gpus"] == []
        assert found["reason"]


def test_no_error_of_one_gpu_takes_the_others_away(library: Path, tmp_path: Path) -> None:
    codes = [2, 3, 4, 8, 10, 15, 16, 999]
    told = read(
        library, tmp_path, program=EACH, arguments=(json.dumps(codes), "FAKE_NVML_LOST_CODE"), FAKE_NVML_LOST="0"
    )
    assert len(told) == len(codes)
    for found in told.values():
        assert [gpu["uuid"] for gpu in found["gpus"]] == ["GPU-cccc"]
        assert found["lost"][0].startswith("GPU 0: ")


def test_the_command_plans_for_the_gpus_that_are_there(library: Path, tmp_path: Path) -> None:
    (tmp_path / "gpus.txt").write_text(gpus(2) + "NVIDIA GeForce RTX 3060|GPU-2|12288|0\n")
    env = {
        **os.environ,
        "FAKE_NVML": str(tmp_path / "gpus.txt"),
        "LD_LIBRARY_PATH": str(library),
        "FORGE_CONFIG": str(tmp_path / "forge.toml"),
    }
    (tmp_path / "forge.toml").write_text(
        'profile = "three-gpu"\n'
        + "".join(f'[servers.gpu{n}]\nkind = "ollama"\nurl = "http://127.0.0.1:{n + 1}"\n' for n in range(3))
        + f'[state]\ndir = "{tmp_path / "state"}"\n'
    )
    command = [sys.executable, "-m", "forge_lsp", "plan"]
    done = subprocess.run([*command, "--json"], env=env, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [one["uuid"] for one in told["devices"]] == ["GPU-0", "GPU-1", "GPU-2"]
    assert told["devices"][1]["free"] == (24576 - 100 - 300) * MIB
    assert set(told["placement"]) == {need["key"] for need in told["needs"]}
    assert {problem["kind"] for problem in told["problems"]} >= {"guess", "overcommit"}
    marked = subprocess.run([*command, "--markdown"], env=env, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert "| GPU 2 | NVIDIA GeForce RTX 3060 | [#" in marked.stdout
    small = subprocess.run([*command, "--gpus", "8"], env=env, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert small.returncode == 1
    assert "! codestral (codestral:22b) needs" in small.stdout
    wrong = subprocess.run([*command, "--gpus", "x"], env=env, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert wrong.returncode == 2
