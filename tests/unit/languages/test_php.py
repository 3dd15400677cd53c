"""PHP's outline, imports, test files and what its PHPUnit says."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.core.checks import Cause, RunState
from forge_lsp.core.ports import ItemKind
from forge_lsp.core.task import Document
from forge_lsp.languages.php.forging import doubt_of
from forge_lsp.languages.php.imports import imports_itself, used_names
from forge_lsp.languages.php.outcomes import RunPlan, ended, outcome
from forge_lsp.languages.php.suites import Suite, configuration, must_fail
from forge_lsp.languages.php.tools import lint_problems
from forge_lsp.reading import parsed_xml
from tests.support import lang
from tests.support.landing import EDITS, SYNTAX, landed, landing_task

TEXT = r"""<?php

namespace App\Model;

use Foo\{Bar, Baz as Other};
require_once __DIR__ . '/x.php';

/** Doc. */
#[Attr]
abstract class Shape extends Base
{
    use Sums;
    private int $x = 1;
    public function __construct(private readonly int $z) {}
    #[Pure]
    public static function area(int &$a, ?string ...$b): ?float
    {
        throw new \LogicException("Not implemented");
    }
    abstract public function foo(): void;
    private function __clone() {}
    public function reset(): void {}
    public function size() { /* TODO */ return 0; }
}
final class Gone extends \Exception {}
enum Suit: string { case Hearts = 'H'; public function label(): string { return 'x'; } }
$add = function (int $a) use ($x) { return $a; };
if (!function_exists('h')) {
    function h() { return <<<EOT
      data
      EOT; }
}
?>
<b>It's</b>
"""


def outline(text: str) -> dict[str, tuple[ItemKind, bool, str | None]]:
    found: dict[str, tuple[ItemKind, bool, str | None]] = {}

    def read(items: object, home: str) -> None:
        for item in items:  # type: ignore[attr-defined]
            if item.name:
                found[f"{home}{item.name}"] = (item.kind, item.stub, item.signature)
            read(item.children, f"{item.name}." if item.name else home)

    read(SYNTAX.outline(text, lang.PHP).items, "")
    return found


def test_outline() -> None:
    assert not SYNTAX.outline(TEXT, lang.PHP).errors
    found = outline(TEXT)
    assert found["Shape"] == (ItemKind.CLASS, False, "abstract class Shape extends Base")
    area = "public static function area(int &$a, ?string ...$b): ?float"
    assert found["Shape.area"] == (ItemKind.FUNCTION, True, area)
    stubs = {name for name, (_, stub, _) in found.items() if stub}
    assert stubs == {"Shape.area", "Shape.size"}
    assert found["add"] == (ItemKind.FUNCTION, False, "$add = function (int $a) use ($x)")
    assert {"h", "Suit.label", "Suit.Hearts", "Shape.x", "Gone"} <= found.keys()
    kinds = [item.kind for item in SYNTAX.outline(TEXT, lang.PHP).items]
    assert kinds.count(ItemKind.IMPORT) == 2
    (place,) = SYNTAX.multiline_strings(TEXT, lang.PHP)
    assert place.of(TEXT).startswith("<<<EOT")


def test_pieces() -> None:
    assert outline("public function a(int $b): int\n{\n    return 1;\n}\n").keys() == {"a"}
    assert outline("function a() { return 1; }\nfunction b() {}\n") == {
        "a": (ItemKind.FUNCTION, False, "function a()"),
        "b": (ItemKind.FUNCTION, True, "function b()"),
    }
    broken = SYNTAX.outline("function a() { return f(; }", lang.PHP)
    assert broken.errors
    assert broken.errors[0].start >= 0


def test_imports() -> None:
    assert used_names(r"use function A\{b, C\d as e};") == [("function", r"A\b", "b"), ("function", r"A\C\d", "e")]
    assert used_names("use (1);") == []
    text = "<?php\n\ndeclare(strict_types=1);\n\nnamespace A;\n\nuse A\\B\\C;\nuse X\\{Y, Z};\n\nfunction f() {}\n"
    task = landing_task(text.replace("f() {", "f() {|>"), lang.PHP)
    wanted = ["use X\\Y;", "use DateTime;", "use A\\Own;", "require_once 'x.php';"]
    made = EDITS.splice(task, "function f()\n{\n}", wanted)
    assert made.count("use ") == 3
    assert "use X\\{Y, Z};\nuse DateTime;\n" in made
    assert "require_once 'x.php';" in made
    bare = landing_task("<?php\n\nnamespace A;\n\nfunction f() {|>}\n", lang.PHP)
    assert EDITS.splice(bare, "function f()\n{\n}", ["use B\\C;"]).startswith(
        "<?php\n\nnamespace A;\n\nuse B\\C;\n\nfunc"
    )
    document = Document(uri="file:///p/Cart.php", language=lang.PHP, text="<?php\nnamespace A;\nclass Cart {}\n")
    assert imports_itself("use A\\Cart;", document, Path("src/Cart.php"))
    assert imports_itself("require __DIR__ . '/Cart.php';", document, Path("src/Cart.php"))
    assert not imports_itself("use B\\Cart;", document, Path("src/Cart.php"))


def test_answers_with_tags_and_pages() -> None:
    page = "<p>It's</p>\n<?php\nfunction a() { |> } ?>\n<p>don't</p>\n"
    made = landed(landing_task(page, lang.PHP), "```php\n<?php\nfunction a() {\n    return 2;\n}\n?>\n```\n")
    assert made == "<p>It's</p>\n<?php\nfunction a() {\n    return 2;\n} ?>\n<p>don't</p>\n"
    gap = landing_task("<?php\n\nfunction a() { return 1; }\n\n|>\n", lang.PHP, words="write b")
    made = landed(gap, "```php\n<?php\n\nuse Foo\\Bar;\n\nfunction b(Bar $x)\n{\n    return 2;\n}\n```\n")
    assert made.count("<?php") == 1
    assert "use Foo\\Bar;\n\nfunction a" in made
    whole = landing_task("<?php\n\nnamespace A;\n\nfunction a() {}\n", lang.PHP, whole=True, words="x")
    made = landed(whole, "```php\nfunction a() {\n    return 2;\n}\n```\n")
    assert made == "<?php\n\nnamespace A;\n\nfunction a() {\n    return 2;\n}\n"


def test_what_php_says() -> None:
    (one,) = lint_problems("\nParse error: syntax error, unexpected\n token in /b/a.php on line 7\nErrors\n", "a.php")
    assert (one.file, one.line, one.code, one.message) == ("a.php", 7, "parse-error", "syntax error, unexpected token")


OWN = """<?xml version="1.0"?>
<phpunit bootstrap="tests/boot.php" stopOnFailure="true" executionOrder="random" failOnRisky="true">
  <php><env name="A" value="1"/></php>
  <testsuites><testsuite name="all"><directory>tests</directory></testsuite></testsuites>
  <logging><junit outputFile="x"/></logging>
