"""What the ensemble and the faces need from the rooms, as Protocols; app.py plugs the rooms in.

Every coroutine here may be cancelled at any await: it then closes what it opened (connections, children)
within 200 ms and lets the ``CancelledError`` through.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeAlias

from forge_lsp.domain.attempt import BuildReport, Candidate, Diagnostic, Evidence
from forge_lsp.domain.task import Document, Language, Scope, Task, TextEdit, TextRange

__all__ = [
    "Ask",
    "Box",
    "ChatModel",
    "ChatReply",
    "ChatRequest",
    "Clock",
    "Completion",
    "ConsentQuestion",
    "ContextGatherer",
    "Editing",
    "Finding",
    "FindingStatus",
    "FinishReason",
    "Item",
    "ItemKind",
    "Message",
    "ModelDirectory",
    "ModelInfo",
    "ModelStatus",
    "Outline",
    "ProcessResult",
    "PullProgress",
    "Role",
    "Sandbox",
    "Scoping",
    "Spending",
    "Syntax",
    "Timing",
    "Toolchain",
    "Tree",
    "Usage",
]

# ------------------------------------------------------------------ models


class Role(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn. ``cache`` marks the end of the text that other calls of the attempt share byte for byte."""

    role: Role
    text: str
    cache: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """What a model is asked, in no wire format.

    ``max_tokens`` bounds each sample's output. ``samples`` asks for that many independent answers, in one
    batch where the server can. ``schema`` is a bounded JSON schema that the answer must follow (thinking is then
    switched off where the server can). ``seed`` makes samples repeatable where the server can. An answer ends before
    any text of ``stop``.
    """

    system: str
    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.0
    samples: int = 1
    schema: Mapping[str, object] | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()


class FinishReason(StrEnum):
    """Why a model stopped: it was done, or it was cut off by the length limit."""

    STOP = "stop"
    LENGTH = "length"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One sample's text and why it ended."""

    text: str
    finish: FinishReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call, as the server counted them. ``cached_tokens`` were read from a prompt cache and
    ``cache_write_tokens`` written to one; both are contained in ``input_tokens``."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds of one call: waiting for a free place, loading the model, until the first token, in all."""

    queue: float = 0.0
    load: float = 0.0
    first_token: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReply:
    """A whole answer: one completion a sample, in order."""

    completions: tuple[Completion, ...]
    usage: Usage
    timing: Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """What the ensemble may know of a model.

    ``key`` is its settings key, ``name`` what its server calls it, ``server`` the server's settings key,
    ``context`` its context length in tokens. ``off_machine``: the server is not on loopback. ``toy``: scores
    of this model mean nothing (the small embedded one).
    """

    key: str
    name: str
    server: str
    provider: str
    context: int
    paid: bool = False
    off_machine: bool = False
    toy: bool = False


