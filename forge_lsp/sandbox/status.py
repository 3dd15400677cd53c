"""What bwrap tells of the child that it starts, and the child's limits."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
from collections.abc import Mapping
from pathlib import Path

from forge_lsp.sandbox import process

__all__ = ["StatusPipes"]


class StatusPipes:
    """Talks with bwrap over two pipes: it tells its child's id and waits; we set the child's limits and let it go.

    Limits set so hold in the box alone. Above all RLIMIT_NPROC: set on us it would count all the user's processes, set
    on the child it counts those of its user namespace (since Linux 5.14; for root it is not enforced).
    """

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = limits
        self._status_read, self._status_write = os.pipe()
        self._block_read, self._block_write = os.pipe()
        os.set_blocking(self._status_read, False)
        self._open = {self._status_read, self._status_write, self._block_read, self._block_write}
        self._text = b""
        self._pidfd: int | None = None
        self._seen_child = False
        self._bwrap: int | None = None
        self.failure: str | None = None
        self.lost = False
        """Whether the child was gone before it was let go: it never ran the command."""
        self._watching = False
        self.passed = (self._status_write, self._block_read)
        self.arguments = ["--json-status-fd", str(self._status_write), "--block-fd", str(self._block_read)]

    def started(self, pid: int) -> None:
        """bwrap runs and holds its own ends."""
        self._bwrap = pid
        self._close(self._status_write)
        self._close(self._block_read)
        asyncio.get_running_loop().add_reader(self._status_read, self._receive)
        self._watching = True

    def finish(self) -> bool:
        """After bwrap's end: whether it came as far as running the command."""
        self._receive()
        return any("exit-code" in document for document in self._documents())

    async def emptied(self, seconds: float) -> None:
        """Wait until no process of the box lives. Its process 1 is gone for the kernel only after all others are."""
        if self._pidfd is None:
            return
        loop = asyncio.get_running_loop()
        gone = loop.create_future()
        if select.select([self._pidfd], [], [], 0)[0]:
            return
        loop.add_reader(self._pidfd, lambda: None if gone.done() else gone.set_result(None))
        try:
            await asyncio.wait([gone], timeout=seconds)
        finally:
            loop.remove_reader(self._pidfd)

    def close(self) -> None:
        """Close what is open. Closing the pipe that the child waits on lets it go, so this comes after its end."""
        self._stop_watching()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None
        for descriptor in tuple(self._open):
            self._close(descriptor)

    def _receive(self) -> None:
        try:
            data = os.read(self._status_read, 65536)
        except BlockingIOError:
            return
        if not data:
            self._stop_watching()
            return
        self._text += data
        if not self._seen_child:
            child = next((d["child-pid"] for d in self._documents() if "child-pid" in d), None)
            if isinstance(child, int):
                self._seen_child = True
                self._limit(child)

    def _limit(self, child: int) -> None:
        try:
            self._pidfd = os.pidfd_open(child)
            self._set_limits(child)
            os.write(self._block_write, b"\0")
        except (ProcessLookupError, BrokenPipeError):
            self.lost = True  # bwrap says why
        except OSError as error:
            # It still waits for our word, and will not get it: nothing runs without its limits.
            self.failure = error.strerror or str(error)
            if self._bwrap is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._bwrap, signal.SIGKILL)

    def _set_limits(self, child: int) -> None:
        import resource

        process.step_back(child)  # bwrap may have forked before it was told itself
        for name, value in self._limits.items():
            which = getattr(resource, name)
            hard = resource.prlimit(child, which)[1]
            bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.prlimit(child, which, (bound, bound))
        # When memory runs out all the same, the kernel shall look here first.
        with contextlib.suppress(OSError):
            Path(f"/proc/{child}/oom_score_adj").write_text("1000")

    def _documents(self) -> list[dict[str, object]]:
        complete = self._text[: self._text.rfind(b"\n") + 1]
        return [json.loads(line) for line in complete.splitlines() if line.strip()]

    def _stop_watching(self) -> None:
        if self._watching:
            asyncio.get_running_loop().remove_reader(self._status_read)
            self._watching = False

    def _close(self, descriptor: int) -> None:
        if descriptor in self._open:
            self._open.discard(descriptor)
            os.close(descriptor)
