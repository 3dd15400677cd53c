"""What is said of a command line that cannot be understood."""

from __future__ import annotations

import pytest

from forge_lsp.cli.arguments import parse


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["genrate"], "invalid choice: 'genrate' - did you mean generate?"),
        (["jobs", "aply", "1"], "invalid choice: 'aply' - did you mean apply?"),
        (["zebra"], "choose from"),
    ],
)
def test_the_word_that_may_be_meant(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse(arguments)
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert told in said
    assert ("did you mean" in said) == ("did you mean" in told)
