// Runs a test file (by tape: several) by the tape, jasmine, uvu, qunit, tap or ava of the project, and says by the
// recorder how each test ended.
//
// Arguments: the recorder, the runner's name, its folder, what is loaded before (JSON), the files. The first four run in this process. tap and ava have
// processes of their own and print the Test Anything Protocol, of which a test that is told of twice has failed.
"use strict";

const { spawn } = require("node:child_process");
const module_ = require("node:module");
const path = require("node:path");
const url = require("node:url");

const [, , recorder, runner, home, words, ...files] = process.argv;
const [file] = files;
const report = require(recorder);
const exit = process.exit;
const events = [];
const MOST = 1 << 22;
const LOADING = "forge: the file is loaded";

function lost(error) {
  console.error(error);
  exit(7);
}

function put(state, titles, error, of = file) {
  titles.slice(0, -1).forEach((name, nesting) => events.push({ type: "test:start", data: { name, nesting } }));
  const data = { name: titles[titles.length - 1], nesting: titles.length - 1, details: {}, file: of };
  if (state === "skip") data.skip = true;
  if (error !== undefined) data.details.error = { cause: error };
  events.push({ type: "test:start", data: { name: data.name, nesting: data.nesting } });
  events.push({ type: state === "fail" ? "test:fail" : "test:pass", data });
}

function asserted(message, stack, values) {
  const error = new Error(message);
  error.name = "AssertionError";
  error.stack = stack ?? "";
  return values ? Object.assign(error, { code: "ERR_ASSERTION" }, values) : error;
}

// Loaded only now: what they make of modules (esm, tsm) is not for this file.
const required = JSON.parse(words);

async function load(one = file) {
  const whole = path.resolve(one);
  if (required.length > 0) {
    const here = module_.createRequire(whole);
    // esm works only where it was asked for by the words of the command.
    process.argv = [process.execPath, path.join(home, "bin.js"), ...required.flatMap((name) => ["-r", name]), one];
    for (const name of required) here(name.startsWith(".") ? path.resolve(name) : name);
    try {
      return here(whole);
    } catch (error) {
      if (error?.code !== "ERR_REQUIRE_ESM") throw error;
    }
  }
  return import(url.pathToFileURL(whole).href);
}

async function ofTape() {
  const tape = require(home);
  const Test = require(path.join(home, "lib/test.js"));
  const run = Test.prototype.run;
  let current;
  const broken = (error) => {
    const test = current;
    if (test === undefined || test.ended || test.name === LOADING) lost(error);
    test._assert(false, { message: String(error?.message ?? error), operator: "error", actual: error, error });
    if (!test.ended) test.end();
  };
  // tape leaves an exception to the process, which would take the tests behind it along.
  Test.prototype.run = function () {
    const call = this._cb;
    if (typeof call === "function") {
      this._cb = function (...given) {
        current = this;
        try {
          return call.apply(this, given);
        } catch (error) {
          return broken(error);
        }
      };
    }
    return run.call(this);
  };
  process.on("uncaughtException", broken);
  const stream = tape.createStream({ objectMode: true });
  const tests = new Map();
  let at = -1;
  stream.on("data", (row) => {
    if (row.type === "test" && row.name === LOADING) at += 1;
    else if (row.type === "test") tests.set(row.id, { name: String(row.name), skip: Boolean(row.skip), rows: [], of: files[at] });
    else if (row.type === "assert") tests.get(row.test)?.rows.push(row);
  });
  const ended = new Promise((resolve) => stream.on("end", resolve));
  // A test that loads a file, before the file's own: until it ends tape has something to wait for.
  const next = ([one, ...rest]) =>
    tape(LOADING, (test) =>
      load(one)
        .then(() => {
          if (rest.length > 0) next(rest);
          test.end();
        })
        .catch(lost),
    );
  next(files);
  await ended;
  for (const { name, skip, rows, of } of tests.values()) {
    const red = rows.filter((row) => !row.ok && !row.todo && !row.skip);
    const row = red.find((one) => String(one.name).startsWith(`${name}[`)) ?? red[0];
    const idle = skip || (rows.length > 0 && rows.every((one) => one.skip || one.todo));
    if (row === undefined) put(idle ? "skip" : "pass", [name], undefined, of);
    else if (row.operator === "error" && row.actual instanceof Error) put("fail", [name], row.actual, of);
    else {
      const values = "expected" in row ? { expected: row.expected, actual: row.actual } : undefined;
      put("fail", [name], asserted(String(row.name), row.error?.stack, values), of);
    }
  }
}

