// Whether the user's settings describe languages of their own. Which ones, the server says once it runs.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Table } from './explicit';

/** The user's forge.toml, where the server looks for it. */
export function userFile(env: NodeJS.ProcessEnv, home: string, platform: string): string {
  if (env.FORGE_CONFIG) {
    return env.FORGE_CONFIG.replace(/^~(?=[\\/]|$)/, home);
  }
  const folder =
    platform === 'win32'
      ? (env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'))
      : platform === 'darwin'
        ? join(home, 'Library', 'Application Support')
        : env.XDG_CONFIG_HOME || join(home, '.config');
  return join(folder, 'forge-lsp', 'forge.toml');
}

/** Whether there is a language in the editor's settings, or in a forge.toml. */
export function describesLanguages(settings: Table, file: string): boolean {
  if (Object.keys((settings.language ?? {}) as Table).length > 0) {
    return true;
  }
  try {
    return /^\s*(?:\[\s*)?["']?language["']?\s*[.=]/m.test(readFileSync(file, 'utf8'));
  } catch {
    return false; // there is none
  }
}
