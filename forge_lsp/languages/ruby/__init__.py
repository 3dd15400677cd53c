"""Ruby."""

import re

from forge_lsp.core.languages import Language, imported
from forge_lsp.core.support import BenchSupport, CheckingSupport, ContextSupport, EditingSupport, ExtractionSupport

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
    editing=imported(EditingSupport, "forge_lsp.languages.ruby.editing:EDITING"),
    extraction=imported(ExtractionSupport, "forge_lsp.languages.ruby.extraction:EXTRACTION"),
    context=imported(ContextSupport, "forge_lsp.languages.ruby.context:CONTEXT"),
    checking=imported(CheckingSupport, "forge_lsp.languages.ruby.checking:CHECKING"),
    bench=imported(BenchSupport, "forge_lsp.languages.ruby.bench:BENCH"),
)
