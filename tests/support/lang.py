"""The languages, for tests: ``lang.PYTHON``."""

from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.csharp import CSHARP
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.go import GO
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.kotlin import KOTLIN
from forge_lsp.languages.php import PHP
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.registry import BUILT_IN
from forge_lsp.languages.ruby import RUBY
from forge_lsp.languages.rust import RUST

__all__ = [
    "BUILT_IN",
    "CPP",
    "CSHARP",
    "GO",
    "JAVA",
    "JAVASCRIPT",
    "KOTLIN",
    "PHP",
    "PYTHON",
    "RUBY",
    "RUST",
    "TYPESCRIPT",
    "C",
]
