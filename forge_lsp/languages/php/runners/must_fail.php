<?php
// Assertions that must fail, for the test that must fail; and a comparator that sees which values PHP takes for equal to
// anything: `true` is, with `==`.
namespace {
    final class CLASS_ extends \PHPUnit\Framework\TestCase
    {
        public static array $notes = [];

        public function testForgeMustFail(): void
        {
            $passing = self::$notes;
            $checks = [
                'assertSame' => fn () => $this->assertSame(1, 2), 'assertEquals' => fn () => $this->assertEquals(1, 2),
                'assertEquals of arrays' => fn () => $this->assertEquals([1], [2]),
                'assertEquals of texts' => fn () => $this->assertEquals('a', 'b'),
                'assertTrue' => fn () => $this->assertTrue(false), 'assertFalse' => fn () => $this->assertFalse(true),
                'assertNull' => fn () => $this->assertNull(1), 'assertNotNull' => fn () => $this->assertNotNull(null),
                'assertCount' => fn () => $this->assertCount(1, []), 'assertEmpty' => fn () => $this->assertEmpty([1]),
                'assertContains' => fn () => $this->assertContains(1, [2]),
                'assertInstanceOf' => fn () => $this->assertInstanceOf(\Countable::class, new \stdClass()),
                'assertGreaterThan' => fn () => $this->assertGreaterThan(2, 1),
                'assertNotSame' => fn () => $this->assertNotSame(1, 1),
            ];
            foreach ($checks as $name => $check) {
                try {
                    $check();
                    $passing[] = "$name lets all pass";
                } catch (\PHPUnit\Framework\AssertionFailedError $failure) {
                }
            }
            $this->fail('SECRET' . \json_encode(\array_values(\array_unique($passing))));
        }
    }
    if (\class_exists(\SebastianBergmann\Comparator\Factory::class)) {
        \SebastianBergmann\Comparator\Factory::getInstance()->register(
            new class extends \SebastianBergmann\Comparator\Comparator {
                public function accepts($expected, $actual): bool
                {
                    if (\is_bool($actual) && !\is_bool($expected) && $expected !== null && $expected == $actual) {
                        CLASS_::$notes[] = \var_export($actual, true) . ' passes for another value';
                    }
                    return false;
                }

                public function assertEquals(
                    $expected, $actual, $delta = 0.0, $canonicalize = false, $ignoreCase = false
                ): void {
                }
            }
        );
    }
}
