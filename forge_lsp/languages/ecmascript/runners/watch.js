// Loaded by a test file of vitest or jest before all else: what the tested code must leave alone is remembered, and looked
// at again before each assertion, after each test and at the end. What reads files is told of test files that the
// document's code reads.
//
// Becomes a module of its own in the tree of one run, as a function body: (document, globals, matchers) => {notes, check}.
// Everything that it needs is taken before the tested code could replace it.
const describe = Object.getOwnPropertyDescriptor;
const define = Object.defineProperty;
const keysOf = Reflect.ownKeys;
const reflected = Reflect.apply;
const prototypeOf = Object.getPrototypeOf;
const captured = Error.captureStackTrace;
const same = Object.is;
const includes = String.prototype.includes;
const tested = RegExp.prototype.test;
const Errors = Error;
const TEST_FILE =
  /(?:^|\/)(?:__tests__|tests?|specs?)\/|(?:[._-](?:test|spec)|[a-z\d](?:Test|Spec)|\/test(?:-[^/]*)?)\.[cm]?[jt]sx?$|^\/proc\//;
const notes = [];

function note(words) {
  for (let at = 0; at < notes.length; at += 1) if (notes[at] === words) return;
  notes[notes.length] = words;
}

// Whether the document's code is among the callers.
function byDocument() {
  const limit = Errors.stackTraceLimit;
  const prepare = Errors.prepareStackTrace;
  const trace = {};
  try {
    Errors.stackTraceLimit = 60;
    Errors.prepareStackTrace = undefined;
    captured(trace);
    return reflected(includes, `${trace.stack}`, [document]);
  } finally {
    Errors.stackTraceLimit = limit;
    Errors.prepareStackTrace = prepare;
  }
}

const iterators = [[][Symbol.iterator](), new Map()[Symbol.iterator](), new Set()[Symbol.iterator]()].map(prototypeOf);
const classes = [Object, Array, Function, Number, Boolean, Symbol, Promise, Map, Set, WeakMap, WeakSet, RegExp, Error, Reflect];
const watched = [
  ...classes.flatMap((one) => (one.prototype === undefined ? [one] : [one, one.prototype])),
  ...iterators,
  prototypeOf(iterators[0]),
  ...matchers,
];
// Settings of the stack, and what belongs to no built-in.
const VARYING = ["stackTraceLimit", "prepareStackTrace"];
const originals = [];
for (const one of watched) {
  for (const key of keysOf(one)) if (!VARYING.includes(key)) originals.push([one, key, describe(one, key)]);
}
for (const key of ["expect", "test", "it", "describe", "afterEach", "Error", "Promise", "Object", "Array"]) {
  const was = describe(globals, key);
  if (was) originals.push([globals, key, was]);
}

function check() {
  for (let at = 0; at < originals.length; at += 1) {
    const one = originals[at];
    const now = describe(one[0], one[1]);
    if (!now || !same(now.value, one[2].value) || now.get !== one[2].get) note("builtins");
  }
}

function watch(files, name) {
  const original = files[name];
  if (typeof original !== "function" || !describe(files, name)?.writable) return;
  const watching = function (file, ...rest) {
    const target = typeof file === "string" ? file : `${file?.pathname ?? file}`;
    if (reflected(tested, TEST_FILE, [path.resolve(target)]) && byDocument()) note("reads");
    return reflected(original, this, [file, ...rest]);
  };
  for (const key of keysOf(original)) {
    if (key !== "length" && key !== "prototype") define(watching, key, describe(original, key));
  }
  files[name] = watching;
}

const builtin = globals.process?.getBuiltinModule; // node 20.16 or later
const path = builtin?.("node:path");
if (path) {
  const files = builtin("node:fs");
  for (const name of ["readFileSync", "readFile", "openSync", "open", "createReadStream", "copyFileSync", "cpSync"]) {
    watch(files, name);
  }
  for (const name of ["readFile", "open"]) watch(files.promises, name);
  builtin("node:module").syncBuiltinESMExports?.();
}
return { notes, check };
