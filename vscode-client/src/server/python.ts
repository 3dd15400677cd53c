// The Python extension, where there is one.

import * as vscode from 'vscode';

interface PythonApi {
  environments: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(path: { path: string }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
    onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

async function api(): Promise<PythonApi | undefined> {
  const extension = vscode.extensions.getExtension<PythonApi>('ms-python.python');
  try {
    const found = await extension?.activate();
    return found?.environments ? found : undefined;
  } catch {
    return undefined; // its trouble is its own to tell
  }
}

/** Its interpreter; none in a workspace that is not trusted: it may lie in that workspace. */
export async function interpreter(): Promise<string | undefined> {
  const python = vscode.workspace.isTrusted ? await api() : undefined;
  if (!python) {
    return undefined;
  }
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const resolved = await python.environments.resolveEnvironment(python.environments.getActiveEnvironmentPath(folder));
  return resolved?.executable.uri?.fsPath;
}

/** Call `changed` whenever another interpreter is chosen. */
export async function watch(changed: () => void, subscriptions: vscode.Disposable[]): Promise<void> {
  const python = await api();
  if (python) {
    subscriptions.push(python.environments.onDidChangeActiveEnvironmentPath(changed));
  }
}
