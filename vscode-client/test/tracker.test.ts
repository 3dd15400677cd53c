import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobEvent } from '../src/job/contract';
import { headline, plain, Tracker, tooltip } from '../src/job/tracker';

function heard(...events: Partial<JobEvent>[]): Tracker {
  const tracker = new Tracker();
  events.forEach((event, index) => tracker.hear({ jobId: 'a', sequence: index + 1, type: '', ...event }));
  return tracker;
}

const STARTED = { type: 'job.started', uri: 'file:///w/words.py', task: 'Do `it`', attempts: 3 };

test('nothing runs before a job has started and after it has ended', () => {
  assert.equal(headline(heard().running), 'Forge');
  assert.deepEqual(heard(STARTED, { type: 'job.finished' }).running, []);
  assert.deepEqual(heard({ type: 'stage.started', number: 1, stage: 'check' }).running, []);
});

test('the status bar follows the attempt and its stage', () => {
  const tracker = heard(STARTED);
  assert.equal(headline(tracker.running), 'Forge starting');
  tracker.hear({ jobId: 'a', sequence: 2, type: 'attempt.started', number: 2, attempts: 3 });
  tracker.hear({ jobId: 'a', sequence: 3, type: 'stage.started', number: 2, stage: 'review' });
  assert.equal(headline(tracker.running), 'Forge 2/3 · reviewing');
  tracker.hear({ ...STARTED, jobId: 'b', sequence: 1 });
  assert.equal(headline(tracker.running), 'Forge 2/3 · reviewing (+1)');
  tracker.clear();
  assert.equal(headline(tracker.running), 'Forge');
});

test('the tooltip sums calls, tokens and cost by model', () => {
  const call = { number: 1, model: 'phi4', stage: 'think' };
  const tracker = heard(
    STARTED,
    { ...call, type: 'call.started', call: 1 },
    { ...call, type: 'call.finished', call: 1, inputTokens: 100, outputTokens: 20, seconds: 1.25, costUsd: 0.02 },
    { ...call, type: 'call.started', call: 2 },
    { type: 'something.new' },
  );
  const text = tooltip(tracker.running);
  assert.match(text, /\*\*words\.py\*\*/);
  assert.match(text, /\| phi4 ● \| 1 \| 120 \| 1\.3 s \| \$0\.02 \|/);
  assert.match(text, /Cost so far: \$0\.02/);
});

test('words of others are no markup', () => {
  assert.equal(plain('a|b\n[x](command:y) `z`'), 'a\\|b \\[x\\]\\(command:y\\) \\`z\\`');
  assert.equal(plain('x'.repeat(100), 10), `${'x'.repeat(9)}…`);
});
