import assert from 'node:assert/strict';
import { test } from 'node:test';
import { find, NotFound, onPath, type Places } from '../src/server/find';
import type { Ran } from '../src/server/process';

const GOOD: Ran = { code: 0, out: 'forge-lsp 0.1.0\n', err: '' };
const BAD: Ran = { code: 1, out: '', err: 'Traceback\nNo module named forge_lsp\n' };

function places(programs: Record<string, Ran>, more: Partial<Places> = {}): Places {
  return {
    setting: '',
    home: '/home/me',
    interpreter: async () => undefined,
    onPath: (name) => (`/usr/bin/${name}` in programs ? `/usr/bin/${name}` : undefined),
    own: '/storage/forge-lsp',
    exists: (path) => path in programs,
    run: async (command) => programs[command] ?? { code: null, out: '', err: '', problem: 'ENOENT' },
    env: {},
    ...more,
  };
}

test('the setting wins, and its home folder is known', async () => {
  const found = await find(places({ '/home/me/f': GOOD, '/usr/bin/forge-lsp': GOOD }, { setting: '~/f' }));
  assert.deepEqual([found.command, found.origin, found.version], ['/home/me/f', 'forgeClient.path', '0.1.0']);
});

test('a wrong setting is an error that says what to do, whatever else there is', async () => {
  const missing = find(places({ '/usr/bin/forge-lsp': GOOD }, { setting: '/no/such' }));
  await assert.rejects(missing, (error) => error instanceof NotFound && error.configured && /no such program/.test(error.message));
  const other = find(places({ '/bin/ls': BAD, '/usr/bin/forge-lsp': GOOD }, { setting: '/bin/ls' }));
  await assert.rejects(other, /is no forge-lsp \(No module named forge_lsp\)\. Correct it/);
});

test('the interpreter of the Python extension comes before the PATH, if it has forge-lsp', async () => {
  const interpreter = async () => '/venv/bin/python';
  const both = await find(places({ '/venv/bin/python': GOOD, '/usr/bin/forge-lsp': GOOD }, { interpreter }));
  assert.deepEqual([both.command, both.words], ['/venv/bin/python', ['-P', '-m', 'forge_lsp']]);
  const without = await find(places({ '/venv/bin/python': BAD, '/usr/bin/forge-lsp': GOOD }, { interpreter }));
  assert.equal(without.command, '/usr/bin/forge-lsp');
});

test('our own installation is the last resort, then it is offered', async () => {
  assert.equal((await find(places({ '/storage/forge-lsp': GOOD }))).origin, 'this extension');
  await assert.rejects(find(places({})), (error) => error instanceof NotFound && !error.configured);
});

test('a PATH entry that is relative to the workspace does not count', () => {
  const exists = (file: string) => ['./forge-lsp', 'bin/forge-lsp', '/opt/forge-lsp', 'C:\\x/forge-lsp.exe'].includes(file);
  assert.equal(onPath('forge-lsp', '.:bin:/opt/', ':', exists), '/opt/forge-lsp');
  assert.equal(onPath('forge-lsp', '.:bin', ':', exists), undefined);
  assert.equal(onPath('forge-lsp', '.;C:\\x', ';', exists), 'C:\\x/forge-lsp.exe');
});
