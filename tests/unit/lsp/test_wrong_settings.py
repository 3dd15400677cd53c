"""Where in a settings file a problem is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_lsp.lsp.wrong_settings import diagnostics, place

TEXT = """# accept.score = 1
profile = "auto"
[accept]
  score = "high"
proof = "proven"

[servers.gpu0]
kind = "ollama"
[budget]
"job" = -1
check.timeout = 3
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("profile", 1),
        ("accept.score", 3),
        ("accept.proof", 4),
        ("accept.nothing", 2),  # the table around it
        ("servers.gpu0.kind", 7),
        ("servers.gpu0", 6),
        ("budget.job", 9),
        ("budget.check.timeout", 10),
        ("wobble", 0),
    ],
)
def test_the_line_of_a_key(key: str, line: int) -> None:
    assert place(TEXT, key) == line


def test_problems_stand_in_their_files(tmp_path: Path) -> None:
    one, two = tmp_path / "forge.toml", tmp_path / "other.toml"
    one.write_text(TEXT)
    two.write_text("a = \n")
    found = diagnostics(
        [
            f'accept.score ({one}): expected a number, got "high"',
            f"budget.job ({one}): it should be greater than 0",
            f"{two}: Invalid value (at line 1, column 5)",
            "wobble (environment): unknown key",
            f"accept.score ({tmp_path / 'gone.toml'}): unknown key",
        ]
    )
    assert set(found) == {one, two}
    first, second = found[one]
    assert (first.range.start.line, first.range.start.character, first.range.end.character) == (3, 2, 7)
    assert first.message == 'accept.score: expected a number, got "high"'
    assert second.range.start.line == 9
    assert found[two][0].range.start.line == 0
    assert diagnostics([]) == {}
