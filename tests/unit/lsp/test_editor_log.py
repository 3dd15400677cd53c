from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any, cast

import pytest
from lsprotocol import types as lsp

from forge_lsp.lsp.editor_log import EditorLog
from forge_lsp.lsp.protocol import ForgeProtocol


class FakeProtocol:
    def __init__(self) -> None:
        self.sent: list[tuple[str, lsp.MessageType, str]] = []

    def notify(self, method: str, params: lsp.LogMessageParams) -> None:
        self.sent.append((method, params.type, params.message))


def opened(protocol: FakeProtocol) -> EditorLog:
    return EditorLog(cast("ForgeProtocol", cast("Any", protocol)))


async def turn() -> None:
    await asyncio.sleep(0)


async def test_what_is_logged_in_any_thread_reaches_the_editor() -> None:
    protocol = FakeProtocol()
    log = opened(protocol)
    logger = logging.getLogger("forge_lsp.somewhere")
    logging.getLogger("pygls").error("a message failed")
    logger.error("no disk for sk-abcdefghijklmnop")
    thread = threading.Thread(target=lambda: logger.warning("from a thread"))
    thread.start()
    thread.join()
    assert protocol.sent == [], "sent by the loop, not by whoever logs"
    await turn()
    log.close()
    method = "window/logMessage"
    assert protocol.sent == [
        (method, lsp.MessageType.Error, "forge_lsp.somewhere: no disk for [secret]"),
        (method, lsp.MessageType.Warning, "forge_lsp.somewhere: from a thread"),
    ]


async def test_nothing_is_sent_after_the_end_and_a_long_word_is_cut() -> None:
    protocol = FakeProtocol()
    log = opened(protocol)
    logger = logging.getLogger("forge_lsp.somewhere")
    logger.error("x" * 10_000)
    await turn()
    logger.error("on its way when it ended")
    log.close()
    logger.error("late")
    await turn()
    ((_, _, text),) = protocol.sent
    assert len(text) < 4_100
    assert text.endswith("…")


def test_a_loop_that_is_gone_hurts_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    protocol = FakeProtocol()

    async def made() -> EditorLog:
        return opened(protocol)

    log = asyncio.run(made())
    logging.getLogger("forge_lsp.somewhere").error("too late")
    log.close()
    assert protocol.sent == []
    assert "Traceback" not in capsys.readouterr().err
