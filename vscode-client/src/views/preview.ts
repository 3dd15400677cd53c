// A result, or another candidate, beside the text it would change, with Apply, Discard, Alternatives and Try Again.

import * as vscode from 'vscode';
import type { LanguageClient, WorkspaceEdit } from 'vscode-languageclient/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { listed, offered } from '../job/alternatives';
import type { Alternatives, Result } from '../job/contract';
import type { Ui } from '../ui';

export const SCHEME = 'forge-preview';

interface Shown {
  jobId: string;
  text: string;
  /** undefined: the job's result. */
  candidate: string | undefined;
}

export interface Asking {
  client(): Promise<LanguageClient | undefined>;
  ask<T>(client: LanguageClient, command: string, argument: object): Promise<T | undefined>;
  retry(jobId: string): Promise<boolean>;
  report(jobId: string): Promise<void>;
  /** The user does not want it. */
  discarded(jobId: string): Promise<void>;
  /** It is in its text, or another job goes on from it. */
  dealtWith(jobId: string): Promise<void>;
}

export class Previews implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly shown = new Map<string, Shown>();
  /** Previews whose message waits for an answer. */
  private readonly offered = new Set<string>();
  private readonly watching: vscode.Disposable;

  constructor(
    private readonly ui: Ui,
    private readonly asking: Asking,
  ) {
    this.watching = vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
      for (const tab of closed) {
        this.shown.delete(previewed(tab)?.path ?? '');
      }
    });
  }

  dispose(): void {
    this.watching.dispose();
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.shown.get(uri.path)?.text ?? '';
  }

  /** Show the result of a job, or another of its candidates. `line` says how it ended, or what stands behind it. */
  async open(jobId: string, target: string, line: string, candidate?: string): Promise<void> {
    const client = await this.asking.client();
    const taken = candidate === undefined ? { jobId } : { jobId, candidate };
    const result = client && (await this.asking.ask<Result>(client, 'forge.result', taken));
    if (!client || !result) {
      return;
    }
    const source = client.protocol2CodeConverter.asUri(target);
    const name = source.path.split('/').pop() ?? 'result';
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${[jobId, ...(candidate ? [candidate] : []), name].join('/')}` });
    const workspaceEdit = await client.protocol2CodeConverter.asWorkspaceEdit(result.edit as WorkspaceEdit | null);
    if (!workspaceEdit) {
      this.shown.set(uri.path, { jobId, text: result.code, candidate });
      await vscode.window.showTextDocument(uri, { preview: false });
      void this.ui.say('warning', 'The text was changed where the code belongs. Copy the parts that you need by hand.');
      return;
    }
    const document = await vscode.workspace.openTextDocument(source);
    const edits = workspaceEdit.entries().flatMap(([, found]) => found);
    if (edits.length === 0) {
      void this.ui.say('info', 'The text is already as proposed.');
      return;
    }
    const whole = TextDocument.create(target, document.languageId, document.version, document.getText());
    const text = TextDocument.applyEdits(
      whole,
      edits.map((edit) => ({ range: edit.range, newText: edit.newText })),
    );
    this.shown.set(uri.path, { jobId, text, candidate });
    const title = candidate ? `${name}: candidate ${candidate}` : `${name}: proposal`;
    await vscode.commands.executeCommand('vscode.diff', source, uri, title, { preview: false });
    await this.offer(uri, line);
  }

  async apply(uri: vscode.Uri | undefined): Promise<void> {
    const at = this.at(uri);
    const client = at && (await this.asking.client());
    if (at && client && (await this.applied(client, at.jobId, at.candidate))) {
      await this.close(at.uri);
    }
  }

  /** Bring a result into its text; false: the user was told why not. */
  async applied(client: LanguageClient, jobId: string, candidate?: string): Promise<boolean> {
    const taken = candidate === undefined ? { jobId } : { jobId, candidate };
    const answer = await this.asking.ask<{ applied: boolean; reason: string | null }>(client, 'forge.apply', taken);
    if (answer?.applied) {
      this.ui.note('applied');
      await this.asking.dealtWith(jobId);
      return true;
    }
    if (answer) {
      void this.ui.say('warning', `Not applied: ${answer.reason ?? 'the server gave no reason.'}`);
    }
    return false;
  }

  /** The other candidates of the job that is previewed, or of another: the chosen one beside the text. */
  async alternatives(uri: vscode.Uri | undefined, last: string | undefined): Promise<void> {
    const at = this.at(uri);
    const jobId = at?.jobId ?? last;
    if (jobId === undefined) {
      void this.ui.say('info', 'There is no result yet.');
      return;
    }
    const client = await this.asking.client();
    const found = client && (await this.asking.ask<Alternatives>(client, 'forge.alternatives', { jobId }));
    if (!found) {
      return;
    }
    if (found.alternatives.length < 2) {
      void this.ui.say('info', 'That job has no other candidate that compiles.');
      return;
    }
    const rows = offered(found.alternatives).map((value) => ({ ...listed(value), value }));
    const chosen = await this.ui.choose('Which candidate?', rows);
    if (!chosen) {
      return;
    }
    if (at) {
      await this.close(at.uri);
    }
    const row = listed(chosen);
    await this.open(jobId, found.uri, `${row.label}: ${row.description}`, chosen.candidate);
  }

  async discard(uri: vscode.Uri | undefined): Promise<void> {
    const at = this.at(uri);
    if (at) {
      if (at.candidate === undefined) {
        await this.asking.discarded(at.jobId); // before its text comes to the front, which would show it there once more
      }
      await this.close(at.uri);
      this.ui.note('discarded; nothing was changed');
    }
  }

  async retry(uri: vscode.Uri | undefined): Promise<void> {
    const at = this.at(uri);
    if (at && (await this.asking.retry(at.jobId))) {
      await this.asking.dealtWith(at.jobId);
      await this.close(at.uri);
    }
  }

  /** The result of a job was taken in its text: its previews go. */
  async dealtWith(jobId: string): Promise<void> {
    for (const [path, shown] of [...this.shown]) {
      if (shown.jobId === jobId) {
        await this.close(vscode.Uri.from({ scheme: SCHEME, path }));
      }
    }
  }

  private async offer(uri: vscode.Uri, line: string): Promise<void> {
    const [apply, discard, again] = ['Apply', 'Discard', 'Try Again …'] as const;
    this.offered.add(uri.path);
    const pressed = await this.ui.say('info', line, apply, discard, again);
    this.offered.delete(uri.path);
    if (pressed !== undefined && !this.shown.has(uri.path)) {
      this.ui.note('that result was dealt with; Job History has it'); // the message was still in the notification centre
      return;
    }
    switch (pressed) {
      case apply:
        return this.apply(uri);
      case discard:
        return this.discard(uri);
      case again:
        return this.retry(uri);
    }
  }

  /** The preview of a tab's URI, else the one in front. */
  private at(uri: vscode.Uri | undefined): { uri: vscode.Uri; jobId: string; candidate: string | undefined } | undefined {
    const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
    const found = uri?.scheme === SCHEME ? uri : tab && previewed(tab);
    const shown = found && this.shown.get(found.path);
    return found && shown && { uri: found, jobId: shown.jobId, candidate: shown.candidate };
  }

  private async close(uri: vscode.Uri): Promise<void> {
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    await vscode.window.tabGroups.close(tabs.filter((tab) => previewed(tab)?.path === uri.path));
    this.shown.delete(uri.path);
    if (this.offered.has(uri.path)) {
      await vscode.commands.executeCommand('notifications.hideToasts'); // its buttons would do nothing any more
    }
  }
}

function previewed(tab: vscode.Tab): vscode.Uri | undefined {
  const { input } = tab;
  const uri = input instanceof vscode.TabInputTextDiff ? input.modified : input instanceof vscode.TabInputText ? input.uri : undefined;
  return uri?.scheme === SCHEME ? uri : undefined;
}
