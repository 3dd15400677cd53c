// A result that waits (`apply.mode` is preview) as ghost text at its stub: Tab takes it.

import * as vscode from 'vscode';
import { InlineCompletionRequest, type LanguageClient } from 'vscode-languageclient/node';
import { ghost } from '../job/ghost';
import type { Ui } from '../ui';

const TAKE = 'forge.takeCompletion';

/** The line that goes once a completion was taken. */
interface Stub {
  uri: string;
  line: number;
  text: string;
}

export interface Around {
  client(): Promise<LanguageClient | undefined>;
  ask<T>(client: LanguageClient, command: string, argument: object): Promise<T | undefined>;
  preview(jobId: string, uri: string, line: string): Promise<void>;
  retry(jobId: string): Promise<boolean>;
  apply(client: LanguageClient, jobId: string): Promise<boolean>;
  /** The user does not want it. */
  discarded(jobId: string): void;
  /** It is in its text: what else shows it goes. */
  dealtWith(jobId: string): Promise<void>;
}

export class Completions implements vscode.Disposable {
  private readonly waiting = new Map<string, string>();
  private readonly watching: vscode.Disposable[];
  private at = '';

  constructor(
    private readonly ui: Ui,
    private readonly around: Around,
  ) {
    this.watching = [
      vscode.commands.registerCommand(TAKE, (jobId: string, stub?: Stub) => this.take(jobId, stub)),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => void this.look(textEditor)),
      vscode.window.onDidChangeActiveTextEditor((editor) => void this.look(editor)),
    ];
  }

  dispose(): void {
    for (const one of this.watching) {
      one.dispose();
    }
  }

  /** A result waits from now on. Shown at once where the cursor is on its stub; false: it is not. */
  async wait(jobId: string, uri: string): Promise<boolean> {
    this.waiting.set(jobId, decodeURIComponent(uri));
    return this.shown(vscode.window.activeTextEditor);
  }

  /** What is told beside the ghost text. */
  async offer(jobId: string, uri: string, line: string): Promise<void> {
    const [apply, preview, discard, again] = ['Apply', 'Preview', 'Discard', 'Try Again …'] as const;
    const pressed = await this.ui.say('info', `${line} Tab takes it.`, apply, preview, discard, again);
    if (!pressed || !this.waiting.has(jobId)) {
      return; // taken meanwhile
    }
    const client = await this.around.client();
    if (pressed === preview) {
      await this.around.preview(jobId, uri, line);
    } else if (pressed === apply && client) {
      await this.around.apply(client, jobId);
    } else if (pressed === discard) {
      this.around.discarded(jobId);
      await this.discard(jobId);
      this.ui.note('discarded; nothing was changed');
    } else if (pressed === again && (await this.around.retry(jobId))) {
      await this.hide(jobId);
    }
  }

  /** Nothing is shown of a job any more, and the server offers nothing of it. */
  async discard(jobId: string): Promise<void> {
    await this.hide(jobId);
    const client = await this.around.client();
    if (client?.initializeResult?.capabilities.inlineCompletionProvider) {
      await this.around.ask(client, 'forge.discard', { jobId });
    }
  }

  /** It was applied, or another job goes on from it. */
  async hide(jobId: string): Promise<void> {
    if (this.waiting.delete(jobId)) {
      await vscode.commands.executeCommand('editor.action.inlineSuggest.hide');
    }
  }

  /** An item of the server's, as VS Code can draw it. */
  drawn(document: vscode.TextDocument, position: vscode.Position, item: vscode.InlineCompletionItem): vscode.InlineCompletionItem {
    const { range, insertText, command } = item;
    if (!range || !range.isSingleLine || range.start.line !== position.line || typeof insertText !== 'string') {
      return item;
    }
    const { text } = document.lineAt(position.line);
    const wanted = { start: range.start.character, end: range.end.character, text: insertText };
    const shown = ghost(text, position.character, wanted);
    const place = new vscode.Range(position.line, shown.start, position.line, shown.end);
    const stub: Stub = { uri: document.uri.toString(), line: position.line, text };
    const jobId = (command?.arguments?.[0] as { jobId?: string } | undefined)?.jobId;
    const args = shown.instead ? [jobId, stub] : [jobId];
    return new vscode.InlineCompletionItem(shown.text, place, { title: 'Take the result', command: TAKE, arguments: args });
  }

  private async take(jobId: string, stub: Stub | undefined): Promise<void> {
    this.waiting.delete(jobId);
    const editor = vscode.window.activeTextEditor;
    if (stub && editor?.document.uri.toString() === stub.uri && editor.document.lineAt(stub.line).text === stub.text) {
      const line = new vscode.Range(stub.line, 0, stub.line + 1, 0);
      // one step with what was just inserted: one undo takes both back
      await editor.edit((edit) => edit.delete(line), { undoStopBefore: false, undoStopAfter: true });
    }
    const client = await this.around.client();
    const answer = client && (await this.around.ask<{ applied: boolean }>(client, 'forge.taken', { jobId }));
    if (answer?.applied) {
      this.ui.note('applied');
      await this.around.dealtWith(jobId);
    }
  }

  /** The cursor came to a line of a text in which a result waits: show it where it belongs there. */
  private async look(editor: vscode.TextEditor | undefined): Promise<void> {
    if (!editor || !this.waitsIn(editor.document)) {
      return;
    }
    const at = `${editor.document.uri.toString()}:${editor.selection.active.line}`;
    if (at !== this.at) {
      this.at = at;
      await this.shown(editor);
    }
  }

  private waitsIn(document: vscode.TextDocument): boolean {
    return [...this.waiting.values()].includes(decodeURIComponent(document.uri.toString()));
  }

  private async shown(editor: vscode.TextEditor | undefined): Promise<boolean> {
    const client = await this.around.client();
    if (!editor?.selection.isEmpty || !client?.initializeResult?.capabilities.inlineCompletionProvider) {
      return false;
    }
    const { document, selection } = editor;
    if (!vscode.workspace.getConfiguration('editor', document).get('inlineSuggest.enabled', true)) {
      return false;
    }
    const params = {
      textDocument: client.code2ProtocolConverter.asTextDocumentIdentifier(document),
      position: client.code2ProtocolConverter.asPosition(selection.active),
      context: { triggerKind: 1 as const },
    };
    const found = await client.sendRequest(InlineCompletionRequest.type, params).catch(() => null);
    const items = Array.isArray(found) ? found : (found?.items ?? []);
    const stays = vscode.window.activeTextEditor === editor && editor.selection.active.isEqual(selection.active);
    if (items.length === 0 || !stays || !this.waitsIn(document)) {
      return false; // it may have been discarded while the server was asked
    }
    await vscode.commands.executeCommand('editor.action.inlineSuggest.trigger');
    return true;
  }
}
