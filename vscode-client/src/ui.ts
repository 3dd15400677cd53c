// The few ways in which the user is spoken to. The rest of the code knows this, not vscode.window.

import * as vscode from 'vscode';

export type Level = 'info' | 'warning' | 'error';

export interface Item<T> {
  label: string;
  description?: string;
  detail?: string;
  value: T;
}

export interface Ui {
  /** A message with buttons; answers the one that was pressed. */
  say(level: Level, text: string, ...buttons: string[]): Promise<string | undefined>;
  /** A short note in the status bar. */
  note(text: string): void;
  ask(options: { title: string; prompt: string; placeholder?: string; mayBeEmpty: boolean }): Promise<string | undefined>;
  choose<T>(title: string, items: readonly Item<T>[]): Promise<T | undefined>;
}

const SHOW: Record<Level, (text: string, ...buttons: string[]) => Thenable<string | undefined>> = {
  info: vscode.window.showInformationMessage,
  warning: vscode.window.showWarningMessage,
  error: vscode.window.showErrorMessage,
};

export const ui: Ui = {
  async say(level, text, ...buttons) {
    return SHOW[level](`Forge: ${text}`, ...buttons);
  },
  note(text) {
    vscode.window.setStatusBarMessage(`Forge: ${text}`, 6000);
  },
  async ask({ title, prompt, placeholder, mayBeEmpty }) {
    return vscode.window.showInputBox({
      title,
      prompt,
      ignoreFocusOut: true,
      ...(placeholder === undefined ? {} : { placeHolder: placeholder }),
      validateInput: (text) => (mayBeEmpty || text.trim() ? undefined : 'Say it in a few words.'),
    });
  },
  async choose(title, items) {
    const picked = await vscode.window.showQuickPick([...items], {
      title,
      matchOnDescription: true,
      matchOnDetail: true,
    });
    return picked?.value;
  },
};
