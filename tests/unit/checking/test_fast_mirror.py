"""The project as the compilers of the fast gate see it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from forge_lsp.languages.c_family.runners.gcc.mirror import Tree
from tests.support.builds import write_files


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_files(tmp_path / "project", {"a.c": "a", "src/b.c": "b", "src/deep/c.h": "c", ".git/x": "x"})


@pytest.fixture
def tree(source: Path, tmp_path: Path) -> Tree:
    return Tree(str(source), str(tmp_path / "mirror"))


def seen(tree: Tree) -> dict[str, str]:
    root = Path(tree.root)
    files = (path for path in root.rglob("*") if not path.is_dir())
    return {path.relative_to(root).as_posix(): path.read_text() for path in files}


def test_it_follows_the_project(tree: Tree, source: Path) -> None:
    assert seen(tree) == {"a.c": "a", "src/b.c": "b", "src/deep/c.h": "c"}
    assert (Path(tree.root) / ".git").is_symlink(), "what nobody includes is one link"
    assert tree.sync() == set()
    write_files(source, {"src/b.c": "other", "src/new/d.h": "d"})
    (source / "a.c").unlink()
    assert tree.sync() == {"a.c", "new"}
    assert seen(tree) == {"src/b.c": "other", "src/deep/c.h": "c", "src/new/d.h": "d"}
    (source / "src/deep/c.h").unlink()
    (source / "src/deep").rmdir()
    write_files(source, {"src/deep": "a file now"})
    tree.sync()
    assert seen(tree) == {"src/b.c": "other", "src/deep": "a file now", "src/new/d.h": "d"}


def test_texts_lie_over_it_and_never_in_it(tree: Tree, source: Path) -> None:
    before = {path: path.read_bytes() for path in source.rglob("*") if path.is_file()}
    assert tree.lay({"src/b.c": "typed", "new/e.h": "e", ".git/x": "y"}) == {"src/b.c", "new/e.h", ".git/x"}
    assert seen(tree) == {"a.c": "a", "src/b.c": "typed", "src/deep/c.h": "c", "new/e.h": "e", ".git/x": "y"}
    assert (tree.text("src/b.c"), tree.text("a.c"), tree.text("none")) == (b"typed", b"a", b"")
    assert {path: path.read_bytes() for path in source.rglob("*") if path.is_file()} == before
    write_files(source, {"new/e.h": "on the disk"})
    tree.sync()
    assert seen(tree)["new/e.h"] == "e", "the text wins"
    tree.lay({"src/b.c": None, "new/e.h": None})
    assert (seen(tree)["src/b.c"], seen(tree)["new/e.h"]) == ("b", "on the disk")


def test_a_text_outlives_its_folder(tree: Tree, source: Path) -> None:
    tree.lay({"src/deep/c.h": "typed"})
    (source / "src/deep/c.h").unlink()
    (source / "src/deep").rmdir()
    tree.sync()
    assert seen(tree)["src/deep/c.h"] == "typed"


def test_two_changes_within_a_tick_of_the_clock_are_seen(tree: Tree, source: Path) -> None:
    write_files(source, {"src/one.h": "1"})
    tree.sync()
    stamp = os.stat(source / "src").st_mtime_ns  # noqa: PTH116 - nanoseconds
    write_files(source, {"src/two.h": "2"})
    os.utime(source / "src", ns=(stamp, stamp))
    tree.sync()
    assert seen(tree)["src/two.h"] == "2"
