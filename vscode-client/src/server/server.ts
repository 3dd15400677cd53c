// The server's life: found, started, restarted when settings change or it dies, one thing at a time.

import type * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import type { Ui } from '../ui';
import { type Found, NotFound } from './find';
import { Serial } from './serial';

export interface Making {
  /** Raises NotFound. */
  find(): Promise<Found>;
  make(found: Found, ended: () => boolean): LanguageClient;
  /** A change of what runs: true when it answers. */
  changed(ready: boolean): void;
  /** Offer to install it; true when that was done. */
  install(): Promise<boolean>;
  openSettings(key: string): void;
}

const RESTARTS = 3;
const WITHIN_MS = 60_000;

export class Server {
  found: Found | undefined;
  private client: LanguageClient | undefined;
  private starting: Promise<void> = Promise.resolve();
  private readonly serial = new Serial();
  private deaths: number[] = [];
  private stopping = false;

  constructor(
    private readonly ui: Ui,
    private readonly log: vscode.LogOutputChannel,
    private readonly making: Making,
  ) {}

  /** Start it, or start it again. Never rejects: the user is told what is wrong. */
  restart(): Promise<void> {
    this.starting = this.serial.run(async () => {
      await this.stop();
      await this.start();
    });
    return this.starting;
  }

  /** The client, when it answers; undefined: the user was told why there is none. */
  async ready(): Promise<LanguageClient | undefined> {
    await this.starting;
    if (!this.client?.isRunning()) {
      await this.restart();
    }
    return this.client?.isRunning() ? this.client : undefined;
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    this.making.changed(false);
    if (client) {
      this.stopping = true;
      await client.dispose(3000).catch((error: unknown) => this.log.warn(`The server did not stop properly: ${String(error)}`));
      this.stopping = false;
    }
  }

  private async start(): Promise<void> {
    try {
      this.found = await this.making.find();
    } catch (error) {
      if (!(error instanceof NotFound)) {
        throw error;
      }
      this.log.warn(error.message);
      void this.offer(error);
      return;
    }
    const { command, words, origin, version } = this.found;
    this.log.info(`forge-lsp ${version} from ${origin}: ${[command, ...words].join(' ')}`);
    const client = this.making.make(this.found, () => this.died());
    this.client = client;
    try {
      await client.start();
      this.making.changed(true);
    } catch (error) {
      this.client = undefined;
      this.log.error(String(error));
      void this.say(`forge-lsp (${command}) could not be started: ${message(error)}.`, 'forgeClient.path');
    }
  }

  private died(): boolean {
    this.making.changed(false);
    if (this.stopping) {
      return false;
    }
    const now = Date.now();
    this.deaths = [...this.deaths.filter((at) => now - at < WITHIN_MS), now];
    if (this.deaths.length <= RESTARTS) {
      this.log.warn('The server ended unexpectedly and is started again.');
      void this.starting.then(() => this.watch());
      return true;
    }
    this.deaths = [];
    void this.say('The server stopped repeatedly and is not started again.', 'forgeClient');
    return false;
  }

  /** languageclient starts it again by itself; tell when it answers. */
  private watch(): void {
    const client = this.client;
    client?.start().then(
      () => this.making.changed(client === this.client),
      (error: unknown) => this.log.error(String(error)),
    );
  }

  private async offer(problem: NotFound): Promise<void> {
    if (problem.configured) {
      return this.say(problem.message, 'forgeClient.path');
    }
    const install = 'Install …';
    const settings = 'Open Settings';
    const pressed = await this.ui.say('warning', problem.message, install, settings);
    if (pressed === install && (await this.making.install())) {
      await this.restart();
    } else if (pressed === settings) {
      this.making.openSettings('forgeClient.path');
    }
  }

  private async say(text: string, key: string): Promise<void> {
    const settings = 'Open Settings';
    const again = 'Start Again';
    const log = 'Show Log';
    switch (await this.ui.say('error', text, settings, again, log)) {
      case settings:
        return this.making.openSettings(key);
      case again:
        return this.restart();
      case log:
        return this.log.show();
    }
  }
}

export function message(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.+$/, '');
}
