// Loaded by node before a test file, and its test reporter: sends what the tests did to the parent, once, at their end.
// Node 18.19 or later.
//
// The parent gives a line of JSON on descriptor 3: {nonce, document}. It gets back lines that begin with the nonce:
// {note} at once, where the document's code replaces an assertion or reads a test file, and {tests} at the end, each
// {name: [group..., test], state: "passed" | "failed" | "skipped", error, file}. The nonce stands nowhere but in here, and what
// writes is taken before the tested code could replace it.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const url = require("node:url");
const { isMainThread } = require("node:worker_threads");
const { inspect } = require("node:util");

const CHANNEL = 3;
const MOST = 300;
const TEST_FILE =
  /(?:^|\/)(?:__tests__|tests?|specs?)\/|(?:[._-](?:test|spec)|[a-z\d](?:Test|Spec)|\/test(?:-[^/]*)?)\.[cm]?[jt]sx?$|^\/proc\//;
const writeSync = fs.writeSync;
const stringify = JSON.stringify;
const captured = Error.captureStackTrace;
const reflected = Reflect.apply;
const includes = String.prototype.includes;

function secret() {
  const bytes = Buffer.alloc(65536);
  let length = 0;
  while (length < bytes.length && !bytes.subarray(0, length).includes(10)) {
    const count = fs.readSync(CHANNEL, bytes, length, bytes.length - length);
    if (count === 0) break;
    length += count;
  }
  return JSON.parse(bytes.subarray(0, length).toString());
}

// A process that a test forks has another use for the descriptor, and is no test itself.
const own = isMainThread && process.argv[1] !== undefined && process.env.FORGE_CHANNEL === String(process.ppid);
const { nonce, document } = own ? secret() : { nonce: "", document: "" };
delete process.env.FORGE_CHANNEL;
process.execArgv = process.execArgv.filter((word) => !word.includes(__filename) && word !== "--require");
const places = [document, url.pathToFileURL(document || "/").pathname];

function send(answer) {
  if (own) writeSync(CHANNEL, `\n${nonce} ${stringify(answer)}\n`);
}

// Whether the document's code is among the callers.
function byDocument() {
  const limit = Error.stackTraceLimit;
  const prepare = Error.prepareStackTrace;
  const trace = {};
  try {
    Error.stackTraceLimit = 60;
    Error.prepareStackTrace = undefined;
    captured(trace);
    const text = String(trace.stack);
    return places.some((place) => reflected(includes, text, [place]));
  } finally {
    Error.stackTraceLimit = limit;
    Error.prepareStackTrace = prepare;
  }
}

function guarded(object, name, note) {
  let value = object[name];
  const enumerable = Object.getOwnPropertyDescriptor(object, name)?.enumerable ?? true;
  const set = (fresh) => {
    if (byDocument()) send({ note });
    value = fresh;
  };
  Object.defineProperty(object, name, { get: () => value, set, enumerable, configurable: false });
}

function watched(object, name) {
  const original = object[name];
  if (typeof original !== "function") return;
  object[name] = function (file, ...rest) {
    const target = file instanceof URL ? file.pathname : String(file);
    if (TEST_FILE.test(path.resolve(target)) && byDocument()) send({ note: "reads" });
    return reflected(original, this, [file, ...rest]);
  };
  Object.defineProperty(object[name], "name", { value: name });
}

if (own) {
  const assert = require("node:assert");
  for (const object of [assert, assert.strict]) {
    for (const name of Object.keys(object)) {
      if (typeof object[name] === "function" && name !== "strict") guarded(object, name, "asserts");
    }
  }
  for (const name of ["readFileSync", "readFile", "openSync", "open", "createReadStream", "copyFileSync"]) {
    watched(fs, name);
  }
  for (const name of ["readFile", "open"]) watched(fs.promises, name);
  require("node:module").syncBuiltinESMExports();
}

// What the code that reports is made of, and what every comparison stands on. Honest code may add to it; what was there
// stays as it is.
const { Readable } = require("node:stream");
const { EventEmitter } = require("node:events");
const builtins = [
  ...[Object, Array, Function, String, Number, Boolean, Symbol, Promise, Map, Set, WeakMap, WeakSet, RegExp, Error, Date],
  ...[Reflect, JSON, Math, Readable, EventEmitter, AbortController, Buffer],
].flatMap((one) => (one.prototype === undefined ? [one] : [one, one.prototype]));
const same = Object.is;
const keysOf = Reflect.ownKeys;
const describe = Object.getOwnPropertyDescriptor;
const originals = builtins.map((one) => [one, keysOf(one).map((key) => [key, describe(one, key)])]);
const VARYING = ["stackTraceLimit", "prepareStackTrace", "defaultMaxListeners", "captureRejections"];
let changed = false;

function checkBuiltins() {
  if (changed) return;
  for (const [one, properties] of originals) {
    for (const [key, was] of properties) {
      const now = describe(one, key);
      if (VARYING.includes(key) || (now && same(now.value, was.value) && now.get === was.get)) continue;
      changed = true;
      send({ note: "builtins" });
      return;
    }
  }
}

function shown(value) {
  try {
    const text = inspect(value, { depth: 4, breakLength: Infinity, customInspect: false });
    return text.length > MOST ? `${text.slice(0, MOST)}...` : text;
  } catch {
    return "?";
  }
}

function told(error) {
  const cause = error?.cause instanceof Object ? error.cause : (error?.cause ?? error);
  if (!(cause instanceof Object)) return { type: "", message: shown(cause), stack: "" };
  const answer = {
    type: String(cause.name ?? ""),
    code: String(cause.code ?? ""),
    message: String(cause.message ?? cause),
    stack: String(cause.stack ?? ""),
  };
  if (cause.code === "ERR_ASSERTION" && Object.hasOwn(cause, "expected")) {
    answer.expected = shown(cause.expected);
    answer.actual = shown(cause.actual);
  }
  return answer;
}

let calls = 0;
module.exports = async function* reporter(source) {
  calls += 1;
  const above = [];
  const tests = [];
  for await (const { type, data } of source) {
    checkBuiltins();
    if (!["test:start", "test:pass", "test:fail"].includes(type)) continue;
    above.length = Math.min(above.length, data.nesting);
    if (type === "test:start") {
      above[data.nesting] = data.name;
      continue;
    }
    const failed = type === "test:fail";
    // A group has failed where its tests have; by itself it has only where its own code ended.
    if (data.details?.type === "suite" && !(failed && data.details.error?.failureType === "hookFailed")) continue;
    const skipped = data.skip !== undefined || data.todo !== undefined;
    tests.push({
      name: [...above.slice(0, data.nesting), data.name],
      state: skipped ? "skipped" : failed ? "failed" : "passed",
      error: failed ? told(data.details?.error) : undefined,
      file: data.file,
    });
  }
  checkBuiltins();
  send(calls === 1 ? { tests } : { note: "reporter" });
};
