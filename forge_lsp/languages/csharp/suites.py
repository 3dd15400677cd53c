"""The test projects of a C# solution that speak of the scope, and the check that must fail in each. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from forge_lsp.checking.project import Place
from forge_lsp.checking.suites import speaking_of
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.languages.csharp.scanning import blanked, methods_in

__all__ = ["CONTROL", "TEST", "Suite", "control_of", "suites_of"]

_TEST_PACKAGE = re.compile(r"Microsoft\.NET\.Test\.Sdk|\bxunit\b|\bNUnit\b|\bMSTest\b", re.I)
TEST = re.compile(r"\[\s*(?:Fact|Theory|Test|TestCase|TestMethod|DataTestMethod)\b")
_CLASS = re.compile(r"\bclass\s+(\w+)")
_MOST_FILES = 8
CONTROL = "ForgeMustFail"
_CONTROLS = (
    (r"\bxunit\b", "", "[global::Xunit.Fact]", "global::Xunit.Assert.Equal(1, 2);"),
    (r"\bNUnit\b", "", "[global::NUnit.Framework.Test]", "global::NUnit.Framework.Assert.Fail();"),
    (
        r"\bMSTest\b",
        "[global::Microsoft.VisualStudio.TestTools.UnitTesting.TestClass]",
        "[global::Microsoft.VisualStudio.TestTools.UnitTesting.TestMethod]",
        "global::Microsoft.VisualStudio.TestTools.UnitTesting.Assert.Fail();",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A test project, those of its classes that are run, the texts of their ``files``, and the names by which they
    speak of the scope."""

    project: PurePosixPath
    classes: tuple[str, ...]
    files: Mapping[str, str] = field(repr=False)
    names: tuple[str, ...] = ()


def suites_of(task: Task, place: Place, projects: Sequence[PurePosixPath]) -> tuple[Suite, ...]:
    """Return the test projects among ``projects`` (the document's and those that refer to it) with test classes that
    mention what is written, what calls it, or else its type; a few files of each."""
    if place.source is None:
        return ()
    name = task.scope.name if task.scope.kind is not ScopeKind.FILE else None
    container = (task.scope.container or "").rpartition(".")[2] or None
    called = (name, *_callers(task.document.text, name)) if name else ()
    known = place.files((".cs",))
    suites: list[Suite] = []
    for project in projects:
        if not _TEST_PACKAGE.search(place.text(project) or ""):
            continue
        inside = [file for file in known if PurePosixPath(file).is_relative_to(project.parent)]
        inside = [file for file in inside if TEST.search(place.text(PurePosixPath(file)) or "")]
        found: dict[str, None] = {}
        files: dict[str, str] = {}
        for file in speaking_of(place, inside, (*called, container, place.document.stem), most=_MOST_FILES):
            text = place.text(file) or ""
            found |= dict.fromkeys(_CLASS.findall(text))
            files[str(file)] = text
        names = called or tuple(word for word in (container, place.document.stem) if word)
        if found:
            suites.append(Suite(project=project, classes=tuple(found), files=files, names=names))
    return tuple(suites)


def _callers(text: str, name: str) -> tuple[str, ...]:
    """The methods of the document that call ``name``, and those that call these."""
    plain = blanked(text)
    found = [name]
    for _ in range(2):
        found += [
            one.name
            for one in methods_in(text)
            if one.name not in found and not set(re.findall(r"\w+", plain[one.body : one.end])).isdisjoint(found)
        ]
    return tuple(one for one in found[1:] if one != "Main")


def control_of(project: str) -> str:
    """Return a test class that must fail, in the framework of the test ``project`` (its text), or ""."""
    for pattern, on_class, on_method, body in _CONTROLS:
        if re.search(pattern, project, re.I):
            return f"{on_class} public class {CONTROL} {{ {on_method} public void Fails() {{ {body} }} }}\n"
    return ""
