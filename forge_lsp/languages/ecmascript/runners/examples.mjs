// Makes calls of a module's own names, each by itself, and says what they gave. Node 18 or later, no packages but the
// project's TypeScript where the document is written in it.
//
// Started without an argument it is the parent: stdin is {nonce, document, symbol, typescript: path or null, names: [name...],
// seconds, calls: [{id, steps: [statement...], call}]}. It starts itself again with that on stdin, repeats what the child
// says, and ends it where a call takes longer than `seconds`. Stdout, a line each: the nonce and {id, state: "done", value},
// {id, state: "raised", error, names, words, environment}, {id, state: "broken", words}, {state: "fault", words} or {state: "end"}.

import { spawn } from "node:child_process";
import fs from "node:fs";
import module from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const DEEPEST = 12;
const MOST = 2000;
const LONGEST = 20000;
const LOADING = 4; // as many times the seconds of a call may loading the module take

// What the tested code could replace is taken before it is loaded.
const { stringify, parse } = JSON;
const { isInteger } = Number;
const { isArray, from } = Array;
const { getPrototypeOf, entries, prototype } = Object;
const write = fs.writeSync;

function tagged(value, depth = 0) {
  if (depth > DEEPEST) return { o: "..." };
  if (value === null || value === undefined) return { n: 0 };
  switch (typeof value) {
    case "boolean":
      return { b: value };
    case "number":
      return isInteger(value) ? { i: `${value === 0 ? 0 : BigInt(value)}` } : { f: `${value}`.replace("Infinity", "inf") };
    case "bigint":
      return { i: `${value}` };
    case "string":
      return { s: value.length > LONGEST ? value.slice(0, LONGEST) : value };
    case "object":
      break;
    default:
      return { o: String(value) };
  }
  const inner = (items) => from(items, (item) => tagged(item, depth + 1));
  if (isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) return { l: inner(value.slice(0, MOST)) };
  if (value instanceof Set) return { z: inner([...value].slice(0, MOST)) };
  const pairs = (items) => ({ m: items.slice(0, MOST).map(([key, item]) => [tagged(key, depth + 1), tagged(item, depth + 1)]) });
  if (value instanceof Map) return pairs([...value]);
  if (value instanceof Date) return { o: value.toISOString() };
  if (value instanceof RegExp || value instanceof Error) return { o: String(value) };
  if (value instanceof String || value instanceof Number || value instanceof Boolean) return tagged(value.valueOf(), depth);
  const iterates = typeof value[Symbol.iterator] === "function";
  if (iterates && typeof value.next === "function") return { l: inner(taken(value)) };
  const known = getPrototypeOf(value);
  if (known !== null && known !== prototype && Object.hasOwn(known, "toString")) return { o: String(value) };
  return pairs(entries(value));
}

function taken(iterator) {
  const items = [];
  for (const item of iterator) if (items.push(item) >= MOST) break;
  return items;
}

function words(error) {
  const text = error instanceof Error ? error.message : String(error);
  return text.length > 500 ? text.slice(0, 500) : text;
}

const named = (error) => (error instanceof Error ? error.constructor?.name || error.name : typeof error);

function kinds(error) {
  const found = [];
  for (let of = error?.constructor; typeof of === "function" && of.name; of = getPrototypeOf(of)) found.push(of.name);
  return found;
}

async function answered(one, scope, names) {
  const Function_ = (async () => {}).constructor;
  let called;
  try {
    called = new Function_(...names, `"use strict"; ${one.steps.join("\n;")}\n; return (${one.call}\n);`);
  } catch (error) {
    return { id: one.id, state: "broken", words: words(error) };
  }
  try {
    let value = await called(...names.map((name) => scope[name]));
    if (value && typeof value === "object" && typeof value[Symbol.asyncIterator] === "function") {
      const items = [];
      for await (const item of value) if (items.push(item) >= MOST) break;
      value = items;
    }
    return { id: one.id, state: "done", value: tagged(value) };
  } catch (error) {
    const environment = error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND";
    return { id: one.id, state: "raised", error: named(error), names: kinds(error), words: words(error), environment };
  }
}

