"""What ``serve`` says about itself, and the address it takes."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.http import serving
from forge_lsp.http.access import BearerToken

KEPT = BearerToken(value="secret-token", file=Path("state/http-token"))
GIVEN = BearerToken(value="secret-token", file=None)


class Stream(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def told(monkeypatch: pytest.MonkeyPatch, host: str, token: BearerToken, *, terminal: bool) -> str:
    stream = Stream(terminal=terminal)
    monkeypatch.setattr("sys.stderr", stream)
    serving._tell(host, 5057, token)
    return stream.getvalue()


def test_a_terminal_is_shown_the_page_with_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "http://127.0.0.1:5057/#token=secret-token\n" in told(monkeypatch, "127.0.0.1", KEPT, terminal=True)


@pytest.mark.parametrize(("token", "terminal"), [(KEPT, False), (GIVEN, False), (GIVEN, True)])
def test_a_token_is_shown_to_nobody_else(monkeypatch: pytest.MonkeyPatch, token: BearerToken, terminal: bool) -> None:
    text = told(monkeypatch, "::1", token, terminal=terminal)
    assert "secret-token" not in text
    assert "http://[::1]:5057/" in text
    assert ("http-token" in text) is (token is KEPT)
    assert "unencrypted" not in text


def test_other_machines_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    text = told(monkeypatch, "0.0.0.0", KEPT, terminal=False)
    assert "http://localhost:5057/" in text
    assert "unencrypted" in text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_free_port_is_taken(host: str) -> None:
    with await serving._bind(host, 0) as listener:
        assert listener.getsockname()[1] > 0


async def test_an_address_that_cannot_be_had_says_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(EnvironmentFault) as told:
            await serving._bind("127.0.0.1", port)
        assert told.value.remedy is not None and "--port" in told.value.remedy
    with pytest.raises(EnvironmentFault, match=r"203\.0\.113\.1"):
        await serving._bind("203.0.113.1", 0)
