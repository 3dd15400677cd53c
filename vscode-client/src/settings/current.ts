// The settings as VS Code has them.

import * as vscode from 'vscode';
import { explicit, keysOf, type Property, type Table } from './explicit';

interface Manifest {
  contributes: { configuration: { properties: { [key: string]: Property } }[] };
}

export interface ClientSettings {
  path: string;
  environment: { [name: string]: string };
  logLevel: string;
}

export function clientSettings(): ClientSettings {
  const found = vscode.workspace.getConfiguration('forgeClient');
  return {
    path: found.get('path', ''),
    environment: found.get('environment', {}),
    logLevel: found.get('logLevel', 'info'),
  };
}

/** What the server is told when it asks for the section `forge`. */
export function serverSettings(manifest: Manifest): Table {
  const { keys, machine } = keysOf(manifest.contributes.configuration, 'forge');
  const found = vscode.workspace.getConfiguration('forge');
  return explicit(keys, machine, vscode.workspace.isTrusted, (key) => found.inspect(key));
}
