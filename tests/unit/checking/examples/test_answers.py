"""What a driver's output says came of its calls."""

from __future__ import annotations

import json

import pytest

from forge_lsp.checking.examples.answers import Answer, answers_in, answers_of
from forge_lsp.checking.examples.comparing import Opaque
from forge_lsp.checking.examples.values import Group

LOADED = {"state": "loaded"}


def test_lines_without_the_nonce_say_nothing() -> None:
    output = b'n1 {"state": "loaded"}\nn2 {"id": "a", "state": "done", "value": {"i": "1"}}\n'
    output += b'n1 {"id": "b", "state": "raised", "error": "E", "words": "w"}\nn1 {"id": "c", "sta'
    told = answers_in(output, "n1", late=False, words="x")
    assert (set(told.by_id), told.ended, told.fault) == ({"b"}, False, None)
    assert answers_in(b"", "n1", late=False, words="gone").fault == "gone"


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ({"state": "done", "value": {"i": "3"}}, Answer(state="done", value=3)),
        ({"state": "done", "text": '{"l":[{"i":"1"}]}'}, Answer(state="done", value=Group("list", (1,)))),
        ({"state": "done", "text": "{]"}, Answer(state="done", value=Opaque("a value that cannot be read"))),
        (
            {"state": "raised", "error": "E", "words": "no", "names": ["F", "G"]},
            Answer(state="raised", error="E", words="no", names=("F", "G")),
        ),
        (
            {"state": "raised", "error": "E", "words": "", "environment": True},
            Answer(state="raised", error="E", environment=True),
        ),
        ({"state": "broken", "words": "no such name"}, Answer(state="broken", words="no such name")),
    ],
)
def test_what_came_of_a_call(told: dict[str, object], answer: Answer) -> None:
    output = "".join(f"n1 {json.dumps(one)}\n" for one in (LOADED, {"id": 7, **told}, {"state": "end"}))
    found = answers_in(output.encode(), "n1", late=False, words="noise")
    assert found.by_id == {"7": answer}
    assert (found.ended, found.words, found.doubt) == (True, "", None)


def test_how_a_run_ended() -> None:
    hung = answers_of([LOADED, {"state": "hung", "words": "it did not end"}], late=False, words="noise", code=43)
    assert (hung.ended, hung.late, hung.words, hung.doubt) == (False, False, "it did not end", None)
    late = answers_of([LOADED, {"state": "late"}], late=False, words="noise", code=0)
    assert (late.ended, late.late, late.doubt) == (False, True, None)
    assert answers_of([LOADED, {"state": "fault", "words": "it does not load"}], late=False, words="").fault
    assert answers_of([], late=True, words="").fault == "it took too long to load"


def test_code_that_ends_its_process_is_doubted() -> None:
    assert answers_of([LOADED], late=False, words="", code=0).doubt == "the code ends the process while it is tested"
    assert answers_of([LOADED], late=False, words="", code=137).doubt is None, "a signal is a crash"
    assert answers_of([LOADED], late=True, words="", code=0).doubt is None
    assert answers_of([LOADED], late=False, words="").doubt is None
    assert answers_of([LOADED, {"state": "end"}], late=False, words="", code=0).doubt is None
