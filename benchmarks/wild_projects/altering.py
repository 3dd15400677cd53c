"""A function in other words: mutants that may be wrong, and forms that are as right as it is.

Both are made from the leaves of its syntax tree, alike for all languages. Whether a mutant is wrong, and a form still
right, is for the project's own tests to say. Pure.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forge_lsp.core.languages import Language
from forge_lsp.editing.tree import Grammars, ParsedText

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Altered", "Definition", "breaking_callers", "forms", "mutants"]

_GRAMMARS = Grammars()
_OPERATORS = {
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "==": "!=",
    "!=": "==",
    "===": "!==",
    "!==": "===",
    "+": "-",
    "-": "+",
    "*": "+",
    "//": "*",
    "%": "*",
    "+=": "-=",
    "-=": "+=",
    "&&": "||",
    "||": "&&",
    "and": "or",
    "or": "and",
    "in": "not in",
    "not in": "in",
    "is": "is not",
    "is not": "is",
    "true": "false",
    "false": "true",
    "True": "False",
    "False": "True",
    "break": "continue",
}
_NUMBERS = re.compile(r"(?:integer|number|int_literal|integer_literal|decimal_integer_literal|number_literal)")
_TEXTS = re.compile(r"(?:string|string_literal|interpreted_string_literal|template_string|raw_string_literal)")
_COMMENTS = re.compile(r"(?:line_|block_)?comment")
_CONDITIONAL = frozenset({"if_statement", "if_expression", "while_statement", "while_expression"})
_SIMPLE = frozenset(
    {
        *("expression_statement", "return_statement", "lexical_declaration", "variable_declaration"),
        *("short_var_declaration", "assignment_statement", "let_declaration", "local_variable_declaration"),
        *("declaration", "expression_statement", "call_expression"),
    }
)
_DECLARED = {
    "assignment": "left",
    "variable_declarator": "name",
    "short_var_declaration": "left",
    "let_declaration": "pattern",
    "init_declarator": "declarator",
}
_NAMING = frozenset({"keyword_argument", "field_initializer", "labeled_statement", "keyed_element", "literal_element"})
"""What an identifier is part of where another name would mean another thing."""
_EXTRA = {
    "python": "wanted_first",
    "javascript": "wantedFirst",
    "typescript": "wantedFirst: number",
    "go": "wantedFirst int",
    "rust": "_wanted_first: u8",
    "java": "int wantedFirst",
    "csharp": "int wantedFirst",
    "c": "int wanted_first",
    "cpp": "int wanted_first",
}
_NAMED = re.compile(r"(?m)^(?![ \t]*(?:[#@*]|//|/\*)).*?(?<![\w.])(?:func\s*\([^)]*\)\s*)?\w+\s*(?:<[^()]*>)?\s*\(")
_RECEIVER = re.compile(r"\s*(?:self|cls|&?(?:mut\s+)?(?:'\w+\s+)?(?:mut\s+)?self)\s*(?:,|(?=\)))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Altered:
    """A definition that was changed in one place; ``how`` says what was done."""

    how: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A definition in a text: it stands from ``start`` to ``end``, its body begins at ``body``."""

    text: str
    start: int
    body: int
    end: int
    language: Language

    @property
    def code(self) -> str:
        """The definition alone."""
        return self.text[self.start : self.end]

    def with_(self, start: int, end: int, text: str) -> str:
        """The definition with another ``text`` from one offset of the document to another."""
        return self.text[self.start : start] + text + self.text[end : self.end]

    def nodes(self) -> tuple[ParsedText, list[Node]]:
        """The tree of the document, and the nodes of the body."""
        tree = _GRAMMARS.parse(self.text, self.language)
        return tree, [node for node in _within(tree, tree.root, self.body, self.end) if tree.start(node) >= self.body]


def mutants(definition: Definition, seed: str) -> tuple[Altered, ...]:
    """Return mutants of a definition, in an order that ``seed`` draws."""
    found: dict[str, Altered] = {}
    for start, end, text, how in _changes(definition):
        code = definition.with_(start, end, text)
        found.setdefault(code, Altered(how=how, code=code))
    drawn = list(found.values())
    random.Random(seed).shuffle(drawn)
    return tuple(drawn)


def forms(definition: Definition) -> tuple[Altered, ...]:
    """Return a definition in other forms: with another name of a local, statements in another order, other quotes."""
    made = (_renamed(definition), _reordered(definition), _requoted(definition))
    return tuple(form for form in made if form is not None and form.code != definition.code)


def breaking_callers(definition: Definition) -> Altered | None:
    """Return a definition that wants one more argument, before all others; None where it has no list of parameters."""
    language, code = definition.language, definition.code
    extra = _EXTRA.get(language.id)
    head = code[: definition.body - definition.start]
    name = re.search(
        r"(?m)^(?![ \t]*(?:[#@*]|//|/\*)).*?(?<![\w.])(?:func\s*\([^)]*\)\s*)?\w+\s*(?:<[^()]*>)?\s*\(", head
    )
    if extra is None or name is None:
        return None
    at = name.end()
    receiver = _RECEIVER.match(code, at) if language.id in ("python", "rust") else None
    at = receiver.end() if receiver is not None else at
    lead = ", " if receiver is not None and not receiver[0].rstrip().endswith(",") else ""
    rest = code[at:].lstrip(" ")
    return Altered(
        how="one more argument", code=f"{code[:at]}{lead}{extra}{'' if rest.startswith(')') else ', '}{rest}"
    )


