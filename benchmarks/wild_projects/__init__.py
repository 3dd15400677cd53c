"""What the benchmark of real projects runs on, and what it does with them: one file a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["SOURCES", "Kind", "Source", "source_named"]

Kind = Literal["pypi", "npm", "go", "crate", "maven", "checkout"]
Command = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A project with tests, and where it is had.

    ``kind`` is the registry (``checkout``: the clone of a public repository, which the caller has and names by
    ``--checkout``), ``package`` and ``version`` the name there. ``setup`` are the commands that a person runs once
    after unpacking it, ``test`` the project's own test command, with the variables ``env``. ``language`` is that of
    the functions taken, from files below ``code``. ``shape`` says what is special about it.

    In commands ``{python}`` is the interpreter that runs this, ``{venv}`` the project's own one.
    """

    name: str
    kind: Kind
    package: str
    version: str = ""
    language: str
    code: tuple[str, ...]
    setup: tuple[Command, ...] = ()
    test: Command
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    shape: str = ""


def _python(*packages: str) -> tuple[Command, ...]:
    return (("{python}", "-m", "venv", ".venv"), ("{venv}", "-m", "pip", "install", "-q", *packages))


def _packages(*names: str) -> Command:
    """Those of a workspace whose tests pass on every machine."""
    return tuple(word for name in names for word in ("-p", name))


