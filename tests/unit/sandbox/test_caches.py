"""Caches that outlive a box: what is kept, and that no candidate can spoil it."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.core.ports import Cache, CacheUse, Sandbox, Tree
from forge_lsp.sandbox import choosing
from forge_lsp.sandbox.caches import BoxCache
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig


@pytest.fixture(params=["best", "copy"])
async def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Sandbox]:
    config = SandboxConfig(mode="preferred", temp=tmp_path / "boxes")
    chooser = SandboxChooser(config)
    if request.param == "best":
        yield await chooser.choose()
    else:
        yield choosing._plain("off", await chooser._temp(), config, remedy=None)  # pyright: ignore[reportPrivateUsage]
    chooser.close()


async def shell(sandbox: Sandbox, script: str, use: CacheUse, name: str = "tool-1") -> str:
    tree = Tree(source=None, files={PurePosixPath("a"): b""}, cache=Cache(name=name, use=use))
    async with sandbox.open(tree) as box:
        result = await box.run(["/bin/sh", "-c", f'cd "$0" && {script}', str(box.cache)], timeout=20)
    assert result.code == 0, result
    return result.stdout.decode()


async def test_what_is_kept_is_there_for_the_next_box(sandbox: Sandbox, tmp_path: Path) -> None:
    assert await shell(sandbox, "echo one > f; cat f", CacheUse.KEEP) == "one\n"
    assert await shell(sandbox, "cat f; echo two > f", CacheUse.KEEP) == "one\n"
    assert await shell(sandbox, "cat f", CacheUse.DROP) == "two\n"
    assert await shell(sandbox, "ls", CacheUse.KEEP, name="tool-2") == ""
    assert (tmp_path / "boxes/caches").stat().st_mode & 0o777 == 0o700


async def test_what_is_dropped_is_gone(sandbox: Sandbox) -> None:
    await shell(sandbox, "echo good > f", CacheUse.KEEP)
    assert await shell(sandbox, "echo bad > f; rm -rf g; echo x > h; cat f", CacheUse.DROP) == "bad\n"
    assert await shell(sandbox, "cat f; ls", CacheUse.DROP) == "good\nf\n"
    assert await shell(sandbox, "cat f", CacheUse.ONCE) == "good\n"


async def test_only_the_first_box_that_ends_well_leaves_its_own(sandbox: Sandbox) -> None:
    tree = Tree(source=None, files={PurePosixPath("a"): b""}, cache=Cache(name="tool-3", use=CacheUse.ONCE))
    with pytest.raises(ZeroDivisionError):
        async with sandbox.open(tree) as box:
            await box.run(["/bin/sh", "-c", 'echo half > "$0/f"', str(box.cache)], timeout=20)
            raise ZeroDivisionError
    assert await shell(sandbox, "ls; echo whole > f", CacheUse.ONCE, name="tool-3") == ""
    assert await shell(sandbox, "cat f; echo later > f", CacheUse.ONCE, name="tool-3") == "whole\n"
    assert await shell(sandbox, "cat f", CacheUse.DROP, name="tool-3") == "whole\n"


def test_caches_that_nobody_used_are_swept(tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.mkdir()
    old, new = tmp_path / "caches" / "old", tmp_path / "caches" / "new"
    for folder in (old, new):
        folder.mkdir(parents=True)
    past = time.time() - 20 * 86400
    os.utime(old, (past, past))
    cache = BoxCache(tmp_path, box, Cache(name="mine", use=CacheUse.KEEP), overlay=True)
    cache.prepare()
    assert sorted(path.name for path in (tmp_path / "caches").iterdir()) == ["mine", "new"]


@pytest.mark.parametrize("name", ["../x", "", "a/b", "a.b"])
def test_a_name_stays_in_its_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a name"):
        BoxCache(tmp_path, tmp_path, Cache(name=name, use=CacheUse.KEEP), overlay=True)
