// The page: what runs, one job in full, and the ledger. Whatever a model wrote is shown as text, never as markup.

import { bars, dots, timeline } from "/plots.js";
import { drawQuestions } from "/question.js";
import { Refused, alternatives, cancel, follow, job, jobs, keepToken, takeToken } from "/wire.js";

const POLL = 2000; // milliseconds
const LIMIT = 100; // jobs of the ledger
const RELOAD = new Set(["attempt.finished", "rung.skipped", "question.asked", "question.answered"]);
const at = (id) => document.getElementById(id);
const usd = (value) => `$${(value ?? 0).toFixed(value ? 4 : 0)}`;
const first = (text) => text.trim().split("\n")[0];

let chosen = null; // the job in full: {id, document, events, heard, loaded, abort}; heard and loaded: when, in ms
let byHand = false; // the user chose it: a new job does not take its place
let ledger = [];

function make(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

function show(id, visible) {
  at(id).hidden = !visible;
}

function say(text) {
  at("state").textContent = text;
}

// ---------------------------------------------------------------- the ledger and what runs

async function refresh() {
  try {
    ledger = await jobs(LIMIT);
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return askForToken();
    say(error instanceof Refused ? error.message : "no answer from the server");
    return setTimeout(refresh, POLL * 2);
  }
  const running = ledger.filter((entry) => entry.state === "running" || entry.state === "queued");
  say(running.length ? `${running.length} running` : "nothing runs");
  show("ask", false);
  show("ledger-section", true);
  drawLedger();
  await drawRunning(running);
  const wanted = byHand ? null : running[0] ?? (chosen ? null : ledger[0]);
  if (wanted && wanted.jobId !== chosen?.id) choose(wanted.jobId);
  setTimeout(refresh, document.hidden ? POLL * 5 : POLL);
}

function askForToken() {
  say("a token is needed");
  show("ask", true);
  for (const id of ["running-section", "job", "ledger-section"]) show(id, false);
  at("token").focus();
}

at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  keepToken(at("token").value.trim());
  at("token").value = "";
  refresh();
});

function entryOf(entry, detail) {
  const state = entry.outcome ?? entry.state;
  const button = make(
    "button",
    { className: "entry", type: "button" },
    make("span", { className: "task", textContent: first(entry.task) }),
    make("span", { className: state, textContent: outcomeOf(state) }),
    make("span", { className: "dim", textContent: detail }),
  );
  button.setAttribute("aria-current", String(entry.jobId === chosen?.id));
  button.dataset.job = entry.jobId;
  button.addEventListener("click", () => {
    byHand = true;
    choose(entry.jobId);
    at("job").scrollIntoView({ block: "start" });
  });
  return button;
}

function refill(list, nodes) {
  const focused = document.activeElement?.dataset?.job;
  const inside = list.contains(document.activeElement);
  list.replaceChildren(...nodes);
  if (inside && focused) list.querySelector(`[data-job="${CSS.escape(focused)}"]`)?.focus();
}

// What stands behind a result, and what a check says, as people are told.
const PROOF = { proven: "proven", kept: "nothing broken", supported: "other models agree", reviewed: "on review only" };
const CHECKS = { notRunnable: "not runnable" };
const outcomeOf = (state) => (state === "exhausted" ? "not accepted" : state);

function drawLedger() {
  refill(at("ledger"), ledger.map((entry) => {
    const parts = [
      new Date(entry.created).toLocaleString(), entry.language, PROOF[entry.grade],
      entry.score === null ? null : `score ${entry.score.toFixed(1)}`,
      entry.attemptCount === null ? null : `${entry.attemptCount} attempt${entry.attemptCount === 1 ? "" : "s"}`,
      entry.seconds ? `${entry.seconds.toFixed(1)} s` : null, usd(entry.costUsd),
    ];
    return make("li", {}, entryOf(entry, parts.filter(Boolean).join(" · ")));
  }));
  const past = ledger.slice(0, 40).reverse();
  const points = past.map((entry, index) => ({
    label: String(index + 1), value: entry.score, good: entry.outcome === "accepted", title: first(entry.task),
  }));
  dots(at("all-scores"), points, { label: "Score by job", top: 10, empty: "no score yet", floor: -1 });
  const costs = past.map((entry, index) => ({
    label: String(index + 1), value: entry.costUsd, title: `${first(entry.task)}: ${usd(entry.costUsd)}`,
  }));
  show("all-costs-figure", past.some((entry) => entry.costUsd > 0));
  bars(at("all-costs"), costs, { label: "Cost by job in USD", empty: "nothing was spent" });
  const accepted = ledger.filter((entry) => entry.outcome === "accepted").length;
  const cost = ledger.reduce((sum, entry) => sum + entry.costUsd, 0);
  at("totals").textContent = `${ledger.length} job${ledger.length === 1 ? "" : "s"}, ${accepted} accepted, ${usd(cost)}`;
}

