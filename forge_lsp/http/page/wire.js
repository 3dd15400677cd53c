// The way to the server: the token, JSON, and events by fetch (an EventSource cannot send a token).

const API = "/api/orchestrator";
const KEY = "forge-token";

/** The token of the URL's fragment, which is then taken out of the address bar; else the one of this tab. */
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    keepToken(given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(KEY);
}

export function keepToken(token) {
  sessionStorage.setItem(KEY, token);
}

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function ask(path, options = {}) {
  const headers = { Authorization: `Bearer ${sessionStorage.getItem(KEY)}`, ...options.headers };
  const answer = await fetch(API + path, { ...options, headers });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Refused(answer.status, problem.detail || answer.statusText);
  }
  return answer;
}

export const jobs = async (limit) => (await (await ask(`/jobs?limit=${limit}`)).json()).jobs;
export const job = async (id) => (await ask(`/jobs/${encodeURIComponent(id)}`)).json();
export const alternatives = async (id) =>
  (await (await ask(`/jobs/${encodeURIComponent(id)}/alternatives`)).json()).alternatives;
export const cancel = async (id) => (await ask(`/jobs/${encodeURIComponent(id)}`, { method: "DELETE" })).json();
export const answer = async (id, body) =>
  (await ask(`/jobs/${encodeURIComponent(id)}/answers`, {
    method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" },
  })).json();

/** Calls hear(event) for each event of a job until it ends; after a lost connection, goes on where it was. */
export async function follow(id, hear, signal) {
  let last = 0;
  let wait = 500;
  while (!signal.aborted) {
    try {
      const headers = { "Last-Event-ID": String(last) };
      const answer = await ask(`/jobs/${encodeURIComponent(id)}/events`, { headers, signal });
      if (answer.status === 204) return;
      for await (const event of frames(answer.body)) {
        last = event.sequence;
        wait = 500;
        hear(event);
        if (event.type === "job.finished") return;
      }
    } catch (error) {
      if (signal.aborted || (error instanceof Refused && error.status !== 429)) return;
    }
    await new Promise((done) => setTimeout(done, wait));
    wait = Math.min(wait * 2, 8000);
  }
}

async function* frames(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
      const data = text.slice(0, end).split("\n").find((line) => line.startsWith("data: "));
      if (data) yield JSON.parse(data.slice(6));
    }
  }
}
