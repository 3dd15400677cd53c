"""The VS Code client by itself: its types, its unit tests, and its settings against the server's schema."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.code_server import NODE

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_unit_tests_and_settings() -> None:
    env = {**os.environ, "PATH": os.pathsep.join([*map(str, NODE), os.environ["PATH"]])}
    done = subprocess.run(
        ["make", "vsix-test"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert "# fail 0" in done.stdout


def test_the_lock_file_names_no_registry() -> None:
    """Each machine has its own."""
    assert '"resolved"' not in (ROOT / "vscode-client" / "package-lock.json").read_text(encoding="utf-8")
