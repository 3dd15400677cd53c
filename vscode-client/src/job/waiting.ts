// The last result that nobody has dealt with: it stays within reach when its message is gone. Pure.

import type { Outcome } from './contract';
import { fileOf, proposed } from './outcome';

export interface Waiting {
  jobId: string;
  uri: string;
  /** What is told beside its preview. */
  line: string;
  accepted: boolean;
}

/** The result of an outcome that is to be dealt with; undefined: there is nothing to take. */
export function waits(outcome: Outcome, uri: string): Waiting | undefined {
  if (outcome.applied || outcome.outcome === 'cancelled' || outcome.outcome === 'failed') {
    return undefined;
  }
  return { jobId: outcome.jobId, uri, line: proposed(outcome, fileOf(uri)), accepted: outcome.outcome === 'accepted' };
}

/** A few words for the status bar. */
export function waitingHeadline(waiting: Waiting): string {
  return waiting.accepted ? 'Forge: result ready' : 'Forge: not accepted';
}
