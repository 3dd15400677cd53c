// The candidates of a job, in words.

import type { Alternative } from './contract';

export interface Row {
  label: string;
  description: string;
  detail: string;
}

/** How a candidate is listed: who wrote it, what was run, where it behaves differently from the first. */
export function listed(one: Alternative): Row {
  const { proof = 0, kept = 0, owed = 0, failed = 0 } = one.checks;
  const passed = proof + kept;
  const all = passed + owed + failed;
  const checks = all === 0 ? 'nothing was run' : `${passed} of ${all} ${all === 1 ? 'check passes' : 'checks pass'}`;
  const score = one.score === null ? '' : ` · score ${one.score.toFixed(1)}`;
  const differs = one.differences.map(({ call, answer, first }) => `${call}: ${answer}, not ${first}`);
  return {
    label: `${one.candidate} by ${one.model}`,
    description: `${checks}${score}${one.result ? ' · the result' : ''}`,
    detail: differs.join(' · ') || firstLine(one.code),
  };
}

/** The candidates as they are offered: the second-best first, the result itself last. */
export function offered(all: readonly Alternative[]): Alternative[] {
  return [...all.slice(1), ...all.slice(0, 1)];
}

function firstLine(code: string): string {
  return code.split('\n').find((line) => line.trim() !== '')?.trim() ?? '';
}
