"""What a function uses of its project: the truth that ``context.py`` measures with, read apart from the product.

Names are found by node types of each grammar, not by the product's own reading, so that a mistake there shows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from forge_lsp.core.languages import Language
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.csharp import CSHARP
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.go import GO
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.rust import RUST

NAMED = {
    PYTHON: {"function_definition", "class_definition"},
    TYPESCRIPT: {
        "function_declaration", "generator_function_declaration", "function_signature", "class_declaration",
        "abstract_class_declaration", "interface_declaration", "type_alias_declaration", "enum_declaration",
        "method_definition", "method_signature", "abstract_method_signature", "public_field_definition",
        "property_signature", "variable_declarator", "enum_assignment",
    },
    GO: {
        "function_declaration", "method_declaration", "type_spec", "type_alias", "method_elem", "const_spec",
        "var_spec", "field_declaration",
    },
    RUST: {
        "function_item", "function_signature_item", "struct_item", "enum_item", "union_item", "trait_item", "type_item",
        "const_item", "static_item", "field_declaration", "enum_variant", "macro_definition",
    },
    JAVA: {
        "class_declaration", "interface_declaration", "enum_declaration", "record_declaration", "method_declaration",
        "variable_declarator", "enum_constant",
    },
    CSHARP: {
        "class_declaration", "interface_declaration", "struct_declaration", "enum_declaration", "record_declaration",
        "method_declaration", "property_declaration", "variable_declarator", "enum_member_declaration",
        "delegate_declaration",
    },
    C: {
        "function_definition", "declaration", "struct_specifier", "enum_specifier", "union_specifier", "enumerator",
        "field_declaration", "type_definition", "preproc_def", "preproc_function_def",
    },
}  # fmt: skip
NAMED[JAVASCRIPT] = NAMED[TYPESCRIPT]
NAMED[CPP] = NAMED[C] | {"class_specifier", "alias_declaration"}
BODIES = {"block", "statement_block", "compound_statement", "constructor_body", "function_body"}
CALLABLE = {
    "function_definition", "function_declaration", "generator_function_declaration", "method_definition",
    "method_declaration", "function_item",
}  # fmt: skip
LOCAL = {
    "parameters", "formal_parameters", "parameter_list", "lambda_parameters", "closure_parameters", "catch_clause",
    "except_clause", "as_pattern_target", "parameter_declaration", "formal_parameter", "short_var_declaration:left",
    "range_clause:left", "assignment:left", "for_statement:left", "for_in_statement:left", "for_in_clause:left",
    "named_expression:name", "variable_declarator:name", "let_declaration:pattern", "for_expression:pattern",
    "match_pattern", "let_condition:pattern", "enhanced_for_statement:name", "init_declarator:declarator",
    "declaration:declarator", "parameter_declaration:declarator", "var_spec:name", "type_switch_statement:alias",
    "foreach_statement:left", "parameter:pattern", "parameter", "arrow_function:parameter", "keyword_argument:name",
}  # fmt: skip
LEAVES = {
    "identifier", "type_identifier", "field_identifier", "property_identifier", "shorthand_property_identifier",
    "shorthand_field_identifier", "private_property_identifier",
}  # fmt: skip
MEMBER = {"attribute:attribute", "field_access:field", "method_invocation:name", "member_access_expression:name"}
STANDARD = frozenset(
    name
    for kind in (str, bytes, list, dict, set, int, float, tuple, type, BaseException)
    for name in dir(kind)
    if not name.startswith("__")
) | {
    "push", "map", "filter", "reduce", "forEach", "slice", "concat", "has", "set", "get", "delete", "size", "length",
    "toString", "then", "catch", "finally", "keys", "values", "entries", "test", "exec", "match", "next", "done",
    "value", "call", "apply", "bind", "now", "log", "error", "clone", "unwrap", "iter", "collect", "into", "as_ref",
    "len", "is_some", "is_none", "is_empty", "to_string", "to_owned", "add", "contains", "equals", "hashCode",
    "remove", "put", "isEmpty", "Length", "Count", "Add", "ToString", "Equals", "Select", "Where", "Any", "First",
    "Error", "String", "Len", "Write", "Read", "Close", "type", "default", "from",
}  # fmt: skip
MODULES = {
    PYTHON: ("tree_sitter_python", "language"),
    TYPESCRIPT: ("tree_sitter_typescript", "language_typescript"),
    JAVASCRIPT: ("tree_sitter_javascript", "language"),
    GO: ("tree_sitter_go", "language"),
    RUST: ("tree_sitter_rust", "language"),
    JAVA: ("tree_sitter_java", "language"),
    CSHARP: ("tree_sitter_c_sharp", "language"),
    C: ("tree_sitter_c", "language"),
    CPP: ("tree_sitter_cpp", "language"),
}
TEST_FILE = re.compile(
    r"(^|/)(tests?|__tests__|testing|spec|test-d)(/|$)|(^|[/._-])(tests?|spec)[/._-]|test_|Tests?\.|Fixture", re.I
)
CALLED = re.compile(rb"\b([A-Za-z_]\w*)[!?]?(?:::?<[^>()]*>|<[\w, ]*>)?\(")
RUNNER = re.compile(rb"\b(?:describe|it|test|suite)(?:\.\w+)*\.\Z")
"""What stands before a test runner's own functions: Jest's ``describe.each(``."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name is defined: its file, its line (from 0), the line's text up to the name's end."""

    file: str
    line: int
    head: str


@dataclass(slots=True)
class Function:
    """A function to blank: byte offsets of its body, and what it uses."""

    file: str
    name: str
    start: int
    body: tuple[int, int]
    uses: dict[str, bool]
    """Names; True: as a member of something."""


@dataclass(slots=True)
class Truth:
    """One project, read."""

    language: Language
    texts: dict[str, bytes] = field(default_factory=dict)
    places: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))
    functions: list[Function] = field(default_factory=list)
    tests: dict[str, str] = field(default_factory=dict)
    in_tests: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def parsed(language: Language, data: bytes) -> Any:
    """The root of a tree."""
    import tree_sitter

    module, function = MODULES[language]
    made = tree_sitter.Language(getattr(import_module(module), function)())
    return tree_sitter.Parser(made).parse(data).root_node


