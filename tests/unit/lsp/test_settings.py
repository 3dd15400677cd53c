from __future__ import annotations

from forge_lsp.languages.registry import BUILT_IN
from forge_lsp.lsp.settings import chosen_programs, from_change, from_initialization, merged


def test_initialization_options() -> None:
    assert from_initialization(None, BUILT_IN) == {}
    assert from_initialization([1], BUILT_IN) == {}
    assert from_initialization(
        {"jobEvents": True, "questions": True, "logLevel": "debug", "apply": {"mode": "none"}}, BUILT_IN
    ) == {"apply": {"mode": "none"}}
    assert from_initialization({"forge": {"apply": {"mode": None}, "profile": "cloud"}, "other": 1}, BUILT_IN) == {
        "apply": {},
        "profile": "cloud",
    }


def test_a_change_carries_them_or_not() -> None:
    assert from_change(None) is None
    assert from_change({"editor": {}}) is None
    assert from_change({"forge": {"profile": None}}) == {}


def test_tables_merge_and_the_rest_is_replaced() -> None:
    lower = {"budget": {"job": 1, "day": 2}, "schedule": [1, 2], "profile": "a"}
    assert merged(lower, {"budget": {"job": 5}, "schedule": [3], "profile": None}) == {
        "budget": {"job": 5, "day": 2},
        "schedule": [3],
        "profile": "a",
    }
    assert lower["budget"] == {"job": 1, "day": 2}


def test_the_interpreter_that_was_chosen_in_the_editor() -> None:
    def named(path: str) -> dict[str, object]:
        return {"check": {"python": {"interpreter": path}}}

    assert chosen_programs({"python": {"pythonPath": "/env/bin/python"}}, BUILT_IN) == named("/env/bin/python")
    other = {"python": {"defaultInterpreterPath": "${workspaceFolder}/venv", "pythonPath": "python"}}
    assert chosen_programs(other, BUILT_IN) == named("${workspaceFolder}/venv")
    assert chosen_programs({"python": {"pythonPath": ""}, "forge": {}}, BUILT_IN) == {}
    assert chosen_programs(None, BUILT_IN) == {}
    assert from_initialization({"python": {"pythonPath": "/env/bin/python"}, "effort": "need"}, BUILT_IN) == {
        "effort": "need"
    }
