"""PHP."""

import re

from forge_lsp.core.languages import Language, supports

__all__ = ["PHP"]

PHP = Language(
    id="php",
    title="PHP",
    suffixes=(".php", ".phtml"),
    test_files=re.compile(r"(?:.*/)?(?:[^/]*Test\.php|[Tt]ests?/.*\.php)"),
    output_folders={"vendor": ("composer.json", "composer.lock"), ".phpunit.cache": ()},
    **supports("forge_lsp.languages.php"),
)
