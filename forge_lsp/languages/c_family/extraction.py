"""C and C++, for what is found in answers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from forge_lsp.core.support import ExtractionSupport
from forge_lsp.reading import table_beside

__all__ = ["CPP_EXTRACTION", "C_EXTRACTION"]

_HEADERS: Mapping[str, list[str]] = table_beside(__file__, "names.toml")


def _import_names(statement: str) -> list[str] | None:
    match = re.fullmatch(r"#\s*include\s*<([\w.]+)>", statement)
    if match is None:
        return None
    name = match[1].removesuffix(".h")
    return next((_HEADERS[one] for one in (match[1], name, name.removeprefix("c")) if one in _HEADERS), None)


def _needless(statement: str, code: str) -> bool:
    """Whether ``using namespace std;`` came with code that writes ``std::`` itself."""
    match = re.fullmatch(r"using\s+namespace\s+([\w:]+)\s*;", statement)
    return match is not None and re.search(rf"(?<![\w:]){re.escape(match[1])}\s*::", code) is not None


def _out_of_class(code: str, name: str, qualified: str) -> str:
    """A method from its class, as it is defined outside: ``Stack::push`` for ``push``, and without the words that
    stand inside only."""
    header, brace, body = code.partition("{")
    header = re.sub(rf"(?<![\w~:]){re.escape(name)}(?=\s*\()", lambda _: qualified, header, count=1)
    header = re.sub(r"\b(?:virtual|explicit|static|friend)\s+", "", header)
    header = re.sub(r"\s+\b(?:override|final)\b", "", header)
    return header + brace + body


C_EXTRACTION = ExtractionSupport(import_names=_import_names, needless=_needless)
CPP_EXTRACTION = ExtractionSupport(
    import_names=_import_names, needless=_needless, qualifier="::", out_of_class=_out_of_class
)
