"""Who may speak to the HTTP server: the token, the Host and the Origin of a request. Nothing here knows FastAPI."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path

from forge_lsp.core.errors import BadRequest, EnvironmentFault

__all__ = ["TOKEN_FILE", "TOKEN_VARIABLE", "Access", "BearerToken", "is_loopback", "load_token"]

TOKEN_VARIABLE = "FORGE_HTTP_TOKEN"
TOKEN_FILE = "http-token"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?")
_TOKEN = re.compile(r"[\x21-\x7e]+")  # what an Authorization header can carry


@dataclass(frozen=True, slots=True, kw_only=True)
class BearerToken:
    """The bearer token. ``file`` is where it is kept; None: it came from the environment."""

    value: str = field(repr=False)
    file: Path | None


def load_token(state_dir: Path, environ: Mapping[str, str]) -> BearerToken:
    """The token of ``FORGE_HTTP_TOKEN``, else of the file ``http-token`` (mode 0600), made where there is none.

    A file that others could read is replaced: its token may be known. Raises BadRequest for a token that no header
    can carry, EnvironmentFault where the file cannot be read or written.
    """
    if given := environ.get(TOKEN_VARIABLE):
        if not _TOKEN.fullmatch(given):
            raise BadRequest(f"{TOKEN_VARIABLE} may contain only printable ASCII characters, and no spaces")
        return BearerToken(value=given, file=None)
    path = state_dir / TOKEN_FILE
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return BearerToken(value=_kept(path) or _made(path), file=path)
    except OSError as error:
        raise EnvironmentFault(
            f"{path} cannot be used: {error.strerror}", remedy=f"set {TOKEN_VARIABLE}, or correct the file"
        ) from None


def _kept(path: Path) -> str | None:
    """The token of a file that is there and has been private."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        private = os.name != "posix" or not os.fstat(file.fileno()).st_mode & 0o077
        value = file.read(4096).strip().decode("ascii", "replace")
    if private and _TOKEN.fullmatch(value):
        return value
    path.unlink()
    return None


def _made(path: Path) -> str:
    """A new token, in its file. Of two processes that make one at the same time, both use the same."""
    value = secrets.token_urlsafe(32)
    temporary = path.with_name(f".{TOKEN_FILE}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(value + "\n")
        try:
            os.link(temporary, path)
        except FileExistsError:
            return _kept(path) or value
        except OSError:  # a file system without links
            temporary.replace(path)
        return value
    finally:
        temporary.unlink(missing_ok=True)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a request must show. ``host`` and ``port`` are what the server is bound to.

    The Host check is what stops DNS rebinding (a foreign name that suddenly means this machine); the Origin check
    stops other pages of the user's browser.
    """

    token: str = field(repr=False)
    host: str
    port: int

    def allows_host(self, header: str) -> bool:
        """Loopback names with any port (one may be forwarded), and the bound ``host:port``.

        Bound to all addresses (``0.0.0.0``, ``::``), the bound host is this machine's name or any address: an address
        cannot be rebound.
        """
        authority = _split(header)
        if authority is None:
            return False
        name, port = authority
        if name in _LOOPBACK:
            return True
        if port != self.port:
            return False
        host = self.host.strip("[]").lower()
        if name == host:
            return True
        return _is_wildcard(host) and (_is_address(name) or name == socket.gethostname().lower())

    def allows_origin(self, origin: str | None, host: str) -> bool:
        """None (no browser's cross-site request), or the origin of our own page as the Host header names it."""
        if origin is None:
            return True
        scheme, _, rest = origin.partition("://")
        return scheme == "http" and _split(rest) is not None and _split(rest) == _split(host)

    def allows_token(self, header: str | None) -> bool:
        """Whether an Authorization header bears the token; compared in constant time."""
        scheme, _, value = (header or "").partition(" ")
        matches = compare_digest(value.strip().encode("utf-8", "replace"), self.token.encode())
        return scheme.lower() == "bearer" and matches


def _split(authority: str) -> tuple[str, int] | None:
    """``host:port``, in lower case, without brackets; no port is 80."""
    match = _AUTHORITY.fullmatch(authority.strip())
    return None if match is None else (match[1].strip("[]").lower(), int(match[2] or 80))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_wildcard(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host).is_unspecified
