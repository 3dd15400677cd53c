"""An example that says nothing of what it should give: passing it is no proof, and no merit either."""

from __future__ import annotations

from dataclasses import replace

from forge_lsp.domain.attempt import Candidate, Evidence
from forge_lsp.domain.checks import CheckResult
from forge_lsp.ensemble.checking import Checked, Examples, rank
from forge_lsp.ensemble.standing import Standing
from tests.support.scripted import example, report

SILENT = replace(example("passed", name="silent", expected=""), proves=False)


def checked(code: str, *results: CheckResult) -> Checked:
    candidate = Candidate(code=code, text=code, model="m", attempt=1)
    return Checked(candidate=candidate, build=report(), raw=Evidence(results=results))


def test_only_what_says_a_value_is_counted() -> None:
    assert Evidence(results=(SILENT, example("passed"), example("failed", name="other"))).proofs == 1


def test_a_stub_is_not_ranked_above_who_returns_something() -> None:
    stub = checked("a stub, at some length", SILENT)
    real = checked("return 1", replace(SILENT, status=example("not_runnable").status))
    examples = Examples()
    for one in (stub, real):
        examples.learn(one)
    assert rank(real, examples) > rank(stub, examples)  # all else is equal, and it is shorter
    standing = Standing(examples)
    for one in (real, stub):
        standing.add((one,), chosen=one, score=None)
    best = standing.best()
    assert best is not None
    assert best.candidate is real.candidate
