"""A Python project's own tests on candidates good, wrong, slow and hostile: before and after, in the real sandbox."""

from __future__ import annotations

import venv
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckKind, CheckResult, CheckStatus
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.python.toolchain import PythonToolchain
from tests.integration.builds_cases import project_task, real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of

KEPT, FAILED, NOT_RUNNABLE = CheckStatus.KEPT, CheckStatus.FAILED, CheckStatus.NOT_RUNNABLE
UNRELATED, OWED, PROOF = CheckStatus.UNRELATED, CheckStatus.OWED, CheckStatus.PROOF

FILE = "src/shapes/area.py"
TESTS = """import pytest
from shapes.area import area, one


def test_area():
    assert area(2, 3) == 6


@pytest.mark.parametrize("side", [1, 2])
def test_square(side):
    assert side * side == area(side, side)


def test_the_other_way_round():
    assert 20 == area(4, 5)


def test_one():
    assert one() == 2  # it never was


@pytest.mark.skip
def test_later():
    area(1, 1)
"""
UNITTEST = """import unittest

from shapes.area import area


class AreaCase(unittest.TestCase):
    def test_area(self):
        self.assertEqual(area(3, 3), 9)

    def test_each(self):
        for side in (1, 2):
            with self.subTest(side=side):
                self.assertEqual(side * side, area(side, side))
"""
FILES = {
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--no-such-option"\n',
    "src/shapes/__init__.py": "",
    FILE: "«def area(width, height):\n    return width * height»\n\n\ndef one():\n    return 1\n",
    "tests/test_area.py": TESTS,
    "tests/test_cases.py": UNITTEST,
    "tests/test_other.py": "def test_nothing():\n    raise RuntimeError('never run: it does not speak of the scope')\n",
}
IDS = [
    "tests:tests/test_area.py::test_area",
    "tests:tests/test_area.py::test_square[1]",
    "tests:tests/test_area.py::test_square[2]",
    "tests:tests/test_area.py::test_the_other_way_round",
    "tests:tests/test_area.py::test_one",
    "tests:tests/test_area.py::test_later",
    "tests:tests/test_cases.py::AreaCase::test_area",
    "tests:tests/test_cases.py::AreaCase::test_each",
]


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


def project(root: Path, **other: str) -> Task:
    return project_task(root, lang.PYTHON, {**FILES, **other}, FILE)


