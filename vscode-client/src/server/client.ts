// The language client, set up for forge-lsp.

import * as vscode from 'vscode';
import {
  type CancellationToken,
  CloseAction,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  type MessageActionItem,
  MessageType,
  ShowMessageNotification,
  ShowMessageRequest,
  TransportKind,
} from 'vscode-languageclient/node';
import type { Answered, Asked, Found as FoundJob, JobEvent, Request } from '../job/contract';
import type { Table } from '../settings/explicit';
import { opening } from '../views/faults';
import type { Found } from './find';

export const LANGUAGES = [
  'python',
  'csharp',
  'typescript',
  'typescriptreact',
  'javascript',
  'javascriptreact',
  'go',
  'rust',
  'java',
  'c',
  'cpp',
  'php',
  'ruby',
  'kotlin',
] as const;

export interface Wiring {
  log: vscode.LogOutputChannel;
  trusted: boolean;
  logLevel: string;
  env: NodeJS.ProcessEnv;
  settings(): Promise<Table>;
  /** A light bulb or a code lens asks for a job. */
  generate(request: Request): void;
  hear(event: JobEvent): void;
  /** An earlier window left a job. */
  foundJob(found: FoundJob): void;
  question(asked: Asked, token: CancellationToken): Promise<Answered | null>;
  /** Nobody needs an answer any more. */
  withdrawn(told: { jobId: string; question: string }): void;
  /** A completion of the server's, as it can be drawn. */
  completion(document: vscode.TextDocument, position: vscode.Position, item: vscode.InlineCompletionItem): vscode.InlineCompletionItem;
  /** The server ended by itself; true: start it again. */
  ended(): boolean;
}

/** Under this name languageclient finds `forgeClient.trace.server`. */
const ID = 'forgeClient';

export function makeClient(found: Found, wiring: Wiring): LanguageClient {
  const options: LanguageClientOptions = {
    documentSelector: [
      ...LANGUAGES.flatMap((language) => [
        { scheme: 'file', language },
        { scheme: 'untitled', language },
      ]),
      // Nothing is written in these; the server says why, in a greyed action.
      ...['vue', 'svelte', 'astro'].map((language) => ({ scheme: 'file', language })),
      { scheme: 'vscode-notebook-cell', language: 'python' },
    ],
    outputChannel: wiring.log,
    traceOutputChannel: wiring.log,
    initializationOptions: {
      jobEvents: true,
      foundJobs: true,
      questions: true,
      trusted: wiring.trusted,
      logLevel: wiring.logLevel,
      languages: LANGUAGES, // the server registers for those that only settings describe
    },
    initializationFailedHandler: () => false, // told by whoever started it
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => ({ action: wiring.ended() ? CloseAction.Restart : CloseAction.DoNotRestart, handled: true }),
    },
    middleware: {
      // languageclient would run it without a progress token: then there is no Cancel, and no outcome
      executeCommand: (command, words, next) => {
        if (command !== 'forge.generate') {
          return next(command, words);
        }
        wiring.generate(words[0] as Request);
        return undefined;
      },
      provideInlineCompletionItems: async (document, position, context, token, next) => {
        const found = await next(document, position, context, token);
        const items = Array.isArray(found) ? found : (found?.items ?? []);
        return items.map((item) => wiring.completion(document, position, item));
      },
      workspace: {
        configuration: (params, token, next) =>
          params.items.every((item) => item.section === 'forge') ? Promise.all(params.items.map(wiring.settings)) : next(params, token),
      },
    },
  };
  const server = {
    command: found.command,
    args: found.words,
    transport: TransportKind.stdio,
    options: { env: wiring.env },
  };
  const client = new LanguageClient(ID, 'Forge', server, options);
  client.onNotification('forge/jobEvent', wiring.hear);
  client.onNotification('forge/jobFound', wiring.foundJob);
  client.onRequest('forge/question', wiring.question);
  client.onNotification('forge/questionWithdrawn', wiring.withdrawn);
  client.onNotification(ShowMessageNotification.type, ({ type, message }) => void tell(type, message));
  client.onRequest(ShowMessageRequest.type, ({ type, message, actions }) => question(type, message, actions ?? []));
  return client;
}

const SHOW: { [type: number]: (text: string, ...actions: MessageActionItem[]) => Thenable<MessageActionItem | undefined> } = {
  [MessageType.Error]: vscode.window.showErrorMessage,
  [MessageType.Warning]: vscode.window.showWarningMessage,
  [MessageType.Info]: vscode.window.showInformationMessage,
};

/** A message of the server's. An error while a settings file is wrong can open that file. */
async function tell(type: MessageType, message: string): Promise<void> {
  const fix = type === MessageType.Error ? opening() : undefined;
  const actions = fix ? [{ title: fix.label }] : [];
  if (await (SHOW[type] ?? SHOW[MessageType.Info])?.(message, ...actions)) {
    await fix?.open();
  }
}

/** A question with a "Never" is about consent: that is a modal, since a toast could go unseen while the job waits. */
async function question(type: MessageType, message: string, actions: MessageActionItem[]): Promise<MessageActionItem | null> {
  if (actions.some((action) => action.title === 'Never')) {
    const [first = message, ...rest] = message.split(/(?<=\?) /);
    // The first is what Enter takes, which costs nothing; a close affordance would be moved behind the others.
    const items = actions.map(({ title }) => ({ title }));
    const options = { modal: true, detail: rest.join(' ') };
    const chosen = await vscode.window.showWarningMessage(first, options, ...items);
    return chosen ? { title: chosen.title } : null;
  }
  const show = SHOW[type] ?? SHOW[MessageType.Info];
  return (await show?.(message, ...actions)) ?? null;
}
