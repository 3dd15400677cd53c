"""The routes under ``/api/orchestrator``."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from forge_lsp.core.codec import to_json
from forge_lsp.core.languages import Languages
from forge_lsp.core.ports import ConsentQuestion
from forge_lsp.core.task import Document
from forge_lsp.http.bodies import AnswerBody, Orchestrate, parse
from forge_lsp.http.problems import MEDIA_TYPE, json_response, problem
from forge_lsp.http.stream import frames
from forge_lsp.jobs.asking import GivenAnswer
from forge_lsp.jobs.contract import ApplyMode, JobRequest
from forge_lsp.jobs.document import question_of
from forge_lsp.jobs.job import Job
from forge_lsp.jobs.manager import JobManager
from forge_lsp.jobs.record import JobState

__all__ = ["PREFIX", "router"]

PREFIX = "/api/orchestrator"

router = APIRouter(prefix=PREFIX, tags=["orchestrator"])


def _content(name: str, media_type: str = "application/json") -> dict[str, Any]:
    return {"content": {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


def _shape(name: str, description: str, media_type: str = "application/json") -> dict[str, Any]:
    return {"description": description, **_content(name, media_type)}


def _body(name: str) -> dict[str, Any]:
    return {"requestBody": {"required": True, **_content(name)}}


def _problems(**more: str) -> dict[int | str, dict[str, Any]]:
    told = {
        "401": "No token, or a wrong one.",
        "403": "A wrong Host, or a foreign Origin.",
        "408": "The body did not arrive in time.",
        "413": "The body is too large.",
        "422": "A part of the request makes no sense.",
        "429": "Too many requests.",
        "503": "The server is stopping.",
        **{status.removeprefix("s"): text for status, text in more.items()},
    }
    return {int(status): _shape("Problem", text, MEDIA_TYPE) for status, text in told.items()}


def _manager(request: Request) -> JobManager:
    return cast(JobManager, request.app.state.jobs)


Jobs = Annotated[JobManager, Depends(_manager)]


@router.post(
    "/orchestrate",
    summary="Write code",
    responses={
        200: _shape("JobDocument", "The job ended; `outcome` says how."),
        202: {
            **_shape("JobDocument", "`Prefer: respond-async`: the job began."),
            "headers": {"Location": {"description": "The job.", "schema": {"type": "string"}}},
        },
        **_problems(s409="Settings, or something that this machine lacks, keep jobs from starting."),
    },
    openapi_extra=_body("Orchestrate"),
)
async def orchestrate(
    request: Request, jobs: Jobs, prefer: Annotated[list[str] | None, Header(description="`respond-async`")] = None
) -> Response:
    """Answers the job document once the job has ended; a client that goes away before cancels it. With
    `Prefer: respond-async`, answers at once and the job goes on by itself."""
    languages: Languages = request.app.state.languages
    wanted = parse(Orchestrate, await request.body(), languages)
    on_its_own = _async(prefer or [])
    job = await jobs.start(_request(wanted, languages, questions=on_its_own))
    if on_its_own:
        headers = {"Location": f"{PREFIX}/jobs/{job.id}", "Preference-Applied": "respond-async"}
        return json_response(await jobs.document(job.id), 202, headers=headers)
    await _end(job, request)
    return json_response(await jobs.document(job.id))


@router.get("/jobs", summary="List jobs", responses={200: _shape("JobList", "The newest jobs first."), **_problems()})
async def history(jobs: Jobs, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> Response:
    """The newest jobs of all processes of this user: editors, command lines and this server."""
    return json_response({"jobs": list(await jobs.history(limit))})


@router.get(
    "/jobs/{job_id}",
    summary="Show a job",
    responses={200: _shape("JobDocument", "The job as it is now."), **_problems(s404="No such job.")},
)
async def show(job_id: str, jobs: Jobs) -> Response:
    """The job document, in any state."""
    return json_response(await jobs.document(job_id))


@router.get(
    "/jobs/{job_id}/alternatives",
    summary="Show a job's candidates",
    responses={200: _shape("Alternatives", "The best first."), **_problems(s404="No such job.")},
)
async def alternatives(job_id: str, jobs: Jobs) -> Response:
    """Every candidate that compiled, with its model, checks and score; none while the job runs."""
    return json_response(await jobs.alternatives(job_id))


@router.get(
    "/jobs/{job_id}/events",
    summary="Follow a job",
    responses={
        200: _shape("ServerSentEvent", "Server-sent events.", "text/event-stream"),
        204: {"description": "The job has ended, and there are no more events: do not ask again."},
        **_problems(s404="No such job."),
    },
)
async def events(job_id: str, jobs: Jobs, last_event_id: Annotated[int, Header(ge=0, le=1 << 53)] = 0) -> Response:
    """All events of the job, those that were and those to come, until it ends. `event` is the type, `id` the sequence;
    `Last-Event-ID` goes on after that one. A client that goes away leaves the job alone."""
    stream = await frames(jobs, job_id, last_event_id)
    if stream is None:
        return Response(status_code=204)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@router.post(
    "/jobs/{job_id}/answers",
    summary="Answer a job's question",
    responses={
        200: _shape("Question", "The question with its answer; `effect` is known once the job has used it."),
        **_problems(s404="No such job."),
    },
    openapi_extra=_body("AnswerBody"),
)
async def answer(job_id: str, request: Request, jobs: Jobs) -> Response:
    """An answer while the job runs is used at once. One that comes later ranks what the job offers, and says whether it
    contradicts what was applied. A question is answered once; a cancelled job has none."""
    given = parse(AnswerBody, await request.body(), request.app.state.languages)
    asked = await jobs.answer(
        job_id,
        given.question,
        GivenAnswer(choice=given.choice, value=given.value, none=given.none),
        request.app.state.editing,
    )
    return json_response(to_json(question_of(asked)))


@router.delete(
    "/jobs/{job_id}",
    summary="Cancel a job",
    responses={
        200: _shape("JobDocument", "The job, ended: cancelled by this, or in another way before."),
        **_problems(s404="No such job.", s409="The job runs in another process."),
    },
)
async def cancel(job_id: str, jobs: Jobs) -> Response:
    """Stops the job and its model calls. A job that has ended already stays as it is."""
    record = await jobs.record(job_id)
    if record.state in (JobState.QUEUED, JobState.RUNNING):
        mine = next((job for job in jobs.running if job.id == job_id), None)
        if mine is None and (await jobs.record(job_id)).state in (JobState.QUEUED, JobState.RUNNING):
            return problem(409, "the job runs in another process, an editor or a command line: cancel it there")
        if mine is not None:
            mine.cancel("cancelled over HTTP")
            await mine.wait()
    return json_response(await jobs.document(job_id))


def _request(wanted: Orchestrate, languages: Languages, *, questions: bool) -> JobRequest:
    """No code of the user's is on disk here: the document is one that was never saved, and all of it is the scope. A
    client that waits for the end of the job does not know its id, and cannot answer ``questions``."""
    return JobRequest(
        document=Document(
            uri="untitled:untitled", language=languages.recorded(wanted.language), text=wanted.code or ""
        ),
        selection=None,
        ask=_no,
        words=wanted.task,
        max_iterations=wanted.max_iterations,
        profile=wanted.profile,
        apply=ApplyMode.NONE,
        questions=questions,
    )


async def _no(_: ConsentQuestion) -> bool:
    """Nobody is there to ask: consent comes from [consent] in the user's settings."""
    return False


def _async(preferences: list[str]) -> bool:
    """Whether RFC 7240's ``respond-async`` is among them."""
    return any(
        preference.partition(";")[0].strip().lower() == "respond-async"
        for header in preferences
        for preference in header.split(",")
    )


async def _end(job: Job, request: Request) -> None:
    """Wait for the job's end. Where the client goes away before, or the server stops, the job is cancelled."""
    ended = asyncio.create_task(job.wait())
    gone = asyncio.create_task(_vanished(request))
    try:
        await asyncio.wait({ended, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            job.cancel("the HTTP client went away")
            await ended
    except asyncio.CancelledError:
        job.cancel("forge-lsp was stopped")
        raise
    finally:
        for task in (ended, gone):
            task.cancel()
        await asyncio.gather(ended, gone, return_exceptions=True)


async def _vanished(request: Request) -> None:
    """Returns when the client has gone. The body was read, so nothing else can come."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
