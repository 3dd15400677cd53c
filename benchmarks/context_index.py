"""Gathering context in a project of 5,000 made-up files, against reading those files once.

    python benchmarks/context_index.py [--files N] [--rounds N]

Prints, as ratios to opening, reading and decoding every file, in seconds of the clock and of processors (which a busy
machine changes less): the first gathering of a fresh server (cold); in a living one the median of later ones at other
places, soon after another and after a pause, after which each file's stamp is looked at again (warm); of the same ones
again, whose files it has read. As in the server, one loop runs for all, and the document was parsed when its scope was
found: neither is counted. Prints the memory of the index. Exits 1 where cold is above 3, warm (after a pause)
above 0.2, or the index holds more than 50 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from forge_lsp.context import Context
from forge_lsp.context.index import Index
from forge_lsp.core.task import Document, Task, TextRange
from forge_lsp.editing.files import Files
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.registry import BUILT_IN

COLD, WARM, MEMORY = 3.0, 0.2, 50_000_000
WORDS = (
    *("order", "price", "user", "cart", "item", "stock", "ledger", "batch", "token"),
    *("frame", "route", "query", "index", "cache", "shape", "label", "event", "queue"),
)


def main() -> int:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        paths = made(root, options.files)
        reading = min(timed(lambda: [path.read_text("utf-8") for path in paths]) for _ in range(3))
        places = [paths[number] for number in range(7, 8 + 2 * options.rounds)]
        syntax, loop = TreeSitterSyntax(), asyncio.new_event_loop()
        context = Context(syntax, BUILT_IN)

        def gathered(path: Path) -> Spent:
            # A task of its own each time: one that was gathered for before is answered from memory.
            made_up = task(root, path, syntax)
            return timed(lambda: loop.run_until_complete(context.gather(made_up, tokens=5_000)))

        def paused(path: Path) -> Spent:
            context.look_again()
            spent = gathered(path)
            rest()
            return spent

        cold = gathered(places[0])
        rest()
        gathered(places[0])  # whatever is made once, of the index that is whole now
        rest()
        soon = median(gathered(path) for path in places[1 : 1 + options.rounds])
        warm = median(paused(path) for path in places[1 + options.rounds :])
        again = median(gathered(path) for path in places[1 : 1 + options.rounds])
        loop.close()
        tracemalloc.start()
        index = Index()
        index.refresh(
            Files(root, (), code=BUILT_IN.suffixes, largest=512_000),
            (PYTHON,),
            most=60_000,
            deadline=time.monotonic() + 600,
        )
        memory = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        looking = timed(
            lambda: index.refresh(
                Files(root, (), code=BUILT_IN.suffixes, largest=512_000),
                (PYTHON,),
                most=60_000,
                deadline=time.monotonic() + 600,
                each=True,
            )
        )
    print(f"reading {options.files} files once: {reading}, {len(index.tables.files)} in the index")
    print(f"cold {cold}, {cold.clock / reading.clock:.2f} of reading (promised {COLD})")
    for words, spent in (("warm, soon after another", soon), ("warm, after a pause", warm), ("the same again", again)):
        ratios = f"{spent.clock / reading.clock:.2f} of reading, {spent.processor / reading.processor:.2f} of its work"
        print(f"{words}: {spent}, {ratios} (promised {WARM})")
    print(f"each file looked at again, in the background after a gathering: {looking}")
    print(f"index {memory / 1e6:.1f} MB (promised {MEMORY / 1e6:.0f})")
    kept = cold.clock <= COLD * reading.clock and warm.clock <= WARM * reading.clock and memory <= MEMORY
    return 0 if kept else 1


def rest() -> None:
    """Wait for what a gathering left for later: a job calls its models meanwhile."""
    for thread in threading.enumerate():
        if thread.name == "context-index":
            thread.join()


class Spent(NamedTuple):
    """Seconds."""

    clock: float
    processor: float

    def __str__(self) -> str:
        return f"{1000 * self.clock:.0f} ms ({1000 * self.processor:.0f} of processors)"


def median(spent: Iterable[Spent]) -> Spent:
    """The median of each."""
    clock, processor = zip(*spent, strict=True)
    return Spent(statistics.median(clock), statistics.median(processor))


def timed(work: Callable[[], object]) -> Spent:
    """What ``work`` takes."""
    started, used = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - started, time.process_time() - used)


def made(root: Path, count: int) -> list[Path]:
    """Modules of classes that use each other's, some 4 kB each."""
    draw = random.Random(1)
    paths: list[Path] = []
    for number in range(count):
        folder = root / f"pack{number // 250}" / f"part{number // 25 % 10}"
        folder.mkdir(parents=True, exist_ok=True)
        other = draw.randrange(count)
        lines = [f"from pack{other // 250}.part{other // 25 % 10}.module{other} import Kind{other}", "", ""]
        for part in range(3):
            lines += [
                f"class {'Kind' if not part else 'Other' + str(part)}{number}:",
                f'    """Keeps a {draw.choice(WORDS)}."""',
                "",
            ]
            names = draw.sample(WORDS, 6)
            lines += [
                "    def __init__(self, first: int) -> None:",
                *(f"        self.{name}_{part} = first" for name in names),
            ]
            for name in names:
                lines += ["", f"    def {name}_of_{part}(self, count: int) -> int:", f'        """The {name}."""']
                lines += [
                    f"        found = self.{name}_{part} + count",
                    f"        return Kind{other}(found).{draw.choice(WORDS)}_0",
                ]
            lines += ["", ""]
        path = folder / f"module{number}.py"
        path.write_text("\n".join(lines))
        paths.append(path)
    return paths


def task(root: Path, path: Path, syntax: TreeSitterSyntax) -> Task:
    """To write a method of the module's first class."""
    text = path.read_text()
    document = Document(uri=path.as_uri(), language=PYTHON, text=text, path=path)
    at = text.index("def ", text.index("_of_0") - 40)
    scope = Scopes(syntax).scope(document, TextRange(start=at, end=at))
    return Task(document=document, scope=scope, instruction="Rewrite it.", workspace=root)


if __name__ == "__main__":
    sys.exit(main())
