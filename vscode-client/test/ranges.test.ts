import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Range } from '../src/job/contract';
import { shifted } from '../src/job/ranges';

function range(...[line, character, toLine, toCharacter]: [number, number, number, number]): Range {
  return { start: { line, character }, end: { line: toLine, character: toCharacter } };
}

const SCOPE = range(5, 4, 8, 10);

test('what comes after leaves a range where it is', () => {
  assert.deepEqual(shifted(SCOPE, { range: range(9, 0, 9, 0), text: 'x\ny' }), SCOPE);
});

test('lines before it move it', () => {
  assert.deepEqual(shifted(SCOPE, { range: range(1, 0, 1, 0), text: 'a\nb\n' }), range(7, 4, 10, 10));
  assert.deepEqual(shifted(SCOPE, { range: range(1, 0, 3, 0), text: '' }), range(3, 4, 6, 10));
});

test('text before it on its line moves its start alone', () => {
  assert.deepEqual(shifted(SCOPE, { range: range(5, 0, 5, 2), text: 'xxxx' }), range(5, 6, 8, 10));
});

test('text inside makes it longer', () => {
  assert.deepEqual(shifted(SCOPE, { range: range(6, 0, 6, 3), text: 'a\nb' }), range(5, 4, 9, 10));
  assert.deepEqual(shifted(SCOPE, { range: range(8, 2, 8, 2), text: 'ab' }), range(5, 4, 8, 12));
});

test('what is replaced around it leaves what came in its place', () => {
  assert.deepEqual(shifted(SCOPE, { range: range(4, 0, 9, 0), text: 'new' }), range(4, 0, 4, 3));
});

test('a cursor moves with what is typed before it', () => {
  assert.deepEqual(shifted(range(2, 3, 2, 3), { range: range(2, 1, 2, 1), text: 'ab' }), range(2, 5, 2, 5));
});
