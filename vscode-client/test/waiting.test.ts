import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../src/job/contract';
import { waitingHeadline, waits } from '../src/job/waiting';

const base: Outcome = {
  jobId: 'j',
  outcome: 'accepted',
  score: 8,
  attemptCount: 1,
  seconds: 1,
  costUsd: 0,
  applied: false,
  reason: '3 of 4 tests pass',
};

test('a result that was not applied waits, with what is known of it', () => {
  const waiting = waits(base, 'file:///a.py');
  assert.ok(waiting);
  assert.equal(waitingHeadline(waiting), 'Forge: result ready');
  assert.match(waiting.line, /3 of 4 tests pass/);
  for (const outcome of ['unverified', 'exhausted'] as const) {
    const other = waits({ ...base, outcome }, 'file:///a.py');
    assert.ok(other);
    assert.equal(waitingHeadline(other), 'Forge: not accepted');
  }
});

test('nothing waits where there is nothing to take', () => {
  assert.equal(waits({ ...base, applied: true }, 'u'), undefined);
  assert.equal(waits({ ...base, outcome: 'failed' }, 'u'), undefined);
  assert.equal(waits({ ...base, outcome: 'cancelled' }, 'u'), undefined);
});
