// What the user does in each scenario, and what must be seen. test_vscode.py says what the models answer.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const STUB = '...';

async function opened(bench, file = 'words.py', line = 7) {
  await bench.file(file);
  await bench.ready();
  await bench.line(line, 5);
}

/** Light bulb on a stub, progress, the result, and one Ctrl+Z. */
export async function stub(bench) {
  await opened(bench);
  const before = await bench.text();
  const row = await bench.action('Generate with ensemble');
  await bench.picture('bulb');
  await row.click();
  const progress = bench.toast(/attempt 1\/2/);
  await progress.waitFor();
  await bench.status().filter({ hasText: /1\/2/ }).waitFor();
  await bench.picture('progress');
  await bench.status().hover();
  const models = bench.page.locator('.monaco-hover table').filter({ hasText: 'coder' });
  await models.first().waitFor();
  await bench.picture('tooltip');
  await bench.until('return " ".join');
  const told = bench.toast('Accepted · proven · score 9.0 · 1 attempt');
  await told.waitFor();
  await told.getByRole('button', { name: 'Show Report' }).waitFor();
  assert.equal(await bench.page.locator('.notifications-toasts .notification-list-item').count(), 1);
  await bench.picture('result');
  await bench.page.locator('.editor-instance .view-lines').first().click();
  await bench.page.keyboard.press('Control+Z');
  await bench.until((text) => text === before, 'as it was');
  await bench.page.keyboard.press('Control+Y');
  await bench.until('return " ".join');
  await bench.page.keyboard.press('Control+S');
  await bench.page.locator('.tab.dirty').waitFor({ state: 'detached' });
}

/** The command palette asks for the task and writes into an empty file. */
export async function emptyFile(bench) {
  await opened(bench, 'empty.py', 1);
  await bench.palette('Forge: Generate with Ensemble');
  await bench.answer('What should be written into this file?', 'title: upper-case the first letter of each word');
  await bench.until('def title(words: str)');
  await bench.toast('Accepted').waitFor();
  await bench.picture('written');
}

/** No file at all: a new one, in the language of the user's choice. */
export async function newFile(bench) {
  await opened(bench, 'words.py', 1);
  await bench.palette('Forge: Generate in a New File');
  await bench.answer('What should be written into a new file?', 'title: upper-case the first letter of each word');
  await bench.row('Python').click();
  await bench.until('def title(words: str)');
  await bench.page.locator('.tab.active').filter({ hasText: 'Untitled-1' }).waitFor();
  await bench.picture('written');
}

/** Cancel on the notification leaves the text alone. */
export async function cancel(bench) {
  await opened(bench);
  const before = await bench.text();
  await (await bench.action('Generate with ensemble')).click();
  const progress = bench.toast(/generating/);
  await progress.waitFor();
  await bench.picture('running');
  await progress.hover();
  await progress.getByRole('button', { name: 'Cancel' }).click();
  await progress.waitFor({ state: 'detached' });
  await bench.page.locator('.statusbar-item').filter({ hasText: 'Nothing was changed' }).waitFor();
  await bench.page.waitForTimeout(500);
  assert.equal(await bench.text(), before);
  assert.equal(await bench.page.locator('.tab.dirty').count(), 0);
  await bench.picture('cancelled');
}

/** The same by the palette, where the notification is out of sight. */
export async function cancelByCommand(bench) {
  await opened(bench);
  const before = await bench.text();
  await (await bench.action('Generate with ensemble')).click();
  await bench.toast(/generating/).waitFor();
  await bench.palette('Forge: Cancel');
  await bench.toast(/generating/).waitFor({ state: 'detached' });
  await bench.page.locator('.statusbar-item').filter({ hasText: 'Nothing was changed' }).waitFor();
  assert.equal(await bench.text(), before);
}

