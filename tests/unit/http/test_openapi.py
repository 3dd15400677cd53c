"""The OpenAPI document tells what there is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.http.app import API, ORCHESTRATE, face


async def document(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    async with face(folder, monkeypatch) as served:
        return (await served.client.get("/openapi.json", headers={"Authorization": ""})).json()


async def test_every_route_is_told_with_its_statuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = (await document(tmp_path, monkeypatch))["paths"]
    routes = {(path, method): set(told["responses"]) for path, verbs in paths.items() for method, told in verbs.items()}
    assert set(routes) == {
        (ORCHESTRATE, "post"),
        (f"{API}/jobs", "get"),
        (f"{API}/jobs/{{job_id}}", "get"),
        (f"{API}/jobs/{{job_id}}", "delete"),
        (f"{API}/jobs/{{job_id}}/events", "get"),
        (f"{API}/jobs/{{job_id}}/alternatives", "get"),
        (f"{API}/jobs/{{job_id}}/answers", "post"),
    }
    for statuses in routes.values():
        assert {"200", "401", "403", "413", "422", "429"} <= statuses
    assert "202" in routes[ORCHESTRATE, "post"]


async def test_the_token_and_the_shapes_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = await document(tmp_path, monkeypatch)
    (scheme,) = told["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert told["security"] == [{"token": []}]
    wanted = told["components"]["schemas"]["Orchestrate"]
    assert set(wanted["properties"]) == {"task", "language", "maxIterations", "code", "profile"}
    assert wanted["required"] == ["task", "language"]
    assert wanted["additionalProperties"] is False
    text = json.dumps(told)
    names = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(told["components"]["schemas"])