async function ofJasmine() {
  const found = await import(url.pathToFileURL(require.resolve(home)).href);
  const Jasmine = [found.default?.default, found.default, found].find((one) => typeof one === "function");
  const jasmine = new Jasmine({ projectBaseDir: process.cwd() });
  await jasmine.loadConfigFile();
  const above = [];
  jasmine.clearReporters();
  jasmine.addReporter({
    suiteStarted: ({ description }) => above.push(description),
    suiteDone: ({ failedExpectations }) => {
      const [first] = failedExpectations ?? [];
      if (first !== undefined) put("fail", [...above], asserted(first.message, first.stack));
      above.pop();
    },
    specDone: ({ description, status, failedExpectations }) => {
      const [first] = failedExpectations ?? [];
      const titles = [...above, description];
      if (status === "passed") put("pass", titles);
      else if (first === undefined) put("skip", titles);
      else if (first.matcherName) put("fail", titles, asserted(first.message, first.stack, values(first)));
      else put("fail", titles, thrown(first));
    },
  });
  jasmine.exitOnCompletion = false;
  await jasmine.execute([path.resolve(file)]);
}

function values({ expected, actual }) {
  return expected === undefined && actual === undefined ? undefined : { expected, actual };
}

function thrown({ message, stack }) {
  const [, name, said] = /^(?:(\w*Error): )?([^]*)$/.exec(message);
  return Object.assign(new Error(said), { name: name ?? "Error", stack: `${message}\n${stack ?? ""}` });
}

async function ofUvu() {
  globalThis.UVU_DEFER = 1; // it runs nothing before it is told to
  const main = require.resolve(home);
  const uvu = require(main);
  // uvu keeps to itself which test is which: each tells of itself. `import` is to get the same one as `require`.
  const hook = `export const resolve = (name, context, next) => name === "uvu"
    ? { url: ${JSON.stringify(url.pathToFileURL(main).href)}, format: "commonjs", shortCircuit: true }
    : next(name, context);`;
  if (required.length === 0) module_.register(`data:text/javascript,${encodeURIComponent(hook)}`);
  const told = new Map();
  const telling = (real, title) => {
    const named = (name) => (title ? [title, name] : [name]);
    const seen = (name, call) => {
      const key = {};
      told.set(key, { titles: named(name), state: "skip" });
      return async (...given) => {
        try {
          await call(...given);
          told.set(key, { titles: named(name), state: "pass" });
        } catch (error) {
          told.set(key, { titles: named(name), state: "fail", error });
          throw error;
        }
      };
    };
    const own = (name, call) => real(name, seen(name, call));
    own.only = (name, call) => real.only(name, seen(name, call));
    own.skip = (name) => {
      told.set({}, { titles: named(String(name)), state: "skip" });
      real.skip();
    };
    return Object.assign(own, { before: real.before, after: real.after, run: real.run });
  };
  const { suite } = uvu;
  uvu.test = telling(uvu.test, "");
  uvu.suite = (title = "", state = undefined) => telling(suite(title, state), title);
  globalThis.UVU_QUEUE.push([null]);
  await load();
  await uvu.exec();
  for (const { titles, state, error } of told.values()) {
    const checked = error?.code === "ERR_ASSERTION" && "expects" in error;
    const values = checked ? { expected: error.expects, actual: error.actual } : undefined;
    put(state, titles, checked ? asserted(error.message, error.stack, values) : error);
  }
}

