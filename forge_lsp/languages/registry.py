"""The languages that the product brings."""

from forge_lsp.core.languages import Languages
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.csharp import CSHARP
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.go import GO
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.rust import RUST

__all__ = ["BUILT_IN"]

BUILT_IN = Languages((PYTHON, CSHARP, TYPESCRIPT, JAVASCRIPT, GO, RUST, JAVA, C, CPP))
