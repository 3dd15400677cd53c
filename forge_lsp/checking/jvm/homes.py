"""Which JDK a project asks for, and where version managers keep it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from forge_lsp.checking.project import Place
from forge_lsp.checking.versions import CHOSEN, homes, matching, numbers, wanted_version

__all__ = ["java_home"]

_JDKS = (
    ("SDKMAN_DIR", ".sdkman", "candidates/java/*"),
    ("JENV_ROOT", ".jenv", "versions/*"),
    ("ASDF_DATA_DIR", ".asdf", "installs/java/*"),
    ("MISE_DATA_DIR", ".local/share/mise", "installs/java/*"),
)


def java_home(place: Place, environment: Mapping[str, str]) -> Path | None:
    """Return the JDK that the project asks for (``.sdkmanrc``, ``.java-version``, ``.tool-versions``) where a version
    manager has it; None: it asks for none of them."""
    if CHOSEN in environment:
        return None
    wanted = wanted_version(place, (".java-version",), ("java",))
    path = place.nearest(".sdkmanrc")
    rc = re.search(r"^\s*java\s*=\s*(\S+)", place.text(path) or "", re.M) if path is not None else None
    wanted = rc[1] if rc is not None else wanted
    if wanted is None:
        return None
    known = {home.name: home for home in homes(_JDKS, environment) if (home / "bin" / "javac").is_file()}
    best = matching(wanted, sorted(known, key=numbers, reverse=True))
    return known[best] if best is not None else None
