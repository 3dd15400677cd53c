import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobEvent } from '../src/job/contract';
import { LiveJobs } from '../src/job/live';
import { type Row, rows } from '../src/job/rows';

const START = Date.parse('2026-01-31T12:00:00.000Z');

function heard(...events: (Partial<JobEvent> & { after?: number })[]): LiveJobs {
  const jobs = new LiveJobs();
  events.forEach(({ after = 0, ...event }, index) =>
    jobs.hear({ jobId: 'a', sequence: index + 1, type: '', at: new Date(START + after * 1000).toISOString(), ...event }),
  );
  return jobs;
}

function find(tree: readonly Row[], label: string): Row | undefined {
  return tree.flatMap((row) => [row, ...row.children]).find((row) => row.label === label);
}

const STARTED = { type: 'job.started', uri: 'file:///w/wo%20rds.py', task: 'Do it\nwell', attempts: 3 };
const FIRST = { number: 1, attempts: 3, strategy: 'duo', thinkers: ['phi4', 'gemma3'], generator: 'coder', samples: 4 };
const CALL = { number: 1, call: 1, stage: 'generate', role: 'generate', model: 'coder' };
const FAILED = {
  type: 'attempt.finished',
  number: 1,
  decision: 'retry',
  reason: '1 of 4 tests fails: expected 4, got 5',
  score: 6.5,
  seconds: 12,
  costUsd: 0,
  best: { attempt: 1, model: 'coder', seen: 'it compiles; 3 checks pass', score: 6.5 },
};

test('a job that runs says who does what, and since when', () => {
  const jobs = heard(
    STARTED,
    { ...FIRST, type: 'attempt.started' },
    { type: 'stage.started', number: 1, stage: 'generate', detail: 'coder ×4' },
    { ...CALL, type: 'call.started' },
  );
  const [job] = rows(jobs.all, START + 8000, undefined);
  assert.equal(job?.label, 'wo rds.py');
  assert.equal(job.description, 'attempt 1 of at most 3 · 8 s · free');
  assert.equal(find([job], 'Task')?.description, 'Do it well');
  assert.equal(find([job], 'Now')?.description, 'writing: coder');
  const attempt = find([job], 'Attempt 1');
  assert.equal(attempt?.description, 'duo: phi4, gemma3 → coder ×4');
  assert.ok(attempt.open && attempt.look === 'runs');
  assert.equal(attempt.children[0]?.children[0]?.label, 'coder');
});

test('an attempt that failed says why, and the best so far stands above it', () => {
  const jobs = heard(
    STARTED,
    { ...FIRST, type: 'attempt.started' },
    { type: 'stage.started', number: 1, stage: 'check', detail: 'compiling' },
    { type: 'stage.finished', number: 1, stage: 'check', detail: 'it compiles', seconds: 2 },
    FAILED,
    { ...FIRST, type: 'attempt.started', number: 2, strategy: 'none', thinkers: [], samples: 1 },
    { type: 'degraded', number: 2, stage: 'think', reason: 'phi4 did not answer' },
  );
  const [job] = rows(jobs.all, START, undefined);
  assert.ok(job);
  assert.equal(find([job], 'Best so far')?.description, 'attempt 1 by coder · it compiles; 3 checks pass · score 6.5');
  assert.equal(find([job], 'Why not attempt 1')?.description, `${FAILED.reason}: it compiles`);
  assert.deepEqual(job.children.slice(-2).map((row) => row.label), ['Attempt 2', 'Attempt 1'], 'the newest first');
  const first = find([job], 'Attempt 1');
  assert.equal(first?.description, 'not accepted · score 6.5 · duo: phi4, gemma3 → coder ×4 · 12 s');
  assert.deepEqual(first.children.map((row) => row.label), ['Why', 'Checking']);
  assert.equal(first.children[1]?.description, 'it compiles · 2 s');
  assert.equal(find([job], 'Attempt 2')?.children[0]?.description, 'phi4 did not answer');
});

test('an attempt that could not be verified is no green one', () => {
  const verdict = { ...FAILED, decision: 'accept', reason: 'ruff is not installed', unverified: true };
  const [job] = rows(heard(STARTED, { ...FIRST, type: 'attempt.started' }, verdict).all, START, undefined);
  assert.ok(job);
  const attempt = find([job], 'Attempt 1');
  assert.equal(attempt?.look, 'doubt');
  assert.match(attempt.description, /^not verified · /);
});

test('a call that failed and one that was skipped are told', () => {
  const jobs = heard(
    STARTED,
    { ...FIRST, type: 'attempt.started' },
    { type: 'stage.started', number: 1, stage: 'generate', detail: '' },
    { ...CALL, type: 'call.started' },
    { ...CALL, type: 'call.finished', inputTokens: 5, outputTokens: 6, seconds: 3, costUsd: 0.02, error: 'no answer' },
    { type: 'rung.skipped', number: 2, generator: 'sonnet', reason: 'it costs money' },
  );
  const [job] = rows(jobs.all, START, undefined);
  assert.ok(job);
  assert.equal(find([job], 'Attempt 2')?.description, 'skipped · sonnet');
  assert.equal(find([job], 'Why not attempt 2')?.description, 'it costs money');
  const call = find([job], 'Attempt 1')?.children[0]?.children[0];
  assert.equal(call?.description, 'no answer · 3 s · 11 tokens · $0.02');
  assert.equal(call.look, 'bad');
  assert.match(job.description, /\$0\.02$/);
});

test('the end has the actions of a result that waits, and the report alone once it was dealt with', () => {
  const ended = { type: 'job.finished', outcome: 'exhausted', score: 6.5, attemptCount: 3, seconds: 30, costUsd: 0, reason: 'no', grade: null };
  const jobs = heard(STARTED, { ...FIRST, type: 'attempt.started' }, FAILED, ended);
  const labels = (waiting?: string): string[] => rows(jobs.all, START, waiting)[0]?.children.map((row) => row.label) ?? [];
  assert.deepEqual(labels('a').slice(0, 5), ['Preview', 'Apply Anyway', 'Try Again …', 'Discard', 'Show Report']);
  assert.deepEqual(labels('b'), ['Show Report', 'Task', 'Why', 'Best', 'Attempt 1']);
  assert.equal(rows(jobs.all, START, 'a')[0]?.description, 'Not accepted after 3 attempts · score 6.5 · 30 s · free');
});

test('an ended job goes when another begins; with several each says how long it runs', () => {
  const jobs = heard(STARTED, { type: 'job.finished', outcome: 'cancelled' }, { ...STARTED, jobId: 'b' }, { ...STARTED, jobId: 'c', after: 60 });
  assert.deepEqual(jobs.all.map((job) => job.jobId), ['c', 'b']);
  assert.deepEqual(rows(jobs.all, START + 120_000, undefined).map((row) => row.description), [
    'starting · 60 s · free',
    'starting · 2 min 0 s · free',
  ]);
  jobs.clear();
  assert.deepEqual(jobs.all, []);
  jobs.hear({ jobId: 'gone', sequence: 9, type: 'attempt.started', number: 1 });
  assert.deepEqual(jobs.all, [], 'the beginning was not heard');
});

test('rows that come or change their meaning have ids of their own', () => {
  const jobs = heard(STARTED, { ...FIRST, type: 'attempt.started' }, FAILED, { ...FIRST, type: 'attempt.started', number: 2 });
  const ids = (tree: readonly Row[]): string[] => tree.flatMap((row) => [row.id, ...ids(row.children)]);
  const all = ids(rows(jobs.all, START, undefined));
  assert.equal(new Set(all).size, all.length);
});
