// Messages of faults, with the way to the settings file that one is in.

import * as vscode from 'vscode';
import { settingsFile } from '../job/faults';

/** The button that opens the settings file of a message; none where it names no file. */
export function opening(message: string): { label: string; open(): Promise<void> } | undefined {
  const path = settingsFile(message);
  if (path === undefined) {
    return undefined;
  }
  const uri = vscode.Uri.file(path);
  return { label: `Open ${uri.path.split('/').pop()}`, open: () => open(uri) };
}

/** The file, at the line that is wrong: the server marks it there. */
async function open(uri: vscode.Uri): Promise<void> {
  const editor = await vscode.window.showTextDocument(uri);
  const [first] = vscode.languages.getDiagnostics(uri);
  if (first) {
    editor.selection = new vscode.Selection(first.range.start, first.range.start);
    editor.revealRange(first.range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }
}
