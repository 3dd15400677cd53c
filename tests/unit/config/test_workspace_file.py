"""A workspace's forge.toml, whatever it is and whatever it says: it narrows or it is refused, and nothing hangs."""

from __future__ import annotations

import json
import math
import os
import socket
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forge_lsp.config import gather, profile_layer, resolve
from forge_lsp.config.tree import Settings
from forge_lsp.core.errors import SettingsError
from forge_lsp.languages.registry import BUILT_IN

USER = """
[budget]
job = 0.5
day = 2
month = 20
[accept]
score = 7.5
[check]
sandbox = "preferred"
timeout = 60
[apply]
mode = "preview"
format = false
[deadlines]
job = 600
[ladder]
after = "stop"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    (tmp_path / "user.toml").write_text(USER)
    return tmp_path


def load(folder: Path) -> Settings:
    sources = gather(workspace=folder / "project", environment={"FORGE_CONFIG": str(folder / "user.toml")})
    name = sources.profile
    return resolve(sources, profile_layer("embedded" if name in ("auto", "custom") else name)).settings


def wider(found: Settings, own: Settings) -> list[str]:
    """What of ``found`` is wider than ``own``; written out here, apart from the code that is tested."""
    problems = [
        name
        for name, theirs, mine in (
            ("budget.job", found.budget.job, own.budget.job),
            ("budget.day", found.budget.day, own.budget.day),
            ("budget.month", found.budget.month, own.budget.month),
            ("check.timeout", found.check.timeout, own.check.timeout),
            ("accept.score", -found.accept.score, -own.accept.score),
            *((key, value, getattr(own.deadlines, key)) for key, value in found.deadlines),
        )
        if not theirs <= mine
    ]
    sandbox, mode = ("off", "preferred", "required"), ("edit", "preview", "none")
    if sandbox.index(found.check.sandbox) < sandbox.index(own.check.sandbox):
        problems.append("check.sandbox")
    if mode.index(found.apply.mode) < mode.index(own.apply.mode):
        problems.append("apply.mode")
    if found.apply.format and not own.apply.format:
        problems.append("apply.format")
    if found.ladder.after != "stop" or found.accept.rule != own.accept.rule:
        problems.append("ladder or rule")
    if (found.servers, found.consent, found.prices) != (own.servers, own.consent, own.prices):
        problems.append("servers, consent or prices")
    if (found.fleet, found.state.dir) != (own.fleet, own.state.dir):
        problems.append("fleet or state")
    for language in BUILT_IN:
        one = found.check.of(language)
        if one.command or one.tests or one.interpreter or one.tests_seconds is not None:
            problems.append(f"programs of {language}")
    if found.language or found.described:
        problems.append("languages")
    for key, order in (("proof", ("reviewed", "supported", "kept", "proven")), ("panel", ("unproven", "always"))):
        if order.index(getattr(found.accept, key)) < order.index(getattr(own.accept, key)):
            problems.append(f"accept.{key}")
    if found.effort != own.effort:
        problems.append("effort")
    if any(model.name.lower().endswith(".gguf") for model in found.models.values()):
        problems.append("model files")
    return problems


# ------------------------------------------------------------------ what it says


@pytest.mark.parametrize(
    "text",
    [
        '[budget]\njob = "1000"',
        "[budget]\njob = '1e9'",
        'budget = { job = "9" }',
        '"budget"."job" = "9"',
        "[budget]\njob = true",
        "[budget]\njob = inf",
        "[budget]\njob = nan",
        "[budget]\njob = -1",
        "[budget]\njob = 1979-05-27",
        "[budget]\njob = [9]",
        "budget = 9",
        '[accept]\nscore = "0"',
        "[accept]\nscore = false",
        "[accept]\nscore = nan",
        '[deadlines]\njob = "80000"',
        '[check]\ntimeout = "80000"',
        "[check]\nsandbox = 'OFF'",
        "[check]\nsandbox = false",
        '[models.smollm2]\nname = "/x/MODEL.GGUF"',
        'profile = "/dev/zero"',
        'profile = "..\\\\x"',
        "profile = []",
        "[check.python]\n'command' = []",
        "[check.python]\ntests = ['sh', 'evil.sh']",
        "[check.ruby]\n'tests' = []",
        "[check.kotlin]\ninterpreter = './jdk'",
        "[check.php]\ntests_seconds = 80000",
        "[check.'php']\n\"\\u0074ests\" = ['x']",
        "[check.cobol]\ncommand = ['sh']",
        "[language.cobol]\nsuffixes = ['.cob']",
        "language = {}",
        "'language'.python.suffixes = ['.py']",
        '[lens]\nenabled = "yes"',
        "budget = " + "[" * 5000 + "]" * 5000,
        "budget = " + "{a=" * 2000 + "1" + "}" * 2000,
        "[budget]\njob = " + "9" * 5000,
        "\x00",
    ],
)
def test_what_is_no_plain_narrowing_is_refused(folder: Path, text: str) -> None:
    (folder / "project/forge.toml").write_text(text)
    with pytest.raises(SettingsError):
        load(folder)


def test_what_is_written_plainly_narrows(folder: Path) -> None:
    (folder / "project/forge.toml").write_text(
        '[budget]\njob = 0\n[accept]\nscore = 9\n[check]\nsandbox = "required"\ntimeout = 5\n[lens]\nenabled = false'
    )
    found = load(folder)
    assert (found.budget.job, found.accept.score, found.check.timeout, found.lens.enabled) == (0, 9, 5, False)


KEYS = [
    *("budget.job", "budget.day", "budget.month", "check.timeout", "check.sandbox", "accept.score", "accept.rule"),
    *(
        "apply.mode",
        "ladder.after",
        "deadlines.job",
        "deadlines.total",
        "profile",
        "consent.servers",
        "state.dir",
    ),
    *("fleet.program", "check.python.command", "models.smollm2.name", "models.x.name", "models.smollm2.server"),
    *("servers.embedded.url", "servers.x.kind", "prices.x.input", "lens.enabled", "schedule", "reviewers.x.weight"),
    *("apply.format", "budget", "check", "accept", "models", "check.python", "state.retention_days"),
    *("check.python.tests", "check.ruby.tests", "check.kotlin.interpreter", "check.php.tests_seconds", "language.x"),
    *("language.x.suffixes", "language", "language.python.suffixes", "check.x.command", "accept.proof", "accept.panel"),
    *("effort", "servers", "models.smollm2.think", "deadlines.load", "fleet.models", "fleet.servers"),
]
WORDS = [
    *("0", "1000", "1e9", "-1", "inf", "nan", " 9 ", "1_000", "0x10", "true", "off", "edit", "evidence", "never"),
    *(
        "required",
        "last_local",
        "cloud",
        "x.gguf",
        "X.GGUF",
        "/dev/zero",
        "embedded",
        "openai",
        "http://x/v1",
        "smollm2",
    ),
]
RAW = ["nan", "inf", "-inf", "true", "1979-05-27", "07:32:00", "0x7fffffffffffffff", "1e308", "9" * 4000, "1e-400"]
values = st.recursive(
    st.one_of(
        st.sampled_from(WORDS).map(json.dumps),
        st.sampled_from(RAW),
        st.integers(-10, 2_000_000).map(str),
        st.floats(allow_nan=False, allow_infinity=False).map(repr),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda found: f"[{', '.join(found)}]"),
        st.lists(inner, max_size=3).map(
            lambda found: (
                "{"
                + ", ".join(f"{key} = {value}" for key, value in zip(("job", "score", "x"), found, strict=False))
                + "}"
            )
        ),
    ),
    max_leaves=6,
)


def quoted(key: str, how: int) -> str:
    parts = key.split(".")
    if how == 1:
        return " . ".join(f'"{part}"' for part in parts)
    if how == 2:
        return ".".join(f"'{part}'" for part in parts)
    if how == 3:  # the same letters, escaped
        return ".".join('"' + "".join(f"\\u{ord(letter):04x}" for letter in part) + '"' for part in parts)
    return key


lines = st.tuples(st.sampled_from(KEYS), st.integers(0, 3), values).map(
    lambda one: f"{quoted(one[0], one[1])} = {one[2]}"
)


@pytest.mark.slow
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lines, min_size=1, max_size=4).map("\n".join))
def test_nothing_widens(folder: Path, text: str) -> None:
    (folder / "project/forge.toml").unlink(missing_ok=True)
    own = load(folder)
    (folder / "project/forge.toml").write_text(text)
    try:
        found = load(folder)
    except SettingsError:
        return
    assert wider(found, own) == []
    assert all(math.isfinite(value) for _, value in found.deadlines)


SIZE = 60_000
LARGE = {
    "one key of many parts": "a." * (SIZE // 2) + "a = 1",
    "one key of many quoted parts": "'a' . " * (SIZE // 6) + "a = 1",
    "one table of many parts": "[" + "a." * (SIZE // 2 - 2) + "a]",
    "tables": "".join(f"[models.m{number}]\n" for number in range(SIZE // 17)),
    "tables of an array": "[[schedule]]\n" * (SIZE // 13),
    "keys": "".join(f"k{number} = 1\n" for number in range(SIZE // 12)),
    "deep tables": "".join(f"[{'a.' * 49}k{number}]\n" for number in range(SIZE // 110)),
    "an inline table": "budget = {" + ", ".join(f"k{number} = 1" for number in range(SIZE // 14)) + "}",
    "a list": "schedule = [" + "1," * (SIZE // 2 - 10) + "]",
    "a word": 'profile = "' + "x" * (SIZE - 20) + '"',
    "a key": "x" * (SIZE - 10) + " = 1",
    "digits": "[budget]\njob = " + "9" * (SIZE - 20),
    "escapes": 'profile = "' + "\\u0041" * (SIZE // 6 - 10) + '"',
    "lines": 'profile = """' + "\\\n" * (SIZE // 2 - 20) + '"""',
    "quotes": "'" * SIZE,
    "brackets": "x = " + "[" * (SIZE // 2),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_a_large_file_is_refused_within_bounds_of_time_and_memory(folder: Path, name: str) -> None:
    """What grows with the square of the size would reach the time limit of the tests."""
    (folder / "project/forge.toml").write_text(LARGE[name])
    tracemalloc.start()
    try:
        with pytest.raises(SettingsError) as refused:
            load(folder)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64_000_000
    assert len(str(refused.value)) < 12_000


def test_a_key_of_some_parts_is_a_key(folder: Path) -> None:
    (folder / "project/forge.toml").write_text("'budget' . \"job\" = 0.25 # " + "a." * 20 + "\n")
    assert load(folder).budget.job == 0.25


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(lines.map(str.encode), st.binary(max_size=40)), max_size=6).map(b"\n".join))
def test_bytes_of_any_kind_narrow_or_are_refused(folder: Path, content: bytes) -> None:
    (folder / "project/forge.toml").unlink(missing_ok=True)
    own = load(folder)
    (folder / "project/forge.toml").write_bytes(content)
    try:
        found = load(folder)
    except SettingsError:
        return
    assert wider(found, own) == []


# ------------------------------------------------------------------ what it is


def fifo(path: Path) -> None:
    os.mkfifo(path)


def linked(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def linked_fifo(path: Path) -> None:
    os.mkfifo(path.parent / "pipe")
    path.symlink_to("pipe")


def unix_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


KINDS: dict[str, Callable[[Path], None]] = {
    "a named pipe": fifo,
    "a link to a named pipe": linked_fifo,
    "a link to /dev/zero": linked("/dev/zero"),
    "a link to /dev/stdin": linked("/dev/stdin"),
    "a link to the kernel's symbols": linked("/proc/kallsyms"),
    "a link to the kernel's messages": linked("/proc/kmsg"),
    "a link to a file of the kernel's": linked("/proc/self/environ"),
    "a link to itself": linked("forge.toml"),
    "a link to a folder": linked("."),
    "a socket": unix_socket,
    "a folder": Path.mkdir,
    "a terabyte": sparse,
    "no text": lambda path: path.write_bytes(b"\xff\xfe\x00"),
}


@pytest.mark.skipif(os.name != "posix", reason="makes files of POSIX")
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_plain_file_is_refused_at_once(folder: Path, kind: str) -> None:
    KINDS[kind](folder / "project/forge.toml")
    with pytest.raises(SettingsError, match=r"forge\.toml: "):
        load(folder)


def test_a_link_to_nowhere_is_no_file(folder: Path) -> None:
    (folder / "project/forge.toml").symlink_to("nowhere")
    assert load(folder).budget.job == 0.5


def test_the_users_own_may_come_by_a_pipe(folder: Path) -> None:
    """As a shell gives it: ``forge-lsp --config <(...)``."""
    reading, writing = os.pipe()
    os.write(writing, USER.encode())
    os.close(writing)
    try:
        sources = gather(config=Path(f"/dev/fd/{reading}"), environment={})
    finally:
        os.close(reading)
    assert sources.user.values["budget"] == {"job": 0.5, "day": 2, "month": 20}
