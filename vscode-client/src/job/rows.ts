// The view of jobs as rows: what is said, in which order. Pure.

import type { Attempt, Call, Live, Stage } from './live';
import { capital, duration, ended as endedWords, fileOf, money, PROOF } from './outcome';

export type Look = 'runs' | 'good' | 'bad' | 'doubt' | 'skipped' | 'best' | 'task' | 'note' | 'report' | 'preview' | 'apply' | 'retry' | 'discard';

export interface Row {
  /** Unique in the view; the same row keeps it, and with it whether it is open. */
  id: string;
  label: string;
  description: string;
  /** The whole of what the line may cut. */
  tooltip: string;
  look: Look;
  children: Row[];
  open: boolean;
  /** What Enter does. */
  command?: { command: string; title: string; arguments?: unknown[] };
  /** The job of a row that is a whole job. */
  jobId?: string;
  runs?: boolean;
}

const DOING: Record<string, string> = { think: 'Thinking', generate: 'Writing', check: 'Checking', review: 'Reviewing' };
const ENDED: Record<string, Look> = { accepted: 'good', unverified: 'doubt', exhausted: 'bad', cancelled: 'skipped', failed: 'bad' };
const DECIDED: Record<string, [string, Look]> = {
  accept: ['accepted', 'good'],
  retry: ['not accepted', 'bad'],
  give_up: ['not accepted', 'bad'],
  skip: ['skipped', 'skipped'],
};

/** Jobs as rows. `now` is in ms; `waiting` is the job whose result nobody has dealt with. */
export function rows(jobs: readonly Live[], now: number, waiting: string | undefined): Row[] {
  return jobs.map((job) => jobRow(job, now, job.jobId === waiting));
}

function place(job: Live, now: number): string {
  const attempt = job.attempts.at(-1);
  const where = attempt ? `attempt ${attempt.number} of at most ${job.most}` : 'starting';
  return [where, duration(Math.max(0, now - job.since) / 1000), money(job.costUsd)].join(' · ');
}

function jobRow(job: Live, now: number, waits: boolean): Row {
  const file = fileOf(job.uri);
  const { ended } = job;
  const look = ended ? (ENDED[ended.outcome] ?? 'doubt') : 'runs';
  const facts = ended
    ? [
        capital(endedWords(ended.outcome, ended.attemptCount)),
        ended.grade && PROOF[ended.grade],
        ended.score !== null && `score ${ended.score.toFixed(1)}`,
        ended.outcome !== 'exhausted' && `${ended.attemptCount} attempt${ended.attemptCount === 1 ? '' : 's'}`,
        duration(ended.seconds),
        money(ended.costUsd),
      ]
    : [place(job, now)];
  const description = facts.filter(Boolean).join(' · ');
  return {
    id: `${job.jobId}${ended ? '/ended' : ''}`,
    label: file,
    description,
    tooltip: `${file}: ${description}\n\n${job.task}`,
    look,
    open: true,
    jobId: job.jobId,
    runs: !ended,
    children: [
      ...(ended ? actions(job, waits) : []),
      told(job, 'task', 'Task', job.task, 'task'),
      ...(ended ? why(job) : doing(job)),
      ...best(job),
      ...(ended ? [] : lastFailure(job)),
      ...[...job.attempts].reverse().map((attempt) => attemptRow(job, attempt)),
    ],
  };
}

/** What can be done with a result that waits; the report of every job that ended. */
function actions(job: Live, waits: boolean): Row[] {
  const act = (label: string, look: Look, command: string, what: string, words?: unknown[]): Row => ({
    ...told(job, command, label, what, look),
    command: { command: `forge.${command}`, title: label, ...(words ? { arguments: words } : {}) },
  });
  return [
    ...(waits
      ? [
          act('Preview', 'preview', 'previewLastResult', 'beside the text that it would change'),
          act(job.ended?.outcome === 'accepted' ? 'Apply' : 'Apply Anyway', 'apply', 'applyLastResult', 'one undo takes it back'),
          act('Try Again …', 'retry', 'retryLastResult', 'say what should change'),
          act('Discard', 'discard', 'discardLastResult', 'nothing is changed'),
        ]
      : []),
    act('Show Report', 'report', 'showReportOf', 'all that was said, run and sent', [job.jobId]),
  ];
}

function why(job: Live): Row[] {
  const reason = job.ended?.reason;
  return reason ? [told(job, 'why', 'Why', reason, 'note')] : [];
}

