"""How much of what a function needs its models are shown: no model is asked.

    python benchmarks/context.py [--projects FOLDER] [--only NAME] [--functions N] [--json FILE] [--misses N] [--aider]

In real projects functions are blanked, one at a time. Of the project's own names that the original body uses
(functions, methods, types, constants, fields), it counts those whose definition's line stands in the part of the
prompt that belongs to a file which defines them; of the functions that a test calls, those of which one such call is
shown. Windows of 4k, 8k and 16k tokens. The projects are fetched once by the clients of their registries (pip, npm, go,
cargo) into ``--projects``; a folder there named LANGUAGE-NAME (java-gson) is measured as well.

``--aider`` judges aider's repository map alike: the document's text as ours showed it, and a map in as many tokens as
ours spent on other files. Its environment is made in ``--projects``; where it cannot be, the reason is told and the
rest measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tarfile
import time
from collections import defaultdict
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from context_measure import repository_map
from context_measure.names import Function, Truth, own_names, read, tests_of

from forge_lsp.context import Context, ContextConfig
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import ModelInfo
from forge_lsp.core.task import Document, Task, TextRange
from forge_lsp.editing.markers import SCOPE_BEGINS, SCOPE_ENDS
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.prompting import window
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.csharp import CSHARP
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.go import GO
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.registry import BUILT_IN
from forge_lsp.languages.rust import RUST

WINDOWS = (4096, 8192, 16384)
LANGUAGES = {
    "py": PYTHON, "ts": TYPESCRIPT, "js": JAVASCRIPT, "go": GO,
    "rs": RUST, "java": JAVA, "cs": CSHARP, "c": C, "cpp": CPP,
}  # fmt: skip
SUFFIXES = tuple(suffix for language in LANGUAGES.values() for suffix in language.suffixes)
PYPI = ("click==8.1.7", "jinja2==3.1.4", "werkzeug==3.0.4", "marshmallow==3.22.0")
NPM = ("zod@3.25.76", "@tanstack/query-core@5.59.0")
GO_MODULES = (
    "github.com/spf13/cobra@v1.8.1",
    "github.com/gorilla/mux@v1.8.1",
    "github.com/pelletier/go-toml/v2@v2.2.3",
)
CRATES = ("indexmap=2.5.0", "semver=1.0.23", "toml_edit=0.22.20")
BLANK = {
    PYTHON: "raise NotImplementedError",
    GO: '{\n\tpanic("not implemented")\n}',
    RUST: "{\n    todo!()\n}",
    JAVA: '{\n    throw new UnsupportedOperationException("not implemented");\n}',
    CSHARP: "{\n    throw new NotImplementedException();\n}",
    TYPESCRIPT: '{\n  throw new Error("not implemented");\n}',
    JAVASCRIPT: '{\n  throw new Error("not implemented");\n}',
    C: "{\n    /* TODO */\n}",
    CPP: "{\n    /* TODO */\n}",
}


@dataclass(slots=True)
class Count:
    """Shown and asked for."""

    shown: int = 0
    all: int = 0

    def add(self, shown: bool) -> None:
        """Count one."""
        self.shown += shown
        self.all += 1

    def __str__(self) -> str:
        return f"{100 * self.shown / self.all:4.0f}% of {self.all:<4}" if self.all else "   -        "


@dataclass(slots=True)
class Figures:
    """What is told of one language at one window."""

    own: Count = field(default_factory=Count)
    others: Count = field(default_factory=Count)
    tests: Count = field(default_factory=Count)
    aider_own: Count = field(default_factory=Count)
    aider_others: Count = field(default_factory=Count)
    seconds: list[float] = field(default_factory=list[float])
    tokens: list[int] = field(default_factory=list[int])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser.add_argument("--projects", type=Path, default=cache / "forge-context")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="projects with NAME in their name")
    parser.add_argument("--functions", type=int, default=15, metavar="N", help="functions a project (15)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every name with what was shown of it")
    parser.add_argument(
        "--misses", type=int, default=0, metavar="N", help="print N names a project that were not shown"
    )
    parser.add_argument("--no-fetch", action="store_true")
    parser.add_argument("--aider", action="store_true", help="beside aider's repository map, installed from PyPI")
    options = parser.parse_args()
    options.projects.mkdir(parents=True, exist_ok=True)
    if not options.no_fetch:
        fetch(options.projects)
    python = None
    if options.aider:
        try:
            python = repository_map.environment(options.projects / "aider")
        except RuntimeError as error:
            print(f"aider's map is left out: {error}")
    figures: dict[tuple[Language, int], Figures] = defaultdict(Figures)
    rows: list[dict[str, object]] = []
    names = [
        folder.name
        for folder in sorted(options.projects.iterdir())
        if folder.name.partition("-")[0] in LANGUAGES
        and (not options.only or any(o in folder.name for o in options.only))
    ]
    for name in names:
        own: dict[tuple[Language, int], Figures] = defaultdict(Figures)
        with (
            nullcontext()
            if python is None
            else repository_map.Map.of(python, options.projects / name, SUFFIXES) as map_
        ):
            asyncio.run(measure(options.projects / name, name, options, own, rows, map_))
        for (language, size), found in own.items():
            tell(f"{name:18} {size // 1024:2}k", found)
            whole = figures[language, size]
            for part in ("own", "others", "tests", "aider_own", "aider_others"):
                getattr(whole, part).shown += getattr(found, part).shown
                getattr(whole, part).all += getattr(found, part).all
            whole.seconds += found.seconds
            whole.tokens += found.tokens
    print()
    for (language, size), found in sorted(figures.items(), key=lambda pair: (pair[0][0].id, pair[0][1])):
        tell(f"{language.id:18} {size // 1024:2}k", found)
    if options.json:
        options.json.write_text(json.dumps(rows))


def tell(name: str, found: Figures) -> None:
    """Print one line."""
    milli = 1000 * statistics.median(found.seconds) if found.seconds else 0
    tokens = statistics.median(found.tokens) if found.tokens else 0
    shown = f"own {found.own}  other files {found.others}  a test {found.tests}"
    beside = f"  aider: own {found.aider_own}  other files {found.aider_others}" if found.aider_own.all else ""
    print(f"{name}  {shown}  {milli:5.0f} ms  {tokens:6.0f} tokens{beside}", flush=True)


async def measure(
    folder: Path,
    name: str,
    options: argparse.Namespace,
    figures: dict[tuple[Language, int], Figures],
    rows: list[dict[str, object]],
    map_: repository_map.Map | None,
) -> None:
    """Blank functions of one project."""
    language = LANGUAGES[name.partition("-")[0]]
    truth = read(folder, language)
    syntax = TreeSitterSyntax()
    # The whole index from the start: what is shown is measured, and not how far it got on a busy machine.
    context = Context(syntax, BUILT_IN, ContextConfig(seconds=60))
    scopes = Scopes(syntax)
    wanted = [found for found in truth.functions if len(own_names(truth, found)) >= 3]
    picked = random.Random(options.seed).sample(wanted, min(options.functions, len(wanted)))
    misses = 0
    for function in sorted(picked, key=lambda found: (found.file, found.start)):
        task = blanked(folder, truth, function, scopes)
        if task is None:
            continue
        for size in WINDOWS:
            room = window(ModelInfo(key="m", name="m", server="s", provider="ollama", context=size), task).context
            started = time.perf_counter()
            text = (await context.gather(task, tokens=room)).text
            found = figures[language, size]
            found.seconds.append(time.perf_counter() - started)
            found.tokens.append(round(len(text) / 3.2))
            shown = sections(text)
            theirs: dict[str, str] | None = None
            if map_ is not None:
                document = {function.file: shown.get(function.file, "")}
                spent = found.tokens[-1] - round(len(text.partition("\n## ")[0]) / 3.2)
                theirs = {**repository_map.map_sections(map_.text(task, max(spent, 1))), **document}
            for own, places in own_names(truth, function).items():
                there = any(head_shown(shown.get(place.file, ""), place.head) for place in places)
                found.own.add(there)
                elsewhere = all(place.file != function.file for place in places)
                if theirs is not None:
                    hit = any(head_shown(theirs.get(place.file, ""), place.head) for place in places)
                    found.aider_own.add(hit)
                    if elsewhere:
                        found.aider_others.add(hit)
                if elsewhere:
                    found.others.add(there)
                rows.append(
                    {
                        "project": name,
                        "function": function.name,
                        "file": function.file,
                        "window": size,
                        "name": own,
                        "places": [p.file for p in places],
                        "shown": there,
                    }
                )
                if not there and misses < options.misses and size == 8192:
                    misses += 1
                    print(f"   {function.file} {function.name}: {own} of {places[0].file}: {places[0].head}")
            calling = tests_of(truth, function)
            if calling:
                call = re.compile(rf"\b{re.escape(function.name)}[!?]?(?:::?<[^>()]*>|<[\w, ]*>)?\(")
                hit = any(call.search(test_part(shown.get(file, ""), file, truth)) for file in calling)
                found.tests.add(hit)
                if not hit and options.misses and size == 8192:
                    print(f"   {function.file} {function.name}: no test of {sorted(calling)[:3]}")


def test_part(text: str, file: str, truth: Truth) -> str:
    """What is shown of a file's tests: all of it, unless it holds its tests beside its code."""
    if file not in truth.texts:
        return text
    return text.partition("#[cfg(test)]")[2] or "".join(re.findall(r"#\[\w*:?:?test\].*", text, re.S))


