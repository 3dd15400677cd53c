"""Whether a JSON value has a documented shape: exactly its keys, and values of its types.

A shape is a type (``int`` is fine for ``float``), ``None``, a tuple of shapes (any of them), a list of one shape (a
list of such items), a dict of shapes (an object with exactly these keys), or a set of strings (one of these).
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["JOB_DOCUMENT", "misfits"]


def misfits(value: Any, shape: Any, where: str = "$") -> list[str]:
    """Where ``value`` differs from ``shape``; empty where it does not."""
    match shape:
        case tuple():
            tried = [misfits(value, one, where) for one in shape]
            return [] if any(not problems for problems in tried) else [f"{where}: {value!r} fits none of {shape!r}"]
        case None:
            return [] if value is None else [f"{where}: {value!r} is not null"]
        case set():
            return [] if value in shape else [f"{where}: {value!r} is none of {sorted(shape)}"]
        case re.Pattern():
            fits = isinstance(value, str) and shape.fullmatch(value)
            return [] if fits else [f"{where}: {value!r} is not like {shape.pattern}"]
        case list():
            if not isinstance(value, list):
                return [f"{where}: {value!r} is no list"]
            return [line for i, item in enumerate(value) for line in misfits(item, shape[0], f"{where}[{i}]")]
        case dict():
            if not isinstance(value, dict):
                return [f"{where}: {value!r} is no object"]
            odd = [f"{where}.{key}: {'missing' if key in shape else 'unknown'}" for key in shape.keys() ^ value.keys()]
            both = shape.keys() & value.keys()
            return odd + [line for key in both for line in misfits(value[key], shape[key], f"{where}.{key}")]
    kinds = (int, float) if shape is float else (shape,)
    wrong = isinstance(value, bool) and bool not in kinds
    return [f"{where}: {value!r} is no {shape.__name__}"] if wrong or not isinstance(value, kinds) else []


GRADES = {"proven", "kept", "supported", "reviewed"}
JOB_DOCUMENT = {
    "jobId": str,
    "state": {"queued", "running", "ended", "interrupted"},
    "outcome": ({"accepted", "unverified", "exhausted", "cancelled", "failed"}, None),
    "task": str,
    "language": str,
    "uri": str,
    "created": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
    "score": (float, None),
    "grade": (GRADES, None),
    "code": (str, None),
    "reason": (str, None),
    "seconds": float,
    "costUsd": float,
    "attempts": [
        {
            "number": int,
            "strategy": str,
            "thinkers": [str],
            "generator": str,
            "samples": int,
            "compiled": (bool, None),
            "diagnostics": [
                {"file": str, "line": int, "severity": str, "code": (str, None), "message": str},
            ],
            "evidence": {
                "kinds": [str],
                "passed": int,
                "failed": int,
                "disputed": int,
                "notRunnable": int,
                "agreement": (float, int, None),
            },
            "checks": dict.fromkeys(
                ("proof", "kept", "owed", "failed", "disputed", "unrelated", "notRunnable", "flaky"), int
            ),
            "grade": (GRADES, None),
            "panel": str,
            "reviews": [
                {
                    "model": str,
                    "aspect": str,
                    "weight": float,
                    "score": (float, None),
                    "abstained": (str, None),
                    "issues": [{"severity": str, "line": (int, None), "message": str}],
                }
            ],
            "score": (float, None),
            "decision": ({"accept", "retry", "give_up", "skip"}, None),  # null where the job ended first
            "insights": [str],
            "skipped": (str, None),
            "seconds": float,
            "costUsd": float,
        }
    ],
}
"""The job document of every face."""
