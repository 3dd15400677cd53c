"""Runs gcc or clang over texts that lie over a project; one JSON document a line.

{"open": true} -> {"root": the folder of the mirror}
{"run": [word...]} -> {"code", "out", "err"}
{"lay": {path: text | null}, "check": [{"file", "argv", "make", "head"}...]} -> {"answers": [{"code", "out", "err"}...]}

``lay`` changes what lies over the project; ``argv`` is a command with ``{file}`` in it, ``make`` the one that
precompiles ``{head}``, and ``head`` the text for it; both may be empty.

Run by the server's own interpreter with ``-I -S -B`` inside the sandbox, its argument the project's folder; standard
library only, nothing of ours imported. Compilers read files, so the project is mirrored by a tree of links, with real
folders (``..`` stays inside) and with the texts as real files. What a text includes first is compiled once, to a
precompiled header beside it, and taken as long as none of the files that went into it changes.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from heads import Heads
from mirror import Tree

_LONGEST = 4 * 1024 * 1024
"""Bytes of an answer that are passed on."""


@dataclass
class Job:
    """A command for a unit: where its text is read from, ``body`` instead of ``path``, and what comes first."""

    command: list[str]
    path: str
    head: str
    body: bytes = b""


class Ahead:
    """A compiler that was started before its text is there. Its file includes a pipe, and when it comes to that, it has
    all behind it that is the same for every text: its own start, and what is precompiled. ``place`` begins the names
    of both."""

    def __init__(self, command: list[str], place: str) -> None:
        self.command = command
        self._pipe = f"{place}.pipe"
        self._file = f"{place}.file"
        os.mkfifo(self._pipe)
        with open(self._file, "w", encoding="utf-8") as file:
            file.write(f'#include "{os.path.basename(self._pipe)}"\n')
        quiet = subprocess.DEVNULL
        words = [self._file if word == "{body}" else word for word in command]
        self._process = subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=subprocess.PIPE)

    def run(self, text: bytes) -> "dict[str, Any] | None":
        """Its answer to ``text``; None where it died before."""
        while True:
            try:
                descriptor = os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK)
                break
            except OSError:  # it did not come so far yet, or never will
                if self._process.poll() is not None:
                    self.close()
                    return None
                time.sleep(0.0002)
        os.set_blocking(descriptor, True)
        try:
            with os.fdopen(descriptor, "wb") as pipe:
                pipe.write(text)
        except OSError:  # it read no further: it says why
            pass
        _, err = self._process.communicate()
        self.close()
        return {"code": self._process.returncode, "out": "", "err": err[:_LONGEST].decode("utf-8", "replace")}

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()
        for name in (self._pipe, self._file):
            if os.path.lexists(name):
                os.unlink(name)


class Runner:
    """Answers questions. ``number`` counts them."""

    def __init__(self, source: str) -> None:
        self.root = tempfile.mkdtemp(prefix="tree-")
        self.tree = Tree(source, self.root)
        self.heads = Heads(self.root)
        self.number = 0
        self._pool = ThreadPoolExecutor(min(4, os.cpu_count() or 1))
        self._ahead: Ahead | None = None
        self._last: dict[str, Any] | None = None

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        if "open" in question:
            return {"root": self.root}
        if "run" in question:
            return run(question["run"])
        moved = self.tree.sync()
        if moved:
            self._forget()  # it may have looked for its folders already
        self.heads.changed(self.tree.lay(question["lay"]), moved)
        units: list[dict[str, Any]] = question["check"]
        for unit in units:
            if unit["head"]:
                self.heads.want(unit["file"], tuple(unit["make"]), unit["head"].encode("utf-8", "surrogatepass"))
        self.number += 1
        if self.number == 1:
            self.heads.begin(wait=True)
        self._last = units[0] if units else None
        jobs = [self._job(unit) for unit in units]
        if len(jobs) == 1:
            return {"answers": [self._run(jobs[0], 0)]}
        return {"answers": list(self._pool.map(self._run, jobs, range(len(jobs))))}

    def rest(self) -> None:
        """After an answer: make ready for the next question, which is likely to be like the last."""
        self.heads.begin(wait=False)
        if self._last is None or self._ahead is not None:
            return
        job = self._job(self._last)
        if job.body and os.path.basename(job.command[0]).startswith("cc1"):
            self._ahead = Ahead(job.command, f"{os.path.dirname(job.path)}/.forge-ahead-{self.number}")

    def _forget(self) -> None:
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None

    def _job(self, unit: dict[str, Any]) -> Job:
        """What a unit includes first comes precompiled, where it is ready; the rest is then another file beside it."""
        path = f"{self.root}/{unit['file']}"
        argv: list[str] = unit["argv"]
        text = self.tree.text(unit["file"]) if unit["make"] else b""
        head = self.heads.find(os.path.dirname(unit["file"]), tuple(unit["make"]), text) if text else None
        if head is None:
            return Job([path if word == "{file}" else word for word in argv], path, path)
        lines = head.text.count(b"\n") + 1
        named = path.replace("\\", "\\\\").replace('"', '\\"')
        body = f'# {lines} "{named}"\n'.encode("utf-8", "surrogateescape") + text[len(head.text) :]
        command = [argv[0], "-include", head.path, *("{body}" if word == "{file}" else word for word in argv[1:])]
        return Job(command, path, head.path, body)

    def _run(self, job: Job, number: int) -> dict[str, Any]:
        answer = None
        if number == 0 and self._ahead is not None:
            ahead, self._ahead = self._ahead, None
            if ahead.command == job.command:
                answer = ahead.run(job.body)
            else:
                ahead.close()
        if answer is None:
            command = job.command
            if job.body:
                body = f"{os.path.dirname(job.path)}/.forge-body-{number}"
                with open(body, "wb") as file:
                    file.write(job.body)
                command = [body if word == "{body}" else word for word in command]
            answer = run(command)
        if job.body and answer["code"] != 0 and "PCH" in answer["err"]:
            # Some builds of gcc cannot put it where it was in memory.
            self.heads.spurn(job.head)
            return run([job.path if word == "{body}" else word for word in (job.command[0], *job.command[3:])])
        # The compiler may not like the precompiled one; it then reads the text, whose lines are those of the file.
        return {**answer, "err": answer["err"].replace(job.head, job.path)}


def run(command: list[str]) -> dict[str, Any]:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        return {"code": 127, "out": "", "err": str(error)}
    out, err = (part[:_LONGEST].decode("utf-8", "replace") for part in (done.stdout, done.stderr))
    return {"code": done.returncode, "out": out, "err": err}


def main() -> None:
    runner = Runner(sys.argv[1])
    for line in sys.stdin:
        sys.stdout.write(json.dumps(runner.answer(json.loads(line))) + "\n")
        sys.stdout.flush()
        runner.rest()


if __name__ == "__main__":
    main()
