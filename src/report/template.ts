import { UsageError } from '../errors.js';
import { printable } from '../printable.js';
import type { Prediction } from './records.js';

export interface TemplateValues {
  /** The name, as it is to be printed, and as it is. */
  readonly file: string;
  readonly exactFile: string;
  readonly prediction: Prediction;
  /** From 1. */
  readonly rank: number;
}

type Part = string | ((values: TemplateValues) => string);

const fields: Readonly<Record<string, (values: TemplateValues) => string>> = {
  file: ({ file }) => file,
  rank: ({ rank }) => String(rank),
  index: ({ prediction }) => String(prediction.index),
  id: ({ prediction }) => prediction.id ?? '',
  label: ({ prediction }) => printable(prediction.label),
  probability: ({ prediction }) => String(prediction.probability),
  percent: ({ prediction }) => (100 * prediction.probability).toFixed(1),
};

/**
 * `{file}`, `{label}` and so on are replaced, once: what comes in is text and never looked at again. `{file:q}` quotes it for
 * a POSIX shell. `\t`, `\n`, `\\`, and `{{`, `}}` for braces. Throws UsageError for a field that there is not.
 */
export function compileTemplate(template: string): (values: TemplateValues) => string {
  const parts: Part[] = [];
  for (const [all, escaped, name, quoted] of template.matchAll(/\\(.)|\{\{|\}\}|\{(\w+)(:q)?\}|[{}]|[^\\{}]+|\\$/gs)) {
    if (name !== undefined) parts.push(fieldOf(name, quoted !== undefined));
    else if (all === '{{' || all === '}}') parts.push(all[0]!);
    else if (all === '{' || all === '}') {
      throw new UsageError(
        `--print: a lone ${all}, expected a field such as {file}, or ${all}${all} for the sign itself`,
      );
    } else if (escaped !== undefined) parts.push(escapeOf(escaped));
    else parts.push(all);
  }
  return (values) => parts.map((part) => (typeof part === 'string' ? part : part(values))).join('');
}

function fieldOf(name: string, quoted: boolean): Part {
  const field = Object.hasOwn(fields, name) ? fields[name]! : undefined;
  if (!field) {
    throw new UsageError(`--print {${name}}: no such field, expected ${Object.keys(fields).join(', ')}`);
  }
  if (!quoted) return field;
  // In quotes a shell takes every sign as it is: what stands for one by an escape would be another file's name.
  const exact = name === 'file' ? ({ exactFile }: TemplateValues) => exactFile : field;
  return (values) => `'${exact(values).replaceAll("'", "'\\''")}'`;
}

function escapeOf(character: string): string {
  const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', '\\': '\\' };
  return escapes[character] ?? `\\${character}`;
}
