// The workbench as a person uses it: what is where, and how to press it. All selectors are here.
import { join } from 'node:path';

export class Bench {
  constructor(page, port, pictures, scenario) {
    this.page = page;
    this.port = port;
    this.pictures = pictures;
    this.scenario = scenario;
    this.shots = 0;
  }

  async open(work) {
    await this.page.goto(`http://127.0.0.1:${this.port}/?folder=${encodeURIComponent(work)}`);
    await this.page.locator('.monaco-workbench').waitFor();
    await this.page.locator('.statusbar-item').first().waitFor();
  }

  async picture(name) {
    const path = join(this.pictures, `${this.scenario}-${++this.shots}-${name}.png`);
    await this.page.waitForTimeout(600); // what slides in has come to rest
    await this.page.screenshot({ path });
    return path;
  }

  // ------------------------------------------------------------------ text

  /** The lines of the editor in front, as far as they are shown. */
  lines(editor = '.editor-instance') {
    return this.page.evaluate((selector) => {
      const found = [...document.querySelectorAll(`${selector} .view-line`)];
      found.sort((one, other) => parseInt(one.style.top) - parseInt(other.style.top));
      return found.map((line) => line.textContent.replaceAll('\u00a0', ' '));
    }, editor);
  }

  async text() {
    return (await this.lines()).join('\n');
  }

  /** Wait until the text of the editor in front meets `wanted`, a string that it contains or a function. */
  async until(wanted, what = String(wanted)) {
    await this.waitFor(async () => {
      const text = await this.text();
      return typeof wanted === 'string' ? text.includes(wanted) : wanted(text);
    }, `the text: ${what}`);
  }

  async waitFor(met, what, seconds = 40) {
    const deadline = Date.now() + seconds * 1000;
    while (!(await met())) {
      if (Date.now() > deadline) {
        throw new Error(`waited ${seconds} s for ${what}; the text is\n${await this.text()}`);
      }
      await this.page.waitForTimeout(100);
    }
  }

  async file(name) {
    await this.page.keyboard.press('Control+P');
    await this.input(name);
    await this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: name }).first().click();
    await this.page.locator('.tab.active').filter({ hasText: name }).waitFor();
    await this.page.locator('.editor-instance .view-lines').first().click();
  }

  async line(number, column = 1) {
    await this.page.keyboard.press('Control+G');
    await this.input(`:${number}:${column}`);
    await this.page.keyboard.press('Enter');
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }

  // ------------------------------------------------------------------ input

  /** Fill the quick input that is open. */
  async input(text) {
    const box = this.page.locator('.quick-input-widget:visible input.input').first();
    await box.waitFor();
    await box.fill(text);
  }

  /** A command of the palette, by its whole title. */
  async palette(title) {
    const open = this.page.locator('.quick-input-widget:visible input.input').first();
    const rows = this.page.locator('.quick-input-list .monaco-list-row');
    const row = rows.filter({ has: this.page.locator('.label-name', { hasText: new RegExp(`^${escaped(title)}$`) }) });
    // A web view that is still loading swallows the key, or takes the focus, and with it the palette, when it is done.
    await this.waitFor(async () => {
      await this.page.keyboard.press('F1');
      return open
        .fill(`>${title}`, { timeout: 2000 })
        .then(() => row.first().click({ timeout: 5000 }))
        .then(() => true, () => false);
    }, `the palette with ${title}`);
  }

  /** Answer an input box whose prompt or title contains `prompt`. */
  async answer(prompt, text) {
    await this.page.locator('.quick-input-widget:visible').filter({ hasText: prompt }).waitFor();
    if (text) {
      await this.page.keyboard.type(text);
    }
    await this.page.keyboard.press('Enter');
  }

  /** A row of the quick pick that is open. */
  row(text) {
    return this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();
  }

  /** The light bulb's menu at the cursor, and a row of it. */
  async action(title) {
    const row = this.page.locator('.action-widget .monaco-list-row').filter({ hasText: title }).first();
    await this.waitFor(async () => {
      if (await row.isVisible()) {
        return true;
      }
      await this.page.keyboard.press('Escape'); // the server was not ready yet
      await this.page.keyboard.press('Control+.');
      await row.waitFor({ timeout: 1500 }).catch(() => {});
      return row.isVisible();
    }, `the action ${title}`);
    return row;
  }

  // ------------------------------------------------------------------ what is told

  toast(text) {
    return this.page.locator('.notifications-toasts .notification-list-item').filter({ hasText: text }).first();
  }

  async press(text, button) {
    const toast = this.toast(text);
    await toast.waitFor();
    await toast.hover();
    await toast.getByRole('button', { name: button, exact: true }).click();
  }

  async quiet() {
    await this.page.keyboard.press('Escape');
    for (const toast of await this.page.locator('.notifications-toasts .notification-list-item').all()) {
      await toast.hover().catch(() => {});
      await toast.locator('.codicon-notifications-clear').click({ timeout: 1000 }).catch(() => {});
    }
  }

  status() {
    return this.page.locator('.statusbar-item').filter({ hasText: 'Forge' }).first();
  }

  /** The server answers: the status bar says so. */
  async ready() {
    await this.page.locator('.statusbar-item .codicon-sparkle').first().waitFor({ timeout: 40_000 });
  }

  /** Text inside a web view, such as a Markdown preview. */
  async webview(text, seconds = 30) {
    let found;
    await this.waitFor(async () => {
      for (const frame of this.page.frames()) {
        if (await frame.getByText(text).first().isVisible().catch(() => false)) {
          found = frame;
          return true;
        }
      }
      return false;
    }, `a page with ${text}`, seconds);
    return found;
  }
}

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
