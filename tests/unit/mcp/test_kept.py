"""Judgements that outlive their server: by id alone, the newest, for the user's eyes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from forge_lsp.mcp import kept
from forge_lsp.mcp.kept import JudgementStore
from forge_lsp.mcp.work import ToolAnswer, WorkRegistry

SAID = ToolAnswer(document={"outcome": "accepted"}, text="fine")


def test_a_judgement_is_found_by_its_id_and_by_nothing_else(tmp_path: Path) -> None:
    store, id_ = JudgementStore(tmp_path / "checks"), WorkRegistry.new_id()
    assert store.get(id_) is None
    store.put(id_, SAID)
    assert JudgementStore(tmp_path / "checks").get(id_) == SAID
    (tmp_path / "stolen.json").write_text('{"document": {}, "text": ""}')
    assert store.get("../stolen") is None and store.get("check-../../stol") is None
    if os.name == "posix":
        assert (tmp_path / "checks").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "checks" / f"{id_}.json").stat().st_mode & 0o777 == 0o600


def test_what_is_damaged_is_not_there_and_a_full_disk_costs_nothing_else(tmp_path: Path) -> None:
    store, id_ = JudgementStore(tmp_path / "checks"), WorkRegistry.new_id()
    store.put(id_, SAID)
    (tmp_path / "checks" / f"{id_}.json").write_text("{")
    assert store.get(id_) is None
    (tmp_path / "file").write_text("")
    JudgementStore(tmp_path / "file" / "checks").put(id_, SAID)


def test_the_oldest_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_MOST", 2)
    store, ids = JudgementStore(tmp_path), [WorkRegistry.new_id() for _ in range(3)]
    for age, id_ in enumerate(ids):
        store.put(id_, SAID)
        path = tmp_path / f"{id_}.json"
        if path.exists():
            os.utime(path, (age, age))
    assert [store.get(id_) is not None for id_ in ids] == [False, True, True]