def read(folder: Path, language: Language) -> Truth:
    """All that is measured of the project in ``folder``."""
    truth = Truth(language)
    family = [language, *(one for one in NAMED if one is not language and one.id in language.family)]
    suffixes = language.suffixes
    if language is CPP:
        suffixes += C.suffixes
    test_suffixes = tuple(suffix for one in family for suffix in one.suffixes)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        test = TEST_FILE.search(name) is not None
        if not path.is_file() or not name.endswith(test_suffixes if test else suffixes):
            continue
        if path.stat().st_size > 400_000 or name.endswith(".d.ts"):
            continue
        if any(
            part in {"node_modules", "dist", "build", "vendor", "docs", "examples", "benches", "target", "obj"}
            or part.startswith(".")
            for part in name.split("/")[:-1]
        ):
            continue
        data = path.read_bytes()
        if test:
            truth.tests[name] = data.decode("utf-8", "replace")
            continue
        truth.texts[name] = data
        _look(truth, name, parsed(language, data), data)
    if language is RUST:
        for name, data in truth.texts.items():
            found = re.search(rb"#\[cfg\(test\)\]\s*mod \w+ \{", data)  # not ``mod tests;``, which is a file
            if found is not None:
                truth.tests[name] = data[found.start() :].decode("utf-8", "replace")
    for name, text in truth.tests.items():
        defined, data = _without_comments(next(one for one in family if name.endswith(one.suffixes)), text.encode())
        for match in CALLED.finditer(data):  # macros count, whose arguments are no part of a tree
            if match.end(1) not in defined and not RUNNER.search(data, max(0, match.start() - 40), match.start()):
                truth.in_tests[match[1].decode()].add(name)
    return truth


def _without_comments(language: Language, data: bytes) -> tuple[set[int], bytes]:
    """Where the names of definitions end, and the text with blanks for its comments."""
    found: set[int] = set()
    shown = bytearray(data)
    stack = [parsed(language, data)]
    while stack:
        node = stack.pop()
        stack.extend(node.named_children)
        if node.type in NAMED[language]:
            names = node.children_by_field_name("name") or [
                leaf for one in node.children_by_field_name("declarator") if (leaf := _leaf(one)) is not None
            ]
            found.update(one.end_byte for one in names)
        elif node.type.endswith("comment"):
            shown[node.start_byte : node.end_byte] = b" " * (node.end_byte - node.start_byte)
    return found, bytes(shown)


def _text(data: bytes, node: Any) -> str:
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _leaf(node: Any) -> Any:
    while node is not None and "declarator" in node.type:
        inner = node.child_by_field_name("declarator")
        node = inner if inner is not None else next(iter(reversed(node.named_children)), None)
    return node


def _declares_function(node: Any) -> bool:
    while node is not None and node.type != "function_declarator":
        inner = node.child_by_field_name("declarator")
        node = inner if inner is not None else next((c for c in node.named_children if "declarator" in c.type), None)
    return node is not None


