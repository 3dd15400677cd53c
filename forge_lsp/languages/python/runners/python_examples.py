"""Runs examples on a module, inside the sandbox, by the project's interpreter (Python 3.8 or later, stdlib only).

Two processes. The *supervisor* reads one JSON request from stdin and writes one line an example to stdout; it never
imports what it judges. A *worker* imports the document and runs what it is told, one example at a time over a pipe.

Why a candidate cannot forge a pass: neither process ever learns what is expected (that stays with the caller, which
compares), so a worker in the candidate's hands can only answer what it could have returned anyway. Every line of
the supervisor starts with the request's nonce, and the supervisor's memory and files are closed to the worker. A
worker that ends, hangs or babbles loses the example at hand; the rest goes on in a fresh one, with the steps that
ended well run again.

What the candidate's code does to learn more (frames, files: see ``watching.py``) is told as a doubt before it is done.

Request: ``{nonce, module: {path, name, package, inside, search, cwd, guarded, shown, probe}, seconds: {import, example,
total}, groups: [{id, examples: [{id, steps: [source...], mode: "print" | "value"}], seconds}]}``. A group's own
``seconds`` (``example``, ``total``) are for it alone. Only the last step's output or value is told; with ``print`` the
value as data too, where the output is nothing but that value.
Reply lines: ``nonce {"group", "example", "state", ...}``, and ``nonce {"state": "end"}`` when all is done.
``state`` is one of ``done`` (``output``, ``value``), ``raised`` and ``unparsed`` (``error``), ``hung``, ``died``,
``late`` (the total was over before), ``doubt`` (``words``) and, for a whole group, ``import`` (``error``).
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from typing import Any, Callable, Dict, List, Optional, cast

__all__ = ["supervise", "work"]

Json = Dict[str, Any]

show = repr  # bound now: the code under test may put another in its place

MOST_OUTPUT = 20000  # characters of one example's output, value or message
MOST_REPLY = 1 << 20  # bytes of one reply
MOST_NODES = 5000  # parts of one value

# ---------------------------------------------------------------- supervisor


def supervise() -> None:
    """Read the request, run the groups, tell what came of them."""
    hide()
    request = json.loads(sys.stdin.buffer.read())
    nonce = request["nonce"]
    end = time.monotonic() + request["seconds"]["total"]

    def tell(**answer: Any) -> None:
        sys.stdout.write(nonce + " " + json.dumps(answer) + "\n")
        sys.stdout.flush()

    for group in request["groups"]:
        run_group(request, group, end, tell)
    tell(state="end")


def run_group(request: Json, group: Json, end: float, tell: Callable[..., None]) -> None:
    """Run one group's examples in order, in as many workers as it takes."""
    done: List[Json] = []
    pending = list(group["examples"])
    worker: Optional[Worker] = None
    own = group.get("seconds")
    seconds = dict(request["seconds"], **own) if own else request["seconds"]
    if own:
        end = min(end, time.monotonic() + own["total"])
    try:
        while pending:
            example = pending[0]
            if time.monotonic() >= end:
                tell(group=group["id"], example=example["id"], state="late")
                pending.pop(0)
                continue
            if worker is None:
                worker = Worker(lambda words: tell(state="doubt", words=words))
                answer = worker.ask({"module": request["module"]}, seconds["import"], end)
                if answer["state"] != "done":
                    tell(**{**answer, "group": group["id"], "state": "import", "how": answer["state"]})
                    return
                for earlier in done:
                    worker.ask(earlier, seconds["example"], end)
            answer = worker.ask(example, seconds["example"], end)
            if answer["state"] == "hung":
                answer["seconds"] = seconds["example"]
                # Code that hung once often does so again: less patience then, so that the others get their turn.
                seconds["example"] = max(min(1.0, seconds["example"]), seconds["example"] / 2)
            tell(**{**answer, "group": group["id"], "example": example["id"]})
            pending.pop(0)
            if answer["state"] in ("hung", "died"):
                worker.close()
                worker = None
            else:
                done.append(example)
    finally:
        if worker is not None:
            worker.close()


