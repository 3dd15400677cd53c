from __future__ import annotations

from forge_lsp.config.described import described


def test_languages_are_read_one_by_one() -> None:
    found = described(
        {
            "elixir": {"title": "Elixir", "suffixes": [".ex", ".exs"], "names": ["ex"]},
            "zig": {"suffixes": [".zig"], "comment": "//"},
            "wrong": {"suffixes": ["noDot"]},
            "worse": {"suffixes": [".x"], "colour": "red"},
            "worst": 3,
        }
    )
    assert [(one.id, one.title, one.suffixes, one.names, one.comment) for one in found] == [
        ("elixir", "Elixir", (".ex", ".exs"), ("ex",), "#"),
        ("zig", "zig", (".zig",), (), "//"),
    ]
