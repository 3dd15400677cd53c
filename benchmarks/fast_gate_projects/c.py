"""C: gcc over the file, as the build gate asks it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from benchmarks.fast_gate_projects import METHODS, Command, Subject, write
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.project import Place
from forge_lsp.core.languages import Language
from forge_lsp.languages.c_family import C
from forge_lsp.languages.c_family.compilers import find_compiler, flavour
from forge_lsp.languages.c_family.flags import flags_of
from forge_lsp.languages.c_family.units import units_of

__all__ = ["SUBJECT", "checked"]


def project(root: Path, files: int) -> str:
    """Sources with a header each, which each call the one before."""
    write(root / "Makefile", "CFLAGS = -std=c11 -Wall -Iinclude\n")
    for i in range(files // 2):
        names = [f"int m{i}_f{k}(const struct list *xs, const char *name);" for k in range(METHODS)]
        write(root / "include/list.h", "#pragma once\nstruct list { int value; const struct list *next; };\n")
        write(root / f"include/m{i}.h", "\n".join(["#pragma once", '#include "list.h"', *names, ""]))
        lines = ["#include <stdio.h>", "#include <stdlib.h>", "#include <string.h>", f'#include "m{i}.h"']
        lines += [f'#include "m{i - 1}.h"' if i else "", ""]
        for k in range(METHODS):
            lines += [f"int m{i}_f{k}(const struct list *xs, const char *name) {{", "    int t = 0;"]
            lines += [f"    for (; xs != NULL; xs = xs->next) t += xs->value * {k + 1} + (int)strlen(name);"]
            lines += ['    if (t < 0) fprintf(stderr, "%s: %d\\n", name, t);']
            lines += [f"    t += m{i - 1}_f{k}(xs, name);"] if i else []
            lines += ["    return t + abs(t);", "}", ""]
        write(root / f"src/m{i}.c", "\n".join(lines))
    return "src/m1.c"


def checked(language: Language, root: Path, file: str, known: Mapping[str, str]) -> Command | None:
    """``-fsyntax-only`` of the document alone, which is the first of the build gate's command lines: where it finds
    nothing, a second one and ``nm`` follow, for the linker's errors. They are left out here, to our disadvantage."""
    compiler = find_compiler(language, known)
    if isinstance(compiler, Fault):
        return None
    told = subprocess.run((str(compiler), "--version"), capture_output=True, text=True, check=True).stdout
    place = Place(source=root, document=PurePosixPath(file))
    units = units_of(place, language)
    flags = flags_of(place, units.files, units.languages)[place.document]
    command = flavour(compiler, language, told.split("\n", 1)[0]).command
    return (command(flags.at(str(root)), [str(root / one) for one in units.files], header=units.header),)


SUBJECT = Subject(
    language=C,
    promised=1,
    make=project,
    good=lambda n: ("return t + abs(t);", f"return t + abs(t) + {n};"),
    commands=lambda root, file, known: checked(C, root, file, known),
)
