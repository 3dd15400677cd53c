"""``stats``: what the jobs of this user came to, for people (80 columns) and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from forge_lsp.cli.display import count, printable, say, stdout_console
from forge_lsp.cli.numbers import about, percent, separates, table

if TYPE_CHECKING:
    from forge_lsp.cli.arguments import Options
    from forge_lsp.jobs.figures import (
        CostComparison,
        GradeShare,
        JobGroup,
        Parallel,
        Questions,
        ReviewerSeen,
        Statistics,
    )
    from forge_lsp.jobs.intervals import Ratio
    from forge_lsp.jobs.services import Services

__all__ = ["stats"]

_NAME = 18  # columns of a name
_WIDTH = 80


async def stats(options: Options, services: Services) -> int:
    """Print the statistics of the ledger; always 0."""
    told = await services.jobs.statistics(await services.rates())
    if options.json:
        say(json.dumps(_document(told), indent=2) + "\n")
        return 0
    if told.since is None:
        say("No jobs yet: there is nothing to count. A job is started by an editor or by `forge-lsp generate`.\n")
        return 0
    _print(told)
    return 0


# ------------------------------------------------------------------ for people


def _print(told: Statistics) -> None:
    console = stdout_console()

    def line(text: str = "", style: str = "") -> None:
        from rich.text import Text

        console.print(Text("\n".join(_wrapped(text)), style), soft_wrap=True)

    ended = told.all.success.total
    apart = [
        f"{number} {word}"
        for number, word in ((told.cancelled, "cancelled"), (told.interrupted, "interrupted"))
        if number
    ]
    also = f" (and {', '.join(apart)})" if apart else ""
    line(f"{count(ended, 'job')}{also} since {(told.since or '')[:10]}, ${told.total_cost:.4f} in all", "bold")
    line("In brackets and after ±: 95% confidence intervals. Cost and time: of one.")
    if told.languages:
        line()
        head = ("language", "jobs", "accepted", "attempts", "cost $", "time s")
        table([_job_row(group) for group in told.languages], head)
    if told.rungs:
        line()
        table([_attempt_row(group) for group in told.rungs], ("rung", "ran", "skipped", "accepted", "cost $", "time s"))
        line()
        head = ("thinking", "ran", "skipped", "accepted", "cost $", "time s")
        table([_attempt_row(group) for group in told.strategies], head)
    if told.reviewers:
        line()
        head = ("reviewer", "votes", "score", "spread", "abstained", "agrees")
        table([_reviewer_row(one) for one in told.reviewers], head)
    if told.panel.right or told.panel.wrong:
        line()
        line(f"The panel's score against what was run (0.5: a coin): {separates(told.panel)}.")
    if told.proofs:
        line()
        rows = [
            [one.grade, str(one.accepted.total), percent(one.accepted), percent(one.applied)] for one in told.proofs
        ]
        table(rows, ("proof", "jobs", "accepted", "applied"))
    if any(one.applied.hits for one in told.proofs):
        line()
        rows = [_became_row(one) for one in told.proofs if one.applied.hits]
        table(rows, ("applied", "jobs", "kept", "changed", "undone", "unknown"))
        line("A guess: the code when its file was next saved, less what formatters change.")
    if told.questions.asked.hits:
        line()
        line("Questions to you", "bold")
        line(f"  {_asked(told.questions)}")
    line()
    line("Free before paid", "bold")
    line(f"  {_free(told)}")
    if told.parallel:
        line()
        line("Parallel before sequential", "bold")
        rows = [_parallel_row(one) for one in told.parallel]
        table(rows, ("  asked at once", "stages", "took s", "in turn s", "faster by"))
    if told.comparisons:
        line()
        line("Against a paid model from the start", "bold")
        line(f"  The jobs cost ${told.compared_cost:.4f}. By their tokens, at full price, they would have cost:")
        rows = [_comparison_row(one) for one in told.comparisons]
        table(rows, ("  model", "1 attempt a job", "every attempt", "every call"))
    for note in told.notes:
        line()
        line(note)


def _wrapped(text: str) -> list[str]:
    import textwrap

    indent = text[: len(text) - len(text.lstrip())]
    return textwrap.wrap(printable(text), _WIDTH, subsequent_indent=indent) or [""]


def _name(text: str) -> str:
    shown = printable(" ".join(text.split()))
    return shown if len(shown) <= _NAME else shown[: _NAME - 1] + "…"


def _job_row(group: JobGroup) -> list[str]:
    attempts = about(group.attempts, 1) if group.attempts is not None else "-"
    return [_name(group.name), str(group.success.total), percent(group.success), attempts, *_each(group)]


def _attempt_row(group: JobGroup) -> list[str]:
    return [_name(group.name), str(group.success.total), str(group.skipped), percent(group.success), *_each(group)]


def _each(group: JobGroup) -> tuple[str, str]:
    return about(group.cost, 4), about(group.seconds, 1)


def _reviewer_row(one: ReviewerSeen) -> list[str]:
    return [
        _name(one.model),
        str(one.score.count),
        about(one.score, 1),
        "-" if one.spread is None else f"{one.spread:.1f}",
        f"{one.abstained.hits} of {one.abstained.total}",
        percent(one.agreement),
    ]


def _became_row(one: GradeShare) -> list[str]:
    shares = (one.kept, one.changed, one.undone)
    return [one.grade, str(one.applied.hits), *(percent(share) for share in shares), str(one.unknown)]


def _parallel_row(one: Parallel) -> list[str]:
    return [
        "  " + _name(one.kind),
        str(one.speedup.count),
        f"{one.wall:.1f}",
        f"{one.working:.1f}",
        _times(one.speedup),
    ]


def _comparison_row(one: CostComparison) -> list[str]:
    cells = [
        f"${one.cost_usd:.4f}" + (f" {one.ratio.value:.1f}x" if one.ratio.value is not None else "")
        for one in (one.one_attempt, one.every_attempt, one.every_call)
    ]
    return ["  " + _name(one.model), *cells]


def _asked(one: Questions) -> str:
    jobs = count(one.asked.total, "job")
    text = f"Asked in {one.asked.hits} of {jobs}: {one.answered.hits} of {one.answered.total} answered"
    if not one.answered.hits:
        return f"{text}."
    told = [
        f"{one.confirmed.hits} confirmed the best candidate",
        f"{one.changed.hits} made another one the best",
        f"{one.refuted.hits} spoke against the best",
        f"{one.said.total - one.said.hits} could not say",
        f"{one.late} came after the job",
        f"{one.kept.hits} became examples",
    ]
    return f"{text}; {', '.join(words for words in told if not words.startswith('0 '))}."


def _free(told: Statistics) -> str:
    if not told.free.total:
        return "No job was accepted yet."
    text = f"{told.free.hits} of {count(told.free.total, 'accepted job')} cost nothing: {percent(told.free)}."
    if told.paid.value is None:
        return f"{text} No job has cost anything."
    return f"{text} Jobs that needed a paid rung: {told.paid.count}, ${about(told.paid, 4)} each."


def _times(one: Ratio) -> str:
    if one.value is None:
        return "-"
    return (
        f"{one.value:.2f}x"
        if one.low is None or one.high is None
        else f"{one.value:.2f}x ({one.low:.2f}-{one.high:.2f})"
    )


# ------------------------------------------------------------------ for programs


def _document(told: Statistics) -> dict[str, object]:
    """docs/stats.md describes it."""
    from forge_lsp.core.codec import to_json
    from forge_lsp.jobs.intervals import CONFIDENCE

    whole = to_json(told)
    for group in (whole["jobs"], *whole["byLanguage"], *whole["byRung"], *whole["byStrategy"]):
        del group["attempts" if group["attempts"] is None else "skipped"]
    for proof in whole["byProof"]:
        proof["became"] = {name: proof.pop(name) for name in ("kept", "changed", "undone", "unknown")}
    claims = {
        "freeBeforePaid": {"free": whole.pop("free"), "paidJobCostUsd": whole.pop("paid")},
        "parallelBeforeSequential": whole.pop("parallel"),
        "againstPaid": {"costUsd": whole.pop("comparedCost"), "models": whole.pop("comparisons")},
    }
    since, notes = whole.pop("since"), whole.pop("notes")
    return {"since": since, "confidence": CONFIDENCE, **whole, "claims": claims, "notes": notes}
