"""A PHP project's own tests by a real PHPUnit: what proves, what is owed, what cannot be run, what is not believed."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckStatus, Grade, grade_of
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.languages.php.toolchain import PhpToolchain
from tests.integration.builds_cases import project_task, real_sandbox
from tests.integration.proofs.php import RIGHT, STUB, TESTS, WRONG
from tests.support import lang
from tests.support.builds import candidate_of

pytestmark = pytest.mark.timeout(240)

PROOF, OWED, FAILED, KEPT = CheckStatus.PROOF, CheckStatus.OWED, CheckStatus.FAILED, CheckStatus.KEPT
NOT_RUNNABLE, UNRELATED = CheckStatus.NOT_RUNNABLE, CheckStatus.UNRELATED
FILE = "src/shapes.php"
FILES = {FILE: STUB, "tests/ShapesTest.php": TESTS}


def more(name: str, *methods: str, above: str = "") -> str:
    """A file with another test class."""
    use = "use PHPUnit\\Framework\\TestCase;\n\nrequire_once __DIR__ . '/../src/shapes.php';\n"
    body = "".join(f"    public function {method}\n" for method in methods)
    return f"<?php\n\n{use}{above}\nfinal class {name} extends TestCase\n{{\n{body}}}\n"


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.getbasetemp() / "php-boxes") as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


@pytest.fixture
def environment() -> Mapping[str, str]:
    for program in ("php", "phpunit"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} on PATH")
    return dict(os.environ)


@pytest.fixture
def toolchain(sandbox: Sandbox, environment: Mapping[str, str]) -> PhpToolchain:
    return PhpToolchain(sandbox, timeout=60, environment=environment)


def names_below(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def text_of(program: str) -> str:
    return Path(shutil.which(program) or "").read_text("utf-8", "replace")


def alone(root: Path) -> Path:
    """A folder with PHP and no other program."""
    folder = root / "programs"
    folder.mkdir()
    (folder / "php").symlink_to(Path(shutil.which("php") or "").resolve())
    return folder


def told(found: Evidence) -> dict[str, CheckStatus]:
    assert found.blocked is None, found
    return {result.id.rpartition("::")[2] or result.id: result.status for result in found.results}


def grade(found: Evidence) -> Grade | None:
    return None if found.doubt else grade_of(found.results, unfinished=True, supported=False)


def project(root: Path, files: Mapping[str, str] | None = None) -> Task:
    return project_task(root, lang.PHP, {**FILES, **(files or {})}, FILE)


SETS = ("testArea", 'testFlat with data set "low"', 'testFlat with data set "thin"')


async def test_a_stub(toolchain: PhpToolchain, tmp_path: Path) -> None:
    task = project(tmp_path)
    before = names_below(tmp_path)
    right = await toolchain.evidence(task, candidate_of(task, RIGHT))
    assert told(right) == dict.fromkeys(SETS, PROOF)
    assert grade(right) is Grade.PROVEN, right
    wrong = await toolchain.evidence(task, candidate_of(task, WRONG))
    assert set(told(wrong).values()) == {OWED}
    first = next(result for result in wrong.results if result.id.endswith("testArea"))
    assert (first.expected, first.actual) == ("6", "5")
    assert names_below(tmp_path) == before


async def test_the_project_s_own_phpunit_and_its_settings(
    sandbox: Sandbox, environment: Mapping[str, str], tmp_path: Path
) -> None:
    script = text_of("phpunit")
    if not script.startswith("#!") or "<?php" not in script:
        pytest.skip("phpunit is no script of PHP here")
    config = (
        '<phpunit bootstrap="vendor/autoload.php" stopOnFailure="true"><php><env name="FORGE_SIDE" value="7"/></php>'
        '<testsuites><testsuite name="none"><directory>nowhere</directory></testsuite></testsuites></phpunit>'
    )
    files = {
        "vendor/bin/phpunit": script,
        "vendor/autoload.php": "<?php\ndefine('LOADED', 1);\n",
        "phpunit.xml.dist": config,
        "tests/SideTest.php": more(
            "SideTest",
            "testFails() { $this->assertSame(0, area(2, 3)); }",
            "testSide() { $this->assertSame(7 * LOADED, area((int) getenv('FORGE_SIDE'), 1)); }",
        ),
    }
    only_php = alone(tmp_path)
    task = project(tmp_path / "project", files)
    found = await PhpToolchain(sandbox, timeout=60, environment={"PATH": str(only_php)}).evidence(
        task, candidate_of(task, RIGHT)
    )
    assert told(found) == {**dict.fromkeys(SETS, PROOF), "testFails": OWED, "testSide": PROOF}


async def test_without_phpunit(sandbox: Sandbox, environment: Mapping[str, str], tmp_path: Path) -> None:
    only_php = alone(tmp_path)
    toolchain = PhpToolchain(sandbox, timeout=60, environment={"PATH": str(only_php)})
    task = project(tmp_path / "one")
    (only,) = (await toolchain.evidence(task, candidate_of(task, RIGHT))).results
    assert (only.status, only.remedy) == (NOT_RUNNABLE, "composer require --dev phpunit/phpunit")
    task = project(tmp_path / "two", {"composer.json": '{"require-dev": {"phpunit/phpunit": "^11"}}'})
    (only,) = (await toolchain.evidence(task, candidate_of(task, RIGHT))).results
    assert (only.environment, only.remedy) == (True, "composer install")


async def test_what_another_stub_or_another_file_lacks_is_not_held_against_it(
    toolchain: PhpToolchain, tmp_path: Path
) -> None:
    files = {
        FILE: f"{STUB}\nfunction side(int $x): int\n{{\n    throw new LogicException('not implemented');\n}}\n",
        "tests/BrokenTest.php": more("BrokenTest", "testBroken() { area(1, 1); }", above="\nnew Nobody();\n"),
        "tests/OtherTest.php": more(
            "OtherTest",
            "testSide() { $this->assertSame(2, side(4)); }",
            "testBoth() { $this->assertSame(8, area(side(4), 4)); }",
            "testNothing() { area(1, 1); $this->addToAssertionCount(0); }",
            "testSkipped() { $this->markTestSkipped('not now'); }",
        ),
    }
    task = project(tmp_path, files)
    found = await toolchain.evidence(task, candidate_of(task, RIGHT))
    seen = told(found)
    assert {name: seen.pop(name) for name in SETS} == dict.fromkeys(SETS, PROOF)
    assert (seen["testSide"], seen["testBoth"]) == (UNRELATED, UNRELATED), found
    assert seen["testNothing"] is KEPT
    assert "testSkipped" not in seen, "it does not speak of the scope"
    (broken,) = (result for result in found.results if "BrokenTest" in result.id)
    assert (broken.status, broken.environment, "Nobody" in broken.detail) == (NOT_RUNNABLE, True, True)
    assert grade(found) is Grade.PROVEN, found


async def test_working_code(toolchain: PhpToolchain, tmp_path: Path) -> None:
    files = {FILE: STUB.replace("throw new LogicException('not implemented');", "return $width * $height;")}
    task = project(tmp_path, files)
    kept = await toolchain.evidence(task, candidate_of(task, RIGHT.replace("$width *", "+$width *")))
    assert set(told(kept).values()) == {KEPT}
    mutant = await toolchain.evidence(task, candidate_of(task, WRONG))
    assert told(mutant) == dict.fromkeys(SETS, FAILED)
    gone = await toolchain.evidence(task, candidate_of(task, "function aria() {}"))
    assert set(told(gone).values()) == {FAILED}


async def test_a_method_that_is_not_there_yet(toolchain: PhpToolchain, tmp_path: Path) -> None:
    shape = "<?php\n\nclass Shape\n{\n    public function half() { return 1; }\n\n«»\n}\n"
    files = {
        "src/shapes.php": shape,
        "tests/ShapesTest.php": more(
            "ShapesTest",
            "testArea() { $this->assertSame(6, (new Shape())->area(2, 3)); }",
            "testHalf() { $this->assertSame(1, (new Shape())->half()); }",
        ),
    }
    task = project_task(tmp_path, lang.PHP, files, FILE)
    task = replace(task, scope=replace(task.scope, kind=ScopeKind.INSERTION, name=None, container="Shape"))
    method = "    public function area($a, $b) { return $a * $b; }"
    found = told(await toolchain.evidence(task, candidate_of(task, method)))
    assert found["testArea"] is PROOF
    found = told(await toolchain.evidence(task, candidate_of(task, method.replace("area", "aria"))))
    assert found["testArea"] is OWED


async def test_tests_that_never_end(sandbox: Sandbox, environment: Mapping[str, str], tmp_path: Path) -> None:
    task = project(tmp_path)
    toolchain = PhpToolchain(sandbox, timeout=3, environment=environment)
    found = await toolchain.evidence(task, candidate_of(task, "function area($w, $h)\n{\n    while (true) {\n    }\n}"))
    assert set(told(found).values()) == {OWED}
    assert "3 s" in found.results[0].detail
