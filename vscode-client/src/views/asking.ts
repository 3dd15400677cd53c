// The question of a job as a quick pick: asked once the user does not type, never waited for, open again by a command.

import * as vscode from 'vscode';
import type { CancellationToken, LanguageClient } from 'vscode-languageclient/node';
import type { Answered, Asked, Question } from '../job/contract';
import { callOf, hintOf, own, type Row, rowsOf, setUpOf, titleOf } from '../job/question';
import type { Ui } from '../ui';

/** Milliseconds without a change of any text: a quick pick takes the keyboard. */
const QUIET = 1200;

interface Item extends vscode.QuickPickItem {
  row?: Row;
}

export interface Answering {
  client(): Promise<LanguageClient | undefined>;
  ask<T>(client: LanguageClient, command: string, argument: object): Promise<T | undefined>;
}

export class Questions implements vscode.Disposable {
  /** Those that were left for later, the newest last. */
  private later: Asked[] = [];
  private readonly watching: vscode.Disposable;
  private typed = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly ui: Ui,
    private readonly answering: Answering,
  ) {
    this.watching = vscode.workspace.onDidChangeTextDocument(() => {
      this.typed = Date.now();
    });
  }

  dispose(): void {
    this.watching.dispose();
  }

  /** The server asks; null: not answered, and perhaps later. One question is shown at a time. */
  ask(asked: Asked, token: CancellationToken): Promise<Answered | null> {
    const answered = this.last.then(() => this.shown(asked, token));
    this.last = answered.catch(() => undefined);
    return answered;
  }

  /** Answer the newest question that was left. */
  async open(): Promise<void> {
    const asked = this.later.pop();
    const client = asked && (await this.answering.client());
    if (!asked || !client) {
      void this.ui.say('info', 'There is no question that waits.');
      return;
    }
    const answer = await this.picked(asked.question);
    if (answer === undefined) {
      this.later.push(asked);
      return;
    }
    const told = { jobId: asked.jobId, question: asked.question.id, ...answer };
    await this.answering.ask(client, 'forge.answer', told);
  }

  private async shown(asked: Asked, token: CancellationToken): Promise<Answered | null> {
    while (Date.now() - this.typed < QUIET) {
      await new Promise((resolve) => setTimeout(resolve, QUIET - (Date.now() - this.typed)));
    }
    if (token.isCancellationRequested) {
      return null;
    }
    const answer = await this.picked(asked.question, token);
    if (answer === undefined && !token.isCancellationRequested) {
      this.later.push(asked);
      this.ui.note(`a question waits: Forge: Answer the Question (${callOf(asked.question)})`);
      return null;
    }
    return answer ?? null;
  }

  /** The job was cancelled: nobody needs the answer. */
  forget(jobId: string, question: string): void {
    this.later = this.later.filter((asked) => asked.jobId !== jobId || asked.question.id !== question);
  }

  private async picked(question: Question, token?: CancellationToken): Promise<Answered | undefined> {
    const chosen = await this.chosen(question, token);
    if (chosen !== 'value') {
      return chosen;
    }
    const value = await vscode.window.showInputBox(
      {
        title: titleOf(question),
        prompt: 'The value that it should give, or `raises ValueError`. Empty: none of the answers, and no more is known.',
        ignoreFocusOut: true,
      },
      token,
    );
    return value === undefined ? undefined : own(value);
  }

  /** Enter takes nothing before an answer was moved to: it may have been meant for the text. */
  private chosen(question: Question, token?: CancellationToken): Promise<Answered | 'value' | undefined> {
    const rows = rowsOf(question);
    const before: Item[] = setUpOf(question).map((label) => ({ label, kind: vscode.QuickPickItemKind.Separator }));
    const answers: Item[] = [...rows.values()].map((row) => ({
      label: row.label,
      description: row.description,
      alwaysShow: true,
      row,
    }));
    const call: Item = { label: `$(symbol-method) ${callOf(question)}`, kind: vscode.QuickPickItemKind.Separator };
    const pick = vscode.window.createQuickPick<Item>();
    pick.title = titleOf(question);
    pick.placeholder = hintOf(question);
    pick.ignoreFocusOut = true;
    pick.items = [...before, call, ...answers];
    pick.activeItems = [];
    return new Promise((resolve) => {
      const done = (answer: Answered | 'value' | undefined): void => {
        resolve(answer);
        withdrawing?.dispose();
        pick.dispose();
      };
      const withdrawing = token?.onCancellationRequested(() => done(undefined));
      pick.onDidChangeValue((value) => {
        const row = rows.get(value.trim());
        if (row) {
          done(row.answer);
        }
      });
      pick.onDidAccept(() => {
        const row = pick.selectedItems[0]?.row ?? pick.activeItems[0]?.row;
        if (row) {
          done(row.answer);
        }
      });
      pick.onDidHide(() => done(undefined));
      pick.show();
    });
  }
}
