from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Tree
from forge_lsp.sandbox.overlay import checked, read_beneath, read_layers, write_copy_files, write_layer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="temp copies are made on POSIX systems")


def tree(source: Path | None, **files: bytes | None) -> Tree:
    return Tree(source=source, files={PurePosixPath(name.replace("__", "/")): value for name, value in files.items()})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "package").mkdir(parents=True)
    (folder / "package" / "module").write_text("old")
    return folder


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    folder = tmp_path / "layer"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", ".", "a\0b"])
def test_paths_that_leave_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a path inside"):
        checked(PurePosixPath(path))


def test_files_keep_their_modes_and_folders_theirs(source: Path, layer: Path) -> None:
    (source / "package" / "module").chmod(0o755)
    (source / "package").chmod(0o750)
    write_layer(tree(source, package__module=b"new", other__new=b"n"), layer)
    assert (layer / "package" / "module").read_bytes() == b"new"
    assert stat.S_IMODE((layer / "package" / "module").stat().st_mode) & 0o700 == 0o700
    assert stat.S_IMODE((layer / "package").stat().st_mode) == 0o750
    assert (layer / "other" / "new").read_bytes() == b"n"


def test_an_absent_file_becomes_a_whiteout(source: Path, layer: Path) -> None:
    try:
        write_layer(tree(source, package__module=None, never__there=None), layer)
    except PermissionError:
        pytest.skip("this kernel lets an ordinary user make no whiteouts")
    status = (layer / "package" / "module").lstat()
    assert stat.S_ISCHR(status.st_mode)
    assert status.st_rdev == 0
    assert not (layer / "never" / "there").exists()


def test_a_linked_folder_inside_the_project_is_followed(source: Path, layer: Path) -> None:
    (source / "alias").symlink_to("package")
    write_layer(tree(source, alias__new=b"n"), layer)
    assert (layer / "package" / "new").read_bytes() == b"n"
    assert not (layer / "alias").exists()


def test_a_linked_folder_that_leads_out_is_not(source: Path, layer: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (source / "alias").symlink_to(outside)
    write_layer(tree(source, alias__new=b"n"), layer)
    assert (layer / "alias" / "new").read_bytes() == b"n"
    assert list(outside.iterdir()) == []


def test_into_a_copy(source: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    (copy / "package").mkdir(parents=True)
    (copy / "package" / "module").write_text("old")
    (copy / "gone").write_text("x")
    write_copy_files(tree(source, package__module=b"new", gone=None, fresh__file=b"f"), copy)
    assert (copy / "package" / "module").read_bytes() == b"new"
    assert not (copy / "gone").exists()
    assert (copy / "fresh" / "file").read_bytes() == b"f"


def test_into_a_copy_never_through_a_link(source: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("kept")
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "linked").symlink_to(outside)
    (copy / "file").symlink_to(outside / "file")
    write_copy_files(tree(source, linked__new=b"n", file=b"new"), copy)
    assert (outside / "file").read_text() == "kept"
    assert sorted(path.name for path in outside.iterdir()) == ["file"]
    assert (copy / "file").read_bytes() == b"new"


def test_a_file_in_the_place_of_a_folder_is_told(source: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    (copy / "package").mkdir(parents=True)
    with pytest.raises(EnvironmentFault, match="both as a file and as a folder"):
        write_copy_files(tree(source, package=b"x"), copy)


def test_reading_follows_no_link_and_takes_no_pipe(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret")
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "file").write_text("fine")
    (root / "link").symlink_to(tmp_path / "key")
    (root / "up").symlink_to(tmp_path)
    os.mkfifo(root / "pipe")
    assert read_beneath(root, PurePosixPath("folder/file")) == b"fine"
    for name in ("link", "up/key", "pipe", "folder", "absent", "folder/file/x"):
        assert read_beneath(root, PurePosixPath(name)) is None, name
    with pytest.raises(ValueError, match="not a path inside"):
        read_beneath(root, PurePosixPath("../key"))


def test_reading_layers_is_as_the_overlay_shows(tmp_path: Path) -> None:
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    (upper / "both").mkdir(parents=True)
    (lower / "both").mkdir(parents=True)
    (upper / "both" / "file").write_text("upper")
    (lower / "both" / "file").write_text("lower")
    (lower / "both" / "only").write_text("only")
    (lower / "hidden").mkdir()
    (lower / "hidden" / "file").write_text("x")
    (upper / "hidden").write_text("a file now")
    layers = [upper, lower]
    assert read_layers(layers, PurePosixPath("both/file")) == b"upper"
    assert read_layers(layers, PurePosixPath("both/only")) == b"only"
    assert read_layers(layers, PurePosixPath("hidden/file")) is None
    assert read_layers(layers, PurePosixPath("nowhere")) is None


def test_reading_layers_knows_whiteouts_and_opaque_folders(tmp_path: Path) -> None:
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    (upper / "anew").mkdir(parents=True)
    (lower / "anew").mkdir(parents=True)
    (lower / "anew" / "old").write_text("old")
    (lower / "gone").write_text("x")
    try:
        os.mknod(upper / "gone", stat.S_IFCHR, os.makedev(0, 0))
        os.setxattr(upper / "anew", "user.overlay.opaque", b"y")
    except (OSError, AttributeError) as error:
        pytest.skip(f"no whiteouts or attributes here: {error}")
    assert read_layers([upper, lower], PurePosixPath("gone")) is None
    assert read_layers([upper, lower], PurePosixPath("anew/old")) is None


def test_a_buffer_that_says_what_its_file_says_is_left_to_the_file(source: Path, layer: Path) -> None:
    (source / "package" / "other").write_text("same")
    names = {PurePosixPath("package/module"): b"new", PurePosixPath("package/other"): b"same"}
    write_layer(Tree(source=source, files=names, buffers=names.keys()), layer)
    assert [path.name for path in (layer / "package").iterdir()] == ["module"]
    document = layer.parent / "document"  # what is checked is laid over its file all the same, saved meanwhile or not
    document.mkdir()
    write_layer(Tree(source=source, files=names), document)
    assert (document / "package" / "other").read_bytes() == b"same"


def test_a_buffer_is_not_left_to_a_link(source: Path, layer: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("same")
    (source / "link").symlink_to(outside / "file")
    (source / "folder").symlink_to(outside)
    names = {PurePosixPath("link"): b"same", PurePosixPath("folder/file"): b"same"}
    write_layer(Tree(source=source, files=names, buffers=names.keys()), layer)
    for path in names:
        assert (layer / path).read_bytes() == b"same"
        assert not (layer / path).is_symlink()
