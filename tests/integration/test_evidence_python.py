"""The user's examples, run on candidates good, wrong and hostile, in the sandbox that this machine gives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from forge_lsp.checking.toolchains import toolchains
from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.ports import Sandbox
from forge_lsp.languages.python.toolchain import PythonToolchain
from tests.integration.builds_cases import real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of, task_of, write_files

PROOF, OWED, NOT_RUNNABLE = CheckStatus.PROOF, CheckStatus.OWED, CheckStatus.NOT_RUNNABLE
KEPT, FAILED, UNRELATED = CheckStatus.KEPT, CheckStatus.FAILED, CheckStatus.UNRELATED

ADD = '''«def add(a, b):
    """Add: add(2, 3) == 5.

    >>> add(1, 2)
    3
    >>> total = add(4, 4)
    >>> total
    8
    """
    ...»
'''


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


@pytest.fixture
def toolchain(sandbox: Sandbox) -> PythonToolchain:
    return PythonToolchain(sandbox, timeout=40)


def statuses(evidence: Evidence) -> list[CheckStatus]:
    assert evidence.blocked is None, evidence
    return [result.status for result in evidence.results]


def body(code: str, head: str = "") -> str:
    lines = "\n".join(f"    {line}" for line in code.split("\n"))
    return f"{head}def add(a, b):\n{lines}"


async def test_a_right_candidate_passes_every_example(toolchain: PythonToolchain) -> None:
    task = task_of(ADD, name="add", instruction="add(7, 7) == 14")
    evidence = await toolchain.evidence(task, candidate_of(task, body("return a + b")))
    assert statuses(evidence) == [PROOF] * 4
    assert [(r.source, r.expected, r.actual, r.line) for r in evidence.results] == [
        ("add(1, 2)", "3", "", 4),
        ("total = add(4, 4)\ntotal", "8", "", 7),
        ("add(2, 3)", "5", "", 2),
        ("add(7, 7)", "14", "", 0),
    ]
    assert evidence.kinds == ("doctest", "example")


async def test_a_check_of_the_users_own_leaves_the_examples_in_force(sandbox: Sandbox) -> None:
    own = toolchains(lang.BUILT_IN, sandbox, timeout=40, commands={lang.PYTHON: ("true",)})[lang.PYTHON]
    task = task_of(ADD, name="add", instruction="")
    wrong = candidate_of(task, body("return a - b"))
    assert (await own.build(task, wrong.text)).tool == "true"
    assert OWED in statuses(await own.evidence(task, wrong))


async def test_a_wrong_candidate_fails_with_both_values(toolchain: PythonToolchain) -> None:
    task = task_of(ADD, name="add")
    evidence = await toolchain.evidence(task, candidate_of(task, body("return a - b")))
    assert statuses(evidence) == [OWED] * 3
    assert [(r.expected, r.actual) for r in evidence.results] == [("3", "-1"), ("8", "0"), ("5", "-1")]
    other = await toolchain.evidence(task, candidate_of(task, body("return a + b")))
    assert [r.id for r in other.results] == [r.id for r in evidence.results]


@pytest.mark.parametrize(
    ("want", "code", "status"),
    [
        ('"https"', "return 'https'", PROOF),
        ('{"b": [1,2], "a": "x"}', "return {'a': 'x', 'b': [1, 2]}", PROOF),
        ("(1,)", "return (1,)", PROOF),
        ("[1, 2]", "return [1, 3]", OWED),
        ("[1, 2]", "return (1, 2)", OWED),
        ("[1.0, 2]", "return [1, 2]", OWED),
        ("[1, 0]", "return [True, False]", OWED),
        ("{'a': 1}", "import collections\nreturn collections.OrderedDict(a=1)", OWED),
        # What is printed is text: JSON has double quotes, and a dict that is printed has not.
        ('{"a": 1}', "print({'a': 1})", OWED),
        ('{"a": 1}', "print('{', end='')\nreturn {'a': 1}", OWED),
        # A class that looks like the value is none.
        ('"https"', "class Https:\n    def __repr__(self):\n        return \"'https'\"\nreturn Https()", OWED),
    ],
)
async def test_a_value_in_another_notation_is_that_value(
    toolchain: PythonToolchain, want: str, code: str, status: CheckStatus
) -> None:
    source = f'«def add(a, b):\n    """Add.\n\n    >>> add(1, 2)\n    {want}\n    """\n    ...»\n'
    task = task_of(source, name="add")
    assert statuses(await toolchain.evidence(task, candidate_of(task, body(code)))) == [status]


@pytest.mark.parametrize(
    ("lines", "code", "expected"),
    [
        (">>> found = add(1, 2)\nlen(found) = 2", "return [a, b]", [PROOF]),
        (">>> found = add(1, 2)\nlen(found) = 3", "return [a, b]", [OWED]),
        (">>> found = add(1, 2)\nfound == 3\n>>> add(1, 1)\n2", "return a + b", [PROOF, PROOF]),
        (">>> found = add(1, 2)\nself.total = 3", "return a + b", [OWED]),
        (">>> add(1, 2)\ntotal = 3", "print('total = 3')", [PROOF]),
        (">>> add(1, 2)\n<function add at 0x7f8e3b7eb180>", "return add", [PROOF]),
        (">>> add(1, 2)\n<function add at 0x7f8e3b7eb180>", "return len", [OWED]),
    ],
)
async def test_what_is_said_of_a_name_and_of_an_object_with_an_address(
    toolchain: PythonToolchain, lines: str, code: str, expected: list[CheckStatus]
) -> None:
    said = "".join(f"    {line}\n" for line in lines.split("\n"))
    task = task_of(f'«def add(a, b):\n    """Add.\n\n{said}    """\n    ...»\n', name="add")
    assert statuses(await toolchain.evidence(task, candidate_of(task, body(code)))) == expected


async def test_variations_of_the_examples_show_where_candidates_part(toolchain: PythonToolchain) -> None:
    task = task_of(ADD, name="add")

    async def seen(code: str) -> dict[str, str]:
        evidence = await toolchain.evidence(task, candidate_of(task, body(code)))
        return {one.call: one.answer for one in evidence.observed}

    right = await seen("return a + b")
    # Passes every example of the user's and is wrong all the same.
    learnt = await seen("return {(1, 2): 3, (4, 4): 8, (2, 3): 5}[a, b]")
    assert right["add(2, 2)"] == "4"
    assert learnt["add(2, 2)"] == "raises KeyError"
    assert right.keys() == learnt.keys()
    assert await seen("return b + a") == right


async def test_a_variation_that_never_ends_costs_only_itself(toolchain: PythonToolchain) -> None:
    task = task_of(ADD, name="add")
    evidence = await toolchain.evidence(task, candidate_of(task, body("while b == 0: pass\nreturn a + b")))
    assert statuses(evidence) == [PROOF] * 3
    answers = {one.call: one.answer for one in evidence.observed}
    assert "add(1, 0)" not in answers
    assert answers["add(2, 2)"] == "4"


async def test_a_candidate_cannot_bring_its_own_proof(toolchain: PythonToolchain) -> None:
    task = task_of("«def add(a, b): ...»\n", name="add")
    code = 'def add(a, b):\n    """\n    >>> add(1, 1)\n    0\n    """\n    return 0'
    assert (await toolchain.evidence(task, candidate_of(task, code))).results == ()


async def test_an_example_without_a_value_only_shows_that_it_runs(toolchain: PythonToolchain) -> None:
    task = task_of('«def f(x):\n    """\n    >>> f(1)\n    >>> assert f(1) != 3\n    """»\n', name="f")

    async def seen(code: str) -> list[CheckStatus]:
        evidence = await toolchain.evidence(task, candidate_of(task, f"def f(x):\n    {code}"))
        return [result.status for result in evidence.results]

    assert await seen("pass") == [KEPT]
    # Nobody says that it gives None: a stub that does must not count against who returns something.
    assert await seen("return 2") == [KEPT]
    assert await seen("return 3") == [FAILED]
    assert await seen("raise ValueError(x)") == [FAILED, FAILED]


async def test_what_cannot_be_run_is_told_apart(toolchain: PythonToolchain) -> None:
    task = task_of(
        'class Undefined: ...\n\n\n«def add(a, b):\n    """\n    >>> add(1,\n    3\n\n    >>> nobody(1)\n    3\n'
        "    >>> import no_such_module\n    >>> no_such_module.f()\n    1\n    >>> x = add('a', 1)\n    >>> x\n    1\n"
        "    >>> add(1, 1)  # doctest: +SKIP\n    9\n    >>> helper(1)\n    1\n    >>> add(1, 1)\n    2\n"
        '    """»\n',
        name="add",
    )
    evidence = await toolchain.evidence(task, candidate_of(task, body("return a + b")))
    found = {r.source.split("\n")[-1]: r for r in evidence.results}
    assert found["nobody(1)"].status is NOT_RUNNABLE
    assert "nobody defines it" in found["nobody(1)"].detail
    assert found["no_such_module.f()"].status is NOT_RUNNABLE
    assert "not installed" in found["no_such_module.f()"].detail
    assert found["x"].status is OWED
    assert found["helper(1)"].status is NOT_RUNNABLE
    assert [r.status for r in evidence.results if r.source == "add(1, 1)"] == [PROOF]
    assert [r.status for r in evidence.results if "SKIP" in r.source] == [NOT_RUNNABLE]
    assert [r.status for r in evidence.results if "add(1," in r.source and r.line == 6] == [NOT_RUNNABLE]


