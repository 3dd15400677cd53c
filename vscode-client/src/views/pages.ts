// Text of the server's, shown as Markdown previews.

import * as vscode from 'vscode';

export const SCHEME = 'forge-page';

export class Pages implements vscode.TextDocumentContentProvider {
  private readonly texts = new Map<string, string>();
  private readonly emitter = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.emitter.event;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.path) ?? 'This page is no longer available; open it again with its command.';
  }

  /** Show Markdown under a title; a page with that title is shown again. `id` tells pages of one title apart. */
  async show(title: string, markdown: string, id = ''): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `${id && `/${id}`}/${title}.md` });
    this.texts.set(uri.path, markdown);
    this.emitter.fire(uri);
    await vscode.commands.executeCommand('markdown.showPreview', uri);
  }
}
