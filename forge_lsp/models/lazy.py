"""Importing an SDK without holding up the event loop."""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module

__all__ = ["imported"]


async def imported(package: str) -> None:
    """Return once ``package`` is imported. The SDKs take up to a second, during which an editor waits for nothing."""
    if package not in sys.modules:
        await asyncio.to_thread(import_module, package)