/** Preview: discard leaves the text alone, try again takes words, apply brings it in. */
export async function preview(bench) {
  const { page } = bench;
  const proposal = page.locator('.tab.active').filter({ hasText: 'words.py: proposal' });
  const diff = page.locator('.diff-editor, .monaco-diff-editor').first();
  await opened(bench);
  const before = await bench.text();

  await (await bench.action('Generate with ensemble')).click();
  await bench.press('Accepted · proven · score 9.0', 'Preview');
  await proposal.waitFor();
  await diff.getByText('for word in words.split').first().waitFor();
  await page.waitForTimeout(800);
  await bench.picture('diff');
  await bench.press('Accepted · proven · score 9.0', 'Discard');
  await proposal.waitFor({ state: 'detached' });
  assert.equal(await bench.text(), before);

  await bench.line(1, 5); // not on the stub: the result has a tab of its own
  await (await bench.action('Generate with ensemble')).click();
  await proposal.waitFor();
  await page.locator('.editor-actions .action-label[aria-label^="Try Again"]').first().click();
  await bench.answer('What should change?', 'Use no loop.');
  await diff.getByText('reversed(words.split())').first().waitFor();
  await page.waitForTimeout(500);
  await bench.picture('again');
  await bench.toast('Accepted · proven').waitFor(); // with Apply on it
  await page.locator('.editor-actions .action-label[aria-label^="Apply"]').first().click();
  await proposal.waitFor({ state: 'detached' });
  await bench.toast('Accepted · proven').waitFor({ state: 'detached' });
  await bench.until('return " ".join(reversed(words.split()))');
  await page.locator('.editor-instance .view-lines').first().click();
  await page.keyboard.press('Control+Z');
  await bench.until((text) => text === before, 'as it was');
}

/** A result that waits is ghost text at its stub: Tab takes it, one undo takes it back, Discard ends it. */
export async function ghost(bench) {
  const { page } = bench;
  const drawn = page.locator(':is(.ghost-text, .ghost-text-decoration, .suggest-preview-text):visible').filter({ hasText: 'reversed' });
  const told = bench.toast('Tab takes it');
  await opened(bench);
  const before = await bench.text();
  await (await bench.action('Generate with ensemble')).click();
  await told.waitFor();
  await drawn.first().waitFor();
  await page.waitForTimeout(500);
  await bench.picture('ghost');
  await page.keyboard.press('Tab');
  await bench.until('return " ".join(reversed(words.split()))');
  await bench.until((text) => !text.includes(STUB), 'no stub any more');
  const after = await bench.text();
  await page.waitForTimeout(500);
  await bench.picture('taken');
  await page.keyboard.press('Control+Z');
  await bench.until((text) => text === before, 'as it was');
  await bench.quiet();

  await bench.line(7, 5);
  await (await bench.action('Generate with ensemble')).click();
  await told.waitFor();
  await drawn.first().waitFor();
  await bench.line(1, 1);
  await drawn.first().waitFor({ state: 'detached' });
  await bench.line(7, 8); // back: it is there again
  await drawn.first().waitFor();
  await bench.press('Tab takes it', 'Discard');
  await drawn.first().waitFor({ state: 'detached' });
  await bench.line(1, 1);
  await bench.line(7, 5);
  await page.waitForTimeout(1500);
  assert.equal(await drawn.count(), 0);
  assert.equal(await bench.text(), before);
  return after;
}

/** The message of a result is gone: the status bar and the palette still have the result, until it is dealt with. */
export async function lastResult(bench) {
  const { page } = bench;
  const proposal = page.locator('.tab.active').filter({ hasText: 'words.py: proposal' });
  const ready = page.locator('.statusbar-item').filter({ hasText: 'Forge: result ready' });
  await opened(bench, 'words.py', 1);
  const before = await bench.text();
  await (await bench.action('Generate with ensemble')).click();
  await proposal.waitFor();
  await bench.palette('View: Close Editor');
  await proposal.waitFor({ state: 'detached' });
  await bench.quiet();
  await ready.first().waitFor();
  await bench.picture('ready');
  await bench.palette('Forge: Preview Last Result');
  await proposal.waitFor();
  await bench.palette('View: Close Editor');
  await bench.palette('Forge: Apply Last Result');
  await bench.until('return " ".join(reversed(words.split()))');
  await ready.first().waitFor({ state: 'detached' });
  await page.locator('.editor-instance .view-lines').first().click();
  await page.keyboard.press('Control+Z');
  await bench.until((text) => text === before, 'as it was');
  await bench.quiet();
  await bench.line(1, 1);
  await (await bench.action('Generate with ensemble')).click();
  await proposal.waitFor();
  await bench.palette('Forge: Discard Last Result');
  await proposal.waitFor({ state: 'detached' });
  await ready.first().waitFor({ state: 'detached' });
  assert.equal(await bench.text(), before);
}

