"""Runs a project's test files, by pytest where it is installed, else by unittest, and tells each test's result.

A script for the project's interpreter, whatever its version from 3.8 on; it needs nothing of ours but its siblings.

Two processes. The *supervisor* never runs the project's code: it reads the request, forks a *worker* that does, and
gathers what that says over a pipe; it reads the nonce only when all workers are gone, and its memory and files are
closed to them. A line on the pipe that the worker's own functions did not write is a doubt, and so is what
``watching.py`` sees; a doubt that was told cannot be taken back. Two tests that must fail are added to each run.

A request is a line of JSON: ``files`` (relative to where it runs), ``search`` (folders for ``sys.path``), ``seconds``
(``test``, ``total``), ``root`` and ``document`` (absolute), ``scope`` (first and last line), ``classes`` that the scope
defines, ``stubs`` (first lines of other unfinished functions), ``guarded`` (files that only the tests may read),
``loading`` (whether what the tests' modules call while they are imported is to be seen, too),
``probe`` (whether returned values are to be asked what they equal), ``settings`` (Django's module of settings or null),
``chosen`` (names of tests by absolute files: those that are run where one of them is found) and ``only`` (names of
tests, or null). The nonce follows on a line of its own. Answers are lines of the nonce and a JSON object with a
``state``: ``planned`` (``names`` of what is to be run), ``start``, ``passed``, ``failed``, ``skipped``, ``uncollected``
with ``name`` (and ``words``, ``cause``, ``missing``, ``expected``, ``actual``; ``conftest``: one could not be loaded),
``entered`` (``name``, ``scope``), ``doubt`` (``words``), ``said`` (``words``), ``ended`` (``code``, ``fails``: whether
the tests that must fail did, ``loads``: whether the document was imported, ``copy``: what was instead), ``cut``
(``how``, ``late``: for want of time, ``ran``: seconds of the last test), and at last ``end``.
"""

from __future__ import annotations

import _thread
import contextlib
import importlib.util
import json
import os
import re
import select
import signal
import sys
import time
from collections.abc import Generator
from typing import Any, Dict, List, Optional, Tuple, cast

Json = Dict[str, Any]
importlib.import_module("math")  # of what the code must leave as it is: known before the project's folders are searched

_MOST_WORDS = 2000
_MOST_BYTES = 8 << 20
_CONFTEST = re.compile(r"while loading conftest '(?P<path>[^']+)'")
_KEPT = ("pytest", "_pytest", "unittest", "pluggy", "builtins", "operator", "math", "copy", "json", "re", "collections")
"""Modules whose functions and classes the code under test must leave as they are."""
_USAGE = 4
"""pytest's exit code for options that it does not know, and for a conftest.py that cannot be imported."""
_STRAY = "the code writes to files that it did not open"