// TypeScript as its own compiler writes it; what a bundler resolves, too.
function hooks(request) {
  const source = `
    import fs from "node:fs";
    import { createRequire } from "node:module";
    import { fileURLToPath, pathToFileURL } from "node:url";
    const home = ${stringify(request.typescript)};
    const ts = home === null ? null : createRequire(home + "/package.json")(home);
    const endings = [".ts", ".tsx", ".mts", ".js", ".mjs", ".json", "/index.ts", "/index.tsx", "/index.js"];
    export async function resolve(specifier, context, next) {
      try {
        return await next(specifier, context);
      } catch (error) {
        if (!/^[.]{0,2}[/]|^file:/.test(specifier)) throw error;
        const url = new URL(specifier, context.parentURL ?? "file:///");
        const path = fileURLToPath(url);
        for (const ending of [...endings, null]) {
          const other = ending === null ? path.replace(/[.]([cm]?)js(x?)$/, ".$1ts$2") : path + ending;
          if (fs.existsSync(other) && fs.statSync(other).isFile()) return next(pathToFileURL(other).href, context);
        }
        throw error;
      }
    }
    const modern = /^[ \\t]*(?:import\\b(?!\\s*\\()|export\\b)/m;
    export async function load(url, context, next) {
      if (!url.startsWith("file:") || url.includes("/node_modules/")) return next(url, context);
      const path = fileURLToPath(url);
      const typed = /[.][cm]?tsx?$/.test(path);
      if (!typed && !/[.][cm]?jsx?$/.test(path)) return next(url, context);
      let text = fs.readFileSync(path, "utf8");
      const format = /[.]c[jt]s$/.test(path) || (!modern.test(text) && !/[.]m[jt]s$/.test(path)) ? "commonjs" : "module";
      if (!typed && !path.endsWith("x")) {
        return format === "commonjs" ? next(url, { ...context, format }) : { format, source: text, shortCircuit: true };
      }
      if (ts === null) throw new Error("TypeScript is not here");
      text = ts.transpileModule(text, {
        fileName: path,
        compilerOptions: {
          module: format === "module" ? ts.ModuleKind.ESNext : ts.ModuleKind.CommonJS,
          target: ts.ScriptTarget.ES2022,
          jsx: ts.JsxEmit.ReactJSX,
          experimentalDecorators: true,
          esModuleInterop: true,
          verbatimModuleSyntax: false,
        },
      }).outputText;
      if (format === "module") return { format, source: text, shortCircuit: true };
      return { format: "module", shortCircuit: true, source: wrapped(text, path) };
    }
    function wrapped(text, path) {
      const parts = path.split("/");
      return [
        'import { createRequire } from "node:module";',
        "const require = createRequire(" + JSON.stringify(path) + ");",
        "const module = { exports: {} };",
        "(function (exports, require, module, __filename, __dirname) {" + text + "\\n}).call(module.exports, module.exports, require,",
        "module, " + JSON.stringify(path) + ", " + JSON.stringify(parts.slice(0, -1).join("/")) + ");",
        "export default module.exports;",
      ].join("\\n");
    }
  `;
  module.register(`data:text/javascript,${encodeURIComponent(source)}`, import.meta.url);
}

async function child(request) {
  const say = (said) => write(1, `${request.nonce} ${stringify(said)}\n`);
  process.on("unhandledRejection", () => {});
  hooks(request);
  try {
    const loaded = await import(pathToFileURL(request.document).href);
    void loaded;
  } catch (error) {
    say({ state: "fault", words: `${named(error)}: ${words(error)}` });
    return;
  }
  const found = globalThis[Symbol.for(request.symbol)] ?? {};
  const scope = {};
  const names = [];
  for (const name of request.names) {
    try {
      scope[name] = found[name]();
      names.push(name);
    } catch {
      // it is declared, and has no value yet
    }
  }
  say({ state: "loaded" });
  for (const one of request.calls) say(await answered(one, scope, names));
  say({ state: "end" });
  process.exit(0);
}

async function parent(text) {
  const request = parse(text);
  const own = spawn(process.execPath, ["--no-warnings", fileURLToPath(import.meta.url), "child"], { stdio: ["pipe", "pipe", "pipe"] });
  own.stdin.on("error", () => {});
  own.stdin.end(text);
  let timer = setTimeout(() => own.kill("SIGKILL"), request.seconds * LOADING * 1000);
  own.stdout.setEncoding("utf8");
  own.stdout.on("data", (chunk) => {
    write(1, chunk);
    if (!chunk.includes(request.nonce)) return;
    clearTimeout(timer);
    timer = setTimeout(() => own.kill("SIGKILL"), request.seconds * 1000);
  });
  own.stderr.pipe(process.stderr);
  own.on("close", (code, signal) => {
    clearTimeout(timer);
    process.exit(signal ? 1 : (code ?? 1));
  });
}

const text = fs.readFileSync(0, "utf8");
if (process.argv[2] === "child") await child(parse(text));
else await parent(text);
