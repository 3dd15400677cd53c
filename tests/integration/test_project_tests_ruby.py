"""A Ruby project's own tests on candidates good, wrong and slow: before and after, in the real sandbox. The scenes that
all languages share, forgeries among them, are in test_proofs.py (proofs/ruby.py)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckKind, CheckResult, CheckStatus
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.ruby.toolchain import RubyToolchain
from tests.integration.builds_cases import project_task, real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of

KEPT, FAILED, NOT_RUNNABLE = CheckStatus.KEPT, CheckStatus.FAILED, CheckStatus.NOT_RUNNABLE
UNRELATED, OWED, PROOF = CheckStatus.UNRELATED, CheckStatus.OWED, CheckStatus.PROOF

FILE = "lib/shapes/area.rb"
TESTS = """require "test_helper"

class AreaTest < Minitest::Test
  def test_area
    assert_equal 6, Shapes.area(2, 3)
  end

  def test_near
    assert_in_delta 6.0, Shapes.area(2, 3), 0.1
  end

  def test_refusal
    assert_raises(TypeError) { Shapes.area(nil, 1) + nil }
  end

  def test_one
    assert_equal 2, Shapes.one # it never was
  end

  def test_other
    assert_equal 1, Shapes.side(1)
  end

  def test_later
    skip "later"
  end
