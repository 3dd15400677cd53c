import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listed, offered } from '../src/job/alternatives';
import type { Alternative } from '../src/job/contract';

const FIRST: Alternative = {
  candidate: '2.1',
  attempt: 2,
  model: 'phi4',
  compiled: true,
  grade: 'proven',
  checks: { proof: 3, kept: 1 },
  score: 8.3,
  result: true,
  alike: [],
  code: '\ndef f(x):\n    return x',
  differences: [],
};
const SECOND: Alternative = {
  ...FIRST,
  candidate: '2.2',
  model: 'granite',
  checks: { proof: 2, owed: 1, failed: 1 },
  score: null,
  result: false,
  differences: [{ call: 'f(0)', answer: '1', first: '0' }],
};

test('a candidate is listed with its writer, its checks and where it differs', () => {
  assert.deepEqual(listed(FIRST), {
    label: '2.1 by phi4',
    description: '4 of 4 checks pass · score 8.3 · the result',
    detail: 'def f(x):',
  });
  assert.deepEqual(listed(SECOND), {
    label: '2.2 by granite',
    description: '2 of 4 checks pass',
    detail: 'f(0): 1, not 0',
  });
  assert.equal(listed({ ...SECOND, checks: {} }).description, 'nothing was run');
});

test('the second-best is offered first, the result last', () => {
  assert.deepEqual(
    offered([FIRST, SECOND]).map((one) => one.candidate),
    ['2.2', '2.1'],
  );
});
