"""Ruby."""

import re

from forge_lsp.core.languages import Language, supports

__all__ = ["RUBY"]

RUBY = Language(
    id="ruby",
    title="Ruby",
    suffixes=(".rb", ".rake"),
    beside=(".gemspec", "Gemfile", "Gemfile.lock"),
    comment="#",
    editor_keys=("rubyLsp.rubyExecutablePath",),
    test_files=re.compile(r"(?:.*/)?(?:[^/]*_(?:test|spec)\.rb|test_[^/]*\.rb|(?:test|spec)s?/.*\.rb)"),
    output_folders=dict.fromkeys((".bundle", ".yardoc"), ()),
    **supports("forge_lsp.languages.ruby"),
)