</phpunit>"""


def test_configuration() -> None:
    made = parsed_xml(configuration(OWN, ["tests/ATest.php"], autoload=True))
    assert made.get("bootstrap") == "tests/boot.php"
    assert made.get("executionOrder") == "default"
    assert "stopOnFailure" not in made.attrib
    assert [part.tag for part in made] == ["php", "testsuites"]
    assert [file.text for file in made.iter("file")] == ["tests/ATest.php"]
    broken = parsed_xml(configuration("<phpunit", ["A.php"], autoload=True))
    assert broken.get("bootstrap") == "vendor/autoload.php"
    assert "forge-1" in must_fail("ForgeTest", "forge-1")


TEST = """<?php
class ATest extends TestCase
{
    /** @dataProvider sizes */
    public function testOne($a) { $this->check(area(1)); }
    public function testTwo() { $this->helped(); }
    public function testThree() { other(); }
    private function helped() { return area(2); }
}
"""


def course(text: str = "<?php\nfunction area($a)\n{\n    return 1;\n}\n") -> RunPlan:
    suite = Suite(files={"tests/ATest.php": TEST}, names=("area",))
    return RunPlan(
        root="/box",
        document=PurePosixPath("src/a.php"),
        text=text,
        before="<?php\n",
        lines=(2, 5),
        suite=suite,
        secret="forge-1",
        control="ForgeTest",
    )


def report(*cases: str, control: str = "forge-1[]") -> bytes:
    fails = f'<testcase name="testForgeMustFail" class="ForgeTest"><failure>{control}</failure></testcase>'
    return f"<testsuites><testsuite>{''.join(cases)}{fails if control else ''}</testsuite></testsuites>".encode()


def case(name: str, inner: str = "", assertions: int = 1) -> str:
    place = f'class="ATest" file="/box/tests/ATest.php" assertions="{assertions}"'
    return f'<testcase name="{name}" {place}>{inner}</testcase>'


def problem(kind: str, words: str, *frames: str, tag: str = "error") -> str:
    return f'<{tag} type="{kind}">ATest::testOne\n{words}\n\n' + "\n".join(frames) + f"</{tag}>"


SCOPE, OTHER, TESTED = "/box/src/a.php:4", "/box/src/b.php:9", "/box/tests/ATest.php:5"
EXPECTED = "PHPUnit\\Framework\\ExpectationFailedException"


@pytest.mark.parametrize(
    ("inner", "cause", "missing"),
    [
        (problem("LogicException", "LogicException: not implemented", SCOPE, TESTED), Cause.SCOPE, ()),
        (problem("LogicException", "LogicException: not implemented", OTHER, TESTED), Cause.ELSEWHERE, ()),
        (problem("TypeError", "TypeError: wrong", OTHER, SCOPE, TESTED), Cause.SCOPE, ()),
        (problem("Error", "Error: Call to undefined function side()", TESTED), Cause.SCOPE, ("side",)),
        (problem("Error", 'Error: Class "Money\\Sum" not found', TESTED), Cause.ENVIRONMENT, ()),
        (problem("Error", "Error: Call to undefined method Nobody::side()", TESTED), Cause.ELSEWHERE, ("side",)),
    ],
)
def test_causes(inner: str, cause: Cause, missing: tuple[str, ...]) -> None:
    seen = outcome(course(), report(case("testOne", inner)), 2, "")
    assert seen is not None
    (run,) = seen.run.runs.values()
    assert (run.state, run.cause, run.missing) == (RunState.FAILED, cause, missing), run


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("Failed asserting that 5 matches expected 6.", ("6", "5")),
        ("Failed asserting that 5 is identical to 6.", ("6", "5")),
        ("Failed asserting that false is true.", ("true", "false")),
        ("Failed asserting that actual size 2 matches expected size 3.", ("3", "2")),
        ("Failed asserting that two strings are equal.\n--- Expected\n+++ Actual\n@@ @@\n-'a'\n+'b'\n", ("'a'", "'b'")),
    ],
)
def test_values(words: str, values: tuple[str, str]) -> None:
    seen = outcome(course(), report(case("testOne", problem(EXPECTED, words, TESTED, tag="failure"))), 1, "")
    assert seen is not None
    (run,) = seen.run.runs.values()
    assert (run.expected, run.actual, run.cause) == (*values, Cause.SCOPE)


def test_which_tests_speak_of_the_scope_and_which_prove_nothing() -> None:
    suite = course().suite
    named = {name: suite.speaks(f"tests/ATest.php::ATest::{name}") for name in ("testOne", "testTwo", "testThree")}
    assert named == {"testOne": True, "testTwo": True, "testThree": False}
    assert suite.speaks('tests/ATest.php::ATest::testOne with data set "a"')
    seen = outcome(course(), report(case("testTwo", assertions=0), case("testThree", "<skipped/>")), 1, "")
    assert seen is not None
    assert seen.idle == {"tests/ATest.php::ATest::testTwo"}
    assert [run.state for run in seen.run.runs.values()] == [RunState.PASSED, RunState.SKIPPED]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (report(case("testOne")), 0),
        (report(case("testOne")), 255),
        (report(case("testOne"), control=""), 1),
        (report(case("testOne"), control="forge-2[]"), 1),
        (report(case("testOne")) * 2, 1),
        (b"", 1),
        (report(case("testOne"))[:-5], 1),
    ],
)
def test_a_run_that_is_not_believed(given: bytes, code: int) -> None:
    assert outcome(course(), given, code, "") is None


def test_assertions_that_let_all_pass() -> None:
    seen = outcome(course(), report(case("testOne"), control='forge-1["assertSame lets all pass"]'), 1, "")
    assert seen is not None
    assert not seen.run.runs
    assert "assertSame" in seen.run.uncollected[""].detail


def test_runs_that_do_not_come_to_their_end() -> None:
    fatal = (
        "PHP Fatal error:  Uncaught Error: Call to undefined function area() in /box/tests/ATest.php:3\nStack trace:"
    )
    run = ended(course("<?php\n"), 255, fatal, 5).run.uncollected[""]
    assert (run.cause, run.missing) == (Cause.SCOPE, ("area",))
    run = ended(course("<?php\n"), 1, 'PHPUnit 9\n\nCannot open file "/box/vendor/autoload.php".\n', 5).run.uncollected[
        ""
    ]
    assert (run.cause, "vendor/autoload.php" in run.detail) == (Cause.ENVIRONMENT, True)
    run = ended(course(), 0, "PHPUnit 9\n", 5).run.uncollected[""]
    assert (run.cause, "ended before its tests did (exit code 0)" in run.detail) == (Cause.UNKNOWN, True)
    assert "5 s" in ended(course(), None, "", 5).run.uncollected[""].detail


BEFORE = "<?php\nfunction f($x) { throw new LogicException('not implemented'); }\n"
FORGED = [
    "exit(0);",
    "DIE;",
    "\\exit(1);",
    "register_shutdown_function(fn () => 1);",
    "foreach (debug_backtrace() as $frame) {}",
    "$f = 'debug_' . 'back' . \"trace\"; $f();",
    "return (new Exception())->getTrace();",
    "return call_user_func('debug_backtrace');",
    "throw new \\PHPUnit\\Framework\\SkippedTestError('');",
    "$n = 'PHPUnit' . '\\\\Framework\\\\Assert'; $n::resetCount();",
    "return file_get_contents('/proc/self/cmdline');",
    "return file_get_contents(__DIR__ . '/../tests/a.php');",
    "return file_get_contents($d . 'ShapesTest.php');",
    "return scandir(__DIR__ . '/..');",
    "return get_included_files();",
    "return $_SERVER['argv'];",
    "return eval('return 1;');",
    "return include 'data:text/plain,<?php return 1;';",
    "$f = base64_decode('ZXhpdA=='); $f();",
    "return shell_exec('ls');",
    "return `ls`;",
    'return "{$x(debug_backtrace())}";',
    "return get_declared_classes();",
    "file_put_contents('php://fd/3', '');",
    "preg_match('/\\/.*php/', (new Exception())->getTraceAsString(), $m); return file($m[0]);",
    "$e = new \\RuntimeException(); return file_get_contents(substr($e, 10, 20));",
    "return file((new ReflectionClass($x))->getFileName());",
    "return glob('*/*.php');",
    "$f = 'system'; return $f('ls');",
    "$f = tempnam('/tmp', 'a'); file_put_contents($f, '<?php return 1;'); return include $f;",
    "return (new ReflectionFunction($x))->getClosureThis();",
    "return ShapesTest::flat()['low'][2];",
    "return (new ReflectionMethod('ShapesTest', 'flat'))->invoke(null);",
    "return $x->expectException(LogicException::class);",
    "spl_autoload_register(fn () => 1);",
]


@pytest.mark.parametrize("line", FORGED)
def test_what_takes_a_proof_away(line: str) -> None:
    text = f"<?php\nfunction f($x) {{ {line} }}\n"
    assert doubt_of(BEFORE, text, ["ShapesTest"]) is not None
    assert doubt_of(text, text, ["ShapesTest"]) is None, "what the user wrote is held against nobody"


HONEST = [
    "return $this->pdo->exec('SELECT 1');",
    "return $command->exit() ?? Shell::system($x);",
    '// exit(0); debug_backtrace()\n return "eval of {$x} and exit";',
    "return array_map(fn ($one) => $one * 2, $x);",
    "return base64_decode($x);",
    "return $callback($x);",
    "return file_get_contents('php://memory') . file_get_contents($x);",
    "try { return 1; } catch (Exception $e) { error_log($e->getTraceAsString()); throw $e; }",
    "return sprintf('%s tests passed', $x);",
    "return preg_match('/^test_\\w+$/', $x);",
    "return ['status' => 'exited', 'argument' => $x];",
    "return match ($x) { 'exit' => 1, 'system' => 2, 'eval' => 3 };",
    "set_error_handler(fn () => true); $a = file_get_contents($x); restore_error_handler(); return $a;",
    "$made = new ReflectionClass($x); return $made->newInstance();",
    "return scandir($x);",
    "return $this->expectToken($x);",
    "throw new RuntimeException('no file: ' . file_get_contents($x));",
]


@pytest.mark.parametrize("line", HONEST)
def test_honest_code(line: str) -> None:
    assert doubt_of(BEFORE, f"<?php\nfunction f($x) {{ {line} }}\n") is None


def test_names_in_other_namespaces() -> None:
    before = "<?php\nnamespace A;\nfunction f() {}\n"
    assert doubt_of(before, "<?php\nnamespace A;\nfunction f() {}\nfunction in_array($a, $b) { return true; }\n")
    assert doubt_of(before, "<?php\nnamespace A;\nfunction f() {}\nfunction helper() {}\n") is None
    assert doubt_of(before, "<?php\nnamespace A { function f() {} }\nnamespace Tests { function g() {} }\n")
