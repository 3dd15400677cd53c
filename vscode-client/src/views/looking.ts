// What is there to look at: report, history, models, doctor, profile.

import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import type { Entry, Finding, Models } from '../job/contract';
import { run } from '../server/process';
import type { Server } from '../server/server';
import type { Item, Ui } from '../ui';
import { doctor, models, row } from './markdown';
import type { Pages } from './pages';

const HISTORY = 50;
const DOCTOR_SECONDS = 90;

export interface Views {
  server: Server;
  ui: Ui;
  pages: Pages;
  env(): NodeJS.ProcessEnv;
  ask<T>(client: LanguageClient, command: string, argument: object): Promise<T | undefined>;
  preview(jobId: string, uri: string, line: string): Promise<void>;
  alternatives(jobId: string): Promise<void>;
  retry(jobId: string): Promise<boolean>;
  knows(jobId: string): boolean;
}

async function asked<T>(views: Views, command: string, argument: object): Promise<T | undefined> {
  const client = await views.server.ready();
  return client && views.ask<T>(client, command, argument);
}

export async function showReport(views: Views, jobId?: string): Promise<void> {
  const id = jobId ?? (await asked<Entry[]>(views, 'forge.history', { limit: 1 }))?.[0]?.jobId;
  if (!id) {
    void views.ui.say('info', 'There are no jobs yet.');
    return;
  }
  const text = await asked<string>(views, 'forge.report', { jobId: id });
  if (text !== undefined) {
    await views.pages.show('Report', text, id);
  }
}

export async function showHistory(views: Views): Promise<void> {
  const entries = await asked<Entry[]>(views, 'forge.history', { limit: HISTORY });
  if (!entries) {
    return;
  }
  if (entries.length === 0) {
    void views.ui.say('info', 'There are no jobs yet.');
    return;
  }
  const entry = await views.ui.choose('Jobs, newest first', entries.map((value) => ({ ...row(value), value })));
  if (!entry) {
    return;
  }
  const choices: Item<() => Promise<unknown>>[] = [
    { label: '$(book) Show Report', value: () => showReport(views, entry.jobId) },
  ];
  if (entry.outcome && entry.outcome !== 'cancelled' && entry.outcome !== 'failed') {
    const line = row(entry).description;
    choices.push({ label: '$(diff) Preview', value: () => views.preview(entry.jobId, entry.uri, line) });
    choices.push({ label: '$(git-compare) Alternatives', value: () => views.alternatives(entry.jobId) });
    if (views.knows(entry.jobId)) {
      choices.push({ label: '$(refresh) Try Again …', value: () => views.retry(entry.jobId) });
    }
  }
  const act = await views.ui.choose(row(entry).detail, choices);
  await act?.();
}

export async function showModels(views: Views): Promise<void> {
  const options = { location: vscode.ProgressLocation.Window, title: 'Forge: reading the list of models' };
  const answer = await vscode.window.withProgress(options, () => asked<Models>(views, 'forge.models', {}));
  if (answer) {
    await views.pages.show('Models and GPUs', models(answer, origin(views.server)));
  }
}

export async function runDoctor(views: Views): Promise<void> {
  await views.server.ready();
  const found = views.server.found;
  if (!found) {
    return; // what is wrong was told
  }
  const options = { location: vscode.ProgressLocation.Notification, title: 'Forge: the doctor is checking this machine' };
  const ran = await vscode.window.withProgress(options, () =>
    run(found.command, [...found.words, 'doctor', '--json'], { seconds: DOCTOR_SECONDS, env: views.env() }),
  );
  try {
    const { findings } = JSON.parse(ran.out) as { findings: Finding[] };
    await views.pages.show('Doctor', doctor(findings, origin(views.server)));
  } catch {
    const why = ran.problem ?? (ran.err.trim() || `it ended with ${ran.code}`);
    void views.ui.say('error', `The doctor gave no answer: ${why}`);
  }
}

const PROFILES: Item<string>[] = [
  { label: 'auto', description: 'takes what is there', detail: 'The first profile that fits: the models of your Ollama servers, otherwise the embedded one.', value: 'auto' },
  { label: 'three-gpu', description: 'one Ollama server a GPU', detail: 'A thinking duo and a coder that stay in memory, and a panel.', value: 'three-gpu' },
  { label: 'local', description: 'several Ollama servers', detail: 'The full schedule, built from the models that they have installed.', value: 'local' },
  { label: 'one-gpu', description: 'one Ollama server', detail: 'The same; models are swapped in and out of the GPU.', value: 'one-gpu' },
  { label: 'embedded', description: 'a small model, no server', detail: 'To try it out: its code is poor, its checks are real.', value: 'embedded' },
  { label: 'cloud', description: 'Claude', detail: 'Costs money: asks before the first call, and stops at the budget.', value: 'cloud' },
];

export async function chooseProfile({ ui }: Views): Promise<void> {
  const settings = vscode.workspace.getConfiguration('forge');
  const now = settings.get('profile', 'auto');
  const items = PROFILES.map((item) => (item.value === now ? { ...item, label: `$(check) ${item.label}` } : item));
  const file = { label: '$(file) A file …', description: 'a profile of your own, in TOML', value: '' };
  let chosen = await ui.choose('Which profile should choose the models?', [...items, file]);
  if (chosen === '') {
    const picked = await vscode.window.showOpenDialog({ title: 'A profile', filters: { TOML: ['toml'] } });
    chosen = picked?.[0]?.fsPath;
  }
  if (chosen) {
    await settings.update('profile', chosen, vscode.ConfigurationTarget.Global);
    ui.note(`profile ${chosen}`);
  }
}

function origin(server: Server): string {
  const found = server.found;
  return found ? `forge-lsp ${found.version} from ${found.origin} (${found.command})` : 'not running';
}