end
"""
FILES = {
    "Gemfile": "",
    FILE: "module Shapes\n«  def self.area(width, height)\n    Integer(width) * height\n  end»\n\n"
    "  def self.one = 1\n\n  def self.side(surface)\n    raise NotImplementedError\n  end\nend\n",
    "test/test_helper.rb": '$LOAD_PATH.unshift(File.expand_path("../lib", __dir__))\nrequire "minitest/autorun"\n'
    'require "shapes/area"\n',
    "test/area_test.rb": TESTS,
    "test/never_test.rb": 'require "test_helper"\nclass NeverTest < Minitest::Test\n  def test_x = raise\nend\n',
}


def has(library: str) -> bool:
    ruby = shutil.which("ruby")
    return ruby is not None and not subprocess.run([ruby, "-e", f"require '{library}'"], capture_output=True).returncode


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    if not has("minitest"):
        pytest.skip("no ruby with minitest on PATH")
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


def project(root: Path, **other: str) -> Task:
    return project_task(root, lang.RUBY, {**FILES, **other}, FILE)


async def evidence(sandbox: Sandbox, task: Task, body: str, *, timeout: float = 40) -> Evidence:
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    code = f"  def self.area(width, height)\n{lines}\n  end"
    toolchain = RubyToolchain(sandbox, timeout=timeout, environment=dict(os.environ))
    return await toolchain.evidence(task, candidate_of(task, code))


def below(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def by_name(found: Evidence) -> dict[str, CheckResult]:
    assert found.blocked is None, found
    return {result.id.rpartition("#")[2]: result for result in found.results}


async def test_a_right_candidate_passes_what_passed_before(sandbox: Sandbox, tmp_path: Path) -> None:
    task = project(tmp_path)
    before = below(tmp_path)
    found = await evidence(sandbox, task, "height * Integer(width)")
    told = {name: result.status for name, result in by_name(found).items()}
    assert told == {
        "test_area": KEPT,
        "test_near": KEPT,
        "test_refusal": KEPT,
        "test_one": UNRELATED,
        "test_other": UNRELATED,
        "test_later": NOT_RUNNABLE,
    }
    assert {result.kind for result in found.results} == {CheckKind.TEST}
    assert found.doubt is None
    assert below(tmp_path) == before, "nothing is left in the project"


async def test_a_mutant_fails_with_both_values(sandbox: Sandbox, tmp_path: Path) -> None:
    told = by_name(await evidence(sandbox, project(tmp_path), "Integer(width) + height"))
    assert (told["test_area"].status, told["test_area"].expected, told["test_area"].actual) == (FAILED, "6", "5")
    assert told["test_near"].status is FAILED
    assert told["test_refusal"].status is KEPT


async def test_a_failure_of_the_candidate_has_its_line(sandbox: Sandbox, tmp_path: Path) -> None:
    told = by_name(await evidence(sandbox, project(tmp_path), "Integer(width) * nowhere(height)"))
    assert told["test_area"].status is FAILED
    assert "lib/shapes/area.rb:3" in told["test_area"].detail


async def test_code_that_lacks_a_require_fails(sandbox: Sandbox, tmp_path: Path) -> None:
    for body in ("JSON.parse((Integer(width) * height).to_s)", "SecureRandom.hex(1)\nInteger(width) * height"):
        told = by_name(await evidence(sandbox, project(tmp_path), body))
        assert told["test_area"].status is FAILED, body
        assert "uninitialized constant" in told["test_area"].detail


async def test_a_test_that_hangs_costs_its_own_time_only(sandbox: Sandbox, tmp_path: Path) -> None:
    body = "loop {} if height == 1\nInteger(width) * height"
    told = by_name(await evidence(sandbox, project(tmp_path), body, timeout=12))
    assert (told["test_refusal"].status, told["test_area"].status) == (FAILED, KEPT)
    assert "did not finish" in told["test_refusal"].detail


async def test_a_test_that_ends_the_process_costs_itself(sandbox: Sandbox, tmp_path: Path) -> None:
    found = await evidence(sandbox, project(tmp_path), "exit!(0) if height == 1\nInteger(width) * height")
    told = by_name(found)
    assert (told["test_refusal"].status, told["test_area"].status) == (FAILED, KEPT)
    assert "ends the process" in (found.doubt or "")


async def test_without_a_sandbox_nothing_is_run(tmp_path: Path) -> None:
    class Nothing:
        kind, runs_project_code, remedy = "none", False, "apt-get install bubblewrap"

    if not has("minitest"):
        pytest.skip("no ruby with minitest on PATH")
    found = await evidence(Nothing(), project(tmp_path), "1")  # type: ignore[arg-type]
    assert (found.results, found.remedy is not None) == ((), True)
    assert "were not run" in (found.blocked or "")


async def test_tests_of_a_library_that_is_not_there(sandbox: Sandbox, tmp_path: Path) -> None:
    files = {"test/area_test.rb": 'require "no_such_library"\n\ndescribe("area") { Shapes.area }\n'}
    found = await evidence(sandbox, project(tmp_path, **files), "1")
    (result,) = found.results
    assert (result.status, result.environment, result.remedy) == (NOT_RUNNABLE, True, "bundle install")
    assert "no_such_library" in result.detail


async def test_a_test_file_that_does_not_parse(sandbox: Sandbox, tmp_path: Path) -> None:
    found = await evidence(sandbox, project(tmp_path, **{"test/broken_test.rb": "Shapes.area(\n"}), "1 * 6")
    told = {result.id: result for result in found.results}
    broken = told["tests:test/broken_test.rb"]
    assert (broken.status, broken.environment) == (NOT_RUNNABLE, False)
    assert told["tests:test/area_test.rb::AreaTest#test_area"].status is KEPT, "the others are run"


async def test_a_scope_that_no_test_names(sandbox: Sandbox, tmp_path: Path) -> None:
    files = {
        "lib/hidden.rb": "def hidden(a) = a\n",
        "test/area_test.rb": 'require "minitest/autorun"\nrequire "door"\n\nclass DoorTest < Minitest::Test\n'
        "  def test_through = assert_equal(2, through(1))\n  def test_not = assert(true)\nend\n",
        "lib/door.rb": 'require_relative "hidden"\ndef through(a) = send("hid" + "den", a) + 1\n',
    }
    files["lib/hidden.rb"] = "«def hidden(a) = a»\n"
    task = project_task(tmp_path, lang.RUBY, files, "lib/hidden.rb")
    toolchain = RubyToolchain(sandbox, timeout=40, environment=dict(os.environ))
    found = await toolchain.evidence(task, candidate_of(task, "def hidden(a) = a * 2"))
    assert [(result.id.rpartition("#")[2], result.status) for result in found.results] == [("test_through", FAILED)]
