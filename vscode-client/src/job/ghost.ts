// A completion as VS Code can draw it. Pure.
//
// VS Code draws ghost text only for what adds to a line behind the cursor: a stub such as `...` is no part of the code
// that takes its place. Such a completion is shown as new lines below the stub's, which goes when they are taken.

/** Within one line: characters `start` to `end` are replaced by `text`. */
export interface Replacement {
  start: number;
  end: number;
  text: string;
}

export interface Ghost extends Replacement {
  /** Whether the line itself goes once this was taken. */
  instead: boolean;
}

/** What to show at `cursor` of a line for a replacement in it. */
export function ghost(line: string, cursor: number, wanted: Replacement): Ghost {
  const replaced = line.slice(wanted.start, wanted.end);
  if (wanted.text.startsWith(replaced) && cursor <= wanted.end) {
    return { ...wanted, instead: false };
  }
  const whole = line.slice(0, wanted.start) + wanted.text + line.slice(wanted.end);
  return { start: cursor, end: line.length, text: `${line.slice(cursor)}\n${whole}`, instead: true };
}
