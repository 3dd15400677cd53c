// Node's parser kept running over texts in memory. Nothing of the project is evaluated. Node 18 or later, no packages.
//
// Started with --experimental-vm-modules, the folder of the build gate's runners, and the workspace. One JSON document a line:
// {open: [path...]} -> {}   (first; the JavaScript of the workspace)
// {changed: [path...]} -> {}
// {document, text, others: {path: text}} -> {problems: [{file, line, column, code, message}]}; paths relative to the workspace,
// lines and columns (UTF-16 units) from 1. Of the document and of what imports it, by way of others that export it again too.

import path from "node:path";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const [, , runners, root] = process.argv;
const { project, reading } = await import(pathToFileURL(path.join(runners, "resolving.mjs")));

const absolute = (file) => path.join(root, file);
const READ = /\.[mc]?js$/;
let disk = reading();
let over = new Map();
const files = new Set();
let exists = new Map();
let known = null; // who imports whom, of all but the document

const here = project(root, {
  text: (file) => over.get(file) ?? disk.text(file),
  isFile: (file) => {
    if (!exists.has(file)) exists.set(file, over.has(file) || disk.isFile(file));
    return exists.get(file);
  },
});

function changed(paths) {
  disk = reading();
  exists = new Map();
  known = null;
  if (paths.some((one) => path.basename(one) === "package.json")) here.forget();
  for (const one of paths.filter((each) => READ.test(each))) {
    if (disk.isFile(absolute(one))) files.add(absolute(one));
    else files.delete(absolute(one));
  }
}

function show(question) {
  const document = absolute(question.document);
  const next = new Map(Object.entries(question.others).map(([file, text]) => [absolute(file), text]));
  next.set(document, question.text);
  const differ = [...new Set([...over.keys(), ...next.keys()])].filter((file) => over.get(file) !== next.get(file));
  if (differ.some((file) => file !== document) || !over.has(document)) {
    exists = new Map();
    known = null;
    if (differ.some((file) => path.basename(file) === "package.json")) here.forget();
  }
  over = next;
  return document;
}

// The files that import `document`, or what exports all of it again.
function importers(document) {
  if (known?.document !== document) {
    const edges = new Map();
    for (const file of new Set([...files, ...over.keys()])) {
      if (file === document || !READ.test(file)) continue;
      for (const { target, star } of here.edges(file)) {
        if (target) edges.set(target, [...(edges.get(target) ?? []), { file, star }]);
      }
    }
    known = { document, edges };
  }
  const found = new Set();
  const pending = [document];
  const seen = new Set(pending);
  while (pending.length > 0) {
    for (const { file, star } of known.edges.get(pending.pop()) ?? []) {
      found.add(file);
      if (star && !seen.has(file)) {
        seen.add(file);
        pending.push(file);
      }
    }
  }
  return found;
}

async function answer(question) {
  if (question.open || question.changed) {
    changed(question.open ?? question.changed);
    return {};
  }
  const document = show(question);
  const problems = READ.test(document) ? await here.check(document) : []; // node cannot read .jsx
  for (const file of importers(document)) problems.push(...(await here.check(file)));
  return { problems };
}

for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let said;
  try {
    said = await answer(JSON.parse(line));
  } catch (error) {
    process.stderr.write(`${error.stack}\n`);
    said = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