class Worker:
    """A child that runs code it is given; everything it says is doubted."""

    def __init__(self, doubt: Callable[[str], None]) -> None:
        self.doubt = doubt
        ask_read, ask_write = os.pipe()
        tell_read, tell_write = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-X", "utf8", __file__, str(ask_read), str(tell_write)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(ask_read, tell_write),
            start_new_session=True,
        )
        os.close(ask_read)
        os.close(tell_write)
        self.ask_write, self.tell_read = ask_write, tell_read
        self.buffer = b""

    def ask(self, question: Json, seconds: float, end: float) -> Json:
        token = os.urandom(8).hex()
        deadline = min(time.monotonic() + seconds, end)
        try:
            os.write(self.ask_write, json.dumps({"token": token, "question": question}).encode() + b"\n")
            while True:
                line = self.line(deadline)
                if line is None:
                    return {"state": "hung"}
                try:
                    answer = json.loads(line)
                    if isinstance(answer.get("doubt"), str):
                        self.doubt(answer["doubt"][:200])
                        continue
                    if answer.get("token") == token and answer["answer"]["state"] in ("done", "raised", "unparsed"):
                        return answer["answer"]
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                    pass  # babble: only the answer to this question counts
        except (OSError, EOFError):
            code = self.close()
            return {"state": "died", "code": code}

    def line(self, deadline: float) -> bytes | None:
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.tell_read], [], [], left)[0]:
                return None
            piece = os.read(self.tell_read, 65536)
            if not piece or len(self.buffer) > MOST_REPLY:
                raise EOFError
            self.buffer += piece
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line

    def close(self) -> int:
        for fd in (self.ask_write, self.tell_read):
            with contextlib.suppress(OSError):  # closed before
                os.close(fd)
        # One that closed its pipe to look dead is as much in the way as one that hangs; one that is ending by
        # itself gets the moment it needs, so that its exit code can be told.
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(0.2)
        with contextlib.suppress(OSError):  # gone already
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()


def hide() -> None:
    """Close this process's memory and open files to others of the same user (Linux)."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
    except (ImportError, OSError, AttributeError):
        pass  # elsewhere the nonce alone must do; a forger still does not know what is expected


# ---------------------------------------------------------------- worker


def work(read_fd: int, write_fd: int) -> None:
    """Answer questions until the supervisor closes its pipe."""
    # Bound now: the code under test may put anything in their places later.
    write, dumps, loads, read_line = os.write, json.dumps, json.loads, os.fdopen(read_fd, "rb").readline
    namespace: Optional[Json] = None
    begin: Any = None
    end: Any = None

    def doubt(words: str) -> None:
        write(write_fd, dumps({"doubt": words}).encode() + b"\n")

    while True:
        line = read_line()
        if not line:
            os._exit(0)
        message = loads(line)
        question = message["question"]
        if namespace is None:
            namespace = {}
            begin, end = watched(question["module"], doubt)
            answer = guarded(import_document, question["module"], namespace)
        else:
            begin()
            answer = guarded(run_example, question, namespace)
            end()
        data = dumps({"token": message["token"], "answer": answer}).encode() + b"\n"
        while data:
            data = data[write(write_fd, data) :]


def watched(module: Json, doubt: Callable[[str], None]) -> Any:
    """Watch the document's code from here on. What asks the values of one example is begun and ended for each."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "watching.py")
    spec = importlib.util.spec_from_file_location("_watching", path)
    assert spec is not None
    assert spec.loader is not None
    watching = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(watching)
    pair = watching.tracer(module["path"], (0, 0), [], module["probe"], doubt)[:2]
    watching.guard(module["path"], module["guarded"], doubt)
    undocumented(module["path"], module["shown"])
    return pair


