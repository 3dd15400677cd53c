"""Which languages there are: those that the product brings, those of installed packages, those of the settings."""

from __future__ import annotations

import logging
from functools import cache
from importlib.metadata import entry_points

from forge_lsp.core.languages import Language, Languages
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.csharp import CSHARP
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.go import GO
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.kotlin import KOTLIN
from forge_lsp.languages.php import PHP
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.ruby import RUBY
from forge_lsp.languages.rust import RUST

__all__ = ["BUILT_IN", "GROUP", "languages"]

logger = logging.getLogger(__name__)

GROUP = "forge_lsp.languages"
"""Entry points of this group name a :class:`~forge_lsp.core.languages.Language` each."""
BUILT_IN = Languages((PYTHON, CSHARP, TYPESCRIPT, JAVASCRIPT, GO, RUST, JAVA, C, CPP, PHP, RUBY, KOTLIN))


def languages() -> Languages:
    """Return a new registry of the languages that are built in and those of installed packages."""
    return Languages((*BUILT_IN, *_installed()))


@cache
def _installed() -> tuple[Language, ...]:
    """The languages of installed packages. One that cannot be loaded is logged and left out."""
    found: list[Language] = []
    for point in entry_points(group=GROUP):
        try:
            language = point.load()
        except Exception:
            logger.exception("The language %r of an installed package cannot be loaded", point.name)
            continue
        if not isinstance(language, Language):
            logger.error("The entry point %r of %s is no Language", point.name, GROUP)
        elif BUILT_IN.get(language.id) is not None:
            logger.error("The entry point %r of %s: forge-lsp brings %s itself", point.name, GROUP, language)
        else:
            found.append(language)
    return tuple(found)
