// A reporter for `node --test`: a line of JSON for each test, after the nonce in FORGE_NONCE. Node 18.17 or later.
//
// {name: [file, group..., test], state: "passed" | "failed" | "skipped", words, expected, actual}; the name of a failure
// of a whole file is [file]. Expected and actual are there where an assertion tells them.

import path from "node:path";
import { inspect } from "node:util";

const nonce = process.env.FORGE_NONCE;
const MOST = 300;

function shown(value) {
  const text = inspect(value, { depth: 4, breakLength: Infinity });
  return text.length > MOST ? `${text.slice(0, MOST)}...` : text;
}

export default async function* reporter(source) {
  const open = new Map();
  for await (const { type, data } of source) {
    if (!["test:start", "test:pass", "test:fail"].includes(type)) continue;
    const file = path.relative(process.cwd(), data.file ?? "");
    const above = open.get(file) ?? [];
    open.set(file, above);
    above.length = Math.min(above.length, data.nesting);
    if (type === "test:start") {
      above[data.nesting] = data.name;
      continue;
    }
    const whole = data.nesting === 0 && path.relative(process.cwd(), path.resolve(data.name)) === file;
    if (data.details?.type === "suite" || (whole && type === "test:pass")) continue;
    const error = data.details?.error;
    const cause = error?.cause ?? error;
    const skipped = data.skip !== undefined || data.todo !== undefined;
    const answer = {
      name: whole ? [file] : [file, ...above.slice(0, data.nesting), data.name],
      state: skipped ? "skipped" : type === "test:pass" ? "passed" : "failed",
      words: error === undefined ? "" : String(cause?.message ?? cause),
    };
    if (cause?.code === "ERR_ASSERTION" && Object.hasOwn(cause, "expected")) {
      answer.expected = shown(cause.expected);
      answer.actual = shown(cause.actual);
    }
    yield `\n${nonce} ${JSON.stringify(answer)}\n`;
  }
}
