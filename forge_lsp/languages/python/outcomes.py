"""From the lines of ``runners/python_tests.py`` to the run of a suite."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from forge_lsp.checking.runs import SuiteRun, failed, messages, passed, skipped, tail, uncollected
from forge_lsp.core.checks import Cause, Run, RunState
from forge_lsp.core.ports import ProcessResult

__all__ = ["SHARE", "PythonRun", "outcome_of"]

SHARE = 0.5
"""How much of the time for all tests one of them may take."""

_WANTED = re.compile(r"cannot import name '(\w+)' from (?:partially initialized module )?'([\w.]+)'")


@dataclass(frozen=True, slots=True)
class PythonRun(SuiteRun):
    """``entered`` says of each test whether it called the scope, where that was seen. ``doubts`` are what the code did
    that could forge a result; ``whole``: the run came to its end, and the tests that must fail did; ``fails``: they
    did, as far as it came. ``copy`` is the file that the tests import instead of the document ("": none); ``loads``:
    they import the document, or may."""

    entered: Mapping[str, bool] = field(default_factory=dict[str, bool])
    doubts: tuple[str, ...] = ()
    whole: bool = True
    fails: bool = True
    copy: str = ""
    loads: bool = True


def outcome_of(
    result: ProcessResult,
    nonce: str,
    *,
    timeout: float,
    module: str,
    names_it: Callable[[str], bool],
    waits: Callable[[str], bool] = lambda name: False,  # noqa: ARG005
) -> PythonRun:
    """Return what the runner told. A test that began and has no result is the one at which it ended.

    ``module`` is the document's, as it is imported; ``names_it`` says whether a test's own text names the scope,
    ``waits`` whether on the untouched text an exception out of the scope kept it from being collected: what it meets
    now may come of what the scope gave while its module was imported.
    """
    runs: dict[str, Run] = {}
    parts: dict[str, Run] = {}
    entered: dict[str, bool] = {}
    doubts: list[str] = []
    words, copy, running, ended, whole, fails = "", "", None, False, True, True
    planned: dict[str, None] = {}
    late: set[str] = set()
    loads: list[bool] = []
    for answer in messages(result.stdout, nonce):
        name, said = str(answer.get("name", "")), str(answer.get("words") or "")
        match answer.get("state"):
            case "planned":
                planned |= dict.fromkeys(map(str, answer.get("names") or ()))
            case "start":
                running = name
                planned.pop(name, None)
            case "passed":
                if name not in runs or runs[name].state is not RunState.FAILED:
                    runs[name] = passed()
            case "skipped":
                if name not in runs or runs[name].state is not RunState.FAILED:
                    runs[name] = skipped(said, marked=answer.get("own") is True)
            case "failed":
                # It may pass and then fail while it is torn down; a subtest's failure is its test's.
                if name not in runs or runs[name].state is not RunState.FAILED:
                    runs[name] = _failed(answer, names_it(name) or waits(name))
            case "uncollected":
                parts[name] = _uncollected(answer, module, waits(name))
                words = words or parts[name].detail
            case "entered":
                running = None if name == running else running
                if isinstance(answer.get("scope"), bool):
                    entered[name] = answer["scope"]
            case "doubt":
                doubts.append(said)
            case "said":
                words = tail(said)
            case "ended":
                fails = fails and answer.get("fails") is True
                whole = whole and fails
                copy = copy or str(answer.get("copy") or "")
                loads.append(answer.get("loads") is not False)
            case "cut":
                loads.append(True)
                how = f"it did not finish in {timeout:g} s" if answer.get("late") else str(answer.get("how"))
                words, whole = how, False
                if answer.get("late"):
                    late |= planned.keys()
                ran = answer.get("ran")
                if running is not None and answer.get("late") and isinstance(ran, float) and ran < timeout * SHARE:
                    late.add(running)  # it had less than its own time
                elif running is not None:
                    runs[running] = failed(how, cause=Cause.SCOPE if entered.get(running, True) else Cause.UNKNOWN)
            case "end":
                ended = True
            case _:
                pass
    if not ended:
        how = f"it did not finish in {timeout:g} s" if result.timed_out else "the process ended in the middle of it"
        words = f"{how}: {tail(result.stderr.decode('utf-8', 'replace'))}"
    words = words or tail(result.stderr.decode("utf-8", "replace"))
    return PythonRun(
        runs=runs,
        uncollected=parts,
        words=words,
        late=tuple(sorted(late - runs.keys())),
        entered=entered,
        doubts=tuple(dict.fromkeys(doubts)),
        whole=whole and ended,
        fails=fails,
        copy=copy,
        loads=any(loads) or not loads,
    )


def _failed(answer: dict[str, Any], named: bool) -> Run:
    cause = str(answer.get("cause") or "")
    if cause == "outside":  # it did not call the scope: perhaps a fixture that was ready before did
        cause = "unknown" if named else "elsewhere"
    expected, actual = answer.get("expected"), answer.get("actual")
    both = isinstance(expected, str) and isinstance(actual, str)
    return failed(
        _short(str(answer.get("words") or "")),
        cause=_cause(cause),
        missing=cast("list[str]", answer.get("missing") or []),
        expected=expected if both and expected is not None else "",
        actual=actual if both and actual is not None else "",
    )


def _uncollected(answer: dict[str, Any], module: str, waited: bool) -> Run:
    words = str(answer.get("words") or "")
    cause, missing = _cause(str(answer.get("cause") or "")), cast("list[str]", answer.get("missing") or [])
    if answer.get("cause") == "outside" and not waited:
        cause = Cause.ENVIRONMENT if answer.get("conftest") else Cause.ELSEWHERE
    wanted = _WANTED.search(words)
    if not missing and wanted is not None:  # of a conftest.py: only the words are known
        missing = [wanted[1]]
        cause = Cause.SCOPE if wanted[2] in (module, module.rpartition(".")[2]) else Cause.ELSEWHERE
    return uncollected(words, cause=cause, missing=missing)


def _cause(word: str) -> Cause:
    return Cause(word) if word in {str(cause) for cause in Cause} else Cause.UNKNOWN


def _short(words: str) -> str:
    head, _, rest = words.partition("\n\n")
    line = re.search(r" \(line \d+ of [^)]*\)$", rest)
    return head + (line[0] if line else "")