def head_shown(text: str, head: str) -> bool:
    """Whether a line begins as the definition's does."""
    return any(line.strip().startswith(head) for line in text.split("\n"))


def sections(text: str) -> dict[str, str]:
    """The parts of a prompt by file, without the scope itself."""
    found: dict[str, str] = defaultdict(str)
    begin, end = text.find(SCOPE_BEGINS), text.find(SCOPE_ENDS)
    if 0 <= begin < end:
        text = text[:begin] + text[end:]
    name = folder = ""
    for line in text.split("\n"):
        heading = re.match(r"(?:# The document: |## )(\S+)", line)
        named = re.fullmatch(r"(?://|#) (\S+\.\w+)", line) if folder else None
        if heading:
            name = heading[1]
            folder = name if name.endswith("/") else ""
        elif named:
            name = folder.removeprefix("./") + named[1]
        else:
            found[name] += line + "\n"
    return found


def blanked(folder: Path, truth: Truth, function: Function, scopes: Scopes) -> Task | None:
    """The task to write the function's body again."""
    data = truth.texts[function.file]
    start, end = function.body
    text = (
        data[:start].decode("utf-8", "replace") + BLANK[truth.language] + data[end:].decode("utf-8", "replace")
    ).removeprefix("\ufeff")
    path = folder / function.file
    document = Document(uri=path.as_uri(), language=truth.language, text=text, path=path)
    at = len(data[: function.start].decode("utf-8", "replace").removeprefix("\ufeff"))
    scope = scopes.scope(document, TextRange(start=at, end=at))
    if scope.name is None or function.name not in scope.name:
        return None
    words = scopes.instruction(document, scope, None, ())
    return Task(document=document, scope=scope, instruction=words, workspace=folder)


