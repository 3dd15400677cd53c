"""Where pygls 2.1 does not do what we need: every override in one place, each with its reason and its test.

The overrides reach into pygls' private methods, which is why ``pygls`` is pinned to one minor version.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, cast

from lsprotocol import types as lsp
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcRequestCancelled,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.language_server import lsp_method

from forge_lsp.core.errors import BadRequest, ForgeError
from forge_lsp.lsp.texts import ExactWorkspace

__all__ = ["REQUEST_FAILED", "ForgeProtocol", "RawJson", "Refusal", "RequestDetached"]

logger = logging.getLogger(__name__)

REQUEST_FAILED = -32803
"""LSP's ``RequestFailed``: the request was well formed, and could not be done."""


class Refusal(JsonRpcException):
    """An expected failure, told to the client as one sentence."""

    CODE = REQUEST_FAILED


class RequestDetached(JsonRpcException):
    """The request ends with the connection, and the job that it waited for does not. LSP's ``ServerCancelled``."""

    CODE = -32802


@dataclass(frozen=True, slots=True)
class RawJson:
    """A result that is the text of a JSON value already."""

    text: str


class _Dropped:
    """Stands for a message that could not be read and has been answered already."""


_DROPPED = _Dropped()

Execute = Callable[[lsp.ExecuteCommandParams], Awaitable[object]]


