"""What asyncio wants to be told of tasks and futures."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["retrieve_exception"]


def retrieve_exception(future: asyncio.Future[Any]) -> None:
    """Mark the exception of a done task or future as seen: nobody waits for it any more, and asyncio would warn."""
    if not future.cancelled():
        future.exception()
