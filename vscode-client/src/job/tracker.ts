// What runs now, folded from `forge/jobEvent` notifications. Pure.

import type { JobEvent } from './contract';
import { money } from './outcome';

const STAGES: Record<string, string> = {
  think: 'thinking',
  generate: 'generating',
  check: 'checking',
  review: 'reviewing',
};

interface Calls {
  finished: number;
  running: number;
  tokens: number;
  seconds: number;
  costUsd: number;
}

export interface Running {
  jobId: string;
  file: string;
  task: string;
  attempt: number;
  attempts: number;
  stage: string;
  costUsd: number;
  models: Map<string, Calls>;
}

/** The jobs that run now, oldest first. */
export class Tracker {
  private readonly jobs = new Map<string, Running>();

  get running(): readonly Running[] {
    return [...this.jobs.values()];
  }

  /** Take in an event. Types that are not known are skipped: later servers may send some. */
  hear(event: JobEvent): void {
    if (event.type === 'job.started') {
      this.jobs.set(event.jobId, {
        jobId: event.jobId,
        file: text(event.uri).split('/').pop() ?? '',
        task: text(event.task),
        attempt: 0,
        attempts: number(event.attempts),
        stage: 'starting',
        costUsd: 0,
        models: new Map(),
      });
      return;
    }
    const job = this.jobs.get(event.jobId);
    if (!job) {
      return;
    }
    switch (event.type) {
      case 'attempt.started':
        job.attempt = number(event.number);
        job.attempts = number(event.attempts);
        job.stage = 'starting';
        break;
      case 'stage.started':
        job.attempt = number(event.number);
        job.stage = STAGES[text(event.stage)] ?? text(event.stage);
        break;
      case 'call.started':
        this.calls(job, event).running += 1;
        break;
      case 'call.finished': {
        const calls = this.calls(job, event);
        calls.running = Math.max(0, calls.running - 1);
        calls.finished += 1;
        calls.tokens += number(event.inputTokens) + number(event.outputTokens);
        calls.seconds += number(event.seconds);
        calls.costUsd += number(event.costUsd);
        job.costUsd += number(event.costUsd);
        break;
      }
      case 'job.finished':
        this.jobs.delete(event.jobId);
        break;
    }
  }

  /** The server is gone, and with it what it ran. */
  clear(): void {
    this.jobs.clear();
  }

  private calls(job: Running, event: JobEvent): Calls {
    const key = text(event.model);
    const known = job.models.get(key) ?? { finished: 0, running: 0, tokens: 0, seconds: 0, costUsd: 0 };
    job.models.set(key, known);
    return known;
  }
}

/** A few words for the status bar. */
export function headline(running: readonly Running[]): string {
  const [first] = running;
  if (!first) {
    return 'Forge';
  }
  const where = first.attempt === 0 ? first.stage : `${first.attempt}/${first.attempts} · ${first.stage}`;
  return running.length === 1 ? `Forge ${where}` : `Forge ${where} (+${running.length - 1})`;
}

/** A Markdown tooltip: each job, its models, what it has cost so far. */
export function tooltip(running: readonly Running[]): string {
  return running.map(section).join('\n\n---\n\n');
}

function section(job: Running): string {
  const lines = [`**${plain(job.file)}** · attempt ${job.attempt} of at most ${job.attempts} · ${job.stage}`, '', plain(job.task, 120)];
  if (job.models.size > 0) {
    lines.push('', '| model | calls | tokens | time | cost |', '|---|--:|--:|--:|--:|');
    for (const [key, calls] of job.models) {
      const at = calls.running > 0 ? ' ●' : '';
      const cost = money(calls.costUsd);
      lines.push(`| ${plain(key)}${at} | ${calls.finished} | ${calls.tokens} | ${calls.seconds.toFixed(1)} s | ${cost} |`);
    }
  }
  lines.push('', `Cost so far: ${money(job.costUsd)}`);
  return lines.join('\n');
}

/** Words of others, so that they are no markup. */
export function plain(words: string, longest = 80): string {
  const line = words.replace(/\s+/g, ' ').trim();
  const short = line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
  return short.replace(/[\\`*_{}[\]()#+!|<>~]/g, '\\$&');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
