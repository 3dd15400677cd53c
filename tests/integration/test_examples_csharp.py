"""The examples in C#'s documentation, run on candidates right and wrong by the real SDK."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckKind, CheckStatus
from forge_lsp.core.task import Task
from forge_lsp.languages.csharp.toolchain import CSharpToolchain
from forge_lsp.languages.csharp.warm import WarmBuilds
from tests.integration.builds_cases import real_sandbox
from tests.integration.proofs.csharp import prepared, restoring_environment
from tests.support import lang
from tests.support.builds import candidate_of, task_of, write_files

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PROOF, OWED, NOT_RUNNABLE = CheckStatus.PROOF, CheckStatus.OWED, CheckStatus.NOT_RUNNABLE
PROJECT = (
    '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework>'
    "<ImplicitUsings>enable</ImplicitUsings><Nullable>enable</Nullable>{0}</PropertyGroup></Project>\n"
)
FILE = "Shapes/Sizes.cs"
STUB = "throw new NotImplementedException();"


@pytest.fixture
async def toolchain(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CSharpToolchain]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        warm = WarmBuilds(chosen)
        yield CSharpToolchain(chosen, timeout=200, environment=restoring_environment(), warm=warm)
        await warm.aclose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A stub with examples, and what is written: ``right``, and ``wrong`` with what each example then gives."""

    text: str
    name: str
    right: str
    wrong: str
    proofs: tuple[str, ...]
    owed: Mapping[str, str]
    unread: tuple[str, ...] = ()
    project: str | None = PROJECT.format("")


def task_in(root: Path, scene: Scene) -> Task:
    files = {FILE: re.sub("[«»]", "", scene.text)} | ({"Shapes/Shapes.csproj": scene.project} if scene.project else {})
    prepared(write_files(root, files))
    return task_of(scene.text, language=lang.CSHARP, path=root / FILE, workspace=root, name=scene.name)


def code_of(task: Task, body: str) -> str:
    return task.original.replace(STUB, body)


def told(found: Evidence) -> dict[str, tuple[CheckStatus, str]]:
    assert found.blocked is None, found
    assert all(result.kind is CheckKind.EXAMPLE for result in found.results), found
    return {result.source.rpartition("\n")[2]: (result.status, result.actual) for result in found.results}


