"""What counts of an answer in prose: only what it says once, or alike each time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge_lsp.core.ports import ChatReply, ChatRequest, Purpose
from forge_lsp.ensemble.plain_words import stated_score, stated_vote
from tests.support.scripted import ScriptedModel
from tests.unit.ensemble.test_review import sit


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("Score: 9", 9.0),
        ("It reads well.\n\n**Score:** 8.5/10\n", 8.5),
        ("I would give it a score of 7 out of 10.", 7.0),
        ("Score: 8/10. All in all 8/10.", 8.0),
        ("<think>Score: 2</think>The rating is 9.", 9.0),
        ("```python\nscore = 3\n# score: 3\n```\nScore: 9", 9.0),
    ],
)
def test_a_score_that_is_clear_counts(text: str, score: float) -> None:
    assert stated_score(text) == score


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It is fine.",
        "I like it, 9/10",
        "Score: 90",
        "Score: 9/100",
        "Score: 90%",
        "Score: 7/10 for style, score: 9/10 for logic",
        "Score: 8, or 9/10 with tests",
        "The score is between 0 and 10.",
        "Scores of 3 and more pass; 5 of 6 tests do.",
        "```\nScore: 9\n```",
    ],
)
def test_what_is_not_clear_is_no_score(text: str) -> None:
    assert stated_score(text) is None


@pytest.mark.parametrize(
    ("text", "letter"),
    [("B", "B"), ("**B**.", "B"), ("I vote for Plan B: it is short.", "B"), ("My choice is A. Plan A is best.", "A")],
)
def test_a_vote_that_is_clear_counts(text: str, letter: str) -> None:
    assert stated_vote(text, "AB") == letter


@pytest.mark.parametrize("text", ["", "C", "A or B", "I vote for A. I choose B.", "A good plan.", "the best is a plan"])
def test_what_is_not_clear_is_no_vote(text: str) -> None:
    assert stated_vote(text, "AB") is None


async def test_words_count_only_once_json_was_asked_for_again() -> None:
    first, again = ScriptedModel("a", "Score: 3", "Score: 9, well done."), ScriptedModel("b", "Score: 3", "no")
    result, _ = await sit(first, again)
    said = [(one.score, one.reasoning) for one in result.verdict.reviews]
    assert said == [(9.0, "Score: 9, well done."), (None, "")]


class InWords(ScriptedModel):
    """A model that is known to follow no schema."""

    async def complete(self, request: ChatRequest) -> ChatReply:
        return replace(await super().complete(request), in_words=True)


async def test_one_that_is_known_to_answer_in_words_is_asked_once() -> None:
    clear, vague = InWords("a", "Score: 9, well done."), InWords("b", "It is fine.", "Score: 7")
    sitting, _ = await sit(clear, vague)
    assert [one.score for one in sitting.verdict.reviews] == [9.0, 7.0]
    assert (len(clear.requests), len(vague.requests)) == (1, 2)
    assert {one.purpose for one in clear.requests} == {Purpose.REVIEW}
