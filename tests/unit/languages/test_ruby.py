"""Ruby: outlines, landing, imports, what its parser says, what its runner tells."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.checking.project import Place, place_of
from forge_lsp.core.checks import Cause, RunState
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Item, ItemKind, ProcessResult
from forge_lsp.core.task import Document, ScopeKind, TextRange
from forge_lsp.editing.imports import merge_imports
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.languages.ruby.choosing import TEST_FILE, chosen_for, scope_lines
from forge_lsp.languages.ruby.imports import imports_itself
from forge_lsp.languages.ruby.project_tests import outcome_of
from forge_lsp.languages.ruby.tools import checked
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files
from tests.support.landing import landed, landing_task

SYNTAX = TreeSitterSyntax()
STACK = """# frozen_string_literal: true

require "set"

module Shop
  # Holds goods.
  class Stack < Base
    include Comparable

    LIMIT = 5

    def initialize(*items, size: 1, **more, &block)
      @items = items
    end

    # Puts one on top.
    def push(item, times = 1)
      raise NotImplementedError
    end

    def self.build = new

    def empty?
    end

    private def top
      @items.last
    end

    class << self
      def limit
        # TODO: read it
        nil
      end
    end

    def text
      <<~TEXT
        #{LIMIT} def inside
      TEXT
    end
  end
end

Point = Struct.new(:x, :y) do
  def length
    raise "not implemented yet"
  end
end

if RUBY_VERSION > "3"
  def newer; 1; end
