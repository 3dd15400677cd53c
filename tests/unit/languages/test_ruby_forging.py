"""What in a Ruby candidate's text takes its proof away, and what does not."""

from __future__ import annotations

import pytest

from forge_lsp.languages.ruby.forging import doubt_of
from tests.support import lang
from tests.support.builds import candidate_of, task_of

STUB = "«def area(width, height)\n  raise NotImplementedError\nend»\n"


def doubt(code: str, marked: str = STUB) -> str | None:
    task = task_of(marked, language=lang.RUBY, name="area")
    return doubt_of(task, candidate_of(task, code))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("exit", "ends the process"),
        ("exit!(0)", "ends the process"),
        ("Kernel.exit", "ends the process"),
        ("at_exit { 1 }", "ends the process"),
        ("END { 1 }", "ends the process"),
        ("Process.kill(9, 0)", "ends the process"),
        ("send(:exit!)", "ends the process"),
        ('public_send("exit!")', "ends the process"),
        ("caller_locations(1)", "what calls it"),
        ("TracePoint.new(:call)", "what calls it"),
        ("ObjectSpace.each_object(IO)", "reaches into"),
        ("RubyVM::InstructionSequence.of(x)", "reaches into"),
        ("eval(text)", "reaches into"),
        ("IO.for_fd(5)", "reaches into"),
        ("Minitest.seed", "reaches into"),
        ('Object.const_get("Minitest")', "reaches into"),
        ('File.read("test/area_test.rb")', "reads the tests"),
        ('Dir["spec/**/*"]', "reads the tests"),
        ('File.read("/proc/self/environ")', "reads the tests"),
        ("class Integer; def ==(other) = other; end", "Ruby's own classes"),
        ("module Minitest::Assertions; end", "Ruby's own classes"),
        ("String.class_eval { 1 }", "Ruby's own classes"),
        ("class Any; def ==(other) = true; end", "equality"),
        ("class Any; def nil?; false; end; end", "equality"),
        ("define_singleton_method(:==) { |o| true }", "equality"),
    ],
)
def test_what_could_forge_a_proof(line: str, words: str) -> None:
    assert words in (doubt(f"{line}\ndef area(width, height)\n  width * height\nend") or "")


@pytest.mark.parametrize(
    "code",
    [
        "def area(width, height)\n  width.send(:*, height)\nend",
        "def area(exit, caller)\n  exit * caller\nend",
        "def area(width, height)\n  exit = width\n  exit * height\nend",
        "class Size\n  def ==(other) = other.is_a?(Size) && value == other.value\n  def hash = value.hash\nend",
        "class Size\n  include Comparable\n  def <=>(other) = value <=> other.value\nend",
        'def area(width, height)\n  # exit at once\n  "exit and caller, eval too"\nend',
        "def area(width, height)\n  { exit: 1, eval: 2 }.fetch(:exit)\nend",
        'def area(width, height)\n  File.read("data/areas.csv").size\nend',
    ],
)
def test_what_is_honest(code: str) -> None:
    assert doubt(code) is None


def test_what_the_user_s_text_does_is_no_doubt() -> None:
    marked = f"at_exit {{ puts 1 }}\n\nclass String\n  def loud = upcase\nend\n\n{STUB}"
    assert doubt("def area(width, height)\n  width * height\nend", marked) is None
    assert doubt("at_exit { 2 }\ndef area(width, height)\n  abort\nend", marked) is not None
