// A job's question, as it is shown and answered. Pure.

import type { Answered, Question } from './contract';

export interface Row {
  label: string;
  description: string;
  /** What is answered; 'value' asks for one first. */
  answer: Answered | 'value';
}

/** The call itself, without the statements that it needs. */
export function callOf(question: Question): string {
  return question.call.trim().split('\n').pop() ?? '';
}

/** `What should half(3) give?`, and why it is asked. */
export function titleOf(question: Question): string {
  return `Forge: what should ${callOf(question)} give?`;
}

/** What is told beside the answers. */
export function hintOf(question: Question): string {
  if (question.expected !== null) {
    const where = question.line === null ? 'One of your checks' : `Line ${question.line}`;
    return `${where} says ${question.expected}; the models answer otherwise. A number answers, Escape leaves it for later.`;
  }
  return 'The models differ. A number answers, Escape leaves it for later; the job goes on.';
}

/** The statements before the call, each a line. */
export function setUpOf(question: Question): string[] {
  return question.call.trim().split('\n').slice(0, -1);
}

/** The answers, by what is typed for each: a number, `n` or `?`. */
export function rowsOf(question: Question): Map<string, Row> {
  const rows = new Map<string, Row>();
  question.choices.forEach(({ value, models }, choice) => {
    const icon = value.startsWith('raises ') ? '$(error)' : '$(symbol-value)';
    const who = models.length === 0 ? 'what your check says' : models.join(', ');
    rows.set(`${choice + 1}`, { label: `${choice + 1}  ${icon} ${oneLine(value)}`, description: who, answer: { choice } });
  });
  rows.set('n', { label: 'n  None of these …', description: 'say what it should give', answer: 'value' });
  rows.set('?', { label: "?  I can't say", description: 'the job decides without it', answer: { cantSay: true } });
  return rows;
}

/** What a value that was typed answers; nothing typed: none of the answers. */
export function own(value: string): Answered {
  return value.trim() === '' ? { none: true } : { value: value.trim() };
}

/** The questions of a job whose answer can be kept as an example. */
export function keepable(questions: readonly Question[] | undefined): Question | undefined {
  return questions?.find((one) => one.answer !== null && !one.kept && one.expected === null);
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
