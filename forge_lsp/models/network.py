"""How a server is reached: proxies and certificates.

A call to this machine takes neither from the environment, whatever its variables say. For other hosts the variables
are honoured as curl and the HTTP libraries do, and one that cannot be used is named. The libraries are never left to
read them: they fail on values that others accept (``NO_PROXY=fd00::/8``), and without saying which variable it was.
"""

from __future__ import annotations

import ipaddress
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from forge_lsp.core.addresses import is_off_machine, masked, web_address
from forge_lsp.core.errors import ServerUnreachable

if TYPE_CHECKING:
    import ssl

__all__ = ["READING", "Route", "route_to"]

READING = threading.Lock()
"""Held while the variables are read, and while some are away for the import of a package that would misread them."""
_PROXIES = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How calls to one server go. ``proxy`` None: directly. ``told`` names the variables that were followed, for an
    error about the connection; empty where there are none."""

    proxy: str | None = None
    verify: ssl.SSLContext | bool = True
    told: str = ""

    def arguments(self) -> dict[str, Any]:
        """What makes an HTTP client go this way, and no other."""
        # Some SDKs read the proxies of the environment even if told not to trust it, unless each scheme is taken.
        direct: dict[str, Any] = {"mounts": dict.fromkeys(("http://", "https://", "all://"))}
        # A redirect could lead a local call off the machine.
        common: dict[str, Any] = {"trust_env": False, "verify": self.verify, "follow_redirects": False}
        return common | (direct if self.proxy is None else {"proxy": self.proxy})


def route_to(url: str, environ: Mapping[str, str] | None = None) -> Route:
    """How calls to ``url`` go. Raises ServerUnreachable, naming the variable that cannot be followed."""
    env = os.environ if environ is None else environ
    secure = url.startswith("https:")
    if not is_off_machine(url):
        return Route(verify=_context(None, None) if secure else False)
    told: list[str] = []
    with READING:
        proxy = _proxy(url, env, told)
        verify = _verification(env, told) if secure or (proxy or "").startswith("https:") else False
    return Route(proxy=proxy, verify=verify, told=", ".join(told))


# ------------------------------------------------------------------ certificates


def _verification(env: Mapping[str, str], told: list[str]) -> ssl.SSLContext:
    """The certificates to trust: those of the first variable that is set, else the ones of the ``certifi`` package."""
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        value = (env.get(name) or "").strip()
        if not value:
            continue
        path = Path(value).expanduser()
        folder = path.is_dir()
        told.append(f"{name}={value}")
        return _trusting(name, value, None if folder else str(path), str(path) if folder else None)
    value = (env.get("SSL_CERT_DIR") or "").strip()
    folders = [folder for folder in value.split(os.pathsep) if folder]
    if folders:
        missing = next((folder for folder in folders if not Path(folder).is_dir()), None)
        if missing is not None:
            raise _wrong("SSL_CERT_DIR", f"names {missing}, which is no folder")
        told.append(f"SSL_CERT_DIR={value}")
        return _trusting("SSL_CERT_DIR", value, None, value)
    return _context(None, None)


def _trusting(name: str, value: str, file: str | None, folder: str | None) -> ssl.SSLContext:
    import ssl

    try:
        return _context(file, folder)
    except FileNotFoundError:
        raise _wrong(name, f"names {value}, which does not exist") from None
    except ssl.SSLError:
        raise _wrong(name, f"names {value}, which holds no certificates") from None
    except OSError as error:
        raise _wrong(name, f"names {value}, which cannot be read ({error.strerror})") from None


def _context(file: str | None, folder: str | None) -> ssl.SSLContext:
    """A client's TLS context. It is not made by ``ssl.create_default_context``, which opens the file that
    SSLKEYLOGFILE names."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if file is None and folder is None:
        import certifi

        file = certifi.where()
    context.load_verify_locations(cafile=file, capath=folder)
    return context


# ------------------------------------------------------------------ proxies


def _proxy(url: str, env: Mapping[str, str], told: list[str]) -> str | None:
    """The proxy for ``url``, with its variable in ``told``; None: none."""
    scheme = urlsplit(url).scheme
    for name in (f"{scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            value = (env.get(variable) or "").strip()
            if value:
                return _checked(variable, value, told) if not _bypassed(url, env) else None
    if env is os.environ and sys.platform in ("darwin", "win32"):
        return _of_system(url, scheme, told)
    return None


def _of_system(url: str, scheme: str, told: list[str]) -> str | None:
    from urllib.request import getproxies, proxy_bypass

    value = getproxies().get(scheme)
    if not value or proxy_bypass(urlsplit(url).hostname or ""):
        return None
    return _checked("the system's proxy setting", value, told)


def _checked(variable: str, value: str, told: list[str]) -> str:
    """The proxy's URL. Raises ServerUnreachable for one that cannot be used."""
    text = value if "://" in value else f"http://{value}"
    scheme, _, rest = text.partition("://")
    scheme = scheme.lower()
    shown = masked(value)
    if scheme not in _PROXIES:
        raise _wrong(
            variable, f"is {shown}: a proxy of this kind is not supported (http, https, socks5 and socks5h are)"
        )
    address = web_address(f"http://{rest}")
    if address.problem is not None:
        raise _wrong(variable, f"is {shown}, which is no address of a proxy: {address.problem}")
    if scheme.startswith("socks") and find_spec("socksio") is None:
        raise _wrong(variable, f"is {shown}: a SOCKS proxy needs the package socksio", "pip install socksio")
    told.append(f"{variable}={shown}")
    return f"{scheme}://{rest.rstrip('/')}"


def _bypassed(url: str, env: Mapping[str, str]) -> bool:
    """Whether NO_PROXY excepts the host of ``url``: by name with its subdomains, by address, by network, ``*``.

    Entries that mean nothing are passed over, as curl does.
    """
    parts = urlsplit(url)
    host, port = (parts.hostname or "").rstrip(".").lower(), parts.port
    for entry in (env.get("no_proxy") or env.get("NO_PROXY") or "").replace(" ", ",").split(","):
        text = entry.strip().lower().partition("://")[2] or entry.strip().lower()
        if text == "*":
            return True
        if not text:
            continue
        if _within(host, text.strip("[]")):
            return True
        name, colon, number = text.rpartition(":")
        if colon and number.isdigit() and text.count(":") == 1:
            if port is not None and int(number) != port:
                continue
            text = name
        text = text.removeprefix("*").strip(".")
        if text and (host == text or host.endswith(f".{text}")):
            return True
    return False


def _within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _wrong(variable: str, what: str, remedy: str | None = None) -> ServerUnreachable:
    return ServerUnreachable(f"{variable} {what}.", remedy=remedy or f"correct {variable}, or unset it")
