"""The MCP server on standard input and output. The SDK is an extra, is loaded here, and nowhere else."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.server import Server
from mcp.server.stdio import stdio_server

from forge_lsp import __version__
from forge_lsp.core.errors import ForgeError
from forge_lsp.detached import Link
from forge_lsp.jobs.consent import consent_words
from forge_lsp.mcp.arguments import ToolArguments
from forge_lsp.mcp.forms import CONSENT_FORM, answer_of_form, is_allowed, question_form
from forge_lsp.mcp.schemas import INSTRUCTIONS, TOOLS, USUAL_WAIT, ToolSpec
from forge_lsp.mcp.work import OpenQuestion, PendingQuestion, ToolAnswer, Work

if TYPE_CHECKING:
    from mcp.server import ServerRequestContext
    from mcp.server.context import CallNext, HandlerResult

    from forge_lsp.mcp.tools import WorkspaceTools

__all__ = ["FrontEnd"]

logger = logging.getLogger(__name__)

_SPECS = {tool.name: tool for tool in TOOLS}
_GREETING = 1.0  # seconds for the client to ask for the tools, before loading all the rest holds its answers up
_WRITTEN = 0.02  # seconds in which an answer goes out
_GAVE_UP = re.compile(r"tim(?:ed|e)?[ -]?out|-32001", re.I)
"""How clients say that they stopped waiting, which is no wish of the user's."""
_Result = types.CallToolResult | types.InputRequiredResult