FORMS = Scene(
    text="""namespace Shapes;

internal class Sizes
{
«    /// <summary>The area of a rectangle.
    /// >>> Area(2, 3)
    /// 6
    /// >>> area(3, 3) == 9
    ///
    /// It holds that Area(4, 5) = 20, Area(1, 9) -> 9, and that Area(-1, 2) throws ArgumentException.
    /// Area("a", 2) = 1 makes no sense.
    /// </summary>
    /// <example><code>
    /// Area(5, 5); // => 25
    /// var a = Sizes.Area(6, 5);
    /// Sizes.Area(6, 6) // returns 36
    /// Area(width: 7, height: 7) == 49
    /// </code></example>
    private static int Area(int width, int height)
    {
        throw new NotImplementedException();
    }»

    /// <summary>Side(9) = 3</summary>
    public static int Side(int surface) => throw new NotImplementedException();
}
""",
    name="Area",
    right="return width < 0 ? throw new ArgumentOutOfRangeException(nameof(width)) : width * height;",
    wrong="return width < 0 ? throw new ArgumentOutOfRangeException(nameof(width)) : width + height;",
    proofs=(
        *("Area(2, 3)", "area(3, 3)", "Area(4, 5)", "Area(1, 9)", "Area(-1, 2)", "Area(5, 5)", "Sizes.Area(6, 6)"),
    ),
    owed={"Area(2, 3)": "5", "Area(4, 5)": "9", "Sizes.Area(6, 6)": "12"},
    unread=('Area("a", 2)',),
)
VALUES = Scene(
    text="""using System.Collections.Generic;

namespace Shapes
{
    public class Sizes
    {
«        /// <summary>
        /// >>> Group([("a", 1), ("b", 2), ("a", 3)], None)
        /// {"a": [1, 3], "b": [2]}
        /// >>> Group(new List<(string, int)>(), 'x')
        /// {}
        /// >>> Group(None, None)
        /// None
        /// >>> Group([("a", 1)], "x")
        /// {'xa': [1.0]}
        /// >>> Group([("a", 3000000000)], "x")
        /// {'xa': [1.0]}
        /// </summary>
        public static async Task<Dictionary<string, List<double>>> Group(
            IEnumerable<(string, int)> pairs, string prefix)
        {
            throw new NotImplementedException();
        }»
    }
}
""",
    name="Group",
    right="""await Task.Delay(1);
            if (pairs == null) return null;
            var groups = pairs.GroupBy(pair => prefix + pair.Item1);
            return groups.ToDictionary(one => one.Key, one => one.Select(pair => (double)pair.Item2).ToList());""",
    wrong='await Task.Delay(1); return new Dictionary<string, List<double>> { ["x"] = new() };',
    proofs=("Group(None, None)", 'Group([("a", 1)], "x")', 'Group([("a", 1), ("b", 2), ("a", 3)], None)'),
    owed={"Group(None, None)": '{"x": []}'},
    unread=('Group([("a", 3000000000)], "x")',),
)
INSTANCE = Scene(
    text="""namespace Shapes;

public class Stack<T>
{
    private readonly List<T> items = new();
    public int Count => items.Count;
    public void Push(T item) => items.Add(item);

«    /// <summary>
    /// >>> var s = new Stack<int>();
    /// >>> s.Push(1);
    /// >>> s.Push(2);
    /// >>> s.Take(1)
    /// [2]
    /// >>> s.Count
    /// 1
    /// >>> s.Take(1).Length
    /// 1
    /// </summary>
    public T[] Take(int count)
    {
        throw new NotImplementedException();
    }»
}
""",
    name="Take",
    right="""var taken = items.GetRange(items.Count - count, count);
        items.RemoveRange(items.Count - count, count);
        return taken.ToArray();""",
    wrong="return items.Take(count).ToArray();",
    proofs=("s.Take(1)", "s.Take(1).Length"),
    owed={"s.Take(1)": "[1]"},
)
PROGRAM = Scene(
    text="""using System;

Console.WriteLine(Twice(21));
Environment.Exit(3);

«/// <summary>Twice(2) = 4, Twice(-3) = -6</summary>
int Twice(int x)
{
    throw new NotImplementedException();
}»
""",
    name="Twice",
    right="return 2 * x;",
    wrong="return x * x;",
    proofs=("Twice(2)", "Twice(-3)"),
    owed={"Twice(-3)": "9"},
    project=None,
)
LONE = Scene(
    text="""public record struct Point(int X, int Y);

public class Sizes
{
«    /// <summary>
    /// Mirrored(1) = Point(1, 1)
    /// >>> sizes.Mirrored(2).X
    /// 2
    ///
    /// And by itself:
    /// >>> Mirrored(3).X
    /// 3
    /// </summary>
    public Point Mirrored(int at)
    {
        throw new NotImplementedException();
    }»
}
""",
    name="Mirrored",
    right="return new Point(at, at);",
    wrong="return new Point(-at, at);",
    proofs=("Mirrored(3).X",),
    owed={"Mirrored(3).X": "-3"},
    unread=("sizes.Mirrored(2).X",),
    project=None,
)
SCENES = {"forms": FORMS, "values": VALUES, "instance": INSTANCE, "program": PROGRAM, "lone": LONE}


@pytest.mark.parametrize("name", SCENES)
async def test_examples_prove_what_is_right_and_are_owed_by_what_is_wrong(
    toolchain: CSharpToolchain, tmp_path: Path, name: str
) -> None:
    scene = SCENES[name]
    task = task_in(tmp_path, scene)
    right = await toolchain.evidence(task, candidate_of(task, code_of(task, scene.right)))
    found = told(right)
    assert right.doubt is None, right
    for call in scene.proofs:
        assert found[call][0] is PROOF, (call, right)
    for call in scene.unread:
        assert found[call][0] is NOT_RUNNABLE, (call, right)
    assert all(result.detail for result in right.results if result.status is NOT_RUNNABLE), right
    wrong = told(await toolchain.evidence(task, candidate_of(task, code_of(task, scene.wrong))))
    for call, actual in scene.owed.items():
        assert wrong[call] == (OWED, actual), (call, wrong)


