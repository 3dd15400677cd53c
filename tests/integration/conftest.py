"""Which tests run in the same process of pytest-xdist: those of one file, whose servers start once, and those
of one project in the tables, which compile the same answers. And which files are one table where a share is run, and
which begin first."""

from __future__ import annotations

import pytest

from tests.integration.proofs import Project

SAMPLED = frozenset(
    f"test_{name}"
    for name in (
        *("bench", "models_ollama", "warm_builds_csharp"),
        *("build_csharp", "build_java", "build_javascript", "build_kotlin", "build_typescript"),
        *("evidence_go", "evidence_java", "evidence_rust", "fast_gate_go"),
        *("examples_csharp", "examples_java", "examples_kotlin"),
        *("project_tests_kotlin", "project_tests_python"),
    )
)
"""Files whose tests take long and look at one thing in many ways: `--share` draws among all of a file's tests."""
FIRST = SAMPLED | {"test_wild", "test_proofs"}
"""What takes long begins first, so that no process is left with it at the end."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        callspec = getattr(item, "callspec", None)
        project = callspec.params.get("project") if callspec is not None else None
        shared = f"{project.language}-{project.name}" if isinstance(project, Project) else item.path.stem
        item.add_marker(pytest.mark.xdist_group(shared))
        if item.path.stem in SAMPLED:
            item.add_marker(pytest.mark.sampled)
    items.sort(key=lambda item: item.path.stem not in FIRST)
