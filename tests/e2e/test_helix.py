"""Helix, as far as it can be looked at without a terminal: the page's configuration, and `hx --health` on it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "editors.md"
# https://docs.helix-editor.com/languages.html and /keymap.html
SERVER_KEYS = {"command", "args", "config", "timeout", "environment", "required-root-patterns"}


def snippets() -> tuple[str, str]:
    part = PAGE.read_text(encoding="utf-8").partition("## Helix")[2].partition("\n## ")[0]
    languages, keys = re.findall(r"^```toml\n(.*?)^```$", part, re.DOTALL | re.MULTILINE)
    return languages, keys


def test_the_documented_keys() -> None:
    languages, keys = map(tomllib.loads, snippets())
    (server,) = languages["language-server"].values()
    assert server["command"] == "forge-lsp"
    assert set(server) <= SERVER_KEYS
    (language,) = languages["language"]
    assert set(language) == {"name", "language-servers"}
    assert set(languages["language-server"]) < set(language["language-servers"])  # and those that Helix knows
    assert keys["keys"]["normal"]["space"]["X"].startswith(":lsp-workspace-command forge.cancel")


@pytest.mark.skipif(shutil.which("hx") is None, reason="Helix is not installed, and no index here has it")
def test_health(tmp_path: Path) -> None:
    folder = tmp_path / "helix"
    folder.mkdir()
    for name, text in zip(("languages.toml", "config.toml"), snippets(), strict=True):
        (folder / name).write_text(text, encoding="utf-8")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["hx", "--health", "python"],
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path), "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    assert re.search(r"✓ forge\b.*forge-lsp", said), said
