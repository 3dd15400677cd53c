"""What one attempt produces, stage by stage. Frozen values; each stage adds one."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from forge_lsp.core.checks import AGAINST, CheckResult, CheckStatus, Grade
from forge_lsp.core.errors import Cause
from forge_lsp.core.questions import Reply

__all__ = [
    "Agreement",
    "Attempt",
    "BuildReport",
    "BuildStatus",
    "Candidate",
    "Decision",
    "DecisionKind",
    "Diagnostic",
    "Evidence",
    "Example",
    "Expectation",
    "Insight",
    "InsightKind",
    "Issue",
    "Observation",
    "Outcome",
    "Replacement",
    "Review",
    "RunnerUp",
    "Severity",
    "ThinkingResult",
    "Verdict",
]


class Severity(StrEnum):
    """How bad a diagnostic or a reviewer's issue is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One problem that a checker, a compiler or the editor reported.

    ``file`` is relative to the workspace (POSIX separators), or the bare file name outside one.
    ``line`` and ``column`` count from 1; columns count code points. 0 means "not known".
    ``source`` names the tool, e.g. ``ruff``.
    """

    file: str
    line: int
    severity: Severity
    message: str
    code: str = ""
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    source: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" + (f":{self.column}" if self.column else "")
        code = f" [{self.code}]" if self.code else ""
        return f"{where}: {self.severity}{code}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingResult:
    """What the thinkers hand to the generator: approach, risks, and the signature to keep.

    ``strategy`` is the one that really ran, which a degradation may have made smaller than the one asked for.
    ``note`` is for people: whose plan won a vote.
    """

    text: str
    strategy: str
    models: tuple[str, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Code that one model wrote.

    ``code`` replaces the scope; ``imports`` are the lines it wants added to the file's imports;
    ``text`` is the whole document with both in place. ``model`` is a settings key; ``sample`` counts from 1.
    """

    code: str
    text: str
    model: str
    attempt: int
    sample: int = 1
    imports: tuple[str, ...] = ()


class BuildStatus(StrEnum):
    """What the build gate says of a candidate."""

    PASSED = "passed"
    FAILED = "failed"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What the compiler and type checker said.

    ``diagnostics`` holds only problems that the candidate brought in. For ``unverified``, ``reason`` says
    what could not run and ``remedy`` the command that fixes it. ``tool`` names what ran, e.g. ``ruff, ty``.
    """

    status: BuildStatus
    tool: str
    seconds: float = 0.0
    diagnostics: tuple[Diagnostic, ...] = ()
    reason: str | None = None
    remedy: str | None = None

    @property
    def compiled(self) -> bool | None:
        """True, False, or None where it could not be checked."""
        return {BuildStatus.PASSED: True, BuildStatus.FAILED: False, BuildStatus.UNVERIFIED: None}[self.status]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a call gave of which the user did not say what it should give.

    No proof by itself; it shows where candidates part. ``call`` is what was run, ``answer`` its value or exception
    (``raises ValueError``). ``source`` says where the call comes from: an example with another literal in it
    (``mutation``), several calls of examples (``sequence``), the same and then an attribute (``attribute``), a model
    that was shown two candidates (``model``), an example of a model that did not write (``committee``), the user
    (``answer``).
    """

    call: str
    answer: str
    source: str = "mutation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A call and what should come of it, by a model that has seen no candidate.

    ``value`` is text as :attr:`Observation.answer` writes it, ``author`` a settings key.
    """

    call: str
    value: str
    author: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """An example of a model that did not write the candidate, beside what the candidate gives."""

    author: str
    call: str
    value: str
    answer: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far a candidate behaves like those of other models: ``share`` (0-1) of ``points`` calls, the mean over
    ``models`` other models."""

    share: float
    models: int
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What running the candidate's checks showed. ``blocked`` says why nothing could be run at all (no sandbox).

    ``observed`` is there to compare candidates by; ``agreement`` is what came of that (None: nobody to compare with).
    ``committee`` are the examples of other models beside what it gives, ``merit`` is all that was run in one number,
    by which candidates are ranked (None: not known).
    ``doubt`` says in words why no proof of this candidate is believed: what it does on the path that was run could
    forge one. ``replies`` are the user's answers to questions beside what the candidate gives. ``grade`` is what stands
    behind it, once all is known (None: a check is failed, owed or disputed, or the user answered something else).
    """

    results: tuple[CheckResult, ...] = ()
    blocked: str | None = None
    remedy: str | None = None
    seconds: float = 0.0
    observed: tuple[Observation, ...] = ()
    agreement: Agreement | None = None
    committee: tuple[Expectation, ...] = ()
    merit: float | None = None
    doubt: str | None = None
    grade: Grade | None = None
    replies: tuple[Reply, ...] = ()

    def count(self, *statuses: CheckStatus) -> int:
        """Return how many results have one of ``statuses``."""
        return sum(result.status in statuses for result in self.results)

    @property
    def against(self) -> int:
        """How many checks are failed or owed."""
        return self.count(*AGAINST)

    @property
    def matched(self) -> int:
        """How many answers of the user's the candidate gives."""
        return sum(reply.agrees for reply in self.replies)

    @property
    def contradicted(self) -> int:
        """How many answers of the user's it contradicts."""
        return len(self.replies) - self.matched

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that occur, each once, in order of first appearance."""
        return tuple(dict.fromkeys(str(result.kind) for result in self.results))


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What a reviewer dislikes. ``line`` counts from 1 in the candidate's code; 0: none in particular."""

    severity: Severity
    message: str
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One member's word. ``score`` is 0-10, or None with the reason in ``abstained``. ``weight`` is as set."""

    model: str
    aspect: str
    weight: float
    score: float | None = None
    reasoning: str = ""
    issues: tuple[Issue, ...] = ()
    abstained: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The panel's word: ``score`` is None without a quorum, or where no panel was called.

    ``consensus`` says whether a panel that needs a weighted consensus reached it (None: it needs none, or has no
    quorum); ``note`` is for people: why there is no quorum or no consensus, who looked twice, who was not waited for.
    """

    panel: str
    score: float | None
    reviews: tuple[Review, ...] = ()
    note: str | None = None
    consensus: bool | None = None


class InsightKind(StrEnum):
    """Where an insight comes from, which is also its place in the next prompt."""

    FEEDBACK = "feedback"
    DIAGNOSTIC = "diagnostic"
    EVIDENCE = "evidence"
    QUESTION = "question"
    DIFFERENCE = "difference"
    REVIEW = "review"
    TRIED = "tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Insight:
    """One thing the next attempt should know. ``attempt`` is the one that taught it; 0: the user's own words."""

    kind: InsightKind
    text: str
    attempt: int


