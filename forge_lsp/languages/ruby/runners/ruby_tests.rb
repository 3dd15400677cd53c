# Runs a project's test files by minitest, test-unit or RSpec, whichever they load, and tells each test's result.
#
# A script for the project's Ruby (2.7 or newer). The *supervisor* never runs the project's code: it reads the request,
# forks a *worker* that does, and gathers what that says over a pipe; it reads the nonce only when all workers are gone,
# and its memory and files are closed to them. A line on the pipe that the worker's own functions did not write is a
# doubt, and so is what the tracer sees; a doubt that was told cannot be taken back. Tests that must fail are added to
# each run. The texts of tests are read before any code of the project runs, and are not on the disk while it does.
#
# A request is lines of a key, a blank and a value in Base64: "file" and "guarded" (absolute), "search" (folders of the
# load path), "test" and "total" (seconds), "root" and "document" (absolute), "scope" (first line, last line), "only"
# (names of tests; none: all), "library" (of tests). An empty line and the nonce follow. Answers are lines of the nonce
# and a JSON object with a "state": "passed", "failed", "skipped", "uncollected" with "name" (and "words", "cause",
# "missing", "expected", "actual"), "entered" ("name"), "doubt" ("words"), "said" ("words"), "ended" ("fails": whether
# the tests that must fail did, "ran": whether there were any), "cut" ("name", "late"), and at last "end".
#
# Nothing is required before the tests are done but what they require themselves: code that lacks a `require` must fail.

# ------------------------------------------------------------------ supervisor

