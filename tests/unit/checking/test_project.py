from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from forge_lsp.checking.project import fingerprint, place_of
from forge_lsp.core.task import Document, FileChange, Scope, ScopeKind, Task, TextRange
from tests.support import lang
from tests.support.builds import task_of, write_files


def test_a_file_in_a_workspace_keeps_its_place_and_buffers_lie_over_it(tmp_path: Path) -> None:
    path, other = tmp_path / "pkg" / "a.py", tmp_path / "b.py"
    place = place_of(task_of("x", path=path, workspace=tmp_path, buffers={other: "dirty"}))
    assert (place.source, place.document) == (tmp_path.resolve(), PurePosixPath("pkg/a.py"))
    assert place.tree("new").files == {PurePosixPath("b.py"): b"dirty", PurePosixPath("pkg/a.py"): b"new"}


def test_a_workspace_behind_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    place = place_of(task_of("x", path=real / "a.py", workspace=tmp_path / "link"))
    assert (place.source, place.document) == (real, PurePosixPath("a.py"))


def test_a_lone_file_gets_a_project_of_its_own_with_its_neighbours(tmp_path: Path) -> None:
    write_files(tmp_path, {"b.py": "b", "c.txt": "c", "sub/d.py": "d"})
    place = place_of(task_of("x", path=tmp_path / "a.py"))
    assert place.source is None
    assert set(place.tree("x").files) == {PurePosixPath("a.py"), PurePosixPath("b.py")}
    outside = place_of(task_of("x", path=tmp_path / "a.py", workspace=tmp_path / "sub"))
    assert outside.source is None


def test_an_untitled_document_has_a_name_that_is_free(tmp_path: Path) -> None:
    write_files(tmp_path, {"untitled_1.py": ""})
    assert place_of(task_of("x", workspace=tmp_path)).document == PurePosixPath("untitled_1_.py")
    assert place_of(task_of("x", language=lang.CSHARP)).document == PurePosixPath("untitled_1.cs")


def test_the_nearest_project_file_never_lies_above_the_workspace(tmp_path: Path) -> None:
    write_files(tmp_path, {"pyproject.toml": "", "ws/sub/deep/a.py": "", "ws/sub/setup.cfg": ""})
    place = place_of(task_of("x", path=tmp_path / "ws/sub/deep/a.py", workspace=tmp_path / "ws"))
    assert place.nearest("pyproject.toml", "setup.cfg") == PurePosixPath("sub/setup.cfg")
    assert place.nearest("pyproject.toml") is None


def test_a_byte_order_mark_stays() -> None:
    assert place_of(task_of("x")).tree("\ufeffx").files[PurePosixPath("untitled_1.py")] == b"\xef\xbb\xbfx"


def test_the_fingerprint_changes_with_what_matters_only(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": "1", "b.py": "2", "notes.txt": "3", "node_modules/c.py": ""})
    task = task_of("x", path=tmp_path / "a.py", workspace=tmp_path)
    place = place_of(task)
    first = fingerprint(place, "x", (".py",))
    assert fingerprint(place, "y", (".py",)) != first
    (tmp_path / "notes.txt").write_text("other")
    (tmp_path / "node_modules/c.py").write_text("other")
    assert fingerprint(place, "x", (".py",)) == first
    (tmp_path / "b.py").write_text("longer")
    second = fingerprint(place, "x", (".py",))
    assert second != first
    buffered = place_of(task_of("x", path=tmp_path / "a.py", workspace=tmp_path, buffers={tmp_path / "b.py": "z"}))
    assert fingerprint(buffered, "x", (".py",)) != second


def test_other_files_of_a_change_are_as_before_beside_the_untouched_text(tmp_path: Path) -> None:
    (tmp_path / "disk.py").write_text("as on the disk\n")
    path = tmp_path / "a.py"
    document = Document(uri=path.as_uri(), language=lang.PYTHON, text="old\n", path=path)
    others = (
        FileChange(path=tmp_path / "disk.py", before="was\n", after="is\n"),
        FileChange(path=tmp_path / "new.py", before=None, after="new\n"),
        FileChange(path=tmp_path / "gone.py", before="gone\n", after=None),
        FileChange(path=tmp_path.parent / "elsewhere.py", before="x", after="y"),
    )
    scope = Scope(kind=ScopeKind.FILE, range=TextRange(start=0, end=4))
    task = Task(document=document, scope=scope, instruction="x", workspace=tmp_path, others=others)
    place = place_of(task)
    before, after = (
        {str(path): content for path, content in place.tree(text).files.items()} for text in ("old\n", "new text\n")
    )
    assert before == {"a.py": b"old\n", "disk.py": b"was\n", "new.py": None, "gone.py": b"gone\n"}
    assert after == {"a.py": b"new text\n", "disk.py": b"is\n", "new.py": b"new\n", "gone.py": None}
    assert place.is_file(PurePosixPath("new.py")) and not place.is_file(PurePosixPath("gone.py"))
    assert place.text(PurePosixPath("disk.py")) == "is\n"
    other = place_of(replace(task, others=others[:2]))
    assert fingerprint(place, "old\n", (".py",)) != fingerprint(other, "old\n", (".py",))
