// Which settings file a fault is in. Pure.

const PATH = String.raw`(?:/|[A-Za-z]:[\\/])[^()\n]*?\.toml`;
const KEYED = new RegExp(String.raw`\((${PATH})\): `); // accept.scor (/w/forge.toml): unknown key
const WHOLE = new RegExp(String.raw`(?:^|: |; )(${PATH}): `); // /w/forge.toml: no TOML, at line 3

/** The file of settings that a message says something is wrong in; undefined: it names none. */
export function settingsFile(message: string): string | undefined {
  return (KEYED.exec(message) ?? WHOLE.exec(message))?.[1];
}