/** What runs, attempt by attempt, in the panel: from the status bar, by keys alone, to the result's actions and Cancel. */
export async function progress(bench) {
  const { page } = bench;
  const view = page.locator('.panel .tree-explorer-viewlet-tree-view');
  const row = (text) => view.locator('.monaco-list-row').filter({ hasText: text }).first();
  const focused = () => page.waitForFunction(() => document.activeElement?.closest('.panel .tree-explorer-viewlet-tree-view'));
  await opened(bench);
  const before = await bench.text();
  await bench.palette('Forge: Show Progress');
  await page.locator('.panel').getByText('Nothing runs.').first().waitFor();
  await bench.picture('nothing');
  await page.locator('.editor-instance .view-lines').first().click();
  await bench.line(7, 5);
  await (await bench.action('Generate with ensemble')).click();
  await row('Why not attempt 1').waitFor();
  await row(/Now\s*writing: coder/).waitFor();
  await row(/Best so far\s*attempt 1 by coder/).waitFor();
  await row(/words\.py\s*attempt 2 of at most 3 · \d+ s · free/).waitFor();
  const spun = await view.evaluate((tree) => {
    window.forgeRows = [...tree.querySelectorAll('.monaco-list-row')];
    return window.forgeRows.length;
  });
  await page.waitForTimeout(2500); // two ticks of the clock, and nothing else happens
  assert.equal(await page.evaluate(() => window.forgeRows.filter((one) => one.isConnected).length), spun, 'no row is drawn anew');
  await bench.picture('running');
  await bench.status().click();
  await bench.row('Show Progress').click();
  await row('words.py').waitFor();
  await row(/words\.py\s*Accepted · proven · score 9\.0 · 2 attempts/).waitFor();
  await row('Preview').waitFor();
  await bench.picture('ended');
  await bench.quiet();
  await bench.palette('Forge: Show Progress');
  await focused(); // the keys are the view's from here on
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.locator('.tab.active').filter({ hasText: 'words.py: proposal' }).waitFor();
  await row('Discard').click();
  await page.locator('.tab.active').filter({ hasText: 'words.py: proposal' }).waitFor({ state: 'detached' });
  await row('Discard').waitFor({ state: 'detached' });
  await row('Show Report').waitFor();
  assert.equal(await bench.text(), before);

  await bench.quiet();
  await page.locator('.editor-instance .view-lines').first().click();
  await bench.line(7, 5);
  await (await bench.action('Generate with ensemble')).click();
  await row(/Now\s*writing: coder/).waitFor();
  await bench.palette('Forge: Show Progress');
  await focused();
  await page.keyboard.press('Home');
  await page.keyboard.press('Delete');
  await row(/words\.py\s*Cancelled/).waitFor();
  assert.equal(await bench.text(), before);
  await bench.picture('cancelled');
}

/** The second-best candidate is taken in three clicks from the preview of the best one; one undo takes it back. */
export async function alternatives(bench) {
  const { page } = bench;
  await opened(bench, 'words.py', 1);
  const before = await bench.text();
  await (await bench.action('Generate with ensemble')).click();
  await page.locator('.tab.active').filter({ hasText: 'words.py: proposal' }).waitFor();
  await page.waitForTimeout(800);
  await bench.picture('best');
  await page.locator('.editor-actions .action-label[aria-label^="Alternatives"]').first().click();
  await bench.row('gemma3').waitFor();
  await bench.picture('rows');
  const other = page.locator('.quick-input-list .monaco-list-row').filter({ hasText: /by (coder|gemma3)/ });
  const chosen = /by (coder|gemma3)/.exec(await other.first().innerText())[1];
  await other.first().click();
  await page.locator('.tab.active').filter({ hasText: /words\.py: candidate/ }).waitFor();
  await page.waitForTimeout(800);
  await bench.picture('candidate');
  await page.locator('.editor-actions .action-label[aria-label^="Apply"]').first().click();
  await bench.until(chosen === 'coder' ? EVEN.wrong : EVEN.right);
  await undone(bench, before);
}

