"""A box that stays, in which one command after another sees a tree of its own at the project's path.

For tools that leave servers running (compiler servers, build nodes): these stay in the box, and are as locked in as any
command there. See :mod:`~forge_lsp.sandbox.keeper` for the other end.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import ProcessResult, Tree
from forge_lsp.sandbox import process
from forge_lsp.sandbox.folders import removed_or_left
from forge_lsp.sandbox.kept import RunningCommand
from forge_lsp.sandbox.limits import Limits, watched
from forge_lsp.sandbox.overlay import read_beneath, write_layer

__all__ = ["Workbench"]

_LAYERS = ("files", "written", "work")


class Workbench:
    """The box, started by :meth:`~forge_lsp.sandbox.bubblewrap.Bubblewrap.workbench`."""

    def __init__(self, kept: RunningCommand, folder: Path, limits: Limits) -> None:
        self._kept = kept
        self._folder = folder
        self._limits = limits
        self._turn = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._spoiled = False

    @property
    def alive(self) -> bool:
        """Whether it runs, nothing in it being other than it was after its first command. False during a command."""
        return self._kept.alive and not self._spoiled

    @property
    def pid(self) -> int:
        """The process id of the sandbox's program."""
        return self._kept.pid

    async def open(self, first: Mapping[str, object]) -> None:
        """Tell the keeper what it has to know. Raises EnvironmentFault."""
        await self._ask(first)

    async def run(self, tree: Tree, command: Sequence[str], *, timeout: float, env: Mapping[str, str]) -> ProcessResult:
        """Run ``command`` in ``tree``, whose source is the workbench's; at most ``timeout`` seconds. ``env`` as for a
        :class:`~forge_lsp.core.ports.Box`.

        Where the box is not ``alive`` afterwards it is not what it was before, and of no more use. So too when this
        raises EnvironmentFault: the box died, or the command did not end in time. Raises PermissionError where the temp
        folder's file system has no whiteouts.
        """
        async with self._turn:
            if not self.alive:
                raise EnvironmentFault(f"the workbench is gone: {self._kept.complaint[-300:]}")
            self._spoiled = True
            place = self._folder / str(next(self._numbers))
            try:
                await process.to_the_end(asyncio.to_thread(_lay, tree, place))
                question = {"tree": place.name, "env": dict(env), "command": list(command)}
                async with asyncio.timeout(timeout):
                    return await watched(self._worked(question, place), self._folder, self._limits)
            except TimeoutError:
                raise EnvironmentFault(f"{command[0]} did not finish in {timeout:g} s") from None
            finally:
                await process.to_the_end(asyncio.to_thread(removed_or_left, place))

    async def aclose(self) -> None:
        """Kill it and all that runs in it; nothing of it is left."""
        await self._kept.aclose()

    async def _worked(self, question: Mapping[str, object], place: Path) -> ProcessResult:
        begin = asyncio.get_running_loop().time()
        answer = await self._ask(question)
        if not isinstance(answer.get("code"), int):
            raise EnvironmentFault("the workbench did not run the command")
        told = await asyncio.to_thread(lambda: [read_beneath(place, PurePosixPath(name)) for name in _OUTPUTS])
        self._spoiled = "spoiled" in answer or None in told
        said = [output or b"" for output in told]
        return ProcessResult(
            code=cast("int", answer["code"]),
            stdout=said[0][: process.MAX_OUTPUT],
            stderr=said[1][: process.MAX_OUTPUT],
            seconds=asyncio.get_running_loop().time() - begin,
            truncated=None in told or any(len(output) > process.MAX_OUTPUT for output in said),
        )

    async def _ask(self, question: Mapping[str, object]) -> dict[str, Any]:
        self._kept.write(json.dumps(question).encode() + b"\n")
        try:
            answer = json.loads(await self._kept.reader.readline() or b"null")
        except (OSError, ValueError) as error:
            raise EnvironmentFault(f"the workbench sent an invalid answer: {error}") from error
        if not isinstance(answer, dict):
            raise EnvironmentFault(f"the workbench went away: {self._kept.complaint[-300:]}")
        return cast("dict[str, Any]", answer)


_OUTPUTS = ("stdout", "stderr")


def _lay(tree: Tree, place: Path) -> None:
    for name in _LAYERS:
        (place / name).mkdir(parents=True)
    write_layer(tree, place / "files")
