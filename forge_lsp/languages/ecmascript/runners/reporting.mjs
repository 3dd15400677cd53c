// A reporter for vitest (1 or later) and jest (27 or later). Both run it in their own process, the tests in others: it
// says what they did once the tests are over.
//
// Stdin: the nonce. Stdout: a line of the nonce and {files: [{file, tests, words}]}; a test is {name: [group..., test],
// state: "passed" | "failed" | "skipped", error}. `words` is why a file has none.

import fs from "node:fs";

const nonce = fs.readFileSync(0, "utf8").trim();
const writeSync = fs.writeSync;
const STATES = { passed: "passed", pass: "passed", failed: "failed", fail: "failed" };

function send(files) {
  const bytes = Buffer.from(`\n${nonce} ${JSON.stringify({ files })}\n`);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error; // the reader is slow
    }
  }
}

function text(value) {
  return typeof value === "string" ? value : value === undefined ? undefined : JSON.stringify(value);
}

function told(error) {
  if (error === undefined || error === null) return undefined;
  const cause = typeof error === "string" ? { stack: error, message: error.split("\n    at ")[0] } : error;
  const stack = String(cause.stack ?? "");
  return {
    type: String(cause.name ?? ""),
    code: String(cause.code ?? ""),
    message: String(cause.message ?? ""),
    stack,
    expected: text(cause.expected),
    actual: text(cause.actual),
  };
}

function* tasks(suite, above) {
  for (const task of suite.tasks ?? []) {
    const name = [...above, task.name];
    if (task.type === "suite") {
      if (task.result?.errors?.length) yield { name, state: "failed", error: told(task.result.errors[0]) };
      yield* tasks(task, name);
    } else {
      const state = STATES[task.result?.state] ?? "skipped";
      yield { name, state, error: state === "failed" ? told(task.result.errors?.[0]) : undefined };
    }
  }
}

function ofVitest(files, errors) {
  send(
    files.map((file) => {
      // What keeps a worker from starting (an environment that is not installed) belongs to no file.
      const failed = file.result?.errors?.[0] ?? (file.tasks?.length ? undefined : errors?.[0]);
      const tests = [...tasks(file, [])];
      const words = failed && `${failed.name}: ${failed.message}\n${failed.stack}`;
      return { file: file.filepath, tests: tests.length === 0 ? null : tests, words };
    }),
  );
}

export default class Reporting {
  #sent = false;

  // vitest before 4
  onFinished(files = [], errors = []) {
    if (!this.#sent) ofVitest(files, errors);
    this.#sent = true;
  }

  // vitest 3 or later
  onTestRunEnd(modules = [], errors = []) {
    const files = modules.map((module) => module.task).filter(Boolean);
    if (files.length === modules.length) this.onFinished(files, errors);
  }

  // jest
  onRunComplete(_contexts, { testResults }) {
    send(
      testResults.map(({ testFilePath, testResults: tests, testExecError, failureMessage }) => ({
        file: testFilePath,
        tests: tests.length === 0 ? null : tests.map((test) => ({
          name: [...test.ancestorTitles, test.title],
          state: STATES[test.status] ?? "skipped",
          error: test.status === "failed" ? told(test.failureMessages[0]) : undefined,
        })),
        words: tests.length > 0 ? undefined : String(testExecError?.stack ?? failureMessage ?? ""),
      })),
    );
  }

  getLastError() {}
}