/** A wrong key in a settings file: the message opens it at that line; a command says it again, and once it is right it works. */
export async function wrongKey(bench) {
  const { page } = bench;
  await bench.file('words.py');
  const told = bench.toast('accept.scor');
  await told.waitFor();
  assert.match(await told.innerText(), /unknown key; did you mean score\?/);
  await bench.picture('told');
  await bench.press('accept.scor', 'Open forge.toml');
  await page.locator('.tab.active').filter({ hasText: 'forge.toml' }).waitFor();
  await page.locator('.statusbar-item').filter({ hasText: 'Ln 2, Col 1' }).waitFor();
  await page.locator('.squiggly-error').first().waitFor();
  await bench.picture('opened');
  await bench.quiet();
  await bench.file('words.py');
  await bench.line(7, 5);
  await bench.palette('Forge: Generate with Ensemble');
  await bench.answer('What should be written?', '');
  await bench.press('accept.scor', 'Open forge.toml');
  await page.locator('.tab.active').filter({ hasText: 'forge.toml' }).waitFor();
  await bench.quiet();
  await page.locator('.editor-instance .view-lines').first().click();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('accept.score = 7');
  await page.keyboard.press('Control+S');
  await page.locator('.tab.dirty').waitFor({ state: 'detached' });
  await bench.file('words.py');
  await bench.line(7, 5);
  await (await bench.action('Generate with ensemble')).click();
  await bench.until('return " ".join');
}

/** The tab was closed while the job ran: the message names the file, and brings it to the front. */
export async function away(bench) {
  const { page } = bench;
  await opened(bench);
  await (await bench.action('Generate with ensemble')).click();
  await bench.toast(/generating/).waitFor();
  await bench.palette('View: Close Editor');
  await bench.file('other.py');
  const told = bench.toast(/Accepted · proven · score 9\.0 · 1 attempt · \d+ s · words\.py/);
  await told.waitFor();
  await page.locator('.tab.active').filter({ hasText: 'other.py' }).waitFor();
  await bench.picture('told');
  await bench.press('Accepted · proven', 'Show words.py');
  await page.locator('.tab.active').filter({ hasText: 'words.py' }).waitFor();
  await bench.until('return " ".join');
}

/** A problem of the TypeScript server's is fixed, first by the light bulb, then by the palette. */
export async function fix(bench) {
  await opened(bench, 'cart.ts', 4);
  await bench.page.locator('.squiggly-error').first().waitFor();
  const row = await bench.action('Fix with ensemble: Cannot find name');
  await bench.picture('bulb');
  await row.click();
  await bench.until('return prices.length');
  await bench.toast('Accepted').waitFor();
  await bench.picture('fixed');
  await bench.page.locator('.editor-instance .view-lines').first().click();
  await bench.page.keyboard.press('Control+Z');
  await bench.until('return amounts.length');
  await bench.page.locator('.squiggly-error').first().waitFor();
  await bench.line(4, 5);
  await bench.palette('Forge: Fix This Problem');
  await bench.until('return prices.length');
}

