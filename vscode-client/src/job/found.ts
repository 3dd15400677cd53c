// Jobs that an earlier window left: they still run, they ended while nobody was there, or they were interrupted.

import type { Found, Request } from './contract';

/** What is needed of the window. */
export interface Shows {
  /** Follow a job to its end, and go on with one that was interrupted. */
  follow(command: 'forge.follow' | 'forge.resume', jobId: string, request: Request): Promise<void>;
  ask(text: string, ...buttons: string[]): Promise<string | undefined>;
  report(jobId: string): Promise<void>;
}

const RESUME = 'Resume';
const REPORT = 'Show Report';

/** Show a job that was found, or offer to go on with it. */
export async function showFound(found: Found, shows: Shows): Promise<void> {
  const request = requestOf(found);
  if (found.state !== 'interrupted') {
    return shows.follow('forge.follow', found.jobId, request);
  }
  const pressed = await shows.ask(interruptedWords(found), RESUME, REPORT);
  if (pressed === RESUME) {
    return shows.follow('forge.resume', found.jobId, request);
  }
  if (pressed === REPORT) {
    return shows.report(found.jobId);
  }
}

/** The request as this window would have made it: what a further try goes on from. */
export function requestOf(found: Found): Request {
  return {
    uri: found.uri,
    task: found.task,
    ...(found.range === undefined ? {} : { range: found.range }),
    ...(found.apply === undefined ? {} : { apply: found.apply }),
  };
}

export function interruptedWords(found: Found): string {
  const file = decodeURIComponent(found.uri.split('/').pop() ?? found.uri);
  const tries = found.attempts ? ` in attempt ${found.attempts}` : '';
  const task = found.task.replace(/\s+/g, ' ').trim();
  const words = task.length > 80 ? `${task.slice(0, 79)}…` : task;
  return `The job in ${file} was interrupted${tries}: ${words}`;
}
