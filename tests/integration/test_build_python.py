"""The Python gate with the real compile(), ruff and ty, in the sandbox that this machine gives."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.checking.toolchains import toolchains
from forge_lsp.core.attempt import BuildStatus
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.ports import FindingStatus, Sandbox, Toolchain
from forge_lsp.languages.python.toolchain import PythonToolchain, python_findings
from tests.integration.builds_cases import Case, project_task, real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of, task_of, with_code, write_files

FILES = {
    "pyproject.toml": '[project]\nname = "shapes"\nversion = "1"\n',
    "shapes/__init__.py": "",
    "shapes/area.py": (
        "from __future__ import annotations\n\n\n«def area(width: int, height: int) -> int:\n    ...»\n\n\n"
        "def volume(width: int, height: int, depth: int) -> int:\n    return area(width, height) * depth\n"
    ),
    "shapes/use.py": "from shapes.area import area\n\nTOTAL: int = area(2, 3)\n",
}
HEAD = "def area(width: int, height: int) -> int:\n"
FILE = "shapes/area.py"
GOOD = f"{HEAD}    return width * height"
CASES = [
    Case(
        name="syntax error",
        code=f"{HEAD}    return width *",
        file=FILE,
        line=5,
        codes=("SyntaxError",),
        message="invalid syntax",
    ),
    Case(
        name="unknown name",
        code=f"{HEAD}    return widht * height",
        file=FILE,
        line=5,
        codes=("F821",),
        message="widht",
    ),
    Case(
        name="wrong type",
        code=f'{HEAD}    return "wide"',
        file=FILE,
        line=5,
        codes=("invalid-explicit-return", "invalid-return-type"),
        message="int",
    ),
    Case(
        name="wrong arity",
        code=f"{HEAD}    return pow(width)",
        file=FILE,
        line=5,
        codes=("no-matching-overload", "missing-argument"),
        message="pow",
    ),
    Case(
        name="missing import",
        code=f"{HEAD}    import no_such_module\n\n    return no_such_module.mul(width, height)",
        file=FILE,
        line=5,
        codes=("import-not-found", "unresolved-import"),
        message="no_such_module",
    ),
    Case(
        name="break of another file",
        code="def area(width: int) -> int:\n    return width",
        file="shapes/use.py",
        line=3,
        codes=("too-many-positional-arguments",),
        message="area",
    ),
]


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        yield chosen


@pytest.fixture
def toolchain(sandbox: Sandbox) -> PythonToolchain:
    return PythonToolchain(sandbox, timeout=60)


@pytest.mark.parametrize(
    "code",
    [
        GOOD,
        f"{HEAD}    import os, json  # unused\n    unused = 1\n    return width * height",
        f"{HEAD}    try:\n        import no_such_module\n    except ImportError:\n        no_such_module = None\n"
        "    return width * height",
    ],
    ids=["plain", "untidy", "optional import"],
)
async def test_a_good_candidate_passes(toolchain: PythonToolchain, tmp_path: Path, code: str) -> None:
    task = project_task(tmp_path, lang.PYTHON, FILES, FILE)
    report = await toolchain.build(task, with_code(task, code))
    assert report.status is BuildStatus.PASSED, report
    assert report.diagnostics == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_bad_candidate_is_refused(toolchain: PythonToolchain, tmp_path: Path, case: Case) -> None:
    task = project_task(tmp_path, lang.PYTHON, FILES, FILE)
    report = await toolchain.build(task, with_code(task, case.code))
    assert report.status is BuildStatus.FAILED, report
    found = [d for d in report.diagnostics if (d.file, d.line) == (case.file, case.line) and d.code in case.codes]
    assert found, report.diagnostics
    assert case.message in found[0].message
    assert (tmp_path / FILE).read_text() == task.document.text


async def test_a_candidate_cannot_silence_the_checker(toolchain: PythonToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.PYTHON, FILES, FILE)
    for comment in ("# type: ignore", "# ty: ignore[invalid-return-type]", "# noqa"):
        report = await toolchain.build(task, with_code(task, f'{HEAD}    return "wide" if nope else 1  {comment}'))
        assert report.status is BuildStatus.FAILED, comment


async def test_none_is_returned_where_the_users_docstring_says_so(toolchain: PythonToolchain, tmp_path: Path) -> None:
    head = 'def area(text: str) -> str:\n    """Return the text{}."""'
    for words, status in ((", or None where it is empty", BuildStatus.PASSED), ("", BuildStatus.FAILED)):
        documented = head.format(words)
        task = project_task(tmp_path, lang.PYTHON, {**FILES, FILE: f"«{documented}\n»\n"}, FILE)
        code = f"{documented}\n    if text:\n        return text\n    return None"
        report = await toolchain.build(task, with_code(task, code))
        assert report.status is status, report


async def test_the_most_frequent_one_is_found_by_its_count(toolchain: PythonToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.PYTHON, FILES, FILE)
    code = (
        f'{HEAD}    count = {{"a": 1}}\n    names: list[str] = list(count)\n    names.sort(key=count.get)\n'
        "    names = sorted(count, key=count.get)\n"
        "    return count[max(count, key=count.get)] + count[min(names, key=count.get)] + width * height"
    )
    report = await toolchain.build(task, with_code(task, code))
    assert report.status is BuildStatus.PASSED, report


async def test_what_a_default_stands_for_may_be_ruled_out(toolchain: PythonToolchain, tmp_path: Path) -> None:
    files = {"ring.py": "_UNSET = object()\n\n\n«def put(items, most=_UNSET):\n    raise NotImplementedError»\n"}
    task = project_task(tmp_path, lang.PYTHON, files, "ring.py")
    body = "    if most is _UNSET:\n        most = 3\n    return items[-most:] if len(items) > most else items"
    report = await toolchain.build(task, with_code(task, f"def put(items, most=_UNSET):\n{body}"))
    assert report.status is BuildStatus.PASSED, report
    wrong = await toolchain.build(task, with_code(task, f"def put(items, most=_UNSET):\n{body} + 'a'.upper(1)"))
    assert wrong.status is BuildStatus.FAILED, wrong


async def test_the_users_own_problems_do_not_count(toolchain: PythonToolchain, tmp_path: Path) -> None:
    files = {
        **FILES,
        FILE: "BROKEN: int = 'text'\nprint(nobody)\n"
        + FILES[FILE].removeprefix("from __future__ import annotations\n\n\n"),
        "shapes/other.py": "import shapes.nothing\n",
    }
    task = project_task(tmp_path, lang.PYTHON, files, FILE)
    good = await toolchain.build(task, with_code(task, f"# one\n# line more\n{HEAD}    return width * height"))
    assert good.status is BuildStatus.PASSED, good
    bad = await toolchain.build(task, with_code(task, f"{HEAD}    return width * nobody"))
    assert [d.message for d in bad.diagnostics] == ["Undefined name `nobody`"]


async def test_a_module_that_the_document_needs_and_lacks_is_unverified(
    toolchain: PythonToolchain, tmp_path: Path
) -> None:
    task = task_of("import no_such_module\n\n\n«def f():\n    ...»\n", path=tmp_path / "a.py", workspace=tmp_path)
    report = await toolchain.build(task, with_code(task, "def f():\n    return no_such_module.x"))
    assert report.status is BuildStatus.UNVERIFIED
    assert "no_such_module is not installed" in (report.reason or "")
    assert (report.remedy or "").endswith("-m pip install no_such_module")
    worse = await toolchain.build(task, with_code(task, "def f():\n    return nowhere"))
    assert worse.status is BuildStatus.FAILED


async def test_someone_is_typing(toolchain: PythonToolchain, tmp_path: Path) -> None:
    task = task_of("«def f(x):\n    return (»\n\n\ndef g():\n    return f(1)\n", path=tmp_path / "a.py")
    assert (await toolchain.build(task, with_code(task, "def f(x):\n    return x"))).status is BuildStatus.PASSED
    assert (await toolchain.build(task, with_code(task, "def f(x):\n    return ("))).status is BuildStatus.FAILED
    elsewhere = task_of("def g(:\n    pass\n\n\n«def f(): ...»\n", path=tmp_path / "a.py")
    report = await toolchain.build(elsewhere, with_code(elsewhere, "def f():\n    return 1"))
    assert report.status is BuildStatus.UNVERIFIED
    assert "a.py:1" in (report.reason or "")


async def test_buffers_lie_over_the_disk(toolchain: PythonToolchain, tmp_path: Path) -> None:
    write_files(tmp_path, {"helper.py": "def one():\n    return 1\n"})
    task = task_of(
        "import helper\n\n\n«def f(): ...»\n",
        path=tmp_path / "a.py",
        workspace=tmp_path,
        buffers={tmp_path / "helper.py": "def two():\n    return 2\n"},
    )
    assert (await toolchain.build(task, with_code(task, "def f():\n    return helper.two()"))).compiled is True
    assert (await toolchain.build(task, with_code(task, "def f():\n    return helper.one()"))).compiled is False


async def test_lone_untitled_and_unusual_documents(toolchain: PythonToolchain, tmp_path: Path) -> None:
    write_files(tmp_path, {"neighbour.py": "X = 1\n"})
    lone = task_of("«»", path=tmp_path / "my-script.py")
    assert (await toolchain.build(lone, "import neighbour\n\nprint(neighbour.X)\n")).compiled is True
    untitled = task_of("«»")
    assert (await toolchain.build(untitled, "print('hello')\n")).compiled is True
    report = await toolchain.build(untitled, "print(hello)\n")
    assert [(d.file, d.line, d.column) for d in report.diagnostics] == [("untitled_1.py", 1, 7)]
    odd = task_of("\ufeffX = '😀'\r\n«»\r\n", path=tmp_path / "odd.py")
    assert (await toolchain.build(odd, with_code(odd, "Y = X + 'é'"))).compiled is True
    report = await toolchain.build(odd, with_code(odd, "Y = '😀' + yy"))
    assert [(d.line, d.column) for d in report.diagnostics] == [(2, 11)]


async def test_an_ignored_document_is_checked(toolchain: PythonToolchain, tmp_path: Path) -> None:
    write_files(tmp_path, {".gitignore": "build/\n", "build/a.py": ""})
    task = task_of("«»", path=tmp_path / "build/a.py", workspace=tmp_path)
    assert (await toolchain.build(task, "def f() -> int:\n    return 'x'\n")).compiled is False


async def test_a_broken_project_configuration_is_the_environments(toolchain: PythonToolchain, tmp_path: Path) -> None:
    write_files(tmp_path, {"pyproject.toml": "[tool.ty]\nno-such-key = 1\n"})
    task = task_of("«»", path=tmp_path / "a.py", workspace=tmp_path)
    report = await toolchain.build(task, "X = 1\n")
    assert report.status is BuildStatus.UNVERIFIED
    assert "ty failed" in (report.reason or "")


async def test_the_users_own_command(sandbox: Sandbox, tmp_path: Path) -> None:
    script = (
        "import sys; bad = 'bad' in open(sys.argv[1]).read()\n"
        "if bad: print(sys.argv[1] + ':1:2: error: bad word')\n"
        "sys.exit(bad)"
    )

    def checked_by(*command: str) -> Toolchain:
        return toolchains(lang.BUILT_IN, sandbox, timeout=60, commands={lang.PYTHON: command})[lang.PYTHON]

    own = checked_by(sys.executable, "-c", script, "{file}")
    task = task_of("«»", path=tmp_path / "a.py", workspace=tmp_path)
    assert (await own.build(task, "undefined_name\n")).compiled is True
    report = await own.build(task, "bad\n")
    assert [(d.file, d.line, d.column, d.message) for d in report.diagnostics] == [("a.py", 1, 2, "bad word")]
    absent = checked_by("no-such-checker")
    report = await absent.build(task, "x\n")
    assert (report.status, "no-such-checker" in (report.reason or "")) == (BuildStatus.UNVERIFIED, True)
    silent = checked_by(sys.executable, "-c", "raise SystemExit(3)")
    report = await silent.build(task, "x\n")
    assert report.status is BuildStatus.UNVERIFIED


async def test_the_doctor_finds_the_tools(sandbox: Sandbox) -> None:
    found = {finding.name: finding for finding in await python_findings(sandbox)}
    assert set(found) == {"python", "ruff", "ty"}
    assert all(finding.status is FindingStatus.OK for finding in found.values()), found
    assert found["ruff"].detail.startswith("ruff ")


async def test_a_package_without_init_files_is_one(toolchain: PythonToolchain, tmp_path: Path) -> None:
    files = {
        "pkg/other.py": "def one() -> int:\n    return 1\n",
        "pkg/inner/beside.py": "def two() -> int:\n    return 2\n",
    }
    write_files(tmp_path, files)
    text = (
        "from .. import other\nfrom ..other import one\nfrom . import beside\n\n\n"
        '«def area(w: int) -> int:\n    """Area.\n\n    >>> area(3)\n    6\n    """\n    ...»\n'
    )
    task = task_of(text, path=tmp_path / "pkg/inner/work.py", workspace=tmp_path, name="area")
    code = "def area(w: int) -> int:\n    return w * one() * other.one() * beside.two()"
    report = await toolchain.build(task, with_code(task, code))
    assert report.compiled is True, report.reason
    worse = await toolchain.build(task, with_code(task, code.replace("two", "three")))
    assert worse.status is BuildStatus.FAILED
    found = await toolchain.evidence(task, candidate_of(task, code))
    assert [result.status for result in found.results] == [CheckStatus.PROOF], found


async def test_what_only_untouched_functions_lack_does_not_count(toolchain: PythonToolchain, tmp_path: Path) -> None:
    text = "def frame():\n    import no_such_module\n    return no_such_module.x\n\n\n«def area(w):\n    ...»\n"
    task = task_of(text, path=tmp_path / "a.py", workspace=tmp_path)
    assert (await toolchain.build(task, with_code(task, "def area(w):\n    return w"))).compiled is True
    code = "def area(w):\n    import no_such_module\n    return no_such_module.x"
    assert (await toolchain.build(task, with_code(task, code))).status is BuildStatus.FAILED