class DecisionKind(StrEnum):
    """What happens after an attempt."""

    ACCEPT = "accept"
    RETRY = "retry"
    GIVE_UP = "give_up"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens after an attempt, why, and what the next one should know.

    ``unverified`` marks an accept that a missing check keeps from counting as proven. ``remedy`` fixes what keeps the
    attempt from going on or from counting, where the machine or the settings do; it is in ``reason`` too. ``cause``
    tells programs why it was skipped.
    """

    kind: DecisionKind
    reason: str
    insights: tuple[Insight, ...] = ()
    unverified: bool = False
    remedy: str | None = None
    cause: Cause | None = None

    @property
    def words(self) -> str:
        """As people are told: ``accept``, ``give up``, ``unverified``."""
        return "unverified" if self.unverified else self.kind.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """``model`` gave no usable answer in its role (thinker, voter, reviewer, writer) twice, and ``by`` plays it for the
    rest of the job; None: no other model could, and the job went on without. ``reason`` is the last failure."""

    role: str
    model: str
    by: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerUp:
    """A candidate of an attempt that another of the same attempt was better than. ``answers`` are those in which the
    candidates of the job differ."""

    candidate: Candidate
    build: BuildReport
    evidence: Evidence = field(default_factory=Evidence)
    answers: tuple[Observation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt as it went. ``seconds`` is wall time; ``cost_usd`` what its calls cost.

    ``thought`` is what the thinkers handed on, None where nobody thought. ``replacements`` are those made in it.
    ``others`` compiled too and were not chosen, the best first; ``answers`` are the candidate's own as there.
    """

    number: int
    strategy: str
    thinkers: tuple[str, ...]
    generator: str
    samples: int
    panel: str
    decision: Decision
    seconds: float
    cost_usd: float
    candidate: Candidate | None = None
    build: BuildReport | None = None
    evidence: Evidence = field(default_factory=Evidence)
    verdict: Verdict | None = None
    skipped: str | None = None
    thought: ThinkingResult | None = None
    replacements: tuple[Replacement, ...] = ()
    others: tuple[RunnerUp, ...] = ()
    answers: tuple[Observation, ...] = ()


class Outcome(StrEnum):
    """How a job ended."""

    ACCEPTED = "accepted"
    UNVERIFIED = "unverified"
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"
    FAILED = "failed"

    def words(self, attempts: int) -> str:
        """What people are told of a job that took so many attempts: ``not accepted after 3 attempts``, ``accepted``."""
        if self is Outcome.EXHAUSTED:
            return f"not accepted after {attempts} attempt{'' if attempts == 1 else 's'}"
        return str(self)
