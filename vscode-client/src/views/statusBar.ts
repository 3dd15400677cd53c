// The status bar item: what runs, who is at it, what it costs.

import * as vscode from 'vscode';
import { headline, type Running, tooltip } from '../job/tracker';

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('forge', vscode.StatusBarAlignment.Right, 90);

  constructor() {
    this.item.name = 'Forge';
    this.item.command = 'forge.showMenu';
    this.show([], false);
    this.item.show();
  }

  show(running: readonly Running[], ready: boolean): void {
    const icon = running.length > 0 ? '$(loading~spin)' : ready ? '$(sparkle)' : '$(debug-disconnect)';
    this.item.text = `${icon} ${headline(running)}`;
    const idle = ready ? 'Forge: code by committee. Nothing is running.' : 'Forge: the server is not running.';
    this.item.tooltip = running.length > 0 ? new vscode.MarkdownString(tooltip(running)) : idle;
  }

  dispose(): void {
    this.item.dispose();
  }
}