/** What was and what is there: report, history, models, doctor. */
export async function pages(bench) {
  await opened(bench);
  await (await bench.action('Generate with ensemble')).click();
  await bench.press('Accepted', 'Show Report');
  await bench.webview('What was sent');
  await bench.page.waitForTimeout(800);
  await bench.picture('report');
  await bench.page.keyboard.press('Control+F4');

  await bench.palette('Forge: Job History');
  await bench.row('accepted · proven · score 9.0').waitFor();
  await bench.page.waitForTimeout(300);
  await bench.picture('history');
  await bench.row('accepted · proven · score 9.0').click();
  await bench.row('Preview').waitFor();
  await bench.row('Show Report').click();
  await bench.webview('What was sent');

  await bench.palette('Forge: Models and GPUs');
  await bench.webview('deepseek-coder:6.7b');
  await bench.page.waitForTimeout(500);
  await bench.picture('models');

  await bench.palette('Forge: Doctor');
  await bench.webview('Works', 90);
  await bench.page.waitForTimeout(500);
  await bench.picture('doctor');
}

/** Nobody accepted it: the text is left alone, and the result is offered. */
export async function offered(bench) {
  await opened(bench);
  const before = await bench.text();
  await (await bench.action('Generate with ensemble')).click();
  const told = bench.toast('Nothing was changed.');
  await told.waitFor();
  assert.match(await told.innerText(), /Not accepted after 2 attempts · proven · score 4\.0/);
  assert.equal(await bench.text(), before);
  await bench.picture('offered');
  await bench.press('Nothing was changed.', 'Apply Anyway');
  await bench.until('found.insert(0, word)');
}

/** A server that is not there: the error says what to do. */
export async function noModels(bench, { remedy }) {
  await opened(bench);
  await (await bench.action('Generate with ensemble')).click();
  const told = bench.toast('Failed');
  await told.waitFor();
  await bench.picture('failed');
  assert.ok((await told.innerText()).includes(remedy), await told.innerText());
  await told.getByRole('button', { name: 'Open in Terminal' }).click();
  await bench.page.locator('.terminal-wrapper.active .xterm-screen').waitFor();
  await bench.page.waitForTimeout(1500);
  await bench.picture('typed');
}

/** Before the first paid call a modal asks; "Not now" is a no, "Allow" a yes. */
export async function consent(bench) {
  const dialog = bench.page.locator('.monaco-dialog-box');
  await opened(bench);
  await (await bench.action('Generate with ensemble')).click();
  await dialog.waitFor();
  await bench.page.waitForTimeout(300);
  await bench.picture('asked');
  assert.match(await dialog.innerText(), /Send code of consent \(words\.py\) to ollama[\s\S]*This job may cost at most \$/);
  const focused = await bench.page.evaluate(() => document.activeElement?.textContent ?? '');
  assert.match(focused, /Not now/, 'Enter costs nothing');
  await dialog.getByRole('button', { name: 'Not now' }).click();
  await bench.toast(/Nothing was changed\. .*its use was not allowed\./).waitFor();
  assert.equal(await bench.toast('--allow').count(), 0, 'what a terminal needs is not told here');
  assert.equal(await bench.page.locator('.notifications-toasts .codicon-error').count(), 0, 'a no is no fault');
  await bench.picture('refused');
  await bench.quiet();
  await bench.page.locator('.editor-instance .view-lines').first().click();
  await bench.line(7, 5);
  await (await bench.action('Generate with ensemble')).click();
  await dialog.getByRole('button', { name: 'Allow' }).click();
  await bench.until('return " ".join');
}

/** Restricted mode: no check runs, no setting of the folder counts; once it is trusted, both do. */
export async function restricted(bench) {
  const { page } = bench;
  await page.locator('.part.banner').getByText('Manage').waitFor();
  await opened(bench);
  const before = await bench.text();
  await (await bench.action('Generate with ensemble')).click();
  const told = bench.toast('Unverified');
  await told.waitFor();
  assert.match(await told.innerText(), /not trusted/);
  assert.equal(await bench.text(), before);
  await bench.picture('unverified');
  await bench.quiet();

  await page.locator('.part.banner').getByText('Manage').click();
  await page.locator('.workspace-trust-editor').getByRole('button', { name: 'Trust', exact: true }).click();
  await page.locator('.part.banner').waitFor({ state: 'hidden' });
  await page.locator('.monaco-modal-editor-block .codicon-close').first().click();
  await page.locator('.workspace-trust-editor').waitFor({ state: 'detached' });
  await page.locator('.editor-instance .view-lines').first().click();
  await bench.line(7, 5);
  await (await bench.action('Generate with ensemble')).click();
  const checked = bench.toast('Not accepted after 2 attempts · proven · score 9.0'); // its forge.toml wants 9.5
  await checked.waitFor();
  await bench.picture('trusted');
}

