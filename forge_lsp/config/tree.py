"""The typed tree of all settings. Every docstring below is the setting's help text and part of the JSON schema.

Units: seconds, USD, tokens. Where the values come from is sources.py's business.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, field_serializer, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from forge_lsp.core.addresses import masked, ollama_address, web_address
from forge_lsp.core.languages import Language, Languages
from forge_lsp.ensemble.schedule import Ladder, Reviewer, Row
from forge_lsp.languages.registry import BUILT_IN, languages

__all__ = [
    "Accept",
    "Apply",
    "Ask",
    "Budget",
    "Check",
    "Consent",
    "Deadlines",
    "Evidence",
    "Fleet",
    "LanguageCheck",
    "Lens",
    "Model",
    "NewLanguage",
    "Price",
    "Server",
    "Settings",
    "State",
]

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Usd = Annotated[float, Field(ge=0)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Server(_Table):
    """An endpoint that answers model calls."""

    kind: Literal["ollama", "openai", "anthropic", "embedded"]
    """The wire format: an Ollama server, any OpenAI-compatible one, Anthropic's Messages API, or the embedded model."""
    url: str | None = None
    """Base URL. Default: OLLAMA_HOST for ollama, ANTHROPIC_BASE_URL for anthropic; not used by embedded."""
    parallel: Annotated[int, Field(ge=1, le=64)] = 1
    """How many calls it answers at once."""
    gpu: str | None = None
    """UUID of the GPU this server runs on, where known."""
    memory: Annotated[float, Field(gt=0, le=4096)] | None = None
    """GB of memory of that GPU, if no driver on this machine reports it (a remote server, a GPU of another make)."""
    key_env: str | None = None
    """Name of the environment variable that holds the key (default for anthropic: ANTHROPIC_API_KEY)."""
    paid: bool | None = None
    """Whether calls cost money; such calls need consent and budget. Default: true for anthropic, false for all
    others."""
    local: bool | None = None
    """false: a gateway on this machine that forwards the text (a proxy, a tunnel, a linked device), so calls need
    consent. true: a host of your own, which needs none. Default: true for a loopback address, unless the server reports
    that it forwards the text. Ollama's cloud models always need consent."""

    @model_validator(mode="after")
    def _url_that_is_one(self) -> Server:
        if self.kind == "openai" and not self.url:
            raise ValueError("an openai server needs `url`, e.g. http://127.0.0.1:8080/v1")
        if self.url:
            found = ollama_address(self.url) if self.kind == "ollama" else web_address(self.url)
            if found.problem is not None:
                raise ValueError(f"`url` is not an address: {found.problem}")
        return self

    @field_serializer("url")
    def _shown(self, url: str | None) -> str | None:
        """A user and a password in it are nobody's business."""
        return None if url is None else masked(url)

    @property
    def costs(self) -> bool:
        """Whether its calls cost money."""
        return self.kind == "anthropic" if self.paid is None else self.paid


class Model(_Table):
    """A model on a server."""

    server: str
    """Settings key of its server."""
    name: str
    """The model's name on the server. For the embedded server: `smollm2` (the packaged one) or the path of a GGUF
    file."""
    context: Annotated[int, Field(ge=512, le=4_194_304)] = 8192
    """Context length in tokens."""
    think: Literal["auto", "off", "low", "medium", "high"] = "auto"
    """How much it thinks before it answers, if the model can be told. auto: it thinks when it writes again after a
    failure, and not for plans, reviews and votes. A model that always thinks gets tokens for it in every case."""
    think_for: dict[Literal["write", "plan", "review"], Literal["auto", "off", "low", "medium", "high"]] = {}
    """The same for one role: write (code), plan, or review (votes included). Takes precedence over `think`."""


class Accept(_Table):
    """When a candidate is good enough."""

    rule: Literal["score", "evidence", "never"] = "score"
    """score: it compiles, no check fails, and the panel gives at least `score`.
    evidence: it compiles, no check fails, and a check that failed before passes now; for working code it is enough that
    all checks that passed before still pass.
    never: every attempt runs, and the best candidate is offered at the end: to compare models."""
    score: Annotated[float, Field(ge=0, le=10)] = 8.0
    """The points that the panel must give, of 10."""
    proof: Literal["reviewed", "supported", "kept", "proven"] = "reviewed"
    """The least grade of proof. proven: a test or an example that failed before passes now. kept: all that passed
    before still passes. supported: code of other models behaves alike, or their examples pass. reviewed: the
    panel's opinion is enough."""
    panel: Literal["always", "unproven"] = "always"
    """always: reviewers look at every candidate with nothing against it. unproven: not at what is proven (also where
    `effort` is need and this is not set)."""