async function drawRunning(running) {
  const documents = await Promise.all(running.slice(0, 8).map((entry) => job(entry.jobId).catch(() => null)));
  const entries = documents.filter((found) => found && found.outcome === null).map((found) => {
    const last = found.attempts.at(-1);
    const doing = last ? `attempt ${last.number} · ${last.generator}` : "starts";
    return entryOf(found, `${doing} · ${found.seconds.toFixed(0)} s · ${usd(found.costUsd)}`);
  });
  if (running.length > 8) entries.push(make("p", { className: "dim", textContent: `and ${running.length - 8} more` }));
  refill(at("running"), entries);
  show("running-section", entries.length > 0);
}

// ---------------------------------------------------------------- one job

async function choose(id) {
  chosen?.abort.abort();
  const mine = (chosen = { id, document: null, events: [], heard: performance.now(), loaded: 0, abort: new AbortController() });
  for (const button of document.querySelectorAll(".entry")) {
    button.setAttribute("aria-current", String(button.dataset.job === id));
  }
  at("cancel").disabled = false;
  await reload(mine);
  await follow(id, (event) => {
    mine.events.push(event);
    mine.heard = performance.now();
    if (RELOAD.has(event.type)) reload(mine);
    draw(mine);
  }, mine.abort.signal);
  if (!mine.abort.signal.aborted) await reload(mine);
}

async function reload(mine) {
  try {
    mine.document = await job(mine.id);
    mine.others = mine.document.outcome === null ? [] : await alternatives(mine.id).catch(() => []);
    mine.loaded = performance.now();
  } catch {
    return; // refresh() says what is wrong
  }
  draw(mine);
}

let waiting = false;
let drawn = null; // the document whose text is on the page
function draw(mine) {
  if (waiting || mine !== chosen) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    if (chosen?.document) drawJob(chosen);
  });
}

function drawJob({ document: found, others, events, heard, loaded }) {
  show("job", true);
  const over = found.outcome !== null || found.state === "interrupted";
  at("job-task").textContent = found.task;
  show("cancel", !over);
  const { rows, seconds } = over ? stages(events, 0, 0) : stages(events, since(heard), found.seconds + since(loaded));
  const state = found.outcome ?? found.state;
  const line = [PROOF[found.grade], found.language, found.score === null ? null : `score ${found.score.toFixed(1)}`,
    `${(over ? found.seconds : seconds).toFixed(1)} s`, usd(found.costUsd), found.reason].filter(Boolean).join(" · ");
  at("job-line").replaceChildren(make("strong", { className: state, textContent: outcomeOf(state) }), ` · ${line}`);
  const told = events.findLast((event) => ["stage.started", "degraded", "stage.finished"].includes(event.type));
  at("job-now").textContent = over || !told ? "" : told.reason ?? `attempt ${told.number} · ${told.stage}: ${told.detail}`;
  drawQuestions(found);
  timeline(at("timeline"), rows, seconds);
  const attempts = found.attempts;
  const scores = attempts.map((attempt) => ({
    label: String(attempt.number), value: attempt.score, good: attempt.decision === "accept",
    title: `attempt ${attempt.number}: ${attempt.score ?? "no score"}`,
  }));
  dots(at("scores"), scores, { label: "Score by attempt", top: 10, joined: true, empty: "no score yet", floor: -1 });
  let sum = 0;
  const costs = attempts.map((attempt) => ({
    label: String(attempt.number), value: (sum += attempt.costUsd), title: `attempt ${attempt.number}: ${usd(sum)}`,
  }));
  show("costs-figure", sum > 0);
  dots(at("costs"), costs, { label: "Cost so far in USD", joined: true, empty: "nothing was spent" });
  if (drawn === found) return; // what a person reads, selects or opens stays as it is until it changes
  drawn = found;
  const open = new Set([...at("attempts").querySelectorAll("details[open]")].map((node) => node.dataset.number));
  at("attempts").replaceChildren(...attempts.map((attempt) => attemptNode(attempt, open, over)));
  show("code-part", found.code !== null);
  at("code").textContent = found.code ?? "";
  show("alternatives-part", others.length > 1);
  at("alternatives").replaceChildren(...others.slice(1).flatMap(alternativeNodes));
}

