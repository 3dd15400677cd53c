"""Which question is worth the user's time, and the answers that are offered. Pure.

Asked is where candidates of two models that are equally good by all that the user has said give different answers to a
call, or where candidates agree against a check of the user's. The weights were chosen on recorded answers, so that few
questions are silly.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from forge_lsp.core.attempt import Observation
from forge_lsp.core.checks import CheckResult
from forge_lsp.core.questions import Choice, Question
from forge_lsp.ensemble.values import canonical, returns

__all__ = ["MOST_CHOICES", "AskedCandidate", "question_of"]

MOST_CHOICES = 4
_TRUST: Mapping[str, float] = {"example": 0.6, "attribute": 0.4, "model": 0.35, "sequence": 0.3}
"""By where a call comes from: how much more likely the user knows what it should give than for a changed literal."""
_RAISING = 0.6
_CHARACTER = 0.002
_LONGEST = 300
_ODD = re.compile(r"[^\x20-\x7e\n]|\\|\d{10}")
_ODD_COSTS = 0.5
_PROMPT = re.compile(r"^[ \t]*(?:>>>|\.\.\.) ?", re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedCandidate:
    """A candidate as far as it matters here.

    ``model`` is what wrote it, under one name on whatever server; ``keys`` are the settings keys of all models that
    wrote the same. ``passed`` and ``failed`` count the user's examples, ``agreement`` is the share of calls that it
    answers as other models' candidates do, ``contradicted`` the answers of the user's that it does not give.
    ``answers`` are its answers by call, ``disputed`` the checks that candidates agree against, with what it gives.
    """

    model: str
    keys: tuple[str, ...]
    passed: int = 0
    failed: int = 0
    contradicted: int = 0
    agreement: float = 0.0
    answers: Mapping[str, Observation] = field(default_factory=dict[str, Observation])
    disputed: tuple[tuple[CheckResult, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Split:
    """A call that voices answer differently. ``answers`` are (what it gives, weight, voice)."""

    call: str
    source: str
    answers: tuple[tuple[str, float, AskedCandidate], ...]


def question_of(
    voices: Sequence[AskedCandidate], *, id_: str, attempt: int, asked: Set[str] = frozenset(), examples: bool = True
) -> Question | None:
    """Return the question with the largest value, None where nothing should be asked.

    ``asked`` are the calls that were asked about. ``examples``: the user wrote some that were run; where there are
    none, samples of one model may be asked about too.
    """
    least = min((voice.contradicted for voice in voices), default=0)
    alive = [voice for voice in voices if voice.contradicted == least and not voice.failed]
    disputed = _disputed(alive, id_=id_, attempt=attempt, asked=asked)
    if disputed is not None:
        return disputed
    weights = _weights(alive)
    total = sum(weights)
    models = {voice.model for voice in alive}
    if len(alive) < 2 or (len(models) == 1 and examples):
        return None
    best: tuple[float, _Split] | None = None
    for split in _splits(alive, weights, asked):
        if not _parts(split, several=len(models) > 1):
            continue
        value = _value(split, total)
        if value is not None and value > 0 and (best is None or value > best[0]):
            best = (value, split)
    if best is None:
        return None
    split = best[1]
    return Question(id=id_, call=split.call, choices=_choices(split), source=split.source, attempt=attempt)


def _weights(voices: Sequence[AskedCandidate]) -> list[float]:
    samples = Counter(voice.model for voice in voices)
    return [
        (0.15 + (voice.passed / (voice.passed + voice.failed) if voice.passed + voice.failed else 0.5))
        * (0.3 + voice.agreement)
        / math.sqrt(samples[voice.model])
        for voice in voices
    ]


def _splits(voices: Sequence[AskedCandidate], weights: Sequence[float], asked: Set[str]) -> list[_Split]:
    """Every call that more than one voice answers and nobody was asked about, in the order in which they came up."""
    found: dict[str, list[tuple[Observation, float, AskedCandidate]]] = {}
    for voice, weight in zip(voices, weights, strict=True):
        for call, seen in voice.answers.items():
            if call not in asked:
                found.setdefault(call, []).append((seen, weight, voice))
    return [
        _Split(
            call=call, source=seen[0][0].source, answers=tuple((one.answer, weight, who) for one, weight, who in seen)
        )
        for call, seen in found.items()
        if len(seen) > 1
    ]


def _parts(split: _Split, *, several: bool) -> bool:
    """Whether voices, of two models where there are ``several``, give different answers."""
    seen = [(canonical(answer), voice.model) for answer, _, voice in split.answers]
    return any(one[0] != other[0] and (one[1] != other[1] or not several) for one in seen for other in seen)


def _value(split: _Split, total: float) -> float | None:
    """Return what the answer to a call is worth; None: it is not worth asking, since most of them raise."""
    shares: dict[str, float] = {}
    answering = sum(weight for _, weight, _ in split.answers)
    for answer, weight, _ in split.answers:
        key = canonical(answer)
        shares[key] = shares.get(key, 0.0) + weight / answering
    raising = sum(share for key, share in shares.items() if not returns(key))
    if raising > 0.5:
        return None
    entropy = -sum(share * math.log(share) for share in shares.values())
    return (
        entropy * answering / total
        - _RAISING * raising
        - _CHARACTER * min(len(split.call), _LONGEST)
        - (_ODD_COSTS if _ODD.search(split.call) else 0.0)
        + _TRUST.get(split.source, 0.0)
    )


def _choices(split: _Split, first: str | None = None) -> tuple[Choice, ...]:
    """The distinct answers by weight, at most :data:`MOST_CHOICES`; ``first`` is among them in any case."""
    texts: dict[str, str] = {}
    weights: dict[str, float] = {}
    models: dict[str, dict[str, None]] = {}
    for answer, weight, voice in split.answers:
        key = canonical(answer)
        texts.setdefault(key, answer)
        weights[key] = weights.get(key, 0.0) + weight
        models.setdefault(key, {}).update(dict.fromkeys(voice.keys))
    if first is not None:
        texts.setdefault(canonical(first), first)
        weights[canonical(first)] = math.inf
    order = sorted(texts, key=lambda key: -weights[key])
    return tuple(Choice(value=texts[key], models=tuple(models.get(key, ()))) for key in order[:MOST_CHOICES])


def _disputed(voices: Sequence[AskedCandidate], *, id_: str, attempt: int, asked: Set[str]) -> Question | None:
    """Return the question about the check that most models agree against, None where none is disputed."""
    weights = _weights(voices)
    found: dict[str, tuple[CheckResult, list[tuple[str, float, AskedCandidate]]]] = {}
    for voice, weight in zip(voices, weights, strict=True):
        for result, given in voice.disputed:
            if result.id not in asked and result.expected.strip():
                found.setdefault(result.id, (result, []))[1].append((given, weight, voice))
    if not found:
        return None
    result, answers = max(found.values(), key=lambda entry: len({voice.model for _, _, voice in entry[1]}))
    call = _PROMPT.sub("", result.source.strip())
    split = _Split(call=call, source="example", answers=tuple(answers))
    expected = result.expected.strip()
    return Question(
        id=id_,
        call=split.call,
        choices=_choices(split, first=expected),
        source=split.source,
        attempt=attempt,
        line=result.line,
        check=result.id,
        expected=expected,
    )
