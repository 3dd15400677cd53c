"""The PHP gate with the real ``php``: what does not parse, names that nobody defines, calls that cannot be right."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.core.attempt import BuildStatus
from forge_lsp.core.ports import FindingStatus, Sandbox
from forge_lsp.languages.php.toolchain import PhpToolchain, php_findings
from tests.integration.builds_cases import Case, project_task, real_sandbox
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files

pytestmark = pytest.mark.timeout(120)

FILE = "src/Sizes.php"
FILES = {
    "composer.json": '{"autoload": {"psr-4": {"Acme\\\\": "src/"}}}',
    FILE: """<?php

declare(strict_types=1);

namespace Acme;

final class Sizes
{
    «public static function area(int $width, int $height): int
    {
        throw new \\LogicException('TODO');
    }»

    public static function round(float $x, int $to): int
    {
        return (int) (round($x / $to) * $to);
    }
}
""",
    "src/Use.php": """<?php

namespace Acme;

function total(): int
{
    return Sizes::area(2, 3);
}
""",
    "src/Tools/Clock.php": "<?php\n\nnamespace Acme\\Tools;\n\nclass Clock extends \\ArrayObject\n{\n}\n",
}
HEAD = "public static function area(int $width, int $height): int\n    {\n"
GOOD = f"{HEAD}        return $width * $height;\n    }}"


def body(line: str) -> str:
    return f"{HEAD}        {line}\n    }}"


CASES = [
    Case(
        name="syntax error",
        code=body("return $width *;"),
        file=FILE,
        line=11,
        codes=("parse-error",),
        message="syntax error",
    ),
    Case(
        name="unknown name",
        code=body("return product($width, $height);"),
        file=FILE,
        line=11,
        codes=("undefined-function",),
        message="product()",
    ),
    Case(
        name="unknown method",
        code=body("return self::product($width, $height);"),
        file=FILE,
        line=11,
        codes=("undefined-method",),
        message="product()",
    ),
    Case(
        name="wrong arity",
        code=body("return self::round(1.5);"),
        file=FILE,
        line=11,
        codes=("too-few-arguments",),
        message="1 passed and at least 2 expected",
    ),
    Case(
        name="missing import",
        code=body("return count(new Clock([$width]));"),
        file=FILE,
        line=11,
        codes=("undefined-class",),
        message='"Acme\\Clock"',
    ),
    Case(
        name="break of another file",
        code=GOOD.replace("int $height)", "int $height, int $depth)"),
        file="src/Use.php",
        line=7,
        codes=("too-few-arguments",),
        message="2 passed and at least 3 expected",
    ),
]


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        yield chosen


@pytest.fixture
def toolchain(sandbox: Sandbox) -> PhpToolchain:
    if shutil.which("php") is None:
        pytest.skip("no php on PATH")
    return PhpToolchain(sandbox, timeout=60, environment=dict(os.environ))


async def test_a_good_candidate_passes_and_bad_ones_are_refused(toolchain: PhpToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.PHP, FILES, FILE)
    good = await toolchain.build(task, with_code(task, GOOD))
    assert good.status is BuildStatus.PASSED, good
    for case in CASES:
        report = await toolchain.build(task, with_code(task, case.code))
        assert report.status is BuildStatus.FAILED, (case.name, report)
        found = [d for d in report.diagnostics if (d.file, d.line) == (case.file, case.line) and d.code in case.codes]
        assert found, (case.name, report.diagnostics)
        assert case.message in found[0].message


RIGHT = [
    "return \\max(1, 2) + strlen(...$width) + self::round(to: 2, x: 1.5);",
    "$found = \\Acme\\total(...); return $found() + namespace\\total() + TOTAL();",
    "return function_exists('imagecreate') ? imagecreate($width, $height) : 0;",
    "$one = new class(1) extends \\ArrayObject { function two($a) { $this->two($a); } }; return $one->two(1, 2);",
    "foreach ([1, 2] as [$a, $b]) { array_map(fn (int $x): int => $x + $a, [$b,],); } return intdiv($width, 2,);",
    "return match (true) { $width > 1 => static::area(1, 2), default => parent_of(), }; ",
    "return (new Tools\\Clock())->count() + (new \\DateTimeImmutable('now'))->getTimestamp();",
    "if ($x instanceof Nobody) { return 1; } try { return 2; } catch (Nothing $e) { return 3; }",
    'return strlen("{$this->none()} ${width} and $width[0] is {$height}");',
]


@pytest.mark.parametrize("line", RIGHT)
async def test_what_is_right_is_not_refused(toolchain: PhpToolchain, tmp_path: Path, line: str) -> None:
    more = {"src/more.php": "<?php\n\nnamespace Acme { function parent_of() { return 1; } }\n"}
    more["src/global.php"] = "<?php\nfunction TOTAL() { return 1; }\n"
    more["src/Sizes2.php"] = (
        "<?php\n\nnamespace Acme;\n\nabstract class Sizes2 { function x() { return $this->any(1); } }\n"
    )
    task = project_task(tmp_path, lang.PHP, {**FILES, **more}, FILE)
    report = await toolchain.build(task, with_code(task, body(line)))
    expected = "none()" if "none()" in line else None
    if expected is None:
        assert report.status is BuildStatus.PASSED, report
    else:
        assert [d.code for d in report.diagnostics] == ["undefined-method"], report


async def test_problems_from_before_do_not_count(toolchain: PhpToolchain, tmp_path: Path) -> None:
    files = {**FILES, "src/Old.php": "<?php\n\nnamespace Acme;\n\nadd_action('init', 'x');\n"}
    task = project_task(tmp_path, lang.PHP, files, FILE)
    # Something else than the project's files defines functions here: of names that nobody defines nothing is said.
    report = await toolchain.build(task, with_code(task, body("return add_filter('a', 'b');")))
    assert report.status is BuildStatus.PASSED, report
    report = await toolchain.build(task, with_code(task, body("return self::round(1.5);")))
    assert report.status is BuildStatus.FAILED, report


async def test_packages_that_are_not_installed(toolchain: PhpToolchain, tmp_path: Path) -> None:
    files = {**FILES, "composer.json": '{"require": {"php": "^8", "acme/money": "^1"}}'}
    task = project_task(tmp_path, lang.PHP, files, FILE)
    code = with_code(task, body("return (new \\Money\\Sum(1))->total();"))
    report = await toolchain.build(task, code)
    assert (report.status, report.remedy) == (BuildStatus.UNVERIFIED, "composer install"), report
    assert "Money" in (report.reason or "")
    write_files(tmp_path, {"vendor/acme/money/Sum.php": "<?php\nnamespace Money;\nclass Sum {}\n"})
    report = await toolchain.build(task, code)
    assert report.status is BuildStatus.PASSED, report


async def test_an_extension_that_is_not_installed(toolchain: PhpToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.PHP, FILES, FILE)
    absent = with_code(task, body("return (int) (new \\SoapClient('a'))->area() + (int) bcadd('1', '2');"))
    report = await toolchain.build(task, absent)
    if report.status is BuildStatus.PASSED:
        pytest.skip("both extensions are installed here")
    assert report.status is BuildStatus.UNVERIFIED, report
    assert report.remedy in ("apt install php-soap", "apt install php-bcmath")


async def test_a_lone_file_and_a_scope_that_does_not_parse(toolchain: PhpToolchain, tmp_path: Path) -> None:
    lone = task_of("«»", language=lang.PHP)
    assert (await toolchain.build(lone, "<?php\necho strlen('a');\n")).compiled is True
    assert (await toolchain.build(lone, "<?php\necho strlen('a'\n")).compiled is False
    files = {**FILES, FILE: FILES[FILE].replace("throw new \\LogicException('TODO');", "return $width *")}
    task = project_task(tmp_path, lang.PHP, files, FILE)
    assert (await toolchain.build(task, with_code(task, GOOD))).status is BuildStatus.PASSED
    report = await toolchain.build(task, with_code(task, GOOD.replace("* $height", "* nobody()")))
    assert [d.code for d in report.diagnostics] == ["undefined-function"], report


async def test_a_file_with_html_in_it(toolchain: PhpToolchain, tmp_path: Path) -> None:
    files = {"page.php": "<h1>It's</h1>\n<?php «function area() { }» ?>\n<p><?= area() ?></p>\n"}
    task = project_task(tmp_path, lang.PHP, files, "page.php")
    assert (await toolchain.build(task, with_code(task, "function area() { return 6; }"))).compiled is True
    assert (await toolchain.build(task, with_code(task, "function aria() { return 6; }"))).compiled is False


async def test_without_php(sandbox: Sandbox, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.PHP, FILES, FILE)
    report = await PhpToolchain(sandbox, timeout=60, environment={"PATH": "/nonexistent"}).build(task, "<?php\n")
    assert (report.status, report.reason) == (BuildStatus.UNVERIFIED, "php is not installed (not on PATH)")
    assert report.remedy is not None
    (absent,) = await php_findings(sandbox, {"PATH": "/nonexistent"})
    assert (absent.status, absent.remedy) == (FindingStatus.ABSENT, report.remedy)


async def test_for_the_doctor(toolchain: PhpToolchain, sandbox: Sandbox) -> None:
    (finding,) = await php_findings(sandbox, dict(os.environ))
    assert finding.status is FindingStatus.OK, finding
    assert finding.detail.startswith("PHP ")
