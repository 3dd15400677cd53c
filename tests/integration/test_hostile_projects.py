"""Build files that name what lies outside, or start programs: nothing outside is read, written or run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration import test_sandbox_security
from tests.integration.hostile_candidates import attempt
from tests.integration.hostile_projects import PROJECTS
from tests.integration.test_hostile_candidates import nothing_got_through
from tests.integration.test_sandbox_security import ordinary_python, works
from tests.support import lang
from tests.support.tools import dotnet_environment, kotlin_environment

pytestmark = [pytest.mark.timeout(400)]

ordinary_folder = test_sandbox_security.ordinary_folder
_LONG = (lang.CSHARP, lang.JAVA, lang.KOTLIN)
_PROGRAMS = {
    lang.C: "gcc",
    lang.JAVA: "javac",
    lang.GO: "go",
    lang.RUST: "cargo",
    lang.JAVASCRIPT: "node",
    lang.TYPESCRIPT: "node",
    lang.PHP: "phpunit",
    lang.RUBY: "ruby",
}
_ORDINARY = (("compile_commands.json", "overlay"), ("compile_commands.json", "landlock"), ("package.json", "overlay"))
"""Their tools lie where another user sees them."""


def environment_for(name: str, home: Path) -> Mapping[str, str]:
    """This process's, with a home full of keys; where the tools are stays known."""
    language = PROJECTS[name].language
    if language is lang.KOTLIN:
        return kotlin_environment()  # its compiler is found in the home that it was fetched to
    program = _PROGRAMS.get(language)
    if program is not None and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    known = dotnet_environment() if language is lang.CSHARP else dict(os.environ)
    real = Path(os.environ.get("HOME", "/nonexistent"))
    kept = {"RUSTUP_HOME": str(real / ".rustup"), "CARGO_HOME": str(real / ".cargo")}
    return {**kept, **known, "HOME": str(home)}


@pytest.mark.parametrize("way", ["overlay", "landlock"])
@pytest.mark.parametrize("name", PROJECTS)
async def test_nothing_gets_through(name: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if (reason := works(way)) is not None:
        pytest.skip(f"{way}: {reason}")
    if way == "landlock" and (PROJECTS[name].how == "evidence" or PROJECTS[name].language in _LONG):
        pytest.skip("needs loopback, or takes long and is the same")
    environment = environment_for(name, tmp_path / "keys")
    monkeypatch.setenv("HOME", environment["HOME"])
    nothing_got_through(await attempt(name, tmp_path, environment, case=PROJECTS[name], way=way))


@pytest.mark.parametrize(("name", "way"), _ORDINARY)
def test_nothing_gets_through_as_an_ordinary_user(name: str, way: str, ordinary_folder: Path) -> None:
    if (reason := works(way)) is not None:
        pytest.skip(f"{way}: {reason}")
    environment_for(name, ordinary_folder / "keys")
    code = (
        "import asyncio, json, os, sys\nfrom pathlib import Path\n"
        "from tests.integration.hostile_candidates import attempt\n"
        "from tests.integration.hostile_projects import PROJECTS\n"
        "name, way, base = sys.argv[1:]\nos.environ['HOME'] = base + '/keys'\n"
        "print(json.dumps(asyncio.run(attempt(name, Path(base), case=PROJECTS[name], way=way))))\n"
    )
    script = [*ordinary_python(), "-c", code, name, way, str(ordinary_folder)]
    ran = subprocess.run(script, capture_output=True, check=False, timeout=200, cwd=str(ordinary_folder))
    assert ran.returncode == 0, ran.stderr.decode()
    nothing_got_through(json.loads(ran.stdout))
