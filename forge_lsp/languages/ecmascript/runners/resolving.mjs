// What node says of a project's JavaScript: whether every module parses, and what it imports is there. Runs none of it: modules
// are linked to empty ones to learn their names, and never evaluated. Needs --experimental-vm-modules; node 18 or later, no
// packages.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { builtinModules, isBuiltin } from "node:module";
import path from "node:path";
import vm from "node:vm";

// What a bundler resolves for an import without its ending.
const ENDINGS = ["", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".mts", ".json", "/index.js", "/index.mjs", "/index.ts"];

function parsed(text, file, kind) {
  if (kind === "module") return new vm.SourceTextModule(text, { identifier: file });
  const parameters = ["exports", "require", "module", "__filename", "__dirname"];
  vm.compileFunction(text.replace(/^#!.*/, ""), parameters, { filename: file });
  return null;
}

// Where the parser stumbled. Of a module it is only told on stderr, by a node of its own.
function place(error, text) {
  let stack = String(error.stack ?? "").split("\n");
  if (!/^\S.*:\d+$/.test(stack[0])) {
    const check = ["--check", "--input-type=module", "-"];
    stack = spawnSync(process.execPath, check, { input: text, encoding: "utf8", timeout: 10_000 }).stderr.split("\n");
  }
  const line = /:(\d+)$/.exec(stack[0] ?? "");
  const caret = stack[2]?.indexOf("^") ?? -1;
  return { line: line ? Number(line[1]) : 1, column: caret + 1 };
}

function lineOf(text, index) {
  return text.slice(0, index).split("\n").length;
}

function declared(config, name) {
  const tables = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];
  return tables.some((table) => name in (config?.[table] ?? {})) || Boolean(config?.workspaces);
}

// Import and export statements with a source. Comments and strings may look like one: only what the parser knows as a
// dependency counts.
const STATEMENT = /\b(import|export)\s+([^;'"()]*?)\s*\bfrom\s*(['"])([^'"\n]+)\3/g;
const REQUIRED = /\brequire\(\s*(['"])([^'"\n]+)\1\s*\)/g;

function* imports(one) {
  if (one.module === null) {
    for (const match of one.text.matchAll(REQUIRED)) {
      const before = one.text.slice(one.text.lastIndexOf("\n", match.index) + 1, match.index);
      if (!/\/\/|^\s*\*/.test(before)) yield { specifier: match[2], names: [], index: match.index, star: false };
    }
    return;
  }
  const known = new Set(one.module.dependencySpecifiers);
  for (const match of one.text.matchAll(STATEMENT)) {
    const [, word, clause, , specifier] = match;
    if (!known.delete(specifier) && !one.module.dependencySpecifiers.includes(specifier)) continue;
    const braces = /\{([^}]*)\}/.exec(clause);
    const names = (braces?.[1] ?? "")
      .replace(/\/\*[^]*?\*\/|\/\/.*/g, "")
      .split(",")
      .map((part) => part.trim().split(/\s+as\s+/)[0])
      .filter((name) => /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name));
    const head = clause.split("{")[0].trim();
    if (word === "import" && /^[\p{ID_Start}$_]/u.test(head) && !/^type\s/.test(clause)) names.push("default");
    yield { specifier, names, index: match.index, star: word === "export" && head.startsWith("*") && !/\bas\b/.test(head) };
  }
  for (const specifier of known) {
    const index = Math.max(0, one.text.search(new RegExp(`['"]${specifier.replace(/[^\w]/g, "\\$&")}['"]`)));
    yield { specifier, names: [], index, star: false };
  }
}

// The project at `root`, as `disk` shows it: {text(file), isFile(file)}, files absolute. Its `check` answers the problems of one
// file: [{file, line, column, code, message}], the file relative, columns in UTF-16 code units from 1; its `edges` where the
// imports of a file point, and whether all that is there is exported again; `forget` is for when a package.json changed.
export function project(root, disk) {
  const units = new Map();
  const configs = new Map();

  function packageAt(folder) {
    if (!configs.has(folder)) {
      let found = null;
      const file = path.join(folder, "package.json");
      if (disk.isFile(file)) {
        try {
          found = JSON.parse(disk.text(file));
        } catch {
          found = {}; // broken: the project's own fault, and no news to the candidate
        }
      }
      const above = path.dirname(folder);
      configs.set(folder, found ?? (folder === root || above === folder ? null : packageAt(above)));
    }
    return configs.get(folder);
  }

  function kindsOf(file) {
    if (file.endsWith(".mjs")) return ["module"];
    if (file.endsWith(".cjs")) return ["script"];
    const type = packageAt(path.dirname(file))?.type;
    if (type === "module") return ["module"];
    if (type === "commonjs") return ["script"];
    return ["script", "module"]; // as newer nodes do: what is no script may be a module
  }

  function unit(file) {
    const text = disk.text(file).replace(/^\uFEFF/, "");
    const known = units.get(file);
    if (known !== undefined && known.text === text) return known;
    const made = { file, text, module: null, error: null };
    units.set(file, made);
    const errors = [];
    for (const kind of kindsOf(file)) {
      try {
        made.module = parsed(made.text, file, kind);
        return made;
      } catch (error) {
        errors.push([kind, error]);
      }
    }
    // Of two faults the one of the kind that the text is written in tells more.
    const wanted = /^\s*(?:import\b(?!\s*\()|export\b)/m.test(made.text) ? "module" : "script";
    made.error = (errors.find(([kind]) => kind === wanted) ?? errors[0])[1];
    return made;
  }

  // Where an import points: a file of the project, null for what lies outside of it, undefined for nothing at all.
  function resolved(file, specifier) {
    if (/^\.{0,2}\//.test(specifier)) {
      const base = path.resolve(path.dirname(file), specifier.replace(/[?#].*$/, ""));
      for (const ending of ENDINGS) {
        const found = base + ending;
        if (disk.isFile(found)) return found;
      }
      const source = base.replace(/\.js$/, ".ts"); // TypeScript's sources are imported by what they become
      return source !== base && disk.isFile(source) ? source : undefined;
    }
    return null;
  }

  function installed(file, specifier) {
    if (isBuiltin(specifier) || specifier.startsWith("#") || /^[a-z]+:/.test(specifier)) return true;
    const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
    if (builtinModules.includes(name)) return true;
    for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
      if (fs.existsSync(path.join(folder, "node_modules", name))) return true;
      if (folder === root || path.dirname(folder) === folder) break;
    }
    const config = packageAt(path.dirname(file));
    return config?.name === name ? true : { name, declared: declared(config, name) };
  }

  // The names that a module exports; null where they cannot be known without running it.
  async function exportsOf(file, seen = new Set()) {
    if (seen.has(file)) return new Set();
    seen.add(file);
    if (!/\.[mc]?js$/.test(file)) return null;
    const one = unit(file);
    if (one.error !== null || one.module === null) return null;
    if (one.names === undefined) {
      const wanted = new Map();
      for (const each of imports(one)) {
        wanted.set(each.specifier, [...(wanted.get(each.specifier) ?? []), ...each.names]);
      }
      const fresh = new vm.SourceTextModule(one.text, { identifier: file });
      try {
        await fresh.link((specifier) => {
          const names = new Set([...(wanted.get(specifier) ?? []), "default"]);
          return new vm.SyntheticModule([...names], () => {}, { identifier: specifier });
        });
        one.names = new Set(Object.getOwnPropertyNames(fresh.namespace));
      } catch {
        one.names = null;
      }
    }
    if (one.names === null) return null;
    const all = new Set(one.names);
    for (const each of imports(one)) {
      if (!each.star) continue;
      const target = resolved(file, each.specifier);
      const names = target ? await exportsOf(target, seen) : null;
      if (names === null) return null;
      for (const name of names) if (name !== "default") all.add(name);
    }
    return all;
  }

  async function check(file) {
    const problems = [];
    const told = (line, column, code, message) =>
      problems.push({ file: path.relative(root, file), line, column, code, message });
    const one = unit(file);
    if (one.error !== null) {
      const at = (one.at ??= place(one.error, one.text));
      told(at.line, at.column, "SyntaxError", one.error.message);
      return problems;
    }
    for (const each of imports(one)) {
      const line = lineOf(one.text, each.index);
      const target = resolved(file, each.specifier);
      if (target === undefined) {
        told(line, 0, "ERR_MODULE_NOT_FOUND", `Cannot find module '${each.specifier}'`);
      } else if (target === null) {
        const found = installed(file, each.specifier);
        if (found !== true) {
          const code = found.declared ? "NOT_INSTALLED" : "ERR_MODULE_NOT_FOUND";
          told(line, 0, code, `Cannot find package '${found.name}'`);
        }
      } else if (each.names.length > 0) {
        const names = await exportsOf(target);
        for (const name of names === null ? [] : each.names.filter((wanted) => !names.has(wanted))) {
          const message = `The requested module '${each.specifier}' does not provide an export named '${name}'`;
          told(line, 0, "MISSING_EXPORT", message);
        }
      }
    }
    return problems;
  }

  function edges(file) {
    const one = unit(file);
    if (one.error !== null) return [];
    one.imported ??= [...imports(one)];
    return one.imported.map(({ specifier, star }) => ({ target: resolved(file, specifier), star }));
  }

  function forget() {
    units.clear();
    configs.clear();
  }

  return { check, edges, forget };
}

// A disk that does not change meanwhile.
export function reading() {
  const texts = new Map();
  const text = (file) => {
    if (!texts.has(file)) texts.set(file, fs.readFileSync(file, "utf8"));
    return texts.get(file);
  };
  return { text, isFile: (file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false };
}
