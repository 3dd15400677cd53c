// Models, GPUs and the doctor's findings as Markdown. Pure.

import type { Entry, Finding, Models } from '../job/contract';
import { PROOF, duration, ended, money } from '../job/outcome';
import { plain } from '../job/tracker';

export function models(answer: Models, origin: string): string {
  const lines = ['# Models and GPUs', '', `Server: ${plain(origin, 200)}`, ''];
  if (answer.models.length === 0) {
    lines.push('No models are set up. Choose a profile, or run the doctor to see what is missing.', '');
  } else {
    lines.push('| model | name | server | state | memory |', '|---|---|---|---|--:|');
    for (const model of answer.models) {
      const traits = [model.paid ? 'paid' : '', model.offMachine ? 'off this machine' : ''].filter(Boolean).join(', ');
      const server = traits ? `${plain(model.server)} (${traits})` : plain(model.server);
      const state = model.problem ? 'unusable' : model.resident ? '**resident**' : model.installed ? 'installed' : 'missing';
      const memory = model.sizeVram ? `${gigabytes(model.sizeVram)} on the GPU` : gigabytes(model.size);
      lines.push(`| ${plain(model.key)} | ${plain(model.name)} | ${server} | ${state} | ${memory} |`);
    }
    lines.push('');
    for (const model of answer.models.filter((item) => item.problem)) {
      const remedy = model.remedy ? ` — ${plain(model.remedy, 300)}` : '';
      lines.push(`- **${plain(model.key)}**: ${plain(model.problem ?? '', 300)}${remedy}`);
    }
    lines.push('');
  }
  lines.push('## GPUs', '');
  if (answer.gpus.length === 0) {
    lines.push('No GPU is known.');
  } else {
    lines.push('| GPU | free | of | UUID |', '|---|--:|--:|---|');
    for (const gpu of answer.gpus) {
      lines.push(`| ${plain(gpu.name ?? '')} | ${gigabytes(gpu.free)} | ${gigabytes(gpu.total)} | ${plain(gpu.uuid ?? '')} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** What needs something done comes first. */
export function doctor(findings: readonly Finding[], origin: string): string {
  const broken = findings.filter((finding) => finding.status !== 'ok' && finding.required);
  const lacking = findings.filter((finding) => finding.status !== 'ok' && !finding.required);
  const well = findings.filter((finding) => finding.status === 'ok');
  const head = broken.length === 0 ? 'What forge-lsp needs is there.' : 'Something that forge-lsp needs is missing.';
  const lines = ['# Doctor', '', head, '', `Server: ${plain(origin, 200)}`];
  for (const [title, found] of [
    ['To fix', broken],
    ['Would help', lacking],
    ['Works', well],
  ] as const) {
    if (found.length > 0) {
      lines.push('', `## ${title}`, '');
      for (const { name, detail, remedy } of found) {
        const fixes = remedy && found !== well ? ` → ${code(remedy)}` : '';
        lines.push(`- **${plain(name)}**: ${plain(detail, 400)}${fixes}`);
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Decimal units, as GPUs and models are sold. */
export function gigabytes(bytes: number | null | undefined): string {
  if (!bytes) {
    return '';
  }
  return bytes < 1e8 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function code(words: string): string {
  return `\`${words.replace(/\s+/g, ' ').replaceAll('`', "'")}\``;
}

const MARKS: Record<string, string> = {
  accepted: '$(pass)',
  unverified: '$(question)',
  exhausted: '$(circle-slash)',
  cancelled: '$(close)',
  failed: '$(error)',
};

/** One row of the history, for a quick pick. */
export function row(entry: Entry): { label: string; description: string; detail: string } {
  const how = entry.outcome ?? entry.state;
  const parts = [ended(how, entry.attemptCount)];
  if (entry.grade) {
    parts.push(PROOF[entry.grade]);
  }
  if (entry.score !== null) {
    parts.push(`score ${entry.score.toFixed(1)}`);
  }
  parts.push(duration(entry.seconds));
  if (entry.costUsd > 0) {
    parts.push(money(entry.costUsd));
  }
  const file = decodeURIComponent(entry.uri.split('/').pop() ?? '');
  const task = entry.task.replace(/\s+/g, ' ').trim();
  return {
    label: `${MARKS[how] ?? '$(sync)'} ${file}`,
    description: parts.join(' · '),
    detail: `${entry.created.slice(0, 16).replace('T', ' ')} UTC · ${task}`,
  };
}
