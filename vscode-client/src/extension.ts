// What the extension is made of, put together.

import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { DidOpenTextDocumentNotification, ExecuteCommandRequest, type LanguageClient } from 'vscode-languageclient/node';
import { fixHere, generateHere, generateInNewFile, supported } from './commands';
import type { JobEvent, Request } from './job/contract';
import { showFound } from './job/found';
import { Jobs } from './job/jobs';
import { LiveJobs } from './job/live';
import type { Row } from './job/rows';
import { Tracker } from './job/tracker';
import type { Waiting } from './job/waiting';
import { makeClient } from './server/client';
import { find } from './server/find';
import { environment, installOwn, places } from './server/places';
import { interpreter, watch } from './server/python';
import { message, Server } from './server/server';
import { clientSettings, serverSettings } from './settings/current';
import { withPython } from './settings/explicit';
import { describesLanguages, userFile } from './settings/languages';
import { ui } from './ui';
import { Questions } from './views/asking';
import { Completions } from './views/completions';
import { opening } from './views/faults';
import { LiveView } from './views/live';
import { chooseProfile, runDoctor, showHistory, showModels, showReport, type Views } from './views/looking';
import { Pages, SCHEME as PAGE } from './views/pages';
import { Previews, SCHEME as PREVIEW } from './views/preview';
import { StatusBar } from './views/statusBar';

