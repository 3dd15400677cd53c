// Runs test files by the mocha of the project, with the options that it has for itself, and says by the recorder how each
// test ended.
//
// Arguments: the recorder, mocha's folder, a JSON array of words that the project gives mocha, the files. mocha 6 or later.
"use strict";

const path = require("node:path");

const [, , recorder, home, given, ...files] = process.argv;
process.argv.splice(1, Infinity, path.join(home, "bin/mocha.js"));
const report = require(recorder);
const exit = process.exit;
const events = [];

function put(kind, test, error) {
  const titles = test.titlePath();
  titles.slice(0, -1).forEach((name, nesting) => events.push({ type: "test:start", data: { name, nesting } }));
  const data = { name: titles[titles.length - 1], nesting: titles.length - 1, details: {}, file: test.file };
  if (kind === "skip") data.skip = true;
  if (error !== undefined) data.details.error = { cause: error };
  events.push({ type: "test:start", data: { name: data.name, nesting: data.nesting } });
  events.push({ type: kind === "fail" ? "test:fail" : "test:pass", data });
}

// mocha gives every failure to its reporter, the one of a hook, too.
function Quiet(runner) {
  runner.on("pass", (test) => put("pass", test));
  runner.on("pending", (test) => put("skip", test));
  runner.on("fail", (test, error) => put("fail", test, error ?? new Error("it failed without a word")));
}

async function main() {
  const { loadOptions } = require(path.join(home, "lib/cli/options.js"));
  const { handleRequires } = require(path.join(home, "lib/cli/run-helpers.js"));
  const options = loadOptions(JSON.parse(given)) ?? {};
  Object.assign(options, await handleRequires(options.require ?? []));
  const ours = { reporter: Quiet, bail: false, parallel: false, forbidOnly: false, dryRun: false, fullTrace: true };
  Object.assign(options, ours, { grep: undefined, fgrep: undefined, invert: false, exit: false });
  const Mocha = require(home);
  const mocha = new Mocha(options);
  mocha.files = [];
  for (const one of [options.file ?? [], files].flat()) mocha.addFile(path.resolve(one));
  if (mocha.loadFilesAsync) await mocha.loadFilesAsync();
  const failures = await new Promise((resolve) => mocha.run(resolve));
  async function* source() {
    yield* events;
  }
  for await (const _ of report(source())); // it sends at its end
  exit(failures > 0 ? 1 : 0);
}

main().catch((error) => {
  console.error(error);
  exit(7);
});
