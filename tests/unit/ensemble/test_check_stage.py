from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from forge_lsp.core.attempt import Agreement, BuildStatus, Candidate, Diagnostic, Evidence, Severity, Verdict
from forge_lsp.core.checks import Grade
from forge_lsp.core.ports import FastReport
from forge_lsp.core.task import Task
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.check_stage import CheckedCandidate, Checks, check
from forge_lsp.ensemble.leaderboard import Leaderboard
from tests.support.scripted import FakeToolchain, example, report, task

SYNTAX = TreeSitterSyntax()


def candidate(body: str, *, model: str = "m", attempt: int = 1, sample: int = 1) -> Candidate:
    code = f"def add(a, b):\n    return {body}\n"
    return Candidate(code=code, text=code, model=model, attempt=attempt, sample=sample)


def proof(*results: tuple[str, str, str]) -> Evidence:
    return Evidence(results=tuple(example(status, name=name, actual=actual) for name, status, actual in results))


class FakeFastGate:
    """Finds as many errors in a text as ``errors`` says of the first key that it contains; None is no word."""

    def __init__(self, errors: dict[str, int | None]) -> None:
        self.errors = errors
        self.asked: list[Sequence[str]] = []

    def prepare(self, task: Task) -> None:
        raise AssertionError("a check does not prepare")

    async def look(self, task: Task, texts: Sequence[str]) -> Sequence[FastReport | None]:
        del task
        self.asked.append(texts)
        counts = [next((count for key, count in self.errors.items() if key in text), 0) for text in texts]
        wrong = Diagnostic(file="a.py", line=2, severity=Severity.ERROR, message="no")
        return [FastReport(problems=(wrong,) * count) if count is not None else None for count in counts]


async def run(
    toolchain: FakeToolchain | None,
    *bodies: str,
    checks: Checks | None = None,
    fast: FakeFastGate | None = None,
) -> tuple[CheckedCandidate, ...]:
    candidates = [candidate(body, sample=index) for index, body in enumerate(bodies, 1)]
    return await check(task(), candidates, toolchain=toolchain, syntax=SYNTAX, checks=checks or Checks(), fast=fast)


def built(toolchain: FakeToolchain) -> list[str]:
    return [text.split("return ")[1].strip() for text in toolchain.built]


async def test_the_same_text_is_checked_once_and_two_run_at_once() -> None:
    toolchain = FakeToolchain()
    checked = await run(toolchain, "1", "2", "1", "3", "4", "1 ")
    assert len(checked) == len(toolchain.built) == 4
    assert toolchain.most_at_once == 2


async def test_broken_syntax_is_not_compiled_where_another_is_sound() -> None:
    toolchain = FakeToolchain()
    await run(toolchain, "(", "1")
    assert [text for text in toolchain.built if "(\n" in text] == []
    await run(toolchain, "(", "((")
    assert len(toolchain.built) == 2, "one broken candidate is compiled for its diagnostics"


async def test_ranks_by_build_then_failures_then_passes_then_agreement_then_length() -> None:
    toolchain = FakeToolchain(
        builds={"nope": report(BuildStatus.FAILED), "maybe": report(BuildStatus.UNVERIFIED)},
        proofs={
            "one": proof(("1", "proof", ""), ("2", "owed", "7")),
            "both": proof(("1", "proof", ""), ("2", "proof", "")),
            "none": proof(("1", "owed", "9"), ("2", "owed", "7")),
        },
    )
    checked = await run(toolchain, "nope", "none", "maybe", "one", "both", "both + 0")
    order = [item.candidate.text.split("return ")[1].strip() for item in checked]
    assert order == ["both", "both + 0", "one", "none", "maybe", "nope"]
    assert "nope" not in [item.code.split("return ")[1].strip() for item in toolchain.proved]


