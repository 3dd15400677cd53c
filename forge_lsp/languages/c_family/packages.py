"""From a header that is not there to the command that brings it."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping

from forge_lsp.reading import table_beside

__all__ = ["package_of", "remedy_of"]

_DEBIAN: Mapping[str, str] = table_beside(__file__, "packages.toml")
_OWN = ("assert.h", "ctype.h", "errno.h", "math.h", "stdio.h", "stdlib.h", "string.h", "sys/types.h", "unistd.h")


def package_of(header: str) -> str:
    """A command, or the step to take where no package is known."""
    if platform.system() == "Darwin":
        return "xcode-select --install" if header in _OWN else f"install the library that has {header}, with brew"
    if header in _OWN:
        return "apt-get install libc6-dev"
    if "/" not in header and "." not in header:
        return "apt-get install g++"
    folder = header.partition("/")[0] + "/"
    package = _DEBIAN.get(header) or _DEBIAN.get(folder)
    if package is not None:
        return f"apt-get install {package}"
    return f"install the package that has it (apt-file search {header}), or generate it by building the project once"


def remedy_of(words: str) -> str | None:
    """Return what to do about a build of tests that this machine cannot make, by the ``words`` of its tools; None where
    they do not say."""
    header = re.search(r"fatal error: '?(?P<name>[\w./+-]+)'?(?:: No such file| file not found)", words)
    if header is not None:
        return package_of(header["name"])
    library = re.search(r"(?:cannot find|library not found for) -l(?P<name>[\w.+-]+)", words)
    if library is not None:
        return f"install the library lib{library['name']} (apt-file search lib{library['name']}.so)"
    program = re.search(
        r"(?:(?<=: )|^)(?P<name>[\w./+-]+): (?:command )?(?:not found|No such file or directory)", words
    )
    if program is not None and not re.fullmatch(r"\d+", program["name"]):
        return f"install {program['name']}, or name another one in the build"
    if "CMake Error" in words:
        return "cmake -S . -B build"
    return None
