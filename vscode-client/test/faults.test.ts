import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingsFile } from '../src/job/faults';

test('a message about a wrong setting has the file that it is in', () => {
  assert.equal(settingsFile('forge-lsp: accept.scor (/w/my project/forge.toml): unknown key; did you mean score?'), '/w/my project/forge.toml');
  assert.equal(settingsFile('accept.score (C:\\Users\\me\\forge.toml): expected a number'), 'C:\\Users\\me\\forge.toml');
  assert.equal(settingsFile('forge-lsp: /w/forge.toml: no TOML: Expected "=" (at line 2, column 1)'), '/w/forge.toml');
  assert.equal(settingsFile('/w/forge.toml: no TOML'), '/w/forge.toml');
});

test('other messages have none', () => {
  assert.equal(settingsFile('accept.scor (the editor): unknown key'), undefined);
  assert.equal(settingsFile('ollama does not answer: start it (see forge.toml)'), undefined);
});