def fetch(folder: Path) -> None:
    """Bring what is not there yet."""
    downloads = folder / "downloads"
    downloads.mkdir(exist_ok=True)

    def run(*words: str, where: Path = downloads) -> str:
        done = subprocess.run(words, cwd=where, capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 else ""

    for spec in PYPI:
        name = spec.partition("==")[0]
        if not (folder / f"py-{name}").exists():
            run(sys.executable, "-m", "pip", "download", "-q", "--no-binary", ":all:", "--no-deps", spec, "-d", ".")
            unpack(sorted(downloads.glob(f"{name}-*.tar.gz")), folder / f"py-{name}")
    for spec in NPM:
        name = spec.rpartition("@")[0].rpartition("/")[2]
        if not (folder / f"ts-{name}").exists():
            packed = run("npm", "pack", "-s", spec).strip()
            unpack([downloads / packed] if packed else [], folder / f"ts-{name}")
    modules = downloads / "go"
    modules.mkdir(exist_ok=True)
    for spec in GO_MODULES:
        name = re.sub(r"/v\d+$", "", spec.partition("@")[0]).rpartition("/")[2]
        if not (folder / f"go-{name}").exists():
            (modules / "go.mod").write_text("module fetched\n")
            told = run("go", "mod", "download", "-json", spec, where=modules)
            if told:
                run("cp", "-r", json.loads(told)["Dir"], str(folder / f"go-{name}"))
                run("chmod", "-R", "u+w", str(folder / f"go-{name}"))
    missing = [spec for spec in CRATES if not (folder / f"rs-{spec.partition('=')[0]}").exists()]
    if missing:
        crate = downloads / "crates"
        (crate / "src").mkdir(parents=True, exist_ok=True)
        (crate / "src" / "lib.rs").write_text("")
        wanted = "".join('{} = "={}"\n'.format(*spec.split("=")) for spec in missing)
        (crate / "Cargo.toml").write_text(
            f'[package]\nname = "fetched"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n{wanted}'
        )
        run("cargo", "vendor", "-q", "vendored", where=crate)
        for spec in missing:
            name = spec.partition("=")[0]
            if (crate / "vendored" / name).exists():
                run("cp", "-r", str(crate / "vendored" / name), str(folder / f"rs-{name}"))


def unpack(archives: list[Path], target: Path) -> None:
    """The first archive's only folder as ``target``."""
    if not archives:
        return
    with tarfile.open(archives[-1]) as archive:
        for member in archive.getmembers():
            member.name = member.name.partition("/")[2]
            if member.name:
                archive.extract(member, target, filter="data")


if __name__ == "__main__":
    main()
