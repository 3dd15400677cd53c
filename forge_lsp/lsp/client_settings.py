"""The settings that a client sends: when it connects, when it is asked, and when they change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from lsprotocol import types as lsp

from forge_lsp.core.languages import Languages
from forge_lsp.lsp import settings as editor_settings
from forge_lsp.lsp.protocol import ForgeProtocol

__all__ = ["ClientSettings"]


@dataclass(eq=False)
class ClientSettings:
    """Reads a client's settings. ``ask`` sends a request, and never fails."""

    protocol: ForgeProtocol
    ask: Callable[[str, object], Awaitable[object]]
    languages: Languages

    def __post_init__(self) -> None:
        self._programs: dict[str, object] = {}
        self._last: object = None

    def options(self) -> dict[str, object]:
        """Return the client's ``initializationOptions``."""
        params = self.protocol.initialize_params
        options = None if params is None else params.initialization_options
        return dict(cast("Mapping[str, object]", options)) if isinstance(options, Mapping) else {}

    async def read(self) -> dict[str, object]:
        """Return the settings as the client has them now."""
        initial = self.initial()
        self._last = await self._pull()
        return initial if self._last is None else editor_settings.merged(initial, self._last)

    async def changed(self, settings: object) -> dict[str, object] | None:
        """Return the settings after ``workspace/didChangeConfiguration`` with ``settings``; None: it says nothing."""
        fresh = await self._pull()
        programs = editor_settings.chosen_programs(settings, self.languages)
        self._programs = programs or self._programs
        if fresh is None:
            fresh = editor_settings.from_change(settings)
        if fresh is None and not programs:
            return None
        self._last = self._last if fresh is None else fresh
        return editor_settings.merged(self.initial(), self._last)

    def initial(self) -> dict[str, object]:
        """Return what lies under the settings that the client is asked for."""
        options = self.options()
        chosen = self._programs or editor_settings.chosen_programs(options, self.languages)
        return editor_settings.merged(chosen, editor_settings.from_initialization(options, self.languages))

    async def _pull(self) -> object | None:
        """Return the client's ``forge`` section, None where it does not answer such questions."""
        workspace = self.protocol.client_capabilities.workspace
        if workspace is None or not workspace.configuration:
            return None
        params = lsp.ConfigurationParams(items=[lsp.ConfigurationItem(section="forge")])
        answer = await self.ask(lsp.WORKSPACE_CONFIGURATION, params)
        if isinstance(answer, Sequence) and not isinstance(answer, str):
            items = cast("Sequence[object]", answer)
            return cast("object", items[0]) if items and isinstance(items[0], Mapping) else None
        return None
