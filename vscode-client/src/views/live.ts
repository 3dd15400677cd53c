// The view of jobs in the panel: what runs, attempt by attempt, and what can be done with the result.

import * as vscode from 'vscode';
import type { LiveJobs } from '../job/live';
import { type Look, type Row, rows } from '../job/rows';

export const VIEW = 'forge.jobs';
const DRAW_MS = 120; // events that come together are drawn together
const TICK_MS = 1000;

const LOOKS: Record<Look, [string, string?]> = {
  runs: ['loading~spin'],
  good: ['pass', 'testing.iconPassed'],
  bad: ['error', 'testing.iconFailed'],
  doubt: ['warning', 'list.warningForeground'],
  skipped: ['circle-slash', 'testing.iconSkipped'],
  best: ['star-full'],
  task: ['comment'],
  note: ['info'],
  report: ['book'],
  preview: ['diff'],
  apply: ['check'],
  retry: ['refresh'],
  discard: ['trash'],
};

export class LiveView implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view: vscode.TreeView<Row>;
  private drawing: NodeJS.Timeout | undefined;
  private ticking: NodeJS.Timeout | undefined;
  private waiting: string | undefined;

  constructor(private readonly jobs: LiveJobs) {
    this.view = vscode.window.createTreeView(VIEW, { treeDataProvider: this, showCollapseAll: true });
    this.view.onDidChangeVisibility(() => this.tick());
  }

  /** Something has changed. `waiting` is the job whose result nobody has dealt with. */
  show(waiting: string | undefined): void {
    this.waiting = waiting;
    this.drawing ??= setTimeout(() => {
      this.drawing = undefined;
      this.changed.fire(undefined);
      this.tick();
    }, DRAW_MS);
  }

  /** Bring the view to the front. */
  async open(): Promise<void> {
    await vscode.commands.executeCommand(`${VIEW}.focus`);
  }

  /** The job of the row that is chosen, if it is one of a job that runs. */
  chosen(): string | undefined {
    const [row] = this.view.selection;
    return this.jobs.running.find((job) => row?.id.startsWith(job.jobId))?.jobId;
  }

  getChildren(row?: Row): Row[] {
    return row ? row.children : rows(this.jobs.all, Date.now(), this.waiting);
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(row.label, row.children.length === 0 ? None : row.open ? Expanded : Collapsed);
    const [icon, colour] = LOOKS[row.look];
    item.id = row.id;
    item.description = row.description;
    item.tooltip = row.tooltip;
    item.iconPath = new vscode.ThemeIcon(icon, colour === undefined ? undefined : new vscode.ThemeColor(colour));
    item.contextValue = row.jobId === undefined ? '' : row.runs ? 'running' : 'ended';
    if (row.command) {
      item.command = row.command;
    }
    return item;
  }

  dispose(): void {
    clearTimeout(this.drawing);
    clearTimeout(this.ticking);
    this.view.dispose();
    this.changed.dispose();
  }

  /** The time goes on while something runs and can be seen. Rows of the same id are changed in place. */
  private tick(): void {
    clearTimeout(this.ticking);
    if (this.jobs.running.length > 0 && this.view.visible) {
      this.ticking = setTimeout(() => {
        this.changed.fire(undefined);
        this.tick();
      }, TICK_MS);
    }
  }
}