class FrontEnd:
    """The server's end towards its client. It answers the handshake, and which tools there are, before there is
    anything behind it: agents wait a second or two for a server, and work without its tools otherwise."""

    def __init__(self, link: Link, transport: Callable[[], AbstractAsyncContextManager[Any]] = stdio_server) -> None:
        self._link = link
        self._transport = transport
        self._handlers = _Handlers()
        self._serving = asyncio.create_task(self._serve())

    async def greeted(self) -> None:
        """Return once the client knows the tools, calls one or is gone; soon, where it does nothing of these."""
        known = asyncio.create_task(self._handlers.known.wait())
        await asyncio.wait({known, self._serving}, timeout=_GREETING, return_when=asyncio.FIRST_COMPLETED)
        known.cancel()
        await asyncio.sleep(_WRITTEN)

    async def serve(self, tools: WorkspaceTools) -> None:
        """Serve until the client closes standard input, or is gone otherwise; then see its work through."""
        self._handlers.take(tools)
        serving, lost = self._serving, asyncio.create_task(self._link.lost())
        try:
            await asyncio.wait({serving, lost}, return_when=asyncio.FIRST_COMPLETED)
            await tools.left(self._link.let_go)
            # What waits for a line of input in a thread cannot be stopped: it ends with the process.
            if serving.done():
                serving.result()
        finally:
            lost.cancel()
            tools.services.jobs.cancel(reason="the client has gone")
            await tools.works.aclose()

    async def refuse(self, error: ForgeError) -> None:
        """There is nothing to serve with: answer every call so until the client goes."""
        self._handlers.refuse(error)
        lost = asyncio.create_task(self._link.lost())
        try:
            await asyncio.wait({self._serving, lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()

    async def _serve(self) -> None:
        server: Server[Any] = Server(
            "forge-lsp",
            version=__version__,
            title="forge-lsp",
            instructions=INSTRUCTIONS,
            on_list_tools=self._handlers.list_tools,
            on_call_tool=self._handlers.call_tool,
        )
        server.middleware.append(self._handlers.observe)
        async with self._transport() as (read, write):
            await server.run(read, write, server.create_initialization_options())


class _Handlers:
    """From the protocol's requests to the tools and back."""

    def __init__(self) -> None:
        self.known = asyncio.Event()
        """Set when the client asks for the tools, or calls one."""
        self._made: asyncio.Future[WorkspaceTools] = asyncio.get_running_loop().create_future()
        self._waiting: dict[str | int, Work] = {}
        """What each request that is not answered yet waits for."""

    def take(self, tools: WorkspaceTools) -> None:
        """From now on calls are answered."""
        self._made.set_result(tools)

    def refuse(self, error: ForgeError) -> None:
        """From now on calls are answered with an error."""
        if not self._made.done():
            self._made.set_exception(error)
            self._made.exception()  # it is told by calls, of which there may be none

    @property
    def _tools(self) -> WorkspaceTools:
        """The tools. Raises the error in their place; only for a call, which has waited for them."""
        return self._made.result()

    async def list_tools(
        self, context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """Every tool, with its schemas and what it does to the user's files."""
        del context, params
        self.known.set()
        return types.ListToolsResult(tools=[_tool(spec) for spec in TOOLS])

    async def call_tool(self, context: ServerRequestContext[Any], params: types.CallToolRequestParams) -> _Result:
        """Run a tool. What goes wrong is the tool's answer, in words for the agent."""
        self.known.set()
        await asyncio.wait({self._made})
        spec = _SPECS.get(params.name)
        if spec is None:
            return _wrong(f"there is no tool {params.name[:100]!r}; known: {', '.join(_SPECS)}")
        try:
            arguments = ToolArguments(spec, params.arguments)
            match spec.name:
                case "models":
                    return _answer(await self._tools.models())
                case "cancel":
                    return _answer(self._tools.cancel(arguments.needed("id")))
                case "report":
                    return await self._report(context, params, arguments)
                case _:
                    work = self._resumed(params) or await self._begun(spec, arguments, questions=_asks(context))
                    return await self._followed(context, params, work, arguments.number("waitSeconds"))
        except ForgeError as error:
            return _wrong(error.full_message)
        except Exception as error:
            # The message of an error that nobody planned for may hold anything: only the log gets it.
            logger.exception("the tool %s failed", spec.name)
            return _wrong(f"this should not happen: {type(error).__name__}; the log of forge-lsp has the details")

    async def observe(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Middleware: a client that cancels a call stops its work; one that only stops waiting does not."""
        result = await call_next(ctx)
        if ctx.method == "notifications/cancelled" and ctx.params is not None:
            work = self._waiting.pop(ctx.params.get("requestId", ""), None)
            reason = str(ctx.params.get("reason") or "")
            if work is not None and not _GAVE_UP.search(reason):
                work.cancel()
        return result

    async def _begun(self, spec: ToolSpec, arguments: ToolArguments, *, questions: bool) -> Work:
        if spec.name == "check":
            return await self._tools.check(arguments)
        return await self._tools.generate(arguments, questions=questions)

    def _resumed(self, params: types.CallToolRequestParams) -> Work | None:
        """The work of a call that is made again with the answer to a question."""
        return self._tools.works.get(params.request_state) if params.request_state is not None else None

    async def _report(
        self, context: ServerRequestContext[Any], params: types.CallToolRequestParams, arguments: ToolArguments
    ) -> _Result:
        id_ = arguments.needed("id")
        work = self._tools.works.get(id_)
        if work is not None and not work.ended:
            result = await self._followed(context, params, work, arguments.number("waitSeconds") or 0)
            if not work.ended:
                return result
        elif work is None:
            await self._tools.elsewhere(id_, arguments.number("waitSeconds") or 0)
        return _answer(await self._tools.report(id_))

    async def _followed(
        self,
        context: ServerRequestContext[Any],
        params: types.CallToolRequestParams,
        work: Work,
        seconds: int | None,
    ) -> _Result:
        """Wait for work, tell how it goes and put its questions; the answer, or that it still runs."""
        told = 0

        async def heard(words: str) -> None:
            nonlocal told
            told += 1
            await context.session.report_progress(told, None, words)

        request = context.request_id
        if request is not None:
            self._waiting[request] = work
        _take(work, params)
        left = float(USUAL_WAIT if seconds is None else seconds)
        clock = asyncio.get_running_loop().time
        while True:
            before = clock()
            await work.wait(left, heard)
            left = max(0.0, left - (clock() - before))
            asked, wondered = work.asked, work.wondered
            if work.ended or (asked is None and wondered is None):
                break
            before = clock()
            if asked is not None:
                question = await self._put(context, work, asked)
            else:
                question = await self._wonder(context, work, wondered, left) if wondered is not None else None
                left = max(0.0, left - (clock() - before))
            if question is not None:
                self._waiting.pop(request or "", None)
                return question
        self._waiting.pop(request or "", None)  # not where the client cancels: observe() takes it then
        return _answer(work.result() if work.ended else self._tools.running(work))

    async def _put(
        self, context: ServerRequestContext[Any], work: Work, asked: PendingQuestion
    ) -> types.InputRequiredResult | None:
        """Put a question to the user: at once, or as a result that the client answers by calling again. A client
        that cannot ask says no."""
        capabilities = context.session.client_capabilities
        if capabilities is None or capabilities.elicitation is None:
            _settle(asked, answer=False)
            return None
        words = consent_words(asked.question, f"code of {self._tools.workspace.name}")
        if not context.session.can_send_request:
            request = types.ElicitRequest(
                params=types.ElicitRequestFormParams(message=words, requested_schema=CONSENT_FORM)
            )
            return types.InputRequiredResult(input_requests={_key(asked): request}, request_state=work.id)
        try:
            result = await context.session.elicit_form(words, CONSENT_FORM, related_request_id=context.request_id)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            logger.info("the question of consent was not answered: %s", type(error).__name__)
            _settle(asked, answer=False)
            return None
        _settle(asked, answer=is_allowed(result.action, result.content))
        return None

    async def _wonder(
        self, context: ServerRequestContext[Any], work: Work, wondered: OpenQuestion, seconds: float
    ) -> types.InputRequiredResult | None:
        """Ask what a call should give, for as long as the work goes on and the client waits. Left alone, it is no
        answer."""
        words, form = question_form(wondered.question)
        if not context.session.can_send_request:
            request = types.ElicitRequest(params=types.ElicitRequestFormParams(message=words, requested_schema=form))
            return types.InputRequiredResult(input_requests={_question_key(wondered): request}, request_state=work.id)
        asking = asyncio.ensure_future(context.session.elicit_form(words, form, related_request_id=context.request_id))
        needed = asyncio.ensure_future(work.needed())
        try:
            await asyncio.wait({asking, needed}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if asking.done() and not wondered.answer.done():
                result = asking.result()
                wondered.answer.set_result(answer_of_form(wondered.question, result.action, result.content))
        except asyncio.CancelledError:
            raise
        except Exception as error:
            logger.info("a question was not answered: %s", type(error).__name__)
            if not wondered.answer.done():
                wondered.answer.set_result(None)
        finally:
            asking.cancel()
            needed.cancel()
        return None


def _asks(context: ServerRequestContext[Any]) -> bool:
    """Whether the client can ask its user."""
    capabilities = context.session.client_capabilities
    return capabilities is not None and capabilities.elicitation is not None


def _take(work: Work, params: types.CallToolRequestParams) -> None:
    """Take the answer that a call brings to the question that its work waits for."""
    wondered = work.wondered
    if wondered is not None and params.input_responses and _question_key(wondered) in params.input_responses:
        told = params.input_responses[_question_key(wondered)]
        given = None
        if isinstance(told, types.ElicitResult):
            given = answer_of_form(wondered.question, told.action, told.content)
        wondered.answer.set_result(given)
    asked = work.asked
    if asked is None or not params.input_responses:
        return
    response = params.input_responses.get(_key(asked))
    if isinstance(response, types.ElicitResult):
        _settle(asked, answer=is_allowed(response.action, response.content))
    elif response is not None:
        _settle(asked, answer=False)


def _question_key(wondered: OpenQuestion) -> str:
    return f"question-{wondered.question.id}"


def _key(asked: PendingQuestion) -> str:
    return f"consent-{asked.number}"


def _settle(asked: PendingQuestion, *, answer: bool) -> None:
    if not asked.answer.done():
        asked.answer.set_result(answer)


def _tool(spec: ToolSpec) -> types.Tool:
    return types.Tool(
        name=spec.name,
        title=spec.title,
        description=spec.description,
        input_schema=spec.input_schema,
        output_schema=spec.output,
        annotations=types.ToolAnnotations(
            title=spec.title,
            read_only_hint=not spec.writes,
            # It changes a file only with `apply`, which can be undone by git alone.
            destructive_hint=spec.writes,
            idempotent_hint=not spec.writes,
            open_world_hint=spec.outside,
        ),
        # Claude Code hides tools behind a search, but for those that ask so; other clients ignore it.
        _meta={"anthropic/alwaysLoad": True} if spec.upfront else None,
    )


def _answer(answer: ToolAnswer) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=answer.text)], structured_content=dict(answer.document)
    )


def _wrong(words: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=words)], is_error=True)
