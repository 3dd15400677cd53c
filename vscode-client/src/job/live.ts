// What a view of jobs knows, folded from `forge/jobEvent` notifications: attempts, their stages and calls, the best so far.
// Pure.

import type { Grade, JobEvent, Verdict } from './contract';

export interface Call {
  number: number;
  model: string;
  role: string;
  stage: string;
  /** When it was begun, in ms. */
  since: number;
  /** undefined: it runs. */
  seconds?: number;
  tokens: number;
  costUsd: number;
  error?: string;
}

export interface Stage {
  stage: string;
  /** Who or what it is about; once it is over, what came of it. */
  detail: string;
  /** undefined: it runs. */
  seconds?: number;
}

export interface Attempt {
  number: number;
  /** `duo: phi4, gemma3`; '' where nobody thinks first. */
  thinking: string;
  generator: string;
  samples: number;
  stages: Stage[];
  calls: Call[];
  /** What went otherwise than set. */
  notes: string[];
  /** undefined: it runs. */
  decision?: string;
  /** It was accepted, and something could not be checked. */
  unverified: boolean;
  reason: string;
  score: number | null;
  grade: Grade | null;
  seconds: number;
  costUsd: number;
}

export interface Best {
  attempt: number;
  model: string;
  seen: string;
  score: number | null;
}

export interface Ended {
  outcome: Verdict;
  grade: Grade | null;
  score: number | null;
  attemptCount: number;
  seconds: number;
  costUsd: number;
  reason: string | null;
}

export interface Live {
  jobId: string;
  uri: string;
  task: string;
  /** How many attempts it may take. */
  most: number;
  /** When it began, in ms. */
  since: number;
  attempts: Attempt[];
  costUsd: number;
  best: Best | undefined;
  /** undefined: it runs. */
  ended: Ended | undefined;
}

/** The jobs that run, and the newest one that has ended. */
export class LiveJobs {
  private readonly jobs = new Map<string, Live>();

  /** The newest first. */
  get all(): readonly Live[] {
    return [...this.jobs.values()].reverse();
  }

  get running(): readonly Live[] {
    return this.all.filter((job) => !job.ended);
  }

  /** Take in an event. Types that are not known are skipped: later servers may send some. */
  hear(event: JobEvent): void {
    if (event.type === 'job.started') {
      this.forgetEnded();
      this.jobs.delete(event.jobId); // it was found again, and is told from its beginning
      this.jobs.set(event.jobId, {
        jobId: event.jobId,
        uri: text(event.uri),
        task: text(event.task),
        most: number(event.attempts),
        since: time(event),
        attempts: [],
        costUsd: 0,
        best: undefined,
        ended: undefined,
      });
      return;
    }
    const job = this.jobs.get(event.jobId);
    if (!job) {
      return;
    }
    if (event.type === 'job.finished') {
      this.forgetEnded();
      job.ended = {
        outcome: event.outcome as Verdict,
        grade: (event.grade ?? null) as Grade | null,
        score: score(event.score),
        attemptCount: number(event.attemptCount),
        seconds: number(event.seconds),
        costUsd: number(event.costUsd),
        reason: typeof event.reason === 'string' ? event.reason : null,
      };
      return;
    }
    fold(job, event);
  }

  /** The server is gone, and with it what it ran. */
  clear(): void {
    for (const { jobId } of this.running) {
      this.jobs.delete(jobId);
    }
  }

  private forgetEnded(): void {
    for (const { jobId } of this.all.filter((job) => job.ended)) {
      this.jobs.delete(jobId);
    }
  }
}

function fold(job: Live, event: JobEvent): void {
  const attempt = attemptOf(job, event);
  switch (event.type) {
    case 'attempt.started': {
      const thinkers = Array.isArray(event.thinkers) ? event.thinkers.join(', ') : '';
      attempt.thinking = thinkers && `${text(event.strategy)}: ${thinkers}`;
      attempt.generator = text(event.generator);
      attempt.samples = number(event.samples);
      job.most = Math.max(number(event.attempts), attempt.number);
      break;
    }
    case 'stage.started':
      attempt.stages.push({ stage: text(event.stage), detail: text(event.detail) });
      break;
    case 'stage.finished': {
      const open = attempt.stages.findLast((one) => one.stage === event.stage && one.seconds === undefined);
      if (open) {
        open.detail = text(event.detail) || open.detail;
        open.seconds = number(event.seconds);
      }
      break;
    }
    case 'call.started':
      attempt.calls.push({
        number: number(event.call),
        model: text(event.model),
        role: text(event.role),
        stage: text(event.stage),
        since: time(event),
        tokens: 0,
        costUsd: 0,
      });
      break;
    case 'call.finished': {
      job.costUsd += number(event.costUsd);
      const call = attempt.calls.find((one) => one.number === event.call);
      if (call) {
        call.seconds = number(event.seconds);
        call.tokens = number(event.inputTokens) + number(event.outputTokens);
        call.costUsd = number(event.costUsd);
        if (event.error) {
          call.error = text(event.error);
        }
      }
      break;
    }
    case 'degraded':
      attempt.notes.push(text(event.reason));
      break;
    case 'rung.skipped':
      attempt.decision = 'skip';
      attempt.generator = text(event.generator);
      attempt.reason = text(event.reason);
      break;
    case 'attempt.finished':
      attempt.decision = text(event.decision);
      attempt.unverified = event.unverified === true;
      attempt.reason = text(event.reason) || attempt.reason;
      attempt.score = score(event.score);
      attempt.grade = (event.grade ?? null) as Grade | null;
      attempt.seconds = number(event.seconds);
      attempt.costUsd = number(event.costUsd);
      job.best = (event.best as Best | null | undefined) ?? job.best;
      break;
  }
}

function attemptOf(job: Live, event: JobEvent): Attempt {
  const known = job.attempts.find((one) => one.number === event.number);
  const attempt = known ?? {
    number: number(event.number),
    thinking: '',
    generator: '',
    samples: 1,
    stages: [],
    calls: [],
    notes: [],
    unverified: false,
    reason: '',
    score: null,
    grade: null,
    seconds: 0,
    costUsd: 0,
  };
  if (!known && attempt.number > 0) {
    job.attempts.push(attempt);
  }
  return attempt;
}

function time(event: JobEvent): number {
  const at = Date.parse(text(event.at));
  return Number.isNaN(at) ? Date.now() : at;
}

function score(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
