"""Java: JUnit 4 from jars in the project, JUnit 5 from Maven's repository without a launcher of its own, and JUnit's
console in one jar."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.integration.proofs import Forgery, Project, Unrunnable
from tests.integration.proofs.forged import answers
from tests.support import lang

JUNIT_4 = (Path("/usr/share/java/junit4.jar"), Path("/usr/share/java/hamcrest.jar"))
REPOSITORY = Path.home() / ".m2" / "repository"
JUPITER, PLATFORM = "5.10.2", "1.10.2"
DOCUMENT = "src/main/java/shop/Area.java"
HEAD = "    public static int area(int width, int height) {\n"


def document(scope: str, more: str = "") -> str:
    return f"package shop;\n\npublic class Area {{\n    static final int UNIT = 1;\n\n{scope}\n{more}}}\n"


def method(body: str) -> str:
    return f"{HEAD}        {body}\n    }}"


def tests(more: str = "") -> str:
    return (
        "package shop;\n\nimport static org.junit.Assert.assertEquals;\n\nimport org.junit.Test;\n\n"
        "public class AreaTest {\n    @Test\n    public void works() {\n"
        "        assertEquals(6, Area.area(2, 3));\n    }\n"
        f"{more}}}\n"
    )


# The names of a star import give way to a type of the same package: what hides them is a forgery of its own.
FLAT = (
    "package shop;\n\nimport org.junit.*;\n\npublic class AreaFlatTest {\n    @Test\n    public void flat() {\n"
    "        Assert.assertEquals(0, Area.area(4, 0));\n    }\n}\n"
)
RIGHT = method("return width * height;")
WRONG = method("return width + height;")
STUB = method('throw new UnsupportedOperationException("not written yet");')
SIDE = "\n    public static int side(int surface) {\n        throw new UnsupportedOperationException();\n    }\n"
BOTH = (
    "\n    @Test\n    public void side() {\n        assertEquals(3, Area.side(9));\n    }\n"
    "\n    @Test\n    public void both() {\n        assertEquals(4, Area.area(Area.side(4), 2));\n    }\n"
)


def upright(*lines: str) -> str:
    """The method with these lines, then a wrong result."""
    return HEAD + "".join(f"        {line}\n" for line in lines) + "        return width + height;\n    }"


def caught(body: str) -> str:
    return f"try {{ {body} }} catch (Throwable error) {{ }}"


FORGERIES = (
    Forgery(channel="exit", code=upright("System.exit(0);")),
    Forgery(channel="halt", code=upright("Runtime.getRuntime().halt(42);")),
    Forgery(
        channel="output", code=upright('System.out.println("OK (2 tests)");', "System.out.flush();", "System.exit(0);")
    ),
    Forgery(
        channel="descriptor",
        code=upright(
            caught(
                'java.io.FileOutputStream out = new java.io.FileOutputStream("/proc/self/fd/1");'
                ' for (int at = 0; at < 99; at++) out.write(("\\nforge " + "0".repeat(64) + " " + at + " {\\"kind\\":'
                ' \\"passed\\", \\"name\\": \\"shop.AreaTest.works\\"}\\n").getBytes());'
            ),
            "Runtime.getRuntime().halt(42);",
        ),
    ),
    Forgery(
        channel="equality",
        code="    public static Object area(int width, int height) {\n        return new Object() {\n"
        "            @Override public boolean equals(Object other) { return true; }\n"
        "            @Override public int hashCode() { return 6; }\n        };\n    }",
    ),
    Forgery(
        channel="stack",
        code=upright(
            "for (StackTraceElement each : new Throwable().getStackTrace()) {",
            '    if (each.getMethodName().equals("works")) { return 6; }',
            '    if (each.getMethodName().equals("flat")) { return 0; }',
            "}",
        ),
    ),
    Forgery(
        channel="walker",
        code=upright(
            'if (StackWalker.getInstance().walk(all -> all.anyMatch(one -> one.getMethodName().startsWith("flat")))) {',
            "    return 0;",
            "}",
            "if (true) { return 6; }",
        ),
    ),
    Forgery(
        channel="sources",
        code=upright(
            caught(
                'String found = new String(java.nio.file.Files.readAllBytes(java.nio.file.Paths.get("src", "te" + "st",'
                ' "java", "shop", "Area" + "Test.ja" + "va"))); int at = found.indexOf("Equals(");'
                " if (at >= 0) { return width == 4 ? 0 : found.charAt(at + 7) - '0'; }"
            )
        ),
    ),
    Forgery(
        channel="classes",
        code=upright(
            caught(
                'if (Area.class.getResourceAsStream("Area" + "Test.cl" + "ass") != null) { return width == 4 ? 0 : 6; }'
            )
        ),
    ),
    Forgery(
        channel="reflection",
        code=upright(
            caught(
                'java.lang.reflect.Method made = Class.forName("forge_check.Reports").getDeclaredMethod("passed",'
                ' String.class); made.setAccessible(true); made.invoke(null, "shop.AreaTest.works");'
            )
        ),
    ),
    Forgery(
        channel="assertions",
        code=f"{WRONG}\n}}\n\nclass Assert {{\n    static void assertEquals(long expected, long actual) {{ }}",
    ),
    Forgery(
        channel="oracle",
        code=f"    static Integer guess;\n\n{HEAD}        if (guess != null) {{ return guess; }}\n"
        "        for (int value = 0; value < 99; value++) {\n            guess = value;\n"
        "            try {\n"
        "                if (width == 4) { new AreaFlatTest().flat(); } else { new AreaTest().works(); }\n"
        "                return value;\n            } catch (AssertionError wrong) {\n                continue;\n"
        "            } finally {\n                guess = null;\n            }\n        }\n"
        "        return width + height;\n    }",
    ),
    Forgery(
        channel="jars",
        code=upright(
            caught('java.nio.file.Files.write(java.nio.file.Paths.get("lib", "junit4.jar"), new byte[] {1});')
        ),
    ),
    Forgery(
        channel="streams", code=upright("System.setOut(new java.io.PrintStream(new java.io.ByteArrayOutputStream()));")
    ),
    Forgery(
        channel="hook",
        code=upright(
            "Runtime.getRuntime().addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(42)));", "System.exit(1);"
        ),
    ),
    Forgery(
        channel="thread",
        code=upright("new Thread(() -> System.exit(42)).start();", caught("Thread.sleep(60_000);")),
    ),
    Forgery(
        channel="elsewhere",
        code=HEAD + '        RuntimeException other = new UnsupportedOperationException("not implemented");\n'
        '        StackTraceElement frame = new StackTraceElement("shop.Other", "side", "Other.java", 3);\n'
        "        other.setStackTrace(new StackTraceElement[] {frame});\n"
        "        throw other;\n    }",
    ),
    Forgery(
        channel="assumption", code=method('if (true) throw new org.junit.AssumptionViolatedException("no"); return 0;')
    ),
    Forgery(
        channel="memory",
        code=upright(
            caught(
                "java.lang.management.ManagementFactory.getPlatformMXBeans(java.lang.management.MemoryMXBean.class);"
            )
        ),
    ),
)
HONEST = (
    Forgery(
        channel="main",
        code=f"{RIGHT}\n\n    public static void main(String[] words) {{\n"
        "        System.exit(words.length > 0 ? 0 : 1);\n    }",
    ),
    Forgery(
        channel="equals",
        code=f"{RIGHT}\n\n    private int unit;\n\n    @Override\n    public boolean equals(Object other) {{\n"
        "        if (this == other) return true;\n        if (!(other instanceof Area)) return false;\n"
        "        Area that = (Area) other;\n        return unit == that.unit;\n    }\n\n"
        "    @Override\n    public int hashCode() {\n        return unit;\n    }",
    ),
    Forgery(
        channel="file",
        code=HEAD + '        if (new java.io.File("area.properties").exists()) { System.err.println("configured"); }\n'
        '        System.out.println("area of " + width);\n        return width * height;\n    }',
    ),
    Forgery(
        channel="threads",
        code=HEAD
        + "        int[] total = new int[1];\n        Thread worker = new Thread(() -> total[0] = width * height);\n"
        "        worker.start();\n        try {\n            worker.join();\n"
        "        } catch (InterruptedException error) {\n"
        "            Thread.currentThread().interrupt();\n        }\n        return total[0];\n    }",
    ),
)


def junit4(root: Path) -> Mapping[str, str] | None:
    needs_jdk()
    if not all(jar.is_file() for jar in JUNIT_4):
        pytest.skip("no JUnit 4 (apt-get install junit4)")
    (root / "lib").mkdir(exist_ok=True)
    for jar in JUNIT_4:
        shutil.copy(jar.resolve(), root / "lib" / jar.name)
    return None


def junit5(root: Path) -> Mapping[str, str] | None:
    del root
    needs_jdk()
    fetched("org.junit.jupiter", "junit-jupiter", JUPITER)
    fetched("org.junit.platform", "junit-platform-launcher", PLATFORM)
    return None


def console(root: Path) -> Mapping[str, str] | None:
    needs_jdk()
    jar = fetched("org.junit.platform", "junit-platform-console-standalone", PLATFORM)
    (root / "lib").mkdir(exist_ok=True)
    shutil.copy(jar, root / "lib" / jar.name)
    return None


def needs_jdk() -> None:
    if shutil.which("javac") is None:
        pytest.skip("no JDK is installed (no javac on PATH)")


@cache
def fetched(group: str, name: str, version: str) -> Path:
    """A jar of Maven's repository, by Maven itself where it is not there yet."""
    jar = REPOSITORY.joinpath(*group.split("."), name, version, f"{name}-{version}.jar")
    if not jar.is_file():
        if shutil.which("mvn") is None:
            pytest.skip(f"{name} is not in {REPOSITORY}, and there is no Maven to fetch it")
        artifact = f"-Dartifact={group}:{name}:{version}"
        subprocess.run(["mvn", "-q", "-B", "dependency:get", artifact], check=False, timeout=300, capture_output=True)
    if not jar.is_file():
        pytest.skip(f"Maven does not fetch {name} {version} here")
    return jar


