// The status bar item: what runs, who is at it, what it costs.

import * as vscode from 'vscode';
import { headline, type Running, tooltip } from '../job/tracker';
import { type Waiting, waitingHeadline } from '../job/waiting';

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('forge', vscode.StatusBarAlignment.Right, 90);

  constructor() {
    this.item.name = 'Forge';
    this.item.command = 'forge.showMenu';
    this.show([], false);
    this.item.show();
  }

  show(running: readonly Running[], ready: boolean, waiting?: Waiting): void {
    const icon = running.length > 0 ? '$(loading~spin)' : ready ? '$(sparkle)' : '$(debug-disconnect)';
    const told = waiting && running.length === 0 ? waitingHeadline(waiting) : headline(running);
    this.item.text = `${icon} ${told}`;
    const idle = waiting ? `${waiting.line} A click has Preview, Apply, Try Again and Discard.` : ready ? 'Forge: code by committee. Nothing is running.' : 'Forge: the server is not running.';
    this.item.tooltip = running.length > 0 ? markdown(tooltip(running)) : idle;
  }

  dispose(): void {
    this.item.dispose();
  }
}

/** What runs, with a way to the view that has all of it; no other command can be run from it. */
function markdown(text: string): vscode.MarkdownString {
  const told = new vscode.MarkdownString(`${text}\n\n[Show progress](command:forge.showProgress)`);
  told.isTrusted = { enabledCommands: ['forge.showProgress'] };
  return told;
}
