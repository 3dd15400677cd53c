"""Whatever a grammar accepts must be valid for the schema it was made of."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_lsp.models.embedded_grammar import grammar

REVIEW: dict[str, Any] = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string", "maxLength": 300},
        "score": {"type": "number", "minimum": 0, "maximum": 10},
        "issues": {
            "type": "array",
            "maxItems": 3,
            "items": {
                "type": "object",
                "properties": {
                    "severity": {"type": "string", "enum": ["error", "warning", "info"]},
                    "line": {"type": "integer", "minimum": 0},
                    "message": {"type": "string", "minLength": 1, "maxLength": 80},
                },
                "required": ["severity", "line", "message"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["reasoning", "score", "issues"],
    "additionalProperties": False,
}

# ------------------------------------------------------------------ a reader of GBNF that writes random words of it

TOKEN = re.compile(r'\s+|"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|\{\d+,\d+\}|[()|?]')
CHOSEN = "abc XYZ0123456789.,:;'{}[]()<>/+-_=é漢😀"


class Words:
    """Derives random words of the one rule of a grammar, by recursive descent over its text."""

    def __init__(self, text: str, rng: random.Random) -> None:
        head, _, body = text.partition("::=")
        assert head.strip() == "root"
        self.tokens: list[str] = []
        at = 0
        body = body.rstrip("\n")
        while at < len(body):
            found = TOKEN.match(body, at)
            assert found, f"not GBNF at {body[at : at + 40]!r}"
            at = found.end()
            if found.group().strip():
                self.tokens.append(found.group())
        self.at = 0
        self.rng = rng

    def word(self) -> str:
        made = self.alternatives()
        assert self.at == len(self.tokens)
        return made()

    def alternatives(self) -> Any:
        choices = [self.sequence()]
        while self.at < len(self.tokens) and self.tokens[self.at] == "|":
            self.at += 1
            choices.append(self.sequence())
        return lambda: self.rng.choice(choices)()

    def sequence(self) -> Any:
        parts = []
        while self.at < len(self.tokens) and self.tokens[self.at] not in ("|", ")"):
            parts.append(self.item())
        assert parts, "an empty sequence"
        return lambda: "".join(part() for part in parts)

    def item(self) -> Any:
        token = self.tokens[self.at]
        self.at += 1
        if token == "(":
            made = self.alternatives()
            assert self.tokens[self.at] == ")"
            self.at += 1
        elif token.startswith('"'):
            literal = re.sub(r"\\(.)", r"\1", token[1:-1])
            made = lambda: literal  # noqa: E731
        else:
            assert token.startswith("["), token
            pattern = re.compile(token)
            characters = [c for c in CHOSEN if pattern.fullmatch(c)]
            made = lambda: self.rng.choice(characters)  # noqa: E731
        while self.at < len(self.tokens) and (self.tokens[self.at] == "?" or self.tokens[self.at].startswith("{")):
            token, inner = self.tokens[self.at], made
            self.at += 1
            least, most = (0, 1) if token == "?" else map(int, token[1:-1].split(","))
            made = lambda inner=inner, a=least, b=most: "".join(  # noqa: E731
                inner() for _ in range(self.rng.choice((a, b, self.rng.randint(a, b))))
            )
        return made


def words(schema: Mapping[str, Any], count: int = 20, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    text = grammar(schema)
    return [Words(text, rng).word() for _ in range(count)]


def valid(value: Any, schema: Mapping[str, Any]) -> bool:
    """As much of JSON Schema as the grammar understands, written apart from it."""
    if "enum" in schema:
        return any(value == one and type(value) is type(one) for one in schema["enum"])
    if "const" in schema:
        return value == schema["const"]
    if "anyOf" in schema:
        return any(valid(value, one) for one in schema["anyOf"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    for kind in kinds:
        match kind, value:
            case "null", None:
                return True
            case "boolean", bool():
                return True
            case "integer" | "number", int() | float() if not isinstance(value, bool):
                if kind == "integer" and not isinstance(value, int):
                    continue
                return (
                    schema.get("minimum", value) <= value <= schema.get("maximum", value)
                    and value > schema.get("exclusiveMinimum", value - 1)
                    and value < schema.get("exclusiveMaximum", value + 1)
                )
            case "string", str():
                return schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 200)
            case "array", list():
                return schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 8) and all(
                    valid(one, schema["items"]) for one in value
                )
            case "object", dict():
                return list(value) == list(schema["properties"]) and all(
                    valid(value[name], one) for name, one in schema["properties"].items()
                )
            case _:
                continue
    return False


# ------------------------------------------------------------------ schemas

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8)
strings = st.tuples(st.integers(0, 5), st.integers(0, 20)).map(
    lambda pair: {"type": "string", "minLength": pair[0], "maxLength": pair[0] + pair[1]}
)
integers = st.tuples(st.integers(-3000, 3000), st.integers(0, 5000)).map(
    lambda pair: {"type": "integer", "minimum": pair[0], "maximum": pair[0] + pair[1]}
)
numbers = st.tuples(st.floats(-200, 200), st.floats(1, 500)).map(
    lambda pair: {"type": "number", "minimum": pair[0], "maximum": pair[0] + pair[1]}
)
enums = st.lists(st.one_of(texts, st.integers(-5, 5), st.none()), min_size=1, max_size=4).map(
    lambda values: {"enum": values}
)
leaves = st.one_of(
    strings, integers, numbers, enums, st.just({"type": "boolean"}), st.just({"type": ["null", "integer"]})
)
schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.integers(0, 3), st.integers(0, 3)).map(
            lambda t: {"type": "array", "items": t[0], "minItems": t[1], "maxItems": t[1] + t[2]}
        ),
        st.dictionaries(texts, inner, max_size=4).map(
            lambda properties: {"type": "object", "properties": properties, "required": sorted(properties)}
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda several: {"anyOf": several}),
    ),
    max_leaves=6,
)


@given(schemas, st.integers(0, 2**32))
def test_every_word_of_the_grammar_is_valid(schema: dict[str, Any], seed: int) -> None:
    for word in words(schema, count=5, seed=seed):
        assert valid(json.loads(word), schema), word


@given(st.integers(-1200, 1200), st.integers(0, 1500), st.integers(-2700, 2700))
def test_an_integer_is_accepted_exactly_when_it_is_in_range(low: int, span: int, tried: int) -> None:
    text = grammar({"type": "integer", "minimum": low, "maximum": low + span})
    pattern = re.sub(r'"([^"]*)"', lambda found: re.escape(found.group(1)), text.partition("::=")[2])
    accepts = re.fullmatch(pattern.replace(" ", "").strip(), str(tried)) is not None
    assert accepts == (low <= tried <= low + span)


def test_a_score_reaches_both_its_ends_and_never_leaves_them() -> None:
    made = [json.loads(word) for word in words(REVIEW["properties"]["score"], count=2000)]
    assert min(made) == 0
    assert max(made) == 10
    assert 0.5 in made or any(value != int(value) for value in made)


def test_words_of_the_review_schema_are_reviews() -> None:
    for word in words(REVIEW, count=200):
        review = json.loads(word)
        assert valid(review, REVIEW)
        assert "\n" not in word


def test_everything_is_bounded_where_the_schema_is_not() -> None:
    loose = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "array", "items": {"type": "string"}}},
    }
    assert max(map(len, words(loose, count=50))) < 200 * 9 + 100


@pytest.mark.parametrize("key", ["exclusiveMinimum", "exclusiveMaximum"])
@pytest.mark.parametrize("kind", ["integer", "number"])
def test_exclusive_bounds_exclude(key: str, kind: str) -> None:
    other = {"exclusiveMinimum": {"maximum": 6}, "exclusiveMaximum": {"minimum": 4}}[key]
    schema = {"type": kind, key: 5, **other}
    assert all(valid(json.loads(word), schema) for word in words(schema, count=200))


def test_references_are_followed() -> None:
    schema = {
        "type": "object",
        "properties": {"level": {"$ref": "#/$defs/Level"}},
        "$defs": {"Level": {"enum": ["low", "high"], "title": "Level"}},
    }
    assert {json.loads(word)["level"] for word in words(schema, count=50)} == {"low", "high"}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "a+"},
        {"$ref": "#/$defs/Tree", "$defs": {"Tree": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}}},
        {"$ref": "#/$defs/Absent"},
        {"type": "integer", "minimum": 3, "maximum": 2},
        {"type": "array"},
        {"type": "array", "items": {"type": "null"}, "minItems": 2, "maxItems": 1},
        {"type": "string", "minLength": 2, "maxLength": 1},
        {"type": "number", "minimum": 0.2, "maximum": 0.8},
        {"type": "object", "properties": {}, "required": ["a"]},
        {"enum": []},
        {"type": "date"},
        {},
    ],
)
def test_what_cannot_be_bounded_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        grammar(schema)
