"""How much effort is made: as set, else as fits the profile."""

from __future__ import annotations

from typing import Literal

import pytest

from forge_lsp.app.reading import effort_of, schedule_of
from forge_lsp.config.sources import Layer
from forge_lsp.config.tree import Settings
from forge_lsp.config.trust import narrowed


@pytest.mark.parametrize(
    ("values", "profile", "effort"),
    [
        ({}, "three-gpu", "full"),
        ({}, "one-gpu", "need"),
        ({}, "local", "need"),
        ({}, "cloud", "full"),
        ({}, "embedded", "full"),
        ({}, "custom", "full"),
        ({"effort": "full"}, "one-gpu", "full"),
        ({"effort": "need"}, "three-gpu", "need"),
    ],
)
def test_the_effort_of_a_profile(values: dict[str, object], profile: str, effort: str) -> None:
    settings = Settings.model_validate(values)
    found = effort_of(settings, profile)
    schedule = schedule_of(settings, found)
    assert (found, schedule.effort) == (effort, effort)
    assert schedule.accept.panel == ("unproven" if effort == "need" else "always")


@pytest.mark.parametrize(("effort", "said", "on"), [
    ("need", None, True), ("full", None, False), ("need", False, False), ("full", True, True),
])  # fmt: skip
def test_the_committee_writes_examples_where_effort_is_by_need_unless_said(
    effort: Literal["full", "need"], said: bool | None, on: bool
) -> None:
    settings = Settings.model_validate({"evidence": {"committee": said}})
    assert schedule_of(settings, effort).committee is on


def test_a_workspace_does_not_turn_the_committee_on() -> None:
    layer, notes = narrowed(
        Layer(label="forge.toml", values={"evidence": {"committee": True}}), {"evidence": {"committee": False}}
    )
    assert "committee" not in layer.values.get("evidence", {})
    assert notes == ("evidence.committee (forge.toml): it is off by your own settings, which hold",)


def test_a_panel_that_the_settings_ask_for_is_asked() -> None:
    settings = Settings.model_validate({"effort": "need", "accept": {"panel": "always"}})
    assert schedule_of(settings, "need").accept.panel == "always"


def test_a_workspace_does_not_choose_the_effort() -> None:
    layer, notes = narrowed(Layer(label="forge.toml", values={"effort": "need"}), {"effort": None})
    assert "effort" not in layer.values
    assert notes == ("effort (forge.toml): your own effort holds",)
