import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { explicit, type Inspected, keysOf, withPython } from '../src/settings/explicit';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const { keys, machine } = keysOf(manifest.contributes.configuration, 'forge');

function sent(values: Record<string, Inspected>, trusted = true) {
  return explicit(keys, machine, trusted, (key) => values[key]);
}

test('only what somebody set is sent, as tables', () => {
  const values = { 'accept.score': { globalValue: 9 }, profile: { defaultValue: 'auto' } as Inspected };
  assert.deepEqual(sent(values), { accept: { score: 9 } });
  assert.deepEqual(sent({ 'check.python.command': { globalValue: ['mypy', '{file}'] } }), {
    check: { python: { command: ['mypy', '{file}'] } },
  });
  assert.deepEqual(sent({ 'state.dir': { globalValue: null } }), {});
});

test('a workspace sets what cannot widen trust, and nothing where it is not trusted', () => {
  const values = { schedule: { workspaceValue: [1] }, 'budget.job': { workspaceValue: 100 } };
  assert.deepEqual(sent(values), { schedule: [1] });
  assert.deepEqual(sent(values, false), {});
  assert.deepEqual(sent({ schedule: { globalValue: [2], workspaceFolderValue: [1] } }), { schedule: [1] });
});

test('the chosen interpreter is sent, and one of the settings goes before it', () => {
  assert.deepEqual(withPython({}, '/env/bin/python'), { check: { python: { interpreter: '/env/bin/python' } } });
  assert.deepEqual(withPython({ effort: 'need' }, undefined), { effort: 'need' });
  const own = { check: { timeout: 5, python: { interpreter: '/own' } } };
  assert.deepEqual(withPython(own, '/env/bin/python'), own);
});

test('what could widen trust is for the machine alone', () => {
  const widening = ['profile', 'servers', 'models', 'consent.servers', 'check.sandbox', 'check.python.command', 'check.go.interpreter', 'accept.score'];
  for (const key of [...widening, 'budget.job', 'budget.day', 'budget.month', 'apply.mode', 'ladder.after', 'prices', 'state.dir']) {
    assert.ok(machine.has(key), key);
  }
  const restricted: string[] = manifest.capabilities.untrustedWorkspaces.restrictedConfigurations;
  assert.deepEqual(
    [...restricted].sort(),
    keys
      .filter((key) => !machine.has(key))
      .map((key) => `forge.${key}`)
      .sort(),
  );
  const client = keysOf(manifest.contributes.configuration, 'forgeClient');
  assert.ok(client.machine.has('path') && client.machine.has('environment'));
});

test('each command of the palette has a title, and none has the name of one of the server', () => {
  const ofServer = ['generate', 'result', 'apply', 'cancel', 'status', 'report', 'history', 'models'];
  for (const { command, title } of manifest.contributes.commands) {
    assert.ok(title);
    assert.ok(!ofServer.includes(command.replace('forge.', '')), command);
  }
});
