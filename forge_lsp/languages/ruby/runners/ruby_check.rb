# Reads one file without running it: whether it parses, and whether what it requires by plain names is there.
# Arguments: the file, then the folders that are searched. Prints a JSON object: "syntax" (Ruby's words, or ""),
# "absent" (files beside it that are not there) and "gems" (names that nothing installed has), each with its line.
require "json"
require "ripper"

file, *folders = ARGV
gems = ENV["FORGE_GEMS"].to_s.split(":")
Gem.use_paths(Gem.default_dir, Gem.default_path + gems) unless gems.empty?
vendored = Dir.glob("vendor/bundle/ruby/*")
Gem.use_paths(Gem.default_dir, Gem.default_path + gems + vendored.map { |path| File.expand_path(path) }) unless vendored.empty?
$LOAD_PATH.unshift(*folders.map { |folder| File.expand_path(folder) })
$VERBOSE = nil
text = File.read(file, encoding: "UTF-8")
words = ""
begin
  if defined?(RubyVM::InstructionSequence)
    RubyVM::InstructionSequence.compile(text, file, File.expand_path(file), 1)
  end
rescue SyntaxError => error
  words = error.message
end

# Names in plain strings, of requires that stand in no block, no method and no condition.
def requires(node, found, depth = 0)
  return unless node.is_a?(Array)

  if node[0] == :command || node[0] == :method_add_arg
    name = node[0] == :command ? node[1] : node.dig(1, 1)
    called = name.is_a?(Array) && name[0] == :@ident ? name[1] : nil
    if %w[require require_relative].include?(called)
      strings = []
      collect(node[2], strings)
      found << [called, strings[0][0], strings[0][1]] if strings.size == 1
      return
    end
  end
  return if %i[def defs if unless if_mod unless_mod rescue_mod begin method_add_block ifop binary].include?(node[0])

  node.each { |child| requires(child, found, depth + 1) }
end

def collect(node, strings)
  return unless node.is_a?(Array)

  if node[0] == :string_literal
    content = node[1]
    parts = content[1..]
    strings << [parts[0][1], parts[0][2][0]] if parts.size == 1 && parts[0][0] == :@tstring_content
    strings.concat([nil, nil]) unless parts.size == 1
  else
    node.each { |child| collect(child, strings) }
  end
end

def installed?(name)
  return true if $LOAD_PATH.respond_to?(:resolve_feature_path) && $LOAD_PATH.resolve_feature_path(name)

  !Gem::Specification.find_by_path(name).nil?
rescue StandardError
  true
end

absent = []
gems = []
if words.empty?
  found = []
  requires(Ripper.sexp(text), found)
  found.each do |called, name, line|
    if called == "require_relative"
      target = File.expand_path(name, File.dirname(file))
      there = File.file?(target) || %w[.rb .so .bundle].any? { |suffix| File.file?(target + suffix) }
      absent << [name, line] unless there
    elsif !installed?(name)
      gems << [name, line]
    end
  end
end
puts JSON.generate("syntax" => words, "absent" => absent, "gems" => gems)
