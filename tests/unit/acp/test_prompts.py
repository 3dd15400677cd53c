"""Which place a prompt mentions, and which words are left as the task."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_lsp.acp.prompts import Mention, PromptBlock, read_prompt


@pytest.mark.parametrize(
    ("text", "mention", "words"),
    [
        ("@a.py:12 make it fast", Mention(path=Path("/w/a.py"), lines=(12, 12)), "make it fast"),
        ("Write @src/a.py:3-9, please", Mention(path=Path("/w/src/a.py"), lines=(3, 9)), "Write , please"),
        ("@a.py#L3-L9", Mention(path=Path("/w/a.py"), lines=(3, 9)), ""),
        ("Fill in @a.py:Stack.push.", Mention(path=Path("/w/a.py"), name="Stack.push"), "Fill in ."),
        ('@"my file.py":4 go', Mention(path=Path("/w/my file.py"), lines=(4, 4)), "go"),
        ("all of @a.py", Mention(path=Path("/w/a.py")), "all of"),
        ("@a.py and @b.py:7", Mention(path=Path("/w/b.py"), lines=(7, 7)), "and"),
        ("use @property here", None, "use @property here"),
        ("write to me@a.py.org", None, "write to me@a.py.org"),
        ("nothing", None, "nothing"),
    ],
)
def test_mentions_in_words(text: str, mention: Mention | None, words: str) -> None:
    assert read_prompt([PromptBlock(text=text)], Path("/w")) == (mention, words)


@pytest.mark.parametrize(
    ("uri", "mention"),
    [
        ("file:///w/a.py", Mention(path=Path("/w/a.py"))),
        ("file:///w/a%20b.py#L10:20", Mention(path=Path("/w/a b.py"), lines=(10, 20))),
        ("file:///w/a.py#L10", Mention(path=Path("/w/a.py"), lines=(10, 10))),
        ("file:///w/a.py#L20:10", Mention(path=Path("/w/a.py"))),
        ("https://example.org/a.py", None),
    ],
)
def test_files_that_a_client_attaches(uri: str, mention: Mention | None) -> None:
    blocks = [PromptBlock(text="do it"), PromptBlock(uri=uri, text="what it says")]
    assert read_prompt(blocks, Path("/w")) == (mention, "do it")


def test_a_cursor_and_lines_are_named_as_on_the_command_line() -> None:
    assert Mention(path=Path("a"), lines=(3, 3)).selection == "3"
    assert Mention(path=Path("a"), lines=(3, 9)).selection == "3:9"
    assert Mention(path=Path("a")).selection is None