class ChatModel(Protocol):
    """One model on one server, with its deadlines, its queue and its circuit breaker already around it."""

    @property
    def info(self) -> ModelInfo: ...

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Ask and wait for the whole answer (streamed underneath, so that a cancel frees the server at once).

        Raises a :class:`~forge_lsp.domain.errors.ModelError`.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """One row of ``forge.models``. Sizes in bytes; ``resident`` None where the server does not tell.

    ``problem`` says why the model cannot be used, ``remedy`` the command that mends it.
    """

    info: ModelInfo
    installed: bool
    resident: bool | None = None
    size: int | None = None
    size_vram: int | None = None
    problem: str | None = None
    remedy: str | None = None

    def to_json(self) -> dict[str, object]:
        """One row of ``forge.models`` and ``forge-lsp models --json``, keys in camelCase."""
        return {
            "key": self.info.key,
            "name": self.info.name,
            "server": self.info.server,
            "provider": self.info.provider,
            "context": self.info.context,
            "paid": self.info.paid,
            "offMachine": self.info.off_machine,
            "toy": self.info.toy,
            "installed": self.installed,
            "resident": self.resident,
            "size": self.size,
            "sizeVram": self.size_vram,
            "problem": self.problem,
            "remedy": self.remedy,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PullProgress:
    """A model being fetched: bytes done and in all (0: not known yet)."""

    status: str
    completed: int = 0
    total: int = 0


class ModelDirectory(Protocol):
    """All models of the settings."""

    def get(self, key: str) -> ChatModel:
        """The model of that settings key. Raises KeyError: settings are validated before this."""
        ...

    async def unavailable(self, key: str) -> str | None:
        """Why a call to this model cannot succeed now (not installed, no key), with the remedy; None: it can.

        Cheap and cached for a few seconds; makes no model call. Raises ServerUnreachable when the model's whole
        server is down, which is a fault of the environment rather than of one rung.
        """
        ...

    async def statuses(self) -> tuple[ModelStatus, ...]:
        """Every model with where it is."""
        ...

    def pull(self, key: str) -> AsyncIterator[PullProgress]:
        """Fetch a model where its server can. Raises ModelError, with what to do instead where it cannot."""
        ...

    async def aclose(self) -> None:
        """Close all connections and child processes."""
        ...


# ------------------------------------------------------------------ money and consent


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentQuestion:
    """Asked before the first paid or off-machine call of a workspace."""

    server: str
    provider: str
    address: str
    paid: bool
    estimate_usd: float


Ask: TypeAlias = Callable[[ConsentQuestion], Awaitable[bool]]
"""How a face asks its user. True only for an explicit yes; no support, no answer, a closed window: False."""


class Spending(Protocol):
    """One job's purse. Local unpaid models pass through it untouched, at 0 USD."""

    async def admit(self, model: ModelInfo, *, input_tokens: int, output_tokens: int) -> float:
        """Reserve the estimate of one call (USD) and return it, asking the user first where that is due.

        ``output_tokens`` is the most the call can write, over all samples.
        Raises ConsentRefused or BudgetExceeded: the call must then not be sent.
        """
        ...

    def settle(self, model: ModelInfo, reserved: float, usage: Usage | None) -> float:
        """Replace a reservation by what the call cost (USD) and return that.

        ``usage`` None: the call failed or was cancelled and the server did not say; the estimate of what had
        been sent by then stays booked for a paid model.
        """
        ...


# ------------------------------------------------------------------ source


class ItemKind(StrEnum):
    """What stands at the top level of a piece of code, or directly in a class."""

    IMPORT = "import"
    FUNCTION = "function"
    CLASS = "class"
    ASSIGNMENT = "assignment"
    COMMENT = "comment"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One statement or declaration. ``range`` includes its decorators, attributes and doc comment.

    ``name`` is what it defines; ``parameters`` a callable's parameter names, receiver included; ``body`` the
    range of its body where it has one; ``stub`` says that the body does nothing yet (``pass``, ``...``, a
    docstring alone, ``throw new NotImplementedException()``, a TODO). ``children`` are a class's own items.
    """

    kind: ItemKind
    range: TextRange
    name: str | None = None
    parameters: tuple[str, ...] | None = None
    signature: str | None = None
    body: TextRange | None = None
    stub: bool = False
    children: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The top-level items of a text, in order. ``errors`` are ranges that do not parse; () means clean syntax."""

    items: tuple[Item, ...]
    errors: tuple[TextRange, ...] = ()


class Syntax(Protocol):
    """Parsing without running (tree-sitter)."""

    def outline(self, text: str, language: Language) -> Outline:
        """The structure of ``text``. A fragment (a method without its class) is parsed as well as can be.

        Python methods may come indented: callers dedent first.
        """
        ...


class Scoping(Protocol):
    """From where the cursor is to what is to be replaced."""

    def scope(self, document: Document, selection: TextRange | None) -> Scope:
        """``selection`` None: the whole file. Empty, or within one line: a cursor. More: whole lines."""
        ...

    def instruction(
        self, document: Document, scope: Scope, words: str | None, diagnostics: tuple[Diagnostic, ...]
    ) -> str:
        """The user's words, or a sentence made from the scope and the diagnostics."""
        ...


class ContextGatherer(Protocol):
    """What to show the models of the code around the task."""

    async def gather(self, task: Task, *, tokens: int) -> str:
        """Markdown of at most about ``tokens`` tokens: rules files, the document with the scope marked, imports,
        neighbours, diagnostics. The same task and budget give the same bytes. Ignored files, ``.env*``, keys
        and files outside the workspace never occur in it."""
        ...

    def files_sent(self, task: Task, *, tokens: int) -> tuple[str, ...]:
        """Workspace-relative names of the files whose text :meth:`gather` includes, for the report."""
        ...


class Editing(Protocol):
    """Pure work on texts."""

    def finish(self, task: Task, code: str) -> str:
        """``code`` with what models leave out and users want kept: a definition's comments, decorators, docstrings,
        and secrets that were hidden from the models. It is what replaces the scope, but for its indentation."""
        ...

    def splice(self, task: Task, code: str, imports: Sequence[str]) -> str:
        """The document's text with ``code`` in the scope's place and ``imports`` merged into the file's imports.

        ``code`` comes with any indentation and line ending; the result has the document's own.
        """
        ...

    def minimal(self, before: str, after: str) -> tuple[TextEdit, ...]:
        """Small, ordered, non-overlapping edits that turn ``before`` into ``after``."""
        ...

    def merge(self, base: str, ours: str, theirs: str) -> str:
        """3-way merge by lines. Raises EditConflict."""
        ...


# ------------------------------------------------------------------ checking


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What one check sees: the folder ``source`` (None: an empty one), with ``files`` laid over it.

    ``name`` is the folder's name where there is no source. Keys of ``files`` are relative; values whole contents
    (None: the file is absent). The user's own folder is never written to.
    """

    source: Path | None
    files: Mapping[PurePosixPath, bytes | None]
    name: str = "project"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessResult:
    """How a command ended. ``code`` is negative for a signal; outputs are bounded, ``truncated`` says if cut."""

    code: int
    stdout: bytes
    stderr: bytes
    seconds: float
    timed_out: bool = False
    truncated: bool = False


class Box(Protocol):
    """A temp copy of a project inside a sandbox; what commands write in it stays until it is closed."""

    @property
    def root(self) -> Path:
        """Where the commands see the tree."""
        ...

    async def run(
        self,
        command: Sequence[str],
        *,
        timeout: float,
        env: Mapping[str, str] | None = None,
        readable: Sequence[Path] = (),
        loopback: bool = False,
        stdin: bytes = b"",
    ) -> ProcessResult:
        """Run a command in the tree with a clean environment plus ``env``, no network (``loopback``: the box's own
        ``lo`` only), and the named host folders readable. ``timeout`` in seconds; nothing outlives it.

        Raises SandboxUnavailable when the sandbox itself fails, ToolMissing when the program is not there.
        """
        ...

    def read(self, path: PurePosixPath) -> bytes | None:
        """A file that a command wrote, or None."""
        ...


class Sandbox(Protocol):
    """A way to run commands on a temp copy of a project."""

    @property
    def kind(self) -> str:
        """``bubblewrap``, ``landlock``, ``seatbelt``, ``off`` (the user's consent) or ``none``."""
        ...

    @property
    def runs_project_code(self) -> bool:
        """False for ``none``: then only parsers and type checkers may run."""
        ...

    @property
    def remedy(self) -> str | None:
        """For ``none``: the command that makes a sandbox work on this machine."""
        ...

    def open(self, tree: Tree) -> AbstractAsyncContextManager[Box]:
        """A fresh temp copy. Removed on exit, also after a cancel."""
        ...


class Toolchain(Protocol):
    """Compiling, type-checking and running one language."""

    async def build(self, task: Task, text: str) -> BuildReport:
        """Check ``text`` in the place of the task's document, open buffers laid over the disk.

        Problems that the untouched tree has too are not reported. Never raises for a fault of the environment:
        that is ``unverified``.
        """
        ...

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """Run what the *user's* text (the document before the candidate, the instruction) offers as proof.

        Ids are stable across the candidates of one task. ``blocked`` where no code may be run here.
        """
        ...


# ------------------------------------------------------------------ health and time


class FindingStatus(StrEnum):
    """How a finding of the doctor is to be read."""

    OK = "ok"
    ABSENT = "absent"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of ``forge-lsp doctor``. ``remedy`` is a command or a step; None when there is nothing to mend.

    ``required``: without it the main job cannot run.
    """

    name: str
    status: FindingStatus
    detail: str
    remedy: str | None = None
    required: bool = False
    facts: Mapping[str, object] = field(default_factory=dict[str, object])


class Clock(Protocol):
    """Time, so that tests can hold it."""

    def now(self) -> datetime:
        """An aware UTC time."""
        ...

    def monotonic(self) -> float:
        """Seconds, for durations."""
        ...
