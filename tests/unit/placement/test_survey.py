"""What is in which memory, and each thing that will hurt, over scripted servers and over plain values."""

from __future__ import annotations

from typing import Any

import pytest

from forge_lsp.core.ports import FindingStatus
from forge_lsp.core.ports.fleet import FleetReport, FleetServer
from forge_lsp.placement.fleet.findings import findings as of_fleet
from forge_lsp.placement.inventory import Gpu, Inventory
from forge_lsp.placement.ollama_api import Loaded
from forge_lsp.placement.plan import Footprint
from forge_lsp.placement.survey import PlacedModel, ServerSettings, Survey, SurveyedServer, findings, look, rows
from tests.support.faulty_ollama import FakeOllama
from tests.support.scripted_http import Exchange, Responder

GB = 1_000_000_000
CARD = Gpu(uuid="GPU-a", name="RTX 3090", total=24 * GB, free=4 * GB, used=20 * GB)
RIG = Inventory(gpus=(CARD,), driver="600")


def size(gigabytes: float) -> Footprint:
    return Footprint(
        key="m", weights=int(gigabytes * GB / 2), kv=int(gigabytes * GB / 2), compute=0, overhead=0, predicted=0
    )


def placed(
    key: str, gigabytes: float, *, alone: float | None = None, context: int = 8192, trained: int = 99999
) -> PlacedModel:
    small = size(gigabytes if alone is None else alone)
    return PlacedModel(
        key=key, name=f"{key}:1b", context=context, footprint=size(gigabytes), alone=small, trained=trained
    )


def told(*looks: SurveyedServer, inventory: Inventory = RIG, foreign: tuple[str, ...] = ()) -> list[str]:
    """The lines that are not all well."""
    found = findings(Survey(inventory=inventory, looks=looks, foreign=foreign))
    return [f"{one.name}: {one.detail} -> {one.remedy}" for one in found if one.status is not FindingStatus.OK]


def at(server: ServerSettings, *loaded: Loaded, version: str = "0.17.4") -> SurveyedServer:
    return SurveyedServer(server=server, version=version, loaded=loaded)


def server(*models: PlacedModel, **more: Any) -> ServerSettings:
    return ServerSettings(
        **{"key": "gpu0", "url": "http://127.0.0.1:11434", "gpu": "GPU-a", "max_loaded": 4, "models": models, **more}
    )


def test_a_good_server_has_one_line() -> None:
    whole = Loaded(name="phi4:14b", digest="d", size=10 * GB, size_vram=10 * GB)
    (line,) = findings(Survey(inventory=RIG, looks=(at(server(placed("phi4", 10)), whole),)))
    assert (line.status, line.detail) == ("ok", "Ollama 0.17.4 on GPU-a has in memory: phi4:14b 10.0 GB")


def test_a_silent_server_is_told_elsewhere() -> None:
    assert findings(Survey(inventory=RIG, looks=(SurveyedServer(server=server(placed("phi4", 90))),))) == ()


def test_a_model_that_spilled_is_told_with_its_share() -> None:
    spilled = Loaded(name="phi4:14b", digest="d", size=10 * GB, size_vram=8 * GB)
    (line,) = told(at(server(), spilled))
    assert "phi4:14b: 20% of its 10.0 GB are on the CPU" in line
    assert "ollama stop phi4:14b" in line


@pytest.mark.parametrize(
    ("inventory", "more", "hurts"),
    [
        (RIG, {}, True),
        (Inventory(reason="no driver"), {}, False),
        (Inventory(reason="no driver"), {"memory": 24 * GB}, False),
        (Inventory(reason="no driver"), {"memory": 24 * GB, "off_machine": True}, True),
    ],
)
def test_nothing_on_a_gpu_is_a_spill_only_where_one_is_known(
    inventory: Inventory, more: dict[str, Any], hurts: bool
) -> None:
    on_cpu = Loaded(name="phi4:14b", digest="d", size=10 * GB, size_vram=0)
    assert bool(told(at(server(**more), on_cpu), inventory=inventory)) is hurts


def test_a_context_larger_than_the_model_knows() -> None:
    (line,) = told(at(server(placed("llama", 5, context=200_000, trained=131_072))))
    assert line.endswith("-> set models.llama.context to 131072 or less")


def test_a_context_too_large_for_the_gpu() -> None:
    (line,) = told(at(server(placed("phi4", 40, context=65536))))
    assert "takes 40.0 GB at context 65536; the GPU of gpu0 has 24.0 GB" in line
    assert line.endswith("-> set models.phi4.context to 8192")


def test_a_model_too_large_at_any_context() -> None:
    (line,) = told(at(server(placed("big", 90, context=2048))))
    assert "larger GPU" in line


def test_too_many_calls_at_once() -> None:
    (line,) = told(at(server(placed("phi4", 40, alone=20), parallel=8)))
    assert "8 calls at once" in line
    assert line.endswith("-> set servers.gpu0.parallel to 1")


