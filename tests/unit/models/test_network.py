"""Proxies and certificates: nothing of the environment touches loopback, and what is wrong elsewhere is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_lsp.core.errors import ServerUnreachable
from forge_lsp.models.network import route_to

HERE = ("http://127.0.0.1:11434", "http://localhost:8080/v1", "http://[::1]:11434", "https://127.0.0.1:8443")
PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1080"),
        ("all_proxy", "socks4://127.0.0.1:1080"),
        ("HTTP_PROXY", "not a url"),
        ("http_proxy", "http://[::1"),
        ("HTTPS_PROXY", "ftp://x"),
        ("https_proxy", "http://u:p@host:port"),
        ("no_proxy", "::1,fd00::/8"),
        ("NO_PROXY", "[::1"),
        ("SSL_CERT_FILE", "/nowhere.pem"),
        ("SSL_CERT_DIR", "/nowhere"),
        ("REQUESTS_CA_BUNDLE", "/nowhere.pem"),
        ("CURL_CA_BUNDLE", "/nowhere.pem"),
        ("SSLKEYLOGFILE", "/nowhere/keys"),
    ],
)
@pytest.mark.parametrize("url", HERE)
def test_loopback_is_reached_directly(variable: str, value: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    import httpx

    route = route_to(url)
    assert (route.proxy, route.told) == (None, "")
    client = httpx.AsyncClient(**route.arguments())
    assert not client.trust_env
    assert all(transport is None for transport in client._mounts.values())  # type: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    ("url", "env", "proxy"),
    [
        ("https://api.example.com", {"HTTPS_PROXY": PROXY}, PROXY),
        ("https://api.example.com", {"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, PROXY),
        ("https://api.example.com", {"HTTP_PROXY": PROXY}, None),
        ("http://10.0.0.7:11434", {"HTTP_PROXY": PROXY}, PROXY),
        ("http://10.0.0.7:11434", {"ALL_PROXY": "proxy.example:3128"}, PROXY),
        ("http://10.0.0.7:11434", {"ALL_PROXY": PROXY, "NO_PROXY": "::1,fd00::/8"}, PROXY),
        ("http://10.0.0.7:11434", {"ALL_PROXY": PROXY, "NO_PROXY": "::1,10.0.0.0/8"}, None),
        ("http://10.0.0.7:11434", {"ALL_PROXY": PROXY, "NO_PROXY": "10.0.0.7:11434"}, None),
        ("http://10.0.0.7:11434", {"ALL_PROXY": PROXY, "NO_PROXY": "10.0.0.7:80"}, PROXY),
        ("http://[fd00::7]:11434", {"ALL_PROXY": PROXY, "NO_PROXY": "fd00::/8"}, None),
        ("http://gpu.lan:11434", {"ALL_PROXY": PROXY, "no_proxy": ".lan"}, None),
        ("http://gpu.lan:11434", {"ALL_PROXY": PROXY, "no_proxy": "*.lan"}, None),
        ("http://gpu.lan:11434", {"ALL_PROXY": PROXY, "no_proxy": "lan, other"}, None),
        ("http://vlan:11434", {"ALL_PROXY": PROXY, "no_proxy": "lan"}, PROXY),
        ("http://gpu.lan:11434", {"ALL_PROXY": "socks4://broken", "no_proxy": "*"}, None),
        ("http://gpu.lan:11434", {"ALL_PROXY": ""}, None),
        (
            "http://gpu.lan:11434",
            {"ALL_PROXY": "http://me:pa%2Fss@proxy.example:3128"},
            "http://me:pa%2Fss@proxy.example:3128",
        ),
    ],
)
def test_other_hosts_are_reached_as_the_variables_say(url: str, env: dict[str, str], proxy: str | None) -> None:
    route = route_to(url, env)
    assert route.proxy == proxy
    assert (route.told != "") == (proxy is not None)
    assert "pa%2Fss" not in route.told


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("ALL_PROXY", "socks4://127.0.0.1:1080", "not supported"),
        ("HTTPS_PROXY", "http://me:secret@host:port", "its port is not a number"),
        ("https_proxy", "http://", "names no host"),
        ("all_proxy", "http://[::1", "not an IPv6 address"),
        ("SSL_CERT_FILE", "/nowhere.pem", "does not exist"),
        ("REQUESTS_CA_BUNDLE", "/nowhere.pem", "does not exist"),
        ("CURL_CA_BUNDLE", __file__, "holds no certificates"),
        ("SSL_CERT_DIR", "/nowhere", "no folder"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str, words: str) -> None:
    with pytest.raises(ServerUnreachable, match=words) as caught:
        route_to("https://api.example.com", {variable: value})
    assert str(caught.value).startswith(variable)
    assert variable in (caught.value.remedy or "")
    assert "secret" not in caught.value.full_message


def test_a_socks_proxy_without_its_package_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forge_lsp.models.network.find_spec", lambda _: None)
    with pytest.raises(ServerUnreachable, match="ALL_PROXY is socks5://") as caught:
        route_to("https://api.example.com", {"ALL_PROXY": "socks5://127.0.0.1:1080"})
    assert caught.value.remedy == "pip install socksio"


def test_the_users_own_certificates_are_taken(tmp_path: Path) -> None:
    import certifi

    bundle = tmp_path / "own.pem"
    bundle.write_text(Path(certifi.where()).read_text())
    route = route_to("https://api.example.com", {"SSL_CERT_FILE": str(bundle)})
    assert route.told == f"SSL_CERT_FILE={bundle}"
