"""The runner of Python's tests, with a real pytest, where the scope is called while test modules are imported."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from forge_lsp.checking.suites import compared
from forge_lsp.core.checks import Cause, CheckStatus
from forge_lsp.core.ports import ProcessResult
from forge_lsp.languages.python import project_tests
from forge_lsp.languages.python.outcomes import PythonRun, outcome_of

_RUNNER = Path(project_tests.__file__).with_name("runners") / "python_tests.py"
_MADE = "import shop\n\nTABLE = [(a, b) for a, b in shop.table()]\n"
_CONFTEST = "from made import TABLE\n\nassert len(TABLE) == 1\n"
_TEST = "import made\n\n\ndef test_table():\n    assert made.TABLE == [(1, 2)]\n\n\ndef test_true():\n    assert True\n"
RIGHT, SHAPE, VALUE = "return [(1, 2)]", "return [1]", "return [(1, 3)]"
PROOF, KEPT, OWED, UNRELATED = CheckStatus.PROOF, CheckStatus.KEPT, CheckStatus.OWED, CheckStatus.UNRELATED


def ran(root: Path, body: str, before: PythonRun | None = None) -> PythonRun:
    """Run ``test_shop.py`` with that body of ``table``, as PythonTests does."""
    (root / "shop.py").write_text(f"def table():\n    {body}\n\n\ndef other():\n    return None\n")
    request = {
        "files": ["test_shop.py"],
        "search": [str(root)],
        "seconds": {"test": 30, "total": 60},
        "root": str(root),
        "document": str(root / "shop.py"),
        "scope": (1, 2),
        "classes": [],
        "stubs": [5],
        "guarded": [],
        "probe": False,
        "loading": before is not None,
        "only": None,
        "settings": None,
    }
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-X", "utf8", str(_RUNNER)],
        input=f"{json.dumps(request)}\nNONCE\n".encode(),
        cwd=root,
        capture_output=True,
        check=False,
    )
    result = ProcessResult(code=done.returncode, stdout=done.stdout, stderr=done.stderr, seconds=0.0)

    def waits(name: str) -> bool:
        was = before.of(name) if before is not None else None
        return was is not None and was.cause is Cause.SCOPE

    return outcome_of(result, "NONCE", timeout=60, module="shop", names_it=lambda _: False, waits=waits)


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> PythonRun:
    """The run with the unfinished function."""
    root = tmp_path_factory.mktemp("stub")
    (root / "made.py").write_text(_MADE)
    (root / "test_shop.py").write_text(_TEST)
    return ran(root, "raise NotImplementedError")


@pytest.mark.parametrize(
    ("extra", "body", "statuses"),
    [
        ("", RIGHT, {"test_shop.py::test_table": PROOF, "test_shop.py::test_true": KEPT}),
        ("", SHAPE, {"test_shop.py": OWED}),
        ("", VALUE, {"test_shop.py::test_table": OWED, "test_shop.py::test_true": KEPT}),
        # Another function that is not written yet ends it now: not the scope's fault.
        ("import shop\n\nlist(shop.other())\n", RIGHT, {"test_shop.py": UNRELATED}),
    ],
)
def test_what_the_stub_ended_while_it_was_imported_waits_for_the_answer(
    tmp_path: Path, stub: PythonRun, extra: str, body: str, statuses: dict[str, CheckStatus]
) -> None:
    (tmp_path / "made.py").write_text(_MADE)
    (tmp_path / "test_shop.py").write_text(_TEST.replace("import made\n", f"import made\n{extra}"))
    now = ran(tmp_path, body, stub)
    found = compared("tests", stub, now, speaks=lambda name: name.endswith("table"))
    assert now.loads
    assert {name: result.status for name, result in found.items()} == statuses


def test_a_conftest_that_the_stub_ends_waits_for_it_too(tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text(_MADE)
    (tmp_path / "conftest.py").write_text(_CONFTEST)
    (tmp_path / "test_shop.py").write_text(_TEST)
    before = ran(tmp_path, "raise NotImplementedError")
    assert "conftest.py cannot be loaded" in before.uncollected["test_shop.py"].detail
    wrong = compared("tests", before, ran(tmp_path, "return []", before))
    assert [result.status for result in wrong.values()] == [OWED]


def test_whether_the_document_was_imported_is_told(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("def table():\n    return 1\n")
    (tmp_path / "test_shop.py").write_text("from other import table\n\n\ndef test_table():\n    assert table()\n")
    assert not ran(tmp_path, RIGHT).loads


class Endless:
    """An iterator that never ends, and says so to who asks it by ``in``."""

    def __init__(self) -> None:
        self.at = 0

    def __iter__(self) -> Endless:
        return self

    def __next__(self) -> int:
        self.at += 1
        assert self.at < 100, "nobody asked for so many"
        return self.at


class Everything:
    """Holds all that there is."""

    def __contains__(self, other: object) -> bool:
        return True


def test_a_look_at_a_value_uses_up_no_iterator() -> None:
    spec = importlib.util.spec_from_file_location("watching_to_test", _RUNNER.with_name("watching.py"))
    assert spec is not None
    assert spec.loader is not None
    watching = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(watching)
    value = Endless()
    assert not watching.equal_to_all(value)
    assert value.at == 0
    assert watching.equal_to_all(Everything())
