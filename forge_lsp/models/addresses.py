"""Where a server is, and whether that is this machine. Pure."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit, urlunsplit

__all__ = ["OLLAMA_PORT", "is_off_machine", "ollama_url", "web_url", "without_userinfo"]

OLLAMA_PORT = 11434


def ollama_url(host: str | None) -> str:
    """What ``OLLAMA_HOST`` or a server's ``url`` means to a client, as Ollama's own client reads it.

    Scheme ``http`` and port 11434 unless said; 80 or 443 where a scheme but no port is given. ``0.0.0.0`` and ``::``,
    which tell a server to listen everywhere, are loopback to a client.
    """
    text = (host or "").strip().strip("\"'")
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
        default = OLLAMA_PORT
    else:
        scheme = scheme.lower()
        default = 443 if scheme == "https" else 80
    # A bare IPv6 address has more than one colon and no brackets.
    if rest.count(":") > 1 and not rest.startswith("["):
        rest = f"[{rest}]"
    parts = urlsplit(f"{scheme}://{rest}")
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(parts.hostname or "", parts.hostname or "127.0.0.1")
    shown = f"[{name}]" if ":" in name else name
    return f"{scheme}://{shown}:{parts.port or default}{parts.path.rstrip('/')}"


def web_url(url: str) -> str:
    """A URL of an HTTP API, with a scheme and without a trailing slash."""
    text = url.strip()
    if "://" not in text:
        text = f"http://{text}"
    return text.rstrip("/")


def is_off_machine(url: str) -> bool:
    """Whether a call to ``url`` leaves this machine: anything but loopback does, this machine's own outer
    addresses too."""
    name = (urlsplit(url).hostname or "").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return False
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return True
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return not (mapped or address).is_loopback


def without_userinfo(url: str) -> str:
    """``url`` as it may be shown: a password in it is a secret."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return urlunsplit(SplitResult(parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))
