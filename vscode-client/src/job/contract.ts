// The shapes that the server speaks in; docs/lsp.md and docs/events.md of the server describe them.

export interface Position {
  line: number;
  character: number;
}

export interface Range {
  start: Position;
  end: Position;
}

export interface Diagnostic {
  range: Range;
  message: string;
  severity?: number;
  code?: string | number;
  source?: string;
}

/** The argument of `forge.generate`. Without a range the whole file is meant; an empty one is a cursor. */
export interface Request {
  uri: string;
  range?: Range;
  task?: string;
  language?: string;
  maxIterations?: number;
  profile?: string;
  diagnostics?: Diagnostic[];
  followUp?: { jobId: string; feedback: string };
  apply?: 'edit' | 'preview' | 'none';
}

export type Verdict = 'accepted' | 'unverified' | 'exhausted' | 'cancelled' | 'failed';

/** What stands behind a result: a check that failed passes, what passed still does, other models agree, or a panel's opinion. */
export type Grade = 'proven' | 'kept' | 'supported' | 'reviewed';

export interface Outcome {
  jobId: string;
  outcome: Verdict;
  grade?: Grade | null;
  score: number | null;
  attemptCount: number;
  seconds: number;
  costUsd: number;
  applyMode?: 'edit' | 'preview' | 'none';
  applied: boolean;
  reason: string | null;
  /** Why it failed, where that is to be told in its own way: the use of a paid or remote model was not allowed. */
  cause?: 'consent';
  /** What fixes that; `reason` ends with it, after a dash. */
  remedy?: string;
  /** The command line that does. */
  command?: string;
  questions?: Question[];
}

/** A question of a job. `expected` is what a check of the user's says that candidates agree against. */
export interface Question {
  id: string;
  call: string;
  choices: { value: string; models: string[] }[];
  source: string;
  line: number | null;
  expected: string | null;
  answered: boolean;
  answer: string | null;
  own: boolean;
  effect: 'nothing' | 'confirmed' | 'changed' | 'refuted' | null;
  late: boolean;
  other: string | null;
  kept: boolean;
}

/** The params of `forge/question`. */
export interface Asked {
  jobId: string;
  uri: string;
  question: Question;
}

/** What `forge/question` is answered with, and `forge.answer` takes. */
export type Answered = { choice: number } | { value: string } | { none: true } | { cantSay: true };

export interface Result {
  code: string;
  edit: unknown;
  version: number | null;
}

/** One candidate of `forge.alternatives`, the best first; `differences` are those from the first. */
export interface Alternative {
  candidate: string;
  attempt: number;
  model: string;
  compiled: boolean | null;
  grade: Grade | null;
  checks: Partial<Record<string, number>>;
  score: number | null;
  result: boolean;
  alike: string[];
  code: string;
  differences: { call: string; answer: string; first: string }[];
}

export interface Alternatives {
  jobId: string;
  uri: string;
  alternatives: Alternative[];
}

/** One row of `forge.history`. */
export interface Entry {
  jobId: string;
  state: string;
  outcome: Verdict | null;
  grade?: Grade | null;
  task: string;
  uri: string;
  created: string;
  score: number | null;
  seconds: number;
  costUsd: number;
  attemptCount?: number;
}

export interface Model {
  key: string;
  name: string;
  server: string;
  paid: boolean;
  offMachine: boolean;
  installed: boolean;
  resident: boolean;
  size: number | null;
  sizeVram: number | null;
  problem: string | null;
  remedy: string | null;
}

export interface Gpu {
  name?: string;
  uuid?: string;
  free?: number;
  total?: number;
}

export interface Models {
  models: Model[];
  gpus: Gpu[];
}

/** One line of `forge-lsp doctor --json`. */
export interface Finding {
  name: string;
  status: string;
  detail: string;
  remedy: string | null;
  required: boolean;
}

/** The params of `forge/jobFound`: a job that an earlier window of the workspace left. */
export interface Found {
  jobId: string;
  state: 'running' | 'ended' | 'interrupted';
  uri: string;
  range?: Range;
  task: string;
  apply?: 'edit' | 'preview' | 'none';
  reason?: string;
  /** Those that began. */
  attempts: number;
  costUsd: number;
}

/** `forge/jobEvent`; other keys depend on the type. */
export interface JobEvent {
  jobId: string;
  sequence: number;
  type: string;
  [key: string]: unknown;
}
