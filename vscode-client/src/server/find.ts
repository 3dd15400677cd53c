// Finding forge-lsp: the setting, the Python extension's interpreter, the PATH, our own installation. Pure but for what
// is handed in.

import type { Run } from './process';

export interface Found {
  command: string;
  words: string[];
  /** Where it comes from, for people. */
  origin: string;
  version: string;
}

/** What cannot be used, and why. */
export class NotFound extends Error {
  constructor(
    message: string,
    /** The setting names it: installing another would not help. */
    readonly configured: boolean,
  ) {
    super(message);
  }
}

export interface Places {
  /** `forgeClient.path`; empty: look around. */
  setting: string;
  home: string;
  /** The interpreter of the Python extension; undefined without it, and where the workspace is not trusted. */
  interpreter(): Promise<string | undefined>;
  /** A program on the PATH. */
  onPath(name: string): string | undefined;
  /** Our own installation, whether it is there or not. */
  own: string;
  exists(path: string): boolean;
  run: Run;
  env: NodeJS.ProcessEnv;
}

const SECONDS = 20;

/** Raises NotFound. */
export async function find(places: Places): Promise<Found> {
  const setting = places.setting.trim();
  if (setting) {
    const path = setting.startsWith('~/') ? `${places.home}${setting.slice(1)}` : setting;
    const command = /[\\/]/.test(path) ? path : places.onPath(path);
    if (!command || !places.exists(command)) {
      const what = `The setting forgeClient.path names ${setting}, but there is no such program.`;
      throw new NotFound(`${what} Correct it, or leave it empty to look for forge-lsp.`, true);
    }
    const version = await versionOf(places, command, []);
    if (!version.text) {
      const what = `The setting forgeClient.path names ${setting}, which is no forge-lsp (${version.why}).`;
      throw new NotFound(`${what} Correct it, or leave it empty to look for forge-lsp.`, true);
    }
    return { command, words: [], origin: 'forgeClient.path', version: version.text };
  }
  const interpreter = await places.interpreter();
  if (interpreter) {
    const words = ['-P', '-m', 'forge_lsp']; // -P: not what lies in the current folder
    const version = await versionOf(places, interpreter, words);
    if (version.text) {
      return { command: interpreter, words, origin: 'the Python extension', version: version.text };
    }
  }
  for (const [command, origin] of [
    [places.onPath('forge-lsp'), 'PATH'],
    [places.exists(places.own) ? places.own : undefined, 'this extension'],
  ] as const) {
    const version = command ? await versionOf(places, command, []) : undefined;
    if (command && version?.text) {
      return { command, words: [], origin, version: version.text };
    }
  }
  throw new NotFound('forge-lsp is not installed here. This extension can install the one it carries.', false);
}

async function versionOf(places: Places, command: string, words: readonly string[]): Promise<{ text?: string; why: string }> {
  const ran = await places.run(command, [...words, '--version'], { seconds: SECONDS, env: places.env });
  const text = /^forge-lsp (\S+)\s*$/m.exec(ran.out)?.[1];
  if (ran.code === 0 && text) {
    return { text, why: '' };
  }
  const said = ran.problem ?? (ran.err.trim().split('\n').pop() || `it answered --version with ${ran.code}`);
  return { why: said };
}

/** The first program of a name on a PATH whose entries are absolute: a relative one would be the workspace's. */
export function onPath(name: string, path: string, separator: string, exists: (file: string) => boolean): string | undefined {
  const endings = separator === ';' ? ['.exe', '.cmd', ''] : [''];
  for (const folder of path.split(separator)) {
    if (!/^([A-Za-z]:)?[\\/]/.test(folder)) {
      continue;
    }
    for (const ending of endings) {
      const file = `${folder.replace(/[\\/]+$/, '')}/${name}${ending}`;
      if (exists(file)) {
        return file;
      }
    }
  }
  return undefined;
}
