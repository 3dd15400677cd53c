from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from forge_lsp.core.attempt import BuildReport, BuildStatus, Evidence, Outcome
from forge_lsp.core.checks import CheckKind, CheckStatus
from forge_lsp.core.events import CallStarted, JobEvent, Stage
from forge_lsp.jobs.markdown import fence, inline, table
from forge_lsp.jobs.record import JobRecord, JobState
from forge_lsp.jobs.report import job_report
from forge_lsp.jobs.timeline import gantt
from tests.unit.jobs.sample import attempts, example, full_record
from tests.unit.jobs.support import START, record

SNAPSHOTS = Path(__file__).parent / "snapshots"


def unverified() -> JobRecord:
    """A job on a machine without a sandbox and without an SDK."""
    attempt = replace(
        attempts()[1],
        build=BuildReport(
            status=BuildStatus.UNVERIFIED, tool="", reason="no .NET SDK", remedy="apt install dotnet-sdk-8.0"
        ),
        evidence=Evidence(
            blocked="no sandbox works here", remedy="sysctl kernel.apparmor_restrict_unprivileged_userns=0"
        ),
        thought=None,
    )
    return replace(
        full_record(),
        outcome=Outcome.UNVERIFIED,
        reason="the check could not run",
        attempts=(attempt,),
        toys=("granite", "llama"),
        follow_up_of="01kg9ys7g0jn516mgv00",
    )


def interrupted() -> JobRecord:
    """What a killed process left."""
    ended = full_record()
    return record(
        ended.job_id,
        state=JobState.INTERRUPTED,
        events=ended.events[:9],
        reason="the process that ran it ended before it did",
        seconds=8.25,
    )


@pytest.mark.parametrize("job", [full_record, unverified, interrupted])
def test_reports_read_as_they_were_approved(job: object) -> None:
    """Set UPDATE_SNAPSHOTS=1 to write them again, then read them."""
    assert callable(job)
    path = SNAPSHOTS / f"{job.__name__}.md"
    text = job_report(job())
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_report_tells_what_the_contract_asks_for() -> None:
    text = job_report(full_record(), note="the disk is full")
    for words in (
        "# Accepted: `add` in `a.py`",
        "**proven** · score 8.2 of 10 · 2 of 3 attempts · 28.8 s · $0.0123",
        "'(' was never closed",
        "its answer was not JSON, twice",
        "**this check looks wrong**: it says 4, one model answers 3",
        "no type hints",
        "stopped early",
        "Approach: use +.",
        "claude costs money, and its use was not allowed",
        "gemma3 did not answer: duo became solo",
        "| b\\|c.py | claude | https://api.anthropic.com |",
        "+    return a + b",
        "the disk is full",
        "`forge-lsp jobs apply 01kg9ys7g0jn516mgv4r`",
    ):
        assert words in text, words


def test_a_disputed_example_names_how_many_models_say_what() -> None:
    second = attempts()[1]
    assert second.candidate is not None
    others = tuple(
        replace(
            second,
            number=number,
            candidate=replace(second.candidate, model=model, attempt=number),
            evidence=Evidence(results=(example(CheckStatus.DISPUTED, actual),)),
        )
        for number, model, actual in ((2, "a", "5"), (3, "b", "5"), (4, "c", "5"), (5, "c", "5"), (6, "d", "7"))
    )
    text = job_report(replace(full_record(), attempts=others))
    assert "**this check looks wrong**: it says 4, three models answer 5, one model answers 7" in text


