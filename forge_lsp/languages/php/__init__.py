"""PHP."""

import re

from forge_lsp.core.languages import Language, imported
from forge_lsp.core.support import BenchSupport, CheckingSupport, ContextSupport, EditingSupport, ExtractionSupport

__all__ = ["PHP"]

PHP = Language(
    id="php",
    title="PHP",
    suffixes=(".php", ".phtml"),
    test_files=re.compile(r"(?:.*/)?(?:[^/]*Test\.php|[Tt]ests?/.*\.php)"),
    output_folders={"vendor": ("composer.json", "composer.lock"), ".phpunit.cache": ()},
    editing=imported(EditingSupport, "forge_lsp.languages.php.editing:EDITING"),
    extraction=imported(ExtractionSupport, "forge_lsp.languages.php.extraction:EXTRACTION"),
    context=imported(ContextSupport, "forge_lsp.languages.php.context:CONTEXT"),
    checking=imported(CheckingSupport, "forge_lsp.languages.php.checking:CHECKING"),
    bench=imported(BenchSupport, "forge_lsp.languages.php.bench:BENCH"),
)