class Evidence(_Table):
    """What is asked and run if no test and no example of yours can be run."""

    committee: bool | None = None
    """Models that did not write the code, and have not seen it, write examples from the task, which candidates are run
    against; where candidates of two models cannot be told apart, a model proposes inputs. At most five calls a job, to
    free models unless the writer is paid, and none if you have a check. Default: true if `effort` is need."""


class Apply(_Table):
    """What happens to an accepted result in the editor."""

    mode: Literal["edit", "preview", "none"] = "edit"
    """edit: applied as one undoable edit. preview: shown first. none: only kept; forge.apply applies it later."""
    format: bool = True
    """Run the project's formatter, where it has one, on the new code alone."""


class Lens(_Table):
    """Code lenses in the editor."""

    enabled: bool = True
    """Show `Generate with ensemble` above empty bodies and TODO(forge) comments."""


class Ask(_Table):
    """Questions to you about what the code should do. No job waits for an answer."""

    questions: Annotated[int, Field(ge=0, le=2)] = 1
    """How often a job may ask what a call should return, if candidates of different models differ and no test or
    example of yours decides, or if they agree and contradict one of your checks. 0: never."""


class Consent(_Table):
    """Which servers may get code without a question."""

    servers: tuple[str, ...] = ()
    """Settings keys of off-machine or paid servers that need no question."""


class Budget(_Table):
    """Hard limits, in USD."""

    job: Usd = 1.0
    """One job."""
    day: Usd = 5.0
    """All jobs of a day (UTC)."""
    month: Usd = 50.0
    """All jobs of a calendar month (UTC)."""


class Deadlines(_Table):
    """In seconds."""

    connect: Seconds = 5.0
    """Until a server accepts the connection."""
    first_token: Seconds = 60.0
    """From sending a call to its first token."""
    between_tokens: Seconds = 30.0
    """Between two tokens."""
    total: Seconds = 300.0
    """One call; the clock starts when it is sent, not while it queues."""
    load: Seconds = 300.0
    """A model being loaded into memory."""
    job: Seconds = 3600.0
    """A whole job."""


class LanguageCheck(_Table):
    """How one language is checked."""

    command: tuple[str, ...] = ()
    """A check of your own, run in the temp copy in place of the built-in one; `{file}` stands for the file."""
    interpreter: str | None = None
    """What runs or compiles the project: the Python program or the folder of its environment; node, the JDK's or the
    SDK's folder, `go`, `cargo` (or the name of a toolchain of rustup), a compiler. A path, or a name on PATH. Default:
    the editor's choice, the project's own environment, the active environment, then PATH."""
    tests: tuple[str, ...] = ()
    """A test command of your own, run in the temp copy in place of the tests that are found in the project; `{file}`
    stands for the file. If it prints TAP each test counts, otherwise exit code 0 passes."""
    tests_seconds: Seconds | None = None
    """How long the project's tests may take for one candidate, in seconds. Default: `check.timeout`."""


class NewLanguage(_Table):
    """A language that forge-lsp does not support itself: its code is written without a parser."""

    suffixes: Annotated[tuple[str, ...], Field(min_length=1)]
    """The endings of its files' names, each with its dot."""
    title: str | None = None
    """Its name for people. Default: its identifier."""
    comment: str = "#"
    """The start of a comment that ends at the end of its line."""
    names: tuple[str, ...] = ()
    """Further identifiers that editors use for it."""

    @model_validator(mode="after")
    def _suffixes_with_dots(self) -> NewLanguage:
        if wrong := [suffix for suffix in self.suffixes if not suffix.startswith(".") or len(suffix) < 2]:
            raise ValueError(f'{wrong[0]!r} is no suffix; write it with its dot, as ".rb"')
        return self

    def named(self, id_: str) -> Language:
        """Return it as the language with this identifier."""
        return Language(id=id_, title=self.title or id_, suffixes=self.suffixes, names=self.names, comment=self.comment)


class Check(_Table):
    """Compiling and running candidates. A table of its own for each language, as `[check.python]`."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, LanguageCheck] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]

    sandbox: Literal["required", "preferred", "off"] = "preferred"
    """required: no job starts without a sandbox. preferred: without one no code is run, and results are unverified.
    off: your consent to run generated code without a sandbox."""
    timeout: Seconds = 120.0
    """One check."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe a table for each language that the product brings beside those of the user's own."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        one = schema["additionalProperties"]
        schema["properties"] |= {id_: {**one, "default": LanguageCheck().model_dump()} for id_ in BUILT_IN.ids}
        return schema

    @property
    def languages(self) -> dict[str, LanguageCheck]:
        """How languages are checked, by their identifiers, where the settings say so."""
        return self.__pydantic_extra__

    def of(self, language: Language) -> LanguageCheck:
        """How a language is checked."""
        return self.languages.get(language.id, LanguageCheck())


