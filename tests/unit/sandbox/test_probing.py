"""The table of probes: whole, told in the docs, and tried against a box that holds nothing."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import pytest

from forge_lsp.sandbox.copybox import CopySandbox, run_directly
from forge_lsp.sandbox.folders import BoxFolders
from forge_lsp.sandbox.limits import Limits
from forge_lsp.sandbox.probing import PROBES, HostMachine, documented, measure

ROOT = Path(__file__).parents[3]


def test_each_probe_has_a_name_and_words_of_its_own() -> None:
    assert len(PROBES) >= 70
    assert len({probe.key for probe in PROBES}) == len({probe.what for probe in PROBES}) == len(PROBES)
    assert all(probe.bubblewrap and probe.landlock for probe in PROBES)


def test_the_docs_say_what_each_sandbox_gives() -> None:
    assert documented() in (ROOT / "docs/sandbox.md").read_text("utf-8")
    assert not [probe.key for probe in PROBES if probe.is_open("bubblewrap")]
    assert [probe.key for probe in PROBES if probe.is_open("landlock")] == ["read.stat", "process.cmdline"]


def test_the_program_tries_what_the_table_names() -> None:
    folder = ROOT / "forge_lsp/sandbox/probing"
    sources = "".join((folder / name).read_text("utf-8") for name in ("program.py", "measure.py", "outside.py"))
    made = {"limit.daemon", "limit.orphan", "process.affinity", "process.scheduler"}
    named = set(re.findall(r'"([a-z]+\.[a-z0-9_-]+)"', sources)) | made
    named |= {f"write.{name}" for name in ("root", "usr", "etc", "dev")}
    named |= {f"setuid.{name}" for name in ("chmod", "fchmod", "open", "openat", "mknod")}
    assert {probe.key for probe in PROBES} - named == set()


@pytest.mark.slow
@pytest.mark.skipif(platform.system() == "Windows", reason="there is no box on Windows")
async def test_a_box_that_holds_nothing_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id").write_text("PRIVATE KEY")
    monkeypatch.setenv("HOME", str(home))
    folders = BoxFolders(tmp_path / "boxes")
    none = CopySandbox(kind="off", runs_project_code=True, runner=run_directly, folders=folders, limits=Limits())
    measured = await measure(none, "off", HostMachine(boxes=folders.root, state=home))
    folders.close()
    through = {one.probe.key for one in measured if one.held is False}
    assert not any(one.known for one in measured)
    assert through >= {
        "read.key", "read.link", "read.home", "read.named", "read.secrets", "read.state", "read.temp", "read.stat",
        "write.outside", "write.keys", "write.project", "write.home",
        "network.tcp", "network.udp", "network.unix", "network.unix-project", "process.signal", "setuid.chmod",
    }  # fmt: skip
    if platform.system() == "Linux":
        assert through >= {
            "process.environment", "process.cmdline", "process.descriptors", "process.affinity", "process.limits",
            "network.abstract", "network.netlink", "setuid.gain", "device.type", "kernel.mount", "limit.orphan",
        }  # fmt: skip
    assert [path.name for path in home.iterdir()] == [".ssh"]
