"""How a case went, and the file in the state folder that keeps it."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path

from forge_lsp.core.attempt import Attempt, Outcome
from forge_lsp.core.codec import decode, encode

__all__ = ["CaseResult", "Store"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """A case that was run, or (``skipped`` says why) could not be.

    ``allowed`` is how many attempts the job might take; ``right`` says of each attempt that ran whether its candidate
    passes the hidden tests (None: not known), ``offered_right`` that of the candidate that the job ended with.
    ``seconds`` is the job's wall time without the hidden tests, ``cost_usd`` what its ``calls`` cost.
    """

    id: str
    language: str
    fingerprint: str
    skipped: str | None = None
    outcome: str = ""
    reason: str = ""
    grade: str | None = None
    allowed: int = 0
    attempts: tuple[Attempt, ...] = ()
    right: tuple[bool | None, ...] = ()
    offered_right: bool | None = None
    offers: bool = False
    seconds: float = 0.0
    cost_usd: float = 0.0
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def accepted(self) -> bool:
        """Whether the job ended so."""
        return self.outcome == Outcome.ACCEPTED


class Store:
    """The results of one run: a file of JSON lines that only grows, so that whatever was kept survives an end of any
    kind. ``folder`` is that of the run."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "results.jsonl"
        self._known: dict[str, CaseResult] = {}

    def load(self) -> None:
        """Read what is kept; a line that cannot be read (the process ended within it) is left out."""
        try:
            lines = self.path.read_text("utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            try:
                result = decode(CaseResult, json.loads(line))
            except (ValueError, TypeError, KeyError):
                logger.warning("%s: a line of it cannot be read", self.path)
                continue
            self._known[result.id] = result

    def clear(self) -> None:
        """Forget all of it."""
        self._known.clear()
        self.path.unlink(missing_ok=True)

    def known(self, id_: str, fingerprint: str) -> CaseResult | None:
        """Return how a case went, if it had the same texts then."""
        result = self._known.get(id_)
        return result if result is not None and result.fingerprint == fingerprint else None

    def keep(self, result: CaseResult) -> None:
        """Add a result; it is on the disk afterwards. Raises OSError."""
        slim = replace(result, attempts=tuple(_slim(attempt) for attempt in result.attempts))
        self._known[result.id] = slim
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = json.dumps(encode(slim), ensure_ascii=False, separators=(",", ":"))
        torn = self.path.is_file() and not self.path.read_bytes().endswith(b"\n") and self.path.stat().st_size > 0
        with self.path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"\n{line}\n" if torn else f"{line}\n")
            file.flush()
            os.fsync(file.fileno())


def _slim(attempt: Attempt) -> Attempt:
    """Without the whole document, which the case's own texts give."""
    if attempt.candidate is None:
        return attempt
    return replace(attempt, candidate=replace(attempt.candidate, text=""))
