"""The Ruby gate with the real tool: the ruby on PATH."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.core.attempt import BuildStatus
from forge_lsp.core.ports import FindingStatus, Sandbox
from forge_lsp.languages.ruby.toolchain import RubyToolchain, ruby_findings
from forge_lsp.languages.ruby.tools import INSTALL, find_ruby
from tests.integration.builds_cases import Case, project_task, real_sandbox
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files

FILE = "lib/area.rb"
FILES = {
    "Rakefile": "task :default\n",
    FILE: (
        '# frozen_string_literal: true\n\nrequire_relative "round"\n\n'
        "«def area(width, height)\n  raise NotImplementedError\nend»\n"
    ),
    "lib/round.rb": "def rounded(value)\n  value.round\nend\n",
}
HEAD = "def area(width, height)\n"
GOOD = f"{HEAD}  rounded(width * height)\nend"
CASES = [
    Case(
        name="syntax error",
        code=f"{HEAD}  return width * * height\nend",
        file=FILE,
        line=6,
        codes=("SyntaxError",),
        message="unexpected",
    ),
    Case(
        name="block left open",
        code=f"{HEAD}  [1].each do |one|\nend",
        file=FILE,
        line=7,
        codes=("SyntaxError",),
        message="end",
    ),
    Case(
        name="missing import",
        code=f'require_relative "shapes"\n\n{HEAD}  width * height\nend',
        file=FILE,
        line=5,
        codes=("LoadError",),
        message="shapes",
    ),
]


def environment() -> dict[str, str]:
    known = dict(os.environ)
    if find_ruby(known) is None:
        pytest.skip("no ruby on PATH")
    return known


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path / "boxes") as chosen:
        yield chosen


@pytest.fixture
def toolchain(sandbox: Sandbox) -> RubyToolchain:
    return RubyToolchain(sandbox, timeout=60, environment=environment())


async def test_a_good_candidate_passes_and_bad_ones_are_refused(toolchain: RubyToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path / "project", lang.RUBY, FILES, FILE)
    good = await toolchain.build(task, with_code(task, GOOD))
    assert good.status is BuildStatus.PASSED, good
    for case in CASES:
        report = await toolchain.build(task, with_code(task, case.code))
        assert report.status is BuildStatus.FAILED, (case.name, report)
        found = [d for d in report.diagnostics if d.file == case.file and d.code in case.codes]
        assert case.line in [d.line for d in found], (case.name, report.diagnostics)
        assert any(case.message in d.message for d in found), (case.name, report.diagnostics)


async def test_what_was_wrong_before_does_not_count(toolchain: RubyToolchain, tmp_path: Path) -> None:
    files = {**FILES, FILE: 'require_relative "nowhere"\n' + FILES[FILE]}
    task = project_task(tmp_path / "project", lang.RUBY, files, FILE)
    assert (await toolchain.build(task, with_code(task, GOOD))).status is BuildStatus.PASSED
    broken = {**FILES, FILE: FILES[FILE] + "\ndef typing(\n"}
    task = project_task(tmp_path / "broken", lang.RUBY, broken, FILE)
    report = await toolchain.build(task, with_code(task, GOOD))
    assert report.status is BuildStatus.UNVERIFIED
    assert (report.remedy or "").startswith("correct lib/area.rb:")


async def test_a_gem_that_is_not_installed(toolchain: RubyToolchain, tmp_path: Path) -> None:
    files = {**FILES, FILE: 'require "json"\nrequire "no_such_gem/core"\n' + FILES[FILE]}
    task = project_task(tmp_path / "project", lang.RUBY, files, FILE)
    report = await toolchain.build(task, with_code(task, GOOD))
    assert (report.status, report.remedy) == (BuildStatus.UNVERIFIED, "gem install no_such_gem")
    assert "no_such_gem/core is not installed (lib/area.rb:2)" in (report.reason or "")
    write_files(tmp_path / "project", {"Gemfile": ""})
    assert (await toolchain.build(task, with_code(task, GOOD))).remedy == "bundle install"


async def test_a_lone_file_and_an_untitled_one(toolchain: RubyToolchain, tmp_path: Path) -> None:
    write_files(tmp_path / "alone", {"a.rb": "", "round.rb": FILES["lib/round.rb"]})
    for path in (tmp_path / "alone" / "a.rb", None):
        task = task_of("«def area\nend»\n", language=lang.RUBY, path=path)
        assert (await toolchain.build(task, "def area\n  1\nend\n")).status is BuildStatus.PASSED
        assert (await toolchain.build(task, "def area\n  (1\nend\n")).status is BuildStatus.FAILED


async def test_without_a_ruby(sandbox: Sandbox, tmp_path: Path) -> None:
    task = project_task(tmp_path / "project", lang.RUBY, FILES, FILE)
    toolchain = RubyToolchain(sandbox, timeout=60, environment={"PATH": "/nowhere"})
    report = await toolchain.build(task, with_code(task, GOOD))
    assert (report.status, report.remedy) == (BuildStatus.UNVERIFIED, INSTALL)
    (finding,) = await ruby_findings(sandbox, {"PATH": "/nowhere"})
    assert (finding.status, finding.remedy) == (FindingStatus.ABSENT, INSTALL)


async def test_the_doctor_s_word(sandbox: Sandbox) -> None:
    (finding,) = await ruby_findings(sandbox, environment())
    assert finding.status is FindingStatus.OK
    assert finding.detail.startswith("ruby ")


async def test_a_version_manager_s_shim(sandbox: Sandbox, tmp_path: Path) -> None:
    environment()
    real = shutil.which("ruby")
    assert real is not None
    home = write_files(
        tmp_path / "home", {"shims/ruby": "#!/bin/sh\nexit 1\n", ".rbenv/versions/3.1.2/bin/keep": "", "alone/x": ""}
    )
    (home / "shims/ruby").chmod(0o755)
    (home / ".rbenv/versions/3.1.2/bin/ruby").symlink_to(real)
    files = {**FILES, ".ruby-version": "3.1.2\n"}
    task = project_task(tmp_path / "project", lang.RUBY, files, FILE)
    known = {"PATH": str(home / "shims"), "HOME": str(home)}
    toolchain = RubyToolchain(sandbox, timeout=60, environment=known)
    assert (await toolchain.build(task, with_code(task, GOOD))).status is BuildStatus.PASSED
    task = project_task(tmp_path / "other", lang.RUBY, FILES, FILE)
    assert (await toolchain.build(task, with_code(task, GOOD))).status is BuildStatus.UNVERIFIED