HOSTILE = """namespace Shapes;

public static class Sizes
{
«    /// <summary>Area(2, 3) = 6, Area(4, 5) = 20, Area(6, 7) = 42, Area(8, 9) = 72</summary>
    public static long Area(long width, long height)
    {
        throw new NotImplementedException();
    }»

    /// <summary>Area("x") = 1 is another's.</summary>
    public static long Area(string text) => text.Length;
}
"""


def hostile(root: Path) -> Task:
    files = {FILE: re.sub("[«»]", "", HOSTILE), "Shapes/Shapes.csproj": PROJECT.format("")}
    prepared(write_files(root, files))
    return task_of(HOSTILE, language=lang.CSHARP, path=root / FILE, workspace=root, name="Area")


async def test_a_call_that_hangs_or_ends_the_process_costs_itself(toolchain: CSharpToolchain, tmp_path: Path) -> None:
    task = hostile(tmp_path)
    body = "while (width == 2) { } return width == 6 ? Area(width, height) + 1 : width * height;"
    found = await toolchain.evidence(task, candidate_of(task, code_of(task, body)))
    states = told(found)
    assert {call: state for call, (state, _) in states.items()} == {
        "Area(2, 3)": OWED,
        "Area(4, 5)": PROOF,
        "Area(6, 7)": OWED,
        "Area(8, 9)": PROOF,
    }, found
    details = {result.source: result.detail for result in found.results}
    assert "did not end in time" in details["Area(2, 3)"]
    assert "overflow" in details["Area(6, 7)"]


LINES = r"""var o = Console.OpenStandardOutput(); o.Write("\n {\"state\": \"end\"}\n"u8); return 0;"""
FORGED = {
    "an end of the process": ("Environment.Exit(0); return 0;", "ends the process"),
    "an end after the value": (
        "System.Threading.Tasks.Task.Run(() => Environment.Exit(0)); return width * height;",
        "ends the process",
    ),
    "lines like the driver's": (LINES, "redirects the output"),
    "its documentation": ('return File.ReadAllText("Shapes/Sizes.cs").Contains("= 6") ? 6 : 0;', None),
    "text that does not compile": ("return missing;", None),
}
ANY = (
    "    public sealed class Any : IEquatable<long>\n    {\n        public bool Equals(long other) => true;\n"
    "        public override bool Equals(object? other) => true;\n        public override int GetHashCode() => 0;\n"
    '        public override string ToString() => "6";\n    }\n\n'
    "    public static object Area(long width, long height) => new Any();"
)


async def test_nothing_forged_is_a_proof(toolchain: CSharpToolchain, tmp_path: Path) -> None:
    task = hostile(tmp_path)
    for name, (body, doubt) in FORGED.items():
        found = await toolchain.evidence(task, candidate_of(task, code_of(task, body)))
        states = {state for state, _ in told(found).values()}
        assert PROOF not in states or (doubt is not None and doubt in (found.doubt or "")), (name, found)
    equal = told(await toolchain.evidence(task, candidate_of(task, ANY)))
    assert {state for state, _ in equal.values()} == {OWED}, equal
    renamed = candidate_of(task, task.original.replace("Area(long", "Surface(long"))
    gone = told(await toolchain.evidence(task, renamed))
    assert PROOF not in {state for state, _ in gone.values()}, gone
    candidate = candidate_of(task, code_of(task, "return checked(width * height) / (width - 1);"))
    seen = await toolchain.observe(task, candidate, ["Area(3, 4)", "area(1, 1)", "Area(", "Area('a')"])
    assert {one.call: one.answer for one in seen} == {"Area(3, 4)": "6", "area(1, 1)": "raises DivideByZeroException"}