async def test_a_name_in_repeated_documentation_is_not_defined_by_it(toolchain: PythonToolchain) -> None:
    documented = (
        'class Box:\n    """\n    >>> box.size()\n    3\n    >>> Box().size()\n    3\n    """\n    def size(self):\n'
    )
    task = task_of(f"«{documented}        ...»\n", name="Box")
    evidence = await toolchain.evidence(task, candidate_of(task, f"{documented}        return 3"))
    assert [r.status for r in evidence.results] == [NOT_RUNNABLE, PROOF]


async def test_iterators_that_examples_go_on_with_are_left_as_they_are(toolchain: PythonToolchain) -> None:
    """A class whose objects hold and give iterators, and examples that change them one after the other."""
    head = (
        "class Seek:\n    def __init__(self, source):\n        self.source = iter(source)\n"
        "        self.seen, self.at = [], 0\n"
        "\n    def __iter__(self):\n        return self\n"
        "\n    def __next__(self):\n        if self.at == len(self.seen):\n"
        "            self.seen.append(next(self.source))\n"
        "        self.at += 1\n        return self.seen[self.at - 1]\n"
        '\n    def back(self, count):\n        """Go back.\n\n        >>> it = Seek(n for n in range(9))\n'
        "        >>> iter(it) is it\n        True\n        >>> next(it), next(it)\n        (0, 1)\n"
        "        >>> it.back(1).at\n        1\n        >>> next(it), next(it)\n        (1, 2)\n"
        '        >>> it.back(3)\n        Seek\n        >>> list(it)[:2]\n        [0, 1]\n        """\n'
    )
    text = f"{head}«        ...»\n\n    def __repr__(self):\n        return 'Seek'\n"
    task = task_of(text)
    evidence = await toolchain.evidence(task, candidate_of(task, "        self.at -= count\n        return self"))
    assert [r.status for r in evidence.results if r.status not in (KEPT, PROOF)] == []
    assert [r.source for r in evidence.results if r.status is PROOF][-1] == "list(it)[:2]"
    assert evidence.doubt is None