/** A candidate that was not taken: who wrote it, what was run, where it behaves differently from the result, its code. */
function alternativeNodes(one) {
  const head = [`${one.candidate} by ${one.model}`, PROOF[one.grade], counted(one.checks),
    one.score === null ? null : `score ${one.score.toFixed(1)}`].filter(Boolean).join(" · ");
  const differs = one.differences.map(({ call, answer, first }) =>
    make("p", { className: "dim", textContent: `${call}: ${answer}, not ${first}` }));
  return [make("p", { textContent: head }), ...differs, make("pre", { textContent: one.code })];
}

function counted(checks) {
  const counts = Object.entries(checks).filter(([, count]) => count > 0);
  return counts.length ? counts.map(([name, count]) => `${count} ${CHECKS[name] ?? name}`).join(", ") : null;
}

const since = (moment) => (performance.now() - moment) / 1000;

/** From events to rows of the timeline. Now is `more` seconds after the last event, and `least` after the start: events
    that were told late say too little, and so does the document of another process' job. */
function stages(events, more, least) {
  if (!events.length) return { rows: [], seconds: 0 };
  const start = Date.parse(events[0].at);
  const into = (event) => (Date.parse(event.at) - start) / 1000;
  const now = Math.max(into(events.at(-1)) + more, least);
  const rows = new Map();
  const row = (event) => {
    if (!rows.has(event.number)) rows.set(event.number, { number: event.number, note: "", good: false, parts: [] });
    return rows.get(event.number);
  };
  for (const event of events) {
    const part = event.stage && rows.get(event.number)?.parts.findLast((one) => one.stage === event.stage && one.open);
    if (event.type === "attempt.started") {
      const thinkers = event.thinkers.length ? `${event.strategy}: ${event.thinkers.join(", ")} → ` : "";
      row(event).note = `${thinkers}${event.generator}`;
    } else if (event.type === "rung.skipped") {
      row(event).note = `${event.generator} skipped: ${event.reason}`;
    } else if (event.type === "stage.started") {
      row(event).parts.push({ stage: event.stage, from: into(event), to: now, open: true, title: event.detail });
    } else if (event.type === "stage.finished" && part) {
      Object.assign(part, { to: into(event), open: false, title: `${event.stage}: ${event.detail} (${event.seconds.toFixed(1)} s)` });
    } else if (event.type === "attempt.finished") {
      const score = event.score === null ? "" : ` ${event.score.toFixed(1)}`;
      row(event).note = `${event.unverified ? "unverified" : event.decision}${score} · ${row(event).note}`;
      row(event).good = event.decision === "accept" && !event.unverified;
    }
  }
  const found = [...rows.values()].sort((one, other) => one.number - other.number);
  return { rows: found, seconds: now };
}

function attemptNode(attempt, open, over) {
  const compiled = { true: "compiles", false: "does not compile" }[attempt.compiled] ?? (attempt.decision ? "not checked" : null);
  const examples = counted(attempt.checks);
  const head = attempt.skipped
    ? `${attempt.number} · skipped: ${attempt.skipped}`
    : [attempt.number, attempt.decision ?? (over ? "stopped" : "runs"), compiled, examples,
        attempt.score === null ? null : `score ${attempt.score.toFixed(1)}`,
        attempt.decision ? `${attempt.seconds.toFixed(1)} s` : null,
        usd(attempt.costUsd)].filter((part) => part !== null).join(" · ");
  const lines = [
    ...attempt.diagnostics.map((one) => `${one.severity}, line ${one.line}: ${one.message}`),
    ...attempt.reviews.flatMap((one) => [
      `${one.model} (${one.aspect}): ${one.score === null ? `abstained, ${one.abstained}` : one.score.toFixed(1)}`,
      ...one.issues.map((issue) => `${one.model}: ${issue.severity}${issue.line ? `, line ${issue.line}` : ""}: ${issue.message}`),
    ]),
    ...attempt.insights.map((text) => `to the next attempt: ${text}`),
  ];
  const list = make("ul", {}, ...lines.map((textContent) => make("li", { textContent })));
  const node = make("details", { open: open.has(String(attempt.number)) }, make("summary", { textContent: head }), list);
  node.dataset.number = String(attempt.number);
  return node;
}

at("cancel").addEventListener("click", async () => {
  at("cancel").disabled = true;
  try {
    await cancel(chosen.id);
  } catch (error) {
    say(error.message);
    at("cancel").disabled = false;
  }
});

setInterval(() => {
  if (chosen?.document && chosen.document.outcome === null) draw(chosen);
}, 500);
addEventListener("resize", () => {
  if (chosen?.document) draw(chosen);
  if (ledger.length) drawLedger();
});

addEventListener("answered", (event) => {
  if (chosen?.id === event.detail) reload(chosen);
});

addEventListener("hashchange", () => location.reload());

if (takeToken()) refresh();
else askForToken();
