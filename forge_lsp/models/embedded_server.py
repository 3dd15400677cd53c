"""The child process of the embedded model: llama.cpp's HTTP server, and nothing else of ours.

It imports only the standard library and ``xllamacpp``, so that it starts in tens of milliseconds and can be run by
path. The parent (:mod:`forge_lsp.models.embedded_child`) speaks to it in two lines of JSON:

- one line on stdin, the order: ``{"model", "slots", "context", "key", "sha256", "parent"}``. The key comes this way
  because a command line and an environment can be read by other processes. ``sha256`` null: nothing to compare with.
- one line on stdout, the answer: ``{"address"}`` once it listens on loopback, or ``{"error", "message"}`` with
  ``error`` one of ``absent`` (no xllamacpp), ``damaged`` (another sha256), ``unloadable`` (llama.cpp refuses it).

After that stdin is a life line: when it closes, for whatever reason, the process ends. On Linux the kernel also kills
it when its parent dies. Anything that native code prints goes to stderr, which the parent keeps a bounded tail of.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

__all__ = ["main"]

_PR_SET_PDEATHSIG = 1
_BATCH = 128
"""Tokens of one step of a prefill: a closed request is noticed between steps."""
_CACHE_MIB = 128
"""Bound of llama.cpp's own prompt cache, whose default is 8 GiB."""


def main() -> NoReturn:
    """Read the order, load the model, tell where it listens, live until stdin closes."""
    answers = _claim_stdout()
    order: dict[str, Any] = json.loads(sys.stdin.buffer.readline() or b"{}")
    if not order:  # the parent died, or never meant it
        os._exit(0)
    _die_with(int(order["parent"]))
    threading.Thread(target=_live_until_eof, args=(sys.stdin.buffer,), daemon=True).start()
    checking = _Checksum(Path(order["model"]), order["sha256"])
    try:
        server = _serve(order)
    except ImportError as error:
        _fail(answers, "absent", str(error))
    except Exception as error:  # a bare RuntimeError, whatever was wrong
        _fail(answers, "unloadable" if checking.passed() else "damaged", str(error))
    if not checking.passed():  # weights full of noise load without a word
        _fail(answers, "damaged", "its sha256 is not the one it was published with")
    _say(answers, {"address": server.listening_address})
    threading.Event().wait()
    raise AssertionError("unreachable: the life line ends the process")


def _claim_stdout() -> BinaryIO:
    """Keep stdout for the answer alone: whatever else writes to it from now on lands in stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _say(answers: BinaryIO, words: dict[str, str]) -> None:
    answers.write(json.dumps(words).encode() + b"\n")
    answers.flush()


def _fail(answers: BinaryIO, error: str, message: str) -> NoReturn:
    _say(answers, {"error": error, "message": message})
    os._exit(1)


def _die_with(parent: int) -> None:
    """Ask the kernel to kill us with our parent, also when that is killed; the life line alone needs a live thread."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we could ask
        os._exit(0)


def _live_until_eof(stdin: BinaryIO) -> None:
    while stdin.read(1):
        pass
    os._exit(0)


class _Checksum:
    """A sha256 computed while the model loads (hashlib lets go of the GIL)."""

    def __init__(self, path: Path, expected: str | None) -> None:
        self._path = path
        self._expected = expected
        self._actual: str | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        if self._expected is None:
            return
        try:
            with self._path.open("rb") as file:
                self._actual = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            self._actual = str(error)

    def passed(self) -> bool:
        self._thread.join()
        return self._actual == self._expected


def _serve(order: dict[str, Any]) -> Any:
    """Start llama.cpp's server. Raises ImportError without xllamacpp, RuntimeError for weights it cannot load."""
    xllamacpp: Any = importlib.import_module("xllamacpp")  # it has no types

    params = xllamacpp.CommonParams()
    params.model.path = order["model"]
    params.model_alias = {"embedded"}  # else every event carries the file's path
    params.n_parallel = int(order["slots"])
    params.n_ctx = int(order["context"]) * int(order["slots"])  # divided among the slots
    params.fit_params = False  # we said how long a context is; guessing it costs 0.3 s
    params.warmup = False  # 0.3 s of a start for 0.1 s of the first call
    params.n_batch = params.n_ubatch = _BATCH
    params.cache_ram_mib = _CACHE_MIB
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads()
    params.verbosity = -1
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [order["key"]]
    params.cors_origins = "http://127.0.0.1"  # the default reflects any page's origin
    params.cors_origins_explicit = True
    params.cors_credentials = False
    params.ui = False
    return xllamacpp.Server(params)


def threads() -> int:
    """One core stays free for the editor."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 2
    return max(1, cores - 1)


if __name__ == "__main__":
    main()
