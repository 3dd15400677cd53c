"""``forge-lsp check`` in real git repositories: right, wrong and dishonest changes, as a hook, as a diff."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

import forge_lsp
from tests.support.cli import Ran, forge
from tests.support.real_server import environment
from tests.support.tables import chosen, part, whole

Test = TypeVar("Test", bound=Callable[..., Any])
PATHS = str(Path(forge_lsp.__file__).parents[1])
CALC = '''LIMIT = 10


def add(a, b):
    """Return the sum.

    >>> add(1, 2)
    3
    """
    return a + b


def double(x):
    return x + x


def later(x):
    """Return one more.

    >>> later(2)
    3
    """
    raise NotImplementedError
'''
PRICE = "from calc import double\n\n\ndef price(n):\n    return double(n) + 1\n"
TEST = """from calc import double
from shop.price import price


def test_double():
    assert double(4) == 8


def test_price():
    assert price(2) == 5
"""


LONG = (
    "test_what_passed_before_the_change_is_no_proof_of_it",
    "test_an_altered_test_does_not_excuse_what_it_was_to_find",
    "test_new_code_needs_a_test_that_is_not_its_own",
    "test_each_function_is_judged_and_the_worst_decides",
)
"""Of these CI runs one: each starts the command several times."""


def long(test: Test) -> Test:
    """Mark one of :data:`LONG`."""
    return pytest.mark.skipif(
        not chosen(test.__name__, LONG), reason="a part of a table: TESTS_SEED draws one, `make tables` runs all"
    )(test)


class Repository:
    """A git repository with a small project, and the command in it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "work"
        self.root.mkdir()
        # No model: nothing is asked of one.
        self.env = environment(folder, {"check": {"timeout": 60}}, PYTHONPATH=PATHS)
        self.git("init", "-q")
        self.write("pyproject.toml", '[project]\nname = "calc"\nversion = "1"\n')
        self.write("calc.py", CALC)
        self.write("shop/price.py", PRICE)
        self.write("shop/__init__.py", "")
        self.write("tests/test_calc.py", TEST)
        self.commit("before")

    def git(self, *words: str) -> subprocess.CompletedProcess[str]:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b")
        return subprocess.run(
            ("git", *identity, *words), cwd=self.root, env=self.env, capture_output=True, text=True, check=False
        )

    def commit(self, words: str) -> subprocess.CompletedProcess[str]:
        self.git("add", "-A")
        return self.git("commit", "-qm", words)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    async def check(self, *words: str) -> Ran:
        return await forge("check", *words, cwd=self.root, env=self.env)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def places(document: Any) -> dict[str, tuple[str, str | None]]:
    return {place["name"]: (place["outcome"], place["grade"]) for file in document["files"] for place in file["places"]}


@long
async def test_each_function_is_judged_and_the_worst_decides(repository: Repository) -> None:
    repository.change("calc.py", "return a + b", "return b + a")
    repository.change("calc.py", "    raise NotImplementedError", "    return x + 1")
    ran = await repository.check("--json")
    assert ran.code == 0, ran.err
    assert places(ran.json) == {"add": ("accepted", "kept"), "later": ("accepted", "proven")}
    assert (ran.json["outcome"], ran.json["grade"], ran.json["against"]) == ("accepted", "kept", "HEAD")
    repository.change("calc.py", "return x + x", "return x * 3")
    ran = await repository.check("--json", "calc.py", "--range", "13:14")
    assert ran.code == 1
    assert ran.json["outcome"] == "refused"
    (double,) = (place for file in ran.json["files"] for place in file["places"])
    assert double["name"] == "double"
    words = [check["words"] for check in double["failing"]]
    assert any("test_double" in line and "expected 8, got 12 (it passed before)" in line for line in words)


async def test_a_change_of_three_files_is_judged_as_a_whole(repository: Repository) -> None:
    """The old and the new name never stand side by side: half of the change would fail, before and after."""
    repository.change("calc.py", "def double(x)", "def twice(x)")
    repository.write("shop/price.py", PRICE.replace("double", "twice"))
    repository.change("tests/test_calc.py", "double(4)", "twice(4)")
    repository.change("tests/test_calc.py", "import double", "import twice")
    if whole():
        ran = await repository.check("--json")
        # The test as it was imports a name that is gone.
        assert ran.code == 1 and ran.json["outcome"] == "refused"
        assert any("tests/test_calc.py" in note for note in ran.json["notes"])
    ran = await repository.check("--json", "--trust-tests")
    assert ran.json["outcome"] == "accepted", ran.out
    repository.change("shop/price.py", "+ 1", "+ 2")
    ran = await repository.check("--trust-tests")
    assert ran.code == 1
    assert "expected 5, got 6" in ran.out and "refused" in ran.out.splitlines()[-1]