/** The server is killed in the middle of a job: the user is told, it is started again, and it works. */
export async function killed(bench, { killer }) {
  await opened(bench);
  const before = await bench.text();
  await (await bench.action('Generate with ensemble')).click();
  await bench.toast(/generating/).waitFor();
  execFileSync(killer[0], killer.slice(1));
  const told = bench.toast('The server stopped while the job ran');
  await told.waitFor();
  await bench.picture('told');
  assert.equal(await bench.text(), before);
  await bench.ready();
  await bench.quiet();
  await bench.line(7, 5);
  await (await bench.action('Generate with ensemble')).click();
  await bench.until('return " ".join');
}

/** A wrong path in the settings: the error says what to do, and when that is done it works at once. */
export async function wrongPath(bench, { settings, right }) {
  await bench.file('words.py');
  const told = bench.toast('The setting forgeClient.path names /no/such/forge-lsp');
  await told.waitFor();
  assert.match(await told.innerText(), /there is no such program[\s\S]*Correct it, or leave it empty/);
  await told.getByRole('button', { name: 'Open Settings' }).waitFor();
  await bench.picture('told');
  await bench.line(7, 5);
  await bench.palette('Forge: Generate with Ensemble');
  await bench.answer('What should be written?', '');
  await told.waitFor(); // a command says it again
  await bench.quiet();
  writeFileSync(settings, JSON.stringify({ 'forgeClient.path': right }));
  await bench.ready();
  await bench.page.locator('.editor-instance .view-lines').first().click();
  await bench.line(7, 5);
  await (await bench.action('Generate with ensemble')).click();
  await bench.until('return " ".join');
}

/** No server anywhere: the one that the extension carries is installed and used. */
export async function installed(bench) {
  await bench.file('words.py');
  const told = bench.toast('forge-lsp is not installed here');
  await told.waitFor();
  await bench.picture('offered');
  await told.getByRole('button', { name: 'Install …' }).click();
  await bench.row('Server and a small model').waitFor();
  await bench.picture('which');
  await bench.row('for Ollama').click();
  await bench.toast('Forge: installing').waitFor();
  await bench.picture('installing');
  await bench.waitFor(() => bench.page.locator('.statusbar-item .codicon-sparkle').first().isVisible(), 'the server', 200);
  await bench.page.locator('.editor-instance .view-lines').first().click();
  await bench.line(7, 5);
  await (await bench.action('Generate with ensemble')).click();
  await bench.until('return " ".join');
}

/** The small model inside forge-lsp writes the code, and the examples decide. */
export async function embedded(bench) {
  await opened(bench, 'words.py', 7);
  const before = await bench.text();
  await (await bench.action('Generate with ensemble')).click();
  await bench.toast(/attempt 1/).waitFor();
  await bench.waitFor(() => bench.toast('Accepted').isVisible(), 'an accepted result', 180);
  await bench.picture('accepted');
  const after = await bench.text();
  assert.ok(after !== before && !after.includes(STUB), after);
  await bench.page.locator('.editor-instance .view-lines').first().click();
  await bench.page.keyboard.press('Control+S');
  await bench.page.locator('.tab.dirty').waitFor({ state: 'detached' });
}

/** A profile is chosen, and the server hears of it; the walkthrough is there for the first start. */
export async function profile(bench) {
  await opened(bench);
  await bench.palette('Forge: Choose Profile');
  await bench.row('cloud').waitFor();
  await bench.picture('choose');
  await bench.row('a small model, no server').click();
  await bench.page.locator('.statusbar-item').filter({ hasText: 'profile embedded' }).waitFor();
  await bench.palette('Forge: Menu');
  await bench.row('Job History').waitFor();
  await bench.picture('menu');
  await bench.page.keyboard.press('Escape');
  await bench.palette('Welcome: Open Walkthrough...');
  await bench.row('Code by committee').click();
  await bench.page.getByText('See what works here').first().waitFor();
  await bench.page.waitForTimeout(1000);
  await bench.picture('walkthrough');
}