async def test_agreement_of_behaviour_breaks_a_tie() -> None:
    wrong = [("1", "owed", "7")]
    toolchain = FakeToolchain(proofs={"x": proof(("1", "owed", "8")), "seven": proof(*wrong)})
    checked = await run(toolchain, "x", "seven_long", "seven_longer")
    assert checked[0].candidate.text.endswith("seven_long\n")
    checks = Checks()
    for item in checked:
        checks.learn(item)
    assert checks.settle(checked[0]).agreement is None, "a model that agrees with itself shows nothing"
    other = CheckedCandidate(candidate=candidate("y", model="other"), build=report(), raw=proof(*wrong))
    checks.learn(other)
    assert checks.settle(checked[0]).agreement == Agreement(share=1.0, models=1, points=1)


async def test_what_the_fast_gate_is_against_is_not_built_where_another_stands() -> None:
    toolchain = FakeToolchain()
    fast = FakeFastGate({"bad": 1, "mute": None})
    checked = await run(toolchain, "bad", "good", "mute", fast=fast)
    assert built(toolchain) == ["good", "mute"], "no word is no word against it"
    assert [item.candidate.code.split("return ")[1].strip() for item in checked] == ["good", "mute"]
    assert len(fast.asked) == 1


async def test_a_wrong_word_of_the_fast_gate_costs_order_and_never_an_answer() -> None:
    toolchain = FakeToolchain(builds={"wrong": report(BuildStatus.FAILED)})
    checked = await run(toolchain, "right_2", "right_1", "wrong", fast=FakeFastGate({"right_1": 1, "right_2": 2}))
    assert built(toolchain) == ["wrong", "right_1", "right_2"]
    assert checked[0].build.compiled is True
    failing = FakeToolchain(proofs={"seven": proof(("1", "owed", "7")), "nine": proof(("1", "proof", ""))})
    checked = await run(failing, "nine", "seven", fast=FakeFastGate({"nine": 3}))
    assert checked[0].candidate.code.endswith("nine\n"), "what fails an example does not stand"
    unsure = FakeToolchain(builds={"maybe": report(BuildStatus.UNVERIFIED)})
    checked = await run(unsure, "sure", "maybe", fast=FakeFastGate({"sure": 1}))
    assert checked[0].candidate.code.endswith("sure\n")


async def test_suspects_are_built_best_first_until_one_stands() -> None:
    toolchain = FakeToolchain()
    await run(toolchain, "four", "one", "three", "two", fast=FakeFastGate({"one": 1, "two": 2, "three": 3, "four": 4}))
    assert built(toolchain) == ["one", "two"]


async def test_one_candidate_is_not_asked_about() -> None:
    fast = FakeFastGate({})
    await run(FakeToolchain(), "1", "1 ", fast=fast)
    await run(FakeToolchain(), "1", "(", fast=fast)
    assert fast.asked == []


async def test_no_toolchain_is_unverified_with_the_reason() -> None:
    (checked,) = await run(None, "1")
    assert checked.build.compiled is None
    assert checked.build.reason == "there is no compiler check for python here"


def statuses(evidence: Evidence) -> list[str]:
    return [str(result.status) for result in evidence.results]


def of(model: str, *results: tuple[str, str, str], sample: int = 1) -> CheckedCandidate:
    return CheckedCandidate(candidate=candidate(model, model=model, sample=sample), build=report(), raw=proof(*results))


def test_one_model_against_a_check_is_no_witness() -> None:
    checks = Checks()
    first = of("m", ("1", "owed", "4"), ("2", "proof", ""))
    checks.learn(first)
    checks.learn(of("m", ("1", "owed", "4"), ("2", "proof", ""), sample=2))
    checks.learn(of("n", ("1", "owed", "7"), ("2", "proof", "")))
    assert statuses(checks.judge(first.raw, last=True)) == ["owed", "proof"], "another model gave another value"


def test_a_check_is_disputed_by_two_models_that_fail_nothing_else() -> None:
    checks = Checks()
    first = of("m", ("1", "owed", "4"), ("2", "proof", ""))
    checks.learn(first)
    checks.learn(of("worse", ("1", "owed", "4"), ("2", "owed", "9")))
    assert statuses(checks.judge(first.raw)) == ["owed", "proof"], "who fails something else is no witness"
    checks.learn(of("n", ("1", "owed", "4"), ("2", "proof", "")))
    judged = checks.judge(first.raw)
    assert statuses(judged) == ["disputed", "proof"]
    assert judged.results[0].detail == "two models answer 4"
    checks.learn(of("right", ("1", "proof", "5"), ("2", "proof", "")))
    assert statuses(checks.judge(first.raw)) == ["owed", "proof"], "it can be met"


