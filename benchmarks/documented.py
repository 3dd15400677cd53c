"""Examples of documentation in other languages than Python: how many are run, and whether right answers pass them.

The data (``../shared/data/functions``, or where ``TESTS_FUNCTIONS`` says) are stubs of HumanEval in seven languages,
their examples often in Python's notation, with graded answers in Java, C++ and JavaScript. Of each task whose
documentation has a ``>>>``, the stub is checked with a reference and some right answers in its place. TypeScript takes
the answers of JavaScript; for ten tasks each of C# and Go right bodies lie in ``documented_answers/``.

What does not compile by itself (some references have another type than their prompt, or use names that it does not
have) is left out, and counted. C++ answers were graded by a harness with ``using namespace std``, so their stubs have
it too.

Prints for each language the share of tasks of which something was run (90% are promised), and of right answers that
pass, tasks aside whose reference does not compile or does not meet its own examples (97%). Exits 1 below these.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import lzma
import os
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.checks import AGAINST, CheckStatus
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Toolchain
from forge_lsp.core.support.checking import Tools
from forge_lsp.core.task import Document, Task, TextRange
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.languages.registry import BUILT_IN
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from tests.support.intervals import share
from tests.support.tools import dotnet_environment, typescript_folder

DATA = Path(os.environ.get("TESTS_FUNCTIONS") or Path(__file__).parents[2] / "shared/data/functions")
OWN = Path(__file__).with_name("documented_answers")
LEAST_RUN, LEAST_PASSED = 0.9, 0.97
TIMEOUT = 180
"""Seconds for a compiler or a run; the machine may have other work."""
RAN = (CheckStatus.PROOF, CheckStatus.KEPT, *AGAINST, CheckStatus.DISPUTED, CheckStatus.FLAKY)
SCOPES = Scopes(TreeSitterSyntax())
NEEDLESS = re.compile(
    r'^(?:import org\.javatuples\.\*;|using KellermanSoftware\.CompareNetObjects;|\s*"(?:encoding/json|reflect)"'
    r"|import \(\s*\)|#include<boost/any\.hpp>)\n",
    re.M,
)
STUBS: Mapping[str, str] = {
    "java": 'throw new UnsupportedOperationException("not implemented");',
    "csharp": "throw new NotImplementedException();",
    "cpp": 'throw std::logic_error("not implemented");',
    "go": 'panic("not implemented")',
    "javascript": 'throw new Error("not implemented");',
    "typescript": 'throw new Error("not implemented");',
}
FILES = {"java": "Problem.java", "csharp": "Program.cs", "cpp": "problem.cpp", "go": "problem.go"}
OWN_ANSWERS = ("reference", "own")
"""What a task's own answer is called here, or the one that was written by hand for it."""
GROUPS = ("java", "cpp", "javascript", "csharp-tests", "typescript-tests", "go-tests", "java-tests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One answer to a task and what its examples showed; ``compiles`` is asked where it does not pass."""

    task: str
    answer: str
    evidence: Evidence
    compiles: bool = True

    @property
    def ran(self) -> bool:
        """Whether something was run."""
        return any(result.status in RAN for result in self.evidence.results)

    @property
    def passed(self) -> bool:
        """Whether it meets all that was run."""
        return self.ran and self.evidence.against == 0 and self.evidence.doubt is None


def lines(name: str) -> Iterator[dict[str, object]]:
    """The objects of one data file."""
    with lzma.open(DATA / name, "rt", encoding="utf-8") as file:
        yield from (json.loads(line) for line in file)


def tools_for(language: Language) -> Mapping[str, str]:
    """The environment with the compiler that the tests use, where this machine may have none of its own."""
    if language.id == "typescript":
        path = typescript_folder("5") / "node_modules" / ".bin"
        return {**os.environ, "PATH": f"{path}{os.pathsep}{os.environ['PATH']}"}
    return {**os.environ, **dotnet_environment()} if language.id == "csharp" else os.environ


def prompt_of(task: Mapping[str, object]) -> str:
    """A stub's text up to its body, without what only the hidden tests need."""
    text = str(task["prompt"]).rstrip() + "\n"
    while (shorter := NEEDLESS.sub("", text)) != text:
        text = shorter
    if task["language"] == "cpp":
        last = text.rindex("#include")
        end = text.index("\n", last) + 1
        text = f"{text[:end]}using namespace std;\n{text[end:]}"
    return text


def closed(prompt: str, body: str) -> str:
    """A text with a body, and all braces closed that are open."""
    text = f"{prompt}{body.rstrip()}\n"
    plain = re.sub(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\n])*\"|'(?:\\.|[^'\n])*'", "", text, flags=re.S)
    return text + "}\n" * (plain.count("{") - plain.count("}"))


