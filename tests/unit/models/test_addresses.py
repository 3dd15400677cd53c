"""What an address means, and whether it is this machine."""

from __future__ import annotations

import pytest

from forge_lsp.core.addresses import (
    is_off_machine,
    masked,
    names_cloud,
    ollama_address,
    ollama_url,
    web_address,
)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        (None, "http://127.0.0.1:11434"),
        ("", "http://127.0.0.1:11434"),
        ("1.2.3.4", "http://1.2.3.4:11434"),
        (":56789", "http://127.0.0.1:56789"),
        ("1.2.3.4:56789", "http://1.2.3.4:56789"),
        ("http://1.2.3.4", "http://1.2.3.4:80"),
        ("https://example.com", "https://example.com:443"),
        ("https://example.com:8443/ollama/", "https://example.com:8443/ollama"),
        ("example.com/path", "http://example.com:11434/path"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("http://0.0.0.0:11435", "http://127.0.0.1:11435"),
        ("[::]:11435", "http://[::1]:11435"),
        ("::1", "http://[::1]:11434"),
        ("[::1]:5", "http://[::1]:5"),
        (' "127.0.0.1:9" ', "http://127.0.0.1:9"),
    ],
)
def test_ollama_url(host: str | None, url: str) -> None:
    assert ollama_url(host) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:11434",
        "http://127.9.9.9",
        "http://localhost:8080/v1",
        "http://LOCALHOST.:80",
        "http://models.localhost",
        "http://[::1]:11434",
        "http://[::ffff:127.0.0.1]:1",
    ],
)
def test_loopback_is_this_machine(url: str) -> None:
    assert not is_off_machine(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.anthropic.com",
        "http://192.168.1.5:11434",
        "http://10.0.0.1",
        "http://[fe80::1]:1",
        "http://[::ffff:10.0.0.1]:1",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://user:127.0.0.1@example.com",
        "http://gpu-box",
        "http://",
    ],
)
def test_all_else_is_not(url: str) -> None:
    assert is_off_machine(url)


def test_web_url() -> None:
    assert web_address("127.0.0.1:8080/v1/").url == "http://127.0.0.1:8080/v1"
    assert web_address("https://api.example.com").url == "https://api.example.com"


@pytest.mark.parametrize(
    ("text", "url", "auth"),
    [
        ("http://me:secret@host:1234", "http://host:1234", ("me", "secret")),
        ("me:secret@host", "http://host:11434", ("me", "secret")),
        ("me@host", "http://host:11434", ("me", "")),
        ("https://me:se%40cret@host/base/", "https://host:443/base", ("me", "se@cret")),
        ("http://me:p@ss@host", "http://host:80", ("me", "p@ss")),
        ("http://me:pa/s?s#@host:1", "http://host:1", ("me", "pa/s?s#")),
        ("me:secret@[::1]:5", "http://[::1]:5", ("me", "secret")),
        ("http://host/@scope/x", "http://host:80/@scope/x", None),
    ],
)
def test_user_and_password_are_kept_apart(text: str, url: str, auth: tuple[str, str] | None) -> None:
    found = ollama_address(text)
    assert (found.url, found.auth, found.problem) == (url, auth, None)
    if auth is not None and auth[1]:
        for shown in (masked(text), str(found.url)):
            assert auth[1] not in shown
            assert text.partition("://")[2].rpartition("@")[0] not in shown or "://" not in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http://host:port", "port"),
        ("host:0", "port"),
        ("host:70000", "port"),
        ("host:-1", "port"),
        ("host:11434x", "port"),
        ("http://me:secret@host:bad", "port"),
        ("http://[::1", "IPv6"),
        ("http://[::g]:1", "IPv6"),
        ("a:b:c", "IPv6"),
        ("ftp://host", "scheme"),
        ("unix:///run/ollama.sock", "scheme"),
        ("http://a host", "characters"),
        ("http://ho\x00st", "characters"),
    ],
)
def test_what_is_no_address_is_said_without_raising(text: str, words: str) -> None:
    for found in (ollama_address(text), web_address(text)):
        assert found.url == ""
        assert words in (found.problem or "")
        assert "secret" not in (found.problem or "")
    assert is_off_machine(ollama_url(text))
    assert "secret" not in masked(text)


@pytest.mark.parametrize(
    ("name", "cloud"),
    [
        ("gpt-oss:120b-cloud", True),
        ("glm:cloud", True),
        ("gpt-oss:20b:CLOUD", True),
        ("host:5000/team/glm:480b-Cloud", True),
        ("cloud:7b", False),
        ("cloudy-coder:7b", False),
        ("gpt-oss", False),
        ("host:5000/team-cloud", False),
        ("phi4:14b-cloudy", False),
    ],
)
def test_names_that_ask_for_the_cloud(name: str, cloud: bool) -> None:
    assert names_cloud(name) is cloud
