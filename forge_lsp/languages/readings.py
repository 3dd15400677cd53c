"""What the gathering of context knows of each language, a module each."""

from forge_lsp.context.description import Reading
from forge_lsp.core.task import Language
from forge_lsp.languages.c_family.context import CPP, C
from forge_lsp.languages.csharp.context import CSHARP
from forge_lsp.languages.ecmascript.context import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.go.context import GO
from forge_lsp.languages.java.context import JAVA
from forge_lsp.languages.python.context import PYTHON
from forge_lsp.languages.rust.context import RUST

__all__ = ["Reading", "family_of", "reading_of"]

_READINGS = {
    Language.PYTHON: PYTHON,
    Language.CSHARP: CSHARP,
    Language.TYPESCRIPT: TYPESCRIPT,
    Language.JAVASCRIPT: JAVASCRIPT,
    Language.GO: GO,
    Language.RUST: RUST,
    Language.JAVA: JAVA,
    Language.C: C,
    Language.CPP: CPP,
}
_FAMILIES = ((Language.TYPESCRIPT, Language.JAVASCRIPT), (Language.C, Language.CPP))


def reading_of(language: Language) -> Reading:
    """How files of ``language`` are read."""
    return _READINGS[language]


def family_of(language: Language) -> tuple[Language, ...]:
    """The languages whose files may use each other's names, ``language`` among them."""
    return next((family for family in _FAMILIES if language in family), (language,))