def task_of(folder: Path, prompt: str, language: Language) -> Task:
    """The stub as a user would have it, the cursor in its header."""
    text = closed(prompt, f"        {STUBS[language.id]}")
    path = folder / FILES.get(language.id, f"problem{language.suffixes[0]}")
    if language.id == "java" and (public := re.search(r"^public class (\w+)", text, re.M)):
        path = folder / f"{public[1]}.java"
    path.write_text(text, "utf-8")
    if language.id == "go":
        (folder / "go.mod").write_text("module problem\n\ngo 1.21\n")
    document = Document(uri=path.as_uri(), language=language, text=text, path=path)
    header = prompt.rstrip().rfind("\n", 0, prompt.rstrip().rfind("(")) + 1
    header += len(text[header:]) - len(text[header:].lstrip())
    scope = SCOPES.scope(document, TextRange(start=header, end=header))
    return Task(document=document, scope=scope, instruction=f"Implement `{scope.name}`.", workspace=folder)


def answers_for(
    key: str, recorded: Mapping[str, list[str]], task: Mapping[str, object], most: int
) -> list[tuple[str, str]]:
    """Right bodies for a task by name, the reference first."""
    number = key.partition("/")[2]
    own = OWN / f"{key.replace('/', '-')}.txt"
    found = [("own", own.read_text("utf-8"))] if own.is_file() else []
    if "reference" in task:
        prompt, reference = str(task["prompt"]).rstrip(), str(task["reference"])
        body = reference[len(prompt) :].rstrip()
        for _ in range(len(re.findall(r"\{", prompt)) - len(re.findall(r"\}", prompt))):
            body = body.rstrip().removesuffix("}")
        found.append(("reference", body))
    group = key.partition("/")[0]
    same = {"typescript-tests": "javascript", "java-tests": "java"}.get(group, group)
    found += [(f"graded {place}", code) for place, code in enumerate(recorded.get(f"{same}/{number}", ())[:most])]
    return found


async def run(
    groups: tuple[str, ...], count: int, most: int, only: Sequence[str] = ()
) -> tuple[dict[str, list[Seen]], dict[str, float]]:
    """What the examples of each task showed, by group; seconds a check of a right answer took. ``only`` these tasks."""
    recorded: dict[str, list[str]] = defaultdict(list)
    for one in lines("answers.jsonl.xz"):
        if one["right"] and one["model"] == "graded":
            recorded[str(one["task"])].append("        " + str(one["code"]))
    seen: dict[str, list[Seen]] = defaultdict(list)
    spent: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(dir=Path.home()) as temp:
        chooser = SandboxChooser(SandboxConfig(mode="required", temp=Path(temp) / "boxes"))
        sandbox = await chooser.choose()
        toolchains: dict[str, Toolchain] = {}
        left: dict[str, int] = dict.fromkeys(groups, count)
        try:
            for task in lines("tasks.jsonl.xz"):
                key = str(task["id"])
                group = key.partition("/")[0]
                if ">>>" not in str(task["prompt"]) or not left.get(group) or (only and key not in only):
                    continue
                prompt = prompt_of(task)
                answers = answers_for(key, recorded, task, most)
                if not answers:
                    answers = [("stub", f"        {STUBS[str(task['language'])]}  ")]
                left[group] -= 1
                language = BUILT_IN.named(str(task["language"]))
                assert language is not None
                make = language.checking().toolchain
                assert make is not None
                if language.id not in toolchains:
                    toolchains[language.id] = make(Tools(sandbox=sandbox, environment=tools_for(language)), TIMEOUT)
                folder = Path(temp) / key.replace("/", "-")
                folder.mkdir()
                stub = task_of(folder, prompt, language)
                for name, body in answers:
                    text = closed(prompt, body)
                    code = text[stub.scope.range.start : len(text) - (len(stub.document.text) - stub.scope.range.end)]
                    candidate = Candidate(code=code, text=text, model=name, attempt=1)
                    started = time.perf_counter()
                    evidence = await toolchains[language.id].evidence(stub, candidate)
                    spent[group].append(time.perf_counter() - started)
                    one = Seen(task=key, answer=name, evidence=evidence)
                    if not one.passed and name != "stub":
                        build = await toolchains[language.id].build(stub, text)
                        one = replace(one, compiles=build.compiled is not False)
                    seen[group].append(one)
        finally:
            chooser.close()
    return seen, {group: sum(each) / len(each) for group, each in spent.items()}


