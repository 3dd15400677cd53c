"""What tests are written for, whether that can be run here, and what they read from the class path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from forge_lsp.checking.jvm.maven import Build, Repositories, with_launcher
from forge_lsp.checking.project import Place
from forge_lsp.checking.suites import not_run
from forge_lsp.core.checks import CheckResult

__all__ = ["Framework", "resources_of", "runnable"]

_JUNIT_4 = re.compile(r"junit-?4[\w.-]*\.jar")


class Framework:
    """What a test class is written for."""

    JUNIT_4 = "JUnit 4"
    JUNIT_5 = "JUnit 5"
    TESTNG = "TestNG"


def runnable(
    wanted: Iterable[str], build: Build, repositories: Repositories
) -> tuple[frozenset[str], tuple[Path, ...], tuple[CheckResult, ...]]:
    """Return which of the ``wanted`` frameworks can be run here, the jars for that beside the build's own, and a result
    for each that cannot."""
    able: set[str] = set()
    jars: tuple[Path, ...] = ()
    results: list[CheckResult] = []
    for framework in dict.fromkeys(wanted):
        if framework == Framework.TESTNG:
            results.append(not_run(framework, "tests of TestNG are not run; JUnit's are"))
        elif framework == Framework.JUNIT_4:
            if any(_JUNIT_4.fullmatch(jar.name) for jar in build.jars):
                able.add(framework)
            else:
                lost = f" ({', '.join(build.missing[:3])} not fetched)" if build.missing else ""
                remedy = build.remedy or "put junit4.jar and hamcrest.jar into lib/"
                results.append(not_run(framework, f"JUnit 4 is not on the class path{lost}", remedy))
        else:
            jars, missing = with_launcher(build, repositories)
            if missing is None:
                able.add(framework)
            else:
                reason = f"JUnit 5's tests cannot be started: {missing} is not on this machine"
                results.append(not_run(framework, reason, _fetching(missing, build)))
    return frozenset(able), jars, tuple(results)


def _fetching(missing: str, build: Build) -> str:
    if build.file is not None and build.file.name != "pom.xml":
        return f"./gradlew test, with testRuntimeOnly '{missing}' in {build.file}"
    return f"mvn dependency:get -Dartifact={missing}"


def resources_of(place: Place, build: Build) -> tuple[str, ...]:
    """Return the folders that tests read from the class path."""
    folders = [build.folder / name for name in ("src/test/resources", "src/main/resources")]
    return tuple(str(folder) for folder in folders if place.source is not None and (place.source / folder).is_dir())
