"""PHP: PHPUnit, with and without a namespace."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.proofs import Project, Unrunnable
from tests.integration.proofs.forged import answers
from tests.support import lang


def environment(root: Path) -> Mapping[str, str]:
    """The environment with a PHP and a PHPUnit in it."""
    del root
    for program in ("php", "phpunit"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} on PATH")
    return dict(os.environ)


STUB = """<?php

declare(strict_types=1);

/** Returns the area of a rectangle. */
«function area($width, $height)
{
    throw new LogicException('not implemented');
}»
"""
SIDE = """
function side(int $surface): int
{
    throw new LogicException('not implemented');
}
"""
TESTS = """<?php

use PHPUnit\\Framework\\TestCase;

require_once __DIR__ . '/../src/shapes.php';

final class ShapesTest extends TestCase
{
    public function testArea(): void
    {
        $this->assertEquals(6, area(2, 3));
    }

    /** @dataProvider flat */
    public function testFlat(int $width, int $height): void
    {
        $this->assertSame(0, area($width, $height));
    }

    public static function flat(): array
    {
        return ['low' => [4, 0], 'thin' => [0, 4]];
    }
}
"""
SIDE_TEST = """<?php

use PHPUnit\\Framework\\TestCase;

require_once __DIR__ . '/../src/shapes.php';

final class SideTest extends TestCase
{
    public function testSide(): void
    {
        $this->assertSame(3, side(9));
    }

    public function testBoth(): void
    {
        $this->assertSame(4, area(side(4), 2));
    }
}
"""
RIGHT = "function area($width, $height)\n{\n    return $width * $height;\n}"
WRONG = "function area($width, $height)\n{\n    return $width + $height;\n}"
HEAD = STUB.partition("«")[0]
FILES = {"tests/ShapesTest.php": TESTS}


MOODY = """<?php

use PHPUnit\\Framework\\TestCase;

require_once __DIR__ . '/../src/shapes.php';

final class MoodyShapesTest extends TestCase
{
    public function test_moody(): void
    {
        area(1, 1);
        $this->assertStringContainsString('pass', file_get_contents(__DIR__ . '/../turn.txt'));
    }
}
"""
BOOTSTRAP = '<phpunit bootstrap="vendor/autoload.php"><testsuites/></phpunit>'
FUNCTIONS = Project(
    name="functions",
    language=lang.PHP,
    document="src/shapes.php",
    files=FILES,
    stub=STUB,
    right=RIGHT,
    wrong=WRONG,
    told=("expected 6", "5"),
    absent=f"{HEAD}«»\n\nfunction half(int $x): int\n{{\n    return intdiv($x, 2);\n}}\n",
    absent_right=RIGHT,
    two=STUB + SIDE,
    two_files={"tests/SideTest.php": SIDE_TEST},
    working=f"{HEAD}«{RIGHT}»\n",
    mutant=WRONG,
    rewrite="function area($width, $height)\n{\n    $all = $width * $height;\n\n    return $all;\n}",
    unparsable="function area($width, $height)\n{\n    return $width *;\n}",
    moody={"tests/MoodyShapesTest.php": MOODY},
    unrunnable=(
        Unrunnable(
            channel="no packages",
            files={"phpunit.xml": BOOTSTRAP, "composer.json": '{"require-dev": {"phpunit/phpunit": "^9"}}'},
            words="vendor/autoload.php",
            remedy="composer install",
        ),
        Unrunnable(
            channel="a bootstrap that fails",
            files={
                "phpunit.xml": '<phpunit bootstrap="tests/bootstrap.php"/>',
                "tests/bootstrap.php": "<?php throw new RuntimeException('no database here');\n",
            },
            words="no database here",
        ),
    ),
    forgeries=answers("php", "functions"),
    honest=answers("php", "functions-honest"),
    prepare=environment,
)
CLASS_STUB = """<?php

namespace Acme\\Shapes;

final class Shapes
{
    private int $calls = 0;

«    /** Returns the area of a rectangle. */
    public function area($width, $height)
    {
        throw new \\BadMethodCallException('Not implemented yet');
    }»

    public function calls(): int
    {
        return $this->calls;
    }
}
"""
CLASS_TESTS = """<?php

declare(strict_types=1);

namespace Acme\\Tests;

use Acme\\Shapes\\Shapes;
use PHPUnit\\Framework\\TestCase;

class ShapesTest extends TestCase
{
    private Shapes $shapes;

    protected function setUp(): void
    {
        $this->shapes = new Shapes();
    }

    public function testArea(): void
    {
        self::assertSame(6, $this->shapes->area(2, 3));
    }

    public function testCalls(): void
    {
        self::assertSame(0, $this->shapes->calls());
    }
}
"""
LOADER = """<?php
spl_autoload_register(function ($name) {
    if (str_starts_with($name, 'Acme\\\\Shapes\\\\')) {
        require __DIR__ . '/src/' . substr($name, 12) . '.php';
    }
});
"""
BODY = """    /** Returns the area of a rectangle. */
    public function area($width, $height)
    {
        return %s;
    }"""
METHODS = replace(
    FUNCTIONS,
    name="methods",
    document="src/Shapes.php",
    files={
        "tests/ShapesTest.php": CLASS_TESTS,
        "autoload.php": LOADER,
        "phpunit.xml.dist": (
            '<?xml version="1.0"?>\n<phpunit bootstrap="autoload.php" stopOnFailure="true" executionOrder="random">'
            '<testsuites><testsuite name="all"><directory>tests</directory></testsuite></testsuites></phpunit>'
        ),
    },
    stub=CLASS_STUB,
    right=BODY % "$width * $height",
    wrong=BODY % "$width + $height",
    absent=None,
    absent_right=None,
    two=None,
    two_files=None,
    working=CLASS_STUB.replace(
        "throw new \\BadMethodCallException('Not implemented yet');", "return $width * $height;"
    ),
    mutant=BODY % "$width + $height",
    rewrite=BODY % "$height * $width",
    unparsable=None,
    one_definition=False,
    moody=None,
    unrunnable=(),
    forgeries=(),
    honest=(),
)
PROJECTS = (FUNCTIONS, METHODS)
