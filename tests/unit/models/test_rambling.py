"""Rambling is told from code that repeats itself for a reason."""

from __future__ import annotations

import inspect
import json
import lzma
import random
from pathlib import Path

import pytest

from forge_lsp.models import rambling
from forge_lsp.models.rambling import RamblingWatch


def verdict(text: str, *, size: int = 5) -> str | None:
    watch = RamblingWatch()
    for at in range(0, len(text), size):
        if lost := watch.feed(text[at : at + size]):
            return lost.words
    return None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("TABLE = [\n" + ("    [" + ", ".join(["0"] * 64) + "],\n") * 64 + "]\n", id="table of zeros"),
        pytest.param("TABLE = [" + "0, " * 4096 + "]\n", id="zeros in one line"),
        pytest.param("BOARD = [\n" + "    [None, None, None, None, None, None, None, None],\n" * 64 + "]", id="board"),
        pytest.param("static int t[] = {" + "0x00, " * 2000 + "};", id="hex"),
        pytest.param("flags = [" + "False, " * 1500 + "]", id="flags"),
        pytest.param("#" + "=" * 120 + "\n" + "# part\n" + "-" * 400, id="rulers"),
        pytest.param("def f():\n" + "        " * 12 + "return 1\n" + "\n" * 20 + "x = 1\n", id="deep indentation"),
        pytest.param('print("hello there world")\n' * 20, id="twenty prints"),
        pytest.param(inspect.getsource(rambling), id="our own source"),
        pytest.param(inspect.getsource(json.decoder) + inspect.getsource(random), id="library source"),
        pytest.param("assertEqual(add(1, 2), 3)\nassertEqual(add(2, 2), 4)\n" * 12, id="repetitive tests"),
    ],
)
def test_code_is_left_alone(text: str) -> None:
    assert verdict(text) is None
    assert verdict(text, size=1) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("{" + " " * 2000, "white space", id="spaces"),
        pytest.param('{"score": 7' + "\n" * 300, "white space", id="lines"),
        pytest.param(" \t\n" * 400, "white space", id="mixed"),
        pytest.param("Return the sum of the two numbers.\n" * 60, "again and again", id="sentence"),
        pytest.param("The code is good and the code is right. " * 60, "again and again", id="no line ends"),
        pytest.param("x = compute(value, other)\n# then do it again\n" * 60, "again and again", id="two lines"),
        pytest.param("Fine. " + "ha" * 20_000, "again and again", id="one word"),
        pytest.param("0, " * 20_000, "again and again", id="zeros beyond any table"),
    ],
)
def test_rambling_is_noticed(text: str, words: str) -> None:
    for size in (1, 7, 64, len(text)):
        wrong = verdict(text, size=size)
        if size < len(text):
            assert wrong is not None and words in wrong, size


def test_it_is_noticed_early() -> None:
    watch = RamblingWatch()
    sentence = "I hope that this helps you with your question. "
    fed = 0
    while watch.feed(sentence) is None:
        fed += len(sentence)
    assert fed < 3000


ANSWERS = Path(__file__).parents[3].parent / "shared" / "data" / "model-outputs" / "answers.jsonl.xz"


@pytest.mark.skipif(not ANSWERS.exists(), reason="no ../shared/data/model-outputs")
def test_real_answers_are_left_alone() -> None:
    with lzma.open(ANSWERS, "rt", encoding="utf-8") as lines:
        texts = [text for line in lines for text in _texts(json.loads(line))]
    assert len(texts) > 1000
    # One in thirty ends in white space that the length limit stopped; before it the text is whole.
    alarms = [wrong for text in texts if (wrong := verdict(text.rstrip(), size=64))]
    assert alarms == []


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if len(value) > 100 else []
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return []
