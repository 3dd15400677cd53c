"""Settings of every test run: how much Hypothesis tries, what share of long tables runs, how many tests may be skipped.

Hypothesis' own profile ``ci`` draws the same examples in each run. It is in force where the variable ``CI`` is set, and
``.ci/run`` asks for it by name; ``make quick`` asks for ``quick``.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import settings

from forge_lsp.core.languages import Language
from tests.support.tables import share_of_each

settings.register_profile("quick", parent=settings.get_profile("ci"), max_examples=10)


def pytest_addoption(parser: pytest.Parser) -> None:
    sampling = parser.getgroup("samples")
    sampling.addoption(
        "--share",
        type=float,
        default=1.0,
        metavar="F",
        help="run this share (0 to 1) of the cases of each parametrized test, and of each module marked `sampled`; "
        "TESTS_SEED in the environment draws them",
    )
    group = parser.getgroup("skipped tests")
    group.addoption("--most-skipped", type=int, metavar="N", help="fail if more than N tests are skipped")
    group.addoption("--skip-log", type=Path, metavar="FILE", help="append the skipped tests and their reasons to FILE")


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a case by its language."""
    return val.id if isinstance(val, Language) else None


def table_of(item: pytest.Item) -> str:
    """Return the name of the table that a test is a case of: its module where that is sampled, else its function, or
    itself where every case is wanted."""
    if item.get_closest_marker("every"):
        return item.nodeid
    return str(item.path) if item.get_closest_marker("sampled") else item.nodeid.partition("[")[0]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    share: float = config.getoption("share")
    if share < 1:
        runs = share_of_each([table_of(item) for item in items], share)
        config.hook.pytest_deselected(items=[item for item, run in zip(items, runs, strict=True) if not run])
        items[:] = [item for item, run in zip(items, runs, strict=True) if run]


def skipped(config: pytest.Config) -> dict[str, str]:
    """Return the reason of each skipped test or file by its node ID."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if not isinstance(reporter, TerminalReporter) or hasattr(config, "workerinput"):
        return {}  # a worker of pytest-xdist: the controller gets its reports
    found: dict[str, str] = {}
    for report in reporter.stats.get("skipped", ()):
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        found[report.nodeid] = text.removeprefix("Skipped: ").strip()
    return found


def too_many(config: pytest.Config) -> bool:
    """Return whether more tests were skipped than ``--most-skipped`` allows."""
    most = config.getoption("most_skipped")
    return most is not None and len(skipped(config)) > most


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if exitstatus == pytest.ExitCode.OK and too_many(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    found, most, log = skipped(config), config.getoption("most_skipped"), config.getoption("skip_log")
    if most is not None or found:
        bound = "" if most is None else f" (at most {most} allowed)"
        terminalreporter.section(f"skipped tests: {len(found)}{bound}", red=too_many(config), bold=True)
        for reason, count in Counter(found.values()).most_common():
            terminalreporter.write_line(f"{count:4}  {reason}")
    if log is not None:
        with log.open("a", encoding="utf-8") as lines:
            lines.writelines(f"{place}: {' '.join(reason.split())}\n" for place, reason in found.items())