/** Who is doing what. */
function doing(job: Live): Row[] {
  const attempt = job.attempts.at(-1);
  const stage = attempt?.stages.findLast((one) => one.seconds === undefined);
  if (!attempt || !stage) {
    return [];
  }
  const calls = attempt.calls.filter((call) => call.seconds === undefined).map((call) => call.model);
  const who = [...new Set(calls)].join(', ') || stage.detail;
  return [told(job, 'now', 'Now', [DOING[stage.stage]?.toLowerCase() ?? stage.stage, who].filter(Boolean).join(': '), 'runs')];
}

function best(job: Live): Row[] {
  if (!job.best) {
    return [];
  }
  const { attempt, model, seen, score } = job.best;
  const said = [`attempt ${attempt} by ${model}`, seen, score !== null && `score ${score.toFixed(1)}`].filter(Boolean).join(' · ');
  return [told(job, 'best', job.ended ? 'Best' : 'Best so far', said, 'best')];
}

function lastFailure(job: Live): Row[] {
  const last = job.attempts.findLast((one) => one.decision !== undefined);
  if (!last || last.decision === 'accept') {
    return [];
  }
  const seen = last.stages.findLast((one) => one.stage === 'check')?.detail ?? '';
  const why = [last.reason, seen].filter(Boolean).join(': ');
  return [told(job, 'failure', `Why not attempt ${last.number}`, why, 'note')];
}

function attemptRow(job: Live, attempt: Attempt): Row {
  const runs = attempt.decision === undefined && !job.ended;
  const [word, look] = runs
    ? ['', 'runs' as const]
    : attempt.unverified
      ? (['not verified', 'doubt'] as const)
      : (DECIDED[attempt.decision ?? ''] ?? [attempt.decision ?? 'stopped', 'skipped' as const]);
  const samples = attempt.samples > 1 ? ` ×${attempt.samples}` : '';
  const who = `${attempt.thinking ? `${attempt.thinking} → ` : ''}${attempt.generator}${samples}`;
  const facts = [
    word,
    attempt.score !== null && `score ${attempt.score.toFixed(1)}`,
    who,
    attempt.seconds > 0 && duration(attempt.seconds),
    attempt.costUsd > 0 && money(attempt.costUsd),
  ];
  const id = `attempt-${attempt.number}${runs ? '-runs' : ''}`;
  return {
    ...told(job, id, `Attempt ${attempt.number}`, facts.filter(Boolean).join(' · '), look),
    open: runs,
    children: [
      ...(attempt.reason ? [told(job, `${id}/why`, 'Why', attempt.reason, 'note')] : []),
      ...attempt.stages.map((stage, at) => stageRow(job, attempt, stage, `${id}/${at}`)),
      ...attempt.notes.map((note, at) => told(job, `${id}/note-${at}`, 'Note', note, 'note')),
    ],
  };
}

function stageRow(job: Live, attempt: Attempt, stage: Stage, id: string): Row {
  const runs = stage.seconds === undefined && attempt.decision === undefined && !job.ended;
  const facts = [stage.detail, stage.seconds !== undefined && duration(stage.seconds)].filter(Boolean).join(' · ');
  const calls = attempt.calls.filter((call) => call.stage === stage.stage);
  return {
    ...told(job, id, DOING[stage.stage] ?? stage.stage, facts, runs ? 'runs' : stage.seconds === undefined ? 'skipped' : 'good'),
    children: calls.map((call) => callRow(job, call, runs, `${id}/${call.number}`)),
  };
}

function callRow(job: Live, call: Call, runs: boolean, id: string): Row {
  const open = call.seconds === undefined;
  const facts = [
    call.role !== call.stage && call.role,
    call.error,
    !open && duration(call.seconds ?? 0),
    call.tokens > 0 && `${call.tokens} tokens`,
    call.costUsd > 0 && money(call.costUsd),
  ];
  const look = open ? (runs ? 'runs' : 'skipped') : call.error ? 'bad' : 'good';
  return told(job, id, call.model, facts.filter(Boolean).join(' · '), look);
}

function told(job: Live, id: string, label: string, words: string, look: Look): Row {
  const line = words.replace(/\s+/g, ' ').trim();
  return { id: `${job.jobId}/${id}`, label, description: line, tooltip: `${label}: ${words.trim()}`, look, children: [], open: false };
}
