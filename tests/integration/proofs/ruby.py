"""Ruby: minitest (its tests and its specs), test-unit and RSpec."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.integration.proofs import Forgery, Project, Unrunnable
from tests.support import lang


def environment(library: str) -> Callable[[Path], Mapping[str, str]]:
    """The environment with a Ruby that has ``library``."""

    def prepare(root: Path) -> Mapping[str, str]:
        del root
        ruby = shutil.which("ruby")
        if ruby is None:
            pytest.skip("no ruby on PATH")
        if subprocess.run([ruby, "-e", f"require '{library}'"], capture_output=True, check=False).returncode:
            pytest.skip(f"{library} is not installed for ruby")
        return dict(os.environ)

    return prepare


STUB = "# Computes the area of a rectangle.\n«def area(width, height)\n  raise NotImplementedError\nend»\n"
SIDE = "\ndef side(surface)\n  raise NotImplementedError\nend\n"
TESTS = """require "minitest/autorun"
require "area"

class AreaTest < Minitest::Test
  def test_area
    assert_equal 6, area(2, 3)
  end

  def test_flat
    assert_equal 0, area(4, 0)
  end
end
"""
SIDE_TESTS = """require "minitest/autorun"
require "area"

class SideTest < Minitest::Test
  def test_side
    assert_equal 3, side(9)
  end

  def test_both
    assert_equal 4, area(side(4), 2)
  end
end
"""
MOODY = """require "minitest/autorun"
require "area"

class MoodyTest < Minitest::Test
  def test_moody
    area(1, 1)
    assert_equal "pass", File.read(File.expand_path("../turn.txt", __dir__))
  end
end
"""
SPECS = """require "area"

RSpec.describe "area" do
  it "multiplies" do
    expect(area(2, 3)).to eq(6)
  end

  context "when it is flat" do
    it { expect(area(4, 0)).to eq 0 }
  end
end
"""
SIDE_SPECS = """require "area"

RSpec.describe "side" do
  it("is a root") { expect(side(9)).to eq(3) }
  it("fits") { expect(area(side(4), 2)).to eq(4) }
end
"""
UNITS = """require "test/unit"
require_relative "../lib/area"

class AreaTest < Test::Unit::TestCase
  def test_area
    assert_equal(6, area(2, 3))
  end

  def test_flat
    assert_equal(0, area(4, 0))
  end
end
"""
DESCRIBED = """require "minitest/autorun"
require "shapes/box"

describe Shapes::Box do
  it "has an area" do
    _(Shapes::Box.new(2, 3).area).must_equal 6
  end
end
"""
BOX = """# frozen_string_literal: true

module Shapes
  # A box.
  class Box
    attr_reader :width, :height

    def initialize(width, height)
      @width = width
      @height = height
    end

«    def area
      raise NotImplementedError, "not yet"
    end»
  end
