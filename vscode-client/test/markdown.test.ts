import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry, Model } from '../src/job/contract';
import { doctor, gigabytes, models, row } from '../src/views/markdown';

const MODEL: Model = {
  key: 'phi4',
  name: 'phi4:14b',
  server: 'gpu0',
  paid: false,
  offMachine: false,
  installed: true,
  resident: true,
  size: 9.1e9,
  sizeVram: 9.1e9,
  problem: null,
  remedy: null,
};

test('models are told with where they are, and what fixes them', () => {
  const missing = { ...MODEL, key: 'opus', paid: true, offMachine: true, sizeVram: null, size: null, problem: 'no key', remedy: 'set ANTHROPIC' };
  const text = models({ models: [MODEL, missing], gpus: [{ name: 'H200', free: 1e11, total: 1.5e11, uuid: 'GPU-1' }] }, 'PATH');
  assert.match(text, /\| phi4 \| phi4:14b \| gpu0 \| \*\*resident\*\* \| 9\.1 GB on the GPU \|/);
  assert.match(text, /gpu0 \(paid, off this machine\) \| unusable/);
  assert.match(text, /- \*\*opus\*\*: no key — set ANTHROPIC/);
  assert.match(text, /\| H200 \| 100\.0 GB \| 150\.0 GB \| GPU-1 \|/);
});

test('the doctor begins with what is to be repaired', () => {
  const finding = { name: 'sandbox', status: 'broken', detail: 'no bwrap', remedy: 'apt install bubblewrap', required: true };
  const text = doctor([{ ...finding, status: 'ok', name: 'python' }, finding], 'PATH');
  assert.ok(text.indexOf('## To fix') < text.indexOf('## Works'));
  assert.match(text, /- \*\*sandbox\*\*: no bwrap → `apt install bubblewrap`/);
  assert.match(text, /Something that forge-lsp needs is missing/);
  assert.match(doctor([{ ...finding, required: false }], 'PATH'), /What forge-lsp needs is there/);
});

test('a row of the history fits a quick pick', () => {
  const entry: Entry = {
    jobId: 'j',
    state: 'ended',
    outcome: 'accepted',
    task: 'Do\nit',
    uri: 'file:///w/my%20words.py',
    created: '2026-01-31T12:00:00Z',
    score: 9,
    seconds: 4,
    costUsd: 0,
  };
  assert.deepEqual(row(entry), {
    label: '$(pass) my words.py',
    description: 'accepted · score 9.0 · 4 s',
    detail: '2026-01-31 12:00 UTC · Do it',
  });
  assert.match(row({ ...entry, state: 'running', outcome: null, score: null }).label, /sync/);
});

test('memory has a unit', () => {
  assert.deepEqual([0, null, 5e7, 9.14e9].map(gigabytes), ['', '', '50 MB', '9.1 GB']);
});
