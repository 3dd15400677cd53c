// A job from the request to what becomes of its result.

import * as vscode from 'vscode';
import {
  ExecuteCommandRequest,
  type LanguageClient,
  LSPErrorCodes,
  ProgressType,
  ResponseError,
  type WorkDoneProgressBegin,
  type WorkDoneProgressEnd,
  type WorkDoneProgressReport,
} from 'vscode-languageclient/node';
import type { Ui } from '../ui';
import { opening } from '../views/faults';
import type { Outcome, Request } from './contract';
import { awaitsPreview, type Choice, fileOf, LABELS, proposed, type Told, told } from './outcome';
import { keepable } from './question';
import { shifted } from './ranges';
import { type Waiting, waits } from './waiting';

export interface Around {
  client(): Promise<LanguageClient | undefined>;
  preview(jobId: string, uri: string, line: string): Promise<void>;
  /** A result waits at its stub; true: it is shown there. */
  complete(jobId: string, uri: string): Promise<boolean>;
  /** Tell what is shown there, and ask what to do with it. */
  offer(jobId: string, uri: string, line: string): Promise<void>;
  apply(client: LanguageClient, jobId: string): Promise<boolean>;
  keep(client: LanguageClient, jobId: string, question: string): Promise<void>;
  report(jobId: string): Promise<void>;
  doctor(): Promise<void>;
  log(): void;
  /** `apply.mode` as far as this editor's settings say it. */
  mode(): string | undefined;
  used(): void;
  /** The last result that is to be dealt with has changed. */
  waits(waiting: Waiting | undefined): void;
}

const KEPT = 50;
const PROGRESS = new ProgressType<WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd>();

function inFront(uri: string): boolean {
  const active = vscode.window.activeTextEditor?.document.uri.toString();
  return active !== undefined && decodeURIComponent(active) === decodeURIComponent(uri);
}

export class Jobs implements vscode.Disposable {
  private readonly kept = new Map<string, Request>();
  private readonly running = new Set<Request>();
  private readonly watching: vscode.Disposable;
  private readonly done = new Set<string>();
  private tokens = 0;
  last: string | undefined;
  /** The last result that nobody has dealt with. */
  waiting: Waiting | undefined;

  constructor(
    private readonly ui: Ui,
    private readonly around: Around,
  ) {
    this.watching = vscode.workspace.onDidChangeTextDocument((event) => this.moved(event));
  }

  dispose(): void {
    this.watching.dispose();
  }

  /** Whether the job was started here, so that it can be gone on from. */
  knows(jobId: string): boolean {
    return this.kept.has(jobId);
  }

  /** Start a job, show it, and see to its end. Never rejects. */
  run(asked: Request): Promise<void> {
    return this.follow('forge.generate', asked);
  }

  /** Run a command that shows a job to its end: a new one, or `jobId`, which an earlier window left. Never rejects. */
  async follow(command: string, asked: Request, jobId?: string): Promise<void> {
    const client = await this.around.client();
    if (!client) {
      return;
    }
    const request = structuredClone(asked);
    this.running.add(request);
    try {
      const outcome = await this.shown(client, request, command, jobId === undefined ? request : { jobId });
      this.keep(outcome.jobId, request);
      await this.finish(client, request, outcome);
    } catch (error) {
      await this.failed(error);
    } finally {
      this.running.delete(request);
    }
  }

  /** Ask what to change and go on from a result; false: the user thought better of it. */
  async retry(jobId: string): Promise<boolean> {
    const request = this.kept.get(jobId);
    if (!request) {
      void this.ui.say('info', 'That job was started elsewhere: generate again in the file where the code belongs.');
      return false;
    }
    const feedback = await this.ui.ask({
      title: 'Try again',
      prompt: 'What should change? The models continue from this result, and follow your words first.',
      placeholder: 'e.g. no recursion; handle the empty list',
      mayBeEmpty: false,
    });
    if (!feedback) {
      return false;
    }
    this.dealtWith(jobId);
    const { diagnostics: _, ...rest } = request; // they spoke of the text before
    void this.run({ ...rest, followUp: { jobId, feedback } });
    return true;
  }

  /** A result was applied, discarded or gone on from. */
  dealtWith(jobId: string): void {
    this.done.add(jobId);
    if (this.waiting?.jobId === jobId) {
      this.wait(undefined);
    }
  }

  private wait(waiting: Waiting | undefined): void {
    this.waiting = waiting;
    this.around.waits(waiting);
  }

