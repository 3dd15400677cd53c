"""What the gathering of context knows of each language."""

from forge_lsp.context.description import Reading
from forge_lsp.core.languages import Language
from forge_lsp.languages.c_family import context as c_family
from forge_lsp.languages.csharp import context as csharp
from forge_lsp.languages.ecmascript import context as ecmascript
from forge_lsp.languages.go import context as go
from forge_lsp.languages.java import context as java
from forge_lsp.languages.python import context as python
from forge_lsp.languages.registry import BUILT_IN
from forge_lsp.languages.rust import context as rust

__all__ = ["Reading", "family_of", "reading_of"]

_READINGS = {
    "python": python.PYTHON,
    "csharp": csharp.CSHARP,
    "typescript": ecmascript.TYPESCRIPT,
    "javascript": ecmascript.JAVASCRIPT,
    "go": go.GO,
    "rust": rust.RUST,
    "java": java.JAVA,
    "c": c_family.C,
    "cpp": c_family.CPP,
}


def reading_of(language: Language) -> Reading:
    """How files of ``language`` are read."""
    return _READINGS[language.id]


def family_of(language: Language) -> tuple[Language, ...]:
    """The languages whose files may use each other's names, ``language`` among them."""
    return BUILT_IN.family_of(language)
