"""What is wrong with a setting, as people are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_lsp.config.load import gather, resolve
from forge_lsp.config.sources import Layer
from forge_lsp.config.wording import meant
from forge_lsp.core.errors import SettingsError


def problem(folder: Path, text: str) -> str:
    file = folder / "forge.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as error:
        resolve(gather(workspace=None, config=file), Layer(label="profile"))
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('profil = "auto"', "unknown key; did you mean profile?"),
        ("[accept]\nscroe = 7", "unknown key; did you mean score?"),
        ('[servers.a]\nkindd = "ollama"', "unknown key; did you mean kind?"),
        ("[budget]\nxyzzy = 1", "unknown key"),
        ('[accept]\nscore = "high"', 'expected a number, got "high"'),
        ('[lens]\nenabled = "maybe"', 'expected true or false, got "maybe"'),
        ("[ask]\nquestions = 1.5", "expected a whole number, got 1.5"),
        ('[accept]\nproof = "prooven"', 'got "prooven"'),
        ("accept = 3", "expected a table, got 3"),
    ],
)
def test_no_validator_speaks(tmp_path: Path, text: str, told: str) -> None:
    said = problem(tmp_path, text)
    assert told in said
    assert "Input should" not in said
    assert "forge.toml" in said
    if told == "unknown key":
        assert "did you mean" not in said


def test_a_long_value_is_not_repeated(tmp_path: Path) -> None:
    assert "sk-ant" not in problem(tmp_path, '[accept]\nscore = "sk-ant-0123456789012345678901234567890"')


def test_the_word_that_may_be_meant() -> None:
    assert meant("genrate", ["generate", "check"]) == "generate"
    assert meant("zebra", ["generate", "check"]) is None
