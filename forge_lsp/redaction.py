"""Secrets in text: replaced before it is shown to a model, put back when the model's code lands.

A placeholder has the length and the prefix of the secret, so that the code around it keeps its shape, and a number,
so that each placeholder of a text stands for one secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from forge_lsp.secret_rules import secrets_in
from forge_lsp.text_words import Folded, Words, folded, merged

__all__ = ["Pairs", "Redacted", "blotted", "hidden", "placeholders", "redact", "restored"]

_SHAPES = re.compile(
    r"""
    -----BEGIN\ (?P<label>[A-Z0-9\ ]*PRIVATE\ KEY(?:\ BLOCK)?)-----(?P<pem>.*?)(?=-----END\ |\Z)
    | (?<![A-Za-z0-9])(?P<prefix>
        AKIA | ASIA | AIza | ya29\. | ghp_ | gho_ | ghu_ | ghs_ | ghr_ | github_pat_ | glpat- | npm_ | pypi- | hf_
        | xox[abeoprs]- | sk-ant- | sk-proj- | sk-or- | sk- | sk_live_ | sk_test_ | rk_live_ | whsec_ | SG\. | dop_v1_
      )(?P<token>[A-Za-z0-9_\-./+=]{14,})
    | (?P<jwt>(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})
    | (?<=://)(?P<user>[^\s/:@'"]{1,64}):(?P<password>[^\s/@'"{}<>$%]{3,128})(?=@)
    | (?P<name>(?<![\w-])[\w-]{0,80}
        (?:password|passwd|secret|api_?key|access_?key|auth_?token|private_?key)[\w-]{0,80}["']?\s{0,20}
        [:=]{1,2}\s{0,20}[rbRB]?)(?P<quote>["'])(?P<value>(?=[^"'\s]*[0-9])(?=[^"'\s]*[A-Za-z])[A-Za-z0-9+/=_.~!@\#%^&*-]{16,})(?P=quote)
    """,
    re.X | re.S | re.I,
)
_KEY, _ADDRESS = "-----begin ", "://"
_TOKENS = (
    *("akia", "asia", "aiza", "ya29.", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "npm_"),
    *("pypi-", "hf_", "xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "sk-", "sk_live_", "sk_test_"),
    *("rk_live_", "whsec_", "sg.", "dop_v1_", "eyj"),
)
_NAMES = (
    *("password", "passwd", "secret", "api_key", "apikey", "access_key", "accesskey", "auth_token", "authtoken"),
    *("private_key", "privatekey"),
)
_WORDS = Words((_KEY, _ADDRESS, *_TOKENS, *_NAMES))
"""One of them stands in whatever :data:`_SHAPES` matches."""
_TO_THE_END = re.compile(r"\S*")
_LEAD, _ROOM = 81, 130  # characters before the word in a name, and after it up to the value
# The prefixes of tokens are case-sensitive: "SK-" in prose or a shelf mark is none.
_EXACT_CASE = re.compile(
    r"AKIA|ASIA|AIza|ya29\.|gh[pousr]_|github_pat_|glpat-|npm_|pypi-|hf_|xox[abeoprs]-|sk-|[sr]k_(?:live|test)_|whsec_|SG\.|dop_v1_"
)


_BLOT = "[secret]"
_NAMED = (
    (
        re.compile(
            r"(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_|glpat-|npm_|pypi-|hf_|xox[abeoprs]-|[sprk]k[-_])[\w\-]{8,}",
        ),
        "",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/\-]{8,}=*"), r"\1 "),
    (
        re.compile(
            r"(?i)(?<![\w\-])([\w\-]{0,80}(?:api[_-]?key|token|secret|password|authorization)[\"']?\s{0,20}[:=]\s{0,20}[\"']?)"
            r"(?!(?:bearer|basic)\b)[^\s\"',}]{6,}"
        ),
        r"\1",
    ),
    (re.compile(r"(?i)(https?://)[^/\s:@]{1,256}:[^/\s@]{1,512}(?=@)"), r"\1"),
)
"""What is named like a secret, whatever its shape; what the first group holds stays."""

_MARK = "\u00a4"
_SHOWN = re.compile(rf"REDACTED\d{{4}}|{_MARK}\d")
_WHOLE = re.compile(rf"REDACTED\d{{4}}X*|{_MARK}\d{{1,3}}{_MARK}*")
_LEAST_KNOWN = 8
"""Characters of a secret that is looked for again wherever it stands; a shorter one may be a word of the code."""

Pairs: TypeAlias = tuple[tuple[str, str], ...]
"""(placeholder, secret), in the order in which they were found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """``text`` without its secrets; ``secrets`` holds (placeholder, secret) pairs and never shows in a repr."""

    text: str
    secrets: Pairs

    def __repr__(self) -> str:
        return f"Redacted({len(self.text)} characters, {len(self.secrets)} secrets)"

    def restore(self, code: str) -> str:
        """``code`` with each placeholder replaced by its secret again."""
        return restored(code, self.secrets)


def restored(code: str, secrets: Pairs) -> str:
    """``code`` with each placeholder of ``secrets`` replaced by its secret."""
    for placeholder, secret in secrets:
        code = code.replace(placeholder, secret)
    return code


def placeholders(text: str) -> frozenset[str]:
    """The placeholders that stand in ``text``."""
    return frozenset(found[0] for found in _WHOLE.finditer(text))


def redact(text: str, known: Pairs = ()) -> Redacted:
    """Replace what looks like a key, a token or a password. The same text gives the same placeholders.

    Lines and code points stay where they are: every placeholder is as long as its secret. ``known`` are the secrets of
    another text that stands beside this one: they have the placeholders that they have there, wherever they stand, and
    none of them is given to another secret. The result's ``secrets`` are those of this text alone.
    """
    return _Redaction(known).of(text)


def hidden(text: str, known: Pairs = ()) -> str:
    """``text`` without its secrets, for good: what goes to a model beside a document, or is kept."""
    return _Redaction(known).of(text).text


def blotted(text: str) -> str:
    """``text`` without its secrets for people to read, each as ``[secret]``: log lines and messages. Here everything
    counts that is named like a secret, since no code has to keep its shape."""
    text = _WHOLE.sub(_BLOT, redact(text).text)
    for pattern, kept in _NAMED:
        text = pattern.sub(kept + _BLOT, text)
    return text


class _Redaction:
    """One pass over a text."""

    def __init__(self, known: Pairs) -> None:
        self._known = {secret: shown for shown, secret in known}

    def of(self, text: str) -> Redacted:
        before = tuple(self._known.items())
        parts: list[str] = []
        at = 0
        words = folded(text)
        for start, stop in _likely(words):
            for match in _SHAPES.finditer(text, start, stop):
                parts += (text[at : match.start()], self._replaced(match))
                at = match.end()
        if parts:
            parts.append(text[at:])
        result, words = ("".join(parts), folded("".join(parts))) if parts else (text, words)
        end = len(result)
        for start, stop in sorted(secrets_in(result, words), key=lambda span: (-span[1], span[0])):
            if stop <= end:  # of two that overlap the one that ends last
                result = result[:start] + self._placeholder(result[start:stop]) + result[stop:]
                end = start
        # Last and the longest first: a token that begins with another secret is replaced as a whole.
        for secret, shown in sorted(before, key=lambda pair: -len(pair[0])):
            if len(secret) >= _LEAST_KNOWN and secret in result:
                result = result.replace(secret, shown)
        found = [(shown, secret) for secret, shown in self._known.items()][len(before) :]
        return Redacted(
            text=result,
            secrets=tuple(pair for pair in found if len(pair[0]) >= 8 or pair[0].startswith(_MARK)),
        )

    def _placeholder(self, secret: str) -> str:
        if _SHOWN.search(secret) is not None:
            return secret  # it is one of ours
        if secret not in self._known:
            self._known[secret] = _filler(len(secret), len(self._known) + 1)
        return self._known[secret]

    def _replaced(self, match: re.Match[str]) -> str:
        whole = match.group()
        if match["pem"] is not None and _SHOWN.search(match["pem"]) is not None:
            return whole
        if match["pem"] is not None:
            body = "".join(c if c in "\r\n" else "X" for c in match["pem"])
            return f"-----BEGIN {match['label']}-----" + _numbered(self._known, body, match["pem"])
        if match["prefix"] is not None:
            if not _EXACT_CASE.match(match["prefix"]) or not re.search(r"[0-9]", match["token"]):
                return whole
            return match["prefix"] + self._placeholder(match["token"])
        if match["jwt"] is not None:
            return self._placeholder(whole)
        if match["password"] is not None:
            return f"{match['user']}:{self._placeholder(match['password'])}"
        return f"{match['name']}{match['quote']}{self._placeholder(match['value'])}{match['quote']}"


def _likely(text: Folded) -> Iterator[tuple[int, int]]:
    """The stretches of a text outside of which :data:`_SHAPES` matches nothing: tried at each character, it would take
    far longer."""
    lower = text.lower
    spans: list[tuple[int, int]] = []
    for word in _WORDS.held(text):
        if word == _KEY:
            spans.append((lower.index(word), len(lower)))
            continue
        lead, room = (_LEAD, len(word) + _ROOM) if word in _NAMES else (0, 0)
        anywhere = lead > 0 or word == _ADDRESS
        at, stop = lower.find(word), -1
        while at >= 0:
            if anywhere or at == 0 or not (lower[at - 1].isascii() and lower[at - 1].isalnum()):
                if at + room >= stop:  # else the word without spaces that follows was followed before
                    reach = _TO_THE_END.match(lower, min(at + room, len(lower)))
                    stop = reach.end() if reach is not None else len(lower)
                spans.append((max(0, at - lead), stop))
            at = lower.find(word, at + 1)
    return merged(spans)


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
