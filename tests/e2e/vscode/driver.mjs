// node driver.mjs TOOLS CHROMIUM PORT PICTURES: plays scenarios in one browser. Reads {number, scenario, work, arguments}
// a line from standard input, answers {number, value} or {number, error, picture}.
import { mkdirSync, mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Bench } from './bench.mjs';
import * as scenarios from './scenarios.mjs';

const [tools, executablePath, port, pictures] = process.argv.slice(2);
const { chromium } = createRequire(`${tools}/`)('playwright-core');
mkdirSync(pictures, { recursive: true });

const browser = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), 'chromium-')), {
  executablePath,
  headless: true,
  viewport: { width: 1100, height: 720 },
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync',
    '--disable-component-update', '--disable-dev-shm-usage'],
});
await browser.route((url) => url.hostname !== '127.0.0.1' && !url.hostname.endsWith('.localhost'), (route) => route.abort());

for await (const line of createInterface({ input: process.stdin })) {
  const { number, scenario, work, arguments: words } = JSON.parse(line);
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  const bench = new Bench(page, port, pictures, scenario);
  try {
    await bench.open(work);
    const value = await scenarios[scenario](bench, words);
    console.log(JSON.stringify({ number, value }));
  } catch (error) {
    const picture = await bench.picture('FAILED').catch(() => 'none');
    console.log(JSON.stringify({ number, error: String(error.stack ?? error), picture }));
  } finally {
    await page.close({ runBeforeUnload: false }).catch(() => {});
  }
}
await browser.close();
