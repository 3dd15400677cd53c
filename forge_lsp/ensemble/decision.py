"""Accept, retry or give up. Pure: the same facts give the same decision.

Promise: nothing that did not compile, fails a check that passed before or does not meet one that its scope owes is ever
accepted; what a check that could not run or is disputed leaves open is ``unverified``.
"""

from __future__ import annotations

from collections.abc import Sequence

from forge_lsp.core.attempt import BuildReport, Decision, DecisionKind, Evidence, Verdict
from forge_lsp.core.checks import CheckKind, CheckResult, CheckStatus, Grade
from forge_lsp.core.errors import ForgeError
from forge_lsp.ensemble.committee import supports
from forge_lsp.ensemble.schedule import Accept

__all__ = ["blocks", "decide", "needs_panel", "proof_words"]

_RUN = (CheckStatus.PROOF, CheckStatus.KEPT, CheckStatus.DISPUTED, CheckStatus.UNRELATED, CheckStatus.FLAKY)


def blocks(build: BuildReport, evidence: Evidence) -> str | None:
    """Return why this candidate cannot be accepted whatever a panel says, or None. Then no panel is called."""
    if build.compiled is False:
        count = len(build.diagnostics)
        return f"it does not compile ({count} problem{'' if count == 1 else 's'})"
    failed = [result for result in evidence.results if result.status is CheckStatus.FAILED]
    owed = [result for result in evidence.results if result.status is CheckStatus.OWED]
    parts: list[str] = []
    if failed:
        parts.append(f"it breaks {_number(failed)} that passed before")
    if owed:
        parts.append(f"it does not meet {_number(owed)}")
    return ", and ".join(parts) or None


def needs_panel(build: BuildReport, evidence: Evidence, accept: Accept) -> bool:
    """Return whether reviewers are asked about a candidate."""
    if blocks(build, evidence) is not None or evidence.doubt is not None:
        return False
    return not (accept.panel == "unproven" and evidence.grade is Grade.PROVEN and build.compiled)


def decide(
    *,
    build: BuildReport,
    evidence: Evidence,
    verdict: Verdict | None,
    accept: Accept,
    last: bool,
    panel_fault: ForgeError | None = None,
) -> Decision:
    """Return what happens after an attempt that has a candidate.

    ``evidence`` is settled: disputes and the grade are known. ``verdict`` None: no panel was called. ``last``: no
    attempt is left. ``panel_fault``: why this machine could not give the panel a quorum (a server that is down);
    a fault of the environment never climbs.
    """
    blocked = blocks(build, evidence)
    if blocked is not None:
        return _no(blocked, last)
    if accept.rule == "never":
        return _no("accept.rule is never, so that all attempts run", last)
    open_question = evidence.doubt or _contradicted(evidence) or _disputed(evidence)
    if open_question is not None:
        scored = verdict.score if verdict is not None and accept.rule == "score" else None
        enough = scored is None or scored >= accept.score
        return _unverified(open_question) if last and enough else _no(open_question, last)
    stopped = _stopped(evidence)
    if stopped is not None:
        return _unverified(*stopped)
    if accept.rule == "evidence":
        return _by_evidence(build, evidence, accept, last)
    return _by_score(build, evidence, verdict, accept, last, panel_fault)


def proof_words(evidence: Evidence) -> str:
    """Return in a few words what stands behind a candidate: ``4 of 4 tests that failed before pass now``."""
    match evidence.grade:
        case Grade.PROVEN:
            proofs = [result for result in evidence.results if result.status is CheckStatus.PROOF]
            if evidence.replies and not proofs:
                return "it gives what you answered"
            return f"{len(proofs)} of {_number(proofs)} that failed before pass{'es' if len(proofs) == 1 else ''} now"
        case Grade.KEPT:
            kept = [result for result in evidence.results if result.status is CheckStatus.KEPT]
            return f"{_number(kept)} that passed before still pass{'es' if len(kept) == 1 else ''}"
        case Grade.SUPPORTED:
            if supports(evidence.committee):
                passed = sum(one.passed for one in evidence.committee)
                of = f"{passed} of {len(evidence.committee)} examples of models that did not write the code"
                return f"no test of yours could decide; {of} pass"
            return "no test of yours could decide; the code of other models behaves alike"
        case Grade.REVIEWED:
            ran = any(result.status in _RUN for result in evidence.results)
            return "on review only: " + ("no test shows that it works" if ran else "there was nothing to run")
        case None:
            return "nothing is proven"


