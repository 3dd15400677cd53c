"""What installed models are made of: asked once for each digest, and wholly where the heads are left out."""

from __future__ import annotations

from typing import Any

from forge_lsp.placement.described import described
from forge_lsp.placement.footprint import footprint
from tests.support.faulty_ollama import FakeOllama
from tests.support.rigs import SHOWN
from tests.support.scripted_http import Exchange, Responder

NAME = "hybrid:30b"
SIZE, PLAIN = SHOWN["llama3.1:8b"]
HEADS = [8 if layer % 4 == 0 else 0 for layer in range(32)]


class Brief(FakeOllama):
    """As Ollama does it: a list of more than five numbers is null unless all is asked for."""

    async def handle(self, exchange: Exchange, responder: Responder) -> None:
        if exchange.path != "/api/show":
            await super().handle(exchange, responder)
            return
        heads = HEADS if exchange.body.get("verbose") else None
        info: dict[str, Any] = {**PLAIN, "llama.attention.head_count_kv": heads}
        if exchange.body["model"] == NAME:
            await responder.json({"model_info": info, "capabilities": ["completion"]})
        else:
            await responder.json({"model_info": PLAIN, "capabilities": ["completion"]})


async def test_heads_that_are_left_out_are_asked_for_and_nothing_is_asked_twice() -> None:
    async with Brief(models=[NAME, "plain:8b"]) as server:
        made = await described(server.url, [NAME, "plain:8b", "gone:1b"])
        asked = [(call.body["model"], call.body.get("verbose", False)) for call in server.to("/api/show")]
        assert sorted(asked) == [("gone:1b", False), (NAME, False), (NAME, True), ("plain:8b", False)]
        again = await described(server.url, [NAME, "plain:8b"])
        assert len(server.to("/api/show")) == 4
    assert again[NAME] == made[NAME]
    hybrid = footprint("h", name=NAME, size=SIZE, info=made[NAME], context=8192)
    plain = footprint("p", name="plain:8b", size=SIZE, info=made["plain:8b"], context=8192)
    assert hybrid.kv == plain.kv // 4


async def test_nothing_is_known_where_nothing_answers() -> None:
    assert await described("http://127.0.0.1:9", ["m"]) == {"m": {}}
