// Where a range is after the text around it was changed. Pure.

import type { Position, Range } from './contract';

export interface Change {
  range: Range;
  text: string;
}

/** `range` after `change`; what is replaced inside it makes it longer or shorter, what is outside moves it. */
export function shifted(range: Range, change: Change): Range {
  return { start: moved(range.start, change, false), end: moved(range.end, change, true) };
}

function moved(at: Position, change: Change, last: boolean): Position {
  const { start, end } = change.range;
  if (before(at, start) || (same(at, start) && !same(start, end))) {
    return at;
  }
  const lines = change.text.split('\n');
  const tail = lines[lines.length - 1]?.replace(/\r$/, '') ?? '';
  const after: Position =
    lines.length === 1
      ? { line: start.line, character: start.character + tail.length }
      : { line: start.line + lines.length - 1, character: tail.length };
  if (before(at, end)) {
    return last ? after : start; // it was in what is gone
  }
  const line = at.line - end.line + after.line;
  return at.line === end.line
    ? { line, character: at.character - end.character + after.character }
    : { line, character: at.character };
}

function before(one: Position, other: Position): boolean {
  return one.line < other.line || (one.line === other.line && one.character < other.character);
}

function same(one: Position, other: Position): boolean {
  return one.line === other.line && one.character === other.character;
}
