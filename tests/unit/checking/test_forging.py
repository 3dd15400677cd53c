"""What the words of a candidate in C, C++ and C# give away, and what they do not."""

from __future__ import annotations

import pytest

from forge_lsp.languages.c_family.forging import doubt_of as c_doubt
from forge_lsp.languages.csharp.forging import doubt_of as csharp_doubt
from tests.integration.proofs import Forgery, Project
from tests.integration.proofs.c_family import PROJECTS as C
from tests.integration.proofs.cpp import PROJECTS as CPP
from tests.integration.proofs.csharp import PROJECTS as CSHARP

# Nothing in their words is odd: only a run shows what they are.
RUN = frozenset(
    {
        *("skipped", "folder of tests", "next program", "second run", "next run", "endless", "spelt-lines", "macro"),
    }
)


def each(attribute: str, *projects: Project) -> list[object]:
    return [
        pytest.param(project, one, id=f"{project.name}-{one.channel}")
        for project in projects
        for one in getattr(project, attribute)
        if attribute == "honest" or one.channel not in RUN
    ]


def c_says(project: Project, one: Forgery) -> str | None:
    user = project.stub.replace("«", "").replace("»", "")
    head, _, rest = project.stub.partition("«")
    text = "\n".join((*one.imports, head + one.code + rest.partition("»")[2]))
    tests = {name: content for name, content in project.files.items() if name.startswith("tests/")}
    return c_doubt(one.code, text, user, tests, imports=one.imports, document=project.document, names=("area",))


def csharp_says(project: Project, one: Forgery, *, ended: bool) -> str | None:
    code = "\n".join((*one.imports, one.code))
    tests = {name: content for name, content in project.files.items() if name.startswith("Tests/S")}
    return csharp_doubt(code, project.stub, tests, ended=ended, project="Tests", known=("area",))


@pytest.mark.parametrize(("project", "forgery"), each("forgeries", *C, *CPP))
def test_c_that_forges_is_doubted(project: Project, forgery: Forgery) -> None:
    assert c_says(project, forgery) is not None


@pytest.mark.parametrize(("project", "honest"), each("honest", *C, *CPP))
def test_honest_c_is_not_doubted(project: Project, honest: Forgery) -> None:
    assert c_says(project, honest) is None


@pytest.mark.parametrize(("project", "forgery"), each("forgeries", *CSHARP))
def test_csharp_that_forges_is_doubted(project: Project, forgery: Forgery) -> None:
    assert csharp_says(project, forgery, ended=False) is not None


@pytest.mark.parametrize(("project", "honest"), each("honest", *CSHARP))
def test_honest_csharp_is_not_doubted(project: Project, honest: Forgery) -> None:
    assert csharp_says(project, honest, ended=True) is None


def test_what_the_user_wrote_is_not_held_against_a_candidate() -> None:
    user = "int area(int a, int b) {\n    signal(SIGINT, stop);\n    return 0;\n}\n"
    code = "int area(int a, int b) {\n    signal(SIGINT, stop);\n    return a * b;\n}"
    assert c_doubt(code, code, user, {}) is None
