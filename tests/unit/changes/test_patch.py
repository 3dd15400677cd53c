"""Diffs put on files: what fits, what does not, and what is refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from forge_lsp.changes.patch import LARGEST_DIFF, patched
from forge_lsp.core.errors import BadRequest

OLD = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"
NEW = "one\nTWO\nthree\nfour\nfive\nsix\nseven\neight\n"
DIFF = """--- a/a.py
+++ b/a.py
@@ -1,3 +1,3 @@
 one
-two
+TWO
 three
@@ -6,2 +6,3 @@
 six
 seven
+eight
"""


def changed(folder: Path, diff: str) -> dict[str, tuple[str | None, str | None]]:
    root = folder.resolve()
    found = patched(diff, folder)
    return {file.path.relative_to(root).as_posix(): (file.before, file.after) for file in found}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(OLD, NEW, id="as-the-diff-says"),
        pytest.param("zero\n" * 9 + OLD, "zero\n" * 9 + NEW, id="lines-moved-down"),
        pytest.param(OLD.replace("\n", "\r\n"), NEW.replace("\n", "\r\n"), id="other-line-endings"),
        pytest.param(OLD.removesuffix("\n"), NEW, id="no-newline-at-the-end"),
    ],
)
def test_hunks_are_put_where_their_lines_are(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "a.py").write_bytes(old.encode())
    assert changed(tmp_path, DIFF) == {"a.py": (old, new)}
    assert (tmp_path / "a.py").read_bytes() == old.encode()


def test_what_git_writes_is_read_back(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        command = ("git", "-c", "user.name=a", "-c", "user.email=a@b", *words)
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    texts = {"kept.py": OLD, "gone.py": "x = 1\n", "moved.py": OLD * 3, "café.py": "a\nb\n", "bare.py": "a\nb"}
    git("init", "-q")
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    git("add", "-A")
    git("commit", "-qm", "before")
    after = {
        "kept.py": NEW,
        "there.py": OLD * 3 + "more\n",
        "café.py": "a\nB\n",
        "bare.py": "a\nc",
        "new.py": "y = 2\n",
        "sub/deep.py": "-- odd\n++ odd\n",
    }
    for name in texts:
        (tmp_path / name).unlink()
    (tmp_path / "sub").mkdir()
    for name, text in after.items():
        (tmp_path / name).write_text(text)
    git("add", "-A")
    diff = git("diff", "--cached", "-M")
    git("reset", "-q", "--hard")
    assert changed(tmp_path, diff) == {
        "kept.py": (OLD, NEW),
        "gone.py": ("x = 1\n", None),
        "moved.py": (OLD * 3, None),
        "there.py": (None, OLD * 3 + "more\n"),
        "café.py": ("a\nb\n", "a\nB\n"),
        "bare.py": ("a\nb", "a\nc"),
        "new.py": (None, "y = 2\n"),
        "sub/deep.py": (None, "-- odd\n++ odd\n"),
    }


def test_diff_of_a_kept_copy_leaves_the_copy_alone(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(OLD)
    diff = DIFF.replace("--- a/a.py", "--- a.py.orig\t2026-01-01 10:00:00").replace(
        "+++ b/a.py", "+++ a.py\t2026-01-02"
    )
    assert changed(tmp_path, diff) == {"a.py": (OLD, NEW)}


def head(name: str) -> str:
    return f"--- a/{name}\n+++ b/{name}\n@@ -1 +1 @@\n-one\n+1\n"


@pytest.mark.parametrize(
    ("diff", "words"),
    [
        pytest.param(head("../outside.py"), "not a file inside the workspace", id="up"),
        pytest.param(head("sub/../../outside.py"), "not a file inside the workspace", id="up-and-around"),
        pytest.param("--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-r\n+s\n", "not a file inside", id="absolute"),
        pytest.param(head("link/secret.py"), "not a file inside the workspace", id="by-a-link"),
        pytest.param("--- /dev/null\n+++ b/.git/hooks/pre-commit\n@@ -0,0 +1 @@\n+x\n", "git itself", id="git"),
        pytest.param(head("absent.py"), "which is not there", id="absent"),
        pytest.param("--- /dev/null\n+++ b/a.py\n@@ -0,0 +1 @@\n+x\n", "there already", id="made-twice"),
        pytest.param(DIFF.replace("-two", "-2"), "does not fit a.py", id="other-lines"),
        pytest.param(DIFF[:-8], "cut off", id="cut-off"),
        pytest.param("x" * (LARGEST_DIFF + 1), "characters", id="huge"),
        pytest.param("def f(): ...\n", "not a unified diff", id="no-diff"),
        pytest.param("diff --git a/x b/x\nGIT binary patch\n", "binary", id="binary"),
        pytest.param("--- a/a.py\n+++ b/a.py\n" + "@@ -1 +1 @@\n-one\n+one\n" * 2_001, "hunks", id="hunks"),
        pytest.param(head("pipe"), "plain file", id="no-plain-file"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_words(tmp_path: Path, diff: str, words: str) -> None:
    import os

    root = tmp_path / "work"
    root.mkdir()
    (root / "a.py").write_text(OLD)
    (tmp_path / "outside.py").write_text("one\n")
    (tmp_path / "secret.py").write_text("one\n")
    (root / "link").symlink_to(tmp_path)
    os.mkfifo(root / "pipe")
    with pytest.raises(BadRequest, match=words):
        patched(diff, root)
