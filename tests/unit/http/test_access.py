"""The token file, and which Host and Origin are let in."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from forge_lsp.core.errors import BadRequest, EnvironmentFault
from forge_lsp.http.access import Access, is_loopback, load_token
from forge_lsp.http.bucket import Bucket

LOCAL = Access(token="secret-token", host="127.0.0.1", port=5057)
EVERYWHERE = Access(token="secret-token", host="0.0.0.0", port=5057)
NAMED = Access(token="secret-token", host="forge.lan", port=5057)


def test_a_token_is_made_once_and_is_private(tmp_path: Path) -> None:
    state = tmp_path / "state"
    token = load_token(state, {})
    assert token.file == state / "http-token"
    assert stat.S_IMODE(token.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert len(token.value) >= 32
    assert token.file.read_text().strip() == token.value
    assert load_token(state, {}).value == token.value
    assert token.value not in repr(token)
    assert [entry.name for entry in state.iterdir()] == ["http-token"]


@pytest.mark.parametrize("spoiled", ["", "two words", "\n"])
def test_a_file_without_a_token_gets_one(tmp_path: Path, spoiled: str) -> None:
    (tmp_path / "http-token").write_text(spoiled)
    (tmp_path / "http-token").chmod(0o600)
    value = load_token(tmp_path, {}).value
    assert len(value) >= 32
    assert (tmp_path / "http-token").read_text().strip() == value


def test_a_token_that_others_could_read_is_replaced(tmp_path: Path) -> None:
    before = load_token(tmp_path, {}).value
    (tmp_path / "http-token").chmod(0o644)
    after = load_token(tmp_path, {})
    assert after.value != before
    assert after.file is not None
    assert stat.S_IMODE(after.file.stat().st_mode) == 0o600


def test_a_link_in_the_files_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("someone-elses-words")
    (tmp_path / "http-token").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EnvironmentFault, match="http-token"):
        load_token(tmp_path, {})


def test_the_environment_comes_first_and_leaves_no_file(tmp_path: Path) -> None:
    token = load_token(tmp_path, {"FORGE_HTTP_TOKEN": "from-the-environment"})
    assert (token.value, token.file) == ("from-the-environment", None)
    assert not list(tmp_path.iterdir())
    with pytest.raises(BadRequest, match="FORGE_HTTP_TOKEN"):
        load_token(tmp_path, {"FORGE_HTTP_TOKEN": "zwei Wörter"})


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        ("Bearer secret-token", True),
        ("bearer secret-token", True),
        ("Bearer secret-token2", False),
        ("Bearer ", False),
        ("Basic secret-token", False),
        ("secret-token", False),
        ("Bearer s\xe9cret-token", False),
        ("", False),
        (None, False),
    ],
)
def test_tokens(header: str | None, allowed: bool) -> None:
    assert LOCAL.allows_token(header) is allowed


@pytest.mark.parametrize(
    ("access", "header", "allowed"),
    [
        (LOCAL, "127.0.0.1:5057", True),
        (LOCAL, "localhost:5057", True),
        (LOCAL, "LocalHost:5057", True),
        (LOCAL, "[::1]:5057", True),
        (LOCAL, "localhost:8080", True),  # forwarded, as by ssh -L
        (LOCAL, "evil.example", False),
        (LOCAL, "evil.example:5057", False),
        (LOCAL, "127.0.0.1.evil.example:5057", False),
        (LOCAL, "localhost.evil.example", False),
        (LOCAL, "192.168.1.5:5057", False),
        (LOCAL, "localhost@evil.example", False),
        (LOCAL, "", False),
        (EVERYWHERE, "192.168.1.5:5057", True),
        (EVERYWHERE, "192.168.1.5:80", False),
        (EVERYWHERE, "evil.example:5057", False),
        (NAMED, "forge.lan:5057", True),
        (NAMED, "forge.lan", False),
        (NAMED, "192.168.1.5:5057", False),
    ],
)
def test_hosts(access: Access, header: str, allowed: bool) -> None:
    assert access.allows_host(header) is allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://localhost:5057", True),
        ("http://localhost:8000", False),
        ("http://127.0.0.1:5057", False),
        ("https://localhost:5057", False),
        ("http://evil.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_only_our_own_page_is_an_origin(origin: str | None, allowed: bool) -> None:
    assert LOCAL.allows_origin(origin, "localhost:5057") is allowed


def test_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.5", "forge.lan")))


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    now = 100.0
    bucket = Bucket(rate=2.0, burst=3, now=lambda: now)
    assert [bucket.take() for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    now += 0.5
    assert [bucket.take() for _ in range(2)] == [0.0, 0.5]
    now += 1000
    assert [bucket.take() for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