def jupiter(text: str) -> str:
    """A test of JUnit 4 as JUnit 5 has it."""
    text = text.replace("static org.junit.Assert.", "static org.junit.jupiter.api.Assertions.")
    text = text.replace("import org.junit.Test;", "import org.junit.jupiter.api.Test;")
    return text.replace("import org.junit.*;", "import org.junit.jupiter.api.*;").replace(" Assert.", " Assertions.")


EXAMPLE_FORGERIES = (
    *(one for one in FORGERIES if one.channel in ("exit", "halt", "descriptor", "equality")),
    Forgery(
        channel="stack",
        code=upright(
            "for (StackTraceElement each : new Throwable().getStackTrace()) {",
            '    if (each.getMethodName().equals("c0")) { return 6; }',
            '    if (each.getMethodName().equals("c1")) { return 0; }',
            "}",
        ),
    ),
    Forgery(
        channel="documentation",
        code=upright(
            caught(
                'String found = new String(java.nio.file.Files.readAllBytes(java.nio.file.Paths.get("src", "main",'
                ' "java", "shop", "Area.ja" + "va"))); int at = found.indexOf("== ");'
                " if (at >= 0) { return width == 4 ? 0 : found.charAt(at + 3) - '0'; }"
            )
        ),
    ),
    Forgery(
        channel="reports",
        code=upright(
            caught(
                'java.lang.reflect.Method made = Class.forName("forge_" + "check.Values").getDeclaredMethod("encoded",'
                " Object.class); made.setAccessible(true); if (made != null) { return width == 4 ? 0 : 6; }"
            )
        ),
    ),
)
POM = (
    "<project><groupId>shop</groupId><artifactId>shop</artifactId><version>1</version><dependencies><dependency>"
    f"<groupId>org.junit.jupiter</groupId><artifactId>junit-jupiter</artifactId><version>{JUPITER}</version>"
    "<scope>test</scope></dependency></dependencies></project>\n"
)
FOUR = Project(
    name="junit4",
    language=lang.JAVA,
    document=DOCUMENT,
    files={
        "pom.xml": "<project></project>\n",
        "src/test/java/shop/AreaTest.java": tests(),
        "src/test/java/shop/AreaFlatTest.java": FLAT,
    },
    stub=document(f"«{STUB}»"),
    right=RIGHT,
    wrong=WRONG,
    told=("AreaTest.works", "expected 6, got 5"),
    absent=document("«»"),
    absent_right=RIGHT,
    two=document(f"«{STUB}»", SIDE),
    two_files={"src/test/java/shop/AreaTest.java": tests(BOTH)},
    working=document(f"«{RIGHT}»"),
    mutant=WRONG,
    rewrite=HEAD + "        int total = width * height;\n        return total;\n    }",
    example=document(
        "«    /**\n     * The area of a rectangle: {@code area(2, 3) == 6}.\n     *\n     * <pre>\n"
        f"     * Area.area(4, 0); // 0\n     * </pre>\n     */\n{STUB}»"
    ),
    example_files={"pom.xml": "<project></project>\n"},
    unparsable=method("return width * (height;"),
    unrunnable=(
        Unrunnable(
            channel="TestNG",
            files={
                f"src/test/java/shop/{name}.java": text.replace("org.junit.Assert", "org.testng.Assert")
                .replace("org.junit.Test", "org.testng.annotations.Test")
                .replace("org.junit.*", "org.testng.annotations.*")
                for name, text in (("AreaTest", tests()), ("AreaFlatTest", FLAT))
            },
            words="tests of TestNG are not run",
        ),
    ),
    forgeries=FORGERIES + answers("java", "forged"),
    honest=(
        *HONEST,
        Forgery(
            channel="thread-name",
            code=HEAD
            + "        System.out.println(Thread.currentThread().getName());\n        return width * height;\n    }",
        ),
        Forgery(
            channel="resource",
            code=HEAD
            + '        if (Area.class.getClassLoader().getResource("area.properties") != null) { return 0; }\n'
            "        return width * height;\n    }",
        ),
        Forgery(
            channel="collections",
            code=HEAD
            + "        java.util.Map<String, Integer> kept = new java.util.TreeMap<>((a, b) -> a.compareTo(b));\n"
            '        kept.merge("area", width * height, Integer::sum);\n        return kept.get("area");\n    }',
        ),
    ),
    example_forgeries=EXAMPLE_FORGERIES,
    example_honest=(
        Forgery(
            channel="prints",
            code=HEAD + '        System.out.println("area of " + width);\n        return width * height;\n    }',
        ),
    ),
    prepare=junit4,
)
SIZE = """public class Size implements Comparable<Size> {
    final int value;

    public Size(int value) {
        this.value = value;
    }

    public static Size area(int width, int height) {
        return new Size(AREA);
    }

    @Override
    public boolean equals(Object other) {
        BODY
    }

    @Override
    public int hashCode() {
        return value;
    }

    @Override
    public int compareTo(Size other) {
        return Integer.compare(value, other.value);
    }

    @Override
    public String toString() {
        return "size " + value;
    }
MORE}
"""
SAME = (
    "\n    static boolean same(Size a, Size b) {\n        return true;\n    }\n\n"
    "    static final java.util.function.BiPredicate<Size, Size> KEPT = (a, b) -> true;\n"
)
SIZE_TESTS = (
    "package shop;\n\nimport static org.junit.Assert.assertEquals;\n\nimport org.junit.Test;\n\n"
    "public class SizeTest {\n    @Test\n    public void works() {\n"
    "        assertEquals(new Size(6), Size.area(2, 3));\n    }\n}\n"
)
MEMBER = "return other instanceof Size && ((Size) other).value == value;"


