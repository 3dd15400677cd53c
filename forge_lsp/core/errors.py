"""Every error that forge-lsp raises on purpose.

ForgeError
├── SettingsError            a setting is unknown or wrong: names the key path and its source
├── EnvironmentFault         this machine lacks something: carries the command that fixes it
│   ├── SandboxUnavailable   no way to run generated code safely
│   └── ToolMissing          no SDK, compiler or checker
├── ModelError               one call to one model went wrong
│   ├── ServerUnreachable    refused, no route, connect deadline: the server is not there
│   ├── ModelMissing         the server does not have the model: carries the pull command
│   ├── Unauthorised         no key, or the key was refused
│   ├── ServerBusy           429, 503, 529 after the retries
│   ├── DeadlineExceeded     connect, load, first token, between tokens or total
│   ├── BrokenStream         the answer ended without its end
│   ├── Rambling             endless whitespace or repetition
│   ├── PromptTooLong        the prompt does not fit the model's context
│   └── ModelFault           any other answer of a server that says "error"
├── SpendingRefused          a paid or off-machine call may not be made
│   ├── ConsentRefused       the user said no, or could not be asked
│   └── BudgetExceeded       the estimate does not fit the budget
├── ExtractionFailed         a model's answer holds no usable code
├── EditConflict             the document moved on, in the scope itself
├── JobUnknown               no job of that id
└── BadRequest               the caller's words make no sense: says what to write instead
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

__all__ = [
    "BadRequest",
    "BrokenStream",
    "BudgetExceeded",
    "Cause",
    "ConsentRefused",
    "DeadlineExceeded",
    "EditConflict",
    "EnvironmentFault",
    "ExtractionFailed",
    "ForgeError",
    "JobUnknown",
    "ModelError",
    "ModelFault",
    "ModelMissing",
    "PromptTooLong",
    "Rambling",
    "SandboxUnavailable",
    "ServerBusy",
    "ServerUnreachable",
    "SettingsError",
    "SpendingRefused",
    "ToolMissing",
    "Unauthorised",
]


class Cause(StrEnum):
    """Why something was not done, where a program has to treat that in its own way."""

    CONSENT = "consent"
    """The user did not allow the use of a paid or off-machine model, or nobody was there to be asked."""


class ForgeError(Exception):
    """Root of the tree. ``str(error)`` is a sentence for the user, free of secrets.

    ``remedy`` is the command or the step that fixes it, or None where there is none to name. ``cause`` None: programs
    need not tell it from other errors.
    """

    cause: ClassVar[Cause | None] = None

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy

    @property
    def full_message(self) -> str:
        """The sentence, followed by the remedy where there is one."""
        return f"{self} - {self.remedy}" if self.remedy else str(self)


class SettingsError(ForgeError):
    """A setting is unknown or has a wrong value. ``problems`` are lines ``key.path (source): what is wrong``, at most
    twenty of them, each of at most 500 characters: a file of a repository may have any number."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        shown = [problem if len(problem) <= 500 else f"{problem[:499]}…" for problem in problems[:20]]
        if len(problems) > len(shown):
            shown.append(f"and {len(problems) - len(shown)} more")
        self.problems = tuple(shown)
        super().__init__("; ".join(shown))


class EnvironmentFault(ForgeError):
    """This machine lacks something. It never counts against a candidate and never climbs the ladder."""


class SandboxUnavailable(EnvironmentFault):
    """No sandbox works on this machine, and the user's settings do not allow going without."""


class ToolMissing(EnvironmentFault):
    """A compiler, an SDK or a checker is not installed."""


class ModelError(ForgeError):
    """One call to one model went wrong."""


class ServerUnreachable(ModelError):
    """Nothing answers at the server's address."""


class ModelMissing(ModelError):
    """The server answers, but does not have the model."""


class Unauthorised(ModelError):
    """The key is absent, or the server refused it."""


class ServerBusy(ModelError):
    """The server asked us to come back later, and the retries are used up."""


class DeadlineExceeded(ModelError):
    """A deadline of ``[deadlines]`` passed. ``deadline`` is its settings key, e.g. ``first_token``."""

    def __init__(self, message: str, *, deadline: str, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.deadline = deadline


class BrokenStream(ModelError):
    """The stream ended, or the connection broke, before the server said that the answer was done.

    ``written`` is how many tokens had come by then; a provider charges for them.
    """

    written: int = 0


class Rambling(ModelError):
    """The model repeats itself or writes whitespace without end; the call was closed."""


class PromptTooLong(ModelError):
    """The prompt does not fit the model's context length."""


class ModelFault(ModelError):
    """Any other error that a model server reported."""


class NoAnswer(ModelFault):
    """The model was asked twice, the second time in another way, and both answers were empty."""


class SpendingRefused(ForgeError):
    """A paid or off-machine call may not be made."""


class ConsentRefused(SpendingRefused):
    """The user said no, or could not be asked."""

    cause = Cause.CONSENT


class BudgetExceeded(SpendingRefused):
    """The call's estimate does not fit what is left of a budget."""


class ExtractionFailed(ForgeError):
    """A model's answer holds no usable code. ``truncated`` says that it was cut off by the length limit."""

    def __init__(self, message: str, *, truncated: bool = False) -> None:
        super().__init__(message)
        self.truncated = truncated


class EditConflict(ForgeError):
    """The document changed inside the scope while the job ran; nothing is applied."""


class JobUnknown(ForgeError):
    """No job has that id."""


class BadRequest(ForgeError):
    """A request of a front end makes no sense."""
