"""Our small driver of the Java compiler (``Check.java``): each JDK compiles it once."""

from __future__ import annotations

import asyncio
from importlib.resources import files
from pathlib import Path, PurePosixPath

from forge_lsp.checking.jvm.jdk import INSTALL, Jdk, major_version
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Sandbox, Tree

__all__ = ["Drivers"]


class Drivers:
    """The driver by JDK. ``timeout`` in seconds, for one run of the compiler."""

    def __init__(self, sandbox: Sandbox, *, timeout: float) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._known: dict[Path, tuple[bytes, int]] = {}
        self._compiling = asyncio.Lock()

    async def of(self, jdk: Jdk) -> tuple[bytes, int]:
        """The compiled driver and the JDK's version. Raises EnvironmentFault."""
        async with self._compiling:
            known = self._known.get(jdk.home)
            if known is not None:
                return known
            text = files("forge_lsp.checking.jvm").joinpath("Check.java").read_bytes()
            async with self._sandbox.open(Tree(source=None, files={PurePosixPath("Check.java"): text})) as box:
                version = await box.run((str(jdk.javac), "-version"), timeout=self._timeout, readable=jdk.readable)
                told = (version.stdout + version.stderr).decode("utf-8", "replace").strip()
                major = major_version(told)
                if version.code != 0 or major < 11:
                    reason = f"{jdk.javac} does not run ({told[-200:] or version.code})"
                    if 0 < major < 11:
                        reason = f"{jdk.javac} is Java {major}; 11 is the oldest that can be asked"
                    raise EnvironmentFault(reason, remedy=INSTALL)
                command = (str(jdk.javac), "-proc:none", "-implicit:none", "-d", ".", "Check.java")
                result = await box.run(command, timeout=self._timeout, readable=jdk.readable)
                content = box.read(PurePosixPath("Check.class"))
            if result.code != 0 or content is None:
                words = (result.stdout + result.stderr).decode("utf-8", "replace").strip()[-300:]
                raise EnvironmentFault(f"{jdk.javac} does not compile: {words}", remedy=INSTALL)
            self._known[jdk.home] = content, major
            return content, major