def _within(tree: ParsedText, node: Node, start: int, end: int) -> Iterator[Node]:
    """The nodes that lie between two offsets, texts and comments as leaves."""
    if tree.end(node) <= start or tree.start(node) >= end:
        return
    if tree.start(node) >= start and tree.end(node) <= end:
        yield node
    if not _TEXTS.fullmatch(node.type):
        for child in node.children:
            yield from _within(tree, child, start, end)


def _changes(definition: Definition) -> Iterator[tuple[int, int, str, str]]:
    tree, nodes = definition.nodes()
    for node in nodes:
        start, end, text = tree.start(node), tree.end(node), tree.of(node)
        if _COMMENTS.fullmatch(node.type):
            continue
        parent = node.parent.type if node.parent is not None else ""
        if not node.named_children and text in _OPERATORS and not re.search(r"type|for_|import|pointer|unary", parent):
            yield start, end, _OPERATORS[text], f"`{_OPERATORS[text]}` for `{text}`"
        elif _NUMBERS.fullmatch(node.type) and text.isdigit():
            yield start, end, str(int(text) + 1), f"{text} + 1"
        elif _TEXTS.fullmatch(node.type) and len(text) > 4 and not text.startswith(('"""', "'''")):
            middle = len(text) // 2
            if text[middle].isalpha() and text[middle - 1] != "\\":
                yield start + middle, start + middle + 1, "", "a letter less in a text"
        elif node.type in _CONDITIONAL and (condition := node.child_by_field_name("condition")) is not None:
            if not condition.type.startswith("let_"):  # a pattern has no opposite
                yield _negated(tree, condition, definition.language)
        elif node.type == "expression_statement" and text.endswith(";"):
            yield start, end, "", "a statement less"


def _negated(tree: ParsedText, condition: Node, language: Language) -> tuple[int, int, str, str]:
    start, end, text = tree.start(condition), tree.end(condition), tree.of(condition)
    how = "a condition turned round"
    if language.indented:
        return start, end, f"not ({text})", how
    if condition.type in ("parenthesized_expression", "condition_clause"):
        return start, end, f"(!{text})", how
    return start, end, f"!({text})", how


def _renamed(definition: Definition) -> Altered | None:
    """The first local that is nothing but a local: no field, no keyword, not named outside of the body."""
    tree, nodes = definition.nodes()
    plain = [node for node in nodes if node.type == "identifier" and node.parent is not None]
    places = {tree.start(node) for node in plain if node.parent is not None and node.parent.type not in _NAMING}
    for node in nodes:
        field = _DECLARED.get(node.type)
        target = node.child_by_field_name(field) if field is not None else None
        target = target.named_children[0] if target is not None and target.type == "expression_list" else target
        if target is None or target.type != "identifier":
            continue
        name, code = tree.of(target), definition.code
        word = rf"(?<![\w$]){re.escape(name)}(?![\w$])"
        uses = [found.start() + definition.start for found in re.finditer(word, code)]
        before = (definition.text[:at].rstrip(" ")[-2:] for at in uses)
        awkward = any(two.endswith((".", "->", "::", "{")) for two in before)
        fresh = f"{name}_value" if "_" in name or not definition.language.id.startswith("j") else f"{name}Value"
        if len(name) > 1 and not awkward and set(uses) <= places and fresh not in code:
            return Altered(how=f"`{name}` is `{fresh}`", code=re.sub(word, fresh, code))
    return None


def _reordered(definition: Definition) -> Altered | None:
    """Two neighbours that share no name, have no call and fit on a line each, changed over."""
    tree, nodes = definition.nodes()
    for node in nodes:
        other = node.next_named_sibling
        if other is None or node.type not in _SIMPLE or node.type != other.type:
            continue
        first, second = tree.range(node), tree.range(other)
        one, two = tree.of(node), tree.of(other)
        between = definition.text[first.end : second.start]
        if between.strip() or "\n" not in between or re.search(r"[(\n]|\b(?:return|yield|await)\b", one + two):
            continue
        if {*re.findall(r"\w+", one)} & {*re.findall(r"\w+", two)} - {"var", "let", "const", "int", "mut"}:
            continue
        code = definition.with_(first.start, second.end, f"{two}{between}{one}")
        return Altered(how="two statements changed over", code=code)
    return None


def _requoted(definition: Definition) -> Altered | None:
    """Texts with the other quotes, where the language has two that mean the same."""
    if definition.language.id not in ("python", "javascript", "typescript"):
        return None
    tree, nodes = definition.nodes()
    code = definition.code
    for node in reversed([node for node in nodes if node.type == "string"]):
        start, end, text = tree.start(node) - definition.start, tree.end(node) - definition.start, tree.of(node)
        if re.fullmatch(r"'[^'\"\\\n{}]*'|\"[^'\"\\\n{}]*\"", text):
            quote = '"' if text[0] == "'" else "'"
            code = f"{code[:start]}{quote}{text[1:-1]}{quote}{code[end:]}"
    return Altered(how="other quotes", code=code)
