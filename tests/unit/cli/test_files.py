"""How the command line names files and lines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from forge_lsp.cli import files
from forge_lsp.core.errors import BadRequest, EditConflict
from forge_lsp.core.task import TextRange
from tests.support import lang

TEXT = "one\r\n  two\r\nthree \U0001f40d\r\n"


def test_no_range_is_the_whole_file() -> None:
    assert files.selection(TEXT, None) is None


@pytest.mark.parametrize("lines", ["2", "2:2"])
def test_one_line_is_a_cursor_at_its_first_word(lines: str) -> None:
    start = TEXT.index("two")
    assert files.selection(TEXT, lines) == TextRange(start=start, end=start)


def test_more_lines_are_whole_lines_both_ends_included() -> None:
    found = files.selection(TEXT, "2:3")
    assert found is not None
    assert found.of(TEXT) == "  two\r\nthree \U0001f40d"


def test_form_feed_and_line_separator_end_no_line() -> None:
    found = files.selection("a\x0cb\u2028c\nd\ne", "2:3")
    assert found is not None
    assert found.of("a\x0cb\u2028c\nd\ne") == "d\ne"


@pytest.mark.parametrize("lines", ["0", "5", "3:2", "2:9", "x", "1-2", ""])
def test_lines_that_are_not_there_are_refused_with_what_there_is(lines: str) -> None:
    with pytest.raises(BadRequest, match="--range"):
        files.selection(TEXT, lines)


def test_the_language_is_named_or_the_suffix_s() -> None:
    assert files.language_of(Path("x.tsx"), None, lang.BUILT_IN) is lang.TYPESCRIPT
    assert files.language_of(Path("x"), "csharp", lang.BUILT_IN) is lang.CSHARP
    with pytest.raises(BadRequest, match="--language"):
        files.language_of(Path("x.unknown"), None, lang.BUILT_IN)
    with pytest.raises(BadRequest, match=r"App\.vue: \.vue files hold TypeScript or JavaScript"):
        files.language_of(Path("App.vue"), None, lang.BUILT_IN)
    assert files.language_of(Path("App.vue"), "typescript", lang.BUILT_IN) is lang.TYPESCRIPT


def test_a_document_keeps_its_bytes_and_a_bad_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes("\ufeffx = 1\r\n".encode())
    assert files.read_document(path, lang.PYTHON).text == "\ufeffx = 1\r\n"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BadRequest, match="not UTF-8"):
        files.read_document(path, lang.PYTHON)
    with pytest.raises(BadRequest, match="no such file"):
        files.read_document(tmp_path / "b.py", lang.PYTHON)


def test_writing_keeps_the_mode_and_leaves_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "a.sh"
    path.write_text("old")
    path.chmod(0o750)
    files.write_text(path, "new\r\n")
    assert path.read_bytes() == b"new\r\n"
    assert path.stat().st_mode & 0o777 == 0o750
    assert list(tmp_path.iterdir()) == [path]


def test_the_workspace_is_the_nearest_folder_with_a_marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    inner = tmp_path / "project" / "src"
    inner.mkdir(parents=True)
    (tmp_path / "project" / "pyproject.toml").touch()
    assert files.workspace_of(inner / "a.py") == tmp_path / "project"
    (tmp_path / "loose").mkdir()
    assert files.workspace_of(tmp_path / "loose" / "a.py") == tmp_path / "loose"
    assert files.workspace_of(tmp_path / "a.py") is None


@pytest.mark.skipif(os.name != "posix", reason="makes files of POSIX")
@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", ["pipe", "/dev/zero", "/proc/kmsg", "terabyte"])
def test_what_is_no_document_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    """A file of a repository may be a pipe, or lead to what has no end."""
    path = tmp_path / "a.py"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "terabyte":
        with path.open("wb") as file:
            file.truncate(1 << 40)
    else:
        path.symlink_to(kind)
    with pytest.raises(BadRequest, match="cannot be read"):
        files.read_document(path, lang.PYTHON)
    with pytest.raises(EditConflict):
        files.present_text(path)
