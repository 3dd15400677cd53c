"""What a language brings for each thing that is done with its files; each record has a default that does without."""

from forge_lsp.core.support.bench import *
from forge_lsp.core.support.checking import *
from forge_lsp.core.support.context import *
from forge_lsp.core.support.editing import *
from forge_lsp.core.support.extraction import *
