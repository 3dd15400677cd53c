import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ghost, ghost } from '../src/job/ghost';

function taken(line: string, shown: Ghost): string {
  const text = line.slice(0, shown.start) + shown.text + line.slice(shown.end);
  return shown.instead ? text.slice(text.indexOf('\n') + 1) : text;
}

test('what adds to the line is shown as it is', () => {
  const wanted = { start: 4, end: 4, text: 'return a' };
  assert.deepEqual(ghost('    ', 4, wanted), { ...wanted, instead: false });
  const longer = { start: 4, end: 8, text: 'pass_on(a)' };
  assert.deepEqual(ghost('    pass', 5, longer), { ...longer, instead: false });
});

test('in the place of a stub the code is shown below it, wherever the cursor is', () => {
  for (const line of ['    ...', 'def f(a): ...  # mine', '\tthrow new Error("later");']) {
    const start = line.indexOf('...') < 0 ? 1 : line.indexOf('...');
    const wanted = { start, end: start + 3, text: 'b = a\n    return b' };
    for (let cursor = 0; cursor <= line.length; cursor += 1) {
      const shown = ghost(line, cursor, wanted);
      assert.equal(shown.instead, true);
      assert.equal(shown.start, cursor);
      assert.ok(shown.text.startsWith(line.slice(shown.start, shown.end)), 'it deletes nothing');
      assert.equal(taken(line, shown), line.slice(0, start) + wanted.text + line.slice(start + 3));
    }
  }
});

test('what would add before the cursor is shown below too', () => {
  const shown = ghost('    x', 5, { start: 0, end: 0, text: '    y = 1\n' });
  assert.equal(shown.instead, true);
  assert.equal(taken('    x', shown), '    y = 1\n    x');
});
