from __future__ import annotations

import pytest

from forge_lsp.jobs.remedies import command_in


@pytest.mark.parametrize(
    ("remedy", "command"),
    [
        ("pip install --upgrade ruff ty", "pip install --upgrade ruff ty"),
        ("fetch one: `ollama pull phi4:14b` (`forge-lsp models suggest` says more)", "ollama pull phi4:14b"),
        ("OLLAMA_HOST=http://127.0.0.1:1 ollama serve", "OLLAMA_HOST=http://127.0.0.1:1 ollama serve"),
        ("correct `servers.gpu0.url`", None),
        ("pip install x; rm -rf /", None),
        ("`rm -rf /`", None),
        ("trust the workspace", None),
        (None, None),
    ],
)
def test_only_a_command_line_is_taken_for_one(remedy: str | None, command: str | None) -> None:
    assert command_in(remedy) == command
