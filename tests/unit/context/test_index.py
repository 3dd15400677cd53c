"""The index of a workspace as its files change, against one that is made anew."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_lsp.context.candidates import files_of
from forge_lsp.context.index import Index
from forge_lsp.context.reading import Reader
from forge_lsp.context.workspace import Workspace
from forge_lsp.context.worth import Around
from forge_lsp.core.task import Document
from forge_lsp.editing.files import Files
from tests.support import lang
from tests.unit.editing.support import document


def refreshed(index: Index, root: Path, *buffers: Document, each: bool = True) -> Index:
    files = Files(root, buffers, code=lang.BUILT_IN.suffixes, largest=512_000)
    index.refresh(files, (lang.PYTHON,), most=9_999, deadline=time.monotonic() + 60, each=each)
    return index


def wrote(root: Path, name: str, *names: str) -> None:
    path = root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"def {one}():\n    return used_by_{one}\n\n\n" for one in names))
    stamp = time.time_ns() + random.randrange(10**12)
    os.utime(path, ns=(stamp, stamp))


def answers(index: Index) -> object:
    names = [f"name{n}" for n in range(60)] + ["many", "new"]
    return (
        {name: sorted(files) for name, files in index.tables.defining(names).items()},
        {name: sorted(file.name for file in index.tables.using(f"used_by_{name}")) for name in names},
        {folder: sorted(index.tables.within(folder)) for folder in ("", "a", "b", "c")},
    )


@pytest.mark.parametrize("each", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_what_changed_little_by_little_is_what_is_made_anew(tmp_path: Path, seed: int, each: bool) -> None:
    """What was changed where it lies is told of, as an editor does, where not each file is looked at."""
    draw = random.Random(seed)
    for number in range(80):
        wrote(tmp_path, f"{draw.choice('ab')}/f{number}.py", "many", *(f"name{draw.randrange(60)}" for _ in "xxx"))
    index = refreshed(Index(), tmp_path)
    for _ in range(8):
        there = sorted(tmp_path.rglob("*.py"))
        for path in draw.sample(there, draw.choice((1, 3, 40))):
            name = path.relative_to(tmp_path).as_posix()
            what = draw.random()
            if what < 0.4:
                path.unlink()
            elif what < 0.7:
                wrote(tmp_path, name, f"name{draw.randrange(60)}", draw.choice(("new", "many")))
                index.told(name)
            else:
                wrote(tmp_path, f"c/{path.name}", f"name{draw.randrange(60)}")
        assert answers(refreshed(index, tmp_path, each=each)) == answers(refreshed(Index(), tmp_path))


def test_a_name_that_very_many_define_is_defined_by_all_of_them_after_one_changed(tmp_path: Path) -> None:
    for number in range(80):
        wrote(tmp_path, f"f{number}.py", "many")
    index = refreshed(Index(), tmp_path)
    wrote(tmp_path, "f3.py", "many", "new")
    assert answers(refreshed(index, tmp_path)) == answers(refreshed(Index(), tmp_path))


def test_a_word_is_not_found_in_the_end_of_one_and_the_begin_of_another(tmp_path: Path) -> None:
    """Words are checksums, one after the other: all that are found are whole ones."""
    draw = random.Random(1)
    words = {f"f{n}.py": {f"w{draw.randrange(3_000)}" for _ in range(40)} for n in range(60)}
    for name, held in words.items():
        (tmp_path / name).write_text(" ".join(sorted(held)))
    index = refreshed(Index(), tmp_path)
    for number in range(3_000):
        assert {file.name for file in index.tables.using(f"w{number}")} == {
            name for name, held in words.items() if f"w{number}" in held
        }


def test_files_that_come_and_go_are_seen_by_their_folders(tmp_path: Path) -> None:
    """Created, deleted, renamed, and whole folders moved: without a look at each file, and however often."""
    for name in ("a/one.py", "a/two.py", "b/inner/three.py", "b/four.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        wrote(tmp_path, name, "kind_" + Path(name).stem)
    index = refreshed(Index(), tmp_path)

    def known() -> list[str]:
        return sorted(refreshed(index, tmp_path, each=False).tables.files)

    wrote(tmp_path, "a/five.py", "kind_five")
    assert known() == ["a/five.py", "a/one.py", "a/two.py", "b/four.py", "b/inner/three.py"]
    (tmp_path / "a/one.py").unlink()
    (tmp_path / "a/two.py").rename(tmp_path / "a/other.py")
    assert known() == ["a/five.py", "a/other.py", "b/four.py", "b/inner/three.py"]
    assert index.tables.defining(["kind_two"]) == {"kind_two": ("a/other.py",)}
    (tmp_path / "b").rename(tmp_path / "c")
    assert known() == ["a/five.py", "a/other.py", "c/four.py", "c/inner/three.py"]
    (tmp_path / "b/inner").mkdir(parents=True)
    wrote(tmp_path, "b/inner/six.py", "kind_six")
    assert known() == ["a/five.py", "a/other.py", "b/inner/six.py", "c/four.py", "c/inner/three.py"]
    os.utime(tmp_path / "a/five.py")
    (tmp_path / "a/five.py").replace(tmp_path / "a/other.py")
    assert known() == ["a/other.py", "b/inner/six.py", "c/four.py", "c/inner/three.py"]
    assert index.tables.defining(["kind_two", "kind_five"]) == {"kind_five": ("a/other.py",)}


def test_a_file_replaced_by_one_of_the_same_size_and_time_is_seen(tmp_path: Path) -> None:
    wrote(tmp_path, "one.py", "kind_a")
    before = (tmp_path / "one.py").stat()
    index = refreshed(Index(), tmp_path)
    (tmp_path / "one.new").write_text((tmp_path / "one.py").read_text().replace("kind_a", "kind_b"))
    os.utime(tmp_path / "one.new", ns=(before.st_atime_ns, before.st_mtime_ns))
    (tmp_path / "one.new").replace(tmp_path / "one.py")
    assert (tmp_path / "one.py").stat().st_mtime_ns == before.st_mtime_ns
    assert "kind_b" in refreshed(index, tmp_path, each=False).tables.defining(["kind_b"])


@pytest.mark.parametrize("each", [True, False])
def test_a_change_within_one_tick_of_the_clock_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, each: bool
) -> None:
    """As of a file system that keeps times in whole seconds: the stamp of what is read and of what is written after it
    is the same."""
    second = 1_000_000_000

    def coarse(status: os.stat_result) -> tuple[int, int, int]:
        return status.st_mtime_ns // second * second, status.st_ctime_ns // second * second, status.st_size

    monkeypatch.setattr("forge_lsp.editing.files.stamp_of", coarse)
    monkeypatch.setattr("forge_lsp.editing.stamps.stamp_of", coarse)
    (tmp_path / "one.py").write_text("def kind_a():\n    pass\n")
    index = refreshed(Index(), tmp_path)
    (tmp_path / "one.py").write_text("def kind_b():\n    pass\n")
    assert "kind_b" in refreshed(index, tmp_path, each=each).tables.defining(["kind_b"])


def test_what_is_read_for_a_task_is_looked_at_again(tmp_path: Path) -> None:
    for name in ("one.py", "two.py"):
        wrote(tmp_path, name, "kind_" + Path(name).stem)
    index = refreshed(Index(), tmp_path)
    files = Files(tmp_path, (), code=lang.BUILT_IN.suffixes, largest=512_000)
    assert not index.renew(("one.py", "two.py", "three.py"), files, (lang.PYTHON,))
    wrote(tmp_path, "two.py", "kind_new")
    assert index.renew(("one.py", "two.py", "three.py"), files, (lang.PYTHON,))
    assert index.tables.defining(["kind_two", "kind_new"]) == {"kind_new": ("two.py",)}


def test_the_open_buffers_of_one_task_are_nothing_to_another(tmp_path: Path) -> None:
    """Whether they were closed meanwhile, or the other task goes on at the same time."""
    wrote(tmp_path, "one.py", "on_disk")
    wrote(tmp_path, "dist/two.py", "not_looked_at")
    buffers = [
        document(f"def in_buffer_{Path(name).name}():\n    pass\n", lang.PYTHON, tmp_path / f"{name}.py")
        for name in ("one", "dist/two", "new")
    ]
    own, index = document("", lang.PYTHON, tmp_path / "here.py"), Index()

    def seen(*buffers: Document) -> Workspace:
        files = Files(tmp_path, buffers, code=lang.BUILT_IN.suffixes, largest=512_000)
        found = Workspace(own, "here.py", files, index, Reader(), (lang.PYTHON,))
        found.refresh(most=100, seconds=60)
        return found

    def known(workspace: Workspace) -> set[str]:
        return {name for name, file in workspace.tables.files.items() if file.defines}

    before, with_buffers, after = seen(), seen(*buffers), seen()
    refreshed(index, tmp_path, *buffers)
    for workspace in (before, after, seen()):
        assert known(workspace) == {"one.py"} and not workspace.tables.using("in_buffer_one")
        assert workspace.tables.defining(["in_buffer_one", "on_disk"]) == {"on_disk": ("one.py",)}
    assert known(with_buffers) == {"one.py", "dist/two.py", "new.py"}
    assert [file.name for file in with_buffers.tables.using("in_buffer_new")] == ["new.py"]
    assert set(with_buffers.tables.defining(["in_buffer_one", "on_disk"])) == {"in_buffer_one"}


class Forwards(frozenset[str]):
    """A set that is gone through in the order of the alphabet."""

    backwards = False

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(super().__iter__(), reverse=self.backwards))


class Backwards(Forwards):
    """The same in the opposite order."""

    backwards = True


def test_equal_files_have_one_order_whatever_that_of_the_names(tmp_path: Path) -> None:
    """Their scores are sums of fractions, which depend on the order in which they are added."""
    many = [6, 5, 3, 6, 7, 8]  # files that define a name
    names = {f"{file}_name{n}": many[n if file == "a" else -1 - n] for n in range(6) for file in "ab"}
    for file in "ab":
        wrote(tmp_path, f"{file}.py", *(name for name in names if name.startswith(file)))
    for number in range(1, 8):
        wrote(tmp_path, f"other{number}.py", *(name for name, count in names.items() if count > number))
    own = document("", lang.PYTHON, tmp_path / "here.py")
    files = Files(tmp_path, (), code=lang.BUILT_IN.suffixes, largest=512_000)
    workspace = Workspace(own, "here.py", files, Index(), Reader(), (lang.PYTHON,))
    workspace.refresh(most=100, seconds=60)

    def ranked(imported: frozenset[str]) -> list[str]:
        none, nothing = Counter[str](), frozenset[str]()
        around = Around(
            name="", container="", scope=none, members=none, near=none, document=none, imported=imported,
            unused=nothing, bases=nothing, parts=nothing, line=0,
        )  # fmt: skip
        return files_of(around, workspace, {}, {}, most=99, package=False)

    assert ranked(Forwards(names)) == ranked(Backwards(names))


def test_the_way_to_the_document_is_taken_first(tmp_path: Path) -> None:
    for name in ("a/one.py", "m/near/two.py", "m/near/below/three.py", "m/other.py", "top.py", "z/four.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        wrote(tmp_path, name, "kind")
    files = Files(tmp_path, (), code=lang.BUILT_IN.suffixes, largest=512_000)
    found = [name for _, name, _ in files.walk((".py",), most=99, known={}, folders={}, near="m/near/")]
    assert found == ["top.py", "m/other.py", "m/near/two.py", "m/near/below/three.py", "a/one.py", "z/four.py"]


def test_where_time_runs_out_the_nearest_files_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the time is for finding files, so that what was found can be read."""
    for number in range(400):
        wrote(tmp_path, f"a{number % 4}/f{number}.py", f"kind{number}")
    wrote(tmp_path, "z/near.py", "wanted")
    clock = iter(range(10**9))
    monkeypatch.setattr("forge_lsp.context.index.time.monotonic", lambda: float(next(clock)))
    index = Index()
    files = Files(tmp_path, (), code=lang.BUILT_IN.suffixes, largest=512_000)
    index.refresh(
        files, (lang.PYTHON,), most=9_999, deadline=9, distance=lambda name: not name.startswith("z/"), near="z/"
    )
    assert not index.whole and 0 < len(index.tables.files) < 20
    assert index.tables.defining(["wanted"]) == {"wanted": ("z/near.py",)}