def test_every_check_is_named_with_what_it_says() -> None:
    second = attempts()[1]
    owed = replace(example(CheckStatus.OWED, "3"), kind=CheckKind.TEST, line=0)
    broken = replace(owed, status=CheckStatus.FAILED, expected="", actual="", detail="KeyError: 'a'")
    no_numpy = replace(
        owed, status=CheckStatus.NOT_RUNNABLE, detail="No module named 'numpy'", remedy="pip install numpy"
    )
    flaky = replace(owed, status=CheckStatus.FLAKY)
    unrelated = replace(owed, status=CheckStatus.UNRELATED, detail="side")
    results = (no_numpy, flaky, unrelated, owed, broken, replace(owed, status=CheckStatus.PROOF))
    evidence = Evidence(results=results, doubt="it ends the process")
    text = job_report(replace(full_record(), attempts=(replace(second, evidence=evidence),)))
    assert "1 proof, 1 owed, 1 failed, 1 unrelated, 1 not runnable, 1 flaky" in text
    assert "**No proof counts:** it ends the process" in text
    assert "failed before, **passes now**" in text
    assert "**not met**: expected 4, got 3" in text
    assert "passed before, **fails now**: KeyError: 'a'" in text
    assert "not runnable: No module named 'numpy' - pip install numpy" in text
    assert "flaky: it passes and fails on the same code" in text
    assert "fails for another reason than this code: side" in text


def test_the_outcome_comes_first_then_the_change_then_the_rest() -> None:
    text = job_report(full_record())
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings[:2] == ["# Accepted: `add` in `a.py`", "## Change"]
    many = job_report(replace(full_record(), outcome=Outcome.EXHAUSTED, attempt_count=2, uri="file:///w/my%20file.py"))
    assert many.startswith("# Not accepted after 2 attempts: `add` in `my file.py`\n")
    assert "xhausted" not in many


def test_words_of_others_cannot_break_the_page() -> None:
    text = job_report(full_record())
    lines = text.splitlines()
    start = lines.index("## Task") + 2
    # the task holds a fence of three, so its own is longer, and closes where it should
    assert lines[start] == "````text"
    assert lines.index("````", start) == start + 6
    tables = [line for line in lines if line.startswith("| ")]
    widths = {line.replace("\\|", "").count("|") for line in tables if "granite" in line}
    assert widths == {6}


def test_a_report_of_a_job_that_offers_nothing() -> None:
    job = record(state=JobState.ENDED, outcome=Outcome.CANCELLED, reason="cancelled by the user")
    text = job_report(job)
    assert text.startswith("# Cancelled: `add` in `a.py`\n") and "None began." in text
    assert "## Change" not in text and "Panel" not in text
    assert "No file's text was sent" in text


def test_an_interrupted_job_says_which_servers_had_prompts_though_not_of_which_files() -> None:
    call = CallStarted(
        number=1, call=1, stage=Stage.GENERATE, role="generator", model="opus", server="claude", estimate_usd=0.01
    )
    told = (JobEvent(job_id="job1", sequence=1, at=START, body=call),)
    for made in ((), full_record().attempts):
        job = record(state=JobState.INTERRUPTED, outcome=Outcome.FAILED, events=told, attempts=made)
        assert "Prompts, which hold the document's text, went to: claude." in job_report(job)


def test_the_toys_are_named_only_where_they_were_the_judges() -> None:
    assert "too small" not in job_report(full_record())
    assert "too small" not in job_report(replace(full_record(), toys=("granite",)))
    assert "too small" in job_report(replace(full_record(), toys=("granite", "llama")))


def test_inline_text_is_one_harmless_line() -> None:
    assert inline("a|b\n<b>`x`</b> *y* [z](u)") == "a\\|b \\<b\\>\\`x\\`\\</b\\> \\*y\\* \\[z\\](u)"
    assert inline("x" * 400).endswith("…") and len(inline("x" * 400)) == 300
    assert fence("a ```` b") == "`````\na ```` b\n`````"
    assert table(["a"], [["1"]]) == "| a |\n| --- |\n| 1 |"


def test_the_chart_has_a_bar_for_every_call_on_one_scale() -> None:
    chart = gantt(full_record().events).splitlines()
    assert len(chart) == 5
    bars = [line.count("█") for line in chart[1:]]
    assert bars == [8, 9, 9, 8] or all(7 <= bar <= 10 for bar in bars)
    assert [line.index("█") for line in chart[1:]] == sorted(line.index("█") for line in chart[1:])
    assert chart[3].endswith("failed")
    assert gantt(()) == ""
    running = gantt(full_record().events[:4]).splitlines()
    assert running[1].endswith("not over")