def _by_evidence(build: BuildReport, evidence: Evidence, accept: Accept, last: bool) -> Decision:
    """Where evidence alone decides, only a proof counts, or for working code that everything is kept."""
    if build.compiled is None:
        return _unverified(build.reason or "the build could not be checked", build.remedy)
    if evidence.grade in (Grade.PROVEN, Grade.KEPT):
        if (short := _too_little(evidence, accept)) is not None:
            return _unverified(short) if last else _no(short, last)
        return Decision(kind=DecisionKind.ACCEPT, reason=proof_words(evidence))
    if not evidence.results:
        return _unverified("it compiles, but there is no test and no example to run that could prove it")
    reason = "it compiles, but no test and no example proves it"
    return _unverified(reason) if last else _no(reason, last)


def _by_score(
    build: BuildReport,
    evidence: Evidence,
    verdict: Verdict | None,
    accept: Accept,
    last: bool,
    fault: ForgeError | None,
) -> Decision:
    proven = evidence.grade is Grade.PROVEN and build.compiled is True
    if verdict is None:
        if proven and accept.panel == "unproven":
            return Decision(kind=DecisionKind.ACCEPT, reason=proof_words(evidence))
        return _no("no panel looked at it, and the score decides", last)
    if verdict.score is None:
        why = verdict.note or "the panel has no quorum"
        if proven:
            said = why if fault is None else fault.full_message
            return Decision(kind=DecisionKind.ACCEPT, reason=f"{proof_words(evidence)} (no score: {said})")
        return _no(why, last) if fault is None else _unverified(f"the panel could not sit: {fault}", fault.remedy)
    if verdict.score < accept.score:
        return _no(f"the panel gives {verdict.score:.1f}, {accept.score:.1f} is needed", last)
    if verdict.consensus is False:
        return _no(f"the panel gives {verdict.score:.1f}; {verdict.note or 'it has no consensus'}", last)
    if build.compiled is None:
        return _unverified(build.reason or "the build could not be checked", build.remedy)
    if (short := _too_little(evidence, accept)) is not None:
        return _unverified(short) if last else _no(short, last)
    return Decision(kind=DecisionKind.ACCEPT, reason=f"{proof_words(evidence)}; the panel gives {verdict.score:.1f}")


def _too_little(evidence: Evidence, accept: Accept) -> str | None:
    """Return why the grade is below what ``accept.proof`` asks for, or None."""
    grade = evidence.grade or Grade.REVIEWED
    if grade.rank >= accept.proof.rank:
        return None
    return f"it is {grade} ({proof_words(evidence)}), and accept.proof asks for {accept.proof}"


def _contradicted(evidence: Evidence) -> str | None:
    """Return the sentence about the user's answer that a candidate does not give, or None."""
    reply = next((reply for reply in evidence.replies if not reply.agrees), None)
    if reply is None:
        return None
    call = reply.call.strip().splitlines()[-1]
    said = f"you answered {reply.expected}" if reply.expected else "you answered that it is none of the values shown"
    return f"for `{call}` {said}, and it gives {reply.actual}"


def _disputed(evidence: Evidence) -> str | None:
    """Return the sentence about the checks that candidates agree against, or None."""
    disputed = [result for result in evidence.results if result.status is CheckStatus.DISPUTED]
    if not disputed:
        return None
    first = disputed[0]
    where = f"line {first.line}" if first.line else f"`{first.source.strip()}`"
    more = f" (and {len(disputed) - 1} more)" if len(disputed) > 1 else ""
    return f"{where} expects {first.expected.strip() or 'something else'}; {first.detail}{more}"


def _stopped(evidence: Evidence) -> tuple[str, str | None] | None:
    """Return why no check could be run here although there are some, with the remedy; None: some ran, or none exist."""
    if evidence.blocked is not None:
        return evidence.blocked, evidence.remedy
    if any(result.status in _RUN for result in evidence.results):
        return None
    unfit = [result for result in evidence.results if result.status is CheckStatus.NOT_RUNNABLE]
    tests = (result for result in unfit if result.kind is CheckKind.TEST)  # an example may be text that was never run
    stopped = next((result for result in evidence.results if result.environment), next(tests, None))
    if stopped is None:
        return None
    return f"{stopped.source} could not be run: {stopped.detail or 'no reason given'}", stopped.remedy


def _number(results: Sequence[CheckResult]) -> str:
    tests = sum(result.kind is CheckKind.TEST for result in results)
    word = "test" if tests == len(results) else "example" if tests == 0 else "check"
    return f"{len(results)} {word}{'' if len(results) == 1 else 's'}"


def _unverified(reason: str, remedy: str | None = None) -> Decision:
    whole = f"{reason} - {remedy}" if remedy else reason
    return Decision(kind=DecisionKind.ACCEPT, reason=whole, unverified=True, remedy=remedy)


def _no(reason: str, last: bool) -> Decision:
    return Decision(kind=DecisionKind.GIVE_UP if last else DecisionKind.RETRY, reason=reason)
