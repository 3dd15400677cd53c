// From the server's JSON schema to VS Code's settings. Pure.

// A workspace's .vscode/settings.json comes with somebody's repository. What could widen trust there (spend, run, send,
// accept more) may only be set for the machine; a workspace that wants less says so in its forge.toml, which the server
// lets narrow and never widen.
const OPEN = new Set(['schedule', 'reviewers', 'lens']);

/** The properties of the section `forge`, one for each value; tables with names of the user's choice stay whole. */
export function serverSettings(schema) {
  const found = {};
  for (const [key, value] of Object.entries(schema.properties)) {
    const scope = OPEN.has(key) ? 'window' : 'machine';
    collect(found, `forge.${key}`, inlined(value, schema.$defs ?? {}), scope, value.default);
  }
  let order = 0;
  return Object.fromEntries(Object.entries(found).map(([key, value]) => [key, { ...value, order: order++ }]));
}

/** The keys that do not count in a workspace that is not trusted: those that count in one that is. */
export function restricted(properties) {
  return Object.keys(properties).filter((key) => properties[key].scope !== 'machine');
}

function collect(found, key, schema, scope, fallback) {
  if (schema.type === 'object' && schema.properties) {
    for (const [name, value] of Object.entries(schema.properties)) {
      collect(found, `${key}.${name}`, value, scope, fallback?.[name] ?? value.default);
    }
    return;
  }
  const { title: _, default: own, description, ...rest } = schema;
  const whole = { scope, ...rest, markdownDescription: description ?? '' };
  found[key] = { ...whole, default: fallback ?? own ?? null };
}

/** A schema without references, titles and unions with null. */
function inlined(schema, definitions) {
  if (Array.isArray(schema)) {
    return schema.map((item) => inlined(item, definitions));
  }
  if (schema === null || typeof schema !== 'object') {
    return schema;
  }
  const { $ref, anyOf, ...own } = schema;
  const base = $ref ? definitions[$ref.split('/').pop()] : {};
  const whole = { ...base, ...own };
  if (anyOf?.every((item) => typeof item.type === 'string')) {
    const [first] = anyOf.filter((item) => item.type !== 'null');
    Object.assign(whole, first, { type: anyOf.map((item) => item.type) });
  }
  if (typeof whole.format === 'string') {
    delete whole.format; // VS Code knows other formats than pydantic
  }
  return Object.fromEntries(
    Object.entries(whole)
      .filter(([key, value]) => !(key === 'title' && typeof value === 'string'))
      .map(([key, value]) => [key, key === 'default' || key === 'enum' ? value : inlined(value, definitions)]),
  );
}

/** The client's own. They name programs, so they are the machine's. */
export const clientSettings = {
  'forgeClient.path': {
    scope: 'machine',
    type: 'string',
    default: '',
    markdownDescription:
      'The `forge-lsp` program. Empty: the one in the interpreter of the Python extension, else the one on the `PATH`, else the one that this extension installed. `~` is your home folder.',
  },
  'forgeClient.environment': {
    scope: 'machine',
    type: 'object',
    additionalProperties: { type: 'string' },
    default: {},
    markdownDescription: 'Environment variables for the server, e.g. `FORGE_CONFIG`. Keys of paid servers are better kept in your own environment than here.',
  },
  'forgeClient.logLevel': {
    scope: 'machine',
    type: 'string',
    enum: ['debug', 'info', 'warning', 'error'],
    default: 'info',
    markdownDescription: 'What the server writes to its log file.',
  },
  'forgeClient.trace.server': {
    scope: 'window',
    type: 'string',
    enum: ['off', 'messages', 'verbose'],
    default: 'off',
    markdownDescription: 'Show the messages between VS Code and the server in the log. They contain your code.',
  },
};