def test_models_that_take_turns() -> None:
    (line,) = told(at(server(placed("llama", 6), placed("codestral", 20))))
    assert "overcommitted: its 2 models take 26.0 GB, its GPU has 24.0 GB" in line


def test_a_server_that_was_not_started_here() -> None:
    (line,) = told(at(server(placed("a", 5), placed("b", 5), max_loaded=None)))
    assert "OLLAMA_MAX_LOADED_MODELS is not known" in line
    assert told(at(server(placed("a", 5), max_loaded=None))) == [], "one model needs no room beside it"


VERSIONS = {"0.9.3": True, "0.12.11": True, "0.13.0": False, "1.2": False, "0.0.0": False}


@pytest.mark.parametrize(("version", "old"), VERSIONS.items())
def test_an_old_ollama(version: str, old: bool) -> None:
    assert bool(told(at(server(), version=version))) is old


def test_two_servers_on_one_gpu() -> None:
    (line,) = told(at(server()), at(server(key="gpu1")))
    assert "gpu0 and gpu1 are on one GPU (GPU-a)" in line


def test_a_strange_ollama_matters_where_there_is_a_gpu() -> None:
    assert "another Ollama answers at http://x" in told(foreign=("http://x",))[0]
    assert told(foreign=("http://x",), inventory=Inventory(reason="no driver")) == []


def test_rows_of_the_driver_and_of_the_settings() -> None:
    whole = Loaded(name="phi4:14b", digest="d", size=10 * GB, size_vram=8 * GB, context=4096)
    far = server(key="far", gpu=None, memory=12 * GB, off_machine=True, max_loaded=None)
    known, named = rows(Survey(inventory=RIG, looks=(at(server(), whole), at(far, whole))))
    assert (known["uuid"], known["free"], known["servers"]) == ("GPU-a", 4 * GB, ["gpu0"])
    assert known["resident"] == [
        {
            "server": "gpu0",
            "name": "phi4:14b",
            "size": 10 * GB,
            "sizeVram": 8 * GB,
            "spilled": 0.2,
            "context": 4096,
        }
    ]
    assert len(known["warnings"]) == 1  # type: ignore[arg-type]
    assert (named["name"], named["total"], named["free"]) == ("GPU of far", 12 * GB, 4 * GB)


class Rich(FakeOllama):
    """Tells what its models are made of."""

    async def handle(self, exchange: Exchange, responder: Responder) -> None:
        if exchange.path == "/api/show":
            info = {
                "general.architecture": "llama",
                "llama.block_count": 32,
                "llama.embedding_length": 4096,
                "llama.attention.head_count": 32,
                "llama.attention.head_count_kv": 8,
                "llama.vocab_size": 32000,
                "llama.context_length": 4096,
            }
            await responder.json({"model_info": info})
        else:
            await super().handle(exchange, responder)


async def test_servers_are_asked() -> None:
    models = (
        PlacedModel(key="phi4", name="phi4:14b", context=8192),
        PlacedModel(key="none", name="none", context=8192),
    )
    async with Rich(models=["phi4:14b"]) as rich, FakeOllama() as strange:
        rich.resident["phi4:14b"] = 8192
        here = server(*models, url=rich.url, parallel=2)
        gone = server(key="gone", url="http://127.0.0.1:9")
        survey = await look([here, gone], RIG, others=[strange.url, "http://127.0.0.1:9"], deep=True)
    first, second = survey.looks
    assert (first.version, second.version) == ("0.17.4", None)
    assert [row.name for row in first.loaded] == ["phi4:14b"]
    assert survey.foreign == (strange.url,)
    known, unknown = first.server.models
    assert known.trained == 4096
    assert known.footprint is not None
    assert known.footprint.measured == 2000
    assert known.footprint.kv == 32 * 2 * 8192 * 8 * 128 * 2 * 2
    assert known.alone is not None
    assert known.alone.kv == known.footprint.kv // 2
    assert unknown.footprint is None, "not installed"


def test_the_doctors_lines_of_a_fleet() -> None:
    good = FleetServer(key="gpu0", status="running", url="http://127.0.0.1:1")
    bad = FleetServer(key="gpu1", status="failed", url="http://127.0.0.1:2", problem="given up", log="/x.log")
    assert of_fleet(FleetReport(), {}) == ()
    (well,) = of_fleet(FleetReport(servers=(good,), supervisor=7), {"gpu0": good.url})
    assert (well.status, well.remedy) == ("ok", None)
    lines = of_fleet(FleetReport(servers=(good, bad), lost=("gpu0: gone",)), {"gpu0": "http://mine"})
    assert [line.status for line in lines] == ["broken", "broken", "broken", "ok"]
    assert "no process supervises them" in lines[0].detail
    assert "/x.log" in (lines[1].remedy or "")
    assert "your own url http://mine" in lines[3].detail
