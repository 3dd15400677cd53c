"""How many of the recorded answers that hold the wanted definition yield it whole (needs its data sets).

    python benchmarks/whole_answers.py [--quick N] [--data FOLDER] [--misses N] [--no-check]

Whether an answer holds the definition is told by its text alone: a `class` or `def` line of the name and the lines
below it that Python's own parser takes; in other languages an item of that name with a body. It is yielded whole
where the code that lands has the same statements, comments and layout apart (of a class: each finished method, in one
of its versions).
"""

from __future__ import annotations

import argparse
import ast
import json
import lzma
import random
import re
import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item
from forge_lsp.core.task import Document, Task, TextRange
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.extraction import extract
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.registry import BUILT_IN

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
LEAST = 0.99
SYNTAX = TreeSitterSyntax()
SCOPES, EDITS = Scopes(SYNTAX), Edits(SYNTAX)
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An answer, the task that it was given to, and the row that it counts in."""

    row: str
    task: Task
    text: str


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", type=int, default=0, metavar="N", help="a sample of N answers of each data set")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--misses", type=int, default=0, metavar="N", help="show N answers that do not yield it")
    parser.add_argument("--no-check", action="store_true", help="print, whatever comes out")
    options = parser.parse_args()
    held: dict[str, int] = defaultdict(int)
    whole: dict[str, int] = defaultdict(int)
    seen: dict[str, int] = defaultdict(int)
    shown = 0
    for answers in (classes(options.data / "model-outputs"), functions(options.data / "functions")):
        recorded = list(answers)
        if options.quick:
            recorded = random.Random(1).sample(recorded, min(options.quick, len(recorded)))
        for answer in recorded:
            seen[answer.row] += 1
            there = holds(answer)
            if not there:
                continue
            held[answer.row] += 1
            code = landed(answer)
            good = code is not None and yields(answer, there, code)
            whole[answer.row] += good
            if not good and shown < options.misses:
                shown += 1
                print("=" * 100, answer.row, answer.text, "-" * 50, code, sep="\n")
    print(f"{'answers':32}{'all':>8}{'hold it':>9}{'whole':>8}{'share':>8}")
    for row in sorted(seen):
        share = whole[row] / held[row] if held[row] else 1.0
        print(f"{row:32}{seen[row]:8}{held[row]:9}{whole[row]:8}{share:8.1%}")
    total = sum(whole.values()) / max(sum(held.values()), 1)
    print(f"{'all':32}{sum(seen.values()):8}{sum(held.values()):9}{sum(whole.values()):8}{total:8.2%}")
    return 1 if total < LEAST and not options.no_check else 0


def lines(path: Path) -> Iterator[dict[str, object]]:
    """The objects of a data file."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        yield from (json.loads(line) for line in file)


def classes(folder: Path) -> Iterator[Recorded]:
    """Answers to classes of Python."""
    tasks: dict[str, Task] = {}
    for one in lines(folder / "tasks.jsonl.xz"):
        text = str(one["skeleton"])
        at = text.index(f"class {one['class_name']}")
        tasks[str(one["id"])] = task_at(text, PYTHON, at)
    for one in lines(folder / "answers.jsonl.xz"):
        yield Recorded(row=f"classes, {one['model']}", task=tasks[str(one["task"])], text=str(one["text"]))


def functions(folder: Path) -> Iterator[Recorded]:
    """Answers to functions of several languages."""
    prompts: dict[str, str] = {}
    tasks: dict[str, Task] = {}
    for one in lines(folder / "tasks.jsonl.xz"):
        language = BUILT_IN.get(str(one["language"]))
        if language is None:
            continue
        prompt = str(one["prompt"]).rstrip()
        if language is PYTHON:
            text = f"{prompt}\n    raise NotImplementedError\n"
            tasks[str(one["id"])] = task_at(text, language, text.rindex(f"def {one['entry']}("))
        else:
            prompts[str(one["id"])] = prompt
            text = f"{prompt}\n" + "}\n" * (prompt.count("{") - prompt.count("}"))
            tasks[str(one["id"])] = task_at(text, language, len(prompt))
    for one in lines(folder / "answers.jsonl.xz"):
        task = tasks.get(str(one["task"]))
        if task is not None and task.scope.name is not None:
            language = task.document.language
            code = str(one["code"])
            if language is not PYTHON:  # what is recorded goes on where the prompt ends
                code = f"{prompts[str(one['task'])]}\n{code}"
                code += "\n}" * (code.count("{") - code.count("}"))
            text = f"```{language}\n{code}\n```"
            yield Recorded(row=f"functions, {language}", task=task, text=text)