_NPM = ("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent")
_BARE: Command = ("npm", "pkg", "delete", "devDependencies")
"""Without what only its linters and its releases need."""
_FIXTURES = ("es-value-fixtures@1", "has-override-mistake@1", "has-property-descriptors@1", "for-each", "has-symbols@1")
"""What only the tests of qs ask for."""
_PYTEST: Command = ("{venv}", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider")
_QUIET = ("-q", "-B", "-Danimal.sniffer.skip", "-Drat.skip", "-Dcheckstyle.skip", "-Djacoco.skip", "-Denforcer.skip")
"""Maven without what only looks at the form of a project."""
_MAVEN: tuple[Command, ...] = (("mvn", *_QUIET, "test"),)
_MAVEN_TEST: Command = ("mvn", *_QUIET, "-o", "-Dsurefire.skipAfterFailureCount=1", "test")
_UNTYPED = ("--project", "compile-mode")
"""The only project of zod's whose tests do not wait for its types to be checked, which takes minutes."""
_HEALTH = ("-pl", "metrics-healthchecks", "-am", "-Dsurefire.failIfNoSpecifiedTests=false", "-Dtest=*HealthCheck*Test")
"""One module of metrics by its tests, and what it needs of the others."""
_CMAKE: tuple[Command, ...] = (("cmake", "-S", ".", "-B", "build"), ("cmake", "--build", "build"))
_CTEST: Command = ("sh", "-c", "cmake --build build >/dev/null && ctest --test-dir build --stop-on-failure")

SOURCES: tuple[Source, ...] = (
    Source(
        name="inflection",
        kind="pypi",
        package="inflection",
        version="0.5.1",
        language="python",
        code=("inflection",),
        setup=_python("pytest", "-e", "."),
        test=_PYTEST,
        shape="one module, pytest, installed editable",
    ),
    Source(
        name="more-itertools",
        kind="pypi",
        package="more-itertools",
        version="10.7.0",
        language="python",
        code=("more_itertools",),
        setup=(("{python}", "-m", "venv", ".venv"),),
        test=("{venv}", "-B", "-m", "unittest", "-f", "-q"),
        shape="unittest, two large modules",
    ),
    Source(
        name="boltons",
        kind="pypi",
        package="boltons",
        version="25.0.0",
        language="python",
        code=("boltons",),
        setup=_python("pytest<8", "-e", "."),
        test=_PYTEST,
        shape="a package of many modules, pytest",
    ),
    Source(
        name="django-filter",
        kind="pypi",
        package="django-filter",
        version="24.3",
        language="python",
        code=("django_filters",),
        setup=_python("django<5.1", "djangorestframework<3.16", "pytz", "django-crispy-forms", "-e", "."),
        test=("{venv}", "-B", "runtests.py", "--failfast"),
        shape="Django, a program of its own that starts the tests",
    ),
    Source(
        name="minimist",
        kind="npm",
        package="minimist",
        version="1.2.8",
        language="javascript",
        code=("index.js",),
        setup=((*_NPM, "--no-save", "tape@5"),),
        test=("node", "node_modules/tape/bin/tape", "test/*.js"),
        shape="CommonJS, tape",
    ),
    Source(
        name="jsonpath",
        kind="npm",
        package="jsonpath",
        version="1.1.1",
        language="javascript",
        code=("lib",),
        setup=((*_NPM, "--no-save", "mocha@10", "jison@0.4.13"),),
        test=("node", "node_modules/mocha/bin/mocha.js", "-b", "-u", "tdd", "test"),
        shape="CommonJS, mocha with another interface",
    ),
    Source(
        name="qs",
        kind="npm",
        package="qs",
        version="6.13.0",
        language="javascript",
        code=("lib",),
        setup=(
            _BARE,
            (
                *_NPM,
                "--no-save",
                "tape@5",
                "safer-buffer",
                "iconv-lite",
                "object-inspect",
                "mock-property@1",
                *_FIXTURES,
            ),
        ),
        test=("node", "node_modules/tape/bin/tape", "test/parse.js", "test/stringify.js", "test/utils.js"),
        shape="CommonJS, tape, one file of tests for a module",
    ),
    Source(
        name="shlex",
        kind="go",
        package="github.com/google/shlex",
        version="v0.0.0-20191202100458-e7afc7fbc510",
        language="go",
        code=(".",),
        test=("go", "test", "./..."),
        shape="one package",
    ),
    Source(
        name="masterminds-semver",
        kind="go",
        package="github.com/Masterminds/semver/v3",
        version="v3.3.0",
        language="go",
        code=(".",),
        test=("go", "test", "./..."),
        shape="one package, tables of cases",
    ),
    Source(
        name="gobwas-glob",
        kind="go",
        package="github.com/gobwas/glob",
        version="v1.1.0",
        language="go",
        code=(".",),
        test=("go", "test", "./..."),
        shape="several packages, importers' tests",
    ),
    Source(
        name="heck",
        kind="crate",
        package="heck",
        version="0.5.0",
        language="rust",
        code=("src",),
        setup=(("cargo", "fetch"),),
        test=("cargo", "test", "--offline", "-q"),
        shape="tests by macros inside modules",
    ),
    Source(
        name="strsim",
        kind="crate",
        package="strsim",
        version="0.11.1",
        language="rust",
        code=("src",),
        setup=(("cargo", "fetch"),),
        test=("cargo", "test", "--offline", "-q"),
        shape="unit tests, integration tests, doctests",
    ),
    Source(
        name="commons-csv",
        kind="maven",
        package="org.apache.commons:commons-csv",
        version="1.10.0",
        language="java",
        code=("src/main/java",),
        setup=_MAVEN,
        test=_MAVEN_TEST,
        shape="Maven, JUnit 5",
    ),
    Source(
        name="commons-cli",
        kind="maven",
        package="commons-cli:commons-cli",
        version="1.5.0",
        language="java",
        code=("src/main/java",),
        setup=_MAVEN,
        test=_MAVEN_TEST,
        shape="Maven, JUnit 4 and 5",
    ),
    Source(
        name="metrics",
        kind="checkout",
        package="dropwizard/metrics",
        language="java",
        code=("metrics-healthchecks/src/main/java",),
        setup=(("mvn", *_QUIET, *_HEALTH, "test"),),
        test=("mvn", *_QUIET, "-o", "-Dsurefire.skipAfterFailureCount=1", *_HEALTH, "test"),
        shape="a multi-module Maven project, JUnit 5",
    ),
    Source(
        name="p-limit",
        kind="checkout",
        package="sindresorhus/p-limit",
        language="javascript",
        code=("index.js",),
        setup=(_BARE, (*_NPM, "--no-save", "ava@6", "in-range@3", "random-int@3", "time-span@5")),
        test=("node", "node_modules/.bin/ava"),
        shape="modules, ava",
    ),
    Source(
        name="dot-prop",
        kind="checkout",
        package="sindresorhus/dot-prop",
        language="javascript",
        code=("index.js",),
        setup=(_BARE, (*_NPM, "--no-save", "ava@6")),
        test=("node", "node_modules/.bin/ava", "--fail-fast"),
        shape="modules, ava, one module of many functions",
    ),
    Source(
        name="query-string",
        kind="checkout",
        package="sindresorhus/query-string",
        language="javascript",
        code=("base.js",),
        setup=(_BARE, (*_NPM, "--no-save", "ava@6", "deep-equal@2", "fast-check@3")),
        test=("node", "node_modules/.bin/ava", "--fail-fast"),
        shape="modules, ava, a module that another one exports",
    ),
    Source(
        name="zod",
        kind="checkout",
        package="colinhacks/zod",
        language="typescript",
        code=("packages/zod/src/v4/core",),
        setup=(("npx", "--yes", "pnpm@9", "install", "--frozen-lockfile", "--ignore-scripts"),),
        test=("node", "node_modules/vitest/vitest.mjs", "run", "--bail", "1", *_UNTYPED, "packages/zod/src/v4/mini"),
        shape="a monorepo of pnpm, vitest",
    ),
    Source(
        name="rust-url",
        kind="checkout",
        package="servo/rust-url",
        language="rust",
        code=("form_urlencoded/src", "percent_encoding/src"),
        setup=(("cargo", "fetch"),),
        test=(
            *("cargo", "test", "--offline", "-q", "--tests"),
            *_packages("form_urlencoded", "percent-encoding", "url"),
        ),
        shape="a workspace, whose crates test one another",
    ),
    Source(
        name="ufo",
        kind="checkout",
        package="unjs/ufo",
        language="typescript",
        code=("src",),
        setup=(_BARE, (*_NPM, "--no-save", "vitest@3", "typescript@5", "@types/node@22")),
        test=("node", "node_modules/vitest/vitest.mjs", "run", "--bail", "1", "--coverage.enabled=false"),
        shape="TypeScript, vitest",
    ),
    Source(
        name="clsx",
        kind="checkout",
        package="lukeed/clsx",
        language="javascript",
        code=("src",),
        setup=(_NPM,),
        test=("node", "node_modules/uvu/bin.js", "-r", "esm", "test"),
        shape="uvu, modules by a hook",
    ),
    Source(
        name="cjson",
        kind="checkout",
        package="DaveGamble/cJSON",
        language="c",
        code=("cJSON.c", "cJSON_Utils.c"),
        setup=_CMAKE,
        test=_CTEST,
        shape="CMake with its default build folder, Unity",
    ),
    Source(
        name="tinyxml2",
        kind="checkout",
        package="leethomason/tinyxml2",
        language="cpp",
        code=("tinyxml2.cpp",),
        setup=_CMAKE,
        test=_CTEST,
        shape="CMake with its default build folder, one program of tests",
    ),
)
"""Projects of different shapes, those that registries serve first."""


def source_named(name: str) -> Source:
    """Return the source of that name. Raises KeyError."""
    return {source.name: source for source in SOURCES}[name]