let server: Server | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Forge', { log: true });
  const tracker = new Tracker();
  const live = new LiveJobs();
  const liveView = new LiveView(live);
  const status = new StatusBar();
  const pages = new Pages();
  let ready = false;
  let waiting: Waiting | undefined;

  function show(): void {
    status.show(tracker.running, ready, waiting);
    liveView.show(waiting?.jobId);
    setContext('resultWaits', waiting !== undefined);
    setContext('running', tracker.running.length > 0);
    setContext('ready', ready);
  }

  const running: Server = new Server(ui, log, {
    find: () => find(places(context)),
    make: (found, ended) =>
      makeClient(found, {
        log,
        trusted: vscode.workspace.isTrusted,
        logLevel: clientSettings().logLevel,
        env: environment(),
        settings: async () => withPython(serverSettings(context.extension.packageJSON), await interpreter()),
        generate: (request: Request) => void jobs.run(request),
        hear: (event: JobEvent) => {
          tracker.hear(event);
          live.hear(event);
          show();
        },
        foundJob: (found) =>
          void showFound(found, {
            follow: (command, jobId, request) => jobs.follow(command, request, jobId),
            ask: (text, ...buttons) => ui.say('warning', text, ...buttons),
            report: (jobId) => showReport(views, jobId),
          }),
        question: (asked, token) => questions.ask(asked, token),
        completion: (document, position, item) => completions.drawn(document, position, item),
        withdrawn: ({ jobId, question }) => questions.forget(jobId, question),
        ended,
      }),
    changed: (answers) => {
      ready = answers;
      if (!answers) {
        tracker.clear();
        live.clear();
      }
      show();
    },
    install: () => installOwn(context, ui, log),
    openSettings: (key) => void vscode.commands.executeCommand('workbench.action.openSettings', key),
  });
  server = running;

  async function ask<T>(client: LanguageClient, command: string, argument: object): Promise<T | undefined> {
    try {
      return (await client.sendRequest(ExecuteCommandRequest.type, { command, arguments: [argument] })) as T;
    } catch (error) {
      const fix = opening();
      const pressed = await ui.say('error', message(error), ...(fix ? [fix.label] : []), 'Show Log');
      if (pressed === 'Show Log') {
        log.show();
      } else if (pressed) {
        await fix?.open();
      }
      return undefined;
    }
  }

  /** The user does not want a result: nothing offers it any more. */
  async function discarded(jobId: string): Promise<void> {
    jobs.dealtWith(jobId);
    await completions.discard(jobId);
  }

  /** The last result, where there is one that nobody has dealt with. */
  function lastResult(act: (result: Waiting) => unknown): unknown {
    return waiting ? act(waiting) : void ui.say('info', 'No result is waiting for a decision. Job History has the earlier ones.');
  }

  const previews: Previews = new Previews(ui, {
    client: () => running.ready(),
    ask,
    retry: (jobId) => jobs.retry(jobId),
    report: (jobId) => showReport(views, jobId),
    discarded,
    dealtWith: (jobId) => {
      jobs.dealtWith(jobId);
      return completions.hide(jobId);
    },
  });
  const completions: Completions = new Completions(ui, {
    client: () => running.ready(),
    ask,
    preview: (jobId, uri, line) => previews.open(jobId, uri, line),
    retry: (jobId) => jobs.retry(jobId),
    apply: (client, jobId) => previews.applied(client, jobId),
    discarded: (jobId) => jobs.dealtWith(jobId),
    dealtWith: (jobId) => {
      jobs.dealtWith(jobId);
      return previews.dealtWith(jobId);
    },
  });
  const questions: Questions = new Questions(ui, { client: () => running.ready(), ask });
  const jobs: Jobs = new Jobs(ui, {
    client: () => running.ready(),
    preview: (jobId, uri, line) => previews.open(jobId, uri, line),
    complete: (jobId, uri) => completions.wait(jobId, uri),
    offer: (jobId, uri, line) => completions.offer(jobId, uri, line),
    apply: (client, jobId) => previews.applied(client, jobId),
    keep: async (client, jobId, question) => {
      const kept = await ask<{ kept: boolean; reason: string | null }>(client, 'forge.keepExample', { jobId, question });
      if (kept && !kept.kept) {
        void ui.say('warning', `Not kept: ${kept.reason ?? 'the server gave no reason.'}`);
      }
    },
    report: (jobId) => showReport(views, jobId),
    doctor: () => runDoctor(views),
    log: () => log.show(),
    mode: () => (serverSettings(context.extension.packageJSON).apply as { mode?: string } | undefined)?.mode,
    used: () => setContext('used', true),
    waits: (result) => {
      waiting = result;
      show();
    },
  });
  const views: Views = {
    server: running,
    ui,
    pages,
    env: environment,
    ask,
    preview: (jobId, uri, line) => previews.open(jobId, uri, line),
    alternatives: (jobId) => previews.alternatives(undefined, jobId),
    retry: (jobId) => jobs.retry(jobId),
    knows: (jobId) => jobs.knows(jobId),
  };

  /** Whether the server knows a document's language: one of settings is registered by the server itself. */
  async function takes(document: vscode.TextDocument): Promise<boolean> {
    const client = supported(document) ? undefined : await running.ready();
    return supported(document) || client?.getFeature(DidOpenTextDocumentNotification.method).getProvider(document) !== undefined;
  }

  /** Cancel a job, the one that runs, or the one that the user chooses. */
  async function cancel(job?: string): Promise<void> {
    const all = tracker.running;
    const client = await running.ready();
    if (!client || all.length === 0) {
      return;
    }
    const items = all.map((job) => ({ label: job.file, description: job.stage, detail: job.task, value: job.jobId }));
    const jobId = job ?? (all.length === 1 ? all[0]?.jobId : await ui.choose('Cancel which job?', items));
    if (jobId) {
      await ask(client, 'forge.cancel', { jobId });
    }
  }

  const commands: Record<string, (uri?: vscode.Uri) => unknown> = {
    showProgress: () => liveView.open(),
    generateHere: () => generateHere(ui, jobs, takes),
    generateInNewFile: () => generateInNewFile(ui, jobs),
    fixHere: () => fixHere(ui, jobs),
    answerQuestion: () => questions.open(),
    cancelRunning: () => cancel(),
    showReport: () => showReport(views, jobs.last),
    showHistory: () => showHistory(views),
    showModels: () => showModels(views),
    chooseProfile: () => chooseProfile(views),
    runDoctor: () => runDoctor(views),
    showLog: () => log.show(),
    restartServer: () => running.restart(),
    installServer: async () => {
      if (await installOwn(context, ui, log)) {
        await running.restart();
      }
    },
    showMenu: () => menu(tracker.running.length > 0, waiting !== undefined),
    previewLastResult: () => lastResult(({ jobId, uri, line }) => previews.open(jobId, uri, line)),
    applyLastResult: () =>
      lastResult(async ({ jobId }) => {
        const client = await running.ready();
        if (client && (await previews.applied(client, jobId))) {
          await previews.dealtWith(jobId);
        }
      }),
    retryLastResult: () => lastResult(({ jobId }) => jobs.retry(jobId)),
    discardLastResult: () =>
      lastResult(async ({ jobId }) => {
        await discarded(jobId);
        await previews.dealtWith(jobId);
        ui.note('discarded; nothing was changed');
      }),
    applyPreview: (uri) => previews.apply(uri),
    discardPreview: (uri) => previews.discard(uri),
    retryPreview: (uri) => previews.retry(uri),
    showAlternatives: (uri) => previews.alternatives(uri, jobs.last),
  };
  for (const [name, act] of Object.entries(commands)) {
    context.subscriptions.push(vscode.commands.registerCommand(`forge.${name}`, act));
  }
  context.subscriptions.push(
    vscode.commands.registerCommand('forge.cancelJob', (row?: Row) => cancel(row?.jobId ?? liveView.chosen())),
    vscode.commands.registerCommand('forge.showReportOf', (jobId: string) => showReport(views, jobId)),
  );

  context.subscriptions.push(
    log,
    status,
    liveView,
    previews,
    completions,
    questions,
    jobs,
    vscode.workspace.registerTextDocumentContentProvider(PAGE, pages),
    vscode.workspace.registerTextDocumentContentProvider(PREVIEW, previews),
    vscode.workspace.onDidGrantWorkspaceTrust(() => running.restart()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (['path', 'environment', 'logLevel'].some((key) => event.affectsConfiguration(`forgeClient.${key}`))) {
        void running.restart();
      }
    }),
  );
  void watch(() => void running.restart(), context.subscriptions);
  startWhenWanted(context, () => running.restart());
}

