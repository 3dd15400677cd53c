// Writes the settings into package.json: those of the server from its JSON schema, and the client's own.
//   node scripts/settings.mjs [FORGE_LSP] [--check]
// FORGE_LSP is the program that prints the schema (../.venv/bin/forge-lsp unless said). --check only compares.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { clientSettings, restricted, serverSettings } from './schema.mjs';

const words = process.argv.slice(2);
const check = words.includes('--check');
const program = words.find((word) => !word.startsWith('--')) ?? '../.venv/bin/forge-lsp';
const schema = JSON.parse(execFileSync(program, ['config', 'schema'], { encoding: 'utf8' }));

const file = new URL('../package.json', import.meta.url);
const before = readFileSync(file, 'utf8');
const manifest = JSON.parse(before);
const server = serverSettings(schema);
manifest.contributes.configuration = [
  { title: 'Forge', properties: server },
  { title: 'Forge: client', properties: clientSettings },
];
manifest.capabilities.untrustedWorkspaces.restrictedConfigurations = restricted(server);
const after = JSON.stringify(manifest, null, 2) + '\n';
if (check) {
  if (JSON.stringify(JSON.parse(before)) !== JSON.stringify(manifest)) {
    console.error('package.json is not up to date with the settings of the server: npm run settings');
    process.exit(1);
  }
} else {
  writeFileSync(file, after);
}
