"""The project's own tests that speak of the scope, by its interpreter's pytest or by unittest, before and after."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from forge_lsp.checking.gate import measured
from forge_lsp.checking.programs import no_code_here
from forge_lsp.checking.project import Place, tree_key
from forge_lsp.checking.suites import Memory, Suite, judged, not_run, outside, with_remedies
from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.checks import Cause, CheckResult, CheckStatus, RunState
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.python.choosing import TEST_FILE, ChosenTests, chosen_for, module_of
from forge_lsp.languages.python.forging import believed, may_forge_equality
from forge_lsp.languages.python.outcomes import SHARE, PythonRun, outcome_of
from forge_lsp.languages.python.scopes import ScopeLines, naming, scope_lines_of
from forge_lsp.languages.python.tools import install_remedy, published_as
from forge_lsp.sandbox.interpreters import Interpreter

__all__ = ["PythonTests"]

_RUNNER = Path(__file__).with_name("runners") / "python_tests.py"
_OF_TESTS = re.compile(r"(?:.*/)?(?:conftest\.py|tests?/[^/]*\.py)")
_PROJECT = ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", "setup.py")
_MATTERS = (".py", ".toml", ".cfg", ".ini", ".json", ".txt", ".csv", ".yaml", ".yml")
_LACKING = re.compile(r"No module named '(?P<module>[^']+)'|Missing required plugins: (?P<plugins>[\w., -]+)")
_STARTING = (
    "pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
    "manage.py",
    "runtests.py",
    "quicktest.py",
    "Makefile",
)
_DEEPEST = 4
_SETTINGS = re.compile(
    r"DJANGO_SETTINGS_MODULE[\"']?\s*[\],=:]+\s*[\"']?(?P<name>[A-Za-z_][\w.]*)"
    r"|--settings[= ](?P<option>[A-Za-z_][\w.]*)"
)
_ELSEWHERE = re.compile(r"\b(?:subprocess|multiprocessing|runpy|pytester|testdir|os\.(?:system|popen|spawn\w*|fork))\b")
"""What of a test file may run the document in another process."""
_SUITE = "tests"


class PythonTests:
    """Runs test files; what they say of an untouched tree is kept. ``timeout`` in seconds, for all of them."""

    def __init__(self, sandbox: Sandbox, *, timeout: float, runs: Path | None = None) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._memory = Memory(PythonRun, runs)

    @measured
    async def run(self, task: Task, candidate: Candidate, place: Place, interpreter: Interpreter) -> Evidence:
        """See :meth:`forge_lsp.core.ports.Toolchain.evidence`."""
        chosen = await asyncio.to_thread(chosen_for, task, place)
        files = chosen.files
        if not files:
            return Evidence()
        if not self._sandbox.runs_project_code:
            return no_code_here("the project's tests were not run", self._sandbox).blocked()
        guarded = await asyncio.to_thread(_guarded, place, files)
        key = await tree_key(
            place, _MATTERS, (interpreter.path, interpreter.packages), task.document.text, task.scope, chosen
        )
        texts = {str(file): place.text(file) or "" for file in files}
        scope = task.scope
        names_it = naming(texts, chosen.names or (scope.name or scope.container or module_of(place),))
        elsewhere = any(_ELSEWHERE.search(text) for text in texts.values())
        seen: list[PythonRun] = []
        before = PythonRun()

        def waits(name: str) -> bool:
            was = before.of(name)
            return was is not None and was.state is RunState.NOT_RUN and was.cause is Cause.SCOPE and not was.missing

        async def run(text: str, only: Sequence[str] | None) -> PythonRun:
            scope_lines = scope_lines_of(task, text, candidate.code)
            probe = text != task.document.text and may_forge_equality(task, candidate)
            found = await self._run(
                place,
                interpreter,
                text,
                chosen,
                guarded,
                scope_lines,
                only,
                probe=probe,
                names_it=names_it,
                waits=waits,
                loading=any(waits(part) for part in before.uncollected),
            )
            if text != task.document.text:
                seen.append(found)
            return found

        before = await self._memory.get(key, lambda: run(task.document.text, None))

        def speaks(name: str) -> bool:
            runs = (before, *seen[:1])
            if any(run.entered.get(name) or name in run.uncollected for run in runs):
                return True
            # What names it means another thing of that name where nothing loads the document.
            return names_it(name) and (elsewhere or any(run.loads for run in runs))

        others = outside(place.document, "::")
        suite = Suite(name=_SUITE, key=key, run=run, speaks=speaks, unit=str, other_file=others, seconds=self._timeout)
        results = await judged(suite, task, candidate, self._memory)
        # Where an earlier process saw it, it may have been run again since.
        before = await self._memory.get(key, lambda: run(task.document.text, None))
        copy = before.copy
        if copy and not any(entered for run in (before, *seen) for entered in run.entered.values()):
            reason = f"its tests import another copy of it ({copy}), which a candidate does not change"
            remedy = f"{interpreter.path} -m pip install -e ."
            return Evidence(results=(not_run(_SUITE, reason, remedy),))
        if chosen.seen_only:
            calls = {name for run in (before, *seen) for name, entered in run.entered.items() if entered}
            results = tuple(result for result in results if result.id.removeprefix(f"{_SUITE}:") in calls)
            if not results:
                return Evidence()
        if not results and not before.runs and not before.uncollected:
            words = next((run.words for run in (before, *seen) if run.words), "")
            what = words or "none of them was found; without pytest only unittest's are"
            remedy = install_remedy(interpreter, "pytest")
            results = (not_run(_SUITE, f"{', '.join(map(str, files))}: {what}", remedy),)
        return Evidence(
            results=with_remedies(results, lambda detail: _remedy(detail, place, interpreter)),
            doubt=believed(
                task,
                candidate,
                results,
                _doubts(before, seen, results),
                doctests=any("doctest" in text for text in texts.values()),
            ),
        )

    async def _run(
        self,
        place: Place,
        interpreter: Interpreter,
        text: str,
        chosen: ChosenTests,
        guarded: Sequence[PurePosixPath],
        scope_lines: ScopeLines,
        only: Sequence[str] | None,
        *,
        probe: bool,
        names_it: Callable[[str], bool],
        waits: Callable[[str], bool],
        loading: bool,
    ) -> PythonRun:
        config = place.nearest(*_PROJECT)
        folder = config.parent if config is not None else PurePosixPath()
        files = chosen.files
        wanted = [file for file in files if only is None or any(_of_file(name, file) for name in only)] or files
        inside = [file for file in wanted if file.is_relative_to(folder)]
        django = await asyncio.to_thread(django_of, place)
        nonce = secrets.token_hex(16)
        async with self._sandbox.open(place.tree(text)) as box:
            apart = [box.root / django[1]] if django is not None else []
            roots = dict.fromkeys((*apart, box.root / folder, box.root / folder / "src", box.root))
            request = {
                "files": [str(file.relative_to(folder)) for file in inside]
                or [str(box.root / file) for file in wanted],
                "search": [str(root) for root in roots],
                "seconds": {"test": self._timeout * SHARE, "total": max(self._timeout - 1.0, self._timeout * 0.8)},
                "root": str(box.root),
                "document": str(box.root / place.document),
                "scope": scope_lines.lines,
                "classes": scope_lines.classes,
                "stubs": scope_lines.stubs,
                "guarded": [str(box.root / file) for file in guarded],
                "probe": probe,
                "loading": loading,
                "only": list(only) if only is not None else None,
                "chosen": {str(box.root / file): tests for file, tests in chosen.tests.items()},
                "settings": django[0] if django is not None else None,
            }
            run = (str(interpreter.path), "-I", "-B", "-X", "utf8", str(_RUNNER))
            result = await box.run(
                ("/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(folder), *run),
                timeout=self._timeout,
                readable=(*interpreter.readable, _RUNNER.parent),
                loopback=True,
                stdin=f"{json.dumps(request)}\n{nonce}\n".encode(),
            )
        seconds = self._timeout
        return outcome_of(result, nonce, timeout=seconds, module=module_of(place), names_it=names_it, waits=waits)


def _remedy(detail: str, place: Place, interpreter: Interpreter) -> str | None:
    """The command that gets the package for want of which tests could not be run; None: it is not that."""
    found = _LACKING.search(detail)
    if found is None:
        return None
    if found["plugins"]:
        return install_remedy(interpreter, found["plugins"].replace(",", ""))
    top = PurePosixPath(found["module"].partition(".")[0])
    own = (folder / name for folder in (PurePosixPath(), PurePosixPath("src")) for name in (top, f"{top}.py"))
    if any(place.is_file(path) or place.is_file(path / "__init__.py") for path in own):
        return None  # a module of the project's own
    return install_remedy(interpreter, published_as(str(top)))


def _guarded(place: Place, files: Sequence[PurePosixPath]) -> tuple[PurePosixPath, ...]:
    """The files that only tests may read: all that may hold what they expect."""
    names = place.files((".py",))
    own = (PurePosixPath(name) for name in names if TEST_FILE.fullmatch(name) or _OF_TESTS.fullmatch(name))
    return tuple(file for file in dict.fromkeys((*files, *own)) if file != place.document)


def _of_file(name: str, file: PurePosixPath) -> bool:
    """Whether a test of that name may be in that file."""
    path, colons, _ = name.partition("::")
    return path.endswith(file.name) if colons else f".{file.stem}." in f".{name}."


def _doubts(before: PythonRun, seen: Sequence[PythonRun], results: Sequence[CheckResult]) -> list[str]:
    """What the candidate did while it was run that the untouched text did not."""
    doubts = [doubt for run in seen for doubt in run.doubts if doubt not in before.doubts]
    if before.fails and not all(run.fails for run in seen):
        doubts.append("tests that must fail do not fail with the code")
    proves = any(result.status in (CheckStatus.PROOF, CheckStatus.KEPT) for result in results)
    if proves and before.whole and not all(run.whole for run in seen):
        doubts.append("the run of the tests did not come to a good end")
    return doubts


def django_of(place: Place) -> tuple[str, PurePosixPath] | None:
    """Django's module of settings for tests, as the project's own files name it, and the folder it is imported from;
    None: it is no project of Django's."""
    if place.source is None:
        return None
    starting = [
        path
        for name in place.files(_STARTING)
        if (path := PurePosixPath(name)).name in _STARTING and len(path.parts) <= _DEEPEST
    ]
    for path in sorted(starting, key=lambda path: (_STARTING.index(path.name), len(path.parts), str(path))):
        found = _SETTINGS.search(place.text(path) or "")
        name = (found["name"] or found["option"]) if found is not None else None
        if not name:
            continue
        inner = PurePosixPath(*name.split("."))
        for folder in (path.parent, path.parent / "src", PurePosixPath(), PurePosixPath("src")):
            if place.is_file(folder / f"{inner}.py") or place.is_file(folder / inner / "__init__.py"):
                return name, folder
    return None
