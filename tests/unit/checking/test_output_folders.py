"""Which folders a language's tools make: a change there changes no verdict, one in any other folder may."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_lsp.checking.project import fingerprint, place_of
from forge_lsp.core.languages import Language
from tests.support import lang
from tests.support.builds import task_of, write_files

BESIDE = {
    lang.PYTHON: "pyproject.toml",
    lang.CSHARP: "Shop.csproj",
    lang.TYPESCRIPT: "tsconfig.json",
    lang.JAVASCRIPT: "package.json",
    lang.GO: "go.mod",
    lang.RUST: "Cargo.toml",
    lang.JAVA: "pom.xml",
    lang.C: "Makefile",
    lang.CPP: "CMakeLists.txt",
    lang.PHP: "composer.json",
    lang.RUBY: "Gemfile",
    lang.KOTLIN: "pom.xml",
}
MADE = {
    lang.PYTHON: ("pkg/__pycache__/", ".mypy_cache/3.12/", ".tox/py/lib/", "venv/lib/python3.12/site-packages/x/"),
    lang.CSHARP: ("obj/Debug/net8.0/", "bin/Debug/net8.0/"),
    lang.TYPESCRIPT: ("node_modules/x/", "pkg/node_modules/x/"),
    lang.JAVASCRIPT: ("node_modules/x/", "pkg/node_modules/x/"),
    lang.GO: (".git/x/",),
    lang.RUST: ("target/debug/build/x/out/",),
    lang.JAVA: ("target/generated-sources/", ".gradle/8.5/"),
    lang.C: (".deps/", "src/.libs/"),
    lang.PHP: ("vendor/acme/money/", ".phpunit.cache/x/"),
    lang.KOTLIN: ("target/generated-sources/", ".gradle/8.5/", ".kotlin/sessions/"),
    lang.CPP: ("build/CMakeFiles/3.28/CompilerIdCXX/", "build/Testing/Temporary/"),
    lang.RUBY: (".bundle/", ".git/x/"),
}
"""What is the language's own, or nobody's: version control, and what was installed."""
MARKS = {"venv/lib/python3.12/site-packages/x/": "venv/pyvenv.cfg", "build/Testing/Temporary/": "build/CMakeCache.txt"}
SOURCES = ("bin/shop/", "obj/", "target/", "src/target/", "com/acme/bin/", "venv/", "env/", "build/", "out/", "dist/")
"""Folders named as another language's output, or as that of this one where it is none."""
OWN = {
    lang.CSHARP: {"bin/shop/", "obj/"},
    lang.RUST: {"target/"},
    lang.JAVA: {"target/"},
    lang.KOTLIN: {"target/"},
}


def changes(folder: Path, name: str, language: Language) -> bool:
    """Whether a change of a source in a folder is seen."""
    suffix = language.suffixes[0]
    write_files(folder, {BESIDE[language]: "", f"a{suffix}": "", f"{name}b{suffix}": "old"})
    if name in MARKS:
        write_files(folder, {MARKS[name]: ""})
    task = task_of("x", path=folder / f"a{suffix}", workspace=folder, language=language)
    place = place_of(task)
    before, listed = fingerprint(place, "x", language.suffixes), place.files(language.suffixes)
    (folder / f"{name}b{suffix}").write_text("broken")
    changed = fingerprint(place, "x", language.suffixes) != before
    assert changed == (f"{name}b{suffix}" in listed), "what a check reads and what it depends on are the same files"
    return changed


@pytest.mark.parametrize("language", tuple(lang.BUILT_IN), ids=str)
def test_a_change_in_a_source_counts_whatever_its_folder_is_called(tmp_path: Path, language: Language) -> None:
    own = OWN.get(language, set())
    seen = {name for number, name in enumerate(SOURCES) if changes(tmp_path / str(number), name, language)}
    assert seen == set(SOURCES) - own


@pytest.mark.parametrize("language", tuple(lang.BUILT_IN), ids=str)
def test_a_change_in_what_the_language_s_tools_make_does_not(tmp_path: Path, language: Language) -> None:
    seen = {name for number, name in enumerate(MADE[language]) if changes(tmp_path / str(number), name, language)}
    assert not seen


@pytest.mark.parametrize(
    ("language", "project", "folder"),
    [
        (lang.CSHARP, "App/App.csproj", "App/bin/"),
        (lang.RUST, "a/Cargo.toml", "a/target/"),
        (lang.JAVA, "m/pom.xml", "m/target/"),
    ],
    ids=str,
)
def test_output_is_beside_its_project(tmp_path: Path, language: Language, project: str, folder: str) -> None:
    assert changes(tmp_path / "without", folder, language)
    write_files(tmp_path / "with", {project: ""})
    assert not changes(tmp_path / "with", folder, language)
