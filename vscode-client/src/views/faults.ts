// The way from a message of a fault to the settings file that is wrong.

import * as vscode from 'vscode';
import { settingsFile } from '../job/faults';

/** The button that opens the settings file in which the server has marked what is wrong; none where it has marked none. */
export function opening(): { label: string; open(): Promise<void> } | undefined {
  const marked = vscode.languages.getDiagnostics().filter(([uri]) => uri.scheme === 'file');
  const path = settingsFile(marked.map(([uri, problems]) => ({ path: uri.fsPath, problems })));
  if (path === undefined) {
    return undefined;
  }
  const uri = vscode.Uri.file(path);
  return { label: `Open ${uri.path.split('/').pop()}`, open: () => open(uri) };
}

/** The file, at the line that is wrong: the server marks it there. */
async function open(uri: vscode.Uri): Promise<void> {
  const editor = await vscode.window.showTextDocument(uri);
  const first = vscode.languages.getDiagnostics(uri).find(({ source }) => source === 'forge-lsp');
  if (first) {
    editor.selection = new vscode.Selection(first.range.start, first.range.start);
    editor.revealRange(first.range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }
}
