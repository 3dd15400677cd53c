"""``forge-lsp generate`` as a user meets it: exit codes, the two streams, what is written and what is not."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import forge, ran, started
from tests.support.faulty_ollama import FakeOllama
from tests.support.messages_server import MessagesServer
from tests.support.real_server import (
    COMMAND,
    MODELS,
    ScriptedModels,
    environment,
    fenced,
    prompt,
    row,
    settings,
    verdict,
)
from tests.support.scripted_http import Script
from tests.support.shapes import JOB_DOCUMENT, misfits

STUB = '''"""Sums."""

LIMIT = 10


def add(a: int, b: int) -> int:
    """The sum.

    >>> add(1, 2)
    3
    """
    ...


def other() -> int:
    return LIMIT
'''
CODE = '''def add(a: int, b: int) -> int:
    """The sum.

    >>> add(1, 2)
    3
    """
    return a + b'''
DONE = STUB.replace("    ...\n", "    return a + b\n")
GOOD = ScriptedModels({"generate": Script.say(fenced(CODE)), "review": Script.say(verdict(9))})
ONCE = row(1)


def ollama(scripted: ScriptedModels = GOOD) -> FakeOllama:
    return FakeOllama(answer=scripted, models=list(MODELS.values()))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "sums"\nversion = "1"\n')
    (folder / "sums.py").write_text(STUB)
    return folder


async def test_an_accepted_result_is_a_patch_on_stdout_and_all_else_is_on_stderr(tmp_path: Path, work: Path) -> None:
    async with ollama() as server:
        env = environment(tmp_path, settings(server.url, ONCE))
        ran = await forge("generate", "sums.py", "--range", "6", "--task", "Add them.", cwd=work, env=env)
        assert ran.code == 0, ran.err
        assert ran.out.startswith("--- a/sums.py\n+++ b/sums.py\n@@ ")
        assert "+    return a + b" in ran.out
        assert "Add them." in ran.err
        assert "attempt 1/1: coder writes" in ran.err
        assert "1 check that failed before passes now" in ran.err
        assert "1 of 1 example that failed before passes now; the panel gives 9.0" in ran.err
        assert "accepted, proven, score 9.0, 1 attempt" in ran.err
        assert "--write" in ran.err
        assert (work / "sums.py").read_text() == STUB
        await asyncio.to_thread(subprocess.run, ["git", "apply", "-"], input=ran.out.encode(), cwd=work, check=True)
        assert (work / "sums.py").read_text() == DONE

        listed = await forge("jobs", "--json", cwd=work, env=env)
        (job,) = listed.json["jobs"]
        assert f"forge-lsp jobs show {job['jobId']}" in ran.err
        assert f"forge-lsp jobs apply {job['jobId']}" in ran.err


async def test_an_earlier_result_is_applied_where_the_file_is_as_it_was(tmp_path: Path, work: Path) -> None:
    async with ollama() as server:
        env = environment(tmp_path, settings(server.url, ONCE))
        await forge("generate", "sums.py", "--range", "6", "--task", "Add them.", cwd=work, env=env)
        (job,) = (await forge("jobs", "--json", cwd=work, env=env)).json["jobs"]

    async def apply(*more: str) -> tuple[int, str, str]:
        ran = await forge("jobs", "apply", job["jobId"], *more, cwd=tmp_path, env=env)
        return ran.code, ran.out, ran.err

    (work / "sums.py").write_text(STUB.replace("LIMIT = 10", "LIMIT = 11"))
    code, out, err = await apply()
    assert (code, out) == (1, "")
    assert "has changed since that job ran" in err
    code, out, err = await apply("--candidate", "9.9")
    assert (code, out) == (2, "")
    assert "no candidate '9.9'" in err
    (work / "sums.py").write_text(STUB)
    code, out, err = await apply()
    assert (code, "+    return a + b" in out, "written to" in err) == (0, True, True), err
    assert (work / "sums.py").read_text() == DONE
    code, out, err = await apply("--candidate", "1.1")
    assert (code, out, "has it already" in err) == (0, "", True), err
    (shown,) = (await forge("jobs", "--json", cwd=work, env=env)).json["jobs"]
    assert shown["applied"] is True
    (work / "sums.py").unlink()
    code, out, err = await apply()
    assert (code, out) == (1, "")
    assert "was deleted" in err


async def test_a_job_goes_on_from_an_earlier_one_with_the_users_words(tmp_path: Path, work: Path) -> None:
    async with ollama() as server:
        env = environment(tmp_path, settings(server.url, ONCE))
        first = await forge("generate", "sums.py", "--range", "6", "--task", "Add them.", "--write", cwd=work, env=env)
        assert first.code == 0, first.err
        (job,) = (await forge("jobs", "--json", cwd=work, env=env)).json["jobs"]
        (work / "sums.py").write_text("# Above.\n" + DONE)
        before = len(server.chats)
        again = await forge("jobs", "retry", job["jobId"], "--feedback", "Use sum().", cwd=tmp_path, env=env)
        assert again.code == 0, again.err
        sent = [prompt(call.body) for call in server.chats[before:]]
        newest = (await forge("jobs", "--json", cwd=work, env=env)).json["jobs"][0]
    writing = next(text for text in sent if "Use sum()." in text)
    assert "The code that these words are about" in writing
    assert "return a + b" in writing
    assert newest["task"] == "Add them."
    shown = await forge("jobs", "show", newest["jobId"], cwd=work, env=env)
    assert f"Goes on from job {job['jobId']}" in shown.out
    assert (await forge("jobs", cwd=work, env=env)).out.count("sums.py") == 2
    for words, said in (
        (("retry", job["jobId"]), "--feedback"),
        (("show", job["jobId"], "--feedback", "x"), "--feedback"),
    ):
        wrong = await forge("jobs", *words, cwd=work, env=env)
        assert (wrong.code, said in wrong.err) == (2, True)


@pytest.mark.parametrize("asked", [True, False])
async def test_a_question_is_answered_by_a_line_while_the_job_goes_on(tmp_path: Path, work: Path, asked: bool) -> None:
    parts = {
        "generate@deepseek-coder:6.7b": Script.say(fenced(CODE.replace("return a + b", "return 3"))),
        "generate@gemma3:12b": Script.say(fenced(CODE)),
        "review": [Script.say(verdict(9), first=4.0 if asked else 0.0), Script.say(verdict(9))],
    }
    both = ONCE | {"generator": {"model": "coder", "beside": ["gemma3"]}}
    async with ollama(ScriptedModels(parts)) as server:
        env = environment(tmp_path, settings(server.url, both))
        words = ("generate", "sums.py", "--range", "6", "--write", *(["--ask"] if asked else []))
        async with started(*words, cwd=work, env=env) as process:
            assert process.stdin is not None
            assert process.stderr is not None
            told = b""
            if asked:
                async with asyncio.timeout(60):
                    told = await process.stderr.readuntil(b"I can't say")
                call = told.decode().partition("What should this give?")[2].splitlines()[1].strip()
                process.stdin.write(f"= {eval(call, {'add': lambda a, b: a + b})}\n".encode())
            out, err = await asyncio.wait_for(process.communicate(), 90)
        done = ran(process, out, told + err)
    assert done.code == 0, done.err
    assert (work / "sums.py").read_text() == (DONE if asked else DONE.replace("return a + b", "return 3"))
    assert ("What should this give?" in done.err) is asked
    stats = await forge("stats", "--json", cwd=work, env=env)
    assert stats.json["questions"]["changed"]["count"] == (1 if asked else 0)


async def test_json_prints_one_job_document_whichever_face_tells_it(tmp_path: Path, work: Path) -> None:
    async with ollama() as server:
        env = environment(tmp_path, settings(server.url, row(1, thinking=["phi4"])))
        ran = await forge("generate", "sums.py", "--range", "6", "--json", cwd=work, env=env)
    assert ran.code == 0, ran.err
    document = ran.json
    assert misfits(document, JOB_DOCUMENT) == []
    assert (document["state"], document["outcome"], document["language"]) == ("ended", "accepted", "python")
    assert document["uri"] == (work / "sums.py").as_uri()
    assert document["code"].endswith("return a + b")
    (attempt,) = document["attempts"]
    assert (attempt["strategy"], attempt["thinkers"], attempt["generator"]) == ("solo", ["phi4"], "coder")
    assert (attempt["compiled"], attempt["decision"], attempt["score"]) == (True, "accept", 9.0)
    counts = {"passed": 1, "failed": 0, "disputed": 0, "notRunnable": 0}
    assert attempt["evidence"] == {"kinds": ["doctest"], **counts, "agreement": None}
    assert {name: count for name, count in attempt["checks"].items() if count} == {"proof": 1}
    assert (attempt["grade"], document["grade"]) == ("proven", "proven")
    assert [review["model"] for review in attempt["reviews"]] == ["granite"]
    assert "accepted" in ran.err

    shown = await forge("jobs", "show", document["jobId"], "--json", cwd=work, env=env)
    assert shown.json == document
    report = await forge("jobs", "show", document["jobId"], cwd=work, env=env)
    assert report.code == 0
    assert document["jobId"] in report.out
    assert "sums.py" in report.out
    table = await forge("jobs", cwd=work, env=env)
    assert document["jobId"] in table.out
    assert "accepted" in table.out


async def test_json_of_a_job_that_fails_has_the_same_shape(tmp_path: Path, work: Path) -> None:
    answers = ScriptedModels(
        {"generate": Script.say(fenced(CODE.replace("a + b", "a + missing"))), "review": Script.say(verdict(9))}
    )
    async with ollama(answers) as server:
        env = environment(tmp_path, settings(server.url, row(1, 2)))
        ran = await forge("generate", "sums.py", "--range", "6", "--write", "--json", cwd=work, env=env)
    assert ran.code == 1
    document = ran.json
    assert misfits(document, JOB_DOCUMENT) == []
    assert document["outcome"] == "exhausted"
    assert [attempt["compiled"] for attempt in document["attempts"]] == [False, False]
    assert document["attempts"][0]["diagnostics"][0]["line"] > 5
    assert (work / "sums.py").read_text() == STUB
    assert "nothing was written" in ran.err


async def test_write_keeps_bom_line_endings_and_mode_through_a_link(tmp_path: Path, work: Path) -> None:
    path = work / "sums.py"
    path.write_bytes(("\ufeff" + STUB.replace("\n", "\r\n")).encode())
    path.chmod(0o750)
    link = tmp_path / "link.py"
    link.symlink_to(path)
    async with ollama() as server:
        env = environment(tmp_path, settings(server.url, ONCE))
        ran = await forge("generate", link, "--range", "6", "--write", cwd=work, env=env)
    assert ran.code == 0, ran.err
    assert path.read_bytes().decode() == "\ufeff" + DONE.replace("\n", "\r\n")
    assert path.stat().st_mode & 0o777 == 0o750
    assert link.is_symlink()
    assert "written to" in ran.err
    assert names(work) == {"pyproject.toml", "sums.py"}


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def changing(path: Path, text: str | None) -> ScriptedModels:
    """The good answers, of a reviewer who takes so long that the user changes the file meanwhile."""

    def review(_: object) -> Script:
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(text)
        return Script.say(verdict(9))

    return ScriptedModels({"generate": Script.say(fenced(CODE)), "review": review})


async def test_changes_elsewhere_are_merged_and_checked_again(tmp_path: Path, work: Path) -> None:
    path = work / "sums.py"
    async with ollama(changing(path, STUB.replace("LIMIT = 10", "LIMIT = 11"))) as server:
        env = environment(tmp_path, settings(server.url, ONCE))
        ran = await forge("generate", "sums.py", "--range", "6", "--write", cwd=work, env=env)
    assert ran.code == 0, ran.err
    assert path.read_text() == DONE.replace("LIMIT = 10", "LIMIT = 11")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (STUB.replace("    ...\n", "    return b + a\n"), "changed while the job ran"),
        (STUB.replace("LIMIT = 10", "LIMIT = ("), "does not pass the check"),
        (None, "deleted"),
    ],
    ids=["in the scope", "broken elsewhere", "deleted"],
)
async def test_a_conflict_writes_nothing(tmp_path: Path, work: Path, text: str | None, why: str) -> None:
    path = work / "sums.py"
    async with ollama(changing(path, text)) as server:
        env = environment(tmp_path, settings(server.url, ONCE))
        ran = await forge("generate", "sums.py", "--range", "6", "--write", cwd=work, env=env)
    assert ran.code == 1
    assert "nothing was written" in ran.err
    assert why in ran.err
    assert "+    return a + b" in ran.out, "the result is still shown"
    assert (path.read_text() if path.exists() else None) == text


async def test_a_language_whose_tools_are_not_there_is_unverified(tmp_path: Path, work: Path) -> None:
    source = "class Sums {\n    static int add(int a, int b) {\n        return 0;\n    }\n}\n"
    (work / "Sums.java").write_text(source)
    code = "static int add(int a, int b) {\n    return a + b;\n}"
    answers = ScriptedModels({"generate": Script.say(fenced(code, "java")), "review": Script.say(verdict(9))})
    (tmp_path / "bin").mkdir()
    async with ollama(answers) as server:
        env = environment(tmp_path, settings(server.url, ONCE), PATH=str(tmp_path / "bin"), JAVA_HOME="")
        ran = await forge("generate", "Sums.java", "--range", "2:4", "--write", "--json", cwd=work, env=env)
    assert ran.code == 1
    document = ran.json
    assert misfits(document, JOB_DOCUMENT) == []
    assert document["outcome"] == "unverified"
    (attempt,) = document["attempts"]
    assert attempt["compiled"] is None
    assert attempt["diagnostics"], "it says why"
    assert (work / "Sums.java").read_text() == source


@pytest.mark.parametrize(
    ("lines", "code", "expected"),
    [
        ("14", "NUMBER = 7", STUB.replace("\n\n\ndef other", "\n\n\nNUMBER = 7\n\n\ndef other")),
        ("12:12", CODE, DONE),
        ("6:12", CODE, DONE),
        (None, DONE.replace("10", "7"), DONE.replace("10", "7")),
    ],
    ids=["a line is a place", "a line twice is a cursor", "lines are a selection", "none is the whole file"],
)
async def test_what_is_replaced(tmp_path: Path, work: Path, lines: str | None, code: str, expected: str) -> None:
    answers = ScriptedModels({"generate": Script.say(fenced(code)), "review": Script.say(verdict(9))})
    option = ["--range", lines] if lines else []
    async with ollama(answers) as server:
        env = environment(tmp_path, settings(server.url, ONCE))
        ran = await forge("generate", "sums.py", *option, "--task", "Do it.", "--write", cwd=work, env=env)
    assert (work / "sums.py").read_text() == expected, (ran.out, ran.err)


async def test_consent_comes_from_the_command_line_for_this_run_alone(tmp_path: Path, work: Path) -> None:
    async with ollama() as local, MessagesServer(answer=Script.say(fenced(CODE)), key="k") as cloud:
        values = settings(
            local.url,
            row(1, generator="opus"),
            servers={"claude": {"kind": "anthropic", "url": cloud.url, "paid": True}},
            models={"opus": {"server": "claude", "name": "claude-opus-4-5", "context": 200000}},
        )
        env = environment(tmp_path, values, ANTHROPIC_API_KEY="k")
        refused = await forge("generate", "sums.py", "--range", "6", cwd=work, env=env)
        assert refused.code == 1
        assert "--allow claude" in refused.err
        assert "code (sums.py). This job may cost at most $1.00" in refused.err
        assert not cloud.exchanges
        allowed = await forge("generate", "sums.py", "--range", "6", "--allow", "claude", "--json", cwd=work, env=env)
        assert allowed.code == 0, allowed.err
        assert allowed.json["costUsd"] > 0
        assert len([sent for sent in cloud.exchanges if sent.method == "POST"]) == 1
        again = await forge("generate", "sums.py", "--range", "6", cwd=work, env=env)
        assert again.code == 1, "it was for one run"


async def test_a_server_that_is_down_fails_with_the_way_to_mend_it(tmp_path: Path, work: Path) -> None:
    async with ollama() as server:
        url = server.url
    env = environment(tmp_path, settings(url, ONCE))
    ran = await forge("generate", "sums.py", "--range", "6", cwd=work, env=env)
    assert ran.code == 1
    assert "ollama serve" in ran.err
    assert ran.out == ""


async def test_what_a_model_writes_cannot_steer_the_terminal(tmp_path: Path, work: Path) -> None:
    if (script := shutil.which("script")) is None:
        pytest.skip("no `script` to be a terminal")
    answers = ScriptedModels(
        {"generate": Script.say(fenced(CODE + "  # \x1b]0;owned\x07")), "review": Script.say(verdict(9))}
    )
    async with ollama(answers) as server:
        env = environment(tmp_path, settings(server.url, ONCE), TERM="xterm")
        command = f"{' '.join(COMMAND)} generate sums.py --range 6"
        process = await asyncio.create_subprocess_exec(
            *(script, "-qec", command, str(tmp_path / "typescript")),
            cwd=work,
            env=env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert b"return a + b" in out
    assert b"\x1b[3" in out, "it is coloured"
    assert b"]0;owned" in out
    assert b"\x1b]" not in out


async def test_the_workspace_of_the_file_gives_the_settings_and_may_only_narrow(tmp_path: Path, work: Path) -> None:
    (work / "forge.toml").write_text("[budget]\njob = 100.0\n[accept]\nscore = 9.5\n")
    async with ollama() as server:
        env = environment(tmp_path, settings(server.url, ONCE, budget={"job": 1.0}))
        ran = await forge("generate", work / "sums.py", "--range", "6", cwd=tmp_path, env=env)
    assert ran.code == 1, ran.err
    assert "not accepted after 1 attempt" in ran.err
    assert "LIMIT" in prompt(server.chats[0].body)
