"""Projects whose build files name what lies outside, or start programs: one for each kind of build file."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.integration.hostile_candidates import Hostile
from tests.support import lang

__all__ = ["PROJECTS"]

_C = "«int area(int a, int b) { return 0; }»\n"
_C_GOOD = "int area(int a, int b) { return a * b; }"
_GO = 'package area\n\nimport "os/exec"\n\nvar _ = exec.Command\n\n«func Area(a, b int) int { return 0 }»\n'
_CRATE = '[package]\nname = "area"\nversion = "0.1.0"\nedition = "2021"\n'
_RUST = "«pub fn area(a: i32, b: i32) -> i32 { todo!() }»\n"
_RUST_GOOD = "pub fn area(a: i32, b: i32) -> i32 { a * b }"
_RUST_TEST = "#[test]\nfn six() { assert_eq!(area::area(2, 3), 6); }\n"
_JAVA = "«class Area { static int area(int a, int b) { return 0; } }»\n"
_JAVA_GOOD = "class Area { static int area(int a, int b) { return a * b; } }"
_PYTHON = "«def area(a, b):\n    raise NotImplementedError»\n"
_PYTHON_TEST = "from area import area\n\n\ndef test_area():\n    assert area(2, 3) == 6\n"
_PY_LOOT = 'import subprocess\nprint(subprocess.run(["bash", "payload.sh"], capture_output=True, text=True).stdout)\n'
_NODE_TEST = (
    'import assert from "node:assert/strict";\nimport test from "node:test";\nimport { area } from "./area.mjs";\n\n'
    'test("area", () => assert.equal(area(2, 3), 6));\n'
)
_KOTLIN = "«fun area(a: Int, b: Int): Int = 0»\n"
_PHP = "<?php\n\n«function area($a, $b)\n{\n    return 0;\n}»\n"
_PHP_LOOT = '<?php\nfwrite(STDERR, (string) shell_exec("bash payload.sh"));\n'
_PHP_TEST = (
    "<?php\n\nrequire_once __DIR__ . '/area.php';\n\nfinal class AreaTest extends PHPUnit\\Framework\\TestCase\n{\n"
    "    public function testArea(): void\n    {\n        $this->assertSame(6, area(2, 3));\n    }\n}\n"
)
_RUBY = "«def area(a, b)\n  0\nend»\n"
_RUBY_LOOT = "warn `bash payload.sh`\n"
_NODE_LOOT = 'console.error(require("node:child_process").execSync("bash payload.sh").toString());\n'

PROJECTS: Mapping[str, Hostile] = {
    "compile_commands.json": Hostile(
        language=lang.C,
        document="area.c",
        files={
            "area.c": _C,
            "args": "-fplugin=./evil.so -include KEYS/id\n",
            "compile_commands.json": json.dumps(
                [
                    {
                        "directory": "KEYS",
                        "file": "../project/area.c",
                        "command": "bash payload.sh @args -fplugin=./evil.so -wrapper bash,payload.sh -B. -specs=args"
                        " -include KEYS/id -imacros KEYS/id -IKEYS -I/ -iquote .. --sysroot=KEYS -isysroot KEYS"
                        " -o KEYS/made -MF KEYS/deps -save-temps=cwd -dumpdir KEYS/ -c area.c",
                    }
                ]
            ),
        },
        code=_C_GOOD,
        how="build",
        runs=False,
    ),
    "CMake": Hostile(
        language=lang.C,
        document="area.c",
        files={
            "area.c": _C,
            "tests/test_area.c": "int area(int, int);\nint main(void) { return area(2, 3) != 6; }\n",
            "CMakeLists.txt": "execute_process(COMMAND bash payload.sh)\ninclude_directories(KEYS / ..)\n",
            "CMakePresets.json": json.dumps(
                {
                    "version": 6,
                    "include": ["KEYS/id"],
                    "configurePresets": [
                        {"name": "default", "binaryDir": "KEYS/build", "toolchainFile": "KEYS/id", "generator": "Ninja"}
                    ],
                }
            ),
            "build/CMakeCache.txt": "CMAKE_HOME_DIRECTORY:INTERNAL=KEYS\nCMAKE_C_COMPILER:FILEPATH=payload.sh\n",
            "build/CTestTestfile.cmake": 'add_test(area "bash" "../payload.sh")\nsubdirs("KEYS")\n',
        },
        code=_C_GOOD,
        runs=None,
    ),
    "Makefile": Hostile(
        language=lang.C,
        document="area.c",
        files={
            "area.c": _C,
            "test_area.c": "int area(int, int);\nint main(void) { return area(2, 3) != 6; }\n",
            "Makefile": "include KEYS/id\nCFLAGS = -IKEYS -include KEYS/id $(shell bash payload.sh)\n"
            "check: test_area.c area.c\n\tbash payload.sh >&2; false\n",
        },
        code=_C_GOOD,
        runs=None,
    ),
    "pom.xml": Hostile(
        language=lang.JAVA,
        document="Area.java",
        files={
            "Area.java": _JAVA,
            "pom.xml": "<project><parent><groupId>../../keys</groupId><artifactId>id</artifactId><version>..</version>"
            "<relativePath>KEYS/.m2/settings.xml</relativePath></parent><modules><module>KEYS</module></modules>"
            "<dependencies><dependency><groupId>a</groupId><artifactId>b</artifactId><version>1</version>"
            "<scope>system</scope><systemPath>KEYS/id</systemPath></dependency></dependencies><build><plugins><plugin>"
            "<artifactId>exec-maven-plugin</artifactId><configuration><executable>bash</executable></configuration>"
            "</plugin></plugins></build></project>",
            ".mvn/jvm.config": "-javaagent:KEYS/id\n",
            ".mvn/extensions.xml": "<extensions/>",
        },
        code=_JAVA_GOOD,
        how="build",
        runs=False,
    ),
    "go.work": Hostile(
        language=lang.GO,
        document="area.go",
        files={
            "area.go": _GO,
            "go.mod": "module area\n\ngo 1.21\n\nrequire keys v0.0.0\n\nreplace keys => KEYS\n",
            "go.work": "go 1.21\n\nuse .\nuse KEYS\n\nreplace keys => KEYS\n",
            "go.env": "GOFLAGS=-toolexec=bash\nGOTOOLCHAIN=KEYS\nCC=bash\n",
        },
        code="func Area(a, b int) int { return a * b }",
        how="build",
        runs=False,
    ),
    ".cargo/config.toml": Hostile(
        language=lang.RUST,
        document="src/lib.rs",
        files={
            "src/lib.rs": _RUST,
            "tests/six.rs": _RUST_TEST,
            "Cargo.toml": f'{_CRATE}build = "KEYS/build.rs"\n\n[dependencies]\nkeys = {{ path = "KEYS" }}\n',
            ".cargo/config.toml": 'paths = ["KEYS"]\ninclude = "KEYS/.cargo/credentials.toml"\n'
            '[build]\nrustc = "payload.sh"\nrustc-wrapper = "payload.sh"\ntarget-dir = "KEYS/target"\n'
            '[target."cfg(all())"]\nrunner = "bash payload.sh"\nlinker = "payload.sh"\n'
            '[env]\nCARGO_HOME = { value = "KEYS/.cargo", force = true }\n[registry]\ntoken = "x"\n',
            "rust-toolchain.toml": '[toolchain]\npath = "KEYS"\n',
        },
        code=_RUST_GOOD,
        how="build",
        runs=None,
    ),
    "build.rs": Hostile(
        language=lang.RUST,
        document="src/lib.rs",
        files={
            "src/lib.rs": _RUST,
            "Cargo.toml": _CRATE,
            "build.rs": 'fn main() {\n    let out = std::process::Command::new("bash").arg("payload.sh")'
            ".output().unwrap();\n"
            '    println!("cargo:rerun-if-changed=KEYS/id");\n'
            '    panic!("{}", String::from_utf8_lossy(&out.stdout));\n}\n',
        },
        code=_RUST_GOOD,
        how="build",
        runs=None,
    ),
    "pyproject.toml": Hostile(
        language=lang.PYTHON,
        document="area.py",
        files={
            "area.py": _PYTHON,
            "test_area.py": _PYTHON_TEST,
            "evil.py": _PY_LOOT,
            "sitecustomize.py": _PY_LOOT,
            "conftest.py": f'pytest_plugins = ["evil"]\n{_PY_LOOT}',
            "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-p evil --rootdir KEYS'
            ' -c KEYS/id --basetemp=KEYS/t"\n'
            'pythonpath = ["KEYS"]\ncache_dir = "KEYS/cache"\n[tool.ty.environment]\npython = "KEYS"\n'
            'extra-paths = ["KEYS"]\n[tool.ty.src]\nroot = "KEYS"\n[tool.ruff]\n'
            'extend = "KEYS/id"\ncache-dir = "KEYS/r"\n',
            "ruff.toml": 'extend = "KEYS/id"\n',
            ".venv/pyvenv.cfg": "home = KEYS\ninclude-system-site-packages = true\n",
            ".venv/lib/python3/site-packages/evil.pth": "KEYS\nimport evil\n",
        },
        code="def area(a, b):\n    return a * b",
        runs=None,
    ),
    "package.json": Hostile(
        language=lang.JAVASCRIPT,
        document="area.mjs",
        files={
            "area.mjs": "«export const area = (a, b) => 0;»\n",
            "area.test.mjs": _NODE_TEST,
            "evil.cjs": _NODE_LOOT,
            ".pnp.cjs": _NODE_LOOT,
            ".npmrc": "node-options=--require ./evil.cjs\nuserconfig=KEYS/.npmrc\n",
            "package.json": json.dumps(
                {
                    "scripts": {"test": "node --require ./evil.cjs --import KEYS/id --env-file=KEYS/id --test"},
                    "workspaces": ["KEYS"],
                    "imports": {"#keys": "KEYS/id"},
                }
            ),
        },
        code="export const area = (a, b) => a * b;",
        runs=None,
    ),
    "tsconfig.json": Hostile(
        language=lang.TYPESCRIPT,
        document="area.ts",
        files={
            "area.ts": "«export const area = (a: number, b: number): number => 0;»\n",
            "tsconfig.json": json.dumps(
                {
                    "extends": ["KEYS/id", "../keys/id"],
                    "compilerOptions": {
                        "plugins": [{"name": "../evil.cjs"}],
                        "typeRoots": ["KEYS"],
                        "rootDirs": ["/", "KEYS"],
                        "outDir": "KEYS/out",
                        "tsBuildInfoFile": "KEYS/info",
                        "incremental": True,
                    },
                    "files": ["area.ts", "KEYS/id"],
                    "references": [{"path": "../keys"}, {"path": "KEYS"}],
                }
            ),
            "evil.cjs": _NODE_LOOT,
        },
        code="export const area = (a: number, b: number): number => a * b;",
        how="build",
        runs=False,
        packages=("typescript", "5"),
    ),
    "Directory.Build.props": Hostile(
        language=lang.CSHARP,
        document="Area.cs",
        files={
            "Area.cs": "«class Area { }»\n",
            "p.csproj": '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework>'
            '</PropertyGroup><ItemGroup><ProjectReference Include="KEYS/id.csproj" /><Compile Include="KEYS/id" />'
            '<AdditionalFiles Include="KEYS/**" /></ItemGroup></Project>',
            "Directory.Build.props": '<Project><Import Project="KEYS/id" Condition="Exists(\'KEYS/id\')" />'
            "<PropertyGroup>"
            "<CscToolPath>.</CscToolPath><CscToolExe>payload.sh</CscToolExe><OutputPath>KEYS/bin/</OutputPath>"
            "</PropertyGroup></Project>",
            "global.json": '{"sdk": {"paths": ["KEYS", "."]}, "msbuild-sdks": {"Evil": "1.0"}}',
            "nuget.config": '<configuration><packageSources><add key="keys" value="KEYS" /></packageSources>'
            '<config><add key="globalPackagesFolder" value="KEYS/packages" /></config></configuration>',
        },
        code="class Area { int A; }",
        how="build",
        runs=None,
    ),
    "build.gradle.kts": Hostile(
        language=lang.KOTLIN,
        document="src/main/kotlin/Area.kt",
        files={
            "src/main/kotlin/Area.kt": _KOTLIN,
            "settings.gradle.kts": 'includeBuild("KEYS")\nProcessBuilder("bash", "payload.sh").start()\n',
            "build.gradle.kts": 'apply(from = "KEYS/id")\ndependencies { implementation(files("KEYS/id", "KEYS")) }\n'
            'tasks.register<Exec>("compileKotlin") { commandLine("bash", "payload.sh") }\n',
            "gradle.properties": "org.gradle.jvmargs=-javaagent:KEYS/id\norg.gradle.java.home=KEYS\n",
            "gradlew": "#!/bin/sh\nbash payload.sh\n",
            "gradle/wrapper/gradle-wrapper.properties": "distributionUrl=file\\:KEYS/id\n",
            "gradle/libs.versions.toml": '[libraries]\nkeys = "../../KEYS:id:1"\n',
        },
        code="fun area(a: Int, b: Int): Int = a * b",
        how="build",
        runs=False,
    ),
    "pom.xml of Kotlin": Hostile(
        language=lang.KOTLIN,
        document="src/main/kotlin/Area.kt",
        files={
            "src/main/kotlin/Area.kt": _KOTLIN,
            "pom.xml": "<project><parent><groupId>../../keys</groupId><artifactId>id</artifactId><version>..</version>"
            "<relativePath>KEYS/.m2/settings.xml</relativePath></parent><build><sourceDirectory>KEYS</sourceDirectory>"
            "<plugins><plugin><artifactId>kotlin-maven-plugin</artifactId><configuration><sourceDirs><dir>KEYS</dir>"
            "</sourceDirs><args><arg>-Xplugin=KEYS/id</arg><arg>-Xfriend-paths=KEYS</arg><arg>@KEYS/id</arg></args>"
            "<compilerPlugins><plugin>KEYS/id</plugin></compilerPlugins></configuration></plugin></plugins></build>"
            "</project>",
        },
        code="fun area(a: Int, b: Int): Int = a * b",
        how="build",
        runs=False,
    ),
    "phpunit.xml": Hostile(
        language=lang.PHP,
        document="area.php",
        files={
            "area.php": _PHP,
            "AreaTest.php": _PHP_TEST,
            "phpunit.xml": '<phpunit bootstrap="KEYS/id" cacheDirectory="KEYS/cache" extensionsDirectory="KEYS"'
            ' testSuiteLoaderFile="evil.php"><php><includePath>KEYS</includePath>'
            '<ini name="auto_prepend_file" value="KEYS/id"/></php><logging><junit outputFile="KEYS/log"/></logging>'
            '<testsuites><testsuite name="keys"><directory>KEYS</directory><file>AreaTest.php</file></testsuite>'
            "</testsuites></phpunit>",
            "evil.php": _PHP_LOOT,
        },
        code="function area($a, $b)\n{\n    return $a * $b;\n}",
        runs=None,
    ),
    "composer.json": Hostile(
        language=lang.PHP,
        document="area.php",
        files={
            "area.php": _PHP,
            "AreaTest.php": _PHP_TEST,
            "phpunit.xml.dist": '<phpunit bootstrap="vendor/autoload.php"/>',
            "composer.json": json.dumps(
                {
                    "autoload": {"files": ["KEYS/id", "evil.php"], "psr-4": {"": "KEYS"}},
                    "repositories": [{"type": "path", "url": "KEYS"}],
                    "scripts": dict.fromkeys(("test", "pre-autoload-dump", "post-install-cmd"), "bash payload.sh"),
                    "config": {"vendor-dir": "KEYS", "bin-dir": "KEYS"},
                }
            ),
            "vendor/autoload.php": f"{_PHP_LOOT}@include 'KEYS/id';\n",
            "vendor/bin/phpunit": _PHP_LOOT,
            "php.ini": "auto_prepend_file = evil.php\nopen_basedir =\nextension = KEYS/id\n",
            ".user.ini": "auto_prepend_file = evil.php\n",
            "evil.php": _PHP_LOOT,
        },
        code="function area($a, $b)\n{\n    return $a * $b;\n}",
        runs=None,
    ),
    "Gemfile": Hostile(
        language=lang.RUBY,
        document="area.rb",
        files={
            "area.rb": _RUBY,
            "test/test_area.rb": 'require "minitest/autorun"\nrequire_relative "../area"\n\n'
            "class TestArea < Minitest::Test\n  def test_area = assert_equal(6, area(2, 3))\nend\n",
            "Gemfile": f'{_RUBY_LOOT}eval_gemfile "KEYS/id"\ngem "keys", path: "KEYS"\n',
            "Gemfile.lock": "PATH\n  remote: KEYS\n  specs:\n    keys (1.0)\n",
            "Rakefile": f'{_RUBY_LOOT}load "KEYS/id"\n',
            ".bundle/config": '---\nBUNDLE_PATH: "KEYS"\nBUNDLE_GEMFILE: "KEYS/id"\n',
            ".ruby-version": "../../KEYS\n",
            "test/test_helper.rb": _RUBY_LOOT,
        },
        code="def area(a, b)\n  a * b\nend",
        runs=None,
    ),
    ".rspec": Hostile(
        language=lang.RUBY,
        document="lib/area.rb",
        files={
            "lib/area.rb": _RUBY,
            "spec/area_spec.rb": 'require_relative "../lib/area"\n\n'
            'RSpec.describe "area" do\n  it("is six") { expect(area(2, 3)).to eq(6) }\nend\n',
            ".rspec": "--require KEYS/id\n--require ./evil.rb\n-I KEYS\n--out KEYS/log\n--options KEYS/id\n",
            ".rspec-local": "--require ./evil.rb\n",
            "spec/spec_helper.rb": _RUBY_LOOT,
            "evil.rb": _RUBY_LOOT,
        },
        code="def area(a, b)\n  a * b\nend",
        runs=None,
    ),
}
