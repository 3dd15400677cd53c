// Children: run to their end, within a deadline, never in the workspace's folder.

import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';

export interface Ran {
  code: number | null;
  out: string;
  err: string;
  /** Why it could not be started, or that it took too long. */
  problem?: string;
}

export interface RunOptions {
  seconds: number;
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal;
  onLine?: (line: string) => void;
}

export type Run = (command: string, words: readonly string[], options: RunOptions) => Promise<Ran>;

const MOST = 1_000_000;

/** Never rejects: what went wrong is in `problem`. */
export const run: Run = (command, words, options) =>
  new Promise((resolve) => {
    let out = '';
    let err = '';
    let problem: string | undefined;
    const child = spawn(command, words, {
      cwd: tmpdir(), // a workspace must not get to name modules or programs by lying around
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const stop = (why: string) => {
      problem ??= why;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => stop(`it did not end within ${options.seconds} s`), options.seconds * 1000);
    const abort = () => stop('cancelled');
    options.signal?.addEventListener('abort', abort);
    const hear = (chunk: string) => {
      for (const line of chunk.split(/\r?\n/)) {
        if (line.trim()) {
          options.onLine?.(line.trim());
        }
      }
    };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out = (out + chunk).slice(-MOST);
      hear(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      err = (err + chunk).slice(-MOST);
      hear(chunk);
    });
    const end = (code: number | null) => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
      resolve({ code, out, err, ...(problem === undefined ? {} : { problem }) });
    };
    child.on('error', (error) => {
      problem ??= error.message;
      end(null);
    });
    child.on('close', end);
  });
