// Which settings are sent to the server: only what somebody set. VS Code fills in the defaults of package.json, and
// those would overrule the user's forge.toml. Pure.

export interface Inspected {
  globalValue?: unknown;
  workspaceValue?: unknown;
  workspaceFolderValue?: unknown;
}

export type Table = { [key: string]: unknown };

/**
 * The section as a table. `keys` are those of package.json, without the section's name; `machine` those of them that a
 * workspace may not set; `inspect` tells who set a key.
 */
export function explicit(
  keys: readonly string[],
  machine: ReadonlySet<string>,
  trusted: boolean,
  inspect: (key: string) => Inspected | undefined,
): Table {
  const table: Table = {};
  for (const key of keys) {
    const found = inspect(key) ?? {};
    const own = trusted && !machine.has(key) ? (found.workspaceFolderValue ?? found.workspaceValue) : undefined;
    const value = own ?? found.globalValue;
    if (value !== undefined && value !== null) {
      put(table, key.split('.'), value);
    }
  }
  return table;
}

/** `table` with the interpreter that the user chose for the project, unless the settings name another. */
export function withPython(table: Table, interpreter: string | undefined): Table {
  const check = (table.check ?? {}) as Table;
  const python = (check.python ?? {}) as Table;
  if (!interpreter || python.interpreter !== undefined) {
    return table;
  }
  return { ...table, check: { ...check, python: { ...python, interpreter } } };
}

function put(table: Table, path: string[], value: unknown): void {
  const [head = '', ...rest] = path;
  if (rest.length === 0) {
    table[head] = value;
    return;
  }
  const inner = (table[head] ?? {}) as Table;
  table[head] = inner;
  put(inner, rest, value);
}

export interface Property {
  scope?: string;
}

/** Keys of a section in package.json, and those of them that only the machine may set. */
export function keysOf(
  sections: readonly { properties: { [key: string]: Property } }[],
  section: string,
): { keys: string[]; machine: Set<string> } {
  const keys: string[] = [];
  const machine = new Set<string>();
  for (const { properties } of sections) {
    for (const [name, property] of Object.entries(properties)) {
      if (name.startsWith(`${section}.`)) {
        const key = name.slice(section.length + 1);
        keys.push(key);
        if (property.scope === 'machine') {
          machine.add(key);
        }
      }
    }
  }
  return { keys, machine };
}