@long
async def test_what_passed_before_the_change_is_no_proof_of_it(repository: Repository) -> None:
    """With one file as it was and the other new, test_price fails; before the change it passed."""
    repository.change("calc.py", "return x + x", "return (x + x, 0)")
    repository.write("shop/price.py", PRICE.replace("double(n) + 1", "double(n)[0] + 1"))
    repository.change("tests/test_calc.py", "double(4) == 8", "double(4)[0] == 8")
    ran = await repository.check("--json", "--trust-tests")
    assert places(ran.json)["price"] == ("accepted", "kept"), ran.out


@long
async def test_an_altered_test_does_not_excuse_what_it_was_to_find(repository: Repository) -> None:
    repository.change("calc.py", "return x + x", "return x * 3")
    repository.change("tests/test_calc.py", "== 8", "== 12")
    repository.write("pytest.ini", "[pytest]\naddopts = --deselect tests/test_calc.py::test_double\n")
    ran = await repository.check("--json")
    assert (ran.code, ran.json["outcome"]) == (1, "refused")
    assert "expected 8, got 12" in ran.out


@long
async def test_new_code_needs_a_test_that_is_not_its_own(repository: Repository) -> None:
    repository.change("calc.py", "LIMIT = 10\n", "LIMIT = 10\n\n\ndef triple(x):\n    return 3 * x\n")
    repository.write("tests/test_triple.py", "from calc import triple\n\n\ndef test_it():\n    assert triple(2) == 6\n")
    ran = await repository.check("--json")
    assert (ran.code, ran.json["outcome"]) == (1, "unverified"), ran.out
    assert (await repository.check("--proof", "none")).code == 0
    ran = await repository.check("--json", "--trust-tests")
    assert places(ran.json) == {"triple": ("accepted", "proven")}, ran.out


async def test_as_a_pre_commit_hook(repository: Repository) -> None:
    hook = repository.root / ".git" / "hooks" / "pre-commit"
    hook.write_text(f"#!/bin/sh\nexec {sys.executable} -m forge_lsp check --staged\n")
    hook.chmod(0o755)
    repository.change("calc.py", "return x + x", "return x * 3")
    refused = repository.commit("wrong")
    assert refused.returncode == 1
    assert "expected 8, got 12 (it passed before)" in refused.stdout + refused.stderr
    repository.change("calc.py", "return x * 3", "return 2 * x")
    repository.git("add", "-A")
    repository.change("calc.py", "return 2 * x", "return 5 * x")  # on the disk, and not to be committed
    repository.write("tests/test_later.py", "from calc import double\n\n\ndef test_it():\n    assert double(1) == 5\n")
    passed = repository.git("commit", "-qm", "right")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "return 5 * x" in (repository.root / "calc.py").read_text()


async def test_a_diff_is_judged_and_nothing_is_written(repository: Repository) -> None:
    repository.change("calc.py", "    raise NotImplementedError", "    return x + 1")
    repository.write("right.diff", repository.git("diff").stdout)
    repository.write("wrong.diff", (repository.root / "right.diff").read_text().replace("x + 1", "x + 2"))
    repository.write("calc.py", CALC)
    ran = await repository.check("--diff", "right.diff", "--json")
    assert (ran.code, ran.json["grade"]) == (0, "proven"), ran.err
    ran = await repository.check("--diff", "wrong.diff", "--json")
    assert (ran.code, ran.json["outcome"]) == (1, "refused")
    assert "expected 3, got 4" in ran.out
    assert (repository.root / "calc.py").read_text() == CALC


BAD: list[tuple[tuple[str, ...], str]] = [
    (("--against=nowhere",), "no such revision"),
    (("--against=--output=x",), "no such revision"),
    (("absent.py",), "no such file"),
    (("calc.py", "--range", "x"), "say a line"),
    (("--range", "3"), "exactly one FILE"),
    (("--diff", "absent.diff"), "cannot be read"),
    (("--diff", "x", "--staged"), "not both"),
]


@pytest.mark.parametrize(("words", "said"), part(BAD, 3))
async def test_bad_usage_ends_with_2(repository: Repository, words: tuple[str, ...], said: str) -> None:
    ran = await repository.check(*words)
    assert ran.code == 2 and said in ran.err, ran.err


async def test_nothing_changed_is_fine_and_outside_of_git_is_said(repository: Repository, tmp_path: Path) -> None:
    ran = await repository.check("--json")
    assert (ran.code, ran.json["reason"]) == (0, "there is nothing to check")
    lone = tmp_path / "lone"
    lone.mkdir()
    (lone / "a.py").write_text("x = 1\n")
    ran = await forge("check", "a.py", cwd=lone, env=repository.env)
    assert ran.code == 2 and "cannot be compared" in ran.err
