// Which settings file is wrong. Pure.

/** What the server has marked in a file. */
export interface Marked {
  path: string;
  problems: readonly { source?: string }[];
}

/** The first settings file in which the server has marked something; undefined: in none. */
export function settingsFile(files: readonly Marked[]): string | undefined {
  return files.find(({ path, problems }) => path.endsWith('.toml') && problems.some(({ source }) => source === 'forge-lsp'))?.path;
}