def names_below(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def remove(path: Path) -> None:
    path.unlink()


async def evidence(sandbox: Sandbox, task: Task, body: str, *, timeout: float = 40) -> Evidence:
    code = "def area(width, height):\n" + "\n".join(f"    {line}" for line in body.split("\n"))
    return await PythonToolchain(sandbox, timeout=timeout).evidence(task, candidate_of(task, code))


def by_name(found: Evidence) -> dict[str, CheckResult]:
    assert found.blocked is None, found
    return {result.id.rpartition("::")[2]: result for result in found.results}


async def test_a_right_candidate_passes_what_passed_before(sandbox: Sandbox, tmp_path: Path) -> None:
    task = project(tmp_path)
    before = names_below(tmp_path)
    found = await evidence(sandbox, task, "return height * width")
    assert [result.id for result in found.results] == IDS
    assert {result.kind for result in found.results} == {CheckKind.TEST}
    assert [result.status for result in found.results] == [KEPT] * 4 + [UNRELATED, NOT_RUNNABLE] + [KEPT] * 2
    assert found.doubt is None
    assert names_below(tmp_path) == before, "nothing is left in the project"


async def test_a_wrong_one_fails_with_both_values(sandbox: Sandbox, tmp_path: Path) -> None:
    task = project(tmp_path)
    found = await evidence(sandbox, task, "return width + height")
    told = {name: (r.status, r.expected, r.actual) for name, r in by_name(found).items()}
    assert told["test_area"] == (FAILED, "9", "6"), "of the unittest case, which comes last under that name"
    assert (found.results[0].expected, found.results[0].actual) == ("6", "5")
    assert told["test_square[1]"] == (FAILED, "2", "1"), "neither side is plain: the second is taken as expected"
    assert told["test_square[2]"][0] is KEPT
    assert told["test_the_other_way_round"] == (FAILED, "20", "9")
    assert told["test_one"][0] is UNRELATED, "it does not call the scope"
    assert told["test_each"][0] is FAILED


async def test_a_test_that_hangs_costs_its_own_time_only(sandbox: Sandbox, tmp_path: Path) -> None:
    body = "while width == 3:\n    pass\nreturn width * height"
    told = {r.id: r for r in (await evidence(sandbox, project(tmp_path), body, timeout=12)).results}
    hung = told["tests:tests/test_cases.py::AreaCase::test_area"]
    assert (hung.status, "did not finish in 6 s" in hung.detail) == (FAILED, True), hung
    assert told["tests:tests/test_cases.py::AreaCase::test_each"].status is KEPT, "the next one is run"


async def test_a_candidate_that_ends_the_process_passes_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    found = await evidence(sandbox, project(tmp_path), "import os\nos._exit(0)")
    told = {result.id: result for result in found.results}
    assert [told[name].status for name in IDS[:4]] == [FAILED] * 4
    assert "the process ended" in told[IDS[0]].detail


async def test_what_cannot_be_imported_any_more_fails(sandbox: Sandbox, tmp_path: Path) -> None:
    code = "def area(width, height):\n    return width * height\n\n\nraise OSError('no')"
    task = project(tmp_path)
    found = await PythonToolchain(sandbox, timeout=40).evidence(task, candidate_of(task, code))
    told = by_name(found)
    assert told["test_square[1]"].status is FAILED
    assert "OSError: no" in told["test_square[1]"].detail


async def test_without_pytest_unittest_runs_and_the_others_are_told(sandbox: Sandbox, tmp_path: Path) -> None:
    venv.create(tmp_path / ".venv", symlinks=True)
    task = project(tmp_path)
    found = await evidence(sandbox, task, "return width + height")
    told = {r.id.rpartition(".")[2]: (r.status, r.expected, r.actual) for r in found.results}
    assert told == {"test_area": (FAILED, "9", "6"), "test_each": (FAILED, "2", "1"), "": (NOT_RUNNABLE, "", "")}
    remove(tmp_path / "tests/test_cases.py")
    found = await evidence(sandbox, task, "return width * height")
    (only,) = found.results
    assert (only.status, only.environment) == (NOT_RUNNABLE, True)
    assert "No module named 'pytest'" in only.detail
    assert (only.remedy or "").endswith("-m pip install pytest")


@pytest.mark.parametrize("built", ["build/lib", "installed"])
async def test_tests_of_another_copy_prove_nothing(sandbox: Sandbox, tmp_path: Path, built: str) -> None:
    copy = FILES[FILE].replace("«", "").replace("»", "")
    files = {
        "source/shapes/__init__.py": "",
        "source/shapes/area.py": FILES[FILE],
        f"{built}/shapes/__init__.py": "",
        f"{built}/shapes/area.py": copy,
        "tests/test_area.py": f"import sys\nsys.path.insert(0, '{built}')\n" + UNITTEST,
    }
    task = project_task(tmp_path, lang.PYTHON, files, "source/shapes/area.py")
    for code in ("def area(width, height):\n    return height * width", "def area(width, height):\n    return 0"):
        (result,) = (await PythonToolchain(sandbox, timeout=60).evidence(task, candidate_of(task, code))).results
        assert (result.status, result.environment) == (NOT_RUNNABLE, True)
        assert f"{built}/shapes/area.py" in result.detail
        assert result.remedy is not None
        assert result.remedy.endswith("-m pip install -e .")


async def test_a_project_without_tests_of_the_scope_has_nothing_to_run(sandbox: Sandbox, tmp_path: Path) -> None:
    task = project_task(
        tmp_path, lang.PYTHON, {FILE: FILES[FILE], "tests/test_b.py": FILES["tests/test_other.py"]}, FILE
    )
    found = await evidence(sandbox, task, "return 1")
    assert (found.results, found.blocked) == ((), None)


BROKEN = {
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-x"\ntestpaths = ["tests"]\n',
    "tests/test_a_red.py": "from shapes.area import area\n\n\ndef test_red():\n    assert area\n    assert False\n",
    "tests/test_extra.py": (
        "import not_installed_here\n\nfrom shapes.area import area\n\n\ndef test_extra():\n    assert area(1, 1) == 1\n"
    ),
    "example/conftest.py": "import settings_of_another_application\n",
    "example/test_area_view.py": "from shapes.area import area\n\n\ndef test_view():\n    assert area(1, 1) == 1\n",
}


@pytest.mark.parametrize("extra", [["tests/test_a_red.py"], ["tests/test_extra.py"], list(BROKEN)])
async def test_what_is_broken_does_not_switch_off_the_others(
    sandbox: Sandbox, tmp_path: Path, extra: list[str]
) -> None:
    files = {"pyproject.toml": BROKEN["pyproject.toml"], **{name: BROKEN[name] for name in extra}}
    found = await evidence(sandbox, project(tmp_path, **files), "return width + height", timeout=100)
    told = {result.id: result for result in found.results}
    assert told["tests:tests/test_area.py::test_area"].status is FAILED, found
    assert told["tests:tests/test_cases.py::AreaCase::test_area"].status is FAILED, found
    if "tests/test_extra.py" in extra:
        lacks = told["tests:tests/test_extra.py"]
        assert (lacks.status, lacks.environment) == (NOT_RUNNABLE, True)
        assert (lacks.remedy or "").endswith("-m pip install not_installed_here")


STUB = {
    FILE: "«def area(width, height):\n    raise NotImplementedError»\n",
    "tests/test_cases.py": "",
    "tests/test_area.py": (
        "import pytest\n\nfrom shapes.area import area, volume\n\n\n@pytest.fixture(scope='module')\n"
        "def square():\n    return area\n\n\n"
        "def test_raises(square):\n    with pytest.raises(ValueError):\n        square(-1, 1)\n\n\n"
        "def test_volume():\n    assert volume(1, 1, 1) == 1\n\n\ndef test_true():\n    assert True\n"
    ),
}


async def test_each_test_is_judged_by_the_names_that_it_needs(sandbox: Sandbox, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.PYTHON, {**FILES, **STUB}, FILE)
    found = await evidence(sandbox, task, "if width < 0:\n    raise ValueError(width)\nreturn width * height")
    assert {name: result.status for name, result in by_name(found).items()} == {
        "test_raises": PROOF,
        "test_volume": UNRELATED,
    }
    silent = await evidence(sandbox, task, "return width * height")
    raises = by_name(silent)["test_raises"]
    assert raises.status is OWED
    assert "DID NOT RAISE" in raises.detail


DJANGO = {
    "manage.py": "import os\n\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_one.settings')\n",
    "site_one/__init__.py": "",
    "site_one/settings.py": "NAME = 'ready'\n",
    "shop/__init__.py": "",
    "shop/prices.py": "import django.conf\n\n\n«def area(width, height):\n    return width * height»\n",
    "shop/tests.py": (
        "import unittest\n\nfrom django.conf import settings\nfrom shop.prices import area\n\n\n"
        "class AreaCase(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n"
        "        cls.width = 3 if settings.ready and settings.databases else None\n\n"
        "    def test_area(self):\n        self.assertEqual(area(self.width, 2), 6)\n"
    ),
}
# What of Django is called to prepare tests, and no more: it is not among the packages that tests need.
FRAMEWORK = {
    "django/__init__.py": "def setup():\n    from django.conf import settings\n\n    settings.load()\n",
    "django/conf/__init__.py": (
        "import importlib\nimport os\n\n\nclass Settings:\n    ready = databases = False\n\n    def load(self):\n"
        "        module = importlib.import_module(os.environ['DJANGO_SETTINGS_MODULE'])\n"
        "        self.ready = module.NAME == 'ready'\n\n\nsettings = Settings()\n"
    ),
    "django/test/__init__.py": "",
    "django/test/utils.py": (
        "from django.conf import settings\n\n\ndef setup_test_environment():\n    pass\n\n\n"
        "def setup_databases(verbosity, interactive):\n    settings.databases = settings.ready\n"
    ),
}


@pytest.mark.parametrize("by", ["pytest", "unittest"])
async def test_a_project_of_django_is_prepared_as_manage_py_does(sandbox: Sandbox, tmp_path: Path, by: str) -> None:
    task = project_task(tmp_path, lang.PYTHON, {**DJANGO, **FRAMEWORK}, "shop/prices.py")
    if by == "unittest":
        venv.create(tmp_path / ".venv", symlinks=True, with_pip=False)
    found = await evidence(sandbox, task, "return height * width", timeout=60)
    assert [result.status for result in found.results] == [KEPT], found
    found = await evidence(sandbox, task, "return height + width", timeout=60)
    assert [(result.status, result.actual) for result in found.results] == [(FAILED, "5")], found


LARGE = {
    "shapes/__init__.py": "from shapes.area import total\n",
    "shapes/area.py": (
        "«def area(width, height):\n    return width * height»\n\n\ndef _twice(w, h):\n    return 2 * area(w, h)\n\n\n"
        "def total(sides):\n    return sum(_twice(w, h) for w, h in sides)\n"
    ),
    "tests/test_area.py": (
        "from shapes.area import area\n\n\nclass TestArea:\n    def test_plain(self):\n"
        "        assert area(2, 3) == 6\n\n\n"
    )
    + "\n\n".join(f"def test_other_{number}():\n    assert {number} >= 0\n" for number in range(60)),
    "tests/test_api.py": "import shapes\n\n\ndef test_total():\n    assert shapes.total([(1, 2), (3, 4)]) == 28\n",
}


async def test_of_a_large_suite_the_tests_that_name_the_scope_or_its_callers_are_run(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    task = project_task(tmp_path, lang.PYTHON, LARGE, "shapes/area.py")
    found = await evidence(sandbox, task, "return width + height")
    told = {result.id: result.status for result in found.results}
    assert told == {
        "tests:tests/test_area.py::TestArea::test_plain": FAILED,
        "tests:tests/test_api.py::test_total": FAILED,
    }


@pytest.mark.parametrize("body", ["return height * width", "return 0"])
async def test_where_no_test_names_it_those_that_reach_it_count(sandbox: Sandbox, tmp_path: Path, body: str) -> None:
    files = {
        "inner/deep.py": "«def area(width, height):\n    return width * height»\n\n\nMAKE = {'a': area}\n",
        "shop.py": "import inner.deep as deep\n\nmake = deep.MAKE\n",
        "tests/test_shop.py": (
            "import shop\n\n\ndef test_make():\n    assert shop.make['a'](3, 4) == 12\n\n\n"
            "def test_red():\n    assert False\n"
        ),
    }
    task = project_task(tmp_path, lang.PYTHON, files, "inner/deep.py")
    found = await evidence(sandbox, task, body)
    status = FAILED if body == "return 0" else KEPT
    told = {result.id.rpartition("::")[2]: result.status for result in found.results}
    assert told.pop("test_make") is status
    assert set(told.values()) <= {UNRELATED}, told


async def test_tests_of_something_else_of_that_name_say_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    files = {
        "shop/area.py": "«def area(width, height):\n    return width * height»\n",
        "shop/other.py": "def area(width, height):\n    return width * height\n",
        "tests/test_other.py": "from shop.other import area\n\n\ndef test_area():\n    assert area(2, 3) == 6\n",
    }
    task = project_task(tmp_path, lang.PYTHON, files, "shop/area.py")
    assert (await evidence(sandbox, task, "return width + height")).results == ()


BAG = """class Marker:
    def __init__(self, *args):
        pass

    def __enter__(self):
        pass

    def __exit__(self, kind, error, trace):
        pass


class Bag:
    def __init__(self, items=()):
        self.items = list(items)

    def __eq__(self, other):
        return set(self.items) == set(other.items if isinstance(other, Bag) else other)

«    def without(self, item):
        raise NotImplementedError»


def later(bag):
    raise NotImplementedError
"""
BAG_TESTS = """import pytest

from shapes.area import Bag, Marker, later


def test_without():
    with Marker(1):
        assert Bag([1, 2]).without(1) == Bag([2])


def test_nothing_is_left():
    assert Bag([1]).without(1) == Bag()


def test_with_what_is_not_there_yet():
    with pytest.raises(NotImplementedError):
        later(Bag())
    assert Bag([1, 2]).without(3) == Bag([1, 2])
"""


async def test_methods_that_may_do_nothing_and_the_users_own_equality_count_against_nobody(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    files = {**FILES, FILE: BAG, "tests/test_area.py": BAG_TESTS, "tests/test_cases.py": "", "pyproject.toml": ""}
    toolchain = PythonToolchain(sandbox, timeout=40)
    task = project_task(tmp_path, lang.PYTHON, files, FILE)

    async def looked(body: str) -> Evidence:
        return await toolchain.evidence(task, candidate_of(task, f"    def without(self, item):\n        {body}"))

    right = await looked("return Bag([one for one in self.items if one != item])")
    assert (right.doubt, {result.status for result in right.results}) == (None, {PROOF}), right
    wrong = by_name(await looked("return Bag(self.items + [item])"))
    assert (wrong["test_without"].status, wrong["test_nothing_is_left"].status) == (OWED, OWED)
    unwritten = await looked("raise NotImplementedError('not for this one')")
    assert {result.status for result in unwritten.results} == {OWED}
    forged = await looked("return type('Any', (Bag,), {'__eq__': lambda self, other: True})()")
    assert forged.doubt is not None