end
"""


def all_of(items: tuple[Item, ...]) -> list[Item]:
    return [one for item in items for one in (item, *all_of(item.children))]


def named(text: str) -> dict[str, Item]:
    return {item.name: item for item in all_of(SYNTAX.outline(text, lang.RUBY).items) if item.name}


def test_an_outline() -> None:
    outline = SYNTAX.outline(STACK, lang.RUBY)
    assert outline.errors == ()
    found = named(STACK)
    assert found["push"].signature == "def push(item, times = 1)"
    assert found["push"].parameters == ("item", "times")
    assert found["push"].range.of(STACK).startswith("# Puts one on top.")
    assert found["initialize"].parameters == ("items", "size", "more", "block")
    assert found["top"].signature == "private def top"
    assert found["Stack"].signature == "class Stack < Base"
    assert found["Point"].kind is ItemKind.CLASS
    assert found["LIMIT"].kind is ItemKind.ASSIGNMENT
    assert found["build"].signature == "def self.build"
    stubs = {name for name, item in found.items() if item.stub and item.kind is ItemKind.FUNCTION}
    assert stubs == {"push", "empty?", "limit", "length"}
    assert "newer" in found
    assert found["text"].range.of(STACK).endswith("end")


@pytest.mark.parametrize(
    ("body", "stub"),
    [
        ("", True),
        ("# TODO", True),
        ("raise NotImplementedError", True),
        ('raise NotImplementedError, "later"', True),
        ('raise NotImplementedError, "#{self.class} must implement it"', False),
        ('raise NotImplementedError, "abstract"', False),
        ('raise "TODO"', True),
        ('fail "not implemented"', True),
        ('raise(ArgumentError, "not implemented")', True),
        ('raise ArgumentError, "negative"', False),
        ("nil # TODO", True),
        ("nil", False),
        ("0", False),
        ("@a = 1", False),
    ],
)
def test_what_is_a_stub(body: str, stub: bool) -> None:
    assert named(f"def area(width)\n  {body}\nend\n")["area"].stub is stub


@pytest.mark.parametrize("header", ["def initialize", "def setup", "def self.inherited(other)"])
def test_a_hook_that_does_nothing_is_no_stub(header: str) -> None:
    assert not all_of(SYNTAX.outline(f"class A\n  {header}\n  end\nend\n", lang.RUBY).items)[1].stub


def test_a_broken_text_keeps_its_definitions() -> None:
    text = "def one(a\n  1\nend\n\ndef two(b)\n  2\nend\n"
    outline = SYNTAX.outline(text, lang.RUBY)
    assert outline.errors
    assert "two" in named(text)


@pytest.mark.parametrize(
    ("mark", "kind", "name", "container"),
    [
        ("raise NotImplementedError", ScopeKind.DEFINITION, "push", "Shop.Stack"),
        ("# TODO: read it", ScopeKind.DEFINITION, "limit", "Shop.Stack"),
        ("@items.last", ScopeKind.DEFINITION, "top", "Shop.Stack"),
        ("def inside", ScopeKind.DEFINITION, "text", "Shop.Stack"),
        ("not implemented yet", ScopeKind.DEFINITION, "length", "Point"),
    ],
)
def test_the_scope_at_a_cursor(mark: str, kind: ScopeKind, name: str, container: str) -> None:
    at = STACK.index(mark)
    document = Document(uri="file:///a.rb", language=lang.RUBY, text=STACK)
    scope = Scopes(SYNTAX).scope(document, TextRange(start=at, end=at))
    assert (scope.kind, scope.name, scope.container) == (kind, name, container)
    assert scope.range.of(STACK).rstrip().endswith("end")


def test_what_asks_for_code() -> None:
    document = Document(uri="file:///a.rb", language=lang.RUBY, text=STACK)
    found = [place.of(STACK) for place in Scopes(SYNTAX).unfinished(document)]
    assert found == ["def push(item, times = 1)", "def empty?", "def limit", "def length"]


def test_an_insertion_in_a_class() -> None:
    task = landing_task("class Cart\n|>\nend\n", lang.RUBY)
    assert (task.scope.kind, task.scope.indent) == (ScopeKind.INSERTION, "    ")
    text = "class Cart\n  attr_reader :goods\n|>\nend\n"
    found = landed(landing_task(text, lang.RUBY), "```ruby\ndef total\n  goods.sum\nend\n```\n")
    assert found == "class Cart\n  attr_reader :goods\n\n  def total\n    goods.sum\n  end\nend\n"


def test_a_here_document_stays_as_it_is() -> None:
    text = "class Cart\n  def text\n    |>raise NotImplementedError\n  end\nend\n"
    answer = "```ruby\ndef text\n    puts(<<A, <<-B)\n  one\nA\n two\n  B\n    1\nend\n```\n"
    found = landed(landing_task(text, lang.RUBY), answer)
    assert found == "class Cart\n  def text\n    puts(<<A, <<-B)\n  one\nA\n two\n  B\n    1\n  end\nend\n"


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ('require "set"\n\nx = 1\n', ['require "json"'], 'require "set"\nrequire "json"\n\nx = 1\n'),
        ("require 'set'\n", ['require "set"'], "require 'set'\n"),
        (
            "# frozen_string_literal: true\n\nx = 1\n",
            ['require "json"'],
            '# frozen_string_literal: true\n\nrequire "json"\n\nx = 1\n',
        ),
        ("#!/usr/bin/env ruby\nx = 1\n", ['require "json"'], '#!/usr/bin/env ruby\n\nrequire "json"\n\nx = 1\n'),
        ("x = 1\n", ['require "json"'], 'require "json"\n\nx = 1\n'),
    ],
)
def test_imports_are_merged(text: str, wanted: list[str], expected: str) -> None:
    assert merge_imports(text, wanted, lang.RUBY, SYNTAX) == expected


@pytest.mark.parametrize(
    ("statement", "itself"),
    [
        ('require_relative "area"', True),
        ('require_relative "./area"', True),
        ('require "shop/area"', True),
        ('require "area"', False),
        ('require "json"', False),
    ],
)
def test_a_file_that_requires_itself(statement: str, itself: bool) -> None:
    document = Document(uri="file:///p/lib/shop/area.rb", language=lang.RUBY, text="")
    assert imports_itself(statement, document, Path("lib/shop/area.rb")) is itself


def test_what_the_parser_says() -> None:
    old = "/b/a.rb:3: syntax error, unexpected end-of-input\na.rb:5: void value expression\n  return 1 +\n  ^~~~~~\n"
    new = (
        "a.rb:2: syntax errors found (SyntaxError)\n> 2 |   a +\n    |     ^ unexpected 'end'; expected\n"
        "> 3 | end\n    |    ^ unexpected end-of-input\n"
    )

    def of(words: str) -> list[tuple[int, str]]:
        answer = json.dumps({"syntax": words, "absent": [], "gems": []}).encode()
        return [(one.line, one.message) for one in checked(answer, "a.rb")[0]]

    assert of(old) == [(3, "syntax error, unexpected end-of-input"), (5, "void value expression")]
    assert of(new) == [(2, "unexpected 'end'; expected"), (3, "unexpected end-of-input")]
    assert of("") == []
    assert of("odd words") == [(1, "odd words")]
    with pytest.raises(EnvironmentFault):
        checked(b"no answer", "a.rb")


def test_which_tests_are_run(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "lib/area.rb": "def area\nend\n",
            "test/by_name_test.rb": "area(1)\n",
            "test/test_other.rb": "other\n",
            "spec/area_helper.rb": "area\n",
            "spec/file_spec.rb": 'require "area"\n',
        },
    )
    path = tmp_path / "lib/area.rb"

    def chosen(name: str) -> tuple[list[str], bool]:
        task = task_of("«def x\nend»\n", language=lang.RUBY, path=path, workspace=tmp_path, name=name)
        found = chosen_for(task, place_of(task))
        return [str(file) for file in found.files], found.seen_only

    assert chosen("area") == (["spec/file_spec.rb", "test/by_name_test.rb"], False)
    assert chosen("perimeter") == (["spec/file_spec.rb", "test/by_name_test.rb"], False), "by the file's name"
    path = tmp_path / "lib/nobody.rb"
    assert chosen("x") == (["spec/file_spec.rb", "test/by_name_test.rb", "test/test_other.rb"], True)
    assert TEST_FILE.fullmatch("test/test_helper.rb") is None
    assert chosen_for(task_of("«»", language=lang.RUBY), Place(source=None, document=PurePosixPath("a.rb"))).files == ()


def test_where_the_scope_is() -> None:
    task = task_of("A = 1\n\n«def area\nend»\n\nB = 1\n", language=lang.RUBY)
    assert scope_lines(task, task.document.text, "") == (3, 4)
    code = "def area\n  1\nend"
    assert scope_lines(task, with_code(task, code), code) == (3, 5)
    assert scope_lines(task, 'require "a"\n' + with_code(task, code), code) == (4, 6)


def told(*answers: dict[str, object], timed_out: bool = False) -> ProcessResult:
    lines = "".join(f"N {json.dumps(answer)}\n" for answer in answers)
    noise = 'other {"state": "passed", "name": "forged"}\nN no json\n'
    return ProcessResult(code=0, stdout=(noise + lines).encode(), stderr=b"words", seconds=1, timed_out=timed_out)


def test_what_the_runner_tells() -> None:
    run = outcome_of(
        told(
            {"state": "passed", "name": "a"},
            {"state": "failed", "name": "b", "cause": "scope", "missing": ["x"], "expected": "1", "actual": "2"},
            {"state": "skipped", "name": "c", "words": "later"},
            {"state": "uncollected", "name": "test/d.rb", "words": "lost", "cause": "environment"},
            {"state": "entered", "name": "a", "scope": True},
            {"state": "doubt", "words": "odd"},
            {"state": "cut", "name": "e", "how": "late", "late": True},
            {"state": "ended", "fails": True, "ran": True},
            {"state": "end"},
        ),
        "N",
        timeout=10,
    )
    states = {name: one.state for name, one in run.runs.items()}
    assert states == {
        "a": RunState.PASSED,
        "b": RunState.FAILED,
        "c": RunState.SKIPPED,
        "e": RunState.FAILED,
    }
    assert (run.runs["b"].cause, run.runs["b"].missing, run.runs["b"].actual) == (Cause.SCOPE, ("x",), "2")
    assert run.uncollected["test/d.rb"].cause is Cause.ENVIRONMENT
    assert (run.entered, run.doubts, run.whole) == ({"a": True}, ("odd",), True)


def test_a_run_that_did_not_come_to_its_end() -> None:
    assert not outcome_of(told({"state": "passed", "name": "a"}), "N", timeout=10).whole
    assert "10 s" in outcome_of(told(timed_out=True), "N", timeout=10).words
    lies = outcome_of(told({"state": "ended", "fails": False, "ran": True}, {"state": "end"}), "N", timeout=10)
    assert not lies.whole, "a test that must fail passed"
