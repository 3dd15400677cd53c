"""Which tests run in the same process of pytest-xdist: those of one file, whose servers start once, and those
of one project in the tables, which compile the same answers."""

from __future__ import annotations

import pytest

from tests.integration.proofs import Project


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        callspec = getattr(item, "callspec", None)
        project = callspec.params.get("project") if callspec is not None else None
        shared = f"{project.language}-{project.name}" if isinstance(project, Project) else item.path.stem
        item.add_marker(pytest.mark.xdist_group(shared))