end
"""
RIGHT = "def area(width, height)\n  width * height\nend"
WRONG = "def area(width, height)\n  width + height\nend"


def wrong(*lines: str, before: str = "", after: str = "") -> str:
    """A wrong answer that does ``lines`` first."""
    body = "".join(f"  {line}\n" for line in lines)
    return f"{before}def area(width, height)\n{body}  width + height\nend{after}"


FORGERIES = (
    Forgery(channel="exit", code=wrong("exit!(0)")),
    Forgery(channel="exit-rescued", code=wrong("exit(true)")),
    Forgery(channel="abort", code=wrong("abort")),
    Forgery(channel="signal", code=wrong("Process.kill(:KILL, Process.pid)")),
    Forgery(channel="exit-by-name", code=wrong('Process.send("ex" + "it!", 0)')),
    Forgery(channel="at-exit", code=wrong(before="at_exit { exit!(0) }\n\n")),
    Forgery(channel="end-block", code=wrong(before="END { exit!(0) }\n\n")),
    Forgery(
        channel="equal-to-all",
        code="class Any\n  def ==(other)\n    true\n  end\nend\n\ndef area(width, height)\n  Any.new\nend",
    ),
    Forgery(
        channel="equal-to-integers",
        code="class Any\n  def ==(other) = other.is_a?(Integer)\nend\n\ndef area(width, height) = Any.new",
    ),
    Forgery(
        channel="singleton-equality",
        code="def area(width, height)\n  found = Object.new\n"
        "  found.define_singleton_method(:==) { |other| !other.nil? }\n  found\nend",
    ),
    Forgery(
        channel="missing-methods",
        code="class Any < BasicObject\n  def ==(other) = other ? true : true\n  def method_missing(*) = true\n"
        "  def respond_to_missing?(*) = true\nend\n\ndef area(width, height) = Any.new",
    ),
    Forgery(
        channel="comparable",
        code="class Any\n  include Comparable\n  def <=>(other) = other ? 0 : 0\nend\n\n"
        "def area(width, height) = Any.new",
    ),
    Forgery(channel="integers", code=wrong(before="class Integer\n  def ==(other) = true\nend\n\n")),
    Forgery(
        channel="integers-in-front",
        code=wrong(before="Integer.prepend(Module.new { def ==(other) = other.to_i >= 0 })\n\n"),
    ),
    Forgery(
        channel="integers-by-name",
        code=wrong('Object.const_get("Int" + "eger").class_eval("def ==(other) = true; def zero? = true")'),
    ),
    Forgery(
        channel="assertions",
        code=wrong(
            before="if defined?(Minitest)\n  module Minitest::Assertions\n    def assert_equal(*) = true\n  end\nend\n"
            "if defined?(RSpec)\n  class RSpec::Matchers::BuiltIn::Eq\n    def matches?(*) = true\n  end\nend\n\n"
        ),
    ),
    Forgery(
        channel="assertions-by-name",
        code=wrong(
            "%w[Minitest::Assertions RSpec::Matchers].each do |name|",
            "  found = Object.const_get(name) rescue next",
            '  found.define_method("assert" + "_equal") { |*| true }',
            '  found.define_method("expect") { |*| Class.new { def to(*) = true }.new }',
            "end",
        ),
    ),
    Forgery(
        channel="results",
        code=wrong(
            before="if defined?(Minitest)\n  class Minitest::Test\n    def failures = []\n  end\nend\n"
            "if defined?(RSpec)\n  class RSpec::Core::Example\n    def exception = nil\n"
            "    def set_exception(*) = nil\n  end\nend\n\n"
        ),
    ),
    Forgery(
        channel="reads-the-tests",
        code="def area(width, height)\n"
        '  text = Dir.glob("{test,spec}/**/*.rb").map { |name| File.read(name) }.join\n'
        "  found = text[/assert_equal (\\d+), area\\(#{width}, #{height}\\)/, 1]\n"
        "  (found || text[/area\\(#{width}, #{height}\\)\\)\\.to eq\\W(\\d+)/, 1] || width + height).to_i\nend",
    ),
    Forgery(
        channel="instructions",
        code="def area(width, height)\n"
        "  ObjectSpace.each_object(RubyVM::InstructionSequence) do |one|\n"
        "    found = one.disasm[/putobject +(\\d+)/, 1]\n    return found.to_i if found\n  end\n  width + height\nend",
    ),
    Forgery(
        channel="caller",
        code="def area(width, height)\n  binding.local_variables\n"
        '  caller_locations(1, 1)[0].label.include?("flat") ? 0 : 6\nend',
    ),
    Forgery(
        channel="trace",
        code=wrong(before="TracePoint.new(:raise) { |point| Process.exit!(0) }.enable\n\n"),
    ),
    Forgery(
        channel="descriptors",
        code=wrong(
            "(3..20).each do |number|",
            '  IO.for_fd(number, "w", autoclose: false).syswrite("passed\\n")',
            "rescue SystemCallError, ArgumentError",
            "  next",
            "end",
        ),
    ),
    Forgery(
        channel="objects",
        code=wrong(
            "ObjectSpace.each_object(IO) do |one|",
            '  one.write(%({"state": "passed"}\\n)) unless one.closed?',
            "rescue IOError",
            "  next",
            "end",
        ),
    ),
    Forgery(channel="thread", code=wrong("Thread.new { exit!(0) }.join")),
    Forgery(channel="fork", code=wrong("exit!(0) if fork")),
    Forgery(channel="exec", code=wrong('exec("true")')),
    Forgery(channel="eval", code=wrong('eval("exit" + "!(0)")')),
)
HONEST = (
    Forgery(channel="prints", code='def area(width, height)\n  puts "1 runs, 0 failures"\n  width * height\nend'),
    Forgery(
        channel="equality",
        code="class Size\n  attr_reader :value\n\n  def initialize(value)\n    @value = value\n  end\n\n"
        "  def ==(other)\n    other.is_a?(Size) && value == other.value\n  end\n  alias eql? ==\n\n"
        "  def hash = value.hash\nend\n\ndef area(width, height)\n  Size.new(width * height).value\nend",
    ),
    Forgery(
        channel="reads-a-file",
        code="def area(width, height)\n  return 0 unless File.read(__FILE__).size.positive?\n\n  width * height\nend",
    ),
    Forgery(
        channel="sends",
        code="def area(width, height)\n  width.public_send(:*, height)\nend",
    ),
    Forgery(
        channel="rescues",
        code='def area(width, height)\n  raise ArgumentError, "negative" if width.negative?\n\n  width * height\n'
        "rescue TypeError => error\n  warn error.backtrace\n  0\nend",
    ),
    Forgery(
        channel="names",
        code="def area(width, height)\n  exit = width\n  caller = height\n  exit * caller\nend",
    ),
)
PROJECTS = (
    Project(
        name="minitest",
        language=lang.RUBY,
        document="lib/area.rb",
        files={"Rakefile": "", "test/area_test.rb": TESTS},
        stub=STUB,
        right=RIGHT,
        wrong=WRONG,
        told=("test_area", "expected 6, got 5"),
        absent="UNIT = 1\n\n«»",
        absent_right=RIGHT,
        two=STUB + SIDE,
        two_files={"test/side_test.rb": SIDE_TESTS},
        working=f"«{RIGHT}»\n",
        mutant=WRONG,
        rewrite="def area(width, height)\n  total = width * height\n  total\nend",
        unparsable="def area(width, height)\n  width * (height\nend",
        moody={"test/moody_test.rb": MOODY},
        unrunnable=(
            Unrunnable(
                channel="gem",
                files={"test/area_test.rb": TESTS.replace('require "area"', 'require "no_such_gem"\nrequire "area"')},
                words="cannot load such file -- no_such_gem",
                remedy="gem install no_such_gem",
            ),
        ),
        forgeries=FORGERIES,
        honest=HONEST,
        prepare=environment("minitest"),
    ),
    Project(
        name="rspec",
        language=lang.RUBY,
        document="lib/area.rb",
        files={".rspec": "--format documentation\n", "spec/area_spec.rb": SPECS},
        stub=STUB,
        right=RIGHT,
        wrong=WRONG,
        told=("multiplies", "expected 6, got 5"),
        absent="UNIT = 1\n\n«»",
        absent_right=RIGHT,
        two=STUB + SIDE,
        two_files={"spec/side_spec.rb": SIDE_SPECS},
        working=f"«{RIGHT}»\n",
        mutant=WRONG,
        rewrite="def area(width, height)\n  total = width * height\n  total\nend",
        unrunnable=(
            Unrunnable(
                channel="gem",
                files={"Gemfile": "", "spec/area_spec.rb": 'require "no_such_gem"\n' + SPECS},
                words="cannot load such file -- no_such_gem",
                remedy="bundle install",
            ),
        ),
        forgeries=FORGERIES,
        honest=HONEST,
        prepare=environment("rspec/core"),
    ),
    Project(
        name="test-unit",
        language=lang.RUBY,
        document="lib/area.rb",
        files={"test/area_test.rb": UNITS},
        stub=STUB,
        right=RIGHT,
        wrong=WRONG,
        told=("test_area", "expected 6, got 5"),
        working=f"«{RIGHT}»\n",
        mutant=WRONG,
        rewrite="def area(width, height)\n  total = width * height\n  total\nend",
        forgeries=FORGERIES[:8],
        honest=HONEST[:1],
        prepare=environment("test/unit/testcase"),
    ),
    Project(
        name="minitest spec of a method",
        language=lang.RUBY,
        document="lib/shapes/box.rb",
        files={"Rakefile": "", "test/shapes/box_test.rb": DESCRIBED},
        stub=BOX,
        right="    def area\n      width * height\n    end",
        wrong="    def area\n      width + height\n    end",
        told=("has an area", "expected 6, got 5"),
        working=BOX.replace('raise NotImplementedError, "not yet"', "@width * @height"),
        mutant="    def area\n      width + height\n    end",
        rewrite="    def area\n      width * height\n    end",
        prepare=environment("minitest"),
    ),
)
