import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../src/job/contract';
import { awaitsPreview, duration, money, proposed, summary, told } from '../src/job/outcome';

const base: Outcome = {
  jobId: 'j',
  outcome: 'accepted',
  score: 8.25,
  attemptCount: 1,
  seconds: 12.4,
  costUsd: 0,
  applied: true,
  reason: 'it compiles',
};

test('a summary has what there is', () => {
  assert.equal(summary(base), 'accepted · score 8.3 · 1 attempt · 12 s');
  const other: Outcome = { ...base, outcome: 'exhausted', score: null, attemptCount: 3, seconds: 200, costUsd: 0.001 };
  assert.equal(summary(other), 'not accepted after 3 attempts · 3 min 20 s · < $0.01');
});

test('what was applied is told, with its report', () => {
  assert.deepEqual(told(base), { level: 'info', text: 'Accepted · score 8.3 · 1 attempt · 12 s. It compiles.', choices: ['report'] });
  const proven = told({ ...base, grade: 'proven', reason: '4 of 4 tests that failed before pass now; the panel gives 8.3' });
  assert.equal(
    proven.text,
    'Accepted · proven · score 8.3 · 1 attempt · 12 s. 4 of 4 tests that failed before pass now; the panel gives 8.3.',
  );
  assert.match(told({ ...base, grade: 'reviewed' }).text, /^Accepted · on review only · /);
  assert.equal(awaitsPreview(base), false);
});

test('what was accepted and not applied is shown beside the text', () => {
  const waiting = { ...base, applied: false };
  assert.ok(awaitsPreview(waiting));
  assert.equal(proposed(waiting), 'Accepted · score 8.3 · 1 attempt · 12 s. It compiles.');
});

test('what was not accepted is offered, and says why', () => {
  const command = 'pip install --upgrade ruff ty';
  const reason = `ruff is not installed - ${command}`;
  const found = told({ ...base, outcome: 'unverified', applied: false, reason, remedy: command, command });
  assert.equal(found.level, 'warning');
  assert.match(found.text, /Nothing was changed\. Ruff is not installed - pip install --upgrade ruff ty\.$/);
  assert.deepEqual(found.choices, ['preview', 'apply', 'terminal', 'report']);
  assert.equal(found.command, command);
});

test('a failure names its remedy, and a cancel is quiet', () => {
  const failed = told({ ...base, outcome: 'failed', applied: false, reason: 'Ollama does not answer - start it' });
  assert.deepEqual([failed.level, failed.choices], ['error', ['doctor', 'report', 'log']]);
  assert.equal(failed.text, 'Failed. Ollama does not answer - start it.');
  assert.equal(told({ ...base, outcome: 'cancelled', applied: false }).level, 'none');
});

test('what the user did not allow is no fault', () => {
  const remedy = 'answer the question with yes, or use --allow claude';
  const reason = `no attempt could run: opus is not called: claude costs money, and nobody allowed it - ${remedy}`;
  const found = told({ ...base, outcome: 'failed', applied: false, reason, cause: 'consent', remedy });
  assert.deepEqual([found.level, found.choices], ['info', ['report']]);
  assert.equal(found.text, 'Nothing was changed. No attempt could run: opus is not called: claude costs money, and nobody allowed it.');
  const words = told({ ...base, outcome: 'failed', applied: false, reason: 'its use was not allowed' });
  assert.equal(words.level, 'error');
});

test('times and prices are short', () => {
  assert.deepEqual([0.4, 89, 90, 7300].map(duration), ['0 s', '89 s', '1 min 30 s', '2 h 1 min']);
  assert.deepEqual([0, 0.004, 1.239].map(money), ['free', '< $0.01', '$1.24']);
});
