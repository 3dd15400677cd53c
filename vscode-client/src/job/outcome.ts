// What the user is told when a job has ended, and what they can do about it. Pure.

import type { Grade, Outcome } from './contract';
import { keepable } from './question';

export type Choice = 'apply' | 'keep' | 'preview' | 'retry' | 'report' | 'doctor' | 'log' | 'terminal';

export const LABELS: Record<Choice, string> = {
  apply: 'Apply Anyway',
  keep: 'Keep This Example',
  preview: 'Preview',
  retry: 'Try Again …',
  report: 'Show Report',
  doctor: 'Ask the Doctor',
  log: 'Show Log',
  terminal: 'Open in Terminal',
};

export interface Told {
  level: 'none' | 'info' | 'warning' | 'error';
  text: string;
  choices: Choice[];
  /** The command that fixes it, to be typed into a terminal by `terminal`. */
  command?: string;
}

/** What a person is told of the proof, beside the outcome. */
export const PROOF: Record<Grade, string> = {
  proven: 'proven',
  kept: 'nothing broken',
  supported: 'other models agree',
  reviewed: 'on review only',
};

/** `accepted · proven · score 9.0 · 1 attempt · 12 s · $0.03 · words.py` */
export function summary(outcome: Outcome, file?: string): string {
  const parts = [ended(outcome.outcome, outcome.attemptCount)];
  if (outcome.grade) {
    parts.push(PROOF[outcome.grade]);
  }
  if (outcome.score !== null) {
    parts.push(`score ${outcome.score.toFixed(1)}`);
  }
  if (outcome.outcome !== 'exhausted') {
    parts.push(attempts(outcome.attemptCount));
  }
  parts.push(duration(outcome.seconds));
  if (outcome.costUsd > 0) {
    parts.push(money(outcome.costUsd));
  }
  if (file) {
    parts.push(file);
  }
  return parts.join(' · ');
}

/** How a job ended, as a person is told. */
export function ended(outcome: string, count?: number): string {
  return outcome === 'exhausted' ? `not accepted${count === undefined ? '' : ` after ${attempts(count)}`}` : outcome;
}

function attempts(count: number): string {
  return `${count} attempt${count === 1 ? '' : 's'}`;
}

/** A finished job as a message. A result that waits to be looked at (`apply.mode` is preview) is told by its preview. */
export function told(outcome: Outcome, file?: string): Told {
  const line = capital(summary(outcome, file));
  const why = outcome.reason ? ` ${sentence(outcome.reason)}` : '';
  switch (outcome.outcome) {
    case 'accepted':
      if (outcome.applied) {
        const keep: Choice[] = keepable(outcome.questions) ? ['keep'] : [];
        return { level: 'info', text: `${line}.${why}`, choices: [...keep, 'report'] };
      }
      return { level: 'warning', text: `${line}, but not applied.${why}`, choices: ['preview', 'retry', 'report'] };
    case 'unverified':
    case 'exhausted': {
      const fix = fixing(outcome);
      const rest: Choice[] = fix.command ? ['terminal', 'report'] : ['retry', 'report'];
      const text = `${line}. Nothing was changed.${why}`;
      return { level: 'warning', text, choices: ['preview', 'apply', ...rest], ...fix };
    }
    case 'failed': {
      if (outcome.cause === 'consent') {
        // An answer of the user's, and no fault. Its remedy is for a terminal.
        const said = (outcome.reason ?? '').replace(` - ${outcome.remedy}`, '');
        return { level: 'info', text: `Nothing was changed. ${sentence(said)}`, choices: ['report'] };
      }
      const fix = fixing(outcome);
      const first: Choice = fix.command ? 'terminal' : 'doctor';
      return { level: 'error', text: `Failed.${why || ' The report says more.'}`, choices: [first, 'report', 'log'], ...fix };
    }
    case 'cancelled':
      return { level: 'none', text: 'Cancelled. Nothing was changed.', choices: [] };
  }
}

/** Whether an outcome is a result to look at: `apply.mode` says so, or the text had changed where the code belongs. */
export function awaitsPreview(outcome: Outcome): boolean {
  return outcome.outcome === 'accepted' && !outcome.applied;
}

/** What is told beside a preview. */
export function proposed(outcome: Outcome, file?: string): string {
  const why = outcome.reason ? ` ${sentence(outcome.reason)}` : '';
  return `${capital(summary(outcome, file))}.${why}`;
}

/** The name of a document's file. */
export function fileOf(uri: string): string {
  const name = uri.split('/').pop() ?? '';
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

export function duration(seconds: number): string {
  if (seconds < 90) {
    return `${Math.round(seconds)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  return minutes < 90 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function money(usd: number): string {
  if (usd === 0) {
    return 'free';
  }
  return usd < 0.01 ? '< $0.01' : `$${usd.toFixed(2)}`;
}

function fixing(outcome: Outcome): { command?: string } {
  return outcome.command ? { command: outcome.command } : {};
}

function sentence(text: string): string {
  const whole = capital(text.trim());
  return /[.!?`]$/.test(whole) ? whole : `${whole}.`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
