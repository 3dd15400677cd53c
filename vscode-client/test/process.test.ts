import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../src/server/process';
import { Serial } from '../src/server/serial';

test('a child is run to its end', async () => {
  const lines: string[] = [];
  const script = 'console.log("one"); console.error("two"); process.exit(3)';
  const ran = await run(process.execPath, ['-e', script], { seconds: 20, onLine: (line) => lines.push(line) });
  assert.deepEqual([ran.code, ran.out.trim(), ran.err.trim(), ran.problem], [3, 'one', 'two', undefined]);
  assert.deepEqual(lines.sort(), ['one', 'two']);
});

test('one that does not end is killed, at its deadline or by a cancel', async () => {
  const late = await run(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { seconds: 0.3 });
  assert.match(late.problem ?? '', /did not end within 0\.3 s/);
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 100);
  const cancelled = await run(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { seconds: 20, signal: abort.signal });
  assert.equal(cancelled.problem, 'cancelled');
});

test('one that is not there is a problem, no exception', async () => {
  assert.match((await run('/no/such/program', [], { seconds: 5 })).problem ?? '', /ENOENT/);
});

test('restarts run one after the other, and those that wait are one', async () => {
  const serial = new Serial();
  const told: string[] = [];
  const work = (name: string) => async () => {
    told.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    told.push(`${name} ends`);
  };
  const first = serial.run(work('first'));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await Promise.all([first, serial.run(work('second')), serial.run(work('third'))]);
  assert.deepEqual(told, ['first begins', 'first ends', 'second begins', 'second ends']);
});

test('after one that failed the next runs', async () => {
  const serial = new Serial();
  await assert.rejects(serial.run(() => Promise.reject(new Error('no'))), /no/);
  let ran = false;
  await serial.run(async () => {
    ran = true;
  });
  assert.ok(ran);
});