class ForgeProtocol(LanguageServerProtocol):
    """pygls' protocol with cancellable commands, exact texts, quiet ends and errors made of sentences.

    The server sets ``execute`` (runs a command), ``at_once`` (the result of a command that has nothing to wait for;
    None: it is executed), ``closing`` (awaited by ``shutdown``) and ``cancel_progress`` (told the token of a
    ``window/workDoneProgress/cancel``).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute: Execute | None = None
        self.at_once: Callable[[lsp.ExecuteCommandParams], object | None] | None = None
        self.closing: Callable[[], Awaitable[None]] | None = None
        self.cancel_progress: Callable[[lsp.ProgressToken], None] | None = None
        self.client_capabilities = lsp.ClientCapabilities()
        self.initialize_params: lsp.InitializeParams | None = None
        self.exit_code: int | None = None
        self.exited = asyncio.Event()
        self._lost = False

    @property
    def command_names(self) -> tuple[str, ...]:
        """The commands that were registered, which is also what the client is told."""
        return tuple(cast("dict[str, object]", self.fm.commands))  # pyright: ignore[reportUnknownMemberType] - untyped there

    # ------------------------------------------------------------------ lifecycle

    @lsp_method(lsp.INITIALIZE)
    def lsp_initialize(self, params: lsp.InitializeParams) -> Generator[Any, Any, lsp.InitializeResult]:
        """Keep texts exactly as the editor has them, say that commands report progress, and name no provider that the
        client does not know."""
        self.initialize_params = params
        result = yield from super().lsp_initialize(params)
        base = self.workspace
        self._workspace = ExactWorkspace(
            base.root_uri,
            lsp.TextDocumentSyncKind.Incremental,
            params.workspace_folders or (),
            base.position_encoding,
        )
        if result.capabilities.execute_command_provider is not None:
            result.capabilities.execute_command_provider.work_done_progress = True
        text_document = params.capabilities.text_document
        if text_document is None or text_document.inline_completion is None:
            result.capabilities.inline_completion_provider = None  # LSP 3.18: older clients do not know it
        return result

    @lsp_method(lsp.SHUTDOWN)
    async def lsp_shutdown(  # pyright: ignore[reportIncompatibleMethodOverride] - pygls runs any kind of handler
        self,
        *_: object,
    ) -> None:
        """Close the jobs, then cancel what is pending: over a copy, because cancelling changes the table."""
        self._shutdown = True  # from here on handle_message refuses requests
        if self.closing is not None:
            await self.closing()
        mine = self.msg_id
        for message_id, future in list(self._request_futures.items()):
            if message_id != mine and not future.done():
                future.cancel()

    @lsp_method(lsp.EXIT)
    def lsp_exit(  # pyright: ignore[reportIncompatibleMethodOverride] - pygls runs any kind of handler
        self,
        *_: object,
    ) -> None:
        """Note the return code for the main loop; pygls would raise SystemExit here and lose it."""
        self._lost = True
        self.leave(0 if self._shutdown else 1)

    def leave(self, code: int) -> None:
        """End the main loop with return code ``code``; the first caller's counts."""
        if self.exit_code is None:
            self.exit_code = code
        self.exited.set()

    def hang_up(self) -> None:
        """Send nothing any more: the client has gone."""
        self._lost = True

    # ------------------------------------------------------------------ commands and cancels

    @lsp_method(lsp.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(  # pyright: ignore[reportIncompatibleMethodOverride] - pygls runs any kind of handler
        self,
        params: lsp.ExecuteCommandParams,
    ) -> object:
        """Run a command as one task that a cancel reaches, with its ``workDoneToken`` in sight.

        pygls runs commands from a generator, where a cancel reaches the outer future only, a CancelledError is
        never answered, and the token is lost.
        """
        if self.execute is None or params.command not in self.command_names:
            raise JsonRpcInvalidParams(f"There is no command {params.command!r}.")
        return await self.execute(params)

    @lsp_method(lsp.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def lsp_work_done_progress_cancel(  # pyright: ignore[reportIncompatibleMethodOverride] - pygls runs any kind of handler
        self,
        params: lsp.WorkDoneProgressCancelParams,
    ) -> None:
        """Do nothing: tokens are kept by our own progress, which forgets them when they end."""
        if self.cancel_progress is not None:
            self.cancel_progress(params.token)

    def _handle_cancel_notification(self, msg_id: Any) -> None:
        """Leave the future in the table until it has ended, so that ``shutdown`` still sees it."""
        future = self._request_futures.get(msg_id)
        if future is not None:
            future.cancel()

    # ------------------------------------------------------------------ messages

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Answer a request whose parameters cannot be read; pygls leaves it pending for ever."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" in data and "method" in data:
                self._send_response(data["id"], error=error.to_response_error())
            else:
                logger.warning("Dropped a message that could not be read: %s", data.get("method", "a response"))
            return _DROPPED

    def handle_message(self, message: Any) -> None:
        """Answer requests that come too early or too late instead of dropping them."""
        if message is _DROPPED:
            return
        method = getattr(message, "method", None)
        message_id = getattr(message, "id", None)
        if method is not None and message_id is not None:
            if self._shutdown:
                error = JsonRpcInvalidRequest("The server is shutting down.")
                self._send_response(message_id, error=error.to_response_error())
                return
            if self._workspace is None and method != lsp.INITIALIZE:
                error = JsonRpcServerNotInitialized("The server has not been initialized.")
                self._send_response(message_id, error=error.to_response_error())
                return
        elif method is not None and method != lsp.EXIT and self._workspace is None:
            return  # the specification: notifications before initialize are dropped
        if method == lsp.WORKSPACE_EXECUTE_COMMAND and self.at_once is not None:
            # a task and its answer are two more turns of the loop, each behind whatever two hundred jobs have to do
            try:
                result = self.at_once(message.params)
            except Exception as failure:
                self._send_response(message_id, error=_to_json_rpc(failure).to_response_error())
                return
            if result is not None:
                self._send_response(message_id, result)
                return
        super().handle_message(message)

    def _execute_handler(
        self,
        msg_id: Any,
        handler: Any,
        callback: Callable[[Any], None],
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Forget each handler's future when it is done; pygls keeps those of inner and notification handlers."""

        def done(future: Any) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, done, args, kwargs)

    def _send_handler_result(self, future: Any, *, msg_id: Any) -> None:
        """Tell errors as sentences: no traceback goes to the client, and only the unexpected ones to the log."""
        if future.cancelled():
            error = JsonRpcRequestCancelled("The request was cancelled.")
            self._send_response(msg_id, error=error.to_response_error())
            return
        failure = future.exception()
        if failure is None:
            self._send_response(msg_id, result=future.result())
        else:
            self._send_response(msg_id, error=_to_json_rpc(failure).to_response_error())

    def _check_handler_result(self, future: Any) -> None:
        """A notification's handler failed: that is for the log, not for a pop-up in the editor."""
        if not future.cancelled() and (failure := future.exception()) is not None:
            logger.error("A notification could not be handled", exc_info=failure)

    def _handle_response(self, msg_id: Any, result: Any = None, error: lsp.ResponseError | None = None) -> None:
        """Drop a reply to a request that we stopped waiting for; pygls raises InvalidStateError."""
        future = self._request_futures.get(msg_id)
        if future is None or future.done():
            self._request_futures.pop(msg_id, None)
            logger.debug("Dropped a late reply to %s", msg_id)
            return
        super()._handle_response(msg_id, result, error)

    def _send_response(self, msg_id: Any, result: Any = None, error: lsp.ResponseError | None = None) -> None:
        """What our commands answer is JSON already; pygls would walk all of it to find that nothing needs converting,
        which takes as long again as writing it."""
        if error is None and isinstance(result, RawJson):
            self._result_types.pop(msg_id, None)
            self._send_text(f'{{"jsonrpc": "{self.VERSION}", "id": {json.dumps(msg_id)}, "result": {result.text}}}')
        elif error is None and isinstance(result, dict):
            self._result_types.pop(msg_id, None)
            self._send_data({"jsonrpc": self.VERSION, "id": msg_id, "result": result})
        else:
            super()._send_response(msg_id, result, error)

    def _send_data(self, data: Any) -> None:
        """Send nothing after the end: pygls would report the failure by sending, and so without end. An answer that
        cannot be written is answered by an error: pygls would log it, and leave the client waiting."""
        if not data or self._lost or self.writer is None:
            return
        try:
            text = json.dumps(data, default=self._serialize_message)
        except Exception as failure:
            message_id = _answers(data)
            if message_id is None:
                logger.exception("A message could not be written")
                return
            answer = lsp.ResponseErrorMessage(id=message_id, error=_to_json_rpc(failure).to_response_error())
            text = json.dumps(answer, default=self._serialize_message)
        self._send_text(text)

    def _send_text(self, text: str) -> None:
        """Send a message that is written already."""
        if self._lost or self.writer is None:
            return
        body = text.encode(self.CHARSET)
        kind = f"{self.CONTENT_TYPE}; charset={self.CHARSET}"
        with self._until_lost():
            self.writer.write(f"Content-Length: {len(body)}\r\nContent-Type: {kind}\r\n\r\n".encode() + body)

    @contextlib.contextmanager
    def _until_lost(self) -> Generator[None]:
        try:
            yield
        except (OSError, ValueError):  # ValueError: a file that was closed
            logger.warning("The client is gone")
            self._lost = True
            self.leave(1)

    # ------------------------------------------------------------------ our own requests

    async def request(self, method: str, params: object, *, timeout: float) -> Any:
        """Ask the client and wait for at most ``timeout`` seconds.

        When the wait ends early the client is told by ``$/cancelRequest``, and nothing of the request is kept.
        Raises TimeoutError, or the JsonRpcException that the client answered.
        """
        message_id = str(uuid.uuid4())
        answered = False
        try:
            async with asyncio.timeout(timeout):
                result = await asyncio.wrap_future(self.send_request(method, params, msg_id=message_id))
            answered = True
            return result
        except JsonRpcException:
            answered = True
            raise
        finally:
            self._request_futures.pop(message_id, None)
            self._result_types.pop(message_id, None)
            if not answered and not self._lost:
                self.notify(lsp.CANCEL_REQUEST, lsp.CancelParams(id=message_id))


def _answers(data: object) -> int | str | None:
    """The id of the request that a message answers; None: it answers none."""
    if isinstance(data, dict):
        fields = cast("dict[str, Any]", data)
        return None if "method" in fields else fields.get("id")
    return None if hasattr(data, "method") else cast("int | str | None", getattr(data, "id", None))


def _to_json_rpc(failure: BaseException) -> JsonRpcException:
    if isinstance(failure, JsonRpcException):
        return failure
    if isinstance(failure, BadRequest):
        return JsonRpcInvalidParams(failure.full_message)
    if isinstance(failure, ForgeError):
        return Refusal(failure.full_message)
    logger.error("A request failed unexpectedly", exc_info=failure)
    return JsonRpcInternalError(f"Unexpected {type(failure).__name__}; the log file has the details.")
