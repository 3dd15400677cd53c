"""Secrets in text: replaced before it is shown to a model, put back when the model's code lands.

A placeholder has the length and the prefix of the secret, so that the code around it keeps its shape, and a number,
so that each placeholder of a text stands for one secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from forge_lsp.secret_rules import secrets_in

__all__ = ["Redacted", "hidden", "redact"]

_SHAPES = re.compile(
    r"""
    -----BEGIN\ (?P<label>[A-Z0-9\ ]*PRIVATE\ KEY(?:\ BLOCK)?)-----(?P<pem>.*?)(?=-----END\ |\Z)
    | (?<![A-Za-z0-9])(?P<prefix>
        AKIA | ASIA | AIza | ya29\. | ghp_ | gho_ | ghu_ | ghs_ | ghr_ | github_pat_ | glpat- | npm_ | pypi- | hf_
        | xox[abeoprs]- | sk-ant- | sk-proj- | sk-or- | sk- | sk_live_ | sk_test_ | rk_live_ | whsec_ | SG\. | dop_v1_
      )(?P<token>[A-Za-z0-9_\-./+=]{14,})
    | (?P<jwt>eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})
    | (?<=://)(?P<user>[^\s/:@'"]{1,64}):(?P<password>[^\s/@'"{}<>$%]{3,128})(?=@)
    | (?P<name>\b[\w-]*(?:password|passwd|secret|api_?key|access_?key|auth_?token|private_?key)[\w-]*["']?\s*
        [:=]{1,2}\s*[rbRB]?)(?P<quote>["'])(?P<value>(?=[^"'\s]*[0-9])(?=[^"'\s]*[A-Za-z])[A-Za-z0-9+/=_.~!@\#%^&*-]{16,})(?P=quote)
    """,
    re.X | re.S | re.I,
)
# The prefixes of tokens are case-sensitive: "SK-" in prose or a shelf mark is none.
_EXACT_CASE = re.compile(
    r"AKIA|ASIA|AIza|ya29\.|gh[pousr]_|github_pat_|glpat-|npm_|pypi-|hf_|xox[abeoprs]-|sk-|[sr]k_(?:live|test)_|whsec_|SG\.|dop_v1_"
)


_MARK = "\u00a4"
_SHOWN = re.compile(rf"REDACTED\d{{4}}|{_MARK}\d")
_remembered: dict[str, str] = {}
"""What secrets were last shown as, so that one that comes back in a test's output is called the same."""
_MOST_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """``text`` without its secrets; ``secrets`` holds (placeholder, secret) pairs and never shows in a repr."""

    text: str
    secrets: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return f"Redacted({len(self.text)} characters, {len(self.secrets)} secrets)"

    def restore(self, code: str) -> str:
        """``code`` with each placeholder replaced by its secret again."""
        for placeholder, secret in self.secrets:
            code = code.replace(placeholder, secret)
        return code


def redact(text: str) -> Redacted:
    """Replace what looks like a key, a token or a password. The same text gives the same placeholders.

    Lines and code points stay where they are: every placeholder is as long as its secret.
    """
    known: dict[str, str] = {}

    def placeholder(secret: str) -> str:
        if _SHOWN.search(secret) is not None:
            return secret  # it is one of ours
        if secret not in known:
            known[secret] = _filler(len(secret), len(known) + 1)
        return known[secret]

    def replaced(match: re.Match[str]) -> str:
        whole = match.group()
        if match["pem"] is not None:
            body = "".join(c if c in "\r\n" else "X" for c in match["pem"])
            return f"-----BEGIN {match['label']}-----" + _numbered(known, body, match["pem"])
        if match["prefix"] is not None:
            if not _EXACT_CASE.match(match["prefix"]) or not re.search(r"[0-9]", match["token"]):
                return whole
            return match["prefix"] + placeholder(match["token"])
        if match["jwt"] is not None:
            return placeholder(whole)
        if match["password"] is not None:
            return f"{match['user']}:{placeholder(match['password'])}"
        return f"{match['name']}{match['quote']}{placeholder(match['value'])}{match['quote']}"

    result = _SHAPES.sub(replaced, text)
    end = len(result)
    for start, stop in sorted(secrets_in(result), key=lambda span: (-span[1], span[0])):
        if stop <= end:  # of two that overlap the one that ends last
            result = result[:start] + placeholder(result[start:stop]) + result[stop:]
            end = start
    _remembered.update(known)
    while len(_remembered) > _MOST_REMEMBERED:
        del _remembered[next(iter(_remembered))]
    return Redacted(
        text=result,
        secrets=tuple((shown, secret) for secret, shown in known.items() if len(shown) >= 8 or shown.startswith(_MARK)),
    )


def hidden(text: str) -> str:
    """``text`` without its secrets, for good: what goes to a model beside a document, or is kept.

    A secret of a document that was redacted before has the placeholder that it has there.
    """
    for secret, shown in tuple(_remembered.items()):
        if len(secret) >= 8 and secret in text:
            text = text.replace(secret, shown)
    return redact(text).text


def _filler(length: int, number: int) -> str:
    """``length`` characters that say what they are: ``REDACTED0001XXXX``."""
    if length >= 12:
        return f"REDACTED{number:04d}".ljust(length, "X")
    # Too short to be told from a word of the code: a sign that no code has.
    return f"{_MARK}{number:03d}".ljust(length, _MARK)[:length]


def _numbered(known: dict[str, str], body: str, secret: str) -> str:
    """The body of a PEM block with its number in the first line that has room for it."""
    mark = f"REDACTED{len(known) + 1:04d}"
    shown = re.sub(r"X{12}", mark, body, count=1)
    if shown == body:
        return body
    return known.setdefault(secret, shown)