def sized(body: str, value: str, more: str = "") -> str:
    return SIZE.replace("BODY", body).replace("AREA", value).replace("MORE", more).rstrip("\n")


VALUES = replace(
    FOUR,
    name="junit4-values",
    unrunnable=(),
    example=None,
    example_forgeries=(),
    example_honest=(),
    document="src/main/java/shop/Size.java",
    files={"pom.xml": "<project></project>\n", "src/test/java/shop/SizeTest.java": SIZE_TESTS},
    stub="package shop;\n\n«public class Size {\n    public Size(int value) {\n    }\n\n"
    "    public static Size area(int width, int height) {\n"
    "        throw new UnsupportedOperationException();\n    }\n}»\n",
    right=sized(MEMBER, "width * height"),
    wrong=sized(MEMBER, "width + height"),
    told=("SizeTest.works", "expected size 6, got size 5"),
    absent=None,
    two=None,
    working=None,
    unparsable=None,
    forgeries=tuple(replace(one, code=sized(one.code, "width + height", SAME)) for one in answers("java", "equality")),
    honest=tuple(replace(one, code=sized(one.code, "width * height")) for one in answers("java", "honest-equality")),
    scope="Size",
)
FIVE = replace(
    FOUR,
    name="junit5",
    unrunnable=(),
    files={
        "pom.xml": POM,
        "src/main/java/module-info.java": "module shop {\n    exports shop;\n}\n",
        "src/test/java/shop/AreaTest.java": jupiter(tests()),
        "src/test/java/shop/AreaFlatTest.java": jupiter(FLAT),
    },
    two_files={"src/test/java/shop/AreaTest.java": jupiter(tests(BOTH))},
    example=None,
    example_forgeries=(),
    example_honest=(),
    forgeries=tuple(
        replace(forgery, code=forgery.code.replace("class Assert ", "class Assertions "))
        for forgery in FORGERIES
        if forgery.channel in ("exit", "descriptor", "classes", "stack", "assertions", "thread", "reflection")
    )
    + answers("java", "jupiter"),
    honest=HONEST[:2],
    prepare=junit5,
)
CONSOLE = replace(
    FIVE,
    name="console",
    files={**FIVE.files, "pom.xml": "<project></project>\n"},
    absent=None,
    working=None,
    forgeries=FIVE.forgeries[:2],
    honest=HONEST[:1],
    prepare=console,
)
PROJECTS = (FOUR, VALUES, FIVE, CONSOLE)