def sibling(name: str) -> Any:
    """A module beside this one, by path: it must not be found by its name."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    spec = importlib.util.spec_from_file_location("_" + name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ------------------------------------------------------------------ supervisor


def supervise() -> None:
    """Read the request, run workers, tell what they said."""
    request = json.loads(read_line(0))
    try:
        import pytest
    except ImportError:
        pytest = None
    end = time.monotonic() + request["seconds"]["total"]
    answers: List[Json] = []
    files = request["files"]
    options: List[str] = []
    while files:
        said = session(request, pytest, files, options, end, answers)
        if said is None:
            break
        words, blamed = said
        # One conftest.py that cannot be imported ends a whole session: the files that it is not for do without it.
        found = _CONFTEST.search(words)
        folder = os.path.dirname(os.path.realpath(found["path"])) + os.sep if found is not None else ""
        broken = [file for file in files if folder and os.path.realpath(file).startswith(folder)]
        if not broken and not options:
            options = ["-o", "addopts="]
            continue
        broken = broken or files
        if found is not None:
            words = unloaded(found["path"], words)
        about: Json = {"state": "uncollected", "words": words, "cause": "environment", "conftest": True}
        if blamed is not None and blamed["cause"] in ("scope", "outside"):
            about.update(cause=blamed["cause"], missing=blamed["missing"])
        answers += [dict(about, name=file) for file in broken]
        files = [file for file in files if file not in broken]
    nonce = read_line(0).decode()
    out = sys.stdout
    for answer in answers:
        out.write(nonce + " " + json.dumps(answer) + "\n")
    out.write(nonce + ' {"state": "end"}\n')
    out.flush()


def unloaded(path: str, words: str) -> str:
    """What kept a conftest.py from being imported, without the frames of what imports it."""
    said = [line[1:].strip() for line in words.split("\n") if line.startswith("E ")]
    return f"{os.path.relpath(path)} cannot be loaded: {said[-1]}" if said else words


def read_line(fd: int) -> bytes:
    """One line, and not a byte more: what follows is not for the worker."""
    line = bytearray()
    while True:
        byte = os.read(fd, 1)
        if byte in (b"", b"\n"):
            return bytes(line)
        line += byte


def session(
    request: Json,
    pytest: Any,
    files: List[str],
    options: List[str],
    end: float,
    answers: List[Json],
) -> Optional[Tuple[str, Optional[Json]]]:
    """Run one worker. Words: it came to no test for want of options or of a conftest.py, and nothing was told; with
    them whose fault the conftest.py's is."""
    read_end, write_end = os.pipe()
    token = os.urandom(16).hex()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        try:
            work(request, pytest, files, options, write_end, token)
        except BaseException as error:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
        finally:
            os._exit(1)  # it did not come to its own end
    os.close(write_end)
    dumpable(0)
    told: List[Json] = []
    late = not gather(read_end, token, end, told)
    os.close(read_end)
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    ended = next((answer for answer in told if answer["state"] == "ended"), None)
    if ended is not None and ended["code"] == _USAGE and not any(answer["state"] == "start" for answer in told):
        answers += [answer for answer in told if answer["state"] == "doubt"]
        words = str(next((answer["words"] for answer in reversed(told) if answer["state"] == "said"), ""))
        return words, next((answer for answer in reversed(told) if answer["state"] == "conftest"), None)
    if ended is None:
        how = "it did not finish in time" if late else "the process ended in the middle of it"
        begun = next((answer["at"] for answer in reversed(told) if answer["state"] == "start"), None)
        ran = time.monotonic() - begun if begun is not None else None
        told.append({"state": "cut", "how": how, "late": late, "status": status, "ran": ran})
    answers += told
    return None


def gather(fd: int, token: str, end: float, told: List[Json]) -> bool:
    """Read a worker's lines until it says that it is done or closes its end. False: the time was over before."""
    buffer, size = b"", 0
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            return False
        piece = os.read(fd, 65536)
        size += len(piece)
        if not piece or size > _MOST_BYTES:
            if buffer:
                told.append({"state": "doubt", "words": _STRAY})
            return True
        *lines, buffer = (buffer + piece).split(b"\n")
        for line in lines:
            answer = known(line, token)
            told.append(answer if answer is not None else {"state": "doubt", "words": _STRAY})
            told[-1]["at"] = time.monotonic()
            if answer is not None and answer["state"] == "ended":
                return True


def known(line: bytes, token: str) -> Optional[Json]:
    try:
        start, _, rest = line.decode().partition(" ")
        answer: Any = json.loads(rest) if start == token else None
    except (ValueError, RecursionError):
        return None
    return cast(Json, answer) if isinstance(answer, dict) and "state" in answer else None