def test_what_passed_before_is_never_disputed() -> None:
    checks = Checks()
    for model in ("m", "n"):
        checks.learn(of(model, ("1", "failed", "4")))
    assert statuses(checks.judge(of("m", ("1", "failed", "4")).raw, last=True)) == ["failed"]


def test_where_only_one_model_writes_two_samples_are_witnesses_in_the_end() -> None:
    checks = Checks(alone=True)
    first = of("m", ("1", "owed", "4"), ("2", "proof", ""))
    checks.learn(first)
    assert statuses(checks.judge(first.raw, last=True)) == ["owed", "proof"]
    checks.learn(of("m", ("1", "owed", "4"), ("2", "proof", ""), sample=2))
    assert statuses(checks.judge(first.raw)) == ["owed", "proof"]
    assert statuses(checks.judge(first.raw, last=True)) == ["disputed", "proof"]


def test_errors_of_one_kind_are_one_answer() -> None:
    def raises(model: str, words: str) -> CheckedCandidate:
        owed = replace(example("owed", name="1"), detail=words)
        return CheckedCandidate(candidate=candidate(model, model=model), build=report(), raw=Evidence(results=(owed,)))

    checks = Checks()
    checks.learn(raises("m", "ValueError: width 3"))
    checks.learn(raises("n", "ValueError: no width"))
    assert statuses(checks.judge(raises("m", "").raw)) == ["disputed"]


def test_a_proof_that_is_doubted_is_no_grade() -> None:
    proven = of("m", ("1", "proof", ""))
    checks = Checks()
    checks.learn(proven)
    assert checks.settle(proven).grade is Grade.PROVEN
    assert checks.settle(replace(proven, raw=replace(proven.raw, doubt="it ends the process"))).grade is None


def test_the_best_is_found_by_what_is_known_in_the_end() -> None:
    checks = Checks()
    leaderboard = Leaderboard(checks)
    assert leaderboard.best() is None
    broken = CheckedCandidate(candidate=candidate("0"), build=report(BuildStatus.FAILED))
    leaderboard.add([broken], chosen=broken, verdict=None)
    assert leaderboard.best() is None, "what does not compile is not offered"
    assert leaderboard.best_so_far() is None
    early = CheckedCandidate(candidate=candidate("1"), build=report(), raw=proof(("1", "owed", "4")))
    checks.learn(early)
    leaderboard.add([early], chosen=early, verdict=Verdict(panel="simple", score=9.0))
    best = leaderboard.best()
    assert best is not None
    assert (best.candidate, best.score) == (early.candidate, 9.0)
    later = CheckedCandidate(candidate=candidate("2", attempt=2), build=report(), raw=proof(("1", "proof", "5")))
    checks.learn(later)
    leaderboard.add([later], chosen=later, verdict=Verdict(panel="simple", score=3.0))
    best = leaderboard.best()
    assert best is not None
    assert (best.candidate, best.score) == (later.candidate, 3.0)
    told = leaderboard.best_so_far()
    assert told is not None
    assert (told.attempt, told.model, told.score) == (2, later.candidate.model, 3.0)
    assert told.seen.startswith("it compiles; 1 check")
    same = CheckedCandidate(candidate=candidate("3", attempt=3), build=report(), raw=later.raw)
    leaderboard.add([same], chosen=same, verdict=Verdict(panel="simple", score=3.0))
    best = leaderboard.best()
    assert best is not None
    assert best.candidate is same.candidate, "of equals the later one"
    unproven = CheckedCandidate(
        candidate=candidate("4", attempt=4), build=report(BuildStatus.UNVERIFIED), raw=later.raw
    )
    leaderboard.add([unproven], chosen=unproven, verdict=Verdict(panel="simple", score=10.0))
    assert leaderboard.best() == best
