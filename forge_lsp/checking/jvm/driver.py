"""Our own small programs for a JDK, each compiled once: the driver of its compiler (``Check.java``), and what makes the
calls of examples (``runners/Calls.java``)."""

from __future__ import annotations

import asyncio
import io
import zipfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath

from forge_lsp.checking.jvm.jdk import INSTALL, Jdk, major_version
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Box, Sandbox, Tree

__all__ = ["Drivers"]

_PACKAGE = "forge_check"
_CALLING = ("Calls", "Reports", "Tested", "Values", "Values$TooLarge")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    checker: bytes
    calling: bytes
    version: int


class Drivers:
    """The programs by JDK. ``timeout`` in seconds, for one run of the compiler."""

    def __init__(self, sandbox: Sandbox, *, timeout: float) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._known: dict[Path, _Compiled] = {}
        self._compiling = asyncio.Lock()

    async def of(self, jdk: Jdk) -> tuple[bytes, int]:
        """Return the compiled driver of the compiler, and the JDK's version. Raises EnvironmentFault."""
        compiled = await self._of(jdk)
        return compiled.checker, compiled.version

    async def calling(self, jdk: Jdk) -> bytes:
        """Return the archive of what makes calls, ``forge_check.Calls``. Raises EnvironmentFault."""
        return (await self._of(jdk)).calling

    async def _of(self, jdk: Jdk) -> _Compiled:
        async with self._compiling:
            known = self._known.get(jdk.home)
            if known is not None:
                return known
            folder = files("forge_lsp.checking.jvm")
            texts = {PurePosixPath("Check.java"): folder.joinpath("Check.java").read_bytes()}
            for name in _CALLING:
                if "$" not in name:
                    file = folder.joinpath("runners", f"{name}.java")
                    texts[PurePosixPath(_PACKAGE, f"{name}.java")] = file.read_bytes()
            async with self._sandbox.open(Tree(source=None, files=texts)) as box:
                version = await box.run((str(jdk.javac), "-version"), timeout=self._timeout, readable=jdk.readable)
                told = (version.stdout + version.stderr).decode("utf-8", "replace").strip()
                major = major_version(told)
                if version.code != 0 or major < 11:
                    reason = f"{jdk.javac} does not run ({told[-200:] or version.code})"
                    if 0 < major < 11:
                        reason = f"{jdk.javac} is Java {major}; 11 is the oldest that can be asked"
                    raise EnvironmentFault(reason, remedy=INSTALL)
                command = (str(jdk.javac), "-proc:none", "-implicit:none", "-nowarn", "-d", ".", *map(str, texts))
                result = await box.run(command, timeout=self._timeout, readable=jdk.readable)
                checker, calling = box.read(PurePosixPath("Check.class")), _archive(box)
            if result.code != 0 or checker is None or calling is None:
                words = (result.stdout + result.stderr).decode("utf-8", "replace").strip()[-300:]
                raise EnvironmentFault(f"{jdk.javac} does not compile: {words}", remedy=INSTALL)
            self._known[jdk.home] = _Compiled(checker=checker, calling=calling, version=major)
            return self._known[jdk.home]


def _archive(box: Box) -> bytes | None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        for name in _CALLING:
            content = box.read(PurePosixPath(_PACKAGE, f"{name}.class"))
            if content is None:
                return None
            target.writestr(f"{_PACKAGE}/{name}.class", content)
    return made.getvalue()
