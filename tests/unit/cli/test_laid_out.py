"""A report on a terminal."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from forge_lsp.cli import inspect
from forge_lsp.cli.arguments import parse
from forge_lsp.cli.laid_out import lay_out
from forge_lsp.jobs.markdown import fence, inline, table


def shown(markdown: str, *, colour: bool = False) -> str:
    out = io.StringIO()
    lay_out(markdown, Console(file=out, width=100, force_terminal=colour, highlight=False, markup=False, emoji=False))
    return out.getvalue()


def test_headings_and_tables_have_no_marks_and_columns_are_aligned() -> None:
    text = shown(
        "# Accepted: f in a.py\n\n**proven** · `x`\n\n"
        + table(["#", "generator"], [["1", inline("a|b *c*")], ["10", "coder"]])
        + "\n\nend"
    )
    assert [line.rstrip() for line in text.splitlines()] == [
        "Accepted: f in a.py",
        "",
        "proven · x",
        "",
        "#   generator",
        "1   a|b *c*",
        "10  coder",
        "",
        "end",
    ]


def test_code_stays_as_it_is_even_where_it_looks_like_markdown() -> None:
    code = "+# no heading\n-| no | table |\n `**`\n```"
    assert shown(fence(code, "diff")).splitlines() == [f"    {line}" for line in code.split("\n")]
    assert "\x1b[32m" in shown(fence("+a", "diff"), colour=True)
    assert "\x1b[32m" not in shown(fence("+a", "text"), colour=True)


def test_what_was_escaped_is_shown_as_it_was_and_steers_nothing() -> None:
    odd = r"a\b [link](http://x) <b> ~~s~~ #1 !"
    assert shown(inline(odd)).rstrip() == odd
    assert "\x1b" not in shown("evil \x1b[2J", colour=False)
    assert "\x1b[2J" not in shown(fence("\x1b[2J"), colour=True)


@pytest.mark.parametrize(
    ("terminal", "words", "first"),
    [(True, (), "Accepted: f"), (True, ("--raw",), "# Accepted: f"), (False, (), "# Accepted: f")],
)
async def test_a_report_is_laid_out_on_a_terminal_alone(
    terminal: bool,
    words: tuple[str, ...],
    first: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def report(job: str) -> str:
        assert job == "ID"
        return "# Accepted: f\n"

    console = Console(width=80, force_terminal=terminal, color_system=None, highlight=False, markup=False)
    monkeypatch.setattr(inspect, "stdout_console", lambda: console)
    services = cast("Any", SimpleNamespace(jobs=SimpleNamespace(report=report)))
    assert await inspect.jobs(parse(["jobs", "show", "ID", *words]), services) == 0
    assert capsys.readouterr().out.splitlines()[0] == first
