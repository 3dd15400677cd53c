"""A plan made from what a real Ollama server tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_lsp.placement.calibration import Calibration, MeasuredModel
from forge_lsp.placement.planning import ModelRequest, plan
from forge_lsp.placement.timing import TimedRow
from tests.support.ollama_server import OllamaServer, model_file, ollama_program

pytestmark = pytest.mark.skipif(
    isinstance(ollama_program(), str) or isinstance(model_file(), str),
    reason=f"no real Ollama: {ollama_program()}; {model_file()}",
)
ROWS = (TimedRow(attempts=(1,), strategy="solo", thinkers=("thinker",), generator="coder", members=("absent",)),)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OllamaServer]:
    with OllamaServer(tmp_path_factory.mktemp("ollama")) as running:
        running.add_model("thinker")
        running.add_model("coder:7b")
        yield running


def wanted(server: OllamaServer) -> list[ModelRequest]:
    names = {"thinker": "thinker", "coder": "coder:7b", "absent": "llama3.1:8b"}
    return [ModelRequest(key=key, name=name, server="s", url=server.url, context=2048) for key, name in names.items()]


async def test_sizes_and_layers_come_from_the_server(server: OllamaServer, tmp_path: Path) -> None:
    made = await plan(wanted(server), ROWS, profile="custom", state_dir=tmp_path, gib=(24,))
    tags = {str(row["name"]): row for row in server.get("/api/tags")["models"]}  # type: ignore[attr-defined]
    for key, name in (("thinker", "thinker:latest"), ("coder", "coder:7b")):
        found = made.need(key).footprint
        assert found.guess is None
        assert found.weights == tags[name]["size"]
        assert found.kv == 30 * 2048 * 3 * 64 * 2 * 2  # SmolLM2-135M: 30 layers, 3 heads of 64
    assert made.need("absent").footprint.guess is not None
    assert len(made.placement) == 3


async def test_what_was_measured_before_is_reckoned_with(server: OllamaServer, tmp_path: Path) -> None:
    tags = {str(row["name"]): row for row in server.get("/api/tags")["models"]}  # type: ignore[attr-defined]
    seen = MeasuredModel(digest=str(tags["coder:7b"]["digest"]), context=2048, server="s")
    await Calibration(tmp_path).note({seen: (123_456_789, 123_456_789)})
    made = await plan(wanted(server), ROWS, profile="custom", state_dir=tmp_path)
    assert made.need("coder").footprint.measured == 123_456_789
    assert made.need("thinker").footprint.measured is None


async def test_a_server_that_is_down_leaves_guesses(tmp_path: Path) -> None:
    away = ModelRequest(key="thinker", name="phi4:14b", server="s", url="http://127.0.0.1:1", context=2048)
    made = await plan([away], ROWS, profile="custom", state_dir=tmp_path, gib=(24,))
    assert [problem.kind for problem in made.problems] == ["guess"]
