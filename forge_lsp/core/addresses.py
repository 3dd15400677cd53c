"""Where a server is, and whether that is this machine. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

__all__ = [
    "OLLAMA_PORT",
    "Address",
    "full_name",
    "is_off_machine",
    "masked",
    "names_cloud",
    "ollama_address",
    "ollama_url",
    "web_address",
]

OLLAMA_PORT = 11434
_NAME = re.compile(r"[^\s\x00-\x20\"'<>\\^`{|}\x7f\[\]]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A server's address as it was written, taken apart.

    ``url`` holds no user and no password, which are in ``auth``; it is empty where ``problem`` says why the text is
    no address. ``setting`` names the setting or the variable that holds the text ("": that is not known).
    """

    url: str
    auth: tuple[str, str] | None = None
    problem: str | None = None
    setting: str = ""


def ollama_address(host: str | None) -> Address:
    """What ``OLLAMA_HOST`` or a server's ``url`` means to a client, as Ollama's own client reads it.

    Scheme ``http`` and port 11434 unless said; 80 or 443 where a scheme but no port is given. ``0.0.0.0`` and ``::``,
    which tell a server to listen everywhere, are loopback to a client.
    """
    text = (host or "").strip().strip("\"'").strip()
    named = "://" in text
    default = (443 if text.lower().startswith("https:") else 80) if named else OLLAMA_PORT
    found = _parsed(text if named else f"http://{text}")
    if isinstance(found, str):
        return Address(url="", problem=found)
    here = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}
    name = here.get(found.host, found.host)
    url = f"{found.scheme}://{_bracketed(name)}:{found.port or default}{found.path}"
    return Address(url=url, auth=found.auth)


def web_address(url: str) -> Address:
    """The base of an HTTP API: scheme ``http`` unless said, without a trailing slash."""
    text = url.strip().strip("\"'").strip()
    found = _parsed(text if "://" in text else f"http://{text}")
    if isinstance(found, str):
        return Address(url="", problem=found)
    if not found.host:
        return Address(url="", problem="it names no host")
    port = "" if found.port is None else f":{found.port}"
    return Address(url=f"{found.scheme}://{_bracketed(found.host)}{port}{found.path}", auth=found.auth)


def full_name(name: str) -> str:
    """Return Ollama's full form of a model's name: the tag is ``latest`` where none is given."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def ollama_url(host: str | None) -> str:
    """The URL of :func:`ollama_address`; empty where the text is no address."""
    return ollama_address(host).url


def is_off_machine(url: str) -> bool:
    """Whether a call to ``url`` leaves this machine: anything but loopback does, this machine's own outer
    addresses too."""
    try:
        name = (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return True
    if name == "localhost" or name.endswith(".localhost"):
        return False
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return True
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return not (mapped or address).is_loopback


def masked(url: str) -> str:
    """``url`` with its user and password as ``***``, whatever else is wrong with it."""
    scheme, rest = _scheme(url)
    user, rest = _userinfo(rest)
    return url if user is None else f"{scheme}***@{rest}"


def names_cloud(name: str) -> bool:
    """Whether an Ollama model's name asks for Ollama's cloud by itself: the tag ``cloud``, or one that ends in
    ``-cloud``. A server sends such a call on, whether or not it lists the model (Ollama, internal/modelref)."""
    tag = name.rpartition(":")[2].strip().lower() if ":" in name else ""
    return tag == "cloud" or (tag.endswith("-cloud") and "/" not in tag)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    scheme: str
    host: str
    port: int | None
    path: str
    auth: tuple[str, str] | None


def _parsed(text: str) -> _Parts | str:
    """The parts of a URL, or what is wrong with it, in words that hold nothing of a password."""
    scheme, _, rest = text.partition("://")
    scheme = scheme.lower()
    if scheme not in ("http", "https"):
        return "its scheme is not http or https"
    user, rest = _userinfo(rest)
    cut = re.search(r"[/?#]", rest)
    authority, path = (rest, "") if cut is None else (rest[: cut.start()], rest[cut.start() :])
    path = re.split(r"[?#]", path, maxsplit=1)[0].rstrip("/")
    # A bare IPv6 address has more than one colon and no brackets.
    if authority.count(":") > 1 and not authority.startswith("["):
        authority = f"[{authority}]"
    if authority.startswith("["):
        host, bracket, port = authority[1:].partition("]")
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            return "its host is not an IPv6 address"
        if not bracket or (port and not port.startswith(":")):
            return "its host is not an IPv6 address"
        port = port[1:]
    else:
        host, _, port = authority.partition(":")
        if host and _NAME.fullmatch(host) is None:
            return "its host holds characters that no host name has"
    if port and not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535):
        return "its port is not a number from 1 to 65535"
    auth: tuple[str, str] | None = None
    if user is not None:
        name, _, password = user.partition(":")
        auth = (unquote(name), unquote(password))
    return _Parts(scheme=scheme, host=host.lower(), port=int(port) if port else None, path=path, auth=auth)


def _scheme(url: str) -> tuple[str, str]:
    head, separator, rest = url.partition("://")
    return (f"{head}://", rest) if separator else ("", url)


def _userinfo(rest: str) -> tuple[str | None, str]:
    """User and password of what stands after ``://``, and the rest. A password may hold ``/``, ``?`` and ``#``
    unquoted: the port is no number then."""
    cut = re.search(r"[/?#]", rest)
    authority = rest if cut is None else rest[: cut.start()]
    if "@" in authority:
        user, _, host = authority.rpartition("@")
        return user, host + rest[len(authority) :]
    port = authority.rpartition(":")[2] if ":" in authority else ""
    if "@" in rest and port and not port.isdigit() and not authority.startswith("["):
        user, _, after = rest.rpartition("@")
        return user, after
    return None, rest


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