def undocumented(path: str, shown: List[str]) -> None:
    """Load the document without the examples in its documentation: what they expect is not for its code."""
    import ast
    import importlib.machinery

    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    loader: Any = importlib.machinery.SourceFileLoader
    own, real = os.path.realpath(path), loader.source_to_code
    if any("__doc__" in step or "help(" in step for step in shown):
        return  # the examples themselves ask for it

    def cut(text: str) -> str:
        ends = [at for at in (text.find(part) for part in (">>>", *shown)) if at >= 0]
        return text[: text.rfind("\n", 0, min(ends)) + 1] if ends else text

    def source_to_code(self: Any, data: Any, path: Any, **named: Any) -> Any:
        if os.path.realpath(os.fsdecode(path)) == own:
            data = ast.parse(data, path)
            for node in ast.walk(data):
                first: Any = node.body[0] if isinstance(node, kinds) and node.body else None
                value: Any = first.value if isinstance(first, ast.Expr) else None
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    value.value = cut(value.value)
        return real(self, data, path, **named)

    loader.source_to_code = source_to_code


def guarded(function: Callable[[Json, Json], Json], question: Json, namespace: Json) -> Json:
    try:
        return function(question, namespace)
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: a worker answers every question
        return {"state": "raised", "error": describe(error, None)}


def import_document(module: Json, namespace: Json) -> Json:
    import importlib
    import importlib.util

    for folder in reversed(module["search"]):
        sys.path.insert(0, folder)
    name, path = module["name"], module["path"]
    os.chdir(module["cwd"])
    sys.argv = [path]
    swap = Capture()
    with swap:
        try:
            if module["package"]:
                importlib.import_module(module["package"])
            found = sys.modules.get(name)
            if found is None or not same_file(getattr(found, "__file__", None), path):
                spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=module["inside"])
                if spec is None or spec.loader is None:
                    raise ImportError("no way to load " + path, name=name)
                found = importlib.util.module_from_spec(spec)
                sys.modules[name] = found
                spec.loader.exec_module(found)
        except BaseException as error:
            return {"state": "raised", "error": describe(error, None)}
    namespace.update(found.__dict__)
    return {"state": "done"}


def same_file(one: str | None, other: str) -> bool:
    return one is not None and os.path.realpath(one) == os.path.realpath(other)


def run_example(example: Json, namespace: Json) -> Json:
    steps, mode = example["steps"], example["mode"]
    output = ""
    value: Any = None
    shown: Optional[Json] = None
    error: Optional[Json] = None
    for number, source in enumerate(steps):
        last = number == len(steps) - 1
        name = "<example>"
        try:
            code, shows = compiled(source, name, value=mode == "value" and last)
        except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError) as problem:
            return {"state": "unparsed", "error": describe(problem, None), "step": number}
        swap = Capture()
        shown = None
        with swap:
            try:
                value = eval(code, namespace)
                silent = not swap.text()
                if mode == "value" and last:
                    value = told(value)
                elif shows and value is not None:
                    # As the prompt shows it, but by no hook that the code under test could have put there.
                    print_to(swap.stream, show(value))
                    namespace["_"] = value
                    shown = data(value) if last and silent else None
            except BaseException as problem:
                error = describe(problem, name)
        output = swap.text()
        if error is not None:
            return {"state": "raised", "error": error, "step": number, "output": output}
    return {"state": "done", "output": output, "value": value if mode == "value" else shown}


def compiled(source: str, name: str, *, value: bool) -> Any:
    """The code of a step, and whether it is an expression whose value is to be shown."""
    try:
        return compile(source.strip(), name, "eval", 0, True), True
    except SyntaxError:
        if value:
            raise
        return compile(source + "\n", name, "single", 0, True), False


def print_to(stream: io.StringIO, text: str) -> None:
    with contextlib.suppress(ValueError):  # the code under test closed it
        stream.write(text + "\n")


