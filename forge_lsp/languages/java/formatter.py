"""The formatter of a Java project: google-java-format, where its build file names it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from forge_lsp.checking.formatting import FormatterTool, Span
from forge_lsp.checking.programs import readable_for
from forge_lsp.checking.project import Place

__all__ = ["java_formatter"]

_BUILD_FILES = ("pom.xml", "build.gradle", "build.gradle.kts", ".pre-commit-config.yaml")
_NAMED = re.compile(r"google-?java-?format|com\.spotify\.fmt|fmt-maven-plugin", re.I)
_AOSP = re.compile(r"\baosp\b", re.I)


def java_formatter(place: Place, environment: Mapping[str, str], *, trusted: bool) -> FormatterTool | None:
    """See :class:`~forge_lsp.checking.formatting.FindFormatter`."""
    del trusted
    path = environment.get("PATH", "")
    found, java = shutil.which("google-java-format", path=path), shutil.which("java", path=path)
    texts = [text for name in _BUILD_FILES for folder in place.folders() if (text := place.text(folder / name))]
    named = next((text for text in texts if _NAMED.search(text)), None)
    if found is None or java is None or named is None:
        return None
    style = ("--aosp",) if _AOSP.search(named) else ()
    program, home = Path(found), Path(java).resolve().parent.parent

    def command(span: Span) -> tuple[str, ...]:
        words = ("--skip-sorting-imports", "--skip-removing-unused-imports", "--lines", f"{span.first}:{span.last}")
        return (str(program), *style, *words, "-")

    return FormatterTool(
        name="google-java-format",
        command=command,
        readable=(*readable_for(program), home),
        env={"JAVA_HOME": str(home), "PATH": f"{home / 'bin'}:/usr/local/bin:/usr/bin:/bin"},
        ranges=True,
    )