def _names(node: Any) -> Iterator[Any]:
    found = node.children_by_field_name("name")
    if not found and node.child_by_field_name("declarator") is not None and "specifier" not in node.type:
        found = [leaf for one in node.children_by_field_name("declarator") if (leaf := _leaf(one)) is not None]
    yield from (one for one in found if one.type in LEAVES)


def _look(truth: Truth, file: str, root: Any, data: bytes) -> None:
    named = NAMED[truth.language]

    def define(name: Any) -> None:
        begin = data.rfind(b"\n", 0, name.start_byte) + 1
        head = data[begin : name.end_byte].decode("utf-8", "replace").strip()
        truth.places[_text(data, name)].append(Place(file, name.start_point.row, head))

    def own_fields(body: Any) -> None:
        stack = [body]
        while stack:
            node = stack.pop()
            stack.extend(node.named_children)
            left = node.child_by_field_name("left")
            if left is None or node.type not in ("assignment", "assignment_expression"):
                continue
            holder = left.child_by_field_name("object")
            name = left.child_by_field_name("attribute") or left.child_by_field_name("property")
            if holder is not None and name is not None and _text(data, holder) in ("self", "this"):
                known = {place.file for place in truth.places[_text(data, name)]}
                if file not in known:
                    define(name)

    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in named:
            bodied = node.child_by_field_name("body") is not None
            if not (
                node.type in ("struct_specifier", "enum_specifier", "union_specifier", "class_specifier") and not bodied
            ):
                for name in _names(node):
                    define(name)
        if node.type == "assignment" and truth.language is PYTHON:
            left = node.child_by_field_name("left")
            if left is not None and left.type == "identifier":
                define(left)
        body = node.child_by_field_name("body")
        if node.type in CALLABLE and body is not None and body.type in BODIES:
            if truth.language in (PYTHON, TYPESCRIPT, JAVASCRIPT):
                own_fields(body)
            _function(truth, file, node, body, data)
            continue
        if node.type in ("block", "constructor_body") and truth.language in (CSHARP, JAVA):
            continue  # of a constructor, an accessor, an operator: what is defined there is nobody else's
        if node.type == "mod_item" and b"cfg(test)" in data[max(0, node.start_byte - 40) : node.start_byte]:
            continue
        if node.type in (
            "arrow_function",
            "function_expression",
            "lambda",
            "call_expression",
            "object",
            "new_expression",
        ):
            continue
        stack.extend(reversed(node.named_children))


def _function(truth: Truth, file: str, node: Any, body: Any, data: bytes) -> None:
    name = next(_names(node), None)
    if name is None or body.end_point.row - body.start_point.row < 3:
        return
    if truth.language in (C, CPP) and not _declares_function(node):
        return  # a class after whose keyword a macro stands
    local: set[str] = set()
    uses: dict[str, bool] = {}
    stack = [(node, "", False)]
    while stack:
        here, spot, binds = stack.pop()
        inside = here.start_byte >= body.start_byte
        if here.type in LEAVES:
            text = _text(data, here)
            member = spot in MEMBER or here.type in ("field_identifier", "property_identifier")
            if binds and not member:
                local.add(text)
            elif inside:
                uses[text] = uses.get(text, True) and member
            continue
        for index, child in enumerate(here.children):
            if not child.is_named:
                continue
            inner = f"{here.type}:{here.field_name_for_child(index)}"
            stack.append(
                (
                    child,
                    inner,
                    (binds and not inner.endswith((":type", ":value", ":default", ":return_type")))
                    or here.type in LOCAL
                    or inner in LOCAL,
                )
            )
    found = {text: member for text, member in uses.items() if member or text not in local}
    found.pop(_text(data, name), None)
    truth.functions.append(Function(file, _text(data, name), name.start_byte, (body.start_byte, body.end_byte), found))


def own_names(truth: Truth, function: Function) -> dict[str, list[Place]]:
    """Names that the function uses and its project defines, with the places that may be meant."""
    found: dict[str, list[Place]] = {}
    data = truth.texts[function.file]
    first = data.count(b"\n", 0, function.start)
    last = data.count(b"\n", 0, function.body[1])
    for name, member in function.uses.items():
        places = [p for p in truth.places.get(name, ()) if p.file != function.file or not first <= p.line <= last]
        here = [place for place in places if place.file == function.file]
        if here:
            found[name] = here
        elif places and len({place.file for place in places}) <= 3 and not (member and name in STANDARD):
            found[name] = places
    return found


def tests_of(truth: Truth, function: Function) -> set[str]:
    """Test files with a call of the function."""
    called = function.name != "constructor" and not function.name.startswith("__")
    return truth.in_tests.get(function.name, set()) if called else set()