async def test_what_the_candidate_fails_to_define_is_its_failure(toolchain: PythonToolchain) -> None:
    task = task_of(ADD, name="add")
    evidence = await toolchain.evidence(task, candidate_of(task, "def plus(a, b):\n    return a + b"))
    assert OWED in statuses(evidence)
    assert PROOF not in statuses(evidence)


async def test_doctest_directives_exceptions_and_blank_lines(toolchain: PythonToolchain) -> None:
    task = task_of(
        'class Broken(Exception): ...\n\n\n«def show(x):\n    """\n    >>> show("a")  # doctest: +ELLIPSIS\n    a...z\n'
        '    >>> show("blank")\n    one\n    <BLANKLINE>\n    two\n    >>> show(1)\n'
        "    Traceback (most recent call last):\n"
        "        ...\n    Broken: not 1\n    >>> show(2)  # doctest: +IGNORE_EXCEPTION_DETAIL\n"
        '    Traceback (most recent call last):\n    ValueError: anything\n    """»\n',
        name="show",
    )
    code = (
        "def show(x):\n    if x == 1:\n        raise Broken('not 1')\n    if x == 2:\n        raise ValueError('two')\n"
        "    print('one\\n\\ntwo' if x == 'blank' else 'abcz')"
    )
    evidence = await toolchain.evidence(task, candidate_of(task, code))
    assert statuses(evidence) == [PROOF] * 4, evidence.results


