"""From a request in the editor to the edit, over a real connection with scripted jobs."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.raw_lsp import CAPABILITIES, RawClient, RpcError, Silent, raw_client, trace_of, traced

STUB = "def add(a: int, b: int) -> int:\n    ...\n"
DONE = "def add(a: int, b: int) -> int:\n    return a + b\n"
URI = "untitled:Untitled-1"


def script(**words: Any) -> str:
    return json.dumps(words)


async def end(client: RawClient, count: int = 1) -> str:
    """Wait for the end of the ``count``-th progress; its message."""
    await client.until(lambda: len(client.progress("end")) >= count)
    return client.progress("end")[count - 1]["message"]


async def test_action_to_command_to_progress_to_one_versioned_edit(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await client.initialize()
        client.open(URI, STUB)
        params = {"textDocument": {"uri": URI}, "range": client.cursor(URI, "add"), "context": {"diagnostics": []}}
        (action,) = await client.request("textDocument/codeAction", params)
        assert (action["title"], action["kind"]) == ("Generate with ensemble", "refactor.rewrite.forge")
        answer = await client.request("workspace/executeCommand", action["command"] | {"title": None})
        assert set(answer) == {"jobId"}
        assert await end(client) == "accepted · score 8.5 · 1 attempt · 0 s · applied"
        assert client.texts[URI] == DONE
        (begin,), reports = client.progress("begin"), client.progress("report")
        assert begin["percentage"] == 0
        assert begin["cancellable"] is True
        assert begin["message"]
        messages = [report["message"] for report in reports]
        assert "attempt 1/10 · thinking (duo: phi4, gemma3)" in messages
        percentages = [report["percentage"] for report in reports]
        assert percentages == sorted(percentages)
        assert percentages[0] < percentages[-1] < 100
        (edit,) = client.of("workspace/applyEdit")
        (change,) = edit["edit"]["documentChanges"]
        assert change["textDocument"] == {"uri": URI, "version": 1}
        assert [item["newText"] for item in change["edits"]] == ["return a + b"]  # no more than what differs
        history = await client.command("forge.history")
        assert [(item["jobId"], item["outcome"]) for item in history] == [(answer["jobId"], "accepted")]


async def test_the_log_is_told_to_the_editor_with_its_place(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await client.initialize()
        await client.until(lambda: bool(client.of("window/logMessage")))
        (line,) = (entry for entry in client.of("window/logMessage") if "forge-lsp.log" in entry["message"])
        assert line["type"] == 3
    assert Path(line["message"].rpartition(" kept in ")[2]).stat().st_size  # noqa: ASYNC240 - nothing else runs


async def test_a_request_with_a_token_stays_open_until_the_outcome(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await client.initialize()
        client.open(URI, STUB)
        outcome = await client.command("forge.generate", token="mine", uri=URI, range=client.cursor(URI, "add"))
        assert outcome["outcome"] == "accepted"
        assert outcome["applied"] is True
        assert set(outcome) == {
            "jobId", "outcome", "grade", "checks", "score", "attemptCount", "seconds", "costUsd", "applyMode",
            "applied", "reason",
        }  # fmt: skip
        assert outcome["applyMode"] == "edit"
        assert {item["token"] for item in client.of("$/progress")} == {"mine"}
        assert client.of("window/workDoneProgress/create") == []
        kinds = [message["params"]["value"]["kind"] for message in client.seen if message.get("method") == "$/progress"]
        assert kinds[0] == "begin"
        assert kinds[-1] == "end"
        assert [message for message in client.seen if "id" in message and "method" not in message][-1] == client.seen[
            -1
        ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("s = '😀é漢e\u0301'\n\n\n", "\nz = '👨‍👩‍👧'\n", id="emoji"),
        pytest.param("# a\u2028b\x0cc\x85d 😀\n\n\n", "", id="other separators"),
        pytest.param("\ufeff# bom\n", "", id="bom"),
        pytest.param("", "\ttabs = 1\n", id="tabs"),
    ],
)
async def test_edits_land_exactly(tmp_path: Path, encoding: str, before: str, after: str) -> None:
    stub = "def add(a: int, b: int) -> int:\n    '''😀 add e\u0301'''\n    ...\n"
    code = "def add(a: int, b: int) -> int:\n    '''😀 add e\u0301'''\n    return '漢😀', a + b\n"
    after = after.lstrip("\t") if not before else after
    for ending in ("\n", "\r\n"):
        async with raw_client(tmp_path, encoding=encoding) as client:
            await client.initialize()
            text = (before + stub + after).replace("\n", ending).removesuffix(ending)
            client.open(URI, text)
            words = script(code=code)
            outcome = await client.command("forge.generate", "t", uri=URI, range=client.cursor(URI, "..."), task=words)
            assert outcome["applied"] is True, outcome
            assert client.texts[URI] == (before + code + after).replace("\n", ending).removesuffix(ending)


@pytest.mark.parametrize("bom", ["", "\ufeff"])
async def test_a_file_that_is_not_open_is_edited_through_the_editor(tmp_path: Path, bom: str) -> None:
    path = tmp_path / "a.py"
    path.write_text(bom + STUB, newline="")
    async with raw_client(tmp_path) as client:
        await client.initialize(folders=[tmp_path])
        outcome = await client.command("forge.generate", "t", uri=path.as_uri())
        assert outcome["applied"] is True
        (edit,) = client.of("workspace/applyEdit")
        (change,) = edit["edit"]["documentChanges"]
        assert change["textDocument"]["version"] is None
        text = STUB  # editors do not count the BOM
        for item in reversed(change["edits"]):
            text = client.edited(text, item)
        assert text == DONE
        assert path.read_text() == bom + STUB  # only the editor writes


async def test_what_became_of_the_code_is_kept_when_its_document_is_saved(tmp_path: Path) -> None:
    """In any client: all it takes is didSave and didClose. What nobody saves stays unknown, also after a restart."""
    jobs: dict[str, str] = {}
    names = ("kept", "changed", "undone", "closed", "typed on", "asked for", "never saved")
    paths = {name: tmp_path / f"{name}.py" for name in names}
    async with raw_client(tmp_path, FORGE_FAKE_LEDGER="yes") as client:
        result = await client.initialize(folders=[tmp_path])
        sync = result["capabilities"]["textDocumentSync"]
        assert (sync["openClose"], sync["save"]) == (True, {"includeText": False})
        for name, path in paths.items():
            path.write_text(STUB)
            client.open(path.as_uri(), STUB)
            apply = "preview" if name == "asked for" else "edit"
            outcome = await client.command("forge.generate", "t", uri=path.as_uri(), apply=apply)
            jobs[name] = outcome["jobId"]
            assert outcome["applied"] is (apply == "edit")
        assert (await client.command("forge.apply", jobId=jobs["asked for"]))["applied"] is True
        uris = {name: path.as_uri() for name, path in paths.items()}
        client.type(uris["kept"], "return a + b", "return  a+b")
        client.type(uris["changed"], "return a + b", "return b + a")
        client.type(uris["undone"], "return a + b", "...")
        for name in ("kept", "changed", "undone", "typed on", "asked for"):
            client.save(uris[name])
        client.type(uris["typed on"], "return a + b", "return 0")  # after the save, and saved again
        client.save(uris["typed on"])
        client.close(uris["closed"])  # without a save: the file has the stub
        assert len(await client.command("forge.history")) == len(names)
    with sqlite3.connect(tmp_path / "state" / "ledger.db") as db:
        became = dict(db.execute("SELECT id, became FROM jobs").fetchall())
    db.close()
    assert {name: became[job_id] for name, job_id in jobs.items()} == {
        "kept": "kept",
        "changed": "changed",
        "undone": "undone",
        "closed": "undone",
        "typed on": "kept",
        "asked for": "kept",
        "never saved": None,
    }


class TestTheDocumentMovesOn:
    async def start(self, client: RawClient, text: str = STUB + "\n\nx = 1\n", **words: Any) -> str:
        await client.initialize()
        client.open(URI, text)
        words = {"pause": 0.15, **words}
        await client.command("forge.generate", uri=URI, range=client.cursor(URI, "..."), task=script(**words))
        await client.until(lambda: client.progress("report"))
        return client.texts[URI]

    async def test_elsewhere_it_is_merged_checked_again_and_applied(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:
            await self.start(client)
            client.type(URI, "x = 1", "x = 22")
            assert (await end(client)).endswith("applied")
            assert client.texts[URI] == DONE + "\n\nx = 22\n"
            (edit,) = client.of("workspace/applyEdit")
            assert edit["edit"]["documentChanges"][0]["textDocument"]["version"] == 2
            checked = [line for line in trace_of(tmp_path) if line.startswith("recheck ")]
            assert checked == ["recheck " + json.dumps(DONE + "\n\nx = 22\n")]

    async def test_a_merged_text_that_fails_its_check_is_only_offered(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:
            await self.start(client, recheck="broken")
            client.type(URI, "x = 1", "x = 22")
            assert "it does not compile" in await end(client)
            assert client.of("workspace/applyEdit") == []

    @pytest.mark.parametrize(
        ("old", "new"), [("...", "pass"), ("-> int", "-> float"), (" int:\n    ...", " int:\n    ...\n    # mine")]
    )
    async def test_in_the_scope_nothing_is_applied_and_the_result_is_kept(
        self, tmp_path: Path, old: str, new: str
    ) -> None:
        async with raw_client(tmp_path) as client:
            text = await self.start(client)
            client.type(URI, old, new)
            message = await end(client)
            assert message.startswith("accepted")
            assert "while the job ran" in message
            assert client.of("workspace/applyEdit") == []
            assert client.texts[URI] == text.replace(old, new)
            job = (await client.command("forge.history"))[0]["jobId"]
            result = await client.command("forge.result", jobId=job)
            assert "return a + b" in result["code"]
            assert result["edit"] is None
            asked = await client.message("window/showMessageRequest")
            assert "while the job ran" in asked["message"]

    async def test_again_while_the_edit_is_on_its_way(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:
            applied: list[Any] = []

            def late(params: Any) -> Any:
                if not applied:
                    client.type(URI, "x = 1", "x = 22")
                applied.append(params)
                return client.apply(params)

            client.answers["workspace/applyEdit"] = late
            await self.start(client)
            assert (await end(client)).endswith("applied")
            assert client.texts[URI] == DONE + "\n\nx = 22\n"
            assert len(applied) == 2

    async def test_neovim_drops_a_stale_edit_and_says_that_it_applied_it(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:
            asked: list[Any] = []

            async def neovim(params: Any) -> Any:
                asked.append(params)
                if len(asked) > 1:
                    return client.apply(params)
                asyncio.get_running_loop().call_later(0.15, client.type, URI, "x = 1", "x = 22")
                return {"applied": True}

            client.answers["workspace/applyEdit"] = neovim
            await self.start(client)
            assert (await end(client)).endswith("applied")
            assert client.texts[URI] == DONE + "\n\nx = 22\n"

    async def test_an_edit_that_never_shows_is_not_called_applied(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:
            client.answers["workspace/applyEdit"] = lambda _: {"applied": True}
            await self.start(client)
            assert "does not have it" in await end(client)

    async def test_an_edit_seen_late_and_together_with_typing_is_called_applied(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:

            async def eglot(params: Any) -> Any:
                (change,) = params["edit"]["documentChanges"]

                def later() -> None:
                    text = client.texts[URI]
                    for edit in reversed(change["edits"]):
                        text = client.edited(text, edit)
                    client.texts[URI] = text + "# typed since\n"
                    client.changed(URI, [{"text": client.texts[URI]}])

                asyncio.get_running_loop().call_later(0.6, later)
                return {"applied": True}

            client.answers["workspace/applyEdit"] = eglot
            await self.start(client)
            assert (await end(client)).endswith("applied")
            assert len(client.of("workspace/applyEdit")) == 1

    async def test_closed_it_is_applied_through_the_editor(self, tmp_path: Path) -> None:
        path = tmp_path / "a.py"
        path.write_text(STUB)
        async with raw_client(tmp_path) as client:
            await client.initialize(folders=[tmp_path])
            client.open(path.as_uri(), STUB)
            await client.command("forge.generate", uri=path.as_uri(), task=script(pause=0.1))
            client.close(path.as_uri())
            assert (await end(client)).endswith("applied")
            (edit,) = client.of("workspace/applyEdit")
            assert edit["edit"]["documentChanges"][0]["textDocument"]["version"] is None

    async def test_deleted_it_is_only_offered(self, tmp_path: Path) -> None:
        path = tmp_path / "a.py"
        path.write_text(STUB)
        async with raw_client(tmp_path) as client:
            await client.initialize(folders=[tmp_path])
            client.open(path.as_uri(), STUB)
            job = await client.command("forge.generate", uri=path.as_uri(), task=script(pause=0.1))
            client.close(path.as_uri())
            path.unlink()
            assert "closed or deleted" in await end(client)
            assert client.of("workspace/applyEdit") == []
            result = await client.command("forge.result", **job)
            assert "return a + b" in result["code"]
            assert (result["edit"], result["version"]) == (None, None)


@pytest.mark.alone
class TestCancel:
    async def running(self, client: RawClient, token: str | None) -> tuple[int, asyncio.Future[Any]]:
        await client.initialize()
        client.open(URI, STUB)
        arguments = {"uri": URI, "range": client.cursor(URI, "add"), "task": script(pause=5)}
        params: dict[str, Any] = {"command": "forge.generate", "arguments": [arguments]}
        if token:
            params["workDoneToken"] = token
        started = client.begin("workspace/executeCommand", params)
        await client.until(lambda: client.progress("report"))
        return started

    async def stopped(self, client: RawClient, folder: Path, at: float) -> None:
        """The run saw its cancel within 200 ms, the text is as it was, and the next job runs."""
        line = await traced(folder, "cancelled")
        assert float(line.split()[0]) - at < 0.2
        assert client.texts[URI] == STUB
        assert client.of("workspace/applyEdit") == []
        outcome = await client.command("forge.generate", "next", uri=URI)
        assert outcome["outcome"] == "accepted"

    async def test_by_cancel_request(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:
            number, answer = await self.running(client, "t")
            at = time.time()
            client.notify("$/cancelRequest", {"id": number})
            with pytest.raises(RpcError) as failure:
                await asyncio.wait_for(answer, 5)
            assert failure.value.code == -32800
            assert client.progress("end")[0]["message"] == "cancelled"
            await self.stopped(client, tmp_path, at)

    @pytest.mark.parametrize("token", ["t", None])
    async def test_by_progress(self, tmp_path: Path, token: str | None) -> None:
        async with raw_client(tmp_path) as client:
            _, answer = await self.running(client, token)
            at = time.time()
            shown = client.of("$/progress")[0]["token"]
            client.notify("window/workDoneProgress/cancel", {"token": shown})
            assert (await end(client)).startswith("cancelled")
            if token:
                assert (await answer)["outcome"] == "cancelled"
            await self.stopped(client, tmp_path, at)

    @pytest.mark.parametrize("named", [True, False])
    async def test_by_command(self, tmp_path: Path, named: bool) -> None:
        async with raw_client(tmp_path) as client:
            _, answer = await self.running(client, "t")
            at = time.time()
            (job,) = (await client.command("forge.status"))["jobs"]
            arguments = {"jobId": job["jobId"]} if named else {}
            assert await client.command("forge.cancel", **arguments) == {"cancelled": [job["jobId"]]}
            assert (await answer)["outcome"] == "cancelled"
            await self.stopped(client, tmp_path, at)

    async def test_while_the_merge_is_checked_again(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:
            await client.initialize()
            client.open(URI, STUB + "\n\nx = 1\n")
            words = script(pause=0.1, recheck=30)
            arguments = {"uri": URI, "range": client.cursor(URI, "..."), "task": words}
            params = {"command": "forge.generate", "arguments": [arguments], "workDoneToken": "t"}
            _, answer = client.begin("workspace/executeCommand", params)
            await client.until(lambda: client.progress("report"))
            client.type(URI, "x = 1", "x = 2")
            await traced(tmp_path, "recheck")
            client.notify("window/workDoneProgress/cancel", {"token": "t"})
            outcome = await asyncio.wait_for(answer, 2)
            assert (outcome["outcome"], outcome["applied"]) == ("accepted", False)
            assert client.of("workspace/applyEdit") == []


class TestResults:
    @pytest.mark.parametrize("mode", ["preview", "none"])
    async def test_preview_and_none_never_edit_by_themselves(self, tmp_path: Path, mode: str) -> None:
        async with raw_client(tmp_path) as client:
            await client.initialize()
            client.open(URI, STUB)
            outcome = await client.command("forge.generate", "t", uri=URI, apply=mode)
            assert (outcome["outcome"], outcome["applied"]) == ("accepted", False)
            assert client.of("workspace/applyEdit") == []
            job = {"jobId": outcome["jobId"]}
            result = await client.command("forge.result", **job)
            assert result["code"] == DONE
            assert result["version"] == 1
            (change,) = result["edit"]["documentChanges"]
            assert client.edited(STUB, change["edits"][0]) == DONE
            client.texts[URI] = STUB
            assert await client.command("forge.apply", **job) == {**job, "applied": True, "reason": None}
            assert client.texts[URI] == DONE
            assert (await client.command("forge.history"))[0]["applied"] is True

    @pytest.mark.parametrize("outcome", ["unverified", "exhausted"])
    async def test_the_unproven_is_offered_and_applied_only_when_the_user_says_so(
        self, tmp_path: Path, outcome: str
    ) -> None:
        async with raw_client(tmp_path) as client:
            client.answers["window/showMessageRequest"] = lambda params: params["actions"][0]
            await client.initialize()
            client.open(URI, STUB)
            await client.command("forge.generate", uri=URI, task=script(outcome=outcome, reason="no sandbox works"))
            asked = await client.message("window/showMessageRequest")
            assert [item["title"] for item in asked["actions"]] == ["Apply anyway", "Show report", "Dismiss"]
            assert "no sandbox works" in asked["message"]
            await client.until(lambda: client.texts[URI] == DONE)

    async def test_an_unanswered_offer_holds_nothing_up(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:
            client.answers["window/showMessageRequest"] = lambda _: Silent
            await client.initialize()
            client.open(URI, STUB)
            await client.command("forge.generate", uri=URI, task=script(outcome="unverified", reason="why"))
            assert (await end(client)).startswith("unverified")
            await client.message("window/showMessageRequest")
            assert (await client.command("forge.generate", "t", uri=URI))["outcome"] == "accepted"

    async def test_the_report_is_shown_from_a_private_file(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:
            client.answers["window/showMessageRequest"] = lambda params: params["actions"][1]
            client.answers["window/showDocument"] = lambda _: {"success": True}
            await client.initialize()
            client.open(URI, STUB)
            job = await client.command("forge.generate", uri=URI, task=script(outcome="unverified"))
            shown = await client.message("window/showDocument")
            path = tmp_path / "state" / "reports" / f"{job['jobId']}.md"
            assert shown["uri"] == path.as_uri()
            assert path.stat().st_mode & 0o077 == 0
            assert path.read_text() == await client.command("forge.report", **job)

    async def test_two_jobs_at_once_in_one_document(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:
            await client.initialize()
            client.open(URI, STUB + "\n\ndef two() -> int:\n    ...\n")
            second = script(code="def two() -> int:\n    return 2\n", pause=0.05)
            outcomes = await asyncio.gather(
                client.command(
                    "forge.generate", "a", uri=URI, range=client.cursor(URI, "add"), task=script(pause=0.05)
                ),
                client.command("forge.generate", "b", uri=URI, range=client.cursor(URI, "two"), task=second),
            )
            assert [item["applied"] for item in outcomes] == [True, True]
            assert client.texts[URI] == DONE + "\n\ndef two() -> int:\n    return 2\n"

    async def test_job_events_come_when_asked_for(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:
            await client.initialize(options={"jobEvents": True})
            client.open(URI, STUB)
            await client.command("forge.generate", "t", uri=URI)
            events = client.of("forge/jobEvent")
            assert [item["sequence"] for item in events] == list(range(1, len(events) + 1))
            assert events[0]["type"] == "job.started"
            assert events[-1]["type"] == "job.finished"
            assert events[-1]["outcome"] == "accepted"

    async def test_failures_are_sentences(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:
            await client.initialize()
            client.open(URI, STUB)
            outcome = await client.command("forge.generate", "t", uri=URI, task=script(fail="No model answers."))
            assert (outcome["outcome"], outcome["reason"]) == ("failed", "No model answers. - fix it")
            await client.command("forge.generate", uri=URI, task=script(crash=True))
            message = (await client.message("window/showMessage"))["message"]
            assert "RuntimeError" in message
            assert "sk-ant" not in message
            with pytest.raises(RpcError) as failure:
                await client.command("forge.report", jobId="nope")
            assert failure.value.code == -32803
            assert failure.value.error.get("data") is None
            with pytest.raises(RpcError, match="maxIterations: expected a whole number from 1 to 50, got 99"):
                await client.command("forge.generate", uri=URI, maxIterations=99)

    async def test_models_and_gpus(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:
            await client.initialize()
            answer = await client.command("forge.models")
            assert answer["models"][0]["key"] == "phi4"
            assert answer["models"][0]["resident"] is True
            assert answer["gpus"] == [{"name": "test", "free": 1, "total": 2}]


class TestConsent:
    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [("Allow", "accepted"), ("Not now", "failed"), (None, "failed"), ("unsupported", "failed")],
    )
    async def test_only_a_yes_is_a_yes(self, tmp_path: Path, answer: str | None, outcome: str) -> None:
        async with raw_client(tmp_path) as client:
            if answer != "unsupported":
                client.answers["window/showMessageRequest"] = lambda _: {"title": answer} if answer else None
            await client.initialize()
            client.open(URI, STUB)
            result = await client.command("forge.generate", "t", uri=URI, task=script(ask=True))
            assert result["outcome"] == outcome
            message = client.of("window/showMessageRequest")[0]["message"]
            assert "anthropic" in message
            assert "api.example.com" in message
            assert "$0.03" in message

    async def test_a_cancel_takes_the_question_back(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:
            client.answers["window/showMessageRequest"] = lambda _: Silent
            await client.initialize()
            client.open(URI, STUB)
            arguments = {"uri": URI, "task": script(ask=True)}
            params = {"command": "forge.generate", "arguments": [arguments], "workDoneToken": "t"}
            _, answer = client.begin("workspace/executeCommand", params)
            await client.message("window/showMessageRequest")
            asked = next(item for item in client.seen if item.get("method") == "window/showMessageRequest")
            await client.command("forge.cancel")
            assert (await answer)["outcome"] == "cancelled"
            assert await client.message("$/cancelRequest") == {"id": asked["id"]}
            client.send({"id": asked["id"], "result": {"title": "Allow"}})  # late: dropped
            assert (await client.command("forge.generate", "u", uri=URI))["outcome"] == "accepted"


class TestSettings:
    async def test_bad_settings_are_shown_once_and_refused_until_mended(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:
            await client.initialize(options={"forge": {"wrong": "budget.job must be a number"}})
            client.open(URI, STUB)
            for _ in range(2):
                with pytest.raises(RpcError, match=r"budget\.job must be a number") as failure:
                    await client.command("forge.generate", uri=URI)
                assert failure.value.code == -32803
            assert len(client.of("window/showMessage")) == 1
            assert await client.command("forge.cancel") == {"cancelled": []}
            client.notify("workspace/didChangeConfiguration", {"settings": {"forge": {"wrong": None}}})
            # initializationOptions lie under it: what they say is still there, so say otherwise
            client.notify("workspace/didChangeConfiguration", {"settings": {"forge": {"wrong": ""}}})
            outcome = await client.command("forge.generate", "t", uri=URI)
            assert outcome["outcome"] == "accepted"

    async def test_they_are_pulled_where_the_client_can(self, tmp_path: Path) -> None:
        asked: list[Any] = []
        values: dict[str, Any] = {"apply": "preview", "unset": None}

        def configuration(params: Any) -> Any:
            asked.append(params)
            return [values]

        async with raw_client(tmp_path) as client:
            client.answers["workspace/configuration"] = configuration
            workspace = {**CAPABILITIES["workspace"], "configuration": True}
            await client.initialize(capabilities={**CAPABILITIES, "workspace": workspace}, options={"apply": "none"})
            client.open(URI, STUB)
            outcome = await client.command("forge.generate", "t", uri=URI)
            assert outcome["applied"] is False
            assert asked == [{"items": [{"section": "forge"}]}]
            assert trace_of(tmp_path)[0].startswith('build {"apply": "preview"}')
            values["apply"] = "edit"
            client.notify("workspace/didChangeConfiguration", {"settings": None})
            await client.until(lambda: len(asked) == 2)
            outcome = await client.command("forge.generate", "u", uri=URI)
            assert outcome["applied"] is True

    async def test_commands_wait_until_everything_is_built(self, tmp_path: Path) -> None:
        async with raw_client(tmp_path) as client:
            await client.initialize(options={"slow": 0.5})
            client.open(URI, STUB)
            assert (await client.command("forge.generate", "t", uri=URI))["outcome"] == "accepted"


async def test_folders_and_buffers(tmp_path: Path) -> None:
    outer, inner = tmp_path / "outer", tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    async with raw_client(tmp_path) as client:
        await client.initialize(folders=[outer, inner])
        for path in (outer / "o.py", inner / "a.py", inner / "b.ts"):
            client.open(path.as_uri(), STUB, {".py": "python", ".ts": "typescript"}[path.suffix])
        client.open(URI, STUB)
        diagnostic = {"range": client.cursor(URI, "..."), "message": "bad", "severity": 1, "code": 7, "source": "ruff"}
        await client.command("forge.generate", "t", uri=(inner / "a.py").as_uri(), diagnostics=[diagnostic])
        seen = json.loads(next(line for line in trace_of(tmp_path) if line.startswith("prepare "))[8:])
        assert seen["workspace"] == str(inner)
        assert seen["buffers"] == [(inner / "b.ts").as_uri()]
        assert seen["diagnostics"] == ["a.py:2:5: error [7]: bad"]
        await client.command("forge.generate", "u", uri=URI)
        lone = [json.loads(line[8:]) for line in trace_of(tmp_path) if line.startswith("prepare ")][1]
        assert (lone["workspace"], lone["buffers"]) == ("None", [])
