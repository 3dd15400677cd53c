"""The fast gate of C and C++ with the real compilers: the same verdict on the cases of the build gate."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from forge_lsp.checking.fast.gate import DaemonGate
from forge_lsp.checking.fast.languages import fast_findings
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import FastReport, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.c_family.fast import CFamilyOpener
from forge_lsp.sandbox.bubblewrap import Bubblewrap
from tests.integration import test_build_c_family as build
from tests.integration.builds_cases import Case, project_task, real_sandbox
from tests.integration.fast_gates import looked, same_verdict
from tests.integration.fast_looks import PATIENT, replaced_and_none_left
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="gcc and g++ are not installed")


CLANG = """#!/bin/sh
if [ "$1" = --version ]; then echo "Debian clang version 14.0.6"; exit; fi
for word; do
    shift
    case "$word" in
        -###|-include|*-header) echo "not for clang: $word" >&2; exit 1 ;;
        -fno-caret-diagnostics|-fno-color-diagnostics|-ferror-limit=0) ;;
        *) set -- "$@" "$word" ;;
    esac
done
exec gcc -fdiagnostics-plain-output "$@"
"""


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not isinstance(chosen, Bubblewrap):
            pytest.skip("no bubblewrap works here")
        yield chosen


@pytest.fixture
async def gate(sandbox: Sandbox) -> AsyncIterator[DaemonGate]:
    openers = {language: CFamilyOpener(language, os.environ) for language in (lang.C, lang.CPP)}
    made = DaemonGate(sandbox, openers, keeping=PATIENT)
    try:
        yield made
    finally:
        await made.aclose()


def places(reports: Sequence[FastReport | None]) -> list[list[tuple[str, int]] | None]:
    return [None if report is None else [(p.file, p.line) for p in report.problems] for report in reports]


def listing(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


@pytest.mark.parametrize(
    ("language", "files", "file", "cases"),
    [
        (lang.C, build.C, "src/area.c", build.C_CASES),
        (lang.CPP, build.CPP, "src/area.cpp", build.CPP_CASES),
    ],
    ids=["c", "cpp"],
)
async def test_the_same_verdict(
    sandbox: Sandbox, tmp_path: Path, language: Language, files: Mapping[str, str], file: str, cases: list[Case]
) -> None:
    task = project_task(tmp_path, language, files, file)
    codes = [build.GOOD, *(case.code for case in cases)]
    reports = await looked(sandbox, language, CFamilyOpener(language, os.environ), task, codes)
    same_verdict(reports, cases)
    for case, report in zip(cases, reports[1:], strict=True):
        assert report is not None
        found = [p for p in report.problems if p.code in case.codes and case.message in p.message]
        assert found, (case.name, report)


async def test_the_same_verdict_by_a_compiler_that_is_asked_as_clang_is(sandbox: Sandbox, tmp_path: Path) -> None:
    """Its driver, answers in words, and nothing precompiled."""
    script = write_files(tmp_path, {"tools/clang": CLANG}) / "tools/clang"
    script.chmod(0o755)
    task = project_task(tmp_path / "project", lang.C, build.C, "src/area.c")
    codes = [build.GOOD, *(case.code for case in build.C_CASES)]
    opener = CFamilyOpener(lang.C, {"PATH": str(script.parent)})
    same_verdict(await looked(sandbox, lang.C, opener, task, codes), build.C_CASES)


@pytest.mark.parametrize("language", [lang.C, lang.CPP])
async def test_a_header_is_checked_by_those_that_include_it(
    gate: DaemonGate, tmp_path: Path, language: Language
) -> None:
    task = project_task(tmp_path, language, build.HEADER, "lib/box.h")
    codes = ("struct box { int width; bool full = false; };", "struct box { int wide; };", "struct box { int x };")
    found = places(await gate.look(task, [with_code(task, code) for code in codes]))
    assert found[:2] == [[], [("app/main.cpp", 3)]]
    assert found[2] is not None and ("lib/box.h", 2) in found[2], "and what is wrong in the header itself"


async def test_what_the_user_saves_and_types_is_seen(gate: DaemonGate, tmp_path: Path) -> None:
    """Also where it went into what is precompiled."""
    write_files(tmp_path, {"one.h": "int first(int);\n", "two.h": "int second(int);\n", "include/x.h": ""})
    text = '#include "one.h"\n#include <two.h>\n#include <vector>\n\n«int f() { return 0; }»\n'
    buffers = {tmp_path / "one.h": "int typed(int);\n"}
    task = task_of(text, language=lang.CPP, path=tmp_path / "a.cpp", workspace=tmp_path, buffers=buffers)
    calls = ("first(1)", "second(1)", "typed(1)", "saved(1)", "shadow(1)")

    async def known(task: Task) -> set[str]:
        codes = [with_code(task, f"int f() {{ return {call}; }}") for call in calls]
        found = places(await gate.look(task, codes))
        assert all(places in ([], [("a.cpp", 5)]) for places in found), found
        return {call.partition("(")[0] for call, at in zip(calls, found, strict=True) if not at}

    for _ in range(2):
        assert await known(task) == {"typed", "second"}
    saved = task_of(text, language=lang.CPP, path=tmp_path / "a.cpp", workspace=tmp_path)
    write_files(tmp_path, {"two.h": "int saved(int);\n"})
    for _ in range(2):
        assert await known(saved) == {"first", "saved"}
    half = (tmp_path / "two.h").with_suffix(".half")
    half.write_text("int second(int);\n")
    half.replace(tmp_path / "two.h")
    assert await known(saved) == {"first", "second"}, "as editors save"
    write_files(
        tmp_path,
        {
            "compile_commands.json": json.dumps(
                [{"directory": str(tmp_path), "file": "a.cpp", "command": "g++ -Dshadow=first -Iinclude -I. a.cpp"}]
            )
        },
    )
    assert await known(saved) == {"first", "second", "shadow"}, "flags"
    write_files(tmp_path, {"include/two.h": "int saved(int);\n"})
    for _ in range(2):
        assert await known(saved) == {"first", "saved", "shadow"}, "a header that is found before another"
    (tmp_path / "include/two.h").unlink()
    assert await known(saved) == {"first", "second", "shadow"}
    assert gate.running == 1, "one for the workspace"


async def test_a_header_of_its_own_and_a_file_that_includes_more(gate: DaemonGate, tmp_path: Path) -> None:
    """A candidate may bring in what the document did not include; lines stay those of the document."""
    text = "// é\n#include <string>\n/* a\n b */\n#include <map>\n«int f() { return 0; }»\n"
    task = task_of(text, language=lang.CPP, path=tmp_path / "a.cpp", workspace=tmp_path)
    texts = [
        with_code(task, code)
        for code in (
            "#include <vector>\nint f() { return std::vector<int>{1}[0]; }",
            "int f() { return std::vector<int>{1}[0]; }",
            "#include <none_such.h>\nint f() { return 1; }",
            "int f() {\n    std::map<int, std::string> m;\n    return m;\n}",
        )
    ]
    texts.append(texts[0].replace("#include <string>\n", "#include <array>\nstd::array<int, 2> two;\n"))
    found = places(await gate.look(task, texts))
    assert found[0] == found[4] == []
    assert [one and one[0] for one in found[1:4]] == [("a.cpp", 6), ("a.cpp", 6), ("a.cpp", 8)]


async def test_a_few_headers_are_kept_precompiled(gate: DaemonGate, sandbox: Sandbox, tmp_path: Path) -> None:
    """One for each document that is asked of, until there are too many."""
    assert isinstance(sandbox, Bubblewrap)
    seen: list[int] = []
    for number in range(12):
        write_files(tmp_path, {f"h{number}.h": f"int h{number}(void);\n"})
        text = f'#include "h{number}.h"\n«int f(void) {{ return 0; }}»\n'
        task = task_of(text, language=lang.C, path=tmp_path / f"a{number}.c", workspace=tmp_path)
        for _ in range(2):
            good, bad = (with_code(task, f"int f(void) {{ return {name}{number}(); }}") for name in "hg")
            assert places(await gate.look(task, [good, bad])) == [[], [(f"a{number}.c", 2)]]
        seen.append(len([path for path in listing(sandbox.folders.base) if path.suffix == ".gch"]))
    assert seen[0] == 1
    assert 1 < max(seen) <= 9, "eight, and one that is being made"


async def test_what_was_wrong_before_does_not_count(gate: DaemonGate, tmp_path: Path) -> None:
    text = "int old(void) { return gone; }\n«int f(void) { return (; }»\nint x = 1;\n"
    task = task_of(text, language=lang.C, path=tmp_path / "a.c", workspace=tmp_path)
    codes = ("int f(void) { return 1; }", 'int f(void) { return sizeof("é😀") + wid; }', "int f(void) { return (")
    reports = await gate.look(task, [with_code(task, code) for code in codes])
    assert places(reports)[:2] == [[], [("a.c", 2)]]
    assert reports[1] is not None and reports[1].problems[0].column == 37, "code points"
    assert reports[2] is not None and reports[2].problems


async def test_what_another_source_needs_may_not_go(gate: DaemonGate, tmp_path: Path) -> None:
    files = {
        "a.cpp": "#include <string>\nnamespace n {\n«int f(int x) { return x; }\nint g(int x) { return x; }»\n}\n",
        "b.cpp": "namespace n {\nint f(int);\nint g(int);\n}\nint main() { return n::f(1); }\n",
    }
    task = project_task(tmp_path, lang.CPP, files, "a.cpp")
    codes = (
        "int f(int x) { if (x) { return 2; } return 1; }\nint g(int x) { return x; }",
        "int f(int x) { return x; }",
        "int g(int x) { return x; }",
        "static int f(int x) { return x; }\nint h() { return f(1); }",
        "template <class T> int f(T x) { return x; }\nint g(int x) { return x; }",
    )
    found = places(await gate.look(task, [with_code(task, code) for code in codes]))
    assert found == [[], [], [("b.cpp", 5)], [("b.cpp", 5)], [("b.cpp", 5)]]


async def test_a_lone_file_has_its_neighbours(gate: DaemonGate, tmp_path: Path) -> None:
    write_files(tmp_path, {"b.h": "int b(void);\n"})
    lone = task_of("«»", language=lang.C, path=tmp_path / "a.c")
    texts = [f'#include "b.h"\nint a(void) {{ return {call}; }}\n' for call in ("b()", "c()")]
    assert places(await gate.look(lone, texts)) == [[], [("a.c", 2)]]
    assert not (tmp_path / "a.c").exists(), "nothing is written beside it"


async def test_nothing_from_outside_is_read_and_nothing_is_written(gate: DaemonGate, tmp_path: Path) -> None:
    key = tmp_path / "keys" / "id"
    write_files(tmp_path, {"keys/id": "int SECRETWORD;\n", "work/a.c": "", "work/.env": "int SECRETWORD;\n"})
    task = task_of("«»\n", language=lang.C, path=tmp_path / "work/a.c", workspace=tmp_path / "work")
    names = (str(key), "../keys/id", "../../keys/id", "/proc/self/environ", "/etc/shadow", "/root/.bashrc")
    texts = [f'#include "{name}"\nint f(void) {{ return SECRETWORD; }}\n' for name in names]
    before = listing(tmp_path)
    for name, report in zip(names, await gate.look(task, texts), strict=True):
        assert report is not None and "int SECRETWORD" not in str(report)
        if name == "/proc/self/environ":
            assert report.problems and "FORGE" not in str(report), "that of the box, not ours"
        else:
            assert ["No such file" in problem.message for problem in report.problems] == [True], (name, report)
    assert listing(tmp_path) == before


async def test_one_that_dies_is_replaced_and_none_is_left(gate: DaemonGate, sandbox: Sandbox, tmp_path: Path) -> None:
    task = task_of("«»", language=lang.CPP, path=tmp_path / "a.cpp", workspace=tmp_path)
    good, bad = "#include <vector>\nint x;\n", "int x = nobody;\n"
    assert await replaced_and_none_left(gate, task, "runners/gcc", good, bad) == [[("a.cpp", 1, "")]]
    assert isinstance(sandbox, Bubblewrap)
    assert not [path for path in listing(sandbox.folders.base) if path.suffix == ".gch"]


def test_the_doctor_names_them(sandbox: Sandbox) -> None:
    (finding,) = fast_findings(lang.BUILT_IN, sandbox, os.environ)
    assert {"c", "cpp"} <= set(finding.facts["languages"])
    (none,) = fast_findings(lang.BUILT_IN, sandbox, {"PATH": "/nonexistent"})
    assert not {"c", "cpp"} & set(none.facts["languages"])
