"""What a candidate's text does that could forge a proof and the user's text does not. Pure: read, not run.

The second line behind the tracer of ``runners/ruby_tests.rb``: what is not seen while it runs is seen here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from forge_lsp.core.attempt import Candidate
from forge_lsp.core.task import Task
from forge_lsp.editing.tree import Grammars, ParsedText
from forge_lsp.languages.ruby import RUBY
from forge_lsp.reading import table_beside

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["doubt_of"]

_TABLE = table_beside(__file__)
_SAYS: Mapping[str, str] = _TABLE["says"]
_ENDS = _SAYS["ends"]
_READS = "the code reads the tests that it is judged by"
_EQUALS = "the code brings an equality that does not look at the other side"
_PATCHES = "the code changes the tests' library or Ruby's own classes"

_WORDS = {word: _SAYS[why] for why, words in _TABLE["words"].items() for word in words}
_CORE = re.compile(
    r"(?:::)?(?:BasicObject|Object|Kernel|Module|Class|Comparable|Enumerable|NilClass|TrueClass|FalseClass|Numeric|Integer"
    r"|Float|Rational|Complex|String|Symbol|Array|Hash|Range|Regexp|Struct|Proc|Method|Exception|IO|File|Dir|Process"
    r"|Marshal|Math|Time|Thread|GC|JSON|Random)"
)
_TESTING = re.compile(r"\A(?:::)?(?:Minitest|MiniTest|RSpec|Test::Unit)\b")
_PLACES = re.compile(r"/proc/|\.git\b|(?:^|[/\\])test_[^/\\]*\.rb|_(?:test|spec)\.rb|(?:^|/)(?:test|spec)s?(?:/|$)")
_CALLED = {("Process", "kill"): _ENDS, ("Process", "daemon"): _ENDS}
_REACHING = ("class_eval", "class_exec", "module_eval", "instance_eval", "prepend", "define_method", "alias_method")
_EQUALITY = frozenset({"==", "===", "eql?", "<=>", "coerce", "=~"})
_IDENTITY = frozenset({"equal?", "!=", "!", "nil?", "is_a?", "kind_of?", "instance_of?"})


@cache
def _grammars() -> Grammars:
    return Grammars()


def doubt_of(task: Task, candidate: Candidate) -> str | None:
    """Return in words why no proof of a candidate is believed, by what is new in its text; None: nothing of that."""
    known = set(_found(task.document.text))
    return "; ".join(dict.fromkeys(why for what, why in _found(candidate.text) if (what, why) not in known)) or None


def _found(text: str) -> Iterator[tuple[str, str]]:
    source = _grammars().parse(text, RUBY)
    own = {
        source.of(left) for node in source.find("assignment") if (left := node.child_by_field_name("left")) is not None
    }
    for parameters in source.find("method_parameters", "block_parameters"):
        own |= {source.of(one.child_by_field_name("name") or one) for one in parameters.named_children}
    stack = [source.root]
    while stack:
        node = stack.pop()
        if node.type != "identifier" or source.of(node) not in own or _is_called(node):
            yield from _of(node, source)
        stack.extend(reversed(node.named_children))


def _of(node: Node, source: ParsedText) -> Iterator[tuple[str, str]]:
    kind, text = node.type, source.of(node)
    if kind in ("identifier", "constant", "global_variable") and text in _WORDS and _is_use(node):
        yield text, _WORDS[text]
    elif kind in ("simple_symbol", "string_content") and (word := text.lstrip(":")) in _WORDS and _is_argument(node):
        yield word, _WORDS[word]
    elif kind in ("string_content", "regex") and len(text) < 200 and _PLACES.search(text):
        yield text, _READS
    elif kind == "end_block":
        yield "END", _ENDS
    elif kind in ("class", "module", "singleton_class"):
        named = node.child_by_field_name("name") or node.child_by_field_name("value")
        name = source.of(named).removeprefix("::") if named is not None else ""
        if _CORE.fullmatch(name) or _TESTING.match(name):
            yield f"{kind} {name}", _PATCHES
    elif kind in ("method", "singleton_method"):
        yield from _defined(node, source)
    elif kind == "call":
        receiver, method = node.child_by_field_name("receiver"), node.child_by_field_name("method")
        owner = source.of(receiver) if receiver is not None else ""
        name = source.of(method) if method is not None else ""
        if (why := _CALLED.get((owner, name))) is not None:
            yield f"{owner}.{name}", why
        elif name in _REACHING and (_CORE.fullmatch(owner) or _TESTING.match(owner)):
            yield f"{owner}.{name}", _PATCHES
        elif name in ("define_method", "define_singleton_method"):
            defined = re.search(r":([!=<~?\w]+)", text)
            if defined is not None and defined[1] in _EQUALITY | _IDENTITY:
                yield f"{name} {defined[1]}", _EQUALS


def _is_called(node: Node) -> bool:
    method = node.parent.child_by_field_name("method") if node.parent is not None else None
    return method is not None and method.id == node.id


def _is_use(node: Node) -> bool:
    """Whether a word is used, and not a name of its own: a parameter, a key, a local variable that is set."""
    parent = node.parent
    if parent is None:
        return True
    named = parent.child_by_field_name("name")
    if named is not None and named.id == node.id and parent.type != "scope_resolution":
        return False
    left = parent.child_by_field_name("left")
    if parent.type == "assignment" and left is not None and left.id == node.id:
        return False
    return parent.type not in ("method_parameters", "block_parameters", "pair", "keyword_parameter")


def _is_argument(node: Node) -> bool:
    """Whether a symbol or a string is given to what calls methods by their names."""
    parent = node.parent if node.type == "simple_symbol" else node.parent and node.parent.parent
    call = parent.parent if parent is not None and parent.type == "argument_list" else None
    method = call.child_by_field_name("method") if call is not None else None
    return method is not None and method.text in (b"send", b"__send__", b"public_send", b"method", b"const_get")


def _defined(node: Node, source: ParsedText) -> Iterator[tuple[str, str]]:
    """An equality that does not use what it is given, or what says which kind of value it is."""
    named = node.child_by_field_name("name")
    name = source.of(named) if named is not None else ""
    if name in _IDENTITY:
        yield f"def {name}", _EQUALS
    if name not in _EQUALITY:
        return
    parameters, body = node.child_by_field_name("parameters"), node.child_by_field_name("body")
    given = [source.of(one) for one in parameters.named_children] if parameters is not None else []
    text = source.of(body) if body is not None else ""
    if not given or not re.search(rf"(?<!\w){re.escape(given[0])}(?!\w)", text):
        yield f"def {name}", _EQUALS
