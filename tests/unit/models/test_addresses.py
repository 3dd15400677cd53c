"""What an address means, and whether it is this machine."""

from __future__ import annotations

import pytest

from forge_lsp.domain.addresses import is_off_machine, ollama_url, web_url, without_userinfo


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
    assert web_url("127.0.0.1:8080/v1/") == "http://127.0.0.1:8080/v1"
    assert web_url("https://api.example.com") == "https://api.example.com"


def test_a_password_is_not_shown() -> None:
    assert without_userinfo("https://me:secret@example.com:1/x") == "https://example.com:1/x"
    assert without_userinfo("https://example.com") == "https://example.com"
