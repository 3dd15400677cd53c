"""PHP's own program, what it may see in a box, and what it says."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from forge_lsp.checking.problems import problem_at
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.reading import read_text

__all__ = ["COMPOSER_INSTALL", "INSTALL", "command_of", "find_php", "lint_problems"]

INSTALL = "install PHP: https://www.php.net/downloads (Debian, Ubuntu: apt install php-cli)"
COMPOSER_INSTALL = "composer install"
_QUIET = ("-d", "display_errors=1", "-d", "log_errors=0", "-d", "html_errors=0", "-d", "xdebug.mode=off")
_PROBLEM = re.compile(
    r"^(?:PHP )?(?P<kind>Parse|Fatal|Compile) error:\s+(?P<message>.+?) in (?P<file>.+?) on line (?P<line>\d+)\s*$",
    re.M | re.S,
)
_EXTENSION = re.compile(r"^[ \t]*extension[ \t]*=[ \t]*[\"']?(?P<name>[\w./-]+)", re.M)
# Where distributions keep what php.ini includes; images of containers have theirs below /usr, where a box sees it.
_SETTINGS = ("/etc/php/{version}/cli/conf.d", "/etc/php{digits}/conf.d", "/etc/php.d", "/etc/php/conf.d")


def find_php(environment: Mapping[str, str]) -> Path | None:
    """Return the ``php`` of PATH, or None."""
    found = shutil.which("php", path=environment.get("PATH", ""))
    return Path(found) if found is not None else None


@lru_cache(maxsize=16)
def command_of(php: Path) -> tuple[str, ...]:
    """Return the words with which PHP is started in a box: with the extensions that its settings name, for a box shows
    nothing of ``/etc``, and so that it says on its standard output, and there alone, what is wrong."""
    found = re.search(r"php-?(\d+)\.?(\d*)", php.resolve().name)
    version = ".".join(filter(None, found.groups())) if found is not None else ""
    folders = (Path(one.format(version=version, digits=version.replace(".", ""))) for one in _SETTINGS)
    files = (file for folder in folders if folder.is_dir() for file in sorted(folder.glob("*.ini")))
    names = dict.fromkeys(found["name"] for file in files for found in _EXTENSION.finditer(read_text(file) or ""))
    return (str(php), *_QUIET, *(word for name in names for word in ("-d", f"extension={name}")))


def lint_problems(output: str, document: str) -> tuple[Diagnostic, ...]:
    """Return what ``php -l`` says is wrong with a document."""
    return tuple(
        problem_at(
            document,
            int(found["line"]),
            code=f"{found['kind'].lower()}-error",
            message=" ".join(found["message"].split()),
            source="php",
        )
        for found in _PROBLEM.finditer(output)
    )