async function ofQunit() {
  const QUnit = require(home);
  globalThis.QUnit = QUnit;
  QUnit.config.autostart = false;
  const ended = new Promise((resolve) => QUnit.on("runEnd", resolve));
  QUnit.on("testEnd", ({ fullName, status, errors }) => {
    const titles = fullName.filter(Boolean);
    if (status === "passed") return put("pass", titles);
    if (status !== "failed") return put("skip", titles);
    const first = errors.find(({ message }) => String(message).startsWith(`${titles.at(-1)}[`)) ?? errors[0];
    const said = String(first?.message ?? "it failed");
    const stack = `Error: ${said}\n${first?.stack ?? ""}`;
    // "Died on test #1", where the test stands, and what was thrown.
    const thrown = /^(?:Died on test #\d+|Promise rejected (?:during|before|after) [^:]*)[^]*?: (?!.*:\d+:\d+\)?$)([^]*)$/m.exec(said);
    if (thrown) return put("fail", titles, Object.assign(new Error(thrown[1]), { stack }));
    return put("fail", titles, asserted(said, stack, { expected: first?.expected, actual: first?.actual }));
  });
  process.on("uncaughtException", (error) => QUnit.onUncaughtException(error));
  process.on("unhandledRejection", (error) => QUnit.onUncaughtException(error));
  await load();
  QUnit.start();
  await ended;
}

async function ofTap(command) {
  const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"] });
  let heard = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text) => {
    if (heard.length < MOST) heard += text;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  const seen = new Map();
  for (const test of tapped(heard.split("\n"))) {
    const key = JSON.stringify(test.titles);
    seen.set(key, seen.has(key) ? { ...test, state: "fail", said: "more than one result was given for it" } : test);
  }
  if (seen.size === 0) {
    process.stderr.write(heard.slice(0, 4000));
    exit(code || 7);
  }
  for (const { titles, state, said, stack } of seen.values()) {
    put(state, titles, state === "fail" ? asserted(said, stack) : undefined);
  }
}

// The tests that a text in the Test Anything Protocol tells of: what has a subtest of its name before it, and at the
// top all.
function* tapped(lines) {
  const open = [];
  for (let at = 0; at < lines.length; at += 1) {
    const subtest = /^\s*# Subtest: (.*)$/.exec(lines[at]);
    if (subtest) open.push({ title: subtest[1].trim(), red: [], inner: false });
    const line = /^\s*(not )?ok\b *\d* *(?:- )?(.*?)(?: # (SKIP|TODO|time=).*)?(?: *\{)?$/i.exec(lines[at]);
    if (!line) continue;
    const [, not, title, mark] = line;
    const result = { title: title.trim(), ...diagnosed(lines, at + 1, title.trim()) };
    const idle = /^(?:skip|todo)$/i.test(mark ?? "");
    const top = open[open.length - 1];
    if (top !== undefined && top.title !== result.title) {
      if (idle) yield { titles: [...open.map((one) => one.title), result.title], state: "skip" };
      else if (not) top.red.push(result);
      continue;
    }
    if (top !== undefined) open.pop();
    const parent = open[open.length - 1];
    if (parent !== undefined) parent.inner = true;
    if (top?.inner && top.red.length === 0) continue; // its own tests tell it
    const red = top?.red ?? [];
    const first = red.find((one) => one.title.startsWith(`${result.title}[`)) ?? red[0] ?? result;
    const titles = [...open.map((one) => one.title), result.title];
    yield { ...first, titles, state: idle ? "skip" : not ? "fail" : "pass" };
  }
}

// What is said of a result below its line: its words, where it came to be, and both values where they are shown.
function diagnosed(lines, at, title) {
  if (!/^\s*---\s*$/.test(lines[at] ?? "")) return { said: title, stack: "" };
  const parts = new Map([["", []]]);
  const margin = /^\s*/.exec(lines[at + 1] ?? "")[0].length;
  let key = "";
  for (let next = at + 1; next < lines.length && !/^\s*\.\.\.\s*$/.test(lines[next]); next += 1) {
    const found = /^(\s*)(?:'([^']+)'|"([^"]+)"|([\w() ,+-]+)):(?: |$)(.*)$/.exec(lines[next]);
    if (found && found[1].length <= margin) {
      key = found[2] ?? found[3] ?? found[4];
      parts.set(key, [found[5]]);
    } else parts.get(key).push(lines[next].slice(margin));
  }
  const of = (...keys) => keys.flatMap((one) => parts.get(one) ?? []).map((line) => line.trim());
  const frames = of("at", "stack").flatMap((line) => {
    const found = /(?:file:\/\/)?([^\s():'"]+\.[cm]?[jt]sx?):(\d+):(\d+)/.exec(line);
    return found ? [`    at test (${path.resolve(found[1])}:${found[2]}:${found[3]})`] : [];
  });
  const shown = of("message", "error", "diff", "values", "details", "found", "wanted", "expected", "actual");
  const said = [title, ...shown].filter((line) => line && !/^(?:\||\|-|>-|''|--- expected|\+\+\+ actual|@@.*)$/.test(line));
  return { said: [...said, ...compared(said)].join("\n"), stack: `Error: ${title}\n${frames.join("\n")}` };
}

// Both values of a difference of one line, as node's own assertions show them: tap puts what is expected first, ava what
// came.
function compared(said) {
  const less = said.filter((line) => /^-\s*\S/.test(line));
  const more = said.filter((line) => /^\+\s*\S/.test(line));
  if (less.length !== 1 || more.length !== 1) return [];
  const [one, other] = [less[0].slice(1).trim(), more[0].slice(1).trim()];
  const turned = said.some((line) => line.includes("- actual"));
  return [turned ? `${one} !== ${other}` : `${other} !== ${one}`];
}

const COMMANDS = {
  tap: () => [...process.execArgv, file],
  ava: () => [path.join(home, "entrypoints/cli.mjs"), "--tap", file],
};

async function main() {
  if (runner === "tape") await ofTape();
  else if (runner === "jasmine") await ofJasmine();
  else if (runner === "uvu") await ofUvu();
  else if (runner === "qunit") await ofQunit();
  else await ofTap(COMMANDS[runner]());
  async function* source() {
    yield* events;
  }
  for await (const _ of report(source())); // it sends at its end
  exit(events.some(({ type }) => type === "test:fail") ? 1 : 0);
}

main().catch(lost);
