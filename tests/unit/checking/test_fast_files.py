from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from forge_lsp.checking.fast.files import WatchedFiles
from tests.support.builds import write_files


def test_tells_what_changed_and_who_speaks_of_whom(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": "X = 1\n", "sub/b.py": "import a\n", "c.py": "import ab\n", "d.txt": "a"})
    files = WatchedFiles(tmp_path, (".py",))
    assert files.update() == dict.fromkeys(map(PurePosixPath, ("a.py", "sub/b.py", "c.py")), True)
    assert files.update() == {}
    assert files.mentioning("a", but=PurePosixPath("a.py")) == (PurePosixPath("sub/b.py"),)
    generation = files.generation
    write_files(tmp_path, {"c.py": "import a, ab\n"})
    os.utime(tmp_path / "c.py", ns=(1, 1))
    (tmp_path / "sub/b.py").unlink()
    assert files.update() == {PurePosixPath("c.py"): True, PurePosixPath("sub/b.py"): False}
    assert files.generation == generation + 1
    assert files.mentioning("a", but=PurePosixPath("a.py")) == (PurePosixPath("c.py"),)
    assert files.text(PurePosixPath("c.py")) == "import a, ab\n"
    assert files.text(PurePosixPath("sub/b.py")) is None
