from __future__ import annotations

from forge_lsp.lsp.settings import chosen_python, from_change, from_initialization, merged


def test_initialization_options() -> None:
    assert from_initialization(None) == {}
    assert from_initialization([1]) == {}
    assert from_initialization({"jobEvents": True, "logLevel": "debug", "apply": {"mode": "none"}}) == {
        "apply": {"mode": "none"}
    }
    assert from_initialization({"forge": {"apply": {"mode": None}, "profile": "cloud"}, "other": 1}) == {
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

    assert chosen_python({"python": {"pythonPath": "/env/bin/python"}}) == named("/env/bin/python")
    other = {"python": {"defaultInterpreterPath": "${workspaceFolder}/venv", "pythonPath": "python"}}
    assert chosen_python(other) == named("${workspaceFolder}/venv")
    assert chosen_python({"python": {"pythonPath": ""}, "forge": {}}) == {}
    assert chosen_python(None) == {}
    assert from_initialization({"python": {"pythonPath": "/env/bin/python"}, "effort": "need"}) == {"effort": "need"}
