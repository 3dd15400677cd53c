import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { describesLanguages, userFile } from '../src/settings/languages';

test('the settings file is where the server looks for it', () => {
  assert.equal(userFile({ FORGE_CONFIG: '~/f.toml' }, '/home/u', 'linux'), '/home/u/f.toml');
  assert.equal(userFile({}, '/home/u', 'linux'), '/home/u/.config/forge-lsp/forge.toml');
  assert.equal(userFile({ XDG_CONFIG_HOME: '/c' }, '/home/u', 'linux'), '/c/forge-lsp/forge.toml');
  assert.equal(userFile({}, '/Users/u', 'darwin'), '/Users/u/Library/Application Support/forge-lsp/forge.toml');
});

test('a language of settings is seen in the editor and in the file', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'forge-')), 'forge.toml');
  assert.equal(describesLanguages({}, file), false);
  assert.equal(describesLanguages({ language: {} }, file), false);
  assert.equal(describesLanguages({ language: { elixir: { suffixes: ['.ex'] } } }, file), true);
  for (const [text, found] of [
    ['profile = "auto"\n[check.python]\n', false],
    ['# [language.elixir]\n', false],
    ['[language.elixir]\nsuffixes = [".ex"]\n', true],
    ['language.elixir.suffixes = [".ex"]\n', true],
    ['[check]\n[ "language" . "elixir" ]\n', true],
  ] as const) {
    writeFileSync(file, text);
    assert.equal(describesLanguages({}, file), found, text);
  }
});
