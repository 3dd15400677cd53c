"""Small repairs of code, by ranges of its outline: indentation, names, receivers, members put into a class. Pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.ensemble.extraction.brought import brought_names
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.go import GO
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.rust import RUST

__all__ = [
    "aligned_receiver",
    "belongs_to",
    "dedented_item",
    "defined_names",
    "fill",
    "import_names",
    "is_spelled_out",
    "mentions",
    "one_line",
    "out_of_class",
    "receiver",
    "renamed",
    "under_signature",
]

_DOCSTRING = re.compile(r"\s*[rRuU]?(?P<quote>\"\"\"|'''|\"|')(?:\\.|(?!(?P=quote)).)*(?P=quote)[ \t]*\n?", re.DOTALL)
_GO_RECEIVER = re.compile(r"func\s*\(\s*(?:\w+\s+)?\*?\s*(?P<type>\w+)")
_RECEIVERS = ("self", "cls")
# What demos are written with, by the header's name without ``c`` and ``.h``.
_PRINTERS = ("printf", "fprintf", "sprintf", "snprintf", "vsnprintf", "puts", "fputs", "putchar", "perror")
_READERS = ("scanf", "sscanf", "fscanf", "fgets", "getchar", "getc", "fopen", "fclose", "fread", "fwrite", "getline")
_DEMO_HEADERS = {
    "iostream": ("cout", "cin", "cerr", "clog", "endl", "ostream", "istream"),
    "stdio": (*_PRINTERS, *_READERS, "FILE", "EOF", "stdin", "stdout", "stderr", "NULL", "size_t", "fputc", "remove"),
    "assert": ("assert", "static_assert"),
}


def dedented_item(text: str, item: Item) -> str:
    """The whole lines of ``item``, moved to column 0."""
    return textwrap.dedent(text[_line_start(text, item.range.start) : item.range.end]).strip("\n")


def mentions(text: str, name: str) -> bool:
    """Whether ``name`` occurs in ``text`` as a word."""
    return name in text and re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text) is not None


def renamed(text: str, old: str, new: str) -> str:
    """``text`` with every word ``old`` as ``new``: its definition, its recursion, its mention in the documentation."""
    return re.sub(rf"(?<![\w$]){re.escape(old)}(?![\w$])", lambda _: new, text)


def receiver(item: Item, language: Language) -> str | None:
    """The type that a method of Go belongs to, which stands in its header; None for anything else."""
    match = _GO_RECEIVER.match(item.signature or "") if language is GO else None
    return match["type"] if match is not None else None


def belongs_to(item: Item, language: Language) -> str | None:
    """The type that an item beside it belongs to: Go's by the receiver, Rust's ``impl`` by its name."""
    if language is RUST and item.kind is ItemKind.CLASS and (item.name or "").startswith("impl "):
        return (item.name or "").rpartition(" ")[2]
    return receiver(item, language)


def defined_names(item: Item, text: str, language: Language) -> tuple[str, ...]:
    """The names that an item defines: one, or those of a statement that defines several (``A, B = 1, 2``)."""
    if item.kind is not ItemKind.ASSIGNMENT:
        return (item.name,) if item.name else ()
    source = item.range.of(text)
    names = [item.name] if item.name and item.name.isidentifier() else []
    if language is GO:
        names += (
            re.findall(r"^\s*(\w+)", source.partition("(")[2], re.M) if re.match(r"(?:const|var)\s*\(", source) else []
        )
    elif language in (JAVASCRIPT, TYPESCRIPT):
        pattern = re.match(r"(?:export\s+)?(?:const|let|var)\s*[{\[]([^=]*)[}\]]\s*(?::[^=]*)?=", source)
        names += re.findall(r"([\w$]+)\s*(?=[,}\]]|$)", pattern[1]) if pattern is not None else []
        names += [item.name] if item.name and item.name.startswith("#") else []
    elif language is PYTHON and not names:
        target = re.match(r"[\w\s,()\[\]*]*?(?==[^=])", source)
        names += re.findall(r"[A-Za-z_]\w*", target[0]) if target is not None else []
    return tuple(dict.fromkeys(names))


def one_line(statement: str) -> str:
    """An import statement on one line, without the parentheses and comments that let it span several."""
    if "\n" in statement:
        statement = re.sub(r"#[^\n]*", "", statement)
        statement = re.sub(r"\(\s*(.*?),?\s*\)", r"\1", statement, flags=re.DOTALL).replace("\\\n", " ")
    return " ".join(statement.split())


def import_names(statement: str, language: Language) -> tuple[str, ...] | None:
    """The names that an import statement brings in; None where that cannot be told from it alone."""
    if language is JAVA:
        java = re.fullmatch(r"import\s+(?:static\s+)?[\w.]*?(\w+)\s*;", statement.strip())
        return (java[1],) if java is not None else brought_names(statement, language)
    if language in (C, CPP):
        include = re.fullmatch(r"#\s*include\s*<([\w.]+)>", statement.strip())
        demo = _DEMO_HEADERS.get(include[1].removesuffix(".h").removeprefix("c")) if include is not None else None
        return demo or brought_names(statement, language)
    if language is not PYTHON:
        return brought_names(statement, language)
    if statement.rstrip().endswith("*"):
        return None
    match = re.match(r"from\s+\S+\s+import\s+(.*)|import\s+(.*)", statement.split("#")[0])
    if match is None:
        return None
    names: list[str] = []
    for part in (match[1] or match[2]).strip("() ").split(","):
        words = part.split()
        if words:
            names.append(words[2] if len(words) == 3 and words[1] == "as" else words[0].split(".")[0])
    return tuple(names)


def is_spelled_out(statement: str, code: str) -> bool:
    """Whether ``using namespace std;`` came with code that writes ``std::`` itself."""
    match = re.fullmatch(r"using\s+namespace\s+([\w:]+)\s*;", statement.strip())
    return match is not None and re.search(rf"(?<![\w:]){re.escape(match[1])}\s*::", code) is not None


def out_of_class(code: str, name: str, qualified: str) -> str:
    """A C++ method from its class, as it is defined outside: ``Stack::push`` for ``push``, and without the words that
    stand inside only."""
    header, brace, body = code.partition("{")
    header = re.sub(rf"(?<![\w~:]){re.escape(name)}(?=\s*\()", lambda _: qualified, header, count=1)
    header = re.sub(r"\b(?:virtual|explicit|static|friend)\s+", "", header)
    header = re.sub(r"\s+\b(?:override|final)\b", "", header)
    return header + brace + body


def fill(text: str, owner: Item, members: Mapping[str, str]) -> str:
    """``text`` with the children of the class ``owner`` replaced by ``members`` of the same name; the others are
    appended as its last ones, in order. ``members`` are dedented."""
    children = [child for child in owner.children if child.kind in (ItemKind.FUNCTION, ItemKind.CLASS)]
    last = owner.children[-1] if owner.children else None
    indent = _indent(text, children[0] if children else last) if last is not None else "    "
    known = {child.name for child in children}
    extra = [code for name, code in members.items() if name not in known]
    if extra:
        at = last.range.end if last is not None else (owner.body.end if owner.body is not None else owner.range.end)
        added = "".join(f"\n\n{textwrap.indent(code.strip(chr(10)), indent)}" for code in extra)
        text = text[:at].rstrip() + added + text[at:]
    for child in reversed(children):
        if child.name is not None and child.name in members:
            start = _line_start(text, child.range.start)
            body = textwrap.indent(members[child.name].strip("\n"), _indent(text, child))
            text = text[:start] + body + text[child.range.end :]
    return text


def aligned_receiver(code: str, item: Item, parameters: tuple[str, ...] | None, language: Language) -> str:
    """A method that lost its ``self``, or a function that gained one, as the signature has it (Python). Any other
    difference of parameters stays: callers and checks decide about it, a guess would only hide it."""
    if language is not PYTHON or parameters is None or item.parameters is None or item.name is None:
        return code
    header = re.compile(rf"(def\s+{re.escape(item.name)}\s*\(\s*)")
    alternative = re.compile(r"(def\s+\w+\s*\(\s*)")
    pattern = header if header.search(code) else alternative
    have, want = item.parameters, parameters
    static = "@staticmethod" in code.split("def ", 1)[0]
    if want[:1] and want[0] in _RECEIVERS and have == want[1:] and not static:
        return pattern.sub(lambda match: f"{match[1]}{want[0]}{', ' if have else ''}", code, count=1)
    if have[:1] and have[0] in _RECEIVERS and have[1:] == want and not re.search(rf"\b{have[0]}\b\s*[.(\[]", code):
        return re.sub(rf"(def\s+\w+\s*\(\s*){have[0]}\s*(?:,\s*)?", lambda match: match[1], code, count=1)
    return code


def under_signature(original: str, item: Item, body: str) -> str | None:
    """The header and the docstring of a Python function with ``body`` under them; None where it has no body."""
    if item.body is None:
        return None
    header = original[_line_start(original, item.range.start) : item.body.start].rstrip()
    docstring = _DOCSTRING.match(original[item.body.start : item.body.end])
    inside = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    if docstring is None:
        return f"{header}\n{inside}"
    words = docstring[0].strip()
    if words.count("\n"):
        first, rest = words.split("\n", 1)
        words = f"{first}\n{textwrap.indent(textwrap.dedent(rest), '    ')}"
    return f"{header}\n    {words}\n{inside}"


def _line_start(text: str, at: int) -> int:
    start = text.rfind("\n", 0, at) + 1
    return start if not text[start:at].strip() else at


def _indent(text: str, item: Item | None) -> str:
    if item is None:
        return "    "
    return text[_line_start(text, item.range.start) : item.range.start]
