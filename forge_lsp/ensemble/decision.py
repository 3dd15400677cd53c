"""Accept, retry or give up. Pure: the same facts give the same decision.

Promise: nothing that did not compile, and nothing that fails an undisputed example, is ever accepted; what a check
that could not run leaves open is ``unverified``.
"""

from __future__ import annotations

from forge_lsp.domain.attempt import BuildReport, Decision, DecisionKind, Evidence, ExampleStatus, Verdict
from forge_lsp.ensemble.schedule import Accept

__all__ = ["blocks", "decide"]


def blocks(build: BuildReport, evidence: Evidence) -> str | None:
    """Why this candidate cannot be accepted whatever a panel says, or None. Then no panel is called."""
    if build.compiled is False:
        count = len(build.diagnostics)
        return f"it does not compile ({count} problem{'' if count == 1 else 's'})"
    failed = evidence.count(ExampleStatus.FAILED)
    if failed:
        return (
            f"it fails {failed} example{'' if failed == 1 else 's'} that {'is' if failed == 1 else 'are'} not disputed"
        )
    return None


def decide(
    *,
    build: BuildReport,
    evidence: Evidence,
    verdict: Verdict | None,
    accept: Accept,
    last: bool,
    panel_fault: str | None = None,
    uncorroborated: int = 0,
) -> Decision:
    """What happens after an attempt that has a candidate.

    ``verdict`` None: no panel was called. ``last``: no attempt is left. ``panel_fault``: why this machine could not
    give the panel a quorum (a server that is down), with the remedy; a fault of the environment never climbs.
    ``uncorroborated``: how many of the disputed examples only one model has answered so.
    """
    blocked = blocks(build, evidence)
    if blocked is not None:
        return _no(blocked, last)
    if accept.rule == "never":
        return _no("accept.rule is never, so that all attempts run", last)
    unproven = _unproven(build, evidence)
    if accept.rule == "evidence":
        return _by_evidence(evidence, unproven, uncorroborated, last)
    if verdict is None:
        return _no("no panel looked at it, and the score decides", last)
    if verdict.score is None:
        if panel_fault is not None:
            return _unverified(f"the panel could not sit: {panel_fault}")
        return _no(verdict.note or "the panel has no quorum", last)
    if verdict.score < accept.score:
        return _no(f"the panel gives {verdict.score:.1f}, {accept.score:.1f} is needed", last)
    if verdict.consensus is False:
        return _no(f"the panel gives {verdict.score:.1f}; {verdict.note or 'it has no consensus'}", last)
    if unproven is not None:
        return _unverified(unproven)
    return Decision(kind=DecisionKind.ACCEPT, reason=f"it compiles and the panel gives {verdict.score:.1f}")


def _by_evidence(evidence: Evidence, unproven: str | None, uncorroborated: int, last: bool) -> Decision:
    """Where evidence alone decides, the word of one model against the user's example is not enough: a model that
    agrees with itself is no witness, and ``return True`` passes every example that says True."""
    passed = evidence.proofs
    disputed = evidence.count(ExampleStatus.DISPUTED)
    if unproven is not None:
        return _unverified(unproven)
    if passed and uncorroborated:
        return _no(
            f"it passes {passed} of {passed + disputed} examples, and against the other{'s' if disputed > 1 else ''} "
            "stands the word of one model only",
            last,
        )
    if passed:
        return Decision(
            kind=DecisionKind.ACCEPT, reason=f"it compiles and passes {passed} of {passed + disputed} examples"
        )
    if disputed:
        return _no("it passes no example, and no candidate so far passes any", last)
    if evidence.count(ExampleStatus.PASSED):
        return _unverified("it compiles and its examples run, but none of them says what it should give")
    return _unverified("it compiles, but there is no example to run that could prove it")


def _unproven(build: BuildReport, evidence: Evidence) -> str | None:
    """What could not be checked here, with the command that mends it."""
    if build.compiled is None:
        return _with(build.reason or "the build could not be checked", build.remedy)
    if evidence.blocked is not None:
        return _with(evidence.blocked, evidence.remedy)
    return None


def _with(reason: str, remedy: str | None) -> str:
    return f"{reason} - {remedy}" if remedy else reason


def _unverified(reason: str) -> Decision:
    return Decision(kind=DecisionKind.ACCEPT, reason=f"unverified: {reason}", unverified=True)


def _no(reason: str, last: bool) -> Decision:
    return Decision(kind=DecisionKind.GIVE_UP if last else DecisionKind.RETRY, reason=reason)
