// The question of a job: what a call should give. Answered by a key or a button, once. Nothing here is markup.

import { answer } from "/wire.js";

const EFFECTS = {
  confirmed: "the result gives that", changed: "another candidate gives that, and is the result now",
  refuted: "the result gives something else", nothing: "it changed nothing",
};
const at = (id) => document.getElementById(id);
const sent = new Set(); // what was answered here, while the job has not told it yet

let open = null; // {job, question, key}: the one that can be answered
let shown = ""; // what is on the page: a value that is being typed stays
let busy = false;

function make(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

const keyOf = (job, question) => `${job}/${question.id}`;
const callOf = (question) => question.call.trim().split("\n").at(-1);

/** Show the questions of a job: the first that is open with its answers, the others in a line each. */
export function drawQuestions(found) {
  const all = found.questions ?? [];
  const closed = found.outcome === "cancelled" || found.state === "interrupted";
  const waits = (question) => !closed && !question.answered && !sent.has(keyOf(found.jobId, question));
  const next = all.find(waits) ?? null;
  open = next && { job: found.jobId, question: next, key: keyOf(found.jobId, next) };
  const now = JSON.stringify([found.jobId, next?.id, all.map((one) => [one.id, one.answered, one.answer, one.effect, waits(one)])]);
  if (now === shown) return;
  shown = now;
  at("question").hidden = all.length === 0;
  at("question-open").hidden = next === null;
  at("question-told").replaceChildren(...all.filter((one) => one !== next).map((one) => line(one, closed)));
  if (next === null) return;
  at("question-call").textContent = next.call.trim();
  at("question-why").textContent = next.expected === null
    ? "The models differ, and nothing of yours decides. The job goes on meanwhile."
    : `${next.line === null ? "One of your checks" : `Line ${next.line}`} says ${next.expected}; the models answer otherwise.`;
  at("question-answers").replaceChildren(
    ...next.choices.map(({ value, models }, choice) =>
      button(String(choice + 1), value, models.join(", ") || "what your check says", () => give({ choice }))),
    button("n", "None of these", "say below what it should give, if you can", () => at("question-value").focus()),
    button("?", "I can't say", "the job decides without it", () => give({ cantSay: true })),
  );
  at("question-value").value = "";
  complain("");
}

function button(key, text, detail, act) {
  const node = make("button", { type: "button", className: "answer" }, make("kbd", { textContent: key }),
    make("code", { textContent: text }), make("span", { className: "dim", textContent: detail }));
  node.dataset.key = key;
  node.setAttribute("aria-keyshortcuts", key);
  node.addEventListener("click", act);
  return node;
}

function line(question, closed) {
  const said = question.answer !== null ? `you answered ${question.answer}`
    : !question.answered && closed ? "it was not answered" : question.own ? "none of the answers" : "answered";
  const effect = EFFECTS[question.effect];
  return make("p", { textContent: `${callOf(question)}: ${said}${effect ? `; ${effect}` : ""}` });
}

function complain(words) {
  at("question-problem").textContent = words;
}

function lock(locked) {
  busy = locked;
  for (const node of document.querySelectorAll("#question-open button, #question-open input")) node.disabled = locked;
}

async function give(reply) {
  if (busy || open === null) return;
  const { job, question, key } = open;
  lock(true);
  complain("");
  try {
    await answer(job, { question: question.id, ...reply });
    sent.add(key);
    dispatchEvent(new CustomEvent("answered", { detail: job }));
  } catch (error) {
    complain(error.message); // it was answered elsewhere, or its process is gone: the job tells
    dispatchEvent(new CustomEvent("answered", { detail: job }));
  } finally {
    lock(false);
  }
}

at("question-own").addEventListener("submit", (event) => {
  event.preventDefault();
  const value = at("question-value").value.trim();
  give(value ? { value } : { none: true });
});

at("question-value").addEventListener("keydown", (event) => {
  if (event.key === "Escape") at("question-value").blur(); // the keys are for the answers again
});

addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (open === null || typing || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  const wanted = at("question-answers").querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (wanted) {
    event.preventDefault();
    wanted.click();
  }
});