async def test_values_are_compared_as_python_does(toolchain: PythonToolchain) -> None:
    task = task_of(
        "«»", instruction="f(0) == [1, 2]; f(1) == {'a': 1}; f(2) == 1; f(3) == (1, 2); f(4) raises KeyError"
    )
    code = (
        "import collections, enum\n\n\ndef f(x):\n    if x == 4:\n        raise KeyError(x)\n"
        "    return [[1.0, 2], collections.Counter('a'), enum.IntEnum('E', 'A').A,"
        " collections.namedtuple('P', 'x y')(1, 2)][x]\n"
    )
    evidence = await toolchain.evidence(task, candidate_of(task, code))
    assert statuses(evidence) == [PROOF] * 5, evidence.results


HOSTILE = {
    "exits with success": body("import os\nos._exit(0)"),
    "exits by exception": body("raise SystemExit(0)"),
    "prints what would be results": body('print(\'{"state": "done"}\')\nprint(3)\nprint(8)\nreturn None'),
    "writes to every file descriptor": body(
        "import os\nfor fd in range(3, 64):\n    try:\n"
        '        os.write(fd, b\'{"token": 1, "answer": {"state": "done", "output": "3"}}\\n\')\n'
        "    except OSError:\n        pass\nreturn None"
    ),
    "is equal to everything": body(
        "return Yes()", head="class Yes:\n    def __eq__(self, other):\n        return True\n\n\n"
    ),
    "patches doctest and builtins": body(
        "import builtins, doctest, json\n"
        "doctest.OutputChecker.check_output = lambda *a: True\n"
        "builtins.repr = lambda x: '3'\njson.dumps = lambda *a, **k: '{}'\nreturn None"
    ),
    "kills its parent": body("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nreturn None"),
    "writes to its parent's output": body(
        "import os\ntry:\n    with open(f'/proc/{os.getppid()}/fd/1', 'w') as out:\n"
        '        out.write(\'{"state": "end"}\\n\')\nexcept OSError:\n    pass\nreturn None'
    ),
    "replaces the display hook": body("import sys\nsys.displayhook = lambda x: print(3)\nreturn 0"),
    "closes all files": body("import os\nos.closerange(3, 64)\nreturn None"),
    "recurses without end": body("return add(a, b)"),
    "segfaults": body("import ctypes\nctypes.string_at(0)\nreturn 3"),
    "raises at import": "raise RuntimeError('no')\n" + body("return a + b"),
    "exits at import": "import os\nos._exit(0)\n" + body("return a + b"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_candidate_passes_nothing(toolchain: PythonToolchain, name: str) -> None:
    task = task_of(ADD, name="add")
    evidence = await toolchain.evidence(task, candidate_of(task, HOSTILE[name]))
    assert len(evidence.results) == 3
    assert PROOF not in statuses(evidence), evidence.results
    assert OWED in statuses(evidence)


async def test_an_endless_loop_costs_one_example(sandbox: Sandbox) -> None:
    toolchain = PythonToolchain(sandbox, timeout=8)
    task = task_of(ADD, name="add")
    code = body("while a == 1:\n    pass\nreturn a + b")
    evidence = await toolchain.evidence(task, candidate_of(task, code))
    assert statuses(evidence) == [OWED, PROOF, PROOF]
    assert evidence.results[0].detail.startswith("did not finish in ")


async def test_an_endless_import_ends(sandbox: Sandbox) -> None:
    toolchain = PythonToolchain(sandbox, timeout=4)
    task = task_of(ADD, name="add")
    evidence = await toolchain.evidence(task, candidate_of(task, "while True: pass"))
    assert statuses(evidence) == [OWED] * 3


async def test_names_live_on_after_an_example_that_hung(sandbox: Sandbox) -> None:
    toolchain = PythonToolchain(sandbox, timeout=8)
    task = task_of(
        '«def f(x):\n    """\n    >>> y = f(1)\n    >>> y\n    1\n    >>> f(0)\n    0\n    >>> y\n    1\n    """»\n'
    )
    code = "def f(x):\n    while not x:\n        pass\n    return x"
    evidence = await toolchain.evidence(task, candidate_of(task, code))
    assert statuses(evidence) == [PROOF, OWED, PROOF]


async def test_the_users_files_and_secrets_are_out_of_reach(
    toolchain: PythonToolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    write_files(tmp_path, {"keep.txt": "mine", "pkg/__init__.py": "", "pkg/a.py": ""})
    secret = write_files(tmp_path.parent / f"{tmp_path.name}-home", {"id_rsa": "hunter2"}) / "id_rsa"
    task = task_of("«»", path=tmp_path / "pkg/a.py", workspace=tmp_path, instruction="look() == ['gone', None, False]")
    code = (
        "import os, shutil\n\n\ndef look():\n"
        f"    shutil.rmtree({str(tmp_path)!r}, ignore_errors=True)\n"
        f"    return ['gone', os.environ.get('SECRET_KEY'), os.path.exists({str(secret)!r})]\n"
    )
    evidence = await toolchain.evidence(task, candidate_of(task, code))
    assert statuses(evidence) == [PROOF], evidence.results
    assert (tmp_path / "keep.txt").read_text() == "mine"
    assert (tmp_path / "pkg/a.py").read_text() == ""


async def test_a_module_of_a_package_is_imported_as_part_of_it(toolchain: PythonToolchain, tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "src/pkg/__init__.py": "from pkg.core import two\n",
            "src/pkg/core.py": "def two(): ...\n",
            "src/pkg/base.py": "ONE = 1\n",
            "src/pkg/sub/__init__.py": "",
        },
    )
    text = 'from .base import ONE\n\n\n«def two():\n    """\n    >>> two(), __name__\n    (2, \'pkg.core\')\n    """»\n'
    task = task_of(text, path=tmp_path / "src/pkg/core.py", workspace=tmp_path, name="two")
    evidence = await toolchain.evidence(task, candidate_of(task, "def two():\n    return ONE + 1"))
    assert statuses(evidence) == [PROOF], evidence.results
    inside = task_of("«»", path=tmp_path / "src/pkg/sub/__init__.py", workspace=tmp_path, instruction="f() == 1")
    found = await toolchain.evidence(
        inside, candidate_of(inside, "from ..base import ONE\n\n\ndef f():\n    return ONE\n")
    )
    assert statuses(found) == [PROOF], found.results


async def test_a_document_named_like_a_known_module(toolchain: PythonToolchain, tmp_path: Path) -> None:
    task = task_of("«»", path=tmp_path / "json.py", instruction="mine() == 1")
    evidence = await toolchain.evidence(task, candidate_of(task, "def mine():\n    return 1\n"))
    assert statuses(evidence) == [PROOF], evidence.results
    task = task_of("«»", path=tmp_path / "my-script.py", instruction="mine() == 1")
    code = "def mine():\n    return 1\n\n\nif __name__ == '__main__':\n    raise SystemExit\n"
    assert statuses(await toolchain.evidence(task, candidate_of(task, code))) == [PROOF]


async def test_a_module_that_cannot_be_imported_anyway_is_not_the_candidates_fault(
    toolchain: PythonToolchain, tmp_path: Path
) -> None:
    text = "import no_such_module\n\n\n«def f(): ...»\n"
    task = task_of(text, path=tmp_path / "a.py", instruction="f() == 1", name="f")
    evidence = await toolchain.evidence(task, candidate_of(task, "def f():\n    return 1"))
    assert statuses(evidence) == [NOT_RUNNABLE]
    assert "with or without the candidate" in evidence.results[0].detail


async def test_without_a_sandbox_nothing_is_run(tmp_path: Path) -> None:
    class NoSandbox:
        kind = "none"
        runs_project_code = False
        remedy = "apt install bubblewrap"

        def open(self, tree: object) -> object:
            raise AssertionError("opened")

    toolchain = PythonToolchain(NoSandbox(), timeout=5)  # type: ignore[arg-type]
    task = task_of(ADD, name="add")
    evidence = await toolchain.evidence(task, candidate_of(task, body("return a + b")))
    assert evidence.results == ()
    assert "no sandbox" in (evidence.blocked or "")
    assert "apt install bubblewrap" in (evidence.remedy or "")
    nothing = replace(task, document=replace(task.document, text="x = 1\n" * 30))
    assert (await toolchain.evidence(nothing, candidate_of(nothing, ""))).blocked is None


async def test_another_stub_that_an_example_calls_is_not_the_candidates_fault(toolchain: PythonToolchain) -> None:
    task = task_of(
        '«def area(w, h):\n    """\n    >>> area(2, 3)\n    6\n    >>> area(side(4), 2)\n    4\n    """\n'
        "    raise NotImplementedError»\n\n\ndef side(surface):\n    raise NotImplementedError\n",
        name="area",
    )
    evidence = await toolchain.evidence(task, candidate_of(task, "def area(w, h):\n    return w * h"))
    assert statuses(evidence) == [PROOF, UNRELATED], evidence.results


LOOKS = {
    "frames": body("import sys\nat = sys._getframe(1)\nreturn a + b"),
    "frames by a computed name": body("import sys\nat = getattr(sys, '_get' + 'frame')(1)\nreturn a + b"),
    "its own text": body("text = open(__file__).read()\nreturn a + b"),
    "objects": body("import gc\nfound = gc.get_objects()\nreturn a + b"),
}


@pytest.mark.parametrize("name", LOOKS)
async def test_what_could_learn_the_expected_value_is_a_doubt(toolchain: PythonToolchain, name: str) -> None:
    task = task_of(ADD, name="add")
    evidence = await toolchain.evidence(task, candidate_of(task, LOOKS[name]))
    assert statuses(evidence) == [PROOF] * 3
    assert evidence.doubt is not None
    same = task_of(ADD.replace("    ...»", LOOKS[name].partition("\n")[2] + "»"), name="add")
    assert (await toolchain.evidence(same, candidate_of(same, LOOKS[name]))).doubt is None, "the user's text does so"


async def test_its_own_documentation_has_no_examples_while_they_are_run(toolchain: PythonToolchain) -> None:
    task = task_of(ADD, name="add")
    reads = body("seen = str(add.__doc__)\nreturn 0 if '>>>' in seen else a + b")
    evidence = await toolchain.evidence(task, candidate_of(task, reads))
    assert (statuses(evidence), evidence.doubt) == ([PROOF] * 3, None)


@pytest.mark.parametrize(
    "settings",
    [
        {"pyproject.toml": '[tool.pytest.ini_options]\ndoctest_optionflags = ["ELLIPSIS", "NORMALIZE_WHITESPACE"]\n'},
        {"setup.cfg": "[tool:pytest]\ndoctest_optionflags =\n    NORMALIZE_WHITESPACE\n    ELLIPSIS\n"},
    ],
)
async def test_the_project_s_options_of_doctests_hold(
    toolchain: PythonToolchain, tmp_path: Path, settings: dict[str, str]
) -> None:
    write_files(tmp_path, settings)
    text = '«def show():\n    """Show.\n\n    >>> print(show())\n    <Shape  at ...>\n    """\n    ...»\n'
    task = task_of(text, path=tmp_path / "a.py", workspace=tmp_path, name="show")
    found = await toolchain.evidence(task, candidate_of(task, "def show():\n    return '<Shape at 0x12>'"))
    assert [result.status for result in found.results] == [CheckStatus.PROOF], found


async def test_calls_of_others_are_run_on_a_candidate_and_nothing_is_told_of_what_gives_no_answer(
    toolchain: PythonToolchain,
) -> None:
    task = task_of(ADD, name="add", instruction="")
    calls = ["add(20, 1)", "a = 4\nadd(a, a)", "add(1, None)", "add(", "add(1, object)", "while True: pass\nadd(1, 1)"]
    seen = await toolchain.observe(task, candidate_of(task, body("return a + b")), calls)
    assert [(one.call, one.answer) for one in seen] == [
        ("add(20, 1)", "21"),
        ("a = 4\nadd(a, a)", "8"),
        ("add(1, None)", "raises TypeError"),
        ("add(1, object)", "raises TypeError"),
    ]
    broken = candidate_of(task, body("return a + b", head="1 / 0\n"))
    assert await toolchain.observe(task, broken, calls) == ()
