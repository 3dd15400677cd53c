"""The program that runs compilers for the fast gate, with a script in the place of the compiler."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_lsp.languages import c_family
from tests.support.builds import write_files

COMPILER = """#!/bin/sh
case "$1" in
    make) echo "out.gch: $2 $(dirname "$2")/a.h" > "$4"; echo made >> "$5"; : > "$3" ;;
    broken) echo tried >> "$3"; exit 1 ;;
    -include)
        if [ "$3" = refused ]; then echo "fatal error: had to relocate PCH" >&2; exit 1; fi
        echo "precompiled"; cat "$4" ;;
    *) echo "whole"; cat "$2" ;;
esac
"""
Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    script = tmp_path / "compiler"
    script.write_text(COMPILER)
    script.chmod(0o755)
    source = write_files(tmp_path / "project", {"src/a.c": '#include "a.h"\nint x;\n', "src/a.h": "int a;\n"})
    os.utime(source / "src/a.h", (1e9, 1e9))  # what was just written may be written again
    return source


@pytest.fixture
def ask(source: Path) -> Iterator[Ask]:
    runner = Path(c_family.__path__[0]) / "runners" / "gcc"
    command = (sys.executable, "-I", "-S", "-B", str(runner), str(source))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None

        def asked(kind: str, make: tuple[str, ...], text: str) -> list[dict[str, Any]]:
            script = str(source.parent / "compiler")
            unit = {"file": "src/a.c", "argv": [script, kind, "{file}"], "make": [script, *make] if make else []}
            unit["head"] = text[: text.find("\n") + 1] if make else ""
            print(json.dumps({"lay": {"src/a.c": text}, "check": [unit]}), file=process.stdin, flush=True)
            return json.loads(process.stdout.readline())["answers"]

        yield asked
        process.stdin.close()


TEXT = '#include "a.h"\nint y;\n'


def make(source: Path) -> tuple[str, ...]:
    return ("make", "{head}", "{head}.gch", "{head}.d", str(source.parent / "log"))


def test_what_comes_first_is_compiled_once(ask: Ask, source: Path) -> None:
    for text in (TEXT, TEXT + "int z;\n"):
        (answer,) = ask("taken", make(source), text)
        word, marker, *rest = answer["out"].split("\n")
        assert (word, "\n".join(rest)) == ("precompiled", text.partition("\n")[2]), answer
        assert marker.startswith("# 2 ") and marker.endswith('/src/a.c"'), "lines are those of the file"
    assert (source.parent / "log").read_text() == "made\n"
    other = '#include "b.h"\nint y;\n'
    (answer,) = ask("taken", make(source), other)
    assert answer["out"] == f"whole\n{other}"


def test_it_is_made_again_when_a_header_changes(ask: Ask, source: Path) -> None:
    ask("taken", make(source), TEXT)
    write_files(source, {"src/a.h": "double other;\n"})
    (answer,) = ask("taken", make(source), TEXT)
    assert answer["out"].startswith("whole\n"), "not with what the header said before"
    for _ in range(100):
        (answer,) = ask("taken", make(source), TEXT)
        if answer["out"].startswith("precompiled\n"):
            break
    assert answer["out"].startswith("precompiled\n")


def test_one_that_the_compiler_refuses_does_no_harm(ask: Ask, source: Path) -> None:
    for _ in range(2):
        assert ask("refused", make(source), TEXT) == [{"code": 0, "out": f"whole\n{TEXT}", "err": ""}]


def test_one_that_cannot_be_made_is_not_tried_each_time(ask: Ask, source: Path) -> None:
    log = source.parent / "log"
    for _ in range(4):
        assert ask("taken", ("broken", "{head}", str(log)), TEXT)[0]["out"] == f"whole\n{TEXT}"
    assert log.read_text() == "tried\n"


def test_a_program_that_is_not_there_is_an_answer(ask: Ask, source: Path) -> None:
    (source.parent / "compiler").unlink()
    (answer,) = ask("taken", (), TEXT)
    assert answer["code"] == 127
