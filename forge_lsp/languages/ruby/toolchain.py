"""Ruby: the parser of the project's Ruby, and its own tests by minitest, test-unit or RSpec."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from forge_lsp.checking.gate import CheckedTree, Fault, gate, measured
from forge_lsp.checking.language_toolchain import LanguageToolchain
from forge_lsp.checking.programs import not_found, run_tool, version_findings
from forge_lsp.checking.project import Place, place_of, tree_key
from forge_lsp.core.attempt import BuildReport, Candidate, Evidence
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Finding, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.ruby import RUBY
from forge_lsp.languages.ruby.project_tests import RubyTests, gem_remedy
from forge_lsp.languages.ruby.tools import CHECK, INSTALL, Ruby, checked, environment_of, find_ruby, found_ruby

__all__ = ["RubyToolchain", "ruby_findings"]

_MATTERS = (".rb", ".rake", ".gemspec", "Gemfile", "Gemfile.lock", ".ruby-version")
_SEARCHED = ("lib", ".", "test", "spec", "app")
_TOOL = "ruby"


class RubyToolchain(LanguageToolchain):
    """Checks Ruby documents. ``timeout`` in seconds, for each run of ruby."""

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        timeout: float,
        environment: Mapping[str, str] | None = None,
        runs: Path | None = None,
    ) -> None:
        super().__init__(sandbox, timeout, environment)
        self._tests = RubyTests(sandbox, timeout=timeout, runs=runs)

    async def build(self, task: Task, text: str) -> BuildReport:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        try:
            ruby = await asyncio.to_thread(found_ruby, self._environment, place)
        except EnvironmentFault as fault:
            return Fault.of(fault).unverified(_TOOL)

        async def check(content: str) -> CheckedTree:
            return await self._check(place, ruby, content)

        key = await tree_key(place, _MATTERS, (ruby.program, *ruby.gems), task.document.text, task.scope.range)
        return await gate(
            task, text, str(place.document), check, self._baselines, key, _TOOL, blank=f"{task.scope.indent}nil"
        )

    @measured
    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        ruby = await asyncio.to_thread(found_ruby, self._environment, place)
        return await self._tests.run(task, candidate, place, ruby)

    async def _check(self, place: Place, ruby: Ruby, text: str) -> CheckedTree:
        file = str(place.document)
        async with self._sandbox.open(place.tree(text)) as box:
            result = await run_tool(
                box,
                "ruby",
                (str(ruby.program), "-W0", str(CHECK), file, *_SEARCHED),
                timeout=self._timeout,
                readable=(*ruby.readable, CHECK.parent),
                env=environment_of(ruby, box),
            )
        syntax, absent, gem = checked(result.stdout, file)
        lacks = None
        if gem is not None:
            name, line = gem
            reason = f"{name} is not installed ({file}:{line}), so its use is unchecked"
            lacks = Fault(reason=reason, remedy=gem_remedy(name, place))
        return CheckedTree(problems=(*syntax, *absent), syntax=syntax, lacks=lacks)


async def ruby_findings(sandbox: Sandbox, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """For the doctor: the Ruby that checks."""
    ruby = find_ruby(environment)
    if ruby is None:
        return not_found("ruby", "no ruby on PATH: Ruby is not checked", INSTALL)
    return await version_findings(
        sandbox, "ruby", (str(ruby.program), "--version"), ruby.readable, language=RUBY, remedy=INSTALL
    )
