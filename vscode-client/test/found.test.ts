import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Found, Request } from '../src/job/contract';
import { requestOf, type Shows, showFound } from '../src/job/found';

const base: Found = {
  jobId: 'j',
  state: 'running',
  uri: 'file:///w/a%20b.py',
  range: { start: { line: 1, character: 0 }, end: { line: 2, character: 3 } },
  task: 'add  two\nnumbers',
  apply: 'preview',
  attempts: 2,
  costUsd: 0,
};

function window(pressed?: string): { shows: Shows; told: unknown[] } {
  const told: unknown[] = [];
  return {
    told,
    shows: {
      follow: async (command: string, jobId: string, request: Request) => void told.push([command, jobId, request.uri]),
      ask: async (...words) => {
        told.push(words);
        return pressed;
      },
      report: async (jobId) => void told.push(['report', jobId]),
    },
  };
}

test('what runs, or has ended, is followed without a question', async () => {
  for (const state of ['running', 'ended'] as const) {
    const { shows, told } = window();
    await showFound({ ...base, state }, shows);
    assert.deepEqual(told, [['forge.follow', 'j', base.uri]]);
  }
});

test('what was interrupted is gone on with only where the user wants it', async () => {
  const question = ['The job in a b.py was interrupted in attempt 2: add two numbers', 'Resume', 'Show Report'];
  const outcomes: [string | undefined, unknown[]][] = [
    ['Resume', [['forge.resume', 'j', base.uri]]],
    ['Show Report', [['report', 'j']]],
    [undefined, []],
  ];
  for (const [pressed, then] of outcomes) {
    const { shows, told } = window(pressed);
    await showFound({ ...base, state: 'interrupted' }, shows);
    assert.deepEqual(told, [question, ...then]);
  }
});

test('a further try is about the same place and lands in the same way', () => {
  assert.deepEqual(requestOf(base), { uri: base.uri, task: base.task, range: base.range, apply: 'preview' });
  const { range: _, apply: __, ...whole } = base;
  assert.deepEqual(requestOf(whole), { uri: base.uri, task: base.task });
});
