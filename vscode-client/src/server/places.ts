// Where this machine may have forge-lsp, and how to put it there.

import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import * as vscode from 'vscode';
import { clientSettings } from '../settings/current';
import type { Ui } from '../ui';
import { onPath, type Places } from './find';
import { install, program } from './install';
import { run } from './process';
import { interpreter } from './python';

const WINDOWS = process.platform === 'win32';
const PYTHONS = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];

export function environment(): NodeJS.ProcessEnv {
  return { ...process.env, ...clientSettings().environment };
}

export function places(context: vscode.ExtensionContext): Places {
  const env = environment();
  return {
    setting: clientSettings().path,
    home: homedir(),
    interpreter,
    onPath: (name) => onPath(name, env.PATH ?? '', delimiter, runnable),
    own: program(folder(context), WINDOWS, 'forge-lsp'),
    exists: runnable,
    run,
    env,
  };
}

/** Ask how, and install the wheel that came with this extension. True when it is there. */
export async function installOwn(context: vscode.ExtensionContext, ui: Ui, log: vscode.LogOutputChannel): Promise<boolean> {
  const wheel = carried(context);
  if (!wheel) {
    await ui.say('error', 'This build of the extension contains no server. Install forge-lsp yourself and set forgeClient.path.');
    return false;
  }
  const embedded = await ui.choose('Install forge-lsp for this extension alone', [
    { label: 'Server', description: 'for Ollama, OpenAI-compatible servers and Claude', value: false },
    { label: 'Server and a small model', description: 'also works where there is no model server', value: true },
  ]);
  if (embedded === undefined) {
    return false;
  }
  const options = { location: vscode.ProgressLocation.Notification, title: 'Forge: installing', cancellable: true };
  const ended = await vscode.window.withProgress(options, async (progress, cancelled) => {
    const stopping = new AbortController();
    cancelled.onCancellationRequested(() => stopping.abort());
    const { onPath: where } = places(context);
    const chosen = await interpreter();
    const pythons = [chosen, ...PYTHONS.map(where)].filter((path): path is string => path !== undefined);
    return install(
      {
        wheel,
        folder: folder(context),
        windows: WINDOWS,
        pythons,
        run,
        remove: (path) => rm(path, { recursive: true, force: true }),
        report: (line) => {
          log.info(line);
          progress.report({ message: line.length > 80 ? `${line.slice(0, 79)}…` : line });
        },
        signal: stopping.signal,
      },
      embedded,
    );
  });
  if (!ended.ok && (await ui.say('error', ended.problem, 'Show Log')) === 'Show Log') {
    log.show();
  }
  return ended.ok;
}

/** A new version of the extension brings a new server, so the folder has the version in its name. */
function folder(context: vscode.ExtensionContext): string {
  return join(context.globalStorageUri.fsPath, `server-${(context.extension.packageJSON as { version: string }).version}`);
}

function carried(context: vscode.ExtensionContext): string | undefined {
  const at = context.asAbsolutePath('server');
  try {
    const wheel = readdirSync(at).find((name) => name.endsWith('.whl'));
    return wheel && join(at, wheel);
  } catch {
    return undefined;
  }
}

function runnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
