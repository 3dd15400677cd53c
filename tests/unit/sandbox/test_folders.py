from __future__ import annotations

import asyncio
import errno
import logging
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Tree
from forge_lsp.sandbox import folders as module
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from forge_lsp.sandbox.folders import BoxFolders, remove, sweep

pytestmark = pytest.mark.skipif(os.name != "posix", reason="temp copies are made on POSIX systems")


def test_folders_are_private_and_go_at_the_end(tmp_path: Path) -> None:
    folders = BoxFolders(tmp_path / "base")
    box = folders.create()
    assert stat.S_IMODE((tmp_path / "base").stat().st_mode) == 0o700
    assert stat.S_IMODE(box.stat().st_mode) == 0o700
    assert f"-{os.getpid()}-" in folders.root.name
    (box / "file").write_text("x")
    folders.close()
    folders.close()
    assert list((tmp_path / "base").iterdir()) == []


def test_the_living_are_not_swept(tmp_path: Path) -> None:
    first = BoxFolders(tmp_path)
    second = BoxFolders(tmp_path)
    assert first.root.is_dir()
    assert sweep(tmp_path) == 0
    first.close()
    second.close()


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    code = (
        "import os, sys, signal\nfrom pathlib import Path\nfrom forge_lsp.sandbox.folders import BoxFolders\n"
        "folders = BoxFolders(Path(sys.argv[1]))\n(folders.create() / 'file').write_text('x')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, timeout=30)
    assert ran.returncode == -9
    assert len(list(tmp_path.iterdir())) == 2
    assert sweep(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_remove_takes_closed_folders_and_odd_names(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "closed" / "inner").mkdir(parents=True)
    (root / "closed" / "inner" / "file").write_text("x")
    (root / "closed" / "inner").chmod(0)
    (root / "closed").chmod(0)
    odd = os.path.join(os.fsencode(root), b"\xff\xfe \n")  # noqa: PTH118 - no text
    os.mkdir(odd)  # noqa: PTH102
    os.mkfifo(root / "pipe")
    remove(root)
    assert list(tmp_path.iterdir()) == []


def test_remove_does_not_follow_links(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("x")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(kept)
    remove(root)
    assert (kept / "file").read_text() == "x"
    assert not root.exists()


@pytest.mark.slow
def test_remove_takes_nesting_deeper_than_paths_may_be(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    here = os.open(root, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("nested", dir_fd=here)
        below = os.open("nested", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    remove(root)
    assert not root.exists()


def test_remove_of_nothing_is_fine(tmp_path: Path) -> None:
    remove(tmp_path / "absent")


_WRITER = """
import os, sys, time
end = time.monotonic() + 0.3
print("writing", flush=True)
while time.monotonic() < end:
    try:
        os.makedirs(f"{sys.argv[1]}/{time.monotonic_ns()}")
    except OSError:
        pass
"""


def test_remove_waits_for_one_who_still_writes(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with subprocess.Popen([sys.executable, "-c", _WRITER, root], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        remove(root)
        writer.wait(30)
    remove(root)  # what it made again after that
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_removed_is_told_and_left_to_the_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(root: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(root))

    folders = BoxFolders(tmp_path)
    box = folders.create()
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(module, "remove", refuse)
        asyncio.run(folders.discard(box))
        folders.close()
    assert str(box) in caplog.text
    assert "Operation not permitted" in caplog.text
    assert box.is_dir()
    assert sweep(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_on_a_full_disk_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full(monkeypatch, tmp_path)
    with pytest.raises(OSError, match="No space left"):
        BoxFolders(tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_another_disk_is_taken_where_one_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full(monkeypatch, tmp_path / "state")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    chooser = SandboxChooser(SandboxConfig(mode="off", temp=tmp_path / "state" / "temp"))
    try:
        async with (await chooser.choose()).open(Tree(source=None, files={})) as box:
            assert box.root.is_relative_to(tmp_path / "tmp")
    finally:
        chooser.close()


async def test_all_disks_full_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full(monkeypatch, tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    chooser = SandboxChooser(SandboxConfig(mode="off", temp=tmp_path / "state"))
    with pytest.raises(EnvironmentFault, match="No space left on device") as caught:
        await chooser.choose()
    assert caught.value.remedy is not None
    assert "free disk space" in caught.value.remedy


def full(monkeypatch: pytest.MonkeyPatch, disk: Path) -> None:
    """No bytes can be written below ``disk`` any more."""
    write = Path.write_bytes

    def write_bytes(path: Path, data: bytes) -> int:
        if data and path.is_relative_to(disk):
            path.touch()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