class Price(_Table):
    """USD per million tokens."""

    input: Usd
    """Tokens read."""
    output: Usd
    """Tokens written."""


class Fleet(_Table):
    """The Ollama servers that `forge-lsp fleet up` starts, one for each GPU."""

    program: str | None = None
    """The ollama program: a path, or a name on PATH. Default: `ollama` on PATH."""
    models: Path | None = None
    """The folder of the models. Default: OLLAMA_MODELS, otherwise Ollama's own folder."""
    servers: Annotated[int, Field(ge=1, le=64)] | None = None
    """How many Ollama servers of `[servers]` to start, in their order. Default: one per GPU; one without a GPU."""


class State(_Table):
    """Where ledger, locks and logs are kept."""

    dir: Path | None = None
    """A folder. Default: the platform's state folder."""
    retention_days: Annotated[int, Field(ge=1)] = 90
    """How long ended jobs are kept."""


class Settings(_Table):
    """All settings of forge-lsp."""

    profile: str = "auto"
    """auto, three-gpu, local, one-gpu, embedded, cloud, or the path of a TOML file; auto chooses the first that fits
    this machine."""
    effort: Literal["full", "need"] | None = None
    """full: follow the schedule exactly. need: if there are checks to run, each writer first has one attempt without
    thinking, the one with the most accepted attempts first; thinking and larger panels follow after failures, and no
    panel is asked about proven code. Default: need for the profiles one-gpu and local, full for all others."""
    servers: dict[str, Server] = {}
    """Endpoints that answer model calls, by a name of your choice."""
    models: dict[str, Model] = {}
    """Models, by a name of your choice."""
    schedule: tuple[Row, ...] = ()
    """Attempt by attempt: who thinks, who writes, who reviews."""
    reviewers: dict[str, Reviewer] = {}
    """What each model looks at in a panel, by settings key of the model."""
    accept: Accept = Accept()
    evidence: Evidence = Evidence()
    ladder: Ladder = Ladder()
    apply: Apply = Apply()
    lens: Lens = Lens()
    ask: Ask = Ask()
    consent: Consent = Consent()
    budget: Budget = Budget()
    deadlines: Deadlines = Deadlines()
    check: Check = Check()
    language: dict[str, NewLanguage] = {}
    """Languages that forge-lsp does not support itself, by LSP language identifier. `[check.IDENTIFIER]` says how
    one is checked."""
    prices: dict[str, Price] = {}
    """Prices by settings key of a model, if the library's price is wrong or missing."""
    fleet: Fleet = Fleet()
    state: State = State()

    @property
    def attempts(self) -> int:
        """How many attempts the schedule describes."""
        return max((number for row in self.schedule for number in row.attempts), default=0)

    @property
    def described(self) -> tuple[Language, ...]:
        """The languages that these settings describe."""
        return tuple(one.named(key) for key, one in self.language.items())

    @property
    def languages(self) -> Languages:
        """All languages that there are with these settings."""
        found = languages()
        found.extend(self.described)
        return found

    def references(self) -> list[tuple[str, str]]:
        """Problems of names that point nowhere, as (key path, what is wrong)."""
        problems: list[tuple[str, str]] = []

        def model(path: str, key: str) -> None:
            if key not in self.models:
                known = ", ".join(sorted(self.models)) or "none"
                problems.append((path, f"no [models.{key}]; known: {known}"))

        known = self.languages
        for key in self.check.languages:
            if known.get(key) is None:
                wanted = f"one of {', '.join(known.ids)}, or one that [language.{key}] describes"
                problems.append((f"check.{key}", f"unknown key; a language is {wanted}"))
        for key in self.language:
            if BUILT_IN.get(key) is not None:
                problems.append((f"language.{key}", "forge-lsp brings this language"))
        for key, entry in self.models.items():
            if entry.server not in self.servers:
                known = ", ".join(sorted(self.servers)) or "none"
                problems.append((f"models.{key}.server", f"no [servers.{entry.server}]; known: {known}"))
        for index, row in enumerate(self.schedule):
            model(f"schedule.{index}.generator.model", row.generator.model)
            for name in row.generator.beside:
                model(f"schedule.{index}.generator.beside", name)
            for name in row.thinking.models:
                model(f"schedule.{index}.thinking.models", name)
            for name in row.panel.members:
                model(f"schedule.{index}.panel.members", name)
        return problems