def report(seen: Mapping[str, list[Seen]], seconds: Mapping[str, float], *, verbose: bool) -> int:
    """Print the table. 1: less than promised."""
    short = False
    for group, every in seen.items():
        answers = [one for one in every if one.compiles]
        tasks = {one.task for one in answers}
        ran = {one.task for one in answers if one.ran}
        own = [one for one in every if one.answer in OWN_ANSWERS]
        broken = {one.task for one in own if not one.compiles}
        wrong = {one.task for one in own if one.compiles and not one.passed}
        right = [one for one in answers if one.answer != "stub" and one.task in ran - wrong - broken]
        passed = [one for one in right if one.passed]
        others = [one for one in answers if one.task in broken]
        short |= len(ran) < LEAST_RUN * len(tasks) or len(passed) < LEAST_PASSED * len(right)
        print(f"{group:18} run {share(len(ran), len(tasks))}  right answers pass {share(len(passed), len(right))}"
              f"  {seconds[group]:.1f} s a check")  # fmt: skip
        if none := {one.task for one in every} - tasks:
            print(f"  nothing that was written compiles: {', '.join(sorted(none))}")
        if others:
            met = sum(one.passed for one in others)
            print(f"  {len(broken)} references do not compile; of other right answers to their tasks {met} of"
                  f" {len(others)} pass")  # fmt: skip
        if left_out := sum(not one.compiles for one in every if one.answer not in OWN_ANSWERS):
            print(f"  left out, as they do not compile: {left_out} other answers")
        if wrong:
            print(f"  references that fail their examples: {', '.join(sorted(wrong))}")
        for one in every if verbose else ():
            if one.answer == "stub" and one.ran:
                continue
            if not one.passed:
                told = one.evidence.blocked or one.evidence.doubt or "; ".join(
                    f"{result.status} {result.source.strip()}: {result.expected!r} {result.detail}"
                    for result in one.evidence.results
                    if result.status is not CheckStatus.PROOF
                )  # fmt: skip
                print(f"  {one.task} {one.answer}: {told[:400] or 'no examples'}")
    return 1 if short else 0


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("groups", nargs="*", default=GROUPS, help=f"which data: {', '.join(GROUPS)}")
    parser.add_argument("--tasks", type=int, default=1_000, help="how many tasks of each, from the first")
    parser.add_argument("--answers", type=int, default=2, help="how many graded answers to each, beside the reference")
    parser.add_argument("--only", nargs="*", default=(), metavar="TASK", help="these tasks alone: cpp/26")
    parser.add_argument("--verbose", action="store_true", help="print every answer that does not pass")
    options = parser.parse_args()
    if unknown := set(options.groups) - set(GROUPS):
        parser.error(f"no such data: {', '.join(sorted(unknown))}; one of {', '.join(GROUPS)}")
    if not (DATA / "tasks.jsonl.xz").is_file():
        print(f"skipped: no recorded answers in {DATA} (TESTS_FUNCTIONS names another folder)")
        return 0
    seen, seconds = asyncio.run(run(tuple(options.groups), options.tasks, options.answers, options.only))
    return report(seen, seconds, verbose=options.verbose)


if __name__ == "__main__":
    sys.exit(main())