class Capture:
    """What is printed goes here, not to the worker's own output."""

    def __enter__(self) -> None:
        self.before = sys.stdout, sys.stderr, sys.stdin
        self.stream = sys.stdout = io.StringIO()
        sys.stderr, sys.stdin = io.StringIO(), io.StringIO()

    def __exit__(self, *_: object) -> None:
        sys.stdout, sys.stderr, sys.stdin = self.before

    def text(self) -> str:
        try:
            return str(self.stream.getvalue())[:MOST_OUTPUT]
        except ValueError:
            return ""  # the code under test closed it


def describe(error: BaseException, frame: str | None) -> Json:
    """Type, message and place of an exception. ``own``: raised by the example itself, not inside what it calls."""
    trace = error.__traceback__
    last = None
    while trace is not None:
        last = trace
        trace = trace.tb_next
    try:
        lines = "".join(traceback.format_exception_only(type(error), error))
    except BaseException:
        lines = type(error).__name__ + "\n"
    return {
        "type": type(error).__name__,
        "text": lines[:MOST_OUTPUT],
        "name": str(getattr(error, "name", None) or ""),
        "own": frame is not None and last is not None and last.tb_frame.f_code.co_filename == frame,
        "line": last.tb_lineno if last is not None else 0,
        "path": os.path.realpath(last.tb_frame.f_code.co_filename) if last is not None else "",
        "file": last.tb_frame.f_code.co_filename.rpartition("/")[2] if last is not None else "",
    }


def told(value: Any) -> Json:
    """A value as text and, where it is made of plain data, as a tree that the caller compares."""
    try:
        text = show(value)[:MOST_OUTPUT]
    except BaseException as error:
        text = "<" + type(error).__name__ + " in repr>"
    return {"text": text, **data(value)}


def data(value: Any) -> Json:
    """A value's type, and its tree where it is made of plain data. Asks nothing of the value's own class."""
    nodes = [MOST_NODES]
    try:
        tree = plain(value, nodes)
    except (Unplain, RecursionError):
        tree = None
    return {"tree": tree, "type": type(value).__name__, "module": str(type(value).__module__)}


class Unplain(Exception):
    pass


def plain(value: Any, nodes: List[int]) -> Any:
    """Plain data as tagged lists. Subclasses count as what they extend, read by the base class's own methods."""
    nodes[0] -= 1
    if nodes[0] < 0:
        raise Unplain
    if value is None or value is True or value is False:
        return ["c", value]
    if isinstance(value, int):
        return ["i", hex(int.__index__(value))]
    if isinstance(value, float):
        return ["f", float.__repr__(float(value))]
    if isinstance(value, complex):
        return ["j", float.__repr__(value.real), float.__repr__(value.imag)]
    if isinstance(value, str):
        return ["s", str.__str__(value)]
    if isinstance(value, (bytes, bytearray)):
        return ["b", bytes(value).decode("latin-1")]
    known: List[Any] = [("l", list), ("t", tuple), ("e", set), ("e", frozenset)]
    for tag, base in known:
        if isinstance(value, base):
            return [tag, [plain(item, nodes) for item in base.__iter__(value)]]
    mapping: Any = dict
    if isinstance(value, mapping):
        return ["d", [[plain(key, nodes), plain(item, nodes)] for key, item in mapping.items(value)]]
    kind: Any = cast(Any, type)(value)
    if kind.__module__ == "decimal" and kind.__name__ == "Decimal":
        return ["n", str(value)]
    if kind.__module__ == "fractions" and kind.__name__ == "Fraction":
        return ["n", str(value)]
    if kind.__module__ == "numpy" and getattr(value, "shape", None) == ():
        return plain(value.item(), nodes)
    raise Unplain


if __name__ == "__main__":
    if len(sys.argv) == 3:
        work(int(sys.argv[1]), int(sys.argv[2]))
    else:
        supervise()
