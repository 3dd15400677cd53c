// A TypeScript language service over texts in memory. Node 18 or later; the project's own TypeScript (before 7), no plugins.
//
// Started with the folder of the TypeScript package and the workspace. One JSON document a line:
// {changed: [path...]} -> {}
// {document, text, others: {path: text}, dependents: [path...], targets: [path...]} -> {problems: [{file, line, column,
// end_line, end_column, code, message}]}; paths relative to the workspace, lines and columns (UTF-16 units) from 1. The first
// of `targets`, configurations, that covers the document is taken.
"use strict";

const path = require("node:path");
const readline = require("node:readline");

const [, , home, root] = process.argv;
const ts = require(home);
const sys = ts.sys;

let over = new Map();
let names = [];
let options = {};
let configured = null;
const versions = new Map();
const registry = ts.createDocumentRegistry();
let service = null;

const absolute = (file) => path.join(root, file);
const bump = (file) => versions.set(file, (versions.get(file) ?? 0) + 1);
const readFile = (file, encoding) => over.get(file) ?? sys.readFile(file, encoding);
const fileExists = (file) => over.has(file) || sys.fileExists(file);

const host = {
  getScriptFileNames: () => names,
  getScriptVersion: (file) => String(versions.get(file) ?? 0),
  getScriptSnapshot: (file) => {
    const text = readFile(file);
    return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
  },
  getCurrentDirectory: () => root,
  getCompilationSettings: () => options,
  getDefaultLibFileName: (wanted) => ts.getDefaultLibFilePath(wanted),
  fileExists,
  readFile,
  readDirectory: sys.readDirectory,
  directoryExists: sys.directoryExists,
  getDirectories: sys.getDirectories,
  realpath: sys.realpath,
};

function parsed(target) {
  const file = absolute(target);
  const read = ts.readConfigFile(file, readFile);
  const found = ts.parseJsonConfigFileContent(read.config ?? {}, { ...sys, readFile, fileExists }, path.dirname(file), undefined, file);
  return { names: found.fileNames, options: { ...found.options, noEmit: true, plugins: undefined } };
}

function configure(targets, document) {
  const key = JSON.stringify([targets, document, targets.map((target) => over.get(absolute(target)) ?? null)]);
  if (configured === key) return;
  const all = targets.map(parsed);
  const chosen = all.find((one) => one.names.includes(document)) ?? all[0];
  names = chosen.names.includes(document) ? chosen.names : [...chosen.names, document];
  options = chosen.options;
  configured = key;
}

function show(question) {
  const next = new Map(Object.entries(question.others).map(([file, text]) => [absolute(file), text]));
  next.set(absolute(question.document), question.text);
  for (const file of new Set([...over.keys(), ...next.keys()])) if (over.get(file) !== next.get(file)) bump(file);
  over = next;
}

function told(found, wanted) {
  const place = { file: path.relative(root, found.file?.fileName ?? wanted), line: 0, column: 0, end_line: 0, end_column: 0 };
  if (found.file && found.start !== undefined) {
    const start = found.file.getLineAndCharacterOfPosition(found.start);
    const end = found.file.getLineAndCharacterOfPosition(found.start + (found.length ?? 0));
    Object.assign(place, { line: start.line + 1, column: start.character + 1 });
    Object.assign(place, { end_line: end.line + 1, end_column: end.character + 1 });
  }
  return { ...place, code: `TS${found.code}`, message: ts.flattenDiagnosticMessageText(found.messageText, " ") };
}

function check(question) {
  show(question);
  const document = absolute(question.document);
  configure(question.targets, document);
  service ??= ts.createLanguageService(host, registry);
  const problems = [];
  const program = service.getProgram();
  for (const file of new Set([document, ...question.dependents.map(absolute)])) {
    if (!program.getSourceFile(file)) continue;
    const found = [...service.getSyntacticDiagnostics(file), ...service.getSemanticDiagnostics(file)];
    problems.push(...found.filter((one) => one.category === ts.DiagnosticCategory.Error).map((one) => told(one, file)));
  }
  return { problems };
}

function answer(question) {
  if (question.changed) {
    question.changed.map(absolute).forEach(bump);
    configured = null;
    return {};
  }
  return check(question);
}

const lines = readline.createInterface({ input: process.stdin, crlfDelay: Infinity });
lines.on("line", (line) => process.stdout.write(`${JSON.stringify(answer(JSON.parse(line)))}\n`));
