"""Keys in a job: in the user's words, the document, a neighbour, a diagnostic and a test's output. All are made up."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import pytest

from forge_lsp.context import Context
from forge_lsp.core.attempt import BuildReport, BuildStatus, Diagnostic, Evidence, Severity
from forge_lsp.core.checks import CheckKind, CheckResult, CheckStatus
from forge_lsp.core.errors import BadRequest
from forge_lsp.core.ports import ChatReply, ChatRequest
from forge_lsp.core.task import Document, TextRange
from forge_lsp.editing.markers import MARKERS
from forge_lsp.ensemble.schedule import Accept, Generator, Panel, Row, Schedule, Thinking
from forge_lsp.jobs.budget import Budget
from forge_lsp.jobs.consent import Consents
from forge_lsp.jobs.contract import ApplyMode, FollowUp, JobRequest
from forge_lsp.jobs.discretion import without_secrets
from forge_lsp.jobs.ledger import Ledger
from forge_lsp.jobs.manager import JobManager
from forge_lsp.jobs.preparing import Preparer, Setup
from forge_lsp.jobs.pricing import Prices
from forge_lsp.languages.registry import BUILT_IN
from tests.support import lang
from tests.support.scripted import FakeToolchain, ManualClock, ScriptedDirectory, ScriptedModel, verdict_text
from tests.unit.editing.support import EDITS, SCOPES, SYNTAX
from tests.unit.jobs.support import never_ask

WORDS = "ghp_" + "A7bQ9xK2mN4pR6tV8wY1zC3eF5gH0jLdSuXi"
DOCUMENT = "ghp_" + "B8cR0yL3nO5qS7uW9xZ2aD4fG6hI1kMeTvYj"
NEIGHBOUR = "ghp_" + "C9dS1zM4oP6rT8vX0yA3bE5gH7iJ2lNfUwZk"
OUTPUT = "ghp_" + "D0eT2aN5pQ7sU9wY1zB4cF6hI8jK3mOgVxAl"
EVERY = (WORDS, DOCUMENT, NEIGHBOUR, OUTPUT)
TEXT = f'from pool import other\n\nOLD = "{DOCUMENT}"\n\n\ndef key() -> str:\n    ...\n'


class Echo(ScriptedModel):
    """Writes what ``of`` finds in its prompt."""

    def __init__(self, of: str) -> None:
        super().__init__("g")
        self.of = of

    async def complete(self, request: ChatRequest) -> ChatReply:
        text = "\n".join(message.text for message in request.messages)
        found = re.search(self.of, text)
        code = found[1] if found else "nothing"
        self.answers = [f'```python\ndef key() -> str:\n    return "{code}"\n```']
        return await super().complete(request)


def manager(folder: Path, generator: ScriptedModel, toolchain: FakeToolchain, attempts: int) -> JobManager:
    clock = ManualClock()
    ledger = Ledger(folder, clock=clock)
    judge = ScriptedModel("r", verdict_text(9, ("info", f"it has {OUTPUT} in it")), repeat=True)
    models = ScriptedDirectory(generator, judge)
    panel = Panel(kind="simple", members=("r",))
    row = Row(attempts=tuple(range(1, 9)), generator=Generator(model="g"), panel=panel, thinking=Thinking())

    async def setup(workspace: Path | None, profile: str | None) -> Setup:
        return Setup(
            schedule=Schedule(rows=(row,), accept=Accept()), attempts=attempts, models=cast("Any", models),
            infos={key: model.info for key, model in models.models.items()},
            toolchains={lang.PYTHON: cast("Any", toolchain)}, budget=Budget(job=1.0, day=1.0, month=1.0),
            prices=Prices(), granted=frozenset({"local"}), addresses=MappingProxyType({}), deadline=60.0,
            apply=ApplyMode.NONE, profile="test",
        )  # fmt: skip

    prepare = Preparer(
        setup=setup, scoping=SCOPES, syntax=SYNTAX, context=Context(SYNTAX, BUILT_IN), editing=EDITS,
        ledger=ledger, consents=Consents(ledger), clock=clock, markers=MARKERS,
    )  # fmt: skip
    return JobManager(prepare=prepare, languages=BUILT_IN, ledger=ledger, clock=clock)


def asked(workspace: Path, words: str = f"return the key {WORDS}") -> JobRequest:
    (workspace / "pool.py").write_text(f'def other(key: str = "{NEIGHBOUR}") -> str:\n    return key\n')
    path = workspace / "own.py"
    path.write_text(TEXT)
    at = TEXT.index("    ...")
    return JobRequest(
        document=Document(uri=path.as_uri(), language=lang.PYTHON, text=TEXT, path=path),
        selection=TextRange(start=at, end=at),
        ask=never_ask,
        words=words,
        workspace=workspace,
    )


def failing() -> FakeToolchain:
    """The first candidate does not compile, the second fails a test; both say what they must not."""
    said = Diagnostic(file="own.py", line=7, severity=Severity.ERROR, message=f"bad value {OUTPUT}", code="E1")
    result = CheckResult(
        id="t",
        kind=CheckKind.DOCTEST,
        status=CheckStatus.DISPUTED,
        source="key()",
        expected="'x'",
        actual=f"'{OUTPUT}'",
    )
    chain = FakeToolchain(proofs={"return": Evidence(results=(result,))})
    answers = [BuildReport(status=BuildStatus.FAILED, tool="t", diagnostics=(said,), reason=f"no: {OUTPUT}")]

    async def build(task: object, text: str) -> BuildReport:
        chain.built.append(text)
        return answers.pop() if answers else BuildReport(status=BuildStatus.PASSED, tool="t")

    chain.build = build  # type: ignore[method-assign]
    return chain


async def test_what_a_job_shows_tells_and_keeps_has_no_key_in_it(tmp_path: Path) -> None:
    workspace, folder = tmp_path / "w", tmp_path / "state"
    workspace.mkdir()
    generator, toolchain = Echo(r"return the key (ghp_\w+)"), failing()
    jobs = manager(folder, generator, toolchain, 2)
    job = await jobs.start(asked(workspace))
    heard: list[object] = []
    job.listen(heard.append)
    await job.wait()
    assert len(generator.prompts) == 2
    assert "bad value ghp_REDACTED" in generator.prompts[1]
    assert not any(key in prompt for key in EVERY for prompt in generator.prompts)
    # The user's own words name the key that is to land.
    assert all(f'return "{WORDS}"' in text and f'OLD = "{DOCUMENT}"' in text for text in toolchain.built)
    report, document = await jobs.report(job.id), await jobs.document(job.id)
    assert f'return "{WORDS}"' in str(document.pop("code"))
    assert (await jobs.result(job.id)).candidate.text in toolchain.built
    told = report + json.dumps(document) + repr(heard) + jobs.status()
    assert not any(key in told for key in EVERY)
    assert "bad value ghp_REDACTED" in report
    follow = asked(workspace, "")
    again = await jobs.start(replace(follow, words=None, follow_up=FollowUp(job_id=job.id, feedback=f"not {OUTPUT}")))
    await again.wait()
    assert not any(key in prompt for key in EVERY for prompt in generator.prompts)
    assert f'return "{WORDS}"' in toolchain.built[-1]
    await jobs.aclose()

    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert not any(key.encode() in kept for key in (WORDS, NEIGHBOUR, OUTPUT))
    later = manager(folder, generator, toolchain, 2)
    assert WORDS not in json.dumps(await later.document(job.id)) + await later.report(job.id)
    with pytest.raises(BadRequest, match="not kept"):
        await later.result(job.id)
    with pytest.raises(BadRequest, match="not kept"):
        await later.start(replace(follow, words=None, follow_up=FollowUp(job_id=job.id, feedback="once more")))
    await later.aclose()


@pytest.mark.parametrize("of", [r"key: str = \"(ghp_\w+)", r"(ghp_REDACTED0002X*)"], ids=["a neighbour's", "no one's"])
async def test_a_placeholder_that_stands_for_no_key_of_the_job_never_lands(tmp_path: Path, of: str) -> None:
    generator, toolchain = Echo(of), FakeToolchain()
    jobs = manager(tmp_path / "state", generator, toolchain, 1)
    (tmp_path / "w").mkdir()
    job = await jobs.start(asked(tmp_path / "w", "return the other key"))
    result = await job.wait()
    assert "ghp_REDACTED0002" in generator.prompts[0]
    assert (result.candidate, toolchain.built) == (None, [])
    assert "stands for a secret" in await jobs.report(job.id)
    await jobs.aclose()


async def test_a_key_of_the_words_that_the_document_has_too_is_one_key(tmp_path: Path) -> None:
    generator, toolchain = Echo(r"return the key (ghp_\w+)"), FakeToolchain()
    jobs = manager(tmp_path / "state", generator, toolchain, 1)
    (tmp_path / "w").mkdir()
    job = await jobs.start(asked(tmp_path / "w", f"return the key {DOCUMENT}, not {WORDS}"))
    await job.wait()
    assert job.task.instruction.startswith("return the key ghp_REDACTED0001")
    assert f'return "{DOCUMENT}"' in toolchain.built[0]
    assert not any(secret in repr(job.task) for secret in (WORDS,))
    await jobs.aclose()
    later = manager(tmp_path / "state", generator, toolchain, 1)
    assert f'return "{DOCUMENT}"' in (await later.result(job.id)).candidate.text
    await later.aclose()


def test_a_value_without_secrets_is_the_value_itself() -> None:
    said = Diagnostic(file="own.py", line=7, severity=Severity.ERROR, message="a name is not defined")
    assert without_secrets(said, ()) is said
