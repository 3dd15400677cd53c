"""What goes to the client: questions to the user by ``window/showMessageRequest``, and values as plain JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, cast

from lsprotocol import converters
from lsprotocol import types as lsp

__all__ = ["ClientRequests", "chosen", "plain"]


class ClientRequests(Protocol):
    """What asking needs of the connection."""

    async def request(self, method: str, params: object, *, timeout: float) -> Any: ...


async def chosen(
    client: ClientRequests, kind: lsp.MessageType, message: str, titles: Iterable[str], *, timeout: float
) -> str | None:
    """Return the title that the user chose; None: they closed the message. Raises JsonRpcException where the client
    cannot ask, and TimeoutError."""
    actions = [lsp.MessageActionItem(title=title) for title in titles]
    params = lsp.ShowMessageRequestParams(type=kind, message=message, actions=actions)
    answer = await client.request(lsp.WINDOW_SHOW_MESSAGE_REQUEST, params, timeout=timeout)
    return answer.title if isinstance(answer, lsp.MessageActionItem) else None


def plain(value: object, kind: type[object]) -> object:
    """Return a value of the protocol as plain JSON."""
    return cast("object", converters.get_converter().unstructure(value, kind))