# What no code of the project's is given.
module ForgeSupervisor
  MOST_BYTES = 8 << 20
  MOST_WORKERS = 5
  STRAY = "the code writes to files that it did not open"
  PRCTL = { "x86_64" => 157, "aarch64" => 167, "arm64" => 167 }.freeze

  module_function

  def supervise
    $stdin.binmode
    request = read_request
    close_memory
    total = now + request["total"][0].to_f
    texts = take_tests(request)
    answers = []
    skip = []
    MOST_WORKERS.times do
      told, how = session(request, texts, skip, total)
      answers.concat(told)
      break if how.nil?

      begun = told.select { |one| one["state"] == "start" }.map { |one| one["name"] }
      done = told.select { |one| one["state"] == "done" }.map { |one| one["name"] }
      running = (begun - done).last
      answers << { "state" => "cut", "name" => running, "late" => how == :late }
      break if running.nil? || now >= total

      skip |= begun
    end
    nonce = read_line
    require "json" # nobody's code is run any more
    lines = answers.map { |answer| "#{nonce} #{JSON.generate(answer)}\n" }
    $stdout.write(lines.join, "#{nonce} {\"state\": \"end\"}\n")
    $stdout.flush
  end

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  # A line, and not a byte more: what follows is not for the worker.
  def read_line
    line = +""
    while (byte = $stdin.sysread(1)) != "\n"
      line << byte
    end
    line
  rescue EOFError
    line
  end

  def read_request
    request = Hash.new { |_, _| [] }
    until (line = read_line).empty?
      key, value = line.split(" ", 2)
      request[key] += [value.unpack1("m").force_encoding("UTF-8")]
    end
    request
  end

  # Closes this process's memory and open files to others of the same user, on Linux.
  def close_memory
    number = PRCTL[RUBY_PLATFORM[/\A[^-]+/]]
    syscall(number, 4, 0, 0, 0, 0) if number && RUBY_PLATFORM.include?("linux") # PR_SET_DUMPABLE
  rescue SystemCallError, NotImplementedError
    nil # elsewhere the nonce alone must do
  end

  # The texts of the tests by their paths. They are taken from the disk, but for those that others need.
  def take_tests(request)
    texts = (request["file"] | request["guarded"]).to_h do |path|
      [path, File.read(path, encoding: "UTF-8")]
    rescue SystemCallError
      [path, nil]
    end
    texts.compact!
    needed = texts.values.flat_map { |text| text.scrub.scan(/\brequire(?:_relative)?[ (]+["']([^"']+)["']/).flatten }
    needed = needed.map { |name| File.basename(name, ".rb") }
    texts.each_key do |path|
      File.unlink(path) unless needed.include?(File.basename(path, ".rb"))
    rescue SystemCallError
      next
    end
    texts
  end

  def session(request, texts, skip, total)
    reader, writer = IO.pipe
    reader.binmode
    token = Random.urandom(16).unpack1("H*")
    child = fork do
      reader.close
      begin
        ForgeWorker.new(request, texts, skip, writer, token).run
      rescue Exception => error # rubocop:disable Lint/RescueException
        $stderr.puts("#{error.class}: #{error.message}")
      ensure
        Process.exit!(1)
      end
    end
    writer.close
    told = []
    how = gather(reader, token, request["test"][0].to_f, total, told)
    [-child, child].each do |process|
      Process.kill(:KILL, process)
    rescue SystemCallError
      next
    end
    Process.wait(child)
    [told, how]
  end

  # Reads a worker's lines until it says that it is done or closes its end. Answers why it was not done, or nil.
  def gather(reader, token, limit, total, told)
    buffer = +""
    size = 0
    deadline = nil
    loop do
      left = [total, deadline].compact.min - now
      return :late if left <= 0 || IO.select([reader], nil, nil, left).nil?

      begin
        piece = reader.read_nonblock(65_536)
      rescue IO::WaitReadable
        next
      rescue EOFError
        told << { "state" => "doubt", "words" => STRAY } unless buffer.empty?
        return :ended
      end
      size += piece.bytesize
      return :ended if size > MOST_BYTES

      buffer << piece
      while (line = buffer.slice!(/\A[^\n]*\n/n))
        answer = known(line.chomp, token)
        told << (answer || { "state" => "doubt", "words" => STRAY })
        next if answer.nil?
        return nil if answer["state"] == "ended"

        deadline = now + limit if answer["state"] == "start"
        deadline = nil if answer["state"] == "done"
      end
    end
  end

  def known(line, token)
    start, *fields = line.split(" ")
    return nil unless start == token

    fields.to_h do |field|
      key, kind, value = field.split(":", 3)
      value = value.to_s.unpack1("m").force_encoding("UTF-8").scrub
      [key, { "b" => value == "true", "l" => value.split("\0") }.fetch(kind, value)]
    end
  end
end

# ------------------------------------------------------------------ worker

# Runs the tests and tells of them.
class ForgeWorker
  CORE = [
    BasicObject, Object, Kernel, Module, Class, Comparable, Enumerable, NilClass, TrueClass, FalseClass, Numeric, Integer,
    Float, Rational, Complex, String, Symbol, Array, Hash, Range, Regexp, Struct, Proc, Method, Exception, IO, File, Dir,
    Process, Marshal, Math, Time, Thread, GC, ObjectSpace, Random
  ].freeze
  TESTING = /\A(?:Minitest|MiniTest|RSpec|Test::Unit|Forge(?:Worker|Supervisor)\b)/.freeze
  ENDING = %i[exit exit! abort fork exec kill at_exit daemon trap].freeze
  LOOKING = %i[caller caller_locations binding eval each_object set_trace_func local_variable_get of].freeze
  REACHING = %i[
    instance_eval instance_exec class_eval class_exec module_eval module_exec define_method define_singleton_method
    alias_method remove_method undef_method prepend include extend refine const_set remove_const instance_variable_set
    instance_variable_get instance_variables class_variable_set const_get instance_method singleton_class
  ].freeze
  EQUALITIES = %i[== eql? ===].freeze
  IDENTITIES = %i[equal? != ! nil? is_a? kind_of? instance_of? class].freeze
  ENDS = "the code ends the process while it is tested"
  LOOKS = "the code looks at what calls it"
  REACHES = "the code reaches into what runs it"
  PATCHED = "the code changes the tests' library or Ruby's own classes"
  EQUALS = "a value's equality does not look at the other side"
  METHOD_OF = Kernel.instance_method(:method)
  CLASS_OF = Kernel.instance_method(:class)
  MOST_WORDS = 2000
  MOST_VALUE = 300

  def self.word
    Random.urandom(8).unpack1("H*")
  end

  def initialize(request, texts, skip, writer, token)
    @request = request
    @texts = texts
    @skip = skip
    @document = request["document"][0]
    @first, @last = request["scope"].map(&:to_i)
    @root = request["root"][0]
    @entered = false
    @doubts = {}
    lock = Thread::Mutex.new
    write = writer.method(:syswrite)
    owned = lock.method(:owned?)
    synchronize = lock.method(:synchronize)
    @tell = lambda do |answer|
      fields = answer.map do |key, value|
        kind = case value when true, false then "b" when Array then "l" else "s" end
        "#{key}:#{kind}:#{[Array === value ? value.join("\0") : value.to_s].pack("m0")}"
      end
      data = "#{token} #{fields.join(" ")}\n"
      owned.call ? write.call(data) : synchronize.call { write.call(data) }
    end
  end

  def run
    Process.setsid
    $stdin.reopen(File::NULL)
    $stdout.reopen($stderr) # what the project prints goes elsewhere
    $stdout.sync = true
    $0 = "ruby"
    ARGV.clear
    load_gems
    $LOAD_PATH.unshift(*@request["search"])
    codes = read_tests
    before = nil
    watch
    codes.each do |path, code|
      before ||= snapshot if defined?(::Minitest) || defined?(::RSpec::Core) || defined?(::Test::Unit::TestCase)
      load_test(path, code)
    end
    @before = (before || {}).merge(@early) { |_, one, _| one }
    fails = [minitest, test_unit, rspec].compact
    doubt(PATCHED) if patched?
    tell("state" => "ended", "fails" => !fails.empty? && fails.all?, "ran" => !fails.empty?)
    Process.exit!(0) # threads and exit handlers of the project's do not hold us
  end

  private

  def tell(answer)
    @tell.call(answer)
  end

  def doubt(words)
    return if @doubts[words]

    @doubts[words] = true
    tell("state" => "doubt", "words" => words)
  end

  def load_gems
    gems = ENV["FORGE_GEMS"].to_s.split(":") + Dir.glob(File.join(@root, "vendor/bundle/ruby/*"))
    Gem.use_paths(Gem.default_dir, Gem.default_path + gems) unless gems.empty?
    if File.file?("Gemfile")
      begin
        require "bundler"
        Bundler.ui = Bundler::UI::Silent.new
        Bundler.setup
      rescue LoadError, StandardError => error # what is there may be enough
        @lacking = error.message.lines.first.to_s.strip
        tell("state" => "said", "words" => @lacking)
      end
    end
    # Their own code is loaded before any of the project's, where they are there.
    early = { "minitest" => "minitest", "test-unit" => "test/unit/testcase", "rspec" => "rspec/core" }
    early.slice(*@request["library"]).each_value do |name|
      require name
    rescue LoadError
      next
    end
    require "rspec/expectations" if defined?(::RSpec::Core)
    require "test/unit/testresult" if defined?(::Test::Unit::TestCase)
  rescue LoadError
    nil
  ensure
    @early = snapshot
  end

  def read_tests
    @request["file"].filter_map { |path| [path, compiled(@texts[path], path)] if @texts[path] }
  end

  def compiled(text, path)
    code = RubyVM::InstructionSequence.compile(text, path, path, 1)
    -> { code.eval }
  rescue SyntaxError => error
    error
  rescue NameError # another Ruby than MRI
    -> { TOPLEVEL_BINDING.eval(text, path) }
  end

  def load_test(path, code)
    raise code if code.is_a?(Exception)

    code.call
  rescue SystemExit => error
    doubt(ENDS) if in_document?(error)
    uncollected(path, error)
  rescue ScriptError, StandardError, SystemStackError => error
    uncollected(path, error)
  end

  def uncollected(path, error)
    tell({ "state" => "uncollected", "name" => relative(path) }.merge(blame(error, loading: true)))
  end

  # -------------------------------------------------------------- what is watched

  def watch
    document, first, last = @document, @first, @last
    TracePoint.new(:call, :b_call) do |point|
      @entered = true if point.path == document && point.lineno.between?(first, last)
    end.enable
    TracePoint.new(:class) do |point|
      doubt(PATCHED) if point.path == document && guarded?(point.self)
    end.enable
    TracePoint.new(:c_call) do |point|
      next unless point.path == document

      name = point.method_id
      if ENDING.include?(name) then doubt(ENDS)
      elsif LOOKING.include?(name) && (name != :of || method_class?(point.self)) then doubt(LOOKS)
      elsif REACHING.include?(name) && guarded?(point.self) then doubt(REACHES)
      end
    end.enable
    TracePoint.new(:return, :b_return) do |point|
      probe(point.return_value) if @entered && point.path == document
    end.enable
  end

  def method_class?(value)
    defined?(::RubyVM::InstructionSequence) && value.equal?(::RubyVM::InstructionSequence)
  end

  def guarded?(value)
    return CORE.include?(value) || TESTING.match?(value.name.to_s) || test_class?(value) if Module === value

    test_class?(CLASS_OF.bind_call(value))
  rescue TypeError
    false
  end

  def test_class?(value)
    own = value.ancestors.take_while { |one| one != Object } # minitest's expectations are every object's
    own.any? { |one| TESTING.match?(one.name.to_s) }
  end

  # Whether a value that the code under test returned says that it equals anything.
  def probe(value, depth = 0)
    return if [NilClass, TrueClass, FalseClass, Integer, Float, Symbol].include?(CLASS_OF.bind_call(value))

    doubt(EQUALS) if IDENTITIES.any? { |name| own(value, name) }
    found = EQUALITIES.filter_map { |name| own(value, name) }
    found << METHOD_OF.bind_call(value, :==) if own(value, :<=>) && Comparable === value
    doubt(EQUALS) if found.any? { |method| strangers.any? { |one| method.call(one) } }
    return if depth > 1

    value.first(20).each { |one| probe(one, depth + 1) } if Array === value
    value.first(20).each { |pair| pair.each { |one| probe(one, depth + 1) } } if Hash === value
  rescue TypeError # no method can be taken from it: it answers to anything
    doubt(EQUALS)
  rescue StandardError, NotImplementedError
    nil
  end

  # The method of that name where the document defines it.
  def own(value, name)
    found = METHOD_OF.bind_call(value, name)
    place = found.source_location
    place && place[0] == @document ? found : nil
  rescue NameError
    nil
  end

  def strangers
    @strangers ||= [Object.new, rand(1 << 61) + 7, ForgeWorker.word, [ForgeWorker.word],
                    ForgeWorker.word.to_sym, 0.123456789, {}, nil]
  end

  def snapshot
    modules = CORE.dup
    modules << ::Minitest << ::Minitest::Test << ::Minitest::Assertions << ::Minitest::Runnable if defined?(::Minitest::Test)
    modules << ::Minitest::Result if defined?(::Minitest::Result)
    modules << ::Minitest::Reportable if defined?(::Minitest::Reportable)
    if defined?(::RSpec::Core::Example)
      modules.push(::RSpec::Core::Example, ::RSpec::Core::ExampleGroup, ::RSpec::Core::Reporter, ::RSpec::Core::Example::ExecutionResult)
    end
    modules.push(::RSpec::Expectations::ExpectationTarget, ::RSpec::Expectations) if defined?(::RSpec::Expectations::ExpectationTarget)
    if defined?(::RSpec::Matchers::BuiltIn::BaseMatcher)
      modules.push(::RSpec::Matchers, ::RSpec::Matchers::BuiltIn::BaseMatcher, ::RSpec::Matchers::BuiltIn::Eq)
    end
    if defined?(::Test::Unit::TestResult)
      modules.push(::Test::Unit::Assertions, ::Test::Unit::TestCase, ::Test::Unit::TestResult)
    end
    modules.to_h { |one| [one, state_of(one)] }
  end

  def state_of(one)
    names = one.instance_methods(false) + one.private_instance_methods(false)
    places = names.to_h { |name| [name, one.instance_method(name)] }
    singles = one.singleton_methods(false).to_h { |name| [name, one.method(name).unbind] }
    [places, singles, one.ancestors]
  end

  # Whether the document's code has changed a method that results depend on.
  def patched?
    @before.any? do |one, (places, singles, _)|
      now, mine, ancestors = state_of(one)
      changed = now.reject { |name, method| places[name] == method }.values
      changed += mine.reject { |name, method| singles[name] == method }.values
      # Methods at the top of a file are Object's own; what they put aside is not.
      changed = changed.reject { |method| one == Object && !overrides?(method) }
      in_front = ancestors.take_while { |other| other != one }
      changed += in_front.flat_map { |other| other.instance_methods(false).map { |name| other.instance_method(name) } }
      changed.any? { |method| (place = method.source_location) && place[0] == @document }
    end
  end

  def overrides?(method)
    (Object.ancestors - [Object]).any? { |one| one.method_defined?(method.name) || one.private_method_defined?(method.name) }
  end

  # -------------------------------------------------------------- runners

  def wanted?(name)
    (@request["only"].empty? || @request["only"].include?(name)) && !@skip.include?(name)
  end

  def test(name)
    tell("state" => "start", "name" => name)
    @entered = false
    begin
      outcome = yield
    rescue SystemExit, Interrupt, SystemStackError, NoMemoryError => error
      doubt(ENDS) if SystemExit === error && in_document?(error)
      outcome = { "state" => "failed" }.merge(blame(error))
    end
    tell("state" => "entered", "name" => name, "scope" => @entered)
    tell({ "name" => name }.merge(outcome))
    tell("state" => "done", "name" => name)
  end

  def minitest
    return unless defined?(::Minitest::Test)

    ::Minitest.seed = 1 if ::Minitest.respond_to?(:seed=)
    found = ::Minitest::Runnable.runnables.flat_map do |klass|
      klass.runnable_methods.map { |method| [klass, method, *place_of(klass.instance_method(method))] }
    end
    found.reject! { |one| one[2].nil? }
    found.sort_by.with_index { |one, at| [one[2], one[3], at] }.each do |klass, method, path, _|
      name = "#{path}::#{klass.name || klass}##{method}"
      test(name) { of_minitest(run_minitest(klass, method)) } if wanted?(name)
    end
    return nil if found.empty?

    must_fail = Class.new(::Minitest::Test) do
      define_method(:test_equal) { assert_equal(ForgeWorker.word, ForgeWorker.word) }
      define_method(:test_true) { assert(false) }
    end
    %w[test_equal test_true].all? { |method| !run_minitest(must_fail, method).failures.empty? }
  end

  def run_minitest(klass, method)
    return ::Minitest.run_one_method(klass, method) if ::Minitest.respond_to?(:run_one_method)

    klass.new(method).run
  end

  def of_minitest(result)
    failures = result.failures.map { |one| one.respond_to?(:error) ? one.error : one }
    return { "state" => "passed" } if failures.empty?

    real = failures.find { |one| !(::Minitest::Skip === one) }
    own = failures.none? { |one| in_document?(one) }
    return { "state" => "skipped", "words" => words(failures[0]), "own" => own } if real.nil?

    { "state" => "failed" }.merge(blame(real))
  end

  def test_unit
    return unless defined?(::Test::Unit::TestCase) && ::Test::Unit::TestCase.const_defined?(:DESCENDANTS)

    require "test/unit/testresult"

    found = ::Test::Unit::TestCase::DESCENDANTS.uniq.flat_map do |klass|
      klass.public_instance_methods.grep(/\Atest/).map { |method| [klass, method.to_s, *place_of(klass.instance_method(method))] }
    end
    found.reject! { |one| one[2].nil? }
    found.sort_by.with_index { |one, at| [one[2], one[3], at] }.each do |klass, method, path, _|
      name = "#{path}::#{klass.name}##{method}"
      test(name) { of_test_unit(run_test_unit(klass, method)) } if wanted?(name)
    end
    return nil if found.empty?

    must_fail = Class.new(::Test::Unit::TestCase) do
      define_method(:test_equal) { assert_equal(ForgeWorker.word, ForgeWorker.word) }
    end
    !run_test_unit(must_fail, "test_equal").faults.empty?
  end

  def run_test_unit(klass, method)
    result = ::Test::Unit::TestResult.new
    klass.new(method).run(result) { |*| nil }
    result
  end

  def of_test_unit(result)
    faults = result.faults
    return { "state" => "passed" } if faults.empty?

    real = faults.find { |one| [::Test::Unit::Failure, ::Test::Unit::Error].include?(one.class) }
    if real.nil?
      own = faults.all? { |one| one.location.none? { |place| place.to_s.start_with?("#{@document}:") } }
      return { "state" => "skipped", "words" => faults[0].message, "own" => own }
    end
    return { "state" => "failed" }.merge(blame(real.exception)) if real.respond_to?(:exception)

    error = ::Test::Unit::AssertionFailedError.new(real.message.to_s)
    error.set_backtrace(real.location.map(&:to_s))
    { "state" => "failed" }.merge(blame(error)).merge(
      "expected" => short(real.inspected_expected), "actual" => short(real.inspected_actual)
    )
  end

  def rspec
    return unless defined?(::RSpec::Core::Runner) && !::RSpec.world.example_groups.empty?

    groups = ::RSpec.world.example_groups.dup
    all = groups.flat_map(&:descendants).uniq.flat_map(&:examples)
    counts = all.map(&:full_description).tally
    names = all.to_h do |one|
      path = one.metadata[:absolute_file_path]
      twin = counts[one.full_description] > 1 ? " [#{one.metadata[:scoped_id]}]" : ""
      [one, "#{relative(path)}::#{one.full_description}#{twin}"]
    end
    groups.flat_map(&:descendants).uniq.each do |group|
      ::RSpec.world.filtered_examples[group] = group.examples.select { |one| wanted?(names[one]) }
    end
    worker = self
    ::RSpec::Core::ExampleGroup.prepend(Module.new do
      %i[skip pending].each do |name|
        define_method(name) do |*given, &block|
          worker.send(:rspec_skips, caller)
          super(*given, &block)
        end
      end
    end)
    reporter = ::RSpec::Core::Reporter.new(::RSpec.configuration)
    listener = Listener.new(self, names)
    reporter.register_listener(listener, :example_started, :example_finished)
    ::RSpec.configuration.reporter
    ::RSpec.configuration.with_suite_hooks { groups.each { |group| group.run(reporter) } }
    must_fail = ::RSpec::Core::ExampleGroup.describe("forge") do
      it("must fail") { expect(ForgeWorker.word).to eq(ForgeWorker.word) }
    end
    must_fail.run(::RSpec::Core::NullReporter) == false
  end

  # What RSpec's reporter tells.
  class Listener
    def initialize(worker, names)
      @worker = worker
      @names = names
    end

    def example_started(notification)
      metadata = notification.example.metadata
      @worker.send(:rspec_started, @names[notification.example], metadata[:skip] || metadata[:pending])
    end

    def example_finished(notification)
      @worker.send(:rspec_finished, @names[notification.example], notification.example.execution_result)
    end
  end

  def rspec_started(name, declared)
    tell("state" => "start", "name" => name)
    @declared = declared
    @entered = false
  end

  def rspec_skips(lines)
    @declared = lines.none? { |line| line.start_with?("#{@document}:") }
  end

  def rspec_finished(name, result)
    tell("state" => "entered", "name" => name, "scope" => @entered)
    error = result.exception
    doubt(ENDS) if SystemExit === error && in_document?(error)
    outcome =
      if result.status == :pending
        { "state" => "skipped", "words" => result.pending_message.to_s, "own" => !!@declared }
      elsif error.nil? && result.status == :passed then { "state" => "passed" }
      else { "state" => "failed" }.merge(blame(error || RuntimeError.new("it failed")))
      end
    tell({ "name" => name }.merge(outcome))
    tell("state" => "done", "name" => name)
  end

  # -------------------------------------------------------------- why a test failed

  def blame(error, loading: false)
    own = frames(error).select { |path, _| path.start_with?("#{@root}/") && !path.start_with?("#{@root}/vendor/") }
    path, line = own[0]
    inside = path == @document && line.between?(@first, @last)
    told = words(error)
    told += " (#{relative(path)}:#{line})" if path && !assertion?(error)
    missing, cause = inside ? [[], "scope"] : missing_of(error, path)
    cause ||= cause_of(error, path, loading, own)
    { "words" => told, "cause" => cause, "missing" => missing }.merge(values(error))
  end

  def cause_of(error, path, loading, own)
    case error
    when LoadError then return present?(error.path.to_s) ? "elsewhere" : "environment"
    when SyntaxError then return error.message.include?(@document) ? "scope" : "elsewhere"
    end
    through = own.any? { |file, line| file == @document && line.between?(@first, @last) }
    unless path.nil? || assertion?(error) || test_file?(path)
      return "elsewhere" if unfinished?(error)
    end
    return "scope" if through || (@entered && !loading)

    "elsewhere"
  end

  # Names that nobody defines, and whose they would be.
  def missing_of(error, path)
    return [[], nil] unless NameError === error && error.name

    name = error.name.to_s
    return [[name], path.nil? || test_file?(path) ? "scope" : "elsewhere"] unless NoMethodError === error

    receiver = error.receiver
    main = receiver.equal?(TOPLEVEL_BINDING.receiver)
    owner = Module === receiver ? receiver : CLASS_OF.bind_call(receiver)
    return [[], nil] if CORE.include?(owner) && !main # a value of another kind than was expected

    [[name], main || test_class?(owner) || of_document?(owner) ? "scope" : "elsewhere"]
  rescue ArgumentError, TypeError # it does not know its receiver
    [[], nil]
  end

  def of_document?(owner)
    place = owner.name && Object.const_source_location(owner.name)
    return true if place && place[0] == @document

    (owner.instance_methods(false) + owner.private_instance_methods(false)).any? do |name|
      (found = owner.instance_method(name).source_location) && found[0] == @document
    end
  rescue NameError
    false
  end

  def unfinished?(error)
    NotImplementedError === error || /not (?:yet )?implemented|unimplemented|implement me|\bTODO\b/i.match?(error.message.to_s)
  end

  def assertion?(error)
    /\A(?:Minitest::(?:Assertion|Skip)|RSpec::(?:Expectations|Mocks)|Test::Unit::AssertionFailed)/.match?(error.class.name.to_s)
  end

  def test_file?(path)
    @request["file"].include?(path) || @request["guarded"].include?(path) || path.match?(%r{/(?:test|spec)s?/})
  end

  # Whether the project has a file of that name.
  def present?(name)
    base = File.basename(name, ".rb")
    !base.empty? && !Dir.glob(File.join(@root, "{lib,app,test,spec,.}", "**", "#{base}.rb")).empty?
  end

  def in_document?(error)
    frames(error).any? { |path, _| path == @document }
  end

  def frames(error)
    (error.backtrace || []).filter_map do |line|
      found = /\A(.+?):(\d+)(?::|\z)/.match(line)
      [found[1], found[2].to_i] if found
    end
  end

  def words(error)
    text = error.message.to_s.dup.force_encoding("UTF-8").scrub.gsub("#{@root}/", "")
    text = "#{error.class}: #{text}" unless assertion?(error)
    text[0, MOST_WORDS].strip
  end

  FORMS = [
    /^\s*Expected: (?<expected>.*?)\n\s*Actual: (?<actual>.*)\z/m,
    /^\s*expected: (?<expected>.*?)\n\s*got: (?<actual>.*?)(?:\n\n|\z)/m,
    /<(?<expected>.*?)> expected but was\s*<(?<actual>.*?)>/m
  ].freeze

  def values(error)
    return {} unless assertion?(error)

    found = FORMS.lazy.filter_map { |form| form.match(error.message.to_s) }.first
    return {} if found.nil?

    actual = found[:actual].sub(/\n\s*\(compared using .*\z/m, "").strip.delete_suffix(".")
    { "expected" => short(found[:expected]), "actual" => short(actual) }
  end

  def short(value)
    value.to_s.strip[0, MOST_VALUE]
  end

  def place_of(method)
    place = method.source_location
    place && place[0].start_with?("#{@root}/") ? [relative(place[0]), place[1]] : [nil, 0]
  end

  def relative(path)
    path.to_s.delete_prefix("#{@root}/")
  end
end

ForgeSupervisor.supervise if $PROGRAM_NAME == __FILE__