def task_at(text: str, language: Language, at: int) -> Task:
    """A cursor in a stub."""
    document = Document(uri="untitled:Untitled-1", language=language, text=text)
    scope = SCOPES.scope(document, TextRange(start=at, end=at))
    return Task(document=document, scope=scope, instruction="write it")


def landed(answer: Recorded) -> str | None:
    """The document after the edit; None where the answer is not used."""
    try:
        found = extract(answer.text, answer.task, syntax=SYNTAX)
        return EDITS.splice(answer.task, EDITS.finish(answer.task, found.code), found.imports)
    except ExtractionFailed:
        return None


def holds(answer: Recorded) -> list[Definition] | list[str]:
    """The versions of the definition that the answer holds."""
    name, language = answer.task.scope.name or "", answer.task.document.language
    if language is PYTHON:
        return list(python_versions(answer.text, name))
    code = "\n".join(answer.text.split("\n")[1:-1])
    outline = SYNTAX.outline(code, language)
    return [] if outline.errors else list(bodies(outline.items, code, name))


def yields(answer: Recorded, there: list[Definition] | list[str], code: str) -> bool:
    """Whether the text ``code`` has one of the versions, or of a class each of its methods in one of them."""
    name, language = answer.task.scope.name or "", answer.task.document.language
    if language is not PYTHON:
        return any(body in there for body in bodies(SYNTAX.outline(code, language).items, code, name))
    versions = cast("list[Definition]", there)
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return False
    mine = next((node for node in ast.walk(tree) if isinstance(node, Definition) and node.name == name), None)
    if mine is None:
        return False
    if not isinstance(mine, ast.ClassDef):
        return any(said(mine) == said(one) for one in versions)
    own = {one.name: said(one) for one in mine.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    found: dict[str, set[str]] = defaultdict(set)
    for version in versions:
        for one in version.body:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and finished(one):
                found[one.name].add(said(one))
    return all(own.get(method) in some for method, some in found.items())


def python_versions(text: str, name: str) -> Iterator[Definition]:
    """Every definition of the name that parses, with the lines that belong to it by their indentation."""
    rows = text.replace("\r\n", "\n").split("\n")
    for number, row in enumerate(rows):
        match = re.match(rf"([ \t]*)(?:async\s+def|def|class)\s+{re.escape(name)}\b", row)
        if match is None:
            continue
        end = number + 1
        while end < len(rows) and (not rows[end].strip() or len(rows[end]) - len(rows[end].lstrip()) > len(match[1])):
            end += 1
        tree = None
        for last in range(end, max(number, end - 40), -1):
            try:
                tree = ast.parse(textwrap.dedent("\n".join(rows[number:last])))
            except SyntaxError:
                continue
            break
        if tree is not None and tree.body and isinstance(tree.body[0], Definition):
            found = tree.body[0]
            parts = found.body if isinstance(found, ast.ClassDef) else [found]
            if any(finished(one) for one in parts if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)):
                yield found


def finished(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it does something."""
    return not all(
        isinstance(one, ast.Pass | ast.Raise) or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in function.body
    )


def said(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    """The statements of a function, its docstring, names of parameters and annotations apart."""
    names: dict[str, str] = {}
    if not isinstance(function, ast.ClassDef):
        given = function.args
        names = {one.arg: f"p{at}" for at, one in enumerate((*given.posonlyargs, *given.args, *given.kwonlyargs))}
    body = function.body
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    told = "\n".join(ast.dump(one) for one in body)
    return re.sub(r"Name\(id='(\w+)'", lambda match: f"Name(id='{names.get(match[1], match[1])}'", told)


def bodies(items: tuple[Item, ...], text: str, name: str) -> Iterator[str]:
    """The bodies of what bears a name, without white space."""
    for item in items:
        if item.name == name and item.body is not None and not item.stub:
            yield "".join(item.body.of(text).split())
        yield from bodies(item.children, text, name)


if __name__ == "__main__":
    sys.exit(main())