def dumpable(value: int) -> None:
    """Close (0) this process's memory and open files to others of the same user, or open them (1); on Linux."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(4, value, 0, 0, 0)  # PR_SET_DUMPABLE
    except (ImportError, OSError, AttributeError):
        pass  # elsewhere the nonce alone must do


# ------------------------------------------------------------------ worker


def work(
    request: Json,
    pytest: Any,
    files: List[str],
    options: List[str],
    channel: int,
    token: str,
) -> None:
    """Run the tests and tell of them over ``channel``."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)  # what the project prints goes elsewhere
    dumpable(1)
    sys.stdin = open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 - the process's own
    # Bound now: the code under test may put anything in their places later.
    write, dumps, leave, lock = os.write, json.dumps, os._exit, _thread.RLock()

    def tell(**answer: Any) -> None:
        data = (token + " " + dumps(answer) + "\n").encode()
        with lock:
            while data:
                data = data[write(channel, data) :]

    watching, blaming, running = sibling("watching"), sibling("blaming"), sibling("running")
    runner = sibling("by_unittest" if pytest is None else "by_pytest")
    document, scope = request["document"], tuple(request["scope"])

    def doubt(words: str) -> None:
        tell(state="doubt", words=words)

    sys.path[:0] = [folder for folder in request["search"] if folder not in sys.path]
    sys.argv = [""]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv = [sys.executable]
    sys.modules["__main__"] = type(sys)("__main__")
    blame = blaming.blamer(request["root"], document, scope, request["classes"])
    begin, stop, switch = watching.tracer(document, scope, request["stubs"], request["probe"], doubt)
    only = None if request["only"] is None else set(request["only"])
    loaded = watching.guard(document, request["guarded"], doubt)
    run = running.Run(tell, blame, blaming.placeholder, (begin, stop, switch), request["seconds"]["test"], only, loaded)
    run.picked = request.get("chosen") or {}
    run.document = document
    run.loading = bool(request.get("loading"))
    replaced = watching.patches(document, _KEPT)
    with django_ready(request.get("settings"), pytest):
        if pytest is None:
            code, fails = runner.by_unittest(files, run)
        else:
            code, fails = runner.by_pytest(pytest, files, options, run)
    if replaced():
        doubt(watching.PATCHED)
    tell(state="ended", code=code, fails=fails, copy=copy_of(document), loads=loads(document))
    leave(0)  # a thread or an exit handler of the project's does not hold us


def loads(document: str) -> bool:
    """Whether the document was imported."""
    own = os.path.realpath(document)
    files = [str(getattr(one, "__file__", None) or "") for one in list(sys.modules.values())]
    return any(os.path.realpath(file) == own for file in files if file)


def copy_of(document: str) -> str:
    """The file that was imported instead of the document, an installed or a built copy of it; "": there is none."""
    own = os.path.realpath(document)
    folder, name = os.path.split(own)
    inside = os.path.isfile(os.path.join(folder, "__init__.py"))
    tail = os.sep + (os.path.join(os.path.basename(folder), name) if inside else name)
    files = {key: os.path.realpath(str(getattr(one, "__file__", None) or "")) for key, one in list(sys.modules.items())}
    if own in files.values():
        return ""
    stem = os.path.splitext(name)[0]
    return next((file for key, file in sorted(files.items()) if file.endswith(tail) and (inside or key == stem)), "")


@contextlib.contextmanager
def django_ready(settings: Optional[str], pytest: Any) -> Generator[None]:
    """What ``manage.py test`` prepares: the settings, the applications, and empty databases."""
    if settings is None or importlib.util.find_spec("django") is None:
        yield
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)
    if pytest is not None and importlib.util.find_spec("pytest_django") is not None:
        yield  # it prepares all of this itself
        return
    from django import setup  # pyright: ignore - only where the project has it
    from django.test import utils  # pyright: ignore

    setup()  # pyright: ignore
    utils.setup_test_environment()  # pyright: ignore
    try:
        utils.setup_databases(0, interactive=False)  # pyright: ignore
    except Exception as error:
        sys.stderr.write(f"no database for tests: {type(error).__name__}: {error}\n")
    yield


if __name__ == "__main__":
    supervise()