/** Start with the first document in a language of ours; at once where settings describe further ones. */
function startWhenWanted(context: vscode.ExtensionContext, start: () => void): void {
  const described = describesLanguages(serverSettings(context.extension.packageJSON), userFile(environment(), homedir(), process.platform));
  if (described || vscode.workspace.textDocuments.some(supported)) {
    start();
    return;
  }
  const waiting = vscode.workspace.onDidOpenTextDocument((document) => {
    if (supported(document)) {
      waiting.dispose();
      start();
    }
  });
  context.subscriptions.push(waiting);
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

function setContext(key: string, value: unknown): void {
  void vscode.commands.executeCommand('setContext', `forge.${key}`, value);
}

async function menu(busy: boolean, waits: boolean): Promise<void> {
  const command = await ui.choose('Forge', [
    ...(busy
      ? [
          { label: '$(list-tree) Show Progress', value: 'showProgress' },
          { label: '$(debug-stop) Cancel', value: 'cancelRunning' },
        ]
      : []),
    ...(waits
      ? [
          { label: '$(diff) Preview Last Result', value: 'previewLastResult' },
          { label: '$(check) Apply Last Result', value: 'applyLastResult' },
          { label: '$(refresh) Try Again from Last Result …', value: 'retryLastResult' },
          { label: '$(trash) Discard Last Result', value: 'discardLastResult' },
        ]
      : []),
    { label: '$(sparkle) Generate with Ensemble', value: 'generateHere' },
    { label: '$(new-file) Generate in a New File', value: 'generateInNewFile' },
    { label: '$(lightbulb) Fix This Problem', value: 'fixHere' },
    { label: '$(question) Answer the Question', value: 'answerQuestion' },
    { label: '$(book) Show Last Report', value: 'showReport' },
    { label: '$(git-compare) Alternatives', value: 'showAlternatives' },
    { label: '$(history) Job History', value: 'showHistory' },
    { label: '$(chip) Models and GPUs', value: 'showModels' },
    { label: '$(organization) Choose Profile', value: 'chooseProfile' },
    { label: '$(pulse) Doctor', value: 'runDoctor' },
    { label: '$(output) Show Log', value: 'showLog' },
  ]);
  if (command) {
    await vscode.commands.executeCommand(`forge.${command}`);
  }
}
