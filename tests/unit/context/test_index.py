"""The index of a workspace as its files change, against one that is made anew."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from forge_lsp.context.index import Index
from forge_lsp.editing.files import Files
from tests.support import lang


def refreshed(index: Index, root: Path) -> Index:
    files = Files(root, (), code=lang.BUILT_IN.suffixes, largest=512_000)
    index.look_again()
    index.refresh(files, (lang.PYTHON,), most=9_999, deadline=time.monotonic() + 60)
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
        {name: sorted(files) for name, files in index.defining(names).items()},
        {name: sorted(file.name for file in index.using(f"used_by_{name}")) for name in names},
        {folder: sorted(index.within(folder)) for folder in ("", "a", "b", "c")},
    )


@pytest.mark.parametrize("seed", range(6))
def test_what_changed_little_by_little_is_what_is_made_anew(tmp_path: Path, seed: int) -> None:
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
                wrote(tmp_path, name, f"name{draw.randrange(60)}", "new")
            else:
                wrote(tmp_path, f"c/{path.name}", f"name{draw.randrange(60)}")
        assert answers(refreshed(index, tmp_path)) == answers(refreshed(Index(), tmp_path))


def test_a_name_that_many_define_is_told_again_when_few_do(tmp_path: Path) -> None:
    for number in range(34):
        wrote(tmp_path, f"f{number}.py", "many")
    index = refreshed(Index(), tmp_path)
    assert index.defining(["many"]) == {}
    for number in range(4):
        (tmp_path / f"f{number}.py").unlink()
    assert len(refreshed(index, tmp_path).defining(["many"])["many"]) == 30


def test_a_word_is_not_found_in_the_end_of_one_and_the_begin_of_another(tmp_path: Path) -> None:
    """Words are checksums, one after the other: all that are found are whole ones."""
    draw = random.Random(1)
    words = {f"f{n}.py": {f"w{draw.randrange(3_000)}" for _ in range(40)} for n in range(60)}
    for name, held in words.items():
        (tmp_path / name).write_text(" ".join(sorted(held)))
    index = refreshed(Index(), tmp_path)
    for number in range(3_000):
        assert {file.name for file in index.using(f"w{number}")} == {
            name for name, held in words.items() if f"w{number}" in held
        }
