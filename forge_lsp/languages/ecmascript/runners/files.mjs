// Runs test files of node:test, or of a runner that a driver starts, each in a process of its own, and says what their
// recorders sent.
//
// Stdin: {nonce, document, recorder, hooks: [argument...], driver: [argument...] or null, env, files: [file...],
// seconds}. Stdout: a line of the nonce and {files: [{file, tests, notes, words, timeout, code}]}; `tests` is null where a file did not come to the end of its tests.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";

const MOST = 1 << 22;
const request = JSON.parse(fs.readFileSync(0, "utf8"));
const until = Date.now() + request.seconds * 1000;

function one(file) {
  const nonce = randomBytes(16).toString("hex");
  const answer = { file, tests: null, notes: [], words: "", timeout: false, code: null };
  const reporter = [`--test-reporter=${request.recorder}`, "--test-reporter-destination=stderr"];
  const how = ["--require", request.recorder, ...(request.driver ? [] : reporter)];
  const child = spawn(process.execPath, [...how, ...request.hooks, ...(request.driver ?? []), file], {
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
    }, Math.max(0, until - Date.now()));
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

const files = [];
for (const file of request.files) files.push(await one(file));
process.stdout.write(`\n${request.nonce} ${JSON.stringify({ files })}\n`, () => process.exit(0));
