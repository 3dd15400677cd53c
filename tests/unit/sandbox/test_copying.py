from __future__ import annotations

import asyncio
import os
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.sandbox.copying import CopyRules, copy_tree

pytestmark = pytest.mark.skipif(os.name != "posix", reason="temp copies are made on POSIX systems")


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def names(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir() or path.is_symlink()}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


async def test_contents_modes_and_times(source: Path, tmp_path: Path) -> None:
    write(source, **{"a.txt": "a" * 100_000, "deep/er/b.sh": "b", "empty": ""})
    (source / "deep/er/b.sh").chmod(0o755)
    os.utime(source / "a.txt", ns=(1_000_000_001, 2_000_000_002))
    copied = await copy_tree(source, tmp_path / "copy", CopyRules())
    assert names(tmp_path / "copy") == {"a.txt", "deep/er/b.sh", "empty"}
    assert (tmp_path / "copy/a.txt").read_text() == "a" * 100_000
    assert (tmp_path / "copy/a.txt").stat().st_mtime_ns == 2_000_000_002
    assert (tmp_path / "copy/deep/er/b.sh").stat().st_mode & 0o111
    assert (copied.count, copied.size) == (3, 100_001)


async def test_gitignore_inner_files_and_negations(source: Path, tmp_path: Path) -> None:
    write(
        source,
        **{
            ".gitignore": "*.log\nbuild/\n/only-top\n",
            "a.log": "",
            "build/x": "",
            "only-top": "",
            "sub/only-top": "",
            "sub/.gitignore": "!keep.log\nlocal\n",
            "sub/keep.log": "",
            "sub/other.log": "",
            "sub/local": "",
            "local": "",
        },
    )
    await copy_tree(source, tmp_path / "copy", CopyRules())
    assert names(tmp_path / "copy") == {".gitignore", "sub/only-top", "sub/.gitignore", "sub/keep.log", "local"}


async def test_dependencies_are_linked_and_caches_left_out(source: Path, tmp_path: Path) -> None:
    write(
        source,
        **{
            ".gitignore": "vendor/\n",
            "node_modules/a/index.js": "",
            "web/node_modules/b/index.js": "",
            ".venv/bin/python": "",
            "vendor/c.go": "",
            "__pycache__/x.pyc": "",
            ".git/HEAD": "",
            "packages/workspace/index.js": "",
        },
    )
    copied = await copy_tree(source, tmp_path / "copy", CopyRules())
    assert names(tmp_path / "copy") == {".gitignore", "packages/workspace/index.js"}
    assert {path.as_posix() for path in copied.linked} == {"node_modules", "web/node_modules", ".venv", "vendor"}


async def test_obj_and_bin_of_a_dotnet_project_come_along(source: Path, tmp_path: Path) -> None:
    write(
        source,
        **{
            ".gitignore": "obj/\nbin/\n",
            "app/app.csproj": "",
            "app/obj/project.assets.json": "{}",
            "app/bin/Debug/app.dll": "",
            "tools/bin/x": "",
        },
    )
    await copy_tree(source, tmp_path / "copy", CopyRules())
    assert names(tmp_path / "copy") == {
        ".gitignore",
        "app/app.csproj",
        "app/obj/project.assets.json",
        "app/bin/Debug/app.dll",
    }


async def test_links_inside_stay_links_and_those_out_are_not_copied(source: Path, tmp_path: Path) -> None:
    write(tmp_path, **{"outside/key": "secret"})
    write(source, **{"real/file": "x"})
    (source / "relative").symlink_to("real/file")
    (source / "absolute").symlink_to(source / "real")
    (source / "out").symlink_to(tmp_path / "outside")
    (source / "out-file").symlink_to("../outside/key")
    (source / "loop").symlink_to("loop")
    await copy_tree(source, tmp_path / "copy", CopyRules())
    copy = tmp_path / "copy"
    assert names(copy) == {"real/file", "relative", "absolute"}
    assert (copy / "absolute").resolve() == (copy / "real").resolve()
    assert (copy / "relative").resolve() == (copy / "real/file").resolve()


async def test_sizes(source: Path, tmp_path: Path) -> None:
    write(source, small="x", large="x" * 100)
    copied = await copy_tree(source, tmp_path / "copy", CopyRules(max_file=50))
    assert names(tmp_path / "copy") == {"small"}
    assert copied.left_out == [PurePosixPath("large")]
    with pytest.raises(EnvironmentFault, match="too large") as caught:
        await copy_tree(source, tmp_path / "two", CopyRules(max_total=50))
    assert "bubblewrap" in (caught.value.remedy or "")
    with pytest.raises(EnvironmentFault, match="too large"):
        await copy_tree(source, tmp_path / "three", CopyRules(max_count=1))


async def test_pipes_and_skipped_folders_are_passed_by(source: Path, tmp_path: Path) -> None:
    write(source, **{"a": "", "state/box/x": ""})
    os.mkfifo(source / "pipe")
    await copy_tree(source, source / "state" / "copy", CopyRules(), skip=(source / "state",))
    assert names(source / "state" / "copy") == {"a"}


async def test_a_cancel_stops_the_copying(source: Path, tmp_path: Path) -> None:
    for number in range(300):
        write(source, **{f"folder{number}/file": "x"})
    copying = asyncio.ensure_future(copy_tree(source, tmp_path / "copy", CopyRules()))
    await asyncio.sleep(0)
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    after = names(tmp_path / "copy")
    await asyncio.sleep(0.05)
    assert names(tmp_path / "copy") == after
