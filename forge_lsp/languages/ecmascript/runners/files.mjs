// Runs test files of node:test, or of a runner that a driver starts, and says what their recorders sent. Each file has a
// process of its own, several at a time where the runner does so itself (`parallel`); a runner that takes all files in
// one process (`together`) is given them so, and where one of them does not come to its tests, each by itself.
//
// Stdin: {nonce, document, recorder, hooks: [argument...], driver: [argument...] or null, env, files: [file...],
// seconds, together, parallel}. Stdout: a line of the nonce and {files: [{file, tests, notes, words, timeout, code}]};
// `tests` is null where a file did not come to the end of its tests.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const MOST = 1 << 22;
const MOST_PARALLEL = 4;
const request = JSON.parse(fs.readFileSync(0, "utf8"));
const until = Date.now() + request.seconds * 1000;

// Run `files` in one process; `last` is when it is ended, in milliseconds.
function run(files, last) {
  const nonce = randomBytes(16).toString("hex");
  const answer = { tests: null, notes: [], words: "", timeout: false, code: null };
  const reporter = [`--test-reporter=${request.recorder}`, "--test-reporter-destination=stderr"];
  const how = ["--require", request.recorder, ...(request.driver ? [] : reporter)];
  const child = spawn(process.execPath, [...how, ...request.hooks, ...(request.driver ?? []), ...files], {
    detached: true,
    env: { ...process.env, ...request.env, FORGE_CHANNEL: String(process.pid) },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const heard = ["", "", "", ""];
  for (const number of [1, 2, 3]) {
    child.stdio[number].setEncoding("utf8");
    child.stdio[number].on("data", (text) => {
      if (heard[number].length < MOST) heard[number] += text;
    });
    child.stdio[number].on("error", () => {});
  }
  child.stdio[3].write(`${JSON.stringify({ nonce, document: request.document })}\n`);
  return new Promise((resolve) => {
    const end = () => {
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // all of them are gone
      }
    };
    const timer = setTimeout(() => {
      answer.timeout = true;
      end();
    }, Math.max(0, last - Date.now()));
    const done = () => {
      clearTimeout(timer);
      const said = [];
      for (const line of heard[3].split("\n")) {
        if (line === "") continue;
        if (line.startsWith(`${nonce} `)) said.push(JSON.parse(line.slice(nonce.length + 1)));
        else said.push({ note: "channel" });
      }
      answer.notes = [...new Set(said.flatMap(({ note }) => note ?? []))];
      const ends = said.filter(({ tests }) => tests !== undefined);
      if (ends.length === 1) answer.tests = ends[0].tests;
      answer.words = (heard[2].trim() || heard[1].trim()).slice(0, 8000);
      resolve(answer);
    };
    child.on("error", done);
    child.on("exit", (code) => {
      answer.code = code;
      end();
      // What it started may hold its descriptors longer than it lives.
      const late = setTimeout(done, 1000);
      child.on("close", () => {
        clearTimeout(late);
        done();
      });
    });
  });
}

const one = async (file) => ({ file, ...(await run([file], until)) });

// All files in one process, half of the time at most; undefined where that does not tell of each of them.
async function together(files) {
  const { tests, ...rest } = await run(files, (Date.now() + until) / 2);
  const parts = new Map(files.map((file) => [path.resolve(file), []]));
  for (const test of tests ?? []) {
    const part = parts.get(test.file && path.resolve(test.file));
    if (part === undefined) return undefined;
    part.push(test);
  }
  if ([...parts.values()].some((part) => part.length === 0)) return undefined;
  return files.map((file) => ({ ...rest, file, tests: parts.get(path.resolve(file)) }));
}

async function each(files) {
  const answers = [];
  const left = files.entries();
  const worker = async () => {
    for (const [at, file] of left) answers[at] = await one(file);
  };
  const count = request.parallel ? Math.min(MOST_PARALLEL, os.cpus().length) : 1;
  await Promise.all(Array.from({ length: count }, worker));
  return answers;
}

const whole = request.together && request.files.length > 1 ? await together(request.files) : undefined;
const files = whole ?? (await each(request.files));
process.stdout.write(`\n${request.nonce} ${JSON.stringify({ files })}\n`, () => process.exit(0));