  private shown(client: LanguageClient, request: Request, command: string, argument: object): Thenable<Outcome> {
    const token = `forge-${process.pid}-${Date.now()}-${++this.tokens}`;
    const title = request.diagnostics ? 'Forge: fix' : 'Forge';
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    return vscode.window.withProgress(options, async (progress, cancelled) => {
      let percentage = 0;
      progress.report({ message: 'starting' });
      const listening = client.onProgress(PROGRESS, token, (value) => {
        if (value.kind === 'end') {
          return;
        }
        const increment = Math.max(0, (value.percentage ?? percentage) - percentage);
        percentage += increment;
        progress.report({ increment, ...(value.message === undefined ? {} : { message: value.message }) });
      });
      const cancelling = cancelled.onCancellationRequested(() => {
        progress.report({ message: 'cancelling' });
        void client.sendNotification('window/workDoneProgress/cancel', { token });
      });
      try {
        const params = { command, arguments: [argument], workDoneToken: token };
        return (await client.sendRequest(ExecuteCommandRequest.type, params)) as Outcome;
      } finally {
        listening.dispose();
        cancelling.dispose();
      }
    });
  }

  private async finish(client: LanguageClient, request: Request, outcome: Outcome): Promise<void> {
    this.around.used();
    this.last = outcome.jobId;
    const waiting = waits(outcome, request.uri);
    if (waiting) {
      this.wait(waiting);
    }
    if (awaitsPreview(outcome) && (request.apply ?? this.around.mode()) !== 'none') {
      const inText = outcome.applyMode === 'preview' && (await this.around.complete(outcome.jobId, request.uri));
      const show = inText ? this.around.offer : this.around.preview;
      return show(outcome.jobId, request.uri, proposed(outcome, fileOf(request.uri)));
    }
    const file = fileOf(request.uri);
    const message = told(outcome, file);
    if (message.level === 'none') {
      this.ui.note(message.text);
      return;
    }
    const away = outcome.applied && !inFront(request.uri) ? `Show ${file}` : undefined; // VS Code opens its tab behind
    const labels = message.choices.map((choice) => LABELS[choice]);
    const pressed = await this.ui.say(message.level, message.text, ...(away ? [away] : []), ...labels);
    if (away && pressed === away) {
      await vscode.window.showTextDocument(client.protocol2CodeConverter.asUri(request.uri));
      return;
    }
    const choice = message.choices.find((item) => LABELS[item] === pressed);
    if (choice) {
      await this.act(client, request, outcome, choice, message);
    }
  }

  private async act(client: LanguageClient, request: Request, outcome: Outcome, choice: Choice, message: Told): Promise<void> {
    if (this.done.has(outcome.jobId) && ['apply', 'preview', 'retry'].includes(choice)) {
      this.ui.note('that result was dealt with; Job History has it'); // its message was still there
      return;
    }
    switch (choice) {
      case 'apply':
        await this.around.apply(client, outcome.jobId);
        break;
      case 'keep':
        return this.around.keep(client, outcome.jobId, keepable(outcome.questions)?.id ?? '');
      case 'preview':
        return this.around.preview(outcome.jobId, request.uri, proposed(outcome, fileOf(request.uri)));
      case 'retry':
        await this.retry(outcome.jobId);
        break;
      case 'report':
        return this.around.report(outcome.jobId);
      case 'doctor':
        return this.around.doctor();
      case 'log':
        return this.around.log();
      case 'terminal': {
        const terminal = vscode.window.createTerminal('Forge');
        terminal.show();
        terminal.sendText(message.command ?? '', false); // to be read before it is run
      }
    }
  }

  private async failed(error: unknown): Promise<void> {
    if (error instanceof ResponseError && error.code === LSPErrorCodes.RequestCancelled) {
      this.ui.note('cancelled; nothing was changed');
      return;
    }
    if (error instanceof ResponseError && error.code === LSPErrorCodes.ServerCancelled) {
      this.ui.note('the server stops; the job goes on, and is shown again');
      return;
    }
    const refused = error instanceof ResponseError && error.code !== -32097; // PendingResponseRejected
    const text = refused ? error.message : 'The server stopped while the job ran. Nothing was changed; it can be resumed once the server is back.';
    const [doctor, log] = [LABELS.doctor, LABELS.log];
    const fix = opening();
    const pressed = await this.ui.say('error', text, ...(fix ? [fix.label, log] : refused ? [doctor, log] : [log]));
    if (fix && pressed === fix.label) {
      await fix.open();
    } else if (pressed === doctor) {
      await this.around.doctor();
    } else if (pressed === log) {
      this.around.log();
    }
  }

  private keep(jobId: string, request: Request): void {
    this.kept.set(jobId, request);
    const [oldest] = this.kept.keys();
    if (this.kept.size > KEPT && oldest !== undefined) {
      this.kept.delete(oldest);
    }
  }

  private moved(event: vscode.TextDocumentChangeEvent): void {
    const uri = event.document.uri.toString();
    for (const request of [...this.kept.values(), ...this.running]) {
      if (request.range && decodeURIComponent(request.uri) === decodeURIComponent(uri)) {
        for (const change of event.contentChanges) {
          request.range = shifted(request.range, change);
        }
      }
    }
  }
}
