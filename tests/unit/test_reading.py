"""Reading plain files of bounded size."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from forge_lsp.reading import NotReadable, read_plain


@pytest.mark.parametrize("size", [0, 1, 4_096, 65_536, 200_000])
def test_a_file_is_read_whole_up_to_its_bound(tmp_path: Path, size: int) -> None:
    path, content = tmp_path / "file", os.urandom(size)
    path.write_bytes(content)
    assert read_plain(path, most=size) == content
    if size:
        with pytest.raises(NotReadable):
            read_plain(path, most=size - 1)


def test_a_file_that_grows_while_it_is_read_is_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In parts, where one call of the system gives less than all."""
    path, content = tmp_path / "file", os.urandom(100_000)
    path.write_bytes(content)
    read = os.read

    def little(descriptor: int, count: int) -> bytes:
        return read(descriptor, min(count, 7_000))

    monkeypatch.setattr("forge_lsp.reading.os.read", little)
    assert read_plain(path) == content
    with pytest.raises(NotReadable):
        read_plain(path, most=99_999)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_what_is_no_plain_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    before = len(list(Path("/dev/fd").iterdir()))
    for name in ("pipe", "link", "."):
        with pytest.raises(NotReadable):
            read_plain(tmp_path / name)
    for path in ("/proc/self/status", "/dev/null"):
        if Path(path).exists():
            with pytest.raises(NotReadable):
                read_plain(path)
    with pytest.raises(FileNotFoundError):
        read_plain(tmp_path / "nothing")
    assert len(list(Path("/dev/fd").iterdir())) == before
