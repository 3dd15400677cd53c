"""How much of what models really write becomes code: 1,500 answers of twelve models to fifty Python classes.

    python benchmarks/extraction.py [--quick N] [--jobs 2] [--data FOLDER]

For each model two shares, beside those of a naive extractor (the first fence, else the text): *loads* (the code runs
and defines the class) and *right* (the hidden tests pass as well). Tasks whose reference fails here are left out.
The answers are run in child processes with limits on time, memory and file sizes, in an empty folder of their own;
that is for their bugs, not for malice: the data set is known.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import lzma
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.task import Document, Scope, ScopeKind, Task, TextRange
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.extraction import extract
from forge_lsp.languages.python import PYTHON

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "model-outputs"
TIMEOUT = 15.0

CHILD = """
import json, sys, unittest
from pathlib import Path
work = json.loads(Path("work.json").read_text("utf-8"))
space = {"__name__": "candidate"}
answer = {"loads": False, "right": False}
out = sys.stdout
sys.stdout = sys.stderr
try:
    exec(compile(work["code"], "candidate.py", "exec"), space)
    answer["loads"] = isinstance(space.get(work["name"]), type)
    if answer["loads"]:
        exec(compile(work["tests"], "tests.py", "exec"), space)
        suite = unittest.TestSuite()
        for name in work["classes"]:
            suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(space[name]))
        result = unittest.TextTestRunner(stream=open("log.txt", "w")).run(suite)
        answer["right"] = result.wasSuccessful() and result.testsRun > 0
except BaseException as error:
    answer["error"] = repr(error)[:200]
print(json.dumps(answer), file=out, flush=True)
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", type=int, default=0, metavar="N", help="a sample of N answers")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--misses", type=int, default=0, metavar="N", help="show N answers that do not load")
    options = parser.parse_args()
    tasks = {str(task["id"]): task for task in _lines(options.data / "tasks.jsonl.xz") if task["reference_passes"]}
    tasks = _runnable(tasks, options.jobs)
    answers = [answer for answer in _lines(options.data / "answers.jsonl.xz") if answer["task"] in tasks]
    if options.quick:
        answers = random.Random(1).sample(answers, min(options.quick, len(answers)))

    syntax = TreeSitterSyntax()
    works: list[tuple[str, str, dict[str, object]]] = []
    seconds = 0.0
    for answer in answers:
        task = tasks[answer["task"]]
        started = time.perf_counter()
        ours = _ours(answer["text"], task, syntax)
        seconds += time.perf_counter() - started
        works.append((answer["model"], "ours", _work(ours, task)))
        works.append((answer["model"], "naive", _work(_naive(answer["text"]), task)))

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
        distinct = {_digest(work): work for _, _, work in works}
        runs = dict(zip(distinct, pool.map(lambda work: _run(work, Path(folder)), distinct.values()), strict=True))

    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for model, extractor, work in works:
        run = runs[_digest(work)]
        for row in (model, "all"):
            counts[row]["n"] += extractor == "ours"
            counts[row][f"{extractor} loads"] += bool(run["loads"])
            counts[row][f"{extractor} right"] += bool(run["right"])
    print(f"{'model':30}{'answers':>8}{'loads':>8}{'right':>8}{'naive loads':>14}{'naive right':>14}")
    for model, row in sorted(counts.items(), key=lambda pair: (pair[0] == "all", pair[0])):
        shares = [row[f"{who} {what}"] / row["n"] for who in ("ours", "naive") for what in ("loads", "right")]
        print(f"{model:30}{row['n']:8}{shares[0]:8.1%}{shares[1]:8.1%}{shares[2]:14.1%}{shares[3]:14.1%}")
    print(f"extraction: {1000 * seconds / len(answers):.1f} ms an answer")
    pairs = list(zip(works[::2], works[1::2], strict=True))
    lost = [a for (a, b) in zip(answers, pairs, strict=True) if _right(runs, b[1]) and not _right(runs, b[0])]
    print(f"right with the naive extractor and not with ours: {len(lost)}")
    if options.misses:
        missed = [(a, b) for a, b in zip(answers, pairs, strict=True) if not runs[_digest(b[0][2])]["loads"]]
        for answer, pair in [*[(a, None) for a in lost], *missed][: options.misses]:
            print("=" * 100)
            print(answer["task"], answer["model"], answer["sample"], pair and runs[_digest(pair[0][2])].get("error"))
            print(answer["text"])


def _runnable(tasks: dict[str, dict[str, object]], jobs: int) -> dict[str, dict[str, object]]:
    """The tasks whose reference passes on this machine too: some need packages that may not be here."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        works = [_work(str(task["reference"]), task) for task in tasks.values()]
        runs = list(pool.map(lambda work: _run(work, Path(folder)), works))
    kept = {name: task for (name, task), run in zip(tasks.items(), runs, strict=True) if run["right"]}
    print(f"{len(kept)} tasks; left out, because their reference fails here: {len(tasks) - len(kept)}")
    return kept


def _right(runs: dict[str, dict[str, object]], entry: tuple[str, str, dict[str, object]]) -> bool:
    return bool(runs[_digest(entry[2])]["right"])


def _lines(path: Path) -> Iterable[dict[str, object]]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _ours(text: str, task: dict[str, object], syntax: TreeSitterSyntax) -> str:
    skeleton = str(task["skeleton"])
    name = str(task["class_name"])
    start = skeleton.index(f"class {name}")
    document = Document(uri="file:///task.py", language=PYTHON, text=skeleton)
    scope = Scope(kind=ScopeKind.DEFINITION, range=TextRange(start=start, end=len(skeleton.rstrip())), name=name)
    try:
        found = extract(text, Task(document=document, scope=scope, instruction=f"complete {name}"), syntax=syntax)
    except ExtractionFailed:
        return ""
    return "\n".join([*found.imports, found.code])


def _naive(text: str) -> str:
    fence = re.search(r"```\w*\n(.*?)(?:```|\Z)", text, re.DOTALL)
    return fence[1] if fence else text


def _work(code: str, task: dict[str, object]) -> dict[str, object]:
    imports = "\n".join(task["imports"])  # type: ignore[arg-type]
    return {
        "code": f"{imports}\n{code}",
        "name": task["class_name"],
        "tests": task["tests"],
        "classes": task["test_classes"],
    }


def _digest(work: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(work, sort_keys=True).encode()).hexdigest()


def _limits() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (10 << 20, 10 << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _run(work: dict[str, object], folder: Path) -> dict[str, object]:
    place = folder / _digest(work)
    place.mkdir()
    (place / "work.json").write_text(json.dumps(work), encoding="utf-8")
    environment = {
        "HOME": str(place),
        "PATH": os.defpath,
        "TMPDIR": str(place),
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
    }
    with subprocess.Popen(
        [sys.executable, "-s", "-P", "-c", CHILD],
        cwd=place,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_limits,
    ) as child:
        try:
            output, _ = child.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            output = b""
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
    try:
        return json.loads(output.decode("utf-8", "replace").strip().splitlines()[-1])
    except (IndexError, ValueError):
        return {"loads": False, "right": False, "error": "no answer within the limits"}


if __name__ == "__main__":
    main()
