"""What a language brings for each thing that is done with its files; each record has a default that does without."""

from forge_lsp.core.support.bench import BenchSupport
from forge_lsp.core.support.checking import CheckingSupport, Tools
from forge_lsp.core.support.context import ContextSupport
from forge_lsp.core.support.editing import EditingSupport
from forge_lsp.core.support.extraction import ExtractionSupport, in_braces

__all__ = [
    "BenchSupport",
    "CheckingSupport",
    "ContextSupport",
    "EditingSupport",
    "ExtractionSupport",
    "Tools",
    "in_braces",
]
