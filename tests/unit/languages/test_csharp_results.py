"""What a log of vstest says of tests that were skipped."""

from __future__ import annotations

import pytest

from forge_lsp.core.checks import RunState
from forge_lsp.languages.csharp.results import Reading, trx_of

TEST = """namespace Shop.Tests;

public class AreaTests
{
    %s
    public void TwoByThree() { Assert.Equal(6, Shapes.Area(2, 3)); }
}
"""
LOG = b"""<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
<UnitTestResult testName="Shop.Tests.AreaTests.TwoByThree" outcome="NotExecuted"><Output><ErrorInfo>
<Message>later</Message></ErrorInfo></Output></UnitTestResult></Results></TestRun>"""


@pytest.mark.parametrize(
    ("attribute", "marked"),
    [
        ('[Fact(Skip = "later")]', True),
        ('[Test, Ignore("later")]', True),
        ("[SkippableFact]", True),
        ("[TestMethod] // Ignore", False),
        ("[Fact]", False),  # the code that it calls has thrown what skips a test
    ],
)
def test_a_test_is_marked_where_its_own_file_skips(attribute: str, marked: bool) -> None:
    reading = Reading(
        names=("Area",),
        others=frozenset(),
        document="Shapes.cs",
        lines=range(1, 5),
        tests={"AreaTests.cs": TEST % attribute},
    )
    (run,) = trx_of(LOG, "", reading).runs.values()
    assert (run.state, run.marked) == (RunState.SKIPPED, marked)
