import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingsFile } from '../src/job/faults';

const ours = [{ source: 'forge-lsp' }];

test('the settings file that the server has marked is found', () => {
  assert.equal(settingsFile([{ path: '/w/a.py', problems: ours }, { path: '/w/my project/forge.toml', problems: ours }]), '/w/my project/forge.toml');
});

test('what others marked, and what is right now, is none', () => {
  assert.equal(settingsFile([]), undefined);
  assert.equal(settingsFile([{ path: '/w/pyproject.toml', problems: [{ source: 'Even Better TOML' }, {}] }]), undefined);
  assert.equal(settingsFile([{ path: '/w/forge.toml', problems: [] }]), undefined);
});