/** The pictures of the README: what a person sees from the light bulb to the report. */
export async function strip(bench, { folder }) {
  const { page } = bench;
  const shoot = async (name) => {
    await page.mouse.move(300, 372); // over nothing that tells something
    await page.waitForTimeout(700);
    await page.screenshot({ path: `${folder}/vscode-${name}.png` });
  };
  await page.setViewportSize({ width: 800, height: 430 });
  await bench.file('words.py');
  await bench.ready();
  await bench.palette('View: Toggle Primary Side Bar Visibility');
  await bench.line(7, 5);
  const lens = page.locator('.codelens-decoration').getByText('Generate with ensemble');
  await lens.waitFor();
  const row = await bench.action('Generate with ensemble');
  await page.waitForTimeout(700);
  await page.screenshot({ path: `${folder}/vscode-light-bulb.png` });
  await row.click();
  await bench.toast(/thinking|generating/).waitFor();
  await shoot('progress');
  await bench.until('return " ".join');
  await bench.toast('Accepted').waitFor();
  await lens.waitFor({ state: 'hidden' });
  await shoot('result');
  await bench.press('Accepted', 'Show Report');
  await bench.webview('What was sent');
  await shoot('report');
}

/** One more: a result beside the text. */
export async function stripPreview(bench, { folder }) {
  const { page } = bench;
  await page.setViewportSize({ width: 800, height: 430 });
  await bench.file('words.py');
  await bench.ready();
  await bench.palette('View: Toggle Primary Side Bar Visibility');
  await bench.line(7, 5);
  await (await bench.action('Generate with ensemble')).click();
  await bench.press('Accepted', 'Preview');
  await page.locator('.tab.active').filter({ hasText: 'proposal' }).waitFor();
  await page.mouse.move(300, 320); // a button under it shows its name
  await page.waitForTimeout(1500);
  await page.screenshot({ path: `${folder}/vscode-preview.png` });
}

const EVEN = { wrong: 'return number == 2', right: 'return number % 2 == 0' };

async function asked(bench) {
  await opened(bench, 'words.py', 7);
  const before = await bench.text();
  await (await bench.action('Generate with ensemble')).click();
  return before;
}

function pick(bench) {
  return bench.page.locator('.quick-input-widget:visible').filter({ hasText: 'what should is_even(0) give?' });
}

/** The number of an answer in the quick pick. */
async function numberOf(bench, value) {
  const rows = await bench.page.locator('.quick-input-list .monaco-list-row').allInnerTexts();
  const row = rows.find((text) => text.includes(value));
  assert.ok(row, rows.join(' | '));
  return /\d/.exec(row)[0];
}

async function undone(bench, text) {
  await bench.page.locator('.editor-instance .view-lines').first().click();
  await bench.page.keyboard.press('Control+Z');
  await bench.until((now) => now === text, 'as it was');
}

/** Two writers differ: their answers are asked about, the right one lands, and the answer is kept as an example. */
export async function question(bench) {
  const before = await asked(bench);
  await pick(bench).waitFor();
  await bench.row('None of these').waitFor();
  await bench.row('gemma3').waitFor();
  await bench.picture('question');
  await bench.page.keyboard.press('Enter'); // meant for the text: no answer
  await pick(bench).waitFor();
  await bench.page.keyboard.type(await numberOf(bench, 'True'));
  await pick(bench).waitFor({ state: 'hidden' });
  await bench.until(EVEN.right);
  const landed = await bench.text();
  await bench.press('Accepted · proven', 'Keep This Example');
  await bench.until('>>> is_even(0)');
  await bench.picture('kept');
  await undone(bench, landed);
  await undone(bench, before);
}

