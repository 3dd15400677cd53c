import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Question } from '../src/job/contract';
import { told } from '../src/job/outcome';
import { callOf, hintOf, keepable, own, rowsOf, setUpOf, titleOf } from '../src/job/question';

const QUESTION: Question = {
  id: 'q1',
  call: 's = Stack()\ns.pop()',
  choices: [
    { value: 'None', models: ['qwen', 'phi4'] },
    { value: 'raises IndexError', models: [] },
  ],
  source: 'sequence',
  line: null,
  expected: null,
  answered: false,
  answer: null,
  own: false,
  effect: null,
  late: false,
  other: null,
  kept: false,
};

test('the call is asked about, and what it needs is told apart', () => {
  assert.equal(callOf(QUESTION), 's.pop()');
  assert.deepEqual(setUpOf(QUESTION), ['s = Stack()']);
  assert.equal(titleOf(QUESTION), 'Forge: what should s.pop() give?');
  assert.match(hintOf(QUESTION), /The models differ/);
  assert.match(hintOf({ ...QUESTION, expected: '4', line: 7 }), /^Line 7 says 4/);
  assert.match(hintOf({ ...QUESTION, expected: '4' }), /^One of your checks says 4/);
});

test('each answer has a key', () => {
  const rows = rowsOf(QUESTION);
  assert.deepEqual([...rows.keys()], ['1', '2', 'n', '?']);
  assert.deepEqual(rows.get('1'), { label: '1  $(symbol-value) None', description: 'qwen, phi4', answer: { choice: 0 } });
  assert.equal(rows.get('2')?.label, '2  $(error) raises IndexError');
  assert.equal(rows.get('2')?.description, 'what your check says');
  assert.equal(rows.get('n')?.answer, 'value');
  assert.deepEqual(rows.get('?')?.answer, { cantSay: true });
  assert.deepEqual(own(' 5 '), { value: '5' });
  assert.deepEqual(own('  '), { none: true });
});

test('an answer that landed can be kept', () => {
  const answered = { ...QUESTION, answered: true, answer: 'None' };
  assert.equal(keepable(undefined), undefined);
  assert.equal(keepable([QUESTION]), undefined);
  assert.equal(keepable([{ ...answered, kept: true }]), undefined);
  assert.equal(keepable([{ ...answered, expected: '4' }]), undefined, 'that example is there already');
  assert.equal(keepable([answered]), answered);
  const outcome = {
    jobId: 'j',
    outcome: 'accepted' as const,
    score: null,
    attemptCount: 1,
    seconds: 1,
    costUsd: 0,
    applied: true,
    reason: null,
  };
  assert.deepEqual(told(outcome).choices, ['report']);
  assert.deepEqual(told({ ...outcome, questions: [answered] }).choices, ['keep', 'report']);
});
