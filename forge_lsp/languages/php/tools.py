"""PHP's own program, what it may see in a box, and what it says."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from forge_lsp.checking.programs import readable_for
from forge_lsp.core.attempt import Diagnostic, Severity

__all__ = ["COMPOSER_INSTALL", "INSTALL", "QUIET", "find_php", "lint_problems", "readable_of"]

INSTALL = "install PHP: https://www.php.net/downloads (Debian, Ubuntu: apt install php-cli)"
COMPOSER_INSTALL = "composer install"
QUIET = ("-d", "display_errors=1", "-d", "log_errors=0", "-d", "html_errors=0", "-d", "xdebug.mode=off")
"""Options with which PHP says on its standard output, and there alone, what is wrong."""
_PROBLEM = re.compile(
    r"^(?:PHP )?(?P<kind>Parse|Fatal|Compile) error:\s+(?P<message>.+?) in (?P<file>.+?) on line (?P<line>\d+)\s*$",
    re.M | re.S,
)
# Where packages of distributions and images keep php.ini and what it includes.
_SETTINGS = ("/etc/php", "/etc/php.ini", "/etc/php.d", "/opt/homebrew/etc/php", "/usr/local/etc/php")


def find_php(environment: Mapping[str, str]) -> Path | None:
    """Return the ``php`` of PATH, or None."""
    found = shutil.which("php", path=environment.get("PATH", ""))
    return Path(found) if found is not None else None


def readable_of(php: Path) -> tuple[Path, ...]:
    """Return what PHP needs to see: its program's folder, and its settings, which name its extensions."""
    settings = (Path(path) for path in _SETTINGS)
    return (*readable_for(php), *(path for path in settings if path.exists()))


def lint_problems(output: str, document: str) -> tuple[Diagnostic, ...]:
    """Return what ``php -l`` says is wrong with a document."""
    return tuple(
        Diagnostic(
            file=document,
            line=int(found["line"]),
            column=0,
            severity=Severity.ERROR,
            code=f"{found['kind'].lower()}-error",
            message=" ".join(found["message"].split()),
            source="php",
        )
        for found in _PROBLEM.finditer(output)
    )