/** Ignored, the job ends as it would have; a later answer changes nothing by itself and offers the other candidate. */
export async function questionLate(bench) {
  await asked(bench);
  await pick(bench).waitFor();
  await bench.page.keyboard.press('Escape');
  await bench.until(EVEN.wrong);
  const landed = await bench.text();
  await bench.palette('Forge: Answer the Question');
  await pick(bench).waitFor();
  await bench.page.keyboard.type(await numberOf(bench, 'True'));
  const told = bench.toast('should give True');
  await told.waitFor();
  assert.equal(await bench.text(), landed);
  await bench.picture('late');
  await bench.press('should give True', 'Apply it');
  await bench.until(EVEN.right);
  await undone(bench, landed);
}

/** Cancelled: the question is gone, and nothing is left. */
export async function questionCancelled(bench) {
  const before = await asked(bench);
  await pick(bench).waitFor();
  const progress = bench.toast(/reviewing/);
  await progress.hover();
  await progress.getByRole('button', { name: 'Cancel' }).click();
  await pick(bench).waitFor({ state: 'hidden' });
  await bench.page.locator('.statusbar-item').filter({ hasText: 'Nothing was changed' }).waitFor();
  assert.equal(await bench.text(), before);
  await bench.palette('Forge: Answer the Question');
  await bench.toast('no question that waits').waitFor();
}

/** The window is reloaded in the second attempt of a job: all of it is shown again, and its result lands in the text. */
export async function reload(bench, { let: gate }) {
  const view = bench.page.locator('.panel .tree-explorer-viewlet-tree-view');
  const row = (text) => view.locator('.monaco-list-row').filter({ hasText: text }).first();
  await opened(bench);
  const before = await bench.text();
  await (await bench.action('Generate with ensemble')).click();
  await bench.toast(/attempt 2\/2 · generating/).waitFor();
  await bench.page.waitForTimeout(500); // the call is on its way
  const loaded = bench.page.waitForEvent('load');
  await bench.palette('Developer: Reload Window');
  await loaded;
  await bench.toast(/generating/).waitFor({ timeout: 120_000 }); // a window, its extensions and a server start
  await bench.status().filter({ hasText: /2\/2/ }).waitFor();
  await bench.palette('Forge: Show Progress');
  await row(/Now\s*writing: coder/).waitFor();
  await row(/words\.py\s*attempt 2 of at most 2 · \d+ (s|min)/).waitFor();
  await row('Why not attempt 1').waitFor();
  await row(/Best so far\s*attempt 1 by coder/).waitFor();
  await row(/Attempt 1\s*not accepted/).waitFor();
  const [minutes, seconds] = /(?:(\d+) min )?(\d+) s/.exec(await row('words.py').innerText()).slice(1);
  assert.ok(Number(minutes ?? 0) * 60 + Number(seconds) >= 5, 'the time counts from the beginning of the job');
  await bench.picture('found');
  assert.equal(await bench.text(), before);
  writeFileSync(gate, '');
  await bench.until('return " ".join');
  await bench.toast('Accepted · proven · score 9.0 · 2 attempts').waitFor();
  await row(/words\.py\s*Accepted · proven · score 9\.0 · 2 attempts/).waitFor();
  await row(/Best\s*attempt 2 by coder/).waitFor();
  await bench.picture('applied');
  await bench.page.locator('.editor-instance .view-lines').first().click();
  await bench.page.keyboard.press('Control+Z');
  await bench.until((text) => text === before, 'as it was');
  await bench.page.keyboard.press('Control+S');
}

/** Its processes are killed: the next server offers to go on. */
export async function resumed(bench, { killer }) {
  await opened(bench);
  await (await bench.action('Generate with ensemble')).click();
  await bench.toast(/generating/).waitFor();
  await bench.page.waitForTimeout(500);
  execFileSync(killer[0], killer.slice(1));
  const told = bench.toast('The job in words.py was interrupted');
  await told.waitFor();
  await bench.picture('interrupted');
  await told.getByRole('button', { name: 'Resume' }).click();
  await bench.until('return " ".join');
  await bench.page.keyboard.press('Control+S');
}
