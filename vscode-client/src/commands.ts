// Where the user asks for code: at the cursor, for a selection, in a new file, for a problem.

import * as vscode from 'vscode';
import type { Diagnostic, Range, Request } from './job/contract';
import type { Jobs } from './job/jobs';
import { LANGUAGES } from './server/client';
import type { Item, Ui } from './ui';

const NAMES: Record<string, string> = {
  python: 'Python',
  csharp: 'C#',
  typescript: 'TypeScript',
  typescriptreact: 'TypeScript (JSX)',
  javascript: 'JavaScript',
  javascriptreact: 'JavaScript (JSX)',
  go: 'Go',
  rust: 'Rust',
  java: 'Java',
  c: 'C',
  cpp: 'C++',
  php: 'PHP',
  ruby: 'Ruby',
  kotlin: 'Kotlin',
};

/** In the active editor; where there is none of our languages, in a new file. */
export async function generateHere(ui: Ui, jobs: Jobs, takes: (document: vscode.TextDocument) => Promise<boolean>): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor || !(await takes(editor.document))) {
    return generateInNewFile(ui, jobs);
  }
  const { document, selection } = editor;
  const blank = document.getText().trim() === '';
  const task = await ui.ask({
    title: 'Generate with ensemble',
    prompt: blank ? 'What should be written into this file?' : 'What should be written? Leave it empty if the code says it.',
    placeholder: 'e.g. parse an ISO 8601 duration into seconds',
    mayBeEmpty: !blank,
  });
  if (task === undefined) {
    return;
  }
  await jobs.run({
    uri: document.uri.toString(),
    ...(blank ? {} : { range: plain(selection) }),
    ...(task.trim() ? { task: task.trim() } : {}),
  });
}

export async function generateInNewFile(ui: Ui, jobs: Jobs): Promise<void> {
  const prompt = 'What should be written into a new file?';
  const placeholder = 'e.g. parse an ISO 8601 duration into seconds';
  const task = await ui.ask({ title: 'Generate in a new file', prompt, placeholder, mayBeEmpty: false });
  if (!task) {
    return;
  }
  const items: Item<string>[] = LANGUAGES.map((id) => ({ label: NAMES[id] ?? id, value: id }));
  const language = await ui.choose('In which language?', items);
  if (!language) {
    return;
  }
  const document = await vscode.workspace.openTextDocument({ language });
  await vscode.window.showTextDocument(document);
  await jobs.run({ uri: document.uri.toString(), task: task.trim() });
}

/** A problem on the cursor's line, whoever found it. */
export async function fixHere(ui: Ui, jobs: Jobs): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) {
    void ui.say('info', 'Open the file that has the problem.');
    return;
  }
  const { document, selection } = editor;
  const lines = new vscode.Range(selection.start.line, 0, selection.end.line, Number.MAX_SAFE_INTEGER);
  const found = vscode.languages
    .getDiagnostics(document.uri)
    .filter((item) => item.range.intersection(lines))
    .sort((one, other) => one.severity - other.severity);
  const [first] = found;
  if (!first) {
    void ui.say('info', 'There is no problem on this line.');
    return;
  }
  const items = found.map((value) => ({
    label: value.message.replace(/\s+/g, ' '),
    description: `line ${value.range.start.line + 1}${value.source ? ` · ${value.source}` : ''}`,
    value,
  }));
  const chosen = found.length === 1 ? first : await ui.choose('Fix which problem?', items);
  if (chosen) {
    await jobs.run(fix(document.uri, chosen));
  }
}

function fix(uri: vscode.Uri, problem: vscode.Diagnostic): Request {
  const code = typeof problem.code === 'object' ? problem.code.value : problem.code;
  const diagnostic: Diagnostic = {
    range: plain(problem.range),
    message: problem.message,
    severity: problem.severity + 1, // from 0 here, from 1 in the protocol
    ...(code === undefined ? {} : { code }),
    ...(problem.source === undefined ? {} : { source: problem.source }),
  };
  return { uri: uri.toString(), range: diagnostic.range, diagnostics: [diagnostic] };
}

/** Whether a document is in a language that the extension knows by itself; settings may describe others. */
export function supported(document: vscode.TextDocument): boolean {
  const known: readonly string[] = LANGUAGES;
  return known.includes(document.languageId) && ['file', 'untitled'].includes(document.uri.scheme);
}

function plain(range: vscode.Range): Range {
  return {
    start: { line: range.start.line, character: range.start.character },
    end: { line: range.end.line, character: range.end.character },
  };
}
